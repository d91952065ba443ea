"""Pure: what a failed attempt at an answer means, and what to do about it.

A `Failure` is read at the border from what the server (`dialects.py`) or the wire told; `translate` gives it its place
in the tree of `errors.py`, `decide` says whether to ask again, to ask the next model, or to give up.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from errors import (
    ContextTooLong,
    EmptyAnswer,
    ModelBusy,
    ModelError,
    ModelMisconfigured,
    ModelRefused,
    ModelUnpaid,
    ModelUnreachable,
)
from llm.client.breaker import LONGEST_HOLD

RETRIES = 2
"""How often one model is asked again after a failure that may pass."""

SILENT_RETRIES = 1
"""How often it is after silence, for which a person has waited the whole timeout each time."""

LONGEST_WAIT = 20.0
"""Seconds that a person is left waiting because a server asked for it; a longer wait is the person's own decision."""

FIRST_BACKOFF = 0.5
"""Seconds before the first retry, doubled for each further one."""

WRONG_KEY = "invalid_api_key"
"""OpenAI's code for a key that it does not accept."""

UNPAID_CURE = "the account has no credit left: add some, or use another key"
_UNPAID = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
_UNKNOWN_MODEL = frozenset({"model_not_found"})


class Kind(StrEnum):
    """How an attempt failed.

    The server said so (STATUS); no connection came about (UNCONNECTED), or it broke (CONNECTION); nothing came in time
    (TIMEOUT), or nothing more (SILENCE); or what came is no answer. OPEN: it was not made, for the circuit is open.
    """

    STATUS = "status"
    UNCONNECTED = "unconnected"
    CONNECTION = "connection"
    TIMEOUT = "timeout"
    SILENCE = "silence"
    OPEN = "open"
    MALFORMED = "malformed"
    EMPTY = "empty"
    FILTERED = "filtered"
    UNSENDABLE = "unsendable"


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed attempt.

    `status` is 0 where none is known; `code` is the server's own word for it, or empty; `retry_after` is in seconds.
    `too_long` says that the prompt does not fit. `spent` says that an empty answer ended for its length. `refused` is
    the field that the server does not take, of those that can be spared (`chat.SUBSTITUTES`, and `response_format` for
    the form of the answer), or empty.
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


def translate(failure: Failure) -> ModelError:  # noqa: PLR0911 - one return a class of the tree reads best
    """Return the project's own error for a failure; its text is `Failure.detail`, for an unpaid account with the cure.

    Nobody is told to wait longer than the server is left alone for.
    """
    if failure.kind is Kind.EMPTY:
        return EmptyAnswer(failure.detail)
    if failure.kind is Kind.FILTERED:
        return ModelRefused(failure.detail)
    if failure.kind is Kind.UNSENDABLE or is_redirect(failure.status):
        return ModelMisconfigured(failure.detail)
    if failure.too_long:
        return ContextTooLong(failure.detail)
    if failure.status == HTTPStatus.PAYMENT_REQUIRED or failure.code in _UNPAID:
        return ModelUnpaid(failure.detail, UNPAID_CURE)
    if failure.status in (401, 403, 404) or failure.code in _UNKNOWN_MODEL | {WRONG_KEY}:
        return ModelMisconfigured(failure.detail)
    match failure.status:
        case 429:
            return ModelBusy(failure.detail, _bound(failure.retry_after))
        case 408 | 409 | 425:
            return ModelUnreachable(failure.detail)
        case status if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return ModelRefused(failure.detail)
        case _:
            return ModelUnreachable(failure.detail)


def _bound(wait: float | None) -> float | None:
    return None if wait is None else min(wait, LONGEST_HOLD)


def is_redirect(status: int) -> bool:
    """Whether the server names another address; nobody goes there, for only the configured one may hear a prompt."""
    return HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST


def decide(failure: Failure, retries: int, emptied: int, jitter: float, *, last: bool = False) -> Decision:
    """Say what follows a failure of a model that was asked again `retries` times, `emptied` times for emptiness.

    `jitter` is from 0 to 1 and spreads the waits of many, so that they do not come back all at once. `last` says that a
    dead model is not asked again for this request.
    """
    match translate(failure):
        case EmptyAnswer():
            return Decision(Step.GIVE_UP) if emptied else Decision(Step.AGAIN, more_room=failure.spent)
        case ModelUnreachable() if last or retries >= _retries(failure.kind):
            # Another model of an endpoint that can't be reached can't be reached either.
            return Decision(Step.GIVE_UP if failure.kind is Kind.UNCONNECTED else Step.NEXT_MODEL)
        case ModelBusy() | ModelUnreachable():
            asked_for = failure.retry_after or 0.0
            if retries >= RETRIES or asked_for > LONGEST_WAIT:
                return Decision(Step.NEXT_MODEL)
            backoff = FIRST_BACKOFF * 2**retries
            return Decision(Step.AGAIN, wait=max(asked_for, backoff / 2) + jitter * backoff / 2)
        case ModelRefused() if failure.status:  # each model has its own rules, and OpenRouter says 400 to unknown ones
            return Decision(Step.NEXT_MODEL)
        case ModelMisconfigured() if failure.kind is Kind.STATUS and not _concerns_all(failure):
            return Decision(Step.NEXT_MODEL)
        case _:
            return Decision(Step.GIVE_UP)


def _retries(kind: Kind) -> int:
    return SILENT_RETRIES if kind in (Kind.TIMEOUT, Kind.SILENCE) else RETRIES


def _concerns_all(failure: Failure) -> bool:
    """Whether the key or the address is to blame: then another model of the same server would fail as well."""
    if failure.code == WRONG_KEY:
        return True
    if failure.status in (401, 403):
        return failure.code not in _UNKNOWN_MODEL
    return is_redirect(failure.status)
