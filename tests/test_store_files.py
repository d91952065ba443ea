"""The database as a file: what is not ours or broken is named and stays untouched; it is copied and checked."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from errors import DatabaseInUse, DatabaseUnusable, StorageUnavailable
from memory.types import Finding
from storage.migrate import latest
from storage.sqlite import backup, check, export
from storage.sqlite.files import APPLICATION_ID, judge_disk, lock
from tests.kept import Kept, accept, kept_at, message, moment, opening, pending, talk, texts

SECONDS = 20
"""How long a test waits for what must come to an end."""


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


# ---- files that are not ours, or broken


def _not_a_database(path: Path) -> None:
    path.write_text("Dear diary, " * 1000)


def _almost_empty(path: Path) -> None:
    path.write_bytes(b"\n")


def _another_programs(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE recipes (text)")


def _another_programs_with_a_log(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE recipes (text)")


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE turns (text)")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("PRAGMA user_version = 999")


def _directory(path: Path) -> None:
    path.mkdir()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() if file.is_file() else b"" for file in sorted(folder.rglob("*"))}


STRANGE: list[tuple[Callable[[Path], None], str]] = [
    (_not_a_database, "not a SQLite database; name another file in storage.url"),
    (_almost_empty, "not a SQLite database; name another file in storage.url"),
    (_another_programs, "a database of another program; name another file in storage.url"),
    (_another_programs_with_a_log, "a database of another program; name another file in storage.url"),
    (_newer, r"made by a newer Threadkeeper \(version 999, .*; update Threadkeeper"),
    (_directory, "not a file; name a file in storage.url"),
    (_pipe, "not a file; name a file in storage.url"),
]


@pytest.mark.parametrize(("make", "cure"), STRANGE, ids=lambda value: getattr(value, "__name__", ""))
async def test_what_is_not_ours_is_named_with_the_cure_and_left_as_it_is(
    kept: Kept, path: Path, make: Callable[[Path], None], cure: str
) -> None:
    make(path)
    before = _contents(path.parent)

    async with asyncio.timeout(SECONDS):
        with pytest.raises(DatabaseUnusable, match=cure) as caught:
            await kept.open()

    assert str(path) in str(caught.value)
    assert _contents(path.parent) == before
    finding = check(path)[-1]
    assert (finding.subject, finding.well) == ("database", False)
    assert finding.cure
    assert _contents(path.parent) == before


@pytest.mark.parametrize("damage", ["page", "cut", "schema"])
async def test_a_damaged_database_is_named_with_the_cure_and_left_as_it_is(kept: Kept, path: Path, damage: str) -> None:
    store = await kept.open()
    for number in range(60):
        await talk(store, message(number, "x" * 2000))
    await kept.close()
    sound = path.read_bytes()
    pages = {"page": slice(40 * 4096, 41 * 4096), "cut": slice(60 * 4096, None), "schema": slice(200, 4096)}
    broken = bytearray(sound)
    broken[pages[damage]] = b"" if damage == "cut" else b"\xff" * len(broken[pages[damage]])
    path.write_bytes(broken)
    before = _contents(path.parent)

    with pytest.raises(DatabaseUnusable, match=r"damaged .* restore the last backup") as caught:
        await kept.open()

    assert str(path) in str(caught.value)
    assert _contents(path.parent) == before
    finding = check(path)[-1]
    assert (finding.subject, finding.well) == ("database", False)
    assert "restore the last backup" in finding.cure
    with pytest.raises(DatabaseUnusable):
        backup(path, path.with_name("copy.db"))
    assert _contents(path.parent) == before


@contextmanager
def powerless() -> Iterator[None]:
    """Without the powers of root, to whom no folder is closed."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize(("mode", "cure"), [(0o555, "let the bot write into it"), (0o000, "Permission denied")])
async def test_a_folder_that_cannot_be_used_is_named(mode: int, cure: str) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(mode)
        with powerless():
            with pytest.raises(StorageUnavailable, match=cure) as caught:
                await opening(folder / "kept.db")()
            finding = check(folder / "kept.db")[-1]
        folder.chmod(0o700)
        assert list(folder.iterdir()) == []
    assert name in str(caught.value)
    assert not finding.well
    assert name in finding.detail
    assert finding.cure == "let the bot write into it"


