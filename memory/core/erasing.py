"""What is deleted on a platform is forgotten: at once, or as soon as the disk lets it be."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import chain, repeat

from errors import StorageError
from memory.core.catching_up import PAUSES
from memory.core.early import EarlyChanges
from memory.core.tasks import Tasks
from memory.forgetting import find_echo
from memory.ports import Clock, Sleep, Store
from memory.types import Extent, Forgetting, Place, Recent

log = logging.getLogger(__name__)

LATER = timedelta(days=1)
"""By how much a platform's clock is ahead of ours at most."""


DUE = 10_000
"""Deletions that are remembered while the disk takes none, newest ones."""


class Erasing:
    """Follows deletions; `erased` is told what went."""

    def __init__(
        self,
        store: Store,
        early: EarlyChanges,
        tasks: Tasks,
        clock: Clock,
        sleep: Sleep,
        erased: Callable[[Extent], None],
    ) -> None:
        self._store = store
        self._early = early
        self._tasks = tasks
        self._clock = clock
        self._sleep = sleep
        self._erased = erased
        self._due = Recent[tuple[Place, tuple[str, ...] | None], Forgetting](DUE)
        self._retrying = False

    async def erase(self, place: Place, message_ids: Sequence[str]) -> None:
        """See `memory.ports.Erase`; what the disk does not take is tried again, for no platform says it twice."""
        if message_ids:
            await self._surely(self._deletion(place, message_ids))

    async def erase_noted(self, place: Place, posts: Sequence[str]) -> None:
        """Erase an answer of which a part was deleted before it was on disk, or noted that it stands there."""
        with suppress(StorageError):  # it is tried again
            await self.erase(place, [post for post in posts if self._early.is_erased(place, post)])

    async def erase_missed(self, place: Place, message_ids: Sequence[str]) -> None:
        """Erase what was found missing; what the disk does not take will be found missing again.

        Raises: StorageError.
        """
        await self._forget(self._deletion(place, message_ids))

    async def remove(self, place: Place) -> None:
        """See `memory.ports.Removed`; what comes in of the place hereafter is late, whatever its time."""
        await self._surely(Forgetting(place, self._clock() + LATER))

    def _deletion(self, place: Place, message_ids: Sequence[str]) -> Forgetting:
        self._early.erase(place, message_ids)
        return Forgetting(replace(place, thread=""), self._clock(), messages=tuple(message_ids))

    async def _surely(self, forgetting: Forgetting) -> None:
        """Forget now, or later.

        Raises: StorageError where it has to be later.
        """
        try:
            await self._forget(forgetting)
        except StorageError:
            self._due[forgetting.place, forgetting.messages] = forgetting
            if not self._retrying:
                self._retrying = True
                self._tasks.spawn(self._try_again())
            raise

    async def _try_again(self) -> None:
        """Forget what is due, in its order, after longer and longer pauses, until nothing is."""
        try:
            for pause in chain(PAUSES, repeat(PAUSES[-1])):
                await self._sleep(pause)
                await self._forget_due()
                if not self._due:
                    break
        finally:
            self._retrying = False

    async def _forget_due(self) -> None:
        for key, forgetting in list(self._due.items()):
            try:
                await self._forget(forgetting)
            except StorageError as exc:
                log.warning("not erased", extra={"deletions": len(self._due)}, exc_info=exc)
                return
            self._due.pop(key, None)

    async def _forget(self, forgetting: Forgetting) -> None:
        extent = await self._store.forget(forgetting, find_echo)
        if extent.touched:
            place = str(forgetting.place)
            log.info("erased", extra={"place": place, "turns": extent.turns, "waiting": extent.waiting})
            self._erased(extent)
