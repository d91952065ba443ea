"""Forgetting: what goes, and how it goes from every table at once. Each function is one transaction's work.

Numbered rules, where they bind:

1. A place stands for itself and, where it is a channel, for the threads under it.
2. A person's words take along: the bot's answers to them, every turn of the bot that repeats them, quotations of them,
   and every summary made when they were in the transcript. The last version from before then stands again.
3. A watermark keeps what is older from being taken in again; single messages keep a tombstone without author or words.
4. The epoch of every conversation that loses anything moves, so that a turn under way there writes nothing; where
   nothing is lost, nothing is stopped and no scrub is due.
5. The last messages are counted back from the moment of asking: those that still wait first, then turns.
6. A message that was deleted on the platform goes alone, with the turns of the bot that repeat it, and is not quoted
   any more, be it one that was never taken in; one of the bot's own takes its whole turn along. Neither leaves a
   watermark.
7. Of a reply that is owed, or begun, what is known of its messages stays until it is said that it was forgotten; a
   reply of which a message was deleted is owed no more.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from memory.ports import Echo, Promise
from memory.types import Extent, Forgetting
from storage.sqlite.deletion import conversations_of, release, turns_of, turns_quoting
from storage.sqlite.inbox import begun_replies, name_of
from storage.sqlite.inbox import promise as settle_with
from storage.sqlite.rows import to_micros, to_quote
from storage.sqlite.transcript import LARGEST_ID


@dataclass(frozen=True, slots=True)
class _Loss:
    """What one conversation loses: ids of turns, versions of summaries, the platform's ids of messages that wait.

    `first` is the first turn that held any of it (0: none did): every summary that reaches it was made from it.
    """

    conversation: int
    turns: tuple[int, ...]
    summaries: int
    waiting: tuple[str, ...]
    first: int

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.turns or self.summaries or self.waiting)


def extent(db: sqlite3.Connection, forgetting: Forgetting, echo: Echo) -> Extent:
    """See `Store.extent`."""
    return _add_up([_loss(db, row, forgetting, echo) for row in _conversations(db, forgetting)])


def forget(
    db: sqlite3.Connection, forgetting: Forgetting, echo: Echo, now: datetime, promise: Promise | None = None
) -> Extent:
    """See `Store.forget`."""
    losses = [_loss(db, row, forgetting, echo) for row in _conversations(db, forgetting)]
    release(db, forgetting)
    begun = tuple(waiting for loss in losses for waiting in begun_replies(db, loss.conversation, loss.waiting))
    gone: set[str] = set()
    for loss in losses:
        gone |= _erase(db, loss, forgetting)
    touched = {loss.conversation for loss in losses if loss} | _erase_quotes(db, losses, forgetting, gone)
    db.executemany("UPDATE conversations SET epoch = epoch + 1 WHERE id = ?", [(id_,) for id_ in touched])
    if not (forgetting.last or forgetting.messages):
        _raise_watermark(db, forgetting)
    if touched:
        db.execute("INSERT INTO scrubs (asked_at) VALUES (?)", (to_micros(now),))
    lost = _add_up(losses)
    if promise is not None:
        settle_with(db, promise.waiting, None, promise.write(lost))
    return replace(lost, touched=frozenset(name_of(db, id_) for id_ in touched), begun=begun)


def _add_up(losses: Sequence[_Loss]) -> Extent:
    return Extent(
        sum(len(loss.turns) for loss in losses),
        sum(loss.summaries for loss in losses),
        sum(len(loss.waiting) for loss in losses),
        sum(1 for loss in losses if loss),
    )


def _conversations(db: sqlite3.Connection, forgetting: Forgetting) -> list[int]:
    place = forgetting.place
    if forgetting.messages:
        return conversations_of(db, forgetting)
    sql = "SELECT id FROM conversations WHERE platform = ? AND space = ? AND channel = ?"
    values = [place.platform, place.space, place.channel]
    if place.thread or forgetting.last:
        sql += " AND thread = ?"
        values.append(place.thread)
    if forgetting.last:
        sql += " AND user = ?"
        values.append(forgetting.owner)
    return [row[0] for row in db.execute(sql, values)]


def _loss(db: sqlite3.Connection, conversation: int, forgetting: Forgetting, echo: Echo) -> _Loss:
    waiting = _waiting(db, conversation, forgetting)
    if forgetting.last:
        turns = _newest(db, conversation, forgetting, waiting)
        first = min(turns, default=0)
    elif forgetting.user:
        turns, first = _made_from(db, conversation, forgetting.user, echo)
    elif forgetting.messages:
        turns, first = turns_of(db, conversation, forgetting.messages, echo)
    else:
        turns = [row[0] for row in db.execute("SELECT id FROM turns WHERE conversation = ?", (conversation,))]
        first = 1
    summaries = 0
    if first:
        summaries = db.execute(
            "SELECT COUNT(*) FROM summaries WHERE conversation = ? AND through >= ?", (conversation, first)
        ).fetchone()[0]
    return _Loss(conversation, tuple(turns), summaries, waiting, first)


def _newest(db: sqlite3.Connection, conversation: int, forgetting: Forgetting, waiting: Sequence[str]) -> list[int]:
    """The newest turns, as many as waiting messages leave (rule 5), and those that waiting messages have already.

    Nothing from the first message on that was sent later goes; an answer belongs to the question before it, whenever it
    was given: only the platform's clock is compared.
    """
    later = db.execute(
        "SELECT COALESCE(MIN(id), ?) FROM turns WHERE conversation = ? AND role = 'user' AND sent_at > ?",
        (LARGEST_ID, conversation, to_micros(forgetting.at)),
    ).fetchone()[0]
    newest = db.execute(
        "SELECT id FROM turns WHERE conversation = ? AND id < ? ORDER BY id DESC LIMIT ?",
        (conversation, later, forgetting.last),
    )
    sql = "SELECT id FROM turns WHERE conversation = ? AND message_id = ?"
    heard = [row[0] for message in waiting for row in db.execute(sql, (conversation, message))]
    others = [row[0] for row in newest if row[0] not in heard]
    return heard + others[: forgetting.last - len(waiting)]


def _made_from(db: sqlite3.Connection, conversation: int, user: str, echo: Echo) -> tuple[list[int], int]:
    """A person's turns and the bot's made from them (rule 2), and the first turn that holds any of his words."""
    own = db.execute(
        "SELECT id, text FROM turns WHERE conversation = ? AND role = 'user' AND author = ?", (conversation, user)
    ).fetchall()
    quoting = db.execute(
        "SELECT id, quote FROM turns WHERE conversation = ? AND quote_author = ?", (conversation, user)
    ).fetchall()
    words = own + [(id_, to_quote(quote).text) for id_, quote in quoting]
    answers = db.execute("SELECT id FROM turns WHERE conversation = ? AND answers = ?", (conversation, user)).fetchall()
    first = 1 if _has_expired(db, conversation, user) else min((row[0] for row in words + answers), default=0)
    repeats = echo([row[1] for row in words], _words_of_others(db, conversation, user) if words else ())
    later = db.execute(
        "SELECT id, text FROM turns WHERE conversation = ? AND role = 'assistant' AND id > ?", (conversation, first)
    )
    echoes = [id_ for id_, text in later if repeats(text)] if words else []
    return sorted({row[0] for row in own + answers}.union(echoes)), first


def _has_expired(db: sqlite3.Connection, conversation: int, user: str) -> bool:
    """Whether any of a person's turns was purged: every summary may have been made when it was in the transcript."""
    found = db.execute(
        "SELECT 1 FROM inbox i WHERE i.conversation = ? AND i.author = ? AND i.state = 'settled'"
        " AND i.decision <> 'command' AND NOT EXISTS"
        "  (SELECT 1 FROM turns t WHERE t.conversation = i.conversation AND t.message_id = i.message_id)",
        (conversation, user),
    ).fetchone()
    return found is not None


