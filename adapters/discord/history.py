"""What stands on Discord now: where something was said since a time, and what, read as if it came in now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

import discord

from adapters.discord.connection import Connection
from adapters.discord.failures import FAILURES, as_read_error
from adapters.discord.places import place_of
from adapters.discord.reading import is_by_person, is_said, to_inbound
from memory.types import History, Inbound, Place

_PLACES: Final = 200
"""Places that are named at most: each is a request or two to read."""

_MESSAGES: Final = 200
"""Messages of a place that are read at most, in pages of 100."""

_MEMBERS: Final = 100
"""Members that can be asked for at once: https://discord.com/developers/docs/events/gateway-events#request-guild-members."""

_SERVERS_SECONDS: Final = 5.0
"""How long servers are waited for of which a new session has told the ids alone; one in an outage does not come."""

Readable = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread


async def places(client: Connection, since: datetime) -> tuple[Place, ...]:
    """Name the channels and active threads whose last message came since then, most recent first.

    A forum has no messages of its own, its posts are threads. That the last message is still there is not sure.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(_SERVERS_SECONDS):
            while any(guild.unavailable for guild in client.guilds):
                await client.wait_for("guild_available")
    first = discord.utils.time_snowflake(since)
    found = [
        (channel.last_message_id, place)
        for channel in chain.from_iterable(map(_channels, client.guilds))
        if channel.last_message_id is not None and channel.last_message_id >= first and _may_read(client, channel)
        if (place := place_of(channel)) is not None
    ]
    found.sort(key=lambda each: each[0], reverse=True)
    return tuple(place for _, place in found[:_PLACES])


async def read(client: Connection, place: Place, since: datetime) -> History | None:
    """Read the newest messages of a place since then; nothing where it is gone or not for this bot to read.

    Raises: PlatformUnreachable.
    """
    try:
        channel = await _open(client, place)
        if channel is None:
            return None
        after = discord.Object(discord.utils.time_snowflake(since) - 1)
        newest_first = [message async for message in channel.history(limit=_MESSAGES, after=after, oldest_first=False)]
        if isinstance(channel, Readable):
            await _name_members(newest_first, channel.guild)
    except FAILURES as exc:
        unreachable = as_read_error(exc)
        if unreachable is None:
            return None
        raise unreachable from exc
    if len(newest_first) == _MESSAGES:
        # Of the millisecond in which the oldest one was sent there may be more.
        since = newest_first[-1].created_at + timedelta(milliseconds=1)
    return History(
        place,
        since,
        messages=tuple(_said(client, reversed(newest_first), channel)),
        standing=frozenset(str(message.id) for message in newest_first),
    )


async def before(client: Connection, inbound: Inbound, most: int) -> tuple[Inbound, ...]:
    """Read what people said before a message, the newest of it; nothing where this is not for the bot to read.

    A thread begins with the message that it hangs on, a forum's post with its own first one. Of a channel that is what
    came since the message that is answered, with that one, where it is not too far back.
    Raises: PlatformUnreachable.
    """
    if most < 1:
        return ()
    try:
        channel = await _open(client, inbound.place)
        if channel is None:
            return ()
        messages = await _preceding(channel, inbound, most)
        starter = await _starter(channel, inbound)
        if starter is not None and starter.id not in {message.id for message in messages}:
            messages = [starter, *messages[max(0, len(messages) - most + 1) :]]
        if isinstance(channel, Readable):
            await _name_members(messages, channel.guild)
    except FAILURES as exc:
        unreachable = as_read_error(exc)
        if unreachable is None:
            return ()
        raise unreachable from exc
    return tuple(
        said
        for message in messages
        for said in _said(client, [message], _where(message, channel), anybody=message is starter)
    )


async def _preceding(channel: Readable | discord.DMChannel, inbound: Inbound, most: int) -> list[discord.Message]:
    """Read what people said right before a message, oldest first.

    Raises: what discord.py raises.
    """
    answered = "" if inbound.place.thread or inbound.reply_to is None else inbound.reply_to.message_id
    newest_first: list[discord.Message] = []
    async for message in channel.history(limit=_MESSAGES, before=discord.Object(int(inbound.message_id))):
        if is_by_person(message):
            newest_first.append(message)
        if len(newest_first) == most or str(message.id) == answered:
            break
    return newest_first[::-1]


async def _starter(channel: Readable | discord.DMChannel, inbound: Inbound) -> discord.Message | None:
    """Read the message that a thread hangs on, be it a bot's; None where there is none, or Discord itself said it.

    It has the thread's id and stands in the channel, or first in a forum's post:
    https://discord.com/developers/docs/topics/threads#thread-fields.
    Raises: what discord.py raises.
    """
    if not isinstance(channel, discord.Thread) or channel.parent is None or inbound.message_id == str(channel.id):
        return None
    holder = channel if isinstance(channel.parent, discord.ForumChannel) else channel.parent
    try:
        starter = await holder.fetch_message(channel.id)
    except discord.NotFound:
        return None
    return starter if is_said(starter) else None


def _where(message: discord.Message, channel: Readable | discord.DMChannel) -> object:
    """Give the channel in which one of the messages before another stands: the starter of a thread is not in it."""
    if isinstance(channel, discord.Thread) and message.channel.id == channel.parent_id:
        return channel.parent
    return channel


async def _open(client: Connection, place: Place) -> Readable | discord.DMChannel | None:
    """Find the channel of a place; None where it is another one's by now, or the bot may not read it.

    Without the right to read the history Discord gives an empty one, as if all had been deleted:
    https://discord.com/developers/docs/resources/message#get-channel-messages.
    Raises: what discord.py raises.
    """
    its_id = int(place.thread or place.channel)
    channel = client.get_channel(its_id) or await client.fetch_channel(its_id)
    if place_of(channel) != place:
        return None
    if isinstance(channel, discord.DMChannel):
        return channel
    return channel if isinstance(channel, Readable) and _may_read(client, channel) else None


def _channels(guild: discord.Guild) -> Sequence[Readable]:
    return (*guild.text_channels, *guild.voice_channels, *guild.stage_channels, *guild.threads)


def _may_read(client: Connection, channel: Readable) -> bool:
    """Whether the bot may read what was said there; not where it cannot be known, as of a server in an outage."""
    me = None if client.user is None else channel.guild.get_member(client.user.id)
    if me is None or (isinstance(channel, discord.Thread) and channel.parent is None):
        return False
    permissions = channel.permissions_for(me)
    return permissions.view_channel and permissions.read_message_history


async def _name_members(messages: Sequence[discord.Message], guild: discord.Guild) -> None:
    """Make members of the people who wrote messages and are named in them, with their nicknames and roles of now.

    Discord tells these with events alone (https://github.com/discord/discord-api-docs/issues/1709). Who has left has
    neither; a message of his is judged as that of a member without roles.
    Raises: what discord.py raises.
    """
    by_people = [message for message in messages if not message.author.bot]
    people = {user.id for message in by_people for user in (message.author, *message.mentions)}
    ids, members = sorted(people), dict[int, discord.Member]()
    for start in range(0, len(ids), _MEMBERS):
        page = ids[start : start + _MEMBERS]
        members |= {m.id: m for m in await guild.query_members(user_ids=page, limit=_MEMBERS, cache=False)}
    for message in by_people:
        message.author = members.get(message.author.id, message.author)
        message.mentions = [members.get(user.id, user) for user in message.mentions]


def _said(
    client: Connection, messages: Iterable[discord.Message], channel: object, *, anybody: bool = False
) -> Iterator[Inbound]:
    """Give what people said, with `anybody` other bots too, but for what Discord keeps back."""
    for message in messages:
        inbound = None if client.user is None else to_inbound(message, client.user.id, channel, anybody=anybody)
        if inbound is not None and not client.withholds(message, inbound):
            yield inbound
