"""The half of the fake's face that makes and changes channels.

Source: the page of each event below https://docs.slack.dev/reference/events; events are told to an app that is
subscribed to them and was given the scope.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tests.fakes.slack.events import Event, message_event
from tests.fakes.slack.service import Service
from tests.fakes.slack.wire import JsonObject
from tests.fakes.slack.world import Channel, Kind


class Channels:
    """What a test does to channels."""

    _service: Service

    def add_channel(
        self, name: str, *, private: bool = False, shared: bool = False, members: Iterable[str] = (), bot: bool = True
    ) -> str:
        """Make a channel, with the bot in it unless `bot` is false; `shared` is one with another workspace."""
        people = {*members, self._service.world.bot.id} if bot else set(members)
        kind = Kind.GROUP if private else Kind.CHANNEL
        return self._service.world.add_channel(kind, name, people, shared=shared).id

    def add_group_dm(self, users: Iterable[str]) -> str:
        """Open a direct message of several people and the bot."""
        return self._service.world.dm_with(users).id

    def open_dm(self, user: str) -> str:
        """Find or open the direct messages of a person and the bot."""
        return self._service.world.dm_with([user]).id

    def open_dm_of_others(self, user: str, other: str) -> str:
        """Open the direct messages of two people; no bot can be in them, and to it they are as if they did not exist.

        Source: https://github.com/slack-ruby/slack-ruby-client/issues/227.
        """
        return self._service.world.add_channel(Kind.IM, "", {user, other}).id

    def join(self, channel: str, user: str) -> None:
        """Let somebody into a channel, the bot too; told with `member_joined_channel`."""
        self._channel(channel).members.add(self._service.world.users[user].id)
        self._tell_member("member_joined_channel", channel, user)

    def leave(self, channel: str, user: str) -> None:
        """Let somebody out of a channel; told with `member_left_channel`.

        When it is the bot, it is told with `channel_left` or `group_left`:
        https://docs.slack.dev/reference/events/channel_left.
        """
        found = self._channel(channel)
        self._tell_member("member_left_channel", channel, user)
        found.members.discard(user)
        if user == self._service.world.bot.id:
            self._tell(found, "left", {"channel": channel}, there=False)

    def rename(self, channel: str, name: str) -> None:
        """Give a channel another name; told in it, and with `channel_rename` to all or `group_rename`."""
        found = self._channel(channel)
        before, found.name = found.name, name
        event: JsonObject = {"channel": {"id": channel, "name": name, "created": 0}}
        self._tell(found, "rename", event, there=found.kind is not Kind.CHANNEL)
        self._say(found, f"{found.kind.value}_name", {"old_name": before, "name": name})

    def share(self, channel: str, team: str, *, shared: bool = True) -> None:
        """Share a channel with another workspace or end that; told with `channel_shared` or `channel_unshared`."""
        found = self._channel(channel)
        found.shared = shared
        name = "channel_shared" if shared else "channel_unshared"
        event: JsonObject = {"type": name, "channel": channel, "event_ts": self._service.world.new_ts()}
        event |= {"connected_team_id": team} if shared else {"previously_connected_team_id": team}
        self._service.tell(Event(name, f"{found.kind.family}:read", event, channel))

    def share_in_part(self, channel: str, *, invited: bool = False, org: bool = False) -> None:
        """Invite another organisation to a channel, or share it with other workspaces of the same one."""
        found = self._channel(channel)
        found.invited, found.org = invited, org

    def convert(self, channel: str, *, private: bool = True, told: bool = True) -> None:
        """Make a channel private or public; told in the channel itself, as a message that is said with its new kind.

        Source: https://docs.slack.dev/reference/events/message/channel_convert_to_private and …_to_public.
        """
        found = self._channel(channel)
        found.kind = Kind.GROUP if private else Kind.CHANNEL
        if told:
            self._say(found, f"channel_convert_to_{'private' if private else 'public'}", {})

    def delete_channel(self, channel: str) -> None:
        """Delete a channel and all that was said there; told with `channel_deleted` or `group_deleted`."""
        world = self._service.world
        found = world.channels.pop(channel)
        world.messages = {key: message for key, message in world.messages.items() if message.channel != channel}
        self._tell(found, "deleted", {"channel": channel}, there=False)

    def tell_of_deletion(self, channel: str) -> None:
        """Tell of a channel that it was deleted, although it was not."""
        self._tell(self._channel(channel), "deleted", {"channel": channel}, there=False)

    def archive(self, channel: str) -> None:
        """Archive a channel."""
        self._channel(channel).archived = True

    def tell_of_before(self, channel: str, event: JsonObject) -> None:
        """Tell of a `message` event from when a channel was still public, as one that comes late."""
        self._service.tell(message_event(replace(self._channel(channel), kind=Kind.CHANNEL), event))

    def _channel(self, channel: str) -> Channel:
        return self._service.world.channels[channel]

    def _tell(self, channel: Channel, what: str, more: JsonObject, *, there: bool = True) -> None:
        """Tell an event that has a name for each of the two kinds; not only who is in the channel hears of some."""
        name = f"{channel.kind.value}_{what}"
        event: JsonObject = {"type": name, "event_ts": self._service.world.new_ts()} | more
        self._service.tell(Event(name, f"{channel.kind.family}:read", event, channel.id if there else ""))

    def _say(self, channel: Channel, subtype: str, more: JsonObject) -> None:
        """Tell what Slack says in a channel about it: https://docs.slack.dev/reference/events/message#subtypes."""
        world = self._service.world
        ts, people = world.new_ts(), channel.members - {world.bot.id}
        shape: JsonObject = {"type": "message", "subtype": subtype, "text": "…", "ts": ts, "event_ts": ts}
        shape["user"] = min(people, default=world.bot.id)
        self._service.tell(message_event(channel, shape | more))

    def _tell_member(self, name: str, channel: str, user: str) -> None:
        world, found = self._service.world, self._channel(channel)
        event: JsonObject = {
            "type": name,
            "user": user,
            "channel": channel,
            "channel_type": "G" if found.kind is Kind.GROUP else "C",
            "team": world.team,
            "event_ts": world.new_ts(),
        }
        self._service.tell(Event(name, f"{found.kind.family}:read", event, channel))
