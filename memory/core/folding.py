"""Folds in the background: beside the lane, after the reply, never in front of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from errors import ModelError, StorageError
from memory.core.planning import Planning
from memory.fold import check_fold, plan_fold
from memory.ports import Model, Store
from memory.prompt import Budget
from memory.types import Conversation, FoldDone

log = logging.getLogger(__name__)

PAUSES = (timedelta(seconds=60), timedelta(seconds=300), timedelta(seconds=900))
"""After the first, second and every further failure in a row a conversation's fold is left alone for so long."""

SHRINK = 0.8
"""After every failure the next request is planned for so much less, in case it was too long for the summariser."""

FAILURES_KEPT = 1000
"""Conversations whose failures are remembered; the oldest is dropped first and is merely tried again sooner."""


@dataclass(frozen=True, slots=True)
class _Failures:
    number: int
    since: datetime
    not_before: datetime


class Folding:
    """Makes folds, at most one at a time in a conversation; a failed one changes nothing and is tried again later."""

    def __init__(self, planning: Planning, store: Store, model: Model) -> None:
        self._planning = planning
        self._store = store
        self._model = model
        self._under_way: dict[Conversation, asyncio.Task[int]] = {}
        self._failures: dict[Conversation, _Failures] = {}

    def may_begin(self, conversation: Conversation) -> bool:
        """Whether no fold is under way there and the last failure lies far enough behind."""
        failures = self._failures.get(conversation)
        # A clock that went back is not waited for.
        waits = failures is not None and failures.since <= self._planning.clock() < failures.not_before
        return conversation not in self._under_way and not waits

    async def fold_in_background(self, conversation: Conversation) -> None:
        """Fold what is due; a failure is logged, and the next try waits and asks for less."""
        failed = self._failures[conversation].number if conversation in self._failures else 0
        try:
            await self.fold(conversation, self._planning.budget(SHRINK**failed))
        except (ModelError, StorageError) as exc:
            now, pause = self._planning.clock(), PAUSES[min(failed, len(PAUSES) - 1)]
            fields = {"conversation": str(conversation), "retry_seconds": int(pause.total_seconds())}
            log.warning("fold failed", extra=fields, exc_info=exc)
            self._remember_failure(conversation, _Failures(failed + 1, now, now + pause))
        else:
            self._failures.pop(conversation, None)

    def _remember_failure(self, conversation: Conversation, failures: _Failures) -> None:
        self._failures.pop(conversation, None)
        self._failures[conversation] = failures
        if len(self._failures) > FAILURES_KEPT:
            del self._failures[next(iter(self._failures))]

    async def fold(self, conversation: Conversation, budget: Budget) -> int:
        """Fold everything but the recent turns, in as many steps as it takes; return how many turns were folded.

        0 too when a fold is under way already, or was stopped by a forgetting.
        Raises: ModelError, StorageError; what was folded in earlier steps stays folded, nothing else has changed.
        """
        if conversation in self._under_way:
            return 0
        task = self._under_way[conversation] = asyncio.create_task(self._fold_in_steps(conversation, budget))
        try:
            return await task
        except asyncio.CancelledError:
            this = asyncio.current_task()
            if this is None or this.cancelling():
                raise
            return 0
        finally:
            del self._under_way[conversation]

    def interrupt(self, within: Callable[[Conversation], bool]) -> None:
        """Stop the folds of some conversations: their requests hold words that were forgotten just now."""
        for conversation, task in self._under_way.items():
            if within(conversation):
                task.cancel()

    async def _fold_in_steps(self, conversation: Conversation, budget: Budget) -> int:
        folded = 0
        while step := await self._fold_once(conversation, budget):
            folded += step
        return folded

    async def _fold_once(self, conversation: Conversation, budget: Budget) -> int:
        """One request; 0 when nothing is left to fold, or when something was forgotten meanwhile."""
        thread = await self._store.load_oldest(conversation, budget.total)
        fold = plan_fold(thread, budget, self._planning.count)
        if fold is None:
            return 0
        answer = await self._model.complete(fold.request, fold.allowance)
        summary = check_fold(fold, answer.text, self._planning.count, self._planning.clock())
        replaces = fold.replaces.version if fold.replaces else 0
        saved = await self._store.save_fold(FoldDone(conversation, thread.epoch, replaces, summary, answer.usage))
        fields = {"conversation": str(conversation), "turns": len(fold.turns), "version": summary.version}
        log.info("folded" if saved else "fold void", extra={**fields, "tokens": summary.tokens})
        return len(fold.turns) if saved else 0