def _words_of_others(db: sqlite3.Connection, conversation: int, user: str) -> Iterator[str]:
    found = db.execute(
        "SELECT text FROM turns WHERE conversation = ? AND role = 'user' AND author <> ?", (conversation, user)
    )
    return (row[0] for row in found)


def _waiting(db: sqlite3.Connection, conversation: int, forgetting: Forgetting) -> tuple[str, ...]:
    """The ids of the messages that no lane has taken up and that go all the same; commands run beside the lanes."""
    if forgetting.messages:
        waiting = db.execute(
            "SELECT message_id FROM inbox INDEXED BY inbox_waiting"
            " WHERE conversation = ? AND state = 'waiting' AND decision <> 'command'",
            (conversation,),
        )
        return tuple(row[0] for row in waiting if row[0] in forgetting.messages)
    found = db.execute(
        "SELECT message_id FROM inbox WHERE conversation = ? AND state = 'waiting' AND decision <> 'command'"
        " AND sent_at <= ? AND ? IN ('', author) ORDER BY sent_at DESC, id DESC LIMIT ?",
        (conversation, to_micros(forgetting.at), forgetting.user, forgetting.last or LARGEST_ID),
    )
    return tuple(row[0] for row in found)


def _erase(db: sqlite3.Connection, loss: _Loss, forgetting: Forgetting) -> set[str]:
    """Take a loss out of its conversation; return the platform's ids of the messages that are gone with it."""
    conversation = loss.conversation
    said, posted = _message_ids(db, loss)
    db.executemany("DELETE FROM turns WHERE id = ?", [(id_,) for id_ in loss.turns])
    if loss.summaries:
        db.execute("DELETE FROM summaries WHERE conversation = ? AND through >= ?", (conversation, loss.first))
    _bury(db, conversation, said, posted, forgetting)
    return said | posted


