"""How much the bot answers: messages a minute for a user, tokens a day for a user, a space and in all; pure.

1. A burst that is answered together counts once: what is counted are answers.
2. Tokens are reserved before a call, as many as its prompt has and its answer may have, and settled after it by what
   the server reports. So many calls at once cannot take together what none of them might have taken alone.
3. A day begins at midnight UTC. A limit that an admin lifted stays lifted until the day ends.
4. Direct messages are no server's or workspace's, so there the limit of a space does not count
   (`memory.types.spenders`).
5. A limit that is smaller than one answer needs is never free again: who asks is told so, and not to wait.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from memory.types import CoreSettings, Scope, Spent

MINUTE = timedelta(minutes=1)


def ceilings(settings: CoreSettings) -> dict[Scope, int]:
    """The daily limits that are set."""
    limits = {
        Scope.USER: settings.user_tokens_per_day,
        Scope.SPACE: settings.space_tokens_per_day,
        Scope.ALL: settings.tokens_per_day,
    }
    return {scope: limit for scope, limit in limits.items() if limit}


def scope_over(
    limits: Mapping[Scope, int], spent: Mapping[Scope, Spent], reserved: Mapping[Scope, int], need: int
) -> Scope | None:
    """The narrowest scope whose limit a call would pass that needs so many tokens; nothing when it may be made."""
    for scope in Scope:
        free = scope not in limits or scope not in spent or spent[scope].lifted
        if not free and spent[scope].tokens + reserved.get(scope, 0) + need > limits[scope]:
            return scope
    return None


def free_at(answered: Sequence[datetime], per_minute: int, now: datetime) -> datetime | None:
    """When somebody may be answered again who was answered at these times, oldest first; nothing when at once."""
    recent = [moment for moment in answered if now - MINUTE < moment <= now]
    return recent[-per_minute] + MINUTE if len(recent) >= per_minute else None


def day_end(now: datetime) -> datetime:
    """The next midnight, UTC."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
