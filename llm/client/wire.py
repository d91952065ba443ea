"""One request and its stream, through the openai package, whose errors end here.

The package's own retries are off, so that Retry-After, the fallbacks and starting over in the middle of a stream are in
one place, `model.py`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from datetime import UTC, datetime

from openai import (
    APIError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
    DefaultAsyncHttpxClient,
    Timeout,
    omit,
)
from openai.types.chat import ChatCompletionMessageParam
from openai.types.shared_params import ResponseFormatJSONObject, ResponseFormatJSONSchema

from llm.client.chat import Piece, Request, read_error, read_piece
from llm.client.dialects import read_failure
from llm.client.events import Event, EventReader
from llm.client.failures import Failure, Kind
from memory.types import Message, well_formed

CONNECT_SECONDS = 10.0
"""The longest that connecting may take; half the patience at most, so that it is told from a silent server."""

LINGER_SECONDS = 5.0
"""The longest silence after the end of an answer, when only its usage is still to come; half the patience at most."""

DRAIN_SECONDS = 0.1
"""The longest that an ended stream is read on: a connection whose answer was read to its last byte is used again."""

_HTTP_LIBRARIES = ("httpx", "httpx2")
"""What the openai package speaks through, by its release. Neither is ours to import, so they are known by name."""

_UNCONNECTED = frozenset({"ConnectError", "ConnectTimeout", "ProxyError"})
"""Those of their errors that say that no connection came about."""

Limit = Callable[[float], AbstractAsyncContextManager[object]]
"""Ends what is done within it by a TimeoutError, after so many seconds or earlier."""


class Wire:
    """The connections to one endpoint; `timeout` is the longest silence in seconds.

    Redirects are not followed: the prompt would go to an address that no operator has chosen.
    """

    def __init__(self, api_key: str, url: str, timeout: float) -> None:
        self._timeout = timeout
        self.connect_timeout = min(CONNECT_SECONDS, timeout / 2)
        """Seconds that connecting may take."""
        self._linger = min(LINGER_SECONDS, timeout / 2)
        # Silence is measured in `pieces`: on the wire a server's keep-alive comments break it.
        bounds = Timeout(timeout, connect=self.connect_timeout, read=None)
        # Key and address are always given: the package would look for absent ones in the environment, and insists on a
        # key although local servers want none.
        self._client = AsyncOpenAI(
            api_key=api_key or "none",
            base_url=url,
            timeout=bounds,
            max_retries=0,
            http_client=DefaultAsyncHttpxClient(follow_redirects=False),
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def pieces(self, request: Request, first: Limit = asyncio.timeout) -> AsyncGenerator[Piece | Failure, None]:
        """Yield the pieces of one streamed answer, and last, where it went wrong, how.

        `first` bounds the wait for the first piece, connecting included.
        """
        piece: Piece | None = None
        try:
            async with aclosing(self._events(request)) as events:
                async with first(self._timeout):
                    event = await anext(events, None)
                while event is not None:
                    read = _read(request.model, event)
                    yield read
                    if isinstance(read, Failure):
                        return
                    piece = read
                    async with asyncio.timeout(self._patience(piece)):
                        event = await anext(events, None)
        except APIStatusError as exc:
            yield read_failure(request.model, exc.status_code, exc.body, exc.response.headers, datetime.now(UTC))
        except APITimeoutError as exc:
            yield Failure(request.model, _kind_of_loss(exc, Kind.TIMEOUT))
        except APIError as exc:
            yield Failure(request.model, _kind_of_loss(exc, Kind.CONNECTION))
        except TimeoutError:
            yield Failure(request.model, Kind.SILENCE if piece else Kind.TIMEOUT)
        except ValueError:  # a key or an address that no header can hold
            yield Failure(request.model, Kind.UNSENDABLE)
        except Exception as exc:
            # The package lets these through while the body is read, of an answer as of a refusal.
            if type(exc).__module__.partition(".")[0] not in _HTTP_LIBRARIES:
                raise
            yield Failure(request.model, Kind.CONNECTION)

    def _patience(self, last: Piece) -> float:
        """The longest silence after a piece."""
        if last.ended:
            return DRAIN_SECONDS
        return self._linger if last.finish else self._timeout

    async def _events(self, request: Request) -> AsyncGenerator[Event, None]:
        """Send a request and yield the events of its stream; closed early, it hangs up."""
        reader = EventReader()
        async with self._client.chat.completions.with_streaming_response.create(
            model=request.model,
            messages=[_as_param(message) for message in request.messages],
            max_tokens=omit if request.max_tokens is None else request.max_tokens,
            max_completion_tokens=omit if request.max_completion_tokens is None else request.max_completion_tokens,
            prompt_cache_key=request.prompt_cache_key or omit,
            safety_identifier=request.safety_identifier or omit,
            response_format=_as_format(request) or omit,
            stream=True,
            stream_options={"include_usage": True} if request.include_usage else omit,
        ) as response:
            async for part in response.iter_bytes():
                for event in reader.feed(part):
                    yield event


def _read(model: str, event: Event) -> Piece | Failure:
    """Read what an event of a stream tells: a piece, or an error."""
    if event.ends:
        return Piece(ended=True)
    try:
        chunk: object = json.loads(event.data)
    except (ValueError, RecursionError):  # no JSON, or nested too deep
        return Failure(model, Kind.MALFORMED)
    error = read_error(event, chunk)
    return read_piece(chunk) if error is None else read_failure(model, 0, error, {}, datetime.now(UTC))


def _as_format(request: Request) -> ResponseFormatJSONSchema | ResponseFormatJSONObject | None:
    if request.form == "json_schema" and request.schema:
        schema = json.loads(request.schema.text)
        return {
            "type": "json_schema",
            "json_schema": {"name": request.schema.name, "strict": True, "schema": schema},
        }
    return {"type": "json_object"} if request.form == "json_object" else None


def _as_param(message: Message) -> ChatCompletionMessageParam:
    content = well_formed(message.content)
    match message.role:
        case "system":
            return {"role": "system", "content": content}
        case "user":
            return {"role": "user", "content": content}
        case "assistant":
            return {"role": "assistant", "content": content}


def _kind_of_loss(exc: APIError, kind: Kind) -> Kind:
    return Kind.UNCONNECTED if type(exc.__cause__).__name__ in _UNCONNECTED else kind
