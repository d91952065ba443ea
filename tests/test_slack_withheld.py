"""What Slack withholds from an app that has had too many events is read again, as soon as that is over."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import config
from adapters.slack import Slack
from memory.ports import Platform
from tests.answering import HELLO, Core
from tests.fakes.model import FakeModel
from tests.fakes.slack import FakeSlack
from tests.scenes import SlackScene
from tests.slack_home import Home, a_home


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        yield home


class Hasty(SlackScene):
    """A scene whose bot waits less than a minute."""

    def platforms(self, settings: config.Settings) -> list[Platform]:
        """See `Scene`."""
        platforms = super().platforms(settings)
        for platform in platforms:
            if isinstance(platform, Slack):
                platform.withheld_seconds = 0.5
        return platforms


async def test_who_asks_while_slack_withholds_events_is_answered_when_it_is_over(
    tmp_path: Path, slack: FakeSlack, model: FakeModel
) -> None:
    scene = await Hasty.make(tmp_path, model, slack)
    async with scene.serving():
        await scene.exchange(scene.ann, "my cat is called Pushkin", "Understood.")
        slack.withhold()
        await scene.say(scene.ann, "what is it called?", to_bot=True)
        slack.withhold_no_more()
        await scene.wait_for(lambda: len(scene.said()) == 2)
    assert "what is it called?" in model.requests[-1].text


class TestBeingToldOfIt:
    async def test_the_operator_is_told_what_would_help(self, home: Home, caplog: pytest.LogCaptureFixture) -> None:
        async with home.core():
            home.fake.withhold()
            await home.quiet()
        (warning,) = [record for record in caplog.records if record.getMessage() == "events withheld"]
        assert warning.levelno == logging.WARNING
        assert "user_profile_changed" in vars(warning)["advice"]

    async def test_a_minute_that_is_told_of_twice_is_read_once(self, home: Home) -> None:
        core = Core(home.adapter(), HELLO)
        core.adapter.withheld_seconds = 0.3
        async with core.running():
            await home.until(lambda: core.connections == 1)
            for minute in (60, 60, 120):
                home.fake.withhold(minute)
            await home.until(lambda: core.connections == 3)
            await home.quiet()
            assert (core.connections, core.gaps) == (3, 3)

    async def test_who_can_read_a_channel_is_asked_again_then(self, home: Home) -> None:
        core = Core(home.adapter(), HELLO)
        core.adapter.withheld_seconds = 0.3
        async with core.running():
            await home.until(lambda: core.connections == 1 and core.is_open(home.channel) is True)
            home.fake.withhold()
            home.fake.convert(home.channel)
            await home.until(lambda: core.connections == 2)
            assert core.is_open(home.channel) is False
