"""Recall: the index of all words that were said, and the search in it. Each function is one transaction's work.

Rules, where they bind:

1. A word stands in the index with the scope in which it was said, and is looked up under the scopes that an audience
   hears: what was said elsewhere is not even counted. Channels of which it hears nothing now are left out by the same
   query.
2. Triggers take a turn's words out of the index in the statement that changes or deletes the turn, and note that it is
   due; its new words are written at the end of the transaction.
3. The work of a search does not grow with what is stored: of every word the newest POSTINGS at most are read, and the
   HITS that hold most of the question are weighed, with the turns beside them. Of the places where these may stand,
   those that are heard are read, which are the channels of a space, and about as many of the others at most.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from heapq import nlargest
from itertools import pairwise
from math import log

from memory.ports import Rank
from memory.types import Audience, Passage, Place, Pool, Question, Recalled, Shown
from storage.sqlite.hearing import heard
from storage.sqlite.inbox import conversation_id
from storage.sqlite.rows import TURN_OF_T, to_moment, to_turn
from storage.words import words_of

TERMS = 40
"""Words of a question that are looked up, first come first; few questions have ten."""

POSTINGS, ALL_POSTINGS = 2_000, 10_000
"""Turns that are read for one word, and for all words of a question."""

HITS = 80
"""Turns that are weighed because of their own words, with two before and after each; more gain nothing."""

BACKGROUND = 1_000
"""Turns without any of the words, thought of beside those there are when it is weighed how much of a question is met:
in a memory of ten turns a word that stands in each of them is what they are about, and not one that says nothing."""

TAIL = 16
"""Characters at the end of a text among which a question mark is looked for."""


def count_due(db: sqlite3.Connection) -> int:
    """How many turns are due."""
    return int(db.execute("SELECT COUNT(*) FROM recall_due").fetchone()[0])


def index_due(db: sqlite3.Connection, most: int = -1) -> bool:
    """Write the words of turns that are due into the index, at most so many; false when none was."""
    # SQLite keeps the order of a CROSS JOIN; by itself it reads all turns there are, to find which of them are due.
    due = db.execute(
        "SELECT t.id, t.scope, c.channel, c.user, t.text, t.attachments FROM recall_due d"
        " CROSS JOIN turns t ON t.id = d.turn CROSS JOIN conversations c ON c.id = t.conversation"
        " ORDER BY d.turn LIMIT ?",
        (most,),
    ).fetchall()
    for id_, scope, channel, user, text, attachments in due:
        place = db.execute(
            "INSERT INTO recall_places (scope, channel, user, turns) VALUES (?, ?, ?, 1)"
            " ON CONFLICT (scope, channel, user) DO UPDATE SET turns = turns + 1 RETURNING id",
            (scope, channel, user),
        ).fetchone()[0]
        names = " ".join(name for name, *_ in json.loads(attachments)) if attachments else ""
        words = " ".join(f"{scope}:{word}" for word in words_of(f"{text} {names}"))
        db.execute("INSERT INTO recall (rowid, place, words) VALUES (?, ?, ?)", (id_, f"{scope}#{place}", words))
        db.execute("DELETE FROM recall_due WHERE turn = ?", (id_,))
    return bool(due)


def drop_deleted_words(db: sqlite3.Connection) -> None:
    """Write the index anew without what was deleted, of which it keeps words until its parts are merged by chance."""
    db.execute("INSERT INTO recall (recall) VALUES ('optimize')")


@dataclass(frozen=True, slots=True)
class _Heard:
    """What an audience hears: scopes, places, how many turns stand there, and the condition for a query."""

    scopes: tuple[int, ...]
    places: frozenset[str]
    turns: int
    condition: str


def search(
    db: sqlite3.Connection, question: Question, audience: Audience, shown: Shown | None, rank: Rank, most: int
) -> tuple[Recalled, ...]:
    """See `Store.search`."""
    hears = _heard(db, audience)
    words = list(dict.fromkeys(words_of(question.text)))[:TERMS]
    if not words or not hears.places:
        return ()
    standing = _standing(db, shown)
    weights: dict[str, float] = {}
    telling: dict[str, float] = {}
    found: dict[int, float] = {}
    limit = min(POSTINGS, ALL_POSTINGS // len(words))
    for word in words:
        turns = _postings(db, word, hears, limit)
        weights[word] = weight = _rarity(len(turns), hears.turns)
        telling[word] = _rarity(len(turns), hears.turns + BACKGROUND)
        for turn in turns:
            found[turn] = found.get(turn, 0.0) + weight
    for turn in standing.ids & found.keys():
        del found[turn]
    hits = [turn for _, turn in nlargest(HITS, zip(found.values(), found.keys(), strict=True))]
    ranked = rank(question, Pool(weights, _passages(db, hits, hears, standing), telling))[:most]
    return _recalled(db, ranked)


def _heard(db: sqlite3.Connection, audience: Audience) -> _Heard:
    """What an audience hears, by the rules of `storage.sqlite.hearing`.

    What stands in a conversation that another user has for himself is kept apart, though it may be public.
    """
    hears = heard(db, audience, "p")
    told, values = f"{hears.sql} AND p.user IN ('', ?)", (*hears.values, audience.user)
    rows = db.execute(f"SELECT p.scope, p.id, p.turns FROM recall_places p WHERE {told}", values).fetchall()
    places = {f"{scope}#{id_}": turns for scope, id_, turns in rows}
    marks = ", ".join("?" * len(hears.scopes))
    silent = [
        f"{scope}#{id_}"
        for scope, id_ in db.execute(
            f"SELECT p.scope, p.id FROM recall_places p WHERE p.scope IN ({marks}) AND NOT ({told}) LIMIT ?",
            (*hears.scopes, *values, len(places) + 1),
        )
    ]
    # Whichever list is shorter; either says the same, for every turn of these scopes stands in one of these places.
    condition = ""
    if silent:
        condition = f" AND ({_any(places)})" if len(places) < len(silent) else f" NOT ({_any(silent)})"
    return _Heard(hears.scopes, frozenset(places), sum(places.values()), condition)


def _any(terms: Collection[str]) -> str:
    """An expression of FTS5 that is true of rows with any of the terms; they hold no quotes."""
    return " OR ".join(f'"{term}"' for term in terms)


def _postings(db: sqlite3.Connection, word: str, hears: _Heard, limit: int) -> list[int]:
    """The newest turns that hold a word, among all that is heard."""
    expression = f"({_any([f'{scope}:{word}' for scope in hears.scopes])}){hears.condition}"
    found = db.execute("SELECT rowid FROM recall WHERE recall MATCH ? ORDER BY rowid DESC LIMIT ?", (expression, limit))
    return [row[0] for row in found]


def _rarity(holding: int, turns: int) -> float:
    """BM25's weight of a word that so many of so many turns hold."""
    return log(1 + (max(turns - holding, 0) + 0.5) / (holding + 0.5))


