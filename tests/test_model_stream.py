"""How a stream is read: what stands between the pieces of an answer, and how it ends."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import ModelError, ModelRefused, ModelUnreachable
from llm.client.chat import Piece, read_piece
from llm.client.events import Event, EventReader
from tests.fakes.model import Json, Say
from tests.model_talk import talk


class TestEvents:
    @pytest.mark.parametrize(
        "between",
        [
            "id: 1\n\n: ping\n\n",  # llmgateway pull request 2334
            "retry: 3000\n\n",  # openai-python issue 2722
            "event: ping\n\n",  # hermes-agent issue 111887
            "data:\n\n",  # omnigent pull request 1474
            "event: ping\ndata: \n\n",
            "data: null\n\n",
        ],
    )
    async def test_what_keeps_a_connection_alive_is_no_part_of_the_answer(self, between: str) -> None:
        async with talk(Say(("Good ", "day."), between=between)) as it:
            assert await it.answer() == "Good day."
        assert it.asked == ["m"]

    async def test_it_does_not_hide_that_a_server_has_fallen_silent(self) -> None:
        silent = Say(("Go",), between="data:\n\n", ending="silence")
        async with talk(silent, "Good", timeout_seconds=0.4) as it:
            assert await it.answer() == "Good"

    @given(
        st.lists(st.sampled_from(["data: a", "data:b", ": c", "event: error", "id: 1", "data", "é", ""])),
        st.sampled_from(["\n", "\r\n", "\r"]),
        st.lists(st.integers(0, 100)),
    )
    def test_events_are_the_same_wherever_the_bytes_are_cut(
        self, lines: list[str], ending: str, cuts: list[int]
    ) -> None:
        sent = "".join(line + ending for line in lines).encode()
        edges = [0, *sorted(min(cut, len(sent)) for cut in cuts), len(sent)]
        reader = EventReader()
        read = [event for start, end in pairwise(edges) for event in reader.feed(sent[start:end])]
        assert read == EventReader().feed(sent) == EventReader().feed("".join(f"{line}\n" for line in lines).encode())

    @pytest.mark.parametrize("fields", [("reasoning_content",), ("reasoning",), ("reasoning_content", "reasoning")])
    def test_thoughts_count_once_in_whichever_fields_they_come(self, fields: Sequence[str]) -> None:
        delta = {"content": None, **dict.fromkeys(fields, "hmm")}
        assert read_piece({"choices": [{"delta": delta}]}) == Piece(thought=3)

    def test_an_event_has_its_name_and_all_of_its_lines(self) -> None:
        sent = "\ufeffevent: error\ndata: one\ndata:  two\nid: 7\n\ndata: alone\n\ndata: unfinished\n".encode()
        assert EventReader().feed(sent) == [Event("one\n two", "error"), Event("alone")]

    def test_nothing_follows_the_one_that_ends_the_stream(self) -> None:
        assert EventReader().feed(b"data: [DONE]\n\ndata: more\n\n") == [Event("[DONE]")]


class TestEndings:
    @pytest.mark.parametrize("finish", ["error", "abort", "insufficient_system_resource"])
    async def test_an_answer_that_the_server_calls_broken_is_made_again(self, finish: str) -> None:
        async with talk(Say(("Half",), finish=finish), "Whole") as it:
            assert await it.answer() == "Whole"
            assert isinstance(await it.error(*[Say(("Half",), finish=finish)] * 3), ModelUnreachable)

    @pytest.mark.parametrize("finish", ["length", "max_tokens", "MAX_TOKENS", "model_context_window_exceeded"])
    async def test_one_that_had_no_room_says_so_in_every_servers_word(self, finish: str) -> None:
        async with talk(Say(("As far as",), finish=finish)) as it:
            assert (await it.deltas())[-1].cut

    @pytest.mark.parametrize("finish", ["max_tokens", "MAX_TOKENS"])
    async def test_one_that_had_no_room_to_begin_is_given_more(self, finish: str) -> None:
        async with talk(Say(finish=finish), "ok") as it:
            assert await it.answer() == "ok"
            assert [request.max_tokens for request in it.fake.requests] == [100, 200]

    @pytest.mark.parametrize("finish", ["SAFETY", "PROHIBITED_CONTENT", "content_filter: PROHIBITED_CONTENT"])
    @pytest.mark.parametrize("pieces", [(), ("Half",)])
    async def test_one_that_a_filter_stopped_is_refused(self, finish: str, pieces: tuple[str, ...]) -> None:
        async with talk() as it:
            assert isinstance(await it.error(Say(pieces, finish=finish)), ModelRefused)
        assert it.asked == ["m"]

    @pytest.mark.parametrize("finish", ["stop", "STOP", "eos", "end_turn"])
    async def test_a_word_that_nobody_knows_ends_a_whole_answer(self, finish: str) -> None:
        async with talk(Say(("Whole",), finish=finish)) as it:
            *_, last = await it.deltas()
        assert last.usage
        assert not last.cut

    async def test_an_answer_whose_end_is_announced_without_a_reason_is_whole(self) -> None:
        """As models behind OpenCode's gateway do (anomalyco/opencode issue 43882)."""
        async with talk(Say(("Whole",), finish="", usage=False)) as it:
            assert await it.answer() == "Whole"
        assert it.asked == ["m"]

    async def test_a_body_that_ends_without_a_word_is_half_an_answer(self) -> None:
        async with talk(Say(("Half",), ending="close"), "Whole") as it:
            assert await it.answer() == "Whole"

    @pytest.mark.parametrize(
        ("told", "code"),
        [
            ({"object": "error", "message": "EngineDead", "type": "InternalServerError", "code": 500}, "code=500"),
            ({"error": {"message": "Provider disconnected", "code": "server_error"}, "choices": []}, "server_error"),
            ({"error": "boom"}, "kind=status"),
        ],
        ids=["older vllm", "openrouter", "words alone"],
    )
    async def test_an_error_inside_a_stream_is_told_and_no_answer(self, told: Json, code: str) -> None:
        async with talk() as it:
            error: ModelError = await it.error(*[Say(("Half",), ending=told)] * 3)
        assert isinstance(error, ModelUnreachable)
        assert code in str(error)

    async def test_json_nested_too_deep_to_be_read_is_a_broken_answer(self) -> None:
        async with talk(Say(("Half",), between=f"data: {'[' * 100_000}\n\n"), "Whole") as it:
            assert await it.answer() == "Whole"

    async def test_the_connection_of_an_answer_is_used_for_the_next_one(self) -> None:
        async with talk("one", "two") as it:
            assert [await it.answer(), await it.answer()] == ["one", "two"]
            assert len(it.fake.connections) == 1
