"""What the fake Slack does when something happens: keep it in the world and tell the app what it may hear.

People (`server.py`) and the bot (`web.py`) act through the same verbs.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field, replace
from math import inf

from tests.fakes.changes import Changes
from tests.fakes.slack import events
from tests.fakes.slack.events import Event
from tests.fakes.slack.faults import Faults
from tests.fakes.slack.mentions import mentions
from tests.fakes.slack.shapes import message_json
from tests.fakes.slack.socket_mode import SocketMode
from tests.fakes.slack.wire import Arguments, SlackError
from tests.fakes.slack.world import DELETED_TEXT, SLACKBOT, TOMBSTONE, Edit, FakeMessage, Kind, World

FAMILIES = tuple(kind.family for kind in Kind)
BOT_SCOPES = frozenset(
    {"app_mentions:read", "chat:write", "commands", "im:write", "users:read"}
    | {f"{family}:{right}" for family in FAMILIES for right in ("history", "read")}
)
"""The scopes of a bot that talks everywhere; a test may take some away."""

BOT_EVENTS = frozenset({"app_mention", *(f"message.{family}" for family in FAMILIES)})
"""The events that such a bot is subscribed to."""


@dataclass(frozen=True, slots=True)
class FakeRequest:
    """A call as it came in; `at` is `time.monotonic()`. The post to a response URL has the method "response_url"."""

    method: str
    arguments: Arguments
    at: float


@dataclass(frozen=True, slots=True)
class FakeStatus:
    """What `assistant.threads.setStatus` said; an empty `status` clears it."""

    channel: str
    thread_ts: str
    status: str
    at: float


@dataclass(frozen=True, slots=True)
class FakeResponse:
    """An answer to a slash command or an ephemeral message; `user` is who alone sees it, empty where everybody does."""

    text: str
    blocks: tuple[object, ...]
    channel: str
    user: str
    thread_ts: str = ""


@dataclass(slots=True)
class Slash:
    """A slash command that somebody used; `at` is `time.monotonic()`, `secret` the end of its response URL."""

    id: str
    user: str
    channel: str
    at: float
    secret: str = field(default_factory=secrets.token_urlsafe)
    posts: int = 0
    responses: list[FakeResponse] = field(default_factory=list)


@dataclass(slots=True)
class App:
    """What the app's settings at api.slack.com hold: its tokens, and what it asked for."""

    bot_token: str
    app_token: str
    scopes: set[str] = field(default_factory=lambda: set(BOT_SCOPES))
    app_scopes: set[str] = field(default_factory=lambda: {"connections:write"})
    events: set[str] = field(default_factory=lambda: set(BOT_EVENTS))
    commands: set[str] = field(default_factory=lambda: {"/forget", "/summary"})


