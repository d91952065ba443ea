"""A Slack event becomes an `Inbound`: `read` takes plain values out of it, `understand` decides over them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from adapters.slack.markup import Names, names_many, readable
from adapters.slack.places import PLATFORM, Channel, Kind, is_ts, kind_named, time_of
from adapters.slack.shown import said_in, shared_in, tables_in, words_shared
from adapters.slack.wire import Json, flag_at, id_at, is_id, map_at, maps_at, name_at, number_at, text_at
from memory.types import Attachment, Inbound, Person, Place, Quote, command_of

MENTION: Final = "app_mention"
MESSAGE: Final = "message"
TOMBSTONE: Final = "tombstone"
"""The subtype of what is left of a deleted message that has replies.

Slack does not document it; seen in https://github.com/42wim/matterbridge/issues/600 and in its clients' samples.
"""

_SAID = frozenset({"", "thread_broadcast", "file_share", "me_message"})
"""The subtypes of message that a person writes: https://docs.slack.dev/reference/events/message#subtypes."""

_SLACKBOT = "USLACKBOT"
_GONE = frozenset({"tombstone", "hidden_by_limit"})
"""Modes of files that are not there any more: https://docs.slack.dev/reference/objects/file-object."""

_FILES: Final = 100
"""Files of one message that are looked at; people send ten."""

_LARGEST: Final = 2**40
"""Bytes of a file at most; Slack takes 1 GB, and a larger number is a lie that a database need not be able to hold."""


class Drop(StrEnum):
    """Why an event is no message to the bot."""

    OTHER = "not a message"
    SUBTYPE = "not said by anyone"
    EDIT = "an edit"
    SAME = "nothing said differently"
    BOT = "said by a bot"
    ODD = "not understood"


@dataclass(frozen=True, slots=True)
class Me:
    """The bot in its workspace, and what a command looks like."""

    team: str
    user: str
    prefix: str = "!"
    commands: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Event:
    """One message in plain values, from a `message` or an `app_mention`.

    `kind` is None where the event does not tell what its channel is; `team` is the author's workspace, empty where it
    does not tell that; `edited` is the `ts` of the last edit, empty where there was none. `name` is the author's where
    the message itself tells it, as an app's does.
    """

    type: str
    channel: str
    ts: str
    user: str
    text: str = ""
    thread: str = ""
    team: str = ""
    kind: Kind | None = None
    shared: bool = False
    attachments: tuple[Attachment, ...] = field(default=())
    forwards: Quote | None = None
    edited: str = ""
    name: str = ""


def read(body: Json) -> Event | Drop:
    """Take the plain values out of the body of an Events API request, or say why there is no new message in it."""
    event = map_at(body, "event")
    if text_at(event, "type") not in {MESSAGE, MENTION}:
        return Drop.OTHER
    kind = kind_named(text_at(event, "channel_type"), text_at(event, "channel"))
    found = read_message(event, text_at(event, "channel"), kind, shared=flag_at(body, "is_ext_shared_channel"))
    # An edit that leaves or puts a mention in the text sends `app_mention` again, beside its `message_changed`.
    return Drop.EDIT if isinstance(found, Event) and "edited" in event else found


def read_message(message: Json, channel: str, kind: Kind | None = None, *, shared: bool = False) -> Event | Drop:
    """Take the plain values out of a message as it stands now, edited or not, or say why no person said it.

    In a history, and within an event that tells of a change, a message does not name its own channel.
    """
    if text_at(message, "subtype") == "bot_message" or message.get("bot_id") or text_at(message, "user") == _SLACKBOT:
        return Drop.BOT
    if text_at(message, "subtype") not in _SAID or flag_at(message, "hidden"):
        return Drop.SUBTYPE
    ts, user, thread = text_at(message, "ts"), id_at(message, "user"), text_at(message, "thread_ts")
    if not (is_id(channel) and is_ts(ts) and user and (not thread or is_ts(thread))):
        return Drop.ODD
    edited = text_at(map_at(message, "edited"), "ts")
    return Event(
        type=text_at(message, "type"),
        channel=channel,
        ts=ts,
        user=user,
        text="\n".join(words for words in (text_at(message, "text"), tables_in(message)) if words),
        thread="" if thread == ts else thread,
        team=id_at(message, "team", "user_team"),
        kind=kind,
        shared=shared,
        attachments=attachments_in(message),
        forwards=_forwarded_in(message),
        edited=edited if is_ts(edited) else "",
    )


