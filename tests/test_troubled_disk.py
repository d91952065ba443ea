"""A disk that takes nothing for a while: people are told once, and what was taken in is done when the disk lets it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from errors import StorageError, StorageUnavailable
from tests.stage import SETTINGS, full_disk, stage

NOT_TAKEN = "I can't write to my memory right now, so I did not take this in; please try again in a moment."
OUT_OF_ORDER = "My memory is out of order right now; please try again in a moment."


async def test_who_could_not_be_taken_in_is_told_once_however_often_the_platform_delivers_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        with full_disk():
            for _ in range(5):
                with pytest.raises(StorageUnavailable):
                    await on.hear(1, "hello")
            await on.until(1)
        await on.hear(1, "hello")  # unless the catching up of the start has found it by now
        await on.until(2)
    assert on.platform.said == [("m1", NOT_TAKEN), ("m1", "Answer 1.")]


async def test_nobody_is_asked_about_what_was_not_taken_in_and_nothing_of_it_is_left(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage(tmp_path, replace(SETTINGS, messages_per_minute=1)) as on:
        await on.hear(1, "hello", author="bob")
        await on.until(1)
        on.platform.reading = asyncio.Event()  # else the catching up that follows would find it
        with full_disk():
            with pytest.raises(StorageUnavailable):
                await on.hear(2, "and this?", channel="other")
            await on.until(2)
        await on.hear(3, "go on")
        await on.until(3)
    assert [text for _, text in on.platform.said] == ["Answer 1.", NOT_TAKEN, "Answer 2."]
    assert on.asked() == ["Bob: hello", "Answer 1.", "Ann: go on"]
    assert [turn.error for turn in on.turns] == ["", ""]
    wrong = {"lane stopped", "turn failed", "could not answer"}
    assert not wrong & {record.message for record in caplog.records}


async def test_what_comes_in_is_kept_although_what_was_said_before_it_cannot_be_read(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.hear(1, "hello")
        await on.until(1)
        on.execute("UPDATE turns SET quote = 'no JSON' WHERE message_id = 'm1'")
        assert await on.hear(2, "and now?")
        assert on.rows("SELECT state FROM inbox WHERE message_id = 'm2'") == [("waiting",)]
        await on.stop()
        on.execute("UPDATE turns SET quote = NULL")
        await on.start()
        await on.until(2)
    assert on.platform.said[-1] == ("m2", "Answer 2.")


async def test_who_did_not_talk_to_the_bot_is_told_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.hear(1, "hello", thread="t")
        await on.until(1)
        with full_disk(), pytest.raises(StorageUnavailable):
            await on.hear(2, "hi Bob", thread="t", addressed=False)
        await on.hear(3, "!help")
        await on.wait_for(lambda: "m3" in on.said)
    assert ("m2", NOT_TAKEN) not in on.platform.said


async def test_an_edit_that_could_not_be_taken_in_is_when_it_can_be(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.hear(1, "hello")
        await on.until(1)
        with full_disk():
            with pytest.raises(StorageError):
                await on.core.amend(on.rewrite(on.write(1, "hello"), "good morning"))
            assert await on.transcript() == ["hello", "Answer 1."]
        await on.until_recorded("good morning", "Answer 1.")


@pytest.mark.parametrize("hours", [0, 48])
async def test_a_deletion_that_could_not_be_taken_in_is_when_it_can_be_however_old_the_message(
    tmp_path: Path, hours: int
) -> None:
    async with stage(tmp_path) as on:
        await on.hear(1, "hello")
        await on.until(1)
        message = on.write(1, "hello")
        on.now += timedelta(hours=hours)
        with full_disk():
            with pytest.raises(StorageError):
                await on.core.erase(message.place, ["m1"])
            assert await on.transcript() == ["hello", "Answer 1."]
        await on.until_recorded("Answer 1.")


async def test_many_deletions_that_could_not_be_taken_in_are_tried_by_one_and_read_nothing_again(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as on:
        for number in range(5):
            await on.hear(number, "hello")
            await on.until(number + 1)
        on.resting = asyncio.Event()
        with full_disk():
            for number in range(5):
                for _ in range(3):
                    with pytest.raises(StorageError):
                        await on.core.erase(on.write(number, "hello").place, [f"m{number}"])
        assert (on.pauses, on.platform.read) == ([15], [])
        on.resting.set()
        await on.until_recorded(*(f"Answer {number}." for number in range(1, 6)))


async def test_a_message_that_could_not_be_taken_in_is_taken_in_when_it_can_be(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.hear(1, "hello", thread="t")
        await on.until(1)
        with full_disk(), pytest.raises(StorageUnavailable):
            await on.hear(2, "and you?", thread="t", addressed=False)
        await on.until_recorded("hello", "Answer 1.", "and you?", "Answer 2.", thread="t")


async def test_who_is_denied_is_not_told_that_he_could_not_be_taken_in(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(SETTINGS, deny=frozenset({"stage:eve"}))) as on:
        with full_disk():
            assert not await on.hear(1, "hello", author="eve")
            assert not await on.hear(2, "hello", author="eve", thread="t", addressed=False)
            with pytest.raises(StorageUnavailable):
                await on.hear(3, "hello")
            await on.until(1)
    assert on.platform.said[0] == ("m3", NOT_TAKEN)


async def test_what_was_taken_in_is_answered_when_the_disk_lets_it_in_the_message_that_said_so(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.model.gate, on.resting = asyncio.Event(), asyncio.Event()
        await on.hear(1, "hello")
        await on.wait_for(lambda: on.platform.shown() == ["Answer "])
        await on.until_noted()
        with full_disk():
            on.model.gate.set()
            await on.wait_for(lambda: on.pauses == [15])
            assert on.platform.shown() == [OUT_OF_ORDER]
        on.resting.set()
        await on.wait_for(lambda: on.platform.shown() == ["Answer 2."])
        assert await on.transcript() == ["hello", "Answer 2."]


async def test_while_the_disk_takes_nothing_nobody_reads_the_same_sentence_again_and_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.platform.last_send = asyncio.Event()
        await on.hear(1, "hello", author="bob")
        await on.until_held("m1")
        await on.hear(2, "hello")
        with full_disk():
            on.platform.last_send.set()
            await on.wait_for(lambda: len(on.pauses) >= 5)
            assert [post.answers for post in on.platform.posts.values()] == ["m1", "m2"]
        await on.wait_for(lambda: ("m2", f"Answer {len(on.model.prompts)}.") in on.platform.said)
        assert len(on.platform.posts) == 2


async def test_a_command_that_fails_by_it_is_answered_in_full_although_the_disk_notes_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(SETTINGS, max_tokens=2000, keep_tokens=200, keep_recent=2)) as on:
        for number in range(1, 4):
            await on.hear(number, "wind the thread")
            await on.until(number)
        on.model.fold_gate, on.platform.part = asyncio.Event(), 40
        await on.hear(4, "!summary now", author="mod")
        await on.until_folding(1)
        with full_disk():
            on.model.fold_gate.set()
            await on.until(4)
    assert on.platform.said[3] == ("m4", NOT_TAKEN)
    assert "".join(on.platform.shown()[3:]) == NOT_TAKEN


async def test_a_commands_answer_is_said_in_full_although_the_disk_does_not_note_where(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.platform.part, on.platform.down, on.resting = 100, 1, asyncio.Event()
        await on.hear(1, "!help")
        await on.wait_for(lambda: on.pauses == [5])
        with full_disk():
            on.resting.set()
            await on.until(1)
    assert "".join(on.platform.shown()) == on.platform.said[0][1]
