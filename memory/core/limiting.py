"""Limits, awaited: what was spent is on disk, what is being spent and the last minute are in memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from errors import LimitReached
from memory.limits import ceilings, day_end, free_at, scope_over
from memory.phrases import write_pause, write_spent, write_too_small
from memory.ports import Clock, Store
from memory.types import Conversation, CoreSettings, Recent, Scope, Spent, Visibility, spenders

PEOPLE = 10_000
"""How many people's last minute is remembered; the one who was quiet longest is dropped first."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """Tokens that are kept for a call, of each of these scopes with its key."""

    keys: tuple[tuple[Scope, str], ...] = ()
    tokens: int = 0


class Limiting:
    """Says whether an answer may be made, and counts it."""

    def __init__(self, settings: CoreSettings, store: Store, clock: Clock) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._answered = Recent[str, Recent[int, datetime]](PEOPLE)
        self._reserved: Counter[tuple[Scope, str]] = Counter()

    def admit(self, conversation: Conversation, author: str, message: int) -> None:
        """Count one answer to somebody, to the message with this inbox id; one that is made again counts once.

        Raises: LimitReached, when he has had too many within a minute.
        """
        most = self._settings.messages_per_minute
        if not most:
            return
        now = self._clock()
        key = f"{conversation.platform}:{author}"
        answered = self._answered[key] = self._answered.get(key, Recent(most))
        if message in answered:
            return
        until = free_at(tuple(answered.values()), most, now)
        if until is not None:
            raise LimitReached("messages_per_minute", write_pause(most, (until - now).total_seconds()))
        answered[message] = now

    async def reserve(
        self, conversation: Conversation, author: str, visibility: Visibility, prompt_tokens: int
    ) -> Reservation:
        """Keep the tokens of a call for it, until it is released: by then what it took is on disk.

        Raises: LimitReached, StorageError.
        """
        limits = ceilings(self._settings)
        if not limits:
            return Reservation()
        keys = spenders(conversation, author, visibility)
        need = prompt_tokens + self._settings.max_reply_tokens
        spent = await self._store.spent(keys)
        over = scope_over(limits, spent, {scope: self._reserved[scope, key] for scope, key in keys.items()}, need)
        if over is not None:
            raise LimitReached(f"{over.value} tokens_per_day", self._write_over(over, limits[over], spent[over], need))
        reservation = Reservation(tuple(keys.items()), need)
        self._reserved.update(dict.fromkeys(reservation.keys, need))
        return reservation

    def _write_over(self, scope: Scope, limit: int, spent: Spent, need: int) -> str:
        if need > limit:
            return write_too_small(scope, limit, need)
        now = self._clock()
        return write_spent(scope, limit, limit - spent.tokens, (day_end(now) - now).total_seconds())

    def release(self, reservation: Reservation) -> None:
        """Give back what was kept for a call."""
        self._reserved.subtract(dict.fromkeys(reservation.keys, reservation.tokens))
        for key in reservation.keys:
            if self._reserved[key] <= 0:
                del self._reserved[key]
