"""The pure parts of the model client: requests, pieces, failures and thoughts."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.client.chat import OPENAI_URL, Piece, Request, is_openai, join, plan_request, read_piece, well_formed
from llm.client.failures import LONGEST_WAIT, Decision, Failure, Kind, Step, decide, read_wait
from llm.client.thoughts import ThoughtFilter
from memory.types import Message, Prompt

PROMPT = Prompt((Message("user", "hi"),), tokens=1, conversation_key="c0ffee", user_key="beef")
NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def test_openai_itself_is_told_the_keys_of_its_cache_and_of_the_user() -> None:
    assert plan_request(PROMPT, "o5", 70, OPENAI_URL) == Request(
        "o5", PROMPT.messages, max_completion_tokens=70, prompt_cache_key="c0ffee", safety_identifier="beef"
    )


def test_other_servers_are_told_nothing_but_the_prompt_and_the_allowance() -> None:
    assert plan_request(PROMPT, "llama", 70, "http://127.0.0.1:11434/v1") == Request(
        "llama", PROMPT.messages, max_tokens=70
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.openai.com/v1", True),
        ("https://eu.api.openai.com/v1", True),
        ("https://api.openai.com.example.org/v1", False),
        ("https://example.org/api.openai.com", False),
        ("http://localhost:1234/v1", False),
        ("", False),
    ],
)
def test_openai_is_known_by_its_host(url: str, expected: bool) -> None:
    assert is_openai(url) is expected


@given(st.text(st.characters(categories=None)))
def test_every_text_can_be_sent_and_a_sound_one_is_sent_as_it_is(text: str) -> None:
    sent = well_formed(text)
    sent.encode()
    if not re.search(r"[\ud800-\udfff]", text):
        assert sent == text


@pytest.mark.parametrize("chunk", [None, "text", 7, object(), ["choices"]])
def test_a_chunk_of_another_shape_says_nothing(chunk: object) -> None:
    assert read_piece(chunk) == Piece()


def test_figures_reported_later_replace_earlier_ones() -> None:
    """Some servers report on every chunk what has been used so far."""
    seen = Piece()
    for piece in (Piece(reported=True, prompt_tokens=9, completion_tokens=1), Piece("a"), Piece(finish="stop")):
        seen = join(seen, piece)
    seen = join(seen, Piece(reported=True, prompt_tokens=9, completion_tokens=5))
    assert (seen.prompt_tokens, seen.completion_tokens, seen.finish) == (9, 5, "stop")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Thu, 01 Jan 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
    ],
)
def test_a_servers_wait_is_read_in_each_of_its_forms(headers: dict[str, str], expected: float | None) -> None:
    assert read_wait(headers, NOW) == expected


FAILURES = st.builds(
    Failure,
    model=st.just("m"),
    kind=st.sampled_from(Kind),
    status=st.sampled_from([0, *range(400, 600)]),
    code=st.sampled_from(["", "model_not_found", "insufficient_quota"]),
    retry_after=st.none() | st.floats(0, 1000),
    too_long=st.booleans(),
    spent=st.booleans(),
)


@given(FAILURES, st.integers(0, 5), st.integers(0, 5), st.floats(0, 1))
def test_asking_again_ends_and_never_keeps_a_person_waiting_long(
    failure: Failure, retries: int, emptied: int, jitter: float
) -> None:
    decision = decide(failure, retries, emptied, jitter)
    assert decision.wait <= LONGEST_WAIT + 1
    if decision.step is Step.AGAIN:
        assert emptied == 0 if failure.kind is Kind.EMPTY else retries < 2
        assert decision.wait >= (failure.retry_after or 0) or failure.kind is Kind.EMPTY


def test_the_waits_grow_and_jitter_spreads_them() -> None:
    failure = Failure("m", Kind.CONNECTION)
    waits = [decide(failure, retries, 0, jitter).wait for retries in (0, 1) for jitter in (0.0, 1.0)]
    assert waits == [0.25, 0.5, 0.5, 1.0]
    assert decide(failure, 2, 0, 0.0) == Decision(Step.NEXT_MODEL)


def without_thoughts(text: str) -> str:
    """The same by one regular expression over the whole: what the filter must come to, however the text is cut."""
    return re.sub(r"\A(\s*<think>.*?(</think>|\Z))*\s*", "", text, flags=re.DOTALL)


TEXT = st.lists(st.sampled_from(["<think>", "</think>", "<thi", "nk>", "</", ">", "<", "a", " ", "\n"])).map("".join)


@given(TEXT, st.lists(st.integers(0, 60)))
def test_thoughts_are_dropped_however_the_text_is_cut(text: str, cuts: list[int]) -> None:
    thoughts = ThoughtFilter()
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    said = [thoughts.feed(text[start:end]) for start, end in pairwise(edges)]
    assert "".join([*said, thoughts.finish()]) == without_thoughts(text)


def test_an_answer_is_passed_on_at_once() -> None:
    thoughts = ThoughtFilter()
    assert [thoughts.feed(piece) for piece in ("<b", "old> and <think>", " so on")] == [
        "<b",
        "old> and <think>",
        " so on",
    ]
