"""What was said while nobody listened: where the bot is, and what stands there now."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, zip_longest
from typing import Final

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack.directory import Directory, inbound_of
from adapters.slack.failures import FAILURES, as_read_error, code_of
from adapters.slack.inbound import Drop, Event, Me, read_app_message, read_message
from adapters.slack.pace import Pace
from adapters.slack.pages import moment, standing_in, threads_in, times_in
from adapters.slack.places import PLATFORM, is_ts, time_of, ts_of
from adapters.slack.preflight import SCOPES_AT
from adapters.slack.wire import Json, as_map, flag_at, id_at, map_at, maps_at, text_at
from memory.types import History, Inbound, Place, Recent

log = logging.getLogger(__name__)

_PAGE: Final = 200
"""What Slack advises to ask for at once: https://docs.slack.dev/apis/web-api/pagination."""

_LISTED: Final = 5
"""Pages of channels of one kind that are looked at."""

_READ: Final = 10
"""Pages of one thread that are read: they come oldest first, and the newest are wanted."""

_PLACES: Final = 200
"""Channels that are caught up with; each is a request, of which there are 50 a minute."""

_KEPT: Final = 1000
"""Channels that are remembered as heard from."""

_BURST: Final = 10
_SECONDS: Final = 2.0
"""How many channels, or threads, are read at once, and then one in how long: 40 a minute.

Slack bears 50 (tier 3: https://docs.slack.dev/apis/web-api/rate-limits); the rest is for finding lost answers.
"""

_THREAD_GONE: Final = "thread_not_found"
"""Slack's code for a thread of which no message stands; a parent without replies is a thread of one."""

_KINDS: Final = {
    "im": "im:read",
    "mpim": "mpim:read",
    "private_channel": "groups:read",
    "public_channel": "channels:read",
}
"""The kinds of channel, by their names in `users.conversations`, and the scope that each takes."""


@dataclass(frozen=True, slots=True)
class _Page:
    """A part of a history; `at` is a time before which nothing is missing in it."""

    messages: tuple[Json, ...]
    more: bool
    cursor: str
    at: datetime


