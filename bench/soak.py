"""A busy bot in bad weather: `python -m bench.soak --minutes M [--conversations N] [--rate R] [--seed S]`.

One process of the bot serves a fake Discord and a fake Slack, where people talk with it in channels, threads and direct
messages, R messages a second in all. The network between it and all far ends is a bad one, and every few seconds a far
end has a trouble of its own: rate limits, server errors, lost answers, dropped and refused connections, a model that
fails in all its ways. Every half minute a line says how it does. In the end the weather turns good, everything must be
answered once and remembered once (see `tests.crash.ledger`; where the model failed, by a sentence), and memory and
latency must be what they were after the first quarter. Exit code 1 when anything of that does not hold.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import sqlite3
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from bench.town import Town, make_town
from tests.crash.ledger import LINE, complete, find_faults
from tests.fakes.proxy import Weather

BOT = Path(__file__).parent.parent / "bot.py"

TROUBLE = 4.0
"""Seconds from one trouble of a far end to the next, on average."""

SLACK_RATE = 0.4
"""Messages a second on Slack at most: it takes about 50 edits a minute (tier 3), and a reply is one or two of them."""

EVERY = 30.0
"""Seconds from one printed line to the next."""

SAMPLE = 5.0
"""Seconds from one look at the process to the next."""

GROWTH = 1.10
"""Resident memory in the last quarter over that in the second: more is a leak, not the noise of an allocator."""

SLOWER, SLOWER_SECONDS = 1.5, 0.5
"""What half of the latencies may have grown by meanwhile; the long ones tell of the troubles, not of the bot."""

SETTLE_SECONDS = 300.0
"""What the bot has to answer everything once the weather is good: Slack's history can be read at 40 places a minute."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the process: seconds since its start, resident bytes, open files."""

    at: float
    resident: int
    files: int


