"""What the core needs of what is kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from memory.types import (
    Access,
    Audience,
    Channel,
    Conversation,
    Decision,
    Exchange,
    Extent,
    Fact,
    FactCount,
    FoldDone,
    Forgetting,
    Inbound,
    Originals,
    Owed,
    Place,
    Pool,
    Question,
    Recalled,
    Scope,
    Shown,
    Spent,
    Standing,
    Stored,
    Thread,
    Turn,
    Usage,
    Waiting,
    Window,
)

Echo = Callable[[Iterable[str], Iterable[str]], Callable[[str], bool]]
"""From the texts that are forgotten and those that other people keep: whether a turn of the bot repeats the former."""

Weigh = Callable[[Turn], int]
"""From a turn: its tokens, as it stands in a prompt."""

AtHand = Callable[[Thread], None]
"""Is handed a thread, on the event loop."""

Rank = Callable[[Question, Pool], tuple[tuple[int, float], ...]]
"""From a question and what was found for it: the ids of its turns, best first, each with a score from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What is to be said to a command of which `waiting` is the id in the inbox, written from what was done."""

    waiting: int
    write: Callable[[Extent], str]


class Store(Protocol):
    """What is kept, behind domain verbs: each is one transaction, whole or not at all, whatever becomes of its caller.

    Only cleaning takes several: `prune` one a slice, `scrub` one a file.
    Every verb raises StorageUnavailable when the disk does not let it, and has then written nothing.
    """

    async def accept(self, inbound: Inbound, conversation: Conversation, decision: Decision) -> int | None:
        """Take a message into the inbox and return its id there; nothing when it was in already, or was forgotten.

        A message first seen as one to remember becomes one to answer when it comes again addressed (Slack sends both).
        The first that is said in a thread that hangs on an answer of the bot quotes that, if it quotes nothing else.
        """
        ...

    async def accept_and_load(
        self,
        inbound: Inbound,
        conversation: Conversation,
        decision: Decision,
        window: Window,
        audience: Audience | None,
        at_hand: AtHand,
    ) -> int | None:
        """`accept` and `load` in one, for a message that is answered at once.

        `at_hand` is called with what was read while the disk still writes; that may fail after it. It is not called for
        what is in already, or was forgotten, nor where the conversation cannot be read: the message is taken in all the
        same.
        """
        ...

    async def pending(self, conversation: Conversation) -> tuple[Waiting, ...]:
        """The messages of a conversation that wait for its lane, in order of sending, a bounded number."""
        ...

    async def waits(self, waiting: int) -> bool:
        """Whether a message still waits: it is neither settled nor forgotten."""
        ...

    async def unsettled(self) -> tuple[Waiting, ...]:
        """The oldest waiting message of every conversation, and every waiting command: what a start has to take up.

        Those come first that were attempted least.
        """
        ...

    async def owed(self, platform: str) -> tuple[Owed, ...]:
        """The replies that earlier runs of the process decided, and may not have said in full.

        Those come first that were attempted least, and of these the oldest.
        """
        ...

    async def owes(self, waiting: int) -> Owed | None:
        """The reply to a message that is decided and not noted as said; its text is empty when that was forgotten."""
        ...

    async def tie(self, waiting: Sequence[int]) -> None:
        """Note which messages are answered together, by a reply to the last of them."""
        ...

    async def begin(self, waiting: Sequence[int]) -> int:
        """Count an attempt at messages that earlier runs left, and return the most that any of them has had.

        Attempts to say what is owed are counted from when it was decided. What this run received costs nothing and
        counts nothing: its first death is found by the next run. A run counts once; when it ends in peace, nothing that
        waits or is owed then is held to have brought it down.
        """
        ...

    async def load(self, conversation: Conversation, window: Window, audience: Audience | None = None) -> Thread:
        """The epoch, the summary and the newest turns; the work is bounded by the window, however long the thread.

        With an audience, also the facts about who speaks there that it may hear.
        """
        ...

    async def load_oldest(self, conversation: Conversation, tokens: int, audience: Audience | None = None) -> Thread:
        """Like `load`, but the oldest turns after the summary; `unread` counts the newer ones."""
        ...

    async def access(self, conversation: Conversation) -> Access | None:
        """Who could read a conversation when something was last said in it; nothing where nothing was."""
        ...

    async def note_channels(self, channels: Sequence[Channel]) -> None:
        """Note who can read channels from now on."""
        ...

    async def close_other_channels(self, platform: str, channels: Collection[str]) -> None:
        """Note that the channels of a platform that are not among these cannot be read by everyone any more."""
        ...

    async def facts(self, audience: Audience, user: str) -> tuple[Fact, ...]:
        """The facts about a person that hold and that an audience may hear, in the order of their numbers."""
        ...

    async def remember(self, audience: Audience, fact: Fact) -> Fact | None:
        """Keep one fact at once, and return it with its number and what it replaces of what the audience may hear.

        One without a slot gets its own.

        Nothing when it was said before a forgetting of its place, or of its author there.
        """
        ...

    async def correct_fact(self, audience: Audience, number: int, fact: Fact) -> Fact | None:
        """Put a fact in place of one of who asks, by its number there; nothing where it has none that is heard there.

        The new one is heard where it was said, however far the old one was.
        """
        ...

    async def forget_fact(self, audience: Audience, number: int) -> Fact | None:
        """Forget a fact of who asks by its number, with what it had replaced, and return it; its message stays."""
        ...

    async def fact_counts(self, place: Place) -> tuple[FactCount, ...]:
        """How many facts are kept about each person of a place's space, direct messages aside."""
        ...

    async def note_post(self, waiting: int, part: int, message_id: str) -> None:
        """Note which message of the platform holds a part of the reply to the message with this inbox id; "": none.

        Nothing is noted for a message that was forgotten.
        """
        ...

    async def record(self, exchange: Exchange) -> bool:
        """Add an exchange and settle its messages; false, and nothing written, when its epoch has passed."""
        ...

    async def take_earlier(
        self, conversation: Conversation, access: Access, said: Sequence[tuple[Inbound, Turn]]
    ) -> int:
        """Add to a conversation what was said there before the bot was addressed, oldest first; return how much it is.

        What was forgotten stays out; what another conversation of the channel holds comes in here too.
        """
        ...

    async def retract(self, conversation: Conversation, message_id: str) -> None:
        """Take back a recorded answer that could not be said."""
        ...

    async def settle(self, waiting: int, sentence: str) -> None:
        """Settle a message that leaves no turn, a command, with what is said to it.

        An answer that is not said in full yet is taken back, and the sentence said in its place.
        """
        ...

    def said(self, waiting: int) -> None:
        """Note that the reply to a settled message stands in full; it is written with the next transaction.

        Until then a start would find the reply owed, and say the same once more in the same messages.
        """
        ...

    async def amend(self, inbound: Inbound, weigh: Weigh, echo: Echo) -> Extent:
        """Give a message and its turn new words; the last summary from before it stands again, and epochs move.

        Quotations of it follow, be it one that was never taken in. What was made of old words that it no longer holds
        goes: facts, turns of the bot. Returns how much that was: nothing where a later edit was followed already.
        """
        ...

    async def expiring(self, before: datetime) -> Mapping[Conversation, int]:
        """The conversations with turns sent before a time that no summary covers, with the id of the last of these."""
        ...

    async def prune(self, before: datetime, held: Collection[Conversation] = ()) -> int:
        """Purge the turns that were sent before a time, record a scrub, and return how many turns that were.

        Of conversations that are `held`, only what a summary covers goes. Where there is an archive, originals are on
        disk there before they go.
        """
        ...

    async def prune_summaries(self, before: datetime) -> int:
        """Forget the summaries of which all was sent before a time, and the facts, and return how many those were."""
        ...

    async def rested(self, before: datetime, most: int) -> tuple[Conversation, ...]:
        """Where nothing was said since then, but people had said something that was not read for facts yet.

        Those come first that have rested longest. A fold has read what it folded.
        """
        ...

    async def load_unread(self, conversation: Conversation, tokens: int) -> Thread:
        """Like `load_oldest`, but the turns that were not read for facts yet, and no facts."""
        ...

    async def note_read(
        self, conversation: Conversation, epoch: int, through: int, facts: Sequence[Fact], usage: Usage | None
    ) -> bool:
        """Note that turns were read for facts up to this one, what they state and, if a model read them, what it took.

        False, and nothing written, when the epoch has passed.
        """
        ...

    async def originals(self, conversation: Conversation) -> Originals | None:
        """What a conversation's summary can be made anew from; nothing where it has none."""
        ...

    async def load_between(self, conversation: Conversation, after: int, through: int, tokens: int) -> tuple[Turn, ...]:
        """The oldest turns after one and up to another, within a bound of tokens."""
        ...

    async def save_fold(self, fold: FoldDone) -> bool:
        """Put a new summary in place; false, and nothing written, when its epoch or the replaced version has passed."""
        ...

    async def joined(self, place: Place, at: datetime) -> bool:
        """Whether the bot had a part in this very place before then: it was asked something there that it answers.

        Or it is a thread that hangs on an answer of the bot.
        """
        ...

    async def standing(
        self, conversation: Conversation, *, summary: bool = True, turn_tokens: int | None = None
    ) -> Standing:
        """How the conversation stands, for people to read; the work grows with its length.

        Without `summary` a summary is passed over, and a turn counts at most `turn_tokens`, as in a `Window`.
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

    async def search(
        self, question: Question, audience: Audience, shown: Shown | None, rank: Rank, most: int
    ) -> tuple[Recalled, ...]:
        """The turns that bear on a question and that an audience may hear, best first, without what is shown anyway.

        The work does not grow with what is stored.
        """
        ...

    async def scrub(self, *, at_most: int | None = None) -> bool:
        """Clean the database files, and the archive, of what was forgotten; true when none is due any more.

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
        """Where on a platform messages wait that were sent since then, then where turns were said; the newest first."""
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
