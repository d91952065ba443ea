"""A Discord with one server to try the adapter in, and a core that says what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from adapters.discord import Discord
from errors import PlatformError
from memory.types import CommandSpec, Delta, Inbound
from tests.fakes.discord import FakeDiscord

NOBODY_THERE = "127.0.0.1:1"
"""An address at which nothing listens."""

FORGET = CommandSpec("forget", "Forgets what was said here.", "what to forget")
Script = Callable[[Inbound], AsyncIterator[Delta]]


def saying(text: str) -> Script:
    """Answer every message with the same words, all at once."""

    async def script(_: Inbound) -> AsyncIterator[Delta]:
        yield Delta(text)

    return script


HELLO = saying("Hello!")


@dataclass
class Core:
    """A core that answers what is addressed, and remembers what it heard, what it posted and what went wrong."""

    adapter: Discord
    script: Script
    before: Callable[[Inbound], Awaitable[None]] | None = None
    heard: list[Inbound] = field(default_factory=list)
    noted: list[tuple[int, str]] = field(default_factory=list)
    failed: list[PlatformError] = field(default_factory=list)
    deaf: bool = False
    connections: int = 0
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    async def accept(self, inbound: Inbound) -> bool:
        """Remember a message and answer it, if it is addressed; what goes wrong with that is kept in `failed`."""
        self.heard.append(inbound)
        if not inbound.addressed or self.deaf:
            return False
        if self.before is not None:
            await self.before(inbound)
        try:
            await self.adapter.reply(inbound, self.script(inbound), self.note)
        except PlatformError as error:
            self.failed.append(error)
        self.settled.set()
        return True

    async def connected(self) -> None:
        """See `memory.ports.Connected`."""
        self.connections += 1

    async def note(self, part: int, message_id: str) -> None:
        """See `memory.ports.Note`."""
        self.noted.append((part, message_id))

    async def answered(self) -> None:
        """Wait until a message has been answered, or could not be."""
        async with asyncio.timeout(10):
            await self.settled.wait()


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
    ) -> AsyncIterator[Core]:
        """Run the adapter, from when the gateway knows it until the block ends."""
        core = Core(self.adapter(commands), script, before)
        running = asyncio.create_task(core.adapter.run(core.accept, core.connected))
        try:
            await self.fake.wait_for(lambda: self.fake.connected)
            yield core
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

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
