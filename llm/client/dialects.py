"""Pure: what a server's refusal says, in the dialect of every server.

A server's message is looked at here and never kept: it may quote the prompt, and OpenAI's quotes the key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from llm.client.chat import RESPONSE_FORMAT, SAME_ROLES, SUBSTITUTES
from llm.client.failures import WRONG_KEY, Failure, Kind

_TOO_LONG_MARKS = frozenset(
    {
        "context_length_exceeded",  # code: OpenAI, Azure, OpenRouter, TensorRT-LLM
        "exceed_context_size_error",  # type: llama.cpp since September 2025 (pull request 15780)
        "context_exceeded",  # type: ds4
        "input_tokens",  # param: vLLM since 0.16, whose type and code are those of any bad request
        "input_text",  # param: the same, refused before it was tokenized
    }
)
"""Values of `code`, `type` or `param` that say that the prompt does not fit."""

_TOO_LONG_PHRASES = (
    "maximum context length",  # vLLM before 0.16, SGLang, Mistral, DeepSeek, Fireworks, endpoints behind OpenRouter
    "longer than the maximum model length",  # vLLM before 0.16, counted by its engine
    "longer than the model's context length",  # SGLang, Together
    "exceed_context_size_error",  # Ollama: llama.cpp's whole JSON as the message, under a type of its own
    "prompt too long; exceeded max context length",  # Ollama's own engine
    "context size has been exceeded",  # llama.cpp where the answer outgrows the context, LM Studio (MLX): server_error
    "exceeds the available context size",  # llama.cpp before September 2025
    "model is loaded with context length of",  # LM Studio (GGUF): 200 and a stream of one error, without code or type
    "greater than the context length",  # LM Studio since
    "`inputs` must have less than",  # text-generation-inference
    "`inputs` tokens + `max_new_tokens` must be",  # text-generation-inference: no room left for the answer
    "prompt is too long",  # Anthropic
    "input token count",  # Gemini: "The input token count (…) exceeds …", Vertex: "… is … but model only supports …"
    "maximum prompt length is",  # xAI
    "reduce the length of the messages",  # Groq, and OpenAI where a gateway hands on its words alone
    "exceeds the context window",  # OpenAI, the same
    "exceeded model token limit",  # Moonshot
    "context window exceeds limit",  # MiniMax
    "range of input length should be",  # Qwen (DashScope)
    "too many tokens: ",  # Cohere
    "input is too long for requested model",  # Bedrock, behind a gateway
    "exceeds the maximum allowed input length",  # Poolside, behind OpenRouter
    "contextwindowexceedederror",  # LiteLLM, ahead of any other server's words
)
"""What servers write who offer nothing but words; the one place where words are matched.

(langchain, litellm, opencode and pi keep lists of the same, from their users' reports; earendil-works/pi issue 129 has
the answers of most of the hosted ones.)
"""

_UNSUPPORTED_MARKS = frozenset({"unsupported_parameter", "unknown_parameter"})
"""Values of `code` that say that the server does not know the field that `param` names: OpenAI, Azure."""

_UNSUPPORTED_PHRASE = re.compile(
    r"(?:(?:unsupported|unknown) parameter: "  # gateways that hand on OpenAI's words alone (LiteLLM)
    r"|unrecognized request argument supplied: "  # Azure before 2024-09
    r"|extra_forbidden\W+loc\W+body\W+)"  # older vLLM: the list of Pydantic's errors, printed
    r"\W?(\w+)"
)
"""The same in words, followed by the field."""

_FORM_PHRASES = (
    "response_format",  # OpenAI, DeepSeek ("This response_format type is unavailable now"), LM Studio, Volcengine, xAI
    "response format",  # Groq, of models that know no schema
    "response_schema",  # Gemini, of a schema that it does not take
    "failed to generate json",  # Groq: a model that does not keep to the form, `json_validate_failed`
)
"""What servers write that do not take the form that an answer is asked for in.

