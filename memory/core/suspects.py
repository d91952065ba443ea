"""What may have brought an earlier run of the process down: taken up one at a time, so that no innocent is counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from memory.types import Waiting

DEADLY = 3
"""Attempts after which a message, or the saying of its reply, is held to have brought the process down each time."""


class Suspects:
    """Lets one suspect after the other be taken up, and everything else at once."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()

    @asynccontextmanager
    async def alone(self, waiting: Sequence[Waiting]) -> AsyncIterator[AsyncExitStack]:
        """Take up messages, or what is owed to them: alone where an earlier run died over any of them.

        Close the yielded stack early to let the next suspect start, for instance while waiting for a platform.
        """
        async with AsyncExitStack() as stack:
            if any(each.attempts > 0 for each in waiting):
                await stack.enter_async_context(self._one)
            yield stack
