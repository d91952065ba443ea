"""Who may hear what, as SQL: scopes by their numbers, channels as they are now.

Each function is one transaction's work.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from memory.types import ADULT, Access, Audience, Channel, Visibility
from storage.sqlite.rows import to_text


@dataclass(frozen=True, slots=True)
class Heard:
    """A condition on rows with the columns `scope` and `channel`, true of what an audience may hear; and its values.

    Whatever it is true of is of the audience's platform and space, for a scope is of one.
    """

    sql: str
    values: tuple[str | int, ...]
    scopes: tuple[int, ...]


def scope_id(db: sqlite3.Connection, key: str) -> int:
    """The number of a scope, made where it has none yet."""
    found = db.execute("SELECT id FROM scopes WHERE key = ?", (key,)).fetchone()
    if found is None:
        found = db.execute("INSERT INTO scopes (key) VALUES (?) RETURNING id", (key,)).fetchone()
    return int(found[0])


def scope_ids(db: sqlite3.Connection, audience: Audience) -> tuple[int, ...]:
    """The numbers of the scopes that an audience hears; one that has none has no words either."""
    scopes = _scopes(db, audience)
    marks = ", ".join("?" * len(scopes))
    return tuple(row[0] for row in db.execute(f"SELECT id FROM scopes WHERE key IN ({marks}) ORDER BY id", scopes))


def _scopes(db: sqlite3.Connection, audience: Audience) -> tuple[str, ...]:
    """The scopes that it hears as its channel is now: everyone reads the reply where that was opened since it asked.

    Who is in a private thread of an open channel need never have been in that while it was private.
    """
    now = as_now(db, audience)
    place, access = now.place, now.access
    if not (access.enclosed and _is_open(db, audience)):
        return now.scopes
    closed = Access(Visibility.PRIVATE).scope(place)
    return tuple(scope for scope in now.scopes if scope.removesuffix(ADULT) != closed)


def as_now(db: sqlite3.Connection, audience: Audience) -> Audience:
    """An audience as its channel is known to be now, where that lets more people read than when it was asked there."""
    access = audience.access
    opened = not access.enclosed and access.visibility is Visibility.PRIVATE and _is_open(db, audience)
    visibility = Visibility.PUBLIC if opened else access.visibility
    restricted = access.restricted and _now(db, audience, "restricted") is not False
    return replace(audience, access=replace(access, visibility=visibility, restricted=restricted))


def _is_open(db: sqlite3.Connection, audience: Audience) -> bool:
    return _now(db, audience, "open") is True


def _now(db: sqlite3.Connection, audience: Audience, mark: Literal["open", "restricted"]) -> bool | None:
    """What is known of an audience's channel; nothing where that is unknown, as it is of direct messages."""
    place = audience.place
    found = db.execute(
        f"SELECT {mark} FROM channels WHERE platform = ? AND space = ? AND channel = ?",
        (place.platform, place.space, place.channel),
    ).fetchone()
    return None if found is None else bool(found[0])


def closed_channels(db: sqlite3.Connection, audience: Audience) -> tuple[str, ...]:
    """The channels of its space of which an audience hears nothing now, whatever it could have read then."""
    place = audience.place
    found = db.execute(
        "SELECT channel FROM channels WHERE (open = 0 OR restricted = 1) AND platform = ? AND space = ?"
        " AND channel <> ? AND (open = 0 OR NOT ?) ORDER BY channel",
        (place.platform, place.space, place.channel, as_now(db, audience).access.restricted),
    )
    return tuple(row[0] for row in found)


def heard(db: sqlite3.Connection, audience: Audience, row: str) -> Heard:
    """The condition for rows of a table or alias `row`: as it was then, and as it is now."""
    scopes = scope_ids(db, audience)
    then = f"{row}.scope IN ({', '.join('?' * len(scopes))})"
    if audience.narrow:
        return Heard(f"{then} AND {row}.channel = ?", (*scopes, audience.place.channel), scopes)
    closed = json.dumps(closed_channels(db, audience))  # one value, however many they are
    return Heard(f"{then} AND {row}.channel NOT IN (SELECT value FROM json_each(?))", (*scopes, closed), scopes)


def close_others(db: sqlite3.Connection, platform: str, channels: frozenset[str]) -> None:
    """See `Store.close_other_channels`."""
    ids = json.dumps(sorted(channels))
    db.execute(
        "UPDATE channels SET open = 0 WHERE platform = ? AND open = 1"
        " AND channel NOT IN (SELECT value FROM json_each(?))",
        (platform, ids),
    )
    # What was said before anything was known of its channel.
    db.execute(
        "INSERT INTO channels (platform, space, channel, name, open, restricted)"
        " SELECT DISTINCT c.platform, c.space, c.channel, '', 0, 0 FROM conversations c WHERE c.platform = ?"
        " AND (c.access IS NULL OR json_extract(c.access, '$[0]') = 'public')"
        " AND c.channel NOT IN (SELECT value FROM json_each(?)) ON CONFLICT DO NOTHING",
        (platform, ids),
    )


def narrow_channel(db: sqlite3.Connection, channel: Channel) -> None:
    """Note what a message says of its channel, as far as fewer can read it than was known.

    It may come late, when the platform has told the newer.
    """
    db.execute(
        "INSERT INTO channels (platform, space, channel, name, open, restricted) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET open = MIN(open, excluded.open), restricted = MAX(restricted, excluded.restricted)"
        " WHERE open > excluded.open OR restricted < excluded.restricted",
        (channel.platform, channel.space, channel.channel, to_text(channel.name), channel.open, channel.restricted),
    )


def note_channels(db: sqlite3.Connection, channels: Sequence[Channel]) -> None:
    """See `Store.note_channels`; a channel without a name keeps the one that is known."""
    db.executemany(
        "INSERT INTO channels (platform, space, channel, name, open, restricted) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET open = excluded.open, restricted = excluded.restricted,"
        " name = CASE excluded.name WHEN '' THEN name ELSE excluded.name END"
        " WHERE open <> excluded.open OR restricted <> excluded.restricted OR name <> excluded.name",
        [(one.platform, one.space, one.channel, to_text(one.name), one.open, one.restricted) for one in channels],
    )


def channel_name(db: sqlite3.Connection, platform: str, space: str, channel: str) -> str:
    """The name of a channel as people see it; empty where it has none or it is not known."""
    found = db.execute(
        "SELECT name FROM channels WHERE platform = ? AND space = ? AND channel = ?", (platform, space, channel)
    ).fetchone()
    return "" if found is None else str(found[0])
