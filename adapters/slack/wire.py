"""Slack's JSON at the border: typed looks into it that never raise, whatever stands there."""

from __future__ import annotations

from collections.abc import Mapping

Json = Mapping[str, object]
"""A JSON object as it came in."""


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
    """The first text that stands under one of the keys and is not empty; empty where there is none."""
    return next((value for key in keys if isinstance(value := data.get(key), str) and value), "")


def flag_at(data: Json, key: str) -> bool:
    """Whether `true` itself stands under a key."""
    return data.get(key) is True


def number_at(data: Json, key: str) -> int:
    """The whole number under a key; 0 where there is none."""
    value = data.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
