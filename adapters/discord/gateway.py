"""Discord as a chat platform: connected through the gateway, written to through REST."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import NoReturn

import discord

from adapters.base import ChatPlatform
from adapters.delivery import Limits
from adapters.discord import history
from adapters.discord.connection import Connection
from adapters.discord.failures import FAILURES, as_connect_error
from adapters.discord.outbox import Outbox
from adapters.discord.places import DIRECT_SPACE, PLATFORM
from adapters.discord.preflight import INTENT_ADVICE, look_up, prepare
from adapters.discord.slash import Interaction, Interactions, to_inbound
from adapters.roll import Roll
from adapters.text import split
from adapters.unnoted import find_unnoted
from errors import PlatformUnreachable
from memory.ports import Intake, Note
from memory.types import CommandSpec, Delta, History, Inbound, Place

log = logging.getLogger(__name__)

NOT_HERE = "I can't do that for you here."
"""What a slash command is told that nothing comes of, so that "is thinking…" does not stand there for ever."""


class Discord(ChatPlatform):
    """A Discord bot, for the core and for `bot.py`.

    `commands` are shown as slash commands and come in as `prefix` and their name. Empty addresses are Discord's own.
    """

    name = PLATFORM
    limits = Limits(characters=2000, interval=1.0)

    typing_seconds: float = 8.0
    """Discord shows "is typing" for ten: https://discord.com/developers/docs/resources/channel#trigger-typing-indicator."""

    identify_seconds: float = 5.0
    """Discord wants one to five after a refused resume: https://discord.com/developers/docs/events/gateway#resuming."""

    patience_seconds: float = 60.0
    """How long the gateway may be away before a fresh connection, and catching up, are better than to resume."""

    def __init__(
        self, *, token: str, prefix: str, commands: Sequence[CommandSpec], api_url: str = "", gateway_url: str = ""
    ) -> None:
        self._token = token
        self._prefix = prefix
        self._commands = tuple(commands)
        self._api_url = api_url
        self._gateway_url = gateway_url
        self._client: Connection | None = None
        self._outbox = Outbox()
        self._interactions = Interactions()
        self._roll = Roll()

    async def run(self, intake: Intake) -> None:
        """See `memory.ports.Platform.run`; without the message-content intent, only mentions can be read."""
        prepare(self._api_url, self._gateway_url)
        application = await look_up(self._token, self._api_url)
        if application.reads_content:
            try:
                await self._serve(intake, content=True)
            except discord.PrivilegedIntentsRequired:
                log.info("intent refused", extra={"platform": PLATFORM})
        # Here the intent was off, or the gateway refused it against what the application's flags say.
        log.warning(
            "message content intent off",
            extra={"platform": PLATFORM, "mode": "mention-only", "advice": INTENT_ADVICE},
        )
        await self._serve(intake, content=False)

    async def _serve(self, intake: Intake, *, content: bool) -> NoReturn:
        """Keep one client connected until it breaks beyond its own mending.

        Raises: PlatformMisconfigured, PlatformUnreachable; discord.PrivilegedIntentsRequired with `content`.
        """

        async def accept(inbound: Inbound) -> bool:
            await self._roll.try_settle(intake.channels)
            accepted = await intake.accept(inbound)
            if accepted:
                self._outbox.begin(inbound)
            return accepted

        async def erase(place: Place, message_ids: Sequence[str]) -> None:
            deleted = self._outbox.not_removed(message_ids)
            if deleted:
                await intake.erase(place, deleted)

        async def take(interaction: Interaction, command: str, words: str) -> None:
            await interaction.response.defer(ephemeral=True)
            self._interactions.keep(interaction)
            inbound = await to_inbound(interaction, f"{self._prefix}{command} {words}".strip())
            await self._roll.try_settle(intake.channels)
            if inbound is None or not await intake.accept(inbound):
                await interaction.edit_original_response(content=NOT_HERE)

        client = self._client = self._outbox.client = Connection(
            replace(intake, accept=accept, erase=erase),
            self._roll,
            take,
            self._commands,
            content=content,
            identify_seconds=self.identify_seconds,
            patience_seconds=self.patience_seconds,
        )
        try:
            await client.serve(self._token)
        except discord.PrivilegedIntentsRequired as exc:
            if content:
                raise
            raise as_connect_error(exc) from exc
        except Exception as exc:
            # discord.py does not expect all that a gateway may send, nor one that is down at first connect
            # (https://github.com/Rapptz/discord.py/issues/10520); whatever it was, another connection begins without.
            raise as_connect_error(exc) from exc
        finally:
            self._client = self._outbox.client = None
            await client.shut()
        raise PlatformUnreachable("the connection was closed")

    # -- what comes in

    @property
    def alive(self) -> bool:
        """See `memory.ports.Platform.alive`; a gateway that has fallen silent is left after a minute."""
        return self._client is not None and self._client.alive

    async def places(self, since: datetime) -> Sequence[Place]:
        """See `memory.ports.Platform.places`; direct messages are not told, and not every archived thread."""
        return await history.places(self._connected(), since)

    async def history(self, place: Place, since: datetime) -> History | None:
        """See `memory.ports.Platform.history`."""
        return await history.read(self._connected(), place, since)

    async def before(self, inbound: Inbound, most: int) -> Sequence[Inbound]:
        """See `memory.ports.Platform.before`; of a channel no more than from the message that is answered on."""
        return await history.before(self._connected(), inbound, most)

    def link(self, place: Place, message_id: str) -> str:
        """See `memory.ports.Platform.link`; the form is that of *Copy Message Link*."""
        return f"https://discord.com/channels/{place.space}/{place.thread or place.channel}/{message_id}"

    def _connected(self) -> Connection:
        """Give the connection that stands.

        Raises: PlatformUnreachable while there is none.
        """
        if self._client is None or not self._client.alive:
            raise PlatformUnreachable("not connected")
        return self._client

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
        except FAILURES as exc:
            log.info("admin unsure", extra={"platform": PLATFORM, "error": type(exc).__name__})
            return False

    # -- what goes out

    async def reply(self, to: Inbound, deltas: AsyncIterator[Delta], note: Note, posted: Sequence[str] = ()) -> None:
        """See `memory.ports.Platform.reply`; what an earlier run posted without noting it is part of what stands."""
        known = posted if to.private else await find_unnoted(self._outbox, to, note, posted)
        await super().reply(to, deltas, note, known)

    async def announce(self, place: Place, text: str) -> None:
        """See `memory.ports.Platform.announce`; the same words within minutes stand there once."""
        for piece in split(text, self.limits.characters):
            await self._outbox.announce(place, piece)

    async def post(self, to: Inbound, text: str, part: int) -> str:
        """See `ChatPlatform.post` and `Outbox.post`."""
        if to.private:
            return await self._interactions.post(to.message_id, text, part)
        return await self._outbox.post(to, text, part)

    async def edit(self, to: Inbound, message_id: str, text: str) -> None:
        """See `ChatPlatform.edit` and `Outbox.edit`."""
        if to.private:
            await self._interactions.edit(to.message_id, message_id, text)
        else:
            await self._outbox.edit(to.place, message_id, text)

    async def remove(self, to: Inbound, message_id: str) -> None:
        """See `ChatPlatform.remove`; the message is deleted."""
        if to.private:
            await self._interactions.remove(to.message_id, message_id)
        else:
            await self._outbox.remove(to.place, message_id)

    @asynccontextmanager
    async def working(self, to: Inbound) -> AsyncIterator[None]:
        """See `ChatPlatform.working`; a slash command shows "is thinking…" by itself."""
        if to.private:
            yield
            return
        task = asyncio.create_task(self._outbox.show_typing(to.place, self.typing_seconds))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)  # whatever it ended with, the reply goes on
