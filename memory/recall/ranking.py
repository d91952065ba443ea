"""Which turns bear on a question: what each says itself, what is said around it, in its sitting, by whom and when.

Every view of the turns is a score for each of them, of which the z-scores are summed with the weights below. Two passes
are made: the turns that come first in the one lend words to the question of the other. The constants were found on four
conversations in LoCoMo's format and kept round: around them, `python -m bench.recall` hardly moves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from heapq import nlargest
from math import exp, log, sqrt

from memory.types import Passage, Pool, Question

OWN, AROUND, SITTING, AUTHOR, ANSWERS, ASKS, TIMELY, DATED = 1.0, 1.5, 1.0, 3.0, 0.5, -0.5, 1.0, 2.0
"""What a z-score counts: of a turn's own words, of those around it and of its sitting; where its author is named; of
the words of the question that it follows; where it asks itself; where it tells a time that is asked for; where it was
said on a day that is named."""

SATURATION, LENGTH = 1.2, 0.4
"""BM25's k1 and b (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009)."""

AFTERWARDS, BEFOREHAND = (0.8, 0.6), (0.6, 0.4)
"""What a word counts for the turns after the one that says it, and for those before: an answer follows its question."""

LENDING, LENT, LENT_SHARE = 5, 20, 0.2
"""How many of the first turns lend words to the question, how many words, and what these count at most."""

DAYS_OFF = 10.0
"""People tell of a day in those that follow: so many days from one that is named, a turn counts a third."""

_TIMES = (
    "yesterdai todai tonight tomorrow ago last next recent soon sinc week weekend month year dai night morn even"
    " mondai tuesdai wednesdai thursdai fridai saturdai sundai januari februari march april june juli august septemb"
    " octob novemb decemb"
)
TIMES = frozenset(_TIMES.split())
"""Stems of the words by which English tells a time."""


def rank(question: Question, pool: Pool, gap: timedelta) -> tuple[tuple[int, float], ...]:
    """The ids of a pool's turns, best first, and which share of the question each has in it or right beside it.

    A pause longer than `gap` ends a sitting. Shares run from 0 to 1; a word counts by its weight.
    """
    passages = pool.passages
    if not passages:
        return ()
    named = pool.weights.keys() & frozenset[str]().union(*(passage.author for passage in passages))
    weights = {word: weight for word, weight in pool.weights.items() if word not in named} or dict(pool.weights)
    text = _Text(passages, gap)
    beside = _views_beside(question, passages, named)
    first = text.weigh(weights, pool.telling)
    scores = text.score(first, beside)
    scores = text.score(text.weigh({**weights, **text.lend(scores, weights)}), beside)
    best = sorted(range(len(passages)), key=lambda at: (-scores[at], -passages[at].id))
    return tuple((passages[at].id, first.share[at]) for at in best)


@dataclass(frozen=True, slots=True)
class _Weighed:
    """How much words count for each passage: in it, around it, in its sitting; and which share of them is near it."""

    own: Sequence[float]
    around: Sequence[float]
    sitting: Sequence[float]
    share: Sequence[float]


