"""What Slack withholds from an app that has had too many events: it says so, and never sends them."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from adapters.slack.places import PLATFORM
from adapters.slack.preflight import EVENTS_AT
from adapters.slack.wire import Json, number_at, text_at
from memory.ports import Connected

log = logging.getLogger(__name__)

WITHHELD_SECONDS: Final = 60.0
"""From when Slack says that it withholds events to when the minute that it speaks of is over for certain."""

_LIMITED: Final = "app_rate_limited"
"""What stands in the place of an event, once for every minute in which some are withheld.

That is beyond 30,000 in an hour from one workspace: https://docs.slack.dev/reference/events/app_rate_limited.
"""


class Withheld:
    """Has `connected` told that something was missed, so many seconds after Slack said so."""

    def __init__(self, connected: Connected, seconds: float = WITHHELD_SECONDS) -> None:
        self._connected = connected
        self._seconds = seconds
        self._waits: dict[int, asyncio.Task[None]] = {}

    def take(self, body: Json) -> bool:
        """Take in the body of an Events API request, and say whether it tells of a minute in which some are withheld.

        A minute that is told of again while it is waited for changes nothing.
        """
        if text_at(body, "type") != _LIMITED:
            return False
        minute = number_at(body, "minute_rate_limited")
        if minute not in self._waits:
            advice = f"if this lasts, subscribe to user_profile_changed in place of user_change at {EVENTS_AT}"
            log.warning("events withheld", extra={"platform": PLATFORM, "advice": advice})
            self._waits[minute] = asyncio.create_task(self._tell(minute))
        return True

    async def stop(self) -> None:
        """Wait for nothing any more."""
        waits = tuple(self._waits.values())
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)

    async def _tell(self, minute: int) -> None:
        try:
            await asyncio.sleep(self._seconds)
            await self._connected(missed=True)
        finally:
            del self._waits[minute]
