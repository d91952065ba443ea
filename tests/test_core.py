"""The core between a platform and a model that do as they are told, on a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from errors import ModelUnreachable, PlatformUnreachable, ReplyImpossible
from memory.core import Core
from memory.core.folding import Folding
from memory.core.planning import Planning
from memory.ports import Accept, Connected, Note, Store
from memory.types import (
    Answer,
    Conversation,
    CoreSettings,
    Delta,
    Exchange,
    Inbound,
    Place,
    Prompt,
    Role,
    Turn,
    TurnDone,
    Usage,
    Visibility,
    Window,
)
from storage import open_store

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Model:
    """Answers with the number of prompts it has seen, in two deltas; `gate` holds it back."""

    prompts: list[Prompt] = field(default_factory=list)
    gate: asyncio.Event | None = None

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        self.prompts.append(prompt)
        yield Delta("Answer ")
        if self.gate is not None:
            await self.gate.wait()
        yield Delta(f"{len(self.prompts)}.")
        yield Delta(usage=Usage("model", prompt.tokens, 0, 3, 0.1, prompt.tokens))

    async def complete(self, prompt: Prompt, max_tokens: int) -> Answer:
        del max_tokens
        return Answer("They talked.", Usage("model", prompt.tokens, 0, 3, 0.1, prompt.tokens))


class Refusing(Model):
    """Writes no summary."""

    async def complete(self, prompt: Prompt, max_tokens: int) -> Answer:
        del prompt, max_tokens
        raise ModelUnreachable("down")


@dataclass
class Platform:
    """Says what it is given; `failures` come behind the last delta, `down` times it cannot even begin.

    `last_send` holds back the last send of a reply, when all of it is recorded already.
    """

    failures: list[Exception] = field(default_factory=list)
    down: int = 0
    last_send: asyncio.Event | None = None
    said: list[tuple[str, str]] = field(default_factory=list)
    spoke: asyncio.Event = field(default_factory=asyncio.Event)
    name: str = "stage"

    async def run(self, accept: Accept, connected: Connected) -> None:
        raise NotImplementedError("the tests hand messages over")

    async def reply(self, to: Inbound, deltas: AsyncIterator[Delta], note: Note, posted: Sequence[str] = ()) -> None:
        text = ""
        if self.down:
            self.down -= 1
            raise PlatformUnreachable("down")
        async for delta in deltas:
            text = delta.text if delta.restart else text + delta.text
        if self.failures:
            raise self.failures.pop(0)
        if self.last_send is not None:
            await self.last_send.wait()
        if not posted:
            await note(0, f"post-{to.message_id}")
        self.said.append((to.message_id, text))
        self.spoke.set()

    async def is_admin(self, user: str, place: Place) -> bool:
        del place
        return user == "mod"


@dataclass
class Stage:
    core: Core
    store: Store
    platform: Platform
    model: Model
    pauses: list[float]
    turns: list[TurnDone]

    async def hear(self, number: int, text: str, *, author: str = "ann", channel: str = "channel") -> bool:
        place = Place("stage", "space", channel)
        sent_at = START + timedelta(seconds=number)
        message = Inbound(place, f"m{number}", author, author.title(), text, sent_at, True, Visibility.PUBLIC)
        return await self.core.accept(message)

    async def recorded(self, message_id: str) -> bool:
        """Whether the answer to a message is on disk."""
        thread = await self.store.load(Conversation("stage", "space", "channel"), Window(10**6, 100, 10**6))
        return any(turn.message_id == f"re:{message_id}" for turn in thread.turns)

    async def until(self, said: int) -> None:
        """Wait until so many replies have been said."""
        async with asyncio.timeout(10):
            while len(self.platform.said) < said:
                self.platform.spoke.clear()
                await self.platform.spoke.wait()


@asynccontextmanager
async def stage(directory: Path, failures: Sequence[Exception] = ()) -> AsyncIterator[Stage]:
    """A core at work; pauses between tries are noted and not waited for."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0)

    store = await open_store(f"sqlite:///{directory / 'core.db'}", lambda: START)
    platform, model, turns = Platform(list(failures)), Model(), list[TurnDone]()
    core = Core(CoreSettings(model="model"), store, model, len, lambda: START, [turns.append], sleep)
    core.attach(platform)
    try:
        yield Stage(core, store, platform, model, pauses, turns)
    finally:
        await core.drain(5)
        await store.close()


async def test_an_answer_that_the_platform_could_not_take_is_said_when_it_can(tmp_path: Path) -> None:
    async with stage(tmp_path, [PlatformUnreachable("down")] * 6) as on:
        await on.hear(1, "hello")
        await on.until(1)
    assert on.platform.said == [("m1", "Answer 1.")]
    assert on.pauses == [5, 15, 30, 60, 60, 60]
    assert len(on.model.prompts) == 1


async def test_a_commands_answer_is_said_when_it_can_be(tmp_path: Path) -> None:
    async with stage(tmp_path, [PlatformUnreachable("down")] * 2) as on:
        await on.hear(1, "!help")
        await on.until(1)
    assert [message for message, _ in on.platform.said] == ["m1"]


