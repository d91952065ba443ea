"""Facts about people, read: what an audience hears of them, and which stand in a conversation's prompts.

Every statement is a row (`storage.sqlite.stating`); of a person's slot the newest one holds that may be heard, so that
the older stands again when its message goes. Each function is one transaction's work.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from memory.types import Access, Audience, Fact, FactCount, Place, Turn, Visibility, newest_of_each_slot
from storage.sqlite.hearing import Heard, heard
from storage.sqlite.rows import Row, to_moment

SPEAKERS = 8
"""People whose facts are read for a prompt: those who spoke last."""

NEWEST = 200
"""Statements that are read for a prompt, newest first; it has room for a tenth of them."""

STATEMENTS = 4
"""Statements of one slot that are read: enough to see what the newest value replaces where that was said again."""

ALL = -1
"""As a limit of SQLite: none."""

COLUMNS = (
    "f.id, f.number, f.user, f.name, f.slot, f.value, f.quote, f.platform, f.space, f.channel, f.thread, f.message_id,"
    " f.said_at, f.visibility, f.enclosed, f.restricted, f.shared"
)
"""The columns that `to_fact` reads, in its order, of `facts f`."""

_ID, _USER, _SLOT = 0, 2, 4


@dataclass(frozen=True, slots=True)
class Known:
    """The facts that hold for a prompt: those that stood at the last fold, and those that came since."""

    stood: tuple[Fact, ...] = ()
    since: tuple[Fact, ...] = ()


def to_fact(row: Row) -> Fact:
    """A row of the columns COLUMNS."""
    _, number, user, name, slot, value, quote, platform, space, channel, thread, message_id, said_at = row[:13]
    visibility, *marks = row[13:]
    return Fact(
        number,
        user,
        name,
        slot,
        value,
        quote,
        Place(platform, space, channel, thread),
        message_id,
        to_moment(said_at),
        Access(Visibility(visibility), *(bool(mark) for mark in marks)),
    )


def facts(db: sqlite3.Connection, audience: Audience, user: str) -> tuple[Fact, ...]:
    """See `Store.facts`."""
    return _holding(_statements(db, audience, heard(db, audience, "f"), (user,), ALL))


def known(db: sqlite3.Connection, conversation: int, audience: Audience, turns: Sequence[Turn]) -> Known:
    """The facts that hold for a prompt of a conversation, its turns given newest first.

    What stood at the last fold stands until the next, whoever speaks meanwhile, unless it must not be said any more.
    What came since is about who asks, who spoke last, and whose facts stand.
    """
    hears = heard(db, audience, "f")
    standing = _standing(db, conversation, hears)
    speaking = dict.fromkeys([audience.user, *(turn.author for turn in turns)])
    people = [user for user in speaking if user][:SPEAKERS]
    rows = _statements(db, audience, hears, [*people, *(row[_USER] for row in standing)], NEWEST)
    stood = _holding(standing)
    told = {(fact.user, fact.slot, fact.value) for fact in stood}
    return Known(stood, tuple(fact for fact in _holding(rows) if (fact.user, fact.slot, fact.value) not in told))


def snapshot(db: sqlite3.Connection, conversation: int, audience: Audience, through: int) -> str:
    """The ids, as JSON, of the facts that are to stand in a conversation's prompts from a fold on.

    They are about the people who spoke last after the turn `through`.
    """
    authors = db.execute(
        "SELECT author FROM turns WHERE conversation = ? AND id > ? AND role = 'user' GROUP BY author"
        " ORDER BY MAX(id) DESC LIMIT ?",
        (conversation, through, SPEAKERS),
    ).fetchall()
    rows = _statements(db, audience, heard(db, audience, "f"), [row[0] for row in authors], NEWEST)
    return json.dumps(sorted({(row[_USER], row[_SLOT]): row[_ID] for row in rows}.values()))


def note_shown(db: sqlite3.Connection, turns: Iterable[int]) -> None:
    """Note where turns that go stand: the facts about who said them stood in the prompts there.

    Afterwards nobody sees that he spoke there; where it is to be found goes with each fact.
    """
    db.execute(
        "INSERT INTO facts_shown (fact, conversation) SELECT f.id, c.id FROM"
        " (SELECT DISTINCT conversation, author FROM turns WHERE id IN (SELECT value FROM json_each(?))"
        "   AND role = 'user') said"
        " JOIN conversations c ON c.id = said.conversation JOIN facts f INDEXED BY facts_of_user"
        "  ON f.platform = c.platform AND f.space = c.space AND f.user = said.author"
        " WHERE true ON CONFLICT DO NOTHING",
        (json.dumps(sorted(turns)),),
    )


def counts(db: sqlite3.Connection, platform: str, space: str) -> tuple[FactCount, ...]:
    """See `Store.fact_counts`; a person has the name that he had last."""
    found = db.execute(
        "SELECT user, name, COUNT(DISTINCT number), MAX(said_at) FROM facts"
        " WHERE platform = ? AND space = ? AND value <> '' AND visibility <> ? GROUP BY user ORDER BY 3 DESC, user",
        (platform, space, Visibility.DIRECT),
    ).fetchall()
    return tuple(FactCount(*row[:3]) for row in found)


def _holding(rows: Sequence[Row]) -> tuple[Fact, ...]:
    return newest_of_each_slot([to_fact(row) for row in rows])


def _statements(db: sqlite3.Connection, audience: Audience, hears: Heard, users: Iterable[str], most: int) -> list[Row]:
    """The newest of what people said about themselves and an audience may hear, a few of each slot, oldest first."""
    asked = tuple(dict.fromkeys(users))
    rows = db.execute(
        f"SELECT {COLUMNS} FROM (SELECT f.*, ROW_NUMBER() OVER"
        "   (PARTITION BY f.user, f.slot ORDER BY f.said_at DESC, f.id DESC) AS nth FROM facts f"
        f"  WHERE f.platform = ? AND f.user IN ({', '.join('?' * len(asked))}) AND f.value <> '' AND {hears.sql}) f"
        " WHERE f.nth <= ? ORDER BY f.said_at DESC, f.id DESC LIMIT ?",
        (audience.place.platform, *asked, *hears.values, STATEMENTS, most),
    )
    return rows.fetchall()[::-1]


def _standing(db: sqlite3.Connection, conversation: int, hears: Heard) -> list[Row]:
    """What stood at the last fold of a conversation and an audience may hear now."""
    return db.execute(
        f"SELECT {COLUMNS} FROM facts f WHERE f.id IN (SELECT value FROM json_each("
        "  (SELECT facts FROM summaries WHERE conversation = ? ORDER BY version DESC LIMIT 1)))"
        f" AND f.value <> '' AND {hears.sql} ORDER BY f.said_at, f.id",
        (conversation, *hears.values),
    ).fetchall()
