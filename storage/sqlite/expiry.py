"""What goes because it has expired, in slices, so that the writer is never held for long.

Each function is one transaction's work.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from memory.types import Conversation, Visibility
from storage.archive import Original
from storage.sqlite.facts import note_shown
from storage.sqlite.forgetting import due_scrub
from storage.sqlite.inbox import conversation_id
from storage.sqlite.rows import CONVERSATION, TURN, TURN_OF_T, Row, to_micros, to_turn

SLICE = 500
"""Turns that are purged in one transaction (10 ms here)."""

_FOLDED = "t.id <= COALESCE((SELECT MAX(s.through) FROM summaries s WHERE s.conversation = t.conversation), 0)"


@dataclass(frozen=True, slots=True)
class Expired:
    """A slice of what is to be purged: ids of turns and, for the archive, the originals."""

    turns: tuple[int, ...]
    originals: tuple[Original, ...] = ()


def expiring(db: sqlite3.Connection, before: datetime) -> Mapping[Conversation, int]:
    """See `Store.expiring`."""
    found = db.execute(
        f"SELECT {CONVERSATION}, MAX(t.id) FROM turns t INDEXED BY turns_by_time"
        f" JOIN conversations c ON c.id = t.conversation WHERE t.sent_at < ? AND NOT {_FOLDED} GROUP BY t.conversation",
        (to_micros(before),),
    )
    return {Conversation(*row[:5]): row[5] for row in found}


def find_expired(db: sqlite3.Connection, before: datetime, held: Collection[Conversation]) -> Expired:
    """The oldest turns that have expired; of conversations that are held, only those that a summary covers."""
    return Expired(tuple(row[0] for row in _expired(db, "t.id", before, held)))


def announce(db: sqlite3.Connection, before: datetime, held: Collection[Conversation]) -> Expired:
    """The same with the originals, noted in the archive's index: from now on, forgetting them concerns its files."""
    columns = f"{TURN_OF_T}, {CONVERSATION}, t.conversation, t.answers, t.visibility, t.quote_author, t.quote_message"
    rows = _expired(db, columns, before, held)
    width = len(TURN.split(", "))
    expired = Expired(tuple(row[0] for row in rows), tuple(_to_original(row, width) for row in rows))
    db.executemany(
        "INSERT INTO archived (conversation, message_id, author, answers, quote_author, quote_message, month)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [
            (row[-5], original.turn.message_id, original.turn.author, original.answers, *row[-2:], original.month)
            for row, original in zip(rows, expired.originals, strict=True)
        ],
    )
    return expired


def _expired(db: sqlite3.Connection, columns: str, before: datetime, held: Collection[Conversation]) -> list[Row]:
    rows = [row for conversation in held if (row := conversation_id(db, conversation)) is not None]
    marks = ", ".join("?" * len(rows))
    return db.execute(
        f"SELECT {columns} FROM turns t JOIN conversations c ON c.id = t.conversation"
        f" WHERE t.sent_at < ? AND (t.conversation NOT IN ({marks}) OR {_FOLDED}) ORDER BY t.sent_at, t.id LIMIT ?",
        (to_micros(before), *rows, SLICE),
    ).fetchall()


def _to_original(row: Row, width: int) -> Original:
    answers, visibility = row[-4:-2]
    return Original(Conversation(*row[width : width + 5]), to_turn(row[:width]), answers, Visibility(visibility))


def purge(db: sqlite3.Connection, turns: Sequence[int], now: datetime) -> int:
    """Delete turns, and return how many; until when summaries reach that cover them is kept, and where words went."""
    marks = ", ".join("?" * len(turns))
    _keep_sources(db, turns)
    note_shown(db, turns)
    db.execute(
        "UPDATE summaries SET covers_to = (SELECT sent_at FROM turns WHERE id = through)"
        f" WHERE through IN ({marks}) AND covers_to IS NULL",
        turns,
    )
    gone = db.execute(f"DELETE FROM turns WHERE id IN ({marks})", turns).rowcount
    due_scrub(db, now)
    return gone


_LOST = (
    "WITH RECURSIVE gone (id) AS (SELECT value FROM json_each(?)),"
    " made (answer, turn) AS (SELECT answer, turn FROM sources WHERE turn IN gone OR answer IN gone"
    "  UNION SELECT m.answer, s.turn FROM made m JOIN sources s ON s.answer = m.turn WHERE m.turn IN gone),"
    " old (answer, conversation, message_id, author) AS ("
    "  SELECT m.answer, t.conversation, t.message_id, iif(t.role = 'user', t.author, t.answers)"
    "   FROM made m JOIN turns t ON t.id = m.turn"
    "  UNION SELECT m.answer, e.conversation, e.message_id, e.author"
    "   FROM made m JOIN sources_expired e ON e.answer = m.turn WHERE m.turn IN gone"
    "  UNION SELECT answer, conversation, message_id, author FROM sources_expired WHERE answer IN gone)"
)
"""Of turns that are to go: the answers that were made with them, or are among them, and whose words these hold."""


def _keep_sources(db: sqlite3.Connection, turns: Sequence[int]) -> None:
    """Keep where the words of turns that are purged went: into answers that stay, and summaries of those that go."""
    ids = json.dumps(turns)
    db.execute(
        f"INSERT INTO sources_folded (stood, answer, answer_message, conversation, message_id, author) {_LOST}"
        " SELECT a.conversation, a.id, a.message_id, o.conversation, o.message_id, o.author FROM old o"
        " JOIN turns a ON a.id = o.answer WHERE a.id IN gone ON CONFLICT DO NOTHING",
        (ids,),
    )
    db.execute(
        f"INSERT INTO sources_expired (answer, conversation, message_id, author) {_LOST}"
        " SELECT answer, conversation, message_id, author FROM old WHERE answer NOT IN gone ON CONFLICT DO NOTHING",
        (ids,),
    )


def prune_summaries(db: sqlite3.Connection, before: datetime, now: datetime) -> int:
    """See `Store.prune_summaries`."""
    gone = db.execute(
        "DELETE FROM summaries WHERE COALESCE(covers_to, (SELECT sent_at FROM turns WHERE id = through), made_at) < ?",
        (to_micros(before),),
    ).rowcount
    gone += db.execute("DELETE FROM facts WHERE said_at < ?", (to_micros(before),)).rowcount
    if gone:
        due_scrub(db, now)
    return gone
