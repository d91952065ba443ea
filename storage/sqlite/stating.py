"""What people state about themselves: kept, corrected, forgotten.

Each function is one transaction's work. Numbered rules, where they bind:

1. Every statement is a row, also one of a slot that the person has: which holds is found by reading.
2. What a turn states may be heard by those who could read that turn, whoever can read its place by now; and only its
   own author's turn states anything about him.
3. Of a fact that was forgotten by itself a row without words stays. Its message states nothing new any more, under
   whatever slot, nor does anything about that slot that was said before the forgetting and is read only after it.
4. A slot that a person has where it was said keeps its number, and what has none gets the next one of his.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from memory.types import ADULT, Audience, Fact, Visibility, newest_of_each_slot
from storage.sqlite.facts import COLUMNS, facts, to_fact
from storage.sqlite.forgetting import due_scrub
from storage.sqlite.hearing import heard, scope_id
from storage.sqlite.inbox import is_forgotten
from storage.sqlite.rows import to_micros, to_text

NOTE = "note"
"""Begins the slot of what somebody had remembered in his own words: `note 3`. No other slot has a blank in it."""

KEPT = 20
"""Statements of one slot that are kept where they were said; who says it again and again does not slow his prompts."""

_SAME_SLOT = "platform = ? AND space = ? AND user = ? AND slot = ? AND scope = ?"


@dataclass(frozen=True, slots=True)
class _Origin:
    """Who could read a statement when it was made, and the newest turn that no prompt with it can have come before."""

    scope: int
    visibility: Visibility
    restricted: bool
    turn: int


def keep(db: sqlite3.Connection, conversation: int, stated: Sequence[Fact]) -> None:
    """Keep what turns of a conversation state, as far as these stand there (rule 2)."""
    for fact in stated:
        origin = _origin_of(db, conversation, fact)
        if origin is not None:
            _keep_one(db, conversation, fact, origin)


def remember(db: sqlite3.Connection, audience: Audience, fact: Fact) -> Fact | None:
    """See `Store.remember`."""
    if is_forgotten(db, fact.place, fact.user, fact.said_at):
        return None
    scope = scope_id(db, fact.access.scope(fact.place))
    newest = db.execute("SELECT COALESCE(MAX(id), 0) FROM turns").fetchone()[0]
    origin = _Origin(scope, fact.access.visibility, fact.access.restricted, newest)
    number, slot = _keep_one(db, None, fact, origin)
    kept = replace(fact, number=number, slot=slot)
    holding = {(each.message_id, each.slot): each for each in facts(db, audience, fact.user)}
    return holding.get((fact.message_id, slot), kept)


def correct(db: sqlite3.Connection, audience: Audience, number: int, fact: Fact) -> Fact | None:
    """See `Store.correct_fact`; when the same message asks for it once more, nothing changes."""
    rows = _of_number(db, audience, number)
    if not rows or is_forgotten(db, fact.place, fact.user, fact.said_at):
        return None
    others = {id_: old for id_, old in rows.items() if (old.place, old.message_id) != (fact.place, fact.message_id)}
    _bury(db, others, fact.said_at)
    old = list(rows.values())[-1]
    kept = remember(db, audience, replace(fact, slot=old.slot, number=number))
    return kept and replace(kept, before=old.value if others else "")


def forget(db: sqlite3.Connection, audience: Audience, number: int, now: datetime) -> Fact | None:
    """See `Store.forget_fact`."""
    rows = _of_number(db, audience, number)
    if not rows:
        return None
    _bury(db, rows, now)
    due_scrub(db, now)
    return newest_of_each_slot(list(rows.values()))[-1]


def _of_number(db: sqlite3.Connection, audience: Audience, number: int) -> dict[int, Fact]:
    """What somebody stated under one of his numbers and what that had replaced, as far as it is heard; oldest first."""
    hears = heard(db, audience, "f")
    found = db.execute(
        f"SELECT {COLUMNS} FROM facts f WHERE f.platform = ? AND f.user = ? AND f.value <> '' AND {hears.sql}"
        " ORDER BY f.said_at, f.id",
        (audience.place.platform, audience.user, *hears.values),
    ).fetchall()
    stated = [(row[0], to_fact(row)) for row in found]
    last = max((at for at, (_, fact) in enumerate(stated) if fact.number == number), default=-1)
    if last < 0:
        return {}
    slot = stated[last][1].slot
    return {id_: fact for id_, fact in stated[: last + 1] if slot == fact.slot}


def _bury(db: sqlite3.Connection, rows: Iterable[int], at: datetime) -> None:
    """Take the words out of statements, and note until when none of the kind is taken in (rule 3)."""
    db.executemany(
        "UPDATE facts SET name = '', value = '', quote = '', said_at = ? WHERE id = ?",
        [(to_micros(at), row) for row in rows],
    )


def _origin_of(db: sqlite3.Connection, conversation: int, fact: Fact) -> _Origin | None:
    """Who could read the turn of its author that states a fact; nothing where there is none."""
    found = db.execute(
        "SELECT s.id, t.visibility, s.key, t.id FROM turns t JOIN scopes s ON s.id = t.scope"
        " WHERE t.conversation = ? AND t.message_id = ? AND t.role = 'user' AND t.author = ?",
        (conversation, fact.message_id, fact.user),
    ).fetchone()
    return None if found is None else _Origin(found[0], Visibility(found[1]), found[2].endswith(ADULT), found[3])


def _keep_one(db: sqlite3.Connection, conversation: int | None, fact: Fact, origin: _Origin) -> tuple[int, str]:
    """Keep a statement unless it was forgotten (rule 3), and return its number and slot.

    What the same message states again, or in the same words about something else, is the same statement.
    """
    said = _said_in(db, fact)
    value = to_text(fact.value)
    slot = to_text(fact.slot)
    if slot not in said:
        slot = next((name for name, (_, old) in said.items() if old and old == value), slot)
    if slot in said:
        _state_again(db, fact, slot)
        return said[slot][0], slot
    number = fact.number or _number_of(db, fact, slot, origin.scope)
    if any(not old for _, old in said.values()) or _forgotten_since(db, fact, slot, origin.scope):
        return number, slot
    slot = slot or f"{NOTE} {number}"
    place = fact.place
    db.execute(
        "INSERT INTO facts (platform, space, channel, thread, user, name, number, slot, value, quote, conversation,"
        " message_id, said_at, said_after, visibility, enclosed, restricted, shared, scope)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            place.platform,
            place.space,
            place.channel,
            place.thread,
            fact.user,
            to_text(fact.name),
            number,
            slot,
            value,
            to_text(fact.quote),
            conversation,
            fact.message_id,
            to_micros(fact.said_at),
            origin.turn,
            origin.visibility,
            fact.access.enclosed,
            origin.restricted,
            fact.access.shared,
            origin.scope,
        ),
    )
    db.execute(
        f"DELETE FROM facts WHERE id IN (SELECT id FROM facts WHERE {_SAME_SLOT} AND value <> ''"
        "  ORDER BY said_at DESC, id DESC LIMIT -1 OFFSET ?)",
        (place.platform, place.space, fact.user, slot, origin.scope, KEPT),
    )
    return number, slot


def _said_in(db: sqlite3.Connection, fact: Fact) -> dict[str, tuple[int, str]]:
    """What the message of a fact states about its author already: by slots, the numbers and the values."""
    place = fact.place
    found = db.execute(
        "SELECT slot, number, value FROM facts WHERE platform = ? AND space = ? AND channel = ? AND message_id = ?"
        " AND user = ? ORDER BY id",
        (place.platform, place.space, place.channel, fact.message_id, fact.user),
    )
    return {slot: (number, value) for slot, number, value in found}


def _state_again(db: sqlite3.Connection, fact: Fact, slot: str) -> None:
    place = fact.place
    db.execute(
        "UPDATE facts SET value = ?, quote = ? WHERE platform = ? AND space = ? AND channel = ? AND message_id = ?"
        " AND user = ? AND slot = ? AND value <> ''",
        (
            to_text(fact.value),
            to_text(fact.quote),
            place.platform,
            place.space,
            place.channel,
            fact.message_id,
            fact.user,
            slot,
        ),
    )


def _number_of(db: sqlite3.Connection, fact: Fact, slot: str, scope: int) -> int:
    """The number that a person's slot has where it was said, or else his next (rule 4)."""
    place = fact.place
    found = db.execute(
        f"SELECT number FROM facts WHERE {_SAME_SLOT} ORDER BY said_at DESC, id DESC LIMIT 1",
        (place.platform, place.space, fact.user, slot, scope),
    ).fetchone()
    if found is not None:
        return int(found[0])
    sql = "SELECT COALESCE(MAX(number), 0) + 1 FROM facts WHERE platform = ? AND user = ?"
    return int(db.execute(sql, (place.platform, fact.user)).fetchone()[0])


def _forgotten_since(db: sqlite3.Connection, fact: Fact, slot: str, scope: int) -> bool:
    """Whether what was said of a slot when the fact was said was forgotten afterwards."""
    place = fact.place
    found = db.execute(
        f"SELECT 1 FROM facts WHERE {_SAME_SLOT} AND value = '' AND said_at > ?",
        (place.platform, place.space, fact.user, slot, scope, to_micros(fact.said_at)),
    ).fetchone()
    return found is not None
