"""Pure: what a failed attempt at an answer means, and what to do about it.

A `Failure` is read at the border from what the server or the wire told (`read_failure`); `translate` gives it its place
in the tree of `errors.py`, `decide` says whether to ask again, to ask the next model, or to give up.

A server's message is looked at here and never kept: it may quote the prompt, and OpenAI's quotes the key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus

from errors import (
    ContextTooLong,
    EmptyAnswer,
    ModelBusy,
    ModelError,
    ModelMisconfigured,
    ModelRefused,
    ModelUnreachable,
)
from llm.client.chat import SUBSTITUTES

RETRIES = 2
"""How often one model is asked again after a failure that may pass."""

LONGEST_WAIT = 20.0
"""Seconds that a person is left waiting because a server asked for it; a longer wait is the person's own decision."""

FIRST_BACKOFF = 0.5
"""Seconds before the first retry, doubled for each further one."""

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
    "maximum context length",  # vLLM before 0.16, Mistral, endpoints behind OpenRouter
    "exceed_context_size_error",  # Ollama: llama.cpp's whole JSON as the message, under a type of its own
    "context size has been exceeded",  # llama.cpp where the answer outgrows the context, LM Studio (MLX): server_error
    "model is loaded with context length of",  # LM Studio (GGUF): 200 and a stream of one error, without code or type
)
"""What servers write who offer nothing but words; the one place where words are matched."""

_UNSUPPORTED_MARKS = frozenset({"unsupported_parameter", "unknown_parameter"})
"""Values of `code` that say that the server does not know the field that `param` names: OpenAI, Azure."""

_UNSUPPORTED_PHRASE = re.compile(
    r"(?:(?:unsupported|unknown) parameter: "  # gateways that hand on OpenAI's words alone (LiteLLM)
    r"|unrecognized request argument supplied: "  # Azure before 2024-09
    r"|extra_forbidden\W+loc\W+body\W+)"  # older vLLM: the list of Pydantic's errors, printed
    r"\W?(\w+)"
)
"""The same in words, followed by the field."""

_UNPAID = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
_UNKNOWN_MODEL = frozenset({"model_not_found"})
_IDENTIFIER = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Kind(StrEnum):
    """How an attempt failed: the server said so, did not answer, or answered something that is no answer."""

    STATUS = "status"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    MALFORMED = "malformed"
    EMPTY = "empty"
    FILTERED = "filtered"
    UNSENDABLE = "unsendable"


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed attempt.

    `status` is 0 where none is known; `code` is the server's own word for it, or empty; `retry_after` is in seconds.
    `too_long` says that the prompt does not fit. `spent` says that an empty answer ended for its length. `refused` is
    the field that the server does not know, of those that can be spared (`chat.SUBSTITUTES`), or empty.
    """

    model: str
    kind: Kind
    status: int = 0
    code: str = ""
    retry_after: float | None = None
    too_long: bool = False
    spent: bool = False
    refused: str = ""

    @property
    def fields(self) -> dict[str, str | int]:
        """What the log may hold, by name; what is not known is left out."""
        known: dict[str, str | int] = {"model": self.model, "kind": self.kind.value}
        if self.status:
            known["status"] = self.status
        if self.code:
            known["code"] = self.code
        return known

    @property
    def detail(self) -> str:
        """The same in one line."""
        return " ".join(f"{name}={value}" for name, value in self.fields.items())


class Step(StrEnum):
    """What follows a failure."""

    AGAIN = "again"
    NEXT_MODEL = "next model"
    GIVE_UP = "give up"


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows a failure: after `wait` seconds, and for a spent answer with `more_room`."""

    step: Step
    wait: float = 0.0
    more_room: bool = False


def read_failure(model: str, status: int, body: object, headers: Mapping[str, str], now: datetime) -> Failure:
    """Read a server's refusal; `body` is its JSON, with or without the `error` around it, or its text.

    `status` is 0 for an error that came inside a stream: then a number in its `code` is taken for it (llama.cpp,
    OpenRouter).
    """
    error = body.get("error", body) if isinstance(body, Mapping) else body
    fields: Mapping[object, object] = error if isinstance(error, Mapping) else {}
    marks = [str(fields[name]) for name in ("code", "type", "param") if isinstance(fields.get(name), str | int)]
    message = fields.get("message", "") if fields else error
    words = message.casefold() if isinstance(message, str) else ""
    named = [mark for mark in marks if _IDENTIFIER.fullmatch(mark)]
    code = named[0] if named else ""
    return Failure(
        model=model,
        kind=Kind.FILTERED if _is_flagged(fields) else Kind.STATUS,
        status=status or (int(code) if re.fullmatch(r"[45]\d\d", code) else 0),
        code=code,
        retry_after=read_wait(headers, now),
        too_long=status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        or not _TOO_LONG_MARKS.isdisjoint(marks)
        or any(phrase in words for phrase in _TOO_LONG_PHRASES),
        refused=_read_refused(fields, words),
    )


