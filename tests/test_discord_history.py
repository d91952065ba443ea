"""What stands on Discord, read back: the real discord.py against a fake Discord."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from adapters.discord.connection import UNREAD
from errors import PlatformUnreachable
from memory.types import Person, Place, Visibility
from tests.discord_home import Home, a_home, until
from tests.fakes.discord import FakeFile, Permission

AGES_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        yield home


async def a_moment_later() -> datetime:
    """Let the clock move on by more than a snowflake's millisecond, and return the time between before and after."""
    await asyncio.sleep(0.003)
    now = datetime.now(UTC)
    await asyncio.sleep(0.003)
    return now


class TestPlaces:
    async def test_every_kind_of_place_where_something_newer_was_said_is_named_the_newest_first(
        self, home: Home
    ) -> None:
        fake = home.fake
        news = fake.add_channel(home.server, "news", kind="announcement")
        lounge = fake.add_channel(home.server, "lounge", kind="voice")
        forum = fake.add_channel(home.server, "questions", kind="forum")
        staff = fake.add_channel(home.server, "staff", private=True)
        quiet = fake.add_channel(home.server, "quiet")
        thread = fake.add_thread(home.channel, "plans")
        await fake.say(quiet, home.alice, "long ago")
        since = await a_moment_later()
        post = fake.add_thread(forum, "how?")
        for channel in (post, news, lounge, thread, staff, home.channel):
            await fake.say(channel, home.alice, "hello")
        async with home.ready() as core:
            found = await core.adapter.places(since)
        assert list(found) == [
            home.place,
            Place("discord", home.server, staff),
            Place("discord", home.server, home.channel, thread),
            Place("discord", home.server, lounge),
            Place("discord", home.server, news),
            Place("discord", home.server, forum, post),
        ]

    async def test_what_is_said_while_connected_makes_a_place_newer(self, home: Home) -> None:
        async with home.ready() as core:
            assert await core.adapter.places(AGES_AGO) == ()
            await home.fake.say(home.channel, home.alice, "hello")
            await until(lambda: bool(core.heard))
            assert await core.adapter.places(AGES_AGO) == (home.place,)

    async def test_where_the_bot_may_not_read_back_is_no_place_to_read(self, home: Home) -> None:
        await home.fake.say(home.channel, home.alice, "hello")
        home.fake.set_overwrite(home.channel, home.fake.bot_id, deny=Permission.READ_MESSAGE_HISTORY)
        async with home.ready() as core:
            assert await core.adapter.places(AGES_AGO) == ()

    async def test_servers_that_come_late_are_waited_for(self, home: Home) -> None:
        await home.fake.say(home.channel, home.alice, "hello")
        home.fake.hold_back(home.server)
        async with home.ready() as core:
            found = asyncio.create_task(core.adapter.places(AGES_AGO))
            await asyncio.wait({found}, timeout=0.05)
            assert not found.done()
            home.fake.let_go(home.server)
            assert await found == (home.place,)

    async def test_of_very_many_the_200_newest_are_named(self, home: Home) -> None:
        channels = [home.fake.add_channel(home.server, f"room {number}") for number in range(201)]
        for channel in channels:
            await home.fake.say(channel, home.alice, "hello")
        async with home.ready() as core:
            found = await core.adapter.places(AGES_AGO)
        assert [place.channel for place in found] == channels[:0:-1]

    async def test_without_a_connection_nothing_is_known(self, home: Home) -> None:
        with pytest.raises(PlatformUnreachable):
            await home.adapter().places(AGES_AGO)
        with pytest.raises(PlatformUnreachable):
            await home.adapter().history(home.place, AGES_AGO)


