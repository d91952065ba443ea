"""A Discord message as discord.py hands it over becomes an `Inbound`: `read` takes the plain values out of it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import discord

from adapters.discord.inbound import Event, Me, Referenced, understand
from adapters.discord.markup import Names, ids_in
from adapters.discord.places import PLATFORM, access_of, name_of, place_of
from adapters.text import clean, display_name
from memory.types import Attachment, Inbound, Person

log = logging.getLogger(__name__)

_SAID = frozenset({discord.MessageType.default, discord.MessageType.reply})
"""The types of messages that somebody writes; every other type is Discord's own word on what happened."""

_STICKER_KINDS = {
    discord.StickerFormatType.png: "image/png",
    discord.StickerFormatType.apng: "image/apng",
    discord.StickerFormatType.gif: "image/gif",
    discord.StickerFormatType.lottie: "application/json",
}

_LARGEST: Final = 2**40
"""Bytes of a file at most; Discord takes 500 MB, and a larger number is a lie that no database need be able to hold."""

_IDS: Final = range(1, 2**63)
"""What can be an id: https://discord.com/developers/docs/reference#snowflakes; the highest bit is the time's sign."""


def to_inbound(message: discord.Message, me: int, channel: object = None, *, anybody: bool = False) -> Inbound | None:
    """Turn a message into an `Inbound`; None where it is nothing to the bot, whose user id is `me`.

    `channel` is given where the message itself does not know its channel (a thread that is in no cache); `anybody` as
    in `understand`.
    Never raises: a message that cannot be read is dropped, and the log says where it went wrong.
    """
    try:
        event = read(message, message.channel if channel is None else channel)
        return None if event is None else understand(event, _me(message, me), anybody=anybody)
    except Exception as exc:
        # Whatever a stranger sends, the next message has to be heard.
        log.warning("message dropped", exc_info=exc, extra={"platform": PLATFORM})
        return None


def read(message: discord.Message, channel: object) -> Event | None:
    """Take the plain values out of a message; None where its channel is of no known kind.

    Raises: whatever discord.py or Python does of a message that is not as Discord documents it.
    """
    place = place_of(channel)
    if place is None:
        return None
    snapshot = _snapshot(message)
    author, content = message.author, _words(message)
    if any(its_id not in _IDS for its_id in (message.id, author.id, int(place.channel))):
        raise ValueError("not an id")
    return Event(
        place=place,
        access=access_of(channel),
        message_id=str(message.id),
        author=person(author),
        content=content,
        sent_at=message.created_at,
        by_person=is_by_person(message),
        names=names_in(content, message.guild, message.mentions),
        mentioned=frozenset(str(user.id) for user in message.mentions),
        mentioned_roles=frozenset(str(role.id) for role in message.role_mentions),
        to_everyone=bool(message.mention_everyone),
        attachments=_attachments(message),
        answers=_answered(message),
        forwards=None if snapshot is None else _forwarded(message, snapshot),
        roles=roles_of(author),
        edited_at=None if message.edited_at is None else _utc(message.edited_at),
        channel_name=name_of(channel),
        title=_title(message, channel),
        guest=is_guest(author),
    )


def is_by_person(message: discord.Message) -> bool:
    """Whether a person said a message: no bot, no webhook, and not Discord itself."""
    author = message.author
    return is_said(message) and not (author.bot or author.system or message.webhook_id)


def is_said(message: discord.Message) -> bool:
    """Whether somebody said a message, be it a bot, and not Discord itself."""
    return message.type in _SAID


def person(user: discord.abc.User) -> Person:
    """Name a user as the place shows him, on one line."""
    return Person(str(user.id), display_name(user.display_name) or display_name(user.name) or str(user.id))


def roles_of(author: discord.abc.User) -> frozenset[str]:
    """Give the ids of the author's roles; @everyone, which all have, is none."""
    if not isinstance(author, discord.Member):
        return frozenset()
    return frozenset(str(role.id) for role in author.roles if not role.is_default())


def is_guest(author: discord.abc.User) -> bool:
    """Whether a member sees only the voice channel that he was invited to.

    https://docs.discord.com/developers/resources/guild#guild-member-object-guild-member-flags.
    """
    return isinstance(author, discord.Member) and author.flags.guest


