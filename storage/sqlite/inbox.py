"""The inbox: what was received, once each, until a lane has settled it. Each function is one transaction's work."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from memory.types import Conversation, Decision, Inbound, Owed, Place, Quote, Waiting
from storage.sqlite.hearing import narrow_channel
from storage.sqlite.rows import (
    CONVERSATION,
    WAITING,
    Row,
    dump_access,
    dump_extras,
    quote_in,
    to_micros,
    to_moment,
    to_text,
    to_waiting,
)

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


def name_of(db: sqlite3.Connection, conversation: int) -> Conversation:
    """The conversation that a row stands for."""
    row = db.execute(f"SELECT {CONVERSATION} FROM conversations c WHERE id = ?", (conversation,)).fetchone()
    return Conversation(*row)


def make_conversation(db: sqlite3.Connection, conversation: Conversation) -> int:
    """The row of a conversation, made where it has none yet."""
    found = conversation_id(db, conversation)
    return _begin_conversation(db, conversation) if found is None else found


def _begin_conversation(db: sqlite3.Connection, conversation: Conversation) -> int:
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


def is_forgotten(db: sqlite3.Connection, place: Place, author: str, sent_at: datetime) -> bool:
    """Whether something said by this author then, in a place, lies before a watermark there.

    One without space and channel holds everywhere on its platform.
    """
    row = db.execute(
        "SELECT 1 FROM watermarks WHERE platform = ? AND (space = ? AND channel = ? OR space = '' AND channel = '')"
        " AND thread IN ('', ?) AND user IN ('', ?) AND at > ?",
        (place.platform, place.space, place.channel, place.thread, author, to_micros(sent_at)),
    ).fetchone()
    return row is not None


def quote_to_keep(db: sqlite3.Connection, inbound: Inbound) -> Quote | None:
    """The quotation that came with a message, unless what it quotes was forgotten."""
    quote = inbound.reply_to
    if quote is None or is_forgotten(db, inbound.place, quote.author, quote.sent_at):
        return None
    place = inbound.place
    gone = db.execute(
        "SELECT 1 FROM inbox WHERE platform = ? AND space = ? AND channel = ? AND message_id = ?"
        " AND state = 'forgotten'",
        (place.platform, place.space, place.channel, quote.message_id),
    ).fetchone()
    return None if gone else quote


_ANSWER_ABOVE = (
    "SELECT t.author_name, t.text, t.sent_at FROM posts p JOIN inbox i ON i.id = p.inbox"
    " JOIN turns t ON t.id = i.answer"
    " WHERE p.message_id = ? AND i.platform = ? AND i.space = ? AND i.channel = ? AND i.sent_at < ?"
)


def answer_above(db: sqlite3.Connection, place: Place, at: datetime) -> Quote | None:
    """The bot's answer, whole, on which a thread hangs, if what it answers was said before then.

    On Discord and on Slack a thread has the id of the message that it hangs on.
    """
    values = (place.thread, place.platform, place.space, place.channel, to_micros(at))
    found = db.execute(_ANSWER_ABOVE, values).fetchone() if place.thread else None
    if found is None:
        return None
    name, text, said_at = found
    return Quote(place.thread, "", name, text, to_moment(said_at))


def accept(
    db: sqlite3.Connection, inbound: Inbound, conversation: Conversation, decision: Decision, now: datetime
) -> int | None:
    """See `Store.accept`."""
    place = inbound.place
    seen = db.execute(
        "SELECT id, decision, addressed, extras FROM inbox"
        " WHERE platform = ? AND space = ? AND channel = ? AND message_id = ?",
        (place.platform, place.space, place.channel, inbound.message_id),
    ).fetchone()
    if seen is not None:
        # One that was addressed and yet only remembered was too old to be answered.
        return None if seen[2] else _upgrade(db, seen, inbound, conversation, decision)
    if is_forgotten(db, inbound.place, inbound.author, inbound.sent_at):
        return None
    if inbound.channel is not None:
        narrow_channel(db, inbound.channel)
    quote, found = quote_to_keep(db, inbound), conversation_id(db, conversation)
    if found is None and inbound.reply_to is None and decision is not Decision.COMMAND:
        quote = answer_above(db, place, inbound.sent_at)
    made = db.execute(
        "INSERT INTO inbox (conversation, platform, space, channel, thread, message_id, author, author_name, text,"
        " extras, sent_at, received_at, addressed, aside, visibility, private, decision, access)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            _begin_conversation(db, conversation) if found is None else found,
            place.platform,
            place.space,
            place.channel,
            place.thread,
            inbound.message_id,
            inbound.author,
            to_text(inbound.author_name),
            to_text(inbound.text),
            dump_extras(inbound, quote),
            to_micros(inbound.sent_at),
            to_micros(now),
            inbound.addressed,
            inbound.aside,
            inbound.visibility,
            inbound.private,
            decision,
            dump_access(inbound),
        ),
    ).fetchone()
    return int(made[0])


def _upgrade(
    db: sqlite3.Connection, seen: Row, inbound: Inbound, conversation: Conversation, decision: Decision
) -> int | None:
    """Make a message to remember one to answer, where it stands, when it comes a second time and is addressed now.

    It may have been read as the beginning of a thread under its place.
    """
    row, was, _, extras = seen
    if decision is Decision.REMEMBER or was != Decision.REMEMBER:
        return None
    quote = quote_to_keep(db, inbound) if inbound.reply_to else quote_in(extras)
    changed = db.execute(
        "UPDATE inbox SET conversation = ?, thread = ?, decision = ?, addressed = ?, text = ?, extras = ?,"
        " state = 'waiting' WHERE id = ? AND state <> 'forgotten'",
        (
            make_conversation(db, conversation),
            inbound.place.thread,
            decision,
            inbound.addressed,
            to_text(inbound.text),
            dump_extras(inbound, quote),
            row,
        ),
    ).rowcount
    return int(row) if changed else None


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


def waits(db: sqlite3.Connection, row: int) -> bool:
    """See `Store.waits`."""
    return db.execute("SELECT 1 FROM inbox WHERE id = ? AND state = 'waiting'", (row,)).fetchone() is not None


def begun_replies(db: sqlite3.Connection, conversation: int, messages: Sequence[str]) -> list[Waiting]:
    """Of messages that wait in a conversation, by the platform's ids, those to which a reply was begun."""
    found = []
    for message in messages:
        fields = db.execute(
            f"SELECT {WAITING} FROM inbox i INDEXED BY inbox_waiting JOIN conversations c ON c.id = i.conversation"
            " WHERE i.conversation = ? AND i.state = 'waiting' AND i.message_id = ?",
            (conversation, message),
        ).fetchone()
        if fields is not None and (posts := _posts(db, fields[0])):
            found.append(to_waiting(fields, posts))
    return found


