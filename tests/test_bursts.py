"""Which messages are answered together, and in which order those of a conversation are taken up."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from memory.policy import next_burst
from memory.types import Decision, Visibility, Waiting
from tests.transcripts import HERE, inbound


def waiting(number: int, author: str, what: Decision = Decision.ANSWER) -> Waiting:
    return Waiting(number, inbound(author=author, message_id=f"m{number}"), HERE, what)


def numbers(messages: tuple[Waiting, ...]) -> list[int]:
    return [message.id for message in messages]


def test_where_nothing_waits_there_is_nothing_to_take_up() -> None:
    assert next_burst([]) is None


def test_messages_of_one_author_are_answered_together_and_the_reply_refers_to_the_last() -> None:
    burst = next_burst([waiting(1, "ann"), waiting(2, "ann")])
    assert burst
    assert (numbers(burst.heard), burst.answered, burst.target.id) == ([1, 2], True, 2)


def test_other_authors_have_their_turn_in_order_of_sending() -> None:
    queue = [waiting(1, "bob"), waiting(2, "ann"), waiting(3, "bob"), waiting(4, "ann")]
    first = next_burst(queue)
    assert first
    assert numbers(first.heard) == [1, 3]
    second = next_burst([message for message in queue if message not in first.heard])
    assert second
    assert numbers(second.heard) == [2, 4]


def test_what_is_only_to_be_remembered_comes_along_in_its_place() -> None:
    aside, late = waiting(2, "bob", Decision.REMEMBER), waiting(5, "cid", Decision.REMEMBER)
    burst = next_burst([waiting(1, "ann"), aside, waiting(3, "bob"), waiting(4, "ann"), late])
    assert burst
    assert numbers(burst.heard) == [1, 2, 4]


def test_where_nothing_is_to_be_answered_all_is_remembered_at_once() -> None:
    burst = next_burst([waiting(1, "ann", Decision.REMEMBER), waiting(2, "bob", Decision.REMEMBER)])
    assert burst
    assert (numbers(burst.heard), burst.answered) == ([1, 2], False)


def test_a_message_that_was_attempted_when_the_process_died_goes_alone() -> None:
    deadly = replace(waiting(1, "ann"), attempts=1)
    queue = [deadly, waiting(2, "ann"), waiting(3, "ann")]
    first = next_burst(queue)
    assert first
    assert (numbers(first.heard), first.answered) == ([1], True)
    second = next_burst(queue[1:])
    assert second
    assert numbers(second.heard) == [2, 3]


def test_one_that_was_attempted_keeps_its_place_among_those_before_and_behind_it() -> None:
    deadly = replace(waiting(2, "ann"), attempts=2)
    first = next_burst([waiting(1, "ann"), deadly, waiting(3, "ann")])
    assert first
    assert numbers(first.heard) == [1]


def test_an_attempted_message_that_is_only_to_be_remembered_is_remembered_alone() -> None:
    burst = next_burst([replace(waiting(1, "ann", Decision.REMEMBER), attempts=1), waiting(2, "ann")])
    assert burst
    assert (numbers(burst.heard), burst.answered) == ([1], False)


def test_a_reply_that_was_begun_is_made_again_before_its_author_is_answered_further() -> None:
    begun = replace(waiting(1, "ann"), begun=True, posts=("post",))
    for queue, known in (([begun, waiting(2, "ann")], ()), ([waiting(1, "ann"), waiting(2, "ann")], (1,))):
        burst = next_burst(queue, known)
        assert burst
        assert numbers(burst.heard) == [1]


def test_what_was_answered_together_is_answered_together_again_and_without_what_came_since() -> None:
    tied = [replace(waiting(number, "ann"), together=2) for number in (1, 2)]
    burst = next_burst([*tied, waiting(3, "ann"), waiting(4, "bob")], (1, 2))
    assert burst
    assert (numbers(burst.heard), burst.target.id) == ([1, 2], 2)


def test_a_new_message_does_not_join_one_that_is_taken_up_again_behind_it() -> None:
    begun = replace(waiting(2, "ann"), begun=True)
    burst = next_burst([waiting(1, "ann"), begun, waiting(3, "ann")])
    assert burst
    assert numbers(burst.heard) == [1]


QUEUES = st.lists(
    st.tuples(st.sampled_from(["ann", "bob", "cid"]), st.sampled_from([Decision.ANSWER, Decision.REMEMBER])),
    max_size=12,
).map(lambda rows: [waiting(number, author, what) for number, (author, what) in enumerate(rows)])


@given(QUEUES, st.data())
def test_taken_up_burst_by_burst_every_message_is_heard_exactly_once(queue: list[Waiting], data: st.DataObject) -> None:
    heard: list[int] = []
    marks = st.sampled_from([0, 0, 0, 1, 2])
    rest = [replace(message, attempts=data.draw(marks), begun=data.draw(marks) == 1) for message in queue]
    while burst := next_burst(rest):
        heard += numbers(burst.heard)
        rest = [message for message in rest if message not in burst.heard]
    assert sorted(heard) == numbers(tuple(queue))


@given(QUEUES)
def test_a_burst_keeps_the_order_of_sending_and_answers_one_author_who_has_waited_longest(queue: list[Waiting]) -> None:
    burst = next_burst(queue)
    answers = [message for message in queue if message.decision is Decision.ANSWER]
    if burst is None:
        assert not queue
        return
    assert numbers(burst.heard) == sorted(numbers(burst.heard))
    assert burst.answered == bool(answers)
    if answers:
        asked = [message for message in burst.heard if message.decision is Decision.ANSWER]
        assert asked == [message for message in answers if message.inbound.author == answers[0].inbound.author]
        assert burst.target == asked[-1]
        before = [m for m in queue if m.decision is Decision.REMEMBER and m.id < burst.target.id]
        assert [message for message in burst.heard if message.decision is Decision.REMEMBER] == before


def test_what_was_said_while_others_could_read_the_place_is_taken_up_apart() -> None:
    private = replace(waiting(1, "ann"), inbound=inbound(author="ann", visibility=Visibility.PRIVATE))
    queue = [private, waiting(2, "ann"), waiting(3, "ann")]
    first = next_burst(queue)
    assert first
    assert numbers(first.heard) == [1]
    second = next_burst(queue[1:])
    assert second
    assert numbers(second.heard) == [2, 3]
