"""Edits and deletions on Discord: the real discord.py against a fake Discord, and a core that notes what it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from memory.types import Delta, Inbound, Place
from tests.discord_home import Home, a_home, until
from tests.fakes.discord import FakeFile


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        yield home


class TestEdits:
    async def test_an_edited_message_is_told_of_as_it_stands_now(self, home: Home) -> None:
        async with home.ready() as core:
            said = await home.fake.say(
                home.channel, home.bob, "the meeting is at noon", attachments=[FakeFile("a.png")]
            )
            await home.fake.edit(said, f"the meeting is at one, <@{home.bob}> comes, <@{home.fake.bot_id}>")
            await until(lambda: bool(core.amended))
        (was,), (now,) = core.heard, core.amended
        assert was.edited_at is None
        assert now.edited_at is not None
        assert now.edited_at.utcoffset() is not None
        assert (now.message_id, now.place, now.author_name) == (said, home.place, "Bobby")
        assert (now.text, now.addressed) == ("the meeting is at one, @Bobby comes,", True)
        assert [file.name for file in now.attachments] == ["a.png"]

    async def test_a_links_preview_is_no_edit(self, home: Home) -> None:
        async with home.ready() as core:
            said = await home.fake.say(home.channel, home.bob, "see https://example.com/")
            await home.fake.preview_link(said)
            await home.fake.edit(said, "see there")
            await until(lambda: bool(core.amended))
        assert [now.text for now in core.amended] == ["see there"]

    async def test_what_the_bot_itself_edits_and_what_other_bots_edit_is_not_told_of(self, home: Home) -> None:
        other = home.fake.add_user("other", bot=True)
        home.fake.add_member(home.server, other)

        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta("These are the first words of it, ")
            await home.fake.wait_for(lambda: bool(home.said()))
            yield Delta("and these the last.")

        async with home.ready(script) as core:
            await home.fake.edit(await home.fake.say(home.channel, other, "beep"), "boop")
            asked = await home.ask()
            await core.answered()
            await home.fake.edit(asked, f"<@{home.fake.bot_id}> hi")
            await until(lambda: bool(core.amended))
        assert home.fake.from_bot(home.channel)[0].edits
        assert [now.text for now in core.amended] == ["hi"]

    async def test_with_the_intent_off_an_edit_whose_words_are_kept_back_is_not_told_of(self, home: Home) -> None:
        home.fake.message_content_allowed = False
        async with home.ready() as core:
            asked = await home.ask("and alone?")
            await core.answered()
            (answer,) = home.fake.from_bot(home.channel)
            unheard = await home.fake.say(home.channel, home.bob, "really?", reply_to=answer.id, ping=False)
            await home.fake.edit(asked, "never mind")
            await home.fake.edit(unheard, "really not?")
            await home.fake.edit(asked, f"<@{home.fake.bot_id}> together")
            await until(lambda: bool(core.amended))
        assert [now.text for now in core.amended] == ["together"]


class TestDeletions:
    async def test_deleted_messages_are_told_of_by_their_ids_one_by_one_and_in_bulk(self, home: Home) -> None:
        async with home.ready() as core:
            one, two, three = [await home.fake.say(home.channel, home.bob, text) for text in ("one", "two", "three")]
            await home.fake.delete(one)
            await home.fake.delete_many([two, three])
            await until(lambda: len(core.erased) == 2)
        assert core.erased == [(home.place, (one,)), (home.place, (two, three))]

    async def test_in_a_thread_and_in_a_direct_message_they_are_told_of_with_their_place(self, home: Home) -> None:
        thread, direct = home.fake.add_thread(home.channel, "plans"), home.fake.open_dm(home.alice)
        async with home.ready() as core:
            for channel in (thread, direct):
                await home.fake.delete(await home.fake.say(channel, home.alice, "oops"))
            await until(lambda: len(core.erased) == 2)
        assert {place for place, _ in core.erased} == {
            Place("discord", home.server, home.channel, thread),
            Place("discord", "@me", direct),
        }

    async def test_in_an_archived_thread_the_channel_is_known_although_discord_does_not_answer_at_first(
        self, home: Home
    ) -> None:
        thread = home.fake.add_thread(home.channel, "plans")
        said = await home.fake.say(thread, home.bob, "oops")
        home.fake.archive(thread)
        async with home.ready() as core:
            home.fake.fail_next("GET", f"/channels/{thread}$", 503)
            await home.fake.delete(said)
            await until(lambda: bool(core.erased))
        assert core.erased == [(Place("discord", home.server, home.channel, thread), (said,))]

    async def test_where_the_channel_cannot_be_found_the_deletion_is_told_of_all_the_same(self, home: Home) -> None:
        gone = "700000000000000001"
        async with home.ready() as core:
            home.fake.send_event("MESSAGE_DELETE", {"id": "7", "channel_id": gone, "guild_id": home.server})
            await until(lambda: bool(core.erased))
        assert core.erased == [(Place("discord", home.server, gone), ("7",))]

    async def test_an_answer_that_a_moderator_deletes_is_told_of(self, home: Home) -> None:
        async with home.ready() as core:
            await home.ask()
            await core.answered()
            (answer,) = home.fake.from_bot(home.channel)
            await home.fake.delete(answer.id)
            await until(lambda: bool(core.erased))
        assert core.erased == [(home.place, (answer.id,))]

    async def test_what_the_bot_itself_takes_away_counts_as_deleted_by_nobody(self, home: Home) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta("a false start " * 200)
            await home.fake.wait_for(lambda: len(home.said()) == 2)
            yield Delta("Short.", restart=True)

        async with home.ready(script) as core:
            asked = await home.ask()
            await core.answered()
            assert home.said() == ["Short."]
            await home.fake.delete(asked)
            await until(lambda: bool(core.erased))
        assert core.erased == [(home.place, (asked,))]

    async def test_what_the_bot_could_not_take_away_may_still_be_deleted_by_others(self, home: Home) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta("a false start " * 200)
            await home.fake.wait_for(lambda: len(home.said()) == 2)
            home.fake.fail_next("DELETE", "/messages/", 403)
            yield Delta("Short.", restart=True)

        async with home.ready(script) as core:
            await home.ask()
            await core.answered()
            surplus = home.fake.from_bot(home.channel)[1].id
            await home.fake.delete(surplus)
            await until(lambda: bool(core.erased))
        assert (core.failed, home.said()) == ([], ["Short."])
        assert core.erased == [(home.place, (surplus,))]


async def test_where_a_bots_message_stands_is_not_asked_for(home: Home) -> None:
    other = home.fake.add_user("other", bot=True)
    home.fake.add_member(home.server, other)
    thread = home.fake.add_thread(home.channel, "plans")
    said = home.fake.event_of(await home.fake.say(thread, other, "beep"))
    home.fake.archive(thread)
    async with home.ready() as core:
        home.fake.send_event("MESSAGE_CREATE", said)
        await home.ask()
        await core.answered()
    assert f"/channels/{thread}" not in [request.path for request in home.fake.requests]


async def test_what_is_told_of_one_channel_stays_in_order_although_the_first_takes_long(home: Home) -> None:
    thread = home.fake.add_thread(home.channel, "plans")
    said = home.fake.event_of(await home.fake.say(thread, home.alice, "one"))
    home.fake.archive(thread)
    told_before: list[int] = []

    async def note(_: Inbound) -> None:
        told_before.append(len(core.amended) + len(core.erased))

    async with home.core(before=note) as core:
        await until(lambda: core.connections == 1)
        home.fake.fail_next("GET", f"/channels/{thread}$", 503)  # so where the first one stands is learned late
        home.fake.send_event("MESSAGE_CREATE", said)
        home.fake.send_event("MESSAGE_UPDATE", said | {"content": "two", "edited_timestamp": said["timestamp"]})
        home.fake.send_event("MESSAGE_DELETE", {key: said[key] for key in ("id", "channel_id", "guild_id")})
        await until(lambda: bool(core.erased))
    assert told_before == [0]
    assert [now.text for now in core.amended] == ["two"]
