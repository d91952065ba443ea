"""A Slack event becomes an `Inbound`: `read` takes plain values out of it, `understand` decides over them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from adapters.slack.markup import Names, readable
from adapters.slack.places import PLATFORM, Channel, Kind, is_ts, kind_named, time_of
from adapters.slack.wire import Json, flag_at, map_at, maps_at, number_at, text_at
from adapters.text import display_name
from memory.types import Attachment, Inbound, Person, Place

MENTION: Final = "app_mention"
MESSAGE: Final = "message"

_SAID = frozenset({"", "thread_broadcast", "file_share", "me_message"})
"""The subtypes of message that a person writes: https://docs.slack.dev/reference/events/message#subtypes."""

_SLACKBOT = "USLACKBOT"
_GONE = frozenset({"tombstone", "hidden_by_limit"})
"""Modes of files that are not there any more: https://docs.slack.dev/reference/objects/file-object."""


class Drop(StrEnum):
    """Why an event is no message to the bot."""

    OTHER = "not a message"
    SUBTYPE = "not said by anyone"
    EDIT = "an edit"
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
    does not tell that.
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


def read(body: Json) -> Event | Drop:
    """Take the plain values out of the body of an Events API request, or say why there is no message in it."""
    event = map_at(body, "event")
    if text_at(event, "type") not in {MESSAGE, MENTION}:
        return Drop.OTHER
    if text_at(event, "subtype") == "bot_message" or event.get("bot_id") or text_at(event, "user") == _SLACKBOT:
        return Drop.BOT
    if text_at(event, "subtype") not in _SAID or flag_at(event, "hidden"):
        return Drop.SUBTYPE
    if "edited" in event:  # an edit that leaves or puts a mention in the text sends `app_mention` again
        return Drop.EDIT
    channel, ts, user = text_at(event, "channel"), text_at(event, "ts"), text_at(event, "user")
    thread = text_at(event, "thread_ts")
    if not (channel and is_ts(ts) and user and (not thread or is_ts(thread))):
        return Drop.ODD
    return Event(
        type=text_at(event, "type"),
        channel=channel,
        ts=ts,
        user=user,
        text=text_at(event, "text"),
        thread="" if thread == ts else thread,
        team=text_at(event, "team", "user_team"),
        kind=kind_named(text_at(event, "channel_type"), channel),
        shared=flag_at(body, "is_ext_shared_channel"),
        attachments=tuple(_attachment(file) for file in maps_at(event, "files") if text_at(file, "mode") not in _GONE),
    )


def understand(event: Event, channel: Channel, author: Person, names: Names, me: Me) -> Inbound | None:
    """Decide what a message is to the bot; None where the bot said it itself, or where it says nothing to anyone."""
    text, mentions = readable(event.text, names, {me.user})
    addressed = is_addressed(event, channel, me)
    if event.user == me.user or not (addressed or text or event.attachments):
        return None
    return Inbound(
        place=place_of(event, channel, text, me),
        message_id=event.ts,
        author=event.user,
        author_name=author.name,
        text=text,
        sent_at=time_of(event.ts),
        addressed=addressed,
        visibility=channel.visibility,
        aside=not addressed and any(person.user != event.user for person in mentions),
        mentions=mentions,
        attachments=event.attachments,
        roles=foreign(event.team, me),
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
    if not thread and channel.opens_threads and not is_command(text, me.prefix, me.commands):
        thread = event.ts
    return Place(PLATFORM, me.team, event.channel, thread)


def is_command(text: str, prefix: str, commands: Collection[str]) -> bool:
    """Whether the first word of a text is one of the commands behind the prefix, in either case."""
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    return first.startswith(prefix) and first.removeprefix(prefix).casefold() in commands


def foreign(team: str, me: Me) -> frozenset[str]:
    """Give an author from another workspace that workspace as a role, so that lists can allow or deny it."""
    return frozenset({team} - {"", me.team})


def _attachment(file: Json) -> Attachment:
    name = display_name(text_at(file, "name", "title")) or "file"
    return Attachment(name, text_at(file, "mimetype"), max(0, number_at(file, "size")))
