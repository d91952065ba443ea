"""Edits: the stored words follow, and nothing that was made of the old ones stands.

What the bot said goes where it repeats an old word that the new ones no longer hold, as when a message is deleted. A
quotation may be all that is known of a message; it follows all the same.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from memory.ports import Weigh
from memory.types import KNOWN_QUOTED_CHARACTERS, Extent, Inbound, Quote, Turn
from storage.sqlite import archived
from storage.sqlite.burying import bury, erase_quotes, quotes_that_wait
from storage.sqlite.echoes import WORDS, Echoes, said_after
from storage.sqlite.elsewhere import LostFact, facts_from, lose_echoes, spread, to_start_again
from storage.sqlite.forgetting import due_scrub, erase_facts, move_epochs
from storage.sqlite.inbox import name_of
from storage.sqlite.losses import Loss
from storage.sqlite.rows import (
    IN_CHANNEL,
    TURN,
    Channel,
    channel_of,
    dump_attachments,
    dump_extras,
    dump_quote,
    quote_in,
    to_micros,
    to_quote,
    to_text,
    to_turn,
)

_MESSAGE = f"{IN_CHANNEL} AND message_id = ?"

_Said = tuple[int, int, str]
"""A turn, its conversation, and the old words in it."""


def amend(db: sqlite3.Connection, inbound: Inbound, weigh: Weigh, echoes: Echoes, now: datetime) -> Extent:
    """See `Store.amend`."""
    channel = channel_of(inbound.place)
    if _is_overtaken(db, channel, inbound):
        return Extent()
    stands = _stands(db, channel, inbound)
    quoting = [] if stands else _quoting_other_words(db, channel, inbound)
    extent, touched, unfolded = _amend_turns(db, inbound, quoting, weigh, echoes, now)
    touched |= _amend_waiting(db, channel, inbound)
    if not stands:
        touched |= _amend_quotes_that_wait(db, channel, inbound)
    if archived.mark_message(db, channel, inbound.message_id) or touched:
        due_scrub(db, now)
    move_epochs(db, touched)
    return replace(
        extent,
        touched=frozenset(name_of(db, id_) for id_ in touched),
        unfolded=frozenset(name_of(db, id_) for id_ in unfolded),
    )


def _is_overtaken(db: sqlite3.Connection, channel: Channel, inbound: Inbound) -> bool:
    """Whether a later edit was followed already, for a platform may deliver one again; else note when this one was."""
    if inbound.edited_at is None:
        return False
    edited_at, message = to_micros(inbound.edited_at), (*channel, inbound.message_id)
    seen = db.execute(f"SELECT edited_at FROM inbox WHERE {_MESSAGE}", message).fetchone()
    if seen is not None and seen[0] is not None and seen[0] > edited_at:
        return True
    db.execute(f"UPDATE inbox SET edited_at = ? WHERE {_MESSAGE}", (edited_at, *message))
    return False


def _stands(db: sqlite3.Connection, channel: Channel, inbound: Inbound) -> bool:
    """Whether a message is known with these very words; of one that is not, quotations may hold others."""
    text = to_text(inbound.text)
    turn = db.execute(
        "SELECT 1 FROM turns t CROSS JOIN conversations c ON c.id = t.conversation"
        f" WHERE t.message_id = ? AND t.role = 'user' AND t.text = ? AND t.attachments IS ? AND {IN_CHANNEL}",
        (inbound.message_id, text, dump_attachments(inbound.attachments), *channel),
    ).fetchone()
    waiting = _waiting(db, channel, inbound)
    return turn is not None or any(_says(inbound, old, extras) for *_, old, extras in waiting)


def _waiting(db: sqlite3.Connection, channel: Channel, inbound: Inbound) -> list[tuple[int, int, str, str | None]]:
    """The message where it waits: inbox id, conversation, text and extras."""
    return db.execute(
        f"SELECT id, conversation, text, extras FROM inbox WHERE {_MESSAGE} AND state = 'waiting'",
        (*channel, inbound.message_id),
    ).fetchall()


def _says(inbound: Inbound, text: str, extras: str | None) -> bool:
    """Whether a message that waits with this text and these extras says what it says now, whatever it quotes."""
    files, mentions, _ = json.loads(extras) if extras else (None, [], None)
    people = [[person.user, to_text(person.name)] for person in inbound.mentions]
    return (text, files, mentions) == (to_text(inbound.text), dump_attachments(inbound.attachments), people)


def _amend_turns(
    db: sqlite3.Connection, inbound: Inbound, quoting: Sequence[_Said], weigh: Weigh, echoes: Echoes, now: datetime
) -> tuple[Extent, set[int], set[int]]:
    """Give the turn its new words in every conversation of the channel that holds it, and those that quote it.

    What had the old words is taken away; a file that was taken off counts as words. Returns how much that was, the
    conversations that it concerns, and those that lost a summary.
    """
    saying = _saying_other_words(db, inbound)
    facts = _stated(db, inbound, expired=not saying)
    if not (saying or quoting or facts):
        return Extent(), set(), set()
    edited: dict[int, Loss] = {}
    old: dict[int, dict[str, None]] = {}
    for turn, conversation, words in (*saying, *quoting):
        edited.setdefault(conversation, Loss(conversation)).reach(turn)
        old.setdefault(conversation, {})[words] = None
    for turn, conversation, _ in saying:
        edited[conversation].turns.add(turn)
    said = [to_text(inbound.text), *(to_text(file.name) for file in inbound.attachments)]
    for conversation, loss in edited.items():
        lose_echoes(db, loss, [*old[conversation]], said_after(db, conversation, loss.first), echoes, said)
    spread(db, edited, facts, echoes, said)
    touched = to_start_again(db, edited, facts) | {loss.conversation for loss in edited.values() if loss.turns}
    for turn, conversation, _ in saying:
        edited[conversation].turns.discard(turn)
        _change(db, turn, conversation, inbound, weigh)
    for turn, conversation, _ in quoting:
        touched.add(conversation)
        _quote_anew(db, turn, inbound, weigh)
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


def _saying_other_words(db: sqlite3.Connection, inbound: Inbound) -> list[_Said]:
    """The turns of a message that do not say what it says now."""
    return db.execute(
        f"SELECT t.id, t.conversation, {WORDS} FROM turns t CROSS JOIN conversations c ON c.id = t.conversation"
        " WHERE t.message_id = ? AND t.role = 'user' AND (t.text <> ? OR t.attachments IS NOT ?)"
        f" AND {IN_CHANNEL}",
        (inbound.message_id, to_text(inbound.text), dump_attachments(inbound.attachments), *channel_of(inbound.place)),
    ).fetchall()


def _quoting_other_words(db: sqlite3.Connection, channel: Channel, inbound: Inbound) -> list[_Said]:
    """The turns that quote a message otherwise than it is to be quoted now."""
    found = db.execute(
        "SELECT t.id, t.conversation, t.quote FROM turns t INDEXED BY turns_quoting"
        f" CROSS JOIN conversations c ON c.id = t.conversation WHERE t.quote_message = ? AND {IN_CHANNEL}",
        (inbound.message_id, *channel),
    )
    quoting = [(id_, conversation, to_quote(quote)) for id_, conversation, quote in found]
    return [(id_, conversation, old.words) for id_, conversation, old in quoting if old != _cut(old, inbound)]


def _stated(db: sqlite3.Connection, inbound: Inbound, *, expired: bool) -> list[LostFact]:
    """What the old words stated; what was forgotten of that by itself stays so, whatever the new ones say.

    Of a message that has expired, the new words are read by nobody: what they say still stays.
    """
    words = to_text(inbound.text)
    stated = facts_from(db, channel_of(inbound.place), [inbound.message_id])
    return [fact for fact in stated if fact.value and not (expired and fact.quote in words)]


def _change(db: sqlite3.Connection, id_: int, conversation: int, inbound: Inbound, weigh: Weigh) -> None:
    """Give one turn its new words, which are to be read for facts once more."""
    turn = replace(_turn(db, id_), text=to_text(inbound.text), attachments=inbound.attachments)
    db.execute(
        "UPDATE turns SET text = ?, tokens = ?, attachments = ? WHERE id = ?",
        (turn.text, weigh(turn), dump_attachments(turn.attachments), id_),
    )
    db.execute(
        "UPDATE conversations SET read_through = MIN(read_through, ?), unread = 1 WHERE id = ?", (id_ - 1, conversation)
    )


def _quote_anew(db: sqlite3.Connection, id_: int, inbound: Inbound, weigh: Weigh) -> None:
    """Let one turn quote the new words; as many characters of them may be many more tokens."""
    turn = _turn(db, id_)
    if turn.quote is not None:
        turn = replace(turn, quote=_cut(turn.quote, inbound))
        db.execute("UPDATE turns SET quote = ?, tokens = ? WHERE id = ?", (dump_quote(turn.quote), weigh(turn), id_))


def _turn(db: sqlite3.Connection, id_: int) -> Turn:
    return to_turn(db.execute(f"SELECT {TURN} FROM turns WHERE id = ?", (id_,)).fetchone())


def _cut(quote: Quote, inbound: Inbound) -> Quote:
    """A quotation with new words, as many characters as of the old, or at least as of what stands near by."""
    return _with_words(quote, to_text(inbound.text)[: max(len(quote.words), KNOWN_QUOTED_CHARACTERS)])


def _with_words(quote: Quote, words: str) -> Quote:
    return replace(quote, text=quote.text.removesuffix(quote.words) + words)


def _amend_waiting(db: sqlite3.Connection, channel: Channel, inbound: Inbound) -> set[int]:
    """Give the message its new words where it waits; return the conversations where they are other than the old."""
    changed = set()
    for id_, conversation, text, extras in _waiting(db, channel, inbound):
        if not _says(inbound, text, extras):
            # An edit changes nothing of what is quoted, and what was forgotten of that stays so.
            new = to_text(inbound.text), dump_extras(inbound, quote_in(extras))
            db.execute("UPDATE inbox SET text = ?, extras = ? WHERE id = ?", (*new, id_))
            changed.add(conversation)
    return changed


def _amend_quotes_that_wait(db: sqlite3.Connection, channel: Channel, inbound: Inbound) -> set[int]:
    """Let what waits quote the new words, all of them; return the conversations where it quoted others."""
    changed = set()
    for id_, conversation, quote in quotes_that_wait(db, channel):
        new = _with_words(quote, to_text(inbound.text))
        if quote.message_id == inbound.message_id and new != quote:
            db.execute("UPDATE inbox SET extras = json_set(extras, '$[2]', ?) WHERE id = ?", (dump_quote(new), id_))
            changed.add(conversation)
    return changed