async def test_a_lock_that_another_user_left_is_named_with_its_cure() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o777)
        left = Path(name) / "kept.db.lock"
        left.touch(mode=0o444)
        with powerless():
            with pytest.raises(StorageUnavailable, match=r"kept\.db\.lock: cannot be written; let the bot write it"):
                await opening(Path(name) / "kept.db")()
            finding = check(Path(name) / "kept.db")[-1]
    assert (finding.well, finding.detail) == (False, f"{left}: cannot be written")


async def test_a_database_that_cannot_be_written_is_named_before_anything_is_served(kept: Kept, path: Path) -> None:
    await kept.open()
    await kept.close()
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        closed = Path(name) / "kept.db"
        closed.write_bytes(path.read_bytes())
        Path(name).chmod(0o777)
        closed.chmod(0o444)
        with powerless():
            with pytest.raises(StorageUnavailable, match=f"{closed}: .*let the bot write it"):
                await opening(closed)()
            finding = check(closed)[-1]
    assert finding == Finding("database", False, f"{closed}: cannot be written", "let the bot write it")


async def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "no" / "kept.db"

    with pytest.raises(StorageUnavailable, match=f"{missing}: .*{missing.parent}"):
        await opening(missing)()
    assert not check(missing)[-1].well


@pytest.mark.parametrize("name", ["circle", "circle/kept.db"])
async def test_a_path_whose_links_lead_in_a_circle_is_named_with_the_cure(
    kept: Kept, path: Path, tmp_path: Path, name: str
) -> None:
    await kept.open()
    (tmp_path / "circle").symlink_to("other half")
    (tmp_path / "other half").symlink_to("circle")
    astray = tmp_path / name
    cure = "mend that path, or name another file"

    with pytest.raises(StorageUnavailable, match=f"^{astray}: Too many .*; {cure}"):
        await opening(astray)()
    for source, target in ((astray, tmp_path / "copy.db"), (path, astray)):
        with pytest.raises(StorageUnavailable, match=f"^{astray}: Too many .*; {cure}"):
            backup(source, target)
    with pytest.raises(StorageUnavailable, match=f"^{astray}: Too many .*; {cure}"):
        export(astray, None, "discord", "ann")
    finding = check(astray)[-1]
    assert (finding.subject, finding.well, finding.cure) == ("database", False, cure)
    assert str(tmp_path / "circle") in finding.detail


async def test_a_database_that_the_system_cannot_read_is_named_with_what_to_do(kept: Kept, path: Path) -> None:
    await kept.open()
    await kept.close()
    path.with_name(f"{path.name}-wal").mkdir()

    finding = check(path)[-1]

    assert (finding.well, finding.detail) == (False, f"{path}: unable to open database file")
    assert finding.cure.startswith("see that its disk is sound")


async def test_an_empty_file_becomes_a_database(kept: Kept, path: Path) -> None:
    path.touch()

    assert await accept(await kept.open(), message(1, "hello")) is not None


# ---- copies and checks


async def test_a_copy_made_while_writes_go_on_is_sound_and_comes_to_an_end(
    kept: Kept, path: Path, tmp_path: Path
) -> None:
    """The database is larger than one step of the copying, and every step finds it changed."""
    store = await kept.open()
    for number in range(8):
        await accept(store, message(number, "x" * 5_000_000))
    copy = tmp_path / "copy.db"
    number = 100
    copying = asyncio.create_task(asyncio.to_thread(backup, path, copy))
    async with asyncio.timeout(SECONDS):
        while not copying.done():
            await talk(store, message(number, f"{number}"))
            number += 1

    assert number > 103  # a write for every step, of 16 MB each
    assert await copying == copy.stat().st_size
    assert list(tmp_path.glob("*.unfinished*")) == []
    await kept.close()
    path.unlink()
    copy.rename(path)
    store = await kept.open()
    settled = await texts(store)
    assert settled == [str(n) for n in range(100, 100 + len(settled))]
    assert {f"{n}" for n in range(8)} <= {found.inbound.message_id for found in await pending(store)}


