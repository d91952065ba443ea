"""What every verb of the Store on SQLite stands on: an open database, and the transaction that each write is."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from errors import StorageUnavailable
from memory.ports import Clock
from storage.sqlite import inbox, recall
from storage.sqlite.connection import Connection

P = ParamSpec("P")
T = TypeVar("T")


class OpenDatabase:
    """A database at a path, open: the connection that reads, and the one that writes, to which `_write` is the way."""

    def __init__(self, path: Path, writer: Connection, reader: Connection, clock: Clock, *, recall: bool) -> None:
        opened = path.stat()
        self._path = path
        self._file = opened.st_dev, opened.st_ino
        self._writer = writer
        self._reader = reader
        self._clock = clock
        self._recall = recall
        self._said: list[int] = []

    async def _write(
        self, work: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run one transaction, with what was said since the last one: that is not worth a commit of its own."""
        self._demand_file()
        said, self._said = tuple(self._said), []

        def both(db: sqlite3.Connection) -> T:
            inbox.said(db, said)
            result = work(db, *args, **kwargs)
            if self._recall:
                recall.index_due(db)
            return result

        try:
            return await self._writer.write(both)
        except BaseException:  # also where the caller is cancelled, who learns of no outcome
            self._said += said
            raise

    def _demand_file(self) -> None:
        """Make sure that what is written now will be found again: a file that was deleted can still be written.

        SQLite looks in the same way where it is asked to (SQLITE_FCNTL_HAS_MOVED), by the file's number.
        Raises: StorageUnavailable.
        """
        try:
            found = self._path.stat()
        except OSError as exc:
            raise StorageUnavailable(f"{self._path}: {exc.strerror}", "put the database back, or start anew") from exc
        if (found.st_dev, found.st_ino) != self._file:
            raise StorageUnavailable(f"{self._path}: is another file than the one that was opened", "start anew")
