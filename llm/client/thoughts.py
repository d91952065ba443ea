"""Pure: takes the thoughts out of the front of an answer.

Reasoning models that run locally (DeepSeek-R1, Qwen3) write `<think>…</think>` before the answer, where their server
does not move it into a field of its own.
"""

from __future__ import annotations

OPENING = "<think>"
CLOSING = "</think>"


class ThoughtFilter:
    """Passes an answer on piece by piece, without leading white space and leading `<think>` blocks.

    The pieces may cut the text anywhere, tags included: what comes out, joined, depends on what went in, joined, alone.
    Only a block at the very front is a thought; the tags mean nothing later on, where an answer may write about them.
    A block that is never closed is all thought.
    """

    def __init__(self) -> None:
        self._held = ""
        self._thinking = False
        self._answering = False

    def feed(self, piece: str) -> str:
        """Take the next piece in and return what can be said of the answer so far; it may be empty."""
        if self._answering:
            return piece
        self._held += piece
        while True:
            if self._thinking:
                _, closed, rest = self._held.partition(CLOSING)
                if not closed:
                    self._held = self._held[-(len(CLOSING) - 1) :]
                    return ""
                self._held, self._thinking = rest, False
            self._held = self._held.lstrip()
            if not self._held.startswith(OPENING):
                return "" if OPENING.startswith(self._held) else self.finish()
            self._held, self._thinking = self._held.removeprefix(OPENING), True

    def finish(self) -> str:
        """Return what is left when no piece follows: the beginning of a tag that never became one."""
        if self._thinking:
            return ""
        held, self._held, self._answering = self._held, "", True
        return held