@dataclass(frozen=True, slots=True)
class _Standing:
    """Turns that stand in the prompt, and their messages by place: another conversation may hold the same."""

    ids: frozenset[int] = frozenset()
    messages: frozenset[tuple[str, str]] = frozenset()


def _standing(db: sqlite3.Connection, shown: Shown | None) -> _Standing:
    row = None if shown is None else conversation_id(db, shown.conversation)
    if shown is None or row is None:
        return _Standing()
    turns = db.execute(
        "SELECT t.id, r.place, t.message_id FROM turns t LEFT JOIN recall r ON r.rowid = t.id"
        " WHERE t.conversation = ? AND t.id >= ?",
        (row, shown.since),
    ).fetchall()
    return _Standing(frozenset(turn[0] for turn in turns), frozenset(turn[1:] for turn in turns))


def _passages(db: sqlite3.Connection, hits: Sequence[int], hears: _Heard, standing: _Standing) -> tuple[Passage, ...]:
    """The hits and the turns beside them, as far as they are heard, a message once."""
    beside = _beside(db, hits)
    ids = json.dumps(sorted(beside))
    rows = db.execute(
        f"SELECT t.id, t.conversation, t.author_name, t.sent_at, substr(t.text, -{TAIL}), t.message_id, r.place,"
        " r.words"
        " FROM json_each(?) AS wanted CROSS JOIN turns t ON t.id = wanted.value CROSS JOIN recall r ON r.rowid = t.id"
        " ORDER BY t.conversation, t.id",
        (ids,),
    ).fetchall()
    taken = set(standing.messages)
    passages: list[Passage] = []
    before = 0
    for id_, conversation, author, sent_at, tail, message, place, words in rows:
        if place not in hears.places or id_ in standing.ids or (place, message) in taken:
            continue
        taken.add((place, message))
        follows = before != 0 and beside.get(id_) == before
        before = id_
        scope = place[: place.index("#")]
        passages.append(
            Passage(
                id_,
                conversation,
                follows,
                _words_of_name(author),
                to_moment(sent_at),
                tail.rstrip().endswith(("?", "？", "؟")),
                tuple(words.replace(f"{scope}:", "").split(" ")) if words else (),
            )
        )
    return tuple(passages)


@lru_cache(maxsize=4096)
def _words_of_name(name: str) -> frozenset[str]:
    return frozenset(words_of(name))


_BESIDE = (
    "SELECT (SELECT MAX(id) FROM turns WHERE conversation = h.conversation AND id < h.before), h.before, h.id, h.after,"
    " (SELECT MIN(id) FROM turns WHERE conversation = h.conversation AND id > h.after)"
    " FROM (SELECT t.id, t.conversation,"
    "  (SELECT MAX(id) FROM turns WHERE conversation = t.conversation AND id < t.id) AS before,"
    "  (SELECT MIN(id) FROM turns WHERE conversation = t.conversation AND id > t.id) AS after"
    "  FROM json_each(?) AS hit CROSS JOIN turns t ON t.id = hit.value) h"
)


def _beside(db: sqlite3.Connection, hits: Sequence[int]) -> dict[int, int]:
    """The hits and the two turns before and after each: with the one directly before it in its conversation, or 0."""
    before: dict[int, int] = {}
    for stretch in db.execute(_BESIDE, (json.dumps(hits),)):
        turns = [turn for turn in stretch if turn is not None]
        before.setdefault(turns[0], 0)
        before.update((turn, previous) for previous, turn in pairwise(turns))
    return before


def _recalled(db: sqlite3.Connection, ranked: Sequence[tuple[int, float]]) -> tuple[Recalled, ...]:
    found: dict[int, Recalled] = {}
    for *turn, platform, space, channel, thread, name in db.execute(
        f"SELECT {TURN_OF_T}, c.platform, c.space, c.channel, c.thread, h.name"
        " FROM json_each(?) AS wanted CROSS JOIN turns t ON t.id = wanted.value"
        " JOIN conversations c ON c.id = t.conversation"
        " LEFT JOIN channels h ON h.platform = c.platform AND h.space = c.space AND h.channel = c.channel",
        (json.dumps([id_ for id_, _ in ranked]),),
    ):
        found[turn[0]] = Recalled(to_turn(tuple(turn)), Place(platform, space, channel, thread), name or "")
    return tuple(replace(found[id_], score=score) for id_, score in ranked)
