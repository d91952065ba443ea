"""The Discord adapter on its own: the real discord.py against a fake Discord, with a core that says what it is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from adapters.discord import Discord
from errors import PlatformError, PlatformMisconfigured, PlatformUnreachable, ReplyImpossible
from memory.types import Delta, Inbound, Person, Place, Visibility
from tests.discord_home import HELLO, NOBODY_THERE, Core, Home, a_home, saying
from tests.fakes.discord import Permission


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
    async def accept(_: Inbound) -> bool:
        pytest.fail("nothing was said")

    async def connected() -> None:
        pytest.fail("nothing was connected")

    with pytest.raises(PlatformError) as caught:
        async with asyncio.timeout(10):
            await adapter.run(accept, connected)
    return caught.value


class TestAnswering:
    async def test_a_mention_is_answered_by_a_reply_to_it_that_pings_nobody(self, home: Home) -> None:
        async with home.core() as core:
            asked = await home.ask()
            await core.answered()
        (answer,) = home.fake.from_bot(home.channel)
        assert (answer.content, answer.reference_id, answer.mentions) == ("Hello!", asked, ())
        assert core.noted == [(0, answer.id)]
        (heard,) = core.heard
        assert heard.place == Place("discord", home.server, home.channel)
        assert (heard.text, heard.author_name, heard.visibility) == ("hello", "Alice", Visibility.PUBLIC)

    async def test_the_answer_pings_nobody_whatever_it_says(self, home: Home) -> None:
        async with home.core(saying(f"@everyone <@{home.bob}> look")) as core:
            await home.ask()
            await core.answered()
        (answer,) = home.fake.from_bot(home.channel)
        assert (answer.everyone, answer.mentions) == (False, ())

    async def test_a_long_answer_grows_by_edits_and_goes_on_in_further_messages(self, home: Home) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta("These are the first words of it, ")
            await home.fake.wait_for(lambda: bool(home.said()))
            yield Delta("and these the next. ")
            yield Delta("word " * 700)

        async with home.core(script) as core:
            asked = await home.ask()
            await core.answered()
        first, second = home.fake.from_bot(home.channel)
        assert first.edits[0].content.startswith("These are the first words of it")
        assert (first.reference_id, second.reference_id) == (asked, None)
        assert all(len(message.content) <= 2000 for message in (first, second))
        assert (
            f"{first.content} {second.content}"
            == ("These are the first words of it, and these the next. " + "word " * 700).rstrip()
        )
        assert core.noted == [(0, first.id), (1, second.id)]

    async def test_a_part_that_is_not_needed_any_more_is_deleted(self, home: Home) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta("a false start " * 200)
            await home.fake.wait_for(lambda: len(home.said()) == 2)
            yield Delta("Short.", restart=True)

        async with home.core(script) as core:
            await home.ask()
            await core.answered()
        assert home.said() == ["Short."]

    async def test_a_direct_message_is_answered_in_it(self, home: Home) -> None:
        channel = home.fake.open_dm(home.alice)
        async with home.core() as core:
            await home.fake.say(channel, home.alice, "hello")
            await core.answered()
        assert home.said(channel) == ["Hello!"]
        assert core.heard[0].place == Place("discord", "@me", channel)
        assert core.heard[0].visibility is Visibility.DIRECT

    async def test_in_a_thread_and_in_a_forum_post_the_answer_stays_there(self, home: Home) -> None:
        forum = home.fake.add_channel(home.server, "questions", kind="forum")
        threads = {
            home.fake.add_thread(home.channel, "plans"): home.channel,
            home.fake.add_thread(forum, "how?"): forum,
        }
        async with home.core() as core:
            for thread, parent in threads.items():
                core.settled.clear()
                await home.fake.say(thread, home.alice, "hello", mentions=[home.fake.bot_id])
                await core.answered()
                assert core.heard[-1].place == Place("discord", home.server, parent, thread)
                assert home.said(thread) == ["Hello!"]

    async def test_a_channel_hidden_from_everyone_is_private(self, home: Home) -> None:
        channel = home.fake.add_channel(home.server, "staff", private=True)
        async with home.core() as core:
            await home.fake.say(channel, home.alice, "hello", mentions=[home.fake.bot_id])
            await core.answered()
        assert core.heard[0].visibility is Visibility.PRIVATE

    async def test_bots_are_not_heard(self, home: Home) -> None:
        other = home.fake.add_user("other", bot=True)
        home.fake.add_member(home.server, other)
        async with home.core() as core:
            await home.fake.say(home.channel, other, "hello", mentions=[home.fake.bot_id])
            await home.ask("are you there?")
            await core.answered()
        assert [heard.text for heard in core.heard] == ["are you there?"]

    async def test_somebody_named_is_known_by_his_name_on_that_server(self, home: Home) -> None:
        async with home.core() as core:
            await home.ask(f"who is <@{home.bob}>?")
            await core.answered()
        assert core.heard[0].text == "who is @Bobby?"
        assert core.heard[0].mentions == (Person(home.bob, "Bobby"),)

    async def test_typing_shows_while_the_answer_is_thought_of(self, home: Home) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            await home.fake.wait_for(lambda: home.fake.typing(home.channel) > 0)
            yield Delta("Done.")

        async with home.core(script) as core:
            await home.ask()
            await core.answered()
        assert home.said() == ["Done."]

    async def test_an_answer_is_not_lost_when_typing_cannot_be_shown(self, home: Home) -> None:
        home.fake.fail_next("POST", "/typing", 403)
        async with home.core() as core:
            await home.ask()
            await core.answered()
        assert home.said() == ["Hello!"]


class TestTrouble:
    async def test_an_answer_refused_with_503_is_posted_again_once(self, home: Home) -> None:
        home.fake.fail_next("POST", f"/channels/{home.channel}/messages", 503)
        async with home.core() as core:
            await home.ask()
            await core.answered()
        assert home.said() == ["Hello!"]

    async def test_an_answer_whose_receipt_was_lost_does_not_stand_there_twice(self, home: Home) -> None:
        home.fake.fail_next("POST", f"/channels/{home.channel}/messages", 0, after_effect=True)
        async with home.core() as core:
            await home.ask()
            await core.answered()
        assert home.said() == ["Hello!"]
        assert core.failed == []

    async def test_an_answer_made_again_after_a_crash_takes_the_place_of_the_first(self, home: Home) -> None:
        async with home.core(saying("First try.")) as core:
            await home.ask()
            await core.answered()
            core.script = saying("Second try.")
            await core.accept(core.heard[0])
        assert home.said() == ["Second try."]

    async def test_a_message_that_was_deleted_meanwhile_is_still_answered(self, home: Home) -> None:
        async with home.core(before=lambda inbound: home.fake.delete(inbound.message_id)) as core:
            await home.ask()
            await core.answered()
        assert home.said() == ["Hello!"]

    async def test_where_the_bot_may_not_write_the_reply_is_given_up(self, home: Home) -> None:
        home.fake.set_overwrite(home.channel, home.fake.bot_id, deny=Permission.SEND_MESSAGES)
        async with home.core() as core:
            await home.ask()
            await core.answered()
        assert [type(error) for error in core.failed] == [ReplyImpossible]

    async def test_an_answer_that_was_deleted_meanwhile_is_given_up(self, home: Home) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta("These are the first words of it, ")
            await home.fake.wait_for(lambda: bool(home.said()))
            await home.fake.delete(home.fake.from_bot(home.channel)[0].id)
            yield Delta("and these are the last.")

        async with home.core(script) as core:
            await home.ask()
            await core.answered()
        assert [type(error) for error in core.failed] == [ReplyImpossible]

    async def test_a_message_that_cannot_be_handled_does_not_end_the_connection(
        self, home: Home, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def stumble(inbound: Inbound) -> None:
            if inbound.text == "secret":
                raise ZeroDivisionError

        async with home.core(before=stumble) as core:
            await home.ask("secret")
            await home.ask("hello")
            await core.answered()
        assert home.said() == ["Hello!"]
        assert [vars(record)["error"] for record in caplog.records if record.getMessage() == "event failed"] == [
            "ZeroDivisionError"
        ]
        assert "secret" not in caplog.text

    async def test_what_is_said_while_the_gateway_is_away_is_heard_afterwards(self, home: Home) -> None:
        async with home.core() as core:
            home.fake.drop_gateway()
            await home.ask()
            await core.answered()
        assert home.said() == ["Hello!"]
        assert home.fake.connections.resumes == 1

    async def test_without_a_connection_a_reply_is_to_be_tried_later(self, home: Home) -> None:
        async with home.core() as core:
            await home.ask()
            await core.answered()
        with pytest.raises(PlatformUnreachable):
            await core.adapter.post(core.heard[0], "too late", 0)


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

    async def test_an_intent_that_only_the_gateway_refuses_is_given_up_too(self, home: Home) -> None:
        def looked_up() -> bool:
            return sum(request.path == "/users/@me" for request in home.fake.requests) > 1

        core = Core(home.adapter(), HELLO)
        running = asyncio.create_task(core.adapter.run(core.accept, core.connected))
        try:
            await home.fake.wait_for(looked_up)
            home.fake.message_content_allowed = False
            await home.fake.wait_for(lambda: home.fake.connected)
            await home.ask()
            await core.answered()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        assert home.said() == ["Hello!"]
