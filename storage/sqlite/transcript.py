"""The transcript: turns, summaries, and what model calls took. Each function is one transaction's work."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from typing import Literal

from memory.types import (
    MESSAGE_TOKENS,
    Access,
    Audience,
    Conversation,
    Exchange,
    Place,
    Role,
    Standing,
    Summary,
    Thread,
    Turn,
    Usage,
    Window,
)
from storage.sqlite import facts
from storage.sqlite.hearing import scope_id
from storage.sqlite.inbox import answer_above, conversation_id, make_conversation, promise, settle, take_back
from storage.sqlite.rows import (
    SUMMARY,
    TURN,
    dump_attachments,
    dump_quote,
    dump_readers,
    to_access,
    to_micros,
    to_moment,
    to_summary,
    to_text,
    to_turn,
)
from storage.sqlite.spending import spend

UNREAD_COUNTED = 1000
"""How far turns that were not loaded are counted, so that the work of a load does not grow with the thread."""

LARGEST_ID = 2**63 - 1


def load(
    db: sqlite3.Connection, conversation: Conversation, window: Window, audience: Audience | None = None
) -> Thread:
    """See `Store.load`."""
    row = conversation_id(db, conversation)
    if row is None:
        known = facts.known(db, 0, audience, ()) if audience else facts.Known()
        return Thread(conversation, epoch=0, learned=known.since)
    summary = current_summary(db, row) if window.summary else None
    through = summary.through if summary else 0
    turns = take(turns_after(db, row, through, "DESC"), window)
    unread = _count_unread(db, row, through, turns[-1].id) if turns else 0
    known = facts.known(db, row, audience, turns) if audience else facts.Known()
    epoch, joined_at = db.execute("SELECT epoch, joined_at FROM conversations WHERE id = ?", (row,)).fetchone()
    return Thread(
        conversation,
        epoch,
        summary,
        tuple(reversed(turns)),
        unread,
        facts=known.stood,
        learned=known.since,
        joined=joined_at is not None,
    )


def load_oldest(
    db: sqlite3.Connection, conversation: Conversation, tokens: int, audience: Audience | None = None
) -> Thread:
    """See `Store.load_oldest`."""
    row = conversation_id(db, conversation)
    if row is None:
        return Thread(conversation, epoch=0)
    summary = current_summary(db, row)
    through = summary.through if summary else 0
    turns, unread = load_after(db, row, through, tokens)
    known = facts.known(db, row, audience, turns[::-1]) if audience else facts.Known()
    return Thread(conversation, _epoch(db, row), summary, turns, unread, facts=known.stood, learned=known.since)


def load_after(db: sqlite3.Connection, row: int, through: int, tokens: int) -> tuple[tuple[Turn, ...], int]:
    """The oldest turns of a conversation after one, within bounds, and how many there are after these."""
    turns = take(turns_after(db, row, through, "ASC"), Window(tokens, UNREAD_COUNTED, tokens))
    return tuple(turns), _count_unread(db, row, turns[-1].id, None) if turns else 0


def turns_after(db: sqlite3.Connection, row: int, through: int, order: Literal["ASC", "DESC"]) -> sqlite3.Cursor:
    """A cursor over the turns of a conversation after one."""
    return db.execute(f"SELECT {TURN} FROM turns WHERE conversation = ? AND id > ? ORDER BY id {order}", (row, through))


def take(rows: sqlite3.Cursor, window: Window) -> list[Turn]:
    """Turns from a cursor until one of the window's bounds is passed; what lies beyond is never read."""
    taken: list[Turn] = []
    size = 0
    with closing(rows):
        for fields in rows:
            turn = to_turn(fields)
            taken.append(turn)
            size += min(turn.tokens, window.turn_tokens) + MESSAGE_TOKENS
            if size > window.tokens or len(taken) >= window.turns:
                break
    return taken


