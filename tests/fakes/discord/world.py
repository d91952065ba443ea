"""What exists on the fake Discord: people, servers, channels, messages. No I/O, no JSON.

Ids are snowflakes as strings (https://discord.com/developers/docs/reference#snowflakes): they rise with time and
discord.py reads times from them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum, IntFlag

from tests.fakes.discord.mentions import AllowedMentions
from tests.fakes.discord.permissions import EVERYTHING, TALK, Overwrite, Permission, base_permissions
from tests.fakes.discord.permissions import channel_permissions as overwritten

DISCORD_EPOCH_MS = 1_420_070_400_000


class ChannelType(IntEnum):
    """The types of channel that the fake has, numbered as in Discord's documentation of channels."""

    TEXT = 0
    DM = 1
    VOICE = 2
    CATEGORY = 4
    ANNOUNCEMENT = 5
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12
    FORUM = 15


class MessageType(IntEnum):
    """The types of message that the fake has, numbered as in Discord's documentation of messages."""

    DEFAULT = 0
    THREAD_CREATED = 18
    REPLY = 19
    CHAT_INPUT_COMMAND = 20
    THREAD_STARTER_MESSAGE = 21


class MessageFlag(IntFlag):
    """The message flags that matter here, numbered as in Discord's documentation of messages."""

    NONE = 0
    SUPPRESS_EMBEDS = 1 << 2
    HAS_THREAD = 1 << 5
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    HAS_SNAPSHOT = 1 << 14


@dataclass(frozen=True, slots=True)
class User:
    """An account; `display_name` is what Discord calls the global name."""

    id: str
    name: str
    display_name: str | None = None
    bot: bool = False


@dataclass(frozen=True, slots=True)
class Role:
    """A role of a server; `bot` is the id of the bot that it was made for."""

    id: str
    name: str
    permissions: Permission
    position: int
    bot: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A user within one server."""

    user: str
    roles: tuple[str, ...]
    nick: str | None
    joined_at: datetime
    guest: bool = False


@dataclass(slots=True)
class Guild:
    """A server; the role @everyone has the server's own id.

    `nsfw_level` is as Discord numbers it: 1 explicit, 3 age-restricted. Discord itself speaks in `system_channel`.
    """

    id: str
    name: str
    owner: str
    nsfw_level: int = 0
    system_channel: str = ""
    roles: dict[str, Role] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)


@dataclass(slots=True)
class Channel:
    """A place for messages; `guild` is empty for a direct message, `people` are a thread's members or a DM's user."""

    id: str
    type: ChannelType
    name: str
    guild: str
    parent: str = ""
    owner: str = ""
    nsfw: bool = False
    archived: bool = False
    position: int = 0
    overwrites: dict[str, Overwrite] = field(default_factory=dict)
    people: set[str] = field(default_factory=set)
    last_message_id: str | None = None

    @property
    def is_thread(self) -> bool:
        """Whether this is a thread or a forum's post."""
        return self.type in {ChannelType.PUBLIC_THREAD, ChannelType.PRIVATE_THREAD}


@dataclass(frozen=True, slots=True)
class FakeFile:
    """A file on a message: its name, media type and size in bytes."""

    name: str
    kind: str = "image/png"
    size: int = 1024
    id: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """A content that a message once had, and until when."""

    content: str
    until: datetime


@dataclass(frozen=True, slots=True)
class FakeMessage:
    """One message as it stands now; `edits` are its earlier contents, oldest first.

    `nonce` and `allowed_mentions` are as the bot sent them. `forwarded` is the message that a forward shows, as it
    stood then. `previews` counts the link previews that Discord made under it.
    """

    id: str
    channel_id: str
    author_id: str
    content: str
    type: MessageType = MessageType.DEFAULT
    reference_id: str | None = None
    reference_channel_id: str | None = None
    forwarded: FakeMessage | None = None
    flags: MessageFlag = MessageFlag.NONE
    mentions: tuple[str, ...] = ()
    role_mentions: tuple[str, ...] = ()
    everyone: bool = False
    files: tuple[FakeFile, ...] = ()
    embeds: tuple[object, ...] = ()
    previews: int = 0
    edits: tuple[Edit, ...] = ()
    edited_at: datetime | None = None
    allowed_mentions: AllowedMentions | None = None
    nonce: str | None = None
    interaction_id: str | None = None

    @property
    def sent_at(self) -> datetime:
        """When it was sent, read from its id."""
        return snowflake_time(self.id)

    @property
    def ephemeral(self) -> bool:
        """Whether only the person who used the command can see it."""
        return MessageFlag.EPHEMERAL in self.flags

    @property
    def loading(self) -> bool:
        """Whether it still says "… is thinking"."""
        return MessageFlag.LOADING in self.flags


def snowflake_time(snowflake: str) -> datetime:
    """When a snowflake was made; its lower 22 bits are no time."""
    return datetime.fromtimestamp(((int(snowflake) >> 22) + DISCORD_EPOCH_MS) / 1000, UTC)


