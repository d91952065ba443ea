"""One Socket Mode connection: made with a fresh address, watched, and ended when it is refreshed, silent or dead."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from typing import Final

from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.failures import FAILURES, REACH, SILENT
from adapters.slack.places import PLATFORM
from adapters.slack.wire import id_at, text_at
from errors import PlatformUnreachable

log = logging.getLogger(__name__)

_CONNECT_SECONDS: Final = 10.0
"""How long Slack has to take the connection and to say hello."""

PING_SECONDS: Final = 5.0
"""From one ping to the next; without an answer for half as long aiohttp ends the connection, after four slack-sdk."""

_LOOK_SECONDS: Final = 1.0
"""How often a connection is looked at that has not said that it ends."""

_HANDLE_SECONDS: Final = 5.0
"""How long requests that came in have for being stored and acknowledged before their connection is closed."""

_CLOSE_SECONDS: Final = 2.0

LINK_DISABLED: Final = "link_disabled"
"""Why Slack ends the connection of an app whose Socket Mode was switched off.

https://docs.slack.dev/apis/events-api/using-socket-mode#disconnect.
"""


class Connection(SocketModeClient):
    """slack-sdk's client, for one connection and no more.

    By itself it would connect again, but only ever with the address that it has: once that has expired it is lost. So
    here it ends where it would do that, and whoever holds it makes another one. What Slack sends is read here too, for
    slack-sdk is silent about a frame that it can make nothing of, and Slack sends it again.
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
        self.reason = ""
        """Why Slack says that it will close the connection; empty until it does."""
        self._app = app
        self._greeted = asyncio.Event()
        self._over = asyncio.Event()
        self._handling: set[asyncio.Task[None]] = set()
        self.on_close_listeners.append(self._end)
        self.on_error_listeners.append(self._end)

    async def connect(self) -> None:
        """Connect once; slack-sdk's own would try the same address for ever.

        Raises: what aiohttp raises.
        """
        self.current_session = await self.aiohttp_client_session.ws_connect(
            self.wss_uri or "",
            autoping=False,
            heartbeat=self.ping_interval,
            proxy=self.proxy,
            max_msg_size=0,  # a frame too large would end the connection, and come again by the next one
        )
        self.current_session_monitor = asyncio.ensure_future(self.monitor_current_session())
        self.message_receiver = asyncio.ensure_future(self.receive_messages())

    async def start(self) -> None:
        """Connect and wait for Slack's hello; after that, events are being received.

        Raises: PlatformUnreachable.
        """
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await self.connect()
                await self._either(self._greeted, self._over)
        except FAILURES as exc:
            raise PlatformUnreachable(f"Socket Mode: {type(exc).__name__}", REACH) from exc
        if not self._greeted.is_set():
            raise PlatformUnreachable(f"Socket Mode: closed before hello {self.reason}".strip())

    @property
    def alive(self) -> bool:
        """Whether Slack has said hello and the connection still stands; a dead one counts for some seconds more."""
        session = self.current_session
        return self._greeted.is_set() and session is not None and not session.closed

    async def ended(self) -> None:
        """Wait until Slack has said that it ends, or it does not answer any more."""
        while not self._over.is_set() and await self.is_connected():
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._over.wait()

    async def shut(self) -> None:
        """Let what came in be acknowledged, then close, politely for a moment and then anyhow; twice does no harm."""
        if self._handling:
            await asyncio.wait(self._handling, timeout=_HANDLE_SECONDS)
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

    async def _end(self, _message: object) -> None:
        self._over.set()

    async def process_message(self) -> None:
        """Take the next frame, in slack-sdk's stead; one that is no JSON object is logged by type and dropped."""
        raw = await self.message_queue.get()
        if not raw.strip():  # Slack sends empty ones at times, says slack-sdk
            return
        try:
            frame = json.loads(raw)
        except (ValueError, RecursionError) as exc:
            _drop(type(exc).__name__)
            return
        if not isinstance(frame, dict):
            _drop(type(frame).__name__)
        elif frame.get("type") == "hello":
            self._greeted.set()
        elif frame.get("type") == "disconnect":
            self.reason = text_at(frame, "reason") or "disconnect"
            self._over.set()
        else:
            task = asyncio.create_task(self._handle(frame))
            self._handling.add(task)
            task.add_done_callback(self._handling.discard)

    async def _handle(self, frame: dict[str, object]) -> None:
        """Hand a request to Bolt and acknowledge it if Bolt says so, through the connection that it came by.

        What is no request, or cannot even be handed to Bolt, is acknowledged too: Slack would only send it again.
        """
        try:
            request = SocketModeRequest.from_dict(frame)
            response = None if request is None else await run_async_bolt_app(self._app, request)
        except Exception as exc:  # noqa: BLE001 - whatever a frame does to a library, the connection goes on
            _drop(type(exc).__name__)
            request = response = None
        with suppress(*FAILURES):  # where the connection is gone, Slack sends the request again
            if request is not None and response is not None:
                await send_async_response(self, request, response, 0.0)
            elif envelope_id := id_at(frame, "envelope_id"):
                await self.send_socket_mode_response(SocketModeResponse(envelope_id))


def _drop(error: str) -> None:
    log.warning("frame dropped", extra={"platform": PLATFORM, "error": error})
