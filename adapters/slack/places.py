"""Where on Slack something was said, and who can read it there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from adapters.slack.wire import Json, flag_at, name_at
from memory.types import Access, Visibility
from memory.types import Channel as Told

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
    """A channel or direct message; `shared` says that people of other workspaces are in it, or may be; see `is_shared`.

    `name` is the one that people see; direct messages have none, also those of a group.
    """

    kind: Kind
    name: str = ""
    shared: bool = False

    @property
    def visibility(self) -> Visibility:
        """Who of the workspace can read it; a group's direct messages are a private place."""
        match self.kind:
            case Kind.DIRECT:
                return Visibility.DIRECT
            case Kind.PUBLIC:
                return Visibility.PUBLIC
            case _:
                return Visibility.PRIVATE

    @property
    def access(self) -> Access:
        """Who can read it, people of other workspaces included."""
        return Access(self.visibility, shared=self.shared)

    def told(self, team: str, its_id: str) -> Told:
        """What the core is told of it."""
        return Told(PLATFORM, team, its_id, self.name, self.visibility is Visibility.PUBLIC)

    @property
    def opens_threads(self) -> bool:
        """Whether what is said to the bot here is answered in a thread under it; among a few people it is not."""
        return self.kind in {Kind.PUBLIC, Kind.PRIVATE}


UNKNOWN: Final = Channel(Kind.PRIVATE, shared=True)
"""What a channel counts as of which nothing can be learned: whoever reads it, little is to be heard there."""


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
    """Tell whether people of other workspaces read a conversation object along, or have been invited to.

    These are other organisations (`is_ext_shared`, before they accept `is_pending_ext_shared`) and other workspaces of
    the same one (`is_org_shared`); `is_shared` is said of all. https://docs.slack.dev/reference/objects/conversation-object.
    """
    flags = ("is_shared", "is_ext_shared", "is_org_shared", "is_pending_ext_shared")
    return any(flag_at(conversation, flag) for flag in flags)


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
    kind = kind_of(conversation)
    named = kind in {Kind.PUBLIC, Kind.PRIVATE}
    return Channel(kind, name_at(conversation, "name_normalized", "name") if named else "", is_shared(conversation))
