"""A whole conversation over a bad network: everything is answered once, and nothing lost, all the same."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.crash.nursery import nursery
from tests.crash.rounds import Death, Outcome, describe, play
from tests.fakes.proxy import Weather

BAD = Weather(late=0.3, lost=0.05, unanswered=0.05, broken=0.005, twice=0.1, swapped=0.1, cut=0.03)
SEEDS = range(1, 3)

FEWEST = 10
"""Faults that each conversation meets at least; most of them meet fifty."""


@pytest.mark.parametrize("platform", ["discord", "slack"])
async def test_over_a_bad_network_everything_is_answered_once(platform: str, tmp_path: Path) -> None:
    async def one(seed: int) -> Outcome:
        directory = tmp_path / f"{seed}"
        directory.mkdir()
        return await play(platform, Death(), directory, home, BAD, seed)

    async with nursery() as home:
        outcomes = await asyncio.gather(*(one(seed) for seed in SEEDS))
    assert min(outcome.struck.total() for outcome in outcomes) >= FEWEST
    lines = [f"seed {seed}: {line}" for seed, each in zip(SEEDS, outcomes, strict=True) for line in describe(each)]
    assert not lines, "\n".join(lines)