(Most name no field in `param`: langchain issue 31490, litellm 6610, lmstudio-bug-tracker 169, agno 2553, llm-exe 662;
OpenRouter hands the words of its providers on in `metadata.raw`: go-openrouter pull request 21.)
"""

_ROLE_PHRASES = (
    "roles must alternate",  # the templates of Mistral and Gemma, whoever renders them (vLLM issue 6862, crush 279)
    "successive user or assistant messages",  # DeepSeek's reasoner (autogen pull request 7229)
)

_WRONG_KEY_REASON = "API_KEY_INVALID"
"""What Gemini gives for the reason in the `details` of a 400 (google-gemini/gemini-cli issue 25198)."""

_WRONG_KEY_PHRASE = "incorrect api key provided"
"""What xAI writes with a 400, and a `code` that says nothing of a key (openai/codex issue 1352)."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def read_failure(model: str, status: int, body: object, headers: Mapping[str, str], now: datetime) -> Failure:
    """Read a server's refusal; `body` is its JSON, with or without the `error` around it, or its text.

    `status` is 0 for an error that came inside a stream: then a number in its `code` is taken for it (llama.cpp,
    OpenRouter). What refuses the key has the code WRONG_KEY, whatever the server's own is.
    """
    if isinstance(body, list) and body:  # Gemini
        body = body[0]
    error = body.get("error", body) if isinstance(body, Mapping) else body
    fields: Mapping[object, object] = error if isinstance(error, Mapping) else {}
    marks = [str(fields[name]) for name in ("code", "type", "param") if isinstance(fields.get(name), str | int)]
    message = fields.get("message", "") if fields else error
    words = message.casefold() if isinstance(message, str) else ""
    handed_on = _at(fields, "metadata", "raw")
    named = [mark for mark in marks if _IDENTIFIER.fullmatch(mark)]
    code = WRONG_KEY if _tells_wrong_key(status, fields, words) else named[0] if named else ""
    return Failure(
        model=model,
        kind=Kind.FILTERED if _is_flagged(fields) else Kind.STATUS,
        status=status or (int(code) if re.fullmatch(r"[45]\d\d", code) else 0),
        code=code,
        retry_after=read_wait(headers, now),
        too_long=_is_too_long(status, marks, words),
        refused=_read_refused(fields, f"{words} {handed_on.casefold()}" if isinstance(handed_on, str) else words),
    )


def _is_too_long(status: int, marks: Sequence[str], words: str) -> bool:
    """Whether the prompt does not fit; one too many for this minute, which is said in much the same words, is not."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return False
    return (
        status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        or not _TOO_LONG_MARKS.isdisjoint(marks)
        or any(phrase in words for phrase in _TOO_LONG_PHRASES)
    )


def _tells_wrong_key(status: int, fields: Mapping[object, object], words: str) -> bool:
    """Whether a 400 says what others say with 401."""
    if status != HTTPStatus.BAD_REQUEST:
        return False
    details = fields.get("details")
    known = [detail for detail in details if isinstance(detail, Mapping)] if isinstance(details, list) else []
    return any(detail.get("reason") == _WRONG_KEY_REASON for detail in known) or _WRONG_KEY_PHRASE in words


def _at(fields: Mapping[object, object], name: str, inner: str) -> object:
    """What stands at a name within a name, or nothing."""
    within = fields.get(name)
    return within.get(inner) if isinstance(within, Mapping) else None


def _is_flagged(fields: Mapping[object, object]) -> bool:
    """Whether a moderation took offence: OpenRouter's 403, told from one for the key by the piece that it quotes.

    (OpenRouter's docs, errors and debugging: ModerationErrorMetadata.)
    """
    metadata = fields.get("metadata")
    return isinstance(metadata, Mapping) and "flagged_input" in metadata


def _read_refused(fields: Mapping[object, object], words: str) -> str:
    """Return the field that the server says it does not know, of those that can be spared, or nothing.

    A field that it knows, with a value that it refuses, is not meant: it would be refused under its other name too.
    The form of an answer is: there are simpler ones; and so are messages of one role behind each other.
    """
    spelled = _UNSUPPORTED_PHRASE.search(words)
    named: list[object] = [spelled[1]] if spelled else []
    if str(fields.get("code")) in _UNSUPPORTED_MARKS:
        named.append(fields.get("param"))
    message = fields.get("message")
    detail = fields.get("detail") or (message.get("detail") if isinstance(message, Mapping) else message)
    for fault in detail if isinstance(detail, list) else []:  # Pydantic's errors: Mistral
        place = fault.get("loc") if isinstance(fault, Mapping) else None
        # ["body", "stream_options", "include_usage"], or without the last; ["body", "response_format", "type"]
        names = place[1:2] if isinstance(place, list) else []
        if isinstance(fault, Mapping) and (fault.get("type") == "extra_forbidden" or names == [RESPONSE_FORMAT]):
            named += names
    if any(phrase in words for phrase in _ROLE_PHRASES):
        return SAME_ROLES
    about_form = str(fields.get("param")).partition(".")[0] == RESPONSE_FORMAT or RESPONSE_FORMAT in named
    if about_form or any(phrase in words for phrase in _FORM_PHRASES):
        return RESPONSE_FORMAT
    return next((name for name in named if isinstance(name, str) and name in SUBSTITUTES), "")


def read_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that a server asks to wait, or None.

    `headers` have names in lower case. `retry-after-ms` is OpenAI's; Retry-After is a number of seconds or a date
    (RFC 9110, 10.2.3). What is neither is ignored.
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value):
            return float(value) * unit
    try:
        moment = parsedate_to_datetime(headers.get("retry-after", ""))
    except (ValueError, OverflowError):
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())
