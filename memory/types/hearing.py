"""Who may hear what: who can read a place, who reads a reply, and what is known about a person.

A scope names all who could read something where and when it was said: everyone of a space, of a channel, of a private
thread. What was said is heard only where all who can read the reply are in its scope, then and now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from memory.types.talk import ADULT, Access, Place, Visibility


@dataclass(frozen=True, slots=True)
class Audience:
    """Who can read a reply: all who can read its place. There is no reading of facts or for recall without one.

    `user` is who asked. A `narrow` one is told nothing from other channels: people from elsewhere read along, a guest
    asks, or the operator wants it so.
    """

    place: Place
    access: Access
    user: str = ""
    narrow: bool = False

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes whose words it may hear, as far as their channels are still as open as they were then.

        Whoever reads a private thread can read its channel, and whoever reads a channel is of its space.
        """
        place, access = self.place, self.access
        heard = [Access(Visibility.PUBLIC)]
        if access.visibility is Visibility.DIRECT:
            heard.append(Access(Visibility.DIRECT))
        elif access.visibility is Visibility.PRIVATE or access.enclosed:
            heard.append(Access(Visibility.PRIVATE))
            if access.enclosed:
                heard.append(Access(Visibility.PRIVATE, enclosed=True))
        scopes = [one.scope(place) for one in heard]
        return tuple(scopes + [scope + ADULT for scope in scopes]) if access.restricted else tuple(scopes)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that a person said about himself, and where that is to be found.

    `slot` names what it is about (`city`), `value` is what holds, `quote` the words that say so, which stand in the
    message. `number` is the person's own count of his facts, and stays; 0 is one that is not stored yet. `before` is
    the value that it replaces, where that may be heard too. A newer fact of the same slot replaces an older one.
    """

    number: int
    user: str
    name: str
    slot: str
    value: str
    quote: str
    place: Place
    message_id: str
    said_at: datetime
    access: Access
    before: str = ""


@dataclass(frozen=True, slots=True)
class FactCount:
    """How many facts are kept about a person in a space; admins see no more of them."""

    user: str
    name: str
    facts: int


def newest_of_each_slot(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """The facts that hold: of every person and slot the newest, each with the last other value that it replaces.

    Of two that were said at the same time, the one that is given last is the newer.
    """
    newest: dict[tuple[str, str], Fact] = {}
    for fact in sorted(facts, key=lambda fact: fact.said_at):
        older = newest.get((fact.user, fact.slot))
        before = "" if older is None else older.before if older.value == fact.value else older.value
        newest[fact.user, fact.slot] = replace(fact, before=before)
    return tuple(sorted(newest.values(), key=lambda fact: (fact.user, fact.number)))
