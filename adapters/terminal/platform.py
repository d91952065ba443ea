"""A conversation in the terminal, with a person or through a pipe.

One message is answered before the next is read, so that a pipe gets its replies in the order of its lines.
"""

from __future__ import annotations

import asyncio
import getpass
import logging
import sys
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import TextIO

from adapters.terminal.pipe import Pipe
from adapters.text import clean
from errors import PlatformGone, StorageError
from memory.ports import Accept, Clock, Intake, Note
from memory.types import Delta, History, Inbound, Place, Visibility

log = logging.getLogger(__name__)

PLACE = Place("terminal", "", "terminal")
"""The one place of a terminal: its conversation goes on from run to run."""


class Terminal:
    """`memory.ports.Platform` for whoever sits at this terminal, or for a pipe.

    `user` is, unless given, the operating system's user name. `interactive` is, unless given, whether both streams are
    terminals.
    """

    name = "terminal"

    def __init__(
        self,
        *,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        user: str = "",
        interactive: bool | None = None,
        bot_name: str = "Threadkeeper",
        prefix: str = "!",
        clock: Clock = lambda: datetime.now(UTC),
    ) -> None:
        read, write = stdin or sys.stdin, stdout or sys.stdout
        # Python has None where the shell has closed one.
        if read is None or write is None:
            which = "input" if read is None else "output"
            raise PlatformGone(f"standard {which} is closed: nobody can talk here; open it, or set a platform's tokens")
        greeting = (
            f"{bot_name}: write a message and press Enter. {prefix}help lists the commands, "
            "Alt-Enter starts a new line, Ctrl-D leaves."
        )
        if interactive is None:
            interactive = read.isatty() and write.isatty()
        if interactive:
            from adapters.terminal.screen import Screen  # noqa: PLC0415 - what draws takes long to load; a pipe has none

            self._face: Screen | Pipe = Screen(read, write, greeting)
        else:
            self._face = Pipe(read, write)
        self._user = user or _login()
        self._clock = clock
        self._last = datetime.min.replace(tzinfo=UTC)
        self._unanswered: dict[str, asyncio.Event] = {}
        self._gone: PlatformGone | None = None

    async def run(self, intake: Intake) -> None:
        """Read messages until the input ends or nobody reads the replies; return when every reply has been said.

        Raises: PlatformGone when the terminal cannot be read or written any more.
        """
        log.info("ready", extra={"platform": self.name})
        await intake.connected(missed=False)
        async with aclosing(self._face.texts()) as texts:
            async for text in texts:
                if text.strip():
                    await self._converse(clean(text), intake.accept)
                if self._gone is not None:
                    raise self._gone
                if self._face.closed:
                    return

    async def reply(
        self,
        to: Inbound,
        deltas: AsyncIterator[Delta],
        note: Note,
        posted: Sequence[str] = (),  # noqa: ARG002 - what was said in a terminal cannot be edited: it is said again
    ) -> None:
        """Say the deltas: as they come to a person, as a whole to a pipe.

        Deltas that break off are no answer: the next message waits for what is said in their place.
        Raises: PlatformGone.
        """
        try:
            answered = await self._face.show(deltas)
        except PlatformGone as exc:
            self._gone = exc
            self._release(to)
            raise
        if not answered:
            return
        try:
            await note(0, f"{to.message_id}-reply")
        finally:
            self._release(to)

    def _release(self, answered: Inbound) -> None:
        """Let the next message be read."""
        if waiting := self._unanswered.get(answered.message_id):
            waiting.set()

    async def before(self, inbound: Inbound, most: int) -> Sequence[Inbound]:  # noqa: ARG002 - see `history`
        """Nothing."""
        return ()

    async def announce(self, place: Place, text: str) -> None:  # noqa: ARG002 - there is one place
        """Say something to whoever sits here."""
        await self._face.say(text)

    def link(self, place: Place, message_id: str) -> str:  # noqa: ARG002 - no address leads into a terminal
        """None."""
        return ""

    @property
    def whispers(self) -> bool:
        """Never: there is nobody else to hear it."""
        return False

    async def is_admin(self, user: str, place: Place) -> bool:  # noqa: ARG002 - whoever sits here owns the bot
        """Always."""
        return True

    @property
    def alive(self) -> bool:
        """Always: nothing is said to a terminal behind its bot's back, so nothing can be missed."""
        return True

    async def places(self, since: datetime) -> Sequence[Place]:  # noqa: ARG002 - see `alive`
        """None."""
        return ()

    async def history(self, place: Place, since: datetime) -> History | None:  # noqa: ARG002 - see `alive`
        """Nothing: what has scrolled by cannot be read again."""
        return None

    def say_stopping(self) -> None:
        """Say in a line that the process stops when the answer is there; to nobody where none is awaited or seen."""
        if not isinstance(self._face, Pipe):
            self._face.say_stopping()

    def restore(self) -> None:
        """Give the terminal back as it was, right before the process ends without ceremony; nothing to do for a pipe.

        Harmless at any time and however often; raises nothing.
        """
        if not isinstance(self._face, Pipe):
            self._face.restore()

    async def _converse(self, text: str, accept: Accept) -> None:
        """Hand one message over and wait for its reply, if there is to be one."""
        message = Inbound(
            place=PLACE,
            message_id=uuid.uuid4().hex,
            author=self._user,
            author_name=self._user,
            text=text,
            sent_at=self._next_moment(),
            addressed=True,
            visibility=Visibility.DIRECT,
        )
        answered = self._unanswered[message.message_id] = asyncio.Event()
        try:
            if await self._hand_over(message, accept):
                await answered.wait()
        finally:
            del self._unanswered[message.message_id]

    def _next_moment(self) -> datetime:
        """Now, and later than all that was said: a clock that is set back must not put it before a `!forget`."""
        self._last = max(self._clock(), self._last + timedelta(microseconds=1))
        return self._last

    async def _hand_over(self, message: Inbound, accept: Accept) -> bool:
        """Whether a reply is to come; one also comes to a message that could not be taken in, and says so."""
        try:
            return await accept(message)
        except StorageError as error:
            log.warning("message not taken in", extra={"platform": self.name}, exc_info=error)
            return True


def _login() -> str:
    """The user's name; containers run users that have none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "user"
