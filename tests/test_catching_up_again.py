"""Catching up that breaks off, hangs, or is overtaken by another connection: nothing is lost, nobody is forgotten."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from errors import PlatformUnreachable, StorageUnavailable
from memory.types import Place
from tests.stage import START, full_disk, stage

HOME = Place("stage", "space", "channel")


async def test_a_place_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.hear(-10, "hello")
        await on.until(1)
        await on.serve_and_stop()
        on.platform.unreadable.add(HOME)
        on.write(1, "hello", channel="other")
        on.write(2, "hello")
        await on.start(missed=True)
        await on.until(2)
        assert on.platform.read == [HOME, replace(HOME, channel="other")]
        assert await on.transcript() == ["hello", "Answer 1."]
    assert on.said == ["m-10", "m1"]


async def test_a_place_that_could_not_be_read_is_tried_again_with_what_broke_off(tmp_path: Path) -> None:
    other = replace(HOME, channel="other")
    async with stage(tmp_path) as on:
        await on.serve_and_stop()
        on.write(1, "hello", channel="other")
        on.write(2, "hello")
        on.platform.unreadable.add(HOME)
        on.platform.reading, on.platform.slow, on.resting = asyncio.Event(), {other}, asyncio.Event()
        await on.start(missed=True)
        await on.wait_for(lambda: on.platform.read == [HOME, other])
        on.platform.breaks = [PlatformUnreachable("down")]
        on.platform.reading.set()
        await on.wait_for(lambda: on.pauses == [15])
        on.platform.unreadable.clear()
        on.resting.set()
        await on.until(2)
    assert sorted(on.said) == ["m1", "m2"]


@pytest.mark.parametrize("why", [PlatformUnreachable("down"), KeyError("a fault of ours")])
async def test_what_breaks_off_is_tried_again_and_until_then_nothing_counts_as_heard(
    tmp_path: Path, why: Exception
) -> None:
    async with stage(tmp_path) as on:
        await on.serve_and_stop()
        heartbeat = on.rows("SELECT * FROM heartbeats")
        on.write(1, "hello")
        on.now = START + timedelta(minutes=5)
        on.platform.breaks, on.resting = [why], asyncio.Event()
        await on.start(missed=True)
        await on.wait_for(lambda: on.pauses == [15])
        await on.hear(2, "and me?", author="bob")
        await on.until(1)
        assert on.said == ["m2"]
        await on.stop()
        assert on.rows("SELECT * FROM heartbeats") == heartbeat
        on.resting = None
        await on.start(missed=True)
        await on.until(2)
        await on.wait_for(lambda: on.rows("SELECT * FROM heartbeats") != heartbeat)
    assert on.said == ["m2", "m1"]


async def test_what_was_read_before_it_broke_off_is_not_read_once_more_but_the_threads_found_there_are(
    tmp_path: Path,
) -> None:
    other, thread = replace(HOME, channel="other"), replace(HOME, thread="thread")
    async with stage(tmp_path) as on:
        await on.serve_and_stop()
        on.write(1, "hello", channel="other")
        on.write(2, "hello", thread="thread")
        on.write(3, "hello")
        on.platform.reading, on.platform.slow = asyncio.Event(), {thread}
        await on.start(missed=True)
        await on.wait_for(lambda: on.platform.read == [HOME, thread])
        on.platform.breaks = [PlatformUnreachable("down")]
        on.platform.reading.set()
        await on.until(3)
    assert on.platform.read == [HOME, thread, thread, other]


async def test_it_is_tried_again_after_longer_and_longer_pauses(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.serve_and_stop()
        on.write(1, "hello")
        on.platform.breaks = [PlatformUnreachable("down")] * 4
        await on.start(missed=True)
        await on.until(1)
    assert on.pauses == [15, 60, 300, 300]


async def test_after_another_connection_meanwhile_what_was_read_before_it_is_read_once_more(tmp_path: Path) -> None:
    other = replace(HOME, channel="other")
    async with stage(tmp_path) as on:
        await on.serve_and_stop()
        on.platform.reading = asyncio.Event()
        on.write(1, "hello", channel="other")
        on.write(2, "hello")
        await on.start(missed=True)
        await on.wait_for(lambda: on.platform.read == [HOME])
        await on.core.connected("stage", missed=True)
        await on.core.connected("stage", missed=True)
        await on.core.connected("stage", missed=False)
        on.platform.reading.set()
        await on.until(2)
        await on.wait_for(lambda: len(on.platform.read) == 3)
        await on.hear(3, "and now?")
        await on.until(3)
    assert on.said == ["m2", "m1", "m3"]
    assert on.platform.read == [HOME, other, HOME]


async def test_the_second_reading_looks_into_channels_before_the_threads_under_them(tmp_path: Path) -> None:
    thread = replace(HOME, thread="thread")
    async with stage(tmp_path) as on:
        await on.hear(-10, "hello", thread="thread")
        await on.until(1)
        await on.serve_and_stop()
        on.write(1, "hello")
        on.platform.reading = asyncio.Event()
        await on.start(missed=True)
        await on.wait_for(lambda: on.platform.read == [thread])
        on.platform.reading.set()
        on.platform.reading, on.platform.slow = asyncio.Event(), {HOME}
        await on.wait_for(lambda: on.platform.read == [thread, HOME])
        await on.core.connected("stage", missed=True)
        on.platform.reading.set()
        await on.wait_for(lambda: len(on.platform.read) == 4)
    assert on.platform.read == [thread, HOME, HOME, thread]


async def test_the_second_reading_holds_nobody_and_what_it_would_have_found_is_found_when_it_is_cut_off(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as on:
        await on.hear(-10, "hello")
        await on.until(1)
        await on.serve_and_stop()
        first = on.platform.reading = asyncio.Event()
        on.now = START + timedelta(minutes=5)
        await on.start(missed=True)
        await on.wait_for(lambda: on.platform.read == [HOME])
        on.now = START + timedelta(minutes=20)
        await on.core.connected("stage", missed=True)
        await on.hear(1190, "and me?", author="bob", channel="other")
        await on.until(2)
        on.platform.reading = asyncio.Event()
        first.set()
        await on.wait_for(lambda: len(on.platform.read) == 2)
        heard = START + timedelta(minutes=5)  # when the first reading began
        assert on.rows("SELECT alive_at FROM heartbeats") == [(heard.timestamp() * 10**6,)]
        on.write(400, "said between the connections")
        await on.hear(1200, "and me?", author="bob")
        await on.until(3)
        await on.stop()
        on.platform.reading = None
        await on.start(missed=True)
        await on.until(4)
    assert on.said == ["m-10", "m1190", "m1200", "m400"]


async def test_a_connection_that_missed_nothing_is_no_reason_to_read_once_more(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.serve_and_stop()
        on.platform.reading = asyncio.Event()
        on.write(1, "hello")
        await on.start(missed=True)
        await on.wait_for(lambda: on.platform.read == [HOME])
        await on.core.connected("stage", missed=False)
        level = on.now = START + timedelta(seconds=10)
        on.platform.reading.set()
        await on.wait_for(lambda: on.rows("SELECT alive_at FROM heartbeats") == [(level.timestamp() * 10**6,)])
    assert on.platform.read == [HOME]


async def test_another_connection_ends_the_pause_before_the_next_try(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.serve_and_stop()
        on.write(1, "hello")
        on.platform.breaks, on.resting = [PlatformUnreachable("down")], asyncio.Event()
        await on.start(missed=True)
        await on.wait_for(lambda: on.pauses == [15])
        await on.core.connected("stage", missed=True)
        await on.until(1)


async def test_a_dead_connection_does_not_count_as_heard(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.hear(1, "hello")
        await on.until(1)
        heartbeat = on.rows("SELECT * FROM heartbeats")
        on.now, on.platform.alive = START + timedelta(minutes=5), False
        await on.stop()
        assert on.rows("SELECT * FROM heartbeats") == heartbeat
        on.platform.alive = True
        await on.start()
        await on.hear(2, "hello")
        await on.wait_for(lambda: "m2" in on.said)
        await on.stop()
        assert on.rows("SELECT * FROM heartbeats") != heartbeat


async def test_what_a_connection_that_died_unnoticed_has_swallowed_is_found(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.write(1, "hello")
        on.now = START + timedelta(seconds=120)
        await on.serve_and_stop()  # the last beat came two minutes after the message, which never did
        await on.start(missed=True)
        await on.until(1)
    assert on.said == ["m1"]


async def test_its_progress_and_its_end_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with stage(tmp_path) as on:
        await on.serve_and_stop()
        for number in range(30):
            on.write(number, "hello", channel=f"channel {number}")
        with caplog.at_level(logging.INFO, "memory.core.catching_up"):
            await on.start(missed=True)
            await on.until(30)
            await on.wait_for(lambda: "caught up" in caplog.messages)
    fields = [record.__dict__ for record in caplog.records if record.message == "catching up"]
    assert [(each["places"], each.get("left")) for each in fields] == [(30, None), (25, 5)]
    done = next(record for record in caplog.records if record.message == "caught up").__dict__
    assert (done["platform"], done["places"], done["answered"]) == ("stage", 30, 30)


async def test_the_pause_before_a_later_try_is_ended_by_no_connection_that_came_before_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.serve_and_stop()
        on.platform.breaks, on.resting = [PlatformUnreachable("down")] * 4, asyncio.Event()
        on.write(1, "hello")
        await on.start(missed=True)
        await on.wait_for(lambda: on.pauses == [15])
        await on.core.connected("stage", missed=True)
        await on.wait_for(lambda: len(on.pauses) > 1)
        await on.hear(2, "are you there?", channel="other")
        await on.wait_for(lambda: "m2" in on.said)
        assert (on.pauses, len(on.platform.breaks)) == ([15, 60], 2)


async def test_what_the_disk_refuses_while_it_is_read_is_read_again_after_one_pause(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.serve_and_stop()
        on.write(1, "hello")
        on.platform.reading, on.resting = asyncio.Event(), asyncio.Event()
        await on.start(missed=True)
        await on.wait_for(lambda: on.platform.read == [HOME])
        with full_disk(), pytest.raises(StorageUnavailable):
            await on.hear(2, "are you there?")
        on.platform.reading.set()
        await on.wait_for(lambda: on.pauses == [15])
        assert on.platform.read == [HOME]
        on.platform.reading = asyncio.Event()
        on.resting.set()
        await on.wait_for(lambda: on.platform.read == [HOME, HOME])
        await on.core.connected("stage", missed=True)
        on.platform.reading.set()
        await on.wait_for(lambda: on.platform.read == [HOME] * 3)
    assert on.pauses == [15]
