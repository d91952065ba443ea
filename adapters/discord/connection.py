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
from memory.types import CommandSpec, Inbound, Place, Visibility

log = logging.getLogger(__name__)

_GUILDS_SECONDS = 0.2
"""How long the stream of servers after READY has to pause; discord.py waits 2 s, for members that are not asked for."""

UNREAD = "Mention me: without that I can't read what you write here."
"""What somebody is told who answers the bot without a ping where only mentions can be read."""


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
        self.was_connected = False
        self._accept = accept
        self._connected = connected
        self._commands = commands
        self._told: set[Place] = set()
        self._tree = tree_of(self, commands, take)

    async def setup_hook(self) -> None:
        """Register the slash commands, between login and connecting; the bot serves without them if it must."""
        try:
            await register(self._tree, self._commands)
        except FAILURES as exc:
            log.warning("slash commands not registered", exc_info=exc, extra={"platform": PLATFORM})

    async def on_connect(self) -> None:
        """Remember that the gateway took this client in."""
        self.was_connected = True

    async def on_ready(self) -> None:
        """Say that events are being received, of servers that are known by now."""
        log.info("ready", extra={"platform": PLATFORM})
        await self._connected()

    async def on_message(self, message: discord.Message) -> None:
        """Hand a message on, unless it is one of which Discord keeps the words back."""
        if self.user is None:
            return
        channel: object = message.channel
        if isinstance(channel, discord.PartialMessageable):
            channel = await self.fetch_channel(channel.id)
        inbound = to_inbound(message, self.user.id, channel)
        if inbound is None:
            return
        if self._is_withheld(message, inbound):
            await self._ask_for_mention(message, inbound)
        else:
            await self._accept(inbound)

    def _is_withheld(self, message: discord.Message, inbound: Inbound) -> bool:
        """Whether a message's words are kept back: without the intent, those of all that do not name the bot's user.

        Its role named, or a reply without a ping, is not enough.
        Source: https://discord.com/developers/docs/events/gateway#message-content-intent.
        """
        direct = inbound.visibility is Visibility.DIRECT
        return not self.intents.message_content and not direct and self.user not in message.mentions

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