def _count_unread(db: sqlite3.Connection, row: int, above: int, below: int | None) -> int:
    return int(
        db.execute(
            "SELECT COUNT(*) FROM (SELECT 1 FROM turns WHERE conversation = ? AND id > ? AND id < ? LIMIT ?)",
            (row, above, LARGEST_ID if below is None else below, UNREAD_COUNTED),
        ).fetchone()[0]
    )


def has_expired(
    db: sqlite3.Connection, row: int, *, author: str = "", after: int = -1, before: int = LARGEST_ID
) -> bool:
    """Whether anything that was said in a conversation, by one person or between two times, is no turn any more."""
    found = db.execute(
        "SELECT 1 FROM inbox i WHERE i.conversation = ? AND ? IN ('', i.author) AND i.state = 'settled'"
        " AND i.decision <> 'command' AND i.sent_at > ? AND i.sent_at < ? AND NOT EXISTS"
        "  (SELECT 1 FROM turns t WHERE t.conversation = i.conversation AND t.message_id = i.message_id) LIMIT 1",
        (row, author, after, before),
    ).fetchone()
    return found is not None


def epoch_of(db: sqlite3.Connection, conversation: Conversation) -> int:
    """The epoch of a conversation; 0 where nothing was said in it yet."""
    row = conversation_id(db, conversation)
    return 0 if row is None else _epoch(db, row)


def _epoch(db: sqlite3.Connection, row: int) -> int:
    return int(db.execute("SELECT epoch FROM conversations WHERE id = ?", (row,)).fetchone()[0])


def current_summary(db: sqlite3.Connection, row: int) -> Summary | None:
    """The summary that stands in a conversation."""
    found = db.execute(
        f"SELECT {SUMMARY} FROM summaries WHERE conversation = ? ORDER BY version DESC LIMIT 1", (row,)
    ).fetchone()
    return None if found is None else to_summary(found)


def record(db: sqlite3.Connection, exchange: Exchange, now: datetime) -> bool:
    """See `Store.record`."""
    row = make_conversation(db, exchange.conversation)
    if _epoch(db, row) != exchange.epoch:
        return False
    readers = dump_readers(exchange.access)
    db.execute(
        "UPDATE conversations SET access = ?1, unread = 1 WHERE id = ?2 AND (access IS NOT ?1 OR unread = 0)",
        (readers, row),
    )
    for turn in exchange.heard:
        _insert_turn(db, row, turn, exchange)
    answer = None
    if exchange.answer is not None:
        answer = _insert_turn(db, row, exchange.answer, exchange)
        db.executemany(
            "INSERT INTO sources (answer, turn) SELECT ?, id FROM turns WHERE id = ? ON CONFLICT DO NOTHING",
            [(answer, turn) for turn in exchange.recalled],
        )
    if answer is not None or exchange.sentence:
        db.execute(
            "UPDATE conversations SET joined_at = MIN(?1, COALESCE(joined_at, ?1)) WHERE id = ?2",
            (to_micros(exchange.heard[-1].sent_at), row),
        )
    if exchange.settles and (answer is not None or exchange.sentence):
        promise(db, exchange.settles[-1], answer, exchange.sentence)
    settle(db, exchange.settles, exchange.remembered)
    if exchange.usage is not None:
        author = exchange.heard[-1].author if exchange.heard else ""
        insert_usage(db, row, author, "reply", exchange.usage, now)
        spend(db, exchange.conversation, author, exchange.access.visibility, exchange.usage, now)
    return True


def _insert_turn(db: sqlite3.Connection, row: int, turn: Turn, exchange: Exchange) -> int:
    """Add a turn unless it is there already, and return its id."""
    answers = exchange.heard[-1].author if turn.role is Role.ASSISTANT and exchange.heard else ""
    db.execute(
        "INSERT INTO turns (conversation, role, author, author_name, answers, text, tokens, sent_at, message_id,"
        " visibility, scope, attachments, quote, quote_author, quote_message)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (conversation, message_id) DO NOTHING",
        (
            row,
            turn.role,
            turn.author,
            to_text(turn.author_name),
            answers,
            to_text(turn.text),
            turn.tokens,
            to_micros(turn.sent_at),
            turn.message_id,
            exchange.access.visibility,
            scope_id(db, exchange.access.scope(exchange.conversation.place)),
            dump_attachments(turn.attachments),
            dump_quote(turn.quote),
            turn.quote.author if turn.quote else None,
            turn.quote.message_id if turn.quote else None,
        ),
    )
    found = db.execute("SELECT id FROM turns WHERE conversation = ? AND message_id = ?", (row, turn.message_id))
    return int(found.fetchone()[0])


