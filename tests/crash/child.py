"""The bot's side of the crash harness: a process with everything imported, which forks a bot for every order.

    python -m tests.crash.child FD

An order comes as one packet over the Unix socket FD: JSON with the arguments of `bot.py` and the file for its log, and
the bot's end of a socket beside it, its gate. Through the gate the bot says a line each: `pid N` when it is born, what
it is about to commit, after which it does nothing until it is sent a byte, and `ended N` with its exit code.
"""

from __future__ import annotations

import gc
import json
import os
import re
import signal
import socket
import sqlite3
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import NoReturn

ORDER_BYTES = 65536
BEGINS = re.compile(r"\s*BEGIN\s+(IMMEDIATE|EXCLUSIVE)", re.IGNORECASE)
ENDS = re.compile(r"\s*(COMMIT|END)\b", re.IGNORECASE)
UNDOES = re.compile(r"\s*ROLLBACK\s*;?\s*\Z", re.IGNORECASE)
ALONE = re.compile(r"\s*(VACUUM|PRAGMA\s+wal_checkpoint)", re.IGNORECASE)
WRITES = re.compile(
    r"(?:\s|--[^\n]*\n)*(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|REPLACE\s+INTO|UPDATE|DELETE\s+FROM|CREATE\s+(?:\w+\s+)??TABLE)"
    r"\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)",
    re.IGNORECASE,
)


class Gate:
    """The bot's end of its gate; also threads of the database stop here."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._one = threading.Lock()

    def say(self, line: str) -> None:
        """Tell the harness something."""
        self._end.sendall(f"{line}\n".encode())

    def wait_at(self, boundary: str) -> None:
        """Stand at a boundary until the harness says to go on; where it is gone, so is the bot."""
        with self._one:
            self.say(boundary)
            if not self._end.recv(1):
                os._exit(1)


class WatchedConnection(sqlite3.Connection):
    """A real connection that stops at the gate before each commit."""

    gate: Gate

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # passed on as it came
        self._tables: list[str] | None = None
        self.set_trace_callback(self._see)

    def _see(self, statement: str) -> None:
        """Look at a statement that is about to run; SQLite waits for the return."""
        if BEGINS.match(statement):
            self._tables = []
        elif UNDOES.match(statement):
            self._tables = None
        elif ENDS.match(statement):
            tables, self._tables = self._tables, None
            if tables is not None:
                self.gate.wait_at(f"commit {' '.join(tables) or 'nothing'}")
        elif ALONE.match(statement):
            self.gate.wait_at(statement.partition("(")[0].strip())
        elif written := WRITES.match(statement):
            if self._tables is None:
                self.gate.wait_at(f"commit {written[1]}")
            elif written[1] not in self._tables:
                self._tables.append(written[1])


def main() -> None:
    """Import everything once, then fork a bot for each order until the harness closes the socket."""
    orders = socket.socket(fileno=int(sys.argv[1]))
    import bot  # noqa: PLC0415 - after the socket is known to be one
    from adapters import discord, slack  # noqa: F401, PLC0415
    from llm import client, tokens  # noqa: F401, PLC0415

    tokens.load_counter()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended: their gates say it
    gc.freeze()
    while True:
        order, fds, _, _ = socket.recv_fds(orders, ORDER_BYTES, 1)
        if not order:
            return
        if os.fork() == 0:
            orders.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            arguments, log = json.loads(order)
            live(bot.main, arguments, log, socket.socket(fileno=fds[0]))
        os.close(fds[0])


def live(run: Callable[[Sequence[str]], int], arguments: Sequence[str], log: str, end: socket.socket) -> NoReturn:
    """Be a bot, from its birth to its exit."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in (1, 2):
        os.dup2(output, number)
    gate = WatchedConnection.gate = Gate(end)
    sqlite3.connect = partial(sqlite3.connect, factory=WatchedConnection)  # type: ignore[assignment]  # the gate's place
    gate.say(f"pid {os.getpid()}")
    code = 1
    try:
        code = run(arguments)
    finally:
        gate.say(f"ended {code}")
        os._exit(code)


if __name__ == "__main__":
    main()
