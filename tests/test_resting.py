"""Short talks: read once for facts when they have rested, by the bot as it runs, and never in anybody's way."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from errors import ModelUnreachable
from memory.types import Place
from tests.stage import SETTINGS, START, Stage, stage

FACTS = json.dumps({"facts": [{"name": "Ann", "slot": "city", "value": "Oslo", "quote": "I live in Oslo"}]})
TEN_MINUTES = timedelta(minutes=10)


async def talk(on: Stage, number: int, text: str = "I live in Oslo", thread: str = "") -> None:
    """Have Ann say something to the bot, which it answers."""
    said = len(on.platform.said)
    on.now = max(on.now, START + timedelta(seconds=number))
    await on.hear(number, text, thread=thread)
    await on.until(said + 1)


async def rest(on: Stage, span: timedelta = TEN_MINUTES + timedelta(seconds=1)) -> None:
    """Let time go by, and have the bot look for what has rested: it does so when it starts, then every minute."""
    await on.stop()
    on.now += span
    await on.start()
    # The first look is over, or waits for the model, when a command that came after it is answered.
    number, said = 1000 + len(on.platform.said), len(on.platform.said)
    await on.hear(number, "!help", channel="aside")
    await on.until(said + 1)


def facts(on: Stage) -> list[tuple[object, ...]]:
    """What is kept."""
    return on.rows("SELECT user, slot, value FROM facts")


OSLO = [("ann", "city", "Oslo")]


async def test_a_short_talk_is_read_once_after_it_has_rested(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.model.told.append(FACTS)
        await talk(on, 1)
        await rest(on, TEN_MINUTES - timedelta(seconds=2))
        assert on.model.folds == []
        await rest(on, timedelta(seconds=3))
        await on.until_folding(1)
        await on.wait_for(lambda: facts(on) == OSLO)
        await rest(on)
        await rest(on, timedelta(days=1))
        assert len(on.model.folds) == 1


async def test_what_was_told_stands_in_prompts_elsewhere_from_then_on(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(SETTINGS, recall="off")) as on:
        on.model.told.append(FACTS)
        await talk(on, 1)
        await rest(on)
        await on.wait_for(lambda: facts(on) == OSLO)
        await on.hear(3000, "where do I live?", channel="elsewhere")
        await on.until_asked(2)
        assert "Ann, city: Oslo" in on.model.prompts[-1].messages[-1].content


async def test_new_words_make_it_be_read_again_and_the_old_ones_are_not(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await talk(on, 1)
        await rest(on)
        await on.until_folding(1)
        await on.wait_for(lambda: on.rows("SELECT unread FROM conversations WHERE read_through > 0") == [(0,)])
        await talk(on, 700, "I work as a baker")
        await rest(on)
        await on.until_folding(2)
        asked = on.model.folds[-1].messages[-1].content
        assert "baker" in asked
        assert "Oslo" not in asked


async def test_a_talk_that_goes_on_is_not_read_yet(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await talk(on, 1)
        on.now += TEN_MINUTES - timedelta(seconds=10)
        await talk(on, 595, "and I like it")
        await rest(on, timedelta(seconds=30))
        assert on.model.folds == []


async def test_what_is_deleted_while_it_is_read_makes_no_fact(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.model.told += [FACTS]
        on.model.fold_gate = asyncio.Event()
        await talk(on, 1)
        await rest(on)
        await on.until_folding(1)
        await on.core.erase(Place("stage", "space", "channel"), ["m1"])
        on.model.fold_gate.set()
        await on.hear(2000, "hello")
        await on.until_asked(2)
        assert facts(on) == []


async def test_a_stop_does_not_wait_for_a_reading_which_is_made_after_the_next_start(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.model.told.append(FACTS)
        on.model.fold_gate = asyncio.Event()
        await talk(on, 1)
        await rest(on)
        await on.until_folding(1)
        async with asyncio.timeout(2):
            await on.stop(60)
        assert facts(on) == []
        on.model.fold_gate = None
        await on.start()
        await on.wait_for(lambda: facts(on) == OSLO)


async def test_a_failed_reading_is_tried_again_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.model.fold_failures.append(ModelUnreachable("down"))
        await talk(on, 1)
        await rest(on)
        await on.until_folding(1)
        await talk(on, 800, "hello")
        assert facts(on) == []
        on.model.told.append(FACTS)
        await rest(on)
        await on.wait_for(lambda: facts(on) == OSLO)


async def test_many_talks_are_read_in_the_order_in_which_they_came_to_rest(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        for number, thread in ((10, "first"), (20, "second"), (30, "third"), (40, "first")):
            await talk(on, number, f"I live in Oslo, in the {thread} street", thread=thread)
        await rest(on)
        await on.until_folding(3)
        read = [prompt.messages[-1].content for prompt in on.model.folds]
        assert [name for text in read for name in ("first", "second", "third") if name in text] == [
            "second",
            "third",
            "first",
        ]
