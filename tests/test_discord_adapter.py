"""The Discord adapter on its own: the real discord.py against a fake Discord, with a core that says what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from adapters.discord.outbox import BLOCKED
from errors import PlatformUnreachable, ReplyImpossible
from logs import LineFormatter
from memory.types import Delta, Inbound, Person, Place, Visibility
from tests.answering import saying
from tests.discord_home import Home, a_home, until
from tests.fakes.discord import MessageFlag, Permission
from tests.fakes.discord.messages import HARMFUL


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        yield home


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
        mods = home.fake.add_role(home.server, "mods")
        home.fake.set_overwrite(home.channel, home.fake.bot_id, allow=Permission.MENTION_EVERYONE)
        async with home.core(saying(f"@everyone <@{home.bob}> <@&{mods}> look")) as core:
            await home.ask()
            await core.answered()
        (answer,) = home.fake.from_bot(home.channel)
        assert (answer.everyone, answer.mentions, answer.role_mentions) == (False, (), ())

    async def test_links_in_an_answer_grow_no_previews(self, home: Home) -> None:
        async with home.core(saying("https://example.com/ " * 120)) as core:
            await home.ask()
            await core.answered()
        first, second = home.fake.from_bot(home.channel)
        assert MessageFlag.SUPPRESS_EMBEDS in first.flags & second.flags

    async def test_an_answer_that_is_being_written_is_edited_about_once_a_second(self, home: Home) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta("These are the first words of it, ")
            while not any(len(message.edits) == 2 for message in home.fake.from_bot(home.channel)):
                yield Delta("and more of them, ")
                await asyncio.sleep(0.02)

        async with home.core(script) as core:
            await home.ask()
            await core.answered()
        (answer,) = home.fake.from_bot(home.channel)
        times = [answer.sent_at, *(edit.until for edit in answer.edits[:2])]
        waits = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
        assert min(waits) > 0.8  # one of a second, as it leaves, comes in a little early when the one before was slow

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
        assert (first.reference_id, second.reference_id) == (asked, asked)
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

    async def test_a_forum_post_asks_with_its_title(self, home: Home) -> None:
        forum = home.fake.add_channel(home.server, "questions", kind="forum")
        post = home.fake.add_thread(forum, "How tall is the tower?")
        async with home.core() as core:
            first = await home.fake.say(post, home.alice, "see above", mentions=[home.fake.bot_id])
            await core.answered()
            core.settled.clear()
            await home.fake.say(post, home.alice, "and the bridge?", mentions=[home.fake.bot_id])
            await core.answered()
            await home.fake.edit(first, f"<@{home.fake.bot_id}> see the title")
            await until(lambda: bool(core.amended))
        assert [said.text for said in core.heard] == ["How tall is the tower?\n\nsee above", "and the bridge?"]
        assert core.amended[0].text == "How tall is the tower?\n\nsee the title"

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

    async def test_typing_is_shown_again_before_it_fades(self, home: Home) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            await home.fake.wait_for(lambda: home.fake.typing(home.channel) > 2)  # shown, and again twice
            yield Delta("Done.")

        async with home.core(script) as core:
            assert core.adapter.typing_seconds < 10  # Discord's own limit
            core.adapter.typing_seconds = 0.01
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
            await core.answer(core.heard[0])
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

    async def test_where_the_bot_may_not_read_back_it_answers_without_a_reference(self, home: Home) -> None:
        home.fake.set_overwrite(home.channel, home.fake.bot_id, deny=Permission.READ_MESSAGE_HISTORY)
        async with home.core() as core:
            await home.ask()
            await core.answered()
            await core.answer(core.heard[0])
        (answer,) = home.fake.from_bot(home.channel)
        assert (answer.content, answer.reference_id) == ("Hello!", None)

    @pytest.mark.parametrize("refused", ["Hello!", f"Look: {HARMFUL}"], ids=["by the server", "for its link"])
    async def test_an_answer_that_is_not_let_through_leaves_a_sentence_in_its_place(
        self, home: Home, refused: str
    ) -> None:
        home.fake.block("Hello")
        async with home.core(saying(refused)) as core:
            asked = await home.ask()
            await core.answered()
        assert [(said.content, said.reference_id) for said in home.fake.from_bot(home.channel)] == [(BLOCKED, asked)]
        assert [type(error) for error in core.failed] == [ReplyImpossible]

    async def test_an_answer_that_grows_into_what_is_not_let_through_is_taken_back(self, home: Home) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta("These are the first words of it, ")
            await home.fake.wait_for(lambda: bool(home.said()))
            yield Delta("and these are badwords.")

        home.fake.block("badwords")
        async with home.core(script) as core:
            await home.ask()
            await core.answered()
        assert home.said() == [BLOCKED]
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
                raise ZeroDivisionError(inbound.text)

        async with home.core(before=stumble) as core:
            await home.ask("secret")
            await home.ask("hello")
            await core.answered()
        assert home.said() == ["Hello!"]
        (failed,) = [record for record in caplog.records if record.getMessage() == "event failed"]
        line = LineFormatter("text", ()).format(failed)
        assert "error=ZeroDivisionError" in line
        assert "in stumble" in line
        assert "secret" not in line

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
