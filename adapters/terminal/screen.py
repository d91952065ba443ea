"""Edited lines in, rendered Markdown out: the terminal with a person before it."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from prompt_toolkit import PromptSession
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import has_focus
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.input import create_input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import create_output
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.markdown import Markdown
from rich.segment import Segment
from rich.spinner import Spinner

from memory.types import Delta

_REFRESHES = 10  # a second: quick enough to read along, slow enough not to flicker
# A terminal obeys these, and a model may repeat what somebody else wrote. Tab and newline are left.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Screen:
    """A person's terminal; `closed` is False, since the person leaves by Ctrl-D. `NO_COLOR` is respected.

    `history` is the file of the lines typed, readable by their writer only; None keeps them in memory.
    """

    closed = False

    def __init__(self, stdin: TextIO, stdout: TextIO, greeting: str, history: Path | None) -> None:
        self._in = stdin
        self._out = stdout
        self._greeting = greeting
        self._history = history
        self._console = Console(file=stdout, highlight=False)

    async def texts(self) -> AsyncGenerator[str, None]:
        """The messages that are typed, until Ctrl-D."""
        session = PromptSession[str](
            "> ",
            multiline=True,
            prompt_continuation="  ",
            key_bindings=_keys(),
            history=_open_history(self._history),
            input=create_input(self._in),
            output=create_output(self._out),
        )
        self._console.print(self._greeting, style="dim")
        while True:
            try:
                # Signals belong to the process, which drains on them; Ctrl-C is a key here.
                text = await session.prompt_async(handle_sigint=False)
            except EOFError:
                return
            yield text

    async def show(self, deltas: AsyncIterator[Delta]) -> None:
        """Show an answer grow, then put it up as a whole, where it can be scrolled back to."""
        text = ""
        thinking = Spinner("dots", "thinking …", style="dim")

        def view() -> RenderableType:
            return _Tail(_markdown(text)) if text.strip() else thinking

        try:
            with Live(console=self._console, get_renderable=view, transient=True, refresh_per_second=_REFRESHES):
                async for delta in deltas:
                    text = delta.text if delta.restart else text + delta.text
        finally:
            await self.say(text)

    async def say(self, text: str) -> None:
        """Print a text as Markdown, and an empty line after it."""
        self._console.print(_markdown(text))
        self._console.print()


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
    """Enter sends, Alt-Enter breaks the line, Ctrl-C clears what is typed."""
    keys = KeyBindings()
    typing = has_focus(DEFAULT_BUFFER)

    @keys.add("enter", filter=typing)
    def _send(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    @keys.add("escape", "enter", filter=typing)
    def _break_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @keys.add("c-c", filter=typing)
    def _clear(event: KeyPressEvent) -> None:
        event.current_buffer.reset()

    return keys


def _open_history(path: Path | None) -> History:
    """The history of typed lines, in memory where its file cannot be written."""
    if path is not None:
        with suppress(OSError):
            path.touch(mode=0o600)
            return FileHistory(path)
    return InMemoryHistory()
