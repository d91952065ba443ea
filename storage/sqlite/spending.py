"""What was spent: tokens a day for a user, a space and in all."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta

from memory.types import Conversation, Scope, Spent, Usage, Visibility, spenders
from storage.sqlite.rows import EPOCH

DAY = timedelta(days=1)


def spend(
    db: sqlite3.Connection,
    conversation: Conversation,
    author: str,
    visibility: Visibility,
    usage: Usage,
    now: datetime,
) -> None:
    """Add one model call to its user, its space and the whole; a fold is nobody's own.

    Where the server reports nothing, the prompt counts as it was counted here.
    """
    tokens = (usage.prompt_tokens or usage.counted) + usage.completion_tokens
    db.executemany(
        "INSERT INTO spending (day, scope, key, tokens) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (day, scope, key) DO UPDATE SET tokens = tokens + excluded.tokens",
        [(_day(now), scope, key, tokens) for scope, key in spenders(conversation, author, visibility).items()],
    )


def spent(db: sqlite3.Connection, keys: Mapping[Scope, str], now: datetime) -> Mapping[Scope, Spent]:
    """See `Store.spent`."""
    found = {}
    for scope, key in keys.items():
        row = db.execute(
            "SELECT tokens, lifted FROM spending WHERE day = ? AND scope = ? AND key = ?", (_day(now), scope, key)
        ).fetchone()
        found[scope] = Spent(row[0], bool(row[1])) if row else Spent()
    return found


def lift(db: sqlite3.Connection, scope: Scope, key: str, now: datetime) -> None:
    """See `Store.lift`."""
    db.execute(
        "INSERT INTO spending (day, scope, key, lifted) VALUES (?, ?, ?, 1)"
        " ON CONFLICT (day, scope, key) DO UPDATE SET lifted = 1",
        (_day(now), scope, key),
    )


def count_spender(db: sqlite3.Connection, platform: str, user: str, now: datetime) -> int:
    """On how many days that `forget_spender` would forget a user spent anything."""
    return int(
        db.execute(
            "SELECT COUNT(*) FROM spending WHERE day < ? AND scope = ? AND key = ?",
            (_day(now), Scope.USER, f"{platform}:{user}"),
        ).fetchone()[0]
    )


def forget_spender(db: sqlite3.Connection, platform: str, user: str, now: datetime) -> int:
    """Forget what a user spent on earlier days, and return on how many; today's limit still holds for him."""
    return db.execute(
        "DELETE FROM spending WHERE day < ? AND scope = ? AND key = ?", (_day(now), Scope.USER, f"{platform}:{user}")
    ).rowcount


def _day(now: datetime) -> int:
    return (now - EPOCH) // DAY
