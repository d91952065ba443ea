"""What people do in the fake Slack, as messages and payloads: composing them, not sending them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import replace

from tests.fakes.slack.service import Slash
from tests.fakes.slack.wire import JsonObject
from tests.fakes.slack.world import Channel, FakeFile, FakeMessage, Kind, World

COMMAND_NAMES = {Kind.IM: "directmessage", Kind.GROUP: "privategroup"}
"""The `channel_name` of a slash command where it is not the channel's: from memory."""


def compose(world: World, channel: Channel, text: str, thread_ts: str) -> FakeMessage:
    """Make a message of nobody yet. Raises: LookupError for a reply to what is not there."""
    if thread_ts and world.find(channel.id, thread_ts) is None:
        raise LookupError("no such message to reply to")
    return FakeMessage(world.new_ts(), channel.id, "", text, time.monotonic(), thread_ts=thread_ts)


def sign(
    world: World, message: FakeMessage, author: str, *, files: Sequence[FakeFile], broadcast: bool, me: bool
) -> FakeMessage:
    """Make a message somebody's, with its files and its subtype; a bot's has a `bot_id` and no `client_msg_id`.

    Source: https://docs.slack.dev/reference/events/message#subtypes. Raises: LookupError for somebody who is not in
    the conversation.
    """
    if author not in world.channels[message.channel].members:
        raise LookupError("who is not in a conversation can say nothing there: join first")
    kinds = [("thread_broadcast", broadcast), ("me_message", me), ("file_share", bool(files))]
    bot_id = world.users[author].bot_id
    return replace(
        message,
        user=author,
        subtype=next((kind for kind, given in kinds if given), ""),
        bot_id=bot_id,
        client_msg_id="" if bot_id or me else str(uuid.uuid4()),
        files=tuple(replace(file, id=world.new_id("F")) for file in files),
    )


def slash_json(world: World, slash: Slash, command: str, text: str, root: str) -> JsonObject:
    """The payload of a slash command; it knows of no thread.

    Source: https://docs.slack.dev/interactivity/implementing-slash-commands.
    """
    channel = world.channels[slash.channel]
    return {
        "token": "unused",
        "team_id": world.team,
        "team_domain": "fake",
        "channel_id": channel.id,
        "channel_name": COMMAND_NAMES.get(channel.kind, channel.name),
        "user_id": slash.user,
        "user_name": world.users[slash.user].name.lower(),
        "command": command,
        "text": text,
        "api_app_id": world.app_id,
        "is_enterprise_install": "false",
        "response_url": f"{root}/commands/{slash.secret}",
        "trigger_id": f"{slash.at}.{slash.id}",
    }
