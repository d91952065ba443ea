"""What a turn costs without the model: `python -m bench.turn [--rounds N] [--recall] [--dir PATH]`.

The live path, from the message coming in to its turn being done: the real core, planner, token counter and store, on a
database on disk with `synchronous=FULL`; only the model and the platform answer at once. Turns are measured in threads
of 10, 1,000 and 100,000 turns, in rotation, and beside every turn as many bare commits to the same disk as a turn
makes, so that a slow disk or a busy neighbour shows in both. Commits are counted in SQLite's write-ahead log.

What waking SQLite's thread costs, and being woken by it, is measured too: the same bare commits through a connection
like the store's, with some Python between them as a turn has it.

What recall takes besides is measured with `--recall`, at its worst: each message is of 67 words that stand in every
turn there is. `bench.recall` measures it with people's questions.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import statistics
import struct
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from llm.tokens import load_counter
from memory.core import Core
from memory.ports import Count, Intake, Note, Store
from memory.types import (
    Access,
    Answer,
    Conversation,
    CoreSettings,
    Delta,
    Exchange,
    FoldDone,
    History,
    Inbound,
    Place,
    Prompt,
    Role,
    Schema,
    Summary,
    Turn,
    TurnDone,
    Usage,
    Visibility,
)
from storage import open_store
from storage.sqlite.connection import Connection

LENGTHS = (10, 1_000, 100_000)
FRESH_TURNS = 4
"""Turns measured in one thread of ten before another one takes its place, so that it stays about that long."""

WORDS = ("the", "keeper", "winds", "a", "long", "thread", "of", "talk", "around", "small", "wooden", "spools", "twice")
START = datetime(2026, 1, 1, tzinfo=UTC)


class InstantModel:
    """Answers at once, in two pieces."""

    def __init__(self, answer: str) -> None:
        self._pieces = (answer[: len(answer) // 2], answer[len(answer) // 2 :])

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        """See `memory.ports.Model`."""
        for piece in self._pieces:
            yield Delta(piece)
        yield Delta(usage=Usage("instant", prompt.tokens, 0, 100, 0.0, prompt.tokens))

    async def complete(self, prompt: Prompt, max_tokens: int, schema: Schema | None = None) -> Answer:
        """See `memory.ports.Model`."""
        del max_tokens, schema
        return Answer("They talked about thread.", Usage("instant", prompt.tokens, 0, 10, 0.0, prompt.tokens))


class InstantPlatform:
    """Posts one message a reply, as a chat platform would, and takes no time for it."""

    name = "bench"
    alive = True
    whispers = False

    async def run(self, intake: Intake) -> None:
        """See `memory.ports.Platform`; here the bench hands the messages over."""

    async def places(self, since: datetime) -> Sequence[Place]:
        """See `memory.ports.Platform`."""
        del since
        return ()

    async def history(self, place: Place, since: datetime) -> History | None:
        """See `memory.ports.Platform`."""
        del place, since
        return None

    async def reply(self, to: Inbound, deltas: AsyncIterator[Delta], note: Note, posted: Sequence[str] = ()) -> None:
        """See `memory.ports.Platform`."""
        async for _ in deltas:
            if not posted:
                await note(0, f"post-{to.message_id}")
                posted = ("posted",)

    async def before(self, inbound: Inbound, most: int) -> Sequence[Inbound]:
        """See `memory.ports.Platform`."""
        del inbound, most
        return ()

    async def announce(self, place: Place, text: str) -> None:
        """See `memory.ports.Platform`."""

    def link(self, place: Place, message_id: str) -> str:
        """See `memory.ports.Platform`."""
        del place, message_id
        return ""

    async def is_admin(self, user: str, place: Place) -> bool:
        """See `memory.ports.Platform`."""
        del user, place
        return False


class Bench:
    """A core over a store, and a way to wait for the end of a turn."""

    def __init__(self, store: Store, count: Count, *, recall: bool) -> None:
        self._random = random.Random(1)
        self._count = count
        self._store = store
        self._turns = 0
        self._done = asyncio.Event()
        self.settings = CoreSettings(
            persona="You are a helpful member of this chat.",
            model="instant",
            offline=False,
            messages_per_minute=0,
            recall="lexical" if recall else "off",
        )
        self.core = Core(self.settings, store, InstantModel(self.speak(190)), count, self.now, [self._on_done])
        self.core.attach(InstantPlatform())

    def now(self) -> datetime:
        """A clock that moves with the turns."""
        return START + timedelta(seconds=self._turns)

    def speak(self, tokens: int) -> str:
        """So many words of small talk, about a token each."""
        return " ".join(self._random.choice(WORDS) for _ in range(tokens))

    def _on_done(self, done: TurnDone) -> None:
        if done.error:
            raise RuntimeError(done.error)
        self._done.set()

    async def seed(self, thread: str, length: int) -> None:
        """Fill a thread with turns and, where it has outgrown the budget, the summary that the bot would have."""
        conversation = Conversation("bench", "space", "channel", thread)
        for start in range(0, length, 1_000):
            turns = tuple(self._make_turn(thread, number) for number in range(start, min(start + 1_000, length)))
            await self._store.record(Exchange(conversation, 0, Access(Visibility.PUBLIC), (), turns))
        kept = replace(self.core.budget.window, tokens=self.settings.keep_tokens)
        newest = await self._store.load(conversation, kept)
        if newest.unread:
            text = self.speak(400)
            summary = Summary(text, self._count(text), newest.turns[0].id, 1, self.now())
            await self._store.save_fold(FoldDone(conversation, 0, 0, summary, Usage("instant", 1, 0, 1, 0.0, 1)))

    def _make_turn(self, thread: str, number: int) -> Turn:
        self._turns += 1
        role = Role.ASSISTANT if number % 2 else Role.USER
        text = self.speak(self._random.randint(60, 320) if number % 2 else self._random.randint(15, 120))
        author = "" if number % 2 else f"user-{number % 5}"
        return Turn(0, role, author, author, text, self._count(text), self.now(), f"{thread}-{number}")

    async def turn(self, thread: str) -> float:
        """Seconds from a message coming in to its turn being done."""
        self._turns += 1
        inbound = Inbound(
            place=Place("bench", "space", "channel", thread),
            message_id=f"message-{self._turns}",
            author="user-1",
            author_name="Ann",
            text=self.speak(67),
            sent_at=self.now(),
            addressed=True,
            visibility=Visibility.PUBLIC,
        )
        self._done.clear()
        began = perf_counter()
        await self.core.accept(inbound)
        await self._done.wait()
        return perf_counter() - began


ROW = "INSERT INTO bare VALUES ('a row about as long as the note of a post')"

BETWEEN = 0.0004
"""Seconds of Python between two commits: about what planning a prompt takes here."""


class BareCommits:
    """A database of one table beside the measured one."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("CREATE TABLE bare (value TEXT)")

    def run(self, number: int) -> float:
        """Seconds that so many commits of one row take."""
        began = perf_counter()
        for _ in range(number):
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(ROW)
            self._db.execute("COMMIT")
        return perf_counter() - began

    def close(self) -> None:
        """Let the file go."""
        self._db.close()


