"""What was said, edited and deleted while nobody listened: found after the next start, taken in once, in order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from memory.types import Inbound, Place
from tests.stage import SETTINGS, START, Stage, stage

HOME = Place("stage", "space", "channel")


class TestMessages:
    async def test_what_was_missed_is_answered_in_order_also_in_a_place_where_the_bot_never_was(
        self, tmp_path: Path
    ) -> None:
        async with stage(tmp_path) as on:
            await on.hear(-1, "hello")
            await on.until(1)
            await on.serve_and_stop()
            on.write(3, "second", author="bob")
            on.write(2, "first")
            on.write(1, "elsewhere", channel="never seen")
            on.write(4, "in a thread", channel="never seen", thread="t")
            await on.start(missed=True)
            await on.until(5)
        assert [message for message in on.said if message in {"m2", "m3"}] == ["m2", "m3"]
        assert set(on.said) == {"m-1", "m1", "m2", "m3", "m4"}

    async def test_the_first_start_ever_catches_up_with_nothing_that_was_said_before_it(self, tmp_path: Path) -> None:
        on = Stage(tmp_path, SETTINGS, 30)
        on.write(-200, "said before the bot was there")
        await on.start(connect=False)
        on.write(1, "said before it was connected")
        await on.core.connected("stage", missed=True)
        await on.until(1)
        await on.stop()
        assert on.said == ["m1"]
        assert on.asked() == ["Ann: said before it was connected"]

    async def test_after_a_connection_that_missed_nothing_nothing_is_read(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await on.serve_and_stop()
            on.write(1, "hello")
            await on.start(missed=False)
            await on.hear(2, "hello")
            await on.until(1)
        assert on.said == ["m2"]
        assert on.platform.read == []

    async def test_nothing_is_taken_in_twice_however_often_it_is_read(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await on.hear(1, "hello")
            await on.until(1)
            await on.serve_and_stop()
            on.write(2, "and now?")
            for _ in range(3):
                await on.start(missed=True)
                await on.wait_for(lambda: len(on.said) == 2 and bool(on.platform.read))
                on.platform.read.clear()
                await on.core.accept(on.write(2, ""))
                await on.stop()
        assert on.rows("SELECT text FROM turns") == [("hello",), ("Answer 1.",), ("and now?",), ("Answer 2.",)]
        assert on.said == ["m1", "m2"]

    async def test_an_old_question_is_remembered_not_answered_and_an_old_command_is_ignored(
        self, tmp_path: Path
    ) -> None:
        async with stage(tmp_path) as on:
            await on.serve_and_stop()
            on.write(60, "my name is Zorblax", author="bob")
            on.write(61, "!summary now", author="bob")
            on.write(59 * 60, "!help")
            on.write(59 * 60 + 1, "what is his name?")
            on.now = START + timedelta(minutes=62)
            await on.start(missed=True)
            await on.until(2)
        assert sorted(on.said) == ["m3540", "m3541"]
        assert on.asked() == ["Bob: my name is Zorblax", "Ann: what is his name?"]

    async def test_an_old_forgetting_is_carried_out(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await on.hear(-10, "my boat is zebra", author="bob")
            await on.until(1)
            await on.serve_and_stop()
            on.write(60, "my other boat is gnu", author="bob")
            on.write(61, "!forget me now", author="bob")
            on.write(62, "my car is red", author="bob")
            on.now = START + timedelta(days=2)
            await on.start(missed=True)
            await on.wait_for(lambda: "m61" in on.said)
            await on.wait_for(lambda: ("my car is red",) in on.rows("SELECT text FROM turns"))
            assert on.rows("SELECT text FROM turns WHERE author = 'bob'") == [("my car is red",)]

    async def test_what_people_said_in_a_joined_thread_is_heard_and_of_before_the_bot_came_as_much_as_is_wanted(
        self, tmp_path: Path
    ) -> None:
        async with stage(tmp_path, replace(SETTINGS, before_messages=0)) as on:
            await on.hear(-30, "just between us", thread="t", addressed=False, author="bob")
            await on.hear(-20, "hello", thread="t")
            await on.until(1)
            await on.serve_and_stop()
            on.write(1, "when do we meet?", thread="t", addressed=False, author="bob")
            await on.start(missed=True)
            await on.until(2)
        assert on.said == ["m-20", "m1"]
        assert on.asked() == ["Ann: hello", "Answer 1.", "Bob: when do we meet?"]

    async def test_what_lies_before_a_watermark_of_forget_stays_forgotten(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await on.hear(-20, "the secret is K7", author="bob")
            await on.until(1)
            on.write(-15, "it is still K7", author="bob")  # never received
            await on.hear(-10, "!forget now", author="mod")
            await on.until(2)
            await on.serve_and_stop()
            on.write(1, "what is it?")
            await on.start(missed=True)
            await on.until(3)
        assert on.asked() == ["Ann: what is it?"]
        assert on.said[2:] == ["m1"]


class TestOrder:
    async def test_before_the_first_connection_nobody_is_answered(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await on.serve_and_stop()
            await on.start(connect=False)
            on.write(1, "first")
            await on.hear(2, "second", author="bob")
            await on.hear(3, "hello", channel="other")
            for _ in range(20):
                await asyncio.sleep(0.001)
            assert on.model.prompts == []
            await on.core.connected("stage", missed=True)
            await on.until(3)
        assert [message for message in on.said if message != "m3"] == ["m1", "m2"]

    async def test_who_speaks_while_history_is_read_waits_for_those_who_spoke_before_in_his_channel_alone(
        self, tmp_path: Path
    ) -> None:
        async with stage(tmp_path) as on:
            await on.serve_and_stop()
            on.platform.reading = asyncio.Event()
            on.write(1, "first")
            await on.start(missed=True)
            await on.wait_for(lambda: on.platform.read == [HOME])
            await on.hear(2, "second", author="bob")
            await on.hear(3, "hello", channel="other")
            await on.until(1)
            assert on.said == ["m3"]
            on.platform.reading.set()
            await on.until(3)
        assert on.said == ["m3", "m1", "m2"]
        assert on.asked() == ["Ann: first", "Answer 2.", "Bob: second"]

    async def test_who_speaks_in_a_thread_waits_until_its_channel_is_read(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await on.serve_and_stop()
            on.platform.reading = asyncio.Event()
            on.write(1, "first", thread="t")
            await on.start(missed=True)
            await on.wait_for(lambda: on.platform.read == [HOME])
            await on.hear(2, "second", author="bob", thread="t")
            await on.hear(3, "hello", channel="other")
            await on.until(1)
            on.platform.reading.set()
            await on.until(3)
        assert on.said == ["m3", "m1", "m2"]

    async def test_a_channel_is_answered_in_as_soon_as_it_is_read(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await on.serve_and_stop()
            on.write(1, "hello", channel="quiet")
            on.write(2, "hello", channel="loud")
            on.platform.slow, on.platform.reading = {replace(HOME, channel="quiet")}, asyncio.Event()
            await on.start(missed=True)
            await on.until(1)
            assert on.said == ["m2"]
            on.platform.reading.set()
            await on.until(2)

    async def test_a_history_that_hangs_holds_people_back_for_a_while_and_no_longer(self, tmp_path: Path) -> None:
        async with stage(tmp_path, hold_seconds=0.05) as on:
            await on.serve_and_stop()
            on.platform.reading = asyncio.Event()
            on.write(1, "first")
            await on.start(missed=True)
            await on.hear(2, "second", author="bob")
            await on.until(1)
            assert on.said == ["m2"]
            on.platform.reading.set()
            await on.until(2)
        assert on.said == ["m2", "m1"]

    async def test_what_waited_since_the_last_run_comes_before_what_was_missed_after_it(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            on.model.gate = asyncio.Event()
            await on.hear(-5, "zeroth", author="bob")
            await on.wait_for(lambda: on.platform.shown() == ["Answer "])
            await on.stop(0)
            on.model.gate = None
            on.write(1, "first")
            await on.start(missed=True)
            await on.until(2)
        assert on.said == ["m-5", "m1"]


class TestChanges:
    async def missed(self, on: Stage) -> Inbound:
        """Have a question answered, and the bot stop."""
        await on.hear(-600, "my name is Jon")
        await on.until(1)
        await on.serve_and_stop()
        return on.write(-600, "")

    async def caught_up(self, on: Stage) -> None:
        """Start again and have the bot say what it knows."""
        await on.start(missed=True)
        await on.hear(1, "what is my name?")
        await on.until(2)

    async def test_what_was_edited_meanwhile_is_remembered_as_it_is_now(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            on.rewrite(await self.missed(on), "my name is John")
            await self.caught_up(on)
        assert on.asked() == ["Ann: my name is John", "Answer 1.", "Ann: what is my name?"]

    async def test_what_was_deleted_meanwhile_is_forgotten(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            on.remove(await self.missed(on))
            await self.caught_up(on)
        assert on.asked() == ["Answer 1.", "Ann: what is my name?"]

    async def test_an_answer_of_the_bot_that_was_deleted_meanwhile_is_forgotten(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await self.missed(on)
            on.platform.posts.clear()
            await self.caught_up(on)
        assert on.asked() == ["Ann: my name is Jon", "Ann: what is my name?"]

    async def test_an_answer_that_stands_behind_what_was_read_is_not_taken_for_deleted(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await on.hear(1, "hello", thread="t")
            await on.until(1)
            await on.hear(2, "hello", channel="other")
            await on.until(2)
            on.platform.read_until = on.write(1, "hello", thread="t").sent_at
            await on.die_and_start(missed=True)
            await on.wait_for(lambda: Place("stage", "space", "channel", "t") in on.platform.read)
            await on.hear(9, "and now?", thread="t")
            await on.wait_for(lambda: "m9" in on.said)
            assert on.asked() == ["Ann: hello", "Answer 1.", "Ann: and now?"]

    async def test_what_a_thread_hangs_on_is_not_taken_for_deleted_because_it_stands_above_it(
        self, tmp_path: Path
    ) -> None:
        async with stage(tmp_path, replace(SETTINGS, before_messages=20)) as on:
            await on.hear(1, "the boat is blue")
            await on.until(1)
            await on.hear(2, "and the sail?", thread="m1")
            await on.until(2)
            await on.die_and_start(missed=True)
            await on.wait_for(lambda: Place("stage", "space", "channel", "m1") in on.platform.read)
            await on.hear(9, "and now?", thread="m1")
            await on.wait_for(lambda: "m9" in on.said)
            assert "Ann: the boat is blue" in on.asked()
            assert await on.transcript() == ["the boat is blue", "Answer 1."]

    async def test_what_was_deleted_before_it_could_be_answered_is_not_answered(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await on.hear(-9, "hello")
            await on.until(1)
            on.model.gate = asyncio.Event()
            await on.hear(-5, "never mind", author="bob")
            await on.wait_for(lambda: on.platform.shown()[1:] == ["Answer "])
            await on.until_noted()
            await on.stop(0)
            on.remove(on.write(-5, ""))
            on.model.gate = None
            await on.start(missed=True)
            await on.hear(1, "and now?")
            await on.wait_for(lambda: "m1" in on.said)
        assert on.platform.shown() == ["Answer 1.", "Answer 3."]
        assert on.asked() == ["Ann: hello", "Answer 1.", "Ann: and now?"]

    async def test_what_was_said_while_the_bot_listened_and_not_for_it_stays_so(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await self.missed(on)
            on.write(-500, "what they would not let the bot hear then", author="bob")
            await self.caught_up(on)
        assert on.said == ["m-600", "m1"]

    async def test_what_is_older_than_is_compared_is_left_alone(self, tmp_path: Path) -> None:
        async with stage(tmp_path, replace(SETTINGS, compare_hours=1)) as on:
            message = await self.missed(on)
            on.now = START + timedelta(hours=2)
            await on.start(missed=False)
            await on.serve_and_stop()  # heard until now
            on.remove(message)
            await self.caught_up(on)
        assert on.asked()[0] == "Ann: my name is Jon"

    async def test_nor_is_it_in_a_place_where_nothing_else_was_ever_said(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            on.model.gate = asyncio.Event()
            await on.hear(-5, "never mind")
            await on.wait_for(lambda: on.platform.shown() == ["Answer "])
            await on.until_noted()
            await on.stop(0)
            on.remove(on.write(-5, ""))
            on.model.gate = None
            await on.start(missed=True)
            await on.hear(1, "hello", channel="other")
            await on.until(2)
        assert sorted(on.platform.said) == [("m-5", ""), ("m1", "Answer 2.")]
        assert on.platform.shown() == []

    async def test_a_message_that_comes_in_while_history_is_read_is_not_taken_for_deleted(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            await self.missed(on)
            on.platform.reading = asyncio.Event()
            await on.start(missed=True)
            await on.wait_for(lambda: on.platform.read == [HOME])
            await on.hear(1, "what is my name?")
            on.remove(on.write(1, ""))  # the history was read before it came
            on.platform.reading.set()
            await on.until(2)
        assert on.asked() == ["Ann: my name is Jon", "Answer 1.", "Ann: what is my name?"]
