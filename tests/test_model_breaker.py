"""The circuit breaker of the model client: a dead endpoint costs one person a wait, and a hiccup nobody anything."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import ModelBusy, ModelRefused, ModelUnreachable
from llm.client.breaker import (
    CLOSED,
    GRACE,
    LONGEST_HOLD,
    LONGEST_PAUSE,
    Admission,
    Asker,
    Circuit,
    admit,
    heal,
    hold,
    release,
    strike,
)
from llm.client.circuits import Circuits, Series
from llm.client.failures import Failure, Kind
from tests.fakes.model import Behaviour, Drop, Hang, Refuse, Say, openai_error
from tests.model_talk import BUSY, DOWN, PROMPT, UNKNOWN, Talk, talk, within

# --- a circuit ---


def slow(circuit: Circuit, now: float) -> Circuit:
    """What a series that people waited for makes of a circuit."""
    return strike(circuit, now, now, slow=True)


def admissions(circuit: Circuit, now: float, *askers: Asker) -> list[Admission]:
    """What a circuit says to those who ask one after the other."""
    said = []
    for asker in askers:
        circuit, admission = admit(circuit, asker, now)
        said.append(admission)
    return said


def test_while_all_is_well_everybody_goes_through() -> None:
    assert admissions(CLOSED, 0, Asker.PERSON, Asker.BACKGROUND, Asker.PERSON) == [Admission.THROUGH] * 3


def test_one_series_that_failed_quickly_opens_nothing_and_the_second_does() -> None:
    once = strike(CLOSED, 1, 2, slow=False)
    assert once.opened is None
    assert strike(once, 3, 4, slow=False).opened == 4


def test_series_that_failed_side_by_side_tell_of_one_trouble() -> None:
    once = strike(CLOSED, 1, 2, slow=False)
    assert strike(once, 1.5, 2.5, slow=False) == once


def test_a_series_that_began_before_the_opening_does_not_prolong_it() -> None:
    opened = slow(CLOSED, 10)
    assert strike(opened, 9, 12, slow=True) == opened


def test_an_answer_in_between_makes_the_count_begin_again() -> None:
    healed = heal(strike(CLOSED, 1, 2, slow=False), probe=False)
    assert strike(healed, 3, 4, slow=False).opened is None


def test_the_pauses_grow_to_a_minute_and_no_further() -> None:
    circuit, now, pauses = CLOSED, 0.0, []
    for _ in range(3000):
        circuit = slow(circuit, now)
        pauses.append(circuit.until - now)
        now = circuit.until
    assert pauses[:6] == [5, 10, 20, 40, 60, 60]
    assert pauses[-1] == LONGEST_PAUSE


def test_after_its_pause_one_person_probes_and_work_in_the_background_waits_longer() -> None:
    circuit = slow(CLOSED, 0)
    person, background = Asker.PERSON, Asker.BACKGROUND
    assert admissions(circuit, 4.9, person) == [Admission.REFUSED]
    assert admissions(circuit, 5, background, person, person) == [
        Admission.REFUSED,
        Admission.PROBE,
        Admission.REFUSED,
    ]
    assert admissions(circuit, 5 + GRACE, background, background, person) == [
        Admission.PROBE,
        Admission.REFUSED,
        Admission.PROBE,
    ]


def test_a_wait_that_the_server_asked_for_is_over_when_a_probe_says_so() -> None:
    circuit = hold(CLOSED, 0, 90, busy=True)
    assert heal(circuit, probe=False) == circuit
    assert heal(circuit, probe=True) == CLOSED


EVENTS: st.SearchStrategy[Callable[[Circuit, float], Circuit]] = st.sampled_from(
    [
        lambda circuit, now: strike(circuit, now, now, slow=True),
        lambda circuit, now: strike(circuit, now - 1, now, slow=False),
        lambda circuit, now: hold(circuit, now, 1e9, busy=True),
        lambda circuit, now: hold(circuit, now, 30, busy=False),
        lambda circuit, _: heal(circuit, probe=False),
        lambda circuit, _: heal(circuit, probe=True),
        lambda circuit, now: admit(circuit, Asker.PERSON, now)[0],
        lambda circuit, now: admit(circuit, Asker.BACKGROUND, now)[0],
    ]
)


@given(st.lists(st.tuples(EVENTS, st.floats(0, 100))))
def test_whatever_happens_a_circuit_asks_again_within_minutes(
    events: list[tuple[Callable[[Circuit, float], Circuit], float]],
) -> None:
    circuit, now = CLOSED, 1000.0
    for happens, seconds in events:
        now += seconds
        circuit = happens(circuit, now)
        assert circuit.opened is None or circuit.until <= now + LONGEST_HOLD
    for asker in Asker:
        circuit = release(circuit, asker)
    assert admissions(circuit, now + LONGEST_HOLD, Asker.PERSON) != [Admission.REFUSED]


# --- the client ---


async def shut(it: Talk) -> None:
    """Make the client's circuit of its model open: two series in a row fail."""
    await it.error(*[DOWN] * 3)
    await it.error(*[DOWN] * 3)
    it.fake.requests.clear()


