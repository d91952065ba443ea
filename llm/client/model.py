"""The client of any OpenAI-compatible endpoint: OpenAI, Ollama, vLLM, llama.cpp, LM Studio, OpenRouter and more.

`_answer` goes through the models, `_insist` asks one of them until it answers or is given up, `_ask` spares it the
fields that it refuses, `_attempt` is one request, its stream is `wire.py`'s. What follows a failure is decided in
`failures.py`; whether a model is asked at all, now that it has failed for others, in `breaker.py`.

The errors raised have no `__cause__`: the openai package's texts hold the server's message, which may quote the prompt
or the key, and a traceback in the log would print them.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing

from llm.client.breaker import Asker
from llm.client.chat import (
    CHARACTERS_PER_TOKEN,
    OPENAI_URL,
    THOUGHT_CHARACTERS,
    Piece,
    Request,
    can_do_without,
    cut,
    join,
    more_room,
    name_refused,
    plan_request,
)
from llm.client.circuits import Circuits, Series
from llm.client.endings import Ending, read_ending
from llm.client.failures import Failure, Kind, Step, decide, translate
from llm.client.findings import report
from llm.client.thoughts import ThoughtFilter
from llm.client.wire import Wire
from memory.types import Answer, Delta, Finding, Message, Prompt, Schema, Usage

log = logging.getLogger(__name__)


class OpenAIModel:
    """`memory.ports.Model` over Chat Completions.

    `base_url` empty means OpenAI, `summary_name` empty means `name`; `fallbacks` are asked in order when a model is
    down, busy or unknown, or refuses the request. `context_tokens` is the size of the context, 0 if unknown: an answer
    that is asked for again with more room stays within it. `timeout_seconds` is the longest silence, before the first
    piece and between two: connecting has less (`wire.py`), an answer as a whole may take longer. `sleep`, `jitter` (0
    to 1) and `clock` (steady, in seconds) are there for tests, which do not wait.
    """

    def __init__(
        self,
        *,
        api_key: str,
        name: str,
        base_url: str = "",
        summary_name: str = "",
        fallbacks: Sequence[str] = (),
        max_reply_tokens: int = 800,
        context_tokens: int = 0,
        timeout_seconds: float = 60,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._models = tuple(dict.fromkeys((name, *fallbacks)))
        self._summary_models = tuple(dict.fromkeys((summary_name or name, *fallbacks)))
        self._max_reply_tokens = max_reply_tokens
        self._context_tokens = context_tokens
        self._sleep = sleep
        self._jitter = jitter
        self._url = base_url or OPENAI_URL
        self._wire = Wire(api_key, self._url, timeout_seconds)
        self._circuits = Circuits(self._wire.connect_timeout, clock)
        self._spared: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
        """The fields and forms that each model has refused since the process began."""

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        """Answer piece by piece; see `memory.ports.Model.stream`.

        A broken stream is made again: `Delta(restart=True)` comes right before the first text of the new one, so that
        a reader keeps what there is for as long as there is nothing better. Who stops listening closes it
        (`contextlib.aclosing`), so that the server stops as well.
        """
        shown = void = False
        async with aclosing(self._answer(prompt, self._models, self._max_reply_tokens, Asker.PERSON)) as deltas:
            async for delta in deltas:
                if delta.restart:
                    void = shown
                    continue
                if delta.text:
                    if void:
                        yield Delta(restart=True)
                    shown, void = True, False
                yield delta

    async def complete(self, prompt: Prompt, max_tokens: int, schema: Schema | None = None) -> Answer:
        """Answer as a whole, with the summarising model; see `memory.ports.Model.complete`.

        It streams as well, since only a stream shows that a slow server is at work. What the limit cuts short is
        returned as it is. People go first: where their requests fail, this one is not made.
        """
        text = ""
        answer = self._answer(prompt, self._summary_models, max_tokens, Asker.BACKGROUND, schema)
        async with aclosing(answer) as deltas:
            async for delta in deltas:
                text = delta.text if delta.restart else text + delta.text
                if delta.usage:
                    return Answer(text, delta.usage)
        raise AssertionError("an answer ends with its usage, or raises")

    async def check(self) -> list[Finding]:
        """Ask every configured model for one word, once, and say how that went; never raises. For `bot.py check`."""
        models = dict.fromkeys((*self._models, *self._summary_models))
        return list(await asyncio.gather(*(self._check(model) for model in models)))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._wire.aclose()

    async def _check(self, model: str) -> Finding:
        prompt = Prompt((Message("user", "Answer with the word OK."),), tokens=0)
        failure: Failure | None = None
        async for event in self._ask(self._circuits.series(model, Asker.PERSON), prompt, self._max_reply_tokens):
            if isinstance(event, Failure):
                failure = event
        return report(model, failure, self._url)

    async def _answer(
        self, prompt: Prompt, models: Sequence[str], max_tokens: int, asker: Asker, schema: Schema | None = None
    ) -> AsyncGenerator[Delta, None]:
        """Yield the answer of the first model that gives one; every attempt begins with a restart.

        Raises: ModelError. Where every model failed it is the first one's error: a fallback's is in the log.
        """
        failures: list[Failure] = []
        for model in models:
            with self._circuits.series(model, asker) as series:
                async with aclosing(self._insist(series, prompt, max_tokens, schema)) as events:
                    async for event in events:
                        if isinstance(event, Failure):
                            failures.append(event)
                            continue
                        yield event
                        if event.usage:
                            return
        raise translate(failures[0])

    async def _insist(
        self, series: Series, prompt: Prompt, max_tokens: int, schema: Schema | None
    ) -> AsyncGenerator[Delta | Failure, None]:
        """Yield one model's answer, asking again where that may help; last its usage, or why another should be asked.

        Raises: ModelError when asking another model cannot help.
        """
        retries = emptied = 0
        room = max_tokens
        while True:
            failure = series.ask()
            if failure:
                yield failure
                return
            async with aclosing(self._ask(series, prompt, room, schema)) as events:
                async for event in events:
                    if isinstance(event, Failure):
                        failure = event
                    else:
                        yield event
            if failure is None:
                return
            series.failed(failure)
            decision = decide(failure, retries, emptied, self._jitter(), last=series.is_last)
            log.warning("model failed", extra={**failure.fields, "then": decision.step.value})
            if decision.step is not Step.AGAIN:
                series.lost(failure)
                if decision.step is Step.GIVE_UP:
                    raise translate(failure)
                yield failure
                return
            if failure.kind is Kind.EMPTY:
                emptied += 1
            else:
                retries += 1
            if decision.more_room:
                room = more_room(max_tokens, prompt.tokens, self._context_tokens)
            await self._sleep(decision.wait)

    async def _ask(
        self, series: Series, prompt: Prompt, room: int, schema: Schema | None = None
    ) -> AsyncGenerator[Delta | Failure, None]:
        """Yield a restart and the answer or why there is none; at once again without a field or form that is refused.

        That costs a model's first answer one request for each of them, and the later ones nothing.
        """
        model = series.model
        while True:
            without = self._spared[model]
            request = plan_request(prompt, model, room, self._url, without, schema)
            refused = ""
            yield Delta(restart=True)
            async with aclosing(self._attempt(series, request, prompt.tokens)) as events:
                async for event in events:
                    if isinstance(event, Failure):
                        named = name_refused(event.refused, request)
                        if can_do_without(named, without):
                            refused = named
                            continue
                    yield event
            if not refused:
                return
            self._spared[model] |= {refused}
            log.info("field refused", extra={"model": model, "field": refused})

    async def _attempt(self, series: Series, request: Request, counted: int) -> AsyncGenerator[Delta | Failure, None]:
        """Send one request; yield the answer's text, then its usage or why there is none. Raises nothing."""
        started = time.monotonic()
        thoughts = ThoughtFilter()
        seen = Piece()
        answered = cut_off = False
        left, thinking = request.allowance * CHARACTERS_PER_TOKEN, THOUGHT_CHARACTERS
        async with aclosing(self._wire.pieces(request, series.first_piece)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Failure):
                    if seen.finish or seen.ended:
                        break  # all that was to be said has been said
                    yield piece
                    return
                series.heard()
                thinking -= piece.thought
                kept = cut(piece, left if thinking > 0 else 0, request.allowance)
                left -= len(kept.text)
                seen = join(seen, kept)
                for delta in thoughts.feed(kept.text):
                    answered = not delta.restart
                    yield delta
                if not left or thinking <= 0:
                    cut_off = True
                    break
        for delta in thoughts.finish():
            answered = True
            yield delta
        cut_off = answered and (cut_off or read_ending(seen.finish) in (Ending.CUT, Ending.OUT_OF_CONTEXT))
        if cut_off:
            log.info("answer cut off", extra={"model": request.model, "max_tokens": request.allowance})
        yield _judge(request.model, seen, answered=answered) or Delta(
            usage=Usage(
                model=request.model,
                prompt_tokens=seen.prompt_tokens,
                cached_tokens=seen.cached_tokens,
                completion_tokens=seen.completion_tokens,
                seconds=time.monotonic() - started,
                counted=counted,
            ),
            cut=cut_off,
        )


def _judge(model: str, seen: Piece, *, answered: bool) -> Failure | None:
    """Say what is wrong with a stream that came to its end, if anything is."""
    ending = read_ending(seen.finish)
    if ending is Ending.FILTERED:
        return Failure(model, Kind.FILTERED)
    # A connection that closed early looks like an end where no length is given. Some servers announce the end without a
    # reason (anomalyco/opencode issues 43379 and 43882; older Ollama, issue 4357).
    if ending is Ending.BROKEN or not (seen.finish or (seen.ended and answered)):
        return Failure(model, Kind.CONNECTION)
    if not answered and ending is Ending.OUT_OF_CONTEXT:
        return Failure(model, Kind.STATUS, code=seen.finish, too_long=True)
    if not answered:
        return Failure(model, Kind.EMPTY, spent=ending is Ending.CUT)
    return None