class _Text:
    """The passages as a text: where each word stands, what stands near it, and which sitting it is of."""

    def __init__(self, passages: Sequence[Passage], gap: timedelta) -> None:
        self._passages = passages
        self._places: dict[str, dict[int, int]] = {}
        self._near: dict[int, tuple[tuple[int, float], ...]] = {}
        mean = sum(len(passage.words) for passage in passages) / len(passages) or 1.0
        self._norms = [SATURATION * (1 - LENGTH + LENGTH * len(passage.words) / mean) for passage in passages]
        self._sittings: list[int] = []
        self._joined: list[bool] = []
        sitting = 0
        for before, passage in zip((passages[0], *passages), passages, strict=False):
            goes_on = before.conversation == passage.conversation and passage.said_at - before.said_at <= gap
            sitting += not goes_on
            self._sittings.append(sitting)
            self._joined.append(goes_on and passage.follows and before is not passage)

    def _look_up(self, words: AbstractSet[str]) -> None:
        """Find where words stand, and how often."""
        wanted = words - self._places.keys()
        self._places.update((word, {}) for word in wanted)
        for at, passage in enumerate(self._passages):
            for word in passage.words:
                if word in wanted:
                    places = self._places[word]
                    places[at] = places.get(at, 0) + 1

    def _reach(self, at: int) -> Iterator[tuple[int, float]]:
        """The passages near one in its sitting, and which part of its words counts for them."""
        later = earlier = at
        for part in AFTERWARDS:
            later += 1
            if later == len(self._joined) or not self._joined[later]:
                break
            yield later, part
        for part in BEFOREHAND:
            if not self._joined[earlier]:
                break
            earlier -= 1
            yield earlier, part

    def weigh(self, weights: Mapping[str, float], telling: Mapping[str, float] | None = None) -> _Weighed:
        """BM25 of words; around a passage, and in a sitting, each counts as much as where it counts most.

        A share of the question is one of what `telling` says of its words.
        """
        telling = telling or weights
        self._look_up(weights.keys())
        own, around, share = ([0.0] * len(self._passages) for _ in range(3))
        whole = sum(telling[word] for word in weights) or 1.0
        sittings = [0.0] * (self._sittings[-1] + 1)
        for word, weight in weights.items():
            said = {
                at: weight * times * (SATURATION + 1) / (times + self._norms[at])
                for at, times in self._places[word].items()
            }
            near = dict(said)
            most: dict[int, float] = {}
            for at, value in said.items():
                own[at] += value
                if at not in self._near:
                    self._near[at] = tuple(self._reach(at))
                for other, part in self._near[at]:
                    if value * part > near.get(other, 0.0):
                        near[other] = value * part
                sitting = self._sittings[at]
                if value > most.get(sitting, 0.0):
                    most[sitting] = value
            for at, value in near.items():
                around[at] += value
                share[at] += telling[word] / whole
            for sitting, value in most.items():
                sittings[sitting] += value
        return _Weighed(own, around, [sittings[sitting] for sitting in self._sittings], share)

    def score(self, weighed: _Weighed, beside: Sequence[float]) -> list[float]:
        """The sum of all views of each passage; `beside` is that of those for which no words are compared."""
        asked = [
            weighed.own[at - 1] if joined and self._passages[at - 1].asks else 0.0
            for at, joined in enumerate(self._joined)
        ]
        return _add(beside, (OWN, weighed.own), (AROUND, weighed.around), (SITTING, weighed.sitting), (ANSWERS, asked))

    def lend(self, scores: Sequence[float], weights: Mapping[str, float]) -> dict[str, float]:
        """The words that tell most of the passages that come first, beside those of the question."""
        size = len(self._passages)
        best = nlargest(LENDING, range(size), key=scores.__getitem__)
        self._look_up({word for at in best for word in self._passages[at].words})
        gained: dict[str, float] = {}
        for place, at in enumerate(best):
            for word in set(self._passages[at].words) - weights.keys():
                if len(self._places[word]) > 1:
                    gained[word] = gained.get(word, 0.0) + _rarity(len(self._places[word]), size) / (1 + place / 10)
        lent = sorted(gained.items(), key=lambda item: (-item[1], item[0]))[:LENT]
        return {word: LENT_SHARE * _rarity(len(self._places[word]), size) * gain / lent[0][1] for word, gain in lent}


def _rarity(holding: int, size: int) -> float:
    """BM25's weight of a word that so many of so many passages hold."""
    return log(1 + (size - holding + 0.5) / (holding + 0.5))


def _views_beside(question: Question, passages: Sequence[Passage], named: AbstractSet[str]) -> list[float]:
    """The views for which no words of the question are compared."""
    views = [(ASKS, [float(passage.asks) for passage in passages])]
    if named:
        views.append((AUTHOR, [float(not passage.author.isdisjoint(named)) for passage in passages]))
    if question.asks_when:
        views.append((TIMELY, [float(not TIMES.isdisjoint(passage.words)) for passage in passages]))
    if question.days:
        views.append((DATED, [_closeness(question, passage.said_at.date()) for passage in passages]))
    return _add([0.0] * len(passages), *views)


def _closeness(question: Question, said: date) -> float:
    """1 on a day that is named, less the further away."""
    off = min(max((days.first - said).days, (said - days.last).days, 0) for days in question.days)
    return exp(-off / DAYS_OFF)


def _add(sums: Sequence[float], *views: tuple[float, Sequence[float]]) -> list[float]:
    """The sums with the z-scores of views, each times its weight; a view that tells nothing adds nothing."""
    total = list(sums)
    for weight, values in views:
        mean = sum(values) / len(values)
        variance = sum([(value - mean) ** 2 for value in values]) / len(values)
        if variance > 0:
            scale = weight / sqrt(variance)
            total = [so_far + scale * (value - mean) for so_far, value in zip(total, values, strict=True)]
    return total
