"""A bad network between the bot and one far end: it delays, loses, cuts, duplicates and reorders, driven by a seed.

    async with Proxy(slack.address, Weather(lost=0.05, unanswered=0.05), seed=1, is_event=is_slack_event) as proxy:
        …                          # give the bot http://{proxy.address}/… instead of the fake's address

What a network cannot do does not happen here. An HTTP request is late, or lost before the far end has seen it, or its
answer is lost; an answer that is streamed may break off. What comes over a websocket may be late, and the websocket
may break and take with it what was on its way. That a far end tells of something twice, or of two things in the other
order, is its doing and not the network's, but only here is it cheap to play: it concerns events alone, never what
opens a connection. The far end's address is replaced by the proxy's wherever an answer or a message names it, so that
no connection goes by another way.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientWebSocketResponse,
    TCPConnector,
    WSMessage,
    WSMsgType,
    WSServerHandshakeError,
    web,
)
from yarl import URL

from tests.fakes.changes import Changes
from tests.fakes.listening import Listening

HOLD_SECONDS = 0.1
"""How long an event waits for another one to come before it."""

BROKEN = 4000
"""How a websocket is closed to the far end that broke on the way to the bot; not with 1000 or 1001, which say goodbye:
https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes."""

OF_ONE_HOP = frozenset({"host", "connection", "content-length", "transfer-encoding", "date", "server"})
"""Headers that belong to a connection and not to what goes over it."""


@dataclass(frozen=True, slots=True)
class Weather:
    """How likely each fault is, from 0 to 1, and how many seconds something that is late takes at most.

    Of requests: `lost` before the effect, `unanswered` after it, `broken` while the answer is streamed. Of events on a
    websocket: told `twice`, `swapped` with the next one, `cut` off with the whole connection. Of both: `late`.
    """

    late: float = 0.0
    seconds: float = 0.1
    lost: float = 0.0
    unanswered: float = 0.0
    broken: float = 0.0
    twice: float = 0.0
    swapped: float = 0.0
    cut: float = 0.0


def is_discord_event(message: str) -> bool:
    """Whether a message of Discord's gateway tells of something said, changed or deleted."""
    return str(json.loads(message).get("t")).startswith("MESSAGE_")


def is_slack_event(message: str) -> bool:
    """Whether a message of Slack's Socket Mode is an envelope, and no greeting or farewell."""
    return "envelope_id" in json.loads(message)


