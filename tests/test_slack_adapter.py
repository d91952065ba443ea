"""The Slack adapter on its own: the real slack-bolt against a fake Slack, with a core that says what it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from errors import PlatformUnreachable, ReplyImpossible, StorageUnavailable
from memory.types import Access, Attachment, Delta, Inbound, Person, Place, Visibility
from tests.answering import saying
from tests.fakes.slack import FakeFile
from tests.slack_home import Home, a_home

SHARED = Access(Visibility.PUBLIC, shared=True)


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        yield home


class TestHearing:
    @pytest.mark.parametrize("mention_first", [False, True])
    async def test_a_mention_and_its_message_are_the_same_message_in_either_order(
        self, home: Home, mention_first: bool
    ) -> None:
        async with home.core() as core:
            ts = await home.fake.say(home.channel, home.alice, "hello", mention=True, mention_first=mention_first)
            await core.answered()
            await home.fake.deliver_again(home.channel, ts)
            await home.quiet()
        assert len(core.heard) == 4
        assert set(core.heard) == {core.heard[0]}
        assert core.heard[0].place == Place("slack", home.fake.team_id, home.channel, ts)
        assert home.said() == ["Hello!"]

    async def test_in_a_thread_nobody_need_mention_the_bot_for_it_to_hear(self, home: Home) -> None:
        async with home.core() as core:
            ts = await home.fake.say(home.channel, home.bob, "who knows?")
            await home.fake.say(home.channel, home.alice, f"<@{home.bob}> I do", thread_ts=ts)
            await home.quiet()
        first, second = core.heard
        assert first.place == second.place == Place("slack", home.fake.team_id, home.channel, ts)
        assert [(heard.addressed, heard.aside) for heard in core.heard] == [(False, False), (False, True)]

    async def test_places_are_known_for_who_can_read_them(self, home: Home) -> None:
        both = [home.alice, home.bob]
        places = {
            home.channel: (Access(Visibility.PUBLIC), "general"),
            home.fake.add_channel("staff", private=True, members=both): (Access(Visibility.PRIVATE), "staff"),
            home.fake.add_channel("partners", shared=True, members=both): (SHARED, "partners"),
            home.fake.add_channel("allies", members=both): (SHARED, "allies"),
            home.fake.add_channel("cousins", members=both): (SHARED, "cousins"),
            home.fake.add_group_dm(both): (Access(Visibility.PRIVATE), ""),
            home.fake.open_dm(home.alice): (Access(Visibility.DIRECT), ""),
        }
        allies, cousins = list(places)[3:5]
        home.fake.share_in_part(allies, invited=True)
        home.fake.share_in_part(cousins, org=True)
        async with home.core() as core:
            for channel in places:
                await home.fake.say(channel, home.alice, "hello", mention=True, mention_first=True)
            await home.quiet()
        found = {(heard.place.channel, (heard.access, heard.channel_name)) for heard in core.heard}
        assert found == set(places.items())

    async def test_bots_workflows_edits_and_notices_are_not_heard_but_acknowledged(self, home: Home) -> None:
        other = home.fake.add_user("Other", bot=True)
        home.fake.join(home.channel, other)
        async with home.core() as core:
            ts = await home.ask()
            await core.answered()
            await home.fake.say(home.channel, other, "beep", mention=True)
            await home.fake.say_as_workflow(home.channel, "Daily", "stand up")
            await home.fake.edit(home.channel, ts, f"<@{home.fake.bot_user_id}> hello again")
            await home.fake.preview_link(home.channel, ts)
            home.fake.tell(home.channel, {"type": "message", "subtype": "channel_join", "user": home.bob, "ts": "1.1"})
            await home.quiet()
        assert {heard.text for heard in core.heard} == {"hello"}
        assert home.fake.socket.given_up == 0
        assert all(ack.in_time for ack in home.fake.acks)

    async def test_a_message_with_a_file_a_broadcast_and_a_slash_me_are_heard(self, home: Home) -> None:
        async with home.core() as core:
            ts = await home.fake.say(home.channel, home.bob, "", files=[FakeFile("boat.png", "image/png", 120)])
            await home.fake.say(home.channel, home.bob, "all of you", thread_ts=ts, broadcast=True)
            await home.fake.say(home.channel, home.bob, "waves", me=True)
            await home.quiet()
        assert core.heard[0].attachments == (Attachment("boat.png", "image/png", 120),)
        assert [heard.text for heard in core.heard] == ["", "all of you", "waves"]

    async def test_people_go_by_the_names_that_they_have_now(self, home: Home) -> None:
        async with home.core() as core:
            await home.fake.say(home.channel, home.alice, f"hello <@{home.bob}>")
            await home.quiet()
            home.fake.change_user(home.bob, display_name="Rob")
            await home.fake.say(home.channel, home.bob, f"I am <@{home.bob}>")
            await home.quiet()
        assert [(heard.author_name, heard.text) for heard in core.heard] == [
            ("Alice", "hello @Bobby"),
            ("Rob", "I am @Rob"),
        ]
        assert core.heard[0].mentions == (Person(home.bob, "Bobby"),)
        assert home.calls("users.info") == 3

    @pytest.mark.parametrize("event", ["user_change", "user_profile_changed"])
    async def test_a_new_name_is_asked_for_and_a_new_status_is_not(self, home: Home, event: str) -> None:
        home.fake.app.events -= {"user_change", "user_profile_changed"}
        home.fake.app.events.add(event)
        async with home.core() as core:
            await home.fake.say(home.channel, home.bob, "hello")
            await home.quiet()
            home.fake.change_status(home.bob, "in a huddle")
            await home.fake.say(home.channel, home.bob, "hello")
            await home.quiet()
            home.fake.change_user(home.bob, display_name="Rob")
            await home.fake.say(home.channel, home.bob, "hello")
            await home.quiet()
        assert [heard.author_name for heard in core.heard] == ["Bobby", "Bobby", "Rob"]
        assert home.calls("users.info") == 2

    async def test_somebody_from_another_workspace_is_told_apart(self, home: Home) -> None:
        guest = home.fake.add_user("Alice", "Alice", team="TOTHER")
        partners = home.fake.add_channel("partners", shared=True, members=[home.alice, guest])
        async with home.core() as core:
            await home.fake.say(partners, guest, "hello")
            await home.quiet()
        (heard,) = core.heard
        assert heard.author_name == "Alice (another workspace)"
        assert heard.roles == {"TOTHER"}

    async def test_somebody_from_another_workspace_is_known_where_the_event_does_not_tell_it(self, home: Home) -> None:
        guest = home.fake.add_user("Alice", "Alice", team="TOTHER")
        event = {"type": "message", "user": guest, "channel": home.channel, "ts": "1795201023.441473", "text": "hello"}
        async with home.core() as core:
            home.fake.socket.deliver("events_api", {"type": "event_callback", "event": event})
            await home.quiet()
        assert [heard.roles for heard in core.heard] == [{"TOTHER"}]

    async def test_a_name_that_cannot_be_looked_up_holds_no_message_back(self, home: Home) -> None:
        home.fake.fail_next("users.info", 500)
        async with home.core() as core:
            await home.ask()
            await core.answered()
        assert core.heard[0].author_name == home.alice
        assert home.said() == ["Hello!"]


class TestAnswering:
    async def test_a_mention_is_answered_in_a_thread_under_it(self, home: Home) -> None:
        async with home.core() as core:
            ts = await home.ask()
            await core.answered()
        (answer,) = home.fake.from_bot(home.channel)
        assert (answer.shown, answer.thread_ts) == ("Hello!", ts)
        assert (answer.unfurl_links, answer.unfurl_media) == (False, False)
        assert core.noted == [(0, answer.ts)]

    async def test_an_answer_stays_where_it_was_asked_for(self, home: Home) -> None:
        direct, group = home.fake.open_dm(home.alice), home.fake.add_group_dm([home.alice, home.bob])
        opened = await home.fake.say(home.channel, home.bob, "plans?")
        first = await home.fake.say(direct, home.alice, "hi")
        async with home.core() as core:
            await home.quiet()
            await core.answered()
            for channel, thread in ((home.channel, opened), (direct, ""), (direct, first), (group, "")):
                core.settled.clear()
                await home.fake.say(channel, home.alice, "hello", mention=True, thread_ts=thread)
                await core.answered()
                assert home.fake.from_bot(channel)[-1].thread_ts == thread

    async def test_a_command_in_a_channel_is_answered_in_the_channel(self, home: Home) -> None:
        async with home.core() as core:
            await home.ask("!forget")
            await core.answered()
        assert [answer.thread_ts for answer in home.fake.from_bot(home.channel)] == [""]

    async def test_the_answer_notifies_nobody_whatever_it_says(self, home: Home) -> None:
        words = f"<!channel> <!here|here> <!everyone> <@{home.bob}> look"
        async with home.core(saying(words)) as core:
            await home.ask()
            await core.answered()
        (answer,) = home.fake.from_bot(home.channel)
        assert not answer.pings
        assert answer.shown.replace("\u2060", "") == words

    async def test_a_long_answer_grows_by_edits_and_goes_on_in_further_messages(self, home: Home) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta("These are the first words of it, ")
            await home.fake.wait_for(lambda: bool(home.said()))
            yield Delta("and these the next. ")
            yield Delta("word " * 3000)

        async with home.core(script) as core:
            ts = await home.ask()
            await core.answered()
        first, second = home.fake.from_bot(home.channel)
        assert first.edits[0].shown.startswith("These are the first words of it")
        assert (first.thread_ts, second.thread_ts) == (ts, ts)
        whole = "These are the first words of it, and these the next. " + "word " * 3000
        assert f"{first.shown} {second.shown}" == whole.rstrip()
        assert core.noted == [(0, first.ts), (1, second.ts)]

    async def test_posts_in_a_channel_are_a_second_apart(self, home: Home) -> None:
        home.fake.pace_posts = True
        async with home.core(saying("word " * 3000)) as core:
            await home.ask()
            await core.answered()
        assert len(home.said()) == 2
        assert home.calls("chat.postMessage") == 2

    async def test_a_part_that_is_not_needed_any_more_is_deleted(self, home: Home) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta("a false start " * 1000)
            await home.fake.wait_for(lambda: len(home.said()) == 2)
            yield Delta("Short.", restart=True)

        async with home.core(script) as core:
            await home.ask()
            await core.answered()
        assert home.said() == ["Short."]

    async def test_a_status_shows_while_the_answer_is_thought_of(self, home: Home) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            await home.fake.wait_for(lambda: bool(home.fake.statuses))
            yield Delta("Done.")

        async with home.core(script) as core:
            ts = await home.ask()
            await core.answered()
        (status,) = home.fake.statuses
        assert (status.thread_ts, status.status) == (ts, "is thinking…")

    @pytest.mark.parametrize("outcome", ["not_allowed", 500, 0])
    async def test_an_answer_is_not_lost_when_no_status_can_be_shown(self, home: Home, outcome: str | int) -> None:
        home.fake.fail_next("assistant.threads.setStatus", outcome)
        async with home.core() as core:
            await home.ask()
            await core.answered()
        assert home.said() == ["Hello!"]


class TestTrouble:
    @pytest.mark.parametrize("outcome", [0, 500])
    async def test_an_answer_whose_receipt_was_lost_does_not_stand_there_twice(self, home: Home, outcome: int) -> None:
        home.fake.fail_next("chat.postMessage", outcome, after_effect=True)
        async with home.core() as core:
            await home.ask()
            await core.answered()
        assert home.said() == ["Hello!"]
        assert core.failed == []

    async def test_in_a_direct_message_a_lost_receipt_doubles_nothing_either(self, home: Home) -> None:
        direct = home.fake.open_dm(home.alice)
        home.fake.fail_next("chat.postMessage", 0, after_effect=True)
        async with home.core() as core:
            await home.fake.say(direct, home.alice, "hello")
            await core.answered()
        assert home.said(direct) == ["Hello!"]

    async def test_an_answer_that_did_not_arrive_is_posted_again_once(self, home: Home) -> None:
        home.fake.fail_next("chat.postMessage", 503)
        async with home.core() as core:
            await home.ask()
            await core.answered()
        assert home.said() == ["Hello!"]

    async def test_an_answer_made_again_after_a_restart_takes_the_place_of_the_first(self, home: Home) -> None:
        async with home.core(saying("First try.")) as core:
            await home.ask()
            await core.answered()
        async with home.core(saying("Second try.")) as again:
            await again.answer(core.heard[0])
        assert home.said() == ["Second try."]

    async def test_of_a_longer_answer_of_an_earlier_run_nothing_is_left_behind(self, home: Home) -> None:
        async with home.core(saying("word " * 3000)) as core:
            await home.ask()
            await core.answered()
        async with home.core(saying("Second try.")) as again:
            await again.answer(core.heard[0])
        assert home.said() == ["Second try."]

    async def test_nothing_is_looked_for_while_nothing_went_wrong(self, home: Home) -> None:
        async with home.core() as core:
            await home.ask()
            await core.answered()
        assert home.calls("conversations.replies") == 0

    async def test_a_wait_that_slack_names_is_waited(self, home: Home) -> None:
        home.fake.rate_limit_next("chat.postMessage", 1)
        async with home.core() as core:
            await home.ask()
            await core.answered()
        first, second = [request.at for request in home.fake.requests if request.method == "chat.postMessage"]
        assert second - first >= 1
        assert home.said() == ["Hello!"]

    @pytest.mark.parametrize("told", [True, False])
    async def test_a_thread_that_was_deleted_is_not_answered_in_the_channel(self, home: Home, told: bool) -> None:
        async def script(inbound: Inbound) -> AsyncIterator[Delta]:
            if not told:
                home.fake.app.events.remove("message.channels")
            await home.fake.delete(home.channel, inbound.message_id)
            await home.quiet()
            yield Delta("Too late.")

        async with home.core(script) as core:
            await home.ask()
            await core.answered()
        assert [type(error) for error in core.failed] == [ReplyImpossible]
        assert home.said() == []
        assert home.calls("chat.postMessage") == (0 if told else 1)

    async def test_where_the_bot_may_not_write_the_reply_is_given_up(self, home: Home) -> None:
        async def leave(_: Inbound) -> None:
            home.fake.archive(home.channel)

        async with home.core(before=leave) as core:
            await home.ask()
            await core.answered()
        assert [type(error) for error in core.failed] == [ReplyImpossible]

    async def test_an_answer_that_was_deleted_meanwhile_is_given_up(self, home: Home) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta("These are the first words of it, ")
            await home.fake.wait_for(lambda: bool(home.said()))
            await home.fake.delete(home.channel, home.fake.from_bot(home.channel)[0].ts)
            yield Delta("and these are the last.")

        async with home.core(script) as core:
            await home.ask()
            await core.answered()
        assert [type(error) for error in core.failed] == [ReplyImpossible]

    async def test_where_the_workspace_forbids_edits_an_answer_is_still_whole(self, home: Home) -> None:
        home.fake.edit_seconds = 0

        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta("These are the first words of it, ")
            if not home.calls("chat.update"):
                await home.fake.wait_for(lambda: bool(home.said()))
            yield Delta("and these are the last.")

        async with home.core(script) as core:
            await home.ask()
            await core.answered()
            assert home.said() == ["These are the first words of it, and these are the last."]
            assert (home.calls("chat.update"), home.calls("chat.delete")) == (1, 1)
            core.settled.clear()
            await home.ask()
            await core.answered()
        assert home.said() == ["These are the first words of it, and these are the last."] * 2
        assert (home.calls("chat.update"), home.calls("chat.delete"), core.failed) == (1, 1, [])

    async def test_where_the_workspace_forbids_edits_an_answer_whose_receipt_was_lost_stands_once(
        self, home: Home
    ) -> None:
        home.fake.edit_seconds = 0
        home.fake.fail_next("chat.postMessage", 0, after_effect=True)
        async with home.core() as core:
            await home.ask()
            await core.answered()
        assert (home.said(), core.failed) == (["Hello!"], [])

    async def test_what_cannot_be_stored_is_not_acknowledged_and_comes_again(
        self, home: Home, caplog: pytest.LogCaptureFixture
    ) -> None:
        times = 0

        async def stumble(_: Inbound) -> None:
            nonlocal times
            times += 1
            if times == 1:
                raise StorageUnavailable("disk full")

        async with home.core(before=stumble) as core:
            await home.fake.say(home.channel, home.alice, "secret")
            await home.quiet()
        assert [heard.text for heard in core.heard] == ["secret", "secret"]
        assert len(home.fake.acks) == 1
        assert "StorageUnavailable" in [vars(record).get("error") for record in caplog.records]
        assert "secret" not in caplog.text

    async def test_without_a_connection_a_reply_is_to_be_tried_later(self, home: Home) -> None:
        async with home.core() as core:
            await home.ask()
            await core.answered()
        with pytest.raises(PlatformUnreachable):
            await core.adapter.post(core.heard[0], "too late", 0)