async def test_an_answer_that_can_be_said_nowhere_is_not_remembered_as_said(tmp_path: Path) -> None:
    async with stage(tmp_path, [PlatformUnreachable("down"), ReplyImpossible("gone")]) as on:
        await on.hear(1, "hello")
        await on.hear(2, "hello?", author="bob")
        await on.until(1)
    assert on.platform.said == [("m2", "Answer 2.")]
    assert [message.content for message in on.model.prompts[1].messages[1:-1]] == ["Ann: hello"]


async def test_idle_conversations_hold_no_tasks(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        before = len(asyncio.all_tasks())
        for number in range(100):
            await on.hear(number, "hello", channel=f"channel {number}")
        await on.until(100)
        async with asyncio.timeout(10):
            while len(asyncio.all_tasks()) > before:
                await asyncio.sleep(0)
    assert len(on.turns) == 100


async def test_a_message_that_comes_twice_is_answered_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        assert await on.hear(1, "hello")
        assert not await on.hear(1, "hello")
        await on.until(1)
        assert not await on.hear(1, "hello")
    assert on.platform.said == [("m1", "Answer 1.")]


async def test_only_one_turn_runs_at_a_time_in_a_conversation(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.model.gate = asyncio.Event()
        await on.hear(1, "first")
        await on.hear(2, "second", author="bob")
        await on.hear(3, "elsewhere", channel="other")
        async with asyncio.timeout(10):
            while len(on.model.prompts) < 2:
                await asyncio.sleep(0)
        assert not any("second" in prompt.messages[-1].content for prompt in on.model.prompts)
        on.model.gate.set()
        await on.until(3)


async def test_what_a_drain_cuts_off_is_answered_after_the_next_start(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.model.gate = asyncio.Event()
        await on.hear(1, "hello")
        await on.core.drain(0)
        assert on.platform.said == []
    async with stage(tmp_path) as on:
        await on.core.resume("stage")
        await on.until(1)
    assert on.platform.said == [("m1", "Answer 1.")]


async def test_a_lane_that_the_platform_stopped_is_tried_again_after_longer_and_longer_pauses(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.platform.down = 4
        await on.hear(1, "hello")
        await on.until(1)
    assert on.platform.said == [("m1", "Answer 1.")]
    assert on.pauses == [15, 30, 60, 120]


async def test_another_persons_answer_that_is_recorded_is_said_to_its_end_although_something_is_forgotten(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as on:
        await on.hear(1, "the secret is K7")
        await on.until(1)
        on.platform.last_send = asyncio.Event()
        await on.hear(2, "how are you?", author="bob")
        async with asyncio.timeout(10):
            while not on.model.prompts[1:]:
                await asyncio.sleep(0)
            while not await on.recorded("m2"):
                await asyncio.sleep(0)
        await on.hear(3, "!forget me now")
        on.platform.last_send.set()
        await on.until(3)
    assert sorted(on.platform.said)[1] == ("m2", "Answer 2.")
    assert "Forgotten: 2 messages." in sorted(on.platform.said)[2][1]


async def test_while_it_drains_nothing_new_begins_and_what_comes_is_kept(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.model.gate = asyncio.Event()
        await on.hear(1, "hello")
        async with asyncio.timeout(10):
            while not on.model.prompts:
                await asyncio.sleep(0)
        draining = asyncio.create_task(on.core.drain(10))
        await asyncio.sleep(0)
        await on.hear(2, "anybody?", author="bob")
        on.model.gate.set()
        await draining
        assert on.platform.said == [("m1", "Answer 1.")]
    async with stage(tmp_path) as on:
        await on.core.resume("stage")
        await on.until(1)
    assert [message for message, _ in on.platform.said] == ["m2"]


async def test_a_command_that_still_runs_when_the_platform_connects_again_runs_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.platform.last_send = asyncio.Event()
        await on.hear(1, "!help")
        await on.core.resume("stage")
        on.platform.last_send.set()
        await on.until(1)
        await on.core.resume("stage")
        await on.hear(2, "hello")
        await on.until(2)
    assert [message for message, _ in on.platform.said] == ["m1", "m2"]


async def test_after_a_failed_fold_the_next_try_waits_longer_every_time(tmp_path: Path) -> None:
    now = START
    store = await open_store(f"sqlite:///{tmp_path / 'fold.db'}", lambda: now)
    settings = CoreSettings(model="model", max_tokens=2000, keep_tokens=200, keep_recent=2)
    folding = Folding(Planning(settings, len, lambda: now), store, Refusing())
    place = Conversation("stage", "space", "channel")
    turns = tuple(
        Turn(0, Role.USER, "ann", "Ann", "wind the thread " * 10, 160, START, f"m{number}") for number in range(20)
    )
    await store.record(Exchange(place, 0, Visibility.PUBLIC, (), turns))
    waits = []
    for _ in range(4):
        await folding.fold_in_background(place)
        began = now
        while not folding.may_begin(place):
            now += timedelta(seconds=30)
        waits.append((now - began).total_seconds())
    await store.close()
    assert waits == [60, 300, 900, 900]
