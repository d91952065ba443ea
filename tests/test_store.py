"""The SQLite store keeps every Store's contract, and its transactions are whole whatever happens to their callers."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import chdir, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from errors import StorageUnavailable
from memory.ports import Store
from memory.types import Decision, Forgetting
from storage.sqlite.connection import Connection
from tests.contract_absence import AbsenceContract
from tests.contract_deletion import DeletionContract
from tests.contract_editing import EditingContract
from tests.contract_expired import ExpiredContract
from tests.contract_forgetting import ForgettingContract
from tests.contract_owing import OwingContract
from tests.contract_quotations import QuotationContract
from tests.contract_reach import ReachContract
from tests.contract_store import StoreContract
from tests.kept import (
    EVERYTHING,
    GENERAL,
    Kept,
    accept,
    answer_to,
    conversation_at,
    forget,
    kept_at,
    message,
    moment,
    pending,
    quote_of,
    talk,
    texts,
    wait_for,
    words_in_tables,
)

SECONDS = 10
"""How long a test waits for what must happen at once."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "kept.db"


@pytest.fixture
def kept(path: Path) -> Kept:
    """A SQLite database."""
    return kept_at(path)


@pytest.fixture
async def store(kept: Kept) -> AsyncIterator[Store]:
    """The database, open."""
    yield await kept.open()
    await kept.close()


class _OnSQLite:
    @pytest.fixture
    def kept(self, path: Path) -> Kept:
        """A SQLite database."""
        return kept_at(path)


class TestStore(_OnSQLite, StoreContract):
    """`StoreContract` on SQLite."""


class TestForgetting(_OnSQLite, ForgettingContract):
    """`ForgettingContract` on SQLite."""


class TestExpired(_OnSQLite, ExpiredContract):
    """`ExpiredContract` on SQLite."""


class TestReach(_OnSQLite, ReachContract):
    """`ReachContract` on SQLite."""


class TestQuotations(_OnSQLite, QuotationContract):
    """`QuotationContract` on SQLite."""


class TestEditing(_OnSQLite, EditingContract):
    """`EditingContract` on SQLite."""


class TestDeletion(_OnSQLite, DeletionContract):
    """`DeletionContract` on SQLite."""


class TestAbsence(_OnSQLite, AbsenceContract):
    """`AbsenceContract` on SQLite."""


class TestOwing(_OnSQLite, OwingContract):
    """`OwingContract` on SQLite."""


# ---- durability


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("secure_delete", 1)]
)
async def test_what_is_committed_survives_a_power_cut(store: Store, path: Path, pragma: str, value: object) -> None:
    """Write-ahead log and a sync at every commit (2 is FULL), as SQLite itself reports them."""
    assert await store.unsettled() == ()
    connection = await Connection.open(path, writes=True)
    try:
        assert await connection.run(lambda db: db.execute(f"PRAGMA {pragma}").fetchone()[0]) == value
    finally:
        await connection.close()


async def test_the_connection_for_reading_cannot_write(store: Store, path: Path) -> None:
    await accept(store, message(1, "hello"))
    reader = await Connection.open(path, writes=False)
    try:
        with pytest.raises(StorageUnavailable, match="readonly"):
            await reader.write(lambda db: db.execute("DELETE FROM inbox").rowcount)
    finally:
        await reader.close()
    assert len(await pending(store)) == 1


async def test_a_settled_messages_words_stand_in_the_transcript_alone(store: Store, path: Path) -> None:
    inbound = message(1, "zebra", quote=quote_of(message(0, "gnu", "bob")))
    await talk(store, inbound)
    command = await accept(store, message(2, "!forget okapi", "ocelot"), Decision.COMMAND)
    assert command is not None
    await store.settle(command, "")

    assert words_in_tables(path, "Ocelot") == []
    assert words_in_tables(path, "zebra") == ["turns.text", "recall.words"]
    assert words_in_tables(path, "gnu") == ["turns.quote"]
    assert words_in_tables(path, "okapi") == []


async def test_a_sentence_stands_nowhere_when_it_was_said(store: Store, path: Path) -> None:
    command = await accept(store, message(1, "!summary"), Decision.COMMAND)
    assert command is not None
    await store.settle(command, "the zebra is mentioned")
    assert words_in_tables(path, "zebra") == ["inbox.sentence"]

    store.said(command)
    await accept(store, message(2, "hello"))

    assert words_in_tables(path, "zebra") == []


