"""What a gateway does to the Discord adapter, and that it is served on: the real discord.py against a fake Discord."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.discord import Discord
from errors import PlatformUnreachable
from logs import LineFormatter
from tests.answering import HELLO, Core
from tests.discord_home import Home, a_home, until


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        home.identify_seconds = 0.01
        yield home


async def asked_and_answered(home: Home, core: Core[Discord]) -> None:
    """See that the bot still serves."""
    core.settled.clear()
    await home.ask()
    await core.answered()


class TestReceiving:
    async def test_it_counts_as_alive_while_the_gateway_tells_of_events_and_no_longer(self, home: Home) -> None:
        core = Core(home.adapter(), HELLO)
        seen = [core.adapter.alive]
        async with core.running():
            await until(lambda: core.connections == 1)
            seen.append(core.adapter.alive)
            await home.fake.down()
            await until(lambda: not core.adapter.alive)
        seen.append(core.adapter.alive)
        assert seen == [False, True, False]

    async def test_a_session_that_is_resumed_has_missed_nothing(self, home: Home) -> None:
        async with home.ready() as core:
            home.fake.drop_gateway()
            await asked_and_answered(home, core)
            await until(lambda: core.adapter.alive)
        assert (core.connections, core.gaps) == (2, 1)  # the second is told of as one without a gap
        assert home.fake.connections.resumes == 1

    async def test_a_refused_resume_begins_a_session_anew_and_says_that_something_may_have_been_missed(
        self, home: Home
    ) -> None:
        async with home.ready() as core:
            home.fake.refuse_resume = True
            home.fake.drop_gateway()
            await until(lambda: core.connections == 2)
            assert core.adapter.alive
            await asked_and_answered(home, core)
        assert core.gaps == 2
        assert (home.fake.connections.identifies, home.fake.connections.resumes) == (2, 0)

    async def test_a_gateway_that_asks_to_connect_again_is_obeyed(self, home: Home) -> None:
        async with home.ready() as core:
            home.fake.ask_reconnect()
            await home.fake.wait_for(lambda: home.fake.connections.resumes == 1)
            await asked_and_answered(home, core)
        assert core.gaps == 1

    async def test_a_connection_that_breaks_before_it_is_ready_begins_when_it_is_resumed(self, home: Home) -> None:
        async with home.core() as core:
            home.fake.stall_gateway()
            home.fake.drop_gateway()
            await asyncio.sleep(0.4)  # what discord.py began with READY ends after 0.2
            assert not core.adapter.alive
            assert core.connections == 0
            home.fake.stall_gateway(until_now=True)
            await until(lambda: core.adapter.alive)
            await until(lambda: core.connections == 1)
        assert (core.gaps, home.fake.connections.resumes) == (1, 1)

    async def test_a_gateway_that_stays_away_too_long_is_to_be_connected_to_anew(self, home: Home) -> None:
        adapter = home.adapter()
        adapter.patience_seconds = 0.05
        core = Core(adapter, HELLO)
        async with core.running() as running:
            await until(lambda: core.connections == 1)
            await home.fake.down()
            with pytest.raises(PlatformUnreachable):
                async with asyncio.timeout(5):
                    await running

    async def test_a_gateway_that_comes_back_in_time_is_not_given_up(self, home: Home) -> None:
        adapter = home.adapter()
        adapter.patience_seconds = 0.3
        core = Core(adapter, HELLO)
        async with core.running():
            await until(lambda: core.connections == 1)
            home.fake.drop_gateway()
            await home.fake.wait_for(lambda: home.fake.connections.resumes == 1)
            await asyncio.sleep(0.4)
            assert adapter.alive
            await asked_and_answered(home, core)


class TestMalformed:
    @pytest.mark.parametrize(
        ("event", "data"),
        [
            ("MESSAGE_CREATE", {"id": "7", "guild_id": None, "channel_id": "8", "content": "secret"}),
            ("MESSAGE_CREATE", ["secret"]),
            ("MESSAGE_CREATE", None),
            ("MESSAGE_UPDATE", {"id": "7", "channel_id": "8", "embeds": []}),
            ("MESSAGE_DELETE", {"id": "secret", "channel_id": "8"}),
            ("MESSAGE_DELETE_BULK", {"ids": None, "channel_id": "8"}),
            ("GUILD_CREATE", {"id": "secret"}),
            ("CHANNEL_UPDATE", {"id": "secret", "type": 0}),
            ("THREAD_LIST_SYNC", {"guild_id": None}),
            ("INTERACTION_CREATE", {"type": 2}),
            ("USER_UPDATE", None),
        ],
    )
    async def test_an_event_that_cannot_be_read_is_dropped_and_the_log_names_its_type_alone(
        self, home: Home, event: str, data: object, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with home.ready() as core:
            home.fake.send_event(event, data)
            await asked_and_answered(home, core)
        assert home.fake.connections.identifies == 1
        assert home.fake.connections.resumes == 0
        (dropped,) = [record for record in caplog.records if record.getMessage() == "event dropped"]
        line = LineFormatter("text", ()).format(dropped)
        assert f"type={event}" in line
        assert "secret" not in line

    async def test_a_slash_command_that_cannot_be_read_is_passed_over(self, home: Home) -> None:
        used = {"id": "7", "application_id": home.fake.bot_id, "type": 2, "token": "x", "version": 1}
        async with home.ready() as core:
            for data in ({}, {"name": 7, "type": 1, "id": "8"}, {"name": "forget", "type": 1, "options": "secret"}):
                home.fake.send_event("INTERACTION_CREATE", used | {"data": data, "attachment_size_limit": 0})
            await asked_and_answered(home, core)

    async def test_an_event_of_a_kind_that_nobody_knows_is_passed_over(self, home: Home) -> None:
        async with home.ready() as core:
            home.fake.send_event("NEWS_OF_TOMORROW", {"id": "7"})
            home.fake.send_raw('{"op": 77, "d": null, "s": null, "t": null}')
            await asked_and_answered(home, core)

    @pytest.mark.parametrize(
        "payload",
        [
            "this is no JSON",
            "",
            "[]",
            '"op"',
            '{"op": 0, "t": ["MESSAGE_CREATE"], "s": 9, "d": {}}',
            '{"op": 0, "t": "READY", "s": 1, "d": {"session_id": "x"}}',
            '{"op": 0, "t": "READY", "s": 1, "d": {"session_id": "x", "resume_gateway_url": "ws://127.0.0.1:1/"}}',
            '{"op": 0, "t": "RESUMED", "s": 1, "d": null}',
            '{"op": 10, "d": null}',
            "[" * 100_000,
        ],
    )
    async def test_what_ends_a_connection_leads_to_another_one(self, home: Home, payload: str) -> None:
        core = Core(home.adapter(), HELLO)
        async with core.running() as running:
            await until(lambda: core.connections == 1)
            home.fake.send_raw(payload)
            with pytest.raises(PlatformUnreachable):
                async with asyncio.timeout(5):
                    await running
        async with core.running():
            await until(lambda: core.gaps == 2)
            await asked_and_answered(home, core)

    async def test_a_server_that_cannot_be_read_is_served_all_the_same(self, home: Home) -> None:
        home.fake.hold_back(home.server)
        async with home.ready() as core:
            home.fake.send_event("GUILD_CREATE", {"id": home.server, "name": "Home", "channels": [{"id": "secret"}]})
            await asked_and_answered(home, core)
        assert home.said() == ["Hello!"]
        assert core.heard[0].place == home.place
