"""Cutting a reply into messages without breaking its code blocks, and names fit to be shown.

Pure, and it knows no platform. Characters are counted as UTF-16 code units: Discord's server counts Unicode code points
(its staff in discord-api-docs#1315), its clients and other platforms count UTF-16 units, and a text never has fewer of
these than of those; so what fits here fits everywhere.

How the cutting works, and why it is stable while a text grows:

1. A piece reaches to the last character that fits, less the room for closing fences if it has a fence (`_reach`).
   Where that is depends on nothing behind the character that does not fit, so text that comes later cannot move it.
2. From there it is cut back to the best place in its latter half (`_best_cut`).
3. Whether a code block is open at the cut is read from the piece as it will be shown, not from the whole text, so a
   piece is balanced even where a cut through a line makes a fence of what was none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from adapters.fences import CLOSING_ROOM, OpenCode, has_fence
from memory.types import well_formed

LEAST_LIMIT = 100
"""The smallest limit of a piece: fences take 90 at most (`OPENING_ROOM` and `CLOSING_ROOM`), and words need some."""

_INK = re.compile(r"\S")
_BLANK_LINES = re.compile(r"(?:\s*\n)?")
_BLANK_LINE = re.compile(r"[^\S\n]*\n")
_SEAM = re.compile(r"\s*\n|\s*")  # the white space at a cut, but not the indentation of the line after it
_NOT_MARKS = r"(?=\s+(?![\s`~]))"  # the next piece must not begin with marks that were not at the start of a line
_SENTENCE = re.compile(rf"[.!?…]['\")\]*_]*{_NOT_MARKS}|[。！？](?=[^\s`~。！？」』）])")
_WORD = re.compile(rf"(?<=\S){_NOT_MARKS}")

_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Zero-width characters, fillers, tags and what turns the direction of writing: all that Unicode calls default
ignorable (https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point) but U+200D and U+FE0F, which join emoji.
"""

_ZERO_WIDTH_JOINER = "\u200d"
_LONGEST_STEP_BACK = 64  # characters that a cut anywhere gives up so as not to part what belongs together


@dataclass(frozen=True, slots=True)
class Piece:
    """One message of a reply: `body` stands in the text at `start`, `opening` and `closing` are the added fences."""

    start: int
    opening: str
    body: str
    closing: str

    @property
    def end(self) -> int:
        """Where the body ends in the text."""
        return self.start + len(self.body)

    @property
    def text(self) -> str:
        """What is shown."""
        return f"{self.opening}{self.body}{self.closing}"


def split(text: str, limit: int) -> list[str]:
    """Cut a text into pieces of at most `limit` characters (UTF-16 code units), none of them blank.

    What differs from the text, and the round trip, are those of `cut`. Stable: where `split(begin)` has n pieces, the
    first n - 1 are those of `split(text)` for every text that begins with `begin`; the nth alone may still grow, or
    lose its tail to the next one when it overflows.
    Raises: ValueError for a limit below `LEAST_LIMIT`.
    """
    return [piece.text for piece in cut(text, limit)]


def cut(text: str, limit: int) -> list[Piece]:
    """Cut a text as `split` does, and say where each piece comes from.

    Cut at blank lines, else lines (both rather outside code than in it), else sentences, else words, else anywhere. A
    code block that must be cut, or that the text leaves open, is closed at the end of its piece, and opened again with
    its language in the next. A piece that holds a fence leaves 29 characters free for closing it.

    The round trip: the bodies stand in the text in their order (`text[piece.start:piece.end] == piece.body`), and what
    no body holds is white space at a cut or at either end of the text, and closing fences of blocks that the piece
    before has closed by itself.
    Raises: ValueError for a limit below `LEAST_LIMIT`.
    """
    if limit < LEAST_LIMIT:
        raise ValueError(f"a piece needs {LEAST_LIMIT} characters, not {limit}")
    pieces: list[Piece] = []
    code = OpenCode()
    blank = _BLANK_LINES.match(text)
    start = blank.end() if blank else 0
    while _INK.search(text, start):
        opening = code.opening
        reach = _reach(text, start, limit - units(opening), in_code=bool(code.blocks))
        last = reach == len(text)
        stop = reach if last else start + _best_cut(text[start : reach + 1], code)
        body = text[start:stop].rstrip()
        code = code.after(body)
        if body:
            pieces.append(Piece(start, opening, body, code.closing(body.rpartition("\n")[2] if last else "")))
        start, code = _resume(text, stop, code)
    return pieces


def units(text: str) -> int:
    """Count UTF-16 code units: one a character, two beyond the Basic Multilingual Plane (most emoji)."""
    return len(text) if text.isascii() else len(text) + sum(char > "\uffff" for char in text)


def clean(text: str) -> str:
    """Write U+FFFD for what no database takes as text: NUL, and lone surrogates."""
    return well_formed(text).replace("\0", "\N{REPLACEMENT CHARACTER}")


ITSELF: Final = "@bot"
"""Stands for the bot where its name is a word of a command."""

