"""A Slack with one channel to try the adapter in, and a core that says what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from adapters.slack import Slack
from errors import PlatformError
from memory.types import CommandSpec, Inbound
from tests.discord_home import FORGET, HELLO, Script
from tests.fakes.slack import BOT_EVENTS, BOT_SCOPES, FakeSlack


@dataclass
class Core:
    """A core that answers what is addressed once, and remembers what it heard, what it posted and what went wrong.

    As the real one it answers after it has accepted, aside.
    """

    adapter: Slack
    script: Script
    before: Callable[[Inbound], Awaitable[None]] | None = None
    heard: list[Inbound] = field(default_factory=list)
    noted: list[tuple[int, str]] = field(default_factory=list)
    failed: list[PlatformError] = field(default_factory=list)
    deaf: bool = False
    connections: int = 0
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    _seen: set[tuple[str, str]] = field(default_factory=set)
    _replies: set[asyncio.Task[None]] = field(default_factory=set)

    async def accept(self, inbound: Inbound) -> bool:
        """Remember a message, and begin to answer it if it is addressed and has not come before."""
        self.heard.append(inbound)
        if self.before is not None:
            await self.before(inbound)
        key = inbound.place.channel, inbound.message_id
        if not inbound.addressed or self.deaf or key in self._seen:
            return False
        self._seen.add(key)
        task = asyncio.create_task(self.answer(inbound))
        self._replies.add(task)
        task.add_done_callback(self._replies.discard)
        return True

    async def answer(self, inbound: Inbound) -> None:
        """Answer a message; what goes wrong with that is kept in `failed`."""
        try:
            await self.adapter.reply(inbound, self.script(inbound), self.note)
        except PlatformError as error:
            self.failed.append(error)
        self.settled.set()

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
    """A fake Slack with one channel and two people in it."""

    fake: FakeSlack
    channel: str
    alice: str
    bob: str

    def adapter(self, commands: Sequence[CommandSpec] = (FORGET,), **changes: str) -> Slack:
        """Make an adapter for this Slack, with some of its settings changed."""
        settings = {"bot_token": self.fake.bot_token, "app_token": self.fake.app_token, "api_url": self.fake.api_url}
        return Slack(prefix="!", commands=commands, **(settings | changes))

    @asynccontextmanager
    async def core(
        self,
        script: Script = HELLO,
        before: Callable[[Inbound], Awaitable[None]] | None = None,
        commands: Sequence[CommandSpec] = (FORGET,),
    ) -> AsyncIterator[Core]:
        """Run the adapter, from when it is connected until the block ends."""
        core = Core(self.adapter(commands), script, before)
        running = asyncio.create_task(core.adapter.run(core.accept, core.connected))
        try:
            await self.fake.wait_for(lambda: self.fake.connected or running.done())
            yield core
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def ask(self, text: str = "hello", thread_ts: str = "") -> str:
        """Say something to the bot as Alice, with a mention, and return the `ts` of it."""
        return await self.fake.say(self.channel, self.alice, text, mention=True, thread_ts=thread_ts)

    async def quiet(self) -> None:
        """Wait until all that was told to the bot has been acknowledged or given up."""
        await self.fake.wait_for(lambda: self.fake.socket.outstanding == 0)

    def calls(self, method: str) -> int:
        """How often the bot has called a method."""
        return sum(request.method == method for request in self.fake.requests)

    def said(self, channel: str = "") -> list[str]:
        """What the bot's messages say now, in the channel or another one, threads and all."""
        return [message.shown for message in self.fake.from_bot(channel or self.channel)]


@asynccontextmanager
async def a_home() -> AsyncIterator[Home]:
    """Start a Slack with the channel "general", Alice, and Bob who is called Bobby."""
    async with FakeSlack() as fake:
        fake.app.events.update(BOT_EVENTS | {"user_change", "channel_shared", "channel_unshared"})
        fake.app.scopes.update(BOT_SCOPES)
        alice, bob = fake.add_user("Alice", "Alice"), fake.add_user("Bob", "Bobby")
        yield Home(fake, fake.add_channel("general", members=[alice, bob]), alice, bob)