class TestHistory:
    async def test_what_people_said_is_read_as_if_it_came_in_now(self, home: Home) -> None:
        mods = home.fake.add_role(home.server, "mods")
        home.fake.add_member(home.server, home.bob, [mods], nick="Bobby")
        ask = f"<@{home.fake.bot_id}> is <@{home.bob}> here?"
        async with home.ready() as core:
            first = await home.fake.say(home.channel, home.bob, ask, attachments=[FakeFile("cat.png")])
            await core.answered()
            await home.fake.say(home.channel, home.alice, "and now?", reply_to=first)
            await until(lambda: len(core.heard) == 2)
            read = await core.adapter.history(home.place, AGES_AGO)
        assert read is not None
        assert read.messages == tuple(core.heard)
        assert read.messages[0].author_name == "Bobby"
        assert read.messages[0].mentions == (Person(home.bob, "Bobby"),)
        assert read.messages[0].roles == {mods}

    async def test_an_edited_message_is_read_as_it_stands_and_a_deleted_one_does_not_stand_there(
        self, home: Home
    ) -> None:
        async with home.ready() as core:
            kept, deleted = [await home.fake.say(home.channel, home.bob, text) for text in ("one", "two")]
            await home.fake.edit(kept, "uno")
            await home.fake.delete(deleted)
            read = await core.adapter.history(home.place, AGES_AGO)
        assert read is not None
        assert [(said.message_id, said.text, said.edited_at is None) for said in read.messages] == [
            (kept, "uno", False)
        ]
        assert read.standing == {kept}

    async def test_the_bots_own_answers_stand_there_too(self, home: Home) -> None:
        async with home.ready() as core:
            asked = await home.ask()
            await core.answered()
            read = await core.adapter.history(home.place, AGES_AGO)
        assert read is not None
        assert read.standing == {asked, home.fake.from_bot(home.channel)[0].id}
        assert [said.message_id for said in read.messages] == [asked]

    async def test_only_what_came_since_then_is_read(self, home: Home) -> None:
        await home.fake.say(home.channel, home.bob, "long ago")
        since = await a_moment_later()
        newer = await home.fake.say(home.channel, home.bob, "just now")
        async with home.ready() as core:
            read = await core.adapter.history(home.place, since)
        assert read is not None
        assert (read.place, read.since) == (home.place, since)
        assert read.standing == {newer}

    async def test_of_very_many_messages_the_200_newest_are_read_and_it_says_from_when_on(self, home: Home) -> None:
        said = [await home.fake.say(home.channel, home.bob, str(number)) for number in range(230)]
        async with home.ready() as core:
            read = await core.adapter.history(home.place, AGES_AGO)
        assert read is not None
        assert [message.message_id for message in read.messages] == said[30:]
        assert read.since > read.messages[0].sent_at
        pages = [request for request in home.fake.requests if request.path == f"/channels/{home.channel}/messages"]
        assert len(pages) == 2

    async def test_threads_forum_posts_and_direct_messages_are_read(self, home: Home) -> None:
        forum = home.fake.add_channel(home.server, "questions", kind="forum")
        places = {
            home.fake.add_thread(home.channel, "plans"): (home.channel, Visibility.PUBLIC),
            home.fake.add_thread(home.channel, "old", archived=True): (home.channel, Visibility.PUBLIC),
            home.fake.add_thread(forum, "how?"): (forum, Visibility.PUBLIC),
        }
        direct = home.fake.open_dm(home.alice)
        for channel in (*places, direct):
            await home.fake.say(channel, home.alice, "hello")
        home.fake.archive(list(places)[1])
        async with home.ready() as core:
            for thread, (parent, visibility) in places.items():
                place = Place("discord", home.server, parent, thread)
                read = await core.adapter.history(place, AGES_AGO)
                assert read is not None
                (said,) = read.messages
                words = "how?\n\nhello" if parent == forum else "hello"
                assert (said.place, said.text, said.visibility) == (place, words, visibility)
            read = await core.adapter.history(Place("discord", "@me", direct), AGES_AGO)
            assert read is not None
            assert [(said.text, said.addressed) for said in read.messages] == [("hello", True)]

    async def test_what_is_gone_hidden_or_not_to_be_read_back_is_not_read(self, home: Home) -> None:
        hidden, unread = [home.fake.add_channel(home.server, name) for name in ("hidden", "unread")]
        home.fake.set_overwrite(hidden, home.fake.bot_id, deny=Permission.VIEW_CHANNEL)
        home.fake.set_overwrite(unread, home.fake.bot_id, deny=Permission.READ_MESSAGE_HISTORY)
        elsewhere = home.fake.add_guild("Elsewhere")
        async with home.ready() as core:
            for space, channel in [
                (home.server, hidden),
                (home.server, unread),
                (home.server, "700000000000000001"),
                (elsewhere, home.channel),
            ]:
                assert await core.adapter.history(Place("discord", space, channel), AGES_AGO) is None

    async def test_a_place_that_cannot_be_read_just_now_is_to_be_read_later(self, home: Home) -> None:
        async with home.ready() as core:
            for status, body in [(503, None), (429, "<html>slow down</html>"), (200, "<html>a proxy's page</html>")]:
                home.fake.fail_next("GET", f"/channels/{home.channel}/messages", status, body=body)
                with pytest.raises(PlatformUnreachable):
                    await core.adapter.history(home.place, AGES_AGO)

    async def test_a_rate_limit_is_waited_out(self, home: Home) -> None:
        said = await home.fake.say(home.channel, home.bob, "hello")
        async with home.ready() as core:
            home.fake.rate_limit_next("GET", f"/channels/{home.channel}/messages", 0.1)
            read = await core.adapter.history(home.place, AGES_AGO)
        assert read is not None
        assert read.standing == {said}

    async def test_somebody_who_has_left_is_still_read_by_the_name_of_his_account(self, home: Home) -> None:
        await home.fake.say(home.channel, home.bob, "farewell")
        home.fake.remove_member(home.server, home.bob)
        async with home.ready() as core:
            read = await core.adapter.history(home.place, AGES_AGO)
        assert read is not None
        assert [(said.author_name, said.roles) for said in read.messages] == [("Bob", frozenset())]

    async def test_with_the_intent_off_what_is_kept_back_is_not_read_but_stands_there(self, home: Home) -> None:
        home.fake.message_content_allowed = False
        async with home.ready() as core:
            asked = await home.ask()
            await core.answered()
            (answer,) = home.fake.from_bot(home.channel)
            secret = await home.fake.say(home.channel, home.bob, "not for the bot")
            unheard = await home.fake.say(home.channel, home.bob, "really?", reply_to=answer.id, ping=False)
            await home.fake.wait_for(lambda: UNREAD in home.said())
            read = await core.adapter.history(home.place, AGES_AGO)
        assert read is not None
        assert [said.message_id for said in read.messages] == [asked]
        assert read.standing >= {asked, answer.id, secret, unheard}
