"""Turns, threads and messages to plan from, a counter fast enough for Hypothesis, and texts of many shapes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from memory.ports import Count
from memory.prompt import REPLY_TOKENS
from memory.types import (
    MESSAGE_TOKENS,
    Access,
    Conversation,
    Fact,
    Inbound,
    Place,
    Prompt,
    Role,
    Summary,
    Thread,
    Turn,
    Visibility,
)

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HERE = Conversation("discord", "guild", "channel")


def count(text: str) -> int:
    """Four characters a token, rounded up: never more for a text than for its pieces, as a real counter (nearly) is."""
    return -(-len(text) // 4)


def inbound(
    text: str = "hello",
    *,
    author: str = "1",
    name: str = "Ann",
    message_id: str = "m1",
    place: Place = HERE.place,
    visibility: Visibility = Visibility.PUBLIC,
    addressed: bool = True,
    aside: bool = False,
    roles: frozenset[str] = frozenset(),
) -> Inbound:
    """A message as it came in."""
    return Inbound(place, message_id, author, name, text, NOON, addressed, visibility, aside=aside, roles=roles)


def said(number: int, text: str, *, name: str = "Ann", named: bool = True) -> Turn:
    """A person's turn with this id, counted as it stands in a prompt."""
    tokens = count(f"{name}: {text}" if named else text)
    return Turn(number, Role.USER, name, name, text, tokens, NOON + timedelta(minutes=number), f"m{number}")


def answered(number: int, text: str) -> Turn:
    """The bot's turn with this id."""
    sent_at = NOON + timedelta(minutes=number)
    return Turn(number, Role.ASSISTANT, "", "Threadkeeper", text, count(text), sent_at, f"re:{number}")


def summary(text: str, *, through: int = 0, version: int = 1) -> Summary:
    """A summary, counted."""
    return Summary(text, count(text), through, version, NOON)


def thread(turns: Sequence[Turn] = (), behind: Summary | None = None, unread: int = 0) -> Thread:
    """A thread as a store reads it."""
    return Thread(HERE, 0, behind, tuple(turns), unread)


def fact(number: int, value: str, *, slot: str = "city", name: str = "Ann", before: str = "") -> Fact:
    """What a person said about himself, so many minutes after noon."""
    said_at = NOON + timedelta(minutes=number)
    access = Access(Visibility.PUBLIC)
    return Fact(number, name, name, slot, value, value, HERE.place, f"m{number}", said_at, access, before)


def talk(exchanges: int, words: str = "some words that were said") -> list[Turn]:
    """Questions and answers in turn, ids rising from 1."""
    numbers = range(1, 2 * exchanges, 2)
    return [turn for number in numbers for turn in (said(number, f"{words}?"), answered(number + 1, f"{words}."))]


def ids(turns: tuple[Turn, ...] | list[Turn]) -> list[int]:
    """The ids of turns."""
    return [turn.id for turn in turns]


def recount(prompt: Prompt, counter: Count) -> int:
    """The tokens of a request, counted anew."""
    return sum(counter(message.content) + MESSAGE_TOKENS for message in prompt.messages) + REPLY_TOKENS


LENGTHS = st.one_of(st.integers(1, 60), st.integers(1, 900), st.integers(900, 9000))
"""How long people's messages are: mostly short, some pasted."""


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A text of up to 9,000 characters in some script, its length more varied than its letters."""
    seed = draw(st.text(min_size=1, max_size=12))
    length = draw(LENGTHS)
    return (seed * (length // len(seed) + 1))[:length]


@st.composite
def transcripts(draw: st.DrawFn, longest: int = 30, *, named: bool = True) -> list[Turn]:
    """Turns of people and the bot in any order, ids rising from 1."""
    bodies = draw(st.lists(st.tuples(st.booleans(), texts()), max_size=longest))
    return [
        answered(number, text) if bot else said(number, text, named=named)
        for number, (bot, text) in enumerate(bodies, start=1)
    ]


@st.composite
def fact_lists(draw: st.DrawFn) -> tuple[Fact, ...]:
    """Facts of some people, said in any order, their values as long as a person may have them remembered."""
    drawn = draw(
        st.lists(
            st.tuples(
                st.integers(0, 50),
                st.sampled_from(["Ann", "Bob", "</notes>"]),
                st.sampled_from(["city", "favorite_food", "note 3"]),
                texts(),
                st.sampled_from(["", "", "Oslo"]),
            ),
            max_size=8,
            unique_by=lambda fields: fields[0],
        )
    )
    return tuple(
        fact(number, value[:300], slot=slot, name=name, before=before) for number, name, slot, value, before in drawn
    )
