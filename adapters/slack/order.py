"""Keeps the order of a channel's events, although each is looked into beside the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Order:
    """The events under way in each channel, in the order in which they came.

    slack-sdk hands every event to a task of its own, so that what was said first could be stored last: looking up whom
    it names may take a second.
    """

    def __init__(self) -> None:
        self._last: dict[str, asyncio.Event] = {}

    @asynccontextmanager
    async def place(self, channel: str) -> AsyncIterator[asyncio.Event]:
        """Take the next place in a channel; wait for the event that is given before doing what has to be in order."""
        before, done = self._last.get(channel), asyncio.Event()
        if before is None:
            before = asyncio.Event()
            before.set()
        self._last[channel] = done
        try:
            yield before
        finally:
            done.set()
            if self._last.get(channel) is done:
                del self._last[channel]
