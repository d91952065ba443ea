"""The database as a file: looked at before it is opened, locked while it is served, copied while it runs, checked."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TextIO

from errors import DatabaseInUse, DatabaseUnusable, StorageUnavailable
from memory.types import Finding
from storage.migrate import latest
from storage.sqlite.connection import translate

APPLICATION_ID = 0x54684B70
"""`ThKp`, in the header of every database of ours (SQLite file format, 1.3, offset 68)."""

MAGIC = b"SQLite format 3\x00"
QUICK_CHECK_BYTES = 256 * 1024 * 1024
"""Up to this size a start looks at every page (`quick_check` read 100 MB in 0.3 s here); `bot.py check` always does."""

LEAST_FREE_BYTES = 50_000_000
"""The disk is nearly full below this: SQLite's log alone takes 4 MB before it is moved (its wal.html, 1,000 pages).

A question of 25 words and its answer of 60 take 1.5 KB (measured): some 30,000 are left to whoever looks in time.
"""

OLDEST_SQLITE = (3, 35, 0)
"""RETURNING came with 3.35."""


def look_at(path: Path) -> None:
    """Make sure that the file is a sound database of ours, or none yet, and leave it untouched.

    Raises: DatabaseUnusable, with the path and the cure; StorageUnavailable when it cannot be read.
    """
    if not is_there(path):
        return
    try:
        if not path.is_file():
            raise DatabaseUnusable(f"{path}: not a file", "name a file in storage.url")
        size = path.stat().st_size
        if size == 0:
            return
        with path.open("rb") as file:
            magic = file.read(len(MAGIC))
    except OSError as exc:
        raise StorageUnavailable(f"{path}: {exc.strerror}", "let the bot read it") from exc
    if magic != MAGIC:
        raise DatabaseUnusable(
            f"{path}: not a SQLite database", "name another file in storage.url, or move this one away"
        )
    with reading(path) as db:
        application, version = (
            db.execute(f"PRAGMA {what}").fetchone()[0] for what in ("application_id", "user_version")
        )
        tables = db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
        if tables and application != APPLICATION_ID:
            raise DatabaseUnusable(f"{path}: a database of another program", "name another file in storage.url")
        if version > latest("sqlite"):
            raise DatabaseUnusable(
                f"{path}: made by a newer Threadkeeper (version {version}, this one knows {latest('sqlite')})",
                "update Threadkeeper, or name another file in storage.url",
            )
        if size <= QUICK_CHECK_BYTES:
            _demand_sound(db, path, "quick_check")


def is_there(path: Path) -> bool:
    """Whether anything stands where a path and its links lead.

    Raises: StorageUnavailable, with the cure, when that cannot be told.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except PermissionError as exc:
        raise StorageUnavailable(f"{path}: {exc.strerror}", "let the bot read it") from exc
    except OSError as exc:  # its links lead in a circle, or its name is too long
        raise StorageUnavailable(f"{path}: {exc.strerror}", "mend that path, or name another file") from exc
    return True


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that reads a database, served or not, and leaves nothing behind. Raises: as `translate`."""
    try:
        with _opened(path) as db:
            yield db
    except sqlite3.Error as exc:
        raise translate(exc, path) from exc


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    # A log stands beside a database as long as anybody has it open, or died with it open. Where none does, SQLite is
    # kept from making one, which a connection that may not write would leave behind.
    real = _real(path)
    logs = any(real.with_name(real.name + suffix).exists() for suffix in ("-wal", "-journal"))
    with closing(sqlite3.connect(f"{real.as_uri()}?{'mode=ro' if logs else 'immutable=1'}", uri=True)) as db:
        yield db


def _demand_sound(db: sqlite3.Connection, path: Path, pragma: str) -> None:
    faults = [row[0] for row in db.execute(f"PRAGMA {pragma}(3)")]
    if faults != ["ok"]:
        raise DatabaseUnusable(f"{path}: the database is damaged ({faults[0]})", "restore the last backup")


def lock(path: Path) -> TextIO:
    """Take the database for this process until the returned file is closed; the system lets go of it at any death.

    Raises: DatabaseInUse, with the other's process id; StorageUnavailable when file or folder cannot be written.
    """
    _demand_writable(path)
    real = _real(path)  # one lock, whatever names lead to the file
    try:
        file = _lock_of(real).open("a+", encoding="ascii")
    except OSError as exc:
        raise StorageUnavailable(
            f"{path}: {exc.strerror}", f"make the folder {real.parent} and let the bot write into it"
        ) from exc
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        file.seek(0)
        holder = file.read().strip()
        file.close()
        who = f"process {holder}" if holder else "another process"
        raise DatabaseInUse(
            f"{path}: {who} already serves this database", "stop it first, or name another file"
        ) from exc
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def _demand_writable(path: Path) -> None:
    """Make sure that this process can write a database or make one.

    SQLite needs the folder as well: its log comes and goes beside the file.
    Raises: StorageUnavailable.
    """
    real = _real(path)
    folder = real.parent
    if not (is_there(folder) and folder.is_dir()):
        raise StorageUnavailable(f"{path}: there is no folder {folder}", "make it, or name another file in storage.url")
    ours = os.access in os.supports_effective_ids
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=ours):
        raise StorageUnavailable(f"{path}: the folder {folder} cannot be written", "let the bot write into it")
    for file in (real, _lock_of(real)):
        if is_there(file) and not os.access(file, os.W_OK, effective_ids=ours):
            raise StorageUnavailable(f"{file}: cannot be written", "let the bot write it")


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # up to 3.12 Path.resolve raises a RuntimeError for links in a circle


def _lock_of(real: Path) -> Path:
    return real.with_name(real.name + ".lock")


def make_private(path: Path) -> None:
    """Make an empty file where there is none, for the bot's own user alone: direct messages will stand in it."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def demand_there(path: Path) -> None:
    """Make sure that there is a database to work on.

    Raises: StorageUnavailable.
    """
    if not is_there(path):
        raise StorageUnavailable(f"{path}: no such database", "start the bot once, or name the file in storage.url")