class TestSilence:
    async def test_a_silent_endpoint_costs_one_person_a_wait(self) -> None:
        async with talk(timeout_seconds=0.5) as it:
            it.fake.script(*[Hang()] * 100)
            await it.error()
            asked, waited = len(it.asked), len(it.waits)
            errors = await asyncio.gather(*(it.error() for _ in range(50)))
            assert {type(error) for error in errors} == {ModelUnreachable}
            assert (len(it.asked), len(it.waits)) == (asked, waited)

    async def test_who_waits_for_a_first_word_is_told_as_soon_as_others_have_waited_in_vain(self) -> None:
        gate = asyncio.Event()
        async with talk(Refuse(504, gate=gate)) as it, asyncio.TaskGroup() as group:
            first = group.create_task(it.error())
            await it.fake.wait_for(lambda: len(it.asked) == 1)
            it.fake.script(Hang(), Hang(), DOWN, DOWN)
            others = [group.create_task(it.error()) for _ in range(2)]
            await it.fake.wait_for(lambda: len(it.asked) == 3)
            it.later(30)
            gate.set()
            async with within(0, 4):
                assert {type(error) for error in await asyncio.gather(first, *others)} == {ModelUnreachable}
            assert len(it.asked) == 5, "they are not tried again"

    async def test_who_waits_for_a_first_word_goes_on_waiting_where_others_were_refused_at_once(self) -> None:
        gate = asyncio.Event()
        async with (
            talk(Refuse(400, openai_error("Bad", "invalid_value"), gate=gate)) as it,
            asyncio.TaskGroup() as group,
        ):
            waiting = group.create_task(it.error())
            await it.fake.wait_for(lambda: len(it.asked) == 1)
            await shut(it)
            assert isinstance(await it.error(), ModelUnreachable)
            gate.set()
            assert isinstance(await waiting, ModelRefused)

    async def test_a_model_that_answers_others_meanwhile_is_not_given_up(self) -> None:
        """A server that takes one request at a time lets the others wait for longer than they can."""
        ends = asyncio.Event()
        async with talk(Refuse(504, gate=ends)) as it, asyncio.TaskGroup() as group:
            waiting = group.create_task(it.error())
            await it.fake.wait_for(lambda: len(it.asked) == 1)
            it.fake.script(Say(("first", "second"), gate=asyncio.Event()), DOWN, DOWN, "third")
            async with aclosing(it.model.stream(PROMPT)) as deltas:
                assert (await anext(deltas)).text == "first"
                it.later(30)
                ends.set()
                assert isinstance(await waiting, ModelUnreachable)
                assert await it.answer() == "third"

    async def test_one_silence_that_a_retry_heals_opens_nothing(self) -> None:
        async with talk(Hang(), "one", "two", timeout_seconds=0.6) as it:
            assert [await it.answer(), await it.answer()] == ["one", "two"]

    async def test_a_stream_that_goes_on_is_not_cut_off_by_others_failures(self) -> None:
        gate = asyncio.Event()
        async with talk(Say(("Go", "od"), gate=gate)) as it, aclosing(it.model.stream(PROMPT)) as deltas:
            assert (await anext(deltas)).text == "Go"
            await shut(it)
            gate.set()
            assert (await anext(deltas)).text == "od"


