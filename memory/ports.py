"""What the core needs of the outside, as protocols: a store, a model, the platforms, a counter and a clock."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
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
    History,
    Inbound,
    Owed,
    Place,
    Prompt,
    Scope,
    Spent,
    Standing,
    Stored,
    Thread,
    Turn,
    Usage,
    Waiting,
    Window,
)

Accept = Callable[[Inbound], Awaitable[bool]]
"""Takes in one message and says whether something is to come of it; when it returns, the message is on disk, was there
already or is none of the bot's business.

Raises: StorageError; the platform must not be told then that the message was received. Its author has been told.
"""

Amend = Callable[[Inbound], Awaitable[None]]
"""Takes in the new version of a message that was edited; a version that is known already changes nothing.

Raises: StorageError, as `Accept`.
"""

Erase = Callable[[Place, Sequence[str]], Awaitable[None]]
"""Takes in that messages were deleted, anybody's or the bot's own, by their ids in a channel; a place's thread is not
looked at, for the platform need not tell it.

Raises: StorageError, as `Accept`.
"""


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


Note = Callable[[int, str], Awaitable[None]]
"""Takes the number of a reply's part, from 0, and the platform's id of the message that now holds it.

An empty id says that the part was taken away.
"""

Count = Callable[[str], int]
"""Tokens of a text."""

Sleep = Callable[[float], Awaitable[None]]
"""Waits for so many seconds."""

Clock = Callable[[], datetime]
"""The time now, aware, in UTC."""

Echo = Callable[[Iterable[str], Iterable[str]], Callable[[str], bool]]
"""From the texts that are forgotten and those that other people keep: whether a turn of the bot repeats the former."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What is to be said to a command of which `waiting` is the id in the inbox, written from what was done."""

    waiting: int
    write: Callable[[Extent], str]


