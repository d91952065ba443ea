"""Catching up with what was said, edited and deleted while nobody listened.

1. A heartbeat on disk says until when everything that a platform sent was received. It stands still until all that was
   missed has been read, so that an interrupted catching up begins again where it began.
2. A connection may die unnoticed, so what is read begins a while before the last beat; what is known has its id.
3. What was sent since then is taken in as if it came in now, but it is answered only if it is young enough.
4. Places where people talked lately are compared: what was edited there is amended, what is gone is erased.
5. A place that was read since the last connection came is not read again, neither after a try that broke off nor by the
   next reading: what was said there since then came in as it was said. Once something that came in could not be stored,
   every place is read again.
6. No lane runs in a place that is still to be read, so that people are answered in the order in which they spoke; what
   takes too long is not waited for.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from time import monotonic

from errors import PlatformUnreachable, StorageError
from memory.core.tasks import Tasks
from memory.ports import Amend, Clock, Erase, Platform, Sleep, Store
from memory.types import Conversation, Decision, History, Inbound, Place, Stored

log = logging.getLogger(__name__)

BEAT_SECONDS = 20.0
MARGIN = timedelta(seconds=150)
"""Discord's gateway may be dead for 100 s before discord.py notices (a heartbeat every 41 s, 60 s for its answer).

Slack may withhold a minute of events, which are read a minute after it said so.
"""

HOLD_SECONDS = 30.0
"""How long people wait at most until older messages of their channel are in."""

MOST_PLACES = 300
"""Also of those where people talked of late: of direct messages on Discord and threads on Slack no list tells news."""

FIRST = 20
"""Where people talked last is read first: they may be waiting there now.

