"""What is learned of a model's own vocabulary from the prompts that its server reports."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.ratio import PLAUSIBLE, find_ceiling, learn_ratio
from memory.types import Usage
from tests.stage import stage


def usage(reported: int, counted: int) -> Usage:
    return Usage("model", reported, 0, 10, 0.5, counted)


def test_before_the_first_call_a_model_is_taken_to_count_as_we_do() -> None:
    assert learn_ratio([]) == 1.0


def test_the_ratio_is_reported_over_counted_tokens_of_all_calls_together() -> None:
    assert learn_ratio([usage(130, 100), usage(1100, 1000)]) == pytest.approx(1230 / 1100)


def test_calls_of_which_either_number_is_unknown_teach_nothing() -> None:
    assert learn_ratio([usage(0, 100), usage(100, 0)]) == 1.0
    assert learn_ratio([usage(0, 100), usage(120, 100)]) == pytest.approx(1.2)


@pytest.mark.parametrize("reported", [10, 10_000])
def test_a_server_that_reports_something_else_than_tokens_is_not_believed(reported: int) -> None:
    assert learn_ratio([usage(reported, 100)]) == 1.0
    assert learn_ratio([usage(reported, 100), usage(120, 100)]) == pytest.approx(1.2)


def test_a_vocabulary_that_makes_fewer_tokens_does_not_lift_the_ceiling() -> None:
    assert learn_ratio([usage(80, 100)]) == 1.0


@given(st.lists(st.builds(usage, st.integers(0, 10**6), st.integers(0, 10**6))))
def test_whatever_a_server_reports_the_ratio_stays_within_its_bounds(usages: list[Usage]) -> None:
    assert 1.0 <= learn_ratio(usages) <= PLAUSIBLE[1]


@pytest.mark.parametrize(
    ("usages", "ceiling"),
    [
        ([usage(2000, 2000), usage(4070, 7100), usage(3990, 6800), usage(4000, 7200)], 4070),
        ([usage(4070, 7100), usage(3990, 6800)], 0),  # twice may be chance
        ([usage(4070, 7100), usage(300, 7200), usage(4000, 7200), usage(4070, 7100)], 0),  # what a cache missed
        ([usage(7000, 7100), usage(300, 7200), usage(310, 7200), usage(320, 7100)], 0),
        ([usage(300, 7200), usage(310, 7200), usage(320, 7100)], 0),
        ([usage(6500, 7200), usage(6400, 7200), usage(6450, 7100)], 0),  # another vocabulary
        ([usage(0, 7200)] * 5, 0),
        ([], 0),
    ],
)
def test_a_server_that_cuts_prompts_is_told_from_one_that_counts_otherwise(usages: list[Usage], ceiling: int) -> None:
    assert find_ceiling(usages) == ceiling


async def test_a_server_that_cuts_prompts_is_told_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with stage(tmp_path) as on:
        on.model.tokens = 1100
        for number in range(1, 9):
            await on.hear(number, "wind the thread " * 100)
            await on.until(number)
    (record,) = [record for record in caplog.records if record.message == "prompts seem to be cut"]
    assert (record.levelname, record.__dict__["tokens_read"]) == ("ERROR", 1100)
    assert "OLLAMA_CONTEXT_LENGTH" in record.__dict__["cure"]
