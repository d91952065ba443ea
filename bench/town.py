"""Hundreds of conversations on a fake Discord and a fake Slack around one bot, and what troubles it there."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from tests.crash.edge import Edge
from tests.crash.ledger import Ledger, Sort, unanswered
from tests.crash.platforms import DiscordStage, SlackStage
from tests.crash.stage import Stage
from tests.fakes.discord import FakeDiscord
from tests.fakes.model import Drop, FakeModel, Hang, Refuse, Say, openai_error
from tests.fakes.proxy import Weather
from tests.fakes.slack import FakeSlack
from tests.scenes import DiscordScene, SlackScene, Table

BAD = Weather(late=0.2, lost=0.01, unanswered=0.01, broken=0.001, twice=0.03, swapped=0.03, cut=0.001)

LOOK_SECONDS = 0.1
"""How often somebody who waits looks whether there is an answer: so exact are the latencies."""

MODEL_SECONDS = 5
"""The model's timeout: one that hangs costs so long."""

WORDS = ("tell me something", "tell me more about it", "my city is {city}, tell me something")
CITIES = ("Oslo", "Bergen", "Narvik", "Hamar", "Molde")

WEIGHTS = {"ask": 78, "aside": 12, "command": 5, "edit": 3, "delete": 2}
"""How often people do what; where there is nothing to edit, say, they ask."""

MEMORY: Table = {
    "max_tokens": 1200,
    "keep_tokens": 100,
    "keep_recent": 2,
    "summary_tokens": 100,
    "rest_minutes": 1,
    "before_messages": 20,
}
"""Small enough for folds, and large enough for facts and for what was said elsewhere; short talks are soon read too."""

DISCORD_MESSAGES = "/channels/.*/messages"


@dataclass(slots=True)
class Talk:
    """One conversation: where, between whom, whether the bot has to be mentioned, and what was said aside."""

    stage: Stage
    place: str
    people: tuple[str, str]
    mention: bool
    joins: bool
    joined: bool = False
    asides: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Town:
    """Everything around the bot; `latencies` are pairs of the moment of asking and the seconds to the answer."""

    directory: Path
    discord: FakeDiscord
    slack: FakeSlack
    model: FakeModel
    stages: tuple[Stage, Stage]
    ledger: Ledger
    chance: random.Random
    began: float
    talks: list[Talk] = field(default_factory=list)
    latencies: list[tuple[float, float]] = field(default_factory=list)
    waiting: int = 0
    troubles: Counter[str] = field(default_factory=Counter)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return monotonic() - self.began

    async def greet(self) -> None:
        """Let everybody who writes directly be known to the bot, in good weather; and let it be bad from now on.

        A first direct message that is missed cannot be found on Discord, where a bot cannot list those.
        """
        await asyncio.gather(*(self._ask(talk) for talk in self.talks if not talk.mention))
        self.change_weather(BAD)

    async def go_on(self, talk: Talk, pause: float, until: float) -> None:
        """Hold a conversation, with pauses of so many seconds on average, until that moment."""
        while (rest := self.chance.expovariate(1 / pause)) + self.now < until:
            await asyncio.sleep(rest)
            await self._say_something(talk)

    async def _say_something(self, talk: Talk) -> None:
        stage, author = talk.stage, self.chance.choice(talk.people)
        match self.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]:
            case "aside" if talk.joined:
                other = stage.scene.mention(next(person for person in talk.people if person != author))
                talk.asides.append(await self._say(talk, f"{other} by the way", Sort.ASIDE, author, to_bot=False))
            case "edit" if talk.asides:
                await stage.change(talk.asides.pop(), "never mind")
            case "delete" if talk.asides:
                await stage.delete(talk.asides.pop())
            case "command":
                await self._answered(talk, await self._say(talk, "!help", Sort.COMMAND, author, to_bot=False))
            case _:
                await self._ask(talk)

    async def _say(self, talk: Talk, words: str, sort: Sort, author: str, *, to_bot: bool) -> str:
        mark = f"s{next(self.numbers)}"
        await talk.stage.say(mark, words, sort=sort, place=talk.place, author=author, to_bot=to_bot)
        return mark

    async def _ask(self, talk: Talk) -> None:
        mention = talk.mention and not (talk.joined and self.chance.choice((True, False)))
        author = self.chance.choice(talk.people)
        words = self.chance.choice(WORDS).format(city=self.chance.choice(CITIES))
        await self._answered(talk, await self._say(talk, words, Sort.ASK, author, to_bot=mention))
        talk.joined = talk.joins

    async def _answered(self, talk: Talk, mark: str) -> None:
        asked = self.now
        self.waiting += 1
        one = Ledger(said={mark: self.ledger.said[mark]})
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            one.given = [given for given in self.ledger.given[-2000:] if mark in given.marks]
            if not unanswered(one, talk.stage.standing_in(talk.place), sentences=True):
                break
        self.waiting -= 1
        self.latencies.append((asked, self.now - asked))

    def describe(self, mark: str) -> str:
        """Where something was said and under which id; empty for what is no mark."""
        said = self.ledger.said.get(mark)
        return f"({said.sort} in {said.place}, id {said.message_id})" if said else ""

    def trouble(self) -> None:
        """Let one of the far ends have a trouble of its own."""
        name, happen = self.chance.choice(sorted(self._troubles.items()))
        self.troubles[name] += 1
        happen()

    @property
    def _troubles(self) -> dict[str, Callable[[], None]]:
        discord, slack, model = self.discord, self.slack, self.model
        busy = Refuse(429, openai_error("Rate limit reached", "rate_limit_exceeded", "requests"))
        broken = Say(("Half of an ",), ending="drop")
        return {
            "discord 429": lambda: discord.rate_limit_next("*", DISCORD_MESSAGES, 0.5, times=3),
            "discord 429 everywhere": lambda: discord.rate_limit_next("*", ".*", 1.0, everywhere=True),
            "discord 500": lambda: discord.fail_next("*", DISCORD_MESSAGES, 500, times=2),
            "discord 503": lambda: discord.fail_next("POST", DISCORD_MESSAGES, 503, times=2),
            "discord answer lost": lambda: discord.fail_next("POST", DISCORD_MESSAGES, 0, after_effect=True),
            "discord drops": discord.drop_gateway,
            "discord forgets": lambda: discord.drop_gateway(resumable=False),
            "discord moves": discord.ask_reconnect,
            "slack 429": lambda: slack.rate_limit_next("chat.postMessage", times=2),
            "slack 500": lambda: slack.fail_next("chat.update", 500, times=2),
            "slack answer lost": lambda: slack.fail_next("chat.postMessage", 0, after_effect=True),
            "slack refuses": lambda: slack.fail_next("chat.postMessage", "fatal_error"),
            "slack drops": slack.drop_socket,
            "slack refreshes": slack.ask_disconnect,
            "slack address spent": self._spend_address,
            "model 429": lambda: model.script(busy),
            "model 500": lambda: model.script(*[Refuse(500)] * 2),
            "model cut": lambda: model.script(Drop(), broken),
            "model hangs": lambda: model.script(Hang()),
            "model silent": lambda: model.script(Say(("Half of an ",), ending="silence")),
            "model malformed": lambda: model.script(Say(("Half of an ",), ending="malformed")),
            "model empty": lambda: model.script(Say(())),
            "model down": lambda: model.script(*[Refuse(503)] * 8),
        }

    def _spend_address(self) -> None:
        self.slack.expire_next_url()
        self.slack.drop_socket()

    def change_weather(self, weather: Weather) -> None:
        """Let the weather be another one from now on."""
        for stage in self.stages:
            for network in stage.networks:
                network.weather = weather

    @property
    def faults(self) -> Counter[str]:
        """What the networks have done."""
        return sum((network.faults for stage in self.stages for network in stage.networks), Counter())


