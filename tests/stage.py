"""A core at work between a platform and a model that do as they are told, on a real database that outlives it."""

from __future__ import annotations

import asyncio
import re
import resource
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from memory import ports
from memory.core import Core
from memory.ports import Store
from memory.types import Conversation, CoreSettings, Inbound, Person, Place, TurnDone, Visibility, Window
from storage import open_store
from tests.players import Model, Platform

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SETTINGS = CoreSettings(model="model", offline=False, messages_per_minute=0)
EVERYTHING = Window(tokens=10**9, turns=10**6, turn_tokens=10**6, summary=False)
PATIENCE = 10.0
"""Seconds that a test waits at most for what has to happen."""


class Stage:
    """A core, what it runs on, and the time; `stop` and `kill` end its process, `start` begins the next one."""

    core: Core
    store: Store

    def __init__(
        self, directory: Path, settings: CoreSettings, hold_seconds: float, model: ports.Model | None = None
    ) -> None:
        self.platform = Platform()
        self.model = Model()
        self._answering: ports.Model = model or self.model
        self.now = START
        self.pauses: list[float] = []
        self.turns: list[TurnDone] = []
        self.resting: asyncio.Event | None = None
        """Holds the bot back in the pauses between its tries, which are not waited for else."""
        self.path = directory / "core-0.db"
        self._settings = settings
        self._hold_seconds = hold_seconds
        self._running = False
        self._lives = 0

    async def start(self, *, missed: bool = False, connect: bool = True) -> None:
        """Begin a process on what the last one left, and connect it."""
        self.store = await open_store(f"sqlite:///{self.path}", lambda: self.now)
        self.core = Core(
            self._settings,
            self.store,
            self._answering,
            len,
            lambda: self.now,
            [self.turns.append],
            self._sleep,
            self._hold_seconds,
        )
        self.core.attach(self.platform)
        await self.core.start()
        self._running = True
        if connect:
            await self.core.connected("stage", missed=missed)

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await (self.resting.wait() if self.resting is not None else asyncio.sleep(0))

    async def stop(self, seconds: float = 5) -> None:
        """End the process in peace, if it runs."""
        if self._running:
            self._running = False
            await self.core.drain(seconds)
            await self.store.close()

    async def kill(self) -> None:
        """End the process as a kill would: what is in its files stays, whatever it does now reaches nobody."""
        self.platform.unplug()
        dead, self._lives = self.path, self._lives + 1
        self.path = dead.with_name(f"core-{self._lives}.db")
        for suffix in ("", "-wal"):
            shutil.copy(f"{dead}{suffix}", f"{self.path}{suffix}")
        await self.stop(0)

    async def serve_and_stop(self) -> None:
        """End the process, now that it knows until when it has heard everything."""
        await self.wait_for(lambda: bool(self.rows("SELECT * FROM heartbeats")))
        await self.stop()

    async def die_and_start(self, *, missed: bool = False) -> None:
        """Kill the process and begin the next one."""
        await self.kill()
        await self.start(missed=missed)

    async def connect_again(self) -> None:
        """Have the platform connected again a second later, by a connection that missed nothing, and all taken up."""
        self.now += timedelta(seconds=1)
        beat = (self.now - EPOCH) // timedelta(microseconds=1)
        async with asyncio.timeout(PATIENCE):
            while self.rows("SELECT alive_at FROM heartbeats") != [(beat,)]:
                await self.core.connected("stage", missed=False)  # while an earlier one is taken up, this is part of it
                await asyncio.sleep(0.01)

    # -- what people do

    def write(
        self,
        number: float,
        text: str,
        *,
        author: str = "ann",
        channel: str = "channel",
        thread: str = "",
        addressed: bool = True,
        mentions: Sequence[str] = (),
    ) -> Inbound:
        """Have somebody write a message, so many seconds after the start, that the bot does not hear of."""
        place = Place("stage", "@me" if channel.startswith("dm") else "space", channel, thread)
        message = Inbound(
            place,
            f"m{number}",
            author,
            author.title(),
            text,
            START + timedelta(seconds=number),
            addressed,
            Visibility.DIRECT if channel.startswith("dm") else Visibility.PUBLIC,
            mentions=tuple(Person(user, user.title()) for user in mentions),
        )
        return self.platform.written.setdefault((place, message.message_id), message)

    async def hear(
        self,
        number: float,
        text: str,
        *,
        author: str = "ann",
        channel: str = "channel",
        thread: str = "",
        addressed: bool = True,
        mentions: Sequence[str] = (),
    ) -> bool:
        """Have somebody write a message that the bot hears at once."""
        return await self.core.accept(
            self.write(
                number,
                text,
                author=author,
                channel=channel,
                thread=thread,
                addressed=addressed,
                mentions=mentions,
            )
        )

    def rewrite(self, message: Inbound, text: str) -> Inbound:
        """Have a message edited, which the bot does not hear of."""
        edited = replace(message, text=text, edited_at=self.now)
        self.platform.written[message.place, message.message_id] = edited
        return edited

    def remove(self, message: Inbound) -> None:
        """Have a message deleted, which the bot does not hear of."""
        del self.platform.written[message.place, message.message_id]

    # -- what there is to see

    @property
    def said(self) -> list[str]:
        """The messages to which a reply was said in full, in that order."""
        return [message for message, _ in self.platform.said]

    async def until(self, said: int) -> None:
        """Wait until so many replies have been said."""
        await self.wait_for(lambda: len(self.platform.said) >= said)

    async def until_asked(self, requests: int) -> None:
        """Wait until the model has been asked for so many answers."""
        await self.wait_for(lambda: len(self.model.prompts) == requests)

    async def until_folding(self, requests: int) -> None:
        """Wait until the model has been asked for so many summaries."""
        await self.wait_for(lambda: len(self.model.folds) == requests)

    async def until_held(self, *message_ids: str) -> None:
        """Wait until the replies to these messages, and no others, have come to their last send, which is held back."""
        await self.wait_for(lambda: self.platform.held == list(message_ids))

    async def until_noted(self) -> None:
        """Wait until the bot has on disk where all of its messages stand."""
        await self.wait_for(
            lambda: {id_ for (id_,) in self.rows("SELECT message_id FROM posts")} >= set(self.platform.posts)
        )

    async def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds, by looking again and again."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await asyncio.sleep(0.001)

    async def until_recorded(self, *texts: str, channel: str = "channel", thread: str = "") -> None:
        """Wait until these are the turns of a conversation."""
        async with asyncio.timeout(PATIENCE):
            while await self.transcript(channel, thread) != list(texts):
                await asyncio.sleep(0.001)

    async def transcript(self, channel: str = "channel", thread: str = "") -> list[str]:
        """The texts of a conversation's turns."""
        conversation = Conversation("stage", "@me" if channel.startswith("dm") else "space", channel, thread)
        return [turn.text for turn in (await self.store.load(conversation, EVERYTHING)).turns]

    def rows(self, sql: str, *values: str) -> list[tuple[object, ...]]:
        """Rows of the database, read from beside the bot."""
        with closing(sqlite3.connect(self.path)) as db:
            return db.execute(sql, values).fetchall()

    def execute(self, sql: str) -> None:
        """Change the database from beside the bot, as a fault might."""
        with closing(sqlite3.connect(self.path)) as db, db:
            db.execute(sql)

    def asked(self, number: int = -1) -> list[str]:
        """What a request held of the conversation, without the notes."""
        said = [message.content for message in self.model.prompts[number].messages[1:]]
        return [re.sub(r"<notes>.*?</notes>\n", "", text, flags=re.DOTALL) for text in said]


@asynccontextmanager
async def stage(
    directory: Path,
    settings: CoreSettings = SETTINGS,
    *,
    missed: bool = False,
    hold_seconds: float = 30,
    model: ports.Model | None = None,
) -> AsyncIterator[Stage]:
    """A core at work, stopped in peace when the block ends; `model` answers instead of the stage's own."""
    on = Stage(directory, settings, hold_seconds, model)
    await on.start(missed=missed)
    try:
        yield on
    finally:
        await on.stop()


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process takes another byte: every write fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
