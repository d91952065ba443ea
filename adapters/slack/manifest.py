"""The manifest of the Slack app: what Slack has to know of the bot, with what is used and no more."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from memory.types import CommandSpec

SCOPES: Final = {
    "app_mentions:read": "hear mentions",
    "channels:history": "hear threads in public channels, read what was missed, find an answer whose receipt was lost",
    "groups:history": "hear threads in private channels, read what was missed, find an answer",
    "im:history": "hear direct messages, read what was missed, find an answer",
    "mpim:history": "hear group direct messages, read what was missed, find an answer",
    "channels:read": "tell a public channel, know where it is in some, and hear of what becomes of them",
    "groups:read": "tell a private channel, know where it is in some, and hear of what becomes of them",
    "im:read": "tell a direct message",
    "mpim:read": "tell a group direct message",
    "users:read": "know people's names, who is an admin, and who is a guest",
    "chat:write": "answer, to one person alone too, and show that an answer is being thought of",
    "commands": "offer slash commands",
}
"""The bot's scopes, each with what it is used for."""

EVENTS: Final = (
    "app_mention",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "user_change",
    "member_joined_channel",
    "channel_shared",
    "channel_unshared",
    "channel_rename",
    "group_rename",
    "channel_deleted",
    "group_deleted",
    "channel_left",
)
"""The events that the bot listens to; from `user_change` on they keep true what is known of people and channels.

That a channel was made private is told as a message (https://docs.slack.dev/reference/events/message/channel_convert_to_private).
`user_change` tells of rights at once, and of every status: among many thousands of people that may be more than Slack
sends. `user_profile_changed` does in its place, and leaves rights to be asked for.
"""

APP_SCOPE: Final = "connections:write"
"""What the app-level token needs; a manifest cannot hold it."""

RESERVED: Final = frozenset({"help"})
"""Commands of ours that Slack answers itself: `/help` opens its own."""

_NAME = 35
_BOT_NAME = 80
_DESCRIPTION = 2000
_HINT = 1000
"""Characters: https://docs.slack.dev/reference/app-manifest."""


def slash_commands(commands: Sequence[CommandSpec]) -> tuple[CommandSpec, ...]:
    """The commands that Slack can offer behind a slash."""
    return tuple(spec for spec in commands if spec.name not in RESERVED)


def manifest(name: str, commands: Sequence[CommandSpec]) -> str:
    """Write the manifest as JSON, for https://api.slack.com/apps → Create New App → From a manifest."""
    content = {
        "display_information": {"name": name[:_NAME], "description": "A chatbot that keeps the thread"},
        "features": {
            "app_home": {
                "home_tab_enabled": False,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": name[:_BOT_NAME], "always_online": True},
            "slash_commands": [_command(spec) for spec in slash_commands(commands)],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {"bot_events": list(EVENTS)},
            "org_deploy_enabled": False,
            "socket_mode_enabled": True,
            "token_rotation_enabled": False,
        },
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _command(spec: CommandSpec) -> dict[str, str | bool]:
    command: dict[str, str | bool] = {
        "command": f"/{spec.name}",
        "description": (spec.description or spec.name)[:_DESCRIPTION],
        "should_escape": True,  # so that people in the words come with their ids
    }
    return command | ({"usage_hint": spec.hint[:_HINT]} if spec.hint else {})
