"""What the client makes of a server's refusals: which error a person, the log and `bot.py check` get."""

from __future__ import annotations

import logging

import pytest

from errors import ContextTooLong, ModelError, ModelMisconfigured, ModelRefused
from llm.client import OpenAIModel
from tests.fakes.model import Behaviour, Drop, FakeModel, Refuse, Say, llama_error, openai_error, vllm_error
from tests.model_talk import BUSY, DOWN, PROMPT, UNKNOWN, talk


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
        ],
        ids=["openai", "llama.cpp", "llama.cpp in a stream", "vllm", "older vllm", "ollama", "lm studio", "413"],
    )
    async def test_a_prompt_that_does_not_fit_asks_for_a_smaller_one_and_nothing_else(self, refusal: Behaviour) -> None:
        async with talk(fallbacks=["n"]) as it:
            assert isinstance(await it.error(refusal), ContextTooLong)
        assert it.asked == ["m"]

    @pytest.mark.parametrize(
        ("refusal", "expected"),
        [
            (Refuse(401, openai_error("Incorrect API key", "invalid_api_key")), ModelMisconfigured),
            (Refuse(403, openai_error("Not allowed", None)), ModelMisconfigured),
            (UNKNOWN, ModelMisconfigured),
            (Refuse(429, openai_error("Quota", "insufficient_quota", "insufficient_quota")), ModelMisconfigured),
            (Refuse(402, {"error": {"code": 402, "message": "Insufficient credits"}}), ModelMisconfigured),
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
        assert "model_failed" in written
        assert "Xyzzy" not in written
        assert "sk-test-key" not in written

    async def test_a_key_that_no_header_can_hold_is_a_fault_of_the_settings(self) -> None:
        async with FakeModel() as fake:
            model = OpenAIModel(api_key="sk-“quoted”", base_url=fake.base_url, name="m")
            with pytest.raises(ModelMisconfigured):
                await model.complete(PROMPT, 10)
            await model.aclose()
            assert fake.requests == []


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

    async def test_a_reasoning_model_that_only_thought_is_well(self) -> None:
        async with talk(Say(finish="length")) as it:
            (finding,) = await it.model.check()
        assert finding.well
