"""`!usage`: what was used today, and lifting a limit until the day ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from memory import phrases
from memory.commands.words import Call, names_nobody, read_person
from memory.limits import ceilings, day_end
from memory.policy import conversation_of
from memory.ports import Clock, Store
from memory.types import CoreSettings, Inbound, Scope, Visibility, spenders


class UsageToday:
    """Shows everybody his own, and admins those of the place and of all.

    To be alone with the bot makes nobody an admin here: the limits are the operator's.
    """

    def __init__(
        self,
        settings: CoreSettings,
        store: Store,
        moderates: Callable[[Inbound], Awaitable[bool]],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._store = store
        self._moderates = moderates
        self._clock = clock

    async def run(self, call: Call) -> str:
        """Show or lift; return what to say."""
        inbound = call.inbound
        first, _, rest = call.words.strip().partition(" ")
        match first.casefold():
            case "":
                return await self._show(inbound)
            case "lift":
                return await self._lift(inbound, rest.strip())
        return phrases.USAGE_USAGE.format(prefix=self._settings.prefix)

    async def _show(self, inbound: Inbound) -> str:
        keys = spenders(conversation_of(inbound, self._settings), inbound.author, inbound.visibility)
        if not await self._moderates(inbound):
            keys = {Scope.USER: keys[Scope.USER]}
        now = self._clock()
        left = (day_end(now) - now).total_seconds()
        return phrases.write_usage(await self._store.spent(keys), ceilings(self._settings), left, self._settings)

    async def _lift(self, inbound: Inbound, whose: str) -> str:
        """Lift a user's or the place's limit, for who moderates there; that of all, for the bot's own admins."""
        prefix = self._settings.prefix
        person, rest = read_person(whose, inbound)
        conversation = conversation_of(inbound, self._settings)
        if whose.casefold() == "all":
            scope = Scope.ALL
        elif not whose:
            scope = Scope.SPACE
        elif person is not None and not rest:
            scope = Scope.USER
        else:
            usage = phrases.USAGE_USAGE.format(prefix=prefix)
            return phrases.WHOM if names_nobody(whose, inbound) else usage
        owns = f"{inbound.place.platform}:{inbound.author}" in self._settings.admins
        if not (owns if scope is Scope.ALL else await self._moderates(inbound)):
            if scope is Scope.ALL:
                return phrases.FOR_OWNERS.format(command=f"{prefix}usage lift all")
            direct = inbound.visibility is Visibility.DIRECT
            refusal = phrases.FOR_ADMINS_DIRECT if direct else phrases.FOR_ADMINS
            return refusal.format(command=f"{prefix}usage lift")
        keys = spenders(conversation, person.user if person else inbound.author, inbound.visibility)
        if scope not in keys:
            return phrases.NO_SPACE
        limits = ceilings(self._settings)
        if scope in limits:
            await self._store.lift(scope, keys[scope])
        return phrases.write_lifted(scope, person.name if person else "", await self._store.spent(keys), limits)
