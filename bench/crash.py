"""Kill the bot and see what becomes of it: `python -m bench.crash --rounds N [--seed S] [--platform P] [--at K]`.

A real process of the bot is killed (SIGKILL) in the middle of a story told to it on a fake platform, is started again,
and must end with everything answered once and nothing lost (see `tests.crash.ledger` for what that is). First it is
told without a death, which discovers the boundaries: commits, and requests that write before and after their effect.
Then it dies at every one of them in turn, as far as the rounds go (a sample where they are fewer), and in the rounds
that are left at random moments, some of them twice. `--at K` plays the death at boundary K alone, and shows the log.
Exit code 1 when anything is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.crash.nursery import Nursery, nursery
from tests.crash.rounds import Death, Outcome, choose_deaths, describe, play, play_all, rehearse

PLATFORMS = ("discord", "slack")
AT_ONCE = 24
"""Rounds side by side: each mostly waits, for a platform's pace and a model's."""


async def run(platform: str, options: argparse.Namespace, directory: Path, home: Nursery) -> list[Outcome]:
    """Rehearse, kill, and print what came of it."""
    rehearsed = await rehearse(platform, directory, home)
    report(rehearsed)
    points = min(options.rounds, len(rehearsed.reached))
    deaths = choose_deaths(rehearsed, points, options.rounds - points, options.seed)
    outcomes = await play_all(platform, deaths, directory, home, AT_ONCE)
    for outcome in outcomes:
        report(outcome)
    print_points(rehearsed)
    return [rehearsed, *outcomes]


def report(outcome: Outcome) -> None:
    """Say what was wrong in a round, and how to see it again."""
    for line in describe(outcome):
        print(line, flush=True)


def print_points(rehearsed: Outcome) -> None:
    """The boundaries of the story by their sort."""
    print(f"\n{rehearsed.platform}: {len(rehearsed.reached)} kill points")
    for name, number in Counter(rehearsed.reached).most_common():
        print(f"{number:>6}  {name}")


def print_table(outcomes: Sequence[Sequence[Outcome]]) -> None:
    """A row a platform, and a row an invariant that did not hold."""
    print(f"\n{'platform':>10} {'points':>7} {'rounds':>7} {'killed':>7} {'failed':>7} {'seconds':>8}")
    for rehearsed, *rounds in outcomes:
        killed, failed = sum(bool(each.where) for each in rounds), sum(bool(each.faults) for each in rounds)
        seconds = sum(each.seconds for each in rounds)
        counts = f"{len(rehearsed.reached):>7} {len(rounds):>7} {killed:>7} {failed:>7} {seconds:>8.0f}"
        print(f"{rehearsed.platform:>10} {counts}")
    broken = Counter(
        (each.platform, name)
        for platform in outcomes
        for each in platform
        for name in {fault.invariant for fault in each.faults}
    )
    for (platform, name), number in sorted(broken.items()):
        print(f"{platform:>10} {name}: in {number} rounds")


async def replay(platform: str, at: int, directory: Path, home: Nursery) -> list[Outcome]:
    """Play one death, before a short absence and before a long one, and show the log of all lives."""
    outcomes = []
    for long in (False, True):
        own = directory / f"{long}"
        own.mkdir()
        outcomes.append(await play(platform, Death(at=at, long=long), own, home))
        print((own / "log").read_text(encoding="utf-8"))
        print(f"killed at {outcomes[-1].where}, long absence: {long}")
        report(outcomes[-1])
    return outcomes


async def main(options: argparse.Namespace) -> bool:
    """Kill on every platform asked for; whether nothing was wrong."""
    outcomes = []
    async with nursery() as home:
        for platform in [options.platform] if options.platform else PLATFORMS:
            with tempfile.TemporaryDirectory() as directory:
                if options.at:
                    outcomes.append(await replay(platform, options.at, Path(directory), home))
                else:
                    outcomes.append(await run(platform, options, Path(directory), home))
    if not options.at:
        print_table(outcomes)
    return not any(outcome.faults for rounds in outcomes for outcome in rounds)


if __name__ == "__main__":
    logging.getLogger("aiohttp.server").disabled = True  # it has much to say about clients that die
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200, help="on each platform (default: 200)")
    parser.add_argument("--seed", type=int, default=1, help="of the sample and the moments (default: 1)")
    parser.add_argument("--platform", choices=PLATFORMS, help="one alone")
    parser.add_argument("--at", type=int, default=0, help="one death at this boundary, played with its log")
    sys.exit(not asyncio.run(main(parser.parse_args())))