def unsettled(db: sqlite3.Connection) -> tuple[Waiting, ...]:
    """See `Store.unsettled`."""
    found = db.execute(
        f"SELECT {WAITING} FROM inbox i JOIN conversations c ON c.id = i.conversation"
        " WHERE i.state = 'waiting' AND (i.decision = 'command' OR i.id IN"
        "  (SELECT MIN(id) FROM inbox WHERE state = 'waiting' AND decision <> 'command' GROUP BY conversation))"
        " ORDER BY i.attempts, i.sent_at, i.id"
    ).fetchall()
    return tuple(to_waiting(fields, _posts(db, fields[0])) for fields in found)


_OWED = (
    f"SELECT {WAITING}, i.sentence, t.text, t.message_id FROM inbox i JOIN conversations c ON c.id = i.conversation"
    " LEFT JOIN turns t ON t.id = i.answer WHERE i.unsaid = 1"
)


def owed(db: sqlite3.Connection, platform: str, of_earlier_runs: frozenset[int]) -> tuple[Owed, ...]:
    """See `Store.owed`."""
    found = db.execute(f"{_OWED} AND i.platform = ? ORDER BY i.attempts, i.id", (platform,)).fetchall()
    return tuple(_to_owed(db, fields) for fields in found if fields[0] in of_earlier_runs)


def owes(db: sqlite3.Connection, row: int) -> Owed | None:
    """See `Store.owes`."""
    fields = db.execute(f"{_OWED} AND i.id = ?", (row,)).fetchone()
    return None if fields is None else _to_owed(db, fields)


def _to_owed(db: sqlite3.Connection, fields: Row) -> Owed:
    *_, sentence, text, answer = fields
    return Owed(to_waiting(fields, _posts(db, fields[0])), text or sentence, answer or "")


def last_row(db: sqlite3.Connection) -> int:
    """The newest row of the inbox; 0 where there is none."""
    return int(db.execute("SELECT COALESCE(MAX(id), 0) FROM inbox").fetchone()[0])


