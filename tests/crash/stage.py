"""What happens around a bot that may die: people talk, a model answers, and all of it is recorded."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

from tests.crash.edge import Edge
from tests.crash.ledger import Kept, Ledger, Said, Sort, Standing
from tests.crash.nursery import Fatal, Life, Nursery, never
from tests.fakes.discord import FakeDiscord
from tests.fakes.model import Behaviour, ModelRequest, Say
from tests.fakes.proxy import Proxy, Weather
from tests.fakes.slack import FakeSlack
from tests.scenes import Scene

LONG_PIECES, LONG_PACE = 13, 0.2
"""A long answer takes 2.6 s: time for two edits on Discord, one a second, and on Slack, one every 1.2 s."""

PIECES, PACE = 2, 0.06
"""Any other one stands there begun before the model has ended it."""

WORDS = "the keeper winds a long thread of talk around small wooden spools and never lets go"
FOLD, FOLDED = "You keep the rolling summary", "They talked, and agreed on most of it."
READING = "Below stand the turns of a conversation"
STATED = re.compile(r"\bmy (city) is (\w+)")
"""What people state about themselves, of which folds and readings make facts: the slot and the value."""

NOTES = re.compile(r"<notes>.*?</notes>\n", re.DOTALL)
"""What stands before the newest message of a prompt and was said elsewhere."""


class Stage(ABC):
    """A scene with a ledger; `life` is the bot that plays in it now, if any does.

    Answers to the marks in `long` take two messages. Those to marks in `held` go on after their first words when the
    event is set, and those to marks in `broken` come to their last line, and no further. Requests with a name in
    `stuck` get no answer from the platform, and have no effect.
    """

    long_lines: int
    """Lines of a long answer, so that it takes two messages."""

    is_event: Callable[[str], bool]
    """Which messages of the platform's websocket tell of what people do."""

    def __init__(self, scene: Scene, edge: Edge, fake: FakeDiscord | FakeSlack) -> None:
        self.scene = scene
        self.ledger = Ledger()
        self.long: set[str] = set()
        self.held: dict[str, asyncio.Event] = {}
        self.broken: set[str] = set()
        self.stuck = edge.stuck
        self.places: tuple[str, ...] = ()
        self.networks: tuple[Proxy, ...] = ()
        self._edge = edge
        self._fake = fake
        scene.model.respond = self._respond
        scene.settings["memory"] = {"max_tokens": 640, "keep_tokens": 100, "keep_recent": 2, "summary_tokens": 100}

    # -- the bot

    @property
    def log(self) -> Path:
        """The bot's log."""
        return self.scene.directory / "log"

    @property
    def life(self) -> Life | None:
        """The bot that was born last."""
        return self._edge.life

    async def bear(self, nursery: Nursery, fatal: Fatal = never) -> Life:
        """Start the bot; `fatal` says at which boundary it dies."""
        config, env = self.scene.write_settings()
        self._edge.life = await nursery.bear(["--config", str(config), "--env", str(env)], self.log, fatal)
        return self._edge.life

    def was_ready(self) -> bool:
        """Whether it has ever said that it receives events."""
        return self.log.exists() and f"ready platform={self.scene.name}" in self.log.read_text(encoding="utf-8")

    @asynccontextmanager
    async def behind(self, weather: Weather, seed: int) -> AsyncIterator[None]:
        """Put a network between the bot and both far ends; the model's is the better half of it.

        A model that cannot be reached three times in a row is given up with a sentence, which here would be a fault.
        """
        scene = self.scene
        better = replace(weather, lost=weather.lost / 2, unanswered=weather.unanswered / 2)
        async with (
            Proxy(self._fake.address, weather, seed=seed, is_event=self.is_event) as platform,
            Proxy(scene.model.address, better, seed=seed) as model,
        ):
            addresses = {key: str(url) for key, url in scene.platform_settings().items()}
            addresses = {key: url.replace(self._fake.address, platform.address) for key, url in addresses.items()}
            scene.settings[scene.name] = addresses
            # Whom the platform cannot be asked about is no admin.
            scene.settings["bot"] = {"admins": [f"{scene.name}:{scene.mod}"]}
            scene.settings["model"] = {"base_url": scene.model.base_url.replace(scene.model.address, model.address)}
            self.networks = (platform, model)
            yield

    async def until(self, condition: Callable[[], bool], seconds: float = 45.0) -> None:
        """Wait until something holds of what stands on the platform.

        Raises: TimeoutError.
        """
        await self._fake.wait_for(condition, seconds)

    async def quiet(self, seconds: float) -> None:
        """Wait until the bot has asked the platform for nothing so long."""
        asked = -1
        while asked != len(self._fake.asked()):
            asked = len(self._fake.asked())
            await asyncio.sleep(seconds)

    # -- what people do, with the record of it

    async def say(
        self, mark: str, words: str, *, sort: Sort = Sort.ASK, place: str = "", author: str = "", to_bot: bool = True
    ) -> Said:
        """Say something as Ann or somebody else, at home or elsewhere; an ask has its mark in it, and a command not."""
        place, author = place or self.places[0], author or self.scene.ann
        text = words if sort is Sort.COMMAND else f"{words} q-{mark}"
        message_id = await self.scene.say(author, text, place, to_bot=to_bot)
        said = Said(mark, place, author, sort, message_id)
        self.ledger.note(said)
        return said

    @abstractmethod
    async def say_first(self, mark: str, words: str) -> None:
        """Speak to the bot, as Bob, where nobody has spoken to it before."""

    async def change(self, mark: str, words: str) -> None:
        """Edit a message: `words` take the place of all but the mark."""
        self.ledger.edited[mark] = words
        await self._edit(self.ledger.said[mark], f"{self.scene.mention(self.scene.ann)} {words} q-{mark}")

    async def delete(self, mark: str) -> None:
        """Delete a message."""
        said = self.ledger.said[mark]
        self.ledger.gone.add(mark)
        await self._delete(said.place, said.message_id)

    async def take_away(self, message: Standing) -> None:
        """Delete a message of the bot."""
        self.ledger.taken.add(message.message_id)
        await self._delete(message.place, message.message_id)

    @abstractmethod
    def refuse_edits(self) -> None:
        """Let the platform refuse every edit from now on, and for good."""

    @abstractmethod
    async def _edit(self, said: Said, text: str) -> None: ...

    @abstractmethod
    async def _delete(self, place: str, message_id: str) -> None: ...

    @abstractmethod
    async def absence(self) -> None:
        """Let so much time pass while the bot is away that the platform forgets what it keeps for some minutes."""

    # -- what is to be seen

    @abstractmethod
    def standing_in(self, place: str) -> list[Standing]:
        """The bot's messages in a place, oldest first."""

    def standing(self) -> list[Standing]:
        """The bot's messages, place by place, oldest first."""
        return [message for place in self.places for message in self.standing_in(place)]

    def received(self, mark: str) -> bool:
        """Whether the bot has a message on disk; read without touching the file, as far as that goes."""
        said = self.ledger.said[mark]
        try:
            with closing(sqlite3.connect(f"file:{self.scene.database}?mode=ro", uri=True)) as db:
                found = db.execute("SELECT 1 FROM inbox WHERE message_id = ?", (said.message_id,)).fetchone()
        except sqlite3.Error:  # not made yet, or left as it was when the bot died
            return False
        return found is not None

    def kept(self) -> Kept:
        """What the database holds; to be read when the bot has ended."""
        marks = {said.message_id: said.mark for said in self.ledger.said.values()}
        with closing(sqlite3.connect(self.scene.database)) as db:
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'inbox'").fetchone():
                return Kept((), ("there is no inbox",), frozenset(), "ok")
            rows = db.execute("SELECT message_id, state FROM inbox WHERE state = 'waiting' OR unsaid").fetchall()
            turns = db.execute("SELECT role, message_id, text FROM turns ORDER BY id").fetchall()
            posts = frozenset(row[0] for row in db.execute("SELECT message_id FROM posts"))
            (integrity,) = db.execute("PRAGMA integrity_check").fetchone()
        unsettled = tuple(f"{marks.get(message_id, message_id)} {state}" for message_id, state in rows)
        return Kept(tuple(turns), unsettled, posts, integrity)

    # -- the model

    def _respond(self, request: ModelRequest) -> Behaviour | str:
        """Answer what was said since the last answer, in lines of the ledger's; a fold, with what was stated."""
        if FOLD in request.text or READING in request.text:
            return fold(request.text) if "Answer with JSON" in request.text else FOLDED
        newest = takewhile(lambda message: message.role == "user", reversed(request.messages))
        marks = self.ledger.answers([NOTES.sub("", message.content) for message in newest][::-1])
        is_long = not self.long.isdisjoint(marks)
        given = self.ledger.give(marks, [WORDS] * (self.long_lines if is_long else 2))
        if not self.broken.isdisjoint(marks):
            # The bot holds back what came last until more comes, so one piece alone would not be seen.
            return Say((given.text.rpartition("\n")[0], "\n"), ending="silence")
        gate = next((self.held[mark] for mark in marks if mark in self.held), None)
        size = -(-len(given.text) // (LONG_PIECES if is_long else PIECES))
        pieces = tuple(given.text[at : at + size] for at in range(0, len(given.text), size))
        left = len(pieces)

        def told() -> None:
            nonlocal left
            left -= 1
            given.full = left == 0
            self._edge.passes("model:piece")

        return Say(pieces, pace=LONG_PACE if is_long else PACE, gate=gate, told=told)


def fold(prompt: str) -> str:
    """The summary of what stands in a prompt, alike each time, and what people there state about themselves."""
    stated = dict.fromkeys((found[0], *found.groups()) for found in STATED.finditer(prompt))
    facts = [{"name": "", "slot": slot, "value": value, "quote": quote} for quote, slot, value in stated]
    return json.dumps({"summary": FOLDED, "facts": facts})
