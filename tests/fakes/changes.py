"""Waiting for something to become true, looked at again whenever anything happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Changes:
    """The pulse of a fake: `mark` after every change, `until` to wait for the one that matters."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def mark(self) -> None:
        """Say that something happened."""
        happened, self._next = self._next, asyncio.Event()
        happened.set()

    async def until(self, condition: Callable[[], bool], timeout: float) -> bool:  # noqa: ASYNC109 - the caller's wish
        """Wait until the condition holds; false where it still does not after `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                while not condition():
                    await self._next.wait()
        except TimeoutError:
            return condition()
        return True
