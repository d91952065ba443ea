"""Cleaning the files of what was deleted or has expired: soon, but a large database not again and again."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest

from memory.core.upkeep import Upkeep
from memory.ports import Store
from memory.types import Conversation, CoreSettings, Forgetting
from tests.kept import (
    AFTER_SUMMARY,
    GENERAL,
    NOON,
    THREAD,
    Kept,
    conversation_at,
    facts_about,
    files_of,
    fold,
    fold_of,
    forget,
    kept_at,
    message,
    moment,
    state,
    summary,
    talk,
    texts,
)

SETTINGS = CoreSettings()
TTL = replace(SETTINGS, ttl_days=1)
MINUTE = timedelta(minutes=1)
SMALL, LARGE = 10**9, 1
"""What a database has to be larger than to be a large one: this one is not, or is."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "kept.db"


@pytest.fixture
async def kept(path: Path) -> AsyncIterator[Kept]:
    """The database, open."""
    kept = kept_at(path)
    await kept.open()
    yield kept
    await kept.close()


@pytest.fixture
def store(kept: Kept) -> Store:
    """The store on it."""
    assert kept.store is not None
    return kept.store


class Folds:
    """Folds into a summary that says how many turns those were; `fails` so often before that."""

    def __init__(self, store: Store, fails: int = 0) -> None:
        self.store = store
        self.fails = fails
        self.tries = 0

    def may_begin(self, conversation: Conversation) -> bool:
        assert conversation
        return True

    async def fold_in_background(self, conversation: Conversation, through: int = 0) -> None:
        self.tries += 1
        if self.tries > self.fails:
            thread = await self.store.load(conversation, AFTER_SUMMARY)
            text = f"{sum(turn.id <= through for turn in thread.turns)} turns"
            assert await self.store.save_fold(fold_of(conversation, text, through, thread.summary, thread.epoch))


def upkeep(
    kept: Kept, store: Store, large: int, settings: CoreSettings = SETTINGS, folding: Folds | None = None
) -> Upkeep:
    """What keeps it clean."""
    return Upkeep(store, lambda: kept.now, settings, folding or Folds(store), lambda: 0.0, large)


async def delete(store: Store, number: int) -> bytes:
    """Have somebody say a word of his own and delete it; return the word."""
    word = f"zebra{number}"
    await talk(store, message(number, word))
    await forget(store, Forgetting(GENERAL, moment(number), messages=(str(number),)))
    return word.encode()


async def test_a_small_database_is_cleaned_whenever_something_was_deleted(kept: Kept, store: Store, path: Path) -> None:
    keeping = upkeep(kept, store, SMALL)
    for number in (1, 2, 3):
        word = await delete(store, number)
        await keeping.run_once()
        assert word not in files_of(path)
        kept.now += MINUTE


async def test_a_large_database_is_cleaned_at_once_and_then_once_an_hour(kept: Kept, store: Store, path: Path) -> None:
    keeping = upkeep(kept, store, LARGE)
    word = await delete(store, 1)
    await keeping.run_once()
    assert word not in files_of(path)

    word = await delete(store, 2)
    for minutes in (1, 58):
        kept.now += minutes * MINUTE
        await keeping.run_once()
        assert word in files_of(path)

    kept.now += MINUTE
    await keeping.run_once()
    assert word not in files_of(path)


async def test_where_nothing_was_deleted_for_an_hour_the_next_deletion_waits_for_nothing(
    kept: Kept, store: Store, path: Path
) -> None:
    keeping = upkeep(kept, store, LARGE)
    await delete(store, 1)
    for _ in range(90):
        await keeping.run_once()
        kept.now += MINUTE
    word = await delete(store, 2)
    await keeping.run_once()
    assert word not in files_of(path)


async def test_a_clock_that_was_ahead_holds_nothing_up(kept: Kept, store: Store, path: Path) -> None:
    keeping = upkeep(kept, store, LARGE)
    await delete(store, 1)
    kept.now += timedelta(days=365)
    await keeping.run_once()
    kept.now -= timedelta(days=365)
    word = await delete(store, 2)
    await keeping.run_once()
    assert word not in files_of(path)


async def test_what_has_expired_is_purged_and_cleaned_up(kept: Kept, store: Store, path: Path) -> None:
    await talk(store, message(1, "zebra"))
    kept.now += timedelta(days=2)
    await upkeep(kept, store, SMALL, TTL).run_once()
    assert b"zebra" not in files_of(path)


