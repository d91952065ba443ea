"""The routes of everything that is not a message: the app, the gateway's address, people, servers, channels.

Source: https://discord.com/developers/docs/resources (application, channel, guild, user) and, for the gateway's
address, https://discord.com/developers/docs/events/gateway#get-gateway-bot.
"""

from __future__ import annotations

from tests.fakes.discord.messages import Call
from tests.fakes.discord.permissions import Permission
from tests.fakes.discord.service import Service
from tests.fakes.discord.shapes import (
    JsonObject,
    application_json,
    channel_json,
    guild_json,
    member_json,
    permissions_json,
    user_json,
)
from tests.fakes.discord.wire import ApiError, Reason, text
from tests.fakes.discord.world import Channel, Guild


class PlaceRoutes:
    """What the bot can learn about itself and where it is."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._world = service.world

    def gateway(self, _: Call) -> JsonObject:
        """GET the gateway's address and how many sessions may be begun."""
        limits = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
        return {"url": self._service.account.gateway_url, "shards": 1, "session_start_limit": limits}

    def me(self, _: Call) -> JsonObject:
        """GET the bot's own user."""
        return user_json(self._world.bot)

    def application(self, _: Call) -> JsonObject:
        """GET the bot's application; its flags tell whether the message-content intent is on."""
        return application_json(self._world, message_content=self._service.account.message_content_allowed)

    def my_guilds(self, _: Call) -> list[JsonObject]:
        """GET the servers that the bot is in, with its permissions there."""
        bot = self._world.bot.id
        return [
            {
                "id": guild.id,
                "name": guild.name,
                "icon": None,
                "owner": guild.owner == bot,
                "permissions": permissions_json(self._world.guild_permissions(bot, guild.id)),
                "features": [],
            }
            for guild in self._world.bot_guilds()
        ]

    def open_dm(self, call: Call) -> JsonObject:
        """POST: open the direct message channel with a user."""
        user = text(call.form, "recipient_id")
        if user not in self._world.users:
            raise ApiError(Reason.UNKNOWN_USER)
        return channel_json(self._world, self._world.dm_with(user))

    def user(self, call: Call) -> JsonObject:
        """GET a user."""
        user = self._world.users.get(call.args["user"])
        if user is None:
            raise ApiError(Reason.UNKNOWN_USER)
        return user_json(user)

    def guild(self, call: Call) -> JsonObject:
        """GET a server."""
        return guild_json(self._guild(call))

    def channels(self, call: Call) -> list[JsonObject]:
        """GET a server's channels, without threads."""
        guild = self._guild(call).id
        found = [channel for channel in self._world.channels.values() if channel.guild == guild]
        return [channel_json(self._world, channel) for channel in found if not channel.is_thread]

    def active_threads(self, call: Call) -> JsonObject:
        """GET the threads of a server that are not archived and that the bot sees."""
        guild = self._guild(call).id
        found = [c for c in self._world.channels.values() if c.guild == guild and c.is_thread and not c.archived]
        threads = [channel_json(self._world, thread) for thread in found if self._world.bot_sees(thread)]
        return {"threads": threads, "members": [thread["member"] for thread in threads if "member" in thread]}

    def member(self, call: Call) -> JsonObject:
        """GET a member of a server."""
        member = self._guild(call).members.get(call.args["user"])
        if member is None:
            raise ApiError(Reason.UNKNOWN_MEMBER)
        return member_json(member, self._world.users[member.user])

    def channel(self, call: Call) -> JsonObject:
        """GET a channel or thread that the bot sees."""
        return channel_json(self._world, self._channel(call))

    def join_thread(self, call: Call) -> None:
        """PUT: join a thread."""
        self._channel(call).people.add(self._world.bot.id)

    def _guild(self, call: Call) -> Guild:
        guild = self._world.guilds.get(call.args["guild"])
        if guild is None:
            raise ApiError(Reason.UNKNOWN_GUILD)
        return guild

    def _channel(self, call: Call) -> Channel:
        channel = self._world.channels.get(call.args["channel"])
        if channel is None:
            raise ApiError(Reason.UNKNOWN_CHANNEL)
        if Permission.VIEW_CHANNEL not in self._world.channel_permissions(self._world.bot.id, channel):
            raise ApiError(Reason.MISSING_ACCESS)
        return channel
