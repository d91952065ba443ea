"""Commands run beside the lanes: what is said to one is put on disk first, so that after a crash the same is said."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from errors import PlatformError, StorageError, ThreadkeeperError
from memory import policy
from memory.commands import NAMES, Commands
from memory.core.suspects import DEADLY
from memory.core.turns import GIVEN_UP
from memory.core.voice import Voice, keep_post, once
from memory.phrases import UNKNOWN
from memory.ports import Platform, Store
from memory.types import Owed, Waiting, command_of

log = logging.getLogger(__name__)


class Commanding:
    """Runs each command once at a time and says what came of it."""

    def __init__(
        self, prefix: str, store: Store, voice: Voice, platforms: Mapping[str, Platform], commands: Commands
    ) -> None:
        self._prefix = prefix
        self._store = store
        self._voice = voice
        self._platforms = platforms
        self._commands = commands
        self._running: set[int] = set()

    def begins(self, waiting: Waiting) -> bool:
        """Whether a command is not run already, which it is from now on; `run` has to follow."""
        fresh = waiting.id not in self._running
        self._running.add(waiting.id)
        return fresh

    async def run(self, waiting: Waiting) -> None:
        """Run a command, put on disk what is said to it, and say it."""
        posts = dict(enumerate(waiting.posts))
        try:
            text = await self._answer(waiting, self._progress(waiting, posts))
            waiting = replace(waiting, posts=tuple(posts[part] for part in sorted(posts)))
            try:
                await self._store.settle(waiting.id, text)
            except StorageError as exc:
                log.warning("command not settled", exc_info=exc)
                await self._voice.say(waiting.inbound, text, waiting.posts)
            else:
                await self._voice.complete(Owed(waiting, text))
        finally:
            self._running.discard(waiting.id)

    def _progress(self, waiting: Waiting, posts: dict[int, str]) -> Callable[[str], Awaitable[None]]:
        """What shows how far a long command is, in the message that will hold its answer; its failure is no harm.

        What is for one person alone cannot be edited everywhere, and is said once, at the end.
        """

        async def note(part: int, message_id: str) -> None:
            keep_post(posts, part, message_id)
            await self._store.note_post(waiting.id, part, message_id)

        async def show(text: str) -> None:
            if waiting.inbound.private:
                return
            platform = self._platforms[waiting.inbound.place.platform]
            try:
                await platform.reply(
                    waiting.inbound, once(text, passing=True), note, [posts[part] for part in sorted(posts)]
                )
            except (PlatformError, StorageError) as exc:
                log.info("progress not shown", extra={"place": str(waiting.inbound.place)}, exc_info=exc)

        return show

    async def _answer(self, waiting: Waiting, progress: Callable[[str], Awaitable[None]]) -> str:
        inbound, prefix = waiting.inbound, self._prefix
        name = command_of(inbound.text, prefix, NAMES)
        fields = {"command": name, "place": str(inbound.place)}
        try:
            if await self._store.begin((waiting.id,)) >= DEADLY:
                log.error("command given up", extra=fields)
                return GIVEN_UP
            if not name:
                return UNKNOWN.format(prefix=prefix, near=policy.nearest_command(inbound.text, prefix, NAMES))
            text = await self._commands.run(name, waiting, progress)
        except ThreadkeeperError as exc:
            log.warning("command failed", extra=fields, exc_info=exc)
            return exc.sentence
        except Exception:
            log.exception("command failed", extra=fields)
            return ThreadkeeperError().sentence
        log.info("command", extra={**fields, "author": inbound.author})
        return text
