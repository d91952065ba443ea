"""Edited lines in, rendered Markdown out: the terminal with a person before it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import termios
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import TextIO

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import has_focus
from prompt_toolkit.input import create_input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import create_output
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.markdown import Markdown
from rich.segment import Segment
from rich.spinner import Spinner

from errors import PlatformGone
from memory.types import Delta

_REFRESHES = 10  # a second: quick enough to read along, slow enough not to flicker
_VISIBLE = b"\x1b[?25h\x1b[?2004l"  # the cursor is shown, and bracketed paste is off (xterm, ctlseqs)
_LOCAL_FLAGS, _SPECIAL_KEYS = 3, 6  # where `termios.tcgetattr` has them
_FAREWELLS = frozenset({"exit", "quit", ":q"})  # with these people leave other programs
# A terminal obeys these, and a model may repeat what somebody else wrote. Tab and newline are left.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Screen:
    """A person's terminal; `closed` is False, since the person leaves by Ctrl-D or Ctrl-C. `NO_COLOR` is respected.

    Typed lines can be recalled until the process ends. They are kept in memory only: what has been forgotten must not
    be found in a file. A window made narrower while an answer grows can leave lines of it above the whole answer.
    Ctrl-Z stops the process as it stops any other, at any time.
    """

    closed = False

    def __init__(self, stdin: TextIO, stdout: TextIO, greeting: str) -> None:
        self._in = stdin
        self._out = stdout
        if isinstance(stdout, TextIOWrapper):
            stdout.reconfigure(errors="replace")  # a terminal that is not set to UTF-8 shows what it can
        self._greeting = greeting
        self._console = Console(file=stdout, highlight=False)
        self._found: list[int | list[bytes | int]] | None = None  # the terminal's attributes before ours
        self._answering = False
        self._growing: Live | None = None

    async def texts(self) -> AsyncGenerator[str, None]:
        """The messages that are typed, until Ctrl-D or Ctrl-C; what is typed between is not echoed, and is not lost.

        Control characters, which can be typed by their code or pasted, are no part of a message.
        """
        session = PromptSession[str](
            "> ",
            multiline=True,
            prompt_continuation="  ",
            key_bindings=_keys(),
            input=create_input(self._in),
            output=create_output(self._out),
        )
        self._console.print(self._greeting, style="dim")
        self._stop_echo()
        self._heed_stop()
        try:
            while True:
                # Signals belong to the process, which drains on them; Ctrl-C is a key here.
                text = _CONTROL.sub("", await session.prompt_async(handle_sigint=False))
                if text.strip().casefold() in _FAREWELLS:
                    self._console.print("Ctrl-D leaves.", style="dim")
                    continue
                self._answering = True
                yield text
                self._answering = False
        except EOFError:
            return
        finally:
            self._answering = False
            asyncio.get_running_loop().remove_signal_handler(signal.SIGTSTP)
            self.restore()

    def say_stopping(self) -> None:
        """Say that the end is near to somebody who waits for an answer; nobody waits while a message is typed."""
        if self._answering:
            self._console.print("stopping… Ctrl-C again stops at once", style="dim")

    def restore(self) -> None:
        """Leave the terminal as it was found: echoing, with a cursor; once, and without an error."""
        if self._found is None:
            return
        found, self._found = self._found, None
        with suppress(termios.error, OSError, ValueError):
            termios.tcsetattr(self._in.fileno(), termios.TCSANOW, found)
        with suppress(OSError, ValueError):
            os.write(self._out.fileno(), _VISIBLE)

    def _stop_echo(self) -> None:
        """Keep what is typed out of the lines in which an answer grows, and Ctrl-D for when it stands there.

        The system would take Ctrl-D for the end of its line, and leave nothing of it to who edits the next one; it is
        made a key like any other. Whatever is no terminal has no echo.
        """
        with suppress(termios.error, OSError, ValueError):
            descriptor = self._in.fileno()
            self._found = termios.tcgetattr(descriptor)
            silent = termios.tcgetattr(descriptor)
            silent[_LOCAL_FLAGS] &= ~termios.ECHO
            silent[_SPECIAL_KEYS][termios.VEOF] = os.fpathconf(descriptor, "PC_VDISABLE")
            termios.tcsetattr(descriptor, termios.TCSANOW, silent)

    def _heed_stop(self) -> None:
        """Give the terminal back before the process is stopped; where nobody could let it go on, nothing stops it."""
        if signal.getsignal(signal.SIGTSTP) is signal.SIG_DFL:
            # What is being typed is put aside until the process goes on.
            asyncio.get_running_loop().add_signal_handler(signal.SIGTSTP, lambda: run_in_terminal(self._stop))

    def _stop(self) -> None:
        """Stop, and take the terminal again when the process goes on in the foreground: before, it is stopped again."""
        growing, found = self._growing, self._found
        if growing is not None:
            with suppress(OSError):
                growing.stop()
        self.restore()
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTSTP)
        signal.raise_signal(signal.SIGTSTP)
        if found is not None:
            with suppress(termios.error, OSError, ValueError):
                # Whatever it is set to now may be the shell's own, for the line that is typed there.
                termios.tcsetattr(self._in.fileno(), termios.TCSANOW, found)
            self._stop_echo()
        self._heed_stop()
        if growing is not None:
            with suppress(OSError):
                self._growing = self._grow(growing.get_renderable)

    async def show(self, deltas: AsyncIterator[Delta]) -> bool:
        """Show an answer grow, then put it up as a whole, where it can be scrolled back to.

        Returns whether it was one, and not only how far one is.
        Raises: PlatformGone.
        """
        text, passing = "", False
        thinking = Spinner("dots", "thinking …", style="dim")

        def view() -> RenderableType:
            return _Tail(_markdown(text)) if text.strip() else thinking

        with _output():
            try:
                with self._shown(view):
                    async for delta in deltas:
                        text = delta.text if delta.restart else text + delta.text
                        passing = delta.passing
            finally:
                await self.say(text)
        return not passing

    @contextmanager
    def _shown(self, view: Callable[[], RenderableType]) -> Iterator[None]:
        """While a view grows in the lines below all that was said, which it leaves empty."""
        self._growing = self._grow(view)
        try:
            yield
        finally:
            growing, self._growing = self._growing, None
            growing.stop()

    def _grow(self, view: Callable[[], RenderableType]) -> Live:
        live = Live(console=self._console, get_renderable=view, transient=True, refresh_per_second=_REFRESHES)
        live.start(refresh=True)
        return live

    async def say(self, text: str) -> None:
        """Print a text as Markdown, and an empty line after it. Raises: PlatformGone."""
        with _output():
            self._console.print(_markdown(text))
            self._console.print()


@contextmanager
def _output() -> Iterator[None]:
    """Around what writes: the core's errors, which may pass through, are none of the system's."""
    try:
        yield
    except OSError as exc:
        raise PlatformGone(f"standard output: {exc.strerror}") from exc


class _Tail:
    """The last lines of something taller than the screen, so that a growing answer can be redrawn in place."""

    def __init__(self, whole: RenderableType) -> None:
        self._whole = whole

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(self._whole, options.update(height=None), pad=False)
        for number, line in enumerate(lines[-max(options.size.height - 2, 1) :]):
            if number:
                yield Segment.line()
            yield from line


def _markdown(text: str) -> Markdown:
    """Markdown as chats show it: a line break is one, an address is seen, and nothing steers the terminal."""
    markdown = Markdown(_CONTROL.sub("", text), hyperlinks=False)
    for token in markdown.parsed:
        for child in token.children or ():
            if child.type == "softbreak":
                child.type = "hardbreak"
    return markdown


def _keys() -> KeyBindings:
    """Enter sends, Alt-Enter breaks the line, Ctrl-C clears what is typed or leaves, Ctrl-Z stops the process."""
    keys = KeyBindings()
    typing = has_focus(DEFAULT_BUFFER)

    @keys.add("enter", filter=typing)
    def _send(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    @keys.add("escape", "enter", filter=typing)
    def _break_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @keys.add("c-c", filter=typing)
    def _clear_or_leave(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            event.app.exit(exception=EOFError())

    @keys.add("c-z")
    def _stop(_: KeyPressEvent) -> None:
        os.kill(0, signal.SIGTSTP)  # whoever started the process stops with it, as when the terminal itself says so

    return keys
