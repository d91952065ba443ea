"""Slack as a chat platform: events come in through Socket Mode and Bolt, replies go out through the Web API."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from adapters.base import ChatPlatform
from adapters.delivery import Limits
from adapters.slack.connection import Connection
from adapters.slack.directory import Directory
from adapters.slack.failures import SILENT
from adapters.slack.inbound import MENTION, Drop, Event, Me, read, understand
from adapters.slack.markup import BLOCK_CHARACTERS, GROWTH
from adapters.slack.order import Order
from adapters.slack.outbox import Outbox
from adapters.slack.places import PLATFORM, time_of
from adapters.slack.preflight import EVENTS_AT, Account, look_up, open_socket, web_client
from adapters.slack.slash import Answers, Command, read_command, to_inbound
from adapters.slack.subscriptions import Subscriptions
from adapters.slack.wire import Json, as_map, map_at
from errors import PlatformUnreachable
from memory.ports import Accept, Connected
from memory.types import CommandSpec, Inbound, Place

log = logging.getLogger(__name__)

_PAUSES: Final = (0.0, 0.0, 1.0, 2.0, 5.0, 15.0, 30.0)
"""Seconds before a connection is replaced, by how many in a row came to nothing or soon broke: the first at once."""

_SOON: Final = 10.0
"""A connection that lasts less long than this counts as one that came to nothing; Slack refreshes one in an hour."""

_SIGN_SECONDS: Final = 1.0
"""How long the first words wait for a sign of thinking that is just being sent, so that it does not come after them."""

NOT_HERE: Final = "I can't do that for you here."
"""What a slash command is told that nothing comes of."""


@dataclass(frozen=True, slots=True)
class _Session:
    """What stands while the bot is served: a client of the Web API and what is built on it."""

    web: AsyncWebClient
    me: Me
    directory: Directory
    outbox: Outbox
    subscriptions: Subscriptions
    order: Order


class Slack(ChatPlatform):
    """A Slack bot, for the core and for `bot.py`.

    `commands` are taken as slash commands, those of them that Slack lets an app have, and come in as `prefix` and
    their name. An empty address is Slack's own.
    """

    name = PLATFORM
    limits = Limits(characters=int(BLOCK_CHARACTERS / GROWTH), interval=1.2)  # 50 edits a minute: Slack's tier 3

    def __init__(
        self, *, bot_token: str, app_token: str, prefix: str, commands: Sequence[CommandSpec], api_url: str = ""
    ) -> None:
        self._bot_token = bot_token
        self._app_token = app_token
        self._prefix = prefix
        self._commands = frozenset(spec.name for spec in commands)
        self._api_url = api_url
        self._session: _Session | None = None
        self._answers = Answers()

    async def run(self, accept: Accept, connected: Connected) -> None:
        """See `memory.ports.Platform.run`; both tokens are tried before anything else."""
        async with web_client(self._bot_token, self._api_url) as web:
            account = await look_up(web)
            me = Me(account.team, account.user, self._prefix, self._commands)
            session = _Session(web, me, Directory(web, me.team), Outbox(web, me.user), Subscriptions(), Order())
            app = self._app(session, account, accept)
            self._session = session
            try:
                await self._serve(session.web, app, connected)
            finally:
                self._session = None

    async def _serve(self, web: AsyncWebClient, app: AsyncApp, connected: Connected) -> None:
        """Keep one connection open, a new one before the old one is closed; Slack never resumes one.

        Raises: PlatformMisconfigured, PlatformUnreachable; the latter only while there has been no connection yet.
        """
        clock = asyncio.get_running_loop().time
        open_ones: list[Connection] = []
        troubles = 0
        try:
            await self._connect(web, app, open_ones)
            while True:
                since = clock()
                log.info("ready", extra={"platform": PLATFORM})
                await connected()
                await open_ones[-1].ended()
                troubles = troubles + 1 if clock() - since < _SOON else 0
                troubles = await self._connect_again(web, app, open_ones, troubles)
                await open_ones[0].shut()
                del open_ones[0]
        finally:
            await asyncio.gather(*(each.shut() for each in open_ones))

    async def _connect_again(
        self, web: AsyncWebClient, app: AsyncApp, open_ones: list[Connection], troubles: int
    ) -> int:
        """Open another connection, however long that takes, and return how many tries have come to nothing by now.

        Raises: PlatformMisconfigured.
        """
        while True:
            pause = _PAUSES[min(troubles, len(_PAUSES) - 1)]
            log.info("connecting again", extra={"platform": PLATFORM, "after_seconds": pause})
            await asyncio.sleep(pause)
            try:
                await self._connect(web, app, open_ones)
            except PlatformUnreachable as exc:
                troubles += 1
                log.warning("not connected", extra={"platform": PLATFORM, "why": str(exc)})
            else:
                return troubles

    async def _connect(self, web: AsyncWebClient, app: AsyncApp, open_ones: list[Connection]) -> None:
        """Open one more connection, with an address of its own.

        Raises: PlatformMisconfigured, PlatformUnreachable.
        """
        connection = Connection(web, await open_socket(web, self._app_token), app)
        open_ones.append(connection)
        try:
            await connection.start()
        except PlatformUnreachable:
            await connection.shut()
            open_ones.remove(connection)
            raise

    # -- what comes in

    def _app(self, session: _Session, account: Account, accept: Accept) -> AsyncApp:
        """Make the Bolt app: one global middleware takes everything in, for Bolt acknowledges before any listener runs.

        What the middleware returns is the acknowledgement, also of what nobody wants; when it raises there is none, and
        Slack delivers again.
        """
        known = AuthorizeResult(
            enterprise_id=account.enterprise or None,
            team_id=account.team,
            bot_user_id=account.user,
            bot_id=account.bot,
            bot_token=self._bot_token,
        )

        async def authorize() -> AuthorizeResult:
            return known

        async def take(body: dict[str, object]) -> BoltResponse:
            command = read_command(body)
            if command is not None:
                return await self._take_command(session, command, accept)
            await self._take_event(session, as_map(body), accept)
            return BoltResponse(status=200, body="")

        async def fail(error: Exception) -> None:
            """Log by its type what a request ended with; Bolt would log all of it."""
            log.error("event failed", extra={"platform": PLATFORM, "error": type(error).__name__})

        app = AsyncApp(
            name="threadkeeper",
            logger=SILENT,
            client=session.web,
            authorize=authorize,
            request_verification_enabled=False,  # nothing comes over HTTP
        )
        app.use(take)
        app.error(fail)
        return app

    async def _take_event(self, session: _Session, body: Json, accept: Accept) -> None:
        """Store a message before it is acknowledged.

        Raises: StorageError.
        """
        session.directory.notice(map_at(body, "event"))
        session.outbox.notice(map_at(body, "event"))
        event = read(body)
        if isinstance(event, Drop):
            level = logging.WARNING if event is Drop.ODD else logging.DEBUG
            log.log(level, "event dropped", extra={"platform": PLATFORM, "why": event.value})
            return
        async with session.order.place(event.channel) as before:
            inbound = await self._understand(session, event)
            await before.wait()
            if inbound is not None and await accept(inbound):
                session.outbox.begin(inbound)

    async def _understand(self, session: _Session, event: Event) -> Inbound | None:
        channel = await session.directory.channel_of(event)
        if event.type != MENTION:
            session.subscriptions.message(channel.kind)
        elif channel.name and (missing := session.subscriptions.mention(channel.kind, time_of(event.ts))):
            log.warning(
                "mentions come but no messages",
                extra={"platform": PLATFORM, "advice": f"tick {missing} at {EVENTS_AT}, and reinstall the app"},
            )
        author, names = await asyncio.gather(
            session.directory.person(event.user, event.team), session.directory.names(event.text, session.me.user)
        )
        return understand(event, channel, author, names, session.me)

    async def _take_command(self, session: _Session, command: Command, accept: Accept) -> BoltResponse:
        """Store the use of a slash command before it is acknowledged; its answer comes by its own address.

        Raises: StorageError.
        """
        self._answers.keep(command)
        channel, author, names = await asyncio.gather(
            session.directory.channel(command.channel),
            session.directory.person(command.user, command.team),
            session.directory.names(command.words, session.me.user),
        )
        inbound = to_inbound(command, channel, author, names, session.me, datetime.now(UTC))
        if command.name in self._commands and await accept(inbound):
            return BoltResponse(status=200, body="")
        return BoltResponse(status=200, body={"response_type": "ephemeral", "text": NOT_HERE})

    # -- what goes out

    async def is_admin(self, user: str, place: Place) -> bool:
        """Whether a user is an admin or owner of the bot's workspace, whichever place it is about."""
        session = self._session
        return session is not None and place.space == session.me.team and await session.directory.is_admin(user)

    async def post(self, to: Inbound, text: str, part: int) -> str:
        """See `ChatPlatform.post`; in the thread, and never in the channel instead when the thread is gone."""
        if to.private:
            return await self._answers.post(self._connected().web, to.message_id, text, part)
        return await self._connected().outbox.post(to, text, part)

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
        task = asyncio.create_task(self._session.outbox.show_thinking(to.place, enough))
        try:
            yield
        finally:
            enough.set()
            await asyncio.wait({task}, timeout=_SIGN_SECONDS)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)  # whatever it ended with, the reply goes on

    def _connected(self) -> _Session:
        """Give what there is to write with.

        Raises: PlatformUnreachable while there is nothing.
        """
        if self._session is None:
            raise PlatformUnreachable("not connected")
        return self._session
