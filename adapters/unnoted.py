"""Parts of a reply that stand on the platform although nobody noted them: a receipt was lost, or a process died."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from errors import PlatformError
from memory.ports import Note
from memory.types import Inbound


class Outbox(Protocol):
    """What knows of a bot's posts whether all are known."""

    def begin(self, to: Inbound) -> None:
        """Note that no part of an answer to a message stands anywhere that is not known of."""
        ...

    def is_new(self, to: Inbound) -> bool:
        """Whether all parts of the answer to a message are known."""
        ...

    async def standing(self, to: Inbound) -> Sequence[str]:
        """Look for the answer to a message, and give the ids of its parts in their order.

        Raises: PlatformError.
        """
        ...


async def find_unnoted(outbox: Outbox, to: Inbound, note: Note, posted: Sequence[str]) -> Sequence[str]:
    """Add to the `posted` parts of an answer those that nobody noted, and note them; where none can be, none is sought.

    Raises: whatever `note` raises.
    """
    if outbox.is_new(to):
        return posted
    try:
        found = await outbox.standing(to)
    except PlatformError:
        return posted  # a post looks again, and says what is wrong
    unnoted = [message_id for message_id in found if message_id not in posted]
    for part, message_id in enumerate(unnoted, len(posted)):
        await note(part, message_id)
    outbox.begin(to)
    return [*posted, *unnoted]
