"""What no platform says twice: heard and refused by the disk, or said while the bot only seemed to listen."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from errors import PlatformUnreachable, StorageError
from memory.core.catching_up import CatchUp
from memory.core.tasks import Tasks
from memory.types import Decision, Inbound, Place
from tests.stage import START, Stage, full_disk, stage

HOME = Place("stage", "space", "channel")
OTHER = replace(HOME, channel="other")


async def rest_after(on: Stage) -> None:
    """Let a catching up break off when it has read HOME, and rest."""
    await on.serve_and_stop()
    on.write(1, "hello", channel="other")
    on.write(2, "hello")
    on.resting = asyncio.Event()
    on.platform.reading, on.platform.slow = asyncio.Event(), {OTHER}
    await on.start(missed=True)
    await on.wait_for(lambda: on.platform.read[-2:] == [HOME, OTHER])
    on.platform.breaks = [PlatformUnreachable("down")]
    on.platform.reading.set()
    await on.wait_for(lambda: on.pauses == [15] and "m2" in on.said)


async def test_a_message_that_the_disk_refused_is_read_by_the_next_try(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await rest_after(on)
        with full_disk(), pytest.raises(StorageError):
            await on.hear(3, "remember 4711")
        assert on.resting is not None
        on.resting.set()
        await on.wait_for(lambda: "remember 4711" in [text for (text,) in on.rows("SELECT text FROM turns")])


async def test_a_deletion_that_the_disk_refused_is_found_by_the_next_try(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.hear(-5, "my code is K7")
        await on.until(1)
        await rest_after(on)
        on.remove(on.platform.written[HOME, "m-5"])
        with full_disk(), pytest.raises(StorageError):
            await on.core.erase(HOME, ["m-5"])
        assert on.resting is not None
        on.resting.set()
        await on.wait_for(lambda: ("my code is K7",) not in on.rows("SELECT text FROM turns"))


async def test_a_place_of_which_the_disk_took_a_part_is_read_once_more(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.serve_and_stop()
        on.write(1, "hello")
        on.platform.reading = asyncio.Event()
        await on.start(missed=True)
        await on.wait_for(lambda: on.platform.read == [HOME])
        with full_disk():
            on.platform.reading.set()
            await on.wait_for(lambda: bool(on.pauses))
        await on.until(1)
    assert on.said == ["m1"]
    assert on.platform.read[:2] == [HOME, HOME]


async def test_no_beat_counts_between_a_dead_connection_and_the_word_of_what_the_next_one_missed(
    tmp_path: Path,
) -> None:
    taken: list[str] = []

    async def take(inbound: Inbound) -> Decision:
        taken.append(inbound.message_id)
        return Decision.REMEMBER

    async with stage(tmp_path) as on:
        catch_up = CatchUp(
            store=on.store,
            platforms={"stage": on.platform},
            tasks=Tasks(),
            clock=lambda: on.now,
            sleep=asyncio.sleep,
            compared=timedelta(hours=1),
            take=take,
            amend=on.core.amend,
            erase=on.core.erase,
            take_up=lambda _: asyncio.sleep(0),
            released=lambda: None,
        )
        level = on.now = START + timedelta(seconds=1)
        catch_up.begin("stage", missed=True)
        await on.wait_for(lambda: on.rows("SELECT alive_at FROM heartbeats") == [(level.timestamp() * 10**6,)])
        on.platform.alive = False
        await catch_up.beat()
        on.now = START + timedelta(minutes=10)
        on.write(60, "are you there?")
        on.platform.alive = True
        await catch_up.beat()
        catch_up.begin("stage", missed=True)
        await on.wait_for(lambda: taken == ["m60"])


async def test_of_a_place_that_is_gone_nothing_comes_in_whatever_the_clocks_say(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.model.gate = asyncio.Event()
        await on.hear(5, "my code is K7")  # by our clock, that is in five seconds
        await on.until_asked(1)
        await on.core.removed(HOME)
        on.model.gate.set()
        await on.hear(6, "and more", thread="thread")
        await on.hear(7, "elsewhere", channel="other")
        await on.until_recorded("elsewhere", "Answer 2.", channel="other")
        assert [text for (text,) in on.rows("SELECT text FROM turns")] == ["elsewhere", "Answer 2."]


async def test_of_a_thread_that_is_gone_the_channel_stays(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.hear(1, "hello")
        await on.until(1)
        await on.hear(2, "hello", thread="thread")
        await on.until(2)
        await on.core.removed(replace(HOME, thread="thread"))
        assert await on.transcript() == ["hello", "Answer 1."]
        assert await on.transcript(thread="thread") == []


async def test_what_the_disk_did_not_let_go_of_is_forgotten_when_it_does(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.hear(1, "my code is K7")
        await on.until(1)
        with full_disk():
            with pytest.raises(StorageError):
                await on.core.removed(HOME)
            assert await on.transcript() != []
        await on.until_recorded()
    assert on.pauses[0] == 15