class WokenCommits:
    """The same through a connection like the store's, from the event loop, which has something to do in between."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, path: Path) -> WokenCommits:
        """Make a database of one table beside the measured one."""
        connection = await Connection.open(path, writes=True)
        await connection.write(_execute, "CREATE TABLE bare (value TEXT)")
        return cls(connection)

    async def run(self, number: int) -> float:
        """Seconds that so many commits of one row take, without what lies between them."""
        began, between = perf_counter(), 0.0
        for _ in range(number):
            await self._connection.write(_execute, ROW)
            paused = perf_counter()
            while perf_counter() - paused < BETWEEN:
                pass
            between += perf_counter() - paused
        return perf_counter() - began - between

    async def close(self) -> None:
        """Let the file go."""
        await self._connection.close()


def _execute(db: sqlite3.Connection, sql: str) -> None:
    db.execute(sql)


def count_commits(database: Path) -> int:
    """Commits in a database's write-ahead log: frames whose header names a database size after commit.

    Source: SQLite's file format, 4.1: a header of 32 bytes, then frames of 24 bytes and a page each.
    """
    log = database.with_name(database.name + "-wal").read_bytes()
    page = struct.unpack(">I", log[8:12])[0]
    salts = log[16:24]
    frames = (log[at : at + 24] for at in range(32, len(log) - page, page + 24))
    return sum(1 for frame in frames if frame[8:16] == salts and struct.unpack(">I", frame[4:8])[0])


async def count_commits_of_turn(bench: Bench, database: Path, thread: str, turns: int = 8) -> float:
    """Commits a turn makes, on average, from an empty write-ahead log on."""
    with closing(sqlite3.connect(database, timeout=10)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for _ in range(turns):
            await bench.turn(thread)
        return count_commits(database) / turns


@dataclass
class Figures:
    """Milliseconds of turns in threads of one length, and of the bare and the woken commits beside them."""

    turns: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    woken: list[float] = field(default_factory=list)


async def measure(directory: Path, rounds: int, *, recall: bool) -> tuple[dict[int, Figures], float]:
    """Seed three lengths, count commits, and measure in rotation; return the figures and the commits a turn makes."""
    database = directory / "turn.db"
    store = await open_store(f"sqlite:///{database}", lambda: START, recall=recall)
    bare, woken = BareCommits(directory / "bare.db"), await WokenCommits.open(directory / "woken.db")
    try:
        bench = Bench(store, load_counter(), recall=recall)
        await bench.core.connected("bench", missed=False)
        for length in LENGTHS[1:]:
            await bench.seed(f"{length}", length)
        await bench.seed("commits", 10)
        commits = await count_commits_of_turn(bench, database, "commits")
        figures = {length: Figures() for length in LENGTHS}
        short = ""
        for number in range(rounds):
            if number % FRESH_TURNS == 0:
                short = f"short-{number}"
                await bench.seed(short, LENGTHS[0] - FRESH_TURNS)
            for length in LENGTHS:
                seconds = await bench.turn(short if length == LENGTHS[0] else f"{length}")
                figures[length].turns.append(seconds * 1000)
                figures[length].bare.append(bare.run(round(commits)) * 1000)
                figures[length].woken.append(await woken.run(round(commits)) * 1000)
        await bench.core.drain(5)
    finally:
        bare.close()
        await woken.close()
        await store.close()
    return figures, commits


def print_table(figures: dict[int, Figures], commits: float) -> None:
    """A row a length: p50 and p95 of a turn and of as many bare commits, and what the turn adds at the median.

    And how much of that the same bare commits take that are made through a connection like the store's.
    """
    print(f"commits a turn: {commits:.2f}    (milliseconds, synchronous=FULL)")
    head = f"{'turns in thread':>16} {'p50':>7} {'p95':>7} {'bare p50':>9} {'bare p95':>9} {'p50 over bare':>14}"
    print(f"{head} {'of it waking':>13}")
    for length, figure in figures.items():
        p50, p95 = statistics.median(figure.turns), statistics.quantiles(figure.turns, n=20)[-1]
        bare50, bare95 = statistics.median(figure.bare), statistics.quantiles(figure.bare, n=20)[-1]
        row = f"{length:>16,} {p50:>7.2f} {p95:>7.2f} {bare50:>9.2f} {bare95:>9.2f} {p50 - bare50:>14.2f}"
        print(f"{row} {statistics.median(figure.woken) - bare50:>13.2f}")
    first, last = (statistics.median(figures[length].turns) for length in (LENGTHS[0], LENGTHS[-1]))
    print(f"p50 at {LENGTHS[-1]:,} turns over p50 at {LENGTHS[0]}: {last / first:.2f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What a turn costs without the model.")
    parser.add_argument("--rounds", type=int, default=400, help="measured turns of each length (default: 400)")
    parser.add_argument("--recall", action="store_true", help="search for what bears on each message, too")
    parser.add_argument("--dir", type=Path, default=None, help="where the database lies while measuring")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.dir) as directory:
        print_table(*asyncio.run(measure(Path(directory), options.rounds, recall=options.recall)))


if __name__ == "__main__":
    main()
