"""What the client makes of a server's refusals: which error a person, the log and `bot.py check` get."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from errors import ContextTooLong, ModelBusy, ModelError, ModelMisconfigured, ModelRefused, ModelUnpaid
from llm.client import OpenAIModel
from llm.client.dialects import read_failure
from llm.client.failures import Failure, Kind
from llm.client.findings import report
from tests.fakes.model import (
    Behaviour,
    Drop,
    FakeModel,
    ModelRequest,
    Refuse,
    Say,
    gemini_error,
    llama_error,
    mistral_error,
    openai_error,
    openrouter_error,
    vllm_error,
    xai_error,
)
from tests.model_talk import BUSY, DOWN, PROMPT, UNKNOWN, talk

WRONG_KEYS = [
    Refuse(401, openai_error("Incorrect API key provided: sk-…", "invalid_api_key")),
    Refuse(400, gemini_error("API key not valid. Please pass a valid API key.", "API_KEY_INVALID")),
    Refuse(400, xai_error("Incorrect API key provided: xa***. You can obtain an API key from …")),
]


class TestErrors:
    @pytest.mark.parametrize(
        "refusal",
        [
            Refuse(400, openai_error("Your messages resulted in …", "context_length_exceeded")),
            Refuse(400, llama_error("exceed_context_size_error", "request (4390 tokens) exceeds …")),
            Say(ending=llama_error("exceed_context_size_error", "the request exceeds …")),
            Refuse(400, vllm_error("You passed 1015 input tokens …", param="input_tokens")),
            Refuse(400, vllm_error("This model's maximum context length is 8192 tokens. However, …")),
            Refuse(400, openai_error('{"error":{"code":400,"type":"exceed_context_size_error"}}', None)),
            Say(ending={"error": "… However, the model is loaded with context length of only 2048 tokens"}),
            Refuse(413, "Request Entity Too Large"),
            Refuse(400, [{"error": {"code": 400, "message": "The input token count (314175) exceeds the maximum …"}}]),
            Refuse(400, {"code": "…", "error": "This model's maximum prompt length is 131072 but the request …"}),
            Refuse(422, {"error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096 …"}),
            Say(finish="model_context_window_exceeded"),
        ],
        ids=[
            "openai",
            "llama.cpp",
            "llama.cpp in a stream",
            "vllm",
            "older vllm",
            "ollama",
            "lm studio",
            "413",
            "gemini",
            "xai",
            "text-generation-inference",
            "glm",
        ],
    )
    async def test_a_prompt_that_does_not_fit_asks_for_a_smaller_one_and_nothing_else(self, refusal: Behaviour) -> None:
        async with talk(fallbacks=["n"]) as it:
            assert isinstance(await it.error(refusal), ContextTooLong)
        assert it.asked == ["m"]

    @pytest.mark.parametrize(
        "words",
        [
            "The decoder prompt (length 5000) is longer than the maximum model length of 4096.",  # vLLM
            "The input (5000 tokens) is longer than the model's context length (4096 tokens).",  # SGLang, Together
            "Requested token count exceeds the model's maximum context length of 4096 tokens.",  # SGLang
            "prompt too long; exceeded max context length by 904 tokens",  # Ollama
            "the request exceeds the available context size. try increasing the context size",  # llama.cpp
            "The number of tokens to keep from the initial prompt is greater than the context length",  # LM Studio
            "Input validation error: `inputs` must have less than 4096 tokens. Given: 5000",  # TGI
            "prompt is too long: 213462 tokens > 200000 maximum",  # Anthropic
            "Please reduce the length of the messages or completion.",  # Groq
            "Your input exceeds the context window of this model.",  # OpenAI
            "Invalid request: Your request exceeded model token limit: 8192 (requested: 9000)",  # Moonshot
            "invalid params, context window exceeds limit",  # MiniMax
            "Range of input length should be [1, 98304]",  # Qwen
            "too many tokens: size limit exceeded by 19296 tokens. Try using shorter or fewer inputs.",  # Cohere
            "Input is too long for requested model.",  # Bedrock
            "Input length 131393 exceeds the maximum allowed input length of 131040 tokens.",  # Poolside
            "litellm.ContextWindowExceededError: litellm.BadRequestError: …",
        ],
    )
    def test_a_prompt_that_does_not_fit_is_known_by_every_servers_words(self, words: str) -> None:
        """As users of the servers report them; the sources stand with the phrases."""
        body = {"error": {"message": words, "type": "invalid_request_error"}}
        assert read_failure("m", 400, body, {}, datetime.now(UTC)).too_long
        assert not read_failure("m", 429, body, {}, datetime.now(UTC)).too_long, "that is about tokens a minute"

    @pytest.mark.parametrize(
        ("refusal", "expected"),
        [
            (Refuse(401, openai_error("Incorrect API key", "invalid_api_key")), ModelMisconfigured),
            (Refuse(403, openai_error("Not allowed", None)), ModelMisconfigured),
            (Refuse(403, openrouter_error(403, "Key limit exceeded")), ModelMisconfigured),
            (Refuse(403, openrouter_error(403, "No access", provider_name="x", raw="…")), ModelMisconfigured),
            (Refuse(403, openrouter_error(403, "Flagged", reasons=["hate"], flagged_input="Xyzzy…")), ModelRefused),
            (UNKNOWN, ModelMisconfigured),
            (Refuse(429, openai_error("Quota", "insufficient_quota", "insufficient_quota")), ModelUnpaid),
            (Refuse(402, {"error": {"code": 402, "message": "Insufficient credits"}}), ModelUnpaid),
            (Refuse(400, openai_error("Bad", "invalid_value")), ModelRefused),
            (Refuse(422, "no"), ModelRefused),
            (Refuse(400, openai_error("Filtered", "content_filter")), ModelRefused),
            (Say(("I",), finish="content_filter"), ModelRefused),
        ],
    )
    async def test_what_will_not_pass_is_told_at_once(self, refusal: Behaviour, expected: type[ModelError]) -> None:
        async with talk() as it:
            assert type(await it.error(refusal)) is expected
        assert it.asked == ["m"]

    @pytest.mark.parametrize(("status", "code"), [(429, "insufficient_quota"), (402, "402")])
    async def test_an_account_without_credit_is_called_so_and_its_cure_is_told_to_the_log(
        self, status: int, code: str
    ) -> None:
        async with talk() as it:
            error = await it.error(Refuse(status, openai_error("No", code)))
        assert error.sentence == ("The language model's account has no credit left; whoever runs me has to look at it.")
        assert str(error).endswith("; the account has no credit left: add some, or use another key")

    @pytest.mark.parametrize(
        ("wait", "told"),
        [
            (None, "a moment"),
            (0.4, "a moment"),
            (1.2, "1 second"),
            (60, "60 seconds"),
            (61, "2 minutes, or later"),
            (300, "5 minutes, or later"),
        ],
    )
    def test_a_wait_that_the_server_asks_for_is_told_in_seconds_or_minutes(self, wait: float | None, told: str) -> None:
        said = f"The language model is busy right now; please try again in {told}."
        assert ModelBusy("busy", wait).sentence == said

    @pytest.mark.parametrize("refusal", WRONG_KEYS, ids=["openai", "gemini", "xai"])
    async def test_a_wrong_key_is_the_operators_and_no_other_model_is_asked_with_it(self, refusal: Refuse) -> None:
        async with talk(fallbacks=["n"]) as it:
            assert isinstance(await it.error(refusal), ModelMisconfigured)
            it.fake.script(refusal, refusal)
            for finding in await it.model.check():
                assert finding.detail.endswith(f"answered {refusal.status} (invalid_api_key)")
                assert "OPENAI_API_KEY" in finding.cure
        assert it.asked == ["m", "m", "n"]

    async def test_another_fault_that_gemini_finds_is_no_wrong_key(self) -> None:
        async with talk() as it:
            assert isinstance(await it.error(Refuse(400, gemini_error("No", "FIELD_INVALID"))), ModelRefused)

    async def test_neither_the_servers_message_nor_the_key_reaches_an_error_or_the_log(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The openai package's own debug lines hold whole requests and stay off; everything of ours is looked at."""
        told = openai_error("Bad text 'Xyzzy' for key sk-test-key", "Xyzzy told me so", "bad_request")
        with caplog.at_level(logging.DEBUG, logger="llm"):
            async with talk() as it:
                error = await it.error(DOWN, Refuse(400, told))
        assert str(error) == "model=m kind=status status=400 code=bad_request"
        assert error.__cause__ is None
        assert error.__context__ is None
        written = str([vars(record) for record in caplog.records])
        assert "model failed" in written
        assert "Xyzzy" not in written
        assert "sk-test-key" not in written

    @pytest.mark.parametrize("strange", [[], {}, [[]], None, 7.5])
    def test_a_refusal_of_any_shape_is_read(self, strange: object) -> None:
        for name in ("code", "type", "param", "message", "details", "detail", "metadata", "error"):
            failure = read_failure("m", 400, {"error": {name: strange}}, {}, datetime.now(UTC))
            assert failure == Failure("m", Kind.STATUS, 400)
            assert read_failure("m", 400, {name: strange}, {}, datetime.now(UTC)) == failure

    async def test_a_refusal_nested_too_deep_to_be_read_is_one_all_the_same(self) -> None:
        async with talk() as it:
            assert isinstance(await it.error(Refuse(400, "[" * 100_000)), ModelRefused)

    async def test_a_key_that_no_header_can_hold_is_a_fault_of_the_settings(self) -> None:
        async with FakeModel() as fake:
            model = OpenAIModel(api_key="sk-“quoted”", base_url=fake.base_url, name="m")
            with pytest.raises(ModelMisconfigured):
                await model.complete(PROMPT, 10)
            await model.aclose()
            assert fake.requests == []


