"""What is remembered of the newest things alone."""

from __future__ import annotations

from memory.types import Recent


def test_for_one_too_many_the_oldest_goes() -> None:
    recent = Recent[str, int](2)
    for number, key in enumerate("abc"):
        recent[key] = number
    assert dict(recent) == {"b": 1, "c": 2}


def test_what_is_set_again_is_the_newest_again() -> None:
    recent = Recent[str, int](2)
    for number, key in enumerate("abac"):
        recent[key] = number
    assert list(recent.items()) == [("a", 2), ("c", 3)]


def test_what_is_taken_out_leaves_room_for_another() -> None:
    recent = Recent[str, None](2)
    recent["a"] = recent["b"] = None
    del recent["b"]
    recent["c"] = None
    assert list(recent) == ["a", "c"]
