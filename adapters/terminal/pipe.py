"""A line a message in, a reply a message out: the terminal without a person."""

from __future__ import annotations

import asyncio
import os
import select
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import Future
from typing import TextIO, TypeVar

from errors import PlatformGone
from memory.types import Delta

_CHUNK = 65_536  # bytes: what a pipe holds on Linux

Result = TypeVar("Result")


class Pipe:
    """Plain text through two file descriptors; `closed` once nobody reads what is written."""

    def __init__(self, stdin: TextIO, stdout: TextIO) -> None:
        self._in = stdin
        self._out = stdout
        self.closed = False

    async def texts(self) -> AsyncGenerator[str, None]:
        """The lines of the input, whatever bytes they hold; what is no UTF-8 becomes U+FFFD. Raises: PlatformGone."""
        rest = bytearray()
        while chunk := await self._read():
            *lines, last = chunk.split(b"\n")
            for line in lines:
                yield (rest + line).decode("utf-8", "replace").removesuffix("\r")
                rest.clear()
            rest += last
        yield rest.decode("utf-8", "replace")

    async def show(self, deltas: AsyncIterator[Delta]) -> bool:
        """Write an answer when it is whole, so that no piece of a broken stream stands before it.

        Returns whether it was one: a program that reads a reply a line has no use for how far one is.
        Raises: PlatformGone.
        """
        text, passing = "", False
        async for delta in deltas:
            text = delta.text if delta.restart else text + delta.text
            passing = delta.passing
        if not passing:
            await self.say(text)
        return not passing

    async def say(self, text: str) -> None:
        """Write a text as it is, and a newline; the end of the reader is the end of the conversation, and no fault.

        Raises: PlatformGone.
        """
        try:
            await _aside(lambda: _write(self._out.fileno(), f"{text}\n".encode("utf-8", "replace")))
        except BrokenPipeError:
            self.closed = True
        except OSError as exc:
            raise PlatformGone(f"standard output: {exc.strerror}") from exc

    async def _read(self) -> bytes:
        try:
            # Whoever stops waiting may close the stream: its number must not be another file's while the thread waits.
            own = os.dup(self._in.fileno())
            return await _aside(lambda: _read(own))
        except OSError as exc:
            raise PlatformGone(f"standard input: {exc.strerror}") from exc


def _read(descriptor: int) -> bytes:
    try:
        select.select([descriptor], [], [])  # another process may have made the shared end non-blocking
        return os.read(descriptor, _CHUNK)
    finally:
        os.close(descriptor)


def _write(descriptor: int, data: bytes) -> None:
    """Write all of it, past Python's own buffer: what a broken pipe leaves there is tried again, loudly, at exit."""
    while data:
        select.select([], [descriptor], [])
        data = data[os.write(descriptor, data) :]


async def _aside(call: Callable[[], Result]) -> Result:
    """Run a call that may block for ever, off the event loop, in a thread that nobody waits for.

    An executor's threads are joined at exit, and one that waits for input would hold the exit up.
    """
    done = Future[Result]()
    done.set_running_or_notify_cancel()  # a cancelled wait leaves the thread to itself

    def work() -> None:
        try:
            done.set_result(call())
        except Exception as error:  # noqa: BLE001 - whatever it is, it is for whoever waits for the call
            done.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return await asyncio.wrap_future(done)
