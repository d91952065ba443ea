"""Slack as a chat platform: events come in through Socket Mode and Bolt, replies go out through the Web API."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from slack_sdk.web.async_client import AsyncWebClient

from adapters.base import ChatPlatform
from adapters.delivery import Limits, whole
from adapters.roll import Roll
from adapters.slack.channels import LIST_SECONDS, Channels
from adapters.slack.directory import Directory
from adapters.slack.hearing import Hearing
from adapters.slack.history import Reader
from adapters.slack.inbound import Me
from adapters.slack.line import PAUSES, Line
from adapters.slack.markup import BLOCK_CHARACTERS, GROWTH
from adapters.slack.outbox import POST_SECONDS, Outbox
from adapters.slack.places import PLATFORM, is_ts
from adapters.slack.preflight import SCOPES_AT, look_up, missing_scopes, web_client
from adapters.slack.slash import Answers
from adapters.slack.status import Status
from adapters.slack.withheld import WITHHELD_SECONDS, Withheld
from adapters.text import split
from adapters.unnoted import find_unnoted
from errors import PlatformUnreachable
from memory.ports import Intake, Note
from memory.types import CommandSpec, Delta, History, Inbound, Place, Visibility

_SIGN_SECONDS = 1.0
"""How long the first words wait for a sign of thinking that is just being sent, so that it does not come after them."""

log = logging.getLogger(__name__)


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
    whispers = True
    list_seconds: float = LIST_SECONDS
    """From one look at who can read the channels to the next, where no event tells of a change."""
    post_seconds: float = POST_SECONDS
    """From one post in a channel to the next."""
    withheld_seconds: float = WITHHELD_SECONDS
    """From when Slack says that it withholds events to when they are read."""
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
        self._roll = Roll()
        self._url = ""

    async def run(self, intake: Intake) -> None:
        """See `memory.ports.Platform.run`; both tokens are tried before anything else."""
        async with web_client(self._bot_token, self._api_url) as web:
            account = await look_up(web)
            if account.scopes and (missing := missing_scopes(account.scopes)):
                fields = {"platform": PLATFORM, "scopes": " ".join(missing), "cure": f"add them at {SCOPES_AT}"}
                log.warning("scopes missing", extra=fields)
            me = Me(account.team, account.user, self._prefix, self._commands)
            directory, outbox = Directory(web, me.team), Outbox(web, me.user, self.post_seconds)
            reader = Reader(web, directory, me)
            channels = Channels(web, directory, me, intake, self._roll, self.list_seconds)

            async def connected(*, missed: bool = True) -> None:
                await channels.call_over()
                await intake.connected(missed=missed)

            withheld = Withheld(connected, self.withheld_seconds)
            hearing = Hearing(me, intake, directory, outbox, reader, channels, self._answers, withheld)
            line = Line(web, self._app_token, hearing.app(web, account, self._bot_token), self._pauses)
            self._session = _Session(web, me.team, directory, outbox, reader, Status(web), line)
            self._url = account.url
            keeping = asyncio.create_task(channels.keep(lambda: line.alive))
            try:
                await line.keep(connected)
            finally:
                self._session = None
                await withheld.stop()
                keeping.cancel()
                await asyncio.gather(keeping, return_exceptions=True)

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

    async def before(self, inbound: Inbound, most: int) -> Sequence[Inbound]:
        """See `memory.ports.Platform.before`; what opens a thread has nothing before it there."""
        return await self._connected().reader.before(inbound, most)

    def link(self, place: Place, message_id: str) -> str:
        """See `memory.ports.Platform.link`; none to the use of a slash command, and none before the first connection.

        https://docs.slack.dev/reference/methods/chat.getPermalink shows both forms.
        """
        if not self._url or not is_ts(message_id):
            return ""
        address = f"{self._url.rstrip('/')}/archives/{place.channel}/p{message_id.replace('.', '')}"
        if place.thread in {"", message_id}:
            return address
        return f"{address}?thread_ts={place.thread}&cid={place.channel}"

    async def is_admin(self, user: str, place: Place) -> bool:
        """Whether a user is an admin or owner of the bot's workspace, whichever place it is about."""
        session = self._session
        return session is not None and place.space == session.team and await session.directory.is_admin(user)

    async def announce(self, place: Place, text: str) -> None:
        """See `memory.ports.Platform.announce`."""
        for piece in split(text, self.limits.characters):
            await self._connected().outbox.announce(place, piece)

    async def post(self, to: Inbound, text: str, part: int) -> str:
        """See `ChatPlatform.post`; in the thread, and never in the channel instead when the thread is gone."""
        session = self._connected()
        if _is_use(to):
            return await self._answers.post(session.web, to.message_id, text, part)
        if _is_whispered(to):
            return await session.outbox.whisper(to, text)
        posted = await session.outbox.post(to, text, part)
        session.status.posted(to.place)
        return posted

    async def edit(self, to: Inbound, message_id: str, text: str) -> None:
        """See `ChatPlatform.edit`; what only one person sees cannot be changed.

        So the new text of an answer to a slash command is said below; what was whispered in a channel stays as it is.
        """
        if _is_use(to):
            await self._answers.post(self._connected().web, to.message_id, text, 0)
        elif not _is_whispered(to):
            await self._connected().outbox.edit(to.place, message_id, text)

    async def remove(self, to: Inbound, message_id: str) -> None:
        """See `ChatPlatform.remove`; the message is deleted."""
        if not _is_use(to) and not _is_whispered(to):
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
        """See `memory.ports.Platform.reply`; the sign of thinking goes at its end, where no post has taken it away.

        What was posted without a note of it is part of what stands. What cannot be edited is said when it is whole:
        what one person alone is told, and all where edits are refused.
        """
        alone = _is_use(to) or _is_whispered(to)
        fixed = alone or not (self._session is None or self._session.outbox.takes_edits)
        known = posted
        if not alone and self._session is not None:
            known = await find_unnoted(self._session.outbox, to, note, posted)
        try:
            await super().reply(to, whole(deltas) if fixed else deltas, note, known)
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


def _is_use(to: Inbound) -> bool:
    """Whether it is the use of a slash command, whose id is none of a message."""
    return to.private and not is_ts(to.message_id)


def _is_whispered(to: Inbound) -> bool:
    """Whether a message is answered so that its author alone reads it; in direct messages nobody else does anyhow."""
    return to.private and is_ts(to.message_id) and to.visibility is not Visibility.DIRECT