def _message_ids(db: sqlite3.Connection, loss: _Loss) -> tuple[set[str], set[str]]:
    """The ids of the messages that go, and of the platform's messages that may show any of it.

    Those are answers, whole or begun, and whatever was said to a command: a summary may have been shown.
    """
    if not loss:
        return set(), set()
    gone, waiting = set(loss.turns), set(loss.waiting)
    turns = db.execute("SELECT id, message_id FROM turns WHERE conversation = ?", (loss.conversation,))
    said = {message for id_, message in turns if id_ in gone}
    posts = db.execute(
        "SELECT i.answer, i.message_id, i.decision = 'command', p.message_id FROM inbox i"
        " CROSS JOIN posts p ON p.inbox = i.id WHERE i.conversation = ?",
        (loss.conversation,),
    )
    showing = {post for answer, message, command, post in posts if command or answer in gone or message in waiting}
    return said | waiting, showing


def _erase_quotes(db: sqlite3.Connection, losses: Sequence[_Loss], forgetting: Forgetting, gone: set[str]) -> set[int]:
    """Take quotations of what is gone out of all of the channel: turns, what waits, summaries of them (rule 2).

    Returns the conversations that held any.
    """
    within = {loss.conversation for loss in losses}
    gone = gone | set(forgetting.messages)
    channel = (forgetting.place.platform, forgetting.place.space, forgetting.place.channel)
    if forgetting.messages:
        turns = turns_quoting(db, forgetting, gone)
    else:
        turns = db.execute(
            "SELECT t.id, t.conversation, t.quote_message, t.quote_author FROM turns t JOIN conversations c"
            " ON c.id = t.conversation WHERE c.platform = ? AND c.space = ? AND c.channel = ? AND t.quote IS NOT NULL",
            channel,
        ).fetchall()
    waiting = db.execute(
        "SELECT i.id, i.conversation, json_extract(i.extras, '$[2]') FROM conversations c"
        " JOIN inbox i INDEXED BY inbox_waiting ON i.conversation = c.id"
        " WHERE c.platform = ? AND c.space = ? AND c.channel = ?"
        " AND i.state = 'waiting' AND json_extract(i.extras, '$[2]') IS NOT NULL",
        channel,
    ).fetchall()
    touched: set[int] = set()

    def is_gone(conversation: int, message: str, author: str) -> bool:
        if message not in gone and not (conversation in within and author == (forgetting.user or None)):
            return False
        touched.add(conversation)
        return True

    quoting = [(id_, where) for id_, where, message, author in turns if is_gone(where, message, author)]
    db.executemany(
        "UPDATE turns SET quote = NULL, quote_author = NULL, quote_message = NULL WHERE id = ?",
        [(id_,) for id_, _ in quoting],
    )
    db.executemany("DELETE FROM summaries WHERE through >= ? AND conversation = ?", quoting)
    db.executemany(
        "UPDATE inbox SET extras = json_set(extras, '$[2]', NULL) WHERE id = ?",
        [(id_,) for id_, conversation, quote in waiting if is_gone(conversation, *json.loads(quote)[:2])],
    )
    return touched


