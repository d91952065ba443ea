"""The fake's HTTP server: which method is answered by what, with tokens, scopes, faults and rate limits around them.

Source: https://docs.slack.dev/apis/web-api (calls and answers), https://docs.slack.dev/apis/web-api/rate-limits (429
with `Retry-After`) and, for the scopes, "Required scopes" on the page of each method.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from aiohttp import web

from tests.fakes.slack.chat import ChatMethods
from tests.fakes.slack.faults import Fault
from tests.fakes.slack.places import PlaceMethods
from tests.fakes.slack.service import FakeRequest, Service
from tests.fakes.slack.wire import Arguments, Call, JsonObject, SlackError, TooFast, mapping, text

ROOT = "/api/"
RESPONSE_URL = "response_url"
"""The method under which a post to a response URL is noted, and can be made to fail."""

Action: TypeAlias = Callable[[Call], JsonObject]
Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Method:
    """What answers a method, and the scope that it takes where that depends on nothing else."""

    action: Action
    scope: str = ""


def build_app(service: Service) -> web.Application:
    """Make the application that serves the Web API, the sockets and the response URLs."""
    app = web.Application()
    app.router.add_get("/link/", service.socket.serve)
    app.router.add_route("*", ROOT + "{method}", _api_handler(service))
    app.router.add_post("/commands/{secret}", _response_handler(service))
    return app


def _methods(service: Service) -> dict[str, Method]:
    places, chat = PlaceMethods(service), ChatMethods(service)
    return {
        "auth.test": Method(places.auth_test),
        "bots.info": Method(places.bot, "users:read"),
        "chat.delete": Method(chat.delete, "chat:write"),
        "chat.postEphemeral": Method(chat.post_ephemeral, "chat:write"),
        "chat.postMessage": Method(chat.post, "chat:write"),
        "chat.update": Method(chat.update, "chat:write"),
        "assistant.threads.setStatus": Method(chat.set_status),
        "conversations.history": Method(places.history),
        "conversations.info": Method(places.info),
        "conversations.list": Method(places.conversations),
        "conversations.members": Method(places.members),
        "conversations.open": Method(places.open),
        "conversations.replies": Method(places.replies),
        "team.info": Method(places.team, "team:read"),
        "users.conversations": Method(places.conversations),
        "users.info": Method(places.user, "users:read"),
        "users.list": Method(places.users, "users:read"),
    }


def _api_handler(service: Service) -> Handler:
    methods = _methods(service)
    open_connection = PlaceMethods(service).open_connection

    def act(method: str, args: Arguments, token: str) -> JsonObject:
        if method == "apps.connections.open":
            _check_app_token(service, token)
            return open_connection(Call(method, args))
        found = methods.get(method)
        if found is None:
            raise SlackError("unknown_method", req_method=method)
        _check_bot_token(service, token)
        if found.scope:
            service.need(found.scope)
        return found.action(Call(method, args))

    async def handle(request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        args = dict(await _read(request))
        token = request.headers.get("Authorization", "").removeprefix("Bearer ") or text(args, "token")
        args.pop("token", None)
        fault = _note(service, method, args)
        if fault is not None and not fault.after_effect:
            return _fail(request, fault)
        headers = {"x-oauth-scopes": ",".join(sorted(_scopes(service, token)))}
        try:
            answer: JsonObject = {"ok": True, **act(method, args, token)}
        except SlackError as error:
            answer = {"ok": False, "error": error.name, **error.more}
        except TooFast as error:
            return _too_fast(error.retry_after)
        finally:
            service.changes.mark()
        if fault is not None:
            return _fail(request, fault)
        return web.json_response(service.faults.garbled(method, answer), headers=headers)

    return handle


def _scopes(service: Service, token: str) -> set[str]:
    given = {service.app.bot_token: service.app.scopes, service.app.app_token: service.app.app_scopes}
    return given.get(token, set())


def _check_bot_token(service: Service, token: str) -> None:
    """Refuse any token but the bot's. Source: the error tables of the methods, auth.test's among them."""
    if not token:
        raise SlackError("not_authed")
    if token == service.app.app_token:
        raise SlackError("not_allowed_token_type")
    if token != service.app.bot_token:
        raise SlackError("invalid_auth")


def _check_app_token(service: Service, token: str) -> None:
    """Refuse any token but the app's. Source: https://docs.slack.dev/reference/methods/apps.connections.open."""
    if not token:
        raise SlackError("not_authed")
    if token == service.app.bot_token:
        raise SlackError("not_allowed_token_type")
    if token != service.app.app_token:
        raise SlackError("invalid_auth")
    if "connections:write" not in service.app.app_scopes:
        provided = ",".join(sorted(service.app.app_scopes))
        raise SlackError("missing_scope", needed="connections:write", provided=provided)


async def _read(request: web.Request) -> Mapping[str, object]:
    """Read a call's arguments from its query and its body."""
    query: dict[str, object] = dict(request.query)
    if request.content_type == "application/json":
        return query | dict(mapping(await request.json()))
    return query | dict(await request.post())


def _note(service: Service, method: str, args: Arguments) -> Fault | None:
    service.requests.append(FakeRequest(method, args, time.monotonic()))
    service.changes.mark()
    return service.faults.take(method)


def _fail(request: web.Request, fault: Fault) -> web.StreamResponse:
    """Answer with the fault; with status 0 cut the connection, so that this answer reaches nobody."""
    if isinstance(fault.outcome, str):
        return web.json_response({"ok": False, "error": fault.outcome})
    if fault.outcome == 0:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()
    if fault.retry_after is not None:
        return _too_fast(fault.retry_after)
    return web.Response(status=fault.outcome, text="<html>Ordered by the test</html>", content_type="text/html")


def _too_fast(retry_after: int) -> web.Response:
    answer = {"ok": False, "error": "ratelimited"}
    return web.json_response(answer, status=429, headers={"Retry-After": str(retry_after)})


def _response_handler(service: Service) -> Handler:
    chat = ChatMethods(service)

    async def handle(request: web.Request) -> web.StreamResponse:
        """Take a post to a response URL; it is answered with "ok", or with 404 and the reason (from memory)."""
        args = mapping(json.loads(await request.text()))
        fault = _note(service, RESPONSE_URL, args)
        if fault is not None and not fault.after_effect:
            return _fail(request, fault)
        slash = next((s for s in service.slashes.values() if s.secret == request.match_info["secret"]), None)
        if slash is None:
            return web.Response(status=404, text="no_team")
        try:
            chat.respond(slash, args)
        except SlackError as error:
            return web.json_response({"ok": False, "error": error.name}, status=404)
        return web.Response(text="ok") if fault is None else _fail(request, fault)

    return handle
