"""The client of any OpenAI-compatible endpoint: OpenAI, Ollama, vLLM, llama.cpp, LM Studio, OpenRouter and more.

`_answer` goes through the models, `_insist` asks one of them until it answers or is given up, `_attempt` is one
request, `_pieces` its stream. What follows a failure is decided in `failures.py`. The openai package's own retries are
off, so that Retry-After, the fallbacks and starting over in the middle of a stream are in one place.

The errors raised have no `__cause__`: the openai package's texts hold the server's message, which may quote the prompt
or the key, and a traceback in the log would print them.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime

from openai import APIError, APIStatusError, APITimeoutError, AsyncOpenAI, AsyncStream, omit
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from llm.client.chat import OPENAI_URL, Piece, Request, join, plan_request, read_piece, well_formed
from llm.client.failures import Failure, Kind, Step, decide, read_failure, translate
from llm.client.findings import report
from llm.client.thoughts import ThoughtFilter
from memory.types import Answer, Delta, Finding, Message, Prompt, Usage

log = logging.getLogger(__name__)


class OpenAIModel:
    """`memory.ports.Model` over Chat Completions.

    `base_url` empty means OpenAI, `summary_name` empty means `name`; `fallbacks` are asked in order when a model is
    down, busy or unknown. `timeout_seconds` is the longest silence: on connecting, before the first piece and between
    two; an answer as a whole may take longer. `sleep` and `jitter` (0 to 1) are there for tests, which do not wait.
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
        timeout_seconds: float = 60,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._models = tuple(dict.fromkeys((name, *fallbacks)))
        self._summary_models = tuple(dict.fromkeys((summary_name or name, *fallbacks)))
        self._max_reply_tokens = max_reply_tokens
        self._timeout = timeout_seconds
        self._sleep = sleep
        self._jitter = jitter
        # Both are always given: the package would look for absent ones in the environment, and insists on a key
        # although local servers want none.
        self._url = base_url or OPENAI_URL
        self._client = AsyncOpenAI(
            api_key=api_key or "none", base_url=self._url, timeout=timeout_seconds, max_retries=0
        )

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        """Answer piece by piece; see `memory.ports.Model.stream`.

        A broken stream is made again: `Delta(restart=True)` comes right before the first text of the new one, so that
        a reader keeps what there is for as long as there is nothing better. Who stops listening closes it
        (`contextlib.aclosing`), so that the server stops as well.
        """
        shown = void = False
        async with aclosing(self._answer(prompt, self._models, self._max_reply_tokens)) as deltas:
            async for delta in deltas:
                if delta.restart:
                    void = shown
                    continue
                if delta.text:
                    if void:
                        yield Delta(restart=True)
                    shown, void = True, False
                yield delta

    async def complete(self, prompt: Prompt, max_tokens: int) -> Answer:
        """Answer as a whole, with the summarising model; see `memory.ports.Model.complete`.

        It streams as well, since only a stream shows that a slow server is at work. What the limit cuts short is
        returned as it is.
        """
        text = ""
        async with aclosing(self._answer(prompt, self._summary_models, max_tokens)) as deltas:
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
        await self._client.close()

    async def _check(self, model: str) -> Finding:
        prompt = Prompt((Message("user", "Answer with the word OK."),), tokens=0)
        failure: Failure | None = None
        async for event in self._attempt(plan_request(prompt, model, self._max_reply_tokens, self._url), counted=0):
            if isinstance(event, Failure):
                failure = event
        return report(model, failure, self._url)

    async def _answer(self, prompt: Prompt, models: Sequence[str], max_tokens: int) -> AsyncGenerator[Delta, None]:
        """Yield the answer of the first model that gives one; every attempt begins with a restart.

        Raises: ModelError. Where every model failed it is the first one's error: a fallback's is in the log.
        """
        failures: list[Failure] = []
        for model in models:
            async with aclosing(self._insist(model, prompt, max_tokens)) as events:
                async for event in events:
                    if isinstance(event, Failure):
                        failures.append(event)
                        continue
                    yield event
                    if event.usage:
                        return
        raise translate(failures[0])

    async def _insist(self, model: str, prompt: Prompt, max_tokens: int) -> AsyncGenerator[Delta | Failure, None]:
        """Yield one model's answer, asking again where that may help; last its usage, or why another should be asked.

        Raises: ModelError when asking another model cannot help.
        """
        retries = emptied = 0
        room = max_tokens
        while True:
            yield Delta(restart=True)
            failure: Failure | None = None
            async with aclosing(self._attempt(plan_request(prompt, model, room, self._url), prompt.tokens)) as events:
                async for event in events:
                    if isinstance(event, Failure):
                        failure = event
                    else:
                        yield event
            if failure is None:
                return
            decision = decide(failure, retries, emptied, self._jitter())
            log.warning("model_failed", extra={**failure.fields, "then": decision.step.value})
            if decision.step is Step.GIVE_UP:
                raise translate(failure)
            if decision.step is Step.NEXT_MODEL:
                yield failure
                return
            if failure.kind is Kind.EMPTY:
                emptied += 1
            else:
                retries += 1
            room = 2 * max_tokens if decision.more_room else room
            await self._sleep(decision.wait)

    async def _attempt(self, request: Request, counted: int) -> AsyncGenerator[Delta | Failure, None]:
        """Send one request; yield the answer's text, then its usage or why there is none. Raises nothing."""
        started = time.monotonic()
        thoughts = ThoughtFilter()
        seen = Piece()
        answered = False
        async with aclosing(self._pieces(request)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Failure):
                    yield piece
                    return
                seen = join(seen, piece)
                if text := thoughts.feed(piece.text):
                    answered = True
                    yield Delta(text=text)
        if text := thoughts.finish():
            answered = True
            yield Delta(text=text)
        yield _judge(request.model, seen, answered=answered) or Delta(
            usage=Usage(
                model=request.model,
                prompt_tokens=seen.prompt_tokens,
                cached_tokens=seen.cached_tokens,
                completion_tokens=seen.completion_tokens,
                seconds=time.monotonic() - started,
                counted=counted,
            )
        )

    async def _pieces(self, request: Request) -> AsyncGenerator[Piece | Failure, None]:
        """Yield the pieces of one streamed answer, and last, where it went wrong, how."""
        try:
            stream = await self._open(request)
        except APIError as exc:
            yield _read_error(request.model, exc)
            return
        except ValueError:  # a key or an address that no header can hold
            yield Failure(request.model, Kind.UNSENDABLE)
            return
        async with stream:
            while True:
                try:
                    # The package's own timeout is for silence on the wire, which a server's keep-alive comments break.
                    async with asyncio.timeout(self._timeout):
                        chunk = await anext(stream, None)
                except APIError as exc:
                    yield _read_error(request.model, exc)
                    return
                except TimeoutError:
                    yield Failure(request.model, Kind.TIMEOUT)
                    return
                except ValueError:  # JSON or UTF-8 that is none
                    yield Failure(request.model, Kind.MALFORMED)
                    return
                if chunk is None:
                    return
                yield read_piece(chunk)

    async def _open(self, request: Request) -> AsyncStream[ChatCompletionChunk]:
        return await self._client.chat.completions.create(
            model=request.model,
            messages=[_as_param(message) for message in request.messages],
            max_tokens=omit if request.max_tokens is None else request.max_tokens,
            max_completion_tokens=omit if request.max_completion_tokens is None else request.max_completion_tokens,
            prompt_cache_key=request.prompt_cache_key or omit,
            safety_identifier=request.safety_identifier or omit,
            stream=True,
            stream_options={"include_usage": True},
        )


