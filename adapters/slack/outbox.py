"""What the bot writes: posts that are found again when their receipt was lost, edits, and what it takes back."""

from __future__ import annotations

import asyncio
from time import time
from typing import Final

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack.blocks import Block, send_in_blocks
from adapters.slack.changes import Deleted
from adapters.slack.failures import FAILURES, as_reply_error, code_of, is_refusal
from adapters.slack.pace import Pace
from adapters.slack.wire import Json, as_map, map_at, maps_at, text_at
from errors import EditRefused, PlatformUnreachable, ReplyImpossible
from memory.types import Inbound, Place, Recent

EVENT_TYPE: Final = "threadkeeper_reply"
"""The type of the metadata on every post: which message it answers, and as which part."""

POST_SECONDS: Final = 1.0
"""From one post in a channel to the next: https://docs.slack.dev/apis/web-api/rate-limits#posting-messages."""

_KEPT: Final = 4096
"""Messages that are remembered as new, as deleted, as taken back by the bot, or as refused an edit, newest ones."""

_PAGE: Final = 200
_PAGES: Final = 5
"""How far is looked for a post: it stands shortly behind the message that it answers."""

_EDIT_BURST: Final = 10
_EDIT_SECONDS: Final = 1.5
"""How many edits there are at once, and then one in how long: 50 a minute, Slack's tier 3 for `chat.update`.

https://docs.slack.dev/apis/web-api/rate-limits. More would each be put off, the last words of an answer among them.
"""

_SHORTEST_WINDOW: Final = 60.0
"""Seconds for which a message can be edited where a workspace allows it at all; its settings go by the minute."""