def read_app_message(message: Json, channel: str) -> Event | None:
    """Take the plain values out of what an app posted, an alert say; None where it says nothing in words.

    https://docs.slack.dev/reference/events/message/bot_message; a part of it may stand in blocks or attachments alone.
    """
    ts, user = text_at(message, "ts"), id_at(message, "user") or id_at(message, "bot_id")
    if text_at(message, "subtype") == TOMBSTONE or user == _SLACKBOT or flag_at(message, "hidden"):
        return None
    text = said_in(message)
    if not (is_id(channel) and is_ts(ts) and user and text):
        return None
    name = name_at(message, "username") or name_at(map_at(message, "bot_profile"), "name")
    return Event(MESSAGE, channel, ts, user, text, name=name)


def attachments_in(message: Json) -> tuple[Attachment, ...]:
    """The files that stand with a message, or with one that it forwards; a bounded number."""
    files = [file for holder in (message, *shared_in(message)) for file in maps_at(holder, "files")][:_FILES]
    return tuple(_attachment(file) for file in files if text_at(file, "mode") not in _GONE)


def _forwarded_in(message: Json) -> Quote | None:
    """The message that somebody forwards."""
    for shared in shared_in(message):
        ts, text = text_at(shared, "ts"), readable(words_shared(shared), Names()).text
        if text and is_ts(ts):
            author = name_at(shared, "author_name", "author_subname")
            # Without a name it is no answer to anybody; whose words they are stands before them.
            return Quote(ts, id_at(shared, "author_id"), "", f"{author}: {text}" if author else text, time_of(ts))
    return None


def understand(
    event: Event, channel: Channel, author: Person, names: Names, me: Me, *, guest: bool = False
) -> Inbound | None:
    """Decide what a message is to the bot; None where the bot said it itself, or where it says nothing to anyone.

    `guest` says that its author is let into some channels only.
    """
    text, mentions = readable(event.text, names, {me.user})
    addressed = is_addressed(event, channel, me)
    if event.user == me.user or not (addressed or text or event.attachments or event.forwards):
        return None
    place = place_of(event, channel, text, me)
    return Inbound(
        place=place,
        message_id=event.ts,
        author=event.user,
        author_name=author.name,
        text=text,
        sent_at=time_of(event.ts),
        addressed=addressed,
        visibility=channel.visibility,
        aside=not addressed and (names_many(event.text) or any(person.user != event.user for person in mentions)),
        mentions=mentions,
        attachments=event.attachments,
        reply_to=event.forwards,
        roles=foreign(event.team, me),
        edited_at=time_of(event.edited) if event.edited else None,
        shared=channel.shared,
        guest=guest,
        channel_name=channel.name,
        apart=channel.opens_threads and not place.thread,
    )


def is_addressed(event: Event, channel: Channel, me: Me) -> bool:
    """Whether a message is for the bot by itself: it names the bot, or is said to it directly.

    In a group direct message the bot is one of several, so it has to be named there as in a channel.
    """
    named = f"<@{me.user}>" in event.text or f"<@{me.user}|" in event.text
    return channel.kind is Kind.DIRECT or event.type == MENTION or named


def place_of(event: Event, channel: Channel, text: str, me: Me) -> Place:
    """Name the conversation that a message belongs to.

    What is said at the top of a channel opens a thread, in which it is answered, and stands in that thread itself. A
    command is about the channel, so it stands there; and where few people talk, nobody has to open a thread.
    """
    thread = event.thread
    if not thread and channel.opens_threads and not command_of(text, me.prefix, me.commands):
        thread = event.ts
    return Place(PLATFORM, me.team, event.channel, thread)


def foreign(team: str, me: Me) -> frozenset[str]:
    """Give an author from another workspace that workspace as a role, so that lists can allow or deny it."""
    return frozenset({team} - {"", me.team})


def _attachment(file: Json) -> Attachment:
    name = name_at(file, "name", "title") or "file"
    return Attachment(name, name_at(file, "mimetype"), min(max(0, number_at(file, "size")), _LARGEST))
