"""Answers in a form: the strictest that a server takes, found out from what it refuses, once a model."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from errors import ModelRefused
from llm.client.chat import OPENAI_URL, plan_request
from memory.types import Message, Prompt, Schema
from tests.fakes.model import (
    Behaviour,
    Json,
    ModelRequest,
    Refuse,
    Say,
    form_refused,
    mistral_error,
    openai_error,
    openrouter_error,
)
from tests.model_talk import PROMPT, Talk, talk

SCHEMA = Schema("kept", '{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}')
ASKED = Prompt((Message("user", "Answer in JSON."),), tokens=5)


async def ask(it: Talk) -> str:
    """One whole answer in the form."""
    return (await it.model.complete(ASKED, 500, SCHEMA)).text


def forms(it: Talk) -> list[object]:
    """The form that each request asked for."""
    return [form_of(request) for request in it.fake.requests]


def form_of(request: ModelRequest) -> object:
    asked = request.fields.get("response_format")
    return asked.get("type") if isinstance(asked, dict) else asked


async def test_a_server_that_takes_a_schema_is_given_it_strictly() -> None:
    async with talk('{"a": "b"}') as it:
        assert await ask(it) == '{"a": "b"}'
        (request,) = it.fake.requests
    assert request.fields["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "kept", "strict": True, "schema": json.loads(SCHEMA.text)},
    }


async def test_answers_to_people_are_asked_for_in_no_form() -> None:
    async with talk("ok", "ok") as it:
        await it.answer()
        await it.model.complete(PROMPT, 10)
        assert forms(it) == [None, None]


REFUSALS: tuple[tuple[int, Json | str], ...] = (
    # OpenAI (langchain issue 31490), with and without the field in `param` (stride-gpt issue 19)
    (
        400,
        openai_error(
            "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.", None
        ),
    ),
    # DeepSeek today (llm-exe issue 662) and before, with 422 (deep-research issue 22)
    (400, openai_error("This response_format type is unavailable now", "invalid_request_error")),
    (
        422,
        openai_error(
            "Failed to deserialize the JSON body into the target type: response_format: "
            "response_format.type `json_schema` is unavailable now at line 1 column 12440",
            "invalid_request_error",
        ),
    ),
    # Volcengine (agno issue 2553)
    (
        400,
        {
            "error": {
                "code": "InvalidParameter",
                "message": "invalid value: `json_schema`, supported values are: `json_object` and `text`.",
                "param": "response_format.type",
                "type": "BadRequest",
            }
        },
    ),
    # xAI (litellm issue 6610)
    (
        400,
        {
            "code": "Client specified an invalid argument",
            "error": "The response_format parameter is unsupported at the moment. Leave it unset.",
        },
    ),
    # Groq, of a model that knows no schema, and of one that did not keep to it (amurex-backend issue 38)
    (400, openai_error("This model does not support response format `json_schema`.", None)),
    (400, openai_error("Failed to generate JSON. Please adjust your prompt.", "json_validate_failed")),
    # Pydantic's errors, as Mistral hands them on
    (422, mistral_error("response_format", "json_schema")),
    # OpenRouter, with its provider's words (go-openrouter pull request 21)
    (400, openrouter_error(400, "Provider returned error", raw='{"error":{"message":"no such response_format"}}')),
)


@pytest.mark.parametrize(("status", "body"), REFUSALS, ids=range(len(REFUSALS)))
async def test_a_form_that_is_refused_is_not_asked_for_again(status: int, body: Json | str) -> None:
    async with talk(Refuse(status, body), "one", "two") as it:
        assert [await ask(it), await ask(it)] == ["one", "two"]
        assert forms(it) == ["json_schema", "json_object", "json_object"]
        assert it.waits == []


async def test_a_server_that_takes_no_form_at_all_is_asked_for_text() -> None:
    async with talk() as it:
        it.fake.respond = lambda request: form_refused(str(form_of(request))) if form_of(request) else "plain"
        assert [await ask(it), await ask(it)] == ["plain", "plain"]
        assert forms(it) == ["json_schema", "json_object", None, None]


async def test_what_one_model_refuses_is_still_asked_of_another() -> None:
    """Of two models behind one address, each is learned by itself."""

    def respond(request: ModelRequest) -> Behaviour | str:
        if request.model == "m":
            return form_refused("json_schema") if form_of(request) == "json_schema" else Refuse(400, {})
        return "from n"

    async with talk(fallbacks=["n"]) as it:
        it.fake.respond = respond
        assert await ask(it) == "from n"
        assert [(request.model, form_of(request)) for request in it.fake.requests] == [
            ("m", "json_schema"),
            ("m", "json_object"),
            ("n", "json_schema"),
        ]


async def test_a_refusal_for_another_reason_changes_no_form() -> None:
    refusal = Refuse(400, openai_error("The prompt was flagged", "invalid_prompt"))
    async with talk(refusal, "ok") as it:
        with pytest.raises(ModelRefused):
            await ask(it)
        await ask(it)
        assert forms(it) == ["json_schema", "json_schema"]


async def test_an_error_within_the_answer_that_names_the_form_makes_what_came_before_void() -> None:
    """Groq checks the whole answer against the form, when it has streamed some of it."""
    broken = Say(('{"a": ',), ending=openai_error("Failed to generate JSON.", "json_validate_failed"))
    async with talk(broken, '{"a": "b"}') as it:
        assert await ask(it) == '{"a": "b"}'


def test_openai_is_given_a_schema_where_that_costs_no_cached_prefix() -> None:
    """It puts the schema before the system message, so a prompt that begins like the chat's would be found nowhere."""
    kept = replace(ASKED, conversation_key="c0ffee")
    assert plan_request(ASKED, "o5", 70, OPENAI_URL, frozenset(), SCHEMA).form == "json_schema"
    assert plan_request(kept, "o5", 70, OPENAI_URL, frozenset(), SCHEMA).form == "json_object"
    assert plan_request(kept, "m", 70, "http://127.0.0.1:8000/v1", frozenset(), SCHEMA).form == "json_schema"