async def test_a_database_and_its_copy_are_for_the_bots_user_alone(kept: Kept, path: Path, tmp_path: Path) -> None:
    await kept.open()
    backup(path, tmp_path / "copy.db")
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, tmp_path / "copy.db")] == [0o600, 0o600]


async def test_what_nobody_serves_is_not_served_while_it_is_copied(kept: Kept, path: Path, tmp_path: Path) -> None:
    store = await kept.open()
    for number in range(400):
        await talk(store, message(number, "x" * 8000))
    await kept.close()
    refused: list[bool] = []

    def begin() -> None:
        while not (tmp_path / "copy.db.unfinished").exists():
            pass
        try:
            lock(path).close()
        except DatabaseInUse:
            refused.append(True)

    beside = threading.Thread(target=begin)
    beside.start()
    backup(path, tmp_path / "copy.db")
    beside.join()
    assert refused == [True]
    lock(path).close()


async def test_a_copy_overwrites_nothing(kept: Kept, path: Path, tmp_path: Path) -> None:
    await kept.open()
    target = tmp_path / "precious.txt"
    target.write_text("precious")

    with pytest.raises(StorageUnavailable, match="exists already"):
        backup(path, target)
    with pytest.raises(StorageUnavailable, match="no such database"):
        backup(tmp_path / "none.db", tmp_path / "copy.db")
    with pytest.raises(StorageUnavailable, match=f"^{tmp_path / 'no' / 'copy.db'}: .*make it first"):
        backup(path, tmp_path / "no" / "copy.db")

    assert target.read_text() == "precious"
    assert not (tmp_path / "copy.db").exists()
    assert not (tmp_path / "none.db").exists()


async def test_the_check_says_what_it_found(kept: Kept, path: Path) -> None:
    sqlite, disk, none_yet = check(path)
    assert sqlite == Finding("sqlite", True, f"version {sqlite3.sqlite_version}")
    assert none_yet == Finding("database", True, f"{path}: none yet; it is made at the first start")
    assert disk.detail.endswith(f" MB free at {path.parent}")
    assert not path.exists()

    await talk(await kept.open(), message(1, "hello"))

    for served in (True, False):
        found = check(path)[-1]
        assert found.well, served
        assert found.detail.startswith(f"{path}: sound, ")
        assert found.detail.endswith(f"version {latest('sqlite')}")
        await kept.close()


@pytest.mark.parametrize(
    ("free", "well", "detail"),
    [
        (0, False, "0.0 MB"),
        (49_900_000, False, "49.9 MB"),
        (50_000_000, True, "50.0 MB"),
        (2 * 10**9, True, "2,000.0 MB"),
    ],
)
def test_a_disk_that_is_nearly_full_is_named_with_what_is_free_and_the_cure(
    tmp_path: Path, free: int, *, well: bool, detail: str
) -> None:
    cure = "make room for 50 MB, or name a file on another disk in storage.url"
    assert judge_disk(tmp_path, free, 10**10) == Finding("disk", well, f"{detail} free at {tmp_path}", cure)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a file system of size 0: Linux alone")
def test_a_disk_that_does_not_tell_its_size_is_not_taken_for_a_full_one() -> None:
    disk = check(Path("/proc/kept.db"))[1]
    assert disk == Finding("disk", True, "how much is free at /proc is not known")


async def test_nothing_is_taken_in_that_nobody_would_find_again(kept: Kept, path: Path, tmp_path: Path) -> None:
    store = await kept.open()
    await talk(store, message(1, "hello"))
    away = path.rename(tmp_path / "away.db")
    with pytest.raises(StorageUnavailable, match=f"{path}: No such file or directory; put the database back"):
        await accept(store, message(2, "are you there?"))
    for cleaning in (store.prune(moment(9)), store.scrub()):
        with pytest.raises(StorageUnavailable, match="put the database back"):
            await cleaning
    path.write_bytes(away.read_bytes())
    with pytest.raises(StorageUnavailable, match=f"{path}: is another file than the one that was opened"):
        await accept(store, message(2, "are you there?"))
    away.rename(path)
    assert await accept(store, message(2, "are you there?"))