class Outbox:
    """All that one bot posts with one client; `user` is the bot's own.

    From one post in a channel to the next it waits `post_seconds`. `takes_edits` is false once Slack has refused the
    edit of what had just been posted: then the workspace allows none.
    """

    def __init__(self, web: AsyncWebClient, user: str, post_seconds: float = POST_SECONDS) -> None:
        self._web = web
        self._user = user
        self._post_seconds = post_seconds
        self._new = Recent[tuple[str, str], None](_KEPT)
        self._free: dict[str, float] = {}
        self._gone = Recent[tuple[str, str], None](_KEPT)
        self._taken_back = Recent[tuple[str, str], None](_KEPT)
        self._refused = Recent[tuple[str, str], None](_KEPT)
        self.takes_edits = True
        self._edits = Pace(_EDIT_BURST, _EDIT_SECONDS)

    def notice(self, deleted: Deleted) -> bool:
        """Take in that a message was deleted, and say whether the bot did it.

        A message with replies leaves a tombstone, which still takes replies.
        """
        key = deleted.channel, deleted.ts
        if deleted.thread:
            self._gone[key] = None
        return key in self._taken_back

    def begin(self, to: Inbound) -> None:
        """Note that a message is new to this run of the bot, so that no answer to it can stand anywhere yet."""
        self._new[_key(to)] = None

    def is_new(self, to: Inbound) -> bool:
        """Whether all parts of the answer to a message are known."""
        return _key(to) in self._new

    async def standing(self, to: Inbound) -> list[str]:
        """Look for the answer to a message by its metadata, and give the ids of its parts in their order.

        Raises: ReplyImpossible, PlatformUnreachable.
        """
        try:
            found = await self._find(to)
        except FAILURES as exc:
            raise as_reply_error(exc) from exc
        return [found[part] for part in sorted(found)]

    async def post(self, to: Inbound, text: str, part: int) -> str:
        """Post a part of an answer; one that may stand there already is looked for first, and given this text.

        A thread that is gone takes no answer, and neither does the channel in its place.
        Raises: ReplyImpossible, PlatformUnreachable; after the latter the next try looks first.
        """
        if (to.place.channel, to.place.thread) in self._gone:
            raise ReplyImpossible("the thread is gone")
        try:
            if not self.is_new(to) and (found := (await self._find(to)).get(part)):
                try:
                    await self.edit(to.place, found, text)
                except EditRefused:
                    await self.remove(to.place, found)
                else:
                    return found
            await self._pace(to.place.channel)
            return await self._post(to, text, part)
        except FAILURES as exc:
            if not is_refusal(exc):
                self._doubt(to)
            raise as_reply_error(exc) from exc
        except (PlatformUnreachable, asyncio.CancelledError):
            self._doubt(to)
            raise

    async def edit(self, place: Place, ts: str, text: str) -> None:
        """Give a post another text; its metadata stay.

        Slack has more reasons to refuse than it documents, and some of them pass: only the second refusal in a row is
        believed, so that one on the way leaves no half answer.
        Raises: EditRefused, ReplyImpossible, PlatformUnreachable.
        """
        key = place.channel, ts

        async def update(notification: str, blocks: list[Block]) -> None:
            await self._web.chat_update(
                channel=place.channel,
                ts=ts,
                text=notification,
                blocks=blocks,
                parse="none",  # an edit is parsed in another way unless this is said, unlike a post
                link_names=False,
            )

        await self._edits.turn()
        try:
            await send_in_blocks(text, update)
        except FAILURES as exc:
            error = as_reply_error(exc)
            if isinstance(error, EditRefused) and time() - float(ts) < _SHORTEST_WINDOW:
                self.takes_edits = False
            elif type(error) is ReplyImpossible and key not in self._refused:
                self._refused[key] = None
                raise PlatformUnreachable(str(error)) from exc
            raise error from exc
        self._refused.pop(key, None)

    async def remove(self, place: Place, ts: str) -> None:
        """Delete a post; quietly, when it is gone already.

        Raises: ReplyImpossible, PlatformUnreachable.
        """
        key = place.channel, ts
        self._taken_back[key] = None  # before Slack tells of it
        try:
            await self._web.chat_delete(channel=place.channel, ts=ts)
        except FAILURES as exc:
            if code_of(exc) == "message_not_found":
                return
            if is_refusal(exc):
                self._taken_back.pop(key, None)
            raise as_reply_error(exc) from exc

    async def announce(self, place: Place, text: str) -> None:
        """Post what answers nobody; it is not looked for, so it is not tried again either.

        Raises: ReplyImpossible, PlatformUnreachable.
        """
        try:
            await self._pace(place.channel)
            await self._send(place, text)
        except FAILURES as exc:
            raise as_reply_error(exc) from exc

    async def whisper(self, to: Inbound, text: str) -> str:
        """Answer a message so that its author alone reads it, for as long as he does not reload.

        Slack shows it in no history, lets nobody edit it, and takes no metadata with it: of a part whose receipt was
        lost, or that was sent right before the process died, nobody can tell, and it is said twice, to that person.
        https://docs.slack.dev/reference/methods/chat.postEphemeral.
        Raises: ReplyImpossible, also where the author is not in the channel; PlatformUnreachable.
        """

        async def send(notification: str, blocks: list[Block]) -> AsyncSlackResponse:
            return await self._web.chat_postEphemeral(
                channel=to.place.channel,
                user=to.author,
                thread_ts=to.place.thread or None,
                text=notification,
                blocks=blocks,
                parse="none",
                link_names=False,
            )

        try:
            response = await send_in_blocks(text, send)
        except FAILURES as exc:
            raise as_reply_error(exc) from exc
        return text_at(as_map(response.data), "message_ts") or f"{to.message_id}-whisper"

    async def _post(self, to: Inbound, text: str, part: int) -> str:
        payload = {"answers": to.message_id, "part": part}
        return await self._send(to.place, text, {"event_type": EVENT_TYPE, "event_payload": payload})

    async def _send(self, place: Place, text: str, metadata: dict[str, object] | None = None) -> str:
        """Post, and return the `ts` of it.

        Raises: what slack-sdk raises, ReplyImpossible, PlatformUnreachable.
        """

        async def send(notification: str, blocks: list[Block]) -> AsyncSlackResponse:
            return await self._web.chat_postMessage(
                channel=place.channel,
                thread_ts=place.thread or None,
                text=notification,
                blocks=blocks,
                metadata=metadata,
                unfurl_links=False,
                unfurl_media=False,
                parse="none",
                link_names=False,
            )

        response = await send_in_blocks(text, send)
        self._rest(place.channel)  # Slack counts from when the post came to it, which was before now
        data = as_map(response.data)
        ts = text_at(data, "ts")
        if not ts:
            raise PlatformUnreachable("Slack did not say where the message stands")
        if place.thread and not text_at(map_at(data, "message"), "thread_ts"):
            # A thread that Slack does not find it leaves out, and puts the message into the channel:
            # https://github.com/slack-go/slack/issues/1571
            await self.remove(place, ts)
            raise ReplyImpossible("the thread is gone")
        return ts

    def _doubt(self, to: Inbound) -> None:
        """Note that a part of the answer to a message may stand there unknown."""
        self._new.pop(_key(to), None)

    async def _find(self, to: Inbound) -> dict[int, str]:
        """Look for the parts of an answer that stand there: the `ts` of each, by its number."""
        found: dict[int, str] = {}
        cursor = ""
        for _ in range(_PAGES):
            data = await self._page(to, cursor)
            for message in maps_at(data, "messages"):
                part = self._part_of(message, to.message_id)
                if part is not None:
                    found.setdefault(part, text_at(message, "ts"))
            cursor = text_at(map_at(data, "response_metadata"), "next_cursor")
            if not cursor:
                break
        return found

    async def _page(self, to: Inbound, cursor: str) -> Json:
        """Read what stands behind a message, in its thread or in the channel itself."""
        channel, thread, oldest = to.place.channel, to.place.thread, to.message_id
        if thread:
            response = await self._web.conversations_replies(
                channel=channel, ts=thread, oldest=oldest, cursor=cursor or None, limit=_PAGE, include_all_metadata=True
            )
        else:
            response = await self._web.conversations_history(
                channel=channel, oldest=oldest, cursor=cursor or None, limit=_PAGE, include_all_metadata=True
            )
        return as_map(response.data)

    def _part_of(self, message: Json, answers: str) -> int | None:
        """As which part a message answers another one, if it does."""
        metadata = map_at(message, "metadata")
        payload = map_at(metadata, "event_payload")
        own = text_at(message, "user") == self._user and text_at(metadata, "event_type") == EVENT_TYPE
        part = payload.get("part")
        return part if own and text_at(payload, "answers") == answers and isinstance(part, int) else None

    async def _pace(self, channel: str) -> None:
        """Wait for the channel's turn."""
        now = asyncio.get_running_loop().time()
        turn = max(now, self._free.get(channel, now))
        busy = {key: free for key, free in self._free.items() if free > now}
        self._free = busy | {channel: turn + self._post_seconds}
        await asyncio.sleep(turn - now)

    def _rest(self, channel: str) -> None:
        """Let no post begin in a channel for a while from now."""
        now = asyncio.get_running_loop().time()
        self._free[channel] = max(self._free.get(channel, now), now + self._post_seconds)


def _key(to: Inbound) -> tuple[str, str]:
    return to.place.channel, to.message_id
