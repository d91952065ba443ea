"""Whose tokens are counted, and how many that were."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from memory.types.talk import Conversation, Visibility


class Scope(StrEnum):
    """Whose tokens a limit counts: one user's, those of a server or workspace, or all."""

    USER = "user"
    SPACE = "space"
    ALL = "all"


def spenders(conversation: Conversation, author: str, visibility: Visibility) -> dict[Scope, str]:
    """Whose tokens a call in a conversation takes: scopes, each with its key; without an author it is nobody's own.

    Direct messages are no server's or workspace's, be they in one, as Slack's are; the terminal is one, too.
    """
    keys = {Scope.ALL: ""}
    if author:
        keys[Scope.USER] = f"{conversation.platform}:{author}"
    if visibility is not Visibility.DIRECT:
        keys[Scope.SPACE] = f"{conversation.platform}:{conversation.space}"
    return keys


@dataclass(frozen=True, slots=True)
class Spent:
    """The tokens that one scope has taken on a day, prompts and answers, and whether its limit was lifted for it."""

    tokens: int = 0
    lifted: bool = False
