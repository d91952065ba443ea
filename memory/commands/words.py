"""Reading what stands behind a command: pure."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from memory import phrases
from memory.types import Inbound, Person

_NUMBER = re.compile(r"\d{1,9}")


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a command: its message, that one's id in the inbox, and the words behind the command.

    `progress` shows how far it is, where its answer will stand.
    """

    id: int
    inbound: Inbound
    words: str
    progress: Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ForgetWords:
    """What was asked of `!forget`, read from its words alone."""

    what: Literal["here", "last", "user", "me", "everywhere", "confirm"]
    last: int = 0
    user: str = ""
    user_name: str = ""
    now: bool = False


def words_after_command(text: str) -> str:
    """What follows the first word, whatever blank or line break stands between them."""
    return "".join(text.split(maxsplit=1)[1:]).strip()


def read_forget(words: str, inbound: Inbound) -> ForgetWords | None:
    """The words after `!forget`; nothing when they make no sense."""
    if named := _read_person(words, inbound):
        return named
    terms = words.split()
    now = bool(terms) and terms[-1].casefold() == "now"
    if now:
        terms.pop()
    match [term.casefold() for term in terms]:
        case []:
            return ForgetWords("here", now=now)
        case ["confirm"] if not now:
            return ForgetWords("confirm")
        case ["me"]:
            return ForgetWords("me", user=inbound.author, user_name=inbound.author_name, now=now)
        case ["me", "everywhere"]:
            return ForgetWords("everywhere", user=inbound.author, user_name=inbound.author_name, now=now)
        case ["last"]:
            return ForgetWords("last", last=1, now=now)
        case ["last", number] if _NUMBER.fullmatch(number) and 0 < int(number) <= phrases.MANY:
            return ForgetWords("last", last=int(number), now=now)
    return None


def _read_person(words: str, inbound: Inbound) -> ForgetWords | None:
    person, rest = read_person(words, inbound)
    if person is None or rest not in {"", "now"}:
        return None
    return ForgetWords("user", user=person.user, user_name=person.name, now=bool(rest))


def names_nobody(words: str, inbound: Inbound) -> bool:
    """Whether words begin with a name that is no mention, or one of several: nobody can tell who is meant."""
    return words.startswith("@") and read_person(words, inbound)[0] is None


def read_person(words: str, inbound: Inbound) -> tuple[Person | None, str]:
    """`@Name` at the head of the words, and what follows it in small letters; nobody where that is not all.

    A name may be of several words, even of `now`; who is meant, the platform says.
    """
    if len(inbound.mentions) != 1:
        return None, ""
    person = inbound.mentions[0]
    name = " ".join(f"@{person.name}".split())
    text = " ".join(words.split())
    return (person, text.removeprefix(name).strip().casefold()) if text.startswith(name) else (None, "")
