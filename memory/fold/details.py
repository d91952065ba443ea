"""The details that a summary lost, in a short list behind it: so no fold loses what was exact, as far as there is room.

    Ann moves to Bergen and asked for help with the invoice.

    Exact details, newest first:
    - Ann: flight LH 4711 at 06:40
    - 2026-11-20 Bob: I will send INV-2047 by Friday

What still is not in the next summary stands in its list again, behind what is newer.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from memory.exact import WEEKDAYS, Detail, Kind, clauses, find_details, fold_text
from memory.fold.asking import OWN_NAME
from memory.ports import Count
from memory.secret import looks_secret

__all__ = ["Detail", "Excerpt", "Kind", "Saying", "find_details", "lost", "split_details", "write_details"]

HEADING = "Exact details, newest first:"

EARLIER = "Earlier"
"""Whose words the prose of the last summary is, for it does not say who said what in a form that could be read."""

LONGEST = 120
"""Characters of an excerpt at most; a line of a message is rarely longer."""

AROUND = 36
"""Characters that an excerpt keeps on either side of what it is for: enough to say what a number is of."""

OF_ONE = 8
"""Excerpts from one message at most, so that a pasted log does not push out what everybody else said."""

LOOKED_AT = 100
"""Excerpts of one message that are weighed against each other at most, the first ones."""

OWN_SHARE = 0.6
"""What a detail in the bot's own words weighs, for people ask again for what it said, and not for what they said."""

CARRIED = 0.85
"""What a detail of the last list weighs, so that a newer one goes before an older one that tells as much."""

SAME_AGAIN = 0.9
"""What each excerpt of a kind makes the next of that kind worth: ten dates do not push out every name."""

_LINE = re.compile(r"^- (?:(\d{4}-\d\d-\d\d) )?([^:\n]{1,200}): (.+)$", re.MULTILINE)
_EDGE = re.compile(r"[\s,;:]")
_NAMED = re.compile(r"[^\s:：][^:：\n]{0,60}: \S")
_SPLIT = re.compile(rf"^{HEADING}[ \t]*$", re.MULTILINE)
_RELATIVE = re.compile(
    rf"\b(?:today|tonight|tomorrow|yesterday|(?:next|this|last) (?:week|month|year)|heute|morgen|gestern"
    rf"|(?:nächste|diese|letzte)\w* (?:Woche|Monat|Jahr)|demain|hier|aujourd'hui|mañana|hoy|ayer|domani|oggi|ieri"
    rf"|amanhã|hoje|ontem|vandaag|gisteren|{WEEKDAYS})\b|[今明昨][日天]|来週|来月|下周|下週|내일|오늘|어제",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]{4,}|[^\W\d]{0,30}+\d\w*|[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]{2}")
_COMMON = frozenset(
    [
        "will",
        "shall",
        "going",
        "promise",
        "promised",
        "agreed",
        "decided",
        "deadline",
        "until",
        "before",
        "next",
        "that",
        "this",
        "with",
        "from",
        "have",
        "been",
        "they",
        "them",
        "their",
        "about",
        "would",
        "could",
        "should",
        "werde",
        "werden",
        "wird",
        "haben",
        "noch",
        "auch",
        "nicht",
        "vais",
        "allons",
        "pour",
        "avec",
        "para",
        "with",
        "then",
        "than",
    ]
)


@dataclass(frozen=True, slots=True)
class Saying:
    """What somebody said on a day (`2026-11-20`, or empty); `carried` says that it stood in the last list."""

    author: str
    text: str
    day: str = ""
    carried: bool = False


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The part of a saying that holds details which a summary lost, the first one's kind, and how much they tell."""

    author: str
    day: str
    words: str
    kind: Kind
    keys: frozenset[str]
    weight: float

    @property
    def line(self) -> str:
        """How it stands in the list; the day is told where the words count from it."""
        if self.author == EARLIER and _NAMED.match(self.words):
            return f"- {self.words}"
        day = f"{self.day} " if self.day and _RELATIVE.search(self.words) else ""
        return f"- {day}{self.author}: {self.words}"


def lost(sayings: Sequence[Saying], summary: str) -> tuple[Excerpt, ...]:
    """What of the details of sayings, oldest first, a summary does not hold; newest first, each once.

    What looks like a secret is left out: it need not be written down once more.
    """
    kept = _Kept(summary)
    seen: set[str] = set()
    found: list[Excerpt] = []
    for saying in reversed(sayings):
        excerpts = [excerpt for excerpt in _excerpts(saying, kept) if not excerpt.keys <= seen]
        for excerpt in sorted(excerpts, key=lambda excerpt: -excerpt.weight)[:OF_ONE]:
            if not excerpt.keys <= seen:
                seen |= excerpt.keys
                found.append(excerpt)
    return tuple(found)


def write_details(excerpts: Iterable[Excerpt], room: int, count: Count) -> str:
    """The list of excerpts within so many tokens: those that tell most, the newest first; empty where none fits."""
    newest_first = list(excerpts)
    chosen = _choose(newest_first, room - count(f"{HEADING}\n"), count)
    while chosen and count(text := _write(newest_first, chosen)) > room:
        chosen.pop()
    return text if chosen else ""


