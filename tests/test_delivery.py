"""A reply appears as it is written: soon, not too often, whole in the end, without a trace of what was taken back."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.delivery import (
    FIRST_CHARACTERS,
    FIRST_WAIT,
    Draft,
    Edit,
    Limits,
    Post,
    Remove,
    Send,
    advance,
    fix,
    merge,
    pause,
    unsure,
)
from adapters.text import split
from memory.types import Delta

LIMITS = Limits(characters=100, interval=1.0)
WORDS = "enough words to be worth posting"


def test_the_first_words_are_posted_as_soon_as_there_are_a_few() -> None:
    _, sends = advance(Draft(), Delta(WORDS), 0.0, LIMITS)

    assert sends == [Post(0, WORDS)]


def test_a_single_letter_waits_for_more() -> None:
    draft, sends = advance(Draft(), Delta("I"), 0.0, LIMITS)
    assert sends == []
    assert pause(draft, 0.0, LIMITS) is None

    draft, sends = advance(draft, Delta(" am"), 0.1, LIMITS)
    assert sends == []
    assert pause(draft, 0.1, LIMITS) == pytest.approx(FIRST_WAIT - 0.1)

    assert advance(draft, Delta(), FIRST_WAIT, LIMITS)[1] == [Post(0, "I am")]


def test_an_answer_of_one_letter_is_said_when_it_is_complete() -> None:
    assert advance(Draft(), Delta("4"), 0.0, LIMITS, done=True)[1] == [Post(0, "4")]


def test_white_space_alone_is_never_sent() -> None:
    draft, sends = advance(Draft(), Delta(" \n" * FIRST_CHARACTERS), 0.0, LIMITS)

    assert sends == []
    assert pause(draft, 9.0, LIMITS) is None
    assert advance(draft, Delta(), 9.0, LIMITS, done=True)[1] == []


def test_within_the_interval_words_are_gathered_and_the_newest_text_wins() -> None:
    draft, _ = advance(Draft(), Delta(WORDS), 0.0, LIMITS)
    draft, sends = advance(draft, Delta(" and"), 0.3, LIMITS)
    assert sends == []
    assert pause(draft, 0.3, LIMITS) == pytest.approx(0.7)

    assert advance(draft, Delta(" more"), 1.0, LIMITS)[1] == [Edit(0, f"{WORDS} and more")]


def test_nothing_is_due_when_all_is_shown() -> None:
    draft, _ = advance(Draft(), Delta(WORDS), 0.0, LIMITS)
    draft, sends = advance(draft, Delta(), 5.0, LIMITS)

    assert sends == []
    assert pause(draft, 5.0, LIMITS) is None


def test_an_answer_that_outgrows_a_message_goes_on_in_the_next() -> None:
    draft, _ = advance(Draft(), Delta("a " * 45), 0.0, LIMITS)
    draft, cut = advance(draft, Delta("b " * 45), 1.0, LIMITS)
    draft, more = advance(draft, Delta(), 2.0, LIMITS)

    first, second = split("a " * 45 + "b " * 45, 100)
    assert (cut, more) == ([Edit(0, first)], [Post(1, second)])
    assert draft.shown == (first, second)


def test_a_complete_answer_is_sent_at_once_and_as_a_whole() -> None:
    draft, _ = advance(Draft(), Delta("a " * 45), 0.0, LIMITS)
    _, sends = advance(draft, Delta("b " * 80), 0.1, LIMITS, done=True)

    pieces = split("a " * 45 + "b " * 80, 100)
    assert sends == [Edit(0, pieces[0]), Post(1, pieces[1]), Post(2, pieces[2])]


def test_an_answer_made_again_replaces_the_old_one_in_the_same_messages() -> None:
    draft, _ = advance(Draft(), Delta("old " * 60), 0.0, LIMITS)
    draft, _ = advance(draft, Delta(), 1.0, LIMITS)
    draft, nothing = advance(draft, Delta(restart=True), 2.0, LIMITS)
    assert nothing == []

    draft, edited = advance(draft, Delta(WORDS), 3.0, LIMITS)
    assert edited == [Edit(0, WORDS)]
    assert advance(draft, Delta(), 3.1, LIMITS, done=True)[1] == [Remove(1)]


def test_an_answer_made_again_does_not_replace_words_by_a_syllable() -> None:
    draft, _ = advance(Draft(), Delta(WORDS), 0.0, LIMITS)
    draft, sends = advance(draft, Delta("We", restart=True), 5.0, LIMITS)

    assert sends == []
    assert advance(draft, Delta(), 5.0 + FIRST_WAIT, LIMITS)[1] == [Edit(0, "We")]


def test_after_a_restart_of_the_process_known_messages_are_edited_not_posted_again() -> None:
    draft, sends = advance(Draft(shown=(None, None, None)), Delta("a " * 60), 0.0, LIMITS)
    first, second = split("a " * 60, 100)

    assert sends == [Edit(0, first)]
    assert advance(draft, Delta(), 0.1, LIMITS, done=True)[1] == [Edit(1, second), Remove(2)]


def test_an_edit_that_may_have_failed_is_made_again() -> None:
    draft, _ = advance(Draft(), Delta(WORDS), 0.0, LIMITS)

    assert advance(unsure(draft, 0), Delta(), 1.0, LIMITS)[1] == [Edit(0, WORDS)]


def test_after_a_refused_edit_nothing_is_said_until_all_of_it_can_be() -> None:
    draft, _ = advance(Draft(), Delta("a " * 60), 0.0, LIMITS)
    draft, _ = advance(draft, Delta(), 1.0, LIMITS)
    draft = fix(draft, 1, 2)
    pieces = split("a " * 60 + "b " * 60, 100)

    draft, sends = advance(draft, Delta("b " * 60), 9.0, LIMITS)
    assert (sends, pause(draft, 9.0, LIMITS)) == ([], None)
    assert advance(draft, Delta(), 9.0, LIMITS, done=True)[1] == [Remove(1), Post(1, pieces[1]), Post(2, pieces[2])]


def test_deltas_that_came_together_count_as_one() -> None:
    assert merge([Delta("a"), Delta("b")]) == Delta("ab")
    assert merge([Delta("a"), Delta("b", restart=True), Delta("c")]) == Delta("bc", restart=True)
    assert merge([]) == Delta()


@dataclass
class Screen:
    """What a reader sees; it refuses whatever a platform would not bear."""

    parts: list[str | None] = field(default_factory=list)

    def take(self, send: Send) -> None:
        match send:
            case Post(part, text):
                assert part == len(self.parts)
                self.parts.append(text)
                assert text.strip()
            case Edit(part, text):
                assert self.parts[part] != text, "identical text is sent again"
                self.parts[part] = text
                assert text.strip()
            case Remove(part):
                assert part == len(self.parts) - 1
                self.parts.pop()


TEXT = st.text(st.sampled_from("ab. \n`"), max_size=80) | st.sampled_from(["```py\n", "\n```\n", "some words " * 30])
STEPS = st.lists(
    st.tuples(
        st.builds(Delta, TEXT, restart=st.integers(0, 7).map(lambda n: n == 0)),
        st.integers(0, 6).map(lambda quarters: quarters / 4),
    ),
    max_size=25,
)


@given(STEPS, st.integers(0, 3))
def test_any_answer_is_whole_in_the_end_and_was_never_sent_too_often(
    steps: list[tuple[Delta, float]], posted: int
) -> None:
    screen = Screen([None] * posted)
    draft, now, last_sent, text = Draft(shown=(None,) * posted), 0.0, -1.0, ""
    for delta, seconds in steps:
        now += seconds
        text = delta.text if delta.restart else text + delta.text
        draft, sends = advance(draft, delta, now, LIMITS)
        assert len(sends) <= 1
        for send in sends:
            assert now - last_sent >= LIMITS.interval
            last_sent = now
            screen.take(send)
        assert list(draft.shown) == screen.parts

    _, sends = advance(draft, Delta(), now, LIMITS, done=True)
    for send in sends:
        screen.take(send)

    assert screen.parts == split(text, LIMITS.characters)


@given(STEPS)
def test_when_no_more_comes_waiting_as_long_as_told_shows_everything(steps: list[tuple[Delta, float]]) -> None:
    screen, draft, now = Screen(), Draft(), 0.0
    for delta, _ in steps:
        draft, sends = advance(draft, Delta(delta.text), now, LIMITS)
        for send in sends:
            screen.take(send)
    while (seconds := pause(draft, now, LIMITS)) is not None:
        now += seconds + 1e-9
        draft, sends = advance(draft, Delta(), now, LIMITS)
        for send in sends:
            screen.take(send)

    text = "".join(delta.text for delta, _ in steps)
    assert screen.parts == split(text, LIMITS.characters) or len(text.strip()) <= 1
