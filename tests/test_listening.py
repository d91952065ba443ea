"""What the operator decides: what the bot listens to, and whether it recalls, knows facts, and lets words travel."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest

from errors import ModelUnreachable, PlatformUnreachable
from memory.phrases import NOTHING_TO_FORGET
from memory.types import Inbound, Place, Quote, Visibility
from tests.scenes import DiscordScene
from tests.stage import SETTINGS, Stage, stage

SMALL = replace(SETTINGS, max_tokens=2000, keep_tokens=400, keep_recent=2, summary_tokens=100, recall="off")
LINE = "wind the thread around the spool, then let go of it "


async def overhear(on: Stage, texts: Sequence[str], *, thread: str = "", first: int = 1) -> None:
    """Have people say to each other what the bot can read, and wait until it is taken up."""
    for number, text in enumerate(texts, first):
        await on.hear(number, text, author="bob", thread=thread, addressed=False)
    await on.wait_for(lambda: not on.rows("SELECT 1 FROM inbox WHERE state = 'waiting'"))


async def ask(on: Stage, number: int, text: str, *, thread: str = "") -> list[str]:
    """Ask the bot, and return what the request held."""
    said = len(on.platform.said)
    await on.hear(number, text, thread=thread)
    await on.until(said + 1)
    return on.asked()


@pytest.mark.parametrize(("words", "author", "read"), [("!forget me", "bob", False), ("!forget", "mod", True)])
async def test_who_has_himself_forgotten_where_nothing_is_kept_is_not_taken_in_with_what_is_older(
    tmp_path: Path, words: str, author: str, *, read: bool
) -> None:
    async with stage(tmp_path) as on:
        on.write(1, "the zebra code", author="bob", thread="t", addressed=False)
        on.write(2, "the lynx code", author="cy", thread="t", addressed=False)
        await on.hear(3, words, author=author, thread="t")
        await on.until(1)
        assert on.platform.said[0][1] == NOTHING_TO_FORGET
        request = await ask(on, 4, "which code?", thread="t")
    assert any("lynx" in text for text in request)
    assert any("zebra" in text for text in request) is read


# ---- memory.listen


@pytest.mark.parametrize(
    ("listen", "in_channel", "in_thread"),
    [("addressed", False, False), ("threads", False, True), ("all", True, True)],
)
async def test_what_is_listened_to_is_remembered_and_never_answered(
    tmp_path: Path, listen: Literal["addressed", "threads", "all"], *, in_channel: bool, in_thread: bool
) -> None:
    async with stage(tmp_path, replace(SETTINGS, listen=listen, before_messages=0)) as on:
        await overhear(on, ["we sail on Friday"])
        await overhear(on, ["the boat is blue"], thread="m0", first=2)
        assert on.model.prompts == []
        assert ("Bob: we sail on Friday" in await ask(on, 8, "when?")) is in_channel
        assert ("Bob: the boat is blue" in await ask(on, 9, "which colour?", thread="m0")) is in_thread
        assert on.said == ["m8", "m9"]


async def test_who_names_the_bot_by_an_edit_only_is_answered_also_where_it_listened(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(SETTINGS, listen="all")) as on:
        await overhear(on, ["what is the capital of Norway?", "who knows?"])
        (message, _) = on.platform.written.values()
        await on.core.amend(replace(on.rewrite(message, "what is the capital of Norway, Keeper?"), addressed=True))
        await on.until(1)
        await on.core.amend(replace(on.rewrite(message, "and of Sweden, Keeper?"), addressed=True))
        await on.hear(9, "hello")
        await on.until(2)
        assert on.said == ["m1", "m9"]
    assert on.asked(0) == ["Bob: who knows?", "Bob: what is the capital of Norway, Keeper?"]


async def test_who_names_the_bot_by_an_edit_of_what_it_read_as_the_beginning_of_a_thread_is_answered(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, replace(SETTINGS, before_messages=20)) as on:
        message = on.write(1, "who sails?", author="bob", addressed=False)
        await on.hear(2, "hello", thread="m1")
        await on.until(1)
        quote = Quote("m0", "cy", "Cy", "the boat is ready", message.sent_at)  # so it is read from the inbox
        await on.core.amend(replace(on.rewrite(message, "who sails, Keeper?"), addressed=True, reply_to=quote))
        await on.until(2)
    assert on.said == ["m2", "m1"]


async def test_what_is_deleted_the_moment_it_is_overheard_is_not_remembered(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(SETTINGS, listen="all")) as on:
        for number in range(9):
            message = on.write(number, f"the secret is K{number}", thread="t", addressed=False)
            await asyncio.gather(on.core.accept(message), on.core.erase(message.place, [message.message_id]))
        assert await ask(on, 10, "hello", thread="t") == ["Ann: hello"]


async def test_what_was_listened_to_is_not_read_a_second_time_from_the_platform(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(SETTINGS, listen="threads")) as on:
        await overhear(on, ["the boat is blue"], thread="m0", first=2)
        assert await ask(on, 9, "which colour?", thread="m0") == ["Bob: the boat is blue", "Ann: which colour?"]


async def test_who_is_denied_is_not_listened_to_and_commands_are_no_turns(tmp_path: Path) -> None:
    settings = replace(SETTINGS, listen="all", deny=frozenset({"stage:bob"}))
    async with stage(tmp_path, settings) as on:
        await on.hear(1, "a secret", author="bob", addressed=False)
        await on.hear(2, "!help", author="cy", addressed=False)
        await on.until(1)
        assert await ask(on, 3, "well?") == ["Ann: well?"]


async def test_a_channel_that_is_listened_to_for_weeks_is_folded_as_it_grows(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(SMALL, listen="all")) as on:
        for number in range(0, 120, 5):
            await overhear(on, [LINE + str(number + n) for n in range(5)], first=number + 1)
            on.now += timedelta(hours=6)
        await on.wait_for(lambda: len(on.rows("SELECT * FROM summaries")) >= 3)
        assert on.model.prompts == []
        assert max(prompt.tokens for prompt in on.model.folds) <= 2000
        asked = await ask(on, 200, "what did they say?")
        assert sum(len(text) for text in asked) < 2000
        assert on.turns[-1].left_out == 0


async def test_where_the_model_was_down_for_weeks_it_is_folded_in_bounded_steps_once_it_is_asked(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, replace(SMALL, listen="all", strategy="buffer")) as on:
        await overhear(on, [LINE + str(number) for number in range(120)])
        assert on.model.folds == []
    async with stage(tmp_path, replace(SMALL, listen="all")) as on:
        await ask(on, 200, "what did they say?")
        assert on.turns[-1].left_out > 0
        await on.wait_for(lambda: len(on.rows("SELECT * FROM summaries")) >= 3)
        assert max(prompt.tokens for prompt in on.model.folds) <= 2000
        await on.wait_for(lambda: _open_tokens(on) < 1000)
        await ask(on, 201, "and now?")
        assert on.turns[-1].left_out == 0


def _open_tokens(on: Stage) -> int:
    """Tokens of the turns that no summary covers."""
    ((tokens,),) = on.rows("SELECT COALESCE(SUM(tokens), 0) FROM turns WHERE id > (SELECT MAX(through) FROM summaries)")
    return int(str(tokens))


async def test_what_fails_to_be_folded_while_nobody_asks_is_tried_seldom(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(SMALL, listen="all", summary_model="other")) as on:
        on.model.fold_failures += [ModelUnreachable("down")] * 50
        await overhear(on, [LINE + str(number) for number in range(120)])
        await on.wait_for(lambda: len(on.model.folds) == 1)
        on.now += timedelta(seconds=61)
        await overhear(on, [LINE] * 5, first=300)
        await on.wait_for(lambda: len(on.model.folds) == 2)


# ---- the notice


async def test_where_it_is_let_in_it_says_once_what_it_remembers(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(SETTINGS, listen="all", name="Keeper")) as on:
        await on.core.arrived(Place("stage", "space", "channel"), Visibility.PUBLIC)
        await on.wait_for(lambda: len(on.platform.posts) == 1)
        (notice,) = on.platform.shown()
        assert "I am Keeper" in notice
        assert "everything that is said in the channels that I can read" in notice
        assert "!forget me" in notice
        await on.die_and_start(missed=True)
        await ask(on, 1, "hello")
        assert len(on.platform.posts) == 2


async def test_where_nobody_is_heard_it_does_not_say_that_it_answers(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(SETTINGS, deny=frozenset({"stage:space"}))) as on:
        await on.core.arrived(Place("stage", "space", "channel"), Visibility.PUBLIC)
        await on.core.arrived(Place("stage", "elsewhere", "channel"), Visibility.PUBLIC)
        await on.wait_for(lambda: bool(on.platform.posts))
        assert [post.place.space for post in on.platform.posts.values()] == ["elsewhere"]


async def test_where_it_cannot_say_so_it_serves_all_the_same(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.platform.failures.append(PlatformUnreachable("down"))
        await on.core.arrived(Place("stage", "space", "channel"), Visibility.PUBLIC)
        await on.wait_for(lambda: not on.platform.failures)
        await ask(on, 1, "hello")
        assert on.platform.shown() == ["Answer 1."]


async def test_on_a_real_platform_the_notice_comes_once_and_not_with_every_start(discord_scene: DiscordScene) -> None:
    scene = discord_scene
    scene.settings["memory"] = {"listen": "threads"}
    cove = scene.discord.add_guild("Cove")
    landing = scene.discord.add_channel(cove, "general")
    scene.discord.send_away(cove)
    async with scene.serving():
        await scene.ask(scene.ann, "hello")
        await scene.wait_for(lambda: len(scene.said()) == 1)
        scene.discord.let_in(cove)
        await scene.wait_for(lambda: len(scene.said(landing)) == 1)
        assert "everything that is said in threads" in scene.said(landing)[0]
    async with scene.serving():
        await scene.ask(scene.ann, "hello again")
        await scene.wait_for(lambda: len(scene.said()) == 2)
        assert len(scene.said(landing)) == 1


# ---- memory.reach, memory.recall, memory.facts


async def elsewhere(on: Stage) -> str:
    """Have Ann tell something in one channel and ask for it in another; return the whole request."""
    await on.hear(1, "my boat is called Swallow", channel="harbour")
    await on.until(1)
    await on.hear(2, "what is my boat called?", channel="channel")
    await on.until(2)
    return "\n".join(message.content for message in on.model.prompts[-1].messages)


async def test_what_was_said_in_another_channel_is_recalled(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        assert "Swallow" in await elsewhere(on)


async def test_with_the_reach_of_a_channel_it_is_not(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(SETTINGS, reach="channel")) as on:
        assert "Swallow" not in await elsewhere(on)


async def test_with_recall_off_nothing_is_looked_for(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(SETTINGS, recall="off")) as on:
        assert "Swallow" not in await elsewhere(on)
        assert on.rows("SELECT * FROM sources") == []


async def remembered(on: Stage) -> Inbound:
    """Have Ann tell something about herself by a command."""
    said = on.write(1, "!remember I live in Oslo")
    await on.core.accept(said)
    await on.until(1)
    return said


async def test_with_facts_off_nothing_is_asked_of_the_model_and_none_stands_in_a_prompt(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await remembered(on)
        await ask(on, 2, "hello")
        assert "Oslo" in on.model.prompts[-1].messages[-1].content
    async with stage(tmp_path, replace(SMALL, facts=False, rest_minutes=1)) as on:
        for number in range(3, 40):
            await ask(on, number, LINE)
        await on.wait_for(lambda: bool(on.rows("SELECT * FROM summaries")))
        for prompt in [*on.model.prompts, *on.model.folds]:
            assert not any("Oslo" in message.content or "fact" in message.content for message in prompt.messages)
        await on.stop()  # with its end, that of a fold that was under way
        folds = len(on.model.folds)
        on.now += timedelta(hours=1)
        await on.start()
        await ask(on, 50, "hello")
        assert len(on.model.folds) == folds
