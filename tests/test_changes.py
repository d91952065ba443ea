"""Edits and deletions: what is said now is what was meant, and what was taken back is in no request any more."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from memory.core.voice import FORGOTTEN
from memory.forgetting import find_echo
from memory.types import Forgetting
from tests.fakes.model import Say
from tests.scenes import Scene
from tests.stage import SETTINGS, START, Stage, stage

FOLDING = replace(SETTINGS, max_tokens=2000, keep_tokens=200, keep_recent=2)


def slow_down(database: Path, *writes: str) -> None:
    """Let each of these writes of one row take some tenths of a second."""
    count = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT MAX(i) FROM n"
    with closing(sqlite3.connect(database)) as db:
        for number, write in enumerate(writes):
            db.execute(f"CREATE TRIGGER slow_{number} AFTER {write} BEGIN {count}; END")


async def begin_to_answer(on: Stage, text: str) -> asyncio.Event:
    """Have Ann ask something, and the model stop in the middle of its answer; return what it waits for."""
    gate = on.model.gate = asyncio.Event()
    await on.hear(1, text)
    await on.wait_for(lambda: on.platform.shown() == ["Answer "])
    return gate


class TestWhileAnswering:
    async def test_a_message_that_is_edited_is_answered_anew_in_the_same_message(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            gate = await begin_to_answer(on, "where is Olso?")
            message = on.write(1, "where is Olso?")
            await on.core.amend(on.rewrite(message, "where is Oslo?"))
            await on.until_asked(2)
            gate.set()
            await on.until(1)
            assert await on.transcript() == ["where is Oslo?", "Answer 2."]
        assert on.asked(1) == ["Ann: where is Oslo?"]
        assert on.platform.said == [("m1", "Answer 2.")]
        assert on.platform.shown() == ["Answer 2."]

    async def test_an_edit_that_changes_no_word_disturbs_nobody(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            gate = await begin_to_answer(on, "where is Oslo?")
            await on.core.amend(on.rewrite(on.write(1, ""), "where is Oslo?"))
            gate.set()
            await on.until(1)
        assert len(on.model.prompts) == 1

    async def test_the_begun_answer_to_a_message_that_is_deleted_is_taken_away(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            gate = await begin_to_answer(on, "the secret is K7")
            await on.core.erase(on.write(1, "").place, ["m1"])
            await on.wait_for(lambda: on.platform.shown() == [])
            await on.hear(2, "what is it?", author="bob")
            gate.set()
            await on.wait_for(lambda: ("m2", "Answer 2.") in on.platform.said)
            assert await on.transcript() == ["what is it?", "Answer 2."]
        assert on.asked(1) == ["Bob: what is it?"]
        assert on.platform.shown() == ["Answer 2."]

    async def test_of_a_message_that_is_forgotten_a_sentence_says_why_it_has_no_answer(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await begin_to_answer(on, "the secret is K7")
            await on.hear(2, "!forget now", author="mod")
            await on.until(2)
            assert await on.transcript() == []
        assert ("m1", FORGOTTEN) in on.platform.said
        assert on.platform.shown()[0] == FORGOTTEN

    @pytest.mark.parametrize("how", ["edited", "deleted", "forgotten"])
    async def test_another_persons_answer_begins_again_without_the_words_that_went(
        self, tmp_path: Path, how: str
    ) -> None:
        async with stage(tmp_path) as on:
            await on.hear(1, "the secret is K7")
            await on.until(1)
            on.model.gate = asyncio.Event()
            await on.hear(2, "what is it?", author="bob")
            await on.wait_for(lambda: on.platform.shown()[1:] == ["Answer "])
            message = on.write(1, "")
            if how == "edited":
                await on.core.amend(on.rewrite(message, "nothing"))
            elif how == "deleted":
                await on.core.erase(message.place, ["m1"])
            else:
                await on.hear(3, "!forget me now")
            await on.until_asked(3)
            on.model.gate.set()
            await on.wait_for(lambda: ("m2", "Answer 3.") in on.platform.said)
        assert "K7" in on.asked(1)[0]
        assert not any("K7" in text for text in on.asked(2))
        assert on.platform.shown()[1] == "Answer 3."

    async def test_an_answer_that_nobody_stopped_is_void_all_the_same_and_made_again(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await on.hear(1, "the secret is K7")
            await on.until(1)
            gate = on.model.gate = asyncio.Event()
            await on.hear(2, "what is it?", author="bob")
            await on.until_asked(2)
            await on.store.forget(Forgetting(on.write(1, "").place, START, messages=("m1",)), find_echo)
            gate.set()
            await on.until(2)
            assert await on.transcript() == ["Answer 1.", "what is it?", "Answer 3."]
        assert on.asked(2) == ["Answer 1.", "Bob: what is it?"]

    async def test_answers_elsewhere_in_the_same_server_begin_again_for_it_may_have_been_recalled(
        self, tmp_path: Path
    ) -> None:
        async with stage(tmp_path) as on:
            await on.hear(1, "the secret is K7")
            await on.until(1)
            on.model.gate = asyncio.Event()
            await on.hear(2, "hello", author="bob", channel="other")
            await on.wait_for(lambda: on.platform.shown("other") == ["Answer "])
            await on.core.erase(on.write(1, "").place, ["m1"])
            on.model.gate.set()
            await on.until(2)
        assert on.platform.shown("other") == ["Answer 3."]

    async def test_what_was_posted_while_somebody_forgot_is_known_although_the_disk_takes_its_time(
        self, tmp_path: Path
    ) -> None:
        async with stage(tmp_path) as on:
            on.platform.part = len("Answer ")
            await on.hear(1, "the secret is K7")
            await on.until(1)
            gate = on.model.gate = asyncio.Event()
            await on.hear(2, "hello", author="bob", channel="other")
            await on.wait_for(lambda: on.platform.shown("other") == ["Answer "])
            await on.until_noted()
            slow_down(on.path, "DELETE ON turns", "INSERT ON posts")
            erasing = asyncio.create_task(on.core.erase(on.write(1, "").place, ["m1"]))
            await asyncio.sleep(0)  # the deletion is on its way to the disk
            gate.set()
            await erasing
            await on.until(2)
        assert on.platform.shown("other") == ["Answer ", "3."]

    async def test_answers_in_direct_messages_go_on(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await on.hear(1, "the secret is K7")
            await on.until(1)
            on.model.gate = asyncio.Event()
            await on.hear(2, "hello", author="bob", channel="dm-bob")
            await on.wait_for(lambda: on.platform.shown("dm-bob") == ["Answer "])
            await on.core.erase(on.write(1, "").place, ["m1"])
            on.model.gate.set()
            await on.until(2)
        assert len(on.model.prompts) == 2

    @pytest.mark.parametrize("how", ["edited", "forgotten by somebody else"])
    async def test_an_answer_that_is_recorded_is_said_to_its_end_in_its_message(self, tmp_path: Path, how: str) -> None:
        async with stage(tmp_path) as on:
            await on.hear(1, "the secret is K7")
            await on.until(1)
            on.platform.last_send = asyncio.Event()
            await on.hear(2, "how are you?", author="bob")
            await on.until_held("m2")
            if how == "edited":
                await on.core.amend(on.rewrite(on.write(2, "", author="bob"), "how do you do?"))
            else:
                await on.hear(3, "!forget me now")
            on.platform.last_send.set()
            await on.wait_for(lambda: ("m2", "Answer 2.") in on.platform.said)
            assert (await on.transcript())[-1] == "Answer 2."
        assert len(on.model.prompts) == 2
        assert on.platform.shown()[:2] == ["Answer 1.", "Answer 2."]


class TestBeforeAnswering:
    @pytest.mark.parametrize("how", ["edited", "deleted"])
    async def test_a_message_that_changes_while_it_waits_to_be_tried_again_is_taken_as_it_is_then(
        self, tmp_path: Path, how: str
    ) -> None:
        async with stage(tmp_path) as on:
            on.model.gate = asyncio.Event()
            await on.hear(1, "hello", author="bob", channel="other")
            await on.hear(2, "the secret is K7")
            for requests in (2, 4):
                await on.until_asked(requests)
                await on.until_noted()
                await on.die_and_start()
            await on.until_asked(5)  # one at a time: the other one waits
            message = on.write(2, "")
            if how == "edited":
                await on.core.amend(on.rewrite(message, "nothing"))
            else:
                await on.core.erase(message.place, ["m2"])
            await on.hear(3, "and now?", author="bob")
            on.model.gate.set()
            await on.wait_for(lambda: "m3" in on.said)
        left = ["Ann: nothing", "Answer 6."] if how == "edited" else []
        assert on.asked() == [*left, "Bob: and now?"]
        assert on.platform.shown() == [*left[1:], f"Answer {len(on.model.prompts)}."]

    async def test_a_message_that_is_deleted_the_moment_it_comes_in_leaves_nothing(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            for number in range(20):
                message = on.write(number, f"the secret is K{number}")
                await asyncio.gather(on.core.accept(message), on.core.erase(message.place, [message.message_id]))
            await on.hear(99, "hello", author="bob")
            await on.wait_for(lambda: "m99" in on.said)
            await on.wait_for(lambda: len(on.platform.posts) == 1)
            assert (await on.transcript())[0] == "hello"

    @pytest.mark.parametrize("how", ["edited", "deleted"])
    async def test_a_change_that_is_told_before_its_message_is_not_undone_by_it(self, tmp_path: Path, how: str) -> None:
        async with stage(tmp_path) as on:
            message = on.write(1, "the secret is K7")
            if how == "edited":
                await on.core.amend(replace(on.rewrite(message, "nothing"), addressed=False))
            else:
                await on.core.erase(message.place, ["m1"])
            await on.core.accept(message)
            await on.hear(2, "and now?", author="bob")
            await on.wait_for(lambda: "m2" in on.said)
        assert on.asked() == [*(["Ann: nothing", "Answer 1."] if how == "edited" else []), "Bob: and now?"]


class TestAfterAnswering:
    async def test_what_was_edited_is_in_later_requests_as_it_is_now(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await on.hear(1, "my name is Jon")
            await on.until(1)
            await on.core.amend(on.rewrite(on.write(1, ""), "my name is John"))
            await on.hear(2, "what is my name?")
            await on.until(2)
        assert on.asked() == ["Ann: my name is John", "Answer 1.", "Ann: what is my name?"]

    async def test_what_was_deleted_is_in_no_later_request_and_its_answer_stays(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await on.hear(1, "my name is Jon")
            await on.until(1)
            await on.core.erase(on.write(1, "").place, ["m1"])
            await on.hear(2, "what is my name?")
            await on.until(2)
        assert on.asked() == ["Answer 1.", "Ann: what is my name?"]

    async def test_an_answer_of_the_bot_that_was_deleted_is_in_no_later_request(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await on.hear(1, "hello")
            await on.until(1)
            await on.core.erase(on.write(1, "").place, ["post-1"])
            await on.hear(2, "and now?")
            await on.until(2)
        assert on.asked() == ["Ann: hello", "Ann: and now?"]

    @pytest.mark.parametrize("how", ["edited", "deleted"])
    async def test_the_summary_made_of_the_old_words_is_not_used_any_more(self, tmp_path: Path, how: str) -> None:
        async with stage(tmp_path, FOLDING) as on:
            for number in range(1, 4):
                await on.hear(number, "wind the thread")
                await on.until(number)
            await on.hear(9, "!summary now", author="mod")
            await on.until(4)
            if how == "edited":
                await on.core.amend(on.rewrite(on.write(1, ""), "wind the wool"))
            else:
                await on.core.erase(on.write(1, "").place, ["m1"])
            await on.hear(10, "go on")
            await on.until(5)
        assert "They talked." not in on.model.prompts[-1].messages[0].content
        assert on.asked()[:2] == (
            ["Ann: wind the wool", "Answer 1."] if how == "edited" else ["Answer 1.", "Ann: wind the thread"]
        )

    @pytest.mark.parametrize("how", ["edited", "deleted", "forgotten"])
    async def test_a_fold_under_way_of_the_old_words_writes_nothing(self, tmp_path: Path, how: str) -> None:
        async with stage(tmp_path, FOLDING) as on:
            for number in range(1, 4):
                await on.hear(number, "wind the thread")
                await on.until(number)
            on.model.fold_gate = asyncio.Event()
            await on.hear(9, "!summary now", author="mod")
            await on.wait_for(lambda: len(on.model.folds) == 1)
            if how == "edited":
                await on.core.amend(on.rewrite(on.write(1, ""), "wind the wool"))
            elif how == "deleted":
                await on.core.erase(on.write(1, "").place, ["m1"])
            else:
                await on.hear(10, "!forget last 6 now", author="mod")
            on.model.fold_gate.set()
            await on.wait_for(lambda: "m9" in on.said)
            assert on.rows("SELECT * FROM summaries") == []

    async def test_who_mentions_the_bot_in_an_edit_is_answered_if_that_is_not_long_ago(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            young, old = (on.write(number, "hello", addressed=False) for number in (1, -3700))
            for message in (young, old):
                await on.core.accept(message)
                await on.core.amend(replace(on.rewrite(message, "hello bot"), addressed=True))
            await on.hear(2, "hello", author="bob")
            await on.until(2)
        assert on.said == ["m1", "m2"]

    async def test_a_message_that_the_bot_never_took_in_is_not_taken_in_by_an_edit(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            message = on.write(1, "none of your business", addressed=False)
            await on.core.accept(message)
            await on.core.amend(on.rewrite(message, "really none of your business"))
            assert on.rows("SELECT * FROM inbox") == []


class TestFoldedAnew:
    @pytest.mark.parametrize("how", ["edited", "deleted"])
    async def test_what_a_summary_held_that_went_is_summed_up_again_although_nobody_speaks(
        self, tmp_path: Path, how: str
    ) -> None:
        async with stage(tmp_path, FOLDING) as on:
            for number in range(1, 12):
                await on.hear(number, f"the wool is wound {number} times " * 10)
                await on.until(number)
            await on.wait_for(lambda: on.rows("SELECT MAX(version) FROM summaries") != [(None,)])
            folds = len(on.model.folds)
            message = on.write(1, "")
            if how == "edited":
                await on.core.amend(on.rewrite(message, "nothing"))
            else:
                await on.core.erase(message.place, ["m1"])
            await on.wait_for(lambda: on.rows("SELECT COUNT(*) FROM summaries") != [(0,)])
            assert len(on.model.folds) > folds
        assert all("wound 1 times" not in str(prompt) for prompt in on.model.folds[folds:])


class TestOnThePlatforms:
    async def test_an_edit_while_the_answer_is_made_is_answered_instead_in_the_same_message(
        self, scene: Scene, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        scene.model.script(Say(("You must ", "mean "), ending="silence"))
        async with scene.serving():
            message = await scene.ask(scene.ann, "where is Olso?")
            await scene.heard("You must")
            scene.model.respond = lambda _: "In Norway."
            await scene.edit(message, "where is Oslo?")
            await scene.heard("In Norway.")
        assert scene.said() == ["In Norway."]
        assert "Ann: where is Oslo?" in scene.model.requests[-1].text
        assert "Olso" not in scene.model.requests[-1].text
        turns = [vars(record).get("failed") for record in caplog.records if record.message == "turn"]
        assert turns == ["Interrupted", None]

    async def test_a_deletion_while_the_answer_is_made_takes_it_away(self, scene: Scene) -> None:
        scene.model.script(Say(("Your code K7 ", "is safe "), ending="silence"))
        async with scene.serving():
            message = await scene.ask(scene.ann, "my code is K7")
            await scene.heard("K7")
            await scene.delete(message)
            await scene.wait_for(lambda: not any("K7" in said for said in scene.said()))
            await scene.exchange(scene.bob, "what is her code?", "Understood.")
        assert "K7" not in scene.model.requests[-1].text
        assert scene.rows("SELECT text FROM turns") == [("what is her code?",), ("Understood.",)]

    async def test_what_was_edited_is_in_later_requests_as_it_is_now(self, scene: Scene) -> None:
        async with scene.serving():
            message = await scene.ask(scene.ann, "my name is Jon")
            await scene.heard("Understood.")
            await scene.edit(message, "my name is John")
            await scene.until(lambda: ("my name is John",) in scene.rows("SELECT text FROM turns"))
            await scene.ask(scene.bob, "what is her name?")
            await scene.heard("Understood.", times=2)
        assert "Ann: my name is John" in scene.model.requests[-1].text
        assert len(scene.model.requests) == 2  # an edit is no question

    async def test_what_was_deleted_is_in_no_later_request_the_bots_own_words_included(self, scene: Scene) -> None:
        scene.model.respond = lambda _: "Noted: B5."
        async with scene.serving():
            message = await scene.ask(scene.ann, "my code is K7")
            await scene.heard("Noted: B5.")
            await scene.delete(message)
            await scene.delete(scene.answers()[0])
            await scene.until(lambda: scene.rows("SELECT text FROM turns") == [])
            scene.model.respond = lambda _: "Understood."
            await scene.exchange(scene.bob, "what is her code?", "Understood.")
        assert not any(code in scene.model.requests[-1].text for code in ("K7", "B5"))

    async def test_a_mention_that_an_edit_brings_is_answered(self, scene: Scene) -> None:
        async with scene.serving():
            message = await scene.say(scene.ann, "where is Oslo?")
            await scene.edit(message, f"{scene.mention(scene.bot)} where is Oslo?")
            await scene.heard("Understood.")
            await scene.exchange(scene.bob, "hello", "Understood.", scene.other)
        assert len(scene.said()) == 1
