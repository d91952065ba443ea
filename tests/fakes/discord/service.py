"""What the fake Discord does when something happens: keep it in the world and tell it to the gateway's sessions.

People (`server.py`) and the bot (`rest.py`) act through the same verbs.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from tests.fakes.changes import Changes
from tests.fakes.discord.faults import Faults
from tests.fakes.discord.gateway import Account, Gateway, Intent
from tests.fakes.discord.shapes import JsonObject, gateway_channel_json, message_event_json, message_json
from tests.fakes.discord.world import Channel, Edit, FakeMessage, World

NONCE_SECONDS = 180.0
"""How long a nonce is remembered: Discord says "the past few minutes"."""


@dataclass(frozen=True, slots=True)
class FakeRequest:
    """A request as it came in; `path` is below the API's root, `at` is `time.monotonic()`."""

    method: str
    path: str
    query: dict[str, str]
    body: object
    at: float


@dataclass(frozen=True, slots=True)
class FakeCommand:
    """A registered application command; `options` maps each option's name to its type, as Discord numbers them."""

    id: str
    name: str
    description: str
    options: dict[str, int]
    required: frozenset[str]
    guild: str
    json: JsonObject


@dataclass(slots=True)
class Commands:
    """The application commands that the bot has registered, and how often it has done so."""

    registered: tuple[FakeCommand, ...] = ()
    puts: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Their names, in the order of registration."""
        return tuple(command.name for command in self.registered)

    def available(self, guild: str) -> list[FakeCommand]:
        """Those that can be used in a server: the global ones and its own."""
        return [command for command in self.registered if command.guild in {"", guild}]


@dataclass(slots=True)
class Interaction:
    """A command that somebody used; `at` is `time.monotonic()`, `messages` are the ids of the answers, oldest first."""

    id: str
    token: str
    user: str
    channel: str
    name: str
    at: float
    acknowledged: bool = False
    messages: list[str] = field(default_factory=list)


class Service:
    """The state of the fake and the verbs that change it."""

    def __init__(self, token: str, bot_name: str) -> None:
        self.world = World(bot_name)
        self.account = Account(token)
        self.changes = Changes()
        self.gateway = Gateway(self.world, self.account, self.changes)
        self.faults = Faults()
        self.requests: list[FakeRequest] = []
        self.typing: Counter[str] = Counter()
        self.blocked: set[str] = set()
        self.commands = Commands()
        self.interactions: dict[str, Interaction] = {}
        self.remembers_nonces = True
        self._nonces: dict[tuple[str, str], tuple[str, float]] = {}

    def tell_channel(self, event: str, channel: Channel, extra: JsonObject | None = None) -> None:
        """Dispatch an event about a channel or a thread; of a thread that the bot does not see it hears nothing."""
        if not channel.is_thread or self.world.bot_sees(channel):
            shape = gateway_channel_json(self.world, channel) | (extra or {})
            self.gateway.dispatch(event, lambda _: shape, Intent.GUILDS)
        self.changes.mark()

    def post(self, message: FakeMessage) -> FakeMessage:
        """Put a message into its channel; an archived thread wakes up, and who writes in a thread joins it.

        Source: https://discord.com/developers/docs/topics/threads#active-archived-threads.
        """
        channel = self.world.channels[message.channel_id]
        if channel.archived:
            channel.archived = False
            self.tell_channel("THREAD_UPDATE", channel)
        self.world.messages[message.id] = message
        if message.ephemeral:
            self.changes.mark()
            return message
        channel.last_message_id = message.id
        if channel.is_thread:
            channel.people.add(message.author_id)
        self._tell_message("MESSAGE_CREATE", message, {"nonce": message.nonce} if message.nonce else {})
        return message

    def revise(self, message: FakeMessage, content: str) -> FakeMessage:
        """Put a message in the place of what it was before, with another text; the former text goes to its edits."""
        now = datetime.now(UTC)
        before = self.world.messages[message.id]
        if not before.loading:
            edits = (*before.edits, Edit(before.content, now))
            message = replace(message, edits=edits, edited_at=now)
        return self.update(replace(message, content=content))

    def update(self, message: FakeMessage) -> FakeMessage:
        """Put a message in the place of what it was before, without that being an edit: a preview, an answer that came.

        Source: https://discord.com/developers/docs/events/gateway-events#message-update; the event has it whole.
        """
        self.world.messages[message.id] = message
        if message.ephemeral:
            self.changes.mark()
        else:
            self._tell_message("MESSAGE_UPDATE", message, {})
        return message

    def remove(self, messages: Sequence[FakeMessage], *, bulk: bool) -> None:
        """Delete messages of one channel; in bulk they are told of in one event."""
        for message in messages:
            del self.world.messages[message.id]
        told = [message for message in messages if not message.ephemeral]
        if not told:
            self.changes.mark()
            return
        if bulk:
            self._tell_removal("MESSAGE_DELETE_BULK", told[0], {"ids": [message.id for message in told]})
            return
        for message in told:
            self._tell_removal("MESSAGE_DELETE", message, {"id": message.id})

    def find_nonce(self, author: str, nonce: str) -> FakeMessage | None:
        """Find the message that the author sent with this nonce in the past few minutes.

        Source: `enforce_nonce` in https://discord.com/developers/docs/resources/message#create-message.
        """
        message_id, at = self._nonces.get((author, nonce), ("", 0.0))
        fresh = time.monotonic() - at < NONCE_SECONDS
        return self.world.messages.get(message_id) if fresh else None

    def remember_nonce(self, message: FakeMessage) -> None:
        """Remember a message's nonce for the next few minutes."""
        if message.nonce is not None and self.remembers_nonces:
            self._nonces[message.author_id, message.nonce] = (message.id, time.monotonic())

    def forget_nonces(self) -> None:
        """Forget every nonce, as after some minutes."""
        self._nonces.clear()

    def responses(self, interaction_id: str) -> list[FakeMessage]:
        """What the bot answered to a command, the first answer first."""
        messages = self.world.messages
        return [messages[message] for message in self.interactions[interaction_id].messages if message in messages]

    def bot_json(self, message: FakeMessage) -> JsonObject:
        """A message as REST shows it to the bot; the nonce comes back only where it was sent."""
        return message_json(self.world, message, content=self.account.message_content_allowed)

    def _tell_message(self, event: str, message: FakeMessage, extra: JsonObject) -> None:
        channel = self.world.channels[message.channel_id]
        if self.world.bot_sees(channel):
            self.gateway.dispatch(
                event,
                lambda content: message_event_json(self.world, message, content=content) | extra,
                _intent(channel),
            )
        self.changes.mark()

    def _tell_removal(self, event: str, message: FakeMessage, what: JsonObject) -> None:
        channel = self.world.channels[message.channel_id]
        shape: JsonObject = {**what, "channel_id": channel.id}
        if channel.guild:
            shape["guild_id"] = channel.guild
        if self.world.bot_sees(channel):
            self.gateway.dispatch(event, lambda _: shape, _intent(channel))
        self.changes.mark()


def _intent(channel: Channel) -> Intent:
    return Intent.GUILD_MESSAGES if channel.guild else Intent.DIRECT_MESSAGES
