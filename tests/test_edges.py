"""Promises where two rooms meet: what each keeps by itself is tested with it, these are kept by both together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.roll import Roll
from adapters.slack.order import Order
from errors import ContextTooLong, StorageError
from memory.prompt import plan_budget
from memory.types import Channel, CoreSettings, Delta, Place, Prompt, Quote
from tests.players import Model
from tests.stage import SETTINGS, START, full_disk, stage

HERE = Place("stage", "space", "channel")


class Midway(Model):
    """Finds its first prompt too long when it has begun to answer."""

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        """See `memory.ports.Model`."""
        if not self.prompts:
            self.prompts.append(prompt)
            yield Delta("Half of it")
            yield Delta(" and more")
            raise ContextTooLong("midway")
        async for delta in super().stream(prompt):
            yield delta


async def test_what_was_said_after_a_forgetting_was_asked_about_is_not_forgotten_by_its_confirmation(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as on:
        await on.hear(1, "one")
        await on.until(1)
        await on.hear(3, "!forget last 2", author="mod")
        await on.until(2)
        await on.hear(4, "two")
        await on.until(3)
        await on.hear(5, "!forget confirm", author="mod")
        await on.until(4)
        assert await on.transcript() == ["two", "Answer 2."]


async def test_no_deleted_messages_are_not_the_whole_channel(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.hear(1, "hello")
        await on.until(1)
        await on.core.erase(HERE, [])
        assert await on.transcript() == ["hello", "Answer 1."]


async def test_a_deletion_is_tried_until_the_disk_takes_it(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(SETTINGS, compare_hours=0)) as on:
        await on.hear(1, "hello")
        await on.until(1)
        on.now += timedelta(hours=48)
        with full_disk():
            with pytest.raises(StorageError):
                await on.core.erase(HERE, ["m1"])
            tries = len(on.pauses)
            await on.wait_for(lambda: len(on.pauses) > tries + 3)
        await on.until_recorded("Answer 1.")


async def test_of_a_prompt_that_is_found_too_long_midway_nothing_stands(tmp_path: Path) -> None:
    async with stage(tmp_path, model=Midway()) as on:
        await on.hear(1, "hello")
        await on.until(1)
        assert await on.transcript() == ["hello", "Answer 2."]


async def test_a_prompt_that_is_planned_again_is_reserved_once(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(SETTINGS, user_tokens_per_day=2400)) as on:
        on.model.failures.append(ContextTooLong("too long"))
        for number in (1, 2):
            await on.hear(number, "hello")
            await on.until(number)
        assert on.platform.said[1] == ("m2", "Answer 3.")


async def test_where_a_lane_stopped_what_waits_is_answered_before_what_comes(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.resting = asyncio.Event()
        on.platform.down = 1
        await on.hear(1, "one")
        await on.wait_for(lambda: bool(on.pauses))
        await on.hear(2, "two", author="bob")
        await on.until(2)
        assert on.said == ["m1", "m2"]
        on.resting.set()


async def test_a_finished_answer_stands_although_the_disk_does_not_take_where(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.platform.part = 4
        on.platform.last_send = asyncio.Event()
        await on.hear(1, "hello")
        await on.until_held("m1")
        with full_disk():
            on.platform.last_send.set()
            await on.until(1)
        assert on.platform.said == [("m1", "Answer 1.")]


async def test_direct_messages_are_not_read_back(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.write(1, "old", channel="dm-ann")
        asked = on.write(2, "and this?", channel="dm-ann")
        await on.core.accept(replace(asked, reply_to=Quote("m0", "bob", "Bob", "something unknown", START)))
        await on.until(1)
        assert on.platform.read_before == []


def test_the_request_of_a_fold_and_its_answer_fit_the_context() -> None:
    budget = plan_budget(CoreSettings(context_tokens=4096, max_tokens=3296, max_reply_tokens=800), 1.0)
    assert budget.request + 2 * budget.summary <= 4096


def test_a_fold_frees_something_whatever_is_to_be_kept() -> None:
    budget = plan_budget(CoreSettings(max_tokens=8000, keep_tokens=7900), 1.0)
    assert budget.keep < 0.75 * budget.fold_at


async def test_who_can_read_a_channel_is_told_also_where_it_changes_while_it_is_being_stored() -> None:
    roll, gate = Roll(), asyncio.Event()
    told: list[tuple[Channel, ...]] = []

    async def listen(channels: Sequence[Channel]) -> None:
        told.append(tuple(channels))
        await gate.wait()

    is_open, closed = (Channel("stage", "space", "channel", "channel", each) for each in (True, False))
    telling = [asyncio.create_task(roll.tell([is_open], listen))]
    await asyncio.sleep(0)
    telling.append(asyncio.create_task(roll.tell([closed], listen)))
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*telling)
    assert told == [(is_open,), (closed,)]


async def test_a_third_event_of_a_slack_channel_waits_for_the_second_although_the_first_is_done() -> None:
    order = Order()
    first, second, third = (order.place("C1") for _ in range(3))
    await first.__aenter__()
    await second.__aenter__()
    await first.__aexit__(None, None, None)
    assert not (await third.__aenter__()).is_set()
