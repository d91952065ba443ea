"""Who can read the channels that the bot is in: listed at every connection and once in a while, and by events between.

An event tells of a change at once. Where one is not subscribed to, or was lost, the next list tells, `LIST_SECONDS`
later at most. Of a channel that the bot has left, or cannot ask about, nothing is known: it counts as closed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from slack_sdk.web.async_client import AsyncWebClient

from adapters.roll import Roll
from adapters.slack.directory import Directory
from adapters.slack.failures import FAILURES, as_read_error, code_of
from adapters.slack.inbound import Me
from adapters.slack.news import Change, News
from adapters.slack.pace import Pace
from adapters.slack.places import PLATFORM, channel_from
from adapters.slack.preflight import SCOPES_AT
from adapters.slack.wire import Json, as_map, id_at, map_at, maps_at, text_at
from errors import PlatformUnreachable, StorageError
from memory.ports import Intake
from memory.types import Channel as Told
from memory.types import Place, Recent

log = logging.getLogger(__name__)

LIST_SECONDS: Final = 600.0
"""From one list to the next while a connection stands."""

_LOOKS: Final = 20
"""How often is looked in that time whether a list is due; after one that came to nothing it is."""

_PATIENCE_SECONDS: Final = 15.0
"""How long people wait at a connection until it is known who can read what."""

_PAGE: Final = 200
_PAGES: Final = 10
"""Channels on a page, as many as Slack advises, and pages of one kind: https://docs.slack.dev/apis/web-api/pagination."""

_BURST: Final = 20
_SECONDS: Final = 3.0
"""How many pages are asked for at once, and then one in how long: Slack bears 50 a minute (tier 3)."""

_KINDS: Final = ("public_channel", "private_channel")
"""The kinds of channel by their names in `users.conversations`; direct messages are never open."""

_ARRIVALS: Final = 512
"""Arrivals that are remembered: Slack sends an event again whose acknowledgement it misses."""

_DOUBTED: Final = 100
"""Channels that are remembered as called deleted while Slack did not say whether they are."""

_NO_CHANNEL: Final = "channel_not_found"
"""Slack's code for a channel that is not there: https://docs.slack.dev/reference/methods/conversations.info#errors."""


