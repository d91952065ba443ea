"""What exists in the fake Slack: people, conversations, messages. No I/O, no JSON.

A message is known by its conversation and its `ts`, seconds and microseconds in a string that rises with time
(https://docs.slack.dev/messaging/retrieving-messages).
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tests.fakes.slack.mentions import Pings, block_texts, find_pings

SLACKBOT = "USLACKBOT"
TOMBSTONE = "tombstone"
DELETED_TEXT = "This message was deleted."


class Kind(StrEnum):
    """The kinds of conversation, named as `channel_type` in https://docs.slack.dev/reference/events/message."""

    CHANNEL = "channel"
    GROUP = "group"
    IM = "im"
    MPIM = "mpim"

    @property
    def family(self) -> str:
        """How scopes and event names call it: `channels:history`, `message.channels`."""
        return {"channel": "channels", "group": "groups"}.get(self.value, self.value)


@dataclass(frozen=True, slots=True)
class User:
    """An account; `team` is its own workspace, `bot_id` and `app_id` are set for bots.

    A `guest` may be in several channels, a `single` one in one alone. `teams` are the workspaces of somebody in an
    Enterprise Grid, whose `team` may be any of them, or empty.
    """

    id: str
    name: str
    display_name: str
    team: str
    admin: bool = False
    owner: bool = False
    guest: bool = False
    single: bool = False
    bot_id: str = ""
    app_id: str = ""
    teams: tuple[str, ...] = ()


@dataclass(slots=True)
class Channel:
    """A conversation of any kind; `shared` is one with another organisation in it (Slack Connect).

    `invited` is one to which another organisation is invited, `org` one with another workspace of the same one.
    """

    id: str
    kind: Kind
    name: str
    members: set[str]
    shared: bool = False
    archived: bool = False
    invited: bool = False
    org: bool = False


@dataclass(frozen=True, slots=True)
class FakeFile:
    """A file on a message: its name, media type and size in bytes."""

    name: str
    kind: str = "image/png"
    size: int = 1024
    id: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """What a message once was, and until when (`time.monotonic()`)."""

    text: str
    blocks: tuple[object, ...]
    until: float

    @property
    def shown(self) -> str:
        """What people saw; see `FakeMessage.shown`."""
        return shown(self.text, self.blocks)


@dataclass(frozen=True, slots=True)
class FakeMessage:
    """One message as it stands now; `edits` are its earlier states, oldest first, `at` is `time.monotonic()`.

    `thread_ts` is the parent's `ts` in a reply, else empty. `blocks`, `metadata`, `unfurl_links` and `unfurl_media`
    are as the bot sent them, None where it said nothing. `edited` is the `ts` of the edit of which people are told.
    `attachments` are what was put under it, `previews` counts the link previews that Slack made there.
    """

    ts: str
    channel: str
    user: str
    text: str
    at: float
    blocks: tuple[object, ...] = ()
    thread_ts: str = ""
    subtype: str = ""
    bot_id: str = ""
    username: str = ""
    client_msg_id: str = ""
    files: tuple[FakeFile, ...] = ()
    metadata: Mapping[str, object] | None = None
    unfurl_links: bool | None = None
    unfurl_media: bool | None = None
    link_names: bool = False
    edits: tuple[Edit, ...] = field(default=())
    edited: str = ""
    attachments: tuple[object, ...] = ()
    previews: int = 0

    @property
    def shown(self) -> str:
        """What people see: the texts of the blocks, or where there are none the text."""
        return shown(self.text, self.blocks)

    @property
    def pings(self) -> Pings:
        """Whom it notifies, its earlier states included; see `mentions` for what is known of that."""
        states = [(self.text, self.blocks), *((edit.text, edit.blocks) for edit in self.edits)]
        texts = itertools.chain.from_iterable((text, *block_texts(blocks)) for text, blocks in states)
        return find_pings(texts, link_names=self.link_names)

    @property
    def deleted(self) -> bool:
        """Whether it is what remains of a deleted message with replies."""
        return self.subtype == TOMBSTONE


