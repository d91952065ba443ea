"""Replies that a death has interrupted: what was decided is said after the restart, in the same words and place."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from errors import ModelUnreachable, PlatformUnreachable, ReplyImpossible
from memory.core.voice import FORGOTTEN
from tests.stage import SETTINGS, Stage, stage

DOWN = "I can't reach the language model right now; please try again in a moment."


async def die_before_the_last_send(on: Stage, message_id: str) -> None:
    """Kill the process when what it says to a message is decided and all but said."""
    await on.until_held(message_id)
    await on.kill()
    on.platform.last_send = None
    on.platform.held.clear()


async def ask_and_die(on: Stage, text: str = "hello") -> None:
    """Have Ann ask, of a process that dies before the last send of its answer."""
    on.platform.last_send = asyncio.Event()
    await on.hear(1, text)
    await die_before_the_last_send(on, "m1")


class TestAnswers:
    async def test_an_answer_that_was_recorded_is_said_to_its_end_in_its_messages_and_not_made_again(
        self, tmp_path: Path
    ) -> None:
        async with stage(tmp_path) as on:
            on.platform.part = 5
            await ask_and_die(on)
            half = dict(on.platform.posts)
            assert on.platform.shown() == ["Answe", "r 1"]
            await on.start()
            await on.until(1)
            assert await on.transcript() == ["hello", "Answer 1."]
        assert on.platform.said == [("m1", "Answer 1.")]
        assert on.platform.shown() == ["Answe", "r 1."]
        assert list(half) == list(on.platform.posts)
        assert len(on.model.prompts) == 1

    async def test_it_can_be_owed_through_two_deaths(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await ask_and_die(on)
            on.platform.last_send = asyncio.Event()
            await on.start()
            await die_before_the_last_send(on, "m1")
            await on.start()
            await on.until(1)
        assert on.platform.shown() == ["Answer 1."]
        assert len(on.model.prompts) == 1

    async def test_an_answer_that_was_said_is_not_said_again(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await on.hear(1, "hello")
            await on.until(1)
            await on.stop()
            await on.start()
            await on.hear(2, "and now?")
            await on.until(2)
        assert on.platform.said == [("m1", "Answer 1."), ("m2", "Answer 2.")]

    async def test_what_was_owed_is_paid_once_although_the_platform_connects_again(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await ask_and_die(on)
            last_send = on.platform.last_send = asyncio.Event()
            await on.start()
            await on.until_held("m1")
            await on.connect_again()
            last_send.set()
            await on.until(1)
            await on.connect_again()
            await on.hear(2, "and now?")
            await on.until(2)
        assert on.platform.said == [("m1", "Answer 1."), ("m2", "Answer 2.")]

    async def test_what_is_owed_is_said_before_what_waits_there(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            on.platform.last_send = asyncio.Event()
            await on.hear(1, "hello")
            await on.until_held("m1")
            await on.hear(2, "anybody?", author="bob")
            await die_before_the_last_send(on, "m1")
            on.platform.down = 1
            await on.start()
            await on.until(2)
        assert on.platform.said == [("m1", "Answer 1."), ("m2", "Answer 2.")]
        assert on.asked(1) == ["Ann: hello", "Answer 1.", "Bob: anybody?"]

    async def test_it_is_said_however_long_the_platform_cannot_be_reached_after_the_restart(
        self, tmp_path: Path
    ) -> None:
        async with stage(tmp_path) as on:
            await ask_and_die(on)
            on.platform.down = 5
            await on.start()
            await on.until(1)
        assert on.platform.said == [("m1", "Answer 1.")]
        assert on.pauses == [5, 15, 30, 60, 60]

    @pytest.mark.parametrize("text", ["hello", "!help"])
    async def test_it_is_said_when_the_disk_can_be_read_again_although_nobody_speaks(
        self, tmp_path: Path, text: str
    ) -> None:
        async with stage(tmp_path) as on:
            await ask_and_die(on, text)
            on.platform.down, on.resting = 1, asyncio.Event()
            await on.start()
            await on.wait_for(lambda: on.pauses == [5])
            with closing(sqlite3.connect(on.path)) as db:
                db.execute("ALTER TABLE posts RENAME TO unreadable")
                resting, on.resting = on.resting, asyncio.Event()
                resting.set()
                await on.wait_for(lambda: on.pauses == [5, 5])
                db.execute("ALTER TABLE unreadable RENAME TO posts")
            on.resting.set()
            await on.until(1)
            assert on.platform.said[0][0] == "m1"
        assert len(on.platform.shown()) == 1

    async def test_an_answer_that_cannot_be_said_any_more_takes_its_turn_along(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await ask_and_die(on)
            on.platform.failures.append(ReplyImpossible("gone"))
            await on.start()
            await on.until_recorded("hello")
            await on.stop()
            await on.start()
            await on.hear(2, "and now?")
            await on.until(1)
        assert on.platform.said == [("m2", "Answer 2.")]
        assert on.asked() == ["Ann: hello", "Ann: and now?"]

    async def test_an_answer_that_a_fault_cuts_short_stays_owed_until_a_sentence_stands_in_its_place(
        self, tmp_path: Path
    ) -> None:
        async with stage(tmp_path) as on:
            with closing(sqlite3.connect(on.path)) as db:
                db.execute(
                    "CREATE TRIGGER dead BEFORE UPDATE OF sentence ON inbox WHEN new.sentence <> ''"
                    " BEGIN SELECT RAISE(ABORT, 'here the process died'); END"
                )
            on.platform.failures.append(RuntimeError("our fault"))
            on.resting = asyncio.Event()
            await on.hear(1, "hello")
            await on.wait_for(lambda: on.pauses == [15])
            await on.kill()
            on.resting = None
            await on.start()
            await on.until(1)
            assert await on.transcript() == ["hello", "Answer 1."]
        assert on.platform.said == [("m1", "Answer 1.")]


class TestHalfMade:
    @pytest.mark.parametrize("shown", [[], ["Answer "]], ids=["before its first words", "while it grows"])
    async def test_an_answer_that_was_not_recorded_is_made_again_in_the_message_that_holds_its_beginning(
        self, tmp_path: Path, shown: list[str]
    ) -> None:
        async with stage(tmp_path) as on:
            on.model.gate = asyncio.Event()
            on.platform.down = 0 if shown else 1
            on.resting = asyncio.Event()
            await on.hear(1, "hello")
            await on.wait_for(lambda: on.platform.shown() == shown and bool(on.model.prompts or on.pauses))
            await on.until_noted()
            await on.kill()
            on.model.gate, on.resting = None, None
            await on.start()
            await on.until(1)
        assert on.platform.shown() == [on.platform.said[0][1]]
        assert len(on.platform.said) == 1

    async def test_what_its_author_said_meanwhile_is_answered_after_it_and_leaves_no_half_of_it_behind(
        self, tmp_path: Path
    ) -> None:
        async with stage(tmp_path) as on:
            on.model.gate = asyncio.Event()
            await on.hear(1, "hello")
            await on.wait_for(lambda: on.platform.shown() == ["Answer "])
            await on.until_noted()
            await on.hear(2, "and one thing more")
            await on.kill()
            on.model.gate = None
            await on.start()
            await on.until(2)
        assert on.platform.said == [("m1", "Answer 2."), ("m2", "Answer 3.")]
        assert on.platform.shown() == ["Answer 2.", "Answer 3."]


class TestSentences:
    async def test_a_sentence_in_place_of_an_answer_is_said_again_and_the_model_not_asked(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            on.model.failures.append(ModelUnreachable("down"))
            on.platform.last_send = asyncio.Event()
            await on.hear(1, "hello")
            await die_before_the_last_send(on, "m1")
            await on.start()
            await on.until(1)
            assert await on.transcript() == ["hello"]
        assert on.platform.said == [("m1", DOWN)]
        assert on.platform.shown() == [DOWN]
        assert len(on.model.prompts) == 1

    async def test_a_limits_sentence_is_the_same_after_the_restart_when_the_limit_is_over(self, tmp_path: Path) -> None:
        async with stage(tmp_path, replace(SETTINGS, messages_per_minute=1)) as on:
            await on.hear(1, "hello")
            await on.until(1)
            on.platform.last_send = asyncio.Event()
            await on.hear(2, "hello?")
            await die_before_the_last_send(on, "m2")
            await on.start()
            await on.until(2)
        assert on.platform.said[1] == ("m2", "That is more than 1 message a minute; I answer you again in 60 seconds.")
        assert len(on.model.prompts) == 1


class TestCommands:
    async def test_a_command_that_was_done_is_told_in_the_same_words_and_not_run_again(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await on.hear(1, "the secret is K7")
            await on.until(1)
            on.platform.last_send = asyncio.Event()
            await on.hear(2, "!forget me now")
            await die_before_the_last_send(on, "m2")
            await on.start()
            await on.until(2)
        done = "Forgotten: 2 messages. It is out of my memory, and the database file is clean of it."
        assert on.platform.said[1] == ("m2", done)
        assert on.platform.shown() == ["Answer 1.", done]

    async def test_a_command_that_was_cut_off_is_run_after_the_restart(self, tmp_path: Path) -> None:
        settings = replace(SETTINGS, max_tokens=2000, keep_tokens=200, keep_recent=2)
        async with stage(tmp_path, settings) as on:
            for number in range(1, 4):
                await on.hear(number, "wind the thread")
                await on.until(number)
            on.model.fold_gate = asyncio.Event()
            await on.hear(9, "!summary now", author="mod")
            await on.wait_for(lambda: bool(on.model.folds))
            await on.kill()
            on.model.fold_gate = None
            await on.start()
            await on.until(4)
        assert on.platform.said[3][1].startswith("Folded 4 turns into the summary.")
        assert len(on.platform.shown()) == 4


class TestForgotten:
    async def test_an_answer_that_is_forgotten_while_it_is_owed_is_not_said(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await ask_and_die(on, "the secret is K7")
            on.platform.down, on.resting = 1, asyncio.Event()
            await on.start()
            await on.wait_for(lambda: on.pauses == [5])
            await on.hear(2, "!forget me now")
            await on.until(1)
            on.resting.set()
            await on.until(2)
            assert await on.transcript() == []
        assert on.platform.said[1] == ("m1", FORGOTTEN)
        assert on.platform.shown()[0] == FORGOTTEN

    async def test_a_commands_answer_that_may_show_what_is_forgotten_now_is_not_said(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await on.hear(1, "the secret is K7")
            await on.until(1)
            on.platform.failures.append(PlatformUnreachable("down"))
            on.resting = asyncio.Event()
            await on.hear(2, "!summary", author="mod")
            await on.wait_for(lambda: on.pauses == [5])
            await on.kill()
            on.platform.down = 1
            await on.start()
            await on.wait_for(lambda: on.pauses == [5, 5])
            await on.hear(3, "!forget me now")
            await on.until(2)
            on.resting.set()
            await on.until(3)
        assert on.platform.said[2] == ("m2", FORGOTTEN)
        assert not any("summary" in text for text in on.platform.shown())
