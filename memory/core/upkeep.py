"""What has to be done now and then: purging what has expired, its gist folded before, and cleaning the files.

1. What is about to expire is folded a day ahead, so that its summary stays when it goes, at its time.
2. What could not be folded by then is held back until that was tried three times since the start, and not longer: who
   has promised that messages go after so many days keeps that promise also when the model is down.
3. Where no summary is made, nothing is held back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from errors import StorageError
from memory.forgetting import SCRUB_AT_ONCE_BYTES
from memory.ports import Clock, Store
from memory.types import Conversation, CoreSettings

log = logging.getLogger(__name__)

QUIET_SECONDS = 60.0
"""A database is cleaned of what was forgotten when no lane has run for so long."""

LONGEST_WAIT_SECONDS = 600.0
"""How long quiet is waited for before what has expired is purged all the same, and a small database cleaned."""

LARGE_EVERY = timedelta(hours=1)
"""A large database is cleaned so often at most: every word of it is written anew for that, and people delete daily."""

AHEAD = timedelta(days=1)
"""How long before it expires something is folded (rule 1), or a quarter of its time where that is shorter."""

TRIES = 3
"""Tries after which a conversation is held back no longer (rule 2); 60 and 300 seconds lie between them."""

FOLDED_AT_ONCE = 50
"""Conversations that are folded in one go, one by one, before anything is purged."""


class Folds(Protocol):
    """What upkeep needs of folding."""

    def may_begin(self, conversation: Conversation) -> bool:
        """Whether no fold is under way there and the last failure lies far enough behind."""
        ...

    async def fold_in_background(self, conversation: Conversation, through: int = 0) -> None:
        """Fold up to a turn; a failure is logged."""
        ...


class Upkeep:
    """Keeps what is stored in bounds; `quiet_for` tells the seconds since a lane has run, `large` is in bytes."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: CoreSettings,
        folding: Folds,
        quiet_for: Callable[[], float],
        large: int = SCRUB_AT_ONCE_BYTES,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ttl = timedelta(days=settings.ttl_days)
        self._summaries_ttl = timedelta(days=settings.forget_summaries_after_days)
        self._folds = settings.strategy == "summary"
        self._folding = folding
        self._quiet_for = quiet_for
        self._large = large
        self._cleaned_at: datetime | None = None
        self._tries: dict[Conversation, int] = {}

    async def run_for_ever(self) -> None:
        """Purge and clean at once what an earlier run left, then whenever no lane runs, or after a while."""
        quiet = True
        while True:
            await self.run_once(quiet=quiet)
            await asyncio.sleep(QUIET_SECONDS)
            waited = QUIET_SECONDS
            while not (quiet := self._quiet_for() >= QUIET_SECONDS) and waited < LONGEST_WAIT_SECONDS:
                await asyncio.sleep(1)
                waited += 1

    async def run_once(self, *, quiet: bool = True) -> None:
        """Purge what has expired and clean the files, large ones only when it is quiet and seldom; raises nothing."""
        try:
            await self._purge()
        except StorageError as exc:
            log.warning("purge failed", exc_info=exc)
        except Exception:
            log.exception("purge failed")
        try:
            if not await self._store.scrub(at_most=self._large) and quiet and self._may_clean_large():
                self._cleaned_at = self._clock()
                await self._store.scrub()
        except StorageError as exc:
            log.warning("scrub failed", exc_info=exc)
        except Exception:
            log.exception("scrub failed")

    async def _purge(self) -> None:
        """Purge originals, then summaries and facts. Raises: StorageError."""
        now = self._clock()
        if self._ttl:
            held = await self._fold_expiring(now) if self._folds else frozenset[Conversation]()
            if purged := await self._store.prune(now - self._ttl, held):
                log.info("purged", extra={"turns": purged})
        if self._summaries_ttl and (gone := await self._store.prune_summaries(now - self._summaries_ttl)):
            log.info("summaries and facts forgotten", extra={"number": gone})

    async def _fold_expiring(self, now: datetime) -> frozenset[Conversation]:
        """Fold what expires soon; return the conversations whose turns are held back."""
        due = await self._store.expiring(now - self._ttl + min(AHEAD, self._ttl / 4))
        waiting = [each for each in due if self._folding.may_begin(each)]
        for conversation in sorted(waiting, key=lambda each: self._tries.get(each, 0))[:FOLDED_AT_ONCE]:
            self._tries[conversation] = self._tries.get(conversation, 0) + 1
            await self._folding.fold_in_background(conversation, due[conversation])
        left = await self._store.expiring(now - self._ttl)
        given_up = [conversation for conversation in left if self._tries.get(conversation, 0) >= TRIES]
        if given_up:
            log.error("purged without a summary", extra={"conversations": len(given_up)})
        self._tries = {each: tries for each, tries in self._tries.items() if each in due and each not in given_up}
        return frozenset(left).difference(given_up)

    def _may_clean_large(self) -> bool:
        """Whether the last cleaning is long past, or still to come: the clock was ahead then."""
        last = self._cleaned_at
        return last is None or not last <= self._clock() < last + LARGE_EVERY