class Store(Protocol):
    """What is kept, behind domain verbs: each is one transaction, whole or not at all, whatever becomes of its caller.

    Every verb raises StorageUnavailable when the disk does not let it, and has then written nothing.
    """

    async def accept(self, inbound: Inbound, conversation: Conversation, decision: Decision) -> int | None:
        """Take a message into the inbox and return its id there; nothing when it was in already, or was forgotten.

        A message first seen as one to remember becomes one to answer when it comes again addressed (Slack sends both).
        """
        ...

    async def accept_and_load(
        self, inbound: Inbound, conversation: Conversation, decision: Decision, window: Window
    ) -> tuple[int, Thread] | None:
        """`accept` and `load` in one, for a message that is answered at once: its id in the inbox, and its thread."""
        ...

    async def pending(self, conversation: Conversation) -> tuple[Waiting, ...]:
        """The messages of a conversation that wait for its lane, in order of sending, a bounded number."""
        ...

    async def unsettled(self) -> tuple[Waiting, ...]:
        """The oldest waiting message of every conversation, and every waiting command: what a start has to take up.

        Those come first that were attempted least.
        """
        ...

    async def owed(self, platform: str) -> tuple[Owed, ...]:
        """The replies that earlier runs of the process decided, and may not have said in full, oldest first."""
        ...

    async def owes(self, waiting: int) -> Owed | None:
        """The reply to a message that is decided and not noted as said; its text is empty when that was forgotten."""
        ...

    async def tie(self, waiting: Sequence[int]) -> None:
        """Note which messages are answered together, by a reply to the last of them."""
        ...

    async def begin(self, waiting: Sequence[int]) -> int:
        """Count an attempt at messages that earlier runs left, and return the most that any of them has had.

        What this run received costs nothing and counts nothing: its first death is found by the next run. A run counts
        once; when it ends in peace, nothing that waits then is held to have brought it down.
        """
        ...

    async def load(self, conversation: Conversation, window: Window) -> Thread:
        """The epoch, the summary and the newest turns; the work is bounded by the window, however long the thread."""
        ...

    async def load_oldest(self, conversation: Conversation, tokens: int) -> Thread:
        """Like `load`, but the oldest turns after the summary; `unread` counts the newer ones."""
        ...

    async def note_post(self, waiting: int, part: int, message_id: str) -> None:
        """Note which message of the platform holds a part of the reply to the message with this inbox id; "": none.

        Nothing is noted for a message that was forgotten.
        """
        ...

    async def record(self, exchange: Exchange) -> bool:
        """Add an exchange and settle its messages; false, and nothing written, when its epoch has passed."""
        ...

    async def retract(self, conversation: Conversation, message_id: str) -> None:
        """Take back a recorded answer that could not be said."""
        ...

    async def settle(self, waiting: int, sentence: str) -> None:
        """Settle a message that leaves no turn, a command, with what is said to it."""
        ...

    def said(self, waiting: int) -> None:
        """Note that the reply to a settled message stands in full; it is written with the next transaction.

        Until then a start would find the reply owed, and say the same once more in the same messages.
        """
        ...

    async def amend(self, inbound: Inbound, turn: Turn) -> frozenset[Conversation] | None:
        """Give a message and its turn new words; the last summary from before it stands again, and epochs move.

        Returns the conversations that held other words of it, and nothing for a message that was never taken in.
        """
        ...

    async def prune(self, before: datetime) -> int:
        """Purge the turns that were sent before a time, record a scrub, and return how many turns that were."""
        ...

    async def save_fold(self, fold: FoldDone) -> bool:
        """Put a new summary in place; false, and nothing written, when its epoch or the replaced version has passed."""
        ...

    async def joined(self, place: Place, at: datetime) -> bool:
        """Whether the bot had a part in this very place before then: it was asked something there that it answers."""
        ...

    async def standing(self, conversation: Conversation, *, summary: bool = True) -> Standing:
        """How the conversation stands, for people to read; the work grows with its length.

        Without `summary` a summary is passed over, as in a `Window`.
        """
        ...

    async def extent(self, forgetting: Forgetting, echo: Echo) -> Extent:
        """How much a forgetting would take."""
        ...

    async def forget(self, forgetting: Forgetting, echo: Echo, promise: Promise | None = None) -> Extent:
        """Forget in every table at once and set a watermark; where anything is lost, move epochs, record a scrub.

        What is said of it to the command that asked for it is settled with it.
        """
        ...

    async def scrub(self, *, at_most: int | None = None) -> bool:
        """Clean the database files of what was forgotten; true when none is due any more.

        With `at_most` bytes, a larger database is left for later.
        """
        ...

    async def beat(self, platforms: Sequence[str], until: datetime) -> None:
        """Note that all that these platforms sent until then was received."""
        ...

    async def heard_until(self, platform: str) -> datetime | None:
        """The last beat of a platform; nothing for one that was never served."""
        ...

    async def places(self, platform: str, since: datetime, most: int) -> tuple[Place, ...]:
        """Where on a platform turns were said since then, most recent first."""
        ...

    async def stored(self, place: Place, since: datetime) -> tuple[Stored, ...]:
        """What people said in a place since then, as it is known: what waits and the turns, a bounded number."""
        ...

    async def spent(self, keys: Mapping[Scope, str]) -> Mapping[Scope, Spent]:
        """The tokens that scopes, each with its key, have taken today (UTC)."""
        ...

    async def lift(self, scope: Scope, key: str) -> None:
        """Lift the daily limit of a scope for today."""
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

    async def run(self, intake: Intake) -> None:
        """Connect and hand every event to `intake`, until cancelled or, in a terminal, until the input ends.

        `intake.connected` is awaited after every connection that did not resume an earlier one.
        Raises: PlatformMisconfigured when trying again cannot help, PlatformUnreachable when it can.
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
        The iterator's end comes before the last edit, so that what is said in full has been recorded.
        Raises: ReplyImpossible, PlatformUnreachable.
        """
        ...

    async def is_admin(self, user: str, place: Place) -> bool:
        """Whether the platform lets this user moderate that place; when unsure, no."""
        ...
