"""What has to be done to the files now and then: cleaning them of what was forgotten, purging what has expired."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from errors import StorageError
from memory.ports import Clock, Store

log = logging.getLogger(__name__)

QUIET_SECONDS = 60.0
"""A large database is cleaned of what was forgotten when no lane has run for so long."""


class Upkeep:
    """Keeps the files clean; `quiet_for` tells the seconds since a lane has run."""

    def __init__(self, store: Store, clock: Clock, ttl_days: int, quiet_for: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._ttl = timedelta(days=ttl_days)
        self._quiet_for = quiet_for

    async def run_for_ever(self) -> None:
        """Purge and clean at once what an earlier run left, then whenever no lane runs."""
        while True:
            try:
                if self._ttl and (purged := await self._store.prune(self._clock() - self._ttl)):
                    log.info("purged", extra={"turns": purged})
                await self._store.scrub()
            except StorageError as exc:
                log.warning("scrub failed", exc_info=exc)
            await asyncio.sleep(QUIET_SECONDS)
            while self._quiet_for() < QUIET_SECONDS:  # noqa: ASYNC110 - quiet is no event
                await asyncio.sleep(1)
