"""Who can read what on Slack, who is a guest, and being let in: the real slack-bolt against a fake Slack."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters.slack import Slack
from memory.types import Access, Channel, Inbound, Place, Visibility
from tests.answering import HELLO, Core
from tests.slack_home import Home, a_home


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        yield home


@asynccontextmanager
async def listed(home: Home, seconds: float = Slack.list_seconds) -> AsyncIterator[Core[Slack]]:
    """Run the adapter, from when it has told of its channels; they are listed again after so many seconds."""
    core = Core(home.adapter(), HELLO)
    core.adapter.list_seconds = seconds
    async with core.running():
        await home.until(lambda: core.connections == 1)
        yield core


class Hold:
    """Keeps the first message from being taken in until it may go on."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(self, _: Inbound) -> None:
        self.begun.set()
        await self.go_on.wait()


async def heard(home: Home, core: Core[Slack], channel: str, user: str = "") -> Inbound:
    """Let Alice, or somebody else, say something in a channel, and return it as the bot heard it."""
    ts = await home.fake.say(channel, user or home.alice, "hello")
    await home.until(lambda: any(said.message_id == ts for said in core.heard))
    return next(said for said in core.heard if said.message_id == ts)


def told(home: Home, channel: str, name: str, *, is_open: bool) -> Channel:
    return Channel("slack", home.fake.team_id, channel, name, is_open)


