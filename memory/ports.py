"""What the core needs of the outside, as protocols: a store, a model, the platforms, a counter and a clock."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from memory.types import (
    Answer,
    Conversation,
    Decision,
    Delta,
    Exchange,
    Extent,
    FoldDone,
    Forgetting,
    Inbound,
    Place,
    Prompt,
    Standing,
    Thread,
    Usage,
    Waiting,
    Window,
)

Accept = Callable[[Inbound], Awaitable[bool]]
"""Takes in one message and says whether something is to come of it; when it returns, the message is on disk, was there
already or is none of the bot's business.

Raises: StorageError; the platform must not be told then that the message was received. Its author has been told.
"""

Connected = Callable[[], Awaitable[None]]
"""Is told that a platform can be written to from now on, and that events before now may have been missed."""

Note = Callable[[int, str], Awaitable[None]]
"""Takes the number of a reply's part, from 0, and the platform's id of the message that now holds it."""

Count = Callable[[str], int]
"""Tokens of a text."""

Sleep = Callable[[float], Awaitable[None]]
"""Waits for so many seconds."""

Clock = Callable[[], datetime]
"""The time now, aware, in UTC."""

Echo = Callable[[Iterable[str], Iterable[str]], Callable[[str], bool]]
"""From the texts that are forgotten and those that other people keep: whether a turn of the bot repeats the former."""


class Store(Protocol):
    """What is kept, behind domain verbs: each is one transaction, whole or not at all, whatever becomes of its caller.

    Every verb raises StorageUnavailable when the disk does not let it, and has then written nothing.
    """

    async def accept(self, inbound: Inbound, conversation: Conversation, decision: Decision) -> int | None:
        """Take a message into the inbox and return its id there; nothing when it was in already, or was forgotten.

        A message first seen as one to remember becomes one to answer when it comes again addressed (Slack sends both).
        """
        ...

    async def pending(self, conversation: Conversation) -> tuple[Waiting, ...]:
        """The messages of a conversation that wait for its lane, in order of sending, a bounded number."""
        ...

    async def unsettled(self) -> tuple[Waiting, ...]:
        """The oldest waiting message of every conversation, and every waiting command: what a start has to take up."""
        ...

    async def load(self, conversation: Conversation, window: Window) -> Thread:
        """The epoch, the summary and the newest turns; the work is bounded by the window, however long the thread."""
        ...

    async def load_oldest(self, conversation: Conversation, tokens: int) -> Thread:
        """Like `load`, but the oldest turns after the summary; `unread` counts the newer ones."""
        ...

    async def note_post(self, waiting: int, part: int, message_id: str) -> None:
        """Note which message of the platform holds a part of the reply to the waiting message with this inbox id."""
        ...

    async def record(self, exchange: Exchange) -> bool:
        """Add an exchange and settle its messages; false, and nothing written, when its epoch has passed."""
        ...

    async def retract(self, conversation: Conversation, message_id: str) -> None:
        """Take back a recorded answer that could not be said."""
        ...

    async def settle(self, waiting: int) -> None:
        """Settle a message that leaves no turn: a command."""
        ...

    async def save_fold(self, fold: FoldDone) -> bool:
        """Put a new summary in place; false, and nothing written, when its epoch or the replaced version has passed."""
        ...

    async def joined(self, place: Place) -> bool:
        """Whether the bot has spoken in this very place, or is about to: somebody waits for its answer there."""
        ...

    async def standing(self, conversation: Conversation, *, summary: bool = True) -> Standing:
        """How the conversation stands, for people to read; the work grows with its length.

        Without `summary` a summary is passed over, as in a `Window`.
        """
        ...

    async def extent(self, forgetting: Forgetting, echo: Echo) -> Extent:
        """How much a forgetting would take."""
        ...

    async def forget(self, forgetting: Forgetting, echo: Echo) -> Extent:
        """Forget in every table at once and set a watermark; where anything is lost, move epochs, record a scrub."""
        ...

    async def scrub(self, *, at_most: int | None = None) -> bool:
        """Clean the database files of what was forgotten; true when none is due any more.

        With `at_most` bytes, a larger database is left for later.
        """
        ...

    async def usages(self, model: str, newest: int) -> tuple[Usage, ...]:
        """The newest calls to a model for which its server reported prompt tokens, newest first."""
        ...

    async def close(self) -> None:
        """Finish what is under way and let the file go."""
        ...


class Model(Protocol):
    """A language model behind any endpoint, or the offline one."""

    def stream(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        """Answer piece by piece; the last delta carries the usage.

        Raises: ModelError, one of its classes.
        """
        ...

    async def complete(self, prompt: Prompt, max_tokens: int) -> Answer:
        """Answer as a whole, with the summarising model; at most `max_tokens` long.

        Raises: ModelError, one of its classes.
        """
        ...


class Platform(Protocol):
    """Where people are: Discord, Slack or a terminal."""

    @property
    def name(self) -> str:
        """The platform's name in places, settings and the log."""
        ...

    async def run(self, accept: Accept, connected: Connected) -> None:
        """Connect and hand every message to `accept`, until cancelled or, in a terminal, until the input ends.

        `connected` is awaited after every connection that did not resume an earlier one: events may have been missed.
        Raises: PlatformMisconfigured when trying again cannot help, PlatformUnreachable when it can.
        """
        ...

    async def reply(self, to: Inbound, deltas: AsyncIterator[Delta], note: Note, posted: Sequence[str] = ()) -> None:
        """Say the deltas in answer to a message, and return when all of it can be read.

        `posted` are the ids of parts that stand there already: they are edited before anything new is posted.
        The iterator's end comes before the last edit, so that what is said in full has been recorded.
        Raises: ReplyImpossible, PlatformUnreachable.
        """
        ...

    async def is_admin(self, user: str, place: Place) -> bool:
        """Whether the platform lets this user moderate that place; when unsure, no."""
        ...
