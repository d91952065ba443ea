"""Nobody hears what he could not read: a model that repeats its whole prompt, and a canary in every kind of place.

Every request to the model and everything that the bot says is searched for words that were said where its readers could
not read them, or cannot any more.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from memory.types import Access, Answer, Channel, Delta, Inbound, Place, Prompt, Schema, Usage, Visibility
from tests.stage import SETTINGS, START, Stage, stage

CANARY = re.compile(r"\bzorb[a-w]+x\b")  # one whose end is cut off is none
QUESTION = "What is the launch word, the launch code word that was agreed on, and who said it?"
PUBLIC, PRIVATE, DIRECT = (Access(visibility) for visibility in Visibility)


@dataclass(frozen=True)
class Spot:
    """A place with who can read it, and the canary that is said there."""

    name: str
    place: Place
    access: Access = PUBLIC
    guest: bool = False
    space: str = "server"

    @property
    def canary(self) -> str:
        return f"zorb{self.name}x"


def spot(name: str, channel: str, thread: str = "", access: Access = PUBLIC, space: str = "server") -> Spot:
    """A place of the stage's platform."""
    return Spot(name, Place("stage", space, channel, thread), access)


GENERAL = spot("general", "general")
RANDOM = spot("random", "random")
THREAD = spot("thread", "general", "a-thread")
BOARD = spot("board", "board", access=PRIVATE)
BOARD_THREAD = spot("boardthread", "board", "b-thread", PRIVATE)
CIRCLE = spot("circle", "general", "circle", replace(PRIVATE, enclosed=True))
NIGHT = spot("night", "night", access=replace(PUBLIC, restricted=True))
ANNS = spot("anns", "dm-ann", access=DIRECT)
BOBS = spot("bobs", "dm-bob", access=DIRECT)
PARTNERS = spot("partners", "partners", access=replace(PUBLIC, shared=True))
ELSEWHERE = spot("elsewhere", "general", space="other")
HIDDEN_ELSEWHERE = spot("hiddenthere", "board", access=PRIVATE, space="other")
WORLD = (
    GENERAL,
    RANDOM,
    THREAD,
    BOARD,
    BOARD_THREAD,
    CIRCLE,
    NIGHT,
    ANNS,
    BOBS,
    PARTNERS,
    ELSEWHERE,
    HIDDEN_ELSEWHERE,
)
OPEN = {GENERAL, RANDOM, THREAD, PARTNERS}
MAY_HEAR = {
    GENERAL: OPEN,
    RANDOM: OPEN,
    THREAD: OPEN,
    BOARD: OPEN | {BOARD, BOARD_THREAD},
    BOARD_THREAD: OPEN | {BOARD, BOARD_THREAD},
    CIRCLE: OPEN | {CIRCLE},
    NIGHT: OPEN | {NIGHT},
    ANNS: OPEN | {ANNS},
    BOBS: OPEN | {BOBS},
    PARTNERS: {PARTNERS},
    ELSEWHERE: {ELSEWHERE},
    HIDDEN_ELSEWHERE: {ELSEWHERE, HIDDEN_ELSEWHERE},
}
"""Of whom a reply in each place may hold words: the rules of `memory/scope.py`, spelled out."""


@dataclass
class Parrot:
    """Repeats its whole prompt; where it is to fold, it gives back all that was said, and every sentence as a fact."""

    prompts: list[Prompt] = field(default_factory=list)
    folds: list[Prompt] = field(default_factory=list)

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        self.prompts.append(prompt)
        yield Delta("\n".join(message.content for message in prompt.messages))
        yield Delta(usage=Usage("model", prompt.tokens, 0, 3, 0.1, prompt.tokens))

    async def complete(self, prompt: Prompt, max_tokens: int, schema: Schema | None = None) -> Answer:
        del max_tokens
        self.folds.append(prompt)
        words = " ".join(sorted({word for message in prompt.messages for word in CANARY.findall(message.content)}))
        facts = [
            {"name": "", "slot": "launch word", "value": word, "quote": f"My launch word is {word}"}
            for word in words.split()
        ]
        text = json.dumps({"summary": words, "facts": facts}) if schema else words
        return Answer(text, Usage("model", prompt.tokens, 0, 3, 0.1, prompt.tokens))


class Town:
    """People who say things in the places of a world, one after the other, and the prompts that come of it."""

    def __init__(self, on: Stage, model: Parrot) -> None:
        self._on = on
        self._model = model
        self._number = 0

    async def say(self, where: Spot, text: str, author: str = "ann", *, guest: bool = False) -> str:
        """Say something to the bot in a place, and return all that it answers with all that it was asked."""
        self._number += 1
        asked, said = len(self._model.prompts), len(self._on.platform.said)
        place, access = where.place, where.access
        self._on.now = START + timedelta(seconds=self._number)
        inbound = Inbound(
            place,
            f"m{self._number}",
            author,
            author.title(),
            text,
            self._on.now,
            addressed=True,
            visibility=access.visibility,
            enclosed=access.enclosed,
            restricted=access.restricted,
            shared=access.shared,
            guest=guest,
            channel_name=place.channel,
        )
        await self._on.core.accept(inbound)
        await self._on.until(said + 1)
        prompts = self._model.prompts[asked:]
        bodies = [message.content for prompt in prompts for message in prompt.messages]
        return "\n".join([*bodies, self._on.platform.said[said][1]])

    async def plant(self, world: Sequence[Spot]) -> None:
        """Have the canary of each place said there by several people."""
        for where in world:
            for author in ("ann", "bob"):
                await self.say(
                    where, f"My launch word is {where.canary}, the launch code word that we agreed on", author
                )

    async def ask(self, where: Spot, author: str = "ann", *, guest: bool = False) -> set[str]:
        """Ask for every canary, and return those that come."""
        return set(CANARY.findall(await self.say(where, QUESTION, author, guest=guest)))

    async def channel(self, where: Spot, *, is_open: bool) -> None:
        """Have the platform say who can read a channel now."""
        place = where.place
        await self._on.core.channels([Channel(place.platform, place.space, place.channel, place.channel, is_open)])


