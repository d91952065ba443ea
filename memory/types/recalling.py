"""Recall: what is asked of everything that was said, and what a search lays before those who weigh it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from memory.types.talk import Conversation


@dataclass(frozen=True, slots=True)
class Days:
    """Days that a question names, from the first to the last of them."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, the days that it names, and whether it asks for a time."""

    text: str
    days: tuple[Days, ...] = ()
    asks_when: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands in a prompt anyway: the turns of a conversation from the one with the id `since` on."""

    conversation: Conversation
    since: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A turn that may bear on a question, with its words and those of its author's name as an index writes them.

    `follows` says that the passage before it in its pool was said directly before it, in the same conversation. `asks`
    says that it ends with a question mark.
    """

    id: int
    conversation: int
    follows: bool
    author: frozenset[str]
    said_at: datetime
    asks: bool
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pool:
    """What a search found in all that its audience may hear: turns, in the order of their conversations and ids.

    `weights` says of every word of the question how much it tells one turn from the others: the rarer it is there, the
    more. `telling` says how much of the question is met by it, where that is another measure.
    """

    weights: Mapping[str, float]
    passages: tuple[Passage, ...] = ()
    telling: Mapping[str, float] = field(default_factory=dict)