Where nobody is held any more, channels go before their threads: reading them tells which threads have news.
"""

PAUSES = (15.0, 60.0, 300.0)
"""Seconds before catching up is tried again that broke off."""

PROGRESS = 25
"""After every so many places, a line in the log says how far it has come."""


_COUNTED = {Decision.ANSWER: "answered", Decision.REMEMBER: "remembered", Decision.COMMAND: "commands"}


@dataclass(frozen=True, slots=True)
class _Span:
    """What is read of a platform: all since it was last heard, and of known places as far back as is compared."""

    platform: Platform
    since: datetime
    compared: datetime


@dataclass(frozen=True, slots=True)
class _Done:
    """When the reading of a place began, and the places under it that it found."""

    at: float
    threads: tuple[Place, ...]


@dataclass(slots=True)
class _State:
    """How it stands with one platform.

    `closed` holds all its lanes, `behind` those of the places that are still to be read. `sound` is what was received
    without a gap, and gets the heartbeat. While it is caught up with (`under_way`), `again` asks for another reading,
    after a rest where the disk was `refusing`; a rest ends with `news` of a connection. `missed_at` is when something
    was missed last, monotonic; `done` is what was read since this catching up began.
    """

    closed: bool = False
    behind: set[Place] = field(default_factory=set)
    sound: bool = False
    under_way: bool = False
    again: bool = False
    refusing: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)
    missed_at: float = 0.0
    done: dict[Place, _Done] = field(default_factory=dict)

    def done_already(self, place: Place) -> Sequence[Place] | None:
        """The places under one that needs no more reading (rule 5); None where it does."""
        done = self.done.get(place)
        return done.threads if done is not None and done.at > self.missed_at else None


class CatchUp:
    """Reads what was missed.

    `take` takes a missed message in, `take_up` a platform's messages that wait on disk; `released` is told that lanes
    may run again.
    """

    def __init__(
        self,
        *,
        store: Store,
        platforms: Mapping[str, Platform],
        tasks: Tasks,
        clock: Clock,
        sleep: Sleep,
        compared: timedelta,
        take: Callable[[Inbound], Awaitable[Decision]],
        amend: Amend,
        erase: Erase,
        take_up: Callable[[str], Awaitable[None]],
        released: Callable[[], None],
        hold_seconds: float = HOLD_SECONDS,
    ) -> None:
        self._store = store
        self._platforms = platforms
        self._tasks = tasks
        self._clock = clock
        self._sleep = sleep
        self._compared = compared
        self._take = take
        self._amend = amend
        self._erase = erase
        self._take_up = take_up
        self._released = released
        self._hold_seconds = hold_seconds
        self._states: defaultdict[str, _State] = defaultdict(_State)

    def close(self, platform: str) -> None:
        """Hold all lanes of a platform that was never connected yet."""
        self._states[platform].closed = True

    def holds(self, conversation: Conversation) -> bool:
        """Whether a conversation has to wait until what was missed in its place is in."""
        place = conversation.place
        state = self._states[place.platform]
        return state.closed or place in state.behind or replace(place, thread="") in state.behind

    def begin(self, platform: str, *, missed: bool) -> None:
        """Take up aside what waits for a platform that was connected, and with `missed` what it said meanwhile.

        What is being read already is read to its end, and then once more: a connection that breaks again and again
        would else never be caught up with, and hold people every time. Nothing is begun once the process is to end.
        """
        if self._tasks.draining:
            return
        state = self._states[platform]
        if missed:
            state.sound = False
            state.missed_at = monotonic()
        if state.under_way:
            state.again |= missed
            state.news.set()
            return
        state.closed |= missed
        self._start(platform, missed=missed)

    def _start(self, platform: str, *, missed: bool) -> None:
        self._states[platform].under_way = True
        self._tasks.spawn(self._catch_up(self._platforms[platform], missed=missed))

    def refused(self, platform: str) -> None:
        """Read once more what may have been heard and could not be kept: a platform may say it but once.

        Nobody is held for it. What was not caught up with yet will be, when the platform is connected.
        """
        state = self._states[platform]
        state.missed_at = monotonic()
        if state.under_way:
            state.again = state.refusing = True
        elif state.sound:
            state.sound = False
            self._start(platform, missed=True)

    async def note_first_start(self) -> None:
        """Let nothing be missed from now on of a platform that was never served; what is older was not for the bot.

        Raises: StorageError.
        """
        new = [name for name in self._platforms if await self._store.heard_until(name) is None]
        if new:
            await self._store.beat(new, self._clock())

    async def beat_for_ever(self) -> None:
        """Keep the heartbeat on disk."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            await self.beat()

    async def beat(self) -> None:
        """Note the platforms of which everything was received until now; raises nothing.

        A platform that was down is left out until it has been caught up with.
        """
        for name, state in self._states.items():
            state.sound = state.sound and self._platforms[name].alive
        alive = sorted(name for name, state in self._states.items() if state.sound and not state.again)
        if not alive:
            return
        try:
            await self._store.beat(alive, self._clock())
        except StorageError as exc:
            log.warning("no heartbeat", exc_info=exc)
        except Exception:
            log.exception("no heartbeat")

    def _open(self, platform: str) -> None:
        state = self._states[platform]
        state.closed = False
        state.behind.clear()
        self._released()

    async def _catch_up(self, platform: Platform, *, missed: bool) -> None:
        """Take up what waits and read all that was missed, however often that breaks off or has to be done again."""
        name, state = platform.name, self._states[platform.name]
        patience = asyncio.get_running_loop().call_later(self._hold_seconds, self._open, name)
        try:
            await self._catch_up_once(platform, missed=missed)
            while not await self._is_level(name):
                if state.refusing:
                    state.refusing = False
                    await self._rest(name, PAUSES[0])  # what takes nothing now may again be asked in vain
                await self._catch_up_once(platform, missed=True)
        finally:
            patience.cancel()
            state.under_way = False
            state.done.clear()

    async def _is_level(self, platform: str) -> bool:
        """Let the heartbeat go on, unless there was another connection while this one was caught up with."""
        state = self._states[platform]
        if state.again:
            return False
        state.sound = True
        await self.beat()
        return not state.again

    async def _catch_up_once(self, platform: Platform, *, missed: bool) -> None:
        """Read everything once; then all is known that was said before this began, and the heartbeat says so."""
        name, began, began_at, tally, tries = platform.name, monotonic(), self._clock(), Counter[str](), 0
        self._states[name].again = False
        while not await self._try_to_catch_up(platform, tally, missed=missed):
            self._open(name)
            pause = PAUSES[min(tries, len(PAUSES) - 1)]
            tries += 1
            log.warning("catching up broke off", extra={"platform": name, "retry_seconds": pause})
            await self._rest(name, pause)
            began_at = self._clock()
        self._open(name)
        if tally:
            log.info("caught up", extra={"platform": name, **tally, "seconds": round(monotonic() - began, 1)})
        if self._states[name].again:
            await self._note_heard(name, began_at)

    async def _rest(self, platform: str, seconds: float) -> None:
        """Wait before another try, or until there is another connection."""
        news = self._states[platform].news
        news.clear()
        waits = [asyncio.ensure_future(self._sleep(seconds)), asyncio.ensure_future(news.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _note_heard(self, platform: str, until: datetime) -> None:
        try:
            await self._store.beat([platform], until)
        except StorageError as exc:
            log.warning("no heartbeat", exc_info=exc)

    async def _try_to_catch_up(self, platform: Platform, tally: Counter[str], *, missed: bool) -> bool:
        tally.clear()
        try:
            await self._take_up(platform.name)
            heard = await self._store.heard_until(platform.name) if missed else None
            if heard is not None:
                await self._read(platform, self._span(platform, heard), tally)
        except (PlatformUnreachable, StorageError) as exc:
            log.warning("history not read", extra={"platform": platform.name}, exc_info=exc)
            return False
        except Exception:
            # Whatever a history holds, people must not be left waiting for it.
            log.exception("history not understood", extra={"platform": platform.name})
            return False
        return True

    def _span(self, platform: Platform, heard: datetime) -> _Span:
        """What has to be read; a last beat that is still to come says nothing, for the clock was ahead then."""
        since, now = heard - MARGIN, self._clock()
        compared = now - self._compared
        return _Span(platform, since if since <= now else compared, compared)

    async def _read(self, platform: Platform, span: _Span, tally: Counter[str]) -> None:
        """Read one place after the other; its channel is released when nothing of it is left to be read."""
        name, state = platform.name, self._states[platform.name]
        known = await self._store.places(name, min(span.since, span.compared), MOST_PLACES)
        told = await platform.places(span.since)
        waited_for = state.closed
        last = known[:FIRST] if waited_for else _or_channels(known[:FIRST], told)
        queue = deque(list(dict.fromkeys([*last, *told, *known]))[:MOST_PLACES])
        seen = set(queue)
        if waited_for:
            state.behind = set(queue)
            state.closed = False
            self._released()
        if queue:
            log.info("catching up", extra={"platform": name, "places": len(queue), "since": span.since.isoformat()})
        while queue:
            place = queue.popleft()
            further = state.done_already(place)
            if further is None:
                further = await self._read_place(span, place, tally, compared=place in known)
                tally["places"] += 1
                if tally["places"] % PROGRESS == 0:
                    log.info("catching up", extra={"platform": name, **tally, "left": len(queue)})
            new = [thread for thread in further if thread not in seen][: MOST_PLACES - len(seen)]
            seen.update(new)
            queue.extendleft(reversed(new))
            if state.behind:
                state.behind.update(new)
                state.behind.discard(place)
                self._released()

    async def _read_place(self, span: _Span, place: Place, tally: Counter[str], *, compared: bool) -> Sequence[Place]:
        """Read one place; return places under it that are to be read as well.

        What is stored is looked up first: whatever comes in while the platform is asked is not taken for deleted.
        """
        began = monotonic()
        since = min(span.since, span.compared) if compared else span.since
        stored = {each.message_id: each for each in await self._store.stored(place, since)}
        history = await span.platform.history(place, since)
        if history is None:
            return ()
        for inbound in history.messages:
            known = stored.get(inbound.message_id)
            if known is not None:
                if known.is_other_than(inbound):
                    tally["edited"] += 1
                    await self._amend(inbound)
            elif inbound.sent_at > span.since:
                decision = await self._take(inbound)
                if decision in _COUNTED:
                    tally[_COUNTED[decision]] += 1
        await self._erase_missing(place, history, list(stored.values()), tally)
        self._states[span.platform.name].done[place] = _Done(began, tuple(history.threads))
        return history.threads

    async def _erase_missing(
        self, place: Place, history: History, stored: Sequence[Stored], tally: Counter[str]
    ) -> None:
        gone: list[str] = []
        for message in stored:
            if message.sent_at < history.since or (history.until is not None and message.sent_at > history.until):
                continue
            if message.message_id not in history.standing:
                gone.append(message.message_id)
            if history.until is None:  # else the answer may stand behind what was read
                gone += [post for post in message.posts if post not in history.standing]
        if gone:
            tally["deleted"] += len(gone)
            await self._erase(place, gone)


def _or_channels(places: Sequence[Place], told: Sequence[Place]) -> list[Place]:
    """Places, those of threads replaced by their channels where these are told to have news."""
    channels = [replace(place, thread="") for place in places]
    return [channel if channel in told else place for place, channel in zip(places, channels, strict=True)]
