"""The discord.py client of one connection: what it asks of the gateway, and that no event can kill it."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Sequence
from contextlib import suppress

import discord

from adapters.discord.failures import FAILURES
from adapters.discord.inbound import to_inbound
from adapters.discord.places import PLATFORM
from adapters.discord.slash import Take, register, tree_of
from memory.ports import Accept, Connected
from memory.types import CommandSpec

log = logging.getLogger(__name__)

_CLOSE_SECONDS = 5.0
"""How long the gateway has to say goodbye; aiohttp alone would wait for 30 s."""

_GUILDS_SECONDS = 0.2
"""How long the stream of servers after READY has to pause; discord.py waits 2 s, for members that are not asked for."""


class Connection(discord.Client):
    """One connection to Discord; a broken one is closed and another made, for discord.py's are not made for reuse."""

    def __init__(
        self, accept: Accept, connected: Connected, take: Take, commands: Sequence[CommandSpec], *, content: bool
    ) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=content),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            guild_ready_timeout=_GUILDS_SECONDS,
        )
        self.was_ready = False
        self._accept = accept
        self._connected = connected
        self._commands = commands
        self._tree = tree_of(self, commands, take)

    async def setup_hook(self) -> None:
        """Register the slash commands, between login and connecting; the bot serves without them if it must."""
        try:
            await register(self._tree, self._commands)
        except FAILURES as exc:
            log.warning("slash commands not registered", extra={"platform": PLATFORM, "error": type(exc).__name__})

    async def on_connect(self) -> None:
        """Remember that the gateway took this client in."""
        self.was_ready = True

    async def on_ready(self) -> None:
        """Say that events are being received, of servers that are known by now."""
        log.info("ready", extra={"platform": PLATFORM})
        await self._connected()

    async def on_message(self, message: discord.Message) -> None:
        """Hand a message on."""
        if self.user is None:
            return
        channel: object = message.channel
        if isinstance(channel, discord.PartialMessageable):
            channel = await self.fetch_channel(channel.id)
        inbound = to_inbound(message, self.user.id, channel)
        if inbound is not None:
            await self._accept(inbound)

    async def on_error(self, event_method: str, /, *_args: object, **_kwargs: object) -> None:
        """Log by its type what an event ended with; discord.py would log all of it, and goes on in either case."""
        kind = sys.exc_info()[0]
        log.error(
            "event failed",
            extra={"platform": PLATFORM, "event": event_method, "error": kind.__name__ if kind else "unknown"},
        )

    async def shut(self) -> None:
        """Close, politely for a moment and then anyhow."""
        if self.was_ready:
            # Closed before it is ready, discord.py trips over its own task that would say so.
            with suppress(TimeoutError):
                async with asyncio.timeout(_GUILDS_SECONDS * 2):
                    await self.wait_until_ready()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self.close()
        except TimeoutError:
            await self.http.close()
