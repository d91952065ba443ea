"""Facts about users: of what a model took for one, only what the user's own words state, found there by code.

A model's word is not enough: nearly all that such extractions store elsewhere is junk (mem0 issue 4573). So a fact
needs a quote that stands in a message of that same user, a value that stands in the quote, and a sentence around it
that states it plainly (`memory.facts.stated`). Nobody's words make facts about somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from memory.answers import Candidate
from memory.facts.slots import OF_A_PERSON, normalise_slot
from memory.facts.stated import is_of_ones_own, may_state, states
from memory.names import one_line
from memory.secret import looks_secret, names_secret
from memory.types import Access, Fact, Place, Role, Turn

MOST = 12
"""Facts that one answer makes at most."""

LONGEST_VALUE = 80
LONGEST_QUOTE = 240
SHORTEST_QUOTE = 6
"""Characters; a script that writes a word in one or two needs half of them."""

LOOKED_AT = 20
"""Places of one message where a quote stands that are looked at, the first ones: each takes a look at all of it."""

_EDGES = " \t\r\n\"'“”„«»‘’‹›「」『』`*_~.…"
_ALIKE = ('"“”„«»‟', "'’‘‚‛ʼ", "-‐‑‒–—")
_WRITTEN = {mark: f"[{alike}]" for alike in _ALIKE for mark in alike}
"""Quotation marks and dashes, each with all that are written for it: clients change them as people type."""

_SPEAKERS = frozenset({"", "user", "the user", "i", "me", "speaker", "the speaker", "author", "person"})
_EMPTY_VALUES = frozenset(
    ("yes", "no", "true", "false", "none", "null", "unknown", "i", "me", "my", "it", "this", "that")
)
_WIDE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")


def check_facts(
    candidates: Sequence[Candidate], turns: Sequence[Turn], place: Place, access: Access
) -> tuple[Fact, ...]:
    """The facts among the candidates, of turns that were said in a place, in the order of the turns; not numbered yet.

    One turn states one thing about a slot.
    """
    found: dict[tuple[int, str], Fact] = {}
    for candidate in candidates:
        slot, value = normalise_slot(candidate.slot), " ".join(candidate.value.split()).strip(_EDGES)
        if not _is_sound(slot, value, candidate.quote):
            continue
        for at in reversed(range(len(turns))):
            stated = _find(candidate, slot, value, turns[at])
            if stated:
                found.setdefault((at, slot), _make(turns[at], slot, stated, place, access))
                break
    return tuple(found[key] for key in sorted(found))[:MOST]


def worth_reading(turns: Sequence[Turn]) -> bool:
    """Whether any of the turns may hold a fact at all; where not, no model need be asked."""
    return any(turn.role is Role.USER and may_state(turn.text) for turn in turns)


def _is_sound(slot: str, value: str, quote: str) -> bool:
    """Whether a candidate has what a fact needs, in a size that makes sense, and nothing secret."""
    shortest = SHORTEST_QUOTE // 2 if _WIDE.search(quote) else SHORTEST_QUOTE
    return (
        bool(slot)
        and 0 < len(value) <= LONGEST_VALUE
        and any(char.isalnum() for char in value)
        and value.casefold() not in _EMPTY_VALUES
        and shortest <= len(quote.strip(_EDGES)) <= LONGEST_QUOTE
        and not (names_secret(slot) or looks_secret(quote) or looks_secret(value))
    )


def _find(candidate: Candidate, slot: str, value: str, turn: Turn) -> tuple[str, str] | None:
    """The value and the quote in a turn's own words, where its author states the one in the other."""
    if turn.role is not Role.USER or not _is_meant(candidate.name, turn):
        return None
    for match in islice(re.finditer(_verbatim(candidate.quote), turn.text), LOOKED_AT):
        within = re.search(_whole(value), match[0], re.IGNORECASE)
        if within is None:
            continue
        start = match.start() + within.start()
        if slot in OF_A_PERSON and not is_of_ones_own(turn.text, start):
            continue
        if states(turn.text, start, match.start() + within.end()):
            return " ".join(within[0].split()), " ".join(match[0].split())
    return None


def _is_meant(name: str, turn: Turn) -> bool:
    """Whether a candidate is about the author of a turn: by his name, or a part of it, or by no name at all."""
    called = one_line(name.lstrip("@")).casefold() if name.strip() else ""
    author = turn.author_name.casefold()
    return called in _SPEAKERS or called == author or set(called.split()) <= set(author.split())


def _verbatim(quote: str) -> str:
    """A pattern for the words of a quote, however its spaces, quotation marks and dashes are written."""
    words = quote.strip(_EDGES).split()
    return _edged(r"\s+".join("".join(_WRITTEN.get(char) or re.escape(char) for char in word) for word in words))


def _whole(value: str) -> str:
    return _edged(
        r"\s+".join("".join(_WRITTEN.get(char) or re.escape(char) for char in word) for word in value.split())
    )


def _edged(pattern: str) -> str:
    """A pattern that begins and ends with whole words, in scripts that part them."""
    return rf"(?<![^\W\u3040-\uffff])(?:{pattern})(?![^\W\u3040-\uffff])"


def _make(turn: Turn, slot: str, stated: tuple[str, str], place: Place, access: Access) -> Fact:
    value, quote = stated
    return Fact(
        number=0,
        user=turn.author,
        name=turn.author_name,
        slot=slot,
        value=value,
        quote=quote,
        place=place,
        message_id=turn.message_id,
        said_at=turn.sent_at,
        access=access,
    )
