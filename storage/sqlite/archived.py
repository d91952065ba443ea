"""The archive's index: which originals stand in its files, and which are to be taken out (`forgetting.py`, rule 11).

Each function is one transaction's work.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from memory.types import Conversation, Forgetting
from storage.sqlite.inbox import conversation_id, name_of
from storage.sqlite.rows import IN_CHANNEL, Channel, channel_of

STAYS, GONE, UNQUOTED, REPEATED = 0, 1, 2, 3
"""Of an original in the archive: it stays, the file is to lose it, its quotation alone, it and what repeats it."""

_THERE = f"gone IN ({STAYS}, {UNQUOTED})"
_LEAVING = f"a.gone <> {STAYS} AND a.gone <> {UNQUOTED}"

Key = tuple[Conversation, str]
"""What an original goes by: its conversation and its message's id."""


@dataclass(frozen=True, slots=True)
class Marked:
    """What files of the archive are to lose: whole originals, and quotations in others; `since` is the first month.

    Of the originals that go, what the bot said later and repeats those `repeated` goes too.
    """

    gone: frozenset[Key]
    repeated: frozenset[Key]
    unquoted: frozenset[Key]
    since: int


def _which(forgetting: Forgetting, conversation: int) -> tuple[str, tuple[str | int, ...]]:
    """The condition, and its values, for the originals of a conversation that a forgetting takes."""
    if forgetting.messages:
        deleted = [*forgetting.messages]
        marks = ", ".join("?" * len(deleted))
        posts = (
            "SELECT 're:' || i.message_id FROM posts p JOIN inbox i ON i.id = p.inbox"
            f" WHERE p.message_id IN ({marks}) AND i.conversation = ?"
        )
        return (
            f"conversation = ? AND (message_id IN ({marks}) OR message_id IN ({posts}))",
            (conversation, *deleted, *deleted, conversation),
        )
    if forgetting.last:
        return "FALSE", ()
    if forgetting.user:
        return "conversation = ? AND ? IN (author, answers)", (conversation, forgetting.user)
    return "conversation = ?", (conversation,)


_ANSWER = "conversation = ? AND message_id = ?"


def count(
    db: sqlite3.Connection,
    forgetting: Forgetting,
    conversations: Collection[int],
    answers: Iterable[tuple[int, str]],
) -> int:
    """How many originals in the archive a forgetting takes: of conversations that it is about, and single answers.

    The answers are those that were made with what is forgotten, by their conversations and messages.
    """
    found = 0
    for conversation in conversations:
        which, values = _which(forgetting, conversation)
        found += _count(db, which, values)
    for conversation, message in answers:
        which, values = _which(forgetting, conversation) if conversation in conversations else ("FALSE", ())
        found += _count(db, f"{_ANSWER} AND NOT ({which})", (conversation, message, *values))
    return found


def _count(db: sqlite3.Connection, which: str, values: tuple[str | int, ...]) -> int:
    return int(db.execute(f"SELECT COUNT(*) FROM archived WHERE {_THERE} AND {which}", values).fetchone()[0])


def mark(
    db: sqlite3.Connection,
    forgetting: Forgetting,
    conversations: Collection[int],
    answers: Iterable[tuple[int, str]],
) -> int:
    """Mark what a forgetting takes of the archive (see `count`), quotations too; return how many originals it was."""
    marked = 0
    for answer in answers:
        marked += db.execute(
            f"UPDATE archived SET gone = {REPEATED} WHERE gone <> {REPEATED} AND {_ANSWER}", answer
        ).rowcount
    for conversation in conversations:
        which, values = _which(forgetting, conversation)
        marked += db.execute(f"UPDATE archived SET gone = {GONE} WHERE {_THERE} AND {which}", values).rowcount
        if forgetting.user:
            marked += db.execute(
                f"UPDATE archived SET gone = {UNQUOTED} WHERE gone = {STAYS} AND conversation = ? AND quote_author = ?",
                (conversation, forgetting.user),
            ).rowcount
    for message in forgetting.messages or ():
        marked += _mark_quotes(db, channel_of(forgetting.place), message)
    return marked + (_mark_quotes_of_gone(db) if marked else 0)


