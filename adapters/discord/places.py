"""Where on Discord something was said, and who can read it there."""

from __future__ import annotations

from typing import Final

import discord

from adapters.text import display_name
from memory.types import Access, Channel, Place, Visibility

PLATFORM: Final = "discord"
DIRECT_SPACE: Final = "@me"
"""The space of direct messages, which belong to no server; Discord's own links to them say the same."""

_HIDDEN: Final = "___hidden___"
"""The name of a channel that the bot may not see: https://docs.discord.com/developers/change-log (channel obfuscation).

All that stands beside it is that @everyone may not see it either.
"""

_ADULT: Final = frozenset({discord.NSFWLevel.explicit, discord.NSFWLevel.age_restricted})
"""Marks of a whole server: https://docs.discord.com/developers/resources/guild#guild-object-guild-nsfw-level."""

_READING: Final = discord.Permissions(view_channel=True, read_message_history=True)
_HEARING: Final = _READING | discord.Permissions(connect=True)
"""What reading takes, and reading the chat of a voice channel:
https://docs.discord.com/developers/resources/message#get-channel-messages."""

_Marked = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.ForumChannel
"""The channels that can be marked for adults."""


def place_of(channel: object) -> Place | None:
    """Name the place that a channel, thread, forum post or direct message is; None for anything else.

    A thread and a forum post stand under their parent's id, which Discord gives with every thread.
    """
    match channel:
        case discord.Thread():
            return Place(PLATFORM, str(channel.guild.id), str(channel.parent_id), str(channel.id))
        case discord.abc.GuildChannel():
            return Place(PLATFORM, str(channel.guild.id), str(channel.id))
        case discord.DMChannel():
            return Place(PLATFORM, DIRECT_SPACE, str(channel.id))
        case _:
            return None


def place_by_id(guild: int | None, channel: int, found: object) -> Place:
    """Name the place of a channel as well as it is known; one that could not be `found` is taken for no thread."""
    return place_of(found) or Place(PLATFORM, DIRECT_SPACE if guild is None else str(guild), str(channel))


def visibility_of(channel: object) -> Visibility:
    """Say who can read a channel: a place of which too little is known counts as private."""
    match channel:
        case discord.DMChannel():
            return Visibility.DIRECT
        case discord.Thread():
            return Visibility.PRIVATE if channel.is_private() else visibility_of(channel.parent)
        case discord.abc.GuildChannel():
            return Visibility.PUBLIC if _can_everybody_read(channel) else Visibility.PRIVATE
        case _:
            return Visibility.PRIVATE


def _can_everybody_read(channel: discord.abc.GuildChannel) -> bool:
    """Whether all people of a server can read a channel, with what was said there before they came.

    Not where it is hidden from anybody, be it from one person or from those with one role.
    """
    # The role of @everyone has the server's own id; a server of which only the id is known has no roles yet.
    everyone = channel.guild.get_role(channel.guild.id)
    needed = _HEARING if isinstance(channel, discord.VoiceChannel | discord.StageChannel) else _READING
    if everyone is None or not needed <= channel.permissions_for(everyone):
        return False
    overwrites = channel.overwrites.items()
    return not any(overwrite.pair()[1].value & needed.value for who, overwrite in overwrites if not _is_bots(who))


def _is_bots(who: discord.Role | discord.Member | discord.Object) -> bool:
    """Whether rights are set for a bot, of which what it may read shows nothing to people; @everyone is none."""
    return who.is_bot_managed() if isinstance(who, discord.Role) else isinstance(who, discord.Member) and who.bot


def access_of(channel: object) -> Access:
    """Say who can read a place: a private thread is closed to some of its channel, and a server has no other's people.

    A thread is age-restricted with its channel: https://github.com/discord/discord-api-docs/discussions/7850.
    """
    enclosed = isinstance(channel, discord.Thread) and channel.is_private()
    return Access(visibility_of(channel), enclosed=enclosed, restricted=_is_restricted(channel))


def name_of(channel: object) -> str:
    """Name the channel that a place is in, as people see it; empty for direct messages and where it is not known."""
    if isinstance(channel, discord.Thread):
        return name_of(channel.parent)
    name: object = channel.name if isinstance(channel, discord.abc.GuildChannel) else None
    return display_name(name) if isinstance(name, str) and name != _HIDDEN else ""


def channels_of(guild: discord.Guild) -> list[Channel]:
    """Say of all channels of a server in which something can be said who can read them."""
    return [channel_of(channel) for channel in guild.channels if not isinstance(channel, discord.CategoryChannel)]


def channel_of(channel: discord.abc.GuildChannel) -> Channel:
    """Say who can read a channel, and with it its public threads."""
    access = access_of(channel)
    is_open = access.visibility is Visibility.PUBLIC
    return Channel(
        PLATFORM, str(channel.guild.id), str(channel.id), name_of(channel), is_open, restricted=access.restricted
    )


def reception_of(guild: discord.Guild) -> discord.TextChannel | None:
    """Find where the bot can say something to a whole server: where Discord does, or else in the first channel.

    What is said in an announcement channel goes to other servers too, so those are no place for it.
    """
    rooms = [guild.system_channel, *guild.text_channels]
    return next((room for room in rooms if room is not None and not room.is_news() and _may_write(room)), None)


def _may_write(channel: discord.TextChannel) -> bool:
    permissions = channel.permissions_for(channel.guild.me)
    return permissions.view_channel and permissions.send_messages


def _is_restricted(channel: object) -> bool:
    if isinstance(channel, discord.Thread):
        return channel.guild.nsfw_level in _ADULT or _is_restricted(channel.parent)
    if not isinstance(channel, discord.abc.GuildChannel):
        return False
    return channel.guild.nsfw_level in _ADULT or (isinstance(channel, _Marked) and channel.is_nsfw())
