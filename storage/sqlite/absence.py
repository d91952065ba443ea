"""What catching up needs: when a platform was last heard, where people wait or talked, what is known of a place."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from memory.types import Place, Stored
from storage.sqlite.rows import attachments_in, to_attachments, to_micros, to_moment

LOOKED_BACK = 20_000
"""Turns that are looked through for the places of late: the work does not grow with the database."""

COMPARED = 500
"""Messages of one place that are compared with what stands on the platform, newest ones."""


def beat(db: sqlite3.Connection, platforms: Sequence[str], until: datetime) -> None:
    """See `Store.beat`."""
    db.executemany(
        "INSERT INTO heartbeats (platform, alive_at) VALUES (?, ?)"
        " ON CONFLICT (platform) DO UPDATE SET alive_at = excluded.alive_at",
        [(platform, to_micros(until)) for platform in platforms],
    )


def heard_until(db: sqlite3.Connection, platform: str) -> datetime | None:
    """See `Store.heard_until`."""
    row = db.execute("SELECT alive_at FROM heartbeats WHERE platform = ?", (platform,)).fetchone()
    return None if row is None else to_moment(row[0])


def places(db: sqlite3.Connection, platform: str, since: datetime, most: int) -> tuple[Place, ...]:
    """See `Store.places`."""
    waiting = db.execute(
        "SELECT c.platform, c.space, c.channel, c.thread, MAX(i.id) AS newest"
        " FROM inbox i JOIN conversations c ON c.id = i.conversation WHERE i.state = 'waiting'"
        " AND i.decision <> 'command' AND c.platform = ? AND i.sent_at >= ?"
        " GROUP BY c.platform, c.space, c.channel, c.thread ORDER BY newest DESC LIMIT ?",
        (platform, to_micros(since), most),
    ).fetchall()
    talked = db.execute(
        "SELECT c.platform, c.space, c.channel, c.thread, MAX(t.id) AS newest"
        " FROM (SELECT id, conversation, sent_at FROM turns ORDER BY id DESC LIMIT ?) t"
        " JOIN conversations c ON c.id = t.conversation WHERE c.platform = ? AND t.sent_at >= ?"
        " GROUP BY c.platform, c.space, c.channel, c.thread ORDER BY newest DESC LIMIT ?",
        (LOOKED_BACK, platform, to_micros(since), most),
    ).fetchall()
    found = dict.fromkeys(Place(*row[:4]) for row in (*waiting, *talked))
    return tuple(found)[:most]


def stored(db: sqlite3.Connection, place: Place, since: datetime) -> tuple[Stored, ...]:
    """See `Store.stored`."""
    where = (place.platform, place.space, place.channel, place.thread)
    waiting = db.execute(
        "SELECT i.message_id, i.text, i.sent_at, i.extras FROM inbox i JOIN conversations c ON c.id = i.conversation"
        " WHERE c.platform = ? AND c.space = ? AND c.channel = ? AND c.thread = ?"
        " AND i.state = 'waiting' AND i.decision <> 'command' AND i.sent_at >= ? ORDER BY i.sent_at DESC LIMIT ?",
        (*where, to_micros(since), COMPARED),
    ).fetchall()
    conversations = db.execute(
        "SELECT id FROM conversations WHERE platform = ? AND space = ? AND channel = ? AND thread = ?", where
    ).fetchall()
    said = [(*row[:3], attachments_in(row[3])) for row in waiting]
    said += [
        (*row[:3], to_attachments(row[3]))
        for (conversation,) in conversations
        for row in db.execute(
            # What a thread hangs on may stand above it, where the thread's history has it not.
            "SELECT message_id, text, sent_at, attachments"
            " FROM (SELECT * FROM turns WHERE conversation = ? ORDER BY id DESC LIMIT ?) t"
            " WHERE role = 'user' AND sent_at >= ? AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.platform = ?"
            "  AND i.space = ? AND i.channel = ? AND i.thread <> ? AND i.message_id = t.message_id)",
            (conversation, COMPARED, to_micros(since), *where),
        ).fetchall()
    ]
    newest = sorted(said, key=lambda row: (row[2], row[0]))[-COMPARED:]
    return tuple(
        Stored(message_id, text, to_moment(sent_at), _posts(db, place, message_id), attachments)
        for message_id, text, sent_at, attachments in newest
    )


def _posts(db: sqlite3.Connection, place: Place, message_id: str) -> tuple[str, ...]:
    """The messages that hold the answer to a message, if it is one that still is a turn."""
    found = db.execute(
        "SELECT p.message_id FROM inbox i JOIN posts p ON p.inbox = i.id JOIN turns t ON t.id = i.answer"
        " WHERE i.platform = ? AND i.space = ? AND i.channel = ? AND i.message_id = ? AND i.unsaid = 0 ORDER BY p.part",
        (place.platform, place.space, place.channel, message_id),
    )
    return tuple(row[0] for row in found)