@asynccontextmanager
async def make_town(directory: Path, conversations: int, seed: int) -> AsyncIterator[Town]:
    """A town with so many conversations yet to begin, and the bot's settings written."""
    async with AsyncExitStack() as open_ones:
        model = await open_ones.enter_async_context(FakeModel())
        discord = await open_ones.enter_async_context(FakeDiscord())
        slack = await open_ones.enter_async_context(FakeSlack())
        slack.pace_posts = True
        on_discord = DiscordStage(DiscordScene(directory, model, discord), Edge())
        on_slack = SlackStage(await SlackScene.make(directory, model, slack), Edge())
        on_slack.ledger = on_discord.ledger
        for stage in (on_discord, on_slack):
            await open_ones.enter_async_context(stage.behind(Weather(), seed))
        chance = random.Random(seed)
        stages = (on_discord, on_slack)
        town = Town(directory, discord, slack, model, stages, on_discord.ledger, chance, monotonic())
        for number in range(conversations):
            town.talks.append(await (begin_on_slack if number % 2 else begin_on_discord)(town, number // 2))
        write_settings(town)
        yield town


async def begin_on_discord(town: Town, number: int) -> Talk:
    """A channel, a thread or direct messages."""
    fake, stage = town.discord, town.stages[0]
    guild = stage.scene.server  # type: ignore[attr-defined]  # it is Discord's
    people = (fake.add_user(f"a{number}", "Ann"), fake.add_user(f"b{number}", "Bob"))
    for person in people:
        fake.add_member(guild, person)
    kind = number % 3
    place = fake.open_dm(people[0]) if kind == 0 else fake.add_channel(guild, f"channel-{number}")
    if kind == 1:
        place = fake.add_thread(place, f"thread-{number}")
    stage.places += (place,)
    return Talk(stage, place, people if kind else (people[0],) * 2, mention=kind > 0, joins=kind == 1)


async def begin_on_slack(town: Town, number: int) -> Talk:
    """A thread in a channel of its own, one in a channel of several, or direct messages."""
    fake, stage = town.slack, town.stages[1]
    people = (fake.add_user(f"a{number}", "Ann"), fake.add_user(f"b{number}", "Bob"))
    kind = number % 3
    if kind == 0:
        place = fake.open_dm(people[0])
    else:
        channel = stage.scene.home.partition("/")[0] if number % 6 == 1 else fake.add_channel(f"channel-{number}")
        for person in people:
            fake.join(channel, person)
        place = f"{channel}/{await fake.say(channel, people[0], 'Let us talk here.')}"
    stage.places += (place,)
    return Talk(stage, place, people if kind else (people[0],) * 2, mention=kind > 0, joins=kind > 0)


def write_settings(town: Town) -> None:
    """Write config.toml and .env for a bot that serves both platforms."""
    on_discord, on_slack = (stage.scene for stage in town.stages)
    on_discord.settings["slack"] = on_slack.settings["slack"]
    on_discord.settings["model"] = {**on_discord.settings["model"], "timeout_seconds": MODEL_SECONDS}
    on_discord.settings["memory"] = MEMORY
    on_discord.settings["limits"] = {"messages_per_minute": 0}
    _, env = on_discord.write_settings()
    with env.open("a", encoding="utf-8") as secrets:
        secrets.writelines(f"{key}={value}\n" for key, value in on_slack.secrets().items())
