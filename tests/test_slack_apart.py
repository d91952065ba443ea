"""Commands at the top of a Slack channel, where all talk is kept in threads and no slash command can reach it."""

from __future__ import annotations

import pytest

from memory.phrases import NOTHING_TO_FORGET
from tests.scenes import SlackScene

SUMMARY = "Here every thread has its own summary: write `!summary` in the thread, as a message."
LAST = "Here every thread keeps its own messages: write `!forget last 2` in the thread, as a message."


async def use(scene: SlackScene, channel: str, command: str, words: str = "") -> str:
    """What a slash command of who moderates is answered."""
    used = await scene.slack.slash(scene.mod, channel, command, words)
    await scene.wait_for(lambda: bool(scene.slack.responses(used)))
    return scene.slack.responses(used)[0].text


async def test_who_asks_for_the_summary_of_a_channel_is_sent_into_the_thread(slack_scene: SlackScene) -> None:
    scene = slack_scene
    async with scene.serving():
        await scene.exchange(scene.ann, "hello", "Understood.")
        assert await use(scene, scene.channel, "/summary") == SUMMARY
        assert await use(scene, scene.channel, "/summary", "now") == SUMMARY.replace("summary`", "summary now`")
        await scene.say(scene.mod, "!summary", scene.channel)
        await scene.heard(SUMMARY, scene.channel)


@pytest.mark.parametrize("now", ["", " now"])
async def test_who_would_forget_the_last_messages_of_a_channel_is_sent_into_the_thread(
    slack_scene: SlackScene, now: str
) -> None:
    scene = slack_scene
    async with scene.serving():
        await scene.exchange(scene.ann, "hello", "Understood.")
        assert await use(scene, scene.channel, "/forget", f"last 2{now}") == LAST
        await scene.say(scene.mod, "!forget last 2 now")
        await scene.heard("Forgotten: 2 messages")


@pytest.mark.parametrize("conversation", ["shared", "per_user"])
async def test_a_whole_channel_is_forgotten_from_its_top_with_its_threads(
    slack_scene: SlackScene, conversation: str
) -> None:
    scene = slack_scene
    scene.settings["memory"] = {"conversation": conversation}
    async with scene.serving():
        await scene.exchange(scene.ann, "hello", "Understood.")
        assert "everything here, threads included: 2 messages" in await use(scene, scene.channel, "/forget")
        assert (await use(scene, scene.channel, "/forget", "confirm")).startswith("Forgotten: 2 messages")


async def test_direct_messages_have_a_summary_and_last_messages_of_their_own(slack_scene: SlackScene) -> None:
    scene = slack_scene
    group = scene.slack.add_group_dm([scene.ann, scene.mod])
    async with scene.serving():
        for channel in (scene.direct(scene.mod), group):
            assert "There is no summary here yet" in await use(scene, channel, "/summary")
            assert await use(scene, channel, "/forget", "last 2") == NOTHING_TO_FORGET
