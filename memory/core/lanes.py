"""Messages in, lanes, commands: the way of a message up to its turn.

A message is on disk before anything else happens to it. Then its conversation's lane takes it up: one turn at a time
there, lanes side by side. A lane is a task that lives while there is work and holds no queue; what waits is in the
inbox, so a restart finds the same. Ten thousand idle conversations are rows, nothing else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, replace
from time import monotonic

from errors import PlatformError, PlatformUnreachable, StorageError, ThreadkeeperError
from memory import policy
from memory.commands import NAMES, Commands
from memory.core.folding import Folding
from memory.core.planning import Planning, answer_id
from memory.core.turns import Observer, Speech, Turns, insist, once
from memory.phrases import UNKNOWN
from memory.policy import Burst
from memory.ports import Clock, Count, Model, Platform, Sleep, Store
from memory.prompt import Budget, Persona
from memory.types import (
    Conversation,
    CoreSettings,
    Decision,
    Forgetting,
    Inbound,
    Place,
    Visibility,
    Waiting,
)

log = logging.getLogger(__name__)

RETRY_SECONDS, LONGEST_RETRY_SECONDS = 15.0, 900.0
"""After so long a lane is tried again that the disk, the platform or a fault of ours had stopped, twice as long after
every time it stops again; its messages wait in the inbox."""

QUIET_SECONDS = 60.0
"""A large database is cleaned of what was forgotten when no lane has run for so long."""

REPLIES, ASIDE = "replies", "aside"
"""Names of tasks: those that say something to people, which a drain waits for, and all others."""

FORGOTTEN = "This was forgotten before I had answered it."


@dataclass(slots=True)
class _Lane:
    """A conversation's running work: whether more has come meanwhile, and the turn under way with what it says."""

    more: bool = True
    turn: asyncio.Task[bool] | None = None