def mentions(request: ModelRequest) -> list[str]:
    """Which of the fields that some server refuses a request holds."""
    return [name for name in ("stream_options", "max_tokens", "max_completion_tokens") if name in request.fields]


NO_MAX_TOKENS = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' …"
NO_STREAM_OPTIONS = Refuse(422, mistral_error("stream_options", "include_usage"))


class TestRefusedFields:
    @pytest.mark.parametrize(
        ("refusal", "then"),
        [
            (NO_STREAM_OPTIONS, ["max_tokens"]),
            (Refuse(422, {"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"]}]}), ["max_tokens"]),
            (
                Refuse(
                    422, {"message": [{"type": "extra_forbidden", "loc": ["body", "stream_options"]}], "code": 3001}
                ),
                ["max_tokens"],
            ),
            (
                Refuse(400, vllm_error("[{'type': 'extra_forbidden', 'loc': ('body', 'stream_options'), 'msg': …}]")),
                ["max_tokens"],
            ),
            (Refuse(400, openai_error("Unrecognized request argument supplied: stream_options", None)), ["max_tokens"]),
            (
                Refuse(400, {"error": {"message": "…", "param": "max_tokens", "code": "unsupported_parameter"}}),
                ["stream_options", "max_completion_tokens"],
            ),
            (
                Refuse(400, openai_error(f"litellm.BadRequestError: AzureException - {NO_MAX_TOKENS}", None)),
                ["stream_options", "max_completion_tokens"],
            ),
        ],
        ids=["mistral", "bare", "mistral's list", "older vllm", "older azure", "azure", "litellm"],
    )
    async def test_a_request_is_made_again_at_once_without_a_field_that_the_server_refuses(
        self, refusal: Refuse, then: list[str]
    ) -> None:
        async with talk(refusal, "ok") as it:
            assert await it.answer() == "ok"
            assert [mentions(request) for request in it.fake.requests] == [["stream_options", "max_tokens"], then]
            assert [request.max_tokens for request in it.fake.requests] == [100, 100]
        assert it.waits == []

    async def test_what_a_model_refuses_is_not_sent_to_it_again_but_to_the_others(self) -> None:
        async with talk(NO_STREAM_OPTIONS, "one", "two", "three", summary_name="s") as it:
            assert [await it.answer(), await it.answer()] == ["one", "two"]
            await it.model.complete(PROMPT, 500)
            assert [("stream_options" in request.fields) for request in it.fake.requests] == [True, False, False, True]
        assert it.asked == ["m", "m", "m", "s"]

    async def test_two_answers_at_once_both_get_over_the_refusal(self) -> None:
        """The second is refused what the first one's refusal has already taught."""
        gate = asyncio.Event()
        refusal = replace(NO_STREAM_OPTIONS, gate=gate)
        async with talk(refusal, refusal, "ok", "ok") as it, asyncio.TaskGroup() as group:
            answers = [group.create_task(it.answer()) for _ in range(2)]
            await it.fake.wait_for(lambda: len(it.asked) == 2)
            gate.set()
        assert [answer.result() for answer in answers] == ["ok", "ok"]

    async def test_a_server_that_takes_neither_name_for_the_allowance_refuses(self) -> None:
        """An answer without any bound is not asked for."""

        def refuse(field: str) -> Refuse:
            return Refuse(400, openai_error(f"Unsupported parameter: '{field}'", "unsupported_parameter"))

        async with talk() as it:
            error = await it.error(refuse("max_tokens"), refuse("max_completion_tokens"))
            assert [mentions(request)[1] for request in it.fake.requests] == ["max_tokens", "max_completion_tokens"]
        assert isinstance(error, ModelRefused)

    async def test_an_allowance_that_is_too_large_is_no_refused_field(self) -> None:
        told = {"error": {"message": "max_tokens is too large: 100", "param": "max_tokens", "code": "invalid_value"}}
        async with talk() as it:
            assert isinstance(await it.error(Refuse(400, told)), ModelRefused)
        assert it.asked == ["m"]

    async def test_a_refused_field_leaves_the_retries_as_they_were(self) -> None:
        async with talk(DOWN, NO_STREAM_OPTIONS, DOWN, "ok") as it:
            assert await it.answer() == "ok"
        assert it.waits == [0.25, 0.5]

    async def test_a_check_gets_over_the_refusal_as_well(self) -> None:
        async with talk(NO_STREAM_OPTIONS, "OK") as it:
            (finding,) = await it.model.check()
        assert finding.well


