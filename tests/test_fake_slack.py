"""The fake Slack does to the real slack-bolt and slack-sdk what Slack does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tests.fakes.slack import FakeFile, FakeSlack
from tests.slack_town import Town, client_of

ANYTHING = re.compile(".*")
Next = Callable[[], Awaitable[BoltResponse]]


@dataclass(frozen=True)
class Heard:
    """An event as the app heard it, with the number of the try and the reason for it."""

    event_id: str
    attempt: str
    reason: str
    event: dict[str, object]

    def said(self) -> tuple[object, object]:
        return self.event["type"], self.event.get("text")


class Listener:
    """An app that keeps what it is told; while `deaf` it fails before the acknowledgement."""

    def __init__(self, fake: FakeSlack) -> None:
        async def authorize() -> AuthorizeResult:
            """Answer at once: Bolt's own call of auth.test, made by every event until one is back, shuffles them."""
            ids = {"team_id": fake.team_id, "bot_id": fake.bot_id, "bot_user_id": fake.bot_user_id}
            return AuthorizeResult(enterprise_id=None, bot_token=fake.bot_token, **ids)

        app = AsyncApp(client=client_of(fake), authorize=authorize)
        app.use(self._hear)
        app.event(ANYTHING)(self._done)
        app.command(ANYTHING)(self._command)
        self.handler = AsyncSocketModeHandler(app, fake.app_token, ping_interval=0.2)
        self.heard: asyncio.Queue[Heard] = asyncio.Queue()
        self.commands: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self.deaf = False

    async def _hear(self, req: AsyncBoltRequest, body: dict[str, object], next: Next) -> BoltResponse:  # noqa: A002 - Bolt hands it over by this name
        event = body.get("event")
        if isinstance(event, dict):
            attempt, reason = (req.headers[f"x-slack-retry-{name}"][0] for name in ("num", "reason"))
            await self.heard.put(Heard(str(body["event_id"]), attempt, reason, event))
        if self.deaf:
            raise RuntimeError("deaf")
        return await next()

    async def _done(self) -> None:
        pass

    async def _command(self, ack: Callable[[str], Awaitable[None]], command: dict[str, str]) -> None:
        await ack("seen")
        await self.commands.put(command)

    async def next(self) -> Heard:
        async with asyncio.timeout(5):
            return await self.heard.get()


@asynccontextmanager
async def connected(fake: FakeSlack) -> AsyncIterator[Listener]:
    """Run an app until the block is left; it is connected when the block begins."""
    listener = Listener(fake)
    await listener.handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt's own
    try:
        await fake.wait_for(lambda: fake.connected)
        yield listener
    finally:
        await listener.handler.close_async()  # type: ignore[no-untyped-call]  # Bolt's own


@pytest.fixture
async def fake() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as service:
        yield service


@pytest.fixture
def town(fake: FakeSlack) -> Town:
    return Town(fake)


async def test_a_mention_is_told_twice_in_either_order_with_one_ts(fake: FakeSlack, town: Town) -> None:
    async with connected(fake) as app:
        for mention_first, order in ((False, ["message", "app_mention"]), (True, ["app_mention", "message"])):
            ts = await fake.say(town.channel, town.alice, "hello", mention=True, mention_first=mention_first)
            first, second = await app.next(), await app.next()
            assert [first.said(), second.said()] == [(kind, f"{town.bot} hello") for kind in order]
            assert (first.event["ts"], second.event["ts"]) == (ts, ts)
            assert first.event_id != second.event_id
            assert {first.attempt, second.attempt} == {"0"}
        await fake.wait_for(lambda: len(fake.acks) == 4)
        assert all(ack.in_time for ack in fake.acks)


async def test_direct_messages_are_told_once_and_say_what_they_are(fake: FakeSlack, town: Town) -> None:
    bob = fake.add_user("Bob")
    group = fake.add_group_dm([town.alice, bob])
    async with connected(fake) as app:
        await fake.say(fake.open_dm(town.alice), town.alice, "psst", mention=True)
        await fake.say(group, bob, "all of you", files=[FakeFile("plan.png")])
        direct, grouped = await app.next(), await app.next()
    assert (direct.event["channel_type"], grouped.event["channel_type"]) == ("im", "mpim")
    assert grouped.event["subtype"] == "file_share"
    assert app.heard.empty()


async def test_nothing_is_told_without_subscription_scope_or_membership(fake: FakeSlack, town: Town) -> None:
    elsewhere = fake.add_channel("elsewhere", members=[town.alice], bot=False)
    secret = fake.add_channel("secret", private=True, members=[town.alice])
    fake.app.events.discard("message.channels")
    fake.app.scopes.discard("groups:history")
    async with connected(fake) as app:
        await fake.say(elsewhere, town.alice, "not here", mention=True)
        await fake.say(secret, town.alice, "not this")
        await fake.say(town.channel, town.alice, "nor that")
        await fake.say(town.channel, town.alice, "but this", mention=True)
        assert (await app.next()).said() == ("app_mention", f"{town.bot} but this")
    assert app.heard.empty()