class World:
    """Everything that exists, by id; making and finding, without telling anybody."""

    def __init__(self, bot_name: str) -> None:
        self._newest_id = 0
        self.users: dict[str, User] = {}
        self.guilds: dict[str, Guild] = {}
        self.channels: dict[str, Channel] = {}
        self.messages: dict[str, FakeMessage] = {}
        self.bot = self.add_user(bot_name, bot=True)

    def new_id(self) -> str:
        """Make an id that is greater than every one before."""
        now = int(datetime.now(UTC).timestamp() * 1000) - DISCORD_EPOCH_MS
        self._newest_id = max(now << 22, self._newest_id + 1)
        return str(self._newest_id)

    def add_user(self, name: str, display_name: str | None = None, *, bot: bool = False) -> User:
        """Register an account."""
        user = User(self.new_id(), name, display_name, bot)
        self.users[user.id] = user
        return user

    def add_guild(self, name: str, owner: str) -> Guild:
        """Found a server with its owner, the role @everyone, and the bot with a role of its own."""
        guild = Guild(self.new_id(), name, owner)
        self.guilds[guild.id] = guild
        guild.roles[guild.id] = Role(guild.id, "@everyone", TALK, 0)
        own = self.add_role(guild.id, self.bot.name, TALK, bot=self.bot.id)
        self.add_member(guild.id, owner)
        self.add_member(guild.id, self.bot.id, (own.id,))
        return guild

    def add_role(self, guild: str, name: str, permissions: Permission, bot: str | None = None) -> Role:
        """Add a role above those that are there."""
        roles = self.guilds[guild].roles
        role = Role(self.new_id(), name, permissions, len(roles), bot)
        roles[role.id] = role
        return role

    def add_member(
        self, guild: str, user: str, roles: tuple[str, ...] = (), nick: str | None = None, *, guest: bool = False
    ) -> Member:
        """Let a user join, or give a member other roles and another nick."""
        member = Member(self.users[user].id, roles, nick, datetime.now(UTC), guest)
        self.guilds[guild].members[user] = member
        return member

    def add_channel(self, channel: Channel) -> Channel:
        """Put a channel where its server's channels are."""
        channel.position = sum(other.guild == channel.guild for other in self.channels.values())
        self.channels[channel.id] = channel
        return channel

    def dm_with(self, user: str) -> Channel:
        """Find or open the direct message channel between a user and the bot."""
        for channel in self.channels.values():
            if channel.type is ChannelType.DM and user in channel.people:
                return channel
        return self.add_channel(Channel(self.new_id(), ChannelType.DM, "", "", people={self.users[user].id}))

    def next_message_id(self, channel: Channel) -> str:
        """Make the id of the next message; a forum post's first message has the id of the post itself.

        Source: https://discord.com/developers/docs/resources/channel#start-thread-in-forum-or-media-channel.
        """
        parent = self.channels.get(channel.parent)
        first_of_post = parent is not None and parent.type is ChannelType.FORUM and channel.last_message_id is None
        return channel.id if first_of_post else self.new_id()

    def history(self, channel: str) -> list[FakeMessage]:
        """What stands in a channel for all its readers, oldest first."""
        return sorted(
            (m for m in self.messages.values() if m.channel_id == channel and not m.ephemeral),
            key=lambda message: int(message.id),
        )

    def guild_permissions(self, user: str, guild: str) -> Permission:
        """What a user may do in a server outside any channel; a stranger nothing."""
        found = self.guilds[guild]
        member = found.members.get(user)
        if member is None:
            return Permission.NONE
        roles = (found.roles[role].permissions for role in (found.id, *member.roles))
        return base_permissions(roles, owner=found.owner == user)

    def channel_permissions(self, user: str, channel: Channel) -> Permission:
        """What a user may do in a channel; a thread has its parent's permissions, a private one is for those in it.

        Source: https://discord.com/developers/docs/topics/threads#permissions.
        """
        if not channel.guild:
            talk_in_dm = EVERYTHING & ~(Permission.MANAGE_MESSAGES | Permission.ADMINISTRATOR)
            return talk_in_dm if user in {self.bot.id, *channel.people} else Permission.NONE
        base = self.guild_permissions(user, channel.guild)
        member = self.guilds[channel.guild].members.get(user)
        overwrites = (self.channels[channel.parent] if channel.is_thread else channel).overwrites
        granted = overwritten(base, overwrites, channel.guild, member.roles if member else (), user)
        hidden = channel.type is ChannelType.PRIVATE_THREAD and user not in channel.people
        return Permission.NONE if hidden and Permission.MANAGE_THREADS not in granted else granted

    def bot_guilds(self) -> list[Guild]:
        """The servers that the bot is in."""
        return [guild for guild in self.guilds.values() if self.bot.id in guild.members]

    def bot_sees(self, channel: Channel) -> bool:
        """Whether the bot is told what happens in a channel."""
        return Permission.VIEW_CHANNEL in self.channel_permissions(self.bot.id, channel)

    def bot_reads(self, message: FakeMessage) -> bool:
        """Whether the bot may read a message even without the message-content intent.

        Source: https://discord.com/developers/docs/events/gateway#message-content-intent: its own messages, direct
        messages, and messages that mention it.
        """
        direct = not self.channels[message.channel_id].guild
        return direct or message.author_id == self.bot.id or self.bot.id in message.mentions
