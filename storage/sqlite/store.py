"""The Store on SQLite: one writer, one reader, every verb one transaction, but for cleaning, which takes several.

Each has a thread of its own. The writer's is the lock: transactions queue before it and cannot interleave. Reads queue
before the reader's: each sees a snapshot, waits for the reads before it, and for no write (WAL).
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import ParamSpec, TextIO, TypeVar

from errors import StorageError
from memory.ports import AtHand, Clock, Echo, Promise, Weigh
from memory.types import (
    Access,
    Audience,
    Channel,
    Conversation,
    Decision,
    Exchange,
    Extent,
    Forgetting,
    Inbound,
    Owed,
    Place,
    Scope,
    Spent,
    Stored,
    Thread,
    Turn,
    Usage,
    Waiting,
    Window,
)
from storage.archive import Archive
from storage.migrate import migrate_sqlite
from storage.sqlite import (
    absence,
    amending,
    earlier,
    hearing,
    inbox,
    spending,
    transcript,
)
from storage.sqlite import forgetting as forget_rows
from storage.sqlite.cleaning import Cleaning
from storage.sqlite.connection import Connection
from storage.sqlite.echoes import Echoes
from storage.sqlite.files import APPLICATION_ID, lock, look_at, make_private
from storage.sqlite.gists import Gists
from storage.sqlite.recall import count_due, index_due

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


INDEXED_AT_ONCE = 2_000
"""Turns of an older database that a start writes into the index of recall in one transaction, 0.15 s or so."""


async def open_sqlite(path: Path, clock: Clock, archive: Archive | None = None, *, recall: bool = True) -> SQLiteStore:
    """Open a database for serving: looked at, locked, migrated; what expires goes to the archive, if there is one.

    Raises: DatabaseUnusable, DatabaseInUse, StorageUnavailable.
    """
    await asyncio.to_thread(look_at, path)
    held = lock(path)
    try:
        make_private(path)
        writer = await Connection.open(path, writes=True)
        try:
            await writer.run(migrate_sqlite, APPLICATION_ID)
            if recall:
                await _index_all(writer)
            left = await writer.run(_look_back)
            reader = await Connection.open(path, writes=False)
        except BaseException:
            await writer.close()
            raise
    except BaseException:
        held.close()
        raise
    cleaning = Cleaning(path, writer, reader, clock, archive)
    return SQLiteStore(path, writer, reader, held, clock, left, cleaning, recall=recall)


async def _index_all(writer: Connection) -> None:
    """Take in what was said without recall, or before there was any."""
    due = await writer.read(count_due)
    if due > INDEXED_AT_ONCE:
        log.info("taking older talk into the index of recall", extra={"turns": due})
    while await writer.write(index_due, INDEXED_AT_ONCE):
        pass


@dataclass(frozen=True, slots=True)
class _Left:
    """What earlier runs left in the inbox: its newest row, and the rows whose reply may not stand in full."""

    newest: int
    unsaid: frozenset[int]


def _look_back(db: sqlite3.Connection) -> _Left:
    return _Left(inbox.last_row(db), inbox.unsaid_rows(db))


class SQLiteStore(Gists):
    """See `memory.ports.Store`, verb by verb."""

    def __init__(
        self,
        path: Path,
        writer: Connection,
        reader: Connection,
        held: TextIO,
        clock: Clock,
        left: _Left,
        cleaning: Cleaning,
        *,
        recall: bool,
    ) -> None:
        super().__init__(path, writer, reader, clock, recall=recall)
        self._held = held
        self._left = left
        self._cleaning = cleaning
        self._begun: set[int] = set()

    async def accept(self, inbound: Inbound, conversation: Conversation, decision: Decision) -> int | None:
        """Take a message into the inbox."""
        return await self._write(inbox.accept, inbound, conversation, decision, self._clock())

    async def accept_and_load(
        self,
        inbound: Inbound,
        conversation: Conversation,
        decision: Decision,
        window: Window,
        audience: Audience | None,
        at_hand: AtHand,
    ) -> int | None:
        """Take a message into the inbox, and hand its conversation over before the commit, which waits for the disk."""
        loop, now = asyncio.get_running_loop(), self._clock()

        def work(db: sqlite3.Connection) -> int | None:
            row = inbox.accept(db, inbound, conversation, decision, now)
            if row is not None:
                with suppress(Exception):  # the message is kept, whatever is wrong with what was said before it
                    loop.call_soon_threadsafe(at_hand, transcript.load(db, conversation, window, audience))
            return row

        return await self._write(work)

    async def pending(self, conversation: Conversation) -> tuple[Waiting, ...]:
        """The messages that wait for a lane."""
        found = await self._reader.read(inbox.pending, conversation)
        return tuple(replace(waiting, begun=waiting.id <= self._left.newest) for waiting in found)

    async def waits(self, waiting: int) -> bool:
        """Whether one message still waits."""
        return await self._reader.read(inbox.waits, waiting)

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

    async def load(self, conversation: Conversation, window: Window, audience: Audience | None = None) -> Thread:
        """The newest turns of a conversation, within a window."""
        return await self._reader.read(transcript.load, conversation, window, audience)

    async def load_oldest(self, conversation: Conversation, tokens: int, audience: Audience | None = None) -> Thread:
        """The oldest turns after the summary, within bounds."""
        return await self._reader.read(transcript.load_oldest, conversation, tokens, audience)

    async def note_post(self, waiting: int, part: int, message_id: str) -> None:
        """Note which message holds a part of a reply."""
        await self._write(inbox.note_post, waiting, part, message_id)

    async def record(self, exchange: Exchange) -> bool:
        """Add an exchange to its conversation, in its epoch."""
        return await self._write(transcript.record, exchange, self._clock())

    async def take_earlier(
        self, conversation: Conversation, access: Access, said: Sequence[tuple[Inbound, Turn]]
    ) -> int:
        """Add what was said before."""
        return await self._write(earlier.take, conversation, access, tuple(said), self._clock())

    async def retract(self, conversation: Conversation, message_id: str) -> None:
        """Take back an answer that could not be said."""
        await self._write(transcript.retract, conversation, message_id)

    async def settle(self, waiting: int, sentence: str) -> None:
        """Settle a message that leaves no turn, with what is said to it."""
        await self._write(inbox.promise, waiting, None, sentence)

    async def amend(self, inbound: Inbound, weigh: Weigh, echo: Echo) -> Extent:
        """Give a message its new words."""
        return await self._write(amending.amend, inbound, weigh, Echoes(echo), self._clock())

    async def joined(self, place: Place, at: datetime) -> bool:
        """Whether the bot had spoken there."""
        return await self._reader.read(transcript.joined, place, at)

    async def access(self, conversation: Conversation) -> Access | None:
        """Who could read a conversation last."""
        return await self._reader.read(transcript.access, conversation)

    async def note_channels(self, channels: Sequence[Channel]) -> None:
        """Note who can read channels."""
        await self._write(hearing.note_channels, tuple(channels))

    async def close_other_channels(self, platform: str, channels: Collection[str]) -> None:
        """Note which channels are gone."""
        await self._write(hearing.close_others, platform, frozenset(channels))

    async def extent(self, forgetting: Forgetting, echo: Echo) -> Extent:
        """How much a forgetting would take."""
        return await self._look_ahead(forgetting, Echoes(echo))

    async def forget(self, forgetting: Forgetting, echo: Echo, promise: Promise | None = None) -> Extent:
        """Forget, in every table at once."""
        echoes = Echoes(echo)
        gone = await self._write(forget_rows.forget_at_once, forgetting, echoes, self._clock(), promise)
        if gone is None:
            await self._look_ahead(forgetting, echoes)
            gone = await self._write(forget_rows.forget, forgetting, echoes, self._clock(), promise)
        return gone

    async def _look_ahead(self, forgetting: Forgetting, echoes: Echoes) -> Extent:
        """Search what is to be forgotten on a connection of its own: nobody writes or reads later for that."""
        searcher = await Connection.open(self._path, writes=False)
        try:
            return await searcher.read(forget_rows.extent, forgetting, echoes, self._clock())
        finally:
            await searcher.close()

    async def scrub(self, *, at_most: int | None = None) -> bool:
        """Clean the files of what was forgotten."""
        self._demand_file()
        return await self._cleaning.scrub(at_most)

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
        """Where people wait for the bot, and where they talked to it lately."""
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

    async def prune(self, before: datetime, held: Collection[Conversation] = ()) -> int:
        """Purge what has expired."""
        self._demand_file()
        return await self._cleaning.prune(before, held)

    async def close(self) -> None:
        """Write what is still to be written, close both connections and let the lock go."""
        try:
            await self._write(inbox.acquit)
        except StorageError as exc:
            log.warning("not closed in peace", exc_info=exc)
        await self._reader.close()
        await self._writer.close()
        self._held.close()
