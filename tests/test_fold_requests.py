"""What is asked of the summarising model: in the words of the chat where it is the chat's own, and for facts too."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.answers import FOLD_SCHEMA
from memory.fold import Opening, plan_fold, plan_reading
from memory.fold.asking import write_times
from memory.prompt import NO_FACTS, Budget, Notes, Snapshot, plan_budget, plan_prompt, render, write_persona
from memory.types import CoreSettings, Prompt, Thread, Turn, Visibility
from tests.transcripts import NOON, count, ids, recount, said, summary, talk, thread, transcripts

BUDGET = plan_budget(CoreSettings(max_tokens=2000, keep_tokens=100, keep_recent=2, summary_tokens=50), 1.0)


# -- a request that begins as the chat's prompt does


def opening(*, named: bool = True) -> Opening:
    persona = write_persona(CoreSettings(persona="Be kind."), Visibility.PUBLIC if named else Visibility.DIRECT, count)
    facts = "# What people here said about themselves\n- Ann, city: Oslo"
    return Opening(persona, Snapshot(facts, count(facts)), named=named)


def chat(past: Thread, begun: Opening, budget: Budget) -> Prompt:
    """The prompt of the chat's next turn."""
    notes = "<notes>\nNow: Friday\n</notes>\n"
    newest = [said(999, "and now?", named=begun.named)]
    return plan_prompt(
        begun.persona, past, newest, Notes(notes, count(notes)), budget, count, named=begun.named, facts=begun.facts
    )


@pytest.mark.parametrize("named", [True, False])
def test_where_the_chats_own_model_summarises_the_request_begins_with_the_chats_prompt_to_the_byte(
    *, named: bool
) -> None:
    budget = plan_budget(CoreSettings(max_tokens=4000, keep_tokens=100, keep_recent=2, summary_tokens=200), 1.0)
    turns = [said(1, "long " * 2000, named=named), *[said(n, f"word {n} of it", named=named) for n in range(2, 30)]]
    past, begun = thread(turns, summary("Bob has a dog.")), opening(named=named)
    fold = plan_fold(past, budget, count, begun)
    assert fold is not None
    *before, closing = fold.request.messages
    assert tuple(before) == chat(past, begun, budget).messages[: len(before)]
    assert len(before) == len(fold.turns) + 1 > 2
    assert closing.role == "user"
    assert f"fold the {len(fold.turns)} messages above" in closing.content


def test_its_last_message_tells_when_what_stands_above_was_sent_and_how_long_the_summary_may_be() -> None:
    later = [replace(turn, id=turn.id + 50, sent_at=turn.sent_at + timedelta(days=1)) for turn in talk(3)]
    fold = plan_fold(thread([*talk(3), *later, *talk(2)]), replace(BUDGET, keep=0), count, opening())
    assert fold is not None
    closing = fold.request.messages[-1].content
    assert "1-6: 2026-11-20 12:01-12:06; 7-12: 2026-11-21 12:01-12:06" in closing
    assert "at most 30 tokens" in closing
    assert "Ann" not in closing


def test_facts_at_its_head_stay_out_of_the_summary_they_may_have_been_said_elsewhere() -> None:
    for begun, told in ((opening(), True), (replace(opening(), facts=NO_FACTS), False)):
        fold = plan_fold(thread(talk(9)), replace(BUDGET, keep=0), count, begun)
        assert fold is not None
        assert ("kept beside the summary: leave it out" in fold.request.messages[-1].content) is told


def test_where_messages_bear_no_names_its_last_message_says_who_writes() -> None:
    turns = [said(number, "ok", named=False) for number in range(1, 9)]
    fold = plan_fold(thread(turns), replace(BUDGET, keep=0), count, opening(named=False))
    assert fold is not None
    assert "Ann" in fold.request.messages[-1].content


def test_times_are_told_in_few_words_however_often_people_paused() -> None:
    turns = [replace(said(n, "ok"), sent_at=NOON + timedelta(hours=2 * n)) for n in range(1, 200)]
    assert len(write_times(turns)) < 60
    assert write_times(turns[:1]) == "1: 2026-11-20 14:00-14:00"


@given(transcripts(longest=40), st.integers(500, 8000), st.booleans(), st.booleans())
def test_it_keeps_to_the_budget_too(turns: list[Turn], total: int, facts: bool, named: bool) -> None:
    budget = plan_budget(CoreSettings(max_tokens=total, keep_tokens=100, summary_tokens=100), 1.0, persona=60)
    turns = [replace(turn, tokens=count(render(turn, named=named))) for turn in turns]
    fold = plan_fold(thread(turns, summary("Bob has a dog.")), budget, count, opening(named=named), facts=facts)
    if fold:
        assert recount(fold.request, count) <= fold.request.tokens + len(fold.request.messages)
        assert fold.request.tokens <= budget.request


# -- facts beside the summary


@pytest.mark.parametrize("begun", [None, opening()], ids=["another model", "the chat's own"])
def test_a_request_for_facts_too_asks_for_json_and_names_what_makes_none(begun: Opening | None) -> None:
    budget = plan_budget(CoreSettings(), 1.0)
    fold = plan_fold(thread(talk(9)), replace(budget, keep=0), count, begun, facts=True)
    assert fold is not None
    assert fold.schema == FOLD_SCHEMA
    text = "\n".join(message.content for message in fold.request.messages)
    assert all(words in text for words in ("JSON", '"summary"', '"facts"', "Nothing about anybody else", "no secrets"))
    assert fold.allowance == 2 * fold.ceiling


def test_where_asking_for_facts_would_take_much_of_a_request_only_the_summary_is_asked_for() -> None:
    fold = plan_fold(thread(talk(9)), replace(BUDGET, keep=0, request=700), count, facts=True)
    assert fold is not None
    assert fold.schema is None
    assert "JSON" not in fold.request.messages[0].content


def test_turns_are_read_for_facts_alone_as_many_as_a_request_has_room_for() -> None:
    budget = plan_budget(CoreSettings(max_tokens=3000), 1.0)
    turns = [said(number, "word " * 200) for number in range(1, 30)]
    reading = plan_reading(thread(turns), budget, count)
    assert reading is not None
    assert 1 < len(reading.turns) < 20
    assert ids(reading.turns) == ids(turns[: len(reading.turns)])
    assert recount(reading.request, count) <= reading.request.tokens <= budget.request
    assert "JSON" in reading.request.messages[0].content
    assert plan_reading(thread(), budget, count) is None
