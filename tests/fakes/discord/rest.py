"""The fake's HTTP side: which route leads where, who may use it, and how an answer looks on the wire.

Source: https://discord.com/developers/docs/reference (authentication, errors) and the code that reads the answers,
discord.py's HTTPClient.request and json_or_text: it takes for JSON only what is exactly `application/json`.
"""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from aiohttp import BodyPartReader, web

from tests.fakes.discord.faults import Fault
from tests.fakes.discord.interactions import InteractionRoutes
from tests.fakes.discord.messages import Call, MessageRoutes
from tests.fakes.discord.places import PlaceRoutes
from tests.fakes.discord.service import FakeRequest, Service
from tests.fakes.discord.wire import ApiError, Reason
from tests.fakes.discord.world import FakeFile

ROOT = "/api/v10"

Action: TypeAlias = Callable[[Call], object]
"""A route's work: it gives the JSON to answer with, or None for an answer without one."""

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build_app(service: Service) -> web.Application:
    """Make the application that serves the API below `/api/v10` and the gateway at `/`."""
    app = web.Application()
    app.router.add_get("/", service.gateway.serve)
    for method, path, action in _bot_routes(service):
        app.router.add_route(method, ROOT + path, _handler(service, path, action, token_needed=True))
    for method, path, action in _interaction_routes(service):
        app.router.add_route(method, ROOT + path, _handler(service, path, action, token_needed=False))
    app.router.add_route("*", ROOT + "/{rest:.*}", _handler(service, "", _nowhere, token_needed=False))
    return app


def _bot_routes(service: Service) -> list[tuple[str, str, Action]]:
    places, messages = PlaceRoutes(service), MessageRoutes(service)
    commands = InteractionRoutes(service, messages)
    return [
        ("GET", "/gateway", places.gateway),
        ("GET", "/gateway/bot", places.gateway),
        ("GET", "/users/@me", places.me),
        ("GET", "/users/@me/guilds", places.my_guilds),
        ("POST", "/users/@me/channels", places.open_dm),
        ("GET", "/users/{user}", places.user),
        ("GET", "/applications/@me", places.application),
        ("GET", "/oauth2/applications/@me", places.application),
        ("GET", "/guilds/{guild}", places.guild),
        ("GET", "/guilds/{guild}/channels", places.channels),
        ("GET", "/guilds/{guild}/threads/active", places.active_threads),
        ("GET", "/guilds/{guild}/members/{user}", places.member),
        ("GET", "/channels/{channel}", places.channel),
        ("PUT", "/channels/{channel}/thread-members/@me", places.join_thread),
        ("GET", "/channels/{channel}/messages", messages.history),
        ("POST", "/channels/{channel}/messages", messages.send),
        ("POST", "/channels/{channel}/messages/bulk-delete", messages.delete_many),
        ("GET", "/channels/{channel}/messages/{message}", messages.show),
        ("PATCH", "/channels/{channel}/messages/{message}", messages.edit),
        ("DELETE", "/channels/{channel}/messages/{message}", messages.delete),
        ("POST", "/channels/{channel}/typing", messages.type),
        ("GET", "/applications/{app}/commands", commands.commands),
        ("PUT", "/applications/{app}/commands", commands.register),
        ("GET", "/applications/{app}/guilds/{guild}/commands", commands.commands),
        ("PUT", "/applications/{app}/guilds/{guild}/commands", commands.register),
    ]


def _interaction_routes(service: Service) -> list[tuple[str, str, Action]]:
    """The routes whose own token is all that they ask for."""
    routes = InteractionRoutes(service, MessageRoutes(service))
    return [
        ("POST", "/interactions/{interaction}/{token}/callback", routes.answer),
        ("POST", "/webhooks/{app}/{token}", routes.follow_up),
        ("GET", "/webhooks/{app}/{token}/messages/{message}", routes.show),
        ("PATCH", "/webhooks/{app}/{token}/messages/{message}", routes.edit),
        ("DELETE", "/webhooks/{app}/{token}/messages/{message}", routes.delete),
    ]


def _nowhere(_: Call) -> object:
    raise ApiError(Reason.NOT_FOUND)


def _handler(service: Service, route: str, action: Action, *, token_needed: bool) -> Handler:
    headers = _bucket_headers(route)

    async def handle(request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix(ROOT)
        body, files = await _read(request)
        query = dict(request.query)
        service.requests.append(FakeRequest(request.method, path, query, body, time.monotonic()))
        fault = service.faults.take(request.method, path)
        if fault is not None and not fault.after_effect:
            service.changes.mark()
            return _fail(request, fault)
        try:
            if token_needed and request.headers.get("Authorization") != f"Bot {service.account.token}":
                raise ApiError(Reason.UNAUTHORIZED)  # noqa: TRY301 - answered like every other refusal
            answer = action(Call(request.match_info, query, body, files))
        except ApiError as error:
            return _reply(error.status, error.json(), headers)
        finally:
            service.changes.mark()
        if fault is not None:
            return _fail(request, fault)
        return web.Response(status=204, headers=headers) if answer is None else _reply(200, answer, headers)

    return handle


async def _read(request: web.Request) -> tuple[object, tuple[FakeFile, ...]]:
    """Read a request's JSON, from its body or from the `payload_json` of a multipart form, and the form's files.

    Source: https://discord.com/developers/docs/reference#uploading-files.
    """
    if request.content_type == "application/json":
        return await request.json(), ()
    if request.content_type != "multipart/form-data":
        return None, ()
    body: object = None
    files: list[FakeFile] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        content = await part.read(decode=True)
        if part.name == "payload_json":
            body = json.loads(content)
        else:
            kind = part.headers.get("Content-Type", "application/octet-stream")
            files.append(FakeFile(part.filename or "", kind, len(content)))
    return body, tuple(files)


def _fail(request: web.Request, fault: Fault) -> web.StreamResponse:
    """Answer with the fault; with status 0 cut the connection, so that this answer reaches nobody."""
    if fault.status == 0:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()
    if isinstance(fault.body, str):
        return web.Response(status=fault.status, headers=fault.headers, text=fault.body, content_type="text/html")
    body = fault.body if fault.body is not None else {"message": f"{fault.status}: Ordered by the test", "code": 0}
    return _reply(fault.status, body, dict(fault.headers))


def _reply(status: int, answer: object, headers: dict[str, str]) -> web.Response:
    # Bytes instead of text: aiohttp would add a charset, and discord.py would not take the answer for JSON.
    body = json.dumps(answer).encode()
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)


def _bucket_headers(route: str) -> dict[str, str]:
    """The headers of a rate limit that is never used up: without them discord.py sends one request a route at a time.

    Source: https://discord.com/developers/docs/topics/rate-limits#header-format, discord.py's Ratelimit.
    """
    return {
        "X-RateLimit-Limit": "1000",
        "X-RateLimit-Remaining": "999",
        "X-RateLimit-Reset-After": "1.0",
        "X-RateLimit-Bucket": f"{zlib.crc32(route.encode()):08x}",
    }
