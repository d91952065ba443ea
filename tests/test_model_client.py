"""The client of OpenAI-compatible servers: the real openai package against a fake server on loopback."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from itertools import repeat

import pytest
from openai import AsyncOpenAI

from errors import EmptyAnswer, ModelBusy, ModelMisconfigured, ModelRefused, ModelUnreachable
from llm.client import OpenAIModel
from memory.types import Answer, Delta, Message, Prompt, Usage
from tests.fakes.model import Behaviour, Drop, FakeModel, Refuse, Said, Say, openai_error, openrouter_error
from tests.model_talk import BUSY, DOWN, PROMPT, UNKNOWN, talk


class TestStreaming:
    async def test_an_answer_comes_piece_by_piece_and_ends_with_its_usage(self) -> None:
        async with talk(Say(("Good ", "day, ", "sir."))) as it:
            *pieces, last = await it.deltas()
        assert pieces == [Delta("Good "), Delta("day, "), Delta("sir.")]
        assert last.usage == Usage("m", 59, 32, 3, last.usage.seconds if last.usage else 0, counted=42)
        assert 0 < last.usage.seconds < 5

    async def test_a_piece_is_there_before_the_next_one_is_sent(self) -> None:
        gate = asyncio.Event()
        async with talk(Say(("first", "second"), gate=gate)) as it, aclosing(it.model.stream(PROMPT)) as deltas:
            assert await anext(deltas) == Delta("first")
            gate.set()
            assert await anext(deltas) == Delta("second")

    async def test_the_request_holds_the_prompt_and_the_allowance_and_no_temperature(self) -> None:
        async with talk("ok") as it:
            await it.deltas()
            (request,) = it.fake.requests
        assert request.messages == (
            Said("system", "Be brief."),
            Said("user", "What is the secret word?"),
            Said("assistant", "Xyzzy."),
        )
        assert request.headers["authorization"] == "Bearer sk-test-key"
        assert {name: value for name, value in request.fields.items() if name != "messages"} == {
            "model": "m",
            "max_tokens": 100,
            "stream": True,
            "stream_options": {"include_usage": True},
        }

    async def test_an_answer_that_has_no_end_ends_far_beyond_its_allowance_with_what_was_said(self) -> None:
        words = "on and on " * 100
        async with talk(Say((words,) * 4, ending="silence")) as it:
            *pieces, last = await it.deltas()
        said = "".join(piece.text for piece in pieces)
        assert said == (words * 4)[:3200]
        assert last.usage
        assert last.usage.completion_tokens == 100

    async def test_thoughts_that_have_no_end_are_no_answer(self) -> None:
        behaviour = Say(("<think>", *("round and round " * 100,) * 20), ending="silence")
        async with talk(behaviour, behaviour) as it:
            with pytest.raises(EmptyAnswer):
                await it.deltas()

    async def test_nobody_waits_for_ever_for_a_model_that_never_stops_thinking(self) -> None:
        endless = Say(reasoning=repeat("hm, " * 1000))
        async with talk(endless, endless) as it:
            with pytest.raises(EmptyAnswer):
                await it.deltas()
            assert [request.max_tokens for request in it.fake.requests] == [100, 200]

    async def test_long_thoughts_beside_an_answer_take_nothing_of_its_room(self) -> None:
        async with talk(Say(("Hello",), reasoning=("hm, " * 1000,) * 30)) as it:
            assert await it.answer() == "Hello"
            assert len(it.fake.requests) == 1

    async def test_a_server_that_reports_no_usage_gives_zeros(self) -> None:
        async with talk(Say(("ok",), usage=False)) as it:
            usage = (await it.deltas())[-1].usage
        assert usage
        assert (usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens, usage.counted) == (0, 0, 0, 42)

    async def test_thoughts_are_no_part_of_the_answer(self) -> None:
        said = Say(
            (
                "<thi",
                "nk>no, ",
                "</th",
                "ink>\n\nYes <think> yes",
            ),
            reasoning=("hmm",),
        )
        async with talk(said) as it:
            assert await it.answer() == "Yes <think> yes"

    async def test_thoughts_that_began_in_the_prompt_are_void_once_they_end(self) -> None:
        """DeepSeek-R1's template writes the opening tag itself, so that only the closing one is in the answer."""
        async with talk(Say(("Hmm, they", " greet.\n</thi", "nk>", "\n\nHello", "!"))) as it:
            *deltas, last = await it.deltas()
        assert deltas == [
            Delta("Hmm, they"),
            Delta(" greet.\n"),
            Delta(restart=True),
            Delta("Hello"),
            Delta("!"),
        ]
        assert last.usage

    async def test_a_whole_answer_is_without_the_thoughts_that_began_in_the_prompt(self) -> None:
        async with talk(Say(("So much.", "\n</think>\n\n", "Hello"))) as it:
            assert (await it.model.complete(PROMPT, 500)).text == "Hello"

    async def test_thoughts_that_end_with_the_answer_still_to_come_are_an_empty_answer(self) -> None:
        async with talk(Say(("So much.", "\n</think>\n"), finish="length"), "ok") as it:
            assert await it.answer() == "ok"
            assert [request.max_tokens for request in it.fake.requests] == [100, 200]

    async def test_a_lone_surrogate_in_a_prompt_is_sent_as_the_replacement_character(self) -> None:
        async with talk("ok") as it:
            prompt = Prompt((Message("user", "a\ud800b"),), tokens=3)
            assert [delta.text async for delta in it.model.stream(prompt)] == ["ok", ""]
            assert it.fake.requests[0].messages == (Said("user", "a\ufffdb"),)

    async def test_who_stops_listening_hangs_up(self) -> None:
        async with talk(Say(("first", "second"), gate=asyncio.Event())) as it:
            async with aclosing(it.model.stream(PROMPT)) as deltas:
                await anext(deltas)
            await it.fake.wait_for(lambda: it.fake.left == 1)


