"""The JSON in which Discord tells of users, servers, channels and messages; a key that does not apply is left out.

Source: the object tables of https://discord.com/developers/docs/resources (user, guild, channel, message, application).
"""

from __future__ import annotations

from typing import TypeAlias

from tests.fakes.discord.permissions import Permission
from tests.fakes.discord.world import (
    Channel,
    ChannelType,
    FakeFile,
    FakeMessage,
    Guild,
    Member,
    MessageFlag,
    MessageType,
    Role,
    User,
    World,
    snowflake_time,
)

JsonObject: TypeAlias = dict[str, object]

IS_GUEST = 1 << 4
"""Member flag: the member sees only the voice channel that he was invited to."""

OBFUSCATED = 1 << 17
"""Channel flag: the bot may not see the channel; what is told of it is true of `id`, `type` and `position` alone."""

MESSAGE_CONTENT_LIMITED = 1 << 19
"""Application flag: the message-content intent is switched on for an app in fewer than 100 servers."""


def user_json(user: User) -> JsonObject:
    """A user object."""
    return {
        "id": user.id,
        "username": user.name,
        "discriminator": "0",
        "global_name": user.display_name,
        "avatar": None,
        "bot": user.bot,
        "public_flags": 0,
    }


def member_json(member: Member, user: User | None = None) -> JsonObject:
    """A guild member object; the one inside a message event comes without its `user`."""
    shape: JsonObject = {
        "nick": member.nick,
        "avatar": None,
        "roles": list(member.roles),
        "joined_at": member.joined_at.isoformat(),
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": IS_GUEST if member.guest else 0,
        "communication_disabled_until": None,
    }
    return shape if user is None else {**shape, "user": user_json(user)}


def role_json(role: Role) -> JsonObject:
    """A role object; `tags.bot_id` marks the role that a bot's invitation made."""
    shape: JsonObject = {
        "id": role.id,
        "name": role.name,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "position": role.position,
        "permissions": str(int(role.permissions)),
        "managed": role.bot is not None,
        "mentionable": False,
        "flags": 0,
    }
    return shape if role.bot is None else {**shape, "tags": {"bot_id": role.bot}}


def channel_json(world: World, channel: Channel) -> JsonObject:
    """A channel object: text channel, forum, thread or direct message."""
    shape: JsonObject = {
        "id": channel.id,
        "type": int(channel.type),
        "last_message_id": channel.last_message_id,
        "flags": 0,
    }
    if channel.type is ChannelType.DM:
        return {**shape, "recipients": [user_json(world.users[user]) for user in channel.people]}
    shape |= {"guild_id": channel.guild, "name": channel.name, "parent_id": channel.parent or None}
    shape["rate_limit_per_user"] = 0
    if channel.is_thread:
        return shape | _thread_part(world, channel)
    shape |= {"position": channel.position, "nsfw": channel.nsfw, "topic": None}
    shape["permission_overwrites"] = [
        {
            "id": target,
            "type": int(overwrite.member),
            "allow": str(int(overwrite.allow)),
            "deny": str(int(overwrite.deny)),
        }
        for target, overwrite in channel.overwrites.items()
    ]
    if channel.type is ChannelType.VOICE:
        shape |= {"bitrate": 64_000, "user_limit": 0, "rtc_region": None}
    if channel.type is ChannelType.FORUM:
        shape |= {"available_tags": [], "default_reaction_emoji": None, "default_sort_order": None}
        shape["default_forum_layout"] = 0
    return shape


def gateway_channel_json(world: World, channel: Channel) -> JsonObject:
    """A channel object as the gateway gives it: of one that the bot may not see, hardly anything is told.

    Its name is a placeholder, and its one overwrite keeps @everyone from viewing it.
    Source: "Channel Obfuscation for Users and Bots", https://docs.discord.com/developers/change-log.
    """
    shape = channel_json(world, channel)
    if channel.type is ChannelType.DM or world.bot_sees(channel):
        return shape
    deny = {"id": channel.guild, "type": 0, "allow": "0", "deny": str(int(Permission.VIEW_CHANNEL))}
    hidden = {"name": "___hidden___", "topic": None, "nsfw": False, "last_message_id": None, "flags": OBFUSCATED}
    return shape | hidden | {"permission_overwrites": [deny]}


