"""A reply on a platform: shown while it is written, kept through set-backs, and nothing left running behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from adapters.base import REMOVED, ChatPlatform
from adapters.delivery import BEYOND, Limits
from adapters.text import split
from errors import EditRefused, ModelUnreachable, PlatformUnreachable, ReplyImpossible
from memory.ports import Intake
from memory.types import Delta, Inbound, Place, Visibility

QUESTION = Inbound(
    Place("memory", "space", "channel"), "1", "u1", "Ann", "hello?", datetime.now(UTC), True, Visibility.PUBLIC
)
WORDS = "enough words to be worth posting"


class MemoryPlatform(ChatPlatform):
    """A platform as far as a reply sees it: messages by id, what was sent in which order, and set-backs on demand."""

    name = "memory"

    def __init__(self, characters: int = 100, interval: float = 0.01, tries: int = 2) -> None:
        self.limits = Limits(characters, interval, waits=(0.0,) * tries)
        self.messages: dict[str, str] = {}
        self.sent: list[tuple[str, str]] = []
        self.noted: list[tuple[int, str]] = []
        self.setbacks: list[Exception | None] = []
        self.thinking = False
        self.was_thinking = False
        self.open = asyncio.Event()
        self.open.set()
        self.in_flight = 0
        self.sending = asyncio.Event()
        self.changed = asyncio.Condition()

    async def run(self, intake: Intake) -> None:
        """Receive nothing: replies are all that is looked at here."""

    @property
    def alive(self) -> bool:
        return True

    async def places(self, since: datetime) -> tuple[Place, ...]:
        del since
        return ()

    async def history(self, place: Place, since: datetime) -> None:
        del place, since

    async def before(self, inbound: Inbound, most: int) -> tuple[Inbound, ...]:
        del inbound, most
        return ()

    async def announce(self, place: Place, text: str) -> None:
        del place, text

    def link(self, place: Place, message_id: str) -> str:
        return f"memory:{place}/{message_id}"

    async def is_admin(self, user: str, place: Place) -> bool:
        return (user, place) == (QUESTION.author, QUESTION.place)

    async def post(self, to: Inbound, text: str, part: int) -> str:
        message_id = f"{to.message_id}.{part}"
        await self._send("post", message_id, text)
        return message_id

    async def edit(self, to: Inbound, message_id: str, text: str) -> None:
        assert to is QUESTION
        await self._send("edit", message_id, text)

    async def _send(self, verb: str, message_id: str, text: str) -> None:
        assert self.in_flight == 0, "two sends at once"
        assert not self.thinking, "still says that it is thinking"
        with self._flight():
            await self.open.wait()
            self.sent.append((verb, text))
            setback = self.setbacks.pop(0) if self.setbacks else None
            if setback is None:
                self.messages[message_id] = text
        async with self.changed:
            self.changed.notify_all()
        if setback is not None:
            raise setback

    @contextmanager
    def _flight(self) -> Iterator[None]:
        self.in_flight += 1
        self.sending.set()
        try:
            yield
        finally:
            self.in_flight -= 1

    @asynccontextmanager
    async def working(self, to: Inbound) -> AsyncIterator[None]:
        assert to is QUESTION
        self.thinking = self.was_thinking = True
        try:
            yield
        finally:
            self.thinking = False

    async def note(self, part: int, message_id: str) -> None:
        assert not message_id or message_id in self.messages
        self.noted.append((part, message_id))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5), self.changed:
            await self.changed.wait_for(condition)


@dataclass
class Answer:
    """An answer that is written on demand: `say` hands out a delta, `end` ends it, `fail` breaks it off."""

    queue: asyncio.Queue[Delta | Exception | None] = field(default_factory=asyncio.Queue)
    ended: bool = False
    closed: bool = False
    reading: asyncio.Event = field(default_factory=asyncio.Event)

    def say(self, *texts: str) -> None:
        for text in texts:
            self.queue.put_nowait(Delta(text))

    def end(self) -> None:
        self.queue.put_nowait(None)

    async def deltas(self) -> AsyncIterator[Delta]:
        try:
            self.reading.set()
            while (delta := await self.queue.get()) is not None:
                self.queue.task_done()
                if isinstance(delta, Exception):
                    raise delta
                yield delta
            self.ended = True
        finally:
            self.closed = True


def only_this_task() -> bool:
    return asyncio.all_tasks() == {asyncio.current_task()}


async def test_an_answer_is_posted_once_and_edited_until_it_is_whole() -> None:
    platform, answer = MemoryPlatform(), Answer()
    answer.say(WORDS)
    reply = asyncio.create_task(platform.reply(QUESTION, answer.deltas(), platform.note))
    await platform.until(lambda: platform.messages == {"1.0": WORDS})
    answer.say(" and", " more")
    await platform.until(lambda: platform.messages == {"1.0": f"{WORDS} and more"})
    answer.say(" " + "long " * 30)
    answer.end()
    await reply

    assert list(platform.messages.values()) == split(f"{WORDS} and more {'long ' * 30}", 100)
    assert [verb for verb, _ in platform.sent].count("post") == 2
    assert platform.noted == [(0, "1.0"), (1, "1.1")]
    assert answer.closed
    assert only_this_task()


async def test_a_person_sees_that_an_answer_is_being_thought_of_until_its_first_words() -> None:
    platform, answer = MemoryPlatform(), Answer()
    reply = asyncio.create_task(platform.reply(QUESTION, answer.deltas(), platform.note))
    async with asyncio.timeout(5):
        await answer.reading.wait()
    before = platform.thinking
    answer.say(WORDS)
    await platform.until(lambda: bool(platform.messages))
    assert (before, platform.thinking) == (True, False)
    answer.end()
    await reply


async def test_a_short_wait_shows_the_first_words_of_a_slow_answer() -> None:
    platform, answer = MemoryPlatform(), Answer()
    answer.say("Well,")
    reply = asyncio.create_task(platform.reply(QUESTION, answer.deltas(), platform.note))

    await platform.until(lambda: platform.messages == {"1.0": "Well,"})
    answer.end()
    await reply


async def test_the_answer_is_read_on_while_a_message_is_being_sent() -> None:
    platform, answer = MemoryPlatform(), Answer()
    platform.open.clear()
    answer.say(WORDS)
    reply = asyncio.create_task(platform.reply(QUESTION, answer.deltas(), platform.note))
    async with asyncio.timeout(5):
        await platform.sending.wait()
        answer.say(*[" more"] * 3)
        await answer.queue.join()
    assert len(platform.sent) == 0
    platform.open.set()
    answer.end()
    await reply

    assert platform.sent == [("post", WORDS), ("edit", f"{WORDS}{' more' * 3}")]


async def test_the_complete_text_is_sent_only_after_the_iterator_has_ended() -> None:
    """The core records the answer in the iterator's last step, after it has handed out the last delta."""
    platform = MemoryPlatform(interval=60)
    sent_before_the_end: list[tuple[str, str]] = []

    async def deltas() -> AsyncIterator[Delta]:
        yield Delta(WORDS)
        await platform.until(lambda: len(platform.sent) == 1)
        yield Delta(" and the end")
        await asyncio.sleep(0)
        sent_before_the_end.extend(platform.sent)

    await platform.reply(QUESTION, deltas(), platform.note)

    assert sent_before_the_end == [("post", WORDS)]
    assert platform.messages == {"1.0": f"{WORDS} and the end"}