def _as_param(message: Message) -> ChatCompletionMessageParam:
    content = well_formed(message.content)
    match message.role:
        case "system":
            return {"role": "system", "content": content}
        case "user":
            return {"role": "user", "content": content}
        case "assistant":
            return {"role": "assistant", "content": content}


def _read_error(model: str, exc: APIError) -> Failure:
    """Read what the openai package raised: a status, a timeout, a broken connection, or an error inside a stream."""
    now = datetime.now(UTC)
    if isinstance(exc, APIStatusError):
        return read_failure(model, exc.status_code, exc.body, exc.response.headers, now)
    if isinstance(exc, APITimeoutError):
        return Failure(model, Kind.TIMEOUT)
    if exc.body is None:
        return Failure(model, Kind.CONNECTION)
    return read_failure(model, 0, exc.body, {}, now)


def _judge(model: str, seen: Piece, *, answered: bool) -> Failure | None:
    """Say what is wrong with a stream that came to its end, if anything is."""
    if seen.finish == "content_filter":
        return Failure(model, Kind.FILTERED)
    if not (seen.finish or seen.reported):  # a connection that closed early looks like an end where no length is given
        return Failure(model, Kind.CONNECTION)
    if not answered:
        return Failure(model, Kind.EMPTY, spent=seen.finish == "length")
    return None
