"""What is folded anew because summaries went with what was forgotten: nobody's answer has to wait for all of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from errors import ModelUnreachable
from memory.types import Conversation
from tests.stage import SETTINGS, Stage, stage

FOLDING = replace(SETTINGS, max_tokens=2000, keep_tokens=200, keep_recent=2)
CHANNELS = ("wool", "yarn", "silk")


async def summed_up(on: Stage) -> int:
    """Have Ann and Bob talk in every channel, and all of it summed up; return how many requests that took."""
    number = 0
    for channel in CHANNELS:
        for author in ("ann", "bob") * 5:
            number += 1
            await on.hear(number, f"the {channel} is wound once more " * 8, author=author, channel=channel)
            await on.until(number)
        await on.core.fold_now(Conversation("stage", "space", channel))
    return len(on.model.folds)


async def test_after_a_person_is_forgotten_everywhere_one_conversation_after_the_other_is_summed_up_again(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, FOLDING) as on:
        folds = await summed_up(on)
        on.model.fold_gate = asyncio.Event()
        await on.hear(98, "!forget me everywhere now", channel="elsewhere")
        await on.wait_for(lambda: "m98" in on.said)
        await on.hear(99, "hello", author="bob", channel="elsewhere")
        await on.wait_for(lambda: "m99" in on.said)
        assert len(on.model.folds) == folds + 1
        on.model.fold_failures.append(ModelUnreachable("down"))
        on.model.fold_gate.set()
        await on.wait_for(lambda: len(on.rows("SELECT DISTINCT conversation FROM summaries")) == len(CHANNELS) - 1)
        assert len(on.model.folds) >= folds + len(CHANNELS)
