"""Keeping the files clean: what expires is purged, in slices, and what was forgotten leaves no byte behind."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from memory.ports import Clock
from memory.types import Conversation
from storage.archive import Archive
from storage.sqlite import archived, expiry, recall
from storage.sqlite.connection import Connection, checkpoint
from storage.sqlite.expiry import Expired

log = logging.getLogger(__name__)


class Cleaning:
    """Purges and scrubs one database, and its archive where it has one, which is written by one task at a time."""

    def __init__(
        self, path: Path, writer: Connection, reader: Connection, clock: Clock, archive: Archive | None
    ) -> None:
        self._path = path
        self._writer = writer
        self._reader = reader
        self._clock = clock
        self._archive = archive
        self._archiving = asyncio.Lock()

    async def prune(self, before: datetime, held: Collection[Conversation]) -> int:
        """See `Store.prune`."""
        purged = 0
        while (expired := await self._archive_next(before, held)).turns:
            purged += await self._writer.write(expiry.purge, expired.turns, self._clock())
        return purged

    async def _archive_next(self, before: datetime, held: Collection[Conversation]) -> Expired:
        """The next slice to purge, which stands in the archive by now, where there is one."""
        if self._archive is None:
            return await self._reader.read(expiry.find_expired, before, held)
        await self._clean_archive()
        async with self._archiving:
            expired = await self._writer.write(expiry.announce, before, held)
            await asyncio.to_thread(self._archive.add, expired.originals)
        return expired

    async def scrub(self, at_most: int | None) -> bool:
        """See `Store.scrub`.

        Deleting, even with `secure_delete`, leaves copies in pages that SQLite moved; VACUUM writes every page anew and
        a truncating checkpoint drops the log that still held the old ones (7 of 2,500 rows were left without, none
        with; measured on SQLite 3.40.1).
        """
        clean = await self._scrub_database(at_most)
        return await self._clean_archive() and clean

    async def _scrub_database(self, at_most: int | None) -> bool:
        due = await self._reader.read(_scrub_due)
        if due is None:
            return True
        if at_most is not None and self._path.stat().st_size > at_most:
            return False
        await self._writer.run(_vacuum)
        if not await checkpoint(self._writer):
            return False
        await self._writer.write(_note_scrubbed, due)
        return True

    async def _clean_archive(self) -> bool:
        """Take what was forgotten out of the archive; false when no archive is named that still holds any of it."""
        async with self._archiving:
            marked = await self._reader.read(archived.due)
            if marked is None:
                return True
            if self._archive is None:
                log.warning("archive unknown", extra={"originals": len(marked.gone), "setting": "memory.archive_dir"})
                return False
            echoing = await asyncio.to_thread(
                self._archive.erase, marked.gone, marked.unquoted, marked.since, marked.repeated
            )
            await self._writer.write(archived.cleaned, marked, echoing)
            return True


def _scrub_due(db: sqlite3.Connection) -> int | None:
    """The newest request for a scrub that was not carried out."""
    found = db.execute("SELECT MAX(id) FROM scrubs").fetchone()
    return None if found[0] is None else int(found[0])


def _vacuum(db: sqlite3.Connection) -> None:
    recall.drop_deleted_words(db)
    db.execute("VACUUM")


def _note_scrubbed(db: sqlite3.Connection, due: int) -> None:
    db.execute("DELETE FROM scrubs WHERE id <= ?", (due,))
