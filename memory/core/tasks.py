"""The tasks of the core: those that say something to people, which a drain waits for, and all others."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


class Tasks:
    """What runs beside the events; `draining` says that nothing new is to begin."""

    def __init__(self) -> None:
        self.draining = False
        self._saying: set[asyncio.Task[object]] = set()
        self._others: set[asyncio.Task[object]] = set()

    def spawn(self, work: Coroutine[None, None, T], *, says: bool = False) -> asyncio.Task[T]:
        """Begin something aside; `says` is for what ends in words that somebody waits for."""
        running = self._saying if says else self._others
        task = asyncio.create_task(work)
        running.add(task)
        task.add_done_callback(running.discard)
        return task

    async def drain(self, seconds: float) -> None:
        """Give what says something so long to end, then stop everything."""
        self.draining = True
        if self._saying:
            await asyncio.wait(self._saying, timeout=seconds)
        running = self._saying | self._others
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
