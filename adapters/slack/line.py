"""The line to Slack: one connection that is always replaced, a new one made before the old one is closed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.connection import LINK_DISABLED, Connection
from adapters.slack.places import PLATFORM
from adapters.slack.preflight import APP_ADVICE, open_socket
from errors import PlatformUnreachable
from memory.ports import Connected

log = logging.getLogger(__name__)

PAUSES: Final = (0.0, 0.0, 1.0, 2.0, 5.0, 15.0, 30.0)
"""Seconds before a connection is replaced, by how many in a row came to nothing or soon broke: the first at once."""

_SOON: Final = 10.0
"""A connection that lasts less long than this counts as one that came to nothing; Slack refreshes one in an hour."""


class Line:
    """Keeps a connection open with `app` at its end, each with a fresh address; Slack never resumes one."""

    def __init__(self, web: AsyncWebClient, app_token: str, app: AsyncApp, pauses: Sequence[float] = PAUSES) -> None:
        self._web = web
        self._app_token = app_token
        self._app = app
        self._pauses = pauses
        self._open: list[Connection] = []

    @property
    def alive(self) -> bool:
        """Whether a connection stands that Slack has said hello on."""
        return any(connection.alive for connection in self._open)

    async def keep(self, connected: Connected) -> None:
        """Stay connected, until cancelled.

        Where Slack said that it would close a connection, and the next one stood before it did, nothing was missed:
        what was sent on the old one and not acknowledged comes again on the new.
        Raises: PlatformMisconfigured, PlatformUnreachable; the latter only while there has been no connection yet.
        """
        clock = asyncio.get_running_loop().time
        troubles = 0
        missed = True
        try:
            await self._connect()
            while True:
                since, connection = clock(), self._open[-1]
                log.info("ready", extra={"platform": PLATFORM})
                await connected(missed=missed)
                await connection.ended()
                _tell_why(connection.reason)
                troubles = await self._connect_again(troubles + 1 if clock() - since < _SOON else 0)
                missed = not (connection.reason and connection.alive)
                await connection.shut()
                self._open.remove(connection)
        finally:
            await asyncio.gather(*(connection.shut() for connection in self._open))
            self._open.clear()

    async def _connect_again(self, troubles: int) -> int:
        """Open another connection, however long that takes, and return how many tries have come to nothing by now.

        Raises: PlatformMisconfigured.
        """
        while True:
            pause = self._pauses[min(troubles, len(self._pauses) - 1)]
            log.info("connecting again", extra={"platform": PLATFORM, "after_seconds": pause})
            await asyncio.sleep(pause)
            try:
                await self._connect()
            except PlatformUnreachable as exc:
                troubles += 1
                log.warning("not connected", extra={"platform": PLATFORM, "why": str(exc)})
            else:
                return troubles

    async def _connect(self) -> None:
        """Open one more connection, with an address of its own.

        Raises: PlatformMisconfigured, PlatformUnreachable.
        """
        connection = Connection(self._web, await open_socket(self._web, self._app_token), self._app)
        self._open.append(connection)
        try:
            await connection.start()
        except PlatformUnreachable:
            await connection.shut()
            self._open.remove(connection)
            raise


def _tell_why(reason: str) -> None:
    """Log why Slack ends a connection, and what to do where it will take no other one."""
    if reason == LINK_DISABLED:
        log.warning("Socket Mode is off", extra={"platform": PLATFORM, "advice": APP_ADVICE})
    else:
        log.info("connection ends", extra={"platform": PLATFORM, "why": reason or "it broke"})
