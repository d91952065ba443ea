"""One Socket Mode connection: made with a fresh address, watched, and ended when it is refreshed, silent or dead."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.failures import FAILURES, SILENT
from errors import PlatformUnreachable

_CONNECT_SECONDS: Final = 10.0
"""How long Slack has to take the connection and to say hello."""

PING_SECONDS: Final = 5.0
"""From one ping to the next; without an answer for half as long aiohttp ends the connection, after four slack-sdk."""

_LOOK_SECONDS: Final = 1.0
"""How often a connection is looked at that has not said that it ends."""

_HANDLE_SECONDS: Final = 5.0
"""How long requests that came in have for being stored and acknowledged before their connection is closed."""

_CLOSE_SECONDS: Final = 2.0


class Connection(SocketModeClient):
    """slack-sdk's client, for one connection and no more.

    By itself it would connect again, but only ever with the address that it has: once that has expired it is lost. So
    here it ends where it would do that, and whoever holds it makes another one.
    """

    def __init__(self, web: AsyncWebClient, url: str, app: AsyncApp, ping_seconds: float = PING_SECONDS) -> None:
        super().__init__(
            app_token="",  # the address was asked for already
            logger=SILENT,
            web_client=web,
            auto_reconnect_enabled=False,
            ping_interval=ping_seconds,
        )
        self.wss_uri = url
        self._app = app
        self._greeted = asyncio.Event()
        self._over = asyncio.Event()
        self._handling = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.message_listeners.append(self._listen)
        self.socket_mode_request_listeners.append(self._handle)
        self.on_close_listeners.append(self._end)
        self.on_error_listeners.append(self._end)

    async def connect(self) -> None:
        """Connect once; slack-sdk's own would try the same address for ever.

        Raises: what aiohttp raises.
        """
        self.current_session = await self.aiohttp_client_session.ws_connect(
            self.wss_uri or "", autoping=False, heartbeat=self.ping_interval, proxy=self.proxy
        )
        self.current_session_monitor = asyncio.ensure_future(self.monitor_current_session())
        self.message_receiver = asyncio.ensure_future(self.receive_messages())

    async def connect_to_new_endpoint(self, force: bool = False) -> None:  # noqa: ARG002  slack-sdk's own signature
        """End: this is called when Slack says that it will close the connection."""
        self._over.set()

    async def start(self) -> None:
        """Connect and wait for Slack's hello; after that, events are being received.

        Raises: PlatformUnreachable.
        """
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await self.connect()
                await self._either(self._greeted, self._over)
        except FAILURES as exc:
            raise PlatformUnreachable(f"Socket Mode: {type(exc).__name__}") from exc
        if not self._greeted.is_set():
            raise PlatformUnreachable("Socket Mode: closed before hello")

    async def ended(self) -> None:
        """Wait until Slack has said that it ends, or it does not answer any more."""
        while not self._over.is_set() and await self.is_connected():
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._over.wait()

    async def shut(self) -> None:
        """Let what came in be acknowledged, then close, politely for a moment and then anyhow; twice does no harm."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_HANDLE_SECONDS):
                await self._idle.wait()
        tasks = [self.message_processor, self.current_session_monitor, self.message_receiver]
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self.close()  # type: ignore[no-untyped-call]  # slack-sdk leaves it untyped
        except FAILURES:
            await self.aiohttp_client_session.close()
        finally:
            running = [task for task in tasks if task is not None]
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _either(self, *events: asyncio.Event) -> None:
        waits = [asyncio.create_task(event.wait()) for event in events]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _listen(self, _client: object, message: dict[str, object], _raw: object = None) -> None:
        if message.get("type") == "hello":
            self._greeted.set()

    async def _end(self, _message: object) -> None:
        self._over.set()

    async def _handle(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        """Hand a request to Bolt and acknowledge it if Bolt says so, through the connection that it came by."""
        self._handling += 1
        self._idle.clear()
        try:
            response = await run_async_bolt_app(self._app, request)
            await send_async_response(client, request, response, 0.0)
        finally:
            self._handling -= 1
            if not self._handling:
                self._idle.set()
