"""What an event tells of a channel as a whole: other people can read it now, it is gone, the bot is new there; pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from adapters.slack.inbound import MESSAGE
from adapters.slack.wire import Json, id_at, map_at, text_at

_JOINED: Final = "member_joined_channel"


class Change(StrEnum):
    """What became of a channel, as far as the event itself tells."""

    OTHER = "something of it is different"
    CLOSED = "it was made private"
    DELETED = "it was deleted"
    LEFT = "the bot is not in it any more"
    JOINED = "the bot was let in"


_EVENTS: Final = {
    "channel_rename": Change.OTHER,
    "group_rename": Change.OTHER,
    "channel_deleted": Change.DELETED,
    "group_deleted": Change.DELETED,
    "channel_left": Change.LEFT,
}
"""Events with a channel, and what they say: https://docs.slack.dev/reference/events.

Who could read an archived channel still can, and a private one that the bot has left was closed before.
"""

_SUBTYPES: Final = {
    "channel_name": Change.OTHER,
    "group_name": Change.OTHER,
    "channel_convert_to_public": Change.OTHER,
    "channel_convert_to_private": Change.CLOSED,
}
"""Subtypes of `message` that tell of its channel: https://docs.slack.dev/reference/events/message#subtypes."""


@dataclass(frozen=True, slots=True)
class News:
    """What became of a channel."""

    channel: str
    change: Change


def news_in(event: Json, bot: str) -> News | None:
    """Take out of an event what it tells of a channel; None where that is nothing. `bot` is the bot's user id."""
    kind = text_at(event, "type")
    if kind == _JOINED:
        change = Change.JOINED if id_at(event, "user") == bot else None
    else:
        change = _SUBTYPES.get(text_at(event, "subtype")) if kind == MESSAGE else _EVENTS.get(kind)
    channel = id_at(event, "channel") or id_at(map_at(event, "channel"), "id")
    return News(channel, change) if channel and change is not None else None
