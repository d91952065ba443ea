"""The Store on SQLite: one writer, one reader, every verb one transaction.

The writer's thread is the lock: transactions queue before it and cannot interleave. Readers see a snapshot and wait for
nobody (WAL).
"""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import TextIO

from memory.ports import Clock, Echo
from memory.types import (
    Conversation,
    Decision,
    Exchange,
    Extent,
    FoldDone,
    Forgetting,
    Inbound,
    Place,
    Standing,
    Thread,
    Usage,
    Waiting,
    Window,
)
from storage.migrate import migrate_sqlite
from storage.sqlite import forgetting as forget_rows
from storage.sqlite import inbox, transcript
from storage.sqlite.connection import Connection, checkpoint
from storage.sqlite.files import APPLICATION_ID, lock, look_at
from storage.sqlite.rows import to_micros


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
            reader = await Connection.open(path, writes=False)
        except BaseException:
            await writer.close()
            raise
    except BaseException:
        held.close()
        raise
    return SQLiteStore(path, writer, reader, held, clock)


class SQLiteStore:
    """See `memory.ports.Store`, verb by verb."""

    def __init__(self, path: Path, writer: Connection, reader: Connection, held: TextIO, clock: Clock) -> None:
        self._path = path
        self._writer = writer
        self._reader = reader
        self._held = held
        self._clock = clock

    async def accept(self, inbound: Inbound, conversation: Conversation, decision: Decision) -> int | None:
        """Take a message into the inbox."""
        return await self._writer.write(inbox.accept, inbound, conversation, decision, self._clock())

    async def pending(self, conversation: Conversation) -> tuple[Waiting, ...]:
        """The messages that wait for a lane."""
        return await self._reader.read(inbox.pending, conversation)

    async def unsettled(self) -> tuple[Waiting, ...]:
        """What a start has to take up."""
        return await self._reader.read(inbox.unsettled)

    async def load(self, conversation: Conversation, window: Window) -> Thread:
        """The newest turns of a conversation, within a window."""
        return await self._reader.read(transcript.load, conversation, window)

    async def load_oldest(self, conversation: Conversation, tokens: int) -> Thread:
        """The oldest turns after the summary, within bounds."""
        return await self._reader.read(transcript.load_oldest, conversation, tokens)

    async def note_post(self, waiting: int, part: int, message_id: str) -> None:
        """Note which message holds a part of a reply."""
        await self._writer.write(inbox.note_post, waiting, part, message_id)

    async def record(self, exchange: Exchange) -> bool:
        """Add an exchange to its conversation, in its epoch."""
        return await self._writer.write(transcript.record, exchange, self._clock())

    async def retract(self, conversation: Conversation, message_id: str) -> None:
        """Take back an answer that could not be said."""
        await self._writer.write(transcript.retract, conversation, message_id)

    async def settle(self, waiting: int) -> None:
        """Settle a message that leaves no turn."""
        await self._writer.write(inbox.settle, (waiting,))

    async def save_fold(self, fold: FoldDone) -> bool:
        """Put a new summary in place of the one it was made from."""
        return await self._writer.write(transcript.save_fold, fold, self._clock())

    async def joined(self, place: Place) -> bool:
        """Whether the bot has spoken there."""
        return await self._reader.read(transcript.joined, place)

    async def standing(self, conversation: Conversation, *, summary: bool = True) -> Standing:
        """How the conversation stands."""
        return await self._reader.read(transcript.standing, conversation, summary=summary)

    async def extent(self, forgetting: Forgetting, echo: Echo) -> Extent:
        """How much a forgetting would take."""
        return await self._reader.read(forget_rows.extent, forgetting, echo)

    async def forget(self, forgetting: Forgetting, echo: Echo) -> Extent:
        """Forget, in every table at once."""
        return await self._writer.write(forget_rows.forget, forgetting, echo, self._clock())

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
        await self._writer.write(_note_scrubbed, due, self._clock())
        return True

    async def usages(self, model: str, newest: int) -> tuple[Usage, ...]:
        """The newest calls to a model."""
        return await self._reader.read(transcript.usages, model, newest)

    async def close(self) -> None:
        """Close both connections and let the lock go."""
        await self._reader.close()
        await self._writer.close()
        self._held.close()


def _scrub_due(db: sqlite3.Connection) -> int | None:
    """The newest request for a scrub that was not carried out."""
    found = db.execute("SELECT MAX(id) FROM scrubs WHERE done_at IS NULL").fetchone()
    return None if found[0] is None else int(found[0])


def _vacuum(db: sqlite3.Connection) -> None:
    db.execute("VACUUM")


def _note_scrubbed(db: sqlite3.Connection, due: int, now: datetime) -> None:
    db.execute("UPDATE scrubs SET done_at = ? WHERE id <= ? AND done_at IS NULL", (to_micros(now), due))
