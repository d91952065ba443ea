"""What a page of a channel's or a thread's history tells; pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from adapters.slack.inbound import TOMBSTONE
from adapters.slack.places import is_ts, time_of
from adapters.slack.wire import Json, text_at

_GRAIN: Final = timedelta(seconds=1)
"""How exactly a response tells its time."""


def times_in(messages: Iterable[Json]) -> list[datetime]:
    """When the messages of a page were sent."""
    return [time_of(ts) for message in messages if is_ts(ts := text_at(message, "ts"))]


def standing_in(messages: Iterable[Json], begin: datetime) -> frozenset[str]:
    """The ids of the messages that stand there, sent at a time or after it; a tombstone is none."""
    return frozenset(
        ts
        for message in messages
        if is_ts(ts := text_at(message, "ts")) and time_of(ts) >= begin and text_at(message, "subtype") != TOMBSTONE
    )


def threads_in(messages: Iterable[Json], since: datetime) -> list[str]:
    """The threads under the messages of a page that have a reply newer than a time, the newest first."""
    latest = {
        text_at(message, "ts"): text_at(message, "latest_reply")
        for message in messages
        if is_ts(text_at(message, "ts")) and is_ts(text_at(message, "latest_reply"))
    }
    newer = {ts: time_of(reply) for ts, reply in latest.items() if time_of(reply) > since}
    return sorted(newer, key=lambda ts: newer[ts], reverse=True)


def moment(began: datetime, took: timedelta, headers: Json) -> datetime:
    """When a request came to Slack, or a little before: by this machine's clock, unless that is ahead of Slack's.

    `began` is when it was made by our clock, `took` how long the response took, `headers` are those of the response. A
    message that was sent after that moment may be missing in the response although it stands.
    """
    told = next((value for name, value in headers.items() if name.casefold() == "date"), None)
    try:
        there = parsedate_to_datetime(told) if isinstance(told, str) else None
    except ValueError:
        there = None
    if there is None or there.tzinfo is None or began <= there + _GRAIN:
        return began
    return there - took
