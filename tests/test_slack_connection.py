"""How the Slack adapter connects, and how it stays connected: the real slack-sdk against a fake Slack's sockets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from slack_bolt.async_app import AsyncApp

from adapters.slack import Slack
from adapters.slack.connection import Connection
from adapters.slack.preflight import open_socket, web_client
from errors import PlatformError, PlatformMisconfigured, PlatformUnreachable
from memory.types import Delta, Inbound
from tests.answering import NOBODY_THERE, Core, saying
from tests.slack_home import Home, a_home


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        yield home


async def run_until_it_fails(adapter: Slack) -> PlatformError:
    core = Core(adapter, saying(""))
    with pytest.raises(PlatformError) as caught:
        async with asyncio.timeout(10):
            await adapter.run(core.intake)
    assert core.connections == 0
    assert not adapter.alive
    return caught.value


async def test_the_log_says_when_events_are_received(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "adapters")
    async with home.core() as core:
        await home.ask()
        await core.answered()
    assert core.connections == 1
    (ready,) = [record for record in caplog.records if record.getMessage() == "ready"]
    assert vars(ready)["platform"] == "slack"


async def test_a_bad_token_is_for_the_operator_to_mend_at_once(home: Home) -> None:
    for token in ("wrong", "wro\nng", home.fake.app_token):
        error = await run_until_it_fails(home.adapter(bot_token=token))
        assert isinstance(error, PlatformMisconfigured)
        assert "SLACK_BOT_TOKEN" in str(error)
        assert token not in str(error)
    for token in ("wrong", "wro\nng", home.fake.bot_token):
        error = await run_until_it_fails(home.adapter(app_token=token))
        assert isinstance(error, PlatformMisconfigured)
        assert "SLACK_APP_TOKEN" in str(error)
        assert token not in str(error)
    assert home.calls("apps.connections.open") == 2


async def test_an_api_that_is_down_is_to_be_tried_again(home: Home) -> None:
    error = await run_until_it_fails(home.adapter(api_url=f"http://{NOBODY_THERE}/api/"))
    assert isinstance(error, PlatformUnreachable)


@pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
async def test_a_slack_in_trouble_is_to_be_tried_again(home: Home, method: str) -> None:
    for outcome in (500, 0, "internal_error", "something_new"):
        home.fake.fail_next(method, outcome)
        assert isinstance(await run_until_it_fails(home.adapter()), PlatformUnreachable)


async def test_a_socket_that_is_refused_is_to_be_tried_again(home: Home) -> None:
    home.fake.socket.refuse_connections = 1
    assert isinstance(await run_until_it_fails(home.adapter()), PlatformUnreachable)


@pytest.mark.parametrize("expired", [0, 2])
async def test_a_connection_that_is_cut_is_replaced_with_a_fresh_address(home: Home, expired: int) -> None:
    async with home.core(pauses=[0.01]) as core:
        home.fake.expire_next_url(expired)
        home.fake.drop_socket()
        await home.fake.wait_for(lambda: home.fake.connected)
        await home.ask()
        await core.answered()
    assert home.said() == ["Hello!"]
    assert home.fake.connections.urls == 2 + expired
    assert (core.connections, core.gaps) == (2, 2)


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_a_connection_that_slack_refreshes_is_replaced_before_it_closes(home: Home, reason: str) -> None:
    async with home.core() as core:
        home.fake.ask_disconnect(reason, close_after=3.0)
        await home.fake.wait_for(lambda: home.fake.socket.open == 2)
        await home.ask()
        await core.answered()
        await home.fake.wait_for(lambda: home.fake.socket.open == 1)
        assert core.adapter.alive
        await home.until(lambda: core.connections == 2)
    assert home.said() == ["Hello!"]
    assert core.gaps == 1


async def test_a_connection_that_slack_closes_before_the_next_one_stands_leaves_a_gap(home: Home) -> None:
    async with home.core(pauses=[0.01]) as core:
        home.fake.fail_next("apps.connections.open", 500, times=5)
        home.fake.ask_disconnect(close_after=0.01)
        await home.until(lambda: core.connections == 2)
        assert home.calls("apps.connections.open") == 7
    assert core.gaps == 2


async def test_the_adapter_knows_whether_it_is_being_told_anything(home: Home) -> None:
    core = Core(home.adapter(pauses=[0.01]), saying(""))
    await home.until(lambda: not core.adapter.alive)
    async with core.running():
        await home.until(lambda: core.connections == 1 and core.adapter.alive)
        await home.fake.down()
        await home.until(lambda: not core.adapter.alive)
        await home.fake.up()
        await home.until(lambda: core.connections == 2 and core.adapter.alive)
    await home.until(lambda: not core.adapter.alive)


async def test_an_app_whose_socket_mode_is_switched_off_tells_the_operator_and_comes_back(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    async with home.core(pauses=[0.01]) as core:
        home.fake.fail_next("apps.connections.open", "something_new", times=3)
        home.fake.ask_disconnect("link_disabled", close_after=0.01)
        await home.until(lambda: core.connections == 2)
        await home.ask()
        await core.answered()
    (warning,) = [record for record in caplog.records if record.getMessage() == "Socket Mode is off"]
    assert "Socket Mode" in vars(warning)["advice"]
    assert home.said() == ["Hello!"]


async def test_with_too_many_connections_it_waits_for_a_free_one(home: Home) -> None:
    async with home.core(pauses=[0.01]) as core:
        home.fake.socket.most_connections = 0
        home.fake.drop_socket()
        await home.fake.wait_for(lambda: home.calls("apps.connections.open") >= 4)
        home.fake.socket.most_connections = 10
        await home.until(lambda: core.connections == 2)
        await home.ask()
        await core.answered()
    assert home.said() == ["Hello!"]


async def test_a_connection_that_answers_no_ping_any_more_has_ended(home: Home) -> None:
    async with web_client(home.fake.bot_token, home.fake.api_url) as web:
        url = await open_socket(web, home.fake.app_token)
        connection = Connection(web, url, AsyncApp(name="nobody", client=web), ping_seconds=0.2)
        try:
            await connection.start()
            home.fake.silence()
            async with asyncio.timeout(5):
                await connection.ended()
        finally:
            await connection.shut()
    assert not home.fake.connected


@pytest.mark.parametrize("code", ["invalid_auth", "token_revoked", "account_inactive", "missing_scope"])
async def test_a_token_that_is_revoked_ends_the_run(home: Home, code: str) -> None:
    core = Core(home.adapter(), saying(""))
    running = asyncio.create_task(core.adapter.run(core.intake))
    await home.fake.wait_for(lambda: home.fake.connected)
    home.fake.fail_next("apps.connections.open", code)
    home.fake.drop_socket()
    with pytest.raises(PlatformMisconfigured):
        async with asyncio.timeout(10):
            await running


async def test_mentions_without_messages_tell_the_operator_what_to_tick_once(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    home.fake.app.events.remove("message.channels")
    async with home.core() as core:
        await home.ask()
        await core.answered()
        (heard,) = core.heard
        for seconds in (60, 120):
            ts = f"{int(float(heard.message_id)) + seconds}.000100"
            event = {"type": "app_mention", "user": home.alice, "channel": home.channel, "ts": ts, "text": "hi"}
            home.fake.socket.deliver("events_api", {"type": "event_callback", "event": event})
        await home.quiet()
    (warning,) = [record for record in caplog.records if record.getMessage() == "mentions come but no messages"]
    assert "message.channels" in vars(warning)["advice"]


async def test_when_it_ends_nothing_stays_open(home: Home) -> None:
    async with home.core():
        assert home.fake.connected
    await home.fake.wait_for(lambda: not home.fake.connected)


async def test_an_answer_under_way_outlives_the_connection(home: Home) -> None:
    async def script(_: Inbound) -> AsyncIterator[Delta]:
        home.fake.drop_socket()
        await home.fake.wait_for(lambda: home.fake.connected)
        yield Delta("Still here.")

    async with home.core(script) as core:
        await home.ask()
        await core.answered()
    assert home.said() == ["Still here."]


async def test_what_came_by_a_connection_is_acknowledged_through_it_before_it_closes(home: Home) -> None:
    stored = asyncio.Event()

    async def wait(_: Inbound) -> None:
        await stored.wait()

    home.fake.socket.ack_seconds = 4.0
    async with home.core(before=wait) as core:
        await home.fake.say(home.channel, home.alice, "hello")
        await home.fake.wait_for(lambda: home.calls("users.info") == 1)
        home.fake.ask_disconnect(close_after=4.0)
        await home.fake.wait_for(lambda: home.fake.connections.opened == 2)
        stored.set()
        await home.fake.wait_for(lambda: home.fake.socket.open == 1)
    assert [heard.text for heard in core.heard] == ["hello"]
    assert [ack.in_time for ack in home.fake.acks] == [True]
