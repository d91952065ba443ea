"""The terminal adapter at real pipes: whoever speaks to it is a program."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import pytest

from adapters.terminal import PLACE, Terminal
from errors import StorageUnavailable
from memory.types import Delta, Inbound, Visibility
from tests.answering import intake_of

Speak = Callable[[Terminal, Inbound], Awaitable[None]]


async def deltas(*pieces: Delta) -> AsyncIterator[Delta]:
    for piece in pieces:
        await asyncio.sleep(0)
        yield piece


async def note(part: int, message_id: str) -> None:
    """Take a part's id and keep it nowhere."""


async def echo(terminal: Terminal, message: Inbound) -> None:
    """Answer with the message itself."""
    await terminal.reply(message, deltas(Delta("You said "), Delta(message.text)), note)


class Core:
    """Takes messages in like the core: `accept` returns at once, the reply comes later, from another task."""

    def __init__(self, speak: Speak = echo) -> None:
        self.accepted: list[Inbound] = []
        self.terminal: Terminal | None = None
        self._speak = speak
        self._tasks: list[asyncio.Task[None]] = []

    async def accept(self, message: Inbound) -> bool:
        assert self.terminal
        self.accepted.append(message)
        self._tasks.append(asyncio.ensure_future(self._speak(self.terminal, message)))
        return True

    async def run(self, terminal: Terminal) -> None:
        """Serve one terminal until it ends, for seconds at most."""
        self.terminal = terminal
        async with asyncio.timeout(20):
            await terminal.run(intake_of(self.accept))


@contextmanager
def pipes() -> Iterator[tuple[TextIO, TextIO, TextIO, TextIO]]:
    """A pipe to the terminal (its end, ours) and one from it (its end, ours)."""
    in_read, in_write = os.pipe()
    out_read, out_write = os.pipe()
    with (
        os.fdopen(in_read, encoding="utf-8") as stdin,
        os.fdopen(in_write, "w", encoding="utf-8") as feed,
        os.fdopen(out_write, "w", encoding="utf-8") as stdout,
        os.fdopen(out_read, encoding="utf-8") as replies,
    ):
        yield stdin, feed, stdout, replies


async def run_on(data: bytes, tmp_path: Path, core: Core) -> str:
    """Run a terminal on a file that holds these bytes; return all that it printed."""
    source, printed = tmp_path / "in", tmp_path / "out"
    source.write_bytes(data)
    with source.open(encoding="utf-8") as stdin, printed.open("w", encoding="utf-8") as stdout:
        await core.run(Terminal(stdin=stdin, stdout=stdout, user="ann"))
    return printed.read_text(encoding="utf-8")


async def test_each_line_is_a_message_and_each_reply_a_line_in_the_same_order(tmp_path: Path) -> None:
    core = Core()
    assert await run_on(b"one\ntwo\r\n\n  \nthree", tmp_path, core) == "You said one\nYou said two\nYou said three\n"
    assert len({message.message_id for message in core.accepted}) == 3
    first = core.accepted[0]
    assert (first.place, first.author, first.author_name) == (PLACE, "ann", "ann")
    assert (first.addressed, first.visibility) == (True, Visibility.DIRECT)
    assert first.sent_at.utcoffset() is not None


async def test_the_next_line_is_not_read_before_the_last_one_is_answered() -> None:
    begun, release = asyncio.Event(), asyncio.Event()

    async def slow(terminal: Terminal, message: Inbound) -> None:
        begun.set()
        await release.wait()
        await echo(terminal, message)

    core = Core(slow)
    with pipes() as (stdin, feed, stdout, _):
        feed.write("one\ntwo\n")
        feed.close()
        running = asyncio.ensure_future(core.run(Terminal(stdin=stdin, stdout=stdout, user="ann")))
        async with asyncio.timeout(20):
            await begun.wait()
        for _ in range(50):
            await asyncio.sleep(0)
        assert [message.text for message in core.accepted] == ["one"]
        assert not running.done()
        release.set()
        await running
    assert [message.text for message in core.accepted] == ["one", "two"]


async def test_the_loop_runs_on_while_input_is_awaited_and_a_cancelled_run_ends_at_once() -> None:
    with pipes() as (stdin, _, stdout, _):
        terminal = Terminal(stdin=stdin, stdout=stdout, user="ann")
        ready = asyncio.Event()

        async def connected(*, missed: bool = True) -> None:
            ready.set()
            assert not missed

        running = asyncio.ensure_future(terminal.run(intake_of(Core().accept, connected)))
        async with asyncio.timeout(20):
            await ready.wait()
            await asyncio.sleep(0.01)  # the read has begun, and time passes all the same
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"a\0b", "a\N{REPLACEMENT CHARACTER}b"),
        (b"caf\xe9", "caf\N{REPLACEMENT CHARACTER}"),
        ("日本語 🙂".encode(), "日本語 🙂"),
        (b"x" * 100_000, "x" * 100_000),
    ],
    ids=["nul", "not utf-8", "unicode", "very long"],
)
async def test_whatever_bytes_a_line_holds_it_is_one_message(line: bytes, text: str, tmp_path: Path) -> None:
    core = Core()
    assert await run_on(line + b"\nnext\n", tmp_path, core) == f"You said {text}\nYou said next\n"
    assert core.accepted[0].text == text


async def test_a_reply_is_printed_as_the_model_wrote_it_and_a_broken_streams_beginning_is_not(tmp_path: Path) -> None:
    async def speak(terminal: Terminal, message: Inbound) -> None:
        await terminal.reply(message, deltas(Delta("lost"), Delta("**b", restart=True), Delta("old**\n- x")), note)

    assert await run_on(b"one\n", tmp_path, Core(speak)) == "**bold**\n- x\n"


