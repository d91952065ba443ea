"""What a message that was deleted on the platform takes along."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable

from memory.types import Forgetting
from storage.sqlite.echoes import WORDS, Echoes, said_after, words_of_people
from storage.sqlite.rows import IN_CHANNEL, Channel, channel_of, to_quote

# Few rows have the id of a message, many stand in its channel; SQLite keeps the order of a CROSS JOIN.
_HOLDING = (
    f"SELECT conversation FROM inbox WHERE message_id = ? AND {IN_CHANNEL} AND state <> 'forgotten'",
    f"SELECT c.id FROM turns t CROSS JOIN conversations c ON c.id = conversation WHERE message_id = ? AND {IN_CHANNEL}",
    f"SELECT i.conversation FROM posts p CROSS JOIN inbox i ON i.id = p.inbox WHERE p.message_id = ? AND {IN_CHANNEL}",
    (
        "SELECT c.id FROM turns CROSS JOIN conversations c ON c.id = conversation"
        f" WHERE quote_message = ? AND {IN_CHANNEL}"
    ),
)


def conversations_of(db: sqlite3.Connection, channel: Channel, messages: Iterable[str]) -> list[int]:
    """The conversations that hold or quote any of a channel's deleted messages; most deletions concern none."""
    found: set[int] = set()
    for message in messages:
        found |= {row[0] for sql in _HOLDING for row in db.execute(sql, (message, *channel))}
    return sorted(found)


def turns_of(
    db: sqlite3.Connection, conversation: int, messages: Collection[str], echoes: Echoes
) -> tuple[list[int], int]:
    """The turns of deleted messages and of the bot that repeats them (`forgetting.py`, rule 6), and their first.

    A turn that quotes one stays, without its quotation, and is the first all the same where it is.
    """
    own: dict[int, str] = {}
    quoted: dict[int, str] = {}
    said: set[int] = set()
    for message in messages:
        own |= db.execute(
            f"SELECT id, {WORDS} FROM turns t WHERE conversation = ? AND message_id = ? AND role = 'user'",
            (conversation, message),
        )
        quoted |= _quoted(db, conversation, message)
        said |= {
            row[0]
            for row in db.execute(
                "SELECT t.id FROM posts p CROSS JOIN inbox i ON i.id = p.inbox JOIN turns t ON t.id = i.answer"
                " WHERE p.message_id = ? AND i.conversation = ?",
                (message, conversation),
            )
        }
    held = own.keys() | quoted.keys()
    if held:
        search = echoes.of(conversation, [*own.values(), *quoted.values()])
        said |= {
            id_
            for id_, text in said_after(db, conversation, min(held))
            if search.repeats(text, lambda: words_of_people(db, conversation, set(own)))
        }
    return sorted(own.keys() | said), min(held | said, default=0)


def _quoted(db: sqlite3.Connection, conversation: int, message: str) -> dict[int, str]:
    """The turns of a conversation that quote a message, with what they quote of a person's words: not of the bot's."""
    found = db.execute(
        "SELECT t.id, t.quote, EXISTS (SELECT 1 FROM posts p CROSS JOIN inbox i ON i.id = p.inbox"
        "  WHERE p.message_id = t.quote_message"
        "  AND i.platform = c.platform AND i.space = c.space AND i.channel = c.channel)"
        " FROM turns t INDEXED BY turns_quoting CROSS JOIN conversations c ON c.id = t.conversation"
        " WHERE t.quote_message = ? AND t.conversation = ?",
        (message, conversation),
    )
    return {id_: "" if posted else to_quote(quote).words for id_, quote, posted in found}


def release(db: sqlite3.Connection, forgetting: Forgetting) -> None:
    """Owe a reply no more of which a message was deleted: it is not to be said once more."""
    db.executemany(
        "UPDATE inbox SET unsaid = 0, sentence = '' WHERE id IN (SELECT i.id FROM posts p"
        f" CROSS JOIN inbox i ON i.id = p.inbox WHERE p.message_id = ? AND {IN_CHANNEL})",
        [(message, *channel_of(forgetting.place)) for message in forgetting.messages or ()],
    )