async def test_what_is_not_acknowledged_comes_again_three_times(fake: FakeSlack, town: Town) -> None:
    fake.socket.ack_seconds, fake.socket.retry_pauses = 0.1, (0.0, 0.0, 0.0)
    async with connected(fake) as app:
        app.deaf = True
        await fake.say(town.channel, town.alice, "anybody?")
        await fake.wait_for(lambda: fake.socket.given_up == 1)
        tries = [await app.next() for _ in range(4)]
        app.deaf = False
        await fake.say(town.channel, town.alice, "now?")
        await fake.wait_for(lambda: len(fake.acks) == 1 and fake.socket.outstanding == 0)
    assert [heard.attempt for heard in tries] == ["0", "1", "2", "3"]
    assert [heard.reason for heard in tries] == ["", "timeout", "timeout", "timeout"]
    assert len({heard.event_id for heard in tries}) == 1


async def test_what_happens_while_nobody_is_connected_comes_with_a_later_try(fake: FakeSlack, town: Town) -> None:
    fake.socket.ack_seconds, fake.socket.retry_pauses = 0.1, (0.0, 2.0)
    await fake.say(town.channel, town.alice, "early")
    async with connected(fake) as app:
        assert (await app.next()).said() == ("message", "early")


async def test_a_dropped_socket_and_a_refresh_are_followed_by_another_connection(fake: FakeSlack, town: Town) -> None:
    async with connected(fake) as app:
        for disturb in (fake.drop_socket, fake.ask_disconnect, lambda: fake.ask_disconnect("warning")):
            before = fake.connections.opened
            disturb()
            await fake.wait_for(lambda before=before: fake.connections.opened > before and fake.connected)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
            await fake.say(town.channel, town.alice, "still there?")
            assert (await app.next()).said() == ("message", "still there?")


async def test_several_connections_share_the_events(fake: FakeSlack, town: Town) -> None:
    async with connected(fake) as one, connected(fake) as other:
        await fake.wait_for(lambda: fake.socket.open == 2)
        for text in ("eins", "zwei"):
            await fake.say(town.channel, town.alice, text)
        assert {(await one.next()).event["text"], (await other.next()).event["text"]} == {"eins", "zwei"}


async def test_a_spent_address_is_tried_for_ever_by_the_library(fake: FakeSlack) -> None:
    fake.expire_next_url()
    listener = Listener(fake)
    connecting = asyncio.create_task(listener.handler.connect_async())  # type: ignore[no-untyped-call]  # Bolt's own
    try:
        with pytest.raises(TimeoutError):
            await fake.wait_for(lambda: fake.connected, timeout=0.7)
        assert fake.connections.urls == 1
    finally:
        await listener.handler.close_async()  # type: ignore[no-untyped-call]  # Bolt's own
        await connecting


async def test_an_address_works_once(fake: FakeSlack) -> None:
    opened = await client_of(fake).apps_connections_open(app_token=fake.app_token)
    async with aiohttp.ClientSession() as session, session.ws_connect(opened["url"]) as socket:
        hello = await socket.receive_json()
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(opened["url"])
    assert (hello["type"], hello["connection_info"]["app_id"]) == ("hello", fake.app_id)


async def test_a_refused_socket_is_tried_again(fake: FakeSlack) -> None:
    fake.socket.refuse_connections = 2
    async with connected(fake):
        assert (fake.connections.urls, fake.connections.opened) == (1, 1)


async def test_silence_is_noticed_by_the_library_only_without_pongs(fake: FakeSlack, town: Town) -> None:
    fake.socket.retry_pauses = ()
    async with connected(fake) as app:
        fake.silence(pongs=True)
        await fake.say(town.channel, town.alice, "lost")
        await fake.wait_for(lambda: fake.socket.given_up == 1)
        assert fake.connections.opened == 1
        fake.silence()
        await fake.wait_for(lambda: fake.connections.opened == 2)
        await fake.say(town.channel, town.alice, "found")
        assert (await app.next()).event["text"] == "found"


async def test_the_library_comes_back_when_slack_was_down(fake: FakeSlack, town: Town) -> None:
    async with connected(fake) as app:
        await fake.down()
        assert not fake.connected
        await fake.up()
        await fake.wait_for(lambda: fake.connected)
        await fake.say(town.channel, town.alice, "hello again")
        assert (await app.next()).event["text"] == "hello again"


