"""The frozen nouns of the core; they hold data and know nothing of any platform, model or database.

Ids that a platform gives are strings, as it gives them. Times are aware, in UTC. Token counts are those of the
project's own counter (`llm/tokens.py`), taken once when a text is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

MESSAGE_TOKENS = 3
"""What a chat model adds to every message of a prompt (OpenAI's cookbook, "How to count tokens with tiktoken")."""


class Visibility(StrEnum):
    """Who can read a place: everyone in its space, some of them, or one person and the bot."""

    PUBLIC = "public"
    PRIVATE = "private"
    DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands.

    `space` is a Discord server or a Slack workspace, `thread` is empty in a channel itself.
    """

    platform: str
    space: str
    channel: str
    thread: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.platform, self.space, self.channel, self.thread) if part)


@dataclass(frozen=True, slots=True)
class Conversation:
    """What has one transcript, one rolling summary and one lane.

    `user` is empty unless `memory.conversation` is `per_user`: then it is the one person whose conversation this is.
    """

    platform: str
    space: str
    channel: str
    thread: str = ""
    user: str = ""

    @property
    def place(self) -> Place:
        """The place in which this conversation is held."""
        return Place(self.platform, self.space, self.channel, self.thread)

    def __str__(self) -> str:
        return f"{self.place}@{self.user}" if self.user else str(self.place)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a message; `kind` is its media type as the platform states it, `size` is in bytes."""

    name: str
    kind: str
    size: int


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom a message names: the platform's id and the display name."""

    user: str
    name: str


@dataclass(frozen=True, slots=True)
class Quote:
    """The message that another one replies to or forwards, as the platform hands it over."""

    message_id: str
    author: str
    author_name: str
    text: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message as it came in, parsed at the border.

    `addressed` says that it is for the bot by itself: a mention, a reply to the bot, a direct message or a slash
    command. `aside` says that it is for somebody else: it mentions or answers another person. `text` is without the
    bot's own mention, other mentions are written as `@Name` and stand in `mentions` in their order. `roles` are the
    author's roles, for the allow and deny lists; they are not stored. `private` says that the answer is for its author
    alone, as with a slash command: where the platform cannot say it so any more, it is not said at all.
    """

    place: Place
    message_id: str
    author: str
    author_name: str
    text: str
    sent_at: datetime
    addressed: bool
    visibility: Visibility
    aside: bool = False
    mentions: tuple[Person, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    reply_to: Quote | None = None
    roles: frozenset[str] = frozenset()
    private: bool = False


class Role(StrEnum):
    """Who said a turn: a person or the bot."""

    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a transcript.

    `id` rises along the transcript; 0 is a turn that is not stored yet. `author` is, for the bot's own turns, empty.
    `tokens` counts the turn as it stands in a prompt. `message_id` is the platform's; of the bot's own turns it is
    `re:` and that of the message answered.
    """

    id: int
    role: Role
    author: str
    author_name: str
    text: str
    tokens: int
    sent_at: datetime
    message_id: str
    attachments: tuple[Attachment, ...] = ()
    quote: Quote | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """The rolling summary: `through` is the id of the last turn that it covers, `version` rises with every fold."""

    text: str
    tokens: int
    through: int
    version: int
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Window:
    """How much of a transcript is read for a prompt: the newest turns, until either bound is passed.

    A turn counts at most `turn_tokens`, because a prompt cuts a longer one. Without `summary`, the summary is passed
    over and turns are read as far back as the bounds allow.
    """

    tokens: int
    turns: int
    turn_tokens: int
    summary: bool = True


@dataclass(frozen=True, slots=True)
class Thread:
    """All that a prompt is planned from, read at one moment.

    `turns` are the newest ones after the summary, oldest first, as many as a prompt can hold; `unread` counts the
    turns after the summary that were not loaded because they would not fit, up to a thousand. `epoch` moves with every
    `!forget`.
    """

    conversation: Conversation
    epoch: int
    summary: Summary | None = None
    turns: tuple[Turn, ...] = ()
    unread: int = 0


class Decision(StrEnum):
    """What becomes of a message: answered, remembered without an answer, run as a command, or none of our business."""

    ANSWER = "answer"
    REMEMBER = "remember"
    COMMAND = "command"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A received message that is not settled yet, and the messages of the platform that hold its reply so far."""

    id: int
    inbound: Inbound
    conversation: Conversation
    decision: Decision
    posts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exchange:
    """What one run of a lane adds to a conversation: the messages heard, the answer if there is one, what it took.

    `settles` are the inbox ids of the messages heard. `epoch` is that of the `Thread` it was planned from.
    """

    conversation: Conversation
    epoch: int
    visibility: Visibility
    settles: tuple[int, ...]
    heard: tuple[Turn, ...]
    answer: Turn | None = None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class FoldDone:
    """A fold that was made and checked; it is saved only over the version and in the epoch that it was made from."""

    conversation: Conversation
    epoch: int
    replaces: int
    summary: Summary
    usage: Usage


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What is to be forgotten: a place, where a channel stands for itself and the threads under it.

    All that is in the transcripts there goes, and of what waits or is still to come all that was sent before `at`. With
    `user`, only that person's words there and what was made from them. With `last`, only the newest so many messages as
    of `at`, those that wait first, of the one conversation held there; `owner` names it where they are per user.
    """

    place: Place
    at: datetime
    user: str = ""
    last: int = 0
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much a forgetting takes: turns, summaries, messages still waiting; and in how many conversations."""

    turns: int = 0
    summaries: int = 0
    waiting: int = 0
    conversations: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How a conversation stands: its turns behind the summary and after it, their tokens, the time that it covers."""

    summary: Summary | None
    behind: int
    after: int
    after_tokens: int
    covers_from: datetime | None
    covers_to: datetime | None


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
    carries its `usage`.
    """

    text: str = ""
    restart: bool = False
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer that nobody watched being written."""

    text: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """A command as the adapters show it: its name without prefix, one line on what it does, the hint for its words."""

    name: str
    description: str
    hint: str = ""


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


@dataclass(frozen=True, slots=True)
class CoreSettings:
    """What the core is told by config.toml; every name is the setting's own, and explained there."""

    name: str = "Threadkeeper"
    persona: str = ""
    prefix: str = "!"
    timezone: str = "UTC"
    admins: frozenset[str] = frozenset()
    allow: frozenset[str] = frozenset()
    deny: frozenset[str] = frozenset()
    threads: Literal["joined", "mention"] = "joined"
    free_channels: frozenset[str] = frozenset()
    strategy: Literal["summary", "window", "buffer"] = "summary"
    conversation: Literal["shared", "per_user"] = "shared"
    max_tokens: int = 8000
    keep_tokens: int = 3000
    keep_recent: int = 6
    summary_tokens: int = 500
    max_messages: int = 20
    context_tokens: int = 128_000
    max_reply_tokens: int = 800
    model: str = field(default="offline")