class TestRetries:
    @pytest.mark.parametrize(
        "trouble",
        [
            BUSY,
            DOWN,
            Refuse(500, "<html>Internal Server Error</html>"),
            Drop(),
            Say(ending="drop"),
            Say(ending="malformed"),
            Say(finish="", usage=False),
            Say(ending=openai_error("The server had an error", None, "server_error")),
        ],
        ids=str,
    )
    async def test_a_failure_that_may_pass_is_tried_again(self, trouble: Behaviour) -> None:
        async with talk(trouble, trouble, "at last") as it:
            assert await it.answer() == "at last"
        assert it.waits == [0.25, 0.5]

    async def test_a_stream_that_breaks_midway_is_made_again_and_what_was_said_is_void(self) -> None:
        async with talk(Say(("Go", "od"), ending="drop"), Say(("Bet", "ter"))) as it:
            *deltas, last = await it.deltas()
        assert deltas == [Delta("Go"), Delta("od"), Delta(restart=True), Delta("Bet"), Delta("ter")]
        assert last.usage

    async def test_a_retry_before_the_first_word_restarts_nothing(self) -> None:
        async with talk(BUSY, "ok") as it:
            assert not any(delta.restart for delta in await it.deltas())

    async def test_a_retry_that_fails_too_takes_nothing_away(self) -> None:
        """The restart comes with the first word of the new answer, not with the loss of the old one."""
        async with talk(Say(("Good",), ending="drop"), DOWN, DOWN) as it:
            deltas = it.model.stream(PROMPT)
            assert await anext(deltas) == Delta("Good")
            with pytest.raises(ModelUnreachable):
                await anext(deltas)

    async def test_after_two_retries_a_person_is_told(self) -> None:
        async with talk() as it:
            assert isinstance(await it.error(DOWN, DOWN, DOWN), ModelUnreachable)
            assert len(it.asked) == 3

    @pytest.mark.parametrize(
        ("headers", "wait"),
        [
            ({"Retry-After": "7"}, 7.0),
            ({"retry-after-ms": "1500", "Retry-After": "2"}, 1.5),
            ({"Retry-After": "x"}, 0.25),
        ],
    )
    async def test_a_wait_that_the_server_asks_for_is_honoured(self, headers: dict[str, str], wait: float) -> None:
        async with talk(Refuse(429, BUSY.body, headers), "ok") as it:
            assert await it.answer() == "ok"
        assert it.waits == [wait]

    async def test_a_long_wait_is_told_instead_of_waited(self) -> None:
        async with talk() as it:
            error = await it.error(Refuse(429, BUSY.body, {"Retry-After": "90"}))
        assert isinstance(error, ModelBusy)
        assert error.retry_after == 90
        assert it.waits == []

    async def test_nobody_is_told_to_wait_longer_than_the_server_is_left_alone(self) -> None:
        async with talk() as it:
            error = await it.error(Refuse(429, BUSY.body, {"Retry-After": "900000000"}))
        assert error.sentence.endswith("please try again in 5 minutes, or later.")

    @pytest.mark.parametrize("ending", ["silence", "comments"])
    async def test_a_stream_that_falls_silent_is_made_again(self, ending: str) -> None:
        """Keep-alive comments are no answer: they keep the connection busy and the person waiting."""
        silent = Say(("Go",), ending="silence" if ending == "silence" else "comments")
        async with talk(silent, "Good", timeout_seconds=0.4) as it:
            assert await it.answer() == "Good"
            await it.fake.wait_for(lambda: it.fake.left == 1)

    async def test_a_slow_answer_may_take_longer_than_the_timeout(self) -> None:
        """The timeout is for silence: eight pieces, 0.1 s apart, outlast one of 0.5 s."""
        async with talk(Say(tuple("abcdefgh"), pace=0.1), timeout_seconds=0.5) as it:
            assert await it.answer() == "abcdefgh"

    async def test_a_port_where_nobody_listens_is_unreachable(self) -> None:
        async with FakeModel() as fake:
            url = fake.base_url
        model = OpenAIModel(api_key="", base_url=url, name="m", sleep=lambda _: asyncio.sleep(0))
        with pytest.raises(ModelUnreachable):
            await model.complete(PROMPT, 10)
        await model.aclose()


