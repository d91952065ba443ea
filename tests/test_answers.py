"""What is read from a model's answer: JSON as it should be, around it, cut off or missing; and plain text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.answers import FACTS_SCHEMA, FOLD_SCHEMA, Candidate, Told, read_facts, read_fold

ANN = Candidate("Ann", "city", "Oslo", "I live in Oslo")
FACT = '{"name": "Ann", "slot": "city", "value": "Oslo", "quote": "I live in Oslo"}'
WHOLE = f'{{"summary": "They {{talked}}.", "facts": [{FACT}]}}'


@pytest.mark.parametrize(
    "answer",
    [
        WHOLE,
        f"```json\n{WHOLE}\n```",
        f"```\n{WHOLE}",
        f"Here is the JSON that you asked for:\n\n{WHOLE}\n\nIs there anything else?",
        f"An example: {{}}. {WHOLE}",
        json.dumps({"facts": [json.loads(FACT)], "summary": " They {talked}. ", "notes": 7}),
    ],
)
def test_summary_and_facts_are_read_from_one_answer(answer: str) -> None:
    assert read_fold(answer) == Told("They {talked}.", (ANN,))
    assert read_facts(answer) == (ANN,)


@pytest.mark.parametrize(
    "answer", ["They talked.", "  They talked.\n", "```\nThey talked.\n```", "They wrote {a: 1} and {}.", '"Quoted."']
)
def test_a_plain_text_is_the_summary_and_holds_no_facts(answer: str) -> None:
    told = read_fold(answer)
    assert told.summary == answer.replace("```", "").strip()
    assert told.candidates == ()
    assert read_facts(answer) == ()


@pytest.mark.parametrize(
    "answer", ["", "{}", '{"text": "They talked."}', '{"summary": null}', '{"summary": 7}', "[]{}"]
)
def test_json_without_a_summary_is_no_summary(answer: str) -> None:
    assert read_fold(answer).summary in {"", "[]{}"}


def test_the_lines_of_a_list_are_a_summary_too() -> None:
    assert read_fold('{"summary": ["One.", "Two."], "facts": []}') == Told("One.\nTwo.")


def test_an_answer_that_was_cut_off_holds_what_was_whole() -> None:
    for end in range(len('{"summary": "They'), len(WHOLE)):
        told = read_fold(WHOLE[:end])
        assert "They {talked}.".startswith(told.summary)
        assert told.candidates in {(), (ANN,)}
    assert read_fold(WHOLE[:-2]) == Told("They {talked}.", (ANN,))
    assert read_facts(f'{{"facts": [{FACT}, {{"name": "Bo') == (ANN,)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('They call it "Big Bang", no less. It starts', 'They call it "Big Bang", no less. It starts'),
        (r"Builds go to C:\work\"Q\" and \d+ of them", r'Builds go to C:\work"Q" and \d+ of them'),
        (r"Ann\'s snake\_case, \u00e9t\u00e9 \ud83d\udca1\n- in lists", "Ann's snake\\_case, été 💡\n- in lists"),
        (r'The path "C:\\"', 'The path "C:\\"'),
    ],
)
def test_a_summary_is_whole_whose_json_is_nearly_right(written: str, read: str) -> None:
    told = Told(f"{read} on 3 May.", (ANN,))
    written = f"{written} on 3 May."
    assert read_fold(f'{{"summary": "{written}", "facts": [{FACT}]}}') == told
    assert read_fold(f'{{"summary" : "{written}" ,\n"facts": [{FACT}],}}') == told
    assert read_fold(f'{{"summary": "{written}"}}').summary == told.summary
    assert read_fold(f'{{"summary": "{written}').summary == told.summary


def test_escapes_that_were_cut_off_spoil_nothing() -> None:
    answer = json.dumps({"summary": 'Ann said "né" 🦊 \\ to\nBob.'})
    for end in range(len('{"summary": "A'), len(answer) - 2):
        assert 'Ann said "né" 🦊 \\ to\nBob.'.startswith(read_fold(answer[:end]).summary.rstrip("\ud83e"))


@pytest.mark.parametrize(
    "facts",
    [
        "null",
        "7",
        '"Ann"',
        "{}",
        '["Ann", 7, null, []]',
        '[{"name": "Ann"}]',
        '[{"name": "Ann", "slot": null, "value": "Oslo", "quote": "I live in Oslo"}]',
    ],
)
def test_what_is_no_candidate_is_passed_over(facts: str) -> None:
    assert read_fold(f'{{"summary": "They talked.", "facts": {facts}}}') == Told("They talked.")


def test_a_value_may_be_a_number() -> None:
    (candidate,) = read_facts('{"facts": [{"name": "Ann", "slot": "age", "value": 34, "quote": "I am 34"}]}')
    assert candidate.value == "34"


@given(st.text())
def test_any_answer_can_be_read(answer: str) -> None:
    read_fold(answer)
    read_facts(answer)
    read_fold('{"summary": "' + answer)


@pytest.mark.parametrize("schema", [FOLD_SCHEMA, FACTS_SCHEMA])
def test_the_schemas_are_of_the_kind_that_strict_servers_take(schema: object) -> None:
    """OpenAI's guide to structured outputs: all properties required, no others, in every object."""
    assert schema in {FOLD_SCHEMA, FACTS_SCHEMA}
    text = FOLD_SCHEMA.text if schema == FOLD_SCHEMA else FACTS_SCHEMA.text
    objects = [json.loads(text)]
    while objects:
        each = objects.pop()
        if each["type"] == "object":
            assert each["additionalProperties"] is False
            assert each["required"] == list(each["properties"])
            objects += each["properties"].values()
        elif each["type"] == "array":
            objects.append(each["items"])
