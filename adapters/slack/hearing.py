"""What comes in: from Bolt to the core, each event stored before Slack is told that it was received."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.changes import Deleted, Edited, read_change
from adapters.slack.channels import Channels
from adapters.slack.directory import Directory, inbound_of
from adapters.slack.failures import SILENT
from adapters.slack.history import Reader
from adapters.slack.inbound import MENTION, Drop, Event, Me, read
from adapters.slack.news import News, news_in
from adapters.slack.order import Order
from adapters.slack.outbox import Outbox
from adapters.slack.places import PLATFORM, UNKNOWN, time_of
from adapters.slack.preflight import EVENTS_AT, Account
from adapters.slack.slash import Answers, Command, read_command, to_inbound
from adapters.slack.subscriptions import Subscriptions
from adapters.slack.wire import Json, as_map, id_at, map_at
from adapters.slack.withheld import Withheld
from errors import StorageError, ThreadkeeperError
from memory.ports import Intake
from memory.types import Inbound, Place

log = logging.getLogger(__name__)

NOT_HERE: Final = "I can't do that for you here."
"""What a slash command is told that nothing comes of."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """Hands to the core what Slack sends, in each channel in the order in which it came."""

    me: Me
    intake: Intake
    directory: Directory
    outbox: Outbox
    reader: Reader
    channels: Channels
    answers: Answers
    withheld: Withheld
    subscriptions: Subscriptions = field(default_factory=Subscriptions)
    order: Order = field(default_factory=Order)

    def app(self, web: AsyncWebClient, account: Account, bot_token: str) -> AsyncApp:
        """Make the Bolt app: one global middleware takes everything in, for Bolt acknowledges before any listener runs.

        What the middleware returns is the acknowledgement, also of what nobody wants. When nothing could be stored
        there is none, and Slack delivers again; what cannot be dealt with at all would fail then too.
        """
        known = AuthorizeResult(
            enterprise_id=account.enterprise or None,
            team_id=account.team,
            bot_user_id=account.user,
            bot_id=account.bot,
            bot_token=bot_token,
        )

        async def authorize() -> AuthorizeResult:
            return known

        async def take(body: dict[str, object]) -> BoltResponse:
            command = read_command(body)
            if command is not None:
                return await self._take_command(command)
            await self._take_event(as_map(body))
            return BoltResponse(status=200, body="")

        async def fail(error: Exception, body: dict[str, object]) -> BoltResponse:
            """Log by its type what a request ended with; Bolt would log all of it."""
            log.error("event failed", extra={"platform": PLATFORM, "error": type(error).__name__})
            if isinstance(error, StorageError):
                return BoltResponse(status=503, body="")
            return _whisper(ThreadkeeperError().sentence) if read_command(body) else BoltResponse(status=200, body="")

        app = AsyncApp(
            name="threadkeeper",
            logger=SILENT,
            client=web,
            authorize=authorize,
            request_verification_enabled=False,  # nothing comes over HTTP
            ignoring_self_events_enabled=False,  # that somebody deleted a message of the bot counts as its own event
        )
        app.use(take)
        app.error(fail)
        return app

    async def _take_event(self, body: Json) -> None:
        """Store a message, or what became of one or of its channel; or note that Slack withholds some.

        Raises: StorageError.
        """
        if self.withheld.take(body):
            return
        self.directory.notice(map_at(body, "event"))
        news = news_in(map_at(body, "event"), self.me.user)
        if news is not None:
            await self._take_news(news, id_at(body, "event_id"))
            return
        change = read_change(body)
        found = read(body) if change is Drop.OTHER else change
        match found:
            case Event():
                await self._take_message(found)
            case Edited(event):
                await self._take_edit(event)
            case Deleted():
                await self._take_deletion(found)
            case Drop():
                level = logging.WARNING if found is Drop.ODD else logging.DEBUG
                log.log(level, "event dropped", extra={"platform": PLATFORM, "why": found.value})

    async def _take_news(self, news: News, event_id: str) -> None:
        async with self.order.place(news.channel) as before:
            await before.wait()
            await self.channels.take(news, event_id)

    async def _take_message(self, event: Event) -> None:
        self.reader.notice(event.channel)
        async with self.order.place(event.channel) as before:
            inbound = await self._understand(event)
            await before.wait()
            if inbound is None:
                return
            await self.channels.tell(inbound.channel)
            if await self.intake.accept(inbound):
                self.outbox.begin(inbound)

    async def _take_edit(self, event: Event) -> None:
        async with self.order.place(event.channel) as before:
            inbound = await self._understand(event)
            await before.wait()
            if inbound is not None:
                await self.intake.amend(inbound)

    async def _take_deletion(self, deleted: Deleted) -> None:
        """Tell of anybody's message that is gone, but not of what the bot took back itself."""
        if self.outbox.notice(deleted):
            return
        async with self.order.place(deleted.channel) as before:
            await before.wait()
            await self.intake.erase(Place(PLATFORM, self.me.team, deleted.channel), (deleted.ts,))

    async def _understand(self, event: Event) -> Inbound | None:
        channel = await self.directory.channel_of(event)
        if event.type != MENTION:
            self.subscriptions.message(channel.kind)
        elif channel != UNKNOWN and (missing := self.subscriptions.mention(channel.kind, time_of(event.ts))):
            log.warning(
                "mentions come but no messages",
                extra={"platform": PLATFORM, "advice": f"tick {missing} at {EVENTS_AT}, and reinstall the app"},
            )
        return await inbound_of(event, channel, self.directory, self.me)

    async def _take_command(self, command: Command) -> BoltResponse:
        """Store the use of a slash command; its answer comes by its own address.

        Raises: StorageError.
        """
        self.answers.keep(command)
        channel, author, guest, names = await asyncio.gather(
            self.directory.channel(command.channel, told=False),
            self.directory.person(command.user, command.team),
            self.directory.is_guest(command.user),
            self.directory.names(command.words, self.me.user),
        )
        inbound = to_inbound(command, channel, author, names, self.me, datetime.now(UTC), guest=guest)
        await self.channels.tell(None)
        if command.name in self.me.commands and await self.intake.accept(inbound):
            return BoltResponse(status=200, body="")
        return _whisper(NOT_HERE)


def _whisper(text: str) -> BoltResponse:
    """Acknowledge a slash command with words for its user alone."""
    return BoltResponse(status=200, body={"response_type": "ephemeral", "text": text})
