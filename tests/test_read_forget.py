"""What `!forget` is asked to do: a word misread here would take what nobody wanted gone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.commands.words import ForgetWords, read_forget, words_after_command
from memory.types import Person
from tests.transcripts import inbound

ASKED = inbound("!forget", author="1", name="Ann")
LEE = Person("2", "Bob Lee")

HERE, HERE_NOW = ForgetWords("here"), ForgetWords("here", now=True)
ME, ME_NOW = (ForgetWords("me", user="1", user_name="Ann", now=now) for now in (False, True))


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("", HERE),
        ("  ", HERE),
        ("now", HERE_NOW),
        ("NOW", HERE_NOW),
        ("confirm", ForgetWords("confirm")),
        ("me", ME),
        ("Me  now", ME_NOW),
        ("me everywhere", ForgetWords("everywhere", user="1", user_name="Ann")),
        ("me Everywhere now", ForgetWords("everywhere", user="1", user_name="Ann", now=True)),
        ("last", ForgetWords("last", last=1)),
        ("last now", ForgetWords("last", last=1, now=True)),
        ("last 3", ForgetWords("last", last=3)),
        ("last 003", ForgetWords("last", last=3)),
        ("LAST 12 Now", ForgetWords("last", last=12, now=True)),
        ("last 1000000", ForgetWords("last", last=1_000_000)),
    ],
)
def test_a_form_that_makes_sense_is_read(words: str, asked: ForgetWords) -> None:
    assert read_forget(words, ASKED) == asked


@pytest.mark.parametrize(
    "words",
    [
        "everything",
        "last 0",
        "last -1",
        "last 1.5",
        "last 1e3",
        "last ²",
        "last three",
        "last 3 4",
        "last 1000001",
        "last " + "9" * 5000,
        "3",
        "me please",
        "now now",
        "now me",
        "confirm now",
        "confirm please",
        "@Bob Lee",
    ],
)
def test_nonsense_is_not_guessed_at(words: str) -> None:
    assert read_forget(words, ASKED) is None


@pytest.mark.parametrize(
    ("name", "words", "now"),
    [
        ("Bob", "@Bob", False),
        ("Bob", "@Bob now", True),
        ("Bob Lee", "@Bob Lee", False),
        ("Bob  Lee", "@Bob Lee  NOW", True),
        ("Do It Now", "@Do It Now", False),
        ("Do It Now", "@Do It Now now", True),
        ("me", "@me", False),
    ],
)
def test_a_person_is_meant_by_a_mention_and_now_is_not_read_out_of_a_name(name: str, words: str, *, now: bool) -> None:
    message = replace(ASKED, mentions=(Person("2", name),))
    assert read_forget(words, message) == ForgetWords("user", user="2", user_name=name, now=now)


@pytest.mark.parametrize("words", ["@Bob Lee last 3", "@Bob Lee now now", "@Bob Lee and @Bob Lee", "last @Bob Lee"])
def test_words_beside_a_mention_that_make_no_sense_are_not_passed_over(words: str) -> None:
    assert read_forget(words, replace(ASKED, mentions=(LEE,))) is None


def test_of_two_people_neither_is_picked() -> None:
    message = replace(ASKED, mentions=(LEE, Person("3", "Cid")))
    assert read_forget("@Bob Lee @Cid", message) is None
    assert read_forget("@Bob Lee", message) is None


def test_a_name_without_a_mention_means_nobody() -> None:
    assert read_forget("@Bob", ASKED) is None
    assert read_forget("Bob", replace(ASKED, mentions=(LEE,))) is None


def test_a_mention_somewhere_does_not_change_what_the_other_forms_mean() -> None:
    message = replace(ASKED, mentions=(LEE,))
    assert read_forget("me", message) == ME
    assert read_forget("", message) == HERE


@given(st.text())
def test_no_words_are_too_odd_to_be_read(words: str) -> None:
    asked = read_forget(words, ASKED)
    assert asked is None or asked.what in {"here", "last", "me", "confirm"}


@pytest.mark.parametrize("blank", [" ", "  ", "\n", "\t", "\u3000", " \n "])
def test_whatever_blank_follows_the_command_its_words_are_not_lost(blank: str) -> None:
    """`!forget`, a line break and `me` must never mean `!forget` alone."""
    assert words_after_command(f" !forget{blank}me now ") == "me now"
    assert words_after_command(f"!forget{blank}") == ""
