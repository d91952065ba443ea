"""An hour's talk in small: what several people said is known at the end, and what was taken back is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.hour import is_right
from bench.hour_discord import TAKEN_BACK, on_discord
from bench.hour_script import QUESTIONS, tell

FIT = {"max_tokens": 2_400, "keep_tokens": 800, "before_messages": 20}


@pytest.mark.parametrize("keeps", [True, False], ids=["with a good summariser", "with one that drops everything"])
async def test_what_was_said_is_known_after_folds_and_a_restart_and_what_was_hidden_or_taken_back_is_not(
    tmp_path: Path, keeps: bool
) -> None:
    folds, found = await on_discord(tmp_path, list(tell(70)), FIT, keeps=keeps)
    assert folds > 2
    assert len(found) == sum(keeps or question.alike for question in QUESTIONS) + len(TAKEN_BACK)
    assert [(question.text, parts) for question, parts in found if not is_right(question, parts)] == []
