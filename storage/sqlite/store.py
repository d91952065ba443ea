"""The Store on SQLite: one writer, one reader, every verb one transaction.

The writer's thread is the lock: transactions queue before it and cannot interleave. Readers see a snapshot and wait for
nobody (WAL).
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Concatenate, ParamSpec, TextIO, TypeVar

from errors import StorageError
from memory.ports import Clock, Echo, Promise
from memory.types import (
    Conversation,
    Decision,
    Exchange,
    Extent,
    FoldDone,
    Forgetting,
    Inbound,
    Owed,
    Place,
    Scope,
    Spent,
    Standing,
    Stored,
    Thread,
    Turn,
    Usage,
    Waiting,
    Window,
)
from storage.migrate import migrate_sqlite
from storage.sqlite import absence, amending, deletion, inbox, spending, transcript
from storage.sqlite import forgetting as forget_rows
from storage.sqlite.connection import Connection, checkpoint
from storage.sqlite.files import APPLICATION_ID, lock, look_at
from storage.sqlite.rows import to_micros

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


async def open_sqlite(path: Path, clock: Clock) -> SQLiteStore:
    """Open a database for serving: looked at, locked, migrated.

    Raises: DatabaseUnusable, DatabaseInUse, StorageUnavailable.
    """
    await asyncio.to_thread(look_at, path)
    held = lock(path)
    try:
        writer = await Connection.open(path, writes=True)
        try:
            await writer.run(migrate_sqlite, APPLICATION_ID)
            left = await writer.run(_look_back)
            reader = await Connection.open(path, writes=False)
        except BaseException:
            await writer.close()
            raise
    except BaseException:
        held.close()
        raise
    return SQLiteStore(path, writer, reader, held, clock, left)


@dataclass(frozen=True, slots=True)
class _Left:
    """What earlier runs left in the inbox: its newest row, and the rows whose reply may not stand in full."""

    newest: int
    unsaid: frozenset[int]


def _look_back(db: sqlite3.Connection) -> _Left:
    return _Left(inbox.last_row(db), inbox.unsaid_rows(db))


class SQLiteStore:
    """See `memory.ports.Store`, verb by verb."""

    def __init__(
        self, path: Path, writer: Connection, reader: Connection, held: TextIO, clock: Clock, left: _Left
    ) -> None:
        self._path = path
        self._writer = writer
        self._reader = reader
        self._held = held
        self._clock = clock
        self._left = left
        self._begun: set[int] = set()
        self._said: list[int] = []

    async def _write(
        self, work: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run one transaction, with what was said since the last one: that is not worth a commit of its own."""
        said, self._said = tuple(self._said), []

        def both(db: sqlite3.Connection) -> T:
            inbox.said(db, said)
            return work(db, *args, **kwargs)

        try:
            return await self._writer.write(both)
        except BaseException:  # also where the caller is cancelled, who learns of no outcome
            self._said += said
            raise

    async def accept(self, inbound: Inbound, conversation: Conversation, decision: Decision) -> int | None:
        """Take a message into the inbox."""
        return await self._write(inbox.accept, inbound, conversation, decision, self._clock())

    async def accept_and_load(
        self, inbound: Inbound, conversation: Conversation, decision: Decision, window: Window
    ) -> tuple[int, Thread] | None:
        """Take a message into the inbox and read its conversation, without waking another thread in between."""
        return await self._write(_accept_and_load, inbound, conversation, decision, self._clock(), window)

    async def pending(self, conversation: Conversation) -> tuple[Waiting, ...]:
        """The messages that wait for a lane."""
        found = await self._reader.read(inbox.pending, conversation)
        return tuple(replace(waiting, begun=waiting.id <= self._left.newest) for waiting in found)

    async def unsettled(self) -> tuple[Waiting, ...]:
        """What a start has to take up."""
        return await self._reader.read(inbox.unsettled)

    async def owed(self, platform: str) -> tuple[Owed, ...]:
        """The replies that earlier runs decided and may not have said in full."""
        return await self._reader.read(inbox.owed, platform, self._left.unsaid)

    async def owes(self, waiting: int) -> Owed | None:
        """The reply to one message that may not have been said in full."""
        return await self._reader.read(inbox.owes, waiting)

    async def tie(self, waiting: Sequence[int]) -> None:
        """Note which messages are answered together."""
        await self._write(inbox.tie, tuple(waiting))

    async def begin(self, waiting: Sequence[int]) -> int:
        """Count an attempt at what earlier runs left, once a run."""
        rows = tuple(row for row in waiting if row <= self._left.newest)
        if not rows:
            return 0
        uncounted = tuple(row for row in rows if row not in self._begun)
        attempts = await self._write(inbox.begin, rows, uncounted)
        self._begun.update(rows)
        return attempts

    def said(self, waiting: int) -> None:
        """Note that a reply stands in full, with the next transaction."""
        self._said.append(waiting)

    async def load(self, conversation: Conversation, window: Window) -> Thread:
        """The newest turns of a conversation, within a window."""
        return await self._reader.read(transcript.load, conversation, window)

    async def load_oldest(self, conversation: Conversation, tokens: int) -> Thread:
        """The oldest turns after the summary, within bounds."""
        return await self._reader.read(transcript.load_oldest, conversation, tokens)

    async def note_post(self, waiting: int, part: int, message_id: str) -> None:
        """Note which message holds a part of a reply."""
        await self._write(inbox.note_post, waiting, part, message_id)

    async def record(self, exchange: Exchange) -> bool:
        """Add an exchange to its conversation, in its epoch."""
        return await self._write(transcript.record, exchange, self._clock())

    async def retract(self, conversation: Conversation, message_id: str) -> None:
        """Take back an answer that could not be said."""
        await self._write(transcript.retract, conversation, message_id)

    async def settle(self, waiting: int, sentence: str) -> None:
        """Settle a message that leaves no turn, with what is said to it."""
        await self._write(inbox.promise, waiting, None, sentence)

    async def save_fold(self, fold: FoldDone) -> bool:
        """Put a new summary in place of the one it was made from."""
        return await self._write(transcript.save_fold, fold, self._clock())

    async def amend(self, inbound: Inbound, turn: Turn) -> frozenset[Conversation] | None:
        """Give a message its new words."""
        return await self._write(amending.amend, inbound, turn)

    async def joined(self, place: Place, at: datetime) -> bool:
        """Whether the bot had spoken there."""
        return await self._reader.read(transcript.joined, place, at)

    async def standing(self, conversation: Conversation, *, summary: bool = True) -> Standing:
        """How the conversation stands."""
        return await self._reader.read(transcript.standing, conversation, summary=summary)

    async def extent(self, forgetting: Forgetting, echo: Echo) -> Extent:
        """How much a forgetting would take."""
        return await self._reader.read(forget_rows.extent, forgetting, echo)

    async def forget(self, forgetting: Forgetting, echo: Echo, promise: Promise | None = None) -> Extent:
        """Forget, in every table at once."""
        return await self._write(forget_rows.forget, forgetting, echo, self._clock(), promise)

    async def scrub(self, *, at_most: int | None = None) -> bool:
        """Clean the files of what was forgotten.

        Deleting, even with `secure_delete`, leaves copies in pages that SQLite moved; VACUUM writes every page anew and
        a truncating checkpoint drops the log that still held the old ones (7 of 2,500 rows were left without, none
        with; measured on SQLite 3.40.1).
        """
        due = await self._reader.read(_scrub_due)
        if due is None:
            return True
        if at_most is not None and self._path.stat().st_size > at_most:
            return False
        await self._writer.run(_vacuum)
        if not await checkpoint(self._writer):
            return False
        await self._write(_note_scrubbed, due, self._clock())
        return True

    async def usages(self, model: str, newest: int) -> tuple[Usage, ...]:
        """The newest calls to a model."""
        return await self._reader.read(transcript.usages, model, newest)

    async def beat(self, platforms: Sequence[str], until: datetime) -> None:
        """Note that all that these platforms sent until then was received."""
        await self._write(absence.beat, platforms, until)

    async def heard_until(self, platform: str) -> datetime | None:
        """When a platform was last heard."""
        return await self._reader.read(absence.heard_until, platform)

    async def places(self, platform: str, since: datetime, most: int) -> tuple[Place, ...]:
        """Where people talked to the bot lately."""
        return await self._reader.read(absence.places, platform, since, most)

    async def stored(self, place: Place, since: datetime) -> tuple[Stored, ...]:
        """What is known of a place."""
        return await self._reader.read(absence.stored, place, since)

    async def spent(self, keys: Mapping[Scope, str]) -> Mapping[Scope, Spent]:
        """What was spent today."""
        return await self._reader.read(spending.spent, keys, self._clock())

    async def lift(self, scope: Scope, key: str) -> None:
        """Lift a limit for today."""
        await self._write(spending.lift, scope, key, self._clock())

    async def prune(self, before: datetime) -> int:
        """Purge what has expired."""
        return await self._write(deletion.prune, before, self._clock())

    async def close(self) -> None:
        """Write what is still to be written, close both connections and let the lock go."""
        try:
            await self._write(inbox.acquit)
        except StorageError as exc:
            log.warning("not closed in peace", exc_info=exc)
        await self._reader.close()
        await self._writer.close()
        self._held.close()


def _accept_and_load(
    db: sqlite3.Connection,
    inbound: Inbound,
    conversation: Conversation,
    decision: Decision,
    now: datetime,
    window: Window,
) -> tuple[int, Thread] | None:
    row = inbox.accept(db, inbound, conversation, decision, now)
    return None if row is None else (row, transcript.load(db, conversation, window))


def _scrub_due(db: sqlite3.Connection) -> int | None:
    """The newest request for a scrub that was not carried out."""
    found = db.execute("SELECT MAX(id) FROM scrubs WHERE done_at IS NULL").fetchone()
    return None if found[0] is None else int(found[0])


def _vacuum(db: sqlite3.Connection) -> None:
    db.execute("VACUUM")


def _note_scrubbed(db: sqlite3.Connection, due: int, now: datetime) -> None:
    db.execute("UPDATE scrubs SET done_at = ? WHERE id <= ? AND done_at IS NULL", (to_micros(now), due))
