"""Slack's JSON at the border: typed looks into it that never raise, whatever stands there."""

from __future__ import annotations

import re
from collections.abc import Mapping

from adapters.text import clean, display_name

Json = Mapping[str, object]
"""A JSON object as it came in."""

_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
"""What can be an id: Slack's are capitals and digits, but for those of events and triggers, and are never so long."""


_NAME = 8_000
"""Characters of a name that are looked at: people's have 80, files' some hundreds."""


def as_map(value: object) -> Json:
    """Take a value for an object; an empty one where it is none."""
    return value if isinstance(value, Mapping) else {}


def map_at(data: Json, key: str) -> Json:
    """The object under a key; an empty one where there is none."""
    return as_map(data.get(key))


def maps_at(data: Json, key: str) -> tuple[Json, ...]:
    """The objects of the list under a key; what is no object is passed over."""
    value = data.get(key)
    return tuple(item for item in value if isinstance(item, Mapping)) if isinstance(value, list) else ()


def text_at(data: Json, *keys: str) -> str:
    """The first text that stands under one of the keys and is not empty, cleaned; empty where there is none."""
    return clean(next((value for key in keys if isinstance(value := data.get(key), str) and value), ""))


def id_at(data: Json, *keys: str) -> str:
    """The first text under one of the keys, if it can be an id; else empty."""
    found = text_at(data, *keys)
    return found if is_id(found) else ""


def ids_at(data: Json, key: str) -> tuple[str, ...]:
    """The ids in the list under a key."""
    value = data.get(key)
    return tuple(item for item in value if isinstance(item, str) and is_id(item)) if isinstance(value, list) else ()


def is_id(text: str) -> bool:
    """Whether a text can be an id."""
    return _ID.fullmatch(text) is not None


def name_at(data: Json, *keys: str) -> str:
    """The first text under one of the keys of which something can be seen, as a name: one line and not too long."""
    return next((name for key in keys if (name := display_name(text_at(data, key)[:_NAME]))), "")


def flag_at(data: Json, key: str) -> bool:
    """Whether `true` itself stands under a key."""
    return data.get(key) is True


def number_at(data: Json, key: str) -> int:
    """The whole number under a key; 0 where there is none."""
    value = data.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