def names_in(content: str, guild: discord.Guild | None, people: Iterable[discord.abc.User] = ()) -> Names:
    """Look the ids in a text up, among the people at hand and in what is known of the server; asks nobody."""
    ids = ids_in(content)
    known = {named.user: named.name for named in map(person, people)}
    if guild is None:
        return Names(people=known)
    members = {user: guild.get_member(int(user)) for user in ids.people}
    roles = {role: guild.get_role(int(role)) for role in ids.roles}
    channels = {channel: guild.get_channel_or_thread(int(channel)) for channel in ids.channels}
    return Names(
        people={user: person(member).name for user, member in members.items() if member is not None} | known,
        roles={its_id: display_name(role.name) for its_id, role in roles.items() if role is not None},
        channels={its_id: display_name(channel.name) for its_id, channel in channels.items() if channel is not None},
    )


def _me(message: discord.Message, me: int) -> Me:
    """Know the bot's own role among those mentioned: Discord makes one for it in every server it joins."""
    own = (role for role in message.role_mentions if role.tags is not None and role.tags.bot_id == me)
    return Me(str(me), frozenset(str(role.id) for role in own))


def _answered(message: discord.Message) -> Referenced | None:
    """Read the message that is answered; None where there is none, or it is gone."""
    quoted = message.reference.resolved if message.reference is not None else None
    if message.type is not discord.MessageType.reply or not isinstance(quoted, discord.Message):
        return None
    snapshot = _snapshot(quoted)
    content = _words(quoted) or (_words(snapshot) if snapshot else "")
    names = names_in(content, message.guild, quoted.mentions)
    files = tuple(file.name for file in _attachments(quoted))
    return Referenced(str(quoted.id), content, quoted.created_at, person(quoted.author), names, files)


def _forwarded(message: discord.Message, snapshot: discord.MessageSnapshot) -> Referenced:
    """Read the copy that a forwarded message carries; its files are the message's own, which carries them."""
    origin = message.reference.message_id if message.reference is not None else None
    content = _words(snapshot)
    names = names_in(content, message.guild)
    return Referenced(str(origin or ""), content, _utc(snapshot.created_at), names=names)


def _snapshot(message: discord.Message) -> discord.MessageSnapshot | None:
    """Find the copy of the message that this one forwards; Discord lets a message carry one."""
    return message.message_snapshots[0] if message.message_snapshots else None


def _title(message: discord.Message, channel: object) -> str:
    """Give the title of the forum post that a message opens: there alone a message has its own channel's id.

    https://discord.com/developers/docs/resources/channel#start-thread-in-forum-or-media-channel.
    """
    if isinstance(channel, discord.Thread) and message.id == message.channel.id:
        return display_name(channel.name)
    return ""


def _words(said: discord.Message | discord.MessageSnapshot) -> str:
    """Give the text of a message with what its poll asks; of one without any, what stands in its embeds."""
    if isinstance(said, discord.Message) and said.poll is not None:
        answers = (f"- {answer.text}" for answer in said.poll.answers)
        return clean("\n".join([*([said.content] if said.content else []), f"Poll: {said.poll.question}", *answers]))
    shown = (part for embed in said.embeds for part in (embed.title, embed.description) if part)
    return clean(said.content or "\n".join(shown))


def _attachments(message: discord.Message) -> tuple[Attachment, ...]:
    """List the files and stickers of a message, and of the one that it forwards."""
    snapshot = _snapshot(message)
    files = (*message.attachments, *(snapshot.attachments if snapshot else ()))
    stickers = (*message.stickers, *(snapshot.stickers if snapshot else ()))
    return (
        *(Attachment(_line(file.filename) or "file", _line(file.content_type), _bytes(file.size)) for file in files),
        *(Attachment(_line(sticker.name), _STICKER_KINDS.get(sticker.format, ""), 0) for sticker in stickers),
    )


def _line(text: object) -> str:
    """Make one line of what is said of a file; discord.py passes it on unseen, so it need not be a text."""
    return display_name(text) if isinstance(text, str) else ""


def _bytes(size: object) -> int:
    """Make a size of what is said to be one."""
    return min(max(0, size), _LARGEST) if isinstance(size, int) else 0


def _utc(time: datetime) -> datetime:
    """Make a time aware that Discord writes without its offset; it is UTC."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
