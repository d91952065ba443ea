"""What was said before the bot was first addressed in a thread, or by a reply: read once, and remembered."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from errors import PlatformUnreachable
from memory.commands import NAMES
from memory.core.early import EarlyChanges
from memory.core.planning import Planning
from memory.policy import Burst, earlier_to_read, is_from_before
from memory.ports import Platform, Store
from memory.types import Conversation, Inbound, Thread, Turn

log = logging.getLogger(__name__)


class Earlier:
    """Reads what was said before, as much of it as settings, watermarks and the budget let in."""

    def __init__(self, planning: Planning, store: Store, early: EarlyChanges) -> None:
        self._planning = planning
        self._store = store
        self._early = early

    async def read(self, platform: Platform, thread: Thread, burst: Burst) -> bool:
        """Take in what was said before what is answered now, where that is wanted; say whether it was anything.

        Where the platform cannot be reached for it, the message is answered without.
        Raises: StorageError.
        """
        target, settings = burst.target.inbound, self._planning.settings
        if not settings.before_messages or not earlier_to_read(target, thread):
            return False
        try:
            found = await platform.before(target, settings.before_messages)
        except PlatformUnreachable as exc:
            log.warning("nothing read from before", extra={"place": str(target.place)}, exc_info=exc)
            return False
        known = {waiting.inbound.message_id for waiting in burst.heard}
        oldest = self._planning.clock() - timedelta(days=settings.ttl_days) if settings.ttl_days else None
        standing = [now for now in map(self._early.apply, found) if now is not None]
        wanted = [
            inbound
            for inbound in standing
            if inbound.message_id not in known and is_from_before(inbound, thread, settings, NAMES, oldest)
        ]
        turns = self._fitting(self._planning.hear(wanted, thread))
        taken = await self._take(thread.conversation, target, wanted[len(wanted) - len(turns) :], turns)
        if taken:
            log.info("read from before", extra={"place": str(target.place), "turns": taken})
        return bool(taken)

    def _fitting(self, turns: Sequence[Turn]) -> Sequence[Turn]:
        """The newest turns that take no more of a prompt than a fold leaves word for word."""
        budget = self._planning.budget()
        room = budget.keep
        for number, turn in enumerate(reversed(turns)):
            room -= min(turn.tokens, budget.turn)
            if room < 0:
                return turns[len(turns) - number :]
        return turns

    async def _take(
        self, conversation: Conversation, target: Inbound, wanted: Sequence[Inbound], turns: Sequence[Turn]
    ) -> int:
        if not turns:
            return 0
        return await self._store.take_earlier(conversation, target.access, tuple(zip(wanted, turns, strict=True)))