class TestFallbacks:
    async def test_the_fallbacks_are_asked_in_order(self) -> None:
        async with talk(DOWN, DOWN, DOWN, UNKNOWN, "hello", fallbacks=["n", "o"]) as it:
            last = (await it.deltas())[-1]
        assert it.asked == ["m", "m", "m", "n", "o"]
        assert last.usage
        assert last.usage.model == "o"

    async def test_a_long_wait_goes_to_the_fallback_at_once(self) -> None:
        async with talk(Refuse(429, BUSY.body, {"Retry-After": "90"}), "ok", fallbacks=["n"]) as it:
            assert await it.answer() == "ok"
        assert it.asked == ["m", "n"]
        assert it.waits == []

    async def test_a_fallback_starts_over_what_the_first_model_left_unfinished(self) -> None:
        cut = Say(("half",), ending="drop")
        async with talk(cut, DOWN, DOWN, "whole", fallbacks=["n"]) as it:
            assert [delta for delta in await it.deltas() if not delta.usage] == [
                Delta("half"),
                Delta(restart=True),
                Delta("whole"),
            ]

    async def test_when_all_fail_the_first_models_error_is_told(self) -> None:
        async with talk(fallbacks=["n"]) as it:
            error = await it.error(Refuse(429, BUSY.body, {"Retry-After": "90"}), UNKNOWN)
        assert isinstance(error, ModelBusy)

    @pytest.mark.parametrize(
        "refusal",
        [
            Refuse(400, openrouter_error(400, "m is not a valid model ID")),
            Refuse(422, "no"),
            Refuse(403, openrouter_error(403, "m requires moderation", reasons=["violence"], flagged_input="Xyzzy…")),
        ],
        ids=["unknown at openrouter", "422", "moderated"],
    )
    async def test_a_request_that_one_model_refuses_is_put_to_the_next(self, refusal: Refuse) -> None:
        async with talk(refusal, "hello", fallbacks=["n"]) as it:
            assert await it.answer() == "hello"
        assert it.asked == ["m", "n"]

    async def test_when_every_model_refuses_the_first_ones_refusal_is_told(self) -> None:
        async with talk(fallbacks=["n"]) as it:
            error = await it.error(Refuse(400, openai_error("Bad", "invalid_value")), UNKNOWN)
        assert isinstance(error, ModelRefused)
        assert it.asked == ["m", "n"]

    async def test_a_refused_key_is_not_tried_on_the_fallbacks(self) -> None:
        async with talk(fallbacks=["n"]) as it:
            assert isinstance(await it.error(Refuse(401, openai_error("no", "invalid_api_key"))), ModelMisconfigured)
        assert it.asked == ["m"]