_CALL = re.compile(r"\s*(?:<@[!&]?\w+(?:\|[^<>\n]*)?>[ ,:]*)*(?P<command>[^\w\s<@]+\w|\w+[^\w\s<@.,:;'’-]+\w)")


def command_at(text: str) -> int | None:
    """Where a text calls what may be a command, whatever the prefix (`!forget`, `tk!forget`), or nothing.

    Behind that the bot's own name is a word like any other: left out of `!forget @Bot now`, it would ask for much more.
    """
    call = _CALL.match(text)
    return None if call is None else call.start("command")


_CALLED = re.compile(r"\A[,:](?:\s+|\Z)")
"""What people put behind the name of whom they call: `@Bot, …`, `@Bot: …`."""


def uncalled(text: str) -> str:
    """Take off what is left at the start of a text of which the bot's name is taken out."""
    return _CALLED.sub("", text, count=1)


def gap(text: str, start: int, end: int) -> str:
    """Say what stays where a mention is taken out with the blanks around it, which stand from `start` to `end`.

    It is one blank between two words, and nothing at a line's ends.
    """
    if not start or text[start - 1].isspace() or end == len(text) or text[end] in "\n,.?!":
        return ""
    return " " if text[start] in " \t" or text[end - 1] in " \t" else ""


def display_name(name: str, limit: int = 80) -> str:
    """Make a name that somebody chose fit to be shown: a line of `limit` code points at most, `…` where it was longer.

    Line breaks and control characters become spaces, runs of spaces become one. What is not seen goes, for with it one
    name can pass for another or mirror the line. Empty when nothing is left.
    """
    kept = (" " if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} else char for char in _UNSEEN.sub("", name))
    line = " ".join("".join(kept).split()).strip(_ZERO_WIDTH_JOINER)
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def _reach(text: str, start: int, room: int, *, in_code: bool) -> int:
    """Find the furthest end at which a piece fits, with the closing fences that it may need."""
    whole = _fit(text, start, room)
    return _fit(text, start, room - CLOSING_ROOM) if in_code or has_fence(text[start:whole]) else whole


def _fit(text: str, start: int, room: int) -> int:
    """Find the end of the longest slice from `start` that has at most `room` units."""
    window = text[start : start + room]
    while (over := units(window) - room) > 0:
        window = window[: -((over + 1) // 2)]  # a character has two units at most, so this is never too much
    return start + len(window)


def _best_cut(window: str, code: OpenCode) -> int:
    """Find where to cut a window that is one character longer than fits; white space at the cut is behind it.

    A cut in the former half would leave a stump of a message, so the next worse kind of place is taken before it.
    """
    half = len(window) // 2
    ends = [(rank, -index) for rank, index in _line_ends(window, code) if index >= half]
    if ends:
        return -min(ends)[1]
    for pattern in (_SENTENCE, _WORD):
        places = [match.end() for match in pattern.finditer(window, half)]
        if places:
            return places[-1]
    furthest = len(window) - 1
    for index in range(furthest, max(half, furthest - _LONGEST_STEP_BACK), -1):
        if not _belong_together(window[index - 1], window[index]):
            return index
    return furthest


def _line_ends(window: str, code: OpenCode) -> Iterator[tuple[int, int]]:
    """Each line end of a window that a cut may take, with its rank: 0 is best, and the deeper in code the worse.

    The end of a line that opens a code block is left out: a block with nothing in it would be shown.
    """
    index = -1
    for line in window.split("\n")[:-1]:
        index += 1 + len(line)
        before, code = code, code.after(line)
        if not before.opens(code):
            yield (0 if _BLANK_LINE.match(window, index + 1) else 1) + 2 * len(code.blocks), index


def _belong_together(left: str, right: str) -> bool:
    """Whether a cut between two characters would part a grapheme (roughly), or put a run of marks at a line's start."""
    return (
        left in "`~"
        or right in "`~"
        or _ZERO_WIDTH_JOINER in (left, right)
        or unicodedata.category(right) in {"Mn", "Me", "Mc"}
        or "\U0001f3fb" <= right <= "\U0001f3ff"  # skin tones
        or ("\U0001f1e6" <= left <= "\U0001f1ff" and "\U0001f1e6" <= right <= "\U0001f1ff")  # a flag is two letters
    )


def _resume(text: str, stop: int, code: OpenCode) -> tuple[int, OpenCode]:
    """Find where the piece after a cut starts, and what is open there.

    A closing fence right behind the cut has been shown already; a beginning of one at the text's end will be one.
    """
    seam = _SEAM.match(text, stop)
    start = seam.end() if seam else stop
    if not code.blocks or "\n" not in text[stop:start]:
        return start, code
    line, newline, _ = text[start:].partition("\n")
    inner = code.blocks[-1]
    if not newline and inner.missing(line):
        return len(text), code
    end = inner.end(line)
    after = code.after(end)
    return _resume(text, start + len(end), after) if len(after.blocks) < len(code.blocks) else (start, code)
