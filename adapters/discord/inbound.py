"""A Discord message becomes an `Inbound`: `read` takes plain values out of it, `understand` decides over them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import discord

from adapters.discord.markup import Names, ids_in, readable
from adapters.discord.places import PLATFORM, place_of, visibility_of
from adapters.text import display_name
from memory.types import Attachment, Inbound, Person, Place, Quote, Visibility

log = logging.getLogger(__name__)

_SAID = frozenset({discord.MessageType.default, discord.MessageType.reply})
"""The types of message that a person writes; every other type is Discord's own word on what happened."""

_STICKER_KINDS = {
    discord.StickerFormatType.png: "image/png",
    discord.StickerFormatType.apng: "image/apng",
    discord.StickerFormatType.gif: "image/gif",
    discord.StickerFormatType.lottie: "application/json",
}


@dataclass(frozen=True, slots=True)
class Me:
    """The bot where a message was said: its user id and the ids of the roles that Discord made for it."""

    user: str
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Referenced:
    """The message that another one answers or forwards; Discord does not tell whose a forwarded one is.

    `files` are the names of the files with it.
    """

    message_id: str
    content: str
    sent_at: datetime
    author: Person = field(default_factory=lambda: Person("", ""))
    names: Names = field(default_factory=Names)
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One message in plain values.

    `by_person` is false for bots, webhooks and Discord's own notices. `mentioned` and `mentioned_roles` are those whom
    Discord counts as mentioned: also the one who is answered with a ping, never @everyone.
    """

    place: Place
    visibility: Visibility
    message_id: str
    author: Person
    content: str
    sent_at: datetime
    by_person: bool = True
    names: Names = field(default_factory=Names)
    mentioned: frozenset[str] = frozenset()
    mentioned_roles: frozenset[str] = frozenset()
    attachments: tuple[Attachment, ...] = ()
    answers: Referenced | None = None
    forwards: Referenced | None = None
    roles: frozenset[str] = frozenset()


def is_addressed(event: Event, me: Me) -> bool:
    """Whether a message is for the bot by itself: said to it directly, naming it or its role, or answering it."""
    return (
        event.visibility is Visibility.DIRECT
        or me.user in event.mentioned
        or not me.roles.isdisjoint(event.mentioned_roles)
        or (event.answers is not None and event.answers.author.user == me.user)
    )


def is_aside(event: Event, me: Me) -> bool:
    """Whether a message is for somebody else: not for the bot, and naming or answering another than its author."""
    others = event.mentioned if event.answers is None else event.mentioned | {event.answers.author.user}
    return not is_addressed(event, me) and bool(others - {event.author.user})


def understand(event: Event, me: Me) -> Inbound | None:
    """Decide what a message is to the bot; None where no person said it, or where it says nothing to anyone.

    The latter is what Discord hands over of a message that is not for the bot while the message-content intent is off.
    """
    own = me.roles | {me.user}
    text, mentions = readable(event.content, event.names, own)
    addressed = is_addressed(event, me)
    quoted = event.answers or event.forwards
    if not event.by_person or not (addressed or text or event.attachments or quoted):
        return None
    return Inbound(
        place=event.place,
        message_id=event.message_id,
        author=event.author.user,
        author_name=event.author.name,
        text=text,
        sent_at=event.sent_at,
        addressed=addressed,
        visibility=event.visibility,
        aside=is_aside(event, me),
        mentions=mentions,
        attachments=event.attachments,
        reply_to=None if quoted is None else _quote(quoted, own),
        roles=event.roles,
    )


def _quote(quoted: Referenced, own: frozenset[str]) -> Quote:
    """Quote a message as a person sees it; a name is all that a quotation can tell of a file."""
    text = readable(quoted.content, quoted.names, own).text
    if quoted.files:
        text = f"{text} [attached: {', '.join(quoted.files)}]".lstrip()
    return Quote(quoted.message_id, quoted.author.user, quoted.author.name, text, quoted.sent_at)


def to_inbound(message: discord.Message, me: int, channel: object = None) -> Inbound | None:
    """Turn a message into an `Inbound`; None where it is nothing to the bot, whose user id is `me`.

    `channel` is given where the message itself does not know its channel (a thread that is in no cache).
    Never raises: a message that cannot be read is dropped, and the log says where it went wrong.
    """
    try:
        event = read(message, message.channel if channel is None else channel)
        return None if event is None else understand(event, _me(message, me))
    except Exception as exc:
        # Whatever a stranger sends, the next message has to be heard.
        log.warning("message dropped", exc_info=exc, extra={"platform": PLATFORM})
        return None


def read(message: discord.Message, channel: object) -> Event | None:
    """Take the plain values out of a message; None where its channel is of no known kind."""
    place = place_of(channel)
    if place is None:
        return None
    snapshot = _snapshot(message)
    author, content = message.author, _words(message)
    return Event(
        place=place,
        visibility=visibility_of(channel),
        message_id=str(message.id),
        author=person(author),
        content=content,
        sent_at=message.created_at,
        by_person=message.type in _SAID and not (author.bot or author.system or message.webhook_id),
        names=names_in(content, message.guild, message.mentions),
        mentioned=frozenset(str(user.id) for user in message.mentions),
        mentioned_roles=frozenset(str(role.id) for role in message.role_mentions),
        attachments=_attachments(message),
        answers=_answered(message),
        forwards=None if snapshot is None else _forwarded(message, snapshot),
        roles=roles_of(author),
    )


def person(user: discord.abc.User) -> Person:
    """Name a user as the place shows him, on one line."""
    return Person(str(user.id), display_name(user.display_name) or display_name(user.name) or str(user.id))


def roles_of(author: discord.abc.User) -> frozenset[str]:
    """Give the ids of the author's roles; @everyone, which all have, is none."""
    if not isinstance(author, discord.Member):
        return frozenset()
    return frozenset(str(role.id) for role in author.roles if not role.is_default())


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
    return Referenced(str(origin or ""), content, snapshot.created_at, names=names_in(content, message.guild))


def _snapshot(message: discord.Message) -> discord.MessageSnapshot | None:
    """Find the copy of the message that this one forwards; Discord lets a message carry one."""
    return message.message_snapshots[0] if message.message_snapshots else None


def _words(said: discord.Message | discord.MessageSnapshot) -> str:
    """Give the text of a message with what its poll asks; of one without any, what stands in its embeds."""
    if isinstance(said, discord.Message) and said.poll is not None:
        answers = (f"- {answer.text}" for answer in said.poll.answers)
        return "\n".join([*([said.content] if said.content else []), f"Poll: {said.poll.question}", *answers])
    shown = (part for embed in said.embeds for part in (embed.title, embed.description) if part)
    return said.content or "\n".join(shown)


def _attachments(message: discord.Message) -> tuple[Attachment, ...]:
    """List the files and stickers of a message, and of the one that it forwards."""
    snapshot = _snapshot(message)
    files = (*message.attachments, *(snapshot.attachments if snapshot else ()))
    stickers = (*message.stickers, *(snapshot.stickers if snapshot else ()))
    return (
        *(Attachment(display_name(file.filename), file.content_type or "", file.size) for file in files),
        *(Attachment(display_name(sticker.name), _STICKER_KINDS.get(sticker.format, ""), 0) for sticker in stickers),
    )
