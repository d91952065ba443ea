"""Summaries: saved, and what one can be made anew from. Each function is one transaction's work."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from memory.types import Conversation, FoldDone, Originals, Summary, Turn, Usage, Visibility, Window
from storage.sqlite import facts, stating
from storage.sqlite.inbox import conversation_id, make_conversation
from storage.sqlite.rows import SUMMARY, to_micros, to_summary, to_text
from storage.sqlite.spending import spend
from storage.sqlite.transcript import (
    LARGEST_ID,
    UNREAD_COUNTED,
    current_summary,
    epoch_of,
    has_expired,
    insert_usage,
    take,
    turns_after,
)


def save_fold(db: sqlite3.Connection, fold: FoldDone, now: datetime) -> bool:
    """See `Store.save_fold`: compare and set on the version, within the epoch."""
    row = make_conversation(db, fold.conversation)
    current = current_summary(db, row)
    if epoch_of(db, fold.conversation) != fold.epoch or (current.version if current else 0) != fold.replaces:
        return False
    summary = fold.summary
    stating.keep(db, row, fold.facts)
    folded_from = current.through if current and current.through < summary.through else 0
    stand = facts.snapshot(db, row, fold.audience, folded_from) if fold.audience else None
    db.execute(
        f"INSERT INTO summaries (conversation, {SUMMARY}, facts) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            row,
            to_text(summary.text),
            summary.tokens,
            summary.through,
            summary.version,
            to_micros(summary.made_at),
            stand,
        ),
    )
    db.execute(
        "INSERT INTO facts_shown (fact, conversation) SELECT value, ? FROM json_each(?)"
        " WHERE true ON CONFLICT DO NOTHING",
        (row, stand or "[]"),
    )
    mark_read(db, row, summary.through)
    insert_fold_usage(db, fold.conversation, fold.usage, now)
    return True


def mark_read(db: sqlite3.Connection, row: int, through: int) -> None:
    """Note up to which turn a conversation was read for facts, and whether people have said anything since."""
    db.execute(
        "UPDATE conversations SET read_through = MAX(read_through, ?1), unread = EXISTS ("
        " SELECT 1 FROM turns WHERE conversation = ?2 AND id > MAX(read_through, ?1) AND role = 'user') WHERE id = ?2",
        (through, row),
    )


def insert_fold_usage(db: sqlite3.Connection, conversation: Conversation, usage: Usage, now: datetime) -> None:
    """Note what it took to fold or read a conversation."""
    row = make_conversation(db, conversation)
    insert_usage(db, row, "", "fold", usage, now)
    spend(db, conversation, "", _visibility(db, row), usage, now)


def _visibility(db: sqlite3.Connection, row: int) -> Visibility:
    """Who could read a conversation when its newest turn was said; all turns have expired where nobody knows."""
    sql = "SELECT visibility FROM turns WHERE conversation = ? ORDER BY id DESC LIMIT 1"
    found = db.execute(sql, (row,)).fetchone()
    return Visibility.PUBLIC if found is None else Visibility(found[0])


def originals(db: sqlite3.Connection, conversation: Conversation) -> Originals | None:
    """See `Store.originals`."""
    row = conversation_id(db, conversation)
    summary = None if row is None else current_summary(db, row)
    if row is None or summary is None:
        return None
    first = db.execute(
        "SELECT id, sent_at FROM turns WHERE conversation = ? AND id <= ? ORDER BY id LIMIT 1", (row, summary.through)
    ).fetchone()
    first_id, first_at = first or (LARGEST_ID, LARGEST_ID)
    expired = has_expired(db, row, before=first_at)
    base = _last_before(db, row, first_id) if expired else None
    after = base.through if base else 0
    turns = db.execute(
        "SELECT COUNT(*) FROM turns WHERE conversation = ? AND id > ? AND id <= ?", (row, after, summary.through)
    ).fetchone()[0]
    whole = turns > 0 and (not expired or (base is not None and not _lost_between(db, row, base, first_at)))
    return Originals(epoch_of(db, conversation), summary, base, turns, whole)


def _last_before(db: sqlite3.Connection, row: int, turn: int) -> Summary | None:
    found = db.execute(
        f"SELECT {SUMMARY} FROM summaries WHERE conversation = ? AND through < ? ORDER BY version DESC LIMIT 1",
        (row, turn),
    ).fetchone()
    return None if found is None else to_summary(found)


def _lost_between(db: sqlite3.Connection, row: int, base: Summary, before: int) -> bool:
    """Whether anything has expired that was said between a summary's end and a time; so where its end is unknown."""
    until = db.execute(
        "SELECT covers_to FROM summaries WHERE conversation = ? AND version = ?", (row, base.version)
    ).fetchone()[0]
    return until is None or has_expired(db, row, after=until, before=before)


def load_between(
    db: sqlite3.Connection, conversation: Conversation, after: int, through: int, tokens: int
) -> tuple[Turn, ...]:
    """See `Store.load_between`."""
    row = conversation_id(db, conversation)
    if row is None:
        return ()
    turns = take(turns_after(db, row, after, "ASC"), Window(tokens, UNREAD_COUNTED, tokens))
    return tuple(turn for turn in turns if turn.id <= through)
