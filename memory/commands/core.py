"""The core, as commands see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from memory.prompt import Budget, Persona
from memory.types import Conversation, Extent, Visibility


class CoreForCommands(Protocol):
    """What commands need of the core."""

    @property
    def budget(self) -> Budget:
        """The budget that prompts are planned under now."""
        ...

    def persona(self, visibility: Visibility) -> Persona:
        """The system text of conversations that so many can read."""
        ...

    async def fold_now(self, conversation: Conversation) -> int:
        """Fold all but the recent turns, and return how many turns that were.

        Raises: ModelError when the fold failed; nothing is changed then.
        """
        ...

    async def rebuild(self, conversation: Conversation, progress: Callable[[int, int], Awaitable[None]]) -> int:
        """Make the summary anew from the originals, step by step, and return of how many turns.

        `progress` is told after each step how many turns are done, and of how many.
        Raises: OriginalsExpired, ModelError when a step failed; the summary stands as it was then.
        """
        ...

    def interrupt(self, extent: Extent) -> None:
        """Stop the turns under way where something was forgotten; those that still stand begin again."""
        ...