def _thread_part(world: World, thread: Channel) -> JsonObject:
    made_at = snowflake_time(thread.id).isoformat()
    count = len(world.history(thread.id))
    part: JsonObject = {
        "owner_id": thread.owner,
        "message_count": count,
        "total_message_sent": count,
        "member_count": len(thread.people),
        "thread_metadata": {
            "archived": thread.archived,
            "auto_archive_duration": 1440,
            "archive_timestamp": made_at,
            "create_timestamp": made_at,
            "locked": False,
            "invitable": True,
        },
    }
    if world.bot.id in thread.people:
        part["member"] = {"id": thread.id, "user_id": world.bot.id, "join_timestamp": made_at, "flags": 0}
    return part


def guild_json(guild: Guild) -> JsonObject:
    """A guild object as REST gives it."""
    return {
        "id": guild.id,
        "name": guild.name,
        "icon": None,
        "owner_id": guild.owner,
        "roles": [role_json(role) for role in guild.roles.values()],
        "emojis": [],
        "stickers": [],
        "features": [],
        "preferred_locale": "en-US",
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": guild.nsfw_level,
        "premium_tier": 0,
        "system_channel_id": guild.system_channel or None,
        "system_channel_flags": 0,
        "afk_channel_id": None,
        "afk_timeout": 300,
    }


def guild_create_json(world: World, guild: Guild, *, joined: bool = False) -> JsonObject:
    """The GUILD_CREATE event: the server with its channels, the active threads that the bot sees, and the bot's member.

    Of a server that the bot just joined it says nothing about its being available:
    https://github.com/discord/discord-api-docs/pull/5124.
    Source: https://discord.com/developers/docs/events/gateway-events#guild-create; without the presences intent only
    the bot's own member is among `members`.
    """
    own = [channel for channel in world.channels.values() if channel.guild == guild.id]
    threads = [channel for channel in own if channel.is_thread and not channel.archived and world.bot_sees(channel)]
    bot = guild.members[world.bot.id]
    available: JsonObject = {} if joined else {"unavailable": False}
    return (
        guild_json(guild)
        | available
        | {
            "joined_at": bot.joined_at.isoformat(),
            "large": False,
            "member_count": len(guild.members),
            "members": [member_json(bot, world.bot)],
            "channels": [gateway_channel_json(world, channel) for channel in own if not channel.is_thread],
            "threads": [channel_json(world, thread) for thread in threads],
            "voice_states": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }
    )


def application_json(world: World, *, message_content: bool) -> JsonObject:
    """The application object: `flags` say whether the message-content intent is switched on."""
    return {
        "id": world.bot.id,
        "name": world.bot.name,
        "icon": None,
        "description": "",
        "bot_public": True,
        "bot_require_code_grant": False,
        "owner": user_json(world.bot),
        "team": None,
        "verify_key": "0" * 64,
        "flags": MESSAGE_CONTENT_LIMITED if message_content else 0,
        "approximate_guild_count": len(world.guilds),
    }


