"""Both platforms served by one process, from one database."""

from __future__ import annotations

import asyncio
from pathlib import Path

import bot
import config
import parts
from tests.fakes.discord import FakeDiscord
from tests.fakes.model import FakeModel
from tests.fakes.slack import FakeSlack
from tests.scenes import DiscordScene, SlackScene


async def test_each_is_answered_in_its_own_conversation_and_the_ones_trouble_is_not_the_others(
    tmp_path: Path, discord: FakeDiscord, slack: FakeSlack, model: FakeModel
) -> None:
    here = DiscordScene(tmp_path, model, discord)
    there = await SlackScene.make(tmp_path, model, slack)
    here.settings["slack"] = there.platform_settings()
    paths = here.write_settings()
    settings = config.load(*paths, there.secrets())
    stop = asyncio.Event()
    serving = asyncio.create_task(bot.serve(settings, stop, parts.make_platforms(settings)))
    try:
        await there.wait_for(lambda: there.connections > 0)
        await here.wait_for(lambda: here.connections > 0)
        await here.exchange(here.ann, "the word is alpha", "Understood.")
        await there.exchange(there.ann, "the word is beta", "Understood.")
        assert "alpha" not in model.requests[-1].text
        await discord.down()  # the one's trouble …
        await there.exchange(there.bob, "still there?", "Understood.")
        assert "the word is beta" in model.requests[-1].text
        await discord.up()
        await slack.down()  # … and the other's
        await here.wait_for(lambda: here.connections > 1 or discord.connections.resumes > 0)
        await here.exchange(here.bob, "and here?", "Understood.")
        assert {row[0] for row in here.rows("SELECT platform FROM conversations")} == {"discord", "slack"}
    finally:
        stop.set()
        assert await serving == 0


async def test_in_a_free_channel_nobody_need_mention_the_bot(
    tmp_path: Path, discord: FakeDiscord, slack: FakeSlack, model: FakeModel
) -> None:
    here = DiscordScene(tmp_path, model, discord)
    there = await SlackScene.make(tmp_path, model, slack)
    free = [f"discord:{here.home}", f"slack:{there.channel}"]
    here.settings |= {"slack": there.platform_settings(), "answer": {"free_channels": free}}
    settings = config.load(*here.write_settings(), there.secrets())
    stop = asyncio.Event()
    serving = asyncio.create_task(bot.serve(settings, stop, parts.make_platforms(settings)))
    try:
        await there.wait_for(lambda: there.connections > 0)
        await here.wait_for(lambda: here.connections > 0)
        await here.say(here.ann, "anybody there?")
        await here.heard("Understood.")
        said = await there.say(there.ann, "anybody there?", there.channel)
        await there.heard("Understood.", f"{there.channel}/{said}")
        await here.say(here.ann, f"{here.mention(here.bob)} are you there?")
        await here.ask(here.bob, "hello")
        await here.heard("Understood.", times=2)
        assert "Ann: @Bob are you there?" in model.requests[-1].text
    finally:
        stop.set()
        await serving
