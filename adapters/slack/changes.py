"""What an event tells of a message that stands already: that it was edited or deleted; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from adapters.slack.inbound import MESSAGE, TOMBSTONE, Drop, Event, attachments_in, read_message
from adapters.slack.places import is_ts, kind_named
from adapters.slack.wire import Json, flag_at, id_at, map_at, text_at

_CHANGED: Final = "message_changed"
_DELETED: Final = "message_deleted"


@dataclass(frozen=True, slots=True)
class Edited:
    """A message that its author gave other words, or took a file from, as it stands now."""

    event: Event


@dataclass(frozen=True, slots=True)
class Deleted:
    """A message that is gone, anybody's; `thread` says that the thread under it is gone with it."""

    channel: str
    ts: str
    thread: bool = True


def read_change(body: Json) -> Edited | Deleted | Drop:
    """Take a change out of the body of an Events API request, or say why there is none in it.

    https://docs.slack.dev/reference/events/message/message_changed and …/message_deleted; a deleted message that has
    replies is told of as changed into a tombstone.
    """
    event = map_at(body, "event")
    subtype = text_at(event, "subtype")
    if text_at(event, "type") != MESSAGE or subtype not in {_CHANGED, _DELETED}:
        return Drop.OTHER
    channel, message, before = id_at(event, "channel"), map_at(event, "message"), map_at(event, "previous_message")
    left = text_at(message, "subtype") == TOMBSTONE
    if subtype == _DELETED or left:
        if left and text_at(before, "subtype") == TOMBSTONE:
            return Drop.SAME
        ts = text_at(message, "ts") if left else text_at(event, "deleted_ts")
        return Deleted(channel, ts, thread=not left) if channel and is_ts(ts) else Drop.ODD
    kind = kind_named(text_at(event, "channel_type"), channel)
    found = read_message(message, channel, kind, shared=flag_at(body, "is_ext_shared_channel"))
    if isinstance(found, Drop):
        return found
    return Edited(found) if _says_else(message, before) else Drop.SAME


def _says_else(message: Json, before: Json) -> bool:
    """Whether a message was edited; one also changes with a link's preview, with every reply, or with its language."""
    edited, was = text_at(map_at(message, "edited"), "ts"), text_at(map_at(before, "edited"), "ts")
    if not before:
        return bool(edited)
    return (
        edited != was
        or text_at(message, "text") != text_at(before, "text")
        or attachments_in(message) != attachments_in(before)
    )