async def test_messages_from_before_a_restart_are_edited_and_what_is_too_many_is_taken_away() -> None:
    platform, answer = MemoryPlatform(), Answer()
    platform.messages = {"1.0": "old", "1.1": "old", "1.2": "old"}
    answer.say("new " * 30)
    answer.end()
    await platform.reply(QUESTION, answer.deltas(), platform.note, posted=("1.0", "1.1", "1.2"))

    assert list(platform.messages.values()) == [*split("new " * 30, 100), REMOVED]
    assert platform.noted == [(2, "")]


async def test_a_failed_edit_on_the_way_loses_nothing() -> None:
    platform, answer = MemoryPlatform(), Answer()
    platform.setbacks = [None, PlatformUnreachable("gone for a moment")]
    answer.say(WORDS)
    reply = asyncio.create_task(platform.reply(QUESTION, answer.deltas(), platform.note))
    await platform.until(lambda: len(platform.sent) == 1)
    answer.say(" and more")
    await platform.until(lambda: len(platform.sent) == 3)
    answer.end()
    await reply

    assert [verb for verb, _ in platform.sent] == ["post", "edit", "edit"]
    assert platform.messages == {"1.0": f"{WORDS} and more"}


async def test_a_failed_post_is_tried_again_with_the_same_text() -> None:
    """A post whose response was lost may stand there; the platform knows it again by its key, and with its text."""
    platform, answer = MemoryPlatform(), Answer()
    platform.setbacks = [PlatformUnreachable("one"), PlatformUnreachable("two")]
    answer.say(WORDS)
    reply = asyncio.create_task(platform.reply(QUESTION, answer.deltas(), platform.note))
    await platform.until(lambda: bool(platform.messages))
    answer.end()
    await reply

    assert platform.sent == [("post", WORDS)] * 3
    assert platform.noted == [(0, "1.0")]


