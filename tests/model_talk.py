"""The real client in talk with the fake model server, for the tests of both."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from errors import ModelError
from llm.client import OpenAIModel
from memory.types import Delta, Message, Prompt
from tests.fakes.model import Behaviour, FakeModel, Refuse, openai_error

PROMPT = Prompt(
    (Message("system", "Be brief."), Message("user", "What is the secret word?"), Message("assistant", "Xyzzy.")),
    tokens=42,
    conversation_key="c0ffee",
    user_key="beef",
)
BUSY = Refuse(429, openai_error("Rate limit reached", "rate_limit_exceeded", "requests"))
DOWN = Refuse(503, openai_error("Overloaded", None, "server_error"))
UNKNOWN = Refuse(404, openai_error("The model `m` does not exist", "model_not_found"))


@dataclass
class Talk:
    """A client and its server, the waits that the client would have made, and how far its clock was put forward."""

    fake: FakeModel
    model: OpenAIModel
    waits: list[float] = field(default_factory=list)
    ahead: list[float] = field(default_factory=list)

    def later(self, seconds: float) -> None:
        """Let time go by for the circuit breaker."""
        self.ahead.append(seconds)

    async def deltas(self) -> list[Delta]:
        """Everything that the client streams for one prompt."""
        return [delta async for delta in self.model.stream(PROMPT)]

    async def answer(self) -> str:
        """What a person has before them in the end."""
        text = ""
        for delta in await self.deltas():
            text = delta.text if delta.restart else text + delta.text
        return text

    async def error(self, *behaviours: Behaviour | str) -> ModelError:
        """What the client raises when this happens to its requests."""
        self.fake.script(*behaviours)
        with pytest.raises(ModelError) as caught:
            await self.deltas()
        return caught.value

    @property
    def asked(self) -> list[str]:
        """The models that were asked, in order."""
        return [request.model for request in self.fake.requests]


@asynccontextmanager
async def talk(
    *behaviours: Behaviour | str,
    fallbacks: Sequence[str] = (),
    summary_name: str = "",
    timeout_seconds: float = 5,
    context_tokens: int = 0,
) -> AsyncIterator[Talk]:
    """Begin a talk in which the next requests meet these behaviours; it fails rather than hang."""
    waits: list[float] = []
    ahead: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    async with FakeModel(prompt_tokens=lambda _: 59, cached_tokens=lambda _: 32) as fake:
        fake.script(*behaviours)
        model = OpenAIModel(
            api_key="sk-test-key",
            base_url=fake.base_url,
            name="m",
            summary_name=summary_name,
            fallbacks=fallbacks,
            max_reply_tokens=100,
            timeout_seconds=timeout_seconds,
            context_tokens=context_tokens,
            sleep=note,
            jitter=lambda: 0.0,
            clock=lambda: time.monotonic() + sum(ahead),
        )
        try:
            async with asyncio.timeout(10):  # a client that hangs fails its test
                yield Talk(fake, model, waits, ahead)
        finally:
            await model.aclose()


@asynccontextmanager
async def within(least: float, most: float) -> AsyncIterator[None]:
    """What is done here takes at least and at most so many seconds."""
    began = asyncio.get_running_loop().time()
    yield
    assert least <= asyncio.get_running_loop().time() - began < most
