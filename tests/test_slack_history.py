"""What was missed on Slack is read again: channels, threads, and how much Slack lets one ask for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from adapters.slack.directory import Directory
from adapters.slack.history import Reader
from adapters.slack.inbound import Me
from adapters.slack.pace import Pace
from adapters.slack.pages import moment
from adapters.slack.places import time_of, ts_of
from adapters.slack.preflight import web_client
from errors import PlatformUnreachable
from memory.types import Access, History, Place, Visibility
from tests.slack_home import Home, a_home

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SHARED = Access(Visibility.PUBLIC, shared=True)


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        yield home


def place(home: Home, channel: str = "", thread: str = "") -> Place:
    return Place("slack", home.fake.team_id, channel or home.channel, thread)


async def read(home: Home, where: Place, since: datetime = LONG_AGO) -> History:
    async with a_reader(home) as reader:
        history = await reader.history(where, since)
    assert history is not None
    return history


@asynccontextmanager
async def a_reader(home: Home, burst: int = 100, seconds: float = 0.01) -> AsyncIterator[Reader]:
    async with web_client(home.fake.bot_token, home.fake.api_url) as web:
        me = Me(home.fake.team_id, home.fake.bot_user_id, "!", frozenset({"forget"}))
        yield Reader(web, Directory(web, me.team), me, burst=burst, seconds=seconds)


class TestPlaces:
    async def test_they_are_the_channels_and_direct_messages_that_the_bot_is_in(self, home: Home) -> None:
        both = [home.alice, home.bob]
        staff = home.fake.add_channel("staff", private=True, members=both)
        direct, group = home.fake.open_dm(home.alice), home.fake.add_group_dm(both)
        old = home.fake.add_channel("old")
        home.fake.archive(old)
        home.fake.add_channel("elsewhere", members=both, bot=False)
        async with home.core() as core:
            places = await core.adapter.places(LONG_AGO)
        assert set(places) == {place(home, channel) for channel in (home.channel, staff, direct, group)}

    async def test_where_something_was_said_last_comes_first(self, home: Home) -> None:
        channels = [home.channel, *(home.fake.add_channel(name, members=[home.alice]) for name in ("a", "b", "c"))]
        async with home.core() as core:
            for channel in (channels[2], channels[1]):
                await home.fake.say(channel, home.alice, "hello")
                await home.quiet()
            places = await core.adapter.places(LONG_AGO)
        assert [found.channel for found in places] == [channels[1], channels[2], channels[0], channels[3]]

    async def test_many_channels_are_read_page_by_page_up_to_a_bound_and_one_kind_leaves_room_for_another(
        self, home: Home, caplog: pytest.LogCaptureFixture
    ) -> None:
        for number in range(250):
            home.fake.add_channel(f"c{number}")
        direct = home.fake.open_dm(home.alice)
        async with a_reader(home) as reader:
            places = await reader.places()
        assert len(places) == len(set(places)) == 200
        assert place(home, direct) in places
        assert home.calls("users.conversations") == 5
        (left,) = [record for record in caplog.records if record.getMessage() == "channels left out"]
        assert vars(left)["count"] == 52

    async def test_a_scope_that_is_missing_takes_away_its_kind_alone_and_is_said_once(
        self, home: Home, caplog: pytest.LogCaptureFixture
    ) -> None:
        home.fake.open_dm(home.alice)
        home.fake.app.scopes.remove("im:read")
        async with a_reader(home) as reader:
            for _ in range(2):
                assert await reader.places() == (place(home),)
        (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]
        assert "im:read is needed" in vars(warning)["advice"]

    @pytest.mark.parametrize("outcome", [500, 0, "internal_error", "token_revoked"])
    async def test_where_slack_does_not_answer_they_are_to_be_asked_for_again(
        self, home: Home, outcome: str | int
    ) -> None:
        home.fake.fail_next("users.conversations", outcome, times=2)  # aiohttp asks twice where a GET is cut off
        async with a_reader(home) as reader:
            with pytest.raises(PlatformUnreachable):
                await reader.places()


class TestChannels:
    async def test_what_is_read_is_what_would_have_been_heard(self, home: Home) -> None:
        guest = home.fake.add_user("Alice", "Alice", team="TOTHER")
        both = [home.alice, home.bob]
        channels = {
            home.channel: Access(Visibility.PUBLIC),
            home.fake.add_channel("staff", private=True, members=both): Access(Visibility.PRIVATE),
            home.fake.add_channel("partners", shared=True, members=[home.alice, guest]): SHARED,
            home.fake.add_group_dm(both): Access(Visibility.PRIVATE),
            home.fake.open_dm(home.alice): Access(Visibility.DIRECT),
        }
        async with home.core() as core:
            core.deaf = True
            for channel in channels:
                for text in ("hello", f"<@{home.bob}> hi", f"<@{home.fake.bot_user_id}> well?", "!forget"):
                    await home.fake.say(channel, home.alice, text)
            await home.fake.say(list(channels)[2], guest, "hello from afar")
            await home.quiet()
            live = {(heard.place.channel, heard.message_id): heard for heard in core.heard}
            assert await core.adapter.places(LONG_AGO)
            for channel, access in channels.items():
                history = await core.adapter.history(place(home, channel), LONG_AGO)
                assert history is not None
                assert [live[channel, said.message_id] for said in history.messages] == list(history.messages)
                assert {said.access for said in history.messages} == {access}
                assert [said.sent_at for said in history.messages] == sorted(s.sent_at for s in history.messages)
                live = {key: heard for key, heard in live.items() if key[0] != channel}
        assert live == {}

    async def test_what_a_list_of_channels_told_need_not_be_asked_again(self, home: Home) -> None:
        group = home.fake.add_group_dm([home.alice, home.bob])
        await home.fake.say(group, home.alice, "hello")
        async with a_reader(home) as reader:
            await reader.places()
            history = await reader.history(place(home, group), LONG_AGO)
        assert history is not None
        assert [said.place for said in history.messages] == [place(home, group)]
        assert home.calls("conversations.info") == 0

    async def test_only_what_is_newer_is_read_and_all_that_stands_since_then_is_told(self, home: Home) -> None:
        other = home.fake.add_user("Other", bot=True)
        home.fake.join(home.channel, other)
        old = await home.fake.say(home.channel, home.alice, "old")
        new = await home.fake.say(home.channel, home.alice, "new")
        beep = await home.fake.say(home.channel, other, "beep")
        history = await read(home, place(home), time_of(old))
        assert [said.text for said in history.messages] == ["new"]
        assert history.standing == {old, new, beep}
        assert history.since == time_of(old)
        assert history.until is None
        assert history.threads == ()

    async def test_an_edited_message_is_read_as_it_stands_now(self, home: Home) -> None:
        ts = await home.fake.say(home.channel, home.alice, "first")
        await home.fake.edit(home.channel, ts, "second")
        (said,) = (await read(home, place(home))).messages
        assert said.text == "second"
        assert said.edited_at is not None
        assert said.edited_at >= said.sent_at

    async def test_what_was_deleted_does_not_stand_there_with_replies_or_without(self, home: Home) -> None:
        gone = await home.fake.say(home.channel, home.alice, "gone")
        parent = await home.fake.say(home.channel, home.alice, "parent")
        reply = await home.fake.say(home.channel, home.bob, "reply", thread_ts=parent)
        await home.fake.delete(home.channel, gone)
        await home.fake.delete(home.channel, parent)
        history = await read(home, place(home))
        assert (history.messages, history.standing) == ((), frozenset())
        assert history.threads == (place(home, thread=parent),)
        thread = await read(home, place(home, thread=parent))
        assert [said.text for said in thread.messages] == ["reply"]
        assert thread.standing == {reply}

    async def test_old_messages_show_the_threads_that_have_gone_on(self, home: Home) -> None:
        parents = [await home.fake.say(home.channel, home.alice, f"topic {number}") for number in range(3)]
        await home.fake.say(home.channel, home.bob, "before", thread_ts=parents[0])
        since = time_of(await home.fake.say(home.channel, home.bob, "the last that was heard"))
        await home.fake.say(home.channel, home.bob, "after", thread_ts=parents[1])
        await home.fake.say(home.channel, home.bob, "after that", thread_ts=parents[2])
        history = await read(home, place(home), since)
        assert history.messages == ()
        assert history.threads == (place(home, thread=parents[2]), place(home, thread=parents[1]))

    async def test_a_reply_sent_to_the_channel_too_is_read_in_both(self, home: Home) -> None:
        parent = await home.fake.say(home.channel, home.alice, "topic")
        loud = await home.fake.say(home.channel, home.bob, "listen", thread_ts=parent, broadcast=True)
        history, thread = await read(home, place(home)), await read(home, place(home, thread=parent))
        assert history.messages[-1] == thread.messages[-1]
        assert loud in history.standing & thread.standing
        assert history.messages[-1].place == place(home, thread=parent)

    async def test_a_channel_with_more_than_a_page_is_complete_from_where_the_page_begins(self, home: Home) -> None:
        said = [await home.fake.say(home.channel, home.alice, f"{number}") for number in range(205)]
        history = await read(home, place(home))
        assert [message.message_id for message in history.messages] == said[-200:]
        assert history.standing == set(said[-200:])
        assert history.since == time_of(said[5])
        newest = await read(home, place(home), time_of(said[100]))
        assert (newest.since, len(newest.messages)) == (time_of(said[100]), 104)
        assert home.calls("conversations.history") == 2


class TestThreads:
    @pytest.mark.parametrize("repeat", [True, False])
    async def test_a_thread_is_read_with_its_parent_where_that_is_new_enough(self, home: Home, repeat: bool) -> None:
        home.fake.repeat_parent = repeat
        parent = await home.fake.say(home.channel, home.alice, "topic")
        first = await home.fake.say(home.channel, home.bob, "first", thread_ts=parent)
        second = await home.fake.say(home.channel, home.bob, "second", thread_ts=parent)
        whole = await read(home, place(home, thread=parent))
        assert [said.message_id for said in whole.messages] == [parent, first, second]
        assert {said.place for said in whole.messages} == {place(home, thread=parent)}
        assert whole.standing == {parent, first, second}
        rest = await read(home, place(home, thread=parent), time_of(first))
        assert [said.message_id for said in rest.messages] == [second]
        assert rest.standing == {first, second}

    @pytest.mark.parametrize("repeat", [True, False])
    async def test_of_a_long_thread_the_newest_are_kept(self, home: Home, repeat: bool) -> None:
        home.fake.repeat_parent = repeat
        parent = await home.fake.say(home.channel, home.alice, "topic")
        said = [await home.fake.say(home.channel, home.bob, f"{n}", thread_ts=parent) for n in range(450)]
        history = await read(home, place(home, thread=parent))
        assert [message.message_id for message in history.messages] == said[-200:]
        assert history.standing == set(said[-200:])
        assert history.since == time_of(said[-200])
        assert home.calls("conversations.replies") == 3

    async def test_of_a_thread_without_end_what_was_read_is_complete(self, home: Home) -> None:
        parent = await home.fake.say(home.channel, home.alice, "topic")
        said = [await home.fake.say(home.channel, home.bob, f"{n}", thread_ts=parent) for n in range(2100)]
        history = await read(home, place(home, thread=parent))
        last = history.messages[-1].message_id
        assert last != said[-1]
        assert history.until == time_of(last)
        assert history.standing == {ts for ts in said if history.since <= time_of(ts) <= time_of(last)}

    async def test_in_a_thread_that_is_gone_with_all_its_messages_nothing_stands(self, home: Home) -> None:
        parent = await home.fake.say(home.channel, home.alice, "topic")
        await home.fake.delete(home.channel, parent)
        history = await read(home, place(home, thread=parent))
        assert (history.messages, history.standing) == ((), frozenset())


class TestRefusals:
    @pytest.mark.parametrize("thread", ["", "1795201000.000001"])
    @pytest.mark.parametrize("code", ["channel_not_found", "not_in_channel", "missing_scope", "something_new"])
    async def test_a_place_that_cannot_be_read_has_no_history(self, home: Home, thread: str, code: str) -> None:
        home.fake.fail_next("conversations.replies" if thread else "conversations.history", code)
        async with a_reader(home) as reader:
            assert await reader.history(place(home, thread=thread), LONG_AGO) is None

    @pytest.mark.parametrize("thread", ["", "1795201000.000001"])
    @pytest.mark.parametrize("outcome", [500, 0, "internal_error", "token_revoked"])
    async def test_where_slack_does_not_answer_it_is_to_be_read_later(
        self, home: Home, thread: str, outcome: str | int
    ) -> None:
        home.fake.fail_next("conversations.replies" if thread else "conversations.history", outcome, times=2)
        async with a_reader(home) as reader:
            with pytest.raises(PlatformUnreachable):
                await reader.history(place(home, thread=thread), LONG_AGO)

    async def test_without_a_connection_there_is_neither(self, home: Home) -> None:
        adapter = home.adapter()
        with pytest.raises(PlatformUnreachable):
            await adapter.places(LONG_AGO)
        with pytest.raises(PlatformUnreachable):
            await adapter.history(place(home), LONG_AGO)

    async def test_a_wait_that_slack_names_is_waited(self, home: Home) -> None:
        ts = await home.fake.say(home.channel, home.alice, "hello")
        home.fake.rate_limit_next("conversations.history", 1)
        started = asyncio.get_running_loop().time()
        history = await read(home, place(home))
        assert asyncio.get_running_loop().time() - started >= 1
        assert history.standing == {ts}

    async def test_a_catch_up_does_not_use_up_what_slack_allows(self, home: Home) -> None:
        home.fake.allow_calls("conversations.history", 8, seconds=0.5)
        async with a_reader(home, burst=2, seconds=0.125) as reader:
            for _ in range(12):
                assert await reader.history(place(home), LONG_AGO) is not None
        assert home.calls("conversations.history") == 12


class TestPace:
    async def test_after_a_burst_a_turn_comes_every_so_often(self) -> None:
        clock = asyncio.get_running_loop().time
        pace, started = Pace(3, 0.05), clock()
        for _ in range(3):
            await pace.turn()
        burst = clock() - started
        for _ in range(3):
            await pace.turn()
        assert clock() - started >= 0.149
        assert burst < 0.1

    async def test_turns_asked_for_together_come_one_after_the_other(self) -> None:
        clock = asyncio.get_running_loop().time
        pace, started, came = Pace(1, 0.05), clock(), list[float]()

        async def take() -> None:
            await pace.turn()
            came.append(clock() - started)

        await asyncio.gather(*(take() for _ in range(4)))
        assert all(at >= 0.05 * number - 0.001 for number, at in enumerate(came))


class TestTime:
    NOW = datetime(2026, 11, 20, 17, 0, 5, 250000, tzinfo=UTC)
    TOOK = timedelta(seconds=2)

    @pytest.mark.parametrize(
        ("date", "seconds"),
        [
            ("Fri, 20 Nov 2026 17:00:05 GMT", 0.0),
            ("Fri, 20 Nov 2026 17:00:04 GMT", 4 - 2 - 5.25),
            ("Fri, 20 Nov 2026 17:30:00 GMT", 0.0),
            ("Fri, 20 Nov 2026 16:00:00 GMT", -3600 - 2 - 5.25),
            ("yesterday", 0.0),
            ("", 0.0),
            (None, 0.0),
            (5, 0.0),
        ],
    )
    def test_a_history_reaches_to_when_it_was_asked_for_and_no_later_than_slacks_clock_says(
        self, date: object, seconds: float
    ) -> None:
        headers = {"Content-Type": "application/json"} | ({} if date is None else {"date": date})
        assert moment(self.NOW, self.TOOK, headers) == self.NOW + timedelta(seconds=seconds)

    @pytest.mark.parametrize("ts", ["1795201023.441473", "0.000000", "99999999999.999999"])
    def test_a_ts_is_the_same_after_it_was_read(self, ts: str) -> None:
        assert ts_of(time_of(ts)) == ts

    def test_what_was_before_there_was_slack_is_asked_for_from_the_beginning(self) -> None:
        assert ts_of(datetime.min.replace(tzinfo=UTC)) == "0.000000"


async def test_what_was_missed_in_an_outage_is_found_again(home: Home) -> None:
    """Plays the core: it asks every place for what is newer than what it heard last, then the threads it is told of."""
    home.fake.socket.retry_pauses = ()
    home.fake.socket.ack_seconds = 0.05
    async with home.core(pauses=[0.01]) as core:
        core.deaf = True
        heard = await home.fake.say(home.channel, home.alice, "before")
        removed = await home.fake.say(home.channel, home.alice, "thought better of")
        await home.quiet()
        home.fake.fail_next("apps.connections.open", 503, times=20)
        home.fake.drop_socket()
        first = await home.fake.say(home.channel, home.alice, "anybody?", mention=True)
        await home.fake.say(home.channel, home.bob, "no", thread_ts=first)
        await home.fake.say(home.channel, home.bob, "still here", thread_ts=heard)
        await home.fake.edit(home.channel, heard, "before and after")
        await home.fake.delete(home.channel, removed)
        await home.fake.wait_for(lambda: home.calls("apps.connections.open") > 10)
        await home.until(lambda: not core.adapter.alive)
        await home.until(lambda: core.connections == 2 and core.adapter.alive)
        assert core.gaps == 2
        since = core.heard[0].sent_at - timedelta(microseconds=1)
        read = [await core.adapter.history(where, since) for where in await core.adapter.places(since)]
        read += [await core.adapter.history(thread, since) for found in read if found for thread in found.threads]
    missed = {said.message_id: said.text for history in read if history for said in history.messages}
    assert sorted(missed.values()) == ["anybody?", "before and after", "no", "still here"]
    standing = frozenset().union(*(history.standing for history in read if history))
    assert {message.message_id for message in core.heard} - standing == {removed}
    assert [message.text for message in core.heard] == ["before", "thought better of"]