def mark_message(db: sqlite3.Connection, channel: Channel, message: str) -> int:
    """Mark an original that was edited, and quotations of it: the words that it has there are not meant any more."""
    marked = db.execute(
        f"UPDATE archived SET gone = {GONE} WHERE {_THERE} AND message_id = ?"
        f" AND conversation IN (SELECT id FROM conversations WHERE {IN_CHANNEL})",
        (message, *channel),
    ).rowcount
    return marked + _mark_quotes(db, channel, message)


_QUOTING = (
    f"UPDATE archived INDEXED BY archived_quoting SET gone = {UNQUOTED}"
    f" WHERE gone = {STAYS} AND quote_message {{which}}"
    " AND conversation IN (SELECT id FROM conversations WHERE platform = ?1 AND space = ?2 AND channel = ?3)"
)


def _mark_quotes(db: sqlite3.Connection, channel: Channel, message: str) -> int:
    return db.execute(_QUOTING.format(which="= ?4"), (*channel, message)).rowcount


_LEAVING_THERE = (
    f"SELECT a.conversation, a.message_id FROM archived a INDEXED BY archived_gone WHERE {_LEAVING}"
    " AND a.conversation IN (SELECT id FROM conversations WHERE platform = ?1 AND space = ?2 AND channel = ?3)"
)


def _mark_quotes_of_gone(db: sqlite3.Connection) -> int:
    """Mark the quotations of what is marked, be it a post of the bot's, in its channel."""
    channels = db.execute(
        "SELECT DISTINCT c.platform, c.space, c.channel FROM archived a INDEXED BY archived_gone"
        f" JOIN conversations c ON c.id = a.conversation WHERE {_LEAVING}"
    ).fetchall()
    posts = (
        f"SELECT p.message_id FROM ({_LEAVING_THERE}) a CROSS JOIN inbox i ON i.platform = ?1 AND i.space = ?2"
        " AND i.channel = ?3 AND a.message_id LIKE 're:%' AND i.message_id = substr(a.message_id, 4)"
        " AND i.conversation = a.conversation CROSS JOIN posts p ON p.inbox = i.id"
    )
    which = f"IN (SELECT message_id FROM ({_LEAVING_THERE}) UNION {posts})"
    return sum(db.execute(_QUOTING.format(which=which), channel).rowcount for channel in channels)


def due(db: sqlite3.Connection) -> Marked | None:
    """What the files are still to lose; nothing when they are clean."""
    rows = db.execute("SELECT conversation, message_id, gone, month FROM archived WHERE gone <> 0").fetchall()
    if not rows:
        return None
    names = {row[0]: name_of(db, row[0]) for row in rows}
    keys: dict[int, set[Key]] = {GONE: set(), UNQUOTED: set(), REPEATED: set()}
    for conversation, message, gone, _ in rows:
        keys[gone].add((names[conversation], message))
    return Marked(
        frozenset(keys[GONE] | keys[REPEATED]),
        frozenset(keys[REPEATED]),
        frozenset(keys[UNQUOTED]),
        min(row[3] for row in rows),
    )


def cleaned(db: sqlite3.Connection, marked: Marked, echoing: Iterable[Key]) -> None:
    """Note that the files have lost what was marked, and what repeated it."""
    gone = [(conversation_id(db, conversation), message) for conversation, message in (*marked.gone, *echoing)]
    db.executemany("DELETE FROM archived WHERE conversation = ? AND message_id = ?", gone)
    db.executemany(
        "UPDATE archived SET gone = 0, quote_author = NULL, quote_message = NULL"
        f" WHERE conversation = ? AND message_id = ? AND gone = {UNQUOTED}",
        [(conversation_id(db, conversation), message) for conversation, message in marked.unquoted],
    )