class Core:
    """Takes messages in, answers them through their platform, and folds what has grown long."""

    def __init__(
        self,
        settings: CoreSettings,
        store: Store,
        model: Model,
        count: Count,
        clock: Clock,
        observers: Iterable[Observer] = (),
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._store = store
        self._sleep = sleep
        self._platforms: dict[str, Platform] = {}
        self._lanes: dict[Conversation, _Lane] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._commanding: set[int] = set()
        self._stopped: dict[Conversation, int] = {}
        self._last_lane = monotonic()
        self._draining = False
        self._planning = Planning(settings, count, clock)
        self._folding = Folding(self._planning, store, model)
        self._turns = Turns(self._planning, store, model, tuple(observers), sleep)
        self._commands = Commands(settings, store, self, self.is_admin, clock)

    # -- coming and going

    def attach(self, platform: Platform) -> None:
        """Let a platform be replied through, under its name."""
        self._platforms[platform.name] = platform

    async def start(self) -> None:
        """Take up what earlier runs left: the learned ratio of tokens, and a scrub that was not done yet."""
        await self._planning.recall(self._store)
        self._spawn(self._scrub_when_quiet())

    async def resume(self, platform: str) -> None:
        """Take up the messages that wait for a platform that can be written to now."""
        for waiting in await self._store.unsettled():
            if waiting.conversation.platform == platform:
                self._dispatch(waiting)

    async def drain(self, seconds: float) -> None:
        """Begin nothing new and give what runs so long to end; the rest waits in the inbox for the next start."""
        self._draining = True
        replies = {task for task in self._running if task.get_name() == REPLIES}
        if replies:
            await asyncio.wait(replies, timeout=seconds)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    # -- what comes in

    async def accept(self, inbound: Inbound) -> bool:
        """See `memory.ports.Accept`."""
        conversation = policy.conversation_of(inbound, self._settings)
        try:
            joined = policy.depends_on_joining(inbound) and await self._store.joined(inbound.place)
            decision = policy.decide(inbound, self._settings, NAMES, joined=joined)
            if decision is Decision.IGNORE:
                return False
            row = await self._store.accept(inbound, conversation, decision)
        except StorageError as exc:
            if inbound.addressed or policy.command_of(inbound.text, self._settings.prefix, NAMES):
                self._spawn(self._say(inbound, exc.sentence))
            raise
        if row is None:
            return False
        self._dispatch(Waiting(row, inbound, conversation, decision), fresh=True)
        return decision is not Decision.REMEMBER

    def _dispatch(self, waiting: Waiting, *, fresh: bool = False) -> None:
        """Give a message to its lane; one just taken in is the only one there, unless the lane was stopped."""
        if self._draining:
            return
        if waiting.decision is Decision.COMMAND:
            if waiting.id not in self._commanding:
                self._commanding.add(waiting.id)
                self._spawn(self._run_command(waiting), name=REPLIES)
        elif waiting.conversation in self._lanes:
            self._lanes[waiting.conversation].more = True
        else:
            lane = self._lanes[waiting.conversation] = _Lane()
            first = waiting if fresh and waiting.conversation not in self._stopped else None
            self._spawn(self._serve(waiting.conversation, lane, first), name=REPLIES)

    def _spawn(self, work: Coroutine[None, None, None], name: str = ASIDE) -> None:
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def is_admin(self, inbound: Inbound) -> bool:
        """Whether the author may moderate this place: by the settings, as its only human, or by the platform's word."""
        place = inbound.place
        if f"{place.platform}:{inbound.author}" in self._settings.admins or inbound.visibility is Visibility.DIRECT:
            return True
        return await self._platforms[place.platform].is_admin(inbound.author, place)

    # -- lanes

    async def _serve(self, conversation: Conversation, lane: _Lane, first: Waiting | None) -> None:
        """Answer what waits in a conversation, burst by burst, until nothing does; `first` need not be looked for."""
        try:
            while lane.more and not self._draining:
                lane.more = False
                waiting = (first,) if first else await self._store.pending(conversation)
                first = None
                burst = policy.next_burst(waiting)
                if burst is not None:
                    lane.more = True
                    if await self._run_turn(conversation, lane, burst):
                        self._fold_aside(conversation)
            self._stopped.pop(conversation, None)
        except Exception as exc:
            log.warning("lane stopped", extra={"conversation": str(conversation)}, exc_info=exc)
            self._spawn(self._serve_later(conversation))
        finally:
            del self._lanes[conversation]
            self._last_lane = monotonic()

    async def _serve_later(self, conversation: Conversation) -> None:
        """Try a lane again when what stopped it may have passed, after longer and longer pauses."""
        times = self._stopped[conversation] = self._stopped.get(conversation, 0) + 1
        await self._sleep(min(RETRY_SECONDS * 2 ** (times - 1), LONGEST_RETRY_SECONDS))
        try:
            waiting = await self._store.pending(conversation)
        except StorageError:
            self._spawn(self._serve_later(conversation))
            return
        if waiting:
            self._dispatch(waiting[0])
        else:
            self._stopped.pop(conversation, None)

    async def _run_turn(self, conversation: Conversation, lane: _Lane, burst: Burst) -> bool:
        """Run one turn as a task of its own, so that a forgetting can stop it while its lane goes on.

        Returns whether a fold is due after it.
        """
        speech = Speech(posts=dict(enumerate(burst.target.posts)))
        platform = self._platforms[conversation.platform]
        lane.turn = asyncio.create_task(self._turns.run(platform, conversation, burst, speech))
        try:
            return await lane.turn
        except asyncio.CancelledError:
            this = asyncio.current_task()
            if this is None or this.cancelling():
                raise
            await self._say_forgotten(conversation, burst.target, speech)
            return False
        finally:
            lane.turn = None

    async def _say_forgotten(self, conversation: Conversation, target: Waiting, speech: Speech) -> None:
        """Leave no half answer to a message that was forgotten; one that still waits is answered anew in its place.

        An answer that was on disk already and was not forgotten is said to its end.
        """
        if speech.text and await self._still_stands(conversation, target):
            await self._say(target.inbound, speech.text, tuple(speech.posts.values()))
            return
        still = {waiting.id for waiting in await self._store.pending(conversation)}
        if speech.posts and target.id not in still:
            await self._say(target.inbound, FORGOTTEN, tuple(speech.posts.values()))

    async def _still_stands(self, conversation: Conversation, target: Waiting) -> bool:
        thread = await self._store.load(conversation, self.budget.window)
        return any(turn.message_id == answer_id(target.inbound.message_id) for turn in thread.turns)

    def interrupt(self, forgetting: Forgetting) -> None:
        """Stop the turns and folds under way where something was forgotten; those that still stand begin again."""
        self._folding.interrupt(lambda conversation: _touches(forgetting, conversation.place))
        for conversation, lane in self._lanes.items():
            if lane.turn is not None and _touches(forgetting, conversation.place):
                lane.turn.cancel()

    # -- folding, commands, and short sentences

    @property
    def budget(self) -> Budget:
        """The budget that prompts are planned under now."""
        return self._planning.budget()

    def persona(self, visibility: Visibility) -> Persona:
        """The system text of conversations that so many can read."""
        return self._planning.persona(visibility)

    async def fold_now(self, conversation: Conversation) -> int:
        """Fold all but the recent turns, and return how many turns that were."""
        return await self._folding.fold(conversation, replace(self.budget, keep=0))

    def _fold_aside(self, conversation: Conversation) -> None:
        if not self._draining and self._folding.may_begin(conversation):
            self._spawn(self._folding.fold_in_background(conversation))

    async def _run_command(self, waiting: Waiting) -> None:
        inbound = waiting.inbound
        prefix = self._settings.prefix
        name = policy.command_of(inbound.text, prefix, NAMES)
        try:
            if name:
                text = await self._commands.run(name, inbound)
            else:
                text = UNKNOWN.format(prefix=prefix, near=policy.nearest_command(inbound.text, prefix, NAMES))
        except ThreadkeeperError as exc:
            log.warning("command failed", extra={"command": name, "place": str(inbound.place)}, exc_info=exc)
            text = exc.sentence
        except Exception:
            log.exception("command failed", extra={"command": name, "place": str(inbound.place)})
            text = ThreadkeeperError().sentence
        else:
            log.info("command", extra={"command": name, "place": str(inbound.place), "author": inbound.author})
        await self._say(inbound, text, waiting.posts, command=waiting.id)
        try:
            await self._store.settle(waiting.id)
        except StorageError as exc:
            log.warning("command not settled", extra={"command": name}, exc_info=exc)
        finally:
            self._commanding.discard(waiting.id)

    async def _say(self, inbound: Inbound, text: str, posted: Sequence[str] = (), command: int | None = None) -> None:
        """Say something that is no turn; where that is impossible, the log has to do.

        Where a command's answer stands is noted: it may show words that are forgotten later, and be quoted then.
        """
        posts = dict(enumerate(posted))

        async def note(part: int, message_id: str) -> None:
            posts[part] = message_id
            if command is not None:
                await self._store.note_post(command, part, message_id)

        async def say() -> None:
            await platform.reply(inbound, once(text), note, [posts[part] for part in sorted(posts)])

        platform = self._platforms[inbound.place.platform]
        try:
            try:
                await say()
            except PlatformUnreachable:
                await insist(say, self._sleep)
        except (PlatformError, StorageError) as exc:
            log.warning("could not answer", extra={"place": str(inbound.place)}, exc_info=exc)

    async def _scrub_when_quiet(self) -> None:
        """Clean the files of what was forgotten: at once what an earlier run left, then whenever no lane runs."""
        while True:
            try:
                await self._store.scrub()
            except StorageError as exc:
                log.warning("scrub failed", exc_info=exc)
            await asyncio.sleep(QUIET_SECONDS)
            while self._lanes or monotonic() - self._last_lane < QUIET_SECONDS:  # noqa: ASYNC110 - quiet is no event
                await asyncio.sleep(1)


def _touches(forgetting: Forgetting, place: Place) -> bool:
    within = forgetting.place
    return place == within or (not within.thread and not forgetting.last and replace(place, thread="") == within)
