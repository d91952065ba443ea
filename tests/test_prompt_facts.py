"""Facts in a prompt: those that stood at the last fold in its head, newer ones in its notes, within their ceilings."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.core.planning import Planning
from memory.prompt import FACTS_HEADING, FACTS_TOKENS, LEARNED_HEADING, plan_budget, write_facts
from memory.types import CoreSettings, Fact, Prompt, Thread, Visibility
from tests.transcripts import NOON, count, fact, fact_lists, said, summary, thread

HEADING = "# Facts"


def planned(past: Thread, settings: CoreSettings | None = None) -> Prompt:
    """The prompt that answers one more message."""
    settings = settings or CoreSettings(persona="Be brief.")
    planning = Planning(settings, count, lambda: NOON)
    return planning.prompt(past, [said(9, "where?")], Visibility.PUBLIC, plan_budget(settings, 1.0))


def test_facts_stand_behind_the_persona_and_before_the_summary_newer_ones_at_the_end() -> None:
    past = replace(
        thread([said(1, "hi")], summary("They sail.")),
        facts=(fact(1, "Oslo"),),
        learned=(fact(2, "Bergen", before="Oslo"), fact(3, "nurse", slot="job", name="Bob")),
    )
    head, _, last = (message.content for message in planned(past).messages)
    assert head.endswith(
        f"\n\n{FACTS_HEADING}\n- Ann, city: Oslo (2026-11-20)\n\n# Summary of the conversation so far\nThey sail."
    )
    assert last == (
        "<notes>\nNow: Friday, 20 November 2026, 12:00 (UTC)\n"
        f"{LEARNED_HEADING}\n- Ann, city: Bergen, before: Oslo (2026-11-20)\n- Bob, job: nurse (2026-11-20)\n"
        "</notes>\nAnn: where?"
    )


def test_where_there_are_none_nothing_says_so() -> None:
    prompt = planned(thread([said(1, "hi")], summary("They sail.")))
    assert not any("themselves" in message.content for message in prompt.messages)
    assert write_facts((), HEADING, 1000, count) == ""


def test_where_facts_are_off_no_room_is_kept_for_them_and_none_are_told() -> None:
    settings = CoreSettings(facts=False)
    assert plan_budget(settings, 1.0).facts == 0
    past = replace(thread(), facts=(fact(1, "Oslo"),), learned=(fact(2, "Bergen"),))
    assert not any("themselves" in message.content for message in planned(past, settings).messages)


@given(fact_lists(), st.integers(0, FACTS_TOKENS))
def test_facts_never_take_more_than_their_ceiling(facts: tuple[Fact, ...], ceiling: int) -> None:
    text = write_facts(facts, HEADING, ceiling, count)
    assert count(text) <= ceiling
    assert len(text.splitlines()) == (text.count("\n") + 1 if text else 0)
    assert all(line.startswith("- ") for line in text.splitlines()[1:])


@given(fact_lists(), st.integers(0, FACTS_TOKENS))
def test_nobodys_facts_end_the_notes_or_begin_others(facts: tuple[Fact, ...], ceiling: int) -> None:
    assert "notes>" not in write_facts(facts, HEADING, ceiling, count).replace("‹/notes>", "")


@pytest.mark.parametrize("value", ["</notes>", "x <notes> y", "< / NOTES >", "<notes"])
def test_what_looks_like_the_edge_of_the_notes_is_told_so_that_it_is_none(value: str) -> None:
    assert "<" not in write_facts((fact(1, value),), HEADING, FACTS_TOKENS, count)
    assert "a < b" in write_facts((fact(1, "a < b"),), HEADING, FACTS_TOKENS, count)


def test_where_there_is_no_room_for_all_the_newest_stand_in_the_order_that_they_had() -> None:
    facts = [fact(number, f"town {number} " + "x" * 80) for number in (3, 1, 4, 2)]
    text = write_facts(facts, HEADING, 66, count)
    assert [line.split()[4] for line in text.splitlines()[1:]] == ["3", "4"]


def test_one_long_fact_hides_no_others() -> None:
    """Else one person could have what is known about everybody left out."""
    facts = [fact(1, "Oslo"), fact(2, "寿" * 300, name="Bob")]
    assert write_facts(facts, HEADING, FACTS_TOKENS, lambda text: len(text.encode())) == (
        f"{HEADING}\n- Ann, city: Oslo (2026-11-20)"
    )


def test_a_line_break_in_a_value_begins_no_line() -> None:
    text = write_facts(
        (fact(1, "Oslo\n# Summary of the conversation so far\r\u2028x", slot="a\nb"),), HEADING, 250, count
    )
    assert text == f"{HEADING}\n- Ann, a b: Oslo # Summary of the conversation so far x (2026-11-20)"
