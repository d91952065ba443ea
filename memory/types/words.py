"""What every room asks of a text: that it can be kept and sent, and which command it calls."""

from __future__ import annotations

from collections.abc import Collection


def well_formed(text: str) -> str:
    """A text that UTF-8 can hold: lone surrogates, which JSON can bring, become U+FFFD, two halves one character."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def call_in(text: str, prefix: str) -> str:
    """The first word of a text behind the prefix, in small letters; empty where it does not begin with the prefix."""
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    return first.removeprefix(prefix).casefold() if first.startswith(prefix) else ""


def command_of(text: str, prefix: str, commands: Collection[str]) -> str:
    """The command that a text calls, by its first word, in either case; empty for none."""
    name = call_in(text, prefix)
    return name if name in commands else ""