class Proxy(Listening):
    """The network before the far end at `target` (host and port); an async context manager.

    `faults` counts what has happened, by the names in `Weather`. The weather may be changed at any time.
    """

    notices_leaving = True

    def __init__(
        self, target: str, weather: Weather, *, seed: int = 0, is_event: Callable[[str], bool] = lambda _: False
    ) -> None:
        super().__init__(Changes())
        self.weather = weather
        self.faults: Counter[str] = Counter()
        self._target = target
        self._is_event = is_event
        self._chance = random.Random(seed)  # noqa: S311 - seeded random is the point
        self._requests: list[str] = []
        self._session: ClientSession | None = None

    def web_app(self) -> web.Application:
        """See `Listening.web_app`."""
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/{rest:.*}", self._pass_on)
        return app

    def asked(self) -> list[str]:
        """See `Listening.asked`."""
        return self._requests

    async def up(self) -> None:
        """See `Listening.up`."""
        # Each request has a connection of its own: on one that is used again, aiohttp would send a GET again unasked.
        self._session = ClientSession(connector=TCPConnector(force_close=True), auto_decompress=False)
        await super().up()

    async def down(self) -> None:
        """See `Listening.down`."""
        await super().down()
        if self._session is not None:
            await self._session.close()

    def _strikes(self, fault: str, likelihood: float) -> bool:
        """Let a fault happen or not; every question takes one number of the seed's, whatever comes of it."""
        struck = self._chance.random() < likelihood
        self.faults[fault] += struck
        return struck

    async def _delay(self) -> None:
        if self._strikes("late", self.weather.late):
            await asyncio.sleep(self._chance.random() * self.weather.seconds)

    def _renamed(self, text: str) -> str:
        return text.replace(f"//{self._target}", f"//{self.address}")

    # -- requests

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        self._requests.append(f"{request.method} {request.path}")
        self._changes.mark()
        if self._session is None:
            return hang_up(request)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._join(request, self._session)
        lost = self._strikes("lost", self.weather.lost)
        unanswered = not lost and self._strikes("unanswered", self.weather.unanswered)
        await self._delay()
        if lost:
            return hang_up(request)
        url = URL(f"http://{self._target}{request.raw_path}", encoded=True)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in OF_ONE_HOP}
        try:
            async with self._session.request(
                request.method, url, headers=headers, data=await request.read(), allow_redirects=False
            ) as answer:
                if answer.content_type == "text/event-stream":
                    return await self._stream(request, answer)
                body = await answer.read()
        except (ClientError, ConnectionError):
            return hang_up(request)
        if unanswered:
            return hang_up(request)
        if answer.content_type == "application/json":
            body = self._renamed(body.decode()).encode()
        return web.Response(status=answer.status, headers=headers_of(answer), body=body)

    async def _stream(self, request: web.Request, answer: ClientResponse) -> web.StreamResponse:
        """Hand on an answer as it comes; it breaks off before a chunk of it, the last one too."""
        response = web.StreamResponse(status=answer.status, headers=headers_of(answer))
        await response.prepare(request)
        async for chunk in answer.content.iter_any():
            if self._strikes("broken", self.weather.broken):
                return hang_up(request)
            await self._delay()
            await response.write(chunk)
        return response

    # -- websockets

    async def _join(self, request: web.Request, session: ClientSession) -> web.StreamResponse:
        """Join the bot's websocket and one to the far end, uncompressed, until either of them ends."""
        url = URL(f"ws://{self._target}{request.raw_path}", encoded=True).without_query_params("compress")
        try:
            far = await session.ws_connect(url, autoping=False, max_msg_size=0)
        except WSServerHandshakeError as refusal:
            return web.Response(status=refusal.status)
        except (ClientError, OSError):
            return hang_up(request)
        near = web.WebSocketResponse(autoping=False, timeout=1.0, max_msg_size=0)
        await near.prepare(request)
        ways = [asyncio.create_task(self._inward(request, near, far)), asyncio.create_task(self._outward(near, far))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            await far.close(code=near.close_code or BROKEN)
            await near.close(code=far.close_code or BROKEN)
        return near

    async def _outward(self, near: web.WebSocketResponse, far: ClientWebSocketResponse) -> None:
        """Hand on what the bot says."""
        async for message in near:
            await hand_on(message, far)

    async def _inward(self, request: web.Request, near: web.WebSocketResponse, far: ClientWebSocketResponse) -> None:
        """Hand on what the far end says; events in such weather as there is."""
        waiting: WSMessage | None = None
        while True:
            message = waiting or await far.receive()
            waiting = None
            if message.type in {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR}:
                return
            if not self._is_weathered(message):
                await hand_on(self._renamed_message(message), near)
                continue
            await self._delay()
            if self._strikes("cut", self.weather.cut):
                if request.transport is not None:
                    request.transport.close()  # what was sent before arrives
                return
            if self._strikes("swapped", self.weather.swapped):
                waiting = await self._next(far)
                if waiting is not None and self._is_weathered(waiting):
                    await hand_on(waiting, near)
                    waiting = None
            for _ in range(1 + self._strikes("twice", self.weather.twice)):
                await hand_on(message, near)

    def _is_weathered(self, message: WSMessage) -> bool:
        return message.type is WSMsgType.TEXT and self._is_event(message.data)

    def _renamed_message(self, message: WSMessage) -> WSMessage:
        return message._replace(data=self._renamed(message.data)) if message.type is WSMsgType.TEXT else message

    @staticmethod
    async def _next(far: ClientWebSocketResponse) -> WSMessage | None:
        try:
            return await far.receive(timeout=HOLD_SECONDS)
        except TimeoutError:
            return None


def headers_of(answer: ClientResponse) -> dict[str, str]:
    """The headers of an answer that are handed on."""
    return {name: value for name, value in answer.headers.items() if name.lower() not in OF_ONE_HOP}


def hang_up(request: web.Request) -> web.Response:
    """Cut the connection of a request; what is answered after that reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def hand_on(message: WSMessage, to: web.WebSocketResponse | ClientWebSocketResponse) -> None:
    """Send a message on as it came."""
    match message.type:
        case WSMsgType.TEXT:
            await to.send_str(message.data)
        case WSMsgType.BINARY:
            await to.send_bytes(message.data)
        case WSMsgType.PING:
            await to.ping(message.data)
        case WSMsgType.PONG:
            await to.pong(message.data)
        case _:
            return
