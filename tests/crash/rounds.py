"""One round: the story with one death in it, what follows, and the verdict."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from time import monotonic

from tests.crash.ledger import Fault, Standing, find_faults
from tests.crash.nursery import Life, Nursery, at, never
from tests.crash.platforms import on_stage
from tests.crash.stage import Stage
from tests.crash.story import Story
from tests.fakes.proxy import Weather

STORY_SECONDS, BAD_WEATHER_SECONDS = 60.0, 180.0
"""How long a story may take with a death in it, without which it takes five; and over a network that breaks again and
again, where the pauses between connections add up."""

DRAIN_SECONDS = 12.0
"""How long a bot has to end when it is asked to: `bot.DRAIN_SECONDS` and then some."""

QUIET_SECONDS = 0.3
"""Nothing more is expected to be sent once it was quiet for so long after the last answer."""


@dataclass(frozen=True, slots=True)
class Death:
    """When the bot dies: at a boundary, counted from 1, or so many seconds after its birth; neither: not at all.

    After a `long` absence the platforms have forgotten what they keep for minutes. With `again`, it dies once more at
    that boundary of its next life.
    """

    at: int = 0
    after: float = 0.0
    long: bool = False
    again: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a round: where the bot died, the boundaries that it reached, and what was wrong in the end.

    `struck` counts what the network did.
    """

    platform: str
    death: Death
    where: str
    reached: tuple[str, ...]
    faults: tuple[Fault, ...]
    seconds: float
    struck: Counter[str] = field(default_factory=Counter)


async def play(
    platform: str, death: Death, directory: Path, nursery: Nursery, weather: Weather | None = None, seed: int = 0
) -> Outcome:
    """Play a round in an empty directory, where a weather is given in that."""
    began = monotonic()
    patience = STORY_SECONDS if weather is None else BAD_WEATHER_SECONDS
    async with on_stage(platform, directory, weather, seed) as stage:
        round_ = _Round(stage, death, nursery)
        try:
            async with asyncio.timeout(patience):
                await round_.play()
        except TimeoutError as error:
            round_.faults.append(Fault("stuck", str(error) or f"after {patience:.0f} s"))
        return Outcome(
            platform=platform,
            death=death,
            where=round_.where,
            reached=tuple(round_.reached),
            faults=tuple(await round_.judge()),
            seconds=monotonic() - began,
            struck=sum((network.faults for network in stage.networks), Counter()),
        )


class _Round:
    """What is known of a round while it is played; `before` is what stood when the bot died first, of `deaths`."""

    def __init__(self, stage: Stage, death: Death, nursery: Nursery) -> None:
        self.before: list[Standing] = []
        self.deaths = 0
        self.reached: list[str] = []
        self.where = ""
        self.faults: list[Fault] = []
        self._stage = stage
        self._death = death
        self._nursery = nursery
        self._story = Story(stage)
        self._connections = 0

    async def play(self) -> None:
        """Let the bot live, die and live again, until everything is said and answered and it has ended by itself."""
        telling = asyncio.create_task(self._story.tell())
        fatal = iter((at(self._death.at), at(self._death.again)))
        try:
            while True:
                self._connections = self._stage.scene.connections
                life = await self._stage.bear(self._nursery, next(fatal, never))
                await self._live(life, telling)
                self.reached = self.reached or life.reached
                if not life.killed:
                    break
                await self._mourn(life)
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
        if life.code != 0:
            self.faults.append(Fault("exit", f"with {life.code}"))

    async def _live(self, life: Life, telling: asyncio.Task[None]) -> None:
        """One life, to its violent or its peaceful end."""
        ending = asyncio.create_task(self._end(telling))
        dying = asyncio.create_task(life.dead.wait())
        moment = self._death.after if not self.where else 0.0
        if moment:
            asyncio.get_running_loop().call_later(moment, life.kill)
        try:
            await asyncio.wait({ending, dying}, return_when=asyncio.FIRST_COMPLETED)
            if not dying.done():
                await ending
                life.stop()
                await dying
        finally:
            ending.cancel()
            dying.cancel()
            await asyncio.gather(ending, dying, return_exceptions=True)

    async def _end(self, telling: asyncio.Task[None]) -> None:
        await asyncio.shield(telling)
        # One that was born when all was answered has to have a chance to say what it owes.
        await self._stage.until(lambda: self._stage.scene.connections > self._connections)
        await self._story.end()
        await self._stage.quiet(QUIET_SECONDS)

    async def _mourn(self, life: Life) -> None:
        """The time between two lives."""
        self.deaths += 1
        if not self.where:
            self.before = self._stage.standing()
            self.where = life.killed_at or f"after {self._death.after:.3f} s"
        await self._story.while_away()
        if self._death.long:
            await self._stage.absence()

    async def judge(self) -> list[Fault]:
        """The verdict, from what stands and what is kept."""
        life = self._stage.life
        if life is not None and not life.dead.is_set():
            await life.end(DRAIN_SECONDS)
        stage, once = self._stage, self.deaths == 1
        return [*self.faults, *find_faults(stage.ledger, stage.standing(), self.before, stage.kept(), died_once=once)]


async def rehearse(platform: str, directory: Path, nursery: Nursery) -> Outcome:
    """The story without a death: what it reaches are the points at which the bot can be killed."""
    return await play(platform, Death(), directory, nursery)


def choose_deaths(rehearsed: Outcome, points: int, moments: int, seed: int) -> list[Death]:
    """So many of the boundaries, all where there are fewer, in their order; and so many random moments.

    Every sort of boundary is chosen from before one is chosen from again: a write that happens once a story is as
    likely as one that happens at every message. Half of the deaths are followed by a long absence, a quarter of those
    at random moments by a second death.
    """
    chance = random.Random(f"{seed} {rehearsed.platform}")  # noqa: S311 - seeded random is the point
    known = range(1, len(rehearsed.reached) + 1)
    deaths = [Death(at=each, long=chance.random() < 1 / 2) for each in _choose_points(rehearsed, points, chance)]
    for _ in range(moments):
        again = chance.choice(known) if chance.random() < 1 / 4 else 0
        deaths.append(Death(after=chance.uniform(0.01, rehearsed.seconds), long=chance.random() < 1 / 2, again=again))
    return deaths


def _choose_points(rehearsed: Outcome, points: int, chance: random.Random) -> list[int]:
    """So many of the boundaries, counted from 1, from all their sorts in turn."""
    sorts: dict[str, list[int]] = {}
    for number, name in enumerate(rehearsed.reached, 1):
        sorts.setdefault(name, []).append(number)
    mixed = [chance.sample(numbers, len(numbers)) for numbers in sorts.values()]
    turns = [number for turn in zip_longest(*chance.sample(mixed, len(mixed))) for number in turn if number is not None]
    return sorted(turns[:points])


def describe(outcome: Outcome) -> list[str]:
    """A line for each fault, with all that it takes to see it again."""
    return [
        f"{outcome.platform}: {fault.invariant}: {fault.what} ({outcome.death}, killed {outcome.where or 'never'})"
        for fault in outcome.faults
    ]


async def play_all(
    platform: str, deaths: Sequence[Death], directory: Path, nursery: Nursery, at_once: int
) -> list[Outcome]:
    """Play rounds, some of them side by side, for they mostly wait."""
    turns = asyncio.Semaphore(at_once)

    async def one(number: int, death: Death) -> Outcome:
        async with turns:
            own = directory / f"{platform}-{number}"
            own.mkdir()
            return await play(platform, death, own, nursery)

    return list(await asyncio.gather(*(one(number, death) for number, death in enumerate(deaths))))
