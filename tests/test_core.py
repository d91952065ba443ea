"""The core in everyday life: what comes in is answered once, in order, and said however long that takes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from bench.turn import count_commits
from errors import ModelUnreachable, PlatformUnreachable, ReplyImpossible
from memory.core.folding import Folding
from memory.core.planning import Planning
from memory.core.voice import FORGOTTEN
from memory.types import Access, Answer, Conversation, CoreSettings, Exchange, Prompt, Role, Schema, Turn, Visibility
from storage import open_store
from tests.players import Model
from tests.stage import SETTINGS, START, stage


class Refusing(Model):
    """Writes no summary."""

    async def complete(self, prompt: Prompt, max_tokens: int, schema: Schema | None = None) -> Answer:
        del prompt, max_tokens, schema
        raise ModelUnreachable("down")


async def test_an_answer_that_the_platform_could_not_take_is_said_when_it_can(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.platform.failures += [PlatformUnreachable("down")] * 6
        await on.hear(1, "hello")
        await on.until(1)
    assert on.platform.said == [("m1", "Answer 1.")]
    assert on.platform.shown() == ["Answer 1."]
    assert on.pauses == [5, 15, 30, 60, 60, 60]
    assert len(on.model.prompts) == 1


async def test_a_commands_answer_is_said_when_it_can_be(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.platform.failures += [PlatformUnreachable("down")] * 2
        await on.hear(1, "!help")
        await on.until(1)
    assert on.said == ["m1"]


async def test_what_comes_in_while_a_trouble_lasts_is_tried_at_once_and_makes_no_pause_longer(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.resting = asyncio.Event()
        on.platform.down = 4
        for number in range(1, 5):
            await on.hear(number, "hello")
            await on.wait_for(lambda number=number: on.platform.down == 4 - number)  # type: ignore[misc]  # bound now
        assert on.pauses == [15]
        await on.hear(5, "hello")
        await on.until(1)
        await on.wait_for(lambda: not any("Lanes." in repr(task) for task in asyncio.all_tasks()))
        on.platform.down = 1
        await on.hear(6, "hello")
        await on.wait_for(lambda: on.pauses == [15, 15])
        on.resting.set()
        await on.until(2)


async def test_a_trouble_that_lasts_for_days_is_outlived(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.platform.down = 1100
        await on.hear(1, "hello")
        await on.until(1)
        assert on.pauses[:8] == [15, 30, 60, 120, 240, 480, 900, 900]


async def test_an_answer_that_can_be_said_nowhere_is_not_remembered_as_said(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.platform.failures += [PlatformUnreachable("down"), ReplyImpossible("gone")]
        await on.hear(1, "hello")
        await on.hear(2, "hello?", author="bob")
        await on.until(1)
    assert on.platform.said == [("m2", "Answer 2.")]
    assert on.asked(1) == ["Ann: hello", "Bob: hello?"]


async def test_a_begun_answer_goes_on_in_its_message_however_much_comes_in_that_was_said_before(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.hear(1, "the secret is K7", author="bob")
        await on.until(1)
        on.model.gate = asyncio.Event()
        await on.hear(900, "what is it?")
        await on.wait_for(lambda: on.platform.shown()[1:] == ["Answer "])
        for number in range(2, 102):
            await on.hear(number, "wait", author="bob")
        await on.core.erase(on.write(1, "").place, ["m1"])
        await on.until_asked(3)
        on.model.gate.set()
        await on.wait_for(lambda: "m900" in on.said[1:])
        assert FORGOTTEN not in [text for _, text in on.platform.said]
        assert on.platform.shown()[1] == f"Answer {len(on.model.prompts)}."


async def test_idle_conversations_hold_no_tasks(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        before = len(asyncio.all_tasks())
        for number in range(100):
            await on.hear(number, "hello", channel=f"channel {number}")
        await on.until(100)
        await on.wait_for(lambda: len(asyncio.all_tasks()) <= before)
    assert len(on.turns) == 100


async def test_a_message_that_comes_twice_is_answered_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        assert await on.hear(1, "hello")
        assert not await on.hear(1, "hello")
        await on.until(1)
        assert not await on.hear(1, "hello")
    assert on.platform.said == [("m1", "Answer 1.")]


async def test_only_one_turn_runs_at_a_time_in_a_conversation(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.model.gate = asyncio.Event()
        await on.hear(1, "first")
        await on.hear(2, "second", author="bob")
        await on.hear(3, "elsewhere", channel="other")
        await on.until_asked(2)
        assert not any("second" in prompt.messages[-1].content for prompt in on.model.prompts)
        on.model.gate.set()
        await on.until(3)


async def test_what_a_drain_cuts_off_is_answered_after_the_next_start(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.model.gate = asyncio.Event()
        await on.hear(1, "hello")
        await on.stop(0)
        assert on.platform.said == []
        on.model.gate = None
        await on.start()
        await on.until(1)
    assert on.platform.said == [("m1", "Answer 1.")]


async def test_a_lane_that_the_platform_stopped_is_tried_again_after_longer_and_longer_pauses(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.platform.down = 4
        await on.hear(1, "hello")
        await on.until(1)
    assert on.platform.said == [("m1", "Answer 1.")]
    assert on.pauses == [15, 30, 60, 120]


async def test_while_it_drains_nothing_new_begins_and_what_comes_is_kept(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.model.gate = asyncio.Event()
        await on.hear(1, "hello")
        await on.wait_for(lambda: on.platform.shown() == ["Answer "])
        stopping = asyncio.create_task(on.stop(10))
        await asyncio.sleep(0)
        await on.hear(2, "anybody?", author="bob")
        on.model.gate.set()
        await stopping
        assert on.platform.said == [("m1", "Answer 1.")]
        await on.start()
        await on.until(2)
    assert on.platform.said[1:] == [("m2", "Answer 2.")]


async def test_a_command_that_still_runs_when_the_platform_connects_again_runs_once(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(SETTINGS, max_tokens=2000, keep_tokens=200, keep_recent=2)) as on:
        for number in range(1, 4):
            await on.hear(number, "wind the thread")
            await on.until(number)
        on.model.fold_gate = asyncio.Event()
        await on.hear(4, "!summary now", author="mod")
        await on.until_folding(1)
        await on.connect_again()
        on.model.fold_gate.set()
        await on.until(4)
    assert on.said == ["m1", "m2", "m3", "m4"]
    assert len(on.platform.posts) == 4


async def test_who_goes_on_in_a_thread_in_which_it_could_only_say_that_its_model_is_down_is_answered(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as on:
        on.model.failures = [ModelUnreachable("down")]
        await on.hear(1, "hello", thread="thread")
        await on.until(1)
        await on.hear(2, "and now?", thread="thread", addressed=False)
        await on.until(2)
    assert on.platform.said == [("m1", ModelUnreachable().sentence), ("m2", "Answer 2.")]


async def test_a_fold_that_is_asked_for_beside_one_under_way_follows_it(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(SETTINGS, max_tokens=3000, keep_tokens=1000, keep_recent=2)) as on:
        on.model.fold_gate = asyncio.Event()
        number = 0
        while not on.model.folds and number < 20:
            number += 1
            await on.hear(number, "wind the thread " * 30)
            await on.until(number)
        await on.hear(number + 1, "!summary now", author="mod")
        on.model.fold_gate.set()
        await on.until(number + 1)
        [folded] = [post.text for post in on.platform.posts.values() if post.answers == f"m{number + 1}"]
        assert folded.startswith("Folded "), folded


async def test_a_turn_costs_three_commits(tmp_path: Path) -> None:
    commits = []
    async with stage(tmp_path) as on:
        for number in range(1, 5):
            await on.hear(number, "hello")
            await on.until(number)
            for _ in range(20):  # time enough for more of them
                await asyncio.sleep(0.001)
            commits.append(count_commits(on.path))
    # The message, where its reply stands, the exchange; that it was said goes along with the next message.
    assert [after - before for before, after in pairwise(commits)] == [3, 3, 3]


async def test_after_a_failed_fold_the_next_try_waits_longer_every_time(tmp_path: Path) -> None:
    now = START
    store = await open_store(f"sqlite:///{tmp_path / 'fold.db'}", lambda: now)
    settings = CoreSettings(model="model", offline=False, max_tokens=2000, keep_tokens=200, keep_recent=2)
    folding = Folding(Planning(settings, len, lambda: now), store, Refusing())
    place = Conversation("stage", "space", "channel")
    turns = tuple(
        Turn(0, Role.USER, "ann", "Ann", "wind the thread " * 10, 160, START, f"m{number}") for number in range(20)
    )
    await store.record(Exchange(place, 0, Access(Visibility.PUBLIC), (), turns))
    waits = []
    for _ in range(4):
        await folding.fold_in_background(place)
        began = now
        while not folding.may_begin(place):
            now += timedelta(seconds=30)
        waits.append((now - began).total_seconds())
    await store.close()
    assert waits == [60, 300, 900, 900]
