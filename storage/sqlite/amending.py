"""Edits: the stored words follow, and nothing that was made of the old ones stands.

What the bot said goes where it repeats an old word that the new ones no longer hold, as when a message is deleted.
"""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime

from memory.types import Extent, Inbound, Turn
from storage.sqlite import archived
from storage.sqlite.burying import Channel, bury, drop_summaries, erase_quotes
from storage.sqlite.echoes import Echoes
from storage.sqlite.elsewhere import LostFact, facts_from, lose_echoes, spread, to_start_again
from storage.sqlite.forgetting import due_scrub, erase_facts, move_epochs
from storage.sqlite.inbox import name_of
from storage.sqlite.losses import Loss
from storage.sqlite.rows import dump_attachments, dump_extras, dump_quote, quote_in, to_quote, to_text


def amend(db: sqlite3.Connection, inbound: Inbound, turn: Turn, echoes: Echoes, now: datetime) -> Extent | None:
    """See `Store.amend`."""
    place = inbound.place
    channel = (place.platform, place.space, place.channel)
    seen = db.execute(
        "SELECT id, state, conversation, text, extras FROM inbox"
        " WHERE platform = ? AND space = ? AND channel = ? AND message_id = ?",
        (*channel, inbound.message_id),
    ).fetchone()
    if seen is None:
        return None
    row, state, conversation, text, extras = seen
    extent, touched, unfolded = _amend_turns(db, inbound, turn, echoes, now)
    # An edit changes nothing of what is quoted, and what was forgotten of that stays so.
    new = to_text(inbound.text), dump_extras(inbound, quote_in(extras))
    if state == "waiting" and (text, extras) != new:
        db.execute("UPDATE inbox SET text = ?, extras = ? WHERE id = ?", (*new, row))
        touched.add(conversation)
    if touched:
        quoting, folded = _amend_quotes(db, inbound)
        touched |= quoting
        unfolded |= folded
    if (state == "settled" and archived.mark_message(db, channel, inbound.message_id)) or touched:
        due_scrub(db, now)
    move_epochs(db, touched)
    return replace(
        extent,
        touched=frozenset(name_of(db, id_) for id_ in touched),
        unfolded=frozenset(name_of(db, id_) for id_ in unfolded),
    )


def _amend_turns(
    db: sqlite3.Connection, inbound: Inbound, turn: Turn, echoes: Echoes, now: datetime
) -> tuple[Extent, set[int], set[int]]:
    """Give the turn its new words, in every conversation of the channel that holds it, and take away what had the old.

    A file that was taken off counts as words. Returns how much that was, the conversations that it concerns, and those
    that lost a summary.
    """
    place, said = inbound.place, [to_text(turn.text)]
    found = db.execute(
        "SELECT t.id, t.conversation, t.text FROM turns t CROSS JOIN conversations c ON c.id = t.conversation"
        " WHERE t.message_id = ? AND t.role = 'user' AND (t.text <> ? OR t.attachments IS NOT ?)"
        " AND c.platform = ? AND c.space = ? AND c.channel = ?",
        (inbound.message_id, *said, dump_attachments(turn.attachments), place.platform, place.space, place.channel),
    ).fetchall()
    facts = _stated(db, inbound, expired=not found)
    if not (found or facts):
        return Extent(), set(), set()
    edited = {conversation: Loss(conversation, {id_}, first=id_) for id_, conversation, _ in found}
    for id_, conversation, old in found:
        later = db.execute(
            "SELECT id, text FROM turns WHERE conversation = ? AND role = 'assistant' AND id > ?", (conversation, id_)
        ).fetchall()
        lose_echoes(db, edited[conversation], [old], later, echoes, said)
    spread(db, edited, facts, echoes, said)
    touched = to_start_again(db, edited, facts) | {loss.conversation for loss in edited.values() if loss.turns}
    for id_, conversation, _ in found:
        edited[conversation].turns.discard(id_)
        _change(db, id_, conversation, turn)
    summaries = {loss.conversation: loss.count_summaries(db) for loss in edited.values()}
    gone: dict[Channel, set[str]] = {}
    for loss in edited.values():
        channel, messages = bury(db, loss, now)
        gone.setdefault(channel, set()).update(messages)
    touched |= erase_quotes(db, gone)
    erase_facts(db, facts)
    extent = Extent(
        turns=sum(len(loss.turns) for loss in edited.values()), summaries=sum(summaries.values()), facts=len(facts)
    )
    return extent, touched, {conversation for conversation, number in summaries.items() if number}


def _stated(db: sqlite3.Connection, inbound: Inbound, *, expired: bool) -> list[LostFact]:
    """What the old words stated; what was forgotten of that by itself stays so, whatever the new ones say.

    Of a message that has expired, the new words are read by nobody: what they say still stays.
    """
    place, words = inbound.place, to_text(inbound.text)
    stated = facts_from(db, (place.platform, place.space, place.channel), [inbound.message_id])
    return [fact for fact in stated if fact.value and not (expired and fact.quote in words)]


def _change(db: sqlite3.Connection, id_: int, conversation: int, turn: Turn) -> None:
    """Give one turn its new words, which are to be read for facts once more."""
    db.execute(
        "UPDATE turns SET text = ?, tokens = ?, attachments = ? WHERE id = ?",
        (to_text(turn.text), turn.tokens, dump_attachments(turn.attachments), id_),
    )
    db.execute(
        "UPDATE conversations SET read_through = MIN(read_through, ?), unread = 1 WHERE id = ?", (id_ - 1, conversation)
    )


def _amend_quotes(db: sqlite3.Connection, inbound: Inbound) -> tuple[set[int], set[int]]:
    """Quote the new words wherever in the channel the message is quoted.

    Turns quote no more of them than of the old: a turn's tokens were counted with what it quotes. Returns the
    conversations that held the old, and those that lost a summary.
    """
    place = inbound.place
    channel = (place.platform, place.space, place.channel)
    words = to_text(inbound.text)
    turns = db.execute(
        "SELECT t.id, t.conversation, t.quote FROM turns t JOIN conversations c ON c.id = t.conversation"
        " WHERE t.quote_message = ? AND c.platform = ? AND c.space = ? AND c.channel = ?",
        (inbound.message_id, *channel),
    ).fetchall()
    unfolded: set[int] = set()
    for id_, conversation, stored in turns:
        old = to_quote(stored)
        new = replace(old, text=words[: len(old.text)])
        db.execute("UPDATE turns SET quote = ? WHERE id = ?", (dump_quote(new), id_))
        if drop_summaries(db, conversation, id_):
            unfolded.add(conversation)
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
    return {conversation for _, conversation, _ in (*turns, *waiting)}, unfolded
