"""A Discord with one server to try the adapter in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from adapters.discord import Discord
from memory.types import CommandSpec, Inbound
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

    def adapter(self, commands: Sequence[CommandSpec] = (FORGET,), **changes: str) -> Discord:
        """Make an adapter for this Discord, with some of its settings changed."""
        settings = {"token": self.fake.token, "api_url": self.fake.api_url, "gateway_url": self.fake.gateway_url}
        return Discord(prefix="!", commands=commands, **(settings | changes))

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

    async def ask(self, text: str = "hello") -> str:
        """Say something to the bot as Alice, and return the id of it."""
        return await self.fake.say(self.channel, self.alice, f"<@{self.fake.bot_id}> {text}")

    def said(self, channel: str = "") -> list[str]:
        """What the bot has written, in the channel or another one."""
        return [message.content for message in self.fake.from_bot(channel or self.channel)]


@asynccontextmanager
async def a_home() -> AsyncIterator[Home]:
    """Start a Discord with the server "Home", in it the channel "general", Alice, and Bob who is called Bobby there."""
    async with FakeDiscord() as fake:
        alice, bob = fake.add_user("alice", "Alice"), fake.add_user("bob", "Bob")
        server = fake.add_guild("Home")
        fake.add_member(server, alice)
        fake.add_member(server, bob, nick="Bobby")
        yield Home(fake, server, fake.add_channel(server, "general"), alice, bob)