def _is_flagged(fields: Mapping[object, object]) -> bool:
    """Whether a moderation took offence: OpenRouter's 403, told from one for the key by the piece that it quotes.

    (OpenRouter's docs, errors and debugging: ModerationErrorMetadata.)
    """
    metadata = fields.get("metadata")
    return isinstance(metadata, Mapping) and "flagged_input" in metadata


def _read_refused(fields: Mapping[object, object], words: str) -> str:
    """Return the field of SUBSTITUTES that the server says it does not know, or nothing.

    A field that it knows, with a value that it refuses, is not meant: it would be refused under its other name too.
    """
    spelled = _UNSUPPORTED_PHRASE.search(words)
    named: list[object] = [spelled[1]] if spelled else []
    if fields.get("code") in _UNSUPPORTED_MARKS:
        named.append(fields.get("param"))
    message = fields.get("message")
    detail = fields.get("detail") or (message.get("detail") if isinstance(message, Mapping) else message)
    for fault in detail if isinstance(detail, list) else []:  # Pydantic's errors: Mistral
        if isinstance(fault, Mapping) and fault.get("type") == "extra_forbidden":
            place = fault.get("loc")  # ["body", "stream_options", "include_usage"], or without the last
            named += place[1:2] if isinstance(place, list) else []
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
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())


def translate(failure: Failure) -> ModelError:  # noqa: PLR0911 - one return a class of the tree reads best
    """Return the project's own error for a failure; its text is `Failure.detail`."""
    if failure.kind is Kind.EMPTY:
        return EmptyAnswer(failure.detail)
    if failure.kind is Kind.FILTERED:
        return ModelRefused(failure.detail)
    if failure.kind is Kind.UNSENDABLE:
        return ModelMisconfigured(failure.detail)
    if failure.too_long:
        return ContextTooLong(failure.detail)
    match failure.status:
        case 401 | 402 | 403 | 404:
            return ModelMisconfigured(failure.detail)
        case _ if failure.code in _UNPAID | _UNKNOWN_MODEL:
            return ModelMisconfigured(failure.detail)
        case 429:
            return ModelBusy(failure.detail, failure.retry_after)
        case 408 | 409 | 425:
            return ModelUnreachable(failure.detail)
        case status if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return ModelRefused(failure.detail)
        case _:
            return ModelUnreachable(failure.detail)


def decide(failure: Failure, retries: int, emptied: int, jitter: float) -> Decision:
    """Say what follows a failure of a model that was asked again `retries` times, `emptied` times for emptiness.

    `jitter` is from 0 to 1 and spreads the waits of many, so that they do not come back all at once.
    """
    match translate(failure):
        case EmptyAnswer():
            return Decision(Step.GIVE_UP) if emptied else Decision(Step.AGAIN, more_room=failure.spent)
        case ModelBusy() | ModelUnreachable():
            asked_for = failure.retry_after or 0.0
            if retries >= RETRIES or asked_for > LONGEST_WAIT:
                return Decision(Step.NEXT_MODEL)
            backoff = FIRST_BACKOFF * 2**retries
            return Decision(Step.AGAIN, wait=max(asked_for, backoff / 2) + jitter * backoff / 2)
        case ModelRefused() if failure.status:  # each model has its own rules, and OpenRouter says 400 to unknown ones
            return Decision(Step.NEXT_MODEL)
        case ModelMisconfigured() if failure.kind is Kind.STATUS and not _key_is_wrong(failure):
            return Decision(Step.NEXT_MODEL)
        case _:
            return Decision(Step.GIVE_UP)


def _key_is_wrong(failure: Failure) -> bool:
    """Whether the key is to blame: then another model of the same server would refuse it as well."""
    return failure.status in (401, 403) and failure.code not in _UNKNOWN_MODEL
