"""The face of the fake Discord: what a test builds, does, breaks and sees."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from aiohttp import web

from tests.fakes.discord import people
from tests.fakes.discord.gateway import Connections
from tests.fakes.discord.rest import ROOT, build_app
from tests.fakes.discord.servers import Servers
from tests.fakes.discord.service import Commands, FakeRequest, Service
from tests.fakes.discord.shapes import JsonObject, channel_json, guild_create_json, message_event_json
from tests.fakes.discord.troubles import Troubles
from tests.fakes.discord.world import Channel, ChannelType, FakeFile, FakeMessage, MessageFlag, MessageType
from tests.fakes.listening import Listening


class FakeDiscord(Servers, Troubles, Listening):
    """A Discord of one's own on a loopback port; an async context manager.

    `port` 0 takes a free one. `bot_id` is the bot's user and application id. All ids are strings.
    """

    def __init__(self, port: int = 0, *, bot_name: str = "Threadkeeper") -> None:
        service = Service(secrets.token_urlsafe(), bot_name)
        Troubles.__init__(self, service)
        Listening.__init__(self, service.changes, port)
        self._world = service.world

    def web_app(self) -> web.Application:
        """See `Listening.web_app`: the world and the sessions stay as they were."""
        return build_app(self._service)

    def asked(self) -> list[str]:
        """See `Listening.asked`."""
        return [f"{request.method} {request.path}" for request in self.requests]

    async def up(self) -> None:
        """See `Listening.up`."""
        await super().up()
        self._service.account.gateway_url = self.gateway_url

    async def down(self) -> None:
        """See `Listening.down`."""
        self._service.gateway.drop(resumable=True)
        await super().down()

    @property
    def api_url(self) -> str:
        """The root of the REST API, for `discord.http.Route.BASE`; known once it serves."""
        return f"http://{self.address}{ROOT}"

    @property
    def gateway_url(self) -> str:
        """The address of the gateway, for `DiscordWebSocket.DEFAULT_GATEWAY`; known once it serves."""
        return f"ws://{self.address}/"

    @property
    def token(self) -> str:
        """The bot's token."""
        return self._service.account.token

    @property
    def bot_id(self) -> str:
        """The bot's user id, which is its application's id too."""
        return self._world.bot.id

    def bot_role(self, guild: str) -> str:
        """The id of the role that the bot's invitation made in a server."""
        return next(role.id for role in self._world.guilds[guild].roles.values() if role.bot == self.bot_id)

    # What exists

    def add_user(self, name: str, display_name: str | None = None, *, bot: bool = False) -> str:
        """Register an account; it is in no server yet."""
        return self._world.add_user(name, display_name, bot=bot).id

    def add_thread(
        self,
        channel: str,
        name: str,
        *,
        private: bool = False,
        archived: bool = False,
        owner: str | None = None,
        message: str | None = None,
    ) -> str:
        """Start a thread, or in a forum a post, whose first message is then the first that is said in it.

        Without `owner` the server's owner starts it; the bot is a member only of a private one. With `message`, the
        thread hangs on that message and has its id; else the channel gets Discord's own line about it.
        Source: https://discord.com/developers/docs/topics/threads.
        """
        parent = self._world.channels[channel]
        starter = owner or self._world.guilds[parent.guild].owner
        thread = Channel(
            message or self._world.new_id(),
            ChannelType.PRIVATE_THREAD if private else ChannelType.PUBLIC_THREAD,
            name,
            parent.guild,
            parent=channel,
            owner=starter,
            people={starter, self.bot_id} if private else {starter},
        )
        self._service.tell_channel("THREAD_CREATE", self._world.add_channel(thread), {"newly_created": True})
        if message is not None:
            self._hang_on(message, thread)
        elif not private and parent.type is not ChannelType.FORUM:
            self._announce(thread)
        if archived:
            self.archive(thread.id)
        return thread.id

    def archive(self, thread: str) -> None:
        """Archive a thread, as after a while without a word: new sessions are not told of it."""
        self._world.channels[thread].archived = True
        self._service.tell_channel("THREAD_UPDATE", self._world.channels[thread])

    def _hang_on(self, message: str, thread: Channel) -> None:
        original = self._world.messages[message]
        self._service.update(replace(original, flags=original.flags | MessageFlag.HAS_THREAD))
        starter = FakeMessage(
            id=self._world.new_id(),
            channel_id=thread.id,
            author_id=thread.owner,
            content="",
            type=MessageType.THREAD_STARTER_MESSAGE,
            reference_id=message,
            reference_channel_id=thread.parent,
        )
        self._service.post(starter)

    def _announce(self, thread: Channel) -> None:
        line = FakeMessage(
            id=self._world.new_id(),
            channel_id=thread.parent,
            author_id=thread.owner,
            content=thread.name,
            type=MessageType.THREAD_CREATED,
            reference_channel_id=thread.id,
        )
        self._service.post(line)

    def open_dm(self, user: str) -> str:
        """Find or open the direct message channel of a user and the bot; the bot hears of it with the first message."""
        return self._world.dm_with(user).id

    # What people do

    async def say(
        self,
        channel_id: str,
        user_id: str,
        text: str,
        *,
        mentions: Sequence[str] = (),
        role_mentions: Sequence[str] = (),
        reply_to: str | None = None,
        attachments: Iterable[FakeFile] = (),
        ping: bool = True,
        forward_of: str | None = None,
        everyone: bool = False,
    ) -> str:
        """Write a message as somebody, and return its id.

        Mentions are read from the text (`<@id>`); those in `mentions`, `role_mentions` and `everyone` that it does not
        write are put in front of it. `reply_to` and `forward_of` are message ids.
        """
        channel = self._world.channels[channel_id]
        self._expect_member(channel, user_id)
        text = people.write_mentions(text, mentions, role_mentions, everyone=everyone)
        files = tuple(attachments)
        message = people.compose(self._world, channel, user_id, text, reply_to=reply_to, files=files, ping=ping)
        if forward_of is not None:
            message = people.forward(self._world, message, forward_of)
        return self._service.post(message).id

    async def edit(self, message_id: str, text: str) -> None:
        """Change the text of a message, as its author; whom it mentions changes with it."""
        self._service.revise(people.rewrite(self._world, self._world.messages[message_id], text), text)

    async def preview_link(self, message_id: str) -> None:
        """Let Discord put a link preview under a message: an update that is no edit, `edited_timestamp` stays."""
        message = self._world.messages[message_id]
        self._service.update(replace(message, previews=message.previews + 1))

    async def delete(self, message_id: str) -> None:
        """Delete a message, as its author or a moderator."""
        self._service.remove([self._world.messages[message_id]], bulk=False)

    async def delete_many(self, message_ids: Sequence[str]) -> None:
        """Delete messages of one channel at once, as a moderator does."""
        self._service.remove([self._world.messages[message] for message in message_ids], bulk=True)

    async def slash(self, user_id: str, channel_id: str, name: str, options: Mapping[str, str] | None = None) -> str:
        """Use a slash command that the bot has registered, and return the interaction's id.

        Raises: LookupError where Discord would not offer it: not registered, an unknown option, a required one missing.
        """
        channel = self._world.channels[channel_id]
        self._expect_member(channel, user_id)
        given = options or {}
        command = next((c for c in self._service.commands.available(channel.guild) if c.name == name), None)
        if command is None or not given.keys() <= command.options.keys() or not command.required <= given.keys():
            raise LookupError(f"no such command, or not with these options: {name}")
        interaction = people.use_command(self._world, command, user_id, channel)
        self._service.interactions[interaction.id] = interaction
        event = people.interaction_json(self._world, command, interaction, given)
        self._service.gateway.dispatch("INTERACTION_CREATE", lambda _: event)
        return interaction.id

    def _expect_member(self, channel: Channel, user: str) -> None:
        if channel.guild and user not in self._world.guilds[channel.guild].members:
            raise LookupError("a stranger can do nothing in a server: add_member first")

    # What a test sees

    def messages(self, channel_id: str) -> list[FakeMessage]:
        """What stands in a channel or thread, oldest first, Discord's own lines among it."""
        return self._world.history(channel_id)

    def from_bot(self, channel_id: str) -> list[FakeMessage]:
        """What the bot has written in a channel or thread, oldest first."""
        return [message for message in self._world.history(channel_id) if message.author_id == self.bot_id]

    def responses(self, interaction_id: str) -> list[FakeMessage]:
        """What the bot answered to a slash command, oldest first; a deferred answer is `loading` until it comes."""
        return self._service.responses(interaction_id)

    def typing(self, channel_id: str) -> int:
        """How often the bot has said that it is typing in a channel."""
        return self._service.typing[channel_id]

    def event_of(self, message_id: str) -> JsonObject:
        """The MESSAGE_CREATE event that would tell of a message, for a test to change and to send."""
        return message_event_json(self._world, self._world.messages[message_id], content=True)

    def channel_event(self, channel: str) -> JsonObject:
        """The event that would tell of a channel or thread, for a test to change and to send."""
        return channel_json(self._world, self._world.channels[channel])

    def guild_event(self, guild: str) -> JsonObject:
        """The GUILD_CREATE event that would tell of a server, for a test to change and to send."""
        return guild_create_json(self._world, self._world.guilds[guild])

    @property
    def requests(self) -> list[FakeRequest]:
        """Every REST request so far, the failed ones too."""
        return self._service.requests

    @property
    def commands(self) -> Commands:
        """The slash commands that the bot registered, and how often it did."""
        return self._service.commands

    @property
    def connections(self) -> Connections:
        """How many gateway sessions were begun and resumed."""
        return self._service.gateway.connections

    @property
    def connected(self) -> bool:
        """Whether a bot is identified on the gateway right now."""
        return self._service.gateway.connected