class Channels:
    """Tells the core of the channels of one bot; `roll` is what it was told already."""

    def __init__(
        self,
        web: AsyncWebClient,
        directory: Directory,
        me: Me,
        intake: Intake,
        roll: Roll,
        list_seconds: float = LIST_SECONDS,
    ) -> None:
        self._web = web
        self._directory = directory
        self._me = me
        self._intake = intake
        self._roll = roll
        self._list_seconds = list_seconds
        self._pace = Pace(_BURST, _SECONDS)
        self._listing = asyncio.Lock()
        self._listed: float | None = None
        self._changed: set[str] = set()
        self._arrivals = Recent[str, None](_ARRIVALS)
        self._doubted = Recent[str, None](_DOUBTED)
        self._advised = False

    async def call_over(self) -> None:
        """List the channels at a connection; people wait for that a while, and then are served by what is known."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._list()
        except TimeoutError:
            log.warning("channels not listed", extra={"platform": PLATFORM, "error": "TimeoutError"})

    async def keep(self, connected: Callable[[], bool]) -> None:
        """List the channels again and again while connected, and ask about those in doubt, until cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(self._list_seconds / _LOOKS)
            if connected() and (self._listed is None or clock() - self._listed >= self._list_seconds):
                await self._list()
                if self._listed is not None:
                    await self._ask_again()

    async def tell(self, channel: Told | None) -> None:
        """Tell of the channel of a message that is to be taken in, if it has one, and of all that is due.

        What the disk does not take stays due: the message itself is refused then, and its author told.
        """
        if channel is not None and not channel.open:
            self._changed.add(channel.channel)
        try:
            await self._roll.tell([] if channel is None else [channel], self._intake.channels)
        except StorageError as error:
            log.warning("channels not stored", exc_info=error, extra={"platform": PLATFORM})

    async def take(self, news: News, event_id: str) -> None:
        """Tell what became of a channel; that the bot was let in once, however often Slack says so.

        Of channels that the bot is not in, events tell as well: they are none of its business.
        Raises: StorageError.
        """
        self._changed.add(news.channel)
        match news.change:
            case Change.LEFT | Change.DELETED:
                await self._roll.strike([self._closed(news.channel)], self._intake.channels)
                if news.change is Change.DELETED:
                    await self._bury(news.channel)
            case Change.CLOSED:
                await self._roll.tell([self._closed(news.channel)], self._intake.channels)
            case Change.JOINED:
                await self._look(news.channel)
                await self._arrive(news.channel, event_id or news.channel)
            case Change.OTHER if self._roll.known(self._me.team, news.channel):
                await self._look(news.channel)

    async def _look(self, channel: str) -> None:
        """Ask what a channel is now, and tell that."""
        found = await self._directory.channel(channel)
        await self._roll.tell([found.told(self._me.team, channel)], self._intake.channels)

    async def _bury(self, channel: str) -> None:
        """Tell that a channel was deleted once Slack has none: what is erased here cannot be brought back.

        While Slack does not say, the channel stays closed, and is asked about again after every list.
        Raises: StorageError.
        """
        fields = {"platform": PLATFORM, "channel": channel}
        try:
            stands = await self._stands(channel)
        except PlatformUnreachable as error:
            if channel not in self._doubted:
                log.warning("deletion not confirmed", extra={**fields, "error": str(error)})
            self._doubted[channel] = None
            return
        if stands:
            log.warning("deleted channel stands", extra=fields)
        else:
            await self._intake.removed(Place(PLATFORM, self._me.team, channel))
        self._doubted.pop(channel, None)

    async def _stands(self, channel: str) -> bool:
        """Whether Slack has a channel that it called deleted.

        Raises: PlatformUnreachable where it does not say.
        """
        try:
            response = await self._web.conversations_info(channel=channel)
        except FAILURES as exc:
            if code_of(exc) == _NO_CHANNEL:
                return False
            raise PlatformUnreachable(code_of(exc) or type(exc).__name__) from exc
        if not map_at(as_map(response.data), "channel"):
            raise PlatformUnreachable("no channel in the answer")
        return True

    async def _ask_again(self) -> None:
        """Ask about the channels of which Slack did not say whether they are deleted."""
        for channel in list(self._doubted):
            await self._pace.turn()
            try:
                await self._bury(channel)
            except StorageError as error:
                log.warning("deletion not stored", exc_info=error, extra={"platform": PLATFORM})  # it stays due

    async def _arrive(self, channel: str, event_id: str) -> None:
        found = await self._directory.channel(channel)
        if event_id in self._arrivals or not found.opens_threads:
            return
        self._arrivals[event_id] = None
        await self._intake.arrived(Place(PLATFORM, self._me.team, channel), found.visibility)

    def _closed(self, channel: str) -> Told:
        known = self._roll.known(self._me.team, channel)
        return Told(PLATFORM, self._me.team, channel, known.name if known else "", open=False)

    async def _list(self) -> None:
        """Ask for all channels that the bot is in, and tell of them; what became different meanwhile is left alone."""
        async with self._listing:
            self._changed.clear()
            self._listed = None
            found: dict[str, Json] = {}
            try:
                whole = all([await self._read(kind, found) for kind in _KINDS])
            except PlatformUnreachable as error:
                log.warning("channels not listed", extra={"platform": PLATFORM, "error": str(error)})
                return
            told = []
            for its_id in found.keys() - self._changed:
                self._directory.learn(found[its_id])
                told.append(channel_from(found[its_id]).told(self._me.team, its_id))
            try:
                if whole:
                    await self._roll.tell_all(
                        told, self._intake.channels, self._intake.only, sparing=frozenset(self._changed)
                    )
                else:
                    await self._roll.tell(told, self._intake.channels)
            except StorageError as error:
                log.warning("channels not stored", exc_info=error, extra={"platform": PLATFORM})  # they stay due
            self._listed = asyncio.get_running_loop().time()

    async def _read(self, kind: str, found: dict[str, Json]) -> bool:
        """Put the channels of one kind among those found, and say whether these are all.

        Raises: PlatformUnreachable.
        """
        cursor = ""
        for _ in range(_PAGES):
            await self._pace.turn()
            try:
                response = await self._web.users_conversations(types=kind, limit=_PAGE, cursor=cursor or None)
            except FAILURES as exc:
                self._pass_over(exc)
                return False
            data = as_map(response.data)
            found |= {its_id: each for each in maps_at(data, "channels") if (its_id := id_at(each, "id"))}
            cursor = text_at(map_at(data, "response_metadata"), "next_cursor")
            if not cursor:
                return isinstance(data.get("channels"), list)
        log.warning("channels left out", extra={"platform": PLATFORM, "kind": kind})
        return False

    def _pass_over(self, exc: Exception) -> None:
        """Let be what Slack does not let this bot list, and advise the cure once.

        Raises: PlatformUnreachable where it may be listed later.
        """
        error = as_read_error(exc)
        if error is not None:
            raise error from exc
        if not self._advised:
            self._advised = True
            advice = f"channels:read and groups:read are needed: {SCOPES_AT}"
            log.warning("channels not listed", extra={"platform": PLATFORM, "error": code_of(exc), "advice": advice})
