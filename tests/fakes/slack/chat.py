"""The methods that write: `chat.*`, a thread's status, and the posts to a slash command's response URL.

Source: the pages of the methods below https://docs.slack.dev/reference/methods.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

from tests.fakes.slack.blocks import MAX_TEXT, MAX_UPDATE_TEXT, parse_blocks, parse_metadata
from tests.fakes.slack.service import FakeResponse, Service, Slash
from tests.fakes.slack.shapes import message_json
from tests.fakes.slack.wire import Arguments, Call, JsonObject, SlackError, TooFast, flag, text
from tests.fakes.slack.world import Channel, FakeMessage, Kind

SECONDS_A_POST = 1.0
"""One message a second in a channel: https://docs.slack.dev/apis/web-api/rate-limits#overview."""

RESPONSES = 5
RESPONSE_SECONDS = 30 * 60.0
"""How often and how long a response URL works: https://docs.slack.dev/interactivity/handling-user-interaction."""


class ChatMethods:
    """What the bot writes."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._world = service.world

    def reach(self, channel_id: str) -> Channel:
        """Find a conversation that the bot may write in; a user's id stands for the direct messages with him.

        Raises: SlackError channel_not_found, also for a private channel without the bot; not_in_channel, is_archived.
        """
        if channel_id in self._world.users:
            return self._world.dm_with([channel_id])
        channel = self._world.channels.get(channel_id)
        if channel is None:
            raise SlackError("channel_not_found")
        if self._world.bot.id not in channel.members:
            raise SlackError("not_in_channel" if channel.kind is Kind.CHANNEL else "channel_not_found")
        if channel.archived:
            raise SlackError("is_archived")
        return channel

    def post(self, call: Call) -> JsonObject:
        """`chat.postMessage`.

        A `thread_ts` of no message here is silently left out: the reply lands in the channel itself, and only the
        missing `thread_ts` in the answer tells (https://github.com/slack-go/slack/issues/1571,
        https://github.com/langchain-ai/open-swe/pull/2753). A tombstone still takes replies. A reply's own `ts` is
        taken for its thread, which is not documented beyond "use its parent instead".
        """
        channel = self.reach(text(call.args, "channel"))
        message = self._compose(call.args, channel)
        self._pace(channel)
        wanted = text(call.args, "thread_ts")
        parent = self._world.find(channel.id, wanted) if wanted else None
        if parent is not None:
            subtype = "thread_broadcast" if flag(call.args, "reply_broadcast") else ""
            message = replace(message, thread_ts=parent.thread_ts or parent.ts, subtype=subtype)
        self._service.post(message)
        shape = message_json(self._world, message, metadata=True)
        return {"channel": channel.id, "ts": message.ts, "message": shape}

    def _pace(self, channel: Channel) -> None:
        now = time.monotonic()
        if self._service.pace_posts and now - self._service.posted_at.get(channel.id, -SECONDS_A_POST) < SECONDS_A_POST:
            raise TooFast(1)
        self._service.posted_at[channel.id] = now

    def _compose(self, args: Arguments, channel: Channel) -> FakeMessage:
        blocks = parse_blocks(args) or ()
        words = text(args, "text")[:MAX_TEXT]
        if not words and not blocks:
            raise SlackError("no_text")
        return FakeMessage(
            ts=self._world.new_ts(),
            channel=channel.id,
            user=self._world.bot.id,
            text=words,
            at=time.monotonic(),
            blocks=blocks,
            bot_id=self._world.bot.bot_id,
            metadata=parse_metadata(args) or None,
            unfurl_links=flag(args, "unfurl_links"),
            unfurl_media=flag(args, "unfurl_media"),
            link_names=flag(args, "link_names") is True or text(args, "parse") == "full",
        )

    def update(self, call: Call) -> JsonObject:
        """`chat.update`: what is not named stays, but a text alone takes the blocks away.

        With blocks the message is not shown as edited; metadata stays unless other is given. `parse` is `client` unless
        it is named, and what that links is not documented (https://github.com/slackapi/slack-api-specs/issues/50): here
        it is taken to link names.
        """
        channel = self.reach_to_edit(text(call.args, "channel"))
        before = self._own(call, channel, "cant_update_message")
        if time.monotonic() - before.at >= self._service.edit_seconds:
            raise SlackError("edit_window_closed")
        blocks = parse_blocks(call.args)
        metadata = parse_metadata(call.args)
        words = text(call.args, "text")
        if len(words.encode()) > MAX_UPDATE_TEXT:
            raise SlackError("msg_too_long")
        if not words and not blocks:
            raise SlackError("no_text")
        after = replace(
            before,
            text=words or before.text,
            blocks=before.blocks if blocks is None and not words else blocks or (),
            metadata=before.metadata if metadata is None else metadata or None,
            edited=before.edited if blocks else self._world.new_ts(),
            link_names=before.link_names or flag(call.args, "link_names") is True or text(call.args, "parse") != "none",
        )
        self._service.revise(before, after)
        shape = message_json(self._world, after, metadata=True)
        return {"channel": channel.id, "ts": after.ts, "text": after.text, "message": shape}

    def reach_to_edit(self, channel_id: str) -> Channel:
        """Find a conversation to change something in; an archived one is is_inactive here."""
        channel = self._world.channels.get(channel_id)
        if channel is None or self._world.bot.id not in channel.members:
            raise SlackError("channel_not_found")
        if channel.archived:
            raise SlackError("is_inactive")
        return channel

    def _own(self, call: Call, channel: Channel, refusal: str) -> FakeMessage:
        message = self._world.find(channel.id, text(call.args, "ts"))
        if message is None or message.deleted:
            raise SlackError("message_not_found")
        if message.user != self._world.bot.id:
            raise SlackError(refusal)
        return message

    def delete(self, call: Call) -> JsonObject:
        """`chat.delete`."""
        channel = self.reach_to_edit(text(call.args, "channel"))
        message = self._own(call, channel, "cant_delete_message")
        self._service.remove(message)
        return {"channel": channel.id, "ts": message.ts}

    def post_ephemeral(self, call: Call) -> JsonObject:
        """`chat.postEphemeral`: seen by one person until he reloads, and never part of a history."""
        channel = self.reach(text(call.args, "channel"))
        user = text(call.args, "user")
        if user not in channel.members:
            raise SlackError("user_not_in_channel")
        message = self._compose(call.args, channel)
        response = FakeResponse(message.text, message.blocks, channel.id, user, text(call.args, "thread_ts"))
        self._service.ephemerals.append(response)
        return {"message_ts": message.ts}

    def set_status(self, call: Call) -> JsonObject:
        """`assistant.threads.setStatus`, in channels too.

        Source: https://docs.slack.dev/changelog/2026/03/05/set-status-scope-update.
        """
        self._service.need("chat:write", "assistant:write")
        channel = self._world.channels.get(text(call.args, "channel_id"))
        if channel is None or self._world.bot.id not in channel.members:
            raise SlackError("channel_not_found")
        thread_ts = text(call.args, "thread_ts")
        if self._world.find(channel.id, thread_ts) is None:
            raise SlackError("invalid_thread_ts")
        self._service.set_status(channel.id, thread_ts, text(call.args, "status"))
        return {}

    def respond(self, slash: Slash, args: Arguments) -> None:
        """A post to a response URL: seen by the person alone, or with `response_type` in_channel by everybody.

        Markdown blocks are refused, as they were by incoming webhooks
        (https://github.com/Utdanningsdirektoratet/designsystem/pull/146); whether response URLs take them is not
        documented. The names of the refusals are from memory.
        Raises: SlackError used_url, expired_url, no_text or invalid_blocks.
        """
        if slash.posts >= RESPONSES:
            raise SlackError("used_url")
        if time.monotonic() - slash.at > RESPONSE_SECONDS:
            raise SlackError("expired_url")
        self.answer(slash, args)
        slash.posts += 1

    def answer(self, slash: Slash, args: Mapping[str, object]) -> None:
        """Show the answer to a slash command, which came with its acknowledgement or through its response URL."""
        blocks = parse_blocks(args, markdown=False) or ()
        words = text(args, "text")
        if not words and not blocks:
            raise SlackError("no_text")
        public = text(args, "response_type") == "in_channel"
        slash.responses.append(FakeResponse(words, blocks, slash.channel, "" if public else slash.user))
        if public:
            message = self._compose(args, self._world.channels[slash.channel])
            self._service.post(message)
        self._service.changes.mark()
