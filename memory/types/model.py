"""What is asked of a language model, what it answers, and what that took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from memory.types.talk import Conversation


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt, as chat models take it."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A planned request: what is sent, its size as counted here, and how many turns there was no room for.

    `conversation_key` and `user_key` are hashes: they let a provider keep its cache warm and single out abuse without
    learning who anyone is.
    """

    messages: tuple[Message, ...]
    tokens: int
    left_out: int = 0
    conversation_key: str = ""
    user_key: str = ""


@dataclass(frozen=True, slots=True)
class Schema:
    """The form of an answer that is to be JSON: a name of letters, digits and `_`, and the JSON Schema as text.

    All its properties are required and no others allowed, as OpenAI's strict mode wants it; it sets no bounds, which
    some servers refuse (Groq: `minItems`). The prompt that goes with it holds the word JSON: OpenAI refuses
    `json_object` without.
    """

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What one model call took, as the server reported it; `counted` is the prompt's size as counted here.

    `prompt_tokens` is 0 where the server reports nothing.
    """

    model: str
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    seconds: float
    counted: int


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of an answer.

    `restart` says that everything before it is void (the stream broke and is made again). The last delta of a call
    carries its `usage`; with `cut` the answer ended there for want of room. One that is `passing` is no answer yet: it
    says how far one is, and the answer takes its place.
    """

    text: str = ""
    restart: bool = False
    usage: Usage | None = None
    cut: bool = False
    passing: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer that nobody watched being written."""

    text: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class Finding:
    """What `bot.py check` found about one thing; `cure` says what to do where it is not well."""

    subject: str
    well: bool
    detail: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class TurnDone:
    """What an observer hears when a turn has ended; `error` is the class of what went wrong, empty when nothing did."""

    conversation: Conversation
    messages: int
    prompt_tokens: int
    left_out: int
    seconds: float
    usage: Usage | None
    error: str = ""