class Reader:
    """Reads what stands in the places of one bot, at a pace that leaves Slack's allowance to others too."""

    def __init__(
        self, web: AsyncWebClient, directory: Directory, me: Me, *, burst: int = _BURST, seconds: float = _SECONDS
    ) -> None:
        self._web = web
        self._directory = directory
        self._me = me
        self._channels = Pace(burst, seconds)
        self._threads = Pace(burst, seconds)
        self._heard = Recent[str, None](_KEPT)
        self._advised: set[str] = set()

    def notice(self, channel: str) -> None:
        """Take note that something was just said in a channel."""
        self._heard[channel] = None

    async def places(self) -> tuple[Place, ...]:
        """The channels and direct messages that the bot is in, a bounded number.

        Slack does not tell where something is new (`updated` is about a channel's settings), so those come first from
        which this run heard last, then the others, one of each kind in turn.
        Raises: PlatformUnreachable.
        """
        kinds = [await self._channels_of(kind) for kind in _KINDS]
        known = dict.fromkeys(channel for channel in chain.from_iterable(zip_longest(*kinds)) if channel)
        recent = [channel for channel in reversed(self._heard) if channel in known]
        found = list(dict.fromkeys([*recent, *known]))
        if len(found) > _PLACES:
            log.warning("channels left out", extra={"platform": PLATFORM, "count": len(found) - _PLACES})
        return tuple(Place(PLATFORM, self._me.team, channel) for channel in found[:_PLACES])

    async def history(self, place: Place, since: datetime) -> History | None:
        """What stands in a channel itself, or in one of its threads; None where it cannot be read.

        Of a channel the newest page is read, whatever its age: only so the messages show whose threads have gone on. A
        thread that is gone with all its messages is one in which nothing stands.
        Raises: PlatformUnreachable.
        """
        if place.thread:
            pages = await self._thread_pages(place, oldest=ts_of(since))
            return await self._thread_history(place, since, pages) if pages else None
        page = await self._ask(
            self._channels, lambda: self._web.conversations_history(channel=place.channel, limit=_PAGE)
        )
        return None if page is None else await self._channel_history(place, since, page)

    async def _channels_of(self, kind: str) -> list[str]:
        found: list[str] = []
        cursor = ""
        for _ in range(_LISTED):
            try:
                response = await self._web.users_conversations(
                    types=kind, exclude_archived=True, limit=_PAGE, cursor=cursor or None
                )
            except FAILURES as exc:
                self._pass_over(exc, f"{_KINDS[kind]} is needed: {SCOPES_AT}")
                break
            data = as_map(response.data)
            for conversation in maps_at(data, "channels"):
                if (channel := id_at(conversation, "id")) and not flag_at(conversation, "is_archived"):
                    self._directory.learn(conversation)
                    found.append(channel)
            cursor = _cursor(data)
            if not cursor:
                break
        return found

    async def _channel_history(self, place: Place, since: datetime, page: _Page) -> History:
        begin = max(since, min(times_in(page.messages), default=page.at)) if page.more else since
        threads = threads_in(page.messages, since)
        return History(
            place=place,
            since=begin,
            messages=await self._said(place.channel, page.messages, begin, after=since),
            standing=standing_in(page.messages, begin),
            threads=tuple(Place(place.platform, place.space, place.channel, thread) for thread in threads),
        )

    async def _thread_history(self, place: Place, since: datetime, pages: Sequence[_Page]) -> History:
        # A page after the first, or one of a later time, may begin with the parent or not: that is not documented.
        messages = tuple({text_at(message, "ts"): message for page in pages for message in page.messages}.values())
        newest = sorted(at for at in times_in(messages) if at >= since)[-_PAGE:]
        begin = newest[0] if len(newest) == _PAGE else since
        return History(
            place=place,
            since=begin,
            until=newest[-1] if pages[-1].more and newest else None,
            messages=await self._said(place.channel, messages, begin, after=since),
            standing=standing_in(messages, begin),
        )

    async def before(self, inbound: Inbound, most: int) -> tuple[Inbound, ...]:
        """What people said before a message in its thread, or in its channel where that is its place; the newest of it.

        A thread begins with its parent, be it an app's. Nothing where it cannot be read, and before what opens a thread
        itself.
        Raises: PlatformUnreachable.
        """
        place, latest = inbound.place, inbound.message_id
        if most < 1 or place.thread == latest:
            return ()
        if not is_ts(latest):  # the use of a slash command
            latest = ts_of(inbound.sent_at)
        if place.thread:
            pages = await self._thread_pages(place, latest=latest)
        else:
            page = await self._ask(
                self._channels,
                lambda: self._web.conversations_history(channel=place.channel, latest=latest, limit=_PAGE),
            )
            pages = [] if page is None else [page]
        messages = tuple(chain.from_iterable(page.messages for page in pages))
        events = _with_parent(place, messages, _events(place.channel, messages))
        newest = events[-most:]
        if newest and newest[0] is not events[0] and events[0].ts == place.thread:
            newest[0] = events[0]
        return await self._inbounds(place.channel, newest)

    async def _said(
        self, channel: str, messages: Iterable[Json], begin: datetime, *, after: datetime
    ) -> tuple[Inbound, ...]:
        """What people said from `begin` on and after a time, in order, each as if it came in now."""
        events = _events(channel, messages)
        wanted = [event for event in events if time_of(event.ts) > after and time_of(event.ts) >= begin]
        await self._directory.meet(wanted)
        return await self._inbounds(channel, wanted)

    async def _inbounds(self, channel: str, events: Iterable[Event]) -> tuple[Inbound, ...]:
        where = await self._directory.channel(channel)
        said: list[Inbound] = []
        for event in events:
            inbound = await inbound_of(event, where, self._directory, self._me)
            said += [] if inbound is None else [inbound]
        return tuple(said)

    async def _thread_pages(self, place: Place, *, oldest: str = "", latest: str = "") -> list[_Page]:
        """Read the replies from a `ts` on, and before another one, oldest first; none where they cannot be read."""
        pages: list[_Page] = []
        cursor = ""
        for _ in range(_READ):
            page = await self._ask(
                self._threads,
                partial(
                    self._web.conversations_replies,
                    channel=place.channel,
                    ts=place.thread,
                    oldest=oldest or None,
                    latest=latest or None,
                    inclusive=bool(oldest),
                    limit=_PAGE,
                    cursor=cursor or None,
                ),
            )
            if page is None:
                return []
            pages.append(page)
            cursor = page.cursor
            if not cursor:
                break
        return pages

    async def _ask(self, pace: Pace, question: Callable[[], Awaitable[AsyncSlackResponse]]) -> _Page | None:
        """Ask for a page when it is its turn; None where Slack refuses it, and an empty one of a thread that is gone.

        Raises: PlatformUnreachable.
        """
        await pace.turn()
        began, clock = datetime.now(UTC), asyncio.get_running_loop().time
        start = clock()
        try:
            response = await question()
        except FAILURES as exc:
            if code_of(exc) == _THREAD_GONE:
                return _Page((), more=False, cursor="", at=began)
            self._pass_over(exc, "add the scopes that `python bot.py check` misses")
            return None
        data = as_map(response.data)
        at = moment(began, timedelta(seconds=clock() - start), as_map(response.headers))
        return _Page(maps_at(data, "messages"), flag_at(data, "has_more"), _cursor(data), at)

    def _pass_over(self, exc: Exception, advice: str) -> None:
        """Let something be that Slack does not let this bot read; where that can be mended, advise it once.

        Raises: PlatformUnreachable where it may be read later.
        """
        error = as_read_error(exc)
        if error is not None:
            raise error from exc
        code = code_of(exc)
        if code != "missing_scope":
            log.info("not read", extra={"platform": PLATFORM, "error": code})
        elif advice not in self._advised:
            self._advised.add(advice)
            log.warning("not read", extra={"platform": PLATFORM, "error": code, "advice": advice})


def _cursor(data: Json) -> str:
    return text_at(map_at(data, "response_metadata"), "next_cursor")


def _with_parent(place: Place, messages: Iterable[Json], events: list[Event]) -> list[Event]:
    """The events of a thread with the parent that an app posted: it is what people talk about there."""
    if not place.thread or (events and events[0].ts == place.thread):
        return events
    parents = [message for message in messages if text_at(message, "ts") == place.thread]
    by_apps = [parent for parent in parents if read_message(parent, place.channel) is Drop.BOT]
    posted = [read_app_message(parent, place.channel) for parent in by_apps[:1]]
    return [*(event for event in posted if event is not None), *events]


def _events(channel: str, messages: Iterable[Json]) -> list[Event]:
    """What people said among the messages of some pages, each once, in order of sending."""
    found = {text_at(message, "ts"): read_message(message, channel) for message in messages}
    return sorted((event for event in found.values() if isinstance(event, Event)), key=lambda event: time_of(event.ts))
