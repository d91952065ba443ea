"""Conversations that have rested for a while are read once for facts, so that short talks yield them too."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from errors import StorageError
from memory.core.folding import Folding
from memory.ports import Clock, Store

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
"""Seconds between two looks for conversations at rest."""

AT_ONCE = 20
"""Conversations that are read in one look, one after the other: nobody waits for it, and people come first."""

LOOKED_AT = 1000
"""Conversations among which those are sought: a failing one waits for its next try, and holds nobody else up."""


class Resting:
    """Finds what has rested and has it read; `minutes` is for how long nothing was said there."""

    def __init__(self, folding: Folding, store: Store, clock: Clock, minutes: int) -> None:
        self._folding = folding
        self._store = store
        self._clock = clock
        self._rest = timedelta(minutes=minutes)

    async def run_for_ever(self) -> None:
        """Look now and then; returns at once where nothing is to be read."""
        while self._folding.reads:
            await self.run_once()
            await asyncio.sleep(LOOK_SECONDS)

    async def run_once(self) -> None:
        """Read what has come to rest; raises nothing."""
        try:
            rested = await self._store.rested(self._clock() - self._rest, LOOKED_AT)
            due = [conversation for conversation in rested if self._folding.may_read(conversation)]
            for conversation in due[:AT_ONCE]:
                await self._folding.read_for_facts(conversation)
        except StorageError as exc:
            log.warning("could not look for rest", exc_info=exc)
        except Exception:
            log.exception("could not look for rest")
