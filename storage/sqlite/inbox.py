"""The inbox: what was received, once each, until a lane has settled it. Each function is one transaction's work."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from memory.types import Conversation, Decision, Inbound, Quote, Waiting
from storage.sqlite.rows import WAITING, dump_extras, to_micros, to_text, to_waiting

BURST = 50
"""Messages that a lane is handed at once; more wait for its next run."""


def conversation_id(db: sqlite3.Connection, conversation: Conversation) -> int | None:
    """The row of a conversation, or nothing where it has none yet."""
    row = db.execute(
        "SELECT id FROM conversations WHERE platform = ? AND space = ? AND channel = ? AND thread = ? AND user = ?",
        (
            conversation.platform,
            conversation.space,
            conversation.channel,
            conversation.thread,
            conversation.user,
        ),
    ).fetchone()
    return None if row is None else int(row[0])


def make_conversation(db: sqlite3.Connection, conversation: Conversation) -> int:
    """The row of a conversation, made where it has none yet."""
    found = conversation_id(db, conversation)
    if found is not None:
        return found
    made = db.execute(
        "INSERT INTO conversations (platform, space, channel, thread, user) VALUES (?, ?, ?, ?, ?) RETURNING id",
        (
            conversation.platform,
            conversation.space,
            conversation.channel,
            conversation.thread,
            conversation.user,
        ),
    ).fetchone()
    return int(made[0])


def is_forgotten(db: sqlite3.Connection, inbound: Inbound, author: str, sent_at: datetime) -> bool:
    """Whether something said by this author then, in the place of `inbound`, lies before a watermark there."""
    place = inbound.place
    row = db.execute(
        "SELECT 1 FROM watermarks WHERE platform = ? AND space = ? AND channel = ?"
        " AND thread IN ('', ?) AND user IN ('', ?) AND at > ?",
        (place.platform, place.space, place.channel, place.thread, author, to_micros(sent_at)),
    ).fetchone()
    return row is not None


def _quote_to_keep(db: sqlite3.Connection, inbound: Inbound) -> Quote | None:
    """The quotation that came with a message, unless what it quotes was forgotten."""
    quote = inbound.reply_to
    if quote is None or is_forgotten(db, inbound, quote.author, quote.sent_at):
        return None
    place = inbound.place
    gone = db.execute(
        "SELECT 1 FROM inbox WHERE platform = ? AND space = ? AND channel = ? AND message_id = ?"
        " AND state = 'forgotten'",
        (place.platform, place.space, place.channel, quote.message_id),
    ).fetchone()
    return None if gone else quote


def accept(
    db: sqlite3.Connection, inbound: Inbound, conversation: Conversation, decision: Decision, now: datetime
) -> int | None:
    """See `Store.accept`."""
    place = inbound.place
    seen = db.execute(
        "SELECT id, decision FROM inbox WHERE platform = ? AND space = ? AND channel = ? AND message_id = ?",
        (place.platform, place.space, place.channel, inbound.message_id),
    ).fetchone()
    if seen is not None:
        return _upgrade(db, seen[0], inbound, decision, was=Decision(seen[1]))
    if is_forgotten(db, inbound, inbound.author, inbound.sent_at):
        return None
    made = db.execute(
        "INSERT INTO inbox (conversation, platform, space, channel, thread, message_id, author, author_name, text,"
        " extras, sent_at, received_at, addressed, aside, visibility, private, decision)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            make_conversation(db, conversation),
            place.platform,
            place.space,
            place.channel,
            place.thread,
            inbound.message_id,
            inbound.author,
            to_text(inbound.author_name),
            to_text(inbound.text),
            dump_extras(inbound, _quote_to_keep(db, inbound)),
            to_micros(inbound.sent_at),
            to_micros(now),
            inbound.addressed,
            inbound.aside,
            inbound.visibility,
            inbound.private,
            decision,
        ),
    ).fetchone()
    return int(made[0])


def _upgrade(db: sqlite3.Connection, row: int, inbound: Inbound, decision: Decision, *, was: Decision) -> int | None:
    """Make a message to remember one to answer, when it comes a second time and is addressed now."""
    if decision is Decision.REMEMBER or was is not Decision.REMEMBER:
        return None
    changed = db.execute(
        "UPDATE inbox SET decision = ?, addressed = ?, text = ?, extras = ?, state = 'waiting'"
        " WHERE id = ? AND state <> 'forgotten'",
        (decision, inbound.addressed, to_text(inbound.text), dump_extras(inbound, _quote_to_keep(db, inbound)), row),
    ).rowcount
    return row if changed else None


def pending(db: sqlite3.Connection, conversation: Conversation) -> tuple[Waiting, ...]:
    """See `Store.pending`: commands do not wait for a lane and are left out."""
    row = conversation_id(db, conversation)
    if row is None:
        return ()
    found = db.execute(
        f"SELECT {WAITING} FROM inbox i JOIN conversations c ON c.id = i.conversation"
        " WHERE i.conversation = ? AND i.state = 'waiting' AND i.decision <> 'command'"
        " ORDER BY i.sent_at, i.id LIMIT ?",
        (row, BURST),
    ).fetchall()
    return tuple(to_waiting(fields, _posts(db, fields[0])) for fields in found)


def unsettled(db: sqlite3.Connection) -> tuple[Waiting, ...]:
    """See `Store.unsettled`."""
    found = db.execute(
        f"SELECT {WAITING} FROM inbox i JOIN conversations c ON c.id = i.conversation"
        " WHERE i.state = 'waiting' AND (i.decision = 'command' OR i.id IN"
        "  (SELECT MIN(id) FROM inbox WHERE state = 'waiting' AND decision <> 'command' GROUP BY conversation))"
        " ORDER BY i.sent_at, i.id"
    ).fetchall()
    return tuple(to_waiting(fields, _posts(db, fields[0])) for fields in found)


def _posts(db: sqlite3.Connection, row: int) -> tuple[str, ...]:
    found = db.execute("SELECT message_id FROM posts WHERE inbox = ? ORDER BY part", (row,)).fetchall()
    return tuple(fields[0] for fields in found)


def note_post(db: sqlite3.Connection, row: int, part: int, message_id: str) -> None:
    """See `Store.note_post`."""
    db.execute(
        "INSERT INTO posts (inbox, part, message_id) VALUES (?, ?, ?)"
        " ON CONFLICT (inbox, part) DO UPDATE SET message_id = excluded.message_id",
        (row, part, message_id),
    )


def settle(db: sqlite3.Connection, rows: tuple[int, ...], answer: int | None = None) -> None:
    """Mark messages as done, by an answer's turn or without, and drop their words: the turns remember them."""
    db.executemany(
        "UPDATE inbox SET state = 'settled', text = '', extras = NULL, answer = ? WHERE id = ? AND state = 'waiting'",
        [(answer, row) for row in rows],
    )
