"""The discord.py client of one connection: what it asks of the gateway and hands on; no event can kill it."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final
from weakref import WeakValueDictionary

import discord

from adapters.discord.failures import FAILURES, as_read_error
from adapters.discord.places import PLATFORM, place_by_id
from adapters.discord.reading import to_inbound
from adapters.discord.requests import run_to_the_end
from adapters.discord.servers import ServerClient
from adapters.discord.slash import Take, register, tree_of
from adapters.roll import Roll
from memory.ports import Intake
from memory.types import CommandSpec, Inbound, Place, Visibility

log = logging.getLogger(__name__)

_GUILDS_SECONDS = 0.2
"""How long the stream of servers after READY has to pause; discord.py waits 2 s, for members that are not asked for."""

_AGAIN_SECONDS = 0.1
"""After so long what would not end is told to once more."""

_VITAL: Final = frozenset({"READY"})
"""Events without which a connection is none: one that cannot be read has to end it, so that another is made."""

_LOOK_UP_WAITS: Final = (0.2, 1.0, 3.0)
"""Seconds before each further try to learn what channel a message stands in."""

UNREAD = "Mention me: without that I can't read what you write here."
"""What somebody is told who answers the bot without a ping where only mentions can be read."""


class Connection(ServerClient):
    """One connection to Discord; a broken one is closed and another made, for discord.py's are not made for reuse.

    `roll` is what the core was told of channels. `identify_seconds` are waited before a session is begun in a refused
    one's place. When the gateway has been away for `patience_seconds`, the connection is given up.
    """

    def __init__(
        self,
        intake: Intake,
        roll: Roll,
        take: Take,
        commands: Sequence[CommandSpec],
        *,
        content: bool,
        identify_seconds: float,
        patience_seconds: float,
    ) -> None:
        super().__init__(
            intake,
            roll,
            intents=discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=content),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            guild_ready_timeout=_GUILDS_SECONDS,
        )
        run_to_the_end(self.http)
        self.was_connected = False
        self._is_open = False
        self._has_begun = False
        self._identify_seconds = identify_seconds
        self._patience_seconds = patience_seconds
        self._patience: asyncio.Timeout | None = None
        self._commands = commands
        self._told: set[Place] = set()
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._tree = tree_of(self, commands, take)
        for event, parse in self._connection.parsers.items():
            if event not in _VITAL:
                self._connection.parsers[event] = _or_drop(event, parse)

    @property
    def alive(self) -> bool:
        """Whether events are being received, of servers that are known."""
        return self._is_open and self.knows_servers

    async def serve(self, token: str) -> None:
        """Log in and stay connected, until the connection breaks beyond discord.py's mending or is away for too long.

        Raises: whatever discord.py does of what it is sent, TimeoutError.
        """
        connected = asyncio.create_task(self.start(token))
        try:
            async with asyncio.timeout(None) as self._patience:
                await asyncio.shield(connected)
        finally:
            self._patience = None
            await _end(connected)

    async def setup_hook(self) -> None:
        """Register the slash commands, between login and connecting; the bot serves without them if it must."""
        try:
            await register(self._tree, self._commands)
        except FAILURES as exc:
            log.warning("slash commands not registered", exc_info=exc, extra={"platform": PLATFORM})

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:  # noqa: ARG002 - there is one shard
        """Wait before a session is begun in a refused one's place."""
        if not initial:
            await asyncio.sleep(self._identify_seconds)

    # -- how the connection stands

    async def on_connect(self) -> None:
        """Note that the gateway began a session with this client."""
        self.was_connected = True
        self._has_begun = False
        self.begin_with(self.guilds)
        self._open()

    async def on_ready(self) -> None:
        """Note that the servers of a new session are known, most of them; the gateway may be gone again by now."""
        self.knows_servers = True
        await self._begin()

    async def on_resumed(self) -> None:
        """Note that the session goes on; the gateway has sent what was missed."""
        log.info("resumed", extra={"platform": PLATFORM})
        self._open()
        if self._has_begun:
            await self._intake.connected(missed=False)
        await self._begin()

    async def on_disconnect(self) -> None:
        """Note that nothing is received now; discord.py tries again by itself, after pauses that grow to 17 minutes."""
        self._is_open = False
        if self._patience is not None and self._patience.when() is None:
            self._patience.reschedule(asyncio.get_running_loop().time() + self._patience_seconds)

    async def _begin(self) -> None:
        """Say once a session that events are being received; what was sent before it may have been missed."""
        if self.alive and not self._has_begun:
            self._has_begun = True
            log.info("ready", extra={"platform": PLATFORM})
            await self.tell_all_channels()
            await self._intake.connected(missed=True)

    def _open(self) -> None:
        self._is_open = True
        if self._patience is not None and not self._patience.expired():
            self._patience.reschedule(None)

    # -- what is told of messages

    async def on_message(self, message: discord.Message) -> None:
        """Hand a message on, unless it is one of which Discord keeps the words back."""
        async with self._turn(message.channel.id):
            inbound = await self._understand(message)
            if inbound is None:
                return
            if self.withholds(message, inbound):
                await self._ask_for_mention(message, inbound)
            else:
                await self._intake.accept(inbound)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """Hand an edited message on; most updates are none: a link's preview, a pin, a thread that was opened."""
        message = event.message
        if message.edited_at is None:
            return
        async with self._turn(event.channel_id):
            inbound = await self._understand(message)
            if inbound is not None and not self.withholds(message, inbound):
                await self._intake.amend(inbound)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """Hand on that a message was deleted."""
        await self._erase(event.guild_id, event.channel_id, [event.message_id])

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """Hand on that messages of one channel were deleted at once."""
        await self._erase(event.guild_id, event.channel_id, sorted(event.message_ids))

    def withholds(self, message: discord.Message, inbound: Inbound) -> bool:
        """Whether a message's words are kept back: without the intent, those of all that do not name the bot's user.

        Its role named, or a reply without a ping, is not enough.
        Source: https://discord.com/developers/docs/events/gateway#message-content-intent.
        """
        direct = inbound.visibility is Visibility.DIRECT
        return not self.intents.message_content and not direct and self.user not in message.mentions

    async def _understand(self, message: discord.Message) -> Inbound | None:
        """Make of a message what it is to the bot.

        Raises: what discord.py raises when it cannot be learned where the message stands.
        """
        if self.user is None or message.author.bot:
            return None
        channel: object = message.channel
        if isinstance(channel, discord.PartialMessageable):
            channel = await self._look_up(channel.id)
        return to_inbound(message, self.user.id, channel)

    async def _erase(self, guild: int | None, channel: int, messages: Sequence[int]) -> None:
        async with self._turn(channel):
            found = None if guild is None else self.get_channel(channel) or await self._look_up(channel)
            await self._intake.erase(place_by_id(guild, channel, found), [str(message) for message in messages])

    async def _look_up(self, channel: int) -> object:
        """Ask for a channel that is in no cache, such as an archived thread; None where it is gone or not to be seen.

        Raises: what discord.py raises, after the last try.
        """
        for seconds in (*_LOOK_UP_WAITS, None):
            try:
                return await self.fetch_channel(channel)
            except FAILURES as exc:
                if as_read_error(exc) is None:
                    return None
                if seconds is None:
                    raise
            await asyncio.sleep(seconds)
        return None

    def _turn(self, channel: int) -> asyncio.Lock:
        """The lock that keeps what is told of a channel in order, although discord.py gives each event its own task."""
        return self._turns.setdefault(channel, asyncio.Lock())

    async def _ask_for_mention(self, message: discord.Message, inbound: Inbound) -> None:
        """Say once in a place, to somebody who answers the bot, that it cannot read him; else only the log says it.

        Where somebody answers it the bot has spoken, so it may speak there; of other places only the core knows.
        """
        if not inbound.addressed or self.user is None:
            return
        log.info("message withheld", extra={"platform": PLATFORM, "place": str(inbound.place)})
        answers_me = inbound.reply_to is not None and inbound.reply_to.author == str(self.user.id)
        if answers_me and inbound.place not in self._told:
            self._told.add(inbound.place)
            with suppress(*FAILURES):
                await message.reply(UNREAD, mention_author=False)

    async def on_error(self, event_method: str, /, *_args: object, **_kwargs: object) -> None:
        """Log what an event ended with; discord.py would log its arguments too, and goes on in either case."""
        log.error("event failed", exc_info=sys.exc_info(), extra={"platform": PLATFORM, "during": event_method})

    async def shut(self) -> None:
        """Close; a gateway that does not say goodbye is not waited for, for nobody is listening to it by now."""
        if self.was_connected:
            # Closed before it is ready, discord.py trips over its own task that would say so.
            with suppress(TimeoutError):
                async with asyncio.timeout(_GUILDS_SECONDS * 2):
                    await self.wait_until_ready()
        await self.close()


def _or_drop(event: str, parse: Callable[[object], None]) -> Callable[[object], None]:
    """Let discord.py drop an event that it cannot read; an exception out of a parser would end the client."""

    def parse_or_drop(data: object) -> None:
        try:
            parse(data)
        except Exception as exc:
            log.warning("event dropped", exc_info=exc, extra={"platform": PLATFORM, "type": event})

    return parse_or_drop


async def _end(connected: asyncio.Task[None]) -> None:
    """End what discord.py runs.

    It connects within `asyncio.wait_for`, which up to Python 3.11 loses a cancellation that comes just as the gateway
    refuses (https://github.com/python/cpython/issues/86296); then it would go on trying.
    """
    while not connected.done():
        connected.cancel()
        await asyncio.wait([connected], timeout=_AGAIN_SECONDS)
    if not connected.cancelled():
        connected.exception()  # the caller has it, or asked for no more than an end
