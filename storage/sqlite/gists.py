"""The part of the Store on SQLite that keeps what is made of turns: summaries, facts, the index of recall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from memory.ports import Rank
from memory.types import (
    Audience,
    Conversation,
    Fact,
    FactCount,
    FoldDone,
    Originals,
    Place,
    Question,
    Recalled,
    Shown,
    Standing,
    Thread,
    Turn,
    Usage,
)
from storage.sqlite import expiry, facts, reading, recall, stating, summaries, transcript
from storage.sqlite.base import OpenDatabase


class Gists(OpenDatabase):
    """See `memory.ports.Store`; each of these verbs is one transaction."""

    async def facts(self, audience: Audience, user: str) -> tuple[Fact, ...]:
        """The facts about a person, as far as an audience may hear them."""
        return await self._reader.read(facts.facts, audience, user)

    async def remember(self, audience: Audience, fact: Fact) -> Fact | None:
        """Keep one fact at once."""
        return await self._write(stating.remember, audience, fact)

    async def correct_fact(self, audience: Audience, number: int, fact: Fact) -> Fact | None:
        """Put a fact in place of another."""
        return await self._write(stating.correct, audience, number, fact)

    async def forget_fact(self, audience: Audience, number: int) -> Fact | None:
        """Forget one fact."""
        return await self._write(stating.forget, audience, number, self._clock())

    async def fact_counts(self, place: Place) -> tuple[FactCount, ...]:
        """How many facts are kept."""
        return await self._reader.read(facts.counts, place.platform, place.space)

    async def save_fold(self, fold: FoldDone) -> bool:
        """Put a new summary in place of the one it was made from."""
        return await self._write(summaries.save_fold, fold, self._clock())

    async def standing(
        self, conversation: Conversation, *, summary: bool = True, turn_tokens: int | None = None
    ) -> Standing:
        """How the conversation stands."""
        return await self._reader.read(transcript.standing, conversation, summary=summary, turn_tokens=turn_tokens)

    async def expiring(self, before: datetime) -> Mapping[Conversation, int]:
        """Which conversations hold what has expired and was not folded."""
        return await self._reader.read(expiry.expiring, before)

    async def prune_summaries(self, before: datetime) -> int:
        """Forget summaries and facts that are too old."""
        return await self._write(expiry.prune_summaries, before, self._clock())

    async def originals(self, conversation: Conversation) -> Originals | None:
        """What a summary can be made anew from."""
        return await self._reader.read(summaries.originals, conversation)

    async def load_between(self, conversation: Conversation, after: int, through: int, tokens: int) -> tuple[Turn, ...]:
        """The oldest turns between two."""
        return await self._reader.read(summaries.load_between, conversation, after, through, tokens)

    async def rested(self, before: datetime, most: int) -> tuple[Conversation, ...]:
        """Where something was not read for facts yet."""
        return await self._reader.read(reading.rested, before, most)

    async def load_unread(self, conversation: Conversation, tokens: int) -> Thread:
        """The turns that were not read for facts yet."""
        return await self._reader.read(reading.load_unread, conversation, tokens)

    async def note_read(
        self, conversation: Conversation, epoch: int, through: int, facts: Sequence[Fact], usage: Usage | None
    ) -> bool:
        """Note what was read for facts."""
        return await self._write(reading.note_read, conversation, epoch, through, tuple(facts), usage, self._clock())

    async def search(
        self, question: Question, audience: Audience, shown: Shown | None, rank: Rank, most: int
    ) -> tuple[Recalled, ...]:
        """Search what an audience may hear."""
        return await self._reader.read(recall.search, question, audience, shown, rank, most)