async def test_of_a_message_that_was_forgotten_no_post_is_noted(store: Store, path: Path) -> None:
    taken = await accept(store, message(1, "hello"))
    assert taken is not None
    await forget(store, Forgetting(GENERAL, moment(1000)))

    await store.note_post(taken, 0, "zebra")

    assert words_in_tables(path, "zebra") == []


# ---- transactions


class Gate:
    """Stops a transaction in its midst, on its own thread, until the test lets it go on."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reached = asyncio.Event()
        self._opened = threading.Event()

    def stop(self) -> None:
        """Wait, on the transaction's thread."""
        self._loop.call_soon_threadsafe(self._reached.set)
        assert self._opened.wait(SECONDS)

    async def reached(self) -> None:
        """Wait until the transaction stands here."""
        async with asyncio.timeout(SECONDS):
            await self._reached.wait()

    def open(self) -> None:
        """Let the transaction go on."""
        self._opened.set()


def _two_steps(gate: Gate) -> Callable[[sqlite3.Connection], None]:
    def work(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO scrubs (asked_at) VALUES (1)")
        gate.stop()
        db.execute("INSERT INTO scrubs (asked_at) VALUES (2)")

    return work


def _scrubs(db: sqlite3.Connection) -> list[int]:
    return [row[0] for row in db.execute("SELECT asked_at FROM scrubs ORDER BY id")]


@pytest.fixture
async def writer(store: Store, path: Path) -> AsyncIterator[Connection]:
    """A connection of the store's own kind, beside it."""
    assert store
    connection = await Connection.open(path, writes=True)
    yield connection
    await connection.close()


async def test_a_cancelled_callers_write_is_whole_and_leaves_no_transaction_open(writer: Connection) -> None:
    gate = Gate()
    caller = asyncio.create_task(writer.write(_two_steps(gate)))
    await gate.reached()

    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    gate.open()

    assert await writer.read(_scrubs) == [1, 2]
    assert not await writer.run(lambda db: db.in_transaction)


async def test_a_failed_write_leaves_nothing_and_the_next_one_succeeds(writer: Connection) -> None:
    def fail(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO scrubs (asked_at) VALUES (1)")
        raise LookupError

    with pytest.raises(LookupError):
        await writer.write(fail)

    assert await writer.read(_scrubs) == []
    await writer.write(lambda db: db.execute("INSERT INTO scrubs (asked_at) VALUES (2)").rowcount)
    assert await writer.read(_scrubs) == [2]


async def test_while_a_write_runs_reads_wait_for_nobody_and_see_what_was_before(
    store: Store, writer: Connection
) -> None:
    await talk(store, message(1, "before"))
    gate = Gate()
    writing = asyncio.create_task(writer.write(_two_steps(gate)))
    await gate.reached()

    async with asyncio.timeout(SECONDS):
        assert await texts(store) == ["before"]
        assert await store.scrub()
    gate.open()
    await writing
    assert await writer.read(_scrubs) == [1, 2]


async def test_one_read_sees_one_moment(store: Store, writer: Connection) -> None:
    gate = Gate()
    counts: list[int] = []

    def count_twice(db: sqlite3.Connection) -> None:
        for wait in (gate.stop, lambda: None):
            counts.append(db.execute("SELECT COUNT(*) FROM inbox").fetchone()[0])
            wait()

    reading = asyncio.create_task(writer.read(count_twice))
    await gate.reached()
    await accept(store, message(1, "hello"))
    gate.open()
    await reading

    assert counts == [0, 0]
    assert len(await pending(store)) == 1


async def test_fifty_at_once_all_succeed(store: Store) -> None:
    places = [replace(GENERAL, channel=f"channel {number}") for number in range(25)]

    async with asyncio.timeout(SECONDS):
        await asyncio.gather(
            *(talk(store, message(n, f"own {n}", place=place), "yes") for n, place in enumerate(places)),
            *(talk(store, message(n, f"shared {n}"), "yes") for n in range(25)),
        )

    for number, place in enumerate(places):
        assert await texts(store, place) == [f"own {number}", "yes"]
    assert sorted(await texts(store)) == sorted([f"shared {number}" for number in range(25)] + ["yes"] * 25)


async def test_cancelled_messages_are_wholly_in_or_not_at_all(store: Store, kept: Kept) -> None:
    callers = [asyncio.create_task(talk(store, message(number, f"words {number}"), "yes")) for number in range(30)]
    while len(await texts(store)) < 8:
        assert not all(caller.done() for caller in callers)
    for caller in callers:
        caller.cancel()
    await asyncio.gather(*callers, return_exceptions=True)

    store = await kept.open()

    settled, waiting = await texts(store), await pending(store)
    assert settled[::2] == [f"words {number}" for number in range(30) if f"words {number}" in settled]
    assert settled[1::2] == ["yes"] * (len(settled) // 2)
    assert not {found.inbound.text for found in waiting} & set(settled)
    await talk(store, message(100, "after"))


@contextmanager
def full_disk(largest_file: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes: the write that would fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_is_named_writes_nothing_and_passes(store: Store, path: Path) -> None:
    waiting, exchange = await wait_for(store, message(1, "hello"))
    await store.settle(waiting, "")
    long = replace(exchange, heard=(replace(exchange.heard[0], text="x" * 1_000_000),))
    log = path.with_name(path.name + "-wal").stat().st_size

    with full_disk(log + 20_000):
        for _ in range(2):
            with pytest.raises(StorageUnavailable):
                await store.record(long)
            with pytest.raises(StorageUnavailable):
                await accept(store, message(2, "x" * 1_000_000))
            assert await texts(store) == []

    assert await accept(store, message(2, "x" * 1_000_000)) is not None
    assert await store.record(long)
    assert await texts(store) == ["x" * 1_000_000]


async def test_that_a_reply_was_said_is_written_when_the_disk_lets_it(store: Store, kept: Kept, path: Path) -> None:
    waiting, exchange = await wait_for(store, message(1, "hello"))
    assert await store.record(replace(exchange, answer=answer_to(message(1, ""), "hi")))
    store.said(waiting)
    with full_disk(path.with_name(path.name + "-wal").stat().st_size), pytest.raises(StorageUnavailable):
        await accept(store, message(2, "x" * 1_000_000))

    await accept(store, message(2, "and?"))

    assert await (await kept.crash()).owed("discord") == ()


async def test_a_closed_store_says_so(kept: Kept) -> None:
    store = await kept.open()
    await kept.close()

    for call in (accept(store, message(1, "x")), store.load(conversation_at(GENERAL), EVERYTHING)):
        with pytest.raises(StorageUnavailable, match="closed"):
            await call


async def test_forgetting_in_a_long_conversation_takes_no_minutes(store: Store, path: Path) -> None:
    """Twenty thousand messages: what is to go is looked up, not searched for once per message."""
    await talk(store, message(1, "hello"), "hi")
    people = [("ann", "bob")[number % 2] for number in range(20_000)]
    with closing(sqlite3.connect(path)) as db, db:
        db.executemany(
            "INSERT INTO turns (conversation, role, author, author_name, text, tokens, sent_at, message_id, visibility)"
            " VALUES (1, 'user', ?, '', ?, 1, 1, ?, 'public')",
            [(who, f"word{number}", f"m{number}") for number, who in enumerate(people)],
        )
        db.executemany(
            "INSERT INTO inbox (conversation, platform, space, channel, thread, message_id, author, author_name, text,"
            " sent_at, received_at, addressed, aside, visibility, private, decision, state) VALUES"
            " (1, 'discord', 'server', 'general', '', ?, ?, '', '', 1, 1, 0, 0, 'public', 0, 'answer', 'settled')",
            [(f"m{number}", who) for number, who in enumerate(people)],
        )

    async with asyncio.timeout(SECONDS):
        assert (await forget(store, Forgetting(GENERAL, moment(1000), last=1000))).turns == 1000
        assert (await forget(store, Forgetting(GENERAL, moment(1000), user="ann"))).turns == 9502


@pytest.mark.parametrize("name", [":memory:", "file:kept.db?mode=memory", "ünï cödé?#%20.db"])
async def test_a_database_may_have_any_name(tmp_path: Path, name: str) -> None:
    """SQLite takes some names for databases in memory, and all that was said would be gone at the end."""
    kept = kept_at(Path(name))
    with chdir(tmp_path):
        await talk(await kept.open(), message(1, "hello"))
        assert await texts(await kept.open()) == ["hello"]
        await kept.close()
        assert Path(name).is_file()
