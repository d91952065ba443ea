"""The events that the fake Slack tells, and who may hear them: the subscription and the scope that each one takes.

Source: https://docs.slack.dev/reference/events (the page of each event, "Required scopes") and, for what is around an
event, https://docs.slack.dev/apis/events-api#callback-field.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from tests.fakes.slack.shapes import message_json, user_json
from tests.fakes.slack.wire import JsonObject, mapping
from tests.fakes.slack.world import Channel, FakeMessage, User, World


@dataclass(frozen=True, slots=True)
class Event:
    """An event, the name to subscribe to it by, the scope that it takes, and where it happened ("" for nowhere)."""

    subscription: str
    scope: str
    json: JsonObject
    channel: str = ""


def message_event(channel: Channel, json: JsonObject) -> Event:
    """A `message` event of any subtype, subscribed to by the kind of conversation."""
    family = channel.kind.family
    shape = {**json, "channel": channel.id, "channel_type": channel.kind.value}
    return Event(f"message.{family}", f"{family}:history", shape, channel.id)


def posted(world: World, channel: Channel, message: FakeMessage) -> Event:
    """What is told of a new message: https://docs.slack.dev/reference/events/message.channels."""
    return message_event(channel, {**message_json(world, message), "event_ts": message.ts})


def mentioned(world: World, message: FakeMessage, event_ts: str) -> Event:
    """What is told of a mention beside the message itself: the same `ts`, and no `channel_type`.

    Source: https://docs.slack.dev/reference/events/app_mention.
    """
    shape = message_json(world, message)
    shape.pop("subtype", None)
    shape |= {"type": "app_mention", "channel": message.channel, "event_ts": event_ts}
    return Event("app_mention", "app_mentions:read", shape, message.channel)


def changed(world: World, channel: Channel, before: JsonObject, after: FakeMessage, event_ts: str) -> Event:
    """What is told of an edit, a link preview or a parent's deletion.

    Source: https://docs.slack.dev/reference/events/message/message_changed; the `ts` outside is the event's.
    """
    shape: JsonObject = {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "message": message_json(world, after),
        "previous_message": before,
        "ts": event_ts,
        "event_ts": event_ts,
    }
    return message_event(channel, shape)


def deleted(world: World, channel: Channel, before: FakeMessage, event_ts: str) -> Event:
    """What is told of a deletion: https://docs.slack.dev/reference/events/message/message_deleted."""
    shape: JsonObject = {
        "type": "message",
        "subtype": "message_deleted",
        "hidden": True,
        "deleted_ts": before.ts,
        "previous_message": message_json(world, before),
        "ts": event_ts,
        "event_ts": event_ts,
    }
    return message_event(channel, shape)


def user_changed(world: World, user: User, status: str = "", *, profile: bool = False) -> list[Event]:
    """What is told of a person of whom something is different; `profile` says that it is the name.

    Source: https://docs.slack.dev/reference/events/user_change and …/user_profile_changed, whose example has no rights.
    """
    whole = user_json(user)
    if status:
        whole["profile"] = {**mapping(whole["profile"]), "status_text": status}
    told: list[tuple[str, JsonObject]] = [("user_change", whole)]
    if profile:
        lean = {key: whole[key] for key in ("id", "team_id", "name", "profile", "updated")}
        told.append(("user_profile_changed", lean))
    event_ts = world.new_ts()
    return [Event(name, "users:read", {"type": name, "user": shape, "event_ts": event_ts}) for name, shape in told]


def limited(world: World, minute: int) -> JsonObject:
    """What is told, in place of events, of a minute (its first second) in which they are withheld.

    Source: https://docs.slack.dev/reference/events/app_rate_limited.
    """
    return {
        "token": "unused",
        "type": "app_rate_limited",
        "team_id": world.team,
        "minute_rate_limited": minute,
        "api_app_id": world.app_id,
    }


def callback(world: World, event: Event) -> JsonObject:
    """An event with what Slack puts around it; every call makes another `event_id`.

    In a shared channel the `team_id` is taken to be that of the workspace in which the app is installed.
    """
    channel = world.channels.get(event.channel)
    authorization = {
        "enterprise_id": None,
        "team_id": world.team,
        "user_id": world.bot.id,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    return {
        "token": "unused",
        "team_id": world.team,
        "context_team_id": world.team,
        "context_enterprise_id": None,
        "api_app_id": world.app_id,
        "event": event.json,
        "type": "event_callback",
        "event_id": world.new_id("Ev"),
        "event_time": int(time.time()),
        "authorizations": [authorization],
        "is_ext_shared_channel": channel is not None and channel.shared,
        "event_context": "4-fake",
    }
