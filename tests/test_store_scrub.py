"""What was forgotten is in no byte of the database's files, and the store knows whether that is done yet."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from zlib import crc32

import pytest

from memory.ports import Store
from memory.types import Forgetting
from tests.kept import (
    GENERAL,
    Kept,
    accept,
    conversation_at,
    files_of,
    fold,
    forget,
    kept_at,
    message,
    moment,
    quote_of,
    talk,
    texts,
    words_in_tables,
)

SECONDS = 10
NOW = moment(100_000)
ANN = Forgetting(GENERAL, NOW, user="ann")
SECRET = b"zebra"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "kept.db"


@pytest.fixture
async def kept(path: Path) -> AsyncIterator[Kept]:
    """The database, not opened yet."""
    kept = kept_at(path)
    yield kept
    await kept.close()


@pytest.fixture
async def store(kept: Kept) -> Store:
    """The database, open, with a few words in it that are forgotten but not scrubbed."""
    store = await kept.open()
    await talk(store, message(1, "my animal is zebra"), "a zebra, nice")
    await talk(store, message(2, "hello", "bob"))
    await forget(store, ANN)
    return store


@contextmanager
def reader_at_work(path: Path) -> Iterator[None]:
    """Another process's look at the database, as of now."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        db.execute("BEGIN")
        db.execute("SELECT COUNT(*) FROM turns").fetchone()
        yield


async def test_of_thousands_of_words_not_one_is_left_in_the_files(kept: Kept, path: Path) -> None:
    """Thousands of rows of many lengths, some on overflow pages.

    When pages merge, SQLite leaves copies behind that deleting does not overwrite: dozens here, without a VACUUM.
    """
    store = await kept.open()
    for number in range(200):
        long = "zebra-stripes " * (1000 if number % 20 == 0 else number % 7 + 1)
        await talk(store, message(3 * number, f"{long}{number}"), f"zebra {number}")
        if number % 10 == 0:
            quote = quote_of(message(3 * number, long))
            await talk(store, message(3 * number + 1, "look", "bob", quote=quote))
            await fold(store, conversation_at(GENERAL), f"zebra {number}")
    with closing(sqlite3.connect(path)) as db, db:
        db.executemany(
            "INSERT INTO turns (conversation, role, author, author_name, text, tokens, sent_at, message_id, visibility)"
            " VALUES (1, 'user', ?, ?, ?, 1, 1, ?, 'public')",
            [
                (who, who.title(), ("zebra " if who == "ann" else "gnu ") * (1 + crc32(b"%d" % n) % 60), f"m{n}")
                for n, who in ((n, "ann" if crc32(b"ann %d" % n) % 100 < 60 else "bob") for n in range(6000))
            ],
        )
    await accept(store, message(9000, "zebra waits"))
    await accept(store, message(9001, "and so does this", "bob", quote=quote_of(message(9000, "zebra waits"))))

    gone = await forget(store, ANN)

    assert (gone.summaries, gone.waiting) == (20, 1)
    assert gone.turns > 3000
    assert words_in_tables(path, "zebra") == []
    assert await store.scrub()
    assert SECRET not in files_of(path)
    assert b"gnu" in files_of(path)
    await kept.close()
    assert SECRET not in files_of(path)
    assert len(await texts(await kept.open())) == 420 + 6000 - gone.turns


async def test_a_scrub_is_due_until_it_is_done_also_after_a_restart(store: Store, kept: Kept, path: Path) -> None:
    assert not await store.scrub(at_most=1)
    assert SECRET in files_of(path)

    store = await kept.open()
    assert not await store.scrub(at_most=1)

    assert await store.scrub(at_most=100_000_000)
    assert SECRET not in files_of(path)
    assert await store.scrub(at_most=1)
    assert await (await kept.open()).scrub(at_most=1)


async def test_where_nothing_was_forgotten_nothing_is_due(kept: Kept) -> None:
    store = await kept.open()
    await talk(store, message(1, "hello"), "hi")

    assert await store.scrub(at_most=1)


async def test_while_somebody_reads_the_scrub_waits_but_writes_do_not(store: Store, path: Path) -> None:
    """A log cannot be cut while a reader of old pages needs it; messages have to be taken in all the while."""
    with reader_at_work(path):
        scrubbing = asyncio.create_task(store.scrub())
        for number in range(3, 8):
            async with asyncio.timeout(1):
                await talk(store, message(200_000 + number, f"turn {number}", "bob"))
        assert not scrubbing.done()
        assert SECRET in files_of(path)

    async with asyncio.timeout(SECONDS):
        assert await scrubbing
    assert SECRET not in files_of(path)
    assert await texts(store) == ["hello", *(f"turn {number}" for number in range(3, 8))]


async def test_what_is_forgotten_while_a_scrub_runs_is_scrubbed_next(store: Store, path: Path) -> None:
    await talk(store, message(3, "the other is okapi", "bob"))
    with reader_at_work(path):
        scrubbing = asyncio.create_task(store.scrub())
        async with asyncio.timeout(1):
            await talk(store, message(200_000, "wait", "cleo"))
        await forget(store, Forgetting(GENERAL, NOW, user="bob"))

    async with asyncio.timeout(SECONDS):
        assert await scrubbing
    assert not await store.scrub(at_most=1)
    assert await store.scrub()
    assert b"okapi" not in files_of(path)
