"""Pure: the events of a stream, from its bytes (HTML standard, 9.2: server-sent events).

The openai package has a reader of its own. It fails at events without data, by which gateways keep a connection alive
(openai-python issues 2722 and 3833, llmgateway pull request 2334), and does not tell whether `[DONE]` came.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DONE = "[DONE]"
"""What the event holds that ends a stream of Chat Completions."""

_LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Event:
    """One event that holds data, and its name, empty where it has none."""

    data: str
    name: str = ""

    @property
    def ends(self) -> bool:
        """Whether it says that nothing follows."""
        return self.data.startswith(DONE)


class EventReader:
    """Takes a stream apart, wherever its bytes are cut.

    A comment and what holds no data are no events, and neither is anything after the one that ends the stream.
    """

    def __init__(self) -> None:
        self._line = bytearray()
        self._returned = False
        self._data: list[str] = []
        self._name = ""
        self._ended = False

    def feed(self, part: bytes) -> list[Event]:
        """Take the next bytes in and return the events that they complete; what is no UTF-8 is replaced."""
        if self._returned and part.startswith(b"\n"):
            part, self._returned = part[1:], False
        if not part:
            return []
        self._returned = part.endswith(b"\r")
        events: list[Event] = []
        first, *others = _LINE_END.split(part)
        self._line += first
        for other in others:
            events += self._take(self._line.decode(errors="replace"))
            self._line = bytearray(other)
        return events

    def _take(self, line: str) -> list[Event]:
        """Take one line in; an empty one ends an event."""
        if line:
            name, _, value = line.removeprefix("\ufeff").partition(":")
            if name == "data":
                self._data.append(value.removeprefix(" "))
            elif name == "event":
                self._name = value.removeprefix(" ")
            return []
        event = Event("\n".join(self._data), self._name)
        self._data, self._name = [], ""
        if self._ended or not event.data.strip():
            return []
        self._ended = event.ends
        return [event]
