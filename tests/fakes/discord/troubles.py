"""What goes wrong on the fake Discord, when a test orders it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.fakes.discord.faults import Fault, rate_limited
from tests.fakes.discord.service import Service
from tests.fakes.discord.shapes import guild_create_json


class Troubles:
    """The half of `FakeDiscord` that breaks it."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @property
    def message_content_allowed(self) -> bool:
        """Whether the message-content intent is switched on in the developer portal; may be set."""
        return self._service.account.message_content_allowed

    @message_content_allowed.setter
    def message_content_allowed(self, allowed: bool) -> None:
        self._service.account.message_content_allowed = allowed

    @property
    def refuse_resume(self) -> bool:
        """Whether every RESUME is answered with an invalid session; may be set."""
        return self._service.gateway.refuse_resume

    @refuse_resume.setter
    def refuse_resume(self, refuse: bool) -> None:
        self._service.gateway.refuse_resume = refuse

    def block(self, word: str) -> None:
        """Let every server's automatic moderation refuse what the bot writes with this word in it."""
        self._service.blocked.add(word)

    def ignore_closes(self) -> None:
        """Let the gateway answer no closing handshake of the websockets that are opened from now on."""
        self._service.gateway.ignores_closes = True

    def drop_gateway(self, *, resumable: bool = True) -> None:
        """Cut the gateway connections; with `resumable` false their sessions are gone too."""
        self._service.gateway.drop(resumable=resumable)

    def stall_gateway(self, *, until_now: bool = False) -> None:
        """Let new gateway connections wait for the first word, until this is called with `until_now`."""
        if until_now:
            self._service.gateway.greets.set()
        else:
            self._service.gateway.greets.clear()

    def ask_reconnect(self) -> None:
        """Ask the bot over the gateway to reconnect and resume."""
        self._service.gateway.ask_reconnect()

    def send_event(self, event: str, data: object) -> None:
        """Send an event as it stands, whatever that is; a later RESUME has it sent again, as any other."""
        self._service.gateway.send_event(event, data)

    def send_raw(self, payload: str) -> None:
        """Send what need not even be JSON; it is no event, so it is never sent again."""
        self._service.gateway.send_raw(payload)

    def hold_back(self, guild: str) -> None:
        """Let new sessions hear no more of a server than its id, as while it is in an outage, until `let_go`."""
        self._service.gateway.late.add(guild)

    def let_go(self, guild: str) -> None:
        """Tell the sessions of a server that was held back."""
        self._service.gateway.late.remove(guild)
        shape = guild_create_json(self._service.world, self._service.world.guilds[guild])
        self._service.gateway.dispatch("GUILD_CREATE", lambda _: shape)

    def forget_nonces(self, *, from_now_on: bool = False) -> None:
        """Let the nonces sent so far be forgotten, as after some minutes; `from_now_on` those to come at once too."""
        self._service.forget_nonces()
        self._service.remembers_nonces = not from_now_on

    def fail_next(
        self,
        method: str,
        path: str,
        status: int,
        *,
        times: int = 1,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        after_effect: bool = False,
    ) -> None:
        """Answer the next `times` requests that match with an error; status 0 cuts the connection instead.

        `method` may be "*", `path` is a regular expression searched in the path below the API's root. A `body` that is
        a string is sent as HTML. With `after_effect` the request takes effect and only its answer is lost. A GET, PUT
        or DELETE that was cut is sent again at once by aiohttp, unseen by discord.py (retry_persistent_connection in
        ClientSession), so it takes `times=2` to be felt.
        """
        fault = Fault(method, re.compile(path), status, times, headers or {}, body, after_effect)
        self._service.faults.order(fault)

    def rate_limit_next(
        self, method: str, path: str, retry_after: float = 0.2, *, times: int = 1, everywhere: bool = False
    ) -> None:
        """Answer the next `times` requests that match with 429.

        `retry_after` is in seconds; `everywhere` makes it the limit over all routes.
        """
        self._service.faults.order(rate_limited(method, path, retry_after, times, everywhere=everywhere))
