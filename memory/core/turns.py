"""One turn: the transcript is read, a prompt planned, the model asked, the answer recorded and said."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field, replace
from time import perf_counter

from errors import (
    ContextTooLong,
    EmptyAnswer,
    LimitReached,
    ModelError,
    ModelMisconfigured,
    PlatformUnreachable,
    ReplyImpossible,
    StorageError,
    ThreadkeeperError,
)
from memory.core.earlier import Earlier
from memory.core.erasing import Erasing
from memory.core.limiting import Limiting, Reservation
from memory.core.planning import Planning, answer_id
from memory.core.preparing import Fresh, Prepared, Preparing
from memory.core.voice import insist, keep_post, once
from memory.fold import is_due, is_long
from memory.phrases import write_cut_off
from memory.policy import Burst
from memory.ports import Model, Platform, Sleep, Store
from memory.types import Conversation, Decision, Delta, Exchange, Prompt, Recalled, Thread, TurnDone, Usage, Waiting

log = logging.getLogger(__name__)

SHRINK = 0.8
"""Share of the budget that a prompt is planned anew with, once, when the model found it too long."""

GIVEN_UP = "I broke down three times over this message, so I leave it be; please put it differently."

Observer = Callable[[TurnDone], None]
"""Hears of every turn when it has ended; cannot change it."""


@dataclass(slots=True)
class Speech:
    """What is known of a reply while it is made: the posts that hold it, what it took, and how it ended.

    `alone` keeps other suspects back (`memory.core.suspects`). `text` is what has to be said once its messages are
    settled: this run owes it. `void` says that something was forgotten before it was recorded.
    """

    posts: dict[int, str] = field(default_factory=dict)
    alone: AsyncExitStack = field(default_factory=AsyncExitStack)
    recalled: tuple[Recalled, ...] = ()
    prompt: Prompt | None = None
    usage: Usage | None = None
    text: str = ""
    recorded: bool = False
    reserved: Reservation = field(default_factory=Reservation)
    fold_due: bool = False
    error: str = ""
    void: bool = False


class _EpochPassedError(Exception):
    """Something was forgotten while the answer was made: it is void, and made again by the lane."""


class Turns:
    """Runs turns; holds nothing of one after it."""

    def __init__(
        self,
        planning: Planning,
        limiting: Limiting,
        earlier: Earlier,
        preparing: Preparing,
        erasing: Erasing,
        store: Store,
        model: Model,
        observers: Sequence[Observer],
        sleep: Sleep,
    ) -> None:
        self._planning = planning
        self._limiting = limiting
        self._earlier = earlier
        self._preparing = preparing
        self._erasing = erasing
        self._sleep = sleep
        self._store = store
        self._model = model
        self._observers = observers

    async def run(
        self,
        platform: Platform,
        conversation: Conversation,
        burst: Burst,
        speech: Speech,
        fresh: Fresh | None = None,
        *,
        given_up: bool = False,
    ) -> bool:
        """Take a burst into the transcript and answer it, if it is to be answered; return whether a fold is due.

        Where it is `fresh`, the answer was prepared while it was taken in. One that is given up gets a sentence
        instead: it has brought the process down again and again.
        Every way out either settles its messages or leaves them waiting in the inbox for another try.
        Raises: StorageError, PlatformUnreachable; the messages then wait.
        """
        started = perf_counter()
        budget, access = self._planning.budget(), burst.target.inbound.access
        audience = self._planning.audience(burst.target.inbound) if burst.answered else None
        ahead = fresh.ahead if fresh else None
        thread = ahead.thread if ahead else await self._store.load(conversation, budget.window, audience)
        answers = burst.answered and not given_up
        if answers and await self._earlier.read(platform, thread, burst):
            thread, ahead = await self._store.load(conversation, budget.window, audience), None
        said = [waiting.inbound for waiting in burst.heard]
        if answers:
            prepared = await (ahead.prepared if ahead else self._preparing.prepare(thread, said))
        else:
            prepared = Prepared(self._planning.hear(said, thread))
        exchange = Exchange(
            conversation=conversation,
            epoch=thread.epoch,
            access=access,
            settles=tuple(waiting.id for waiting in burst.heard),
            heard=prepared.heard,
            recalled=tuple(recalled.turn.id for recalled in prepared.recalled),
            remembered=tuple(each.id for each in burst.heard if each.decision is Decision.REMEMBER),
        )
        if not burst.answered:
            await self._store.record(exchange)
            return is_long(thread, exchange.heard, self._planning.persona(access.visibility), budget)
        speech.recalled = prepared.recalled
        if given_up:
            deltas = self._give_in(exchange, speech)
        else:
            deltas = self._answer(thread, exchange, speech, prepared.prompt)
        try:
            await self._reply(platform, burst.target, deltas, exchange, speech)
        except asyncio.CancelledError:
            speech.error = speech.error or "Interrupted"
            raise
        finally:
            self._limiting.release(speech.reserved)
            self._observe(exchange, speech, perf_counter() - started)
        return speech.fold_due

    async def _reply(
        self, platform: Platform, target: Waiting, deltas: AsyncIterator[Delta], exchange: Exchange, speech: Speech
    ) -> None:
        """Say the answer, or one sentence in its place; what stands in full is noted, with the next transaction."""

        async def note(part: int, message_id: str) -> None:
            keep_post(speech.posts, part, message_id)
            await self._note(target, speech, part, message_id)

        async def say(deltas: AsyncIterator[Delta]) -> None:
            await platform.reply(target.inbound, deltas, note, [speech.posts[part] for part in sorted(speech.posts)])

        try:
            await self._say(say, deltas, speech)
            self._store.said(target.id)
        except _EpochPassedError:
            speech.error, speech.void = "EpochPassed", True
        except ReplyImpossible as exc:
            await self._give_up(exchange, target, speech, exc)
        except PlatformUnreachable as exc:
            speech.error = type(exc).__name__
            raise
        except StorageError as exc:
            speech.error = type(exc).__name__
            # The class's own sentence: this message was taken in, and is answered when the disk lets it.
            await self._apologise(say, StorageError().sentence)
            raise
        except Exception as exc:
            log.exception("turn failed", extra={"conversation": str(exchange.conversation)})
            speech.error = type(exc).__name__
            await self._break_off(exchange, target, speech, say)

    async def _say(
        self, say: Callable[[AsyncIterator[Delta]], Awaitable[None]], deltas: AsyncIterator[Delta], speech: Speech
    ) -> None:
        """Say the deltas; what is settled by them is said however long the platform cannot be reached.

        Raises: PlatformUnreachable while nothing is settled; whatever else saying raises.
        """
        try:
            await say(deltas)
        except PlatformUnreachable:
            if not speech.text:
                raise
            await speech.alone.aclose()
            await insist(lambda: say(once(speech.text)), self._sleep)

    async def _break_off(
        self,
        exchange: Exchange,
        target: Waiting,
        speech: Speech,
        say: Callable[[AsyncIterator[Delta]], Awaitable[None]],
    ) -> None:
        """Settle a message with a sentence after a fault of ours; an answer that was recorded by then is taken back."""
        sentence = ThreadkeeperError().sentence
        if speech.recorded:
            await self._store.settle(target.id, sentence)
        else:
            await self._store.record(replace(exchange, sentence=sentence))
        if await self._apologise(say, sentence):
            self._store.said(target.id)

    async def _note(self, target: Waiting, speech: Speech, part: int, message_id: str) -> None:
        """Note where a part stands; once all is recorded, a disk that refuses that is no reason to take it back.

        Raises: StorageError.
        """
        try:
            await self._store.note_post(target.id, part, message_id)
        except StorageError as exc:
            if not speech.text:
                raise
            log.warning("post not noted", extra={"conversation": str(target.conversation)}, exc_info=exc)
        if speech.recorded:
            await self._erasing.erase_noted(target.inbound.place, (message_id,))

    async def _give_up(self, exchange: Exchange, target: Waiting, speech: Speech, exc: ReplyImpossible) -> None:
        """Settle a message whose reply cannot be put anywhere; an answer that nobody read is no turn."""
        log.warning("reply impossible", extra={"conversation": str(exchange.conversation)}, exc_info=exc)
        speech.error = type(exc).__name__
        if speech.recorded:
            await self._store.retract(exchange.conversation, answer_id(target.inbound.message_id))
        elif not speech.text:
            await self._store.record(exchange)
        self._store.said(target.id)

    @staticmethod
    async def _apologise(say: Callable[[AsyncIterator[Delta]], Awaitable[None]], sentence: str) -> bool:
        """Say a sentence in the reply's place; where even that fails, false, and the log has to do."""
        try:
            await say(once(sentence))
        except ThreadkeeperError as exc:
            log.warning("could not answer", exc_info=exc)
            return False
        return True

    async def _give_in(self, exchange: Exchange, speech: Speech) -> AsyncGenerator[Delta, None]:
        """The deltas for a message that is not tried any more."""
        log.error(
            "message given up", extra={"conversation": str(exchange.conversation), "messages": len(exchange.settles)}
        )
        speech.error, speech.text = "GivenUp", GIVEN_UP
        await self._record(replace(exchange, sentence=GIVEN_UP), speech)
        yield Delta(GIVEN_UP)

    async def _answer(
        self, thread: Thread, exchange: Exchange, speech: Speech, planned: Prompt | None
    ) -> AsyncGenerator[Delta, None]:
        """The deltas of an answer, which is on disk before its last words are handed out.

        When the model cannot answer or a limit is reached, a sentence stands in the answer's place and is no turn of
        anybody.
        """
        text, cut = "", False
        last = Delta()
        try:
            self._limiting.admit(exchange.conversation, exchange.heard[-1].author, exchange.settles[-1])
            async with aclosing(self._stream(thread, exchange, speech, planned)) as deltas:
                async for delta in deltas:
                    speech.usage = delta.usage or speech.usage
                    cut = delta.cut
                    if delta.text or delta.restart:
                        if last.text or last.restart:
                            yield last
                        text = delta.text if delta.restart else text + delta.text
                        last = delta
            if not text.strip():
                raise EmptyAnswer("the stream ended without text")
        except (ModelError, LimitReached) as exc:
            level = logging.ERROR if isinstance(exc, ModelMisconfigured) else logging.WARNING  # the operator's to mend
            log.log(level, "no answer", extra={"conversation": str(exchange.conversation)}, exc_info=exc)
            speech.error = type(exc).__name__
            speech.text = exc.sentence
            await self._record(replace(exchange, sentence=exc.sentence, usage=speech.usage), speech)
            yield Delta(exc.sentence, restart=True)
            return
        speech.text = text
        answer = self._planning.say(text, exchange.heard[-1].message_id)
        await self._record(replace(exchange, answer=answer, usage=speech.usage), speech)
        yield last
        if cut:
            yield Delta(write_cut_off(text))  # no part of the turn: a model would learn to say so itself

    async def _record(self, exchange: Exchange, speech: Speech) -> None:
        if not await self._store.record(exchange):
            speech.text = ""
            raise _EpochPassedError
        if exchange.answer is None:
            return
        speech.recorded = True
        if exchange.usage is not None:
            self._planning.learn(exchange.usage)
        if speech.prompt is not None:
            speech.fold_due = is_due(speech.prompt, exchange.answer.tokens, self._planning.budget())
        await self._erasing.erase_noted(exchange.conversation.place, tuple(speech.posts.values()))

    def _plan(self, thread: Thread, exchange: Exchange, speech: Speech, shrink: float) -> Prompt:
        budget, visibility = self._planning.budget(shrink), exchange.access.visibility
        return self._planning.prompt(thread, exchange.heard, visibility, budget, speech.recalled)

    async def _stream(
        self, thread: Thread, exchange: Exchange, speech: Speech, planned: Prompt | None
    ) -> AsyncGenerator[Delta, None]:
        """The model's deltas; a prompt that it finds too long, be it midway, is planned again smaller, once."""
        void = False
        author = exchange.heard[-1].author
        for shrink in (1.0, SHRINK):
            prompt = speech.prompt = planned or self._plan(thread, exchange, speech, shrink)
            planned = None
            try:
                self._limiting.release(speech.reserved)
                speech.reserved = Reservation()
                speech.reserved = await self._limiting.reserve(
                    exchange.conversation, author, exchange.access.visibility, prompt.tokens
                )
                async with aclosing(self._model.stream(prompt)) as deltas:
                    async for delta in deltas:
                        yield replace(delta, restart=True) if void else delta
                        void = False
            except ContextTooLong:
                if shrink == SHRINK:
                    raise
                void = True
            else:
                return

    def _observe(self, exchange: Exchange, speech: Speech, seconds: float) -> None:
        done = TurnDone(
            conversation=exchange.conversation,
            messages=len(exchange.heard),
            prompt_tokens=speech.prompt.tokens if speech.prompt else 0,
            left_out=speech.prompt.left_out if speech.prompt else 0,
            seconds=seconds,
            usage=speech.usage,
            error=speech.error,
        )
        for observer in self._observers:
            observer(done)