def look_at(pid: int, at: float) -> Sample:
    """Look at a process; Linux alone can tell."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return Sample(at, pages * os.sysconf("SC_PAGESIZE"), len(list(Path(f"/proc/{pid}/fd").iterdir())))


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which this share of them lies; 0 where there are none."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)] if values else 0.0


def judge(samples: Sequence[Sample], latencies: Sequence[tuple[float, float]], seconds: float) -> list[str]:
    """What is wrong with memory and latency: the last quarter of the time compared with the second one.

    `latencies` are pairs of the moment of asking and the seconds to the answer.
    """
    wrong = []
    quarters = ((seconds / 4, seconds / 2), (seconds * 3 / 4, seconds))
    residents = [[sample.resident / 1e6 for sample in samples if a <= sample.at <= b] for a, b in quarters]
    if all(residents):
        before, after = map(statistics.median, residents)
        if after > before * GROWTH:
            wrong.append(f"resident memory grew from {before:.1f} to {after:.1f} MB")
    before, after = (quantile([took for at, took in latencies if a <= at <= b], 0.5) for a, b in quarters)
    if after > before * SLOWER + SLOWER_SECONDS:
        wrong.append(f"the latency grew from {before:.1f} to {after:.1f} s")
    return wrong


def line(town: Town, sample: Sample, since: float) -> str:
    """How the bot does, and did since the last line."""
    recent = [took for at, took in town.latencies if at + took >= since]
    size = sum(path.stat().st_size for path in town.directory.glob("threadkeeper.db*"))
    return (
        f"{sample.at:>7.0f} {len(town.ledger.said):>9} {len(town.latencies):>8} {town.waiting:>8}"
        f" {quantile(recent, 0.5):>7.2f} {quantile(recent, 0.95):>7.2f} {sample.resident / 1e6:>8.1f}"
        f" {sample.files:>5} {size / 1e6:>7.1f} {town.troubles.total():>9}"
    )


HEAD = (
    f"{'seconds':>7} {'messages':>9} {'answered':>8} {'waiting':>8} {'p50':>7} {'p95':>7} {'RSS MB':>8}"
    f" {'files':>5} {'DB MB':>7} {'troubles':>9}"
)


@dataclass(slots=True)
class Soak:
    """A town, the bot in it, and what was seen of it."""

    town: Town
    process: asyncio.subprocess.Process
    seconds: float
    samples: list[Sample] = field(default_factory=list)

    async def run(self, rate: float) -> list[str]:
        """Let people talk until the time is over and everything is settled, and return what was wrong."""
        rates = zip(self.town.stages, (rate - min(rate / 2, SLACK_RATE), min(rate / 2, SLACK_RATE)), strict=True)
        talks = [
            asyncio.create_task(self.town.go_on(talk, len(on_stage) / share, self.seconds))
            for stage, share in rates
            for on_stage in [[talk for talk in self.town.talks if talk.stage is stage]]
            for talk in on_stage
        ]
        talking = asyncio.gather(*talks)
        beside = [asyncio.create_task(self._watch()), asyncio.create_task(self._trouble())]
        dying = asyncio.create_task(self.process.wait())
        over = asyncio.Event()
        talking.add_done_callback(lambda _: over.set())
        dying.add_done_callback(lambda _: over.set())
        wrong = []
        try:
            async with asyncio.timeout(self.seconds + SETTLE_SECONDS):
                await over.wait()
        except TimeoutError:
            wrong.append(f"{self.town.waiting} people still wait")
        for task in (*beside, *talks):
            task.cancel()
        await asyncio.gather(*beside, talking, return_exceptions=True)
        if dying.done():
            wrong.append("it ended by itself")
        else:
            await asyncio.sleep(1)
            self.process.send_signal(signal.SIGTERM)
        if code := await dying:
            wrong.append(f"its exit code is {code}")
        return [*wrong, *judge(self.samples, self.town.latencies, self.seconds)]

    async def _watch(self) -> None:
        print(HEAD, flush=True)
        printed, since = 0.0, 0.0
        while True:
            await asyncio.sleep(SAMPLE)
            self.samples.append(look_at(self.process.pid, self.town.now))
            if self.town.now - printed >= EVERY:
                print(line(self.town, self.samples[-1], since), flush=True)
                printed = since = self.town.now

    async def _trouble(self) -> None:
        while self.town.now < self.seconds:
            await asyncio.sleep(self.town.chance.expovariate(1 / TROUBLE))
            self.town.trouble()
        self.town.change_weather(Weather())


@asynccontextmanager
async def serving(town: Town) -> AsyncIterator[asyncio.subprocess.Process]:
    """The bot in a process of its own, ready on both platforms."""
    files = ["--config", str(town.directory / "config.toml"), "--env", str(town.directory / ".env")]
    with (town.directory / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(sys.executable, str(BOT), *files, stderr=log)
    try:
        await town.discord.wait_for(lambda: town.discord.connected, 60)
        await town.slack.wait_for(lambda: town.slack.connected, 60)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def soak(options: argparse.Namespace, directory: Path) -> bool:
    """Soak, and print the verdict; whether all was well."""
    async with AsyncExitStack() as open_ones:
        town = await open_ones.enter_async_context(make_town(directory, options.conversations, options.seed))
        process = await open_ones.enter_async_context(serving(town))
        await town.greet()
        town.began = monotonic()
        town.latencies.clear()
        wrong = await Soak(town, process, options.minutes * 60).run(options.rate)
    standing = [message for stage in town.stages for message in stage.standing()]
    faults = find_faults(town.ledger, standing, [], town.stages[0].kept(), sentences=True)
    print(f"\nnetwork: {dict(town.faults)}\ntroubles: {dict(sorted(town.troubles.items()))}")
    events = Counter(event_of(entry) for entry in (directory / "log").read_text("utf-8").splitlines())
    print("log: " + ", ".join(f"{number} × {event}" for event, number in events.most_common() if event))
    print("remembered: " + ", ".join(f"{number} {what}" for what, number in count_rows(town).items()))
    said, whole = len(town.ledger.said), len(complete(town.ledger, standing))
    plain = sum(not LINE.search(message.text) for message in standing)
    print(f"{said} messages, {whole} answers, {plain} sentences and answers of commands")
    for each in (*wrong, *(f"{fault.invariant}: {fault.what} {town.describe(fault.what)}" for fault in faults)):
        print(f"WRONG  {each}")
    return not wrong and not faults


def count_rows(town: Town) -> dict[str, int]:
    """How much is kept of each kind; `recalled` are turns that an answer elsewhere was told of."""
    tables = {"turns": "turns", "summaries": "summaries", "facts": "facts", "recalled": "sources"}
    with closing(sqlite3.connect(town.stages[0].scene.database)) as db:
        return {what: db.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for what, table in tables.items()}  # noqa: S608 - our own names


def event_of(entry: str) -> str:
    """The level and event of a warning or an error in the log; empty for anything else."""
    found = re.search(r'level=(warning|error) event=("[^"]*"|\S+)', entry)
    return f"{found[1]} {found[2]}" if found else ""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10, help="(default: 10)")
    parser.add_argument("--conversations", type=int, default=200, help="(default: 200)")
    parser.add_argument("--rate", type=float, default=4, help="messages a second in all (default: 4)")
    parser.add_argument("--seed", type=int, default=1, help="of people, weather and troubles (default: 1)")
    parser.add_argument("--keep", type=Path, help="where database and log go, empty (default: a temporary one)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        directory: Path = chosen.keep or Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        sys.exit(not asyncio.run(soak(chosen, directory)))
