"""What the log says of a platform that broke and is tried again: the real libraries against fake platforms."""

from __future__ import annotations

import asyncio

import pytest

from bot import log_break
from errors import PlatformUnreachable
from memory.ports import Platform
from memory.types import Inbound
from tests import discord_home, slack_home
from tests.answering import HELLO, NOBODY_THERE, Core, intake_of
from tests.log_reading import logged, logging_restored, only_line, read_text


def told(platform: str, fault: Exception) -> dict[str, str]:
    """What the log says of a fault."""
    with logging_restored():
        stream = logged()
        log_break(platform, fault, 60.0)
    fields = read_text(only_line(stream))
    assert (fields["event"], fields["platform"], fields["retry_seconds"]) == ("platform broke", platform, "60.0")
    return fields


async def deaf(_: Inbound) -> bool:
    """Take nothing in."""
    return False


async def fault_of(platform: Platform) -> Exception:
    """Run a platform that cannot be reached."""
    with pytest.raises(PlatformUnreachable) as caught:
        async with asyncio.timeout(10):
            await platform.run(intake_of(deaf))
    return caught.value


async def test_of_a_network_that_is_down_it_says_what_to_look_at_and_nothing_of_the_code() -> None:
    async with discord_home.a_home() as home:
        fields = told("discord", await fault_of(home.adapter(api_url=f"http://{NOBODY_THERE}/api/v10")))
    assert fields["error"] == "PlatformUnreachable"
    assert fields["detail"].startswith(
        "Discord cannot be reached (ClientConnectorError); see that this machine reaches"
    )
    assert "at" not in fields
    async with slack_home.a_home() as there:
        fields = told("slack", await fault_of(there.adapter(api_url=f"http://{NOBODY_THERE}/api/")))
    assert fields["detail"].startswith("Slack cannot be reached (ClientConnectorError); see that this machine reaches")
    assert "at" not in fields


async def test_of_a_fault_that_nobody_expected_it_says_where_it_arose() -> None:
    async with discord_home.a_home() as home:
        core = Core(home.adapter(), HELLO)
        async with core.running() as running:
            await discord_home.until(lambda: core.connections == 1)
            home.fake.send_raw('{"op": 10, "d": null}')
            with pytest.raises(PlatformUnreachable) as caught:
                async with asyncio.timeout(5):
                    await running
    assert "discord/" in told("discord", caught.value)["at"]
    assert told("slack", KeyError("a fault of ours"))["error"] == "KeyError"
