"""What crosses the border of the Web API: refusals as Slack names them, and reading arguments one by one.

Source: https://docs.slack.dev/apis/web-api: arguments come in the query, as a form or as JSON, and a refusal is HTTP
200 with `{"ok": false, "error": …}`. In a query or a form everything is a string, nested values are JSON in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

JsonObject: TypeAlias = dict[str, object]
Arguments: TypeAlias = Mapping[str, object]

MAX_PAGE = 1000


class SlackError(Exception):
    """A call that Slack refuses; `name` is Slack's, `more` goes into the answer beside it."""

    def __init__(self, name: str, **more: object) -> None:
        super().__init__(name)
        self.name = name
        self.more = more


class TooFast(Exception):
    """A call that comes too soon; `retry_after` is in whole seconds, as in Slack's header."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("ratelimited")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a Web API method, its arguments without the token."""

    method: str
    args: Arguments


def mapping(value: object) -> Mapping[str, object]:
    """Read a JSON object; anything else is an empty one."""
    return value if isinstance(value, dict) else {}


def text(args: Arguments, key: str) -> str:
    """Read a string; where it is absent or null, the empty string."""
    value = args.get(key)
    return "" if value is None else str(value)


def flag(args: Arguments, key: str) -> bool | None:
    """Read a boolean, also one written as "true" or "1"; None where nothing is said."""
    value = args.get(key)
    return None if value is None else str(value).lower() in {"true", "1"}


def nested(args: Arguments, key: str, error: str) -> object:
    """Read a nested value, given as JSON or as a string of JSON; None where it is absent.

    Raises: SlackError with the given name for a string that is not JSON.
    """
    value = args.get(key)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise SlackError(error) from None


def page_size(args: Arguments, default: int) -> int:
    """Read `limit`; Slack takes up to 1,000.

    Source: https://docs.slack.dev/apis/web-api/pagination. Raises: SlackError invalid_limit.
    """
    given = text(args, "limit")
    if not given:
        return default
    if not given.isdigit() or int(given) > MAX_PAGE:
        raise SlackError("invalid_limit")
    return int(given) or default


def page_start(args: Arguments) -> int:
    """Read where a page begins from `cursor`, which only this fake understands.

    Raises: SlackError invalid_cursor.
    """
    cursor = text(args, "cursor")
    if not cursor:
        return 0
    if not cursor.removeprefix("next:").isdigit():
        raise SlackError("invalid_cursor")
    return int(cursor.removeprefix("next:"))


def next_cursor(end: int, total: int) -> JsonObject:
    """The `response_metadata` of a page that ends before `end`; an empty cursor says that it was the last."""
    return {"response_metadata": {"next_cursor": f"next:{end}" if end < total else ""}}