class TestChannels:
    async def test_the_channels_that_the_bot_is_in_are_told_before_anything_else(self, home: Home) -> None:
        staff = home.fake.add_channel("staff", private=True, members=[home.alice])
        old = home.fake.add_channel("old", members=[home.alice])
        home.fake.archive(old)
        home.fake.add_channel("elsewhere", members=[home.alice], bot=False)
        home.fake.open_dm(home.alice)
        async with listed(home) as core:
            assert core.channels == {
                home.channel: told(home, home.channel, "general", is_open=True),
                staff: told(home, staff, "staff", is_open=False),
                old: told(home, old, "old", is_open=True),
            }

    async def test_very_many_are_told_page_by_page(self, home: Home) -> None:
        rooms = [home.fake.add_channel(f"room-{number}") for number in range(450)]
        async with listed(home) as core:
            assert core.channels.keys() == {home.channel, *rooms}

    async def test_one_that_is_made_private_is_closed_before_the_next_message_is_taken_in(self, home: Home) -> None:
        open_by_then: list[bool | None] = []

        async def look(_: Inbound) -> None:
            open_by_then.append(core.is_open(home.channel))

        async with listed(home) as core:
            core.before = look
            assert (await heard(home, core, home.channel)).access == Access(Visibility.PUBLIC)
            home.fake.convert(home.channel)
            said = await heard(home, core, home.channel)
            assert (said.access, said.channel_name) == (Access(Visibility.PRIVATE), "general")
            assert open_by_then == [True, False]
            assert core.channels[home.channel] == told(home, home.channel, "general", is_open=False)
            home.fake.convert(home.channel, private=False)
            await home.until(lambda: core.is_open(home.channel) is True)

    async def test_a_message_itself_tells_that_its_channel_was_made_private(self, home: Home) -> None:
        async with listed(home) as core:
            home.fake.convert(home.channel, told=False)
            assert (await heard(home, core, home.channel)).access == Access(Visibility.PRIVATE)
            assert core.is_open(home.channel) is False

    async def test_a_message_that_comes_late_does_not_open_its_channel_again(self, home: Home) -> None:
        async with listed(home) as core:
            late: dict[str, object] = {"type": "message", "user": home.alice, "text": "late", "ts": "1700000000.000100"}
            home.fake.convert(home.channel)
            await home.until(lambda: core.is_open(home.channel) is False)
            home.fake.tell_of_before(home.channel, late)
            await home.until(lambda: bool(core.heard))
            assert core.heard[0].access == Access(Visibility.PRIVATE)
            assert core.is_open(home.channel) is False

    async def test_where_no_event_tells_of_it_the_next_list_does(self, home: Home) -> None:
        doomed = home.fake.add_channel("doomed", members=[home.alice])
        home.fake.app.events.clear()
        async with listed(home, 0.02) as core:
            home.fake.convert(home.channel, told=False)
            home.fake.leave(doomed, home.fake.bot_user_id)
            await home.until(lambda: core.is_open(home.channel) is core.is_open(doomed) is False)
            home.fake.convert(home.channel, private=False, told=False)
            await home.until(lambda: core.is_open(home.channel) is True)

    async def test_a_new_name_is_told(self, home: Home) -> None:
        async with listed(home) as core:
            home.fake.rename(home.channel, "lobby")
            lobby = told(home, home.channel, "lobby", is_open=True)
            await home.until(lambda: core.channels[home.channel] == lobby)
            assert (await heard(home, core, home.channel)).channel_name == "lobby"

    async def test_one_that_is_shared_or_not_any_more_is_known_for_it_at_once(self, home: Home) -> None:
        async with listed(home) as core:
            home.fake.share(home.channel, "TOTHER")
            await home.quiet()
            assert (await heard(home, core, home.channel)).shared
            home.fake.share(home.channel, "TOTHER", shared=False)
            await home.quiet()
            assert not (await heard(home, core, home.channel)).shared

    async def test_one_that_is_deleted_or_that_the_bot_has_left_is_closed_until_it_comes_back(self, home: Home) -> None:
        doomed, left = [home.fake.add_channel(name) for name in ("doomed", "left")]
        async with listed(home) as core:
            home.fake.delete_channel(doomed)
            home.fake.leave(left, home.fake.bot_user_id)
            await home.quiet()
            assert core.channels[doomed] == told(home, doomed, "doomed", is_open=False)
            assert core.channels[left] == told(home, left, "left", is_open=False)
            home.fake.join(left, home.fake.bot_user_id)
            await home.quiet()
            assert core.channels[left] == told(home, left, "left", is_open=True)
            assert core.removed == [Place("slack", home.fake.team_id, doomed)]

    async def test_a_private_one_that_is_deleted_is_told_too(self, home: Home) -> None:
        doomed = home.fake.add_channel("doomed", private=True, members=[home.alice])
        async with listed(home) as core:
            home.fake.delete_channel(doomed)
            await home.until(lambda: core.removed == [Place("slack", home.fake.team_id, doomed)])

    async def test_a_deletion_that_could_not_be_stored_is_delivered_again_by_slack(self, home: Home) -> None:
        home.fake.socket.ack_seconds = 0.1
        doomed = home.fake.add_channel("doomed")
        async with listed(home) as core:
            core.disk_full = True
            home.fake.delete_channel(doomed)
            await home.until(lambda: core.refused > 1)
            core.disk_full = False
            await home.until(lambda: core.removed == [Place("slack", home.fake.team_id, doomed)])

    async def test_one_that_slack_still_has_is_not_taken_for_deleted(self, home: Home) -> None:
        async with listed(home) as core:
            home.fake.tell_of_deletion(home.channel)
            await home.until(lambda: core.is_open(home.channel) is False)
            await heard(home, core, home.channel)
            assert core.removed == []

    @pytest.mark.parametrize("outcome", [0, 500, "internal_error", "missing_scope", "something_new"])
    async def test_nothing_of_one_goes_before_slack_says_that_it_is_gone(self, home: Home, outcome: str | int) -> None:
        doomed = home.fake.add_channel("doomed")
        async with listed(home, 0.02) as core:
            home.fake.fail_next("conversations.info", outcome, times=3)
            home.fake.delete_channel(doomed)
            await home.until(lambda: core.removed == [Place("slack", home.fake.team_id, doomed)])
            assert core.is_open(doomed) is False
            assert home.calls("conversations.info") == 4

    async def test_one_that_stands_after_all_is_asked_about_no_more_and_opens_again(
        self, home: Home, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with listed(home, 0.02) as core:
            home.fake.fail_next("conversations.info", "internal_error")
            home.fake.tell_of_deletion(home.channel)
            await home.until(lambda: "deleted channel stands" in caplog.messages)
            lists = home.calls("users.conversations")
            await home.until(lambda: home.calls("users.conversations") > lists + 4)
            assert (core.removed, core.is_open(home.channel)) == ([], True)
            assert home.calls("conversations.info") == 2

    async def test_an_answer_without_a_channel_says_nothing_of_it(
        self, home: Home, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with listed(home) as core:
            home.fake.garble("conversations.info", lambda _: {"ok": True})
            home.fake.tell_of_deletion(home.channel)
            await home.until(lambda: core.is_open(home.channel) is False)
            await home.quiet()
        assert core.removed == []
        assert [message for message in caplog.messages if "delet" in message] == ["deletion not confirmed"]

    async def test_it_is_closed_when_what_was_said_before_is_in(self, home: Home) -> None:
        async with listed(home) as core:
            core.before = hold = Hold()
            await home.fake.say(home.channel, home.alice, "hello")
            await hold.begun.wait()
            home.fake.convert(home.channel)
            closing = asyncio.create_task(home.until(lambda: core.is_open(home.channel) is False))
            await asyncio.wait({closing}, timeout=0.1)
            assert not closing.done()
            hold.go_on.set()
            await closing

    async def test_of_channels_that_the_bot_is_not_in_nothing_is_told(self, home: Home) -> None:
        elsewhere = home.fake.add_channel("elsewhere", members=[home.alice], bot=False)
        async with listed(home) as core:
            home.fake.rename(elsewhere, "anywhere")
            await home.quiet()
            await heard(home, core, home.channel)
            assert elsewhere not in core.channels

    async def test_what_could_not_be_stored_is_delivered_again_by_slack(self, home: Home) -> None:
        home.fake.socket.ack_seconds = 0.1
        async with listed(home) as core:
            core.disk_full = True
            home.fake.convert(home.channel)
            await home.until(lambda: core.refused > 0)
            core.disk_full = False
            await home.quiet()
            assert core.is_open(home.channel) is False

    async def test_where_slack_lets_none_be_listed_people_are_served_and_the_cure_is_logged(
        self, home: Home, caplog: pytest.LogCaptureFixture
    ) -> None:
        home.fake.app.scopes -= {"channels:read", "groups:read"}
        with caplog.at_level(logging.WARNING):
            async with listed(home) as core:
                said = await heard(home, core, home.channel)
        assert said.access == Access(Visibility.PUBLIC, shared=True)
        (record,) = [record for record in caplog.records if record.message == "channels not listed"]
        assert "channels:read and groups:read are needed" in vars(record)["advice"]

    @pytest.mark.parametrize("by_event", [True, False])
    async def test_what_is_closed_while_the_list_is_made_stays_closed(self, home: Home, by_event: bool) -> None:
        async def close() -> None:
            home.fake.convert(home.channel, told=by_event)
            if not by_event:
                await home.fake.say(home.channel, home.alice, "hello")

        closing: list[asyncio.Task[None]] = []
        for number in range(201):
            home.fake.add_channel(f"staff-{number}", private=True)

        def change(answer: object) -> object:
            if not closing and "'is_private': True" in str(answer):
                closing.append(asyncio.create_task(close()))
                home.fake.rate_limit_next("users.conversations", 1)  # so that the last page comes later
            return answer

        async with listed(home, 0.02) as core:
            home.fake.garble("users.conversations", change)
            await home.until(lambda: core.is_open(home.channel) is False)
            calls = home.calls("users.conversations")
            await home.until(lambda: home.calls("users.conversations") > calls + 4)
            tellings = [channel.open for channel in core.tellings if channel.channel == home.channel]
            assert tellings == [True, False]

    async def test_a_list_that_came_to_nothing_is_made_again_soon(self, home: Home) -> None:
        home.fake.fail_next("users.conversations", "internal_error")
        async with listed(home, 12.0) as core:
            assert core.channels == {}
            await home.until(lambda: core.is_open(home.channel) is True)

    async def test_a_list_that_broke_off_closes_nothing(self, home: Home, caplog: pytest.LogCaptureFixture) -> None:
        async with listed(home, 0.02) as core:
            for outcome in (500, 0, "internal_error"):
                calls = home.calls("users.conversations")
                home.fake.fail_next("users.conversations", outcome)
                await home.until(lambda calls=calls: home.calls("users.conversations") > calls + 2)  # type: ignore[misc]  # bound now
            home.fake.garble("users.conversations", lambda _: {"ok": True})
            calls = home.calls("users.conversations")
            await home.until(lambda: home.calls("users.conversations") > calls + 4)
            assert core.is_open(home.channel) is True
        assert not any("advice" in vars(record) for record in caplog.records)


class TestGuests:
    async def test_who_is_let_into_some_channels_only_is_a_guest(self, home: Home) -> None:
        fake = home.fake
        visitor = fake.add_user("Visitor", guest=True)
        stranger = fake.add_user("Stranger", team="TOTHER")
        for user in (visitor, stranger):
            fake.join(home.channel, user)
        async with listed(home) as core:
            assert not (await heard(home, core, home.channel)).guest
            assert (await heard(home, core, home.channel, visitor)).guest
            assert (await heard(home, core, home.channel, stranger)).guest

    async def test_who_becomes_one_is_one_from_then_on(self, home: Home) -> None:
        async with listed(home) as core:
            assert not (await heard(home, core, home.channel)).guest
            home.fake.change_user(home.alice, single=True)
            await home.quiet()
            assert (await heard(home, core, home.channel)).guest

    async def test_of_whom_nothing_can_be_learned_counts_as_one(self, home: Home) -> None:
        async with listed(home) as core:
            home.fake.fail_next("users.info", "internal_error", times=3)
            assert (await heard(home, core, home.channel)).guest

    async def test_who_uses_a_slash_command_is_one_too_and_the_place_is_known(self, home: Home) -> None:
        visitor = home.fake.add_user("Visitor", guest=True)
        partners = home.fake.add_channel("partners", shared=True, members=[visitor])
        async with listed(home) as core:
            await home.fake.slash(visitor, partners, "/forget")
            await home.until(lambda: bool(core.heard))
        (said,) = core.heard
        assert said.guest
        assert (said.access, said.channel_name) == (Access(Visibility.PUBLIC, shared=True), "partners")


async def test_a_channel_that_cannot_be_looked_up_counts_as_private_and_shared(home: Home) -> None:
    home.fake.app.scopes -= {"channels:read", "groups:read"}
    async with listed(home) as core:
        await home.fake.slash(home.alice, home.channel, "/forget")
        await home.until(lambda: bool(core.heard))
    assert core.heard[0].access == Access(Visibility.PRIVATE, shared=True)


class TestArriving:
    @pytest.mark.parametrize("private", [False, True])
    async def test_that_the_bot_was_let_in_is_told_once(self, home: Home, private: bool) -> None:
        channel = home.fake.add_channel("plans", private=private, members=[home.alice], bot=False)
        async with listed(home) as core:
            home.fake.join(channel, home.fake.bot_user_id)
            await home.until(lambda: bool(core.arrivals))
            home.fake.join(channel, home.bob)
            await home.quiet()
            visibility = Visibility.PRIVATE if private else Visibility.PUBLIC
            assert core.arrivals == [(Place("slack", home.fake.team_id, channel), visibility)]
            assert core.is_open(channel) is not private

    async def test_an_event_that_slack_delivers_again_is_no_second_arrival(self, home: Home) -> None:
        home.fake.socket.ack_seconds = 0.05
        home.fake.socket.retry_pauses = (0.05, 0.05, 0.05)
        channel = home.fake.add_channel("plans", members=[home.alice], bot=False)
        async with listed(home) as core:
            core.door.clear()
            home.fake.join(channel, home.fake.bot_user_id)
            await home.fake.wait_for(lambda: home.fake.socket.outstanding == 0)
            core.door.set()
            await home.until(lambda: bool(core.arrivals))
            await heard(home, core, channel)
            assert len(core.arrivals) == 1

    async def test_to_connect_again_is_no_arrival(self, home: Home) -> None:
        async with listed(home) as core:
            home.fake.drop_socket()
            await home.until(lambda: core.connections == 2)
            await heard(home, core, home.channel)
        assert core.arrivals == []

    async def test_a_group_of_people_that_writes_to_the_bot_directly_hears_no_notice(self, home: Home) -> None:
        async with listed(home) as core:
            group = home.fake.add_group_dm([home.alice, home.bob])
            home.fake.join(group, home.fake.bot_user_id)
            await heard(home, core, group)
        assert core.arrivals == []