class Service:
    """The state of the fake and the verbs that change it.

    `edit_seconds` is for how long the workspace lets a message be edited (0 is never); `pace_posts` lets one message a
    second into a channel; without `repeat_parent` only the first page of a thread begins with its parent. While it is
    `withholding`, no event is told, and none of them later.
    """

    def __init__(self, bot_name: str) -> None:
        self.world = World(bot_name)
        self.app = App(f"xoxb-{secrets.token_hex(12)}", f"xapp-1-{self.world.app_id}-{secrets.token_hex(12)}")
        self.changes = Changes()
        self.socket = SocketMode(self.world.app_id, self.changes)
        self.faults = Faults()
        self.root = ""
        self.pace_posts = False
        self.edit_seconds = inf
        self.repeat_parent = True
        self.withholding = False
        self.posted_at: dict[str, float] = {}
        self.requests: list[FakeRequest] = []
        self.statuses: list[FakeStatus] = []
        self.showing: dict[tuple[str, str], str] = {}
        self.ephemerals: list[FakeResponse] = []
        self.slashes: dict[str, Slash] = {}

    def need(self, *scopes: str) -> None:
        """Refuse what takes a scope, or any of several, that the bot was not given.

        Source: `needed` and `provided` beside missing_scope, https://docs.slack.dev/authentication/installing-with-oauth.
        """
        if not self.app.scopes.intersection(scopes):
            provided = ",".join(sorted(self.app.scopes))
            raise SlackError("missing_scope", needed=",".join(scopes), provided=provided)

    def tell(self, *told: Event) -> None:
        """Send events to the app, each if it is subscribed to, its scope is given, and the bot is where it happened.

        Source: https://docs.slack.dev/apis/events-api#permissions.
        """
        for event in told:
            there = not event.channel or self.world.bot.id in self.world.channels[event.channel].members
            heard = there and event.subscription in self.app.events and event.scope in self.app.scopes
            if heard and not self.withholding:
                self.socket.deliver("events_api", events.callback(self.world, event))
        self.changes.mark()

    def announce(self, message: FakeMessage, *, mention_first: bool = False) -> None:
        """Tell of a message, and of the mention in it, in either order."""
        channel = self.world.channels[message.channel]
        told = [events.posted(self.world, channel, message), *self._mention(message, message.ts)]
        self.tell(*(reversed(told) if mention_first else told))

    def post(self, message: FakeMessage, *, mention_first: bool = False) -> FakeMessage:
        """Put a message into its conversation; the bot hears of its own as well.

        A status goes with the bot's next message in the thread:
        https://docs.slack.dev/reference/methods/assistant.threads.setStatus.
        """
        self.world.put(message)
        if message.user == self.world.bot.id:
            self.showing.pop((message.channel, message.thread_ts), None)
        self.announce(message, mention_first=mention_first)
        return message

    def revise(self, before: FakeMessage, after: FakeMessage) -> FakeMessage:
        """Put a message in the place of what it was before; a mention in it is told of again."""
        was = message_json(self.world, before)
        edit = Edit(before.text, before.blocks, time.monotonic())
        return self._change(was, replace(after, edits=(*before.edits, edit)), mention=True)

    def preview(self, before: FakeMessage) -> None:
        """Put a link preview under a message: a change that is no edit, `edited` stays away."""
        was = message_json(self.world, before)
        self._change(was, replace(before, previews=before.previews + 1), mention=False)

    def remove(self, before: FakeMessage) -> None:
        """Delete a message; of a parent with replies a tombstone remains, which is told of as a change.

        That there are tombstones is not documented; the shape is that of payloads which clients in the open keep as
        samples of what Slack sent them.
        """
        channel = self.world.channels[before.channel]
        if not before.thread_ts and self.world.replies(before.channel, before.ts):
            was = message_json(self.world, before)
            stone = FakeMessage(before.ts, before.channel, SLACKBOT, DELETED_TEXT, before.at, subtype=TOMBSTONE)
            self._change(was, stone, mention=False)
            return
        event = events.deleted(self.world, channel, before, self.world.new_ts())
        del self.world.messages[before.channel, before.ts]
        self.tell(event)

    def _change(self, was: dict[str, object], after: FakeMessage, *, mention: bool) -> FakeMessage:
        self.world.put(after)
        channel = self.world.channels[after.channel]
        event_ts = self.world.new_ts()
        told = [events.changed(self.world, channel, was, after, event_ts)]
        self.tell(*told, *(self._mention(after, event_ts) if mention else []))
        return after

    def _mention(self, message: FakeMessage, event_ts: str) -> list[Event]:
        """The mention event of a message, unless it is a direct message or the bot's own.

        Source: https://docs.slack.dev/reference/events/app_mention, "Messages sent to your app in DMs".
        """
        direct = self.world.channels[message.channel].kind is Kind.IM
        own = message.user == self.world.bot.id
        if direct or own or not mentions(message.text, self.world.bot.id):
            return []
        return [events.mentioned(self.world, message, event_ts)]

    def set_status(self, channel: str, thread_ts: str, status: str) -> None:
        """Show what the bot is doing in a thread; an empty status shows nothing."""
        self.showing[channel, thread_ts] = status
        self.statuses.append(FakeStatus(channel, thread_ts, status, time.monotonic()))
        self.changes.mark()
