"""Folds and readings in the background: beside the lane, after the reply, never in front of it.

A fold brings summary and facts in one call. What was said in short talks, which are never folded, is read for facts
when they rest.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace

from errors import ContextTooLong, EmptyAnswer, ModelError, ModelRefused, OriginalsExpired, StorageError
from memory.answers import Candidate, Told, read_facts, read_fold
from memory.core.planning import Planning, key_of
from memory.core.retries import PAUSES, Retries
from memory.facts import check_facts, worth_reading
from memory.fold import Fold, Opening, Reading, check_fold, plan_fold, plan_reading
from memory.ports import Model, Store
from memory.prompt import Budget
from memory.scope import readers_of
from memory.types import (
    Access,
    Answer,
    Audience,
    Conversation,
    Fact,
    FoldDone,
    Role,
    Summary,
    Thread,
    Turn,
    Usage,
    Visibility,
)

log = logging.getLogger(__name__)

SHRINK = 0.8
"""After every failure the next request is planned for so much less, in case it was too long for the summariser."""

Progress = Callable[[int, int], Awaitable[None]]
"""Is told how many turns are done, and of how many."""


class Folding:
    """Makes folds and readings, one at a time in a conversation; a failed one changes nothing and is tried later."""

    def __init__(self, planning: Planning, store: Store, model: Model) -> None:
        settings = planning.settings
        self._planning = planning
        self._store = store
        self._model = model
        self._shares = not settings.offline and settings.summary_model in ("", settings.model)
        self._under_way: dict[Conversation, asyncio.Task[int]] = {}
        self._folds = Retries(planning.clock)
        self._readings = Retries(planning.clock)

    @property
    def reads(self) -> bool:
        """Whether conversations that rest are read for facts."""
        return self._planning.settings.reads_facts

    def may_begin(self, conversation: Conversation) -> bool:
        """Whether nothing is under way there and the last failure to fold lies far enough behind."""
        return conversation not in self._under_way and self._folds.may_begin(conversation)

    def may_read(self, conversation: Conversation) -> bool:
        """Whether nothing is under way there and the last failure to read lies far enough behind."""
        return conversation not in self._under_way and self._readings.may_begin(conversation)

    async def fold_in_background(self, conversation: Conversation, through: int = 0) -> None:
        """Fold what is due, or up to a turn; a failure is logged, and the next try waits and asks for less."""
        shrink = SHRINK ** self._folds.number(conversation)
        try:
            await self.fold(conversation, self._planning.budget(shrink), through)
        except (ModelError, StorageError) as exc:
            log.warning("fold failed", extra=self._wait(self._folds, conversation), exc_info=exc)
        except Exception:
            log.exception("fold failed", extra=self._wait(self._folds, conversation))
        else:
            self._folds.done(conversation)

    async def fold_anew(self, conversation: Conversation) -> None:
        """Fold what lies open since a summary went, once the fold that was stopped with it has come to its end."""
        await self.ended(conversation)
        if self._planning.budget().folds and self.may_begin(conversation):
            await self.fold_in_background(conversation)

    async def ended(self, conversation: Conversation) -> None:
        """Wait until nothing is under way there."""
        while work := self._under_way.get(conversation):
            await asyncio.wait([work])

    async def fold(self, conversation: Conversation, budget: Budget, through: int = 0) -> int:
        """Fold everything but the recent turns, in as many steps as it takes; return how many turns were folded.

        With `through`, the turns up to that one are folded, however recent they are, and no others.
        0 too when something is under way there already, or was stopped by a forgetting.
        Raises: ModelError, StorageError; what was folded in earlier steps stays folded, nothing else has changed.
        """
        return await self._alone(conversation, lambda: self._fold_in_steps(conversation, budget, through))

    async def rebuild(self, conversation: Conversation, budget: Budget, progress: Progress) -> int:
        """Make the summary anew from the originals behind it; return of how many turns, 0 as `fold` does.

        `progress` hears after each step how many turns are done, and of how many. Nothing is saved before the last.
        Raises: OriginalsExpired, ModelError, StorageError; then nothing has changed.
        """
        return await self._alone(conversation, lambda: self._rebuild_in_steps(conversation, budget, progress))

    async def read_for_facts(self, conversation: Conversation) -> int:
        """Read once what people said since it was last read, as much as one request holds; return how many turns.

        A failure is logged, and the next try waits and asks for less; what the model refuses again and again is passed
        over.
        """
        shrink = SHRINK ** self._readings.number(conversation)
        try:
            turns = await self._alone(
                conversation, lambda: self._read_once(conversation, self._planning.budget(shrink))
            )
        except (ModelError, StorageError) as exc:
            log.warning("reading failed", extra=self._wait(self._readings, conversation), exc_info=exc)
            return 0
        except Exception:
            log.exception("reading failed", extra=self._wait(self._readings, conversation))
            return 0
        self._readings.done(conversation)
        return turns

    def interrupt(self, within: Callable[[Conversation], bool]) -> None:
        """Stop the work in some conversations: its requests hold words that were forgotten just now."""
        for conversation, task in self._under_way.items():
            if within(conversation):
                task.cancel()

    async def _alone(self, conversation: Conversation, work: Callable[[], Coroutine[None, None, int]]) -> int:
        """Do something where nothing else is under way; 0 where something is, or when a forgetting stopped it."""
        if conversation in self._under_way:
            return 0
        task = self._under_way[conversation] = asyncio.create_task(work())
        try:
            return await task
        except asyncio.CancelledError:
            this = asyncio.current_task()
            if this is None or this.cancelling():
                raise
            return 0
        finally:
            del self._under_way[conversation]

    @staticmethod
    def _wait(retries: Retries, conversation: Conversation) -> dict[str, object]:
        """Leave a conversation alone for a while after a failure, and return what the log says of that."""
        pause = retries.failed(conversation)
        return {"conversation": str(conversation), "retry_seconds": int(pause.total_seconds())}

    async def _fold_in_steps(self, conversation: Conversation, budget: Budget, through: int) -> int:
        folded, rest = 0, True
        while rest:
            step, rest = await self._fold_once(conversation, budget, through)
            folded += step
        return folded

    async def _fold_once(self, conversation: Conversation, budget: Budget, through: int) -> tuple[int, bool]:
        """One request: of how many turns, and whether more were due when it was made.

        What is said meanwhile is due another time: where people talk on, fold would else follow fold. 0 when nothing is
        left to fold, or when something was forgotten meanwhile.
        """
        audience = await self._readers(conversation)
        heard = audience if self._planning.settings.facts else None
        thread = await self._store.load_oldest(conversation, budget.total, heard)
        if through:
            thread, budget = _up_to(thread, through), replace(budget, keep=0, keep_recent=0)
        opening = self._opening(thread, audience, budget)
        fold = plan_fold(thread, budget, self._planning.count, opening, facts=self.reads and audience is not None)
        if fold is None:
            return 0, False
        request = replace(fold.request, conversation_key=key_of(conversation)) if opening else fold.request
        answer = await self._model.complete(request, fold.allowance, fold.schema)
        told = read_fold(answer.text) if fold.schema else Told(answer.text)
        summary = await self._check(fold, told.summary)
        facts = await self._find_facts(told.candidates, fold.turns, conversation, audience.access) if audience else ()
        replaces = fold.replaces.version if fold.replaces else 0
        done = FoldDone(conversation, thread.epoch, replaces, summary, answer.usage, facts, heard)
        saved = await self._store.save_fold(done)
        fields = {"conversation": str(conversation), "turns": len(fold.turns), "version": summary.version}
        log.info("folded" if saved else "fold void", extra={**fields, "tokens": summary.tokens, "facts": len(facts)})
        return (len(fold.turns), fold.rest or bool(through)) if saved else (0, False)

    async def _check(self, fold: Fold, answer: str) -> Summary:
        """`check_fold` in a thread of its own: searching long talk for details takes a second for a megabyte.

        Raises: FoldRefused.
        """
        return await asyncio.to_thread(check_fold, fold, answer, self._planning.count, self._planning.clock())

    async def _find_facts(
        self, candidates: Sequence[Candidate], turns: Sequence[Turn], conversation: Conversation, access: Access
    ) -> tuple[Fact, ...]:
        """`check_facts` in a thread of its own, as `_check`."""
        return await asyncio.to_thread(check_facts, candidates, turns, conversation.place, access)

    async def _rebuild_in_steps(self, conversation: Conversation, budget: Budget, progress: Progress) -> int:
        originals = await self._store.originals(conversation)
        if originals is None:
            return 0
        if not originals.whole:
            raise OriginalsExpired
        everything = replace(budget, keep=0, keep_recent=0)
        summary, old, done = originals.base, originals.summary, 0
        usages: list[Usage] = []
        while done < originals.turns:
            after = summary.through if summary else 0
            turns = await self._store.load_between(conversation, after, old.through, budget.total)
            thread = Thread(conversation, originals.epoch, summary, turns)
            fold = plan_fold(thread, everything, self._planning.count)
            if fold is None:
                break
            answer = await self._model.complete(fold.request, fold.allowance)
            summary = await self._check(fold, answer.text)
            usages.append(answer.usage)
            done += len(fold.turns)
            await progress(done, originals.turns)
        if summary is None or not usages:
            return 0
        anew = replace(summary, through=old.through, version=old.version + 1)
        heard = await self._readers(conversation) if self._planning.settings.facts else None
        made = FoldDone(conversation, originals.epoch, old.version, anew, _add_up(usages), audience=heard)
        saved = await self._store.save_fold(made)
        fields = {"conversation": str(conversation), "turns": done, "steps": len(usages), "version": anew.version}
        log.info("rebuilt" if saved else "rebuilding void", extra=fields)
        return done if saved else 0

    async def _readers(self, conversation: Conversation) -> Audience | None:
        """Who can read a conversation; nobody where nothing was said yet."""
        access = await self._store.access(conversation)
        return readers_of(conversation, access, self._planning.settings.reach) if access else None

    def _opening(self, thread: Thread, audience: Audience | None, budget: Budget) -> Opening | None:
        """How the prompts of a conversation begin; nothing where another model summarises."""
        if not self._shares or audience is None:
            return None
        visibility = audience.access.visibility
        return Opening(
            self._planning.persona(visibility),
            self._planning.snapshot(thread, budget),
            named=visibility is not Visibility.DIRECT,
        )

    async def _read_once(self, conversation: Conversation, budget: Budget) -> int:
        """One request, if the turns are worth one; 0 when nothing is left to read, or something was forgotten."""
        access = await self._store.access(conversation)
        thread = await self._store.load_unread(conversation, budget.total)
        reading = plan_reading(thread, budget, self._planning.count)
        if reading is None or access is None:
            return 0
        answer = await self._ask(conversation, reading) if worth_reading(reading.turns) else None
        facts: tuple[Fact, ...] = ()
        if answer:
            facts = await self._find_facts(read_facts(answer.text), reading.turns, conversation, access)
        usage = answer.usage if answer else None
        saved = await self._store.note_read(conversation, thread.epoch, reading.turns[-1].id, facts, usage)
        fields = {"conversation": str(conversation), "turns": len(reading.turns), "asked": answer is not None}
        log.info("read for facts" if saved else "reading void", extra={**fields, "facts": len(facts)})
        return len(reading.turns) if saved else 0

    async def _ask(self, conversation: Conversation, reading: Reading) -> Answer | None:
        """What the model makes of the turns; nothing when it has refused them too often to be asked once more."""
        try:
            return await self._model.complete(reading.request, reading.allowance, reading.schema)
        except (ModelRefused, ContextTooLong, EmptyAnswer):
            if self._readings.number(conversation) < len(PAUSES):
                raise
            return None


def _add_up(usages: Sequence[Usage]) -> Usage:
    """What several calls to one model took together."""
    return Usage(
        usages[-1].model,
        sum(usage.prompt_tokens for usage in usages),
        sum(usage.cached_tokens for usage in usages),
        sum(usage.completion_tokens for usage in usages),
        sum(usage.seconds for usage in usages),
        sum(usage.counted for usage in usages),
    )


def _up_to(thread: Thread, through: int) -> Thread:
    """A thread up to a turn and the answers to it, as if nothing had been said since."""
    end = sum(1 for turn in thread.turns if turn.id <= through)
    while 0 < end < len(thread.turns) and thread.turns[end].role is Role.ASSISTANT:
        end += 1
    return replace(thread, turns=thread.turns[:end], unread=0)
