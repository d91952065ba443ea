"""Taking turns at calls of which Slack bears only so many a minute."""

from __future__ import annotations

import asyncio


class Pace:
    """Turns at one kind of call: `burst` of them at once after a rest, then one every `seconds`.

    So at most `burst + 60 / seconds` come in a minute.
    """

    def __init__(self, burst: int, seconds: float) -> None:
        self._seconds = seconds
        self._ahead = burst * seconds
        self._paid = 0.0

    async def turn(self) -> None:
        """Wait for the next turn; they come in the order in which they are asked for."""
        now = asyncio.get_running_loop().time()
        self._paid = max(self._paid, now) + self._seconds
        await asyncio.sleep(max(0.0, self._paid - now - self._ahead))
