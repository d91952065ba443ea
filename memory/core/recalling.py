"""What was said elsewhere, or long ago, and bears on what is asked now: searched for before a prompt is planned."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from errors import StorageError
from memory.core.planning import Planning
from memory.ports import Store
from memory.recall import LINES, rank, read_question
from memory.scope import audience_of
from memory.types import Inbound, Recalled, Thread, Turn

log = logging.getLogger(__name__)

LONGEST_QUESTION = 2000
"""Characters of what is asked that are searched for: the end of it, where people put their question."""


class Recalling:
    """Searches for what an answer may quote."""

    def __init__(self, planning: Planning, store: Store) -> None:
        self._planning = planning
        self._store = store

    async def recall(self, thread: Thread, asked: Inbound, heard: Sequence[Turn]) -> tuple[Recalled, ...]:
        """What is quoted of what bears on what its author `asked`, and all who read the answer may hear; best first.

        Where the search fails, nothing: an answer without it is better than none. Nothing either where a prompt has no
        room for it, as where recall is off or a window is all that is to be known.
        """
        settings = self._planning.settings
        if not self._planning.budget().recalled:
            return ()
        said = "\n".join(turn.text for turn in heard if turn.author == asked.author)
        question = read_question(said[-LONGEST_QUESTION:], self._planning.clock())
        shown = self._planning.shown(thread, heard, asked.visibility)
        gap = timedelta(minutes=settings.sitting_minutes)
        try:
            found = await self._store.search(
                question, audience_of(asked, settings.reach), shown, partial(rank, gap=gap), LINES
            )
        except StorageError as exc:
            log.warning("nothing recalled", extra={"conversation": str(thread.conversation)}, exc_info=exc)
            return ()
        return self._planning.quoted(found)