class TestCheck:
    async def test_every_configured_model_is_asked_once(self) -> None:
        async with talk(fallbacks=["n", "m"], summary_name="s") as it:
            findings = await it.model.check()
            assert sorted(it.asked) == ["m", "n", "s"]
        assert [(finding.subject, finding.well) for finding in findings] == [
            ("model m", True),
            ("model n", True),
            ("model s", True),
        ]

    @pytest.mark.parametrize(
        ("refusal", "cure"),
        [
            (Refuse(401, openai_error("no", "invalid_api_key")), "OPENAI_API_KEY"),
            (Refuse(403, openai_error("no", None)), "may not use this model"),
            (UNKNOWN, "mend model.name"),
            (Refuse(429, openai_error("no", "insufficient_quota")), "credit"),
            (BUSY, "limit"),
            (Refuse(400, openai_error("no", "invalid_value")), "max_reply_tokens"),
            (Drop(), "is the server running"),
        ],
    )
    async def test_what_is_wrong_comes_with_its_cure(self, refusal: Behaviour, cure: str) -> None:
        async with talk(refusal) as it:
            (finding,) = await it.model.check()
            assert it.asked == ["m"]
        assert not finding.well
        assert cure in finding.cure

    async def test_what_is_wrong_is_said_in_words(self) -> None:
        async with talk(Refuse(401, openai_error("no", "invalid_api_key"))) as it:
            (finding,) = await it.model.check()
        assert finding.detail.endswith("/v1 answered 401 (invalid_api_key)")

    async def test_where_openai_itself_cannot_be_reached_nobody_is_sent_to_his_settings(self) -> None:
        finding = report("m", Failure("m", Kind.UNCONNECTED), "https://api.openai.com/v1")
        assert finding.detail == "https://api.openai.com/v1 cannot be reached"
        assert "api.openai.com" in finding.cure
        assert "base_url" not in finding.cure

    async def test_a_reasoning_model_that_only_thought_is_well(self) -> None:
        async with talk(Say(finish="length")) as it:
            (finding,) = await it.model.check()
        assert finding.well
