"""What is learned of a model's own vocabulary from the prompts that its server reports."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.ratio import PLAUSIBLE, learn_ratio
from memory.types import Usage


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
