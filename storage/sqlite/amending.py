"""Edits: the stored words follow, and no summary made of the old ones stands."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from memory.types import Conversation, Inbound, Turn
from storage.sqlite.inbox import name_of
from storage.sqlite.rows import dump_attachments, dump_extras, dump_quote, quote_in, to_quote, to_text


def amend(db: sqlite3.Connection, inbound: Inbound, turn: Turn) -> frozenset[Conversation] | None:
    """See `Store.amend`."""
    place = inbound.place
    seen = db.execute(
        "SELECT id, state, conversation, text, extras FROM inbox"
        " WHERE platform = ? AND space = ? AND channel = ? AND message_id = ?",
        (place.platform, place.space, place.channel, inbound.message_id),
    ).fetchone()
    if seen is None:
        return None
    row, state, conversation, text, extras = seen
    touched = _amend_turns(db, inbound, turn)
    if state == "waiting" and text != to_text(inbound.text):
        # An edit changes nothing of what is quoted, and what was forgotten of that stays so.
        db.execute(
            "UPDATE inbox SET text = ?, extras = ? WHERE id = ?",
            (to_text(inbound.text), dump_extras(inbound, quote_in(extras)), row),
        )
        touched.add(conversation)
    if touched:
        touched |= _amend_quotes(db, inbound)
    db.executemany("UPDATE conversations SET epoch = epoch + 1 WHERE id = ?", [(id_,) for id_ in touched])
    return frozenset(name_of(db, id_) for id_ in touched)


def _amend_turns(db: sqlite3.Connection, inbound: Inbound, turn: Turn) -> set[int]:
    """Give the turn its new words, in every conversation of the channel that holds it."""
    place = inbound.place
    found = db.execute(
        "SELECT t.id, t.conversation FROM turns t CROSS JOIN conversations c ON c.id = t.conversation"
        " WHERE t.message_id = ? AND t.role = 'user' AND t.text <> ?"
        " AND c.platform = ? AND c.space = ? AND c.channel = ?",
        (inbound.message_id, to_text(turn.text), place.platform, place.space, place.channel),
    ).fetchall()
    for id_, conversation in found:
        db.execute(
            "UPDATE turns SET text = ?, tokens = ?, attachments = ? WHERE id = ?",
            (to_text(turn.text), turn.tokens, dump_attachments(turn.attachments), id_),
        )
        _drop_summaries(db, conversation, id_)
    return {conversation for _, conversation in found}


def _amend_quotes(db: sqlite3.Connection, inbound: Inbound) -> set[int]:
    """Quote the new words wherever in the channel the message is quoted.

    Turns quote no more of them than of the old: a turn's tokens were counted with what it quotes.
    """
    place = inbound.place
    channel = (place.platform, place.space, place.channel)
    words = to_text(inbound.text)
    turns = db.execute(
        "SELECT t.id, t.conversation, t.quote FROM turns t JOIN conversations c ON c.id = t.conversation"
        " WHERE t.quote_message = ? AND c.platform = ? AND c.space = ? AND c.channel = ?",
        (inbound.message_id, *channel),
    ).fetchall()
    for id_, conversation, stored in turns:
        old = to_quote(stored)
        new = replace(old, text=words[: len(old.text)])
        db.execute("UPDATE turns SET quote = ? WHERE id = ?", (dump_quote(new), id_))
        _drop_summaries(db, conversation, id_)
    waiting = [
        (id_, conversation, quote)
        for id_, conversation, extras in db.execute(
            "SELECT i.id, i.conversation, i.extras FROM conversations c"
            " JOIN inbox i INDEXED BY inbox_waiting ON i.conversation = c.id"
            " WHERE c.platform = ? AND c.space = ? AND c.channel = ? AND i.state = 'waiting' AND i.extras IS NOT NULL",
            channel,
        ).fetchall()
        if (quote := quote_in(extras)) is not None and quote.message_id == inbound.message_id
    ]
    for id_, _, quote in waiting:
        db.execute(
            "UPDATE inbox SET extras = json_set(extras, '$[2]', ?) WHERE id = ?",
            (dump_quote(replace(quote, text=words)), id_),
        )
    return {conversation for _, conversation, _ in (*turns, *waiting)}


def _drop_summaries(db: sqlite3.Connection, conversation: int, turn: int) -> None:
    """Let the last summary from before a turn stand again."""
    db.execute("DELETE FROM summaries WHERE conversation = ? AND through >= ?", (conversation, turn))
