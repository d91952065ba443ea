"""The half of the fake's face that builds and changes servers: their roles, members and channels.

Source: https://discord.com/developers/docs/events/gateway-events#guilds and #channels: connected bots are told of
everything here but of members, for which they have no intent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from tests.fakes.discord.gateway import Intent
from tests.fakes.discord.permissions import Overwrite, Permission
from tests.fakes.discord.service import Service
from tests.fakes.discord.shapes import JsonObject, guild_create_json, guild_json, role_json
from tests.fakes.discord.world import Channel, ChannelType


class Servers:
    """What a test does to servers."""

    _service: Service

    def add_guild(self, name: str, owner: str | None = None) -> str:
        """Found a server with the bot in it; without `owner` somebody unnamed owns it."""
        world = self._service.world
        guild = world.add_guild(name, owner or world.add_user(f"owner-of-{name}".lower()).id)
        self._tell("GUILD_CREATE", guild_create_json(world, guild, joined=True))
        return guild.id

    def change_guild(self, guild: str, *, nsfw_level: int | None = None, system_channel: str | None = None) -> None:
        """Change a server's settings, those that are named."""
        found = self._service.world.guilds[guild]
        found.nsfw_level = found.nsfw_level if nsfw_level is None else nsfw_level
        found.system_channel = found.system_channel if system_channel is None else system_channel
        self._tell("GUILD_UPDATE", guild_json(found))

    def send_away(self, guild: str) -> None:
        """Remove the bot from a server; of one that is only in an outage the event would say so.

        Source: https://discord.com/developers/docs/events/gateway-events#guild-delete.
        """
        del self._service.world.guilds[guild].members[self._service.world.bot.id]
        self._tell("GUILD_DELETE", {"id": guild})

    def let_in(self, guild: str) -> None:
        """Let the bot into a server from which it was sent away."""
        world = self._service.world
        world.add_member(guild, world.bot.id)
        self._tell("GUILD_CREATE", guild_create_json(world, world.guilds[guild], joined=True))

    def add_role(self, guild: str, name: str, permissions: Permission = Permission.NONE) -> str:
        """Add a role; what it permits comes on top of what @everyone may."""
        role = self._service.world.add_role(guild, name, permissions)
        self._tell("GUILD_ROLE_CREATE", {"guild_id": guild, "role": role_json(role)})
        return role.id

    def permit_everyone(self, guild: str, permissions: Permission) -> None:
        """Let @everyone do this on a server, and nothing else."""
        roles = self._service.world.guilds[guild].roles
        roles[guild] = replace(roles[guild], permissions=permissions)
        self._tell("GUILD_ROLE_UPDATE", {"guild_id": guild, "role": role_json(roles[guild])})

    def add_member(
        self, guild: str, user: str, roles: Sequence[str] = (), nick: str | None = None, *, guest: bool = False
    ) -> None:
        """Let a user join a server, or give a member other roles; the bot hears nothing: it has no members intent."""
        self._service.world.add_member(guild, user, tuple(roles), nick, guest=guest)

    def remove_member(self, guild: str, user: str) -> None:
        """Let a member leave; the bot hears nothing of that either, and what he wrote stays."""
        del self._service.world.guilds[guild].members[user]

    def add_channel(
        self,
        guild: str,
        name: str,
        *,
        private: bool = False,
        kind: Literal["text", "forum", "voice", "announcement", "category"] = "text",
        nsfw: bool = False,
    ) -> str:
        """Add a channel; a private one is hidden from @everyone and shown to the bot."""
        world = self._service.world
        channel = Channel(world.new_id(), ChannelType[kind.upper()], name, guild, nsfw=nsfw)
        if private:
            channel.overwrites[guild] = Overwrite(deny=Permission.VIEW_CHANNEL)
            channel.overwrites[world.bot.id] = Overwrite(allow=Permission.VIEW_CHANNEL, member=True)
        self._service.tell_channel("CHANNEL_CREATE", world.add_channel(channel))
        return channel.id

    def change_channel(self, channel: str, *, name: str | None = None, nsfw: bool | None = None) -> None:
        """Give a channel another name, or set or take away its mark for adults."""
        found = self._service.world.channels[channel]
        found.name = found.name if name is None else name
        found.nsfw = found.nsfw if nsfw is None else nsfw
        self._service.tell_channel("CHANNEL_UPDATE", found)

    def delete_channel(self, channel: str) -> None:
        """Delete a channel or a thread, and all that stands in it."""
        world = self._service.world
        found = world.channels.pop(channel)
        for message in world.history(channel):
            del world.messages[message.id]
        self._service.tell_channel("THREAD_DELETE" if found.is_thread else "CHANNEL_DELETE", found)

    def set_overwrite(
        self, channel: str, target: str, allow: Permission = Permission.NONE, deny: Permission = Permission.NONE
    ) -> None:
        """Grant and take away in one channel, from a role or a user (the bot too); replaces what was set for him."""
        found = self._service.world.channels[channel]
        found.overwrites[target] = Overwrite(allow, deny, member=target in self._service.world.users)
        self._service.tell_channel("CHANNEL_UPDATE", found)

    def hide(self, channel: str) -> None:
        """Make a channel private as a moderator does: hidden from @everyone, and still shown to the bot."""
        bot = self._service.world.bot.id
        self._service.world.channels[channel].overwrites[bot] = Overwrite(allow=Permission.VIEW_CHANNEL, member=True)
        self.set_overwrite(channel, self._service.world.channels[channel].guild, deny=Permission.VIEW_CHANNEL)

    def _tell(self, event: str, shape: JsonObject) -> None:
        self._service.gateway.dispatch(event, lambda _: dict(shape), Intent.GUILDS)
        self._service.changes.mark()
