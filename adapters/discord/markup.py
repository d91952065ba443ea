"""Discord's markup in a message's text, made readable: ids of people, roles, channels and emoji become their names.

The forms are those of https://discord.com/developers/docs/reference#message-formatting.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple

from adapters.text import ITSELF, command_at, gap, uncalled
from memory.types import Person

_MARK = re.compile(
    r"(?:(?<![ \t])(?P<before>[ \t]++))?"
    r"(?:<(?P<kind>@!?|@&|#)(?P<id>[0-9]{15,20})>|<a?:(?P<emoji>\w{1,32}):[0-9]{15,20}>)"
    r"(?P<after>[ \t]*+)"
)
"""Blanks are looked at from their first one on alone: else a message of nothing but blanks takes seconds."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the ids in one text stand for: id → name on one line, each kind with ids of its own."""

    people: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)


class Ids(NamedTuple):
    """The ids that a text holds, each once, in the order in which they first stand there."""

    people: tuple[str, ...]
    roles: tuple[str, ...]
    channels: tuple[str, ...]


class Readable(NamedTuple):
    """A text as a person sees it, and the people whom it names, each once, in their order."""

    text: str
    mentions: tuple[Person, ...]


def ids_in(content: str) -> Ids:
    """Find whom and what a text names, to be looked up before `readable` is called."""
    found: dict[str, dict[str, None]] = {"@": {}, "@&": {}, "#": {}}
    for mark in _MARK.finditer(content):
        if mark["id"]:
            found[mark["kind"].removesuffix("!")][mark["id"]] = None
    return Ids(tuple(found["@"]), tuple(found["@&"]), tuple(found["#"]))


def readable(content: str, names: Names, own: AbstractSet[str] = frozenset()) -> Readable:
    """Write names for ids and take out the mentions of `own`, the ids of the bot and of its role.

    Behind what may be a command they stay as `ITSELF`.

    An id without a known name stays as it was written: it may stand in code, and it still says what it said.
    """
    mentions: dict[str, Person] = {}
    called_at = command_at(content)

    def show(mark: re.Match[str]) -> str:
        if _is_own(mark, own):
            behind = called_at is not None and mark.start() > called_at
            return f"{mark['before'] or ''}{ITSELF}{mark['after']}" if behind else gap(content, *mark.span())
        if mark["kind"] in {"@", "@!"} and mark["id"] in names.people:
            mentions[mark["id"]] = Person(mark["id"], names.people[mark["id"]])
        return f"{mark['before'] or ''}{_name(mark, names)}{mark['after']}"

    start = _MARK.match(content.lstrip())
    text = _MARK.sub(show, content).strip()
    if start is not None and _is_own(start, own):
        text = uncalled(text)
    return Readable(text, tuple(mentions.values()))


def _is_own(mark: re.Match[str], own: AbstractSet[str]) -> bool:
    return mark["id"] in own and mark["kind"] != "#"


def _name(mark: re.Match[str], names: Names) -> str:
    """Say what stands for a mark: a name, or the mark itself where the name is not known."""
    its_id = mark["id"]
    match mark["kind"]:
        case None:
            return f":{mark['emoji']}:"
        case "#" as kind:
            return f"#{names.channels[its_id]}" if its_id in names.channels else f"<{kind}{its_id}>"
        case "@&" as kind:
            return f"@{names.roles[its_id]}" if its_id in names.roles else f"<{kind}{its_id}>"
        case kind:
            return f"@{names.people[its_id]}" if its_id in names.people else f"<{kind}{its_id}>"
