"""A Slack with one channel to try the adapter in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from adapters.slack import Slack
from adapters.slack.line import PAUSES
from adapters.slack.manifest import EVENTS
from memory.ports import Intake
from memory.types import CommandSpec, Inbound
from tests.answering import FORGET, HELLO, Core, Script
from tests.fakes.slack import BOT_EVENTS, BOT_SCOPES, FakeSlack


@dataclass
class Home:
    """A fake Slack with one channel and two people in it."""

    fake: FakeSlack
    channel: str
    alice: str
    bob: str

    def adapter(
        self, commands: Sequence[CommandSpec] = (FORGET,), pauses: Sequence[float] = PAUSES, **changes: str
    ) -> Slack:
        """Make an adapter for this Slack, with some of its settings changed; it paces its posts where Slack does."""
        settings = {"bot_token": self.fake.bot_token, "app_token": self.fake.app_token, "api_url": self.fake.api_url}
        adapter = Slack(prefix="!", commands=commands, pauses=pauses, **(settings | changes))
        if not self.fake.pace_posts:
            adapter.post_seconds = 0.0
        return adapter

    @asynccontextmanager
    async def core(
        self,
        script: Script = HELLO,
        before: Callable[[Inbound], Awaitable[None]] | None = None,
        commands: Sequence[CommandSpec] = (FORGET,),
        pauses: Sequence[float] = PAUSES,
    ) -> AsyncIterator[Core[Slack]]:
        """Run the adapter, from when it is connected until the block ends."""
        core = Core(self.adapter(commands, pauses), script, before)
        async with core.running() as running:
            await self.fake.wait_for(lambda: self.fake.connected or running.done())
            yield core

    @asynccontextmanager
    async def running(self, adapter: Slack, intake: Intake) -> AsyncIterator[asyncio.Task[None]]:
        """Run an adapter with an intake of one's own, from when it is connected until the block ends."""
        task = asyncio.create_task(adapter.run(intake))
        try:
            await self.fake.wait_for(lambda: self.fake.connected or task.done())
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def ask(self, text: str = "hello", thread_ts: str = "") -> str:
        """Say something to the bot as Alice, with a mention, and return the `ts` of it."""
        return await self.fake.say(self.channel, self.alice, text, mention=True, thread_ts=thread_ts)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds of which the fake Slack hears nothing."""
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.005)

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
        fake.app.events.update(BOT_EVENTS, EVENTS)
        fake.app.scopes.update(BOT_SCOPES)
        alice, bob = fake.add_user("Alice", "Alice"), fake.add_user("Bob", "Bobby")
        yield Home(fake, fake.add_channel("general", members=[alice, bob]), alice, bob)
