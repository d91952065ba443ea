"""What a message that was deleted on the platform takes along."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from memory.types import Forgetting
from storage.sqlite.echoes import Echoes, words_of_people

_CHANNEL = "platform = ? AND space = ? AND channel = ?"

# Few rows have the id of a message, many stand in its channel; SQLite keeps the order of a CROSS JOIN.
_HOLDING = (
    f"SELECT conversation FROM inbox WHERE message_id = ? AND {_CHANNEL} AND state <> 'forgotten'",
    f"SELECT c.id FROM turns t CROSS JOIN conversations c ON c.id = conversation WHERE message_id = ? AND {_CHANNEL}",
    f"SELECT i.conversation FROM posts p CROSS JOIN inbox i ON i.id = p.inbox WHERE p.message_id = ? AND {_CHANNEL}",
)


def conversations_of(db: sqlite3.Connection, forgetting: Forgetting) -> list[int]:
    """The conversations that hold any of the deleted messages; most deletions concern none."""
    channel = _channel_of(forgetting)
    found: set[int] = set()
    for message in forgetting.messages:
        found |= {row[0] for sql in _HOLDING for row in db.execute(sql, (message, *channel))}
    return sorted(found)


def turns_of(
    db: sqlite3.Connection, conversation: int, messages: Sequence[str], echoes: Echoes
) -> tuple[list[int], int]:
    """The turns of deleted messages and of the bot that repeats them (`forgetting.py`, rule 6), and their first."""
    own: list[tuple[int, str]] = []
    said: set[int] = set()
    for message in messages:
        own += db.execute(
            "SELECT id, text FROM turns WHERE conversation = ? AND message_id = ? AND role = 'user'",
            (conversation, message),
        ).fetchall()
        said |= {
            row[0]
            for row in db.execute(
                "SELECT t.id FROM posts p CROSS JOIN inbox i ON i.id = p.inbox JOIN turns t ON t.id = i.answer"
                " WHERE p.message_id = ? AND i.conversation = ?",
                (message, conversation),
            )
        }
    if own:
        search, gone = echoes.of(conversation, [text for _, text in own]), {id_ for id_, _ in own}
        later = db.execute(
            "SELECT id, text FROM turns WHERE conversation = ? AND role = 'assistant' AND id > ?",
            (conversation, min(gone)),
        )
        said |= {id_ for id_, text in later if search.repeats(text, lambda: words_of_people(db, conversation, gone))}
    turns = sorted({id_ for id_, _ in own} | said)
    return turns, min(turns, default=0)


def release(db: sqlite3.Connection, forgetting: Forgetting) -> None:
    """Owe a reply no more of which a message was deleted: it is not to be said once more."""
    db.executemany(
        "UPDATE inbox SET unsaid = 0, sentence = '' WHERE id IN (SELECT i.id FROM posts p"
        f" CROSS JOIN inbox i ON i.id = p.inbox WHERE p.message_id = ? AND {_CHANNEL})",
        [(message, *_channel_of(forgetting)) for message in forgetting.messages],
    )


def _channel_of(forgetting: Forgetting) -> tuple[str, str, str]:
    place = forgetting.place
    return place.platform, place.space, place.channel
