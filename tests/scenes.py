"""The whole bot in a test, on either platform: `bot.serve` with real settings files and a real database.

A scene is a few people, the places where they talk, a model, and one bot's files. What people do and what they read is
the same on both platforms, so a whole conversation is written once.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path

import bot
import config
import parts
from adapters.slack import Slack
from adapters.slack.manifest import EVENTS
from memory.ports import Platform
from tests.fakes.discord import FakeDiscord, Permission
from tests.fakes.model import FakeModel
from tests.fakes.slack import BOT_SCOPES, FakeMessage, FakeSlack

Table = Mapping[str, str | int | bool | list[str]]


class Scene(ABC):
    """People, the bot among them, and places; `mod` moderates. `home` and `other` have conversations of their own."""

    ann: str
    bob: str
    mod: str
    bot: str
    home: str
    other: str

    def __init__(self, directory: Path, model: FakeModel) -> None:
        self.directory = directory
        self.model = model
        self.settings: dict[str, Table] = {}

    # -- what differs between platforms

    @abstractmethod
    def platform_settings(self) -> Table:
        """The settings of the platform's own table of config.toml."""

    @abstractmethod
    def secrets(self) -> Mapping[str, str]:
        """The lines of `.env`."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The platform's name."""

    @property
    @abstractmethod
    def connections(self) -> int:
        """How many connections the bot has opened."""

    @abstractmethod
    async def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds of what stands on the platform."""

    @abstractmethod
    async def say(self, person: str, text: str, place: str = "", *, to_bot: bool = False) -> str:
        """Write a message at home or elsewhere, with a mention of the bot or without; return its id."""

    @abstractmethod
    async def edit(self, message: str, text: str, place: str = "") -> None:
        """Give a message another text, whoever wrote it."""

    @abstractmethod
    async def delete(self, message: str, place: str = "") -> None:
        """Take a message away, whoever wrote it."""

    @abstractmethod
    def remove(self, channel: str) -> None:
        """Delete a channel, with all that was said there."""

    @abstractmethod
    def answers(self, place: str = "") -> list[str]:
        """The ids of the bot's messages, oldest first."""

    @abstractmethod
    def said(self, place: str = "") -> list[str]:
        """What the bot's messages say now, oldest first."""

    @abstractmethod
    async def thread(self) -> str:
        """A new thread, in which the bot has not spoken."""

    @abstractmethod
    def direct(self, person: str) -> str:
        """The direct messages of a person and the bot."""

    # -- what does not

    @property
    def database(self) -> Path:
        """The bot's database file."""
        return self.directory / "threadkeeper.db"

    @staticmethod
    def mention(person: str) -> str:
        """A mention of somebody, as both platforms write it."""
        return f"<@{person}>"

    def write_settings(self) -> tuple[Path, Path]:
        """Write config.toml and .env for this scene and return their paths."""
        tables: dict[str, dict[str, str | int | bool | list[str]]] = {
            "model": {"base_url": self.model.base_url, "name": "fake"},
            "storage": {"url": f"sqlite:///{self.database}"},
            "limits": {"messages_per_minute": 0},  # people in tests talk fast
            "memory": {"before_messages": 0},  # each test says what was heard
            self.name: dict(self.platform_settings()),
        }
        for name, table in self.settings.items():
            tables.setdefault(name, {}).update(table)
        lines = [
            line
            for name, table in tables.items()
            for line in (f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items()))
        ]
        (self.directory / "config.toml").write_text("\n".join(lines), encoding="utf-8")
        secrets = "".join(f"{key}={value}\n" for key, value in self.secrets().items())
        (self.directory / ".env").write_text(secrets, encoding="utf-8")
        return self.directory / "config.toml", self.directory / ".env"

    def platforms(self, settings: config.Settings) -> list[Platform]:
        """The platforms that are served."""
        return parts.make_platforms(settings)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """The bot, connected; drained when the block ends."""
        settings = config.load(*self.write_settings(), {})
        before = self.connections
        stop = asyncio.Event()
        serving = asyncio.create_task(bot.serve(settings, stop, self.platforms(settings)))
        try:
            await self.wait_for(lambda: self.connections > before or serving.done())
            yield
        finally:
            stop.set()
            await serving

    async def ask(self, person: str, text: str, place: str = "") -> str:
        """Say something to the bot, with a mention, and return the message's id."""
        return await self.say(person, text, place, to_bot=True)

    async def exchange(self, person: str, text: str, answer: str, place: str = "") -> None:
        """Ask, and wait for an answer that stands alone in its message."""
        times = self.said(place).count(answer) + 1
        await self.ask(person, text, place)
        await self.wait_for(lambda: self.said(place).count(answer) >= times)

    async def heard(self, text: str, place: str = "", *, times: int = 1) -> None:
        """Wait until so many messages of the bot in a place hold a text."""
        await self.wait_for(lambda: sum(text in said for said in self.said(place)) >= times)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds that the fakes do not see, by looking again and again."""
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.01)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Rows of the database, read from beside the bot."""
        with closing(sqlite3.connect(self.database)) as db:
            return db.execute(sql).fetchall()


