"""Discord as a chat platform: connected through the gateway, written to through REST."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import NoReturn

import discord

from adapters.base import ChatPlatform
from adapters.delivery import Limits
from adapters.discord.connection import Connection
from adapters.discord.failures import FAILURES, as_connect_error, as_reply_error, is_blocked, is_without_history
from adapters.discord.places import DIRECT_SPACE, PLATFORM
from adapters.discord.preflight import INTENT_ADVICE, look_up, prepare
from adapters.discord.slash import Interaction, Interactions, to_inbound
from errors import PlatformUnreachable
from memory.ports import Accept, Connected
from memory.types import CommandSpec, Inbound, Place

log = logging.getLogger(__name__)

NOT_HERE = "I can't do that for you here."
"""What a slash command is told that nothing comes of, so that "is thinking…" does not stand there for ever."""

BLOCKED = "My answer was not let through here."
"""What stands in place of a text that the server's automatic moderation does not let through."""


class Discord(ChatPlatform):
    """A Discord bot, for the core and for `bot.py`.

    `commands` are shown as slash commands and come in as `prefix` and their name. Empty addresses are Discord's own.
    """

    name = PLATFORM
    limits = Limits(characters=2000, interval=1.0)

    typing_seconds: float = 8.0
    """Discord shows "is typing" for ten: https://discord.com/developers/docs/resources/channel#trigger-typing-indicator."""

    def __init__(
        self, *, token: str, prefix: str, commands: Sequence[CommandSpec], api_url: str = "", gateway_url: str = ""
    ) -> None:
        self._token = token
        self._prefix = prefix
        self._commands = tuple(commands)
        self._api_url = api_url
        self._gateway_url = gateway_url
        self._client: Connection | None = None
        self._interactions = Interactions()

    async def run(self, accept: Accept, connected: Connected) -> None:
        """See `memory.ports.Platform.run`; without the message-content intent, only mentions can be read."""
        prepare(self._api_url, self._gateway_url)
        application = await look_up(self._token, self._api_url)
        if application.reads_content:
            try:
                await self._serve(accept, connected, content=True)
            except discord.PrivilegedIntentsRequired:
                log.info("intent refused", extra={"platform": PLATFORM})
        # Here the intent was off, or the gateway refused it against what the application's flags say.
        log.warning(
            "message content intent off",
            extra={"platform": PLATFORM, "mode": "mention-only", "advice": INTENT_ADVICE},
        )
        await self._serve(accept, connected, content=False)

    async def _serve(self, accept: Accept, connected: Connected, *, content: bool) -> NoReturn:
        """Keep one client connected until it breaks beyond its own mending.

        Raises: PlatformMisconfigured, PlatformUnreachable; discord.PrivilegedIntentsRequired with `content`.
        """

        async def take(interaction: Interaction, command: str, words: str) -> None:
            await interaction.response.defer(ephemeral=True)
            self._interactions.keep(interaction)
            inbound = await to_inbound(interaction, f"{self._prefix}{command} {words}".strip())
            if inbound is None or not await accept(inbound):
                await interaction.edit_original_response(content=NOT_HERE)

        client = self._client = Connection(accept, connected, take, self._commands, content=content)
        try:
            await client.start(self._token)
        except discord.PrivilegedIntentsRequired as exc:
            if content:
                raise
            raise as_connect_error(exc) from exc
        except FAILURES as exc:
            raise as_connect_error(exc) from exc
        except AttributeError as exc:
            # discord.py trips over its own feet when the gateway is down at first connect:
            # https://github.com/Rapptz/discord.py/issues/10520
            if client.was_connected:
                raise
            raise PlatformUnreachable("the gateway is down") from exc
        finally:
            self._client = None
            await client.shut()
        raise PlatformUnreachable("the connection was closed")

    async def is_admin(self, user: str, place: Place) -> bool:
        """Whether a member may Manage Messages there, as the server's owner and its administrators may."""
        client = self._client
        if client is None or place.space == DIRECT_SPACE:
            return False
        try:
            where = int(place.thread or place.channel)
            channel = client.get_channel(where) or await client.fetch_channel(where)
            if not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
                return False
            guild = channel.guild
            if str(guild.id) != place.space or guild.get_role(guild.id) is None:
                return False
            member = guild.get_member(int(user)) or await guild.fetch_member(int(user))
            return channel.permissions_for(member).manage_messages
        except (*FAILURES, ValueError) as exc:
            log.info("admin unsure", extra={"platform": PLATFORM, "error": type(exc).__name__})
            return False

    async def post(self, to: Inbound, text: str, part: int) -> str:
        """See `ChatPlatform.post`; the same part posted twice within minutes is one message, by its nonce.

        Where the server's automatic moderation does not let the text through, a sentence that says so is posted.
        """
        if to.private:
            return await self._interactions.post(to.message_id, text, part)
        try:
            message = await self._send(to, text, part)
        except FAILURES as exc:
            if is_blocked(exc):
                with suppress(*FAILURES):
                    await self._send(to, BLOCKED, part)
            raise as_reply_error(exc) from exc
        if message.content.strip() != text.strip():
            # A part from before a crash: Discord gave back what already stood there, under the same nonce.
            await self.edit(to, str(message.id), text)
        return str(message.id)

    async def edit(self, to: Inbound, message_id: str, text: str) -> None:
        """See `ChatPlatform.edit`; what is not let through is replaced as in `post`."""
        if to.private:
            await self._interactions.edit(to.message_id, message_id, text)
            return
        message = self._channel(to.place).get_partial_message(int(message_id))
        try:
            await message.edit(content=text)
        except FAILURES as exc:
            if is_blocked(exc):
                with suppress(*FAILURES):
                    await message.edit(content=BLOCKED)
            raise as_reply_error(exc) from exc

    async def remove(self, to: Inbound, message_id: str) -> None:
        """See `ChatPlatform.remove`; the message is deleted."""
        if to.private:
            await self._interactions.remove(to.message_id, message_id)
            return
        message = self._channel(to.place).get_partial_message(int(message_id))
        try:
            await message.delete()
        except discord.NotFound:
            return
        except FAILURES as exc:
            raise as_reply_error(exc) from exc

    @asynccontextmanager
    async def working(self, to: Inbound) -> AsyncIterator[None]:
        """See `ChatPlatform.working`; a slash command shows "is thinking…" by itself."""
        if to.private:
            yield
            return
        task = asyncio.create_task(self._type(to.place))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)  # whatever it ended with, the reply goes on

    async def _type(self, place: Place) -> None:
        while True:
            await self._channel(place).typing()
            await asyncio.sleep(self.typing_seconds)

    async def _send(self, to: Inbound, text: str, part: int) -> discord.Message:
        """Post a part, the first one as a reply where the bot may reply.

        Raises: what discord.py raises.
        """
        channel, nonce = self._channel(to.place), f"{to.message_id}.{part}"
        if part == 0:
            answered = channel.get_partial_message(int(to.message_id)).to_reference(fail_if_not_exists=False)
            try:
                return await channel.send(
                    text, nonce=nonce, suppress_embeds=True, reference=answered, mention_author=False
                )
            except discord.HTTPException as exc:
                if not is_without_history(exc):
                    raise
        return await channel.send(text, nonce=nonce, suppress_embeds=True)

    def _channel(self, place: Place) -> discord.PartialMessageable:
        """Address a place without asking Discord for it.

        Raises: PlatformUnreachable while there is no connection.
        """
        if self._client is None:
            raise PlatformUnreachable("not connected")
        guild = None if place.space == DIRECT_SPACE else int(place.space)
        return self._client.get_partial_messageable(int(place.thread or place.channel), guild_id=guild)
