"""Pure: takes the thoughts out of the front of an answer.

Reasoning models that run locally write `<think>…</think>` before the answer, where their server does not move it into a
field of its own. The opening tag is the model's (Qwen3), or the chat template has written it into the prompt already,
so that only the closing one is in the answer (DeepSeek-R1, QwQ, Qwen3-Thinking: vLLM issue 12999, llama.cpp 11861).
"""

from __future__ import annotations

import re
from enum import Enum, auto

from memory.types import Delta

OPENING = "<think>"
CLOSING = "</think>"

_TAG = re.compile(f"{OPENING}|{CLOSING}")
_BEGUN_TAG = re.compile(r"</?(t(h(i(nk?)?)?)?)?\Z")
_QUOTING = (" ", "\t", "`", "'", '"', "‘", "“", "„", "«", "(")


def ends_thoughts(before: str) -> bool:
    """Whether a lone `</think>` after this text ends thoughts, and is not itself what an answer writes about.

    Models close at the beginning of a line (DeepSeek-R1, Qwen3) or right after the last word (DeepSeek-V3.1). Who
    writes about the tag has it in code, which begins with an odd number of backticks, in quotation marks or, in running
    text and indented lines, after a space. In doubt a text is kept: thoughts that are shown do less harm than an answer
    that is lost.
    """
    return before.count("`") % 2 == 0 and not before.endswith(_QUOTING)


class _Place(Enum):
    """Where in an answer the filter is."""

    FRONT = auto()
    THOUGHT = auto()
    UNTAGGED = auto()
    SETTLED = auto()


class ThoughtFilter:
    """Passes an answer on piece by piece, without leading white space and thoughts.

    The pieces may cut the text anywhere, tags included: what a reader has in the end, joined, depends on what went in,
    joined, alone. Thoughts are `<think>` blocks at the very front; one that is never closed is all thought. Where there
    is none, a lone `</think>` says that all before it was (`ends_thoughts`): it has been passed on by then, and a
    restart makes it void. Only the first tag of an answer can say so; later ones, and every one in what follows
    thoughts, are text.
    """

    def __init__(self) -> None:
        self._place = _Place.FRONT
        self._held = ""
        self._said = ""
        self._thought = False

    def feed(self, piece: str) -> list[Delta]:
        """Take the next piece in and return what can be said of the answer so far; it may be nothing."""
        self._held += piece
        deltas: list[Delta] = []
        left: _Place | None = None
        while left is not self._place:
            left = self._place
            deltas += self._go_on()
        return deltas

    def finish(self) -> list[Delta]:
        """Return what is left when no piece follows: the beginning of a tag that never became one."""
        return [] if self._place is _Place.THOUGHT else self._say(len(self._held))

    def _go_on(self) -> list[Delta]:
        match self._place:
            case _Place.FRONT:
                return self._leave_front()
            case _Place.THOUGHT:
                return self._skip_thought()
            case _Place.UNTAGGED:
                return self._watch()
            case _Place.SETTLED:
                return self._say(len(self._held))

    def _leave_front(self) -> list[Delta]:
        self._held = self._held.lstrip()
        tags = (OPENING,) if self._thought else (OPENING, CLOSING)
        if self._held.startswith(tags):
            self._place = _Place.THOUGHT
        elif not any(tag.startswith(self._held) for tag in tags):
            self._place = _Place.SETTLED if self._thought else _Place.UNTAGGED
        return []

    def _skip_thought(self) -> list[Delta]:
        _, closed, rest = self._held.partition(CLOSING)
        if closed:
            self._held, self._thought, self._place = rest, True, _Place.FRONT
        else:
            self._held = self._held[-(len(CLOSING) - 1) :]
        return []

    def _watch(self) -> list[Delta]:
        """Pass on what holds no tag; the first one that comes decides what it was."""
        tag = _TAG.search(self._held)
        if not tag:
            begun = _BEGUN_TAG.search(self._held)
            return self._say(begun.start() if begun else len(self._held))
        if tag[0] == CLOSING and ends_thoughts(self._said + self._held[: tag.start()]):
            self._place = _Place.THOUGHT
            return [Delta(restart=True)] if self._said else []
        self._place = _Place.SETTLED
        return []

    def _say(self, length: int) -> list[Delta]:
        """Pass on the beginning of what is held."""
        text, self._held = self._held[:length], self._held[length:]
        if self._place is _Place.UNTAGGED:
            self._said += text
        return [Delta(text)] if text else []