def message_json(world: World, message: FakeMessage, *, content: bool, nested: bool = False) -> JsonObject:
    """A message object as REST gives it; `content` says whether the app may read messages that are not for it.

    Where it may not, `content`, `embeds` and `attachments` are empty. `nested` leaves out what this one refers to, as
    Discord does one level down.
    """
    readable = content or world.bot_reads(message)
    shape: JsonObject = {
        "id": message.id,
        "channel_id": message.channel_id,
        "author": user_json(world.users[message.author_id]),
        "content": message.content if readable else "",
        "timestamp": message.sent_at.isoformat(),
        "edited_timestamp": message.edited_at.isoformat() if message.edited_at else None,
        "tts": False,
        "mention_everyone": message.everyone,
        "mentions": [user_json(world.users[user]) for user in message.mentions],
        "mention_roles": list(message.role_mentions),
        "attachments": [_file_json(message, file) for file in message.files] if readable else [],
        "embeds": _embeds(message) if readable else [],
        "components": [],
        "pinned": False,
        "type": int(message.type),
        "flags": int(message.flags),
    }
    if message.interaction_id is not None:
        shape |= {"webhook_id": world.bot.id, "application_id": world.bot.id}
    if message.reference_channel_id is not None:
        shape |= _reference_part(world, message, content=content, nested=nested)
    return shape


def _reference_part(world: World, message: FakeMessage, *, content: bool, nested: bool) -> JsonObject:
    """The keys of a reply, a forward or a thread's system message; a reply to a deleted message has a null."""
    forward = message.forwarded is not None
    reference: JsonObject = {"type": int(forward), "channel_id": message.reference_channel_id}
    if message.reference_id is not None:
        reference["message_id"] = message.reference_id
    guild = world.channels[message.channel_id].guild
    if guild:
        reference["guild_id"] = guild
    part: JsonObject = {"message_reference": reference}
    if message.forwarded is not None:
        readable = content or world.bot_reads(message)
        part["message_snapshots"] = [{"message": _snapshot_json(message.forwarded, readable=readable)}]
    elif message.type in {MessageType.REPLY, MessageType.THREAD_STARTER_MESSAGE} and not nested:
        original = world.messages.get(message.reference_id or "")
        part["referenced_message"] = original and message_json(world, original, content=content, nested=True)
    return part


def _snapshot_json(message: FakeMessage, *, readable: bool) -> JsonObject:
    return {
        "type": int(message.type),
        "content": message.content if readable else "",
        "embeds": _embeds(message) if readable else [],
        "attachments": [_file_json(message, file) for file in message.files] if readable else [],
        "timestamp": message.sent_at.isoformat(),
        "edited_timestamp": message.edited_at.isoformat() if message.edited_at else None,
        "flags": int(message.flags),
        "mentions": [],
        "mention_roles": list(message.role_mentions),
        "components": [],
    }


def _embeds(message: FakeMessage) -> list[object]:
    preview: JsonObject = {"type": "link", "url": "https://example.com/", "title": "Example"}
    hidden = MessageFlag.SUPPRESS_EMBEDS in message.flags
    return [] if hidden else [*message.embeds, *[preview] * message.previews]


def _file_json(message: FakeMessage, file: FakeFile) -> JsonObject:
    url = f"https://cdn.discordapp.com/attachments/{message.channel_id}/{file.id}/{file.name}"
    return {
        "id": file.id,
        "filename": file.name,
        "content_type": file.kind,
        "size": file.size,
        "url": url,
        "proxy_url": url,
    }


def message_event_json(world: World, message: FakeMessage, *, content: bool) -> JsonObject:
    """A message as the gateway gives it: with `guild_id`, the author's member and the mentioned people's members.

    Source: https://discord.com/developers/docs/events/gateway-events#message-create.
    """
    shape = message_json(world, message, content=content)
    guild = world.guilds.get(world.channels[message.channel_id].guild)
    if guild is None:
        return shape
    shape["guild_id"] = guild.id
    if message.author_id in guild.members and message.interaction_id is None:
        shape["member"] = member_json(guild.members[message.author_id])
    shape["mentions"] = [
        user_json(world.users[user]) | ({"member": member_json(guild.members[user])} if user in guild.members else {})
        for user in message.mentions
    ]
    return shape


def permissions_json(permissions: Permission) -> str:
    """Permission bits as Discord writes them: a decimal number in a string."""
    return str(int(permissions))