_ANSWERED = "EXISTS (SELECT 1 FROM turns WHERE turns.id = inbox.answer)"

_BURIED = (
    "UPDATE inbox SET state = 'forgotten', author = '', author_name = '', text = '', extras = NULL, sentence = '',"
    " unsaid = unsaid OR state = 'waiting'"
    " WHERE conversation = ? AND NOT (state = 'waiting' AND decision = 'command')"
)


def _bury(db: sqlite3.Connection, conversation: int, said: set[str], posted: set[str], forgetting: Forgetting) -> None:
    """Leave of every forgotten message a tombstone: its id, so that it is not taken in or quoted again (rule 3).

    A command that waits is settled by what it does itself, and loses its words then.
    """
    place = db.execute("SELECT platform, space, channel FROM conversations WHERE id = ?", (conversation,)).fetchone()
    db.executemany(
        f"{_BURIED} AND platform = ? AND space = ? AND channel = ? AND message_id = ?",
        [(conversation, *place, message) for message in said.union(forgetting.messages)],
    )
    if said or posted:
        # What a command is still to be told may show a summary of what is gone.
        db.execute(
            "UPDATE inbox SET sentence = '' WHERE conversation = ? AND unsaid = 1 AND decision = 'command'",
            (conversation,),
        )
    if not (forgetting.last or forgetting.messages):
        db.execute(
            f"{_BURIED} AND sent_at <= ? AND ? IN ('', author)",
            (conversation, to_micros(forgetting.at), forgetting.user),
        )
    void = f"conversation = ? AND state = 'forgotten' AND NOT {_ANSWERED}"
    db.execute(
        f"UPDATE inbox SET unsaid = 0 WHERE {void} AND NOT EXISTS (SELECT 1 FROM posts WHERE posts.inbox = inbox.id)",
        (conversation,),
    )
    db.execute(
        f"DELETE FROM posts WHERE inbox IN (SELECT id FROM inbox WHERE {void} AND unsaid = 0)",
        (conversation,),
    )
    at = to_micros(forgetting.at)
    db.executemany(
        "INSERT INTO inbox (conversation, platform, space, channel, thread, message_id, author, author_name, text,"
        " sent_at, received_at, addressed, aside, visibility, private, decision, state)"
        " VALUES (?, ?, ?, ?, '', ?, '', '', '', ?, ?, 0, 0, '', 0, 'remember', 'forgotten') ON CONFLICT DO NOTHING",
        [(conversation, *place, message, at, at) for message in posted],
    )


def _raise_watermark(db: sqlite3.Connection, forgetting: Forgetting) -> None:
    place = forgetting.place
    db.execute(
        "INSERT INTO watermarks (platform, space, channel, thread, user, at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET at = MAX(at, excluded.at)",
        (place.platform, place.space, place.channel, place.thread, forgetting.user, to_micros(forgetting.at)),
    )