async def test_a_failed_last_edit_is_tried_again_and_then_raised() -> None:
    platform, answer = MemoryPlatform(interval=60), Answer()
    platform.setbacks = [None, *[PlatformUnreachable("down")] * 3]
    answer.say(WORDS)
    reply = asyncio.create_task(platform.reply(QUESTION, answer.deltas(), platform.note))
    await platform.until(lambda: len(platform.sent) == 1)
    answer.say(" and more")
    answer.end()
    with pytest.raises(PlatformUnreachable):
        await reply

    assert [verb for verb, _ in platform.sent] == ["post", "edit", "edit", "edit"]
    assert only_this_task()


async def test_a_reply_that_cannot_be_put_there_is_given_up_at_once() -> None:
    platform, answer = MemoryPlatform(), Answer()
    platform.setbacks = [ReplyImpossible("the channel is gone")]
    answer.say(WORDS)
    with pytest.raises(ReplyImpossible):
        await platform.reply(QUESTION, answer.deltas(), platform.note)

    assert len(platform.sent) == 1
    assert answer.closed
    assert not answer.ended
    assert only_this_task()


@pytest.mark.parametrize("removable", [True, False])
async def test_where_an_edit_is_refused_the_answer_stands_whole_in_new_messages_in_the_end(removable: bool) -> None:
    platform, answer, refused = MemoryPlatform(), Answer(), EditRefused("the workspace allows none")
    platform.setbacks = [None, refused, None if removable else refused]
    answer.say(WORDS)
    reply = asyncio.create_task(platform.reply(QUESTION, answer.deltas(), platform.note))
    await platform.until(lambda: platform.sent == [("post", WORDS)])
    answer.say(" and")
    await platform.until(lambda: len(platform.sent) == 2)
    answer.say(" more " * 20)
    answer.end()
    await reply

    pieces = split(WORDS + " and" + " more " * 20, 100)
    assert platform.sent[2:] == [("edit", REMOVED), *(("post", piece) for piece in pieces)]
    assert platform.noted == [(0, "1.0"), (0, "") if removable else (BEYOND, "1.0"), (0, "1.0"), (1, "1.1")]


async def test_when_the_model_breaks_off_what_was_shown_stays() -> None:
    platform, answer = MemoryPlatform(), Answer()
    answer.say(WORDS)
    reply = asyncio.create_task(platform.reply(QUESTION, answer.deltas(), platform.note))
    await platform.until(lambda: len(platform.sent) == 1)
    answer.queue.put_nowait(ModelUnreachable("silent"))
    with pytest.raises(ModelUnreachable):
        await reply

    assert platform.messages == {"1.0": WORDS}
    assert answer.closed
    assert only_this_task()


async def test_when_nothing_is_said_the_sign_of_thinking_ends_with_the_reply() -> None:
    platform, answer = MemoryPlatform(), Answer()
    answer.queue.put_nowait(ModelUnreachable("silent"))
    with pytest.raises(ModelUnreachable):
        await platform.reply(QUESTION, answer.deltas(), platform.note)

    assert platform.was_thinking
    assert not platform.thinking
    assert platform.messages == {}


@pytest.mark.parametrize("sending", [False, True], ids=["while waiting for words", "while a message is being sent"])
async def test_a_cancelled_reply_leaves_no_task_and_closes_the_answer(sending: bool) -> None:
    platform, answer = MemoryPlatform(), Answer()
    if sending:
        platform.open.clear()
        answer.say(WORDS)
    reply = asyncio.create_task(platform.reply(QUESTION, answer.deltas(), platform.note))
    async with asyncio.timeout(5):
        await (platform.sending if sending else answer.reading).wait()
    reply.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reply

    assert answer.closed
    assert not platform.thinking
    assert only_this_task()


class Silence:
    """An answer that never says anything, and is no generator: being cancelled does not close it."""

    closed = False

    def __aiter__(self) -> AsyncIterator[Delta]:
        return self

    async def __anext__(self) -> Delta:
        await asyncio.Event().wait()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.closed = True


async def test_an_answer_that_is_no_generator_is_closed_too() -> None:
    platform, silence = MemoryPlatform(), Silence()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await platform.reply(QUESTION, silence, platform.note)

    assert silence.closed


async def test_an_error_of_the_one_who_notes_the_messages_passes_through() -> None:
    platform, answer = MemoryPlatform(), Answer()
    answer.say(WORDS)

    async def note(part: int, message_id: str) -> None:
        raise OSError(f"no room to note {part}: {message_id}")

    with pytest.raises(OSError, match=r"0: 1\.0"):
        await platform.reply(QUESTION, answer.deltas(), note)
    assert answer.closed