def shown(text: str, blocks: tuple[object, ...]) -> str:
    """What people see of a message: the texts of its blocks, or where there are none its text.

    Source: https://docs.slack.dev/reference/methods/chat.postMessage, "text, blocks and attachments".
    """
    return "\n\n".join(block_texts(blocks)) if blocks else text


class World:
    """Everything that exists, by id; making and finding, without telling anybody."""

    def __init__(self, bot_name: str) -> None:
        self._count = itertools.count(1)
        self._newest = 0
        self.team = self.new_id("T")
        self.app_id = self.new_id("A")
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.messages: dict[tuple[str, str], FakeMessage] = {}
        self.bot = self.add_user(bot_name, bot=True, app_id=self.app_id)

    def new_id(self, prefix: str) -> str:
        """Make an id: a letter for its kind, then letters and digits."""
        return f"{prefix}0{next(self._count):08X}"

    def new_ts(self) -> str:
        """Make a `ts` that is greater than every one before."""
        self._newest = max(time.time_ns() // 1000, self._newest + 1)
        return f"{self._newest // 1_000_000}.{self._newest % 1_000_000:06d}"

    def add_user(
        self,
        name: str,
        display_name: str | None = None,
        *,
        admin: bool = False,
        owner: bool = False,
        bot: bool = False,
        team: str | None = None,
        guest: bool = False,
        app_id: str = "",
        teams: Iterable[str] = (),
    ) -> User:
        """Register an account; without `team` it belongs to this workspace."""
        bot_id = self.new_id("B") if bot else ""
        app = app_id or self.new_id("A") if bot else ""
        home = self.team if team is None else team
        identity = (self.new_id("U"), name, display_name or "", home)
        user = User(*identity, admin, owner, guest, bot_id=bot_id, app_id=app, teams=tuple(teams))
        self.users[user.id] = user
        return user

    def add_channel(self, kind: Kind, name: str, members: Iterable[str], *, shared: bool = False) -> Channel:
        """Make a conversation of people that exist."""
        people = {self.users[user].id for user in members}
        channel = Channel(self.new_id("D" if kind is Kind.IM else "C"), kind, name, people, shared)
        self.channels[channel.id] = channel
        return channel

    def dm_with(self, users: Iterable[str]) -> Channel:
        """Find or open the direct messages of the bot with one person, or with several."""
        people = {self.users[user].id for user in users} | {self.bot.id}
        kind = Kind.MPIM if len(people) > 2 else Kind.IM
        for channel in self.channels.values():
            if channel.kind is kind and channel.members == people:
                return channel
        names = "--".join(sorted(self.users[user].name.lower() for user in people))
        return self.add_channel(kind, f"mpdm-{names}-1" if kind is Kind.MPIM else "", people)

    def find(self, channel: str, ts: str) -> FakeMessage | None:
        """Find a message."""
        return self.messages.get((channel, ts))

    def put(self, message: FakeMessage) -> FakeMessage:
        """Keep a message, in the place of what it was before."""
        self.messages[message.channel, message.ts] = message
        return message

    def history(self, channel: str) -> list[FakeMessage]:
        """What stands in a conversation itself, oldest first: no replies, but those that were sent to it as well."""
        return [
            message
            for message in self.everything(channel)
            if not message.thread_ts or message.subtype == "thread_broadcast"
        ]

    def replies(self, channel: str, ts: str) -> list[FakeMessage]:
        """The replies to a message, oldest first."""
        return [message for message in self.everything(channel) if message.thread_ts == ts]

    def thread(self, channel: str, ts: str) -> list[FakeMessage]:
        """A message and the replies to it, oldest first."""
        parent = self.find(channel, ts)
        return ([parent] if parent else []) + self.replies(channel, ts)

    def everything(self, channel: str) -> list[FakeMessage]:
        """All messages of a conversation, in its threads and outside, oldest first."""
        found = (message for message in self.messages.values() if message.channel == channel)
        return sorted(found, key=lambda message: message.ts)
