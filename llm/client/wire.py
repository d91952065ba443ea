"""One request and its stream, through the openai package, whose errors end here.

The package's own retries are off, so that Retry-After, the fallbacks and starting over in the middle of a stream are in
one place, `model.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime

from openai import APIError, APIStatusError, APITimeoutError, AsyncOpenAI, AsyncStream, omit
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from llm.client.chat import Piece, Request, read_piece, well_formed
from llm.client.failures import Failure, Kind, read_failure
from memory.types import Message


class Wire:
    """The connections to one endpoint; `timeout` is the longest silence in seconds."""

    def __init__(self, api_key: str, url: str, timeout: float) -> None:
        self._timeout = timeout
        # Both are always given: the package would look for absent ones in the environment, and insists on a key
        # although local servers want none.
        self._client = AsyncOpenAI(api_key=api_key or "none", base_url=url, timeout=timeout, max_retries=0)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def pieces(self, request: Request) -> AsyncGenerator[Piece | Failure, None]:
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
            stream_options={"include_usage": True} if request.include_usage else omit,
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
