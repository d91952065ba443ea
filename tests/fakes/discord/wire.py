"""What crosses the REST border: refusals as Discord words them, and reading a request's JSON key by key.

Source of codes and texts: https://discord.com/developers/docs/topics/opcodes-and-status-codes#json and, for the shape
of a form error, https://discord.com/developers/docs/reference#error-messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from tests.fakes.discord.mentions import AllowedMentions


class Reason(Enum):
    """Why a request is refused: HTTP status, Discord's code, Discord's words."""

    UNAUTHORIZED = (401, 0, "401: Unauthorized")
    NOT_FOUND = (404, 0, "404: Not Found")
    UNKNOWN_CHANNEL = (404, 10003, "Unknown Channel")
    UNKNOWN_GUILD = (404, 10004, "Unknown Guild")
    UNKNOWN_MEMBER = (404, 10007, "Unknown Member")
    UNKNOWN_MESSAGE = (404, 10008, "Unknown Message")
    UNKNOWN_USER = (404, 10013, "Unknown User")
    UNKNOWN_WEBHOOK = (404, 10015, "Unknown Webhook")
    UNKNOWN_INTERACTION = (404, 10062, "Unknown interaction")
    ALREADY_ACKNOWLEDGED = (400, 40060, "Interaction has already been acknowledged.")
    MISSING_ACCESS = (403, 50001, "Missing Access")
    NOT_IN_A_DM = (403, 50003, "Cannot execute action on a DM channel")
    NOT_ITS_AUTHOR = (403, 50005, "Cannot edit a message authored by another user")
    EMPTY = (400, 50006, "Cannot send an empty message")
    NOT_A_TEXT_CHANNEL = (400, 50008, "Cannot send messages in a non-text channel")
    MISSING_PERMISSIONS = (403, 50013, "Missing Permissions")
    WRONG_COUNT = (
        400,
        50016,
        "Provided too few or too many messages to delete. Must provide at least 2 and at most 100",
    )
    INVALID_FORM = (400, 50035, "Invalid Form Body")
    NO_HISTORY = (400, 160002, "Cannot reply without permission to read message history")
    BLOCKED = (400, 200000, "Message was blocked by automatic moderation")
    HARMFUL_LINK = (400, 240000, "Message blocked by harmful links filter")


@dataclass(frozen=True, slots=True)
class FormError:
    """What is wrong with one field of a form."""

    field: str
    code: str
    message: str


class ApiError(Exception):
    """A request that Discord refuses; `form` says which field of an invalid form is at fault."""

    def __init__(self, reason: Reason, form: FormError | None = None) -> None:
        super().__init__(reason.name)
        self.status, self.code, self.message = reason.value
        self.form = form

    def json(self) -> dict[str, object]:
        """The body of the answer."""
        body: dict[str, object] = {"message": self.message, "code": self.code}
        if self.form is not None:
            error = {"code": self.form.code, "message": self.form.message}
            body["errors"] = {self.form.field: {"_errors": [error]}}
        return body


def mapping(value: object) -> Mapping[str, object]:
    """Read a JSON object; anything else is an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[object]:
    """Read a JSON array; anything else is an empty one."""
    return value if isinstance(value, list) else []


def text(body: Mapping[str, object], key: str) -> str:
    """Read a string or an id; where it is absent or null, the empty string."""
    value = body.get(key)
    return "" if value is None else str(value)


def number(body: Mapping[str, object], key: str, default: int = 0) -> int:
    """Read an integer, also one written as a string; a form error where it is neither."""
    value = body.get(key, default)
    try:
        return int(str(value))
    except ValueError:
        form = FormError(key, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        raise ApiError(Reason.INVALID_FORM, form) from None


def allowed_mentions(body: Mapping[str, object]) -> AllowedMentions | None:
    """Read a request's `allowed_mentions`; None where it says nothing."""
    if "allowed_mentions" not in body:
        return None
    value = mapping(body["allowed_mentions"])
    return AllowedMentions(
        parse=frozenset(map(str, items(value.get("parse")))),
        users=frozenset(map(str, items(value.get("users")))),
        roles=frozenset(map(str, items(value.get("roles")))),
        replied_user=value.get("replied_user") is True,
    )