async def test_what_expires_is_folded_before_it_goes(kept: Kept, store: Store) -> None:
    for number in (1, 2):
        await talk(store, message(number, "hello"), "hi")
    folds = Folds(store)
    keeping = upkeep(kept, store, SMALL, TTL, folds)
    await keeping.run_once()
    assert (folds.tries, await texts(store)) == (0, ["hello", "hi"] * 2)

    kept.now = NOON + timedelta(hours=19)
    await keeping.run_once()
    assert (await summary(store), await texts(store)) == ("4 turns", ["hello", "hi"] * 2)

    kept.now = NOON + timedelta(days=1, seconds=2)
    await talk(store, message(100_000, "on"), "and on")
    await keeping.run_once()
    assert (await summary(store), await texts(store)) == ("4 turns", ["hello", "hi", "on", "and on"])
    assert folds.tries == 1


async def test_what_cannot_be_folded_is_held_back_for_three_tries_and_not_longer(kept: Kept, store: Store) -> None:
    await talk(store, message(1, "hello"), "hi")
    await talk(store, message(2, "folded already", place=THREAD))
    await fold(store, conversation_at(THREAD), "a thread")
    kept.now += timedelta(days=30)
    folds = Folds(store, fails=9)
    keeping = upkeep(kept, store, SMALL, TTL, folds)
    for _ in range(2):
        await keeping.run_once()
        assert (await texts(store), await texts(store, THREAD)) == (["hello", "hi"], [])

    await keeping.run_once()

    assert (folds.tries, await texts(store), await summary(store)) == (3, [], "")


async def test_a_model_that_is_down_the_day_before_delays_nothing_and_is_asked_until_then(
    kept: Kept, store: Store
) -> None:
    await talk(store, message(1, "hello"))
    folds = Folds(store, fails=9)
    keeping = upkeep(kept, store, SMALL, TTL, folds)
    kept.now = NOON + timedelta(hours=20)
    for _ in range(5):
        await keeping.run_once()
    assert (folds.tries, await texts(store)) == (5, ["hello"])

    kept.now = NOON + timedelta(days=1, minutes=1)
    await keeping.run_once()

    assert await texts(store) == []


async def test_a_model_that_is_back_in_time_saves_the_gist(kept: Kept, store: Store) -> None:
    await talk(store, message(1, "hello"))
    keeping = upkeep(kept, store, SMALL, TTL, Folds(store, fails=2))
    kept.now += timedelta(days=30)
    for _ in range(3):
        await keeping.run_once()

    assert (await summary(store), await texts(store)) == ("1 turns", [])


@pytest.mark.parametrize("strategy", ["window", "buffer"])
async def test_where_no_summary_is_made_nothing_is_folded_or_held_back(
    kept: Kept, store: Store, strategy: Literal["window", "buffer"]
) -> None:
    await talk(store, message(1, "hello"))
    kept.now += timedelta(days=30)
    folds = Folds(store)
    await upkeep(kept, store, SMALL, replace(TTL, strategy=strategy), folds).run_once()
    assert (folds.tries, await texts(store), await summary(store)) == (0, [], "")


async def test_summaries_and_facts_go_when_all_they_are_about_is_old_enough(kept: Kept, store: Store) -> None:
    keeping = upkeep(kept, store, SMALL, replace(TTL, forget_summaries_after_days=3))
    for day, place in ((0, GENERAL), (2, THREAD)):
        said = message(86_400 * day + 1, f"I live in town {day}", place=place)
        await talk(store, said)
        await state(store, said, "city", f"town {day}")
    kept.now = NOON + timedelta(days=2.99)
    await keeping.run_once()
    assert (await summary(store), await summary(store, THREAD)) == ("1 turns", "1 turns")

    kept.now = NOON + timedelta(days=3, seconds=2)
    await keeping.run_once()

    assert (await summary(store), await summary(store, THREAD)) == ("", "1 turns")
    assert await facts_about(store) == ["town 2"]


async def test_a_thousand_turns_go_a_slice_at_a_time(kept: Kept, store: Store) -> None:
    for number in range(600):
        await talk(store, message(number, "hello"), "hi")
    kept.now += timedelta(days=30)
    assert await store.prune(kept.now) == 1200
    assert await texts(store) == []


class Broken(Folds):
    """Raises what nobody expects."""

    async def fold_in_background(self, conversation: Conversation, through: int = 0) -> None:
        raise TypeError(f"a fault of ours at {conversation}, {through}")


async def test_a_fault_of_ours_is_logged_and_the_rest_goes_on(
    kept: Kept, store: Store, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    word = await delete(store, 1)
    await talk(store, message(2, "hello"))
    kept.now = moment(2) + timedelta(days=2)
    await upkeep(kept, store, 10**9, replace(SETTINGS, ttl_days=1), Broken(store)).run_once()
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == ["purge failed"]
    assert word not in path.read_bytes()