def _choose(excerpts: Sequence[Excerpt], room: int, count: Count) -> list[int]:
    """Which of the excerpts have room together, those that tell most for what they take first, kinds in turn."""
    costs = [count(excerpt.line) + 1 for excerpt in excerpts]
    worth = [excerpt.weight / cost**0.5 for excerpt, cost in zip(excerpts, costs, strict=True)]
    taken: Counter[Kind] = Counter()
    chosen: list[int] = []
    left = set(range(len(excerpts)))
    while left := {at for at in left if costs[at] <= room}:
        best = max(left, key=lambda at: (worth[at] * SAME_AGAIN ** taken[excerpts[at].kind], -at))
        left.remove(best)
        room -= costs[best]
        taken[excerpts[best].kind] += 1
        chosen.append(best)
    return chosen


def _write(excerpts: Sequence[Excerpt], chosen: Sequence[int]) -> str:
    return "\n".join([HEADING, *(excerpts[at].line for at in sorted(chosen))])


def split_details(text: str) -> tuple[str, tuple[Saying, ...]]:
    """A summary without its list, and the list as sayings, oldest first; what a model copied of it is no summary."""
    summary, *lists = _SPLIT.split(text)
    listed = [match for part in lists for match in _LINE.finditer(part)]
    sayings = [Saying(match[2], match[3], match[1] or "", carried=True) for match in listed]
    return summary.strip(), tuple(reversed(sayings))


class _Kept:
    """What a summary holds, looked up by many details."""

    def __init__(self, summary: str) -> None:
        self._text = fold_text(summary)
        self._keys = {detail.key for detail in find_details(summary)}
        self._clauses = [fold_text(summary[start:end]) for start, end in clauses(summary)]
        self._stems = [_stems(clause) for clause in self._clauses]

    def holds(self, detail: Detail) -> bool:
        """Whether a detail is in it: as it was written or in another way of writing it.

        Of a commitment, most of its words have to stand in one clause, of a name all of them.
        """
        match detail.kind:
            case Kind.COMMITMENT:
                stems = _stems(fold_text(detail.text))
                return any(3 * len(stems & clause) >= 2 * len(stems) for clause in self._stems)
            case Kind.NAME:
                words = fold_text(detail.text).split()
                return any(all(_has(clause, word) for word in words) for clause in self._clauses)
            case _:
                return detail.key in self._keys or _has(self._text, fold_text(detail.text).strip("`"))


def _stems(folded: str) -> set[str]:
    """The words that tell what a text is about, by their beginnings; of scripts without spaces, pairs of letters."""
    return {word[:6] for word in _WORD.findall(folded) if word not in _COMMON}


def _has(folded: str, words: str) -> bool:
    """Whether words stand in a text, and are no part of longer ones; scripts without spaces have no such edges."""
    left = r"(?<![^\W\u3040-\uffff])" if words[:1].isalnum() else ""
    right = r"(?![^\W\u3040-\uffff])" if words[-1:].isalnum() else ""
    return words in folded and re.search(f"{left}{re.escape(words)}{right}", folded) is not None


def _excerpts(saying: Saying, kept: _Kept) -> list[Excerpt]:
    """What holds the lost details of a saying, clause by clause; details too long to be quoted are passed over."""
    details = [detail for detail in find_details(saying.text) if not kept.holds(detail)]
    starts = [detail.start for detail in details]
    found: list[Excerpt] = []
    for start, end in clauses(saying.text):
        if looks_secret(saying.text[start:end]):
            continue
        begun = details[bisect_left(starts, start) : bisect_left(starts, end)]
        within = [detail for detail in begun if detail.end <= end]
        left = [each for each in within if each.kind is Kind.COMMITMENT or each.end - each.start <= LONGEST]
        while left and len(found) < LOOKED_AT:
            excerpt, left = _excerpt(saying, start, end, left)
            found.append(excerpt)
    return found


def _excerpt(saying: Saying, start: int, end: int, details: Sequence[Detail]) -> tuple[Excerpt, list[Detail]]:
    """The words around the first details of a clause, and the details that those words do not reach.

    Of a promise it is all that there is room for, otherwise as much as tells what the details are of.
    """
    first, clause = details[0], (start, end)
    if first.kind is not Kind.COMMITMENT:
        last = max(detail.end for detail in details if detail.end <= first.start + LONGEST)
        start, end = max(start, first.start - AROUND), min(end, last + AROUND)
    words, cut = _cut(saying.text, clause, start, min(end, max(start + LONGEST, first.start + AROUND)))
    inside = [first, *(detail for detail in details[1:] if start <= detail.start and detail.end <= cut)]
    weights = sorted((detail.kind.value for detail in inside), reverse=True)
    share = (OWN_SHARE if saying.author == OWN_NAME else 1.0) * (CARRIED if saying.carried else 1.0)
    excerpt = Excerpt(
        saying.author,
        saying.day,
        words,
        first.kind,
        keys=frozenset(detail.key for detail in inside),
        weight=(weights[0] + 0.5 * sum(weights[1:])) * share,
    )
    reached = frozenset(inside)
    return excerpt, [detail for detail in details if detail not in reached]


def _cut(text: str, clause: tuple[int, int], start: int, end: int) -> tuple[str, int]:
    """A part of a clause on one line, begun and ended between words, with marks where it was cut; and where it ends."""
    if (
        start > clause[0]
        and not _EDGE.match(text[start - 1])
        and (edge := _EDGE.search(text, start, start + AROUND // 2))
    ):
        start = edge.end()
    if end < clause[1] and not _EDGE.match(text[end]):
        edges = list(_EDGE.finditer(text, max(start, end - AROUND // 2), end))
        end = edges[-1].start() if edges else end
    words = " ".join(text[start:end].split()).rstrip(".")
    return f"{'…' * (start > clause[0])}{words}{'…' * (end < clause[1])}", end
