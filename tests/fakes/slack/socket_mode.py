"""The fake Socket Mode: websockets behind addresses that work once, and envelopes that are sent until acknowledged.

Source: https://docs.slack.dev/apis/events-api/using-socket-mode (hello, envelopes, acknowledging, disconnect) and
https://docs.slack.dev/apis/events-api#error-handling (three more tries: at once, after one minute, after five).
What happens while no connection stands is tried again likewise: https://github.com/vercel/chat/issues/666.
`retry_attempt` 0 with an empty reason on the first try, "timeout" on others:
https://github.com/slackapi/python-slack-events-api/issues/93.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from tests.fakes.changes import Changes
from tests.fakes.slack.wire import JsonObject, mapping, text

MAX_CONNECTIONS = 10
PING_SECONDS = 10.0
"""How often the server pings; how often Slack does is not documented."""

DEBUG_INFO = {"host": "applink-fake", "build_number": 1, "approximate_connection_time": 18060}
Answered = Callable[[JsonObject], None]


@dataclass(frozen=True, slots=True)
class Ack:
    """An acknowledgement; `at` is `time.monotonic()`, `in_time` whether it came before the next try was due."""

    envelope_id: str
    at: float
    in_time: bool
    payload: JsonObject


@dataclass(slots=True)
class Connections:
    """How many addresses were given out and how many sockets were opened in all."""

    urls: int = 0
    opened: int = 0


@dataclass(slots=True)
class Envelope:
    """One try to deliver something; `answered` takes the payload that came with the acknowledgement."""

    answered: Answered | None
    acked: asyncio.Event = field(default_factory=asyncio.Event)
    open: bool = True


class Connection:
    """One websocket: what is to be sent waits in a queue, so that things can be sent without awaiting.

    A silent one sends nothing any more; it still answers pings, unless it is `dead`.
    """

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        self.socket = socket
        self.silent = False
        self.dead = False
        self._transport = transport
        self._outgoing: asyncio.Queue[str | None] = asyncio.Queue()

    def send(self, message: JsonObject) -> None:
        """Send a message."""
        self._outgoing.put_nowait(json.dumps(message))

    def send_text(self, text: str) -> None:
        """Send a text that need not be a message."""
        self._outgoing.put_nowait(text)

    def close(self) -> None:
        """Close properly, after what is still to be sent."""
        self._outgoing.put_nowait(None)

    def cut(self) -> None:
        """Tear the connection without a word."""
        if self._transport is not None:
            self._transport.abort()

    async def write(self) -> None:
        """Send what waits, and a ping from time to time, until the connection is closed."""
        with contextlib.suppress(ConnectionError):
            while True:
                try:
                    async with asyncio.timeout(PING_SECONDS):
                        message = await self._outgoing.get()
                except TimeoutError:
                    if not self.dead:
                        await self.socket.ping(b"Ping from fake")
                    continue
                if message is None:
                    await self.socket.close()
                    return
                if not self.silent:
                    await self.socket.send_str(message)


class SocketMode:
    """All connections of the app, and what is on its way to it.

    `ack_seconds` stands for Slack's three seconds, `retry_pauses` for its minutes, `url_seconds` for how long an
    address works. `refuse_connections` is how many sockets are still to be refused, `most_connections` how many may
    stand at once.
    """

    def __init__(self, app_id: str, changes: Changes) -> None:
        self.ack_seconds = 0.5
        self.retry_pauses: tuple[float, ...] = (0.0, 0.3, 1.0)
        self.url_seconds = 30.0
        self.refuse_connections = 0
        self.most_connections = MAX_CONNECTIONS
        self.expired_urls = 0
        self.connections = Connections()
        self.acks: list[Ack] = []
        self.given_up = 0
        self.takes_ack: Callable[[], bool] = lambda: True
        """Asked at every acknowledgement; one that it does not take is lost."""
        self._app_id = app_id
        self._changes = changes
        self._tickets: dict[str, float] = {}
        self._open: list[Connection] = []
        self._envelopes: dict[str, Envelope] = {}
        self._deliveries: set[asyncio.Task[None]] = set()

    @property
    def open(self) -> int:
        """How many connections stand right now."""
        return len(self._open)

    @property
    def outstanding(self) -> int:
        """How many things are on their way: not acknowledged, not given up."""
        return len(self._deliveries)

    def issue_ticket(self) -> str:
        """Make the secret of an address that works once, and only for some time."""
        ticket = uuid.uuid4().hex
        self.connections.urls += 1
        if self.expired_urls:
            self.expired_urls -= 1
        else:
            self._tickets[ticket] = time.monotonic()
        return ticket

    def deliver(
        self, kind: str, payload: object, answered: Answered | None = None, more: JsonObject | None = None
    ) -> None:
        """Send something to one of the connections; an event is tried four times, anything else once.

        `more` goes into the envelope. Source: only events have a `retry_attempt`
        (slack_sdk.socket_mode.request.SocketModeRequest).
        """
        task = asyncio.create_task(self._deliver(kind, payload, answered, more or {}))
        self._deliveries.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._deliveries.discard(task)
        self._changes.mark()

    async def _deliver(self, kind: str, payload: object, answered: Answered | None, more: JsonObject) -> None:
        retried = kind == "events_api"
        pauses = (0.0, *self.retry_pauses) if retried else (0.0,)
        for attempt, pause in enumerate(pauses):
            if pause:
                await asyncio.sleep(pause)
            message: JsonObject = {
                "envelope_id": str(uuid.uuid4()),
                "payload": payload,
                "type": kind,
                "accepts_response_payload": not retried,
            }
            if retried:
                message |= {"retry_attempt": attempt, "retry_reason": "timeout" if attempt else ""}
            if await self._send(message | more, answered):
                return
        self.given_up += 1

    async def _send(self, message: JsonObject, answered: Answered | None) -> bool:
        """Send an envelope over the connection whose turn it is; whether it is acknowledged in time."""
        envelope = self._envelopes[text(message, "envelope_id")] = Envelope(answered)
        if self._open:
            self._open.append(self._open.pop(0))
            self._open[-1].send(message)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.ack_seconds):
                await envelope.acked.wait()
        envelope.open = False
        return envelope.acked.is_set()

    def drop(self) -> None:
        """Cut every connection."""
        for connection in self._open:
            connection.cut()
        self._open.clear()

    def silence(self, *, pongs: bool) -> None:
        """Let the connections that stand send nothing any more, or with `pongs` nothing but answers to pings."""
        for connection in self._open:
            connection.silent = True
            connection.dead = not pongs

    def send_text(self, text: str) -> None:
        """Send a text on every connection."""
        for connection in self._open:
            connection.send_text(text)

    def ask_disconnect(self, reason: str, close_after: float) -> None:
        """Tell every connection that it will be closed, and close it after some seconds."""
        for connection in self._open:
            connection.send({"type": "disconnect", "reason": reason, "debug_info": DEBUG_INFO})
            asyncio.get_running_loop().call_later(close_after, connection.close)

    def stop(self) -> None:
        """Give up everything that is on its way."""
        for task in self._deliveries:
            task.cancel()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one websocket from hello to its end.

        A spent address is answered with 408 (seen in https://github.com/openclaw/openclaw/issues/69157), an eleventh
        connection with a disconnect message instead of a hello (https://github.com/slackapi/node-slack-sdk/issues/1654).
        """
        if self.refuse_connections:
            self.refuse_connections -= 1
            self._changes.mark()
            return web.Response(status=503)
        issued = self._tickets.pop(request.query.get("ticket", ""), None)
        if issued is None or time.monotonic() - issued > self.url_seconds:
            return web.Response(status=408)
        socket = web.WebSocketResponse(timeout=1.0, autoping=False)
        await socket.prepare(request)
        connection = Connection(socket, request.transport)
        writer = asyncio.create_task(connection.write())
        self._welcome(connection)
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._receive(message.data)
                elif message.type is WSMsgType.PING and not connection.dead:
                    await socket.pong(message.data)
        finally:
            writer.cancel()
            if connection in self._open:
                self._open.remove(connection)
            self._changes.mark()
        return socket

    def _welcome(self, connection: Connection) -> None:
        if len(self._open) >= self.most_connections:
            connection.send({"type": "disconnect", "reason": "too_many_websockets", "debug_info": DEBUG_INFO})
            connection.close()
            return
        self._open.append(connection)
        self.connections.opened += 1
        hello = {"type": "hello", "num_connections": self.open, "debug_info": DEBUG_INFO}
        connection.send({**hello, "connection_info": {"app_id": self._app_id}})
        self._changes.mark()

    def _receive(self, raw: str) -> None:
        try:
            message = mapping(json.loads(raw))
        except ValueError:
            return
        envelope = self._envelopes.get(text(message, "envelope_id"))
        if envelope is None or not self.takes_ack():
            return
        payload = dict(mapping(message.get("payload")))
        self.acks.append(Ack(text(message, "envelope_id"), time.monotonic(), envelope.open, payload))
        if envelope.open and not envelope.acked.is_set():
            envelope.acked.set()
            if envelope.answered is not None:
                envelope.answered(payload)
        self._changes.mark()
