"""Where on Discord something was said, and who can read it there."""

from __future__ import annotations

from typing import Final

import discord

from memory.types import Place, Visibility

PLATFORM: Final = "discord"
DIRECT_SPACE: Final = "@me"
"""The space of direct messages, which belong to no server; Discord's own links to them say the same."""


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
            # The role of @everyone has the server's own id; a server of which only the id is known has no roles yet.
            everyone = channel.guild.get_role(channel.guild.id)
            seen = everyone is not None and channel.permissions_for(everyone).view_channel
            return Visibility.PUBLIC if seen else Visibility.PRIVATE
        case _:
            return Visibility.PRIVATE
