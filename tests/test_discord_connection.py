"""How the Discord adapter connects, stays connected and parts: the real discord.py against a fake Discord."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from adapters.discord import Discord
from adapters.discord.connection import UNREAD
from errors import PlatformError, PlatformMisconfigured, PlatformUnreachable
from tests.answering import HELLO, NOBODY_THERE, Core
from tests.discord_home import Home, a_home


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        yield home


class Ready(logging.Handler):
    """Waits for the line of the log that says that events are being received."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.platform = asyncio.get_running_loop().create_future()

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() == "ready":
            self.platform.set_result(vars(record)["platform"])


async def run_until_it_fails(adapter: Discord) -> PlatformError:
    core = Core(adapter, HELLO)
    with pytest.raises(PlatformError) as caught:
        async with core.running() as running, asyncio.timeout(10):
            await running
    assert (core.heard, core.connections) == ([], 0)
    return caught.value


class TestConnecting:
    async def test_the_log_says_when_events_are_received(self, home: Home, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "adapters")
        ready, log = Ready(), logging.getLogger("adapters")
        log.addHandler(ready)
        try:
            async with home.core(), asyncio.timeout(5):
                assert await ready.platform == "discord"
        finally:
            log.removeHandler(ready)

    async def test_a_bad_token_is_for_the_operator_to_mend(self, home: Home) -> None:
        for token in ("wrong", "wro\nng"):
            assert isinstance(await run_until_it_fails(home.adapter(token=token)), PlatformMisconfigured)

    async def test_a_proxys_refusal_is_to_be_tried_again(self, home: Home) -> None:
        for status in (403, 404, 408):
            home.fake.fail_next("GET", "/users/@me", status)
            assert isinstance(await run_until_it_fails(home.adapter()), PlatformUnreachable)

    async def test_a_gateway_that_does_not_say_goodbye_is_left_all_the_same(self, home: Home) -> None:
        home.fake.ignore_closes()
        async with asyncio.timeout(4):
            async with home.core() as core:
                await home.ask()
                await core.answered()
            await home.fake.wait_for(lambda: not home.fake.connected)

    async def test_an_api_that_is_down_is_to_be_tried_again(self, home: Home) -> None:
        adapter = home.adapter(api_url=f"http://{NOBODY_THERE}/api/v10")
        assert isinstance(await run_until_it_fails(adapter), PlatformUnreachable)

    async def test_a_gateway_that_is_down_is_to_be_tried_again_and_then_serves(self, home: Home) -> None:
        adapter = home.adapter(gateway_url=f"ws://{NOBODY_THERE}/")
        assert isinstance(await run_until_it_fails(adapter), PlatformUnreachable)
        async with home.core() as core:
            await home.ask()
            await core.answered()
        assert home.said() == ["Hello!"]

    async def test_with_the_intent_off_only_mentions_are_heard_and_the_log_says_where_to_switch_it_on(
        self, home: Home, caplog: pytest.LogCaptureFixture
    ) -> None:
        home.fake.message_content_allowed = False
        async with home.core() as core:
            await home.fake.say(home.channel, home.bob, "not for the bot")
            await home.ask()
            await core.answered()
        assert [heard.text for heard in core.heard] == ["hello"]
        (warning,) = [record for record in caplog.records if record.getMessage() == "message content intent off"]
        assert "https://discord.com/developers/applications" in vars(warning)["advice"]

    async def test_with_the_intent_off_who_answers_the_bot_without_a_ping_is_told_once_to_mention_it(
        self, home: Home
    ) -> None:
        home.fake.message_content_allowed = False
        async with home.core() as core:
            await home.ask()
            await core.answered()
            (answer,) = home.fake.from_bot(home.channel)
            replies = [
                await home.fake.say(home.channel, home.alice, words, reply_to=answer.id, ping=False)
                for words in ("and now?", "hello?")
            ]
            await home.fake.wait_for(lambda: home.said() == ["Hello!", UNREAD])
            core.settled.clear()
            await home.fake.say(home.channel, home.alice, "with a ping", reply_to=answer.id)
            await core.answered()
        assert [heard.text for heard in core.heard] == ["hello", "with a ping"]
        assert [(said.content, said.reference_id) for said in home.fake.from_bot(home.channel)[1:2]] == [
            (UNREAD, replies[0])
        ]
        assert home.said().count(UNREAD) == 1

    async def test_with_the_intent_off_the_bots_role_alone_is_no_empty_question(self, home: Home) -> None:
        home.fake.message_content_allowed = False
        async with home.core() as core:
            await home.fake.say(home.channel, home.alice, f"<@&{home.fake.bot_role(home.server)}> hello")
            await home.ask("with a mention")
            await core.answered()
        assert [heard.text for heard in core.heard] == ["with a mention"]

    async def test_an_intent_that_only_the_gateway_refuses_is_given_up_too(self, home: Home) -> None:
        def looked_up() -> bool:
            return sum(request.path == "/users/@me" for request in home.fake.requests) > 1

        core = Core(home.adapter(), HELLO)
        async with core.running():
            await home.fake.wait_for(looked_up)
            home.fake.message_content_allowed = False
            await home.fake.wait_for(lambda: home.fake.connected)
            await home.ask()
            await core.answered()
        assert home.said() == ["Hello!"]
