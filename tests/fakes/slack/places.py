"""The methods that read: the app itself, people, conversations and what was said in them.

Source: the pages of the methods below https://docs.slack.dev/reference/methods.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.fakes.slack.service import Service
from tests.fakes.slack.shapes import bot_json, channel_json, message_json, user_json
from tests.fakes.slack.wire import Call, JsonObject, SlackError, flag, next_cursor, page_size, page_start, text
from tests.fakes.slack.world import Channel, FakeMessage, Kind

TYPES = {
    "public_channel": Kind.CHANNEL,
    "private_channel": Kind.GROUP,
    "im": Kind.IM,
    "mpim": Kind.MPIM,
}
DEFAULT_PAGE = 100
DEFAULT_REPLIES = 1000


class PlaceMethods:
    """What the bot can learn about itself, about people, and about where it is."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._world = service.world

    def auth_test(self, _: Call) -> JsonObject:
        """`auth.test`: who the token is; the scopes are in a header of every answer."""
        return {
            "url": "https://fake.slack.com/",
            "team": "Fake",
            "user": self._world.bot.name.lower(),
            "team_id": self._world.team,
            "user_id": self._world.bot.id,
            "bot_id": self._world.bot.bot_id,
            "is_enterprise_install": False,
        }

    def open_connection(self, _: Call) -> JsonObject:
        """`apps.connections.open`: an address that works once, and not for long."""
        ticket = self._service.socket.issue_ticket()
        return {"url": f"{self._service.root.replace('http', 'ws', 1)}/link/?ticket={ticket}"}

    def user(self, call: Call) -> JsonObject:
        """`users.info`."""
        user = self._world.users.get(text(call.args, "user"))
        if user is None:
            raise SlackError("user_not_found")
        return {"user": user_json(user)}

    def users(self, call: Call) -> JsonObject:
        """`users.list`: the people of this workspace."""
        people = [user for user in self._world.users.values() if user.team == self._world.team]
        start, size = page_start(call.args), page_size(call.args, DEFAULT_REPLIES)
        members = [user_json(user) for user in people[start : start + size]]
        return {"members": members, **next_cursor(start + size, len(people))}

    def bot(self, call: Call) -> JsonObject:
        """`bots.info`."""
        wanted = text(call.args, "bot")
        user = next((user for user in self._world.users.values() if wanted and user.bot_id == wanted), None)
        if user is None:
            raise SlackError("bot_not_found")
        return {"bot": bot_json(user)}

    def team(self, _: Call) -> JsonObject:
        """`team.info`."""
        return {"team": {"id": self._world.team, "name": "Fake", "domain": "fake", "url": "https://fake.slack.com/"}}

    def _reach(self, call: Call, right: str) -> Channel:
        """Find a conversation that the bot can see; a private one without it is as if it did not exist."""
        channel = self._world.channels.get(text(call.args, "channel"))
        if channel is None:
            raise SlackError("channel_not_found")
        self._service.need(f"{channel.kind.family}:{right}")
        if channel.kind is not Kind.CHANNEL and self._world.bot.id not in channel.members:
            raise SlackError("channel_not_found")
        return channel

    def info(self, call: Call) -> JsonObject:
        """`conversations.info`."""
        channel = self._reach(call, "read")
        shape = channel_json(self._world, channel)
        if flag(call.args, "include_num_members"):
            shape["num_members"] = len(channel.members)
        return {"channel": shape}

    def members(self, call: Call) -> JsonObject:
        """`conversations.members`."""
        people = sorted(self._reach(call, "read").members)
        start, size = page_start(call.args), page_size(call.args, DEFAULT_PAGE)
        return {"members": people[start : start + size], **next_cursor(start + size, len(people))}

    def conversations(self, call: Call) -> JsonObject:
        """`users.conversations`, those that the bot is in, and `conversations.list`, with the public ones beside."""
        asked = [name.strip() for name in (text(call.args, "types") or "public_channel").split(",")]
        if not TYPES.keys() >= set(asked):
            raise SlackError("invalid_types")
        kinds = [TYPES[name] for name in asked]
        for kind in kinds:
            self._service.need(f"{kind.family}:read")
        everywhere = call.method == "conversations.list"
        found = [
            channel
            for channel in self._world.channels.values()
            if channel.kind in kinds
            and (self._world.bot.id in channel.members or (everywhere and channel.kind is Kind.CHANNEL))
            and not (channel.archived and flag(call.args, "exclude_archived"))
        ]
        start, size = page_start(call.args), page_size(call.args, DEFAULT_PAGE)
        shapes = [channel_json(self._world, channel) for channel in found[start : start + size]]
        return {"channels": shapes, **next_cursor(start + size, len(found))}

    def open(self, call: Call) -> JsonObject:
        """`conversations.open`: direct messages with one person or several, found or made."""
        users = [name.strip() for name in text(call.args, "users").split(",") if name.strip()]
        if not users:
            raise SlackError("users_list_not_supplied")
        self._service.need("im:write" if len(users) == 1 else "mpim:write")
        if not self._world.users.keys() >= set(users):
            raise SlackError("user_not_found")
        channel = self._world.dm_with(users)
        whole = flag(call.args, "return_im")
        return {"channel": channel_json(self._world, channel) if whole else {"id": channel.id}}

    def _readable(self, call: Call) -> Channel:
        channel = self._reach(call, "history")
        if self._world.bot.id not in channel.members:
            raise SlackError("not_in_channel")
        return channel

    def history(self, call: Call) -> JsonObject:
        """`conversations.history`: newest first, without the replies in threads; 100 a page unless `limit` says so."""
        channel = self._readable(call)
        found = [m for m in reversed(self._world.history(channel.id)) if _within(call, m)]
        start, size = page_start(call.args), page_size(call.args, DEFAULT_PAGE)
        return self._page(call, found[start : start + size], start + size, len(found))

    def replies(self, call: Call) -> JsonObject:
        """`conversations.replies`: oldest first, a thread's parent at the head of every page.

        That pages and a later `oldest` begin with the parent too is not documented; clients in the open cut it off
        every page, and others say that later ones lack it (https://github.com/simstudioai/sim/pull/4934). A reply's own
        `ts` gives that reply alone, from memory.
        """
        channel = self._readable(call)
        parent = self._world.find(channel.id, text(call.args, "ts"))
        if parent is None:
            raise SlackError("thread_not_found")
        found = [m for m in self._world.replies(channel.id, parent.ts) if _within(call, m)]
        start, size = page_start(call.args), max(page_size(call.args, DEFAULT_REPLIES) - 1, 1)
        head = [parent] if self._service.repeat_parent or not start else []
        return self._page(call, [*head, *found[start : start + size]], start + size, len(found))

    def _page(self, call: Call, messages: Sequence[FakeMessage], end: int, total: int) -> JsonObject:
        metadata = flag(call.args, "include_all_metadata") is True
        shapes = [message_json(self._world, message, metadata=metadata) for message in messages]
        more: JsonObject = {"has_more": end < total}
        return {"messages": shapes, **more, **(next_cursor(end, total) if end < total else {})}


def _within(call: Call, message: FakeMessage) -> bool:
    """Whether a message is between `oldest` and `latest`, with them where `inclusive` is true."""
    oldest, latest = text(call.args, "oldest"), text(call.args, "latest")
    if flag(call.args, "inclusive") and message.ts in {oldest, latest}:
        return True
    after = not oldest or float(message.ts) > float(oldest)
    return after and (not latest or float(message.ts) < float(latest))