@pytest.fixture
async def town(tmp_path: Path) -> AsyncGenerator[Town, None]:
    """A bot with a parrot for a model, and a memory that recalls plenty."""
    model = Parrot()
    settings = replace(SETTINGS, max_tokens=60_000, recall_tokens=5_000, keep_tokens=20_000)
    async with stage(tmp_path, settings, model=model) as on:
        yield Town(on, model)


def canaries(spots: set[Spot]) -> set[str]:
    return {each.canary for each in spots}


def both(where: Sequence[Spot]) -> Iterator[tuple[Spot, str]]:
    return ((each, author) for each in where for author in ("ann", "bob", "cy"))


async def test_nobody_hears_what_he_could_not_read(town: Town) -> None:
    await town.plant(WORLD)
    for where, author in both(WORLD):
        assert await town.ask(where, author) <= canaries(MAY_HEAR[where]), (where.name, author)


async def test_what_was_said_in_public_is_remembered_in_the_next_channel(town: Town) -> None:
    await town.plant([GENERAL])
    assert await town.ask(RANDOM) == {GENERAL.canary}
    assert await town.ask(BOARD) == {GENERAL.canary}
    assert await town.ask(ANNS) == {GENERAL.canary}


async def test_what_was_said_in_a_private_channel_is_remembered_in_its_threads(town: Town) -> None:
    await town.plant([BOARD])
    assert await town.ask(BOARD_THREAD) == {BOARD.canary}
    assert await town.ask(GENERAL) == set()


async def test_a_channel_that_is_closed_later_is_not_quoted_any_more(town: Town) -> None:
    await town.plant([GENERAL])
    assert await town.ask(RANDOM) == {GENERAL.canary}
    await town.channel(GENERAL, is_open=False)
    fresh = spot("fresh", "fresh")
    assert GENERAL.canary not in await town.ask(fresh)
    closed = replace(GENERAL, access=PRIVATE)
    assert GENERAL.canary in await town.ask(closed)


async def test_a_channel_that_is_opened_later_gives_nothing_away_of_before(town: Town) -> None:
    await town.plant([BOARD])
    await town.channel(BOARD, is_open=True)
    assert await town.ask(RANDOM) == set()
    opened = spot("opened", "board", "a-new-thread")
    await town.plant([opened])
    assert await town.ask(RANDOM) == {opened.canary}


async def test_a_guest_hears_his_channel_alone(town: Town) -> None:
    await town.plant([GENERAL, RANDOM])
    assert await town.ask(spot("new", "new"), "gus", guest=True) == set()
    assert await town.ask(GENERAL, "gus", guest=True) == {GENERAL.canary}


async def test_with_the_reach_of_a_channel_nothing_leaves_it(tmp_path: Path) -> None:
    model = Parrot()
    settings = replace(SETTINGS, max_tokens=60_000, recall_tokens=5_000, keep_tokens=20_000, reach="channel")
    async with stage(tmp_path, settings, model=model) as on:
        town = Town(on, model)
        await town.plant([GENERAL, RANDOM])
        assert await town.ask(spot("new", "new")) == set()
        assert await town.ask(THREAD) == {GENERAL.canary}


async def test_commands_give_nothing_away(town: Town) -> None:
    await town.plant(WORLD)
    for where in WORLD:
        await town.say(where, f"!remember my {where.name} word is {where.canary}")
    assert GENERAL.canary in await town.say(RANDOM, "!memory")
    for where, author in both(WORLD):
        for command in ("!memory", "!memory all", "!summary", "!usage", "!help", "!remember", "!memory 1 = x"):
            heard = set(CANARY.findall(await town.say(where, command, author)))
            assert heard <= canaries(MAY_HEAR[where]), (where.name, author, command)
            if author == "cy":
                assert not heard or command == "!summary", (where.name, command)


async def test_summaries_and_facts_give_nothing_away(tmp_path: Path) -> None:
    """A memory so small that it is folded again and again, with every sentence kept as a fact."""
    model = Parrot()
    async with stage(tmp_path, replace(SETTINGS, max_tokens=6_000, keep_tokens=600), model=model) as on:
        town = Town(on, model)
        for _ in range(3):
            await town.plant(WORLD)
        assert model.folds
        assert len({row[0] for row in on.rows("SELECT value FROM facts")}) == len(WORLD)
        for where, author in both(WORLD):
            assert await town.ask(where, author) <= canaries(MAY_HEAR[where]), (where.name, author)
