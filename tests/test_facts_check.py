"""Which of a model's candidates become facts: those that their own author's words state, and no others."""

from __future__ import annotations

import pytest

from memory.answers import Candidate
from memory.facts import MOST, check_facts, worth_reading
from memory.facts.slots import LONGEST_SLOT, normalise_slot
from memory.types import Access, Fact, Turn, Visibility
from tests.transcripts import HERE, answered, said

OPEN = Access(Visibility.PUBLIC)
TURNS = [
    said(1, "Hi! My name is Ann, I live in  Oslo and I’m allergic to peanuts."),
    answered(2, "I live in Rome"),
    said(3, "I am 34 years old. I code in Rust", name="Bob Miller"),
    said(4, "I moved, I live in Bergen now"),
    said(5, "my password is hunter22 and my card is 4111 1111 1111 1111, my favourite token ring is IBM's"),
]


def kept(candidate: Candidate, turns: list[Turn] | None = None) -> list[Fact]:
    return list(check_facts([candidate], TURNS if turns is None else turns, HERE.place, OPEN))


def test_a_fact_has_its_message_its_author_its_time_and_place() -> None:
    (fact,) = kept(Candidate("Ann", "lives in", "Oslo", "I live in Oslo"))
    assert fact == Fact(0, "Ann", "Ann", "city", "Oslo", "I live in Oslo", HERE.place, "m1", TURNS[0].sent_at, OPEN)


@pytest.mark.parametrize(
    ("text", "slot", "value", "kept_it"),
    [
        ("My cat is 12 years old", "age", "12", False),
        ("My cat is 12 years old", "cat_age", "12", True),
        ("My dog's birthday is 3 May", "birthday", "3 May", False),
        ("My lawyer lives in Oslo", "city", "Oslo", False),
        ("My stepdad works at Google", "employer", "Google", False),
        ("My birthday is 3 May", "birthday", "3 May", True),
        ("My work address is in Oslo", "city", "Oslo", True),
        ("My cat is lazy. I live in Oslo", "city", "Oslo", True),
    ],
)
def test_what_is_said_of_ones_cat_is_not_said_of_oneself(text: str, slot: str, value: str, kept_it: bool) -> None:
    facts = kept(Candidate("Ann", slot, value, text.rsplit(". ", maxsplit=1)[-1]), [said(1, text)])
    assert bool(facts) is kept_it


@pytest.mark.parametrize(
    "quote", ["I’m allergic to peanuts", "I'm allergic to peanuts.", '"I\'m  allergic to peanuts…"', "i’m\nallergic"]
)
def test_a_quote_may_be_written_with_other_marks_and_spaces_and_nothing_else(quote: str) -> None:
    facts = kept(Candidate("Ann", "allergy", "peanuts", quote))
    assert [fact.quote for fact in facts] == ([] if quote.startswith("i") else ["I’m allergic to peanuts"])


@pytest.mark.parametrize(
    "candidate",
    [
        Candidate("Bob", "city", "Oslo", "I live in Oslo"),
        Candidate("Ann's sister", "city", "Oslo", "I live in Oslo"),
        Candidate("Threadkeeper", "city", "Rome", "I live in Rome"),
        Candidate("Ann", "city", "Rome", "I live in Rome"),
        Candidate("Ann", "city", "Paris", "I live in Paris"),
        Candidate("Ann", "country", "Norway", "I live in Oslo"),
        Candidate("Ann", "city", "Os", "I live in Oslo"),
        Candidate("Ann", "city", "Oslo", "I live in Osl"),
        Candidate("Ann", "city", "Oslo", "live Oslo"),
        Candidate("Ann", "city", "Oslo", "Oslo"),
        Candidate("Ann", "", "Oslo", "I live in Oslo"),
        Candidate("Ann", "city", "", "I live in Oslo"),
        Candidate("Ann", "lives", "I", "I live in Oslo"),
        Candidate("Bob", "age", "3", "I am 34 years old"),
        Candidate("Ann", "password", "hunter22", "my password is hunter22"),
        Candidate("Ann", "hobby", "hunter22", "my password is hunter22"),
        Candidate("Ann", "number", "4111 1111 1111 1111", "my card is 4111 1111 1111 1111"),
    ],
    ids=str,
)
def test_what_the_authors_words_do_not_hold_or_a_secret_is_no_fact(candidate: Candidate) -> None:
    assert kept(candidate) == []


