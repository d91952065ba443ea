"""What an answer is made from: the turns that were heard, what was recalled for them, and the prompt planned of both.

It takes no more than the thread, and tells nobody anything; so it can be made while the disk still writes the question.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from memory.core.planning import Planning
from memory.core.recalling import Recalling
from memory.types import Inbound, Prompt, Recalled, Thread, Turn, Waiting


@dataclass(frozen=True, slots=True)
class Prepared:
    """What an answer is made from; no prompt where planning it fails, as it does again where that is told."""

    heard: tuple[Turn, ...]
    recalled: tuple[Recalled, ...] = ()
    prompt: Prompt | None = None


@dataclass(frozen=True, slots=True)
class Ahead:
    """A thread as it was when a message for it was taken in, and what is being prepared of both."""

    thread: Thread
    prepared: asyncio.Task[Prepared]


@dataclass(frozen=True, slots=True)
class Fresh:
    """A message that has just been taken in, alone, and what was prepared for it meanwhile."""

    waiting: Waiting
    ahead: Ahead


class Preparing:
    """Prepares answers; holds nothing of one."""

    def __init__(self, planning: Planning, recalling: Recalling) -> None:
        self._planning = planning
        self._recalling = recalling

    async def prepare(self, thread: Thread, said: Sequence[Inbound]) -> Prepared:
        """Prepare the answer to the last of the messages that are answered together."""
        heard, asked = self._planning.hear(said, thread), said[-1]
        recalled = await self._recalling.recall(thread, asked, heard)
        prompt = None
        with suppress(Exception):
            prompt = self._planning.prompt(thread, heard, asked.visibility, self._planning.budget(), recalled)
        return Prepared(heard, recalled, prompt)