def unsaid_rows(db: sqlite3.Connection) -> frozenset[int]:
    """The rows whose reply may not stand in full."""
    return frozenset(row[0] for row in db.execute("SELECT id FROM inbox WHERE unsaid = 1"))


def tie(db: sqlite3.Connection, rows: tuple[int, ...]) -> None:
    """See `Store.tie`."""
    db.executemany("UPDATE inbox SET together = ? WHERE id = ?", [(rows[-1], row) for row in rows])


def begin(db: sqlite3.Connection, rows: tuple[int, ...], uncounted: tuple[int, ...]) -> int:
    """See `Store.begin`; `uncounted` are those of the rows that this run has not begun before."""
    db.executemany("UPDATE inbox SET attempts = attempts + 1 WHERE id = ?", [(row,) for row in uncounted])
    counts = [db.execute("SELECT attempts FROM inbox WHERE id = ?", (row,)).fetchone()[0] for row in rows]
    return max(counts, default=0)


def acquit(db: sqlite3.Connection) -> None:
    """Forget the attempts at all that waits or is owed: the process ends in peace, so none of it has brought it down.

    Of what a death leaves, the run that died is one that nobody counted; here there is none, so the count begins lower.
    """
    db.execute("UPDATE inbox SET attempts = -1 WHERE state = 'waiting' OR unsaid = 1")


def _posts(db: sqlite3.Connection, row: int) -> tuple[str, ...]:
    found = db.execute("SELECT message_id FROM posts WHERE inbox = ? ORDER BY part", (row,)).fetchall()
    return tuple(fields[0] for fields in found)


def note_post(db: sqlite3.Connection, row: int, part: int, message_id: str) -> None:
    """See `Store.note_post`."""
    if not message_id:
        db.execute("DELETE FROM posts WHERE inbox = ? AND part = ?", (row, part))
        return
    db.execute(
        "INSERT INTO posts (inbox, part, message_id) SELECT id, ?, ? FROM inbox WHERE id = ? AND state <> 'forgotten'"
        " ON CONFLICT (inbox, part) DO UPDATE SET message_id = excluded.message_id",
        (part, message_id, row),
    )


def settle(db: sqlite3.Connection, rows: tuple[int, ...], remembered: tuple[int, ...] = ()) -> None:
    """Mark messages as done and drop their words: the turns remember them.

    One of those that were only to be remembered, and that was addressed to the bot since, still waits for its answer.
    """
    db.executemany(
        "UPDATE inbox SET state = 'settled', text = '', extras = NULL"
        " WHERE id = ? AND state = 'waiting' AND NOT (? AND decision = 'answer')",
        [(row, row in remembered) for row in rows],
    )


def promise(db: sqlite3.Connection, row: int, answer: int | None, sentence: str) -> None:
    """Settle a message with what is said to it: the turn of the bot that answers it, or a sentence.

    What was promised before and is not said yet is replaced: an answer, which is taken back, by a sentence. Attempts
    are counted anew: now it is the saying that may be deadly. A command leaves no turn, so its author's name goes too.
    """
    if answer is None:
        found = db.execute("SELECT answer FROM inbox WHERE id = ? AND state = 'settled' AND unsaid = 1", (row,))
        for (taken_back,) in found.fetchall():
            take_back(db, taken_back)
    db.execute(
        "UPDATE inbox SET state = 'settled', text = '', extras = NULL, answer = ?, sentence = ?, unsaid = 1,"
        " attempts = 0, author_name = CASE decision WHEN 'command' THEN '' ELSE author_name END"
        " WHERE id = ? AND (state = 'waiting' OR (state = 'settled' AND unsaid = 1))",
        (answer, to_text(sentence), row),
    )


def take_back(db: sqlite3.Connection, answer: int | None) -> None:
    """Delete an answer that nobody reads; a summary that reaches just to it keeps until when it covers."""
    db.execute(
        "UPDATE summaries SET covers_to = (SELECT sent_at FROM turns WHERE id = ?1) WHERE through = ?1"
        " AND conversation = (SELECT conversation FROM turns WHERE id = ?1) AND covers_to IS NULL",
        (answer,),
    )
    db.execute("DELETE FROM turns WHERE id = ?", (answer,))


def said(db: sqlite3.Connection, rows: tuple[int, ...]) -> None:
    """See `Store.said`."""
    db.executemany("UPDATE inbox SET unsaid = 0, sentence = '' WHERE id = ? AND unsaid = 1", [(row,) for row in rows])
