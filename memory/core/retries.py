"""What failed in the background, and when it may be tried again: later after each further time in a row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from memory.ports import Clock
from memory.types import Conversation, Recent

PAUSES = (timedelta(seconds=60), timedelta(seconds=300), timedelta(seconds=900))
"""After the first, second and every further failure in a row a conversation is left alone for so long."""

KEPT = 1000
"""Conversations whose failures are remembered; the oldest is dropped first and is merely tried again sooner."""


@dataclass(frozen=True, slots=True)
class _Failures:
    number: int
    since: datetime
    not_before: datetime


class Retries:
    """The failures of one kind of work, by conversation."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = Recent[Conversation, _Failures](KEPT)

    def number(self, conversation: Conversation) -> int:
        """How often it has failed in a row."""
        failures = self._failures.get(conversation)
        return failures.number if failures else 0

    def may_begin(self, conversation: Conversation) -> bool:
        """Whether the last failure lies far enough behind; a clock that went back is not waited for."""
        failures = self._failures.get(conversation)
        return failures is None or not failures.since <= self._clock() < failures.not_before

    def failed(self, conversation: Conversation) -> timedelta:
        """Take in one more failure, and return how long to wait."""
        number = self.number(conversation)
        now, pause = self._clock(), PAUSES[min(number, len(PAUSES) - 1)]
        self._failures[conversation] = _Failures(number + 1, now, now + pause)
        return pause

    def done(self, conversation: Conversation) -> None:
        """Take in that it went well."""
        self._failures.pop(conversation, None)
