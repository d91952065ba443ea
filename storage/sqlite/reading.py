"""What people said that was not read for facts yet. Each function is one transaction's work."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from memory.types import Conversation, Fact, Thread, Usage
from storage.sqlite import stating
from storage.sqlite.inbox import conversation_id, make_conversation, name_of
from storage.sqlite.rows import to_micros
from storage.sqlite.summaries import insert_fold_usage, mark_read
from storage.sqlite.transcript import epoch_of, load_after

_NEWEST = "(SELECT t.sent_at FROM turns t WHERE t.conversation = c.id ORDER BY t.id DESC LIMIT 1)"


def rested(db: sqlite3.Connection, before: datetime, most: int) -> tuple[Conversation, ...]:
    """See `Store.rested`; the work grows with how many conversations hold something unread, not with all there are."""
    found = db.execute(
        f"SELECT c.id, {_NEWEST} AS newest FROM conversations c WHERE c.unread = 1 AND newest < ?"
        " ORDER BY newest LIMIT ?",
        (to_micros(before), most),
    ).fetchall()
    return tuple(name_of(db, row) for row, _ in found)


def load_unread(db: sqlite3.Connection, conversation: Conversation, tokens: int) -> Thread:
    """See `Store.load_unread`."""
    row = conversation_id(db, conversation)
    if row is None:
        return Thread(conversation, epoch=0)
    through = db.execute("SELECT read_through FROM conversations WHERE id = ?", (row,)).fetchone()[0]
    turns, unread = load_after(db, row, through, tokens)
    return Thread(conversation, epoch_of(db, conversation), None, turns, unread)


def note_read(
    db: sqlite3.Connection,
    conversation: Conversation,
    epoch: int,
    through: int,
    facts: Sequence[Fact],
    usage: Usage | None,
    now: datetime,
) -> bool:
    """See `Store.note_read`."""
    row = make_conversation(db, conversation)
    if epoch_of(db, conversation) != epoch:
        return False
    stating.keep(db, row, facts)
    mark_read(db, row, through)
    if usage is not None:
        insert_fold_usage(db, conversation, usage, now)
    return True
