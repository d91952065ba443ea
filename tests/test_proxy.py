"""The bad network of the tests: what it does to what goes over it, and what it never does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientError, ClientSession, TCPConnector, WSMsgType, web
from yarl import URL

from tests.fakes.changes import Changes
from tests.fakes.listening import Listening
from tests.fakes.proxy import Proxy, Weather

HELLO = "hello"
EVENTS = ("event 1", "event 2", "event 3")


class FarEnd(Listening):
    """Echoes requests, streams three chunks, and says hello and three events over a websocket."""

    def __init__(self) -> None:
        super().__init__(Changes())
        self.effects: list[str] = []
        self.heard: list[str] = []
        self.closed_with: list[int | None] = []

    def web_app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/echo", self._echo)
        app.router.add_get("/address", self._name_address)
        app.router.add_get("/stream", self._stream)
        app.router.add_get("/socket", self._talk)
        return app

    def asked(self) -> list[str]:
        return self.effects

    async def _echo(self, request: web.Request) -> web.Response:
        body = await request.text()
        self.effects.append(body)
        return web.Response(
            status=201, text=f"{request.method} {request.rel_url.raw_query_string} {body}", headers={"X-Far": "end"}
        )

    async def _name_address(self, _: web.Request) -> web.Response:
        body = json.dumps({"url": f"ws://{self.address}/socket"}).encode()
        return web.Response(body=body, content_type="application/json")

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for number in range(3):
            await response.write(f"data: {number}\n\n".encode())
            await asyncio.sleep(0)
        return response

    async def _talk(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(timeout=1.0)
        await socket.prepare(request)
        for message in (HELLO, *EVENTS, f"//{self.address}/again"):
            await socket.send_str(message)
        async for heard in socket:
            self.heard.append(heard.data)
        self.closed_with.append(socket.close_code)
        self._changes.mark()
        return socket


@asynccontextmanager
async def network(weather: Weather, seed: int = 0) -> AsyncIterator[tuple[FarEnd, Proxy, ClientSession]]:
    """A far end, the network before it, and a client that tries everything once."""
    async with (
        FarEnd() as far,
        Proxy(far.address, weather, seed=seed, is_event=lambda message: message.startswith("event")) as proxy,
        ClientSession(f"http://{proxy.address}", connector=TCPConnector(force_close=True)) as client,
    ):
        yield far, proxy, client


async def listen(client: ClientSession, messages: int) -> list[str]:
    """What comes over the websocket: so many messages, or fewer where it ends."""
    heard: list[str] = []
    async with asyncio.timeout(5), client.ws_connect("/socket?compress=zlib-stream") as socket:
        while len(heard) < messages:
            message = await socket.receive()
            if message.type is not WSMsgType.TEXT:
                break
            heard.append(message.data)
        else:
            await socket.send_str("thanks")
    return heard


async def test_in_good_weather_everything_arrives_as_it_was_sent() -> None:
    async with network(Weather()) as (far, proxy, client):
        async with client.put(URL("/echo?a=%2Fb", encoded=True), data="words") as answer:
            assert (answer.status, answer.headers["X-Far"], await answer.text()) == (201, "end", "PUT a=%2Fb words")
        async with client.get("/stream") as answer:
            assert await answer.text() == "data: 0\n\ndata: 1\n\ndata: 2\n\n"
        assert (await listen(client, 4)) == [HELLO, *EVENTS]
        await far.wait_for(lambda: bool(far.closed_with))
        assert (far.heard, far.closed_with) == (["thanks"], [1000])
        assert not +proxy.faults


async def test_the_far_ends_address_is_its_own_wherever_it_is_named() -> None:
    async with network(Weather()) as (_, proxy, client):
        async with client.get("/address") as answer:
            assert await answer.json() == {"url": f"ws://{proxy.address}/socket"}
        assert (await listen(client, 5))[-1] == f"//{proxy.address}/again"


@pytest.mark.parametrize(("weather", "effects"), [(Weather(lost=1), []), (Weather(unanswered=1), ["words"])])
async def test_a_request_is_lost_before_its_effect_or_its_answer_after_it(weather: Weather, effects: list[str]) -> None:
    async with network(weather) as (far, _, client):
        with pytest.raises(ClientError):
            await client.post("/echo", data="words")
        assert far.effects == effects


async def test_a_streamed_answer_breaks_off() -> None:
    async with network(Weather(broken=1)) as (_, _, client):
        with pytest.raises(ClientError):
            async with client.get("/stream") as answer:
                await answer.read()


async def test_what_is_late_comes_all_the_same() -> None:
    async with network(Weather(late=1, seconds=0.02)) as (_, proxy, client):
        async with client.get("/echo") as answer:
            assert answer.status == 201
        assert (await listen(client, 4)) == [HELLO, *EVENTS]
        assert proxy.faults["late"] == 4


async def test_an_event_comes_twice_or_after_the_next_one() -> None:
    async with network(Weather(twice=1)) as (_, _, client):
        assert await listen(client, 7) == [HELLO, *(event for event in EVENTS for _ in range(2))]
    async with network(Weather(swapped=1)) as (_, _, client):
        assert await listen(client, 4) == [HELLO, "event 2", "event 1", "event 3"]


async def test_a_websocket_that_breaks_takes_an_event_with_it_and_says_no_goodbye_to_the_far_end() -> None:
    async with network(Weather(cut=1)) as (far, _, client):
        assert await listen(client, 2) == [HELLO]
        await far.wait_for(lambda: bool(far.closed_with))
        assert far.closed_with == [4000]


async def test_the_same_seed_brings_the_same_weather() -> None:
    async def outcomes(seed: int) -> list[bool]:
        async with network(Weather(lost=0.5), seed) as (far, _, client):
            for number in range(8):
                try:
                    await client.post("/echo", data=str(number))
                except ClientError:
                    continue
            return [str(number) in far.effects for number in range(8)]

    assert await outcomes(1) == await outcomes(1) != await outcomes(2)


async def test_a_far_end_that_is_away_is_as_away_behind_the_network() -> None:
    async with network(Weather()) as (far, _, client):
        await far.down()
        with pytest.raises(ClientError):
            await client.get("/echo")
        with pytest.raises(ClientError):
            await client.ws_connect("/socket")
