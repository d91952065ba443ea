"""Folding anew where summaries went with what was forgotten: one conversation at a time, for people come first."""

from __future__ import annotations

from collections.abc import Iterable

from memory.core.folding import Folding
from memory.core.tasks import Tasks
from memory.types import Conversation


class Refolding:
    """Holds what is to be folded anew; what is lost of it with the process is folded after the next message there."""

    def __init__(self, folding: Folding, tasks: Tasks) -> None:
        self._folding = folding
        self._tasks = tasks
        self._due: dict[Conversation, None] = {}  # a set that keeps its order
        self._running = False

    def add(self, conversations: Iterable[Conversation]) -> None:
        """Fold these too, aside, after those that are due already."""
        if self._tasks.draining:
            return
        self._due |= dict.fromkeys(conversations)
        if self._due and not self._running:
            self._running = True
            self._tasks.spawn(self._run())

    async def _run(self) -> None:
        """Fold what is due until nothing is; a failure is logged, and left to the next message there."""
        try:
            while self._due and not self._tasks.draining:
                conversation = next(iter(self._due))
                del self._due[conversation]
                await self._folding.fold_anew(conversation)
        finally:
            self._running = False