async def test_a_message_that_cannot_be_taken_in_is_answered_with_a_sentence(tmp_path: Path) -> None:
    full = StorageUnavailable("disk full")

    async def speak(terminal: Terminal, message: Inbound) -> None:
        if message.text == "one":
            await terminal.reply(message, deltas(Delta(full.sentence)), note)
        else:
            await echo(terminal, message)

    class Full(Core):
        async def accept(self, message: Inbound) -> bool:
            await super().accept(message)
            if message.text == "one":
                raise full
            return True

    assert await run_on(b"one\ntwo\n", tmp_path, Full(speak)) == f"{full.sentence}\nYou said two\n"


async def test_a_message_that_is_none_of_the_bots_business_holds_nothing_up(tmp_path: Path) -> None:
    class Deaf(Core):
        async def accept(self, message: Inbound) -> bool:
            return message.text != "one" and await super().accept(message)

    assert await run_on(b"one\ntwo\n", tmp_path, Deaf()) == "You said two\n"


async def test_what_is_said_in_place_of_a_reply_that_broke_off_is_the_only_reply(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[Delta]:
        yield Delta("half")
        raise StorageUnavailable("gone")

    async def speak(terminal: Terminal, message: Inbound) -> None:
        if message.text == "one":
            with pytest.raises(StorageUnavailable):
                await terminal.reply(message, broken(), note)
            await terminal.reply(message, deltas(Delta("sorry")), note)
        else:
            await echo(terminal, message)

    assert await run_on(b"one\ntwo\n", tmp_path, Core(speak)) == "sorry\nYou said two\n"


async def test_the_part_is_noted_once_it_can_be_read() -> None:
    with pipes() as (stdin, feed, stdout, replies):
        read: list[str] = []

        async def noted(part: int, message_id: str) -> None:
            read.append(f"{part} {message_id} {replies.readline()}")

        async def speak(terminal: Terminal, message: Inbound) -> None:
            await terminal.reply(message, deltas(Delta("hello")), noted)

        core = Core(speak)
        feed.write("one\n")
        feed.close()
        await core.run(Terminal(stdin=stdin, stdout=stdout, user="ann"))
        assert read == [f"0 {core.accepted[0].message_id}-reply hello\n"]


async def test_what_is_said_later_counts_as_later_also_when_the_clock_is_set_back() -> None:
    core, hours = Core(), iter([12, 11, 11, 13])
    with pipes() as (stdin, feed, stdout, _):
        feed.write("one\ntwo\nthree\nfour\n")
        feed.close()
        clock = lambda: datetime(2026, 11, 20, next(hours), tzinfo=UTC)  # noqa: E731 - read four times, here alone
        await core.run(Terminal(stdin=stdin, stdout=stdout, user="ann", clock=clock))
    said_at = [message.sent_at for message in core.accepted]
    assert said_at == sorted(set(said_at))
    assert (said_at[0].hour, said_at[-1].hour) == (12, 13)


async def test_a_conversation_that_was_broken_off_takes_nothing_of_the_next_one(tmp_path: Path) -> None:
    """Its last reading goes on in a thread that nobody waits for; the number of its closed input is given again."""
    with pipes() as (stdin, feed, stdout, _):
        before = set(threading.enumerate())
        broken_off = asyncio.ensure_future(Core().run(Terminal(stdin=stdin, stdout=stdout, user="ann")))
        async with asyncio.timeout(20):
            while before.issuperset(threading.enumerate()):
                await asyncio.sleep(0.001)
        broken_off.cancel()
        await asyncio.gather(broken_off, return_exceptions=True)
        stdin.close()
        source = tmp_path / "again"
        source.write_bytes(b"one\n")
        with source.open(encoding="utf-8") as again:
            feed.close()
            core = Core()
            await core.run(Terminal(stdin=again, stdout=stdout, user="ann"))
    assert [message.text for message in core.accepted] == ["one"]


async def test_when_nobody_reads_the_replies_any_more_it_ends_quietly() -> None:
    core = Core()
    with pipes() as (stdin, feed, stdout, replies):
        replies.close()
        feed.write("one\ntwo\n")
        feed.flush()
        await core.run(Terminal(stdin=stdin, stdout=stdout, user="ann"))
    assert [message.text for message in core.accepted] == ["one"]


async def test_whoever_sits_at_the_terminal_is_its_admin() -> None:
    with pipes() as (stdin, _, stdout, _):
        assert await Terminal(stdin=stdin, stdout=stdout).is_admin("anybody", PLACE)


async def test_what_answers_nobody_is_said_and_nothing_was_said_before_or_can_be_linked_to(tmp_path: Path) -> None:
    async def speak(terminal: Terminal, message: Inbound) -> None:
        await terminal.announce(PLACE, "I remember what you say.")
        assert await terminal.before(message, 20) == ()
        assert (terminal.link(PLACE, message.message_id), terminal.whispers) == ("", False)
        await echo(terminal, message)

    assert await run_on(b"one\n", tmp_path, Core(speak)) == "I remember what you say.\nYou said one\n"


async def test_into_a_pipe_nothing_is_said_of_stopping_and_there_is_nothing_to_restore(tmp_path: Path) -> None:
    async def speak(terminal: Terminal, message: Inbound) -> None:
        terminal.say_stopping()
        terminal.restore()
        await echo(terminal, message)

    assert await run_on(b"one\n", tmp_path, Core(speak)) == "You said one\n"