class DiscordScene(Scene):
    """A server with two channels; a place is a channel's id."""

    name = "discord"

    def __init__(self, directory: Path, model: FakeModel, discord: FakeDiscord) -> None:
        super().__init__(directory, model)
        self.discord = discord
        self.server = discord.add_guild("Harbour")
        self.home = discord.add_channel(self.server, "general")
        self.other = discord.add_channel(self.server, "random")
        self.ann, self.bob, self.mod = (discord.add_user(name.lower(), name) for name in ("Ann", "Bob", "Mod"))
        self.bot = discord.bot_id
        for person in (self.ann, self.bob):
            discord.add_member(self.server, person)
        discord.add_member(self.server, self.mod, [discord.add_role(self.server, "mods", Permission.MANAGE_MESSAGES)])

    def platform_settings(self) -> Table:
        """See `Scene`."""
        return {"api_url": self.discord.api_url, "gateway_url": self.discord.gateway_url}

    def secrets(self) -> Mapping[str, str]:
        """See `Scene`."""
        return {"DISCORD_TOKEN": self.discord.token}

    @property
    def connections(self) -> int:
        """See `Scene`."""
        return self.discord.connections.identifies

    async def wait_for(self, condition: Callable[[], bool]) -> None:
        """See `Scene`."""
        await self.discord.wait_for(condition, timeout=10)

    async def say(
        self, person: str, text: str, place: str = "", *, to_bot: bool = False, reply_to: str | None = None
    ) -> str:
        """See `Scene`; on Discord a message can answer another one."""
        words = f"{self.mention(self.discord.bot_id)} {text}" if to_bot else text
        return await self.discord.say(place or self.home, person, words, reply_to=reply_to)

    async def edit(self, message: str, text: str, place: str = "") -> None:
        """See `Scene`."""
        del place
        await self.discord.edit(message, text)

    async def delete(self, message: str, place: str = "") -> None:
        """See `Scene`."""
        del place
        await self.discord.delete(message)

    def remove(self, channel: str) -> None:
        """See `Scene`."""
        self.discord.delete_channel(channel)

    def answers(self, place: str = "") -> list[str]:
        """See `Scene`."""
        return [message.id for message in self.discord.from_bot(place or self.home)]

    def said(self, place: str = "") -> list[str]:
        """See `Scene`."""
        return [message.content for message in self.discord.from_bot(place or self.home)]

    async def thread(self) -> str:
        """See `Scene`; it lies under `home`."""
        return self.discord.add_thread(self.home, "plans")

    def direct(self, person: str) -> str:
        """See `Scene`."""
        return self.discord.open_dm(person)


class SlackScene(Scene):
    """A workspace with two channels; a place is a channel's id, and the `ts` of a thread behind a slash.

    People talk in threads: on Slack a mention in a channel opens one, so a channel itself holds no conversation.
    """

    name = "slack"

    def __init__(self, directory: Path, model: FakeModel, slack: FakeSlack) -> None:
        super().__init__(directory, model)
        self.slack = slack
        slack.app.events.update(EVENTS)
        slack.app.scopes.update(BOT_SCOPES)
        self.ann, self.bob = slack.add_user("ann", "Ann"), slack.add_user("bob", "Bob")
        self.mod = slack.add_user("mod", "Mod", admin=True)
        self.bot = slack.bot_user_id
        people = (self.ann, self.bob, self.mod)
        self.channel = slack.add_channel("general", members=people)
        self.other_channel = slack.add_channel("random", members=people)

    @classmethod
    async def make(cls, directory: Path, model: FakeModel, slack: FakeSlack) -> SlackScene:
        """A scene whose threads have begun, before the bot was there."""
        scene = cls(directory, model, slack)
        scene.home = await scene._open(scene.channel)
        scene.other = await scene._open(scene.other_channel)
        return scene

    async def _open(self, channel: str) -> str:
        return f"{channel}/{await self.slack.say(channel, self.bob, 'Let us talk here.')}"

    def platform_settings(self) -> Table:
        """See `Scene`."""
        return {"api_url": self.slack.api_url}

    def secrets(self) -> Mapping[str, str]:
        """See `Scene`."""
        return {"SLACK_BOT_TOKEN": self.slack.bot_token, "SLACK_APP_TOKEN": self.slack.app_token}

    def platforms(self, settings: config.Settings) -> list[Platform]:
        """See `Scene`; the bot paces its posts where Slack does."""
        platforms = super().platforms(settings)
        for platform in platforms:
            if isinstance(platform, Slack) and not self.slack.pace_posts:
                platform.post_seconds = 0.0
        return platforms

    @property
    def connections(self) -> int:
        """See `Scene`."""
        return self.slack.connections.opened

    async def wait_for(self, condition: Callable[[], bool]) -> None:
        """See `Scene`."""
        await self.slack.wait_for(condition, timeout=10)

    async def say(self, person: str, text: str, place: str = "", *, to_bot: bool = False) -> str:
        """See `Scene`."""
        channel, _, thread = (place or self.home).partition("/")
        direct = channel.startswith("D")
        return await self.slack.say(channel, person, text, thread_ts=thread, mention=to_bot and not direct)

    async def edit(self, message: str, text: str, place: str = "") -> None:
        """See `Scene`."""
        await self.slack.edit((place or self.home).partition("/")[0], message, text)

    async def delete(self, message: str, place: str = "") -> None:
        """See `Scene`."""
        await self.slack.delete((place or self.home).partition("/")[0], message)

    def remove(self, channel: str) -> None:
        """See `Scene`; a place's thread goes with its channel."""
        self.slack.delete_channel(channel.partition("/")[0])

    def answers(self, place: str = "") -> list[str]:
        """See `Scene`."""
        return [message.ts for message in self._own(place)]

    def said(self, place: str = "") -> list[str]:
        """See `Scene`."""
        return [message.shown for message in self._own(place)]

    def _own(self, place: str) -> list[FakeMessage]:
        channel, _, thread = (place or self.home).partition("/")
        return [message for message in self.slack.from_bot(channel) if not thread or message.thread_ts == thread]

    async def thread(self) -> str:
        """See `Scene`; it lies in the channel of `home`."""
        return await self._open(self.channel)

    def direct(self, person: str) -> str:
        """See `Scene`."""
        return self.slack.open_dm(person)
