"""`!forget`: asked, confirmed, done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from errors import StorageUnavailable
from memory import phrases
from memory.commands.core import CoreForCommands
from memory.commands.words import Call, names_nobody, read_forget
from memory.forgetting import SCRUB_AT_ONCE_BYTES, find_echo
from memory.policy import conversation_of
from memory.ports import Clock, Promise, Store
from memory.types import CoreSettings, Extent, Forgetting, Inbound, Place

CONFIRM_WITHIN = timedelta(minutes=1)


class Forget:
    """Forgets, and keeps for a minute what waits to be confirmed."""

    def __init__(
        self,
        settings: CoreSettings,
        store: Store,
        core: CoreForCommands,
        is_admin: Callable[[Inbound], Awaitable[bool]],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._store = store
        self._core = core
        self._is_admin = is_admin
        self._clock = clock
        self._asked: dict[tuple[str, str], tuple[Forgetting, datetime]] = {}

    async def run(self, call: Call) -> str:
        """Ask, or do what was asked; return what to say."""
        prefix, inbound = self._settings.prefix, call.inbound
        asked = read_forget(call.words, inbound)
        if asked is None:
            usage = phrases.FORGET_USAGE.format(prefix=prefix)
            return phrases.WHOM if names_nobody(call.words, inbound) else usage
        own = asked.what in {"me", "everywhere"} or (asked.what == "user" and asked.user == inbound.author)
        if asked.what == "confirm":
            return await self._confirm(call)
        if not own and not await self._is_admin(inbound):
            return phrases.FOR_ADMINS.format(command=f"{prefix}forget") + phrases.BUT_ME.format(prefix=prefix)
        forgetting = Forgetting(
            place=Place(inbound.place.platform, "", "") if asked.what == "everywhere" else inbound.place,
            at=inbound.sent_at,
            user=asked.user,
            last=asked.last,
            owner=conversation_of(inbound, self._settings).user,
        )
        if inbound.apart and asked.last and not await self._store.extent(forgetting, find_echo):
            return phrases.LAST_APART.format(prefix=prefix, last=asked.last)
        if asked.now:
            return await self._do(forgetting, call)
        extent = await self._store.extent(forgetting, find_echo)
        if not extent:  # what is older of who asks is never to be taken in, though there is nothing to ask him
            return await self._do(forgetting, call) if own else phrases.NOTHING_TO_FORGET
        self._ask(inbound, forgetting)
        return phrases.write_question(extent, asked.what, asked.user_name, inbound.place, prefix)

    def _ask(self, inbound: Inbound, forgetting: Forgetting) -> None:
        now = self._clock()
        self._asked = {key: value for key, value in self._asked.items() if _is_open(value[1], now)}
        self._asked[str(inbound.place), inbound.author] = (forgetting, now)

    async def _confirm(self, call: Call) -> str:
        """Do what the same person asked here within the last minute; a confirmation serves once."""
        inbound, now = call.inbound, self._clock()
        forgetting, asked_at = self._asked.pop((str(inbound.place), inbound.author), (None, now))
        if forgetting is None or not _is_open(asked_at, now):
            return phrases.NOTHING_TO_CONFIRM.format(prefix=self._settings.prefix)
        # The newest messages are those that the question counted; everything else goes up to now.
        return await self._do(forgetting if forgetting.last else replace(forgetting, at=inbound.sent_at), call)

    async def _do(self, forgetting: Forgetting, call: Call) -> str:
        """Forget, and put on disk with it what is said: after a crash the next ones would be the last messages."""
        reach = phrases.write_reach(forgetting.place.platform) if forgetting.everywhere else ""
        counted = bool(forgetting.last)
        said = partial(write_done, reach=reach, counted=counted)
        extent = await self._store.forget(forgetting, find_echo, Promise(call.id, said))
        self._core.interrupt(extent)
        if not extent:
            return phrases.NOTHING_TO_FORGET
        try:
            clean = await self._store.scrub(at_most=SCRUB_AT_ONCE_BYTES)
        except StorageUnavailable:  # forgotten all the same; the scrub is recorded and made up for later
            clean = False
        return phrases.write_forgotten(extent, clean=clean, reach=reach, counted=counted)


def _is_open(asked_at: datetime, now: datetime) -> bool:
    """Whether a question can still be confirmed; a clock that went back does not keep it open for longer."""
    return abs(now - asked_at) < CONFIRM_WITHIN


def write_done(extent: Extent, reach: str, *, counted: bool) -> str:
    """What is said of a forgetting before the file is cleaned."""
    if not extent:
        return phrases.NOTHING_TO_FORGET
    return phrases.write_forgotten(extent, clean=False, reach=reach, counted=counted)
