"""Where on Slack something was said, and who can read it there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from adapters.slack.wire import Json, flag_at, name_at
from memory.types import Visibility

PLATFORM: Final = "slack"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TS = re.compile(r"(?P<seconds>[0-9]{1,11})\.(?P<fraction>[0-9]{1,6})")


class Kind(StrEnum):
    """What a place is, in the words of an event's `channel_type`."""

    PUBLIC = "channel"
    PRIVATE = "group"
    GROUP = "mpim"
    DIRECT = "im"


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel or direct message; `shared` says that another workspace is in it (Slack Connect)."""

    kind: Kind
    name: str = ""
    shared: bool = False

    @property
    def visibility(self) -> Visibility:
        """Who can read it: a public channel that outsiders read too is not the workspace's own, and so private."""
        match self.kind:
            case Kind.DIRECT:
                return Visibility.DIRECT
            case Kind.PUBLIC if not self.shared:
                return Visibility.PUBLIC
            case _:
                return Visibility.PRIVATE

    @property
    def opens_threads(self) -> bool:
        """Whether what is said to the bot here is answered in a thread under it; among a few people it is not."""
        return self.kind in {Kind.PUBLIC, Kind.PRIVATE}


UNKNOWN: Final = Channel(Kind.PRIVATE)
"""What a channel counts as of which nothing can be learned."""


def kind_of(conversation: Json) -> Kind:
    """Tell the kind of a conversation object: https://docs.slack.dev/reference/objects/conversation-object."""
    if flag_at(conversation, "is_im"):
        return Kind.DIRECT
    if flag_at(conversation, "is_mpim"):
        return Kind.GROUP
    public = conversation.get("is_private") is False or (
        flag_at(conversation, "is_channel") and not flag_at(conversation, "is_private")
    )
    return Kind.PUBLIC if public else Kind.PRIVATE


def is_shared(conversation: Json) -> bool:
    """Tell whether a conversation object is shared with another workspace or organisation."""
    return flag_at(conversation, "is_ext_shared") or flag_at(conversation, "is_pending_ext_shared")


def kind_named(channel_type: str, channel_id: str) -> Kind | None:
    """Tell the kind from what an event says of its channel, if that is enough; only direct messages begin with D."""
    if channel_type in set(Kind):
        return Kind(channel_type)
    return Kind.DIRECT if channel_id.startswith("D") else None


def is_ts(text: str) -> bool:
    """Whether a text is a message's `ts`, which is its id in its channel and its time."""
    return _TS.fullmatch(text) is not None


def time_of(ts: str) -> datetime:
    """The time that a `ts` stands for, aware, in UTC.

    Raises: ValueError for what is no `ts`.
    """
    match = _TS.fullmatch(ts)
    if match is None:
        raise ValueError("not a message's ts")
    fraction = timedelta(microseconds=int(match["fraction"].ljust(6, "0")))
    return _EPOCH + timedelta(seconds=int(match["seconds"])) + fraction


def ts_of(time: datetime) -> str:
    """Write a time as a `ts`; one before 1970 as the first there is."""
    seconds, fraction = divmod(max(time - _EPOCH, timedelta()), timedelta(seconds=1))
    return f"{seconds}.{fraction // timedelta(microseconds=1):06d}"


def channel_from(conversation: Json) -> Channel:
    """Read a conversation object."""
    return Channel(kind_of(conversation), name_at(conversation, "name_normalized", "name"), is_shared(conversation))