async def test_edits_previews_and_deletions_are_told(fake: FakeSlack, town: Town) -> None:
    alone = await fake.say(town.channel, town.alice, "alone")
    parent = await fake.say(town.channel, town.alice, "parent")
    await fake.say(town.channel, town.alice, "reply", thread_ts=parent)
    await fake.wait_for(lambda: fake.socket.outstanding == 3)
    fake.socket.stop()
    async with connected(fake) as app:
        await fake.preview_link(town.channel, alone)
        await fake.edit(town.channel, alone, f"{town.bot} edited")
        preview, change, mention = [(await app.next()).event for _ in range(3)]
        assert isinstance(preview["message"], dict)
        assert isinstance(change["message"], dict)
        assert (preview["subtype"], "edited" in preview["message"]) == ("message_changed", False)
        assert (change["subtype"], "edited" in change["message"]) == ("message_changed", True)
        assert (mention["type"], mention["ts"]) == ("app_mention", alone)
        await fake.delete(town.channel, alone)
        await fake.delete(town.channel, parent)
        gone, stone = (await app.next()).event, (await app.next()).event
        assert (gone["subtype"], gone["deleted_ts"]) == ("message_deleted", alone)
        assert isinstance(stone["message"], dict)
        assert (stone["subtype"], stone["message"]["subtype"]) == ("message_changed", "tombstone")
    assert [message.deleted for message in fake.messages(town.channel, parent)] == [True, False]


async def test_slash_commands_are_answered_at_once_and_five_times_later(fake: FakeSlack, town: Town) -> None:
    async with connected(fake) as app, asyncio.timeout(5):
        used = await fake.slash(town.alice, town.channel, "/forget", "me")
        command = await app.commands.get()
        await fake.wait_for(lambda: len(fake.responses(used)) == 1)
        assert (command["command"], command["text"], "thread_ts" in command) == ("/forget", "me", False)
        later = AsyncWebhookClient(command["response_url"])
        answers = [await later.send(text=f"done {number}") for number in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [404]
    assert [response.text for response in fake.responses(used)] == ["seen", *(f"done {n}" for n in range(5))]
    assert {response.user for response in fake.responses(used)} == {town.alice}
    with pytest.raises(LookupError):
        await fake.slash(town.alice, town.channel, "/unknown")


async def test_what_the_bot_writes_is_told_too_and_held_back_by_the_library(fake: FakeSlack, town: Town) -> None:
    async with connected(fake) as app:
        client = client_of(fake)
        posted = await client.chat_postMessage(channel=town.channel, text="one")
        await client.chat_update(channel=town.channel, ts=posted["ts"], text="two")
        await fake.wait_for(lambda: len(fake.acks) == 2)
    assert app.heard.empty()


async def test_changes_of_people_and_channels_are_told_to_who_subscribed(fake: FakeSlack, town: Town) -> None:
    told = ["user_change", "member_joined_channel", "channel_rename", "channel_shared", "channel_unshared"]
    fake.app.events.update(told)
    async with connected(fake) as app:
        fake.change_user(town.alice, display_name="Alicia", admin=True)
        fake.join(town.channel, fake.add_user("Bob"))
        fake.rename(town.channel, "all")
        fake.share(town.channel, "T0OTHER")
        fake.share(town.channel, "T0OTHER", shared=False)
        fake.leave(town.channel, town.alice)
        heard = [await app.next() for _ in (*told, "channel_name")]
    assert [change.event.get("subtype", change.event["type"]) for change in heard] == [
        *told[:3],
        "channel_name",
        *told[3:],
    ]
    assert heard[0].event["user"] == (await client_of(fake).users_info(user=town.alice))["user"]


async def test_a_channel_that_is_made_private_says_so_itself_with_its_new_kind(fake: FakeSlack, town: Town) -> None:
    async with connected(fake) as app:
        fake.convert(town.channel)
        heard = (await app.next()).event
    assert (heard["type"], heard["subtype"]) == ("message", "channel_convert_to_private")
    assert (heard["channel"], heard["channel_type"]) == (town.channel, "group")
    (channel,) = (await client_of(fake).users_conversations(types="private_channel"))["channels"]
    assert (channel["id"], channel["is_private"]) == (town.channel, True)


async def test_the_bot_is_told_that_it_left_a_channel_and_that_one_was_deleted(fake: FakeSlack, town: Town) -> None:
    fake.app.events.update(["channel_left", "channel_deleted"])
    doomed = fake.add_channel("doomed")
    async with connected(fake) as app:
        fake.leave(town.channel, fake.bot_user_id)
        fake.delete_channel(doomed)
        heard = [(await app.next()).event for _ in range(2)]
    assert [(event["type"], event["channel"]) for event in heard] == [
        ("channel_left", town.channel),
        ("channel_deleted", doomed),
    ]
    assert (await client_of(fake).users_conversations())["channels"] == []
