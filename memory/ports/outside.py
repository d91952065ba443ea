"""The far ends as the core sees them: a language model, the platforms, and what these tell the core of."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from memory.types import (
    Answer,
    Channel,
    Delta,
    History,
    Inbound,
    Place,
    Prompt,
    Schema,
    Visibility,
)

Accept = Callable[[Inbound], Awaitable[bool]]
"""Takes in one message and says whether something is to come of it; when it returns, the message is on disk, was there
already or is none of the bot's business.

Raises: StorageError, also where the disk does not say whether a message is the bot's business; the platform must not be
told then that it was received. Its author has been told, where it was for the bot.
"""

Amend = Callable[[Inbound], Awaitable[None]]
"""Takes in the new version of a message that was edited; a version that is known already, or older, changes nothing.

Raises: StorageError, as `Accept`.
"""

Erase = Callable[[Place, Sequence[str]], Awaitable[None]]
"""Takes in that messages were deleted, anybody's or the bot's own, by their ids in a channel; a place's thread is not
looked at, for the platform need not tell it.

Raises: StorageError, as `Accept`.
"""

Removed = Callable[[Place], Awaitable[None]]
"""Takes in that a channel, with the threads under it, or one thread was deleted, and all that was said there with it.

Raises: StorageError, as `Accept`.
"""

Channels = Callable[[Sequence[Channel]], Awaitable[None]]
"""Takes in who can read channels now: all that the platform tells of when it connects, and each that changes or goes.

Raises: StorageError, as `Accept`; no message is taken in then until the same is told again and stored.
"""

Only = Callable[[Collection[str]], Awaitable[None]]
"""Takes in the ids of all the channels that there are on its platform: of others nothing is told any more.

Raises: StorageError, as `Accept`.
"""

Arrived = Callable[[Place, Visibility], Awaitable[None]]
"""Is told that the bot was let into a server or a channel, and where it can say something there."""


class Connected(Protocol):
    """Is told that a platform can be written to from now on."""

    async def __call__(self, *, missed: bool = True) -> None:
        """Take up what waits; with `missed`, events before now may have been missed and are caught up with."""
        ...


@dataclass(frozen=True, slots=True)
class Intake:
    """What a platform tells the core of."""

    accept: Accept
    amend: Amend
    erase: Erase
    connected: Connected
    channels: Channels
    only: Only
    arrived: Arrived
    removed: Removed


Note = Callable[[int, str], Awaitable[None]]
"""Takes the number of a reply's part, from 0, and the platform's id of the message that now holds it.

An empty id says that the part was taken away.
"""


class Model(Protocol):
    """A language model behind any endpoint, or the offline one."""

    def stream(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        """Answer piece by piece; the last delta carries the usage.

        Raises: ModelError, one of its classes.
        """
        ...

    async def complete(self, prompt: Prompt, max_tokens: int, schema: Schema | None = None) -> Answer:
        """Answer as a whole, with the summarising model; at most `max_tokens` long.

        With a `schema` the answer is JSON of that form as far as the server sees to it: it may be any text.
        Raises: ModelError, one of its classes.
        """
        ...


class Platform(Protocol):
    """Where people are: Discord, Slack or a terminal."""

    @property
    def name(self) -> str:
        """The platform's name in places, settings and the log."""
        ...

    async def run(self, intake: Intake) -> None:
        """Connect and hand every event to `intake`, until cancelled or, in a terminal, until the input ends.

        `intake.connected` is awaited after every connection that did not resume an earlier one.
        Raises: PlatformMisconfigured and PlatformGone when trying again cannot help, PlatformUnreachable when it can.
        """
        ...

    @property
    def alive(self) -> bool:
        """Whether events are being received; a connection that broke unnoticed may count for two minutes more."""
        ...

    async def places(self, since: datetime) -> Sequence[Place]:
        """Where something may have been said since then, most recent first: channels, and threads where they are told.

        Raises: PlatformUnreachable.
        """
        ...

    async def history(self, place: Place, since: datetime) -> History | None:
        """What stands in a place since then, bounded to the newest of it; nothing where it cannot be read.

        Raises: PlatformUnreachable.
        """
        ...

    async def reply(self, to: Inbound, deltas: AsyncIterator[Delta], note: Note, posted: Sequence[str] = ()) -> None:
        """Say the deltas in answer to a message, and return when all of it can be read.

        `posted` are the ids of parts that stand there already: they are edited before anything new is posted.
        The iterator's end comes before the last edit, so that what is said in full has been recorded. Deltas that are
        `passing` are shown where another reply can take their place, and else left out.
        Raises: ReplyImpossible, PlatformUnreachable.
        """
        ...

    async def before(self, inbound: Inbound, most: int) -> Sequence[Inbound]:
        """What people said before a message where it stands, oldest first: at most so many of the newest.

        A thread begins with the message that it hangs on, be it another bot's. Nothing where it cannot be read.
        Raises: PlatformUnreachable.
        """
        ...

    async def announce(self, place: Place, text: str) -> None:
        """Say something that answers nobody, once.

        Raises: ReplyImpossible, PlatformUnreachable.
        """
        ...

    def link(self, place: Place, message_id: str) -> str:
        """The address under which a message is shown to who may read it; empty where there is none."""
        ...

    @property
    def whispers(self) -> bool:
        """Whether it can answer a message in a channel so that its author alone reads it (`Inbound.private`)."""
        ...

    async def is_admin(self, user: str, place: Place) -> bool:
        """Whether the platform lets this user moderate that place; when unsure, no."""
        ...
