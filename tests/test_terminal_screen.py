"""The terminal adapter at a real pseudo-terminal: whoever speaks to it is a person."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

SCRIPT = """
import asyncio, os, signal
from adapters.terminal import Terminal
from tests.test_terminal import Core, deltas, note
from memory.types import Delta

go_on, stop = asyncio.Event(), asyncio.Event()

async def slow():
    yield Delta("begun")
    await go_on.wait()
    yield Delta(" and ended")

async def speak(terminal, message):
    if message.text == "slow":
        await terminal.reply(message, slow(), note)
        return
    if message.text == "long":
        text = "\\n".join(f"row {number}" for number in range(100))
    elif message.text == "escape":
        text = "harm\\x1b]0;title\\x07less"
    else:
        text = f"**got** {message.text!r}"
    await terminal.reply(message, deltas(*(Delta(piece) for piece in text.splitlines(keepends=True))), note)

async def main():
    terminal = Terminal(user="ann")

    def on_signal():
        if stop.is_set():
            terminal.restore()
            terminal.restore()
            os._exit(3)
        stop.set()
        terminal.say_stopping()

    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, on_signal)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, go_on.set)
    await Core(speak).run(terminal)
    print("left")

asyncio.run(main())
"""


SHELL = """
import fcntl, os, signal, sys, termios

fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
job = os.fork()
if job == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpgrp())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    os.execv(sys.executable, [sys.executable, "-c", {script!r}])
signal.signal(signal.SIGUSR1, lambda *_: os.kill(job, signal.SIGUSR1))
while os.WIFSTOPPED(status := os.waitpid(job, os.WUNTRACED)[1]):
    os.tcsetpgrp(0, os.getpgrp())
    print("stopped", flush=True)
    if sys.stdin.readline() == "fg\\n":
        os.tcsetpgrp(0, job)
    os.killpg(job, signal.SIGCONT)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""A shell with one job, which `fg` lets go on in the foreground, and any other line in the background."""

EDITING = "\x1b[?2004h"
"""Bracketed paste is switched on while a line is edited (xterm, ctlseqs)."""


class Person:
    """Somebody at a pseudo-terminal of 24 lines, in which a conversation runs."""

    def __init__(self, script: str = SCRIPT, **environ: str) -> None:
        self._master, slave = pty.openpty()
        self.found = self.attributes()
        os.set_blocking(self._master, False)
        self.seen = self._unread = ""
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter on our own script
            [sys.executable, "-c", script],
            cwd=ROOT,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", "NO_COLOR": "1", "LINES": "24", "COLUMNS": "80", **environ},
        )
        os.close(slave)

    def type(self, keys: str) -> None:
        """Press keys; bytes that are no UTF-8 stand as lone surrogates in them."""
        os.write(self._master, keys.encode("utf-8", "surrogateescape"))

    async def see(self, text: str) -> str:
        """Wait for a text, and return all up to it since the last one, without control sequences."""
        async with asyncio.timeout(20):
            while text not in self._unread:
                try:
                    piece = os.read(self._master, 65_536).decode("utf-8", "replace")
                except BlockingIOError:
                    await asyncio.sleep(0.005)
                    continue
                if "\x1b[6n" in piece:  # where is the cursor?
                    self.type("\x1b[1;1R")
                self._unread += piece
        at = self._unread.index(text) + len(text)
        fresh, self._unread = self._unread[:at], self._unread[at:]
        self.seen += fresh
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", fresh)

    def attributes(self) -> list[int | list[bytes | int]]:
        """How the terminal is set (termios)."""
        return termios.tcgetattr(self._master)

    @property
    def sees_what_is_typed(self) -> bool:
        """Whether the terminal itself echoes."""
        flags = self.attributes()[3]
        return isinstance(flags, int) and bool(flags & termios.ECHO)

    def close(self) -> None:
        """Hang up."""
        self.process.kill()
        self.process.wait()
        os.close(self._master)


@pytest.fixture
def person() -> Iterator[Person]:
    """Somebody at a terminal."""
    person = Person()
    yield person
    person.close()


async def test_a_person_is_greeted_edits_lines_reads_markdown_and_leaves_by_ctrl_d(person: Person) -> None:
    greeting = await person.see(EDITING)
    assert "!help" in greeting
    assert "Ctrl-D" in greeting
    person.type("nonsense\x03hello\x1b\rworld\r")
    answer = await person.see("'hello\\nworld'")
    assert "**got**" not in answer
    await person.see(EDITING)
    person.type("\x04")
    await person.see("left")
    assert person.process.wait(20) == 0
    assert person.attributes() == person.found


async def test_a_byte_that_is_no_character_is_read_as_a_sign_that_one_is_missing(person: Person) -> None:
    await person.see(EDITING)
    person.type("caf\udce9\r")
    await person.see("'caf\N{REPLACEMENT CHARACTER}'")


async def test_no_line_of_the_log_stands_between_a_person_and_the_sentence_that_says_what_is_wrong(
    tmp_path: Path,
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        f'[model]\nbase_url = "http://127.0.0.1:9/v1"\n[storage]\nurl = "sqlite:///{tmp_path / "kept.db"}"\n'
    )
    person = Person(f"import bot, sys; sys.exit(bot.main(['chat', '--config', '{config}']))")
    try:
        await person.see(EDITING)
        person.type("hello\r")
        await person.see("language model right now")
        await person.see(EDITING)
        person.type("\x04")
        assert person.process.wait(20) == 0
    finally:
        person.close()
    assert "level=" not in person.seen


PIPED = """
import os, sys
import bot
ours, theirs = os.pipe()
os.write(theirs, b"my name is Zorblax\\nwhat is my name?\\n")
os.close(theirs)
os.dup2(ours, 0)
if log := "{log}":
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT), 2)
code = bot.main(["chat", "--config", "{config}"])
print("left with", code)
"""


@pytest.mark.parametrize("aside", [False, True], ids=["on the screen", "in a file"])
async def test_no_line_of_the_log_stands_between_the_replies_to_a_pipe_and_all_do_in_a_file(
    tmp_path: Path, aside: bool
) -> None:
    config, log = tmp_path / "config.toml", tmp_path / "bot.log"
    config.write_text(f'[storage]\nurl = "sqlite:///{tmp_path / "kept.db"}"\n')
    person = Person(PIPED.format(log=log if aside else "", config=config))
    try:
        await person.see("left with 0")
    finally:
        person.close()
    assert "Zorblax" in person.seen
    assert "event=" not in person.seen
    if aside:
        events = re.findall(r"event=(\w+)", log.read_text())
        assert (events[0], events.count("turn")) == ("ready", 2)


async def test_words_that_leave_other_programs_are_no_message_and_say_what_leaves_this_one(person: Person) -> None:
    await person.see(EDITING)
    person.type("quit\r")
    assert "got" not in await person.see("Ctrl-D leaves.")
    await person.see(EDITING)
    person.type("quit it\r")
    await person.see("'quit it'")


async def test_a_terminal_that_cannot_show_a_letter_shows_the_rest() -> None:
    person = Person(PYTHONIOENCODING="latin-1")
    try:
        await person.see(EDITING)
        person.type("日 and é\r")
        await person.see("and é'")
        await person.see(EDITING)
        person.type("\x04")
        assert person.process.wait(20) == 0
    finally:
        person.close()


async def test_ctrl_c_leaves_where_nothing_is_typed(person: Person) -> None:
    await person.see(EDITING)
    person.type("nonsense\x03\x03")
    await person.see("left")
    assert person.process.wait(20) == 0
    assert person.attributes() == person.found


async def test_an_answer_taller_than_the_screen_stands_there_once_and_whole(person: Person) -> None:
    await person.see(EDITING)
    person.type("long\r")
    rows = await person.see(EDITING)
    assert re.search(r"\s+".join(f"row {number}" for number in range(100)), rows)


async def test_what_a_model_says_cannot_steer_the_terminal_and_no_color_is_respected(person: Person) -> None:
    await person.see(EDITING)
    person.type("escape\r")
    await person.see("harm]0;titleless")
    await person.see(EDITING)
    assert "\x1b]0;title" not in person.seen
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", person.seen)


async def test_what_was_typed_before_can_be_recalled(person: Person) -> None:
    await person.see(EDITING)
    person.type("first\r")
    await person.see(EDITING)
    person.type("second\r")
    await person.see(EDITING)
    person.type("\x1b[A\x1b[A\r")
    await person.see("'first'")


async def test_what_is_typed_while_an_answer_grows_does_not_spoil_it_and_is_the_next_message(person: Person) -> None:
    await person.see(EDITING)
    person.type("slow\r")
    await person.see("begun")
    assert not person.sees_what_is_typed
    person.type("typed ahead\rand half a li")
    person.process.send_signal(signal.SIGUSR1)
    answer = await person.see("begun and ended")
    assert "ahead" not in answer
    await person.see("'typed ahead'")
    await person.see(EDITING)
    person.type("ne\r")
    await person.see("'and half a line'")


@pytest.mark.parametrize("keys", ["\x04", "typed ahead\r\x04"])
async def test_ctrl_d_in_an_answer_leaves_when_what_was_asked_is_answered(person: Person, keys: str) -> None:
    await person.see(EDITING)
    person.type("slow\r")
    await person.see("begun")
    person.type(keys)
    person.process.send_signal(signal.SIGUSR1)
    await person.see("begun and ended")
    assert ("typed ahead" in await person.see("left")) is ("typed ahead" in keys)
    assert person.process.wait(20) == 0
    assert person.attributes() == person.found


async def test_the_first_ctrl_c_in_an_answer_is_answered_and_the_second_leaves_a_sane_terminal(person: Person) -> None:
    await person.see(EDITING)
    person.type("slow\r")
    await person.see("begun")
    person.process.send_signal(signal.SIGINT)
    await person.see("stopping…")
    person.process.send_signal(signal.SIGINT)
    await person.see("\x1b[?25h")
    assert person.process.wait(20) == 3
    assert person.attributes() == person.found


async def test_nobody_who_types_is_told_that_it_stops(person: Person) -> None:
    await person.see(EDITING)
    person.process.send_signal(signal.SIGINT)
    person.type("hello\r")
    assert "stopping" not in await person.see("'hello'")


@pytest.fixture
def shell_user() -> Iterator[Person]:
    """Somebody who has started the conversation from a shell."""
    person = Person(SHELL.format(script=SCRIPT))
    yield person
    person.close()


async def test_ctrl_z_stops_it_and_what_was_typed_stands_there_when_it_goes_on(shell_user: Person) -> None:
    await shell_user.see(EDITING)
    shell_user.type("half a li")
    await shell_user.see("li")
    for _ in range(2):
        shell_user.type("\x1a")
        await shell_user.see("stopped")
        assert shell_user.attributes() == shell_user.found
        shell_user.type("fg\r")
        await shell_user.see(EDITING)
    shell_user.type("ne\r")
    await shell_user.see("'half a line'")
    await shell_user.see(EDITING)
    shell_user.type("\x04")
    await shell_user.see("left")
    assert shell_user.process.wait(20) == 0
    assert shell_user.attributes() == shell_user.found


async def test_ctrl_z_in_an_answer_stops_it_and_the_answer_grows_on_in_the_foreground(shell_user: Person) -> None:
    await shell_user.see(EDITING)
    shell_user.type("slow\r")
    await shell_user.see("begun")
    shell_user.type("\x1a")
    for line in ("in the background", "fg"):
        await shell_user.see("stopped")
        assert shell_user.attributes() == shell_user.found
        assert shell_user.seen.rindex("\x1b[?25h") > shell_user.seen.rindex("\x1b[?25l")
        shell_user.type(f"{line}\r")
    await shell_user.see("begun")
    assert not shell_user.sees_what_is_typed
    shell_user.type("typed ahead\r")
    shell_user.process.send_signal(signal.SIGUSR1)
    await shell_user.see("begun and ended")
    await shell_user.see("'typed ahead'")


async def test_a_control_character_is_no_part_of_a_message(person: Person) -> None:
    await person.see(EDITING)
    person.type("one\x11\x1a \x1b[200~t\x07wo\x1b[201~\r")
    await person.see("'one two'")
