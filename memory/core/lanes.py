"""Lanes: one turn at a time in a conversation, lanes side by side.

A lane is a task that lives while there is work and holds no queue; what waits is in the inbox, so a restart finds the
same. Ten thousand idle conversations are rows, nothing else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic

from errors import PlatformUnreachable, StorageError
from memory import policy
from memory.core.folding import Folding
from memory.core.preparing import Fresh
from memory.core.refolding import Refolding
from memory.core.suspects import DEADLY, Suspects
from memory.core.tasks import Tasks
from memory.core.turns import Speech, Turns
from memory.core.voice import FORGOTTEN, Voice
from memory.policy import Burst
from memory.ports import Platform, Sleep, Store
from memory.types import Conversation, Decision, Extent, Owed, Waiting

log = logging.getLogger(__name__)

RETRY_SECONDS, LONGEST_RETRY_SECONDS = 15.0, 900.0
"""After so long a lane is tried again that the disk, the platform or a fault of ours had stopped, twice as long after
every time it stops again; its messages wait in the inbox."""


@dataclass(slots=True)
class _Lane:
    """A conversation's running work: whether more has come meanwhile, and the turn under way with what it says.

    `target` is the inbox id of the message that is answered. `erased` says that the turn was stopped because a message
    was deleted on the platform, `stale` that words went or changed since what waits was read.
    """

    more: bool = True
    turn: asyncio.Task[bool] | None = None
    target: int = 0
    erased: bool = False
    stale: bool = False


@dataclass(frozen=True, slots=True)
class _Shown:
    """Where the parts of a reply to a message stand, of which the disk may not know, as far as anybody does."""

    target: Waiting
    posts: dict[int, str]


class Lanes:
    """Runs the lanes; `may_serve` says of a conversation whether it can be answered in by now."""

    def __init__(
        self,
        *,
        store: Store,
        platforms: Mapping[str, Platform],
        folding: Folding,
        turns: Turns,
        voice: Voice,
        suspects: Suspects,
        tasks: Tasks,
        may_serve: Callable[[Conversation], bool],
        sleep: Sleep,
    ) -> None:
        self._store = store
        self._platforms = platforms
        self._folding = folding
        self._refolding = Refolding(folding, tasks)
        self._turns = turns
        self._voice = voice
        self._suspects = suspects
        self._tasks = tasks
        self._may_serve = may_serve
        self._sleep = sleep
        self._lanes: dict[Conversation, _Lane] = {}
        self._stopped: dict[Conversation, float] = {}  # and for how long its lane rests the next time
        self._retries: dict[Conversation, asyncio.Task[None]] = {}
        self._held: dict[Conversation, None] = {}  # a set that keeps its order
        self._begun: dict[Conversation, set[int]] = {}
        self._unnoted: dict[int, _Shown] = {}
        self._last_ended = monotonic()

    @property
    def quiet_for(self) -> float:
        """Seconds since a lane has run; 0 while one runs."""
        return 0.0 if self._lanes else monotonic() - self._last_ended

    def idle(self, conversation: Conversation) -> bool:
        """Whether a message that is taken in for a conversation now is taken up at once and alone."""
        busy = conversation in self._lanes or conversation in self._stopped or conversation in self._held
        return not busy and not self._tasks.draining and self._may_serve(conversation)

    def dispatch(self, conversation: Conversation, fresh: Fresh | None = None, owed: Sequence[Owed] = ()) -> None:
        """Let a conversation's lane take up what waits there, and first say what is owed there.

        `fresh` came in when the conversation was idle; a lane that runs there by now reads it from the disk.
        """
        if self._tasks.draining:
            return
        if conversation in self._lanes:
            self._lanes[conversation].more = True
        elif not owed and not self._may_serve(conversation):
            self._held[conversation] = None
        else:
            lane = self._lanes[conversation] = _Lane()
            self._tasks.spawn(self._serve(conversation, lane, fresh, owed), says=True)

    def release(self) -> None:
        """Serve the conversations that were held and need not be any more."""
        for conversation in [each for each in self._held if self._may_serve(each)]:
            self.dispatch(conversation)
            self._held.pop(conversation, None)

    def interrupt(self, extent: Extent, *, erased: bool = False) -> None:
        """Stop the turns and folds under way where words went or changed; those that still stand begin again.

        Where a summary went with them, what it summed up is folded anew. `erased` says that messages were deleted on
        the platform: what was begun in answer to them goes as well.
        """
        self._folding.interrupt(lambda conversation: conversation in extent.touched)
        answering = set()
        for conversation in extent.touched:
            lane = self._lanes.get(conversation)
            if lane is None:
                continue
            lane.stale = True
            if lane.turn is not None:
                lane.erased = erased
                lane.turn.cancel()
                answering.add(lane.target)
        for waiting in extent.begun:
            if waiting.id not in answering:
                shown = self._unnoted.pop(waiting.id, None)
                posts = tuple(shown.posts.values()) if shown else waiting.posts
                self._tasks.spawn(self._withdraw(waiting, posts, erased=erased), says=True)
        self._refolding.add(extent.unfolded)

    async def _serve(self, conversation: Conversation, lane: _Lane, first: Fresh | None, owed: Sequence[Owed]) -> None:
        """Say what is owed, then answer what waits, burst by burst, until nothing does; `first` is at hand already."""
        try:
            for debt in owed:
                await self._voice.pay(debt)
            while lane.more and not self._tasks.draining:
                if not self._may_serve(conversation):
                    self._held[conversation] = None
                    break
                fresh, first = None if lane.stale else first, None
                lane.more, lane.stale = False, False
                waiting = (fresh.waiting,) if fresh else await self._pending(conversation)
                burst = policy.next_burst(waiting, self._begun.get(conversation, ()))
                if burst is not None:
                    lane.more = True
                    if await self._attempt(conversation, lane, burst, fresh):
                        self._fold_aside(conversation)
                else:
                    self._begun.pop(conversation, None)
                    await self._let_go(conversation, lane)
            self._stopped.pop(conversation, None)
            if retry := self._retries.pop(conversation, None):
                retry.cancel()
        except Exception as exc:
            log.warning("lane stopped", extra={"conversation": str(conversation)}, exc_info=exc)
            if conversation not in self._retries:
                pause = self._stopped.get(conversation, RETRY_SECONDS)
                self._stopped[conversation] = min(2 * pause, LONGEST_RETRY_SECONDS)
                self._retries[conversation] = self._tasks.spawn(self._serve_later(conversation, pause))
        finally:
            del self._lanes[conversation]
            self._last_ended = monotonic()

    async def _pending(self, conversation: Conversation) -> tuple[Waiting, ...]:
        """What waits in a lane. Attempts made by this run do not count as crashes, so they do not split a burst."""
        waiting, begun = await self._store.pending(conversation), self._begun.get(conversation, ())
        return tuple(
            replace(each, attempts=each.attempts - 1) if each.begun and each.id in begun else each for each in waiting
        )

    async def _serve_later(self, conversation: Conversation, pause: float) -> None:
        """Try a stopped lane again when what stopped it may have passed; what comes in meanwhile is tried at once."""
        await self._sleep(pause)
        del self._retries[conversation]
        self.dispatch(conversation)

    async def _attempt(self, conversation: Conversation, lane: _Lane, burst: Burst, fresh: Fresh | None) -> bool:
        """Run one turn; what may have brought an earlier run down is counted first, and goes one at a time.

        Returns whether a fold is due after it.
        """
        async with self._suspects.alone(burst.heard) as alone:
            attempts = await self._store.begin([waiting.id for waiting in burst.heard])
            await self._tie(burst)
            speech = Speech(await self._find_posts(burst.target), alone)
            if lane.stale:
                return False  # where the reply stands is still known, should its message be gone
            self._unnoted.pop(burst.target.id, None)
            return await self._run_turn(conversation, lane, burst, speech, fresh, given_up=attempts >= DEADLY)

    async def _find_posts(self, target: Waiting) -> dict[int, str]:
        """Where a reply stands that was begun; what the disk would not take of that is put there before anything else.

        Raises: StorageError: as long as it does not, nobody is asked or told anything once more.
        """
        shown = self._unnoted.get(target.id)
        if shown is None:
            return dict(enumerate(target.posts))
        for part, message_id in shown.posts.items():
            await self._store.note_post(target.id, part, message_id)
        return shown.posts

    async def _tie(self, burst: Burst) -> None:
        """Keep together what is answered together, on disk, until it is: its reply must be found again."""
        answered = [waiting for waiting in burst.heard if waiting.decision is Decision.ANSWER]
        self._begun.setdefault(burst.target.conversation, set()).update(waiting.id for waiting in answered)
        if len(answered) > 1 and not answered[0].together:
            await self._store.tie([waiting.id for waiting in answered])

    async def _run_turn(
        self,
        conversation: Conversation,
        lane: _Lane,
        burst: Burst,
        speech: Speech,
        fresh: Fresh | None,
        *,
        given_up: bool,
    ) -> bool:
        """Run one turn as a task of its own, so that a forgetting can stop it while its lane goes on."""
        platform = self._platforms[conversation.platform]
        turn = self._turns.run(platform, conversation, burst, speech, fresh, given_up=given_up)
        lane.turn, lane.target, lane.erased = asyncio.create_task(turn), burst.target.id, False
        shown = _Shown(burst.target, speech.posts)
        try:
            stopped = await _is_stopped(lane.turn)
            if stopped or speech.void:
                await self._make_good(shown, lane)
            return not stopped and lane.turn.result()
        except (StorageError, PlatformUnreachable):
            self._unnoted[burst.target.id] = shown
            raise
        finally:
            lane.turn = None

    async def _let_go(self, conversation: Conversation, lane: _Lane) -> None:
        """Leave nothing standing half said where nothing waits any more: what had been begun was forgotten, or is owed.

        Raises: StorageError.
        """
        for shown in [each for each in self._unnoted.values() if each.target.conversation == conversation]:
            await self._make_good(shown, lane)
            self._unnoted.pop(shown.target.id, None)

    async def _make_good(self, shown: _Shown, lane: _Lane) -> None:
        """Leave no half answer to a message that is gone; one that still waits is answered anew in its place.

        An answer that was on disk already is said to its end; where it repeated what was forgotten, and its message
        stands, a sentence says so.
        Raises: StorageError.
        """
        target, posts = shown.target, tuple(shown.posts.values())
        owed = await self._store.owes(target.id)
        if owed is not None and (owed.text or owed.waiting.inbound.author):  # no author: the message is gone as well
            await self._voice.complete(replace(owed, waiting=replace(target, posts=posts)))
            return
        if await self._store.waits(target.id):
            self._unnoted[target.id] = shown  # the note of the newest may still be on its way to the disk
        elif target.decision is Decision.ANSWER:
            # What made a turn void may not have been told yet: whatever it was, nothing left standing is right.
            await self._withdraw(target, posts, erased=lane.erased or not lane.stale)

    async def _withdraw(self, target: Waiting, posts: Sequence[str], *, erased: bool) -> None:
        """Take a begun reply away, or put a sentence in its place that says why there is no answer.

        The word of a first post may have been lost: where none is known, what stands there all the same is taken away.
        """
        await self._voice.say(target.inbound, "" if erased or not posts else FORGOTTEN, posts)
        self._store.said(target.id)

    def _fold_aside(self, conversation: Conversation) -> None:
        if not self._tasks.draining and self._folding.may_begin(conversation):
            self._tasks.spawn(self._folding.fold_in_background(conversation))


async def _is_stopped(turn: asyncio.Task[bool]) -> bool:
    """Wait until a turn has ended, and say whether a forgetting stopped it.

    Raises: what the turn does.
    """
    try:
        await turn
    except asyncio.CancelledError:
        this = asyncio.current_task()
        if this is None or this.cancelling():
            raise
        return True
    return False
