"""One process serves a database, and brings it to its own version; a kill at any moment leaves it sound."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from errors import DatabaseInUse, DatabaseUnusable
from storage.migrate import latest
from storage.sqlite import check
from tests.kept import Kept, kept_at, message, opening, talk, texts

ROOT = Path(__file__).parent.parent
SECONDS = 20
"""How long a test waits for another process."""

SERVE = """
import asyncio, sys
from pathlib import Path
from tests.kept import message, opening, talk, texts

async def main():
    store = await opening(Path(sys.argv[1]))()
    if not await texts(store):
        await talk(store, message(1, "hello"), "hi")
    print("serving", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@asynccontextmanager
async def process(script: str, *args: object, code: Path = ROOT) -> AsyncIterator[Process]:
    """A Python process of its own that runs a script upon a tree of this program's code."""
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, *map(str, args), cwd=code, stdout=PIPE, stderr=PIPE
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        async with asyncio.timeout(SECONDS):
            await started.communicate()


async def wait_until_it_serves(started: Process) -> None:
    """Wait for the script SERVE to say that it serves."""
    assert started.stdout
    async with asyncio.timeout(SECONDS):
        assert await started.stdout.readline() == b"serving\n"


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


# ---- one process serves it


async def test_a_second_process_is_refused_by_name_and_a_killed_one_leaves_no_lock(kept: Kept, path: Path) -> None:
    async with process(SERVE, path) as serving:
        await wait_until_it_serves(serving)

        with pytest.raises(DatabaseInUse, match=f"process {serving.pid} already serves"):
            await kept.open()
        assert check(path)[-1].well
        serving.kill()
        await serving.wait()

        assert await texts(await kept.open()) == ["hello", "hi"]
    with pytest.raises(DatabaseInUse, match=f"process {os.getpid()} already serves"):
        await opening(path)()


async def test_another_name_for_the_same_file_is_refused_too(kept: Kept, path: Path) -> None:
    await kept.open()
    link = path.with_name("link.db")
    link.symlink_to(path)

    with pytest.raises(DatabaseInUse):
        await opening(link)()


async def test_a_closed_database_can_be_served_by_another_process(kept: Kept, path: Path) -> None:
    await kept.open()
    await kept.close()

    async with process(SERVE, path) as serving:
        await wait_until_it_serves(serving)


# ---- migrations


def _next_version(folder: Path, script: str) -> Path:
    """A tree of the program as it may be one version later: with one more migration."""
    for name in ("storage", "memory", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "errors.py", folder)
    number = latest("sqlite") + 1
    (folder / "storage/sql/sqlite" / f"{number:04}_next.sql").write_text(script)
    return folder


def _version(path: Path) -> int:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


async def test_a_new_version_is_applied_once_and_the_old_program_then_refuses(
    kept: Kept, path: Path, tmp_path: Path
) -> None:
    await talk(await kept.open(), message(1, "hello"), "hi")
    await kept.close()
    newer = _next_version(tmp_path / "newer", "CREATE TABLE more (x); INSERT INTO more VALUES (1);")

    for _ in range(2):
        async with process(SERVE, path, code=newer) as serving:
            await wait_until_it_serves(serving)

    assert _version(path) == latest("sqlite") + 1
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT COUNT(*) FROM more").fetchone() == (1,)
    with pytest.raises(DatabaseUnusable, match="newer Threadkeeper"):
        await kept.open()


async def test_a_migration_that_fails_leaves_the_version_before(kept: Kept, path: Path, tmp_path: Path) -> None:
    await talk(await kept.open(), message(1, "hello"), "hi")
    await kept.close()
    newer = _next_version(
        tmp_path / "newer", "CREATE TABLE more (x); DROP TABLE posts; INSERT INTO nowhere VALUES (1);"
    )

    async with process(SERVE, path, code=newer) as serving:
        async with asyncio.timeout(SECONDS):
            _, errors = await serving.communicate()
        assert serving.returncode
        assert b"nowhere" in errors

    assert _version(path) == latest("sqlite")
    assert await texts(await kept.open()) == ["hello", "hi"]


async def test_a_kill_in_the_midst_of_a_migration_leaves_the_version_before(
    kept: Kept, path: Path, tmp_path: Path
) -> None:
    """The migration writes for ever; it is killed when more of it than SQLite's cache holds is in the files."""
    await talk(await kept.open(), message(1, "hello"), "hi")
    await kept.close()
    endless = (
        "DROP TABLE posts; CREATE TABLE more (x);"
        " INSERT INTO more WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"
        " SELECT zeroblob(9999) FROM c;"
    )
    log = path.with_name(path.name + "-wal")

    async with process(SERVE, path, code=_next_version(tmp_path / "newer", endless)) as serving:
        async with asyncio.timeout(SECONDS):
            while not (log.exists() and log.stat().st_size > 1_000_000):
                assert serving.returncode is None
                await asyncio.sleep(0.005)
        serving.kill()
        await serving.wait()

    store = await kept.open()
    assert _version(path) == latest("sqlite")
    assert await texts(store) == ["hello", "hi"]
    await talk(store, message(2, "and on"), "yes")
