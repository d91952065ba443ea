"""What was said on Discord before the bot was called, notices and links: the real discord.py against a fake Discord."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from adapters.discord import Discord
from errors import PlatformUnreachable, ReplyImpossible
from memory.types import Inbound, Place
from tests.answering import Core
from tests.discord_home import Home, a_home, until
from tests.fakes.discord import Permission


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        yield home


async def call(home: Home, core: Core[Discord], channel: str, *, reply_to: str | None = None) -> Inbound:
    """Let Alice call the bot in a channel, and return the call as the bot heard it."""
    asked = await home.fake.say(channel, home.alice, f"<@{home.fake.bot_id}> well?", reply_to=reply_to)
    await until(lambda: any(heard.message_id == asked for heard in core.heard))
    return next(heard for heard in core.heard if heard.message_id == asked)


async def said_in(home: Home, channel: str, *texts: str) -> list[str]:
    """Let Bob say some words, one message each."""
    return [await home.fake.say(channel, home.bob, text) for text in texts]


class TestBefore:
    async def test_the_newest_messages_of_people_before_it_are_read_as_if_they_came_in_now(self, home: Home) -> None:
        other = home.fake.add_user("other", bot=True)
        home.fake.add_member(home.server, other)
        async with home.ready() as core:
            await said_in(home, home.channel, "one", "two")
            await home.fake.say(home.channel, other, "beep")
            home.fake.add_thread(home.channel, "aside")
            await said_in(home, home.channel, "three")
            asked = await call(home, core, home.channel)
            await said_in(home, home.channel, "later")
            found = await core.adapter.before(asked, 2)
            assert tuple(found) == tuple(heard for heard in core.heard if heard.text in {"two", "three"})
            assert [said.text for said in found] == ["two", "three"]
            assert found[0].author_name == "Bobby"
            assert [said.text for said in await core.adapter.before(asked, 20)] == ["one", "two", "three"]
            assert await core.adapter.before(asked, 0) == ()

    async def test_of_a_channel_no_more_is_read_than_from_the_message_that_is_answered_on(self, home: Home) -> None:
        async with home.ready() as core:
            _, answered, _ = await said_in(home, home.channel, "one", "two", "three")
            asked = await call(home, core, home.channel, reply_to=answered)
            assert [said.text for said in await core.adapter.before(asked, 20)] == ["two", "three"]
            assert [said.text for said in await core.adapter.before(asked, 1)] == ["three"]

    async def test_a_thread_begins_with_the_message_that_it_hangs_on(self, home: Home) -> None:
        async with home.ready() as core:
            (starter,) = await said_in(home, home.channel, "who comes along?")
            thread = home.fake.add_thread(home.channel, "plans", message=starter)
            _, second, _ = await said_in(home, thread, "I do", "me too", "and me")
            asked = await call(home, core, thread, reply_to=second)
            found = await core.adapter.before(asked, 20)
            assert [said.text for said in found] == ["who comes along?", "I do", "me too", "and me"]
            assert found[0].place == home.place
            assert found[1].place == Place("discord", home.server, home.channel, thread)
            assert [said.text for said in await core.adapter.before(asked, 2)] == ["who comes along?", "and me"]

    async def test_a_thread_without_one_begins_with_its_first_message(self, home: Home) -> None:
        async with home.ready() as core:
            (starter,) = await said_in(home, home.channel, "who comes along?")
            hanging = home.fake.add_thread(home.channel, "plans", message=starter)
            free = home.fake.add_thread(home.channel, "free")
            for thread in (hanging, free):
                await said_in(home, thread, "I do")
            await home.fake.delete(starter)
            for thread in (hanging, free):
                asked = await call(home, core, thread)
                assert [said.text for said in await core.adapter.before(asked, 20)] == ["I do"]

    async def test_a_post_in_a_forum_begins_with_its_own_first_message(self, home: Home) -> None:
        forum = home.fake.add_channel(home.server, "questions", kind="forum")
        post = home.fake.add_thread(forum, "how?")
        async with home.ready() as core:
            await said_in(home, post, "how does it work?", "like this", "or that")
            asked = await call(home, core, post)
            texts = ["how?\n\nhow does it work?", "like this", "or that"]
            assert [said.text for said in await core.adapter.before(asked, 20)] == texts
            assert [said.text for said in await core.adapter.before(asked, 2)] == [texts[0], texts[2]]

    async def test_a_thread_may_hang_on_the_message_of_a_bot(self, home: Home) -> None:
        other = home.fake.add_user("Alerts", bot=True)
        home.fake.add_member(home.server, other)
        async with home.ready() as core:
            alert = await home.fake.say(home.channel, other, "disk full on db-1")
            await home.ask()
            await core.answered()
            answer = home.fake.from_bot(home.channel)[0].id
            found: list[Inbound] = []
            for starter in (alert, answer):
                asked = await call(home, core, home.fake.add_thread(home.channel, "that", message=starter))
                found += await core.adapter.before(asked, 20)
        assert [(said.message_id, said.author, said.text) for said in found] == [(alert, other, "disk full on db-1")]

    async def test_before_the_first_message_there_is_nothing(self, home: Home) -> None:
        forum = home.fake.add_channel(home.server, "questions", kind="forum")
        post = home.fake.add_thread(forum, "how?")
        async with home.ready() as core:
            for channel in (home.channel, post, home.fake.open_dm(home.alice)):
                assert await core.adapter.before(await call(home, core, channel), 20) == ()

    async def test_where_it_cannot_be_read_there_is_nothing_either(self, home: Home) -> None:
        async with home.ready() as core:
            await said_in(home, home.channel, "one")
            asked = await call(home, core, home.channel)
            home.fake.set_overwrite(home.channel, home.fake.bot_id, deny=Permission.READ_MESSAGE_HISTORY)
            gone = replace(asked, place=Place("discord", home.server, "700000000000000001"))
            await until(lambda: len(core.heard) == 2)
            assert await core.adapter.before(gone, 20) == ()
            await call(home, core, home.channel)
            assert await core.adapter.before(asked, 20) == ()

    async def test_what_cannot_be_read_just_now_is_to_be_read_later(self, home: Home) -> None:
        async with home.ready() as core:
            asked = await call(home, core, home.channel)
            home.fake.fail_next("GET", f"/channels/{home.channel}/messages", 503)
            with pytest.raises(PlatformUnreachable):
                await core.adapter.before(asked, 20)
        with pytest.raises(PlatformUnreachable):
            await core.adapter.before(asked, 20)

    async def test_with_the_intent_off_only_what_may_be_read_is(self, home: Home) -> None:
        home.fake.message_content_allowed = False
        async with home.ready() as core:
            await said_in(home, home.channel, "not for the bot")
            first = await call(home, core, home.channel)
            asked = await call(home, core, home.channel)
            assert [said.message_id for said in await core.adapter.before(asked, 20)] == [first.message_id]


class TestAnnouncing:
    async def test_a_notice_answers_nobody_and_notifies_nobody(self, home: Home) -> None:
        async with home.ready() as core:
            await core.adapter.announce(home.place, f"Hello @everyone and <@{home.alice}>")
        (notice,) = home.fake.from_bot(home.channel)
        assert notice.content == f"Hello @everyone and <@{home.alice}>"
        assert (notice.reference_id, notice.mentions, notice.everyone) == (None, (), False)

    async def test_one_whose_receipt_was_lost_stands_there_once_when_it_is_said_again(self, home: Home) -> None:
        async with home.ready() as core:
            home.fake.fail_next("POST", f"/channels/{home.channel}/messages", 503, after_effect=True)
            with pytest.raises(PlatformUnreachable):
                await core.adapter.announce(home.place, "Hello.")
            await core.adapter.announce(home.place, "Hello.")
        assert home.said() == ["Hello."]

    async def test_where_it_may_not_stand_that_is_said(self, home: Home) -> None:
        async with home.ready() as core:
            home.fake.set_overwrite(home.channel, home.server, deny=Permission.SEND_MESSAGES)
            with pytest.raises(ReplyImpossible):
                await core.adapter.announce(home.place, "Hello.")
        with pytest.raises(PlatformUnreachable):
            await core.adapter.announce(home.place, "Hello.")


async def test_a_link_leads_to_a_message_in_a_channel_a_thread_and_direct_messages(home: Home) -> None:
    link = home.adapter().link
    assert link(Place("discord", "1", "2"), "3") == "https://discord.com/channels/1/2/3"
    assert link(Place("discord", "1", "2", "4"), "3") == "https://discord.com/channels/1/4/3"
    assert link(Place("discord", "@me", "2"), "3") == "https://discord.com/channels/@me/2/3"


async def test_a_message_in_a_channel_cannot_be_answered_so_that_one_person_alone_reads_it(home: Home) -> None:
    assert not home.adapter().whispers