def backup(path: Path, target: Path) -> int:
    """Copy the database while it is being served, by SQLite's online backup; return the copy's size in bytes.

    The copy appears under its name only when it is whole and sound.
    Raises: StorageUnavailable when there is nothing to copy, the target exists or cannot be written; DatabaseUnusable.
    """
    demand_there(path)
    if is_there(target):
        raise StorageUnavailable(f"{target}: exists already", "name a new file")
    if not target.absolute().parent.is_dir():
        raise StorageUnavailable(f"{target}: there is no folder {target.absolute().parent}", "make it first")
    look_at(path)
    try:
        held = lock(path)  # else a bot that starts meanwhile would write into what is copied without locks
    except DatabaseInUse:
        held = None  # it serves, and SQLite's own locks hold
    unfinished = target.with_name(target.name + ".unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        make_private(unfinished)
        with _opened(path) as source, closing(sqlite3.connect(unfinished)) as copy:
            # One snapshot for all of it: else SQLite starts again at every write in between, and may never end.
            source.execute("BEGIN")
            source.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
            source.backup(copy, pages=4096, sleep=0.005)
            copy.execute("PRAGMA journal_mode = DELETE")
            _demand_sound(copy, path, "integrity_check")  # it holds the original's pages, and so its damage
        os.replace(unfinished, target)  # noqa: PTH105 – Path.replace hides that this is the atomic step
    except sqlite3.Error as exc:
        # The original was read from end to end just now: unless it is damaged all the same, it is the copy that fails.
        of_original = translate(exc, path)
        raise (of_original if isinstance(of_original, DatabaseUnusable) else translate(exc, target)) from exc
    except OSError as exc:
        raise StorageUnavailable(f"{target}: {exc.strerror}") from exc
    finally:
        unfinished.unlink(missing_ok=True)
        if held is not None:
            held.close()
    return target.stat().st_size


def check(path: Path) -> list[Finding]:
    """What `bot.py check` says about the database and SQLite itself; may run beside the serving process."""
    sqlite = Finding("sqlite", sqlite3.sqlite_version_info >= OLDEST_SQLITE, f"version {sqlite3.sqlite_version}")
    if not sqlite.well:
        sqlite = Finding("sqlite", False, sqlite.detail, "3.35 or later is needed: use a newer Python build")
    return [sqlite, *_check_disk(_real(path).parent), _check_database(path)]


def _check_disk(folder: Path) -> list[Finding]:
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return []  # what is the matter with the folder, the database's finding says
    return [judge_disk(folder, usage.free, usage.total)]


def judge_disk(folder: Path, free: int, size: int) -> Finding:
    """What `bot.py check` says about so many free bytes on the disk of the database's folder.

    Some disks do not tell their size: theirs is 0 (statvfs, f_blocks), and so is what they say is free.
    """
    if size == 0:
        return Finding("disk", True, f"how much is free at {folder} is not known")
    detail = f"{free / 1e6:,.1f} MB free at {folder}"
    cure = f"make room for {LEAST_FREE_BYTES // 10**6} MB, or name a file on another disk in storage.url"
    return Finding("disk", free >= LEAST_FREE_BYTES, detail, cure)


def _check_database(path: Path) -> Finding:
    try:
        _demand_writable(path)
        if not is_there(path) or (path.is_file() and path.stat().st_size == 0):
            return Finding("database", True, f"{path}: none yet; it is made at the first start")
        look_at(path)
        with reading(path) as db:
            _demand_sound(db, path, "integrity_check")
            version = db.execute("PRAGMA user_version").fetchone()[0]
    except OSError as exc:
        folder = path.absolute().parent
        return Finding("database", False, f"{path}: {exc.strerror}", f"let the bot read and write in {folder}")
    except (DatabaseUnusable, StorageUnavailable) as exc:
        return Finding("database", False, exc.detail, exc.cure)
    return Finding("database", True, f"{path}: sound, {path.stat().st_size / 1e6:.1f} MB, version {version}")
