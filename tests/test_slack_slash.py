"""Slash commands on Slack: the real slack-bolt against a fake Slack, with a core that says what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from errors import PlatformUnreachable, ReplyImpossible, StorageUnavailable
from memory.types import Access, Delta, Inbound, Person, Place, Visibility
from tests.answering import saying
from tests.slack_home import Home, a_home


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        yield home


async def test_a_command_comes_in_as_its_prefix_form_and_is_answered_to_its_user_alone(home: Home) -> None:
    async with home.core(saying("**Forgotten.**")) as core:
        used = await home.fake.slash(home.alice, home.channel, "/forget", f"<@{home.bob}|bob> now")
        await core.answered()
    (heard,) = core.heard
    assert (heard.text, heard.addressed, heard.private) == ("!forget @Bobby now", True, True)
    assert heard.mentions == (Person(home.bob, "Bobby"),)
    assert heard.place == Place("slack", home.fake.team_id, home.channel)
    assert heard.visibility is Visibility.PUBLIC
    assert [(answer.text, answer.user) for answer in home.fake.responses(used)] == [("*Forgotten.*", home.alice)]
    assert home.said() == []
    assert [ack.payload for ack in home.fake.acks if ack.in_time] == [{}]


async def test_a_command_works_in_a_direct_message_and_where_the_bot_is_not(home: Home) -> None:
    direct = home.fake.open_dm(home.alice)
    elsewhere = home.fake.add_channel("elsewhere", private=True, members=[home.alice], bot=False)
    async with home.core() as core:
        for channel in (direct, elsewhere):
            core.settled.clear()
            used = await home.fake.slash(home.alice, channel, "/forget")
            await core.answered()
            assert [answer.text for answer in home.fake.responses(used)] == ["Hello!"]
    assert [heard.visibility for heard in core.heard] == [Visibility.DIRECT, Visibility.PRIVATE]


async def test_a_command_in_the_direct_messages_of_two_others_is_not_in_the_bots_own(home: Home) -> None:
    others = home.fake.open_dm_of_others(home.alice, home.bob)
    async with home.core() as core:
        for user in (home.alice, home.bob):
            core.settled.clear()
            await home.fake.say(home.channel, user, f"see <#{others}>")
            used = await home.fake.slash(user, others, "/forget", "now")
            await core.answered()
            assert [answer.text for answer in home.fake.responses(used)] == ["Hello!"]
    used_there = [heard.access for heard in core.heard if heard.place.channel == others]
    assert used_there == [Access(Visibility.PRIVATE, shared=True)] * 2


async def test_where_slack_does_not_say_whose_direct_messages_they_are_the_bot_knows_those_it_was_spoken_to_in(
    home: Home,
) -> None:
    direct = home.fake.open_dm(home.alice)
    async with home.core() as core:
        core.deaf = True
        for outcome in ("internal_error", "missing_scope"):
            home.fake.fail_next("conversations.info", outcome)
            await home.fake.slash(home.alice, direct, "/forget")
            await home.quiet()
        await home.fake.say(direct, home.alice, "hello")
        await home.quiet()
        home.fake.fail_next("conversations.info", "internal_error", times=1000)
        await home.fake.slash(home.alice, direct, "/forget")
        await home.quiet()
    private, direct_ = Access(Visibility.PRIVATE, shared=True), Access(Visibility.DIRECT)
    assert [heard.access for heard in core.heard] == [private, private, direct_, direct_]


async def test_a_long_answer_to_a_command_is_seen_by_its_user_alone_in_all_its_parts(home: Home) -> None:
    async with home.core(saying("word " * 3000)) as core:
        used = await home.fake.slash(home.alice, home.channel, "/forget")
        await core.answered()
    answers = home.fake.responses(used)
    assert [answer.user for answer in answers] == [home.alice, home.alice]
    assert " ".join(answer.text for answer in answers).split() == ["word"] * 3000


async def test_an_answer_that_grows_is_said_once_when_it_is_whole(home: Home) -> None:
    async def script(inbound: Inbound) -> AsyncIterator[Delta]:
        yield Delta("These are the first words of it, ")
        for _ in range(20):  # turns in which they would be sent: they are worth showing
            await asyncio.sleep(0)
        assert inbound.private
        yield Delta("Short.", restart=True)

    async with home.core(script) as core:
        used = await home.fake.slash(home.alice, home.channel, "/forget")
        await core.answered()
    assert [answer.text for answer in home.fake.responses(used)] == ["Short."]


async def test_nobody_is_notified_by_an_answer_to_a_command(home: Home) -> None:
    async with home.core(saying("<!channel> & more")) as core:
        used = await home.fake.slash(home.alice, home.channel, "/forget")
        await core.answered()
    assert [answer.text for answer in home.fake.responses(used)] == ["&lt;!channel&gt; &amp; more"]


async def test_a_command_that_nothing_comes_of_says_so_to_its_user(home: Home) -> None:
    home.fake.app.commands.add("/other")
    async with home.core() as core:
        core.deaf = True
        for command in ("/forget", "/other"):
            used = await home.fake.slash(home.alice, home.channel, command)
            await home.fake.wait_for(lambda: home.fake.socket.outstanding == 0)
            (answer,) = home.fake.responses(used)
            assert (answer.text, answer.user) == ("I can't do that for you here.", home.alice)
    assert [heard.text for heard in core.heard] == ["!forget"]


async def test_a_command_that_cannot_be_stored_is_not_acknowledged(home: Home) -> None:
    async def stumble(_: Inbound) -> None:
        raise StorageUnavailable("disk full")

    async with home.core(before=stumble):
        await home.fake.slash(home.alice, home.channel, "/forget")
        await home.fake.wait_for(lambda: home.fake.socket.outstanding == 0)
    assert home.fake.acks == []
    assert home.fake.socket.given_up == 1


async def test_a_command_of_before_a_restart_is_given_up_and_not_answered_in_the_channel(home: Home) -> None:
    async with home.core() as core:
        await home.fake.slash(home.alice, home.channel, "/forget")
        await core.answered()
    async with home.core() as again:
        await again.answer(core.heard[0])
    assert [type(error) for error in again.failed] == [ReplyImpossible]
    assert home.said() == []


async def test_an_address_that_takes_no_answer_any_more_gives_the_answer_up(home: Home) -> None:
    home.fake.fail_next("response_url", 404)
    async with home.core() as core:
        await home.fake.slash(home.alice, home.channel, "/forget")
        await core.answered()
    assert [type(error) for error in core.failed] == [ReplyImpossible]


@pytest.mark.parametrize("outcome", [500, 0])
async def test_an_answer_that_did_not_arrive_is_sent_again(home: Home, outcome: int) -> None:
    home.fake.fail_next("response_url", outcome)
    async with home.core() as core:
        used = await home.fake.slash(home.alice, home.channel, "/forget")
        await core.answered()
    assert [answer.text for answer in home.fake.responses(used)] == ["Hello!"]


async def test_without_a_connection_an_answer_is_to_be_tried_later(home: Home) -> None:
    async with home.core() as core:
        await home.fake.slash(home.alice, home.channel, "/forget")
        await core.answered()
    with pytest.raises(PlatformUnreachable):
        await core.adapter.post(core.heard[0], "too late", 0)
