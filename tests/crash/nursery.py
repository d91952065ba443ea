"""Processes of the bot, cheap to start, and each with a gate at which it can be held, counted and killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.crash import child

ROOT = Path(__file__).parent.parent.parent

GO = b"\n"

Fatal = Callable[[Sequence[str]], bool]
"""Whether the bot dies now, by the boundaries that it has reached, the newest last."""


def never(_: Sequence[str]) -> bool:
    """Whatever it reaches, it lives."""
    return False


def at(number: int) -> Fatal:
    """It dies at one boundary, counted from 1."""
    return lambda reached: len(reached) == number


class Life:
    """One process of the bot; `fatal` says at which boundary it is killed, and may be set.

    `reached` are the boundaries that it has come to, `killed` says that it was sent to its death, `killed_at` at which
    boundary, empty for none, `code` is what it exited with by itself.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fatal: Fatal) -> None:
        self.reached: list[str] = []
        self.fatal = fatal
        self.killed_at = ""
        self.code: int | None = None
        self.dead = asyncio.Event()
        self.pid = 0
        self.killed = False
        self._reader = reader
        self._writer = writer
        self._keeping = asyncio.create_task(self._keep())

    def passes(self, boundary: str) -> bool:
        """Count a boundary and say that all goes on; or, at the fatal one, kill the process and say that nothing does.

        What it had sent before it died arrives all the same, and is not counted.
        """
        if self.killed or self.dead.is_set():
            return True
        self.reached.append(boundary)
        if self.fatal(self.reached):
            self.killed_at = boundary
            self.kill()
            return False
        return True

    def kill(self) -> None:
        """Kill it as the kernel would that is out of memory: at once, whatever it is doing."""
        self.killed = True
        self._send(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, as a supervisor does."""
        self._send(signal.SIGTERM)

    async def end(self, seconds: float) -> None:
        """Ask it to end, and wait until it is gone; what has not ended after some seconds is killed."""
        self.stop()
        try:
            async with asyncio.timeout(seconds):
                await self.dead.wait()
        except TimeoutError:
            await self.leave()

    async def leave(self) -> None:
        """End it if it still lives, and wait until it is gone."""
        self.kill()
        await self._keeping

    def _send(self, number: signal.Signals) -> None:
        if self.pid and not self.dead.is_set():  # until its gate closes, the number is its own
            os.kill(self.pid, number)

    async def _keep(self) -> None:
        """Stand at the gate until it closes, which it does after every file of the process: nothing of it is left."""
        try:
            while line := (await self._reader.readline()).decode().rstrip("\n"):
                match line.split(" ", 1):
                    case "pid", number:
                        self.pid = int(number)
                        if self.killed:
                            self.kill()
                    case "ended", code:
                        self.code = int(code)
                    case _ if self.passes(line):
                        self._writer.write(GO)
        except ConnectionError:
            pass
        finally:
            self._writer.close()
            self.dead.set()


class Nursery:
    """Where bots are born: a process that imported everything once."""

    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders

    async def bear(self, arguments: Sequence[str], log: Path, fatal: Fatal = never) -> Life:
        """Start a bot with the arguments of `bot.py`; its log is added to a file."""
        ours, its = socket.socketpair()
        with its:
            socket.send_fds(self._orders, [json.dumps([list(arguments), str(log)]).encode()], [its.fileno()])
        return Life(*await asyncio.open_connection(sock=ours), fatal)


@asynccontextmanager
async def nursery() -> AsyncIterator[Nursery]:
    """A nursery, until the block ends; its first bot waits a second for the imports."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with its:
            command = [sys.executable, "-m", child.__name__, str(its.fileno())]
            process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, pass_fds=[its.fileno()])
        yield Nursery(ours)
    await process.wait()
