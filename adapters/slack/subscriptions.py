"""Notices the commonest fault in setting a Slack app up, which no API shows: an event that is not subscribed to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from adapters.slack.places import Kind

_SUBSCRIPTION: Final = {
    Kind.PUBLIC: "message.channels",
    Kind.PRIVATE: "message.groups",
    Kind.GROUP: "message.mpim",
    Kind.DIRECT: "message.im",
}

_PATIENCE: Final = timedelta(seconds=10)
"""A mention comes as a message too, within moments: when the next mention is so much later, it would have come."""


class Subscriptions:
    """Which kinds of place messages come from, and which only mentions.

    Every mention is a message as well, so where a mention has come and its message has not, the event is missing.
    """

    def __init__(self) -> None:
        self._heard: set[Kind] = set()
        self._first: dict[Kind, datetime] = {}

    def message(self, kind: Kind) -> None:
        """Take note that a message came from a place of this kind."""
        self._heard.add(kind)

    def mention(self, kind: Kind, at: datetime) -> str:
        """Take note of a mention, and name the event that is probably missing: once for each kind, else nothing."""
        first = self._first.setdefault(kind, at)
        if kind in self._heard or at - first < _PATIENCE:
            return ""
        self._heard.add(kind)
        return _SUBSCRIPTION[kind]
