"""What one person alone reads on Slack, notices, and links: the real slack-sdk against a fake Slack."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from adapters.slack import Slack
from errors import PlatformUnreachable, ReplyImpossible
from memory.types import Delta, Inbound, Place
from tests.answering import HELLO, Core, saying
from tests.fakes.slack import Pings
from tests.slack_home import Home, a_home


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        yield home


async def ask(home: Home, core: Core[Slack], text: str = "!memory", thread: str = "", channel: str = "") -> Inbound:
    """Let Alice say something that is to be answered to her alone, and return it so."""
    ts = await home.fake.say(channel or home.channel, home.alice, text, thread_ts=thread)
    await home.until(lambda: any(heard.message_id == ts for heard in core.heard))
    return replace(next(heard for heard in core.heard if heard.message_id == ts), private=True)


class TestWhispers:
    async def test_an_answer_to_one_person_alone_is_never_posted_for_all(self, home: Home) -> None:
        async with home.core(saying("You live in **Oslo**.")) as core:
            core.deaf = True
            asked = await ask(home, core, "!forget")
            assert core.adapter.whispers
            await core.answer(asked)
        (whisper,) = home.fake.ephemerals
        assert (whisper.channel, whisper.user, whisper.thread_ts) == (home.channel, home.alice, "")
        assert whisper.blocks == ({"type": "markdown", "text": "You live in **Oslo**."},)
        assert home.said() == []
        assert [part for part, _ in core.noted] == [0]

    async def test_in_a_thread_it_stands_there(self, home: Home) -> None:
        async with home.core() as core:
            parent = await home.fake.say(home.channel, home.bob, "who comes along?")
            await core.answer(await ask(home, core, thread=parent))
        assert [whisper.thread_ts for whisper in home.fake.ephemerals] == [parent]
        assert home.said() == []

    async def test_it_is_said_when_it_is_whole_and_a_long_one_in_parts(self, home: Home) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta("These are the first words of it, ")
            for _turn in range(20):  # turns in which they would be sent: they are worth showing
                await asyncio.sleep(0)
            assert home.fake.ephemerals == []
            yield Delta("word " * 3000, restart=True)

        async with home.core(script) as core:
            await core.answer(await ask(home, core))
        assert " ".join(whisper.text for whisper in home.fake.ephemerals).split()[:3] == ["word"] * 3
        assert [part for part, _ in core.noted] == [0, 1]
        assert len({its_id for _, its_id in core.noted}) == len(home.fake.ephemerals) == 2

    async def test_what_is_noted_as_said_is_not_said_again(self, home: Home) -> None:
        async with home.core() as core:
            asked = await ask(home, core)
            await core.answer(asked)
            (_, its_id) = core.noted[0]
            await core.adapter.reply(asked, HELLO(asked), core.note, [its_id])
        assert len(home.fake.ephemerals) == 1
        assert home.said() == []

    async def test_one_that_surely_did_not_arrive_is_tried_again(self, home: Home) -> None:
        home.fake.fail_next("chat.postEphemeral", 500)
        async with home.core() as core:
            await core.answer(await ask(home, core))
        assert [whisper.text for whisper in home.fake.ephemerals] == ["Hello!"]

    async def test_who_is_not_there_any_more_is_told_nothing_and_neither_is_anybody_else(self, home: Home) -> None:
        async with home.core() as core:
            asked = await ask(home, core)
            home.fake.leave(home.channel, home.alice)
            await core.answer(asked)
        assert [type(error) for error in core.failed] == [ReplyImpossible]
        assert home.fake.ephemerals == []
        assert home.said() == []

    async def test_one_that_nothing_came_of_leaves_no_half_of_it(self, home: Home) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta("These are the first words of it, ")
            raise PlatformUnreachable("it broke off")

        async with home.core(script) as core:
            await core.answer(await ask(home, core))
        assert [type(error) for error in core.failed] == [PlatformUnreachable]
        assert home.fake.ephemerals == []

    async def test_in_direct_messages_it_is_a_message_like_any_other(self, home: Home) -> None:
        direct = home.fake.open_dm(home.alice)
        async with home.core() as core:
            core.deaf = True
            await core.answer(await ask(home, core, channel=direct))
        assert home.said(direct) == ["Hello!"]
        assert home.fake.ephemerals == []


class TestAnnouncing:
    async def test_a_notice_answers_nobody_and_notifies_nobody(self, home: Home) -> None:
        async with home.core() as core:
            await core.adapter.announce(Place("slack", home.fake.team_id, home.channel), "Hello <!channel>.")
        (notice,) = home.fake.messages(home.channel)
        assert notice.shown == "Hello <\u2060!channel>."
        assert (notice.thread_ts, notice.unfurl_links, notice.pings) == ("", False, Pings())

    async def test_where_it_may_not_stand_or_cannot_be_said_now_that_is_told(self, home: Home) -> None:
        place = Place("slack", home.fake.team_id, home.channel)
        async with home.core() as core:
            home.fake.archive(home.channel)
            with pytest.raises(ReplyImpossible):
                await core.adapter.announce(place, "Hello.")
        with pytest.raises(PlatformUnreachable):
            await core.adapter.announce(place, "Hello.")


async def test_a_link_leads_to_a_message_in_a_channel_or_in_a_thread(home: Home) -> None:
    place, ts, parent = Place("slack", home.fake.team_id, "C1"), "1700000000.000200", "1700000000.000100"
    async with home.core() as core:
        link = core.adapter.link
        address = "https://fake.slack.com/archives/C1/p1700000000000200"
        assert link(place, ts) == address
        assert link(replace(place, thread=ts), ts) == address
        assert link(replace(place, thread=parent), ts) == f"{address}?thread_ts={parent}&cid=C1"
        assert link(place, "13345224609.738474920.8088930838d88f008e0") == ""
    assert link(place, ts) == address
    assert home.adapter().link(place, ts) == ""
