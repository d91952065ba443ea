"""What is kept of it: turns and summaries, what waits, and what one run of a lane, a fold or a forgetting changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from memory.types.hearing import Audience, Fact
from memory.types.model import Usage
from memory.types.talk import Access, Attachment, Conversation, Inbound, Place, Quote

MESSAGE_TOKENS = 3
"""What a chat model adds to every message of a prompt (OpenAI's cookbook, "How to count tokens with tiktoken")."""


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
    `!forget`. `facts` are those about who speaks here that stood at the last fold, `learned` those that came since, or
    of people who did. `joined` says that the bot has spoken here.
    """

    conversation: Conversation
    epoch: int
    summary: Summary | None = None
    turns: tuple[Turn, ...] = ()
    unread: int = 0
    facts: tuple[Fact, ...] = ()
    learned: tuple[Fact, ...] = ()
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Recalled:
    """A turn that bears on what is asked, and where it was said; `channel` is the name that people see."""

    turn: Turn
    place: Place
    channel: str = ""
    score: float = 0.0


class Decision(StrEnum):
    """What becomes of a message: answered, remembered without an answer, run as a command, or none of our business."""

    ANSWER = "answer"
    REMEMBER = "remember"
    COMMAND = "command"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A received message that is not settled yet, and the messages of the platform that hold its reply so far.

    `attempts` counts how often an earlier run of the process took it up again and died without having settled it or,
    once its reply is decided, while it was said; it is -1 where the run that received or owed it ended in peace.
    `together` is, where it was taken up with others, the id of the one that the reply refers to; `begun` says that it
    may have been taken up already, by an earlier run.
    """

    id: int
    inbound: Inbound
    conversation: Conversation
    decision: Decision
    posts: tuple[str, ...] = ()
    attempts: int = 0
    together: int = 0
    begun: bool = False


@dataclass(frozen=True, slots=True)
class Owed:
    """A settled message whose reply is decided, and on disk, but not known to stand on the platform in full.

    `text` is what has to be said; `answer` is the id of the turn that it is, empty for a sentence that is no turn.
    """

    waiting: Waiting
    text: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What one run of a lane adds to a conversation: the messages heard, the answer if there is one, what it took.

    `settles` are the inbox ids of the messages heard, the last of them the one that the reply refers to. `epoch` is
    that of the `Thread` it was planned from. `sentence` is said in an answer's place and is no turn of anybody.
    `recalled` are the ids of turns, of any conversation, that the prompt of the answer quoted. `remembered` are the
    inbox ids of messages that were only to be remembered: one that is to be answered by now goes on waiting for that.
    """

    conversation: Conversation
    epoch: int
    access: Access
    settles: tuple[int, ...]
    heard: tuple[Turn, ...]
    answer: Turn | None = None
    sentence: str = ""
    usage: Usage | None = None
    recalled: tuple[int, ...] = ()
    remembered: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FoldDone:
    """A fold that was made and checked; it is saved only over the version and in the epoch that it was made from.

    `facts` are those that the folded turns state. `audience` is everybody who can read the conversation: the facts that
    it may hear about who speaks there stand in the prompts from now on; without one, none do.
    """

    conversation: Conversation
    epoch: int
    replaces: int
    summary: Summary
    usage: Usage
    facts: tuple[Fact, ...] = ()
    audience: Audience | None = None


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What is to be forgotten: a place, where a channel stands for itself and the threads under it.

    All that is in the transcripts there goes, and of what waits or is still to come all that was sent before `at`. With
    `user`, only that person's words there and what was made from them. With `last`, only the newest so many messages as
    of `at`, those that wait first, of the one conversation held there; `owner` names it where they are per user. With
    `messages`, only those that were deleted on the platform, by its ids, wherever in the channel they stood: one at
    least, for a list that came out empty must not be taken for the whole place.

    A place without space and channel is everywhere on its platform: there only a `user` is forgotten.
    Raises: ValueError for messages that are none, and for everywhere without a user.
    """

    place: Place
    at: datetime
    user: str = ""
    last: int = 0
    owner: str = ""
    messages: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.messages is not None and not self.messages:
            raise ValueError("a deletion names no message")
        if self.everywhere and not self.user:
            raise ValueError("everywhere names no user")

    @property
    def everywhere(self) -> bool:
        """Whether it is of all places of a platform, direct messages included."""
        return not (self.place.space or self.place.channel)


@dataclass(frozen=True, slots=True)
class Extent:
    """How much a forgetting takes: turns, summaries, messages still waiting; and in how many conversations.

    `facts` are those that the messages which go had stated, `archived` the originals that had expired and stand in the
    archive, `traces` the records of tokens that lose a person's id. Once it is done, `touched` are all conversations
    that have lost anything, be it a quotation, or whose next answer may be under way from what is gone; `unfolded` are
    those that have lost a summary and can be folded anew; `begun` are messages that are gone before their reply was
    settled, some of which stands on the platform.
    """

    turns: int = 0
    summaries: int = 0
    waiting: int = 0
    conversations: int = 0
    facts: int = 0
    archived: int = 0
    traces: int = 0
    touched: frozenset[Conversation] = field(default=frozenset(), compare=False)
    unfolded: frozenset[Conversation] = field(default=frozenset(), compare=False)
    begun: tuple[Waiting, ...] = field(default=(), compare=False)

    def __bool__(self) -> bool:
        """Whether it takes anything."""
        return bool(self.turns or self.summaries or self.waiting or self.facts or self.archived or self.traces)


@dataclass(frozen=True, slots=True)
class Stored:
    """What is known of one message of a place: its words and files and, of one that was answered, its answer.

    `posts` are the ids of the platform's messages that hold that answer.
    """

    message_id: str
    text: str
    sent_at: datetime
    posts: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()

    def is_other_than(self, inbound: Inbound) -> bool:
        """Whether the message was edited since, as it stands on the platform now, or a file was taken off it."""
        fewer = len(inbound.attachments) < len(self.attachments)
        return fewer or (inbound.edited_at is not None and inbound.text != self.text)


@dataclass(frozen=True, slots=True)
class Originals:
    """What a summary can be made anew from: the turns behind it, counted from the end of `base`, if that is given.

    `base` is the last version from before the first turn that is still there; it is `whole` where no turn between the
    two has expired.
    """

    epoch: int
    summary: Summary
    base: Summary | None
    turns: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How a conversation stands: its turns behind the summary and after it, their tokens, the time that it covers."""

    summary: Summary | None
    behind: int
    after: int
    after_tokens: int
    covers_from: datetime | None
    covers_to: datetime | None

    @property
    def anything(self) -> bool:
        """Whether anything is kept of it."""
        return self.summary is not None or self.behind > 0 or self.after > 0
