"""Saying what no turn says: commands' answers, single sentences, and replies that an earlier run left half said."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from itertools import chain, repeat
from typing import TypeVar

from errors import PlatformError, PlatformUnreachable, StorageError
from memory.core.erasing import Erasing
from memory.core.suspects import DEADLY, Suspects
from memory.ports import Platform, Sleep, Store
from memory.types import Delta, Inbound, Owed, Waiting

log = logging.getLogger(__name__)

PAUSES = (5.0, 15.0, 30.0, 60.0)
"""Seconds before each further try to say what is settled already; the adapter has tried for a while before that."""

Known = TypeVar("Known")

FORGOTTEN = "This was forgotten before I had answered it."


class Voice:
    """Says texts that are whole, through the platform of the message that they answer."""

    def __init__(
        self,
        store: Store,
        platforms: Mapping[str, Platform],
        erasing: Erasing,
        suspects: Suspects,
        sleep: Sleep,
    ) -> None:
        self._store = store
        self._platforms = platforms
        self._erasing = erasing
        self._suspects = suspects
        self._sleep = sleep

    async def say(self, inbound: Inbound, text: str, posted: Sequence[str] = ()) -> bool:
        """Say a text, however long the platform cannot be reached; false where that is impossible.

        An empty text takes away what stands there.
        """

        async def read() -> str:
            return text

        return await self._say(inbound, read, posted, noted_for=None)

    async def complete(self, owed: Owed, alone: AsyncExitStack | None = None) -> bool:
        """Say what is decided and on disk; false where that is impossible, and then an answer is no turn.

        What is forgotten before it is said is not said: a sentence stands in its place, where any of it was read.
        `alone` keeps other suspects back, and is closed while the platform or the disk cannot be reached.
        """
        waiting = owed.waiting

        async def read() -> str:
            now = await self._surely(waiting, lambda: self._store.owes(waiting.id), alone)
            return "" if now is None else now.text or FORGOTTEN

        stands = await self._say(waiting.inbound, read, waiting.posts, noted_for=waiting.id, alone=alone)
        await self._close(owed, stands=stands, alone=alone)
        return stands

    async def pay(self, owed: Owed) -> None:
        """Say what an earlier run decided, in the messages that hold some of it.

        What has brought the process down again and again is given up: nothing more is said, and an answer is no turn.
        """
        waiting = owed.waiting
        if not (owed.text or waiting.posts):
            self._store.said(waiting.id)
            return
        fields = {"conversation": str(waiting.conversation), "messages": 1}
        async with self._suspects.alone((waiting,)) as alone:
            if await self._count(waiting) < DEADLY:
                stands = await self.complete(owed, alone)
                log.info("reply completed", extra={**fields, "stands": stands})
                return
            log.error("reply given up", extra=fields)
            await self._close(owed, stands=False, alone=alone)

    async def _count(self, waiting: Waiting) -> int:
        """Count an attempt at saying what is owed; one that the disk does not let us count is made all the same."""
        try:
            return await self._store.begin((waiting.id,))
        except StorageError as exc:
            log.warning("attempt not counted", extra={"conversation": str(waiting.conversation)}, exc_info=exc)
            return waiting.attempts

    async def _close(self, owed: Owed, *, stands: bool, alone: AsyncExitStack | None) -> None:
        """Owe a reply no more; an answer that does not stand is taken back."""
        waiting = owed.waiting
        if owed.answer and not stands:
            await self._surely(waiting, lambda: self._store.retract(waiting.conversation, owed.answer), alone)
        self._store.said(waiting.id)

    async def _surely(
        self, waiting: Waiting, verb: Callable[[], Awaitable[Known]], alone: AsyncExitStack | None
    ) -> Known:
        """Do something with the disk for what is owed to a message, again and again until the disk lets it."""
        pauses = chain(PAUSES, repeat(PAUSES[-1]))
        while True:
            try:
                return await verb()
            except StorageError as exc:
                log.warning("still owed", extra={"conversation": str(waiting.conversation)}, exc_info=exc)
            if alone is not None:
                await alone.aclose()
            await self._sleep(next(pauses))

    async def _say(
        self,
        inbound: Inbound,
        read: Callable[[], Awaitable[str]],
        posted: Sequence[str],
        *,
        noted_for: int | None,
        alone: AsyncExitStack | None = None,
    ) -> bool:
        """Say a text that is read anew for every try; false where that is impossible.

        Where the reply to the inbox id `noted_for` stands is noted: it may have to be found again, and a command's may
        show words that are forgotten later, and be quoted then. The words stand there also when the disk refuses that.
        """
        posts = dict(enumerate(posted))

        async def note(part: int, message_id: str) -> None:
            keep_post(posts, part, message_id)
            if noted_for is not None:
                try:
                    await self._store.note_post(noted_for, part, message_id)
                except StorageError as exc:
                    log.warning("post not noted", extra={"place": str(inbound.place)}, exc_info=exc)
                await self._erasing.erase_noted(inbound.place, (message_id,))

        async def attempt() -> None:
            text = await read()
            await platform.reply(inbound, once(text), note, [posts[part] for part in sorted(posts)])

        platform = self._platforms[inbound.place.platform]
        try:
            try:
                await attempt()
            except PlatformUnreachable:
                if alone is not None:
                    await alone.aclose()
                await insist(attempt, self._sleep)
        except PlatformError as exc:
            log.warning("could not answer", extra={"place": str(inbound.place)}, exc_info=exc)
            return False
        return True


def keep_post(posts: dict[int, str], part: int, message_id: str) -> None:
    """Remember which message holds a part, or that none does any more."""
    if message_id:
        posts[part] = message_id
    else:
        posts.pop(part, None)


async def insist(say: Callable[[], Awaitable[None]], sleep: Sleep) -> None:
    """Say something again and again while the platform cannot be reached, until it stands there.

    Raises: ReplyImpossible.
    """
    for pause in chain(PAUSES, repeat(PAUSES[-1])):
        log.warning("said later", extra={"retry_seconds": pause})
        await sleep(pause)
        try:
            await say()
        except PlatformUnreachable:
            continue
        return


async def once(text: str, *, passing: bool = False) -> AsyncGenerator[Delta, None]:
    """A text as the deltas of a reply."""
    yield Delta(text, passing=passing)
