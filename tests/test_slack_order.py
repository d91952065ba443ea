"""What keeps an answer on Slack whole and in its turn when something on the way is slow or refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.slack.order import Order
from memory.types import Delta, Inbound
from tests.answering import saying
from tests.slack_home import Home, a_home


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        yield home


async def test_what_was_said_first_is_heard_first_although_its_author_takes_longer_to_look_up(home: Home) -> None:
    home.fake.socket.ack_seconds = 4.0
    async with home.core() as core:
        await home.fake.say(home.channel, home.alice, "let us begin")
        await home.quiet()
        home.fake.rate_limit_next("users.info", 3)
        ts = await home.fake.say(home.channel, home.bob, "first")
        await home.fake.say(home.channel, home.alice, "second", thread_ts=ts)
        await home.quiet()
    assert [heard.text for heard in core.heard] == ["let us begin", "first", "second"]


async def test_one_channel_does_not_wait_for_another_and_nothing_is_kept_of_either() -> None:
    order = Order()
    async with order.place("C1") as first, order.place("C2") as other:
        assert first.is_set()
        assert other.is_set()
        async with order.place("C1") as second:
            assert not second.is_set()
    async with order.place("C1") as later:
        assert later.is_set()


async def test_what_fails_holds_nothing_up() -> None:
    order = Order()
    with pytest.raises(OSError, match="full"):
        async with order.place("C1"):
            raise OSError("full")
    async with asyncio.timeout(1), order.place("C1") as before:
        await before.wait()


@pytest.mark.parametrize("code", ["invalid_blocks", "msg_blocks_too_long"])
async def test_an_answer_whose_markdown_slack_refuses_is_said_plainly_and_notifies_nobody(
    home: Home, code: str
) -> None:
    home.fake.fail_next("chat.postMessage", code, times=1)
    async with home.core(saying("**So** <!channel> & " + "word " * 700)) as core:
        await home.ask()
        await home.fake.wait_for(lambda: bool(home.said()) or bool(core.failed))
    (answer,) = home.fake.from_bot(home.channel)
    assert not answer.pings
    assert answer.shown.startswith("*So* &lt;!channel&gt; &amp; word")
    assert answer.shown.count("word") == 700
    assert core.failed == []


async def test_an_edit_whose_markdown_slack_refuses_is_made_plainly(home: Home) -> None:
    async def script(_: Inbound) -> AsyncIterator[Delta]:
        yield Delta("These are the first words of it, ")
        await home.fake.wait_for(lambda: bool(home.said()))
        home.fake.fail_next("chat.update", "invalid_blocks")
        yield Delta("and these are the last.")

    async with home.core(script) as core:
        await home.ask()
        await home.fake.wait_for(lambda: "last" in "".join(home.said()) or bool(core.failed))
    assert home.said() == ["These are the first words of it, and these are the last."]
    assert core.failed == []


@pytest.mark.parametrize(
    "words", ["the ferry leaves at nine. ", "паром отходит в девять. ", "渡し船は九時に出ます。", "a < b && b > c\n"]
)
async def test_a_long_answer_grows_to_its_end_in_whatever_script_it_is(home: Home, words: str) -> None:
    async def script(_: Inbound) -> AsyncIterator[Delta]:
        yield Delta("These are the first words of it: ")
        await home.fake.wait_for(lambda: bool(home.said()))
        yield Delta(words * 300)

    async with home.core(script) as core:
        await home.ask()
        await home.fake.wait_for(lambda: len("".join(home.said())) > 300 * len(words) or bool(core.failed))
    assert home.said() == ["These are the first words of it: " + (words * 300).rstrip()]
    assert core.failed == []


async def test_an_edit_whose_notification_slack_finds_too_long_is_made_with_a_short_one(home: Home) -> None:
    async def script(_: Inbound) -> AsyncIterator[Delta]:
        yield Delta("These are the first words of it, ")
        await home.fake.wait_for(lambda: bool(home.said()))
        home.fake.fail_next("chat.update", "msg_too_long")
        yield Delta("and these are **the last**. " * 100)

    async with home.core(script) as core:
        await home.ask()
        await home.fake.wait_for(lambda: "last" in "".join(home.said()) or bool(core.failed))
    assert home.said() == ["These are the first words of it, " + ("and these are **the last**. " * 100).rstrip()]
    refused, taken = [len(str(call.arguments["text"])) for call in home.fake.requests if call.method == "chat.update"]
    assert refused > 2_000
    assert taken <= 500
    assert core.failed == []
