"""The fake Slack's Web API answers the real slack-sdk as Slack does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import FakeSlack
from tests.slack_town import Town, client_of


@pytest.fixture
async def fake() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as service:
        yield service


@pytest.fixture
def town(fake: FakeSlack) -> Town:
    return Town(fake)


async def refusal(call: Awaitable[object]) -> str:
    """The name that Slack gives to a refusal."""
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


async def test_an_answer_is_posted_and_edited(fake: FakeSlack, town: Town) -> None:
    ts = await fake.say(town.channel, town.alice, "hello")
    client = client_of(fake)
    markdown = [{"type": "markdown", "text": "**Hi**"}]
    posted = await client.chat_postMessage(
        channel=town.channel, text="Hi", blocks=markdown, thread_ts=ts, unfurl_links=False, unfurl_media=False
    )
    assert posted["message"]["thread_ts"] == ts
    markdown[0]["text"] = "**Hi** there"
    await client.chat_update(channel=town.channel, ts=posted["ts"], text="Hi there", blocks=markdown)
    [answer] = fake.from_bot(town.channel)
    assert (answer.shown, answer.text, answer.thread_ts) == ("**Hi** there", "Hi there", ts)
    assert [edit.shown for edit in answer.edits] == ["**Hi**"]
    assert (answer.unfurl_links, answer.unfurl_media, answer.edited) == (False, False, "")
    await client.chat_update(channel=town.channel, ts=posted["ts"], text="only text")
    assert fake.from_bot(town.channel)[0].shown == "only text"
    replies = await client.conversations_replies(channel=town.channel, ts=ts)
    assert [message["user"] for message in replies["messages"]] == [town.alice, fake.bot_user_id]


async def test_a_reply_to_a_deleted_message_lands_in_the_channel_unannounced(fake: FakeSlack, town: Town) -> None:
    ts = await fake.say(town.channel, town.alice, "never mind")
    await fake.delete(town.channel, ts)
    client = client_of(fake)
    posted = await client.chat_postMessage(channel=town.channel, text="an answer", thread_ts=ts)
    assert "thread_ts" not in posted["message"]
    assert [message.text for message in fake.messages(town.channel)] == ["an answer"]
    assert await refusal(client.conversations_replies(channel=town.channel, ts=ts)) == "thread_not_found"
    await client.chat_delete(channel=town.channel, ts=posted["ts"])
    assert fake.messages(town.channel) == []


async def test_slack_says_why_something_cannot_be_written(fake: FakeSlack, town: Town) -> None:
    client = client_of(fake)
    hers = await fake.say(town.channel, town.alice, "mine")
    own = str((await client.chat_postMessage(channel=town.channel, text="x" * 5000))["ts"])
    public = fake.add_channel("elsewhere", bot=False)
    private = fake.add_channel("secret", private=True, bot=False)
    old = fake.add_channel("old")
    fake.archive(old)

    async def post(channel: str = town.channel, text: str = "x", length: int = 0, section: int = 0) -> str:
        blocks: list[object] = [{"type": "markdown", "text": "x" * length}] if length else []
        blocks += [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * section}}] if section else []
        form = {"channel": channel, "text": text} | ({"blocks": json.dumps(blocks)} if blocks else {})
        return await refusal(client.api_call("chat.postMessage", data=form))

    async def update(ts: str, text: str = "x") -> str:
        return await refusal(client.chat_update(channel=town.channel, ts=ts, text=text))

    assert [await post(public), await post(private), await post(old)] == [
        "not_in_channel",
        "channel_not_found",
        "is_archived",
    ]
    assert [await post(text=""), await post(length=12_001), await post(section=3_001)] == [
        "no_text",
        "msg_blocks_too_long",
        "invalid_blocks",
    ]
    assert [
        await update(hers),
        await update("1.000001"),
        await update(own, "x" * 4_001),
        await update(own, "я" * 2_001),
    ] == [
        "cant_update_message",
        "message_not_found",
        "msg_too_long",
        "msg_too_long",
    ]
    assert await refusal(client.chat_delete(channel=town.channel, ts=hers)) == "cant_delete_message"


async def test_a_lost_answer_may_hide_a_post_which_its_metadata_finds(fake: FakeSlack, town: Town) -> None:
    ts = await fake.say(town.channel, town.alice, "hello")
    once = client_of(fake)
    key = {"event_type": "reply", "event_payload": {"part": 0}}
    fake.fail_next("chat.postMessage", 0)
    fake.fail_next("chat.postMessage", 0, after_effect=True)
    for _ in range(2):
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await once.chat_postMessage(channel=town.channel, text="hi", thread_ts=ts, metadata=key)
    plain = await once.conversations_replies(channel=town.channel, ts=ts)
    whole = await once.conversations_replies(channel=town.channel, ts=ts, include_all_metadata=True)
    assert [message.get("metadata") for message in plain["messages"]] == [None, None]
    assert [message.get("metadata") for message in whole["messages"]] == [None, key]

    twice = AsyncWebClient(fake.bot_token, base_url=fake.api_url)
    fake.fail_next("chat.postMessage", 0, after_effect=True)
    await twice.chat_postMessage(channel=town.channel, text="twice", thread_ts=ts)
    assert [message.text for message in fake.from_bot(town.channel)] == ["hi", "twice", "twice"]


async def test_rate_limits_are_told_and_obeyed(fake: FakeSlack, town: Town) -> None:
    client = client_of(fake)
    fake.pace_posts = True
    await client.chat_postMessage(channel=town.channel, text="one")
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=town.channel, text="two")
    assert (caught.value.response.status_code, caught.value.response.headers["Retry-After"]) == (429, "1")
    patient = AsyncWebClient(fake.bot_token, base_url=fake.api_url, retry_handlers=[AsyncRateLimitErrorRetryHandler()])
    fake.rate_limit_next("auth.test", 0)
    assert (await patient.auth_test())["user_id"] == fake.bot_user_id
    assert [request.method for request in fake.requests[-2:]] == ["auth.test"] * 2
    fake.fail_next("auth.test", 503)
    fake.fail_next("auth.test", "fatal_error")
    with pytest.raises(SlackApiError):
        await client.auth_test()
    assert await refusal(client.auth_test()) == "fatal_error"


async def test_tokens_and_scopes_are_looked_at(fake: FakeSlack, town: Town) -> None:
    client = client_of(fake)
    granted = (await client.auth_test()).headers["x-oauth-scopes"]
    assert set(granted.split(",")) == fake.app.scopes
    assert await refusal(client.auth_test(token=fake.team_id)) == "invalid_auth"
    assert await refusal(client.apps_connections_open(app_token=fake.bot_token)) == "not_allowed_token_type"
    assert await refusal(client.apps_connections_open(app_token=fake.team_id)) == "invalid_auth"
    fake.app.scopes.discard("users:read")
    with pytest.raises(SlackApiError) as caught:
        await client.users_info(user=town.alice)
    assert (caught.value.response["error"], caught.value.response["needed"]) == ("missing_scope", "users:read")


async def test_people_and_conversations_are_described(fake: FakeSlack, town: Town) -> None:
    client = client_of(fake)
    boss = fake.add_user("Boss", owner=True)
    guest = fake.add_user("Guest", admin=True, team="T0OTHER")
    shared = fake.add_channel("partners", private=True, shared=True, members=[boss, guest])
    users = [(await client.users_info(user=user))["user"] for user in (town.alice, boss, guest)]
    assert [user["is_admin"] for user in users] == [False, True, True]
    assert [user["team_id"] == fake.team_id for user in users] == [True, True, False]
    assert users[0]["profile"]["display_name"] == "Al"
    assert (await client.bots_info(bot=fake.bot_id))["bot"]["user_id"] == fake.bot_user_id
    info = (await client.conversations_info(channel=shared))["channel"]
    assert (info["is_private"], info["is_ext_shared"], info["is_member"]) == (True, True, True)
    own = await client.users_conversations(types="public_channel,private_channel,im")
    assert [channel["id"] for channel in own["channels"]] == [town.channel, shared]
    opened = await client.conversations_open(users=town.alice)
    assert opened["channel"]["id"] == fake.open_dm(town.alice)


async def test_histories_are_read_page_by_page(fake: FakeSlack, town: Town) -> None:
    first = await fake.say(town.channel, town.alice, "first")
    for text in ("a", "b", "c"):
        await fake.say(town.channel, town.alice, text, thread_ts=first)
    await fake.say(town.channel, town.alice, "loud", thread_ts=first, broadcast=True)
    await fake.say_as_workflow(town.channel, "Standup", "second")
    client = client_of(fake)
    history = await client.conversations_history(channel=town.channel)
    assert [message["text"] for message in history["messages"]] == ["second", "loud", "first"]
    assert history["messages"][2]["reply_count"] == 4
    newer = await client.conversations_history(channel=town.channel, oldest=first)
    assert [message["text"] for message in newer["messages"]] == ["second", "loud"]
    pages = [
        [message["text"] for message in page["messages"]]
        async for page in await client.conversations_replies(channel=town.channel, ts=first, limit=3)
    ]
    assert pages == [["first", "a", "b"], ["first", "c", "loud"]]


async def test_only_one_person_sees_an_ephemeral_message_and_a_status_passes(fake: FakeSlack, town: Town) -> None:
    client = client_of(fake)
    ts = await fake.say(town.channel, town.alice, "hello")
    await client.chat_postEphemeral(channel=town.channel, user=town.alice, text="psst", thread_ts=ts)
    await client.assistant_threads_setStatus(channel_id=town.channel, thread_ts=ts, status="is thinking…")
    [whisper], [status] = fake.ephemerals, fake.statuses
    assert (whisper.text, whisper.user, status.thread_ts) == ("psst", town.alice, ts)
    assert len(fake.messages(town.channel, ts)) == 1


async def test_mentions_that_notify_are_counted_wherever_slack_reads_them(fake: FakeSlack, town: Town) -> None:
    client = client_of(fake)
    escaped = "&lt;!channel&gt; @here"
    markdown = [{"type": "markdown", "text": f"<@{town.alice}>"}]
    section = [{"type": "section", "text": {"type": "mrkdwn", "text": "<!here|here>"}}]
    plain = [{"type": "section", "text": {"type": "plain_text", "text": "<!here>"}}]
    await client.chat_postMessage(channel=town.channel, text=escaped)
    await client.chat_postMessage(channel=town.channel, text=escaped, link_names=True)
    for blocks in (markdown, section, plain):
        await client.chat_postMessage(channel=town.channel, text="x", blocks=blocks)
    quiet, linked, user, here, literal = [message.pings for message in fake.from_bot(town.channel)]
    assert not quiet
    assert not literal
    assert (linked.broadcasts, here.broadcasts) == (frozenset({"here"}), frozenset({"here"}))
    assert user.users == frozenset({town.alice})


async def test_a_method_takes_only_so_many_calls(fake: FakeSlack, town: Town) -> None:
    client = client_of(fake)
    fake.allow_calls("conversations.history", 2, seconds=0.2)
    for _ in range(2):
        await client.conversations_history(channel=town.channel)
    assert await refusal(client.conversations_history(channel=town.channel)) == "ratelimited"
    patient = AsyncWebClient(fake.bot_token, base_url=fake.api_url, retry_handlers=[AsyncRateLimitErrorRetryHandler()])
    assert (await patient.conversations_history(channel=town.channel))["messages"] == []


async def test_a_status_goes_with_the_bots_next_message_in_the_thread_or_with_an_empty_one(
    fake: FakeSlack, town: Town
) -> None:
    client = client_of(fake)
    ts, other = [await fake.say(town.channel, town.alice, text) for text in ("hello", "bye")]
    for thread in (ts, other):
        await client.assistant_threads_setStatus(channel_id=town.channel, thread_ts=thread, status="is thinking…")
    await client.chat_postMessage(channel=town.channel, thread_ts=ts, text="hi")
    assert [fake.status(town.channel, thread) for thread in (ts, other)] == ["", "is thinking…"]
    await client.assistant_threads_setStatus(channel_id=town.channel, thread_ts=other, status="")
    assert fake.status(town.channel, other) == ""


async def test_later_pages_of_a_thread_may_lack_the_parent(fake: FakeSlack, town: Town) -> None:
    fake.repeat_parent = False
    first = await fake.say(town.channel, town.alice, "first")
    for text in ("a", "b", "c"):
        await fake.say(town.channel, town.alice, text, thread_ts=first)
    pages = [
        [message["text"] for message in page["messages"]]
        async for page in await client_of(fake).conversations_replies(channel=town.channel, ts=first, limit=3)
    ]
    assert pages == [["first", "a", "b"], ["c"]]


async def test_an_edit_links_names_unless_it_says_that_it_does_not(fake: FakeSlack, town: Town) -> None:
    client = client_of(fake)
    for parse in (None, "none"):
        posted = await client.chat_postMessage(channel=town.channel, text="x")
        await client.chat_update(channel=town.channel, ts=posted["ts"], text="@here", parse=parse)
    assert [bool(message.pings) for message in fake.from_bot(town.channel)] == [True, False]


async def test_answers_and_frames_can_be_made_nonsense(fake: FakeSlack, town: Town) -> None:
    fake.garble("users.info", lambda answer: [answer])
    with pytest.raises(AttributeError):
        await client_of(fake).users_info(user=town.alice)
    opened = await client_of(fake).apps_connections_open(app_token=fake.app_token)
    async with aiohttp.ClientSession() as session, session.ws_connect(opened["url"]) as socket:
        await socket.receive_json()
        fake.send_frame("no JSON")
        assert await socket.receive_str() == "no JSON"
