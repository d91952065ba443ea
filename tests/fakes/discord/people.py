"""What people do on the fake Discord, as messages and interactions: composing them, not sending them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tests.fakes.discord.mentions import ALL, EVERYONE, ROLE, USER, find_pings
from tests.fakes.discord.service import FakeCommand, Interaction
from tests.fakes.discord.shapes import JsonObject, channel_json, guild_json, member_json, permissions_json, user_json
from tests.fakes.discord.world import Channel, FakeFile, FakeMessage, Guild, Member, MessageFlag, MessageType, World

ATTACHMENT_LIMIT = 10 * 1024 * 1024

USER_OPTION = 6


def write_mentions(text: str, users: Sequence[str], roles: Sequence[str], *, everyone: bool) -> str:
    """Put the mentions that the text does not write yet in front of it: Discord knows mentions from the text alone."""
    marks = [f"<@{user}>" for user in users if user not in USER.findall(text)]
    marks += [f"<@&{role}>" for role in roles if role not in ROLE.findall(text)]
    if everyone and not EVERYONE.search(text):
        marks.append("@everyone")
    return " ".join([*marks, text]) if text else " ".join(marks)


def compose(
    world: World,
    channel: Channel,
    author: str,
    text: str,
    *,
    reply_to: str | None,
    files: Sequence[FakeFile],
    ping: bool,
) -> FakeMessage:
    """Make a person's message; a reply mentions whom it answers unless `ping` is false or it is the author himself.

    @everyone in the text counts: it is for the test not to let somebody write it who may not.
    """
    original = world.messages[reply_to] if reply_to else None
    replied_to = original.author_id if original and original.author_id != author else None
    pings = find_pings(text, replace(ALL, replied_user=ping), replied_to, may_everyone=True)
    return FakeMessage(
        id=world.next_message_id(channel),
        channel_id=channel.id,
        author_id=author,
        content=text,
        type=MessageType.REPLY if original else MessageType.DEFAULT,
        reference_id=original.id if original else None,
        reference_channel_id=original.channel_id if original else None,
        mentions=tuple(user for user in pings.users if user in world.users),
        role_mentions=pings.roles,
        everyone=pings.everyone,
        files=tuple(replace(file, id=world.new_id()) for file in files),
    )


def rewrite(world: World, message: FakeMessage, text: str) -> FakeMessage:
    """Let a message mention whom its new text does; who is replied to stays mentioned.

    Source: https://discord.com/developers/docs/resources/message#edit-message.
    """
    original = world.messages.get(message.reference_id or "")
    replied_to = original.author_id if original and original.author_id in message.mentions else None
    pings = find_pings(text, ALL, replied_to, may_everyone=True)
    known = tuple(user for user in pings.users if user in world.users)
    return replace(message, mentions=known, role_mentions=pings.roles, everyone=pings.everyone)


def forward(world: World, message: FakeMessage, original: str) -> FakeMessage:
    """Make a message the forward of another: no text of its own, and a snapshot of the other as it stands now.

    Source: https://discord.com/developers/docs/resources/message#message-reference-types.
    """
    source = world.messages[original]
    return replace(
        message,
        flags=message.flags | MessageFlag.HAS_SNAPSHOT,
        reference_id=source.id,
        reference_channel_id=source.channel_id,
        forwarded=source,
    )


def use_command(world: World, command: FakeCommand, user: str, channel: Channel) -> Interaction:
    """Make the interaction of somebody who uses a command in a channel."""
    return Interaction(
        world.new_id(), uuid.uuid4().hex, world.users[user].id, channel.id, command.name, time.monotonic()
    )


def interaction_json(
    world: World, command: FakeCommand, interaction: Interaction, options: Mapping[str, str]
) -> JsonObject:
    """The INTERACTION_CREATE event: in a server with the member and his permissions there, in a DM with the user.

    Source: https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object.
    """
    channel = world.channels[interaction.channel]
    guild = world.guilds.get(channel.guild)
    user = world.users[interaction.user]
    shape: JsonObject = {
        "id": interaction.id,
        "application_id": world.bot.id,
        "type": 2,
        "token": interaction.token,
        "version": 1,
        "channel_id": channel.id,
        "channel": channel_json(world, channel) | {"permissions": _permissions(world, user.id, channel)},
        "app_permissions": _permissions(world, world.bot.id, channel),
        "locale": "en-US",
        "entitlements": [],
        "authorizing_integration_owners": {"0": guild.id if guild else "0"},
        "context": 0 if guild else 1,
        "attachment_size_limit": ATTACHMENT_LIMIT,
        "data": _command_json(world, command, options, guild),
    }
    if guild is None:
        return shape | {"user": user_json(user)}
    member: Member = guild.members[user.id]
    known = guild_json(guild)
    return shape | {
        "guild_id": guild.id,
        "guild": {key: known[key] for key in ("id", "features")} | {"locale": "en-US"},
        "guild_locale": "en-US",
        "member": member_json(member, user) | {"permissions": _permissions(world, user.id, channel)},
    }


def _permissions(world: World, user: str, channel: Channel) -> str:
    return permissions_json(world.channel_permissions(user, channel))


def _command_json(world: World, command: FakeCommand, options: Mapping[str, str], guild: Guild | None) -> JsonObject:
    given: list[JsonObject] = [
        {"name": name, "type": command.options[name], "value": value} for name, value in options.items()
    ]
    shape: JsonObject = {"id": command.id, "name": command.name, "type": 1, "options": given}
    named = [value for name, value in options.items() if command.options[name] == USER_OPTION]
    if named:
        members = {user: member_json(guild.members[user]) for user in named if guild and user in guild.members}
        shape["resolved"] = {"users": {user: user_json(world.users[user]) for user in named}, "members": members}
    return shape
