"""The far ends of the bot, with an edge: each request that writes is a boundary before its effect and after it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

from aiohttp import web

from tests.crash.nursery import Life
from tests.fakes.discord import FakeDiscord
from tests.fakes.model import FakeModel, cut
from tests.fakes.slack import FakeSlack
from tests.fakes.slack.events import mentioned

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

DISCORD_WRITES = (("POST", "post"), ("PATCH", "edit"), ("DELETE", "delete"))
DISCORD_MESSAGE = re.compile(r"/channels/\d+/messages(/\d+)?\Z")
SLACK_WRITES = {"chat.postMessage": "post", "chat.update": "edit", "chat.delete": "delete"}


class Edge:
    """Where the requests of the bot cross into a fake; each that writes is a boundary before and after its effect.

    Those with names in `stuck` get no answer and have no effect, however long the bot lives.
    """

    def __init__(self) -> None:
        self.life: Life | None = None
        self.stuck: set[str] = set()

    def passes(self, boundary: str) -> bool:
        """See `Life.passes`; without a bot, what comes in is of one that is dead."""
        return self.life is None or self.life.passes(boundary)

    def over(self, app: web.Application, name_of: Callable[[web.Request], str]) -> web.Application:
        """Put the boundaries around an application; `name_of` is empty for requests that write nothing."""

        @web.middleware
        async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
            name = name_of(request)
            if name and (not self.passes(f"{name}:before") or name in self.stuck):
                return await self._die(request)
            try:
                response = await handler(request)
            except ConnectionError:  # it died while it was answered
                return web.Response()
            if name and not self.passes(f"{name}:after"):
                return await self._die(request)
            return response

        app.middlewares.append(watch)
        return app

    async def _die(self, request: web.Request) -> web.Response:
        if self.life is not None:
            await self.life.dead.wait()
        cut(request)
        return web.Response()


class WatchedDiscord(FakeDiscord):
    """A fake Discord at whose edge the bot may die."""

    def __init__(self, edge: Edge) -> None:
        super().__init__()
        self._edge = edge

    def web_app(self) -> web.Application:
        """See `Listening.web_app`."""
        return self._edge.over(super().web_app(), self._name)

    @staticmethod
    def _name(request: web.Request) -> str:
        names = (name for method, name in DISCORD_WRITES if request.method == method)
        return next(names, "") if DISCORD_MESSAGE.search(request.path) else ""


class WatchedSlack(FakeSlack):
    """A fake Slack at whose edge the bot may die; acknowledgements are among what it writes."""

    def __init__(self, edge: Edge) -> None:
        super().__init__()
        self._edge = edge
        self.socket.takes_ack = self._take_ack

    def web_app(self) -> web.Application:
        """See `Listening.web_app`."""
        return self._edge.over(super().web_app(), lambda request: SLACK_WRITES.get(request.path.rpartition("/")[2], ""))

    def tell_of_mention(self, channel: str, ts: str) -> None:
        """Tell that a message names the bot, whose text does not show it.

        That a mention may stand in the blocks of a message and not in its text:
        https://github.com/NousResearch/hermes-agent/issues/52387; that Slack tells of it is taken from
        https://docs.slack.dev/reference/events/app_mention, which speaks of the message.
        """
        self._service.tell(mentioned(self._world, self._world.messages[channel, ts], ts))

    def _take_ack(self) -> bool:
        asyncio.get_running_loop().call_soon(self._edge.passes, "ack:after")
        return self._edge.passes("ack:before")


class WatchedModel(FakeModel):
    """A fake model at whose edge the bot may die: at a request, at every piece of the answer, and at its end."""

    def __init__(self, edge: Edge) -> None:
        super().__init__()
        self._edge = edge

    def web_app(self) -> web.Application:
        """See `Listening.web_app`."""
        return self._edge.over(super().web_app(), lambda _: "model")
