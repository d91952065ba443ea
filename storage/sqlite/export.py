"""All that is kept about one person, as JSON: read beside the process that serves the database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from errors import StorageUnavailable
from storage.archive import Archive, Original
from storage.migrate import latest
from storage.sqlite.files import demand_there, look_at, reading
from storage.sqlite.rows import EPOCH, Row, to_moment
from storage.sqlite.spending import DAY

Entry = dict[str, object]
"""An object of the export; its keys are what a person reads."""

_PLACE = "c.platform, c.space, c.channel, c.thread"
_OF = "c.platform = :platform AND {column} = :user"


def export(path: Path, archive: Archive | None, platform: str, user: str) -> str:
    """Everything about a person, in the tables and in the archive, as JSON.

    `messages` are what he wrote, those that wait too, `answers` what the bot answered him. `received` is what came from
    him besides, commands and what has expired: that it came is kept, so that it is not taken in twice, and of its words
    no more than the archive has. `summaries` are those of conversations in which nobody else spoke: others hold other
    people's words. `quoted` is what others quoted of him. Times are ISO 8601 in UTC.
    Raises: StorageUnavailable, DatabaseUnusable.
    """
    demand_there(path)
    look_at(path)
    who = {"platform": platform, "user": user}
    with reading(path) as db:
        db.execute("BEGIN")  # one snapshot for all of it
        if db.execute("PRAGMA user_version").fetchone()[0] < latest("sqlite"):
            raise StorageUnavailable(f"{path}: made by an earlier Threadkeeper", "start this one on it once")
        found: dict[str, object] = {
            "user": f"{platform}:{user}",
            "messages": [*_messages(db, who), *_waiting(db, who)],
            "received": list(_received(db, who)),
            "answers": list(_answers(db, who)),
            "quoted": list(_quotations(db, who)),
            "facts": list(_facts(db, who)),
            "summaries": list(_summaries(db, who)),
            "usage": list(_usage(db, who)),
            "spending": list(_spending(db, who)),
            "forgotten_until": list(_watermarks(db, who)),
        }
    archived = [] if archive is None else [each for each in archive.read() if each.conversation.platform == platform]
    found["archived_messages"] = [_from_original(each) for each in archived if each.turn.author == user]
    found["archived_answers"] = [_from_original(each) for each in archived if each.answers == user]
    return json.dumps(found, ensure_ascii=False, indent=2)


def _messages(db: sqlite3.Connection, who: dict[str, str]) -> Iterator[Entry]:
    sql = (
        f"SELECT {_PLACE}, t.sent_at, t.message_id, t.author_name, t.text, t.visibility, t.attachments, t.quote"
        " FROM turns t JOIN conversations c ON c.id = t.conversation"
        f" WHERE {_OF.format(column='t.author')} ORDER BY t.id"
    )
    for row in db.execute(sql, who):
        name, text, visibility, attachments, quote = row[6:]
        yield {
            **_at(row),
            "name": name,
            "text": text,
            "visibility": visibility,
            "attachments": json.loads(attachments) if attachments else [],
            "quotes": json.loads(quote) if quote else None,
        }


def _waiting(db: sqlite3.Connection, who: dict[str, str]) -> Iterator[Entry]:
    sql = (
        "SELECT c.platform, c.space, c.channel, c.thread, c.sent_at, c.message_id, c.author_name, c.text, c.visibility,"
        f" c.extras FROM inbox c WHERE {_OF.format(column='c.author')} AND c.state = 'waiting' ORDER BY c.id"
    )
    for row in db.execute(sql, who):
        name, text, visibility, extras = row[6:]
        yield {
            **_at(row),
            "name": name,
            "text": text,
            "visibility": visibility,
            "extras": json.loads(extras) if extras else None,
            "waits": True,
        }


def _received(db: sqlite3.Connection, who: dict[str, str]) -> Iterator[Entry]:
    """The tombstones that bear his id, but for those of what is still there as a turn."""
    sql = (
        "SELECT c.platform, c.space, c.channel, c.thread, c.sent_at, c.message_id, c.author_name, c.decision"
        f" FROM inbox c WHERE {_OF.format(column='c.author')} AND c.state = 'settled' AND NOT EXISTS"
        " (SELECT 1 FROM turns t CROSS JOIN conversations v ON v.id = t.conversation WHERE t.message_id = c.message_id"
        " AND t.author = c.author AND (v.platform, v.space, v.channel) = (c.platform, c.space, c.channel))"
        " ORDER BY c.id"
    )
    for row in db.execute(sql, who):
        name, decision = row[6:]
        yield {**_at(row), "name": name, "command": decision == "command"}


def _answers(db: sqlite3.Connection, who: dict[str, str]) -> Iterator[Entry]:
    sql = (
        f"SELECT {_PLACE}, t.sent_at, t.message_id, t.text FROM turns t JOIN conversations c ON c.id = t.conversation"
        f" WHERE {_OF.format(column='t.answers')} ORDER BY t.id"
    )
    return ({**_at(row), "text": row[6]} for row in db.execute(sql, who))


def _quotations(db: sqlite3.Connection, who: dict[str, str]) -> Iterator[Entry]:
    sql = (
        f"SELECT {_PLACE}, t.sent_at, t.message_id, t.quote FROM turns t JOIN conversations c ON c.id = t.conversation"
        f" WHERE {_OF.format(column='t.quote_author')} ORDER BY t.id"
    )
    return ({**_at(row), "quote": json.loads(row[6])[3]} for row in db.execute(sql, who))


def _facts(db: sqlite3.Connection, who: dict[str, str]) -> Iterator[Entry]:
    sql = (
        "SELECT c.platform, c.space, c.channel, c.thread, c.said_at, c.message_id, c.number, c.slot, c.value, c.quote,"
        f" c.visibility FROM facts c WHERE {_OF.format(column='c.user')} AND c.value <> '' ORDER BY c.number, c.id"
    )
    for row in db.execute(sql, who):
        number, slot, value, quote, visibility = row[6:]
        fact = {"number": number, "slot": slot, "value": value, "quote": quote, "visibility": visibility}
        yield {**_at(row), **fact}


def _summaries(db: sqlite3.Connection, who: dict[str, str]) -> Iterator[Entry]:
    """Of conversations where he spoke and, as far as the tombstones and turns tell, nobody else ever did."""
    sql = (
        f"SELECT {_PLACE}, s.made_at, '', s.version, s.text FROM summaries s JOIN conversations c"
        " ON c.id = s.conversation WHERE c.platform = :platform"
        " AND EXISTS (SELECT 1 FROM inbox i WHERE i.conversation = c.id AND i.author = :user)"
        " AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.conversation = c.id AND i.author NOT IN ('', :user))"
        " AND NOT EXISTS (SELECT 1 FROM turns t WHERE t.conversation = c.id AND t.author NOT IN ('', :user))"
        " ORDER BY c.id, s.version"
    )
    return ({**_at(row), "version": row[6], "text": row[7]} for row in db.execute(sql, who))


def _usage(db: sqlite3.Connection, who: dict[str, str]) -> Iterator[Entry]:
    sql = (
        f"SELECT {_PLACE}, u.at, '', u.purpose, u.model, u.prompt_tokens, u.completion_tokens FROM usage u"
        f" JOIN conversations c ON c.id = u.conversation WHERE {_OF.format(column='u.author')} ORDER BY u.id"
    )
    for row in db.execute(sql, who):
        purpose, model, prompt, completion = row[6:]
        taken = {"purpose": purpose, "model": model, "prompt_tokens": prompt, "completion_tokens": completion}
        yield {**_at(row), **taken}


def _spending(db: sqlite3.Connection, who: dict[str, str]) -> Iterator[Entry]:
    sql = "SELECT day, tokens FROM spending WHERE scope = 'user' AND key = :platform || ':' || :user ORDER BY day"
    return ({"day": (EPOCH + day * DAY).date().isoformat(), "tokens": tokens} for day, tokens in db.execute(sql, who))


def _watermarks(db: sqlite3.Connection, who: dict[str, str]) -> Iterator[Entry]:
    sql = f"SELECT {_PLACE}, c.at FROM watermarks c WHERE {_OF.format(column='c.user')} ORDER BY c.at"
    return ({"place": _place(row), "at": to_moment(row[4]).isoformat()} for row in db.execute(sql, who))


def _at(row: Row) -> Entry:
    """Where and when, from the first six columns of a row."""
    entry: Entry = {"place": _place(row), "at": to_moment(row[4]).isoformat()}
    return {**entry, "message_id": row[5]} if row[5] else entry


def _place(row: Sequence[str]) -> dict[str, str]:
    return dict(zip(("platform", "space", "channel", "thread"), row[:4], strict=True))


def _from_original(original: Original) -> Entry:
    where, turn = original.conversation, original.turn
    return {
        "place": _place((where.platform, where.space, where.channel, where.thread)),
        "at": turn.sent_at.isoformat(),
        "message_id": turn.message_id,
        "name": turn.author_name,
        "text": turn.text,
    }