class TestFailures:
    async def test_after_two_series_in_a_row_nobody_is_kept_waiting_until_one_has_looked(self) -> None:
        gate = asyncio.Event()
        async with talk() as it, asyncio.TaskGroup() as group:
            await shut(it)
            assert isinstance(await it.error(), ModelUnreachable)
            assert it.asked == []
            it.later(5)
            it.fake.script(Refuse(503, DOWN.body, gate=gate))
            probe = group.create_task(it.error())
            await it.fake.wait_for(lambda: len(it.asked) == 1)
            assert isinstance(await it.error(), ModelUnreachable)
            gate.set()
            await probe
            it.later(5)
            await it.error()
            assert it.asked == ["m"], "a failed probe is not repeated, and the next one waits twice as long"
            it.later(5)
            it.fake.script("back", "again")
            assert [await it.answer(), await it.answer()] == ["back", "again"]

    @pytest.mark.parametrize("trouble", [DOWN, Drop(), Say(ending="drop"), Say(ending="malformed")], ids=str)
    async def test_one_series_alone_shuts_nobody_out(self, trouble: Behaviour) -> None:
        async with talk() as it:
            await it.error(trouble, trouble, trouble)
            it.fake.script("ok")
            assert await it.answer() == "ok"

    @pytest.mark.parametrize(
        "answer",
        [
            Refuse(400, openai_error("Bad", "invalid_value")),
            BUSY,
            UNKNOWN,
            Refuse(400, openai_error("…", "context_length_exceeded")),
            Say(finish="content_filter"),
            Say(),
        ],
        ids=["refused", "busy", "unknown", "too long", "filtered", "empty"],
    )
    async def test_a_server_that_says_no_is_alive(self, answer: Behaviour) -> None:
        async with talk() as it:
            it.fake.respond = lambda _: answer
            for _ in range(4):
                await it.error()
            it.fake.respond = lambda _: "ok"
            assert await it.answer() == "ok"

    async def test_a_no_is_a_sign_of_life(self) -> None:
        no = Refuse(400, openai_error("Bad", "invalid_value"))
        async with talk() as it:
            assert isinstance(await it.error(*[DOWN] * 3), ModelUnreachable)
            assert isinstance(await it.error(no), ModelRefused)
            assert isinstance(await it.error(*[DOWN] * 3), ModelUnreachable)
            assert isinstance(await it.error(no), ModelRefused), "two failures with an answer in between open nothing"
            await shut(it)
            it.later(5)
            assert isinstance(await it.error(no), ModelRefused)
            it.fake.script("ok")
            assert await it.answer() == "ok"

    async def test_a_dead_model_leaves_the_others_of_its_server_alone(self) -> None:
        async with talk(fallbacks=["n"], summary_name="s") as it:
            it.fake.script(DOWN, DOWN, DOWN, "from n", DOWN, DOWN, DOWN, "from n")
            assert [await it.answer(), await it.answer()] == ["from n", "from n"]
            it.fake.requests.clear()
            it.fake.script("from n", "from s")
            assert await it.answer() == "from n"
            assert (await it.model.complete(PROMPT, 50)).text == "from s"
        assert it.asked == ["n", "s"]

    async def test_an_endpoint_that_is_gone_is_not_asked_for_any_of_its_models(self) -> None:
        async with talk(fallbacks=["n"], summary_name="s") as it:
            await it.fake.down()
            assert isinstance(await it.error(), ModelUnreachable)
            assert len(it.waits) == 2, "the fallback of a server that is gone is not tried"
            await it.error()
            await it.fake.up()
            assert isinstance(await it.error(), ModelUnreachable)
            with pytest.raises(ModelUnreachable):
                await it.model.complete(PROMPT, 50)
            assert it.asked == []
            it.later(5)
            it.fake.script("back", "too")
            assert await it.answer() == "back"
            assert (await it.model.complete(PROMPT, 50)).text == "too"

    async def test_a_long_wait_that_the_server_asks_for_is_kept_by_everybody(self) -> None:
        async with talk(fallbacks=["n"]) as it:
            it.fake.script(Refuse(429, BUSY.body, {"Retry-After": "90"}), "from n", "from n")
            assert [await it.answer(), await it.answer()] == ["from n", "from n"]
            assert it.asked == ["m", "n", "n"]
            it.later(60)
            error = await it.error(UNKNOWN)
            assert isinstance(error, ModelBusy)
            assert error.retry_after
            assert 29 < error.retry_after <= 30
            it.later(30)
            it.fake.script("back")
            assert await it.answer() == "back"
        assert it.asked == ["m", "n", "n", "n", "m"]

    async def test_a_probe_that_is_given_up_leaves_the_next_one_to_look(self) -> None:
        async with talk() as it, asyncio.TaskGroup() as group:
            await shut(it)
            it.later(5)
            it.fake.script(Hang(), "back")
            probe = group.create_task(it.deltas())
            await it.fake.wait_for(lambda: len(it.asked) == 1)
            probe.cancel()
            await asyncio.wait([probe])
            assert await it.answer() == "back"


