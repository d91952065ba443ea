"""What was said before the bot was addressed; taken in as settled. One transaction's work."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from memory.types import Access, Conversation, Decision, Exchange, Inbound, Turn
from storage.sqlite.inbox import accept, conversation_id, is_forgotten, quote_to_keep, settle
from storage.sqlite.transcript import epoch_of, record


def take(
    db: sqlite3.Connection,
    conversation: Conversation,
    access: Access,
    said: Sequence[tuple[Inbound, Turn]],
    now: datetime,
) -> int:
    """See `Store.take_earlier`."""
    before = _count(db, conversation)
    for inbound, turn in said:
        # What stands in a channel was forgotten in a thread under it where the thread was.
        if is_forgotten(db, conversation.place, inbound.author, inbound.sent_at):
            continue
        row = accept(db, inbound, conversation, Decision.REMEMBER, now)
        if row is None and not _stands(db, inbound):
            continue
        if row is not None:
            settle(db, (row,))
        heard = turn if quote_to_keep(db, inbound) else replace(turn, quote=None)
        record(db, Exchange(conversation, epoch_of(db, conversation), access, (), (heard,)), now)
    return _count(db, conversation) - before


def _stands(db: sqlite3.Connection, inbound: Inbound) -> bool:
    """Whether a message that was taken in before was not forgotten since."""
    place = inbound.place
    found = db.execute(
        "SELECT state FROM inbox WHERE platform = ? AND space = ? AND channel = ? AND message_id = ?",
        (place.platform, place.space, place.channel, inbound.message_id),
    ).fetchone()
    return found is not None and found[0] == "settled"


def _count(db: sqlite3.Connection, conversation: Conversation) -> int:
    row = conversation_id(db, conversation)
    return int(db.execute("SELECT COUNT(*) FROM turns WHERE conversation = ?", (row,)).fetchone()[0])
