"""Clocks that jump: one that goes back an hour or forward a day loses nothing, doubles nothing and blocks nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from errors import ModelUnreachable
from memory.core.folding import Folding
from memory.core.planning import Planning
from memory.types import Access, Answer, Conversation, Exchange, Prompt, Role, Schema, Turn, Visibility
from storage import open_store
from tests.players import Model
from tests.stage import SETTINGS, START, stage

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Refusing(Model):
    """Writes no summary."""

    async def complete(self, prompt: Prompt, max_tokens: int, schema: Schema | None = None) -> Answer:
        del prompt, max_tokens, schema
        raise ModelUnreachable("down")


@pytest.mark.parametrize("jump", [-HOUR, DAY, -DAY])
async def test_a_conversation_goes_on_in_its_order(tmp_path: Path, jump: timedelta) -> None:
    async with stage(tmp_path) as on:
        await on.hear(1, "one")
        await on.until(1)
        on.now += jump
        await on.hear(2, "two", author="bob")
        await on.until(2)
        await on.die_and_start(missed=True)
        await on.hear(3, "three")
        await on.wait_for(lambda: "m3" in on.said)
    assert on.asked() == ["Ann: one", "Answer 1.", "Bob: two", "Answer 2.", "Ann: three"]
    assert on.platform.shown() == ["Answer 1.", "Answer 2.", "Answer 3."]


@pytest.mark.parametrize("jump", [-HOUR, -DAY])
async def test_what_was_missed_is_found_although_the_clock_was_ahead_when_the_bot_stopped(
    tmp_path: Path, jump: timedelta
) -> None:
    async with stage(tmp_path) as on:
        await on.hear(-600, "hello")
        await on.until(1)
        on.now = START - jump
        await on.stop()
        on.now = START
        on.write(-590, "are you there?")
        await on.start(missed=True)
        await on.until(2)
        await on.stop()
        assert on.rows("SELECT alive_at FROM heartbeats") == [(START.timestamp() * 10**6,)]
    assert on.said == ["m-600", "m-590"]


async def test_what_was_missed_is_answered_although_the_clock_is_behind_the_platforms(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.stop()
        on.write(3600, "hello")
        await on.start(missed=True)
        await on.until(1)


@pytest.mark.parametrize("jump", [-HOUR, HOUR, -DAY, DAY])
async def test_who_had_his_answers_for_a_minute_waits_a_minute_at_most(tmp_path: Path, jump: timedelta) -> None:
    async with stage(tmp_path, replace(SETTINGS, messages_per_minute=1)) as on:
        await on.hear(1, "hello")
        await on.until(1)
        on.now += jump
        await on.hear(2, "hello")
        await on.until(2)
        on.now += timedelta(seconds=60)
        await on.hear(3, "hello")
        await on.until(3)
    assert on.platform.said[2] == ("m3", f"Answer {len(on.model.prompts)}.")


@pytest.mark.parametrize("jump", [DAY, -DAY])
async def test_what_is_spent_while_the_clock_is_wrong_blocks_nobody_when_it_is_right_again(
    tmp_path: Path, jump: timedelta
) -> None:
    async with stage(tmp_path, replace(SETTINGS, user_tokens_per_day=2000)) as on:
        on.model.tokens = 1500
        on.now += jump
        await on.hear(1, "hello")
        await on.until(1)
        on.now = START
        await on.hear(2, "hello")
        await on.until(2)
    assert on.platform.said[1] == ("m2", "Answer 2.")


@pytest.mark.parametrize("jump", [-HOUR, DAY])
async def test_what_is_to_be_confirmed_within_a_minute_does_not_stay_open_for_longer(
    tmp_path: Path, jump: timedelta
) -> None:
    async with stage(tmp_path) as on:
        await on.hear(1, "hello")
        await on.until(1)
        await on.hear(2, "!forget", author="mod")
        await on.until(2)
        on.now += jump + timedelta(minutes=30)
        await on.hear(1800, "!forget confirm", author="mod")
        await on.until(3)
        assert await on.transcript() == ["hello", "Answer 1."]
    assert on.platform.said[2][1].startswith("There is nothing to confirm")


async def test_a_fold_that_failed_while_the_clock_was_ahead_is_tried_again_when_it_is_right(tmp_path: Path) -> None:
    now = START + DAY
    store = await open_store(f"sqlite:///{tmp_path / 'fold.db'}", lambda: now)
    settings = replace(SETTINGS, max_tokens=2000, keep_tokens=200, keep_recent=2)
    folding = Folding(Planning(settings, len, lambda: now), store, Refusing())
    place = Conversation("stage", "space", "channel")
    turns = tuple(Turn(0, Role.USER, "ann", "Ann", "wind " * 40, 200, START, f"m{number}") for number in range(20))
    await store.record(Exchange(place, 0, Access(Visibility.PUBLIC), (), turns))
    await folding.fold_in_background(place)
    assert not folding.may_begin(place)
    now = START
    assert folding.may_begin(place)
    await store.close()
