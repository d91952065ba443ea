"""A database of an earlier version is brought to this one, and all that was said in it is kept."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from memory.forgetting import find_echo
from memory.types import Decision, Forgetting, Quote
from storage.migrate import latest, migrations
from storage.sqlite.files import APPLICATION_ID
from storage.sqlite.rows import to_micros
from tests.kept import (
    AFTER_SUMMARY,
    GENERAL,
    THREAD,
    USAGE,
    Kept,
    accept,
    conversation_at,
    forget,
    kept_at,
    message,
    moment,
    pending,
    talk,
    texts,
    weigh,
)

QUOTE = Quote("0", "bob", "Bob", "zebra", moment(0))
SPOKEN = message(1, "hello", quote=QUOTE)
WAITS = message(2, "and now?", "bob", quote=QUOTE)
COMMAND = message(3, "!help", "cleo")
FORGOTTEN = message(4, "gone", "cleo")


def make_first_version(path: Path) -> None:
    """Make a database as version 1 left it: by its own script, with rows as it wrote them."""
    first = migrations("sqlite")[0]
    quote = json.dumps(["0", "bob", "Bob", "zebra", to_micros(moment(0))])
    extras = json.dumps([None, [], quote])
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(first.script)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("PRAGMA user_version = 1")
        db.executemany(
            "INSERT INTO conversations VALUES (?, 'discord', 'server', 'general', ?, '', ?, ?)",
            [(1, "", 2, 1), (2, "thread", 0, 0)],
        )
        db.executemany(
            "INSERT INTO inbox VALUES (?, 1, 'discord', 'server', 'general', '', ?, ?, ?, ?, ?, ?, 5, 1, 0, 'public',"
            " 0, ?, ?, ?)",
            [
                (1, "1", "ann", "Ann", "", None, to_micros(moment(1)), "answer", 2, "settled"),
                (2, "2", "bob", "Bob", "and now?", extras, to_micros(moment(2)), "answer", None, "waiting"),
                (3, "3", "cleo", "Cleo", "!help", None, to_micros(moment(3)), "command", None, "waiting"),
                (4, "4", "", "", "", None, to_micros(moment(4)), "answer", None, "forgotten"),
            ],
        )
        db.executemany("INSERT INTO posts VALUES (?, ?, ?)", [(1, 0, "post-1"), (2, 0, "a"), (2, 1, "b")])
        db.executemany(
            "INSERT INTO turns VALUES (?, 1, ?, ?, ?, ?, ?, 1, ?, ?, 'public', NULL, ?, ?, ?)",
            [
                (1, "user", "ann", "Ann", "", "hello", to_micros(moment(1)), "1", quote, "bob", "0"),
                (2, "assistant", "", "Threadkeeper", "ann", "hi", to_micros(moment(1.5)), "re:1", None, None, None),
            ],
        )
        db.execute("INSERT INTO summaries VALUES (1, 1, 1, 'so far', 2, 5)")
        db.execute("INSERT INTO usage VALUES (1, 5, 1, 'ann', 'reply', 'model', 100, 60, 20, 90, 1.5)")
        db.execute("INSERT INTO watermarks VALUES ('discord', 'server', 'random', '', '', ?)", (to_micros(moment(9)),))
        db.execute("INSERT INTO scrubs VALUES (1, 5, NULL)")


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    """A database of version 1, not opened yet."""
    make_first_version(tmp_path / "kept.db")
    kept = kept_at(tmp_path / "kept.db")
    yield kept
    await kept.close()


async def test_everything_that_the_first_version_kept_is_there(kept: Kept, tmp_path: Path) -> None:
    store = await kept.open()

    thread = await store.load(conversation_at(GENERAL), AFTER_SUMMARY)
    assert thread.summary
    assert (thread.epoch, thread.summary.text, [turn.text for turn in thread.turns]) == (2, "so far", ["hi"])
    assert await texts(store) == ["hello", "hi"]
    assert await texts(store, THREAD) == []
    [waiting] = await pending(store)
    assert (waiting.id, waiting.inbound, waiting.posts, waiting.attempts) == (2, WAITS, ("a", "b"), 0)
    assert [(found.id, found.decision) for found in await store.unsettled()] == [
        (2, Decision.ANSWER),
        (3, Decision.COMMAND),
    ]
    for known in (SPOKEN, WAITS, COMMAND, FORGOTTEN):
        assert await accept(store, known) is None
    assert await accept(store, message(5, "old", place=replace(GENERAL, channel="random"))) is None
    assert await store.usages("model", 9) == (USAGE,)
    assert not await store.scrub(at_most=1)
    with closing(sqlite3.connect(tmp_path / "kept.db")) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (latest("sqlite"),)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


async def test_nothing_of_it_is_owed_and_no_attempt_counts(kept: Kept) -> None:
    """Version 1 did not note what was said; what it settled had been, but for a crash at the last edit."""
    store = await kept.open()

    assert await store.owed("discord") == ()
    assert await store.begin([2, 3]) == 1


async def test_where_the_bot_had_spoken_it_has_a_part_since_ever(kept: Kept) -> None:
    store = await kept.open()

    assert await store.joined(GENERAL, moment(-1_000_000))
    assert not await store.joined(THREAD, moment(3600))


async def test_what_it_kept_can_be_answered_edited_deleted_and_forgotten(kept: Kept) -> None:
    store = await kept.open()
    [waiting] = await pending(store)
    await talk(store, message(10, "new"), "yes")
    edited = message(2, "and here?", "bob")

    changed = await store.amend(edited, weigh, find_echo)
    assert changed is not None
    assert changed.touched == frozenset({conversation_at(GENERAL)})
    assert [found.inbound.text for found in await pending(store)] == ["and here?"]
    assert (await forget(store, Forgetting(GENERAL, moment(20), messages=("post-1",)))).turns == 1
    assert await texts(store) == ["hello", "new", "yes"]
    assert (await forget(store, Forgetting(GENERAL, moment(20), user="ann"))).turns == 3
    assert [found.id for found in await pending(store)] == [waiting.id]


async def test_a_fact_goes_from_where_its_person_spoke_whose_messages_there_had_expired_before(tmp_path: Path) -> None:
    """Version 6 did not note that; that a message was taken in there stays known."""
    with closing(sqlite3.connect(tmp_path / "old.db")) as db, db:
        for migration in migrations("sqlite")[:6]:
            db.executescript(migration.script)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("PRAGMA user_version = 6")
        db.execute(
            "INSERT INTO conversations (id, platform, space, channel, thread, user)"
            " VALUES (1, 'discord', 'server', 'general', '', '')"
        )
        db.execute("INSERT INTO scopes (id, key) VALUES (1, 'discord/server')")
        db.execute(
            "INSERT INTO inbox (conversation, platform, space, channel, thread, message_id, author, author_name, text,"
            " sent_at, received_at, addressed, aside, visibility, private, decision, state)"
            " VALUES (1, 'discord', 'server', 'general', '', '1', 'ann', 'Ann', '', 1, 1, 1, 0, 'public', 0, 'answer',"
            "  'settled')"
        )
        db.execute(
            "INSERT INTO turns (conversation, role, author, author_name, answers, text, tokens, sent_at, message_id,"
            " visibility, scope) VALUES (1, 'assistant', '', 'Threadkeeper', 'bob', 'she lives in zebra', 4, 9, 're:2',"
            " 'public', 1)"
        )
        db.execute(
            "INSERT INTO facts (platform, space, channel, thread, user, name, number, slot, value, quote, message_id,"
            " said_at, visibility, enclosed, restricted, shared, scope) VALUES ('discord', 'server', 'random', '',"
            " 'ann', 'Ann', 1, 'city', 'zebra', 'I live in zebra', '3', 5, 'public', 0, 0, 0, 1)"
        )
    kept = kept_at(tmp_path / "old.db")
    store = await kept.open()
    try:
        await forget(store, Forgetting(replace(GENERAL, channel="random"), moment(20), user="ann"))
        assert await texts(store) == []
    finally:
        await kept.close()
