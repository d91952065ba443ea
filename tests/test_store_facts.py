"""The SQLite store keeps the contracts about facts, and about what is taken in from before the bot was addressed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract_earlier import EarlierContract
from tests.contract_facts import FactsContract, here, remember, state
from tests.contract_known import KnownContract
from tests.contract_told import ToldContract
from tests.kept import Kept, files_of, kept_at, words_in_tables


class _OnSQLite:
    @pytest.fixture
    def kept(self, tmp_path: Path) -> Kept:
        """A SQLite database."""
        return kept_at(tmp_path / "kept.db")


class TestFacts(_OnSQLite, FactsContract):
    """`FactsContract` on SQLite."""


class TestKnown(_OnSQLite, KnownContract):
    """`KnownContract` on SQLite."""


class TestTold(_OnSQLite, ToldContract):
    """`ToldContract` on SQLite."""


class TestEarlier(_OnSQLite, EarlierContract):
    """`EarlierContract` on SQLite."""


async def test_a_forgotten_facts_words_are_in_no_column_and_after_a_scrub_nowhere_in_the_files(tmp_path: Path) -> None:
    """Of the message that says so they are still the words; one that is a command leaves no turn."""
    path = tmp_path / "kept.db"
    kept = kept_at(path)
    store = await kept.open()
    await state(store, 1, "city", "zebra")
    await remember(store, 2, "job", "okapi")
    assert {"turns.text", "facts.value", "facts.quote"} <= set(words_in_tables(path, "zebra"))

    for number in (1, 2):
        await store.forget_fact(here(), number)
    assert not any(column.startswith("facts.") for column in words_in_tables(path, "zebra"))
    assert words_in_tables(path, "okapi") == []
    assert b"okapi" in files_of(path)
    assert await store.scrub()
    assert b"okapi" not in files_of(path)
    await kept.close()
