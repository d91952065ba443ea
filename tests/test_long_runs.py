"""No message stops the bot: to look at one takes time that grows with its length, whatever stands in it how often.

Nothing is measured here. A pattern that looks at the rest of a run again from each of its characters takes dozens
of times as long for each of these texts, and one that tries all ways of parting it never ends.
"""

from __future__ import annotations

import pytest

from memory.answers import Candidate
from memory.exact import Kind, clauses, find_details
from memory.facts import check_facts, worth_reading
from memory.fold.details import Saying, lost
from memory.forgetting import telling_words
from memory.types import Access, Visibility
from tests.transcripts import HERE, said

LONG = 4_000
"""Characters: what Discord takes for one message; Slack takes ten times as many."""

MARKS = "019九〇０aAé_ \n\t.!?…,;:-–—/\\'\"`*~<>()[]{}@#&|=+%$€’‘“”„«»「『‹。？、"
PAIRS = (
    *(
        "1.",
        "1,",
        "1-",
        "1:",
        "1 ",
        "a.",
        "a-",
        "a_",
        "A-",
        "A'",
        "A1",
        "a1",
        "Aa ",
        "aA",
        "九月",
        "1月",
        "$1",
        "1 kg ",
    ),
    *(
        "`a` ",
        "``` ",
        "“a",
        "«a",
        "‘ab",
        " \n",
        "\n>",
        "; ",
        ", ",
        " - ",
        "? ",
        "1. A1\n",
        "#1 ",
        "A11",
        "A11-",
        "www.",
    ),
    *(
        "my a ",
        "he I ",
        "not ",
        "I live in Oslo ",
        "I live in Oslo. ",
        "by 1 ",
        "I will go. ",
        "@a ",
        "a@",
        "/a",
        "ha",
        "lol",
    ),
)
RUNS = (*MARKS, *PAIRS)


def long(run: str, end: str) -> str:
    return (run * LONG)[:LONG] + end


@pytest.mark.parametrize("run", RUNS)
def test_a_long_run_of_anything_is_searched_for_details(run: str) -> None:
    text = long(run, "x")
    lost([Saying("Ann", text)], "They talked.")
    lost([Saying("Ann", "The pump weighs 12 kg, and I will paint it on Friday.")], text)


@pytest.mark.parametrize("run", RUNS)
def test_a_long_run_of_anything_is_read_for_facts(run: str) -> None:
    turn = said(1, f"{long(run, '')} I live in Oslo {long(run, 'x')}")
    check_facts([Candidate("Ann", "city", "Oslo", "I live in Oslo")], [turn], HERE.place, Access(Visibility.PUBLIC))
    worth_reading([turn])


@pytest.mark.parametrize("run", RUNS)
def test_a_long_run_of_anything_is_forgotten_by_its_words(run: str) -> None:
    telling_words(long(run, "-1"))
    telling_words(long(run, "-") + "1")


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("Order AB-2047-X9/C3, please", ["AB-2047-X9/C3"]),
        ("It was LH 4711B, then", ["LH 4711B"]),
        ("Take A11-B2c home", ["A11"]),
        (f"A{'1' * 100}a", [f"A{'1' * 100}a"]),
        (f"AB{'12' * 50}_", []),
        (f"A11{'-A11' * 100}x", [f"A11{'-A11' * 99}", "A11x"]),
    ],
)
def test_a_label_ends_where_its_capitals_and_digits_do(text: str, labels: list[str]) -> None:
    assert [detail.text for detail in find_details(text) if detail.kind is Kind.LABEL] == labels


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("Go!!! Now", ["Go!!!", "Now"]),
        ("It has 12.5 kg... Good", ["It has 12.5 kg...", "Good"]),
        ("On the 3. we go", ["On the 3. we go"]),
        ("There are 3.. we go", ["There are 3..", "we go"]),
        ("At 19:00. we go", ["At 19:00.", "we go"]),
        ("v1.!x and", ["v1.!x and"]),
    ],
)
def test_a_clause_ends_behind_all_of_its_marks(text: str, ends: list[str]) -> None:
    assert [text[start:end] for start, end in clauses(text)] == ends
