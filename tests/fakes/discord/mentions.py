"""Whom a message pings: pure.

Source: https://discord.com/developers/docs/resources/message#allowed-mentions-object.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

USER = re.compile(r"<@!?(\d{15,20})>")
ROLE = re.compile(r"<@&(\d{15,20})>")
EVERYONE = re.compile(r"@(?:everyone|here)\b")


@dataclass(frozen=True, slots=True)
class AllowedMentions:
    """The `allowed_mentions` of a request, parsed; empty, as by default here, nobody is pinged."""

    parse: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    replied_user: bool = False


@dataclass(frozen=True, slots=True)
class Pings:
    """The users, roles and everyone whom a message notifies."""

    users: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    everyone: bool = False


ALL = AllowedMentions(parse=frozenset({"users", "roles", "everyone"}), replied_user=True)
"""What holds for a message that says nothing about allowed mentions."""


def find_pings(text: str, allowed: AllowedMentions, replied_to: str | None = None, *, may_everyone: bool) -> Pings:
    """Read the mentions written in `text`, each once and in order, as far as `allowed` lets them notify.

    `replied_to` is the author of the message replied to.
    """
    users = [user for user in USER.findall(text) if "users" in allowed.parse or user in allowed.users]
    if replied_to is not None and allowed.replied_user:
        users.append(replied_to)
    roles = (role for role in ROLE.findall(text) if "roles" in allowed.parse or role in allowed.roles)
    everyone = may_everyone and "everyone" in allowed.parse and EVERYONE.search(text) is not None
    return Pings(_once(users), _once(roles), everyone)


def _once(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))
