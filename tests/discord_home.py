"""A Discord with one server to try the adapter in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from adapters.discord import Discord
from memory.types import CommandSpec, Inbound, Place
from tests.answering import FORGET, HELLO, Core, Script
from tests.fakes.discord import FakeDiscord


@dataclass
class Home:
    """A fake Discord with one server, a channel and two people in it."""

    fake: FakeDiscord
    server: str
    channel: str
    alice: str
    bob: str
    identify_seconds: float = Discord.identify_seconds

    def adapter(self, commands: Sequence[CommandSpec] = (FORGET,), **changes: str) -> Discord:
        """Make an adapter for this Discord, with some of its settings changed."""
        settings = {"token": self.fake.token, "api_url": self.fake.api_url, "gateway_url": self.fake.gateway_url}
        adapter = Discord(prefix="!", commands=commands, **(settings | changes))
        adapter.identify_seconds = self.identify_seconds
        return adapter

    @property
    def place(self) -> Place:
        """The place that the channel is."""
        return Place("discord", self.server, self.channel)

    @asynccontextmanager
    async def core(
        self,
        script: Script = HELLO,
        before: Callable[[Inbound], Awaitable[None]] | None = None,
        commands: Sequence[CommandSpec] = (FORGET,),
    ) -> AsyncIterator[Core[Discord]]:
        """Run the adapter, from when the gateway knows it until the block ends."""
        core = Core(self.adapter(commands), script, before)
        async with core.running() as running:
            await self.fake.wait_for(lambda: self.fake.connected or running.done())
            yield core

    @asynccontextmanager
    async def ready(self, script: Script = HELLO) -> AsyncIterator[Core[Discord]]:
        """Run the adapter as `core` does, from when it knows its servers."""
        async with self.core(script) as core:
            await until(lambda: core.connections == 1)
            yield core

    async def ask(self, text: str = "hello") -> str:
        """Say something to the bot as Alice, and return the id of it."""
        return await self.fake.say(self.channel, self.alice, f"<@{self.fake.bot_id}> {text}")

    def said(self, channel: str = "") -> list[str]:
        """What the bot has written, in the channel or another one."""
        return [message.content for message in self.fake.from_bot(channel or self.channel)]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what comes true in the core or the adapter, which tell nobody when they change.

    Raises: TimeoutError.
    """
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def a_home() -> AsyncIterator[Home]:
    """Start a Discord with the server "Home", in it the channel "general", Alice, and Bob who is called Bobby there."""
    async with FakeDiscord() as fake:
        alice, bob = fake.add_user("alice", "Alice"), fake.add_user("bob", "Bob")
        server = fake.add_guild("Home")
        fake.add_member(server, alice)
        fake.add_member(server, bob, nick="Bobby")
        yield Home(fake, server, fake.add_channel(server, "general"), alice, bob)