async def test_who_is_told_early_that_nobody_answers_does_not_pass_for_a_sign_of_life() -> None:
    circuits = Circuits(patience=0, clock=time.monotonic)

    async def wait(series: Series) -> None:
        async with series.first_piece(60):
            await asyncio.Event().wait()

    with circuits.series("m", Asker.PERSON) as first, circuits.series("n", Asker.PERSON) as second:
        asyncio.get_running_loop().call_soon(first.lost, Failure("m", Kind.UNCONNECTED))
        with pytest.raises(TimeoutError):
            await wait(second)
        second.failed(Failure("n", Kind.TIMEOUT))
        second.lost(Failure("n", Kind.TIMEOUT))
    with circuits.series("m", Asker.PERSON) as third:
        assert third.ask() == Failure("m", Kind.OPEN)


class TestFolds:
    async def test_a_fold_does_not_probe_in_front_of_people(self) -> None:
        async with talk() as it:
            await shut(it)
            it.later(5)
            with pytest.raises(ModelUnreachable):
                await it.model.complete(PROMPT, 50)
            assert it.asked == []
            it.later(GRACE)
            it.fake.script("folded")
            assert (await it.model.complete(PROMPT, 50)).text == "folded"

    async def test_a_person_is_let_through_beside_a_folds_probe(self) -> None:
        gate = asyncio.Event()
        async with talk() as it, asyncio.TaskGroup() as group:
            await shut(it)
            it.later(5 + GRACE)
            it.fake.script(Refuse(503, DOWN.body, gate=gate), "hello")
            fold = group.create_task(it.model.complete(PROMPT, 50))
            await it.fake.wait_for(lambda: len(it.asked) == 1)
            assert await it.answer() == "hello"
            fold.cancel()

    async def test_folds_that_fail_shut_nobody_out(self) -> None:
        async with talk(timeout_seconds=0.6) as it:
            for behaviour in (DOWN, DOWN, DOWN, Hang()):
                it.fake.script(*[behaviour] * (2 if isinstance(behaviour, Hang) else 3))
                with pytest.raises(ModelUnreachable):
                    await it.model.complete(PROMPT, 50)
            it.fake.script("ok")
            assert await it.answer() == "ok"


async def test_the_log_says_when_a_circuit_opens_and_closes(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="llm"):
        async with talk() as it:
            await shut(it)
            await it.error()
            it.later(7)
            it.fake.script("back")
            await it.answer()
    told = [(record.getMessage(), vars(record)) for record in caplog.records if "circuit" in record.getMessage()]
    assert [(event, fields["model"]) for event, fields in told] == [("circuit open", "m"), ("circuit closed", "m")]
    assert told[0][1]["seconds"] == 5
    assert 7 <= told[1][1]["seconds"] < 8
