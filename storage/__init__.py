"""What is kept: `open_store` gives the Store that a URL names."""

from __future__ import annotations

from pathlib import Path

from errors import DatabaseUnusable
from memory.ports import Clock, Store
from storage.archive import Archive
from storage.sqlite import open_sqlite

__all__ = ["Archive", "open_store"]

SQLITE = "sqlite:///"


async def open_store(url: str, clock: Clock, archive: Archive | None = None, *, recall: bool = True) -> Store:
    """Open the one serving store of a process, made or migrated where needed; what expires goes to the archive.

    Without `recall` nothing is written into its index; opened with it again, it takes in what was said meanwhile.
    Raises: DatabaseUnusable (not ours, corrupt, too new: left untouched), DatabaseInUse, StorageUnavailable.
    """
    if not url.startswith(SQLITE):
        raise DatabaseUnusable(f"storage.url: {url.split(':', 1)[0]} is no database of this version; sqlite:///PATH is")
    return await open_sqlite(Path(url.removeprefix(SQLITE)), clock, archive, recall=recall)
