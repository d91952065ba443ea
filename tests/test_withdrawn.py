"""Answers of which the words were taken back before they stood in full: nothing of them is left behind."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from memory.core.voice import FORGOTTEN
from memory.forgetting import find_echo
from memory.types import Forgetting
from tests.fakes.model import Say
from tests.scenes import DiscordScene, Scene, SlackScene
from tests.stage import START, Stage, full_disk, stage


async def post_unheard(on: Stage) -> asyncio.Event:
    """Have Ann ask, and the bot post its first words, of which the platform's word is held back."""
    on.platform.receipt, on.model.gate = asyncio.Event(), asyncio.Event()
    await on.hear(1, "the secret is K7")
    await on.wait_for(lambda: on.platform.shown() == ["Answer "])
    return on.platform.receipt


class TestFirstWordsOnTheirWay:
    @pytest.mark.parametrize("how", ["deleted", "forgotten"])
    async def test_they_are_taken_away_when_what_they_answer_goes(self, tmp_path: Path, how: str) -> None:
        async with stage(tmp_path) as on:
            receipt = await post_unheard(on)
            if how == "deleted":
                await on.core.erase(on.write(1, "").place, ["m1"])
            else:
                await on.hear(2, "!forget me now")
            await on.wait_for(lambda: "Answer " not in on.platform.shown())
            receipt.set()

    async def test_they_are_taken_away_although_nobody_stopped_the_answer(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            receipt = await post_unheard(on)
            await on.store.forget(Forgetting(on.write(1, "").place, START, messages=("m1",)), find_echo)
            receipt.set()
            assert on.model.gate is not None
            on.model.gate.set()
            await on.wait_for(lambda: on.platform.shown() == [])

    @pytest.mark.parametrize("when", ["before its receipt", "after it"])
    async def test_an_answer_that_is_deleted_while_it_is_made_is_no_turn(self, tmp_path: Path, when: str) -> None:
        async with stage(tmp_path) as on:
            receipt = await post_unheard(on)
            if when == "after it":
                receipt.set()
                await on.wait_for(lambda: bool(on.rows("SELECT * FROM posts")))
            await on.core.erase(on.write(1, "").place, ["post-1"])
            receipt.set()
            assert on.model.gate is not None
            on.model.gate.set()
            await on.wait_for(lambda: on.platform.shown() == [])
            await on.hear(2, "and now?")
            await on.wait_for(lambda: "m2" in on.said)
        assert on.asked() == ["Ann: the secret is K7", "Ann: and now?"]

    async def test_nor_is_one_of_which_all_is_on_disk_but_where_it_stands(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            on.model.says, on.platform.receipt = "All of it.", asyncio.Event()
            await on.hear(1, "hello")
            await on.until_recorded("hello", "All of it.")
            await on.wait_for(lambda: on.platform.shown() == ["All of it."])
            await on.core.erase(on.write(1, "").place, ["post-1"])
            on.platform.receipt.set()
            await on.until_recorded("hello")

    async def test_one_that_a_restart_completes_and_that_is_deleted_meanwhile_is_none_either(
        self, tmp_path: Path
    ) -> None:
        async with stage(tmp_path) as on:
            on.model.says, on.platform.last_send = "All of it.", asyncio.Event()
            await on.hear(1, "hello")
            await on.until_held("m1")
            await on.kill()
            on.platform.last_send, on.platform.receipt = None, asyncio.Event()
            await on.start()
            await on.wait_for(lambda: on.platform.shown() == ["All of it."])
            await on.core.erase(on.write(1, "").place, list(on.platform.posts))
            on.platform.receipt.set()
            await on.until_recorded("hello")

    async def test_so_is_the_sentence_that_the_disk_did_not_take_them_once_it_lets_them_be_forgotten(
        self, tmp_path: Path
    ) -> None:
        async with stage(tmp_path) as on:
            on.resting = asyncio.Event()
            receipt = await post_unheard(on)
            assert on.model.gate is not None
            with full_disk():
                receipt.set()
                on.model.gate.set()
                await on.wait_for(lambda: on.pauses == [15])
            assert len(on.platform.shown()) == 1
            await on.core.erase(on.write(1, "").place, ["m1"])
            on.resting.set()
            await on.wait_for(lambda: on.platform.shown() == [])

    async def test_on_the_platforms(self, scene: Scene) -> None:
        scene.model.script(Say(("Your code K7 is safe with me, ", "be sure "), ending="silence"))
        async with scene.serving():
            lose_receipt(scene)
            message = await scene.ask(scene.ann, "my code is K7")
            await scene.heard("K7")
            await scene.delete(message)
            await scene.wait_for(lambda: scene.said() == [])
            await scene.exchange(scene.bob, "what is her code?", "Understood.")
        assert scene.said() == ["Understood."]


class TestRecordedAlready:
    @pytest.mark.parametrize("how", ["edited", "deleted", "forgotten"])
    async def test_who_was_to_be_told_somebody_elses_words_that_went_is_told_that(
        self, tmp_path: Path, how: str
    ) -> None:
        async with stage(tmp_path) as on:
            await on.hear(1, "the secret is K7")
            await on.until(1)
            on.model.says, on.platform.last_send = "It is K7, she said.", asyncio.Event()
            await on.hear(2, "what is it?", author="bob")
            await on.until_held("m2")
            if how == "edited":
                await on.core.amend(on.rewrite(on.write(1, ""), "nothing"))
            elif how == "deleted":
                await on.core.erase(on.write(1, "").place, ["m1"])
            else:
                await on.hear(3, "!forget me now")
            await on.wait_for(lambda: not on.rows("SELECT id FROM turns WHERE text LIKE '%K7%'"))
            on.platform.last_send.set()
            await on.wait_for(lambda: ("m2", FORGOTTEN) in on.platform.said)
            assert "what is it?" in await on.transcript()
        assert not any("K7" in text for text in on.platform.shown())
        assert len(on.model.prompts) == 2


def lose_receipt(scene: Scene) -> None:
    """Let the next message of the bot stand there without its being told so."""
    if isinstance(scene, DiscordScene):
        scene.discord.fail_next("POST", "/messages$", 0, after_effect=True)
    elif isinstance(scene, SlackScene):
        scene.slack.fail_next("chat.postMessage", 0, after_effect=True)
