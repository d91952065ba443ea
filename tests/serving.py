"""The whole bot in a test: `bot.serve` with real settings files, a real database, and fakes at the far ends alone."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import bot
import config
from tests.fakes.discord import FakeDiscord, Permission
from tests.fakes.model import FakeModel

Table = Mapping[str, str | int | bool | list[str]]


@dataclass
class Scene:
    """A server with two channels, three people (the last one moderates), a model, and the files of one bot."""

    directory: Path
    discord: FakeDiscord
    model: FakeModel
    settings: dict[str, Table] = field(default_factory=dict)

    def __post_init__(self) -> None:
        world = self.discord
        self.server = world.add_guild("Harbour")
        self.channel = world.add_channel(self.server, "general")
        self.other_channel = world.add_channel(self.server, "random")
        self.ann, self.bob, self.mod = (world.add_user(name.lower(), name) for name in ("Ann", "Bob", "Mod"))
        for person in (self.ann, self.bob):
            world.add_member(self.server, person)
        world.add_member(self.server, self.mod, [world.add_role(self.server, "mods", Permission.MANAGE_MESSAGES)])

    @property
    def database(self) -> Path:
        """The bot's database file."""
        return self.directory / "threadkeeper.db"

    def write_settings(self) -> tuple[Path, Path]:
        """Write config.toml and .env for this scene and return their paths."""
        tables: dict[str, dict[str, str | int | bool | list[str]]] = {
            "model": {"base_url": self.model.base_url, "name": "fake"},
            "storage": {"url": f"sqlite:///{self.database}"},
            "discord": {"api_url": self.discord.api_url, "gateway_url": self.discord.gateway_url},
        }
        for name, table in self.settings.items():
            tables.setdefault(name, {}).update(table)
        lines = [
            line
            for name, table in tables.items()
            for line in (f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in table.items()))
        ]
        (self.directory / "config.toml").write_text("\n".join(lines), encoding="utf-8")
        (self.directory / ".env").write_text(f"DISCORD_TOKEN={self.discord.token}\n", encoding="utf-8")
        return self.directory / "config.toml", self.directory / ".env"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """The bot, connected; drained when the block ends."""
        settings = config.load(*self.write_settings(), {})
        before = self.discord.connections.identifies
        stop = asyncio.Event()
        serving = asyncio.create_task(bot.serve(settings, stop, terminal=False))
        try:
            await self.discord.wait_for(lambda: self.discord.connections.identifies > before or serving.done())
            yield
        finally:
            stop.set()
            await serving

    async def ask(self, person: str, text: str, channel: str = "", *, reply_to: str | None = None) -> str:
        """Say something to the bot, with a mention, and return the message's id."""
        where = channel or self.channel
        return await self.discord.say(where, person, f"<@{self.discord.bot_id}> {text}", reply_to=reply_to)

    async def exchange(self, person: str, text: str, answer: str, channel: str = "") -> None:
        """Ask, and wait for an answer that stands alone in its message."""
        times = self.said(channel).count(answer) + 1
        await self.ask(person, text, channel)
        await self.discord.wait_for(lambda: self.said(channel).count(answer) >= times)

    async def heard(self, text: str, channel: str = "", *, times: int = 1) -> None:
        """Wait until so many messages of the bot in a channel hold a text."""
        where = channel or self.channel
        await self.discord.wait_for(lambda: sum(text in said for said in self.said(where)) >= times)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds that the fakes do not see, by looking again and again."""
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.01)

    def said(self, channel: str = "") -> list[str]:
        """What the bot's messages in a channel say now, oldest first."""
        return [message.content for message in self.discord.from_bot(channel or self.channel)]

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Rows of the database, read from beside the bot."""
        with closing(sqlite3.connect(self.database)) as db:
            return db.execute(sql).fetchall()


def _toml(value: str | int | bool | list[str]) -> str:
    return json.dumps(value, ensure_ascii=False)
