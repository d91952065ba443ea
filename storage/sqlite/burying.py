"""Taking a loss out of every table, and the tombstones that it leaves (`forgetting.py`, rules 2, 3 and 7)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime

from memory.types import Forgetting, Quote
from storage.sqlite.inbox import name_of
from storage.sqlite.losses import AMONG, Loss, among, message_ids
from storage.sqlite.rows import IN_CHANNEL, Channel, Row, channel_of, to_micros, to_quote

FEW = 1000
"""Messages up to which what quotes them is looked up one by one; of more, all that is quoted is looked through."""


def bury(
    db: sqlite3.Connection, loss: Loss, at: datetime, behind: Forgetting | None = None
) -> tuple[Channel, set[str]]:
    """Take a loss out of its conversation; return its channel, and the ids of the messages that are gone with it.

    What lies `behind` a watermark is buried too.
    """
    conversation = loss.conversation
    channel = channel_of(name_of(db, conversation).place)
    said, posted = message_ids(db, loss, channel)
    db.execute(f"DELETE FROM turns WHERE id {AMONG}", (among(loss.turns),))
    drop_summaries(db, conversation, loss.first)
    _leave_tombstones(db, conversation, channel, said | loss.deleted)
    if said or posted:
        # What a command is still to be told may show a summary of what is gone.
        db.execute(
            "UPDATE inbox SET sentence = '' WHERE conversation = ? AND unsaid = 1 AND decision = 'command'",
            (conversation,),
        )
    if behind is not None:
        older = (conversation, to_micros(behind.at), behind.user)
        db.execute(f"{_BURIED} AND sent_at <= ? AND ? IN ('', author)", older)
    _let_go_of_posts(db, conversation)
    _mark_posts(db, conversation, channel, posted, at)
    return channel, said | posted


def drop_summaries(db: sqlite3.Connection, conversation: int, first: int) -> bool:
    """Let the last summary from before a turn stand again (0: no turn); whether any goes."""
    if not first:
        return False
    found = db.execute("DELETE FROM summaries WHERE conversation = ? AND through >= ?", (conversation, first))
    return found.rowcount > 0


_ANSWERED = "EXISTS (SELECT 1 FROM turns WHERE turns.id = inbox.answer)"

_BURIED = (
    "UPDATE inbox SET state = 'forgotten', author = '', author_name = '', text = '', extras = NULL, sentence = '',"
    " unsaid = unsaid OR state = 'waiting'"
    " WHERE conversation = ? AND NOT (state = 'waiting' AND decision = 'command')"
)


def _leave_tombstones(db: sqlite3.Connection, conversation: int, channel: Channel, messages: Iterable[str]) -> None:
    """Leave of every forgotten message its id alone, so that it is not taken in or quoted again (rule 3).

    A command that waits is settled by what it does itself, and loses its words then.
    """
    db.executemany(
        f"{_BURIED} AND {IN_CHANNEL} AND message_id = ?", [(conversation, *channel, message) for message in messages]
    )


def _let_go_of_posts(db: sqlite3.Connection, conversation: int) -> None:
    """Keep no posts of what was forgotten, but for those of a reply that is owed, or begun (rule 7)."""
    void = f"conversation = ? AND state = 'forgotten' AND NOT {_ANSWERED}"
    db.execute(
        f"UPDATE inbox INDEXED BY inbox_forgotten SET unsaid = 0 WHERE {void} AND unsaid = 1"
        " AND NOT EXISTS (SELECT 1 FROM posts WHERE posts.inbox = inbox.id)",
        (conversation,),
    )
    db.execute(
        "DELETE FROM posts WHERE inbox IN"
        f" (SELECT id FROM inbox INDEXED BY inbox_forgotten WHERE {void} AND unsaid = 0)",
        (conversation,),
    )


def _mark_posts(db: sqlite3.Connection, conversation: int, channel: Channel, posted: set[str], at: datetime) -> None:
    """Leave tombstones of the bot's own messages: what showed any of it is not quoted again."""
    micros = to_micros(at)
    db.executemany(
        "INSERT INTO inbox (conversation, platform, space, channel, thread, message_id, author, author_name, text,"
        " sent_at, received_at, addressed, aside, visibility, private, decision, state)"
        " VALUES (?, ?, ?, ?, '', ?, '', '', '', ?, ?, 0, 0, '', 0, 'remember', 'forgotten') ON CONFLICT DO NOTHING",
        [(conversation, *channel, message, micros, micros) for message in posted],
    )


def erase_quotes(
    db: sqlite3.Connection, gone: Mapping[Channel, set[str]], author: str = "", within: Iterable[int] = ()
) -> set[int]:
    """Take quotations of messages that are gone out of their channels: turns, what waits, summaries of them (rule 2).

    In the conversations `within`, those of an author go too. Returns the conversations that held any.
    """
    touched: set[int] = set()
    within = frozenset(within) if author else frozenset()

    def erase(quoting: Iterable[Row]) -> None:
        for id_, conversation in quoting:
            db.execute("UPDATE turns SET quote = NULL, quote_author = NULL, quote_message = NULL WHERE id = ?", (id_,))
            drop_summaries(db, conversation, id_)
            touched.add(conversation)

    for conversation in within:
        erase(
            db.execute(
                "SELECT id, conversation FROM turns WHERE conversation = ? AND quote_author = ?", (conversation, author)
            ).fetchall()
        )
    for channel, messages in gone.items():
        erase(_turns_quoting(db, channel, messages))
        for id_, conversation, quote in quotes_that_wait(db, channel):
            if quote.message_id in messages or (conversation in within and quote.author == author):
                db.execute("UPDATE inbox SET extras = json_set(extras, '$[2]', NULL) WHERE id = ?", (id_,))
                touched.add(conversation)
    return touched


def _turns_quoting(db: sqlite3.Connection, channel: Channel, messages: set[str]) -> list[Row]:
    """The turns of a channel that quote messages: id and conversation."""
    quoting = (
        "SELECT t.id, t.conversation, t.quote_message FROM turns t INDEXED BY turns_quoting"
        f" CROSS JOIN conversations c ON c.id = t.conversation WHERE {{which}} AND {IN_CHANNEL}"
    )
    if len(messages) <= FEW:
        by_message = quoting.format(which="t.quote_message = ?")
        return [row[:2] for message in messages for row in db.execute(by_message, (message, *channel)).fetchall()]
    every = db.execute(quoting.format(which="t.quote_message IS NOT NULL"), channel).fetchall()
    return [row[:2] for row in every if row[2] in messages]


def quotes_that_wait(db: sqlite3.Connection, channel: Channel) -> list[tuple[int, int, Quote]]:
    """What waits in a channel and quotes: inbox id, conversation, the quotation."""
    found = db.execute(
        "SELECT i.id, i.conversation, json_extract(i.extras, '$[2]') FROM conversations c"
        " JOIN inbox i INDEXED BY inbox_waiting ON i.conversation = c.id"
        " WHERE c.platform = ? AND c.space = ? AND c.channel = ?"
        " AND i.state = 'waiting' AND json_extract(i.extras, '$[2]') IS NOT NULL",
        channel,
    )
    return [(id_, conversation, to_quote(quote)) for id_, conversation, quote in found]