@pytest.mark.parametrize("name", ["Bob Miller", "bob miller", "@Bob Miller", "Bob", "", "user", "I"])
def test_the_author_is_found_by_the_quote_and_may_be_called_by_less_than_his_name(name: str) -> None:
    (fact,) = kept(Candidate(name, "programming_language", "rust", "I code in Rust"))
    assert (fact.user, fact.name, fact.value) == ("Bob Miller", "Bob Miller", "Rust")


def test_of_two_messages_that_say_the_same_the_newer_one_is_quoted() -> None:
    turns = [said(1, "I live in Oslo"), said(2, "I live in Oslo, as I said")]
    assert [fact.message_id for fact in kept(Candidate("Ann", "city", "Oslo", "I live in Oslo"), turns)] == ["m2"]


def test_words_that_one_person_denies_are_not_taken_from_another_who_repeats_them() -> None:
    turns = [said(1, "> I live in Oslo\nno way", name="Bob"), said(2, "I don't think I live in Oslo")]
    assert kept(Candidate("Ann", "city", "Oslo", "I live in Oslo"), turns) == []
    assert kept(Candidate("Bob", "city", "Oslo", "I live in Oslo"), turns) == []


def test_one_turn_states_one_thing_about_a_slot() -> None:
    turns = [said(1, "I use neovim and I love emacs")]
    candidates = [
        Candidate("Ann", "editor", "neovim", "I use neovim"),
        Candidate("Ann", "ide", "emacs", "I love emacs"),
    ]
    assert [fact.value for fact in check_facts(candidates, turns, HERE.place, OPEN)] == ["neovim"]


def test_facts_come_in_the_order_in_which_they_were_said() -> None:
    candidates = [
        Candidate("Ann", "city", "Bergen", "I live in Bergen now"),
        Candidate("Bob", "age", "34", "I am 34 years old"),
        Candidate("Ann", "name", "Ann", "My name is Ann"),
    ]
    assert [fact.slot for fact in check_facts(candidates, TURNS, HERE.place, OPEN)] == ["name", "age", "city"]


def test_one_answer_makes_a_bounded_number_of_facts() -> None:
    turns = [said(number, f"My number is {number}, yes") for number in range(100, 130)]
    candidates = [Candidate("Ann", "number", str(turn.id), f"My number is {turn.id}") for turn in turns]
    assert len(check_facts(candidates, turns, HERE.place, OPEN)) == MOST


@pytest.mark.parametrize(
    ("name", "slot"),
    [
        ("lives_in", "city"),
        ("Home City", "city"),
        ("user's location", "city"),
        ("userLocation", "city"),
        ("date of birth", "birthday"),
        ("Occupation", "job"),
        ("my_dog", "dog"),
        ("favourite colour", "favorite_color"),
        ("shoe-size!", "shoe_size"),
        ("Lieblingsfarbe", "lieblingsfarbe"),
        ("好きな色", "好きな色"),
        ("  ", ""),
        ("…", ""),
    ],
)
def test_the_many_names_of_one_slot_are_one(name: str, slot: str) -> None:
    assert normalise_slot(name) == slot


def test_a_slot_is_short() -> None:
    assert len(normalise_slot("what this person likes most of all things in the whole wide world")) <= LONGEST_SLOT


def test_turns_in_which_nobody_speaks_of_himself_are_not_worth_a_models_call() -> None:
    assert worth_reading(TURNS)
    assert not worth_reading([answered(1, "I live in Rome"), said(2, "lol"), said(3, "ok, thanks"), said(4, "")])
