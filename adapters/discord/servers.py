"""What the gateway tells of servers and their channels: who can read them now, and that the bot was let in."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from typing import Any

import discord

from adapters.discord.places import PLATFORM, channel_of, channels_of, place_of, reception_of, visibility_of
from adapters.roll import Roll
from errors import StorageError
from memory.ports import Intake
from memory.types import Channel, Place

log = logging.getLogger(__name__)


class ServerClient(discord.Client):
    """The part of a client that hands on what becomes of servers and channels; `roll` is what was told of them.

    A channel is told of with all that changes who can read it: its own permissions and mark for adults, those of
    @everyone and of the server. What cannot be stored stays due, and is told before anybody is answered.
    """

    def __init__(self, intake: Intake, roll: Roll, **options: Any) -> None:  # noqa: ANN401 - discord.py's own signature
        super().__init__(**options)
        self.knows_servers = False
        """Whether the servers of the session are known, most of them."""
        self._intake = intake
        self._roll = roll
        self._servers: set[int] = set()

    def begin_with(self, guilds: Sequence[discord.Guild]) -> None:
        """Note which servers a new session begins with, before anything else is known of them."""
        self.knows_servers = False
        self._servers = {guild.id for guild in guilds}

    async def tell_all_channels(self) -> None:
        """Tell of the channels of all servers; those told of before that are not there any more are gone."""
        channels = [channel for guild in self.guilds for channel in channels_of(guild)]
        try:
            await self._roll.tell_all(channels, self._intake.channels, self._intake.only)
        except StorageError as error:
            _leave_due(error)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Tell of the channels of a server that came late, or was in an outage."""
        if self.knows_servers:
            await self._tell(channels_of(guild))

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Tell that the bot was let into a server, once; one that the session began with is not new to it.

        Where it can write nowhere nobody is told.
        """
        await self._tell(channels_of(guild))
        room = None if guild.id in self._servers else reception_of(guild)
        self._servers.add(guild.id)
        if room is not None and (place := place_of(room)) is not None:
            await self._intake.arrived(place, visibility_of(room))

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Tell that all channels of a server are gone: the bot was sent away, or the server was deleted."""
        self._servers.discard(guild.id)
        await self._strike(channels_of(guild))

    async def on_guild_update(self, before: discord.Guild, after: discord.Guild) -> None:
        """Tell of all channels of a server that was marked for adults, or is not any more."""
        if before.nsfw_level is not after.nsfw_level:
            await self._tell(channels_of(after))

    async def on_guild_role_update(self, before: discord.Role, after: discord.Role) -> None:
        """Tell of all channels of a server where @everyone may do something else."""
        if after.is_default() and before.permissions != after.permissions:
            await self._tell(channels_of(after.guild))

    async def on_guild_channel_create(self, channel: discord.abc.GuildChannel) -> None:
        """Tell of a new channel."""
        await self._tell(_told(channel))

    async def on_guild_channel_update(self, _: discord.abc.GuildChannel, channel: discord.abc.GuildChannel) -> None:
        """Tell of a channel that others can read now, or that has another name."""
        await self._tell(_told(channel))

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Tell that a channel is gone, and with it all that was said there."""
        await self._strike(_told(channel))
        for gone in _told(channel):
            await self._intake.removed(Place(PLATFORM, gone.space, gone.channel))

    async def on_raw_thread_delete(self, event: discord.RawThreadDeleteEvent) -> None:
        """Tell that a thread or a forum post is gone, and with it all that was said there.

        Where its channel is gone too, that was told.
        """
        if self.get_channel(event.parent_id) is None:
            return
        await self._intake.removed(Place(PLATFORM, str(event.guild_id), str(event.parent_id), str(event.thread_id)))

    async def _tell(self, channels: Collection[Channel]) -> None:
        try:
            await self._roll.tell(channels, self._intake.channels)
        except StorageError as error:
            _leave_due(error)

    async def _strike(self, channels: Collection[Channel]) -> None:
        try:
            await self._roll.strike(channels, self._intake.channels)
        except StorageError as error:
            _leave_due(error)


def _told(channel: discord.abc.GuildChannel) -> list[Channel]:
    """Say who can read a channel, but nothing of a category: nothing is said in one."""
    return [] if isinstance(channel, discord.CategoryChannel) else [channel_of(channel)]


def _leave_due(error: StorageError) -> None:
    log.warning("channels not stored", exc_info=error, extra={"platform": PLATFORM})