def insert_usage(db: sqlite3.Connection, row: int, author: str, purpose: str, usage: Usage, now: datetime) -> None:
    """Note what a model call took."""
    db.execute(
        "INSERT INTO usage (at, conversation, author, purpose, model, prompt_tokens, cached_tokens, completion_tokens,"
        " counted, seconds) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            to_micros(now),
            row,
            author,
            purpose,
            usage.model,
            usage.prompt_tokens,
            usage.cached_tokens,
            usage.completion_tokens,
            usage.counted,
            usage.seconds,
        ),
    )


def retract(db: sqlite3.Connection, conversation: Conversation, message_id: str) -> None:
    """See `Store.retract`."""
    found = db.execute(
        "SELECT id FROM turns WHERE role = 'assistant' AND message_id = ? AND conversation = ?",
        (message_id, conversation_id(db, conversation)),
    )
    for (answer,) in found.fetchall():
        take_back(db, answer)


def access(db: sqlite3.Connection, conversation: Conversation) -> Access | None:
    """See `Store.access`."""
    row = conversation_id(db, conversation)
    found = db.execute("SELECT access FROM conversations WHERE id = ?", (row,)).fetchone()
    return to_access(found[0]) if found and found[0] else None


def joined(db: sqlite3.Connection, place: Place, at: datetime) -> bool:
    """See `Store.joined`; where conversations are per user, anybody's in that place counts.

    So does an answer of the bot on which a thread hangs.
    """
    row = db.execute(
        "SELECT 1 FROM conversations c WHERE platform = ? AND space = ? AND channel = ? AND thread = ?"
        " AND (joined_at < ? OR EXISTS (SELECT 1 FROM inbox i WHERE i.conversation = c.id AND i.state = 'waiting'"
        "  AND i.decision = 'answer' AND i.sent_at < ?))",
        (place.platform, place.space, place.channel, place.thread, to_micros(at), to_micros(at)),
    ).fetchone()
    return row is not None or answer_above(db, place, at) is not None


def standing(db: sqlite3.Connection, conversation: Conversation, *, summary: bool, turn_tokens: int | None) -> Standing:
    """See `Store.standing`."""
    row = conversation_id(db, conversation)
    if row is None:
        return Standing(None, 0, 0, 0, None, None)
    current = current_summary(db, row) if summary else None
    through = current.through if current else 0
    behind, first, last = db.execute(
        "SELECT COUNT(*), MIN(sent_at), MAX(sent_at) FROM turns WHERE conversation = ? AND id <= ?", (row, through)
    ).fetchone()
    after, tokens = db.execute(
        "SELECT COUNT(*), COALESCE(SUM(MIN(tokens, ?) + ?), 0) FROM turns WHERE conversation = ? AND id > ?",
        (LARGEST_ID if turn_tokens is None else turn_tokens, MESSAGE_TOKENS, row, through),
    ).fetchone()
    return Standing(
        current,
        behind,
        after,
        tokens,
        None if first is None else to_moment(first),
        None if last is None else to_moment(last),
    )


def usages(db: sqlite3.Connection, model: str, newest: int) -> tuple[Usage, ...]:
    """See `Store.usages`."""
    found = db.execute(
        "SELECT model, prompt_tokens, cached_tokens, completion_tokens, seconds, counted FROM usage"
        " WHERE model = ? AND prompt_tokens > 0 AND counted > 0 ORDER BY id DESC LIMIT ?",
        (model, newest),
    ).fetchall()
    return tuple(Usage(*fields) for fields in found)
