"""Names in a prompt: whoever speaks, nobody passes for anybody else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.names import name_speakers, one_line
from memory.types import Access, Fact, Thread, Visibility
from tests.stage import stage
from tests.transcripts import HERE, NOON, inbound, said, thread

BOT = "Threadkeeper"


def thread_of(*speakers: tuple[str, str]) -> Thread:
    """A thread in which people have spoken: their ids and names."""
    turns = [replace(said(number, "hello", name=name), author=author) for number, (author, name) in enumerate(speakers)]
    return thread(turns)


def name(author: str, display_name: str, there: Thread) -> str:
    """The name under which somebody speaks in a thread."""
    return name_speakers([inbound(author=author, name=display_name)], there, BOT)[0]


@pytest.mark.parametrize("taken", ["Ann", "ANN", " ａｎｎ\n"])
def test_who_takes_the_name_of_somebody_has_a_number(taken: str) -> None:
    assert name("eve", taken, thread_of(("ann", "Ann"))) == f"{one_line(taken)} (2)"


def test_who_was_there_first_keeps_his_name_and_the_other_his_number() -> None:
    there = thread_of(("ann", "Ann"), ("eve", "Ann (2)"), ("bob", "Bob"))
    assert name("ann", "Ann", there) == "Ann"
    assert name("eve", "Ann", there) == "Ann (2)"
    assert name("third", "Ann", there) == "Ann (3)"
    assert name("eve", "Ann", thread_of(("eve", "Ann (2)"))) == "Ann (2)"


def test_a_new_name_is_taken_up() -> None:
    assert name("ann", "Annie", thread_of(("ann", "Ann"), ("eve", "Eve"))) == "Annie"
    assert name("ann", "Eve", thread_of(("ann", "Ann"), ("eve", "Eve"))) == "Eve (2)"


def test_nobody_passes_for_the_bot_nor_for_whose_facts_stand_there() -> None:
    fact = Fact(1, "ann", "Ann", "city", "Oslo", "I live in Oslo", HERE.place, "m9", NOON, Access(Visibility.PUBLIC))
    assert name("eve", "threadkeeper", thread_of()) == "threadkeeper (2)"
    assert name("eve", "Ann", replace(thread_of(), facts=(fact,))) == "Ann (2)"
    assert name("eve", "Ann", replace(thread_of(), learned=(fact,))) == "Ann (2)"
    assert name("ann", "Ann", replace(thread_of(), facts=(fact,))) == "Ann"


@given(
    speakers=st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from(["Ann", "ann", "Ann (2)", "Ann (3)", "Bob", "", BOT])),
        min_size=1,
        max_size=12,
    )
)
def test_no_two_people_have_the_same_name_at_a_time(speakers: list[tuple[str, str]]) -> None:
    names = name_speakers([inbound(author=author, name=name) for author, name in speakers], thread_of(), BOT)
    last: dict[str, str] = {}
    for (author, _), shown in zip(speakers, names, strict=True):
        last[author] = shown.casefold()
        assert len(set(last.values())) == len(last)
        assert BOT.casefold() not in last.values()


async def test_the_model_can_tell_namesakes_apart(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        for number, author in enumerate(("bob", "eve", "bob", "eve"), 1):
            await on.core.accept(replace(on.write(number, f"I am {author}", author=author), author_name="Bob"))
            await on.until(number)
    heard = [text for text in on.asked() if text.startswith("Bob")]
    assert heard == ["Bob: I am bob", "Bob (2): I am eve", "Bob: I am bob", "Bob (2): I am eve"]
