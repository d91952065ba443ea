"""Slack as a chat platform: events come in through Socket Mode and Bolt, replies go out through the Web API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from slack_sdk.web.async_client import AsyncWebClient

from adapters.base import ChatPlatform
from adapters.delivery import Limits
from adapters.slack.directory import Directory
from adapters.slack.hearing import Hearing
from adapters.slack.history import Reader
from adapters.slack.inbound import Me
from adapters.slack.line import PAUSES, Line
from adapters.slack.markup import BLOCK_CHARACTERS, GROWTH
from adapters.slack.outbox import Outbox
from adapters.slack.places import PLATFORM
from adapters.slack.preflight import look_up, web_client
from adapters.slack.slash import Answers
from adapters.slack.status import Status
from errors import PlatformUnreachable
from memory.ports import Intake, Note
from memory.types import CommandSpec, Delta, History, Inbound, Place

_SIGN_SECONDS = 1.0
"""How long the first words wait for a sign of thinking that is just being sent, so that it does not come after them."""


@dataclass(frozen=True, slots=True)
class _Session:
    """What stands while the bot is served: a client of the Web API and what is built on it."""

    web: AsyncWebClient
    team: str
    directory: Directory
    outbox: Outbox
    reader: Reader
    status: Status
    line: Line


class Slack(ChatPlatform):
    """A Slack bot, for the core and for `bot.py`.

    `commands` are taken as slash commands, those of them that Slack lets an app have, and come in as `prefix` and
    their name. An empty address is Slack's own. `pauses` are the seconds before each further try to connect again.
    """

    name = PLATFORM
    limits = Limits(characters=int(BLOCK_CHARACTERS / GROWTH), interval=1.2)  # 50 edits a minute: Slack's tier 3

    def __init__(
        self,
        *,
        bot_token: str,
        app_token: str,
        prefix: str,
        commands: Sequence[CommandSpec],
        api_url: str = "",
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._bot_token = bot_token
        self._app_token = app_token
        self._prefix = prefix
        self._commands = frozenset(spec.name for spec in commands)
        self._api_url = api_url
        self._pauses = pauses
        self._session: _Session | None = None
        self._answers = Answers()

    async def run(self, intake: Intake) -> None:
        """See `memory.ports.Platform.run`; both tokens are tried before anything else."""
        async with web_client(self._bot_token, self._api_url) as web:
            account = await look_up(web)
            me = Me(account.team, account.user, self._prefix, self._commands)
            directory, outbox = Directory(web, me.team), Outbox(web, me.user)
            reader = Reader(web, directory, me)
            hearing = Hearing(me, intake, directory, outbox, reader, self._answers)
            line = Line(web, self._app_token, hearing.app(web, account, self._bot_token), self._pauses)
            self._session = _Session(web, me.team, directory, outbox, reader, Status(web), line)
            try:
                await line.keep(intake.connected)
            finally:
                self._session = None

    @property
    def alive(self) -> bool:
        """See `memory.ports.Platform.alive`."""
        return self._session is not None and self._session.line.alive

    async def places(self, since: datetime) -> Sequence[Place]:  # noqa: ARG002 - Slack does not tell where it is newer
        """See `memory.ports.Platform.places`; all channels that the bot is in, but no threads."""
        return await self._connected().reader.places()

    async def history(self, place: Place, since: datetime) -> History | None:
        """See `memory.ports.Platform.history`."""
        return await self._connected().reader.history(place, since)

    async def is_admin(self, user: str, place: Place) -> bool:
        """Whether a user is an admin or owner of the bot's workspace, whichever place it is about."""
        session = self._session
        return session is not None and place.space == session.team and await session.directory.is_admin(user)

    async def post(self, to: Inbound, text: str, part: int) -> str:
        """See `ChatPlatform.post`; in the thread, and never in the channel instead when the thread is gone."""
        session = self._connected()
        if to.private:
            return await self._answers.post(session.web, to.message_id, text, part)
        posted = await session.outbox.post(to, text, part)
        session.status.posted(to.place)
        return posted

    async def edit(self, to: Inbound, message_id: str, text: str) -> None:
        """See `ChatPlatform.edit`; what only one person sees cannot be changed, so there the new text is said below."""
        if to.private:
            await self._answers.post(self._connected().web, to.message_id, text, 0)
            return
        await self._connected().outbox.edit(to.place, message_id, text)

    async def remove(self, to: Inbound, message_id: str) -> None:
        """See `ChatPlatform.remove`; the message is deleted."""
        if not to.private:
            await self._connected().outbox.remove(to.place, message_id)

    @asynccontextmanager
    async def working(self, to: Inbound) -> AsyncIterator[None]:
        """See `ChatPlatform.working`; Slack has a sign for it in threads alone."""
        if to.private or not to.place.thread or self._session is None:
            yield
            return
        enough = asyncio.Event()
        task = asyncio.create_task(self._session.status.show(to.place, enough))
        try:
            yield
        finally:
            enough.set()
            await asyncio.wait({task}, timeout=_SIGN_SECONDS)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)  # whatever it ended with, the reply goes on

    async def reply(self, to: Inbound, deltas: AsyncIterator[Delta], note: Note, posted: Sequence[str] = ()) -> None:
        """See `memory.ports.Platform.reply`; the sign of thinking goes at its end, where no post has taken it away."""
        try:
            await super().reply(to, deltas, note, posted)
        finally:
            if self._session is not None:
                await self._session.status.clear(to.place)

    def _connected(self) -> _Session:
        """Give what there is to write with.

        Raises: PlatformUnreachable while there is nothing.
        """
        if self._session is None:
            raise PlatformUnreachable("not connected")
        return self._session
