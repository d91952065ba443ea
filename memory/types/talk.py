"""What people say, and where: places, conversations, messages as they come in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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


ADULT = "#adult"
"""Ends the scope of what was said where, by the platform's mark, only adults read: it is heard only in such places."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who can read a place.

    `enclosed` is a thread that fewer can read than its channel, `restricted` a place with the platform's mark for
    adults; in one that is `shared` people of other workspaces read along.
    """

    visibility: Visibility
    enclosed: bool = False
    restricted: bool = False
    shared: bool = False

    def scope(self, place: Place) -> str:
        """The scope of what is said in a place while it can be read so."""
        parts = [place.platform, place.space]
        if self.visibility is not Visibility.PUBLIC or self.enclosed:
            parts.append(place.channel)
            if self.enclosed:
                parts.append(place.thread)
        return "/".join(parts) + (ADULT if self.restricted else "")


@dataclass(frozen=True, slots=True)
class Channel:
    """What a platform says of a channel as it is now; `open` says that everyone of its space can read it.

    One that is gone is not open. `name` is the one that people see, without any `#`.
    """

    platform: str
    space: str
    channel: str
    name: str
    open: bool
    restricted: bool = False


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


KNOWN_QUOTED_CHARACTERS = 200
"""Enough to recognise a message by that stands in the transcript anyway."""


@dataclass(frozen=True, slots=True)
class Quote:
    """The message that another one replies to or forwards, as the platform hands it over.

    Where an author has an id and no name, the name and a colon stand before the words in `text`.
    """

    message_id: str
    author: str
    author_name: str
    text: str
    sent_at: datetime

    @property
    def words(self) -> str:
        """What the author said."""
        named = self.author and not self.author_name
        return self.text.partition(": ")[2] or self.text if named else self.text


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message as it came in, parsed at the border.

    `addressed` says that it is for the bot by itself: a mention, a reply to the bot, a direct message or a slash
    command. `aside` says that it is for somebody else: it mentions or answers another person. `text` is without the
    bot's own mention, other mentions are written as `@Name` and stand in `mentions` in their order. `roles` are the
    author's roles, for the allow and deny lists; they are not stored. `private` says that the answer is for its author
    alone, as with a slash command: where the platform cannot say it so any more, it is not said at all. `edited_at` is
    when it was last changed, where it was and the platform tells. `enclosed`, `restricted` and `shared` say with
    `visibility` who can read the place (`Access`); `guest` that its author is let into some channels only.
    `channel_name` is the channel's, as people see it, empty where it has none. `apart` says that it stands at the top
    of a channel where whatever is said to the bot opens a thread, so that nothing is kept at the top itself.
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
    edited_at: datetime | None = None
    enclosed: bool = False
    restricted: bool = False
    shared: bool = False
    guest: bool = False
    channel_name: str = ""
    apart: bool = False

    def is_before(self, other: Inbound) -> bool:
        """Whether this is an earlier version of a message than another one, as far as the platform tells."""
        return self.edited_at is not None and other.edited_at is not None and self.edited_at < other.edited_at

    @property
    def access(self) -> Access:
        """Who can read its place."""
        return Access(self.visibility, self.enclosed, self.restricted, self.shared)

    @property
    def channel(self) -> Channel | None:
        """What it says of its channel; nothing where that tells who reads a private thread or a direct message."""
        place = self.place
        if self.visibility is Visibility.DIRECT or self.enclosed:
            return None
        is_open = self.visibility is Visibility.PUBLIC
        return Channel(place.platform, place.space, place.channel, self.channel_name, is_open, self.restricted)


@dataclass(frozen=True, slots=True)
class History:
    """What stands in one place now, read from the platform, of a stretch of time.

    It is complete from `since` on; a bounded reading may begin later than was asked for, and end with what was sent at
    `until`. `messages` are what people said, in order of sending, each as if it came in now. `standing` are the ids of
    all messages that stand there in that time, the bot's own among them. `threads` are places under it in which
    something newer may stand.
    """

    place: Place
    since: datetime
    messages: tuple[Inbound, ...] = ()
    standing: frozenset[str] = frozenset()
    threads: tuple[Place, ...] = ()
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """A command as the adapters show it: its name without prefix, one line on what it does, the hint for its words.

    What a `discreet` one is answered is for who asked alone, where the platform can say something to one person.
    """

    name: str
    description: str
    hint: str = ""
    discreet: bool = False