class TestEmptyAnswers:
    async def test_an_empty_answer_that_ended_for_length_is_asked_again_with_twice_the_room(self) -> None:
        async with talk(Say(finish="length", reasoning=("hmm",)), "ok") as it:
            assert await it.answer() == "ok"
            assert [request.max_tokens for request in it.fake.requests] == [100, 200]

    async def test_an_answer_that_is_all_thought_counts_as_empty(self) -> None:
        async with talk(Say(("<think>so much",), finish="length"), "ok") as it:
            assert await it.answer() == "ok"
            assert [request.max_tokens for request in it.fake.requests] == [100, 200]

    @pytest.mark.parametrize(
        ("context_tokens", "room"),
        [(1000, 200), (42 + 150, 150), (42 + 100, 100), (42 + 50, 100), (0, 200)],
        ids=["there is room", "less than twice", "no more", "not even that", "unknown"],
    )
    async def test_the_second_try_asks_for_no_more_room_than_the_prompt_leaves(
        self, context_tokens: int, room: int
    ) -> None:
        async with talk(Say(finish="length"), "ok", context_tokens=context_tokens) as it:
            assert await it.answer() == "ok"
            assert [request.max_tokens for request in it.fake.requests] == [100, room]

    async def test_an_empty_answer_is_asked_again_once_and_then_told(self) -> None:
        async with talk() as it:
            assert isinstance(await it.error(Say(), Say((" \n",))), EmptyAnswer)
            assert [request.max_tokens for request in it.fake.requests] == [100, 100]


class TestCutOff:
    async def test_an_answer_that_ends_for_length_says_so(self) -> None:
        for finish, cut in (("length", True), ("stop", False)):
            async with talk(Say(("As far as",), finish=finish)) as it:
                assert [delta.cut async for delta in it.model.stream(PROMPT) if delta.usage] == [cut]

    async def test_so_does_one_of_a_server_that_knows_no_end(self) -> None:
        async with talk(Say(("word " * 100,) * 100)) as it:
            deltas = [delta async for delta in it.model.stream(PROMPT)]
        assert deltas[-1].cut


class TestComplete:
    async def test_a_whole_answer_comes_from_the_summarising_model_within_its_own_allowance(self) -> None:
        async with talk(Say(("A sum", "mary.")), summary_name="s") as it:
            answer = await it.model.complete(PROMPT, 500)
            assert [(request.model, request.max_tokens) for request in it.fake.requests] == [("s", 500)]
        assert answer == Answer("A summary.", Usage("s", 59, 32, 2, answer.usage.seconds, counted=42))

    async def test_a_broken_answer_is_made_again_and_only_the_new_one_returned(self) -> None:
        async with talk(Say(("Half",), ending="drop"), "Whole", fallbacks=["n"]) as it:
            assert (await it.model.complete(PROMPT, 500)).text == "Whole"

    async def test_an_answer_cut_short_for_length_is_returned(self) -> None:
        async with talk(Say(("As far as",), finish="length")) as it:
            assert (await it.model.complete(PROMPT, 3)).text == "As far as"


class TestTheFake:
    async def test_it_answers_whole_as_well_and_computes_its_usage(self) -> None:
        async with (
            FakeModel(lambda request: f"{request.messages[-1].content}!", prompt_tokens=lambda _: 14) as fake,
            AsyncOpenAI(api_key="k", base_url=fake.base_url) as client,
        ):
            whole = await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi you"}])
        assert fake.requests[0].messages == (("user", "hi you"),)
        assert whole.choices[0].message.content == "hi you!"
        assert whole.usage
        assert (whole.usage.prompt_tokens, whole.usage.completion_tokens, whole.usage.total_tokens) == (14, 2, 16)
