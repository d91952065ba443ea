"""A fake Discord with somebody in it, and a client for it: what the tests of the fake share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.fakes.discord import FakeDiscord


class Listener(discord.Client):
    """A client that keeps what it is told, without the library's polite pauses."""

    def __init__(self, *, content: bool = True) -> None:
        intents = discord.Intents.default()
        intents.message_content = content
        none = discord.AllowedMentions.none()
        super().__init__(intents=intents, guild_ready_timeout=0.05, allowed_mentions=none)
        self.tree = app_commands.CommandTree(self)
        self.heard: asyncio.Queue[discord.Message] = asyncio.Queue()
        self.edited: asyncio.Queue[discord.RawMessageUpdateEvent] = asyncio.Queue()
        self.deleted: asyncio.Queue[set[int]] = asyncio.Queue()
        self.ready = asyncio.Event()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify at once also after a refused resume, where the library would wait for five seconds."""

    async def on_message(self, message: discord.Message) -> None:
        if message.author.id != self.application_id:
            await self.heard.put(message)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        await self.edited.put(event)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        await self.deleted.put({event.message_id})

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        await self.deleted.put(event.message_ids)

    async def on_ready(self) -> None:
        self.ready.set()

    async def next_message(self) -> discord.Message:
        async with asyncio.timeout(5):
            return await self.heard.get()


def point_at(fake: FakeDiscord) -> None:
    """Lead discord.py to the fake; both are class attributes, and the documented way to do it."""
    Route.BASE = fake.api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(fake.gateway_url)


@asynccontextmanager
async def connected(fake: FakeDiscord, *, content: bool = True) -> AsyncIterator[Listener]:
    """Run a client until the block is left; it is ready when the block begins. Raises: what its start raises."""
    point_at(fake)
    client = Listener(content=content)
    running = asyncio.create_task(client.start(fake.token))
    ready = asyncio.create_task(client.ready.wait())
    try:
        await asyncio.wait({running, ready}, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            await running
        assert ready.done(), "not ready in time"
        yield client
    finally:
        ready.cancel()
        await client.close()
        await asyncio.wait({running})


class Town:
    """A server with one channel and one person in it."""

    def __init__(self, fake: FakeDiscord) -> None:
        self.guild = fake.add_guild("Home")
        self.channel = fake.add_channel(self.guild, "general")
        self.alice = fake.add_user("alice", "Alice")
        fake.add_member(self.guild, self.alice, nick="Al")
