"""The pure parts of the model client: requests, pieces, failures and thoughts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.client.chat import (
    LEFT_OUT,
    OPENAI_URL,
    SUBSTITUTES,
    Piece,
    Request,
    alternate,
    can_do_without,
    is_openai,
    join,
    plan_request,
    read_piece,
)
from llm.client.dialects import read_wait
from llm.client.failures import LONGEST_WAIT, Decision, Failure, Kind, Step, decide
from llm.client.thoughts import ThoughtFilter
from memory.types import Delta, Message, Prompt, well_formed

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


def test_what_a_server_refuses_is_left_out_or_goes_under_its_other_name() -> None:
    without = frozenset({"stream_options", "max_tokens"})
    assert plan_request(PROMPT, "gpt-5", 70, "https://example.org/v1", without) == Request(
        "gpt-5", PROMPT.messages, max_completion_tokens=70, include_usage=False
    )
    assert plan_request(PROMPT, "o5", 70, OPENAI_URL, frozenset({"max_completion_tokens"})).max_tokens == 70


@given(st.lists(st.sampled_from([*SUBSTITUTES, "messages", ""])))
def test_what_is_refused_is_left_out_once_each_and_an_allowance_is_always_sent(refusals: list[str]) -> None:
    without: frozenset[str] = frozenset()
    for refused in refusals:
        if can_do_without(refused, without):
            assert refused not in without
            without |= {refused}
    assert len(without) <= 5
    request = plan_request(PROMPT, "m", 70, "https://example.org/v1", without)
    assert {request.max_tokens, request.max_completion_tokens} == {70, None}


TALK = st.lists(st.builds(Message, st.sampled_from(["user", "assistant"]), st.text()))


@given(TALK, TALK)
def test_each_has_his_turn_and_nothing_that_was_said_is_lost(said: list[Message], later: list[Message]) -> None:
    system = Message("system", "Be brief.")
    head, *talk = alternate([system, *said])
    assert head == system
    assert [message.role for message in talk] == ["user", "assistant"] * (len(talk) // 2) + ["user"] * (len(talk) % 2)
    opens = [LEFT_OUT] if said and said[0].role == "assistant" else []
    assert written(talk) == written([*opens, *said])
    *settled, last = alternate([system, *said])
    longer = alternate([system, *said, *later])
    assert list(longer[: len(settled)]) == settled
    assert longer[len(settled)].content.startswith(last.content), "the beginning of a longer talk is the same"


def written(messages: Sequence[Message]) -> str:
    """All that messages say."""
    return "\n\n".join(message.content for message in messages)


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
        ({"retry-after": f"Thu, 01 Jan 2026 12:00:30 +{'9' * 20}"}, None),
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
    """The same by regular expressions over the whole: what the filter must come to, however the text is cut.

    Where only the closing tag is there, the opening one was in the prompt: it is put back.
    """
    first = re.match(r"\s*(.*?)(</?think>|\Z)", text, re.DOTALL)
    assert first
    before, tag = first.groups()
    if tag == "</think>" and before.count("`") % 2 == 0 and not before.endswith((" ", "`", '"')):
        text = f"<think>{text}"
    return re.sub(r"\A(\s*<think>.*?(</think>|\Z))*\s*", "", text, flags=re.DOTALL)


TEXT = st.lists(st.sampled_from(["<think>", "</think>", "<thi", "nk>", "</", ">", "<", "a", " ", "\n", "`", '"'])).map(
    "".join
)


@given(TEXT, st.lists(st.integers(0, 60)))
def test_thoughts_are_dropped_however_the_text_is_cut(text: str, cuts: list[int]) -> None:
    thoughts = ThoughtFilter()
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    said = [delta for start, end in pairwise(edges) for delta in thoughts.feed(text[start:end])]
    assert read([*said, *thoughts.finish()]) == without_thoughts(text)
    assert all(delta.text or delta.restart for delta in said)


@given(st.text(), st.text())
def test_an_answer_without_a_closing_tag_is_passed_on_whole(before: str, after: str) -> None:
    """Whatever else is in it: nothing is taken back that was said once."""
    text = f"a{before}<think>{after}".replace("</think>", "")
    thoughts = ThoughtFilter()
    said = [delta for character in text for delta in thoughts.feed(character)]
    assert read([*said, *thoughts.finish()]) == text
    assert not any(delta.restart for delta in said)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Hm.\n</think>\n\nHi", "Hi"),  # DeepSeek-R1, QwQ, Qwen3-Thinking
        ("Hm.</think>Hi", "Hi"),  # DeepSeek-V3.1
        ("嗯。</think>你好", "你好"),
        ("\n\n</think>\n\nHi", "Hi"),
        (" </think>Hi", "Hi"),
        ("I run `ls`:\n```\nls\n```\n</think>\n\nHi", "Hi"),
        ("Hm.\n</think>\n\nIt is <think> and </think>.", "It is <think> and </think>."),
    ],
)
def test_thoughts_without_an_opening_tag_end_with_the_closing_one(text: str, answer: str) -> None:
    thoughts = ThoughtFilter()
    assert read([*thoughts.feed(text), *thoughts.finish()]) == answer


@pytest.mark.parametrize(
    "text",
    [
        "Such a model writes <think>, then it thinks.\n</think>\nends it.",
        "The tag `</think>` ends it.",
        "The tag `</think>` ends it.\n</think>",
        "For example:\n```\nlet me see\n</think>\nHi\n```\nThat is all.",
        "The closing tag is </think>, as in HTML.",
        'It is called "</think>" there.',
        "It is called “</think>” there.",
        "<think>no</think>Yes\n</think>\nyes",
        "<think>no</think></think> is what ends it.",
    ],
)
def test_an_answer_about_the_tags_is_kept(text: str) -> None:
    thoughts = ThoughtFilter()
    assert read([*thoughts.feed(text), *thoughts.finish()]) == text.removeprefix("<think>no</think>")


def read(deltas: Sequence[Delta]) -> str:
    """What a reader of deltas has in the end."""
    text = ""
    for delta in deltas:
        text = delta.text if delta.restart else text + delta.text
    return text


def test_an_answer_is_passed_on_at_once() -> None:
    thoughts = ThoughtFilter()
    assert [thoughts.feed(piece) for piece in ("<b", "old> and <think>", " so on")] == [
        [Delta("<b")],
        [Delta("old> and <think>")],
        [Delta(" so on")],
    ]
