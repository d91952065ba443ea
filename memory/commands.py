"""The commands people type, in one registry: the prefix form everywhere, slash commands where a platform has them.

A command answers at once, beside the lane of its conversation, in the place where it was asked.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from errors import StorageUnavailable
from memory import phrases
from memory.forgetting import find_echo
from memory.policy import conversation_of
from memory.ports import Store
from memory.prompt import Budget, Persona
from memory.types import CommandSpec, Conversation, CoreSettings, Forgetting, Inbound, Visibility

CONFIRM_WITHIN = timedelta(minutes=1)

SCRUB_AT_ONCE_BYTES = 100_000_000
"""Up to this size a database is cleaned before the command answers (VACUUM wrote 100 MB in about a second here)."""

SPECS = (
    CommandSpec("help", "What I can do, and how to talk to me"),
    CommandSpec(
        "forget", "Forget this place, the last messages, a person's words, or (anyone) your own", "me · last N · @user"
    ),
    CommandSpec("summary", "What I remember here, and how full my memory is", "now: fold older turns into it at once"),
)
NAMES = frozenset(spec.name for spec in SPECS)

_NUMBER = re.compile(r"\d{1,9}")


class Lanes(Protocol):
    """What commands need of the core."""

    @property
    def budget(self) -> Budget:
        """The budget that prompts are planned under now."""
        ...

    def persona(self, visibility: Visibility) -> Persona:
        """The system text of conversations that so many can read."""
        ...

    async def fold_now(self, conversation: Conversation) -> int:
        """Fold all but the recent turns, and return how many turns that were.

        Raises: ModelError when the fold failed; nothing is changed then.
        """
        ...

    def interrupt(self, forgetting: Forgetting) -> None:
        """Stop the turns under way where something was forgotten; those that still stand begin again."""
        ...


@dataclass(frozen=True, slots=True)
class ForgetWords:
    """What was asked of `!forget`, read from its words alone."""

    what: str
    last: int = 0
    user: str = ""
    user_name: str = ""
    now: bool = False


def words_after_command(text: str) -> str:
    """What follows the first word, whatever blank or line break stands between them."""
    return "".join(text.split(maxsplit=1)[1:]).strip()


def read_forget(words: str, inbound: Inbound) -> ForgetWords | None:
    """The words after `!forget`; nothing when they make no sense.

    `what` is one of "here", "last", "user", "me" and "confirm".
    """
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
        case ["last"]:
            return ForgetWords("last", last=1, now=now)
        case ["last", number] if _NUMBER.fullmatch(number) and 0 < int(number) <= phrases.MANY:
            return ForgetWords("last", last=int(number), now=now)
    return None


def _read_person(words: str, inbound: Inbound) -> ForgetWords | None:
    """`@Name`, whose name may be of several words, even of `now`; who is meant, the platform says."""
    if len(inbound.mentions) != 1:
        return None
    person = inbound.mentions[0]
    name = " ".join(f"@{person.name}".split())
    match " ".join(words.split()).removeprefix(name).casefold():
        case ("" | " now") as rest if words.strip():
            return ForgetWords("user", user=person.user, user_name=person.name, now=bool(rest))
    return None


class Commands:
    """Runs commands, and keeps for a minute what waits to be confirmed."""

    def __init__(
        self,
        settings: CoreSettings,
        store: Store,
        lanes: Lanes,
        is_admin: Callable[[Inbound], Awaitable[bool]],
        clock: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._store = store
        self._lanes = lanes
        self._is_admin = is_admin
        self._clock = clock
        self._asked: dict[tuple[str, str], tuple[Forgetting, datetime]] = {}
        self._runs: Mapping[str, Callable[[Inbound, str], Awaitable[str]]] = {
            "help": self._help,
            "forget": self._forget,
            "summary": self._summary,
        }

    async def run(self, name: str, inbound: Inbound) -> str:
        """Run one command and return what to say.

        Raises: ThreadkeeperError, whose sentence is then what to say.
        """
        return await self._runs[name](inbound, words_after_command(inbound.text))

    async def _help(self, inbound: Inbound, _words: str) -> str:
        return phrases.write_help(self._settings, SPECS, direct=inbound.visibility is Visibility.DIRECT)

    async def _summary(self, inbound: Inbound, words: str) -> str:
        if not await self._is_admin(inbound):
            return phrases.FOR_ADMINS.format(command=f"{self._settings.prefix}summary")
        conversation = conversation_of(inbound, self._settings)
        head = ""
        match words.casefold():
            case "now" if self._lanes.budget.folds:
                folded = await self._lanes.fold_now(conversation)
                head = phrases.write_folded(folded, self._settings.keep_recent)
            case "" | "now":
                pass
            case _:
                return phrases.SUMMARY_USAGE.format(prefix=self._settings.prefix)
        standing = await self._store.standing(conversation, summary=self._lanes.budget.folds)
        persona = self._lanes.persona(inbound.visibility)
        return head + phrases.write_summary(standing, self._lanes.budget, persona.tokens, self._settings)

    async def _forget(self, inbound: Inbound, words: str) -> str:
        prefix = self._settings.prefix
        asked = read_forget(words, inbound)
        if asked is None:
            return phrases.FORGET_USAGE.format(prefix=prefix)
        own = asked.what == "me" or (asked.what == "user" and asked.user == inbound.author)
        if asked.what == "confirm":
            return await self._confirm(inbound)
        if not own and not await self._is_admin(inbound):
            return phrases.FOR_ADMINS.format(command=f"{prefix}forget") + phrases.BUT_ME.format(prefix=prefix)
        forgetting = Forgetting(
            place=inbound.place,
            at=inbound.sent_at,
            user=asked.user,
            last=asked.last,
            owner=conversation_of(inbound, self._settings).user,
        )
        if asked.now:
            return await self._do(forgetting)
        extent = await self._store.extent(forgetting, find_echo)
        if not (extent.turns or extent.summaries or extent.waiting):
            return phrases.NOTHING_TO_FORGET
        self._ask(inbound, forgetting)
        return phrases.write_question(extent, asked.what, asked.user_name, inbound.place, prefix)

    def _ask(self, inbound: Inbound, forgetting: Forgetting) -> None:
        now = self._clock()
        self._asked = {key: value for key, value in self._asked.items() if value[1] > now}
        self._asked[str(inbound.place), inbound.author] = (forgetting, now + CONFIRM_WITHIN)

    async def _confirm(self, inbound: Inbound) -> str:
        """Do what the same person asked here within the last minute; a confirmation serves once."""
        forgetting, until = self._asked.pop((str(inbound.place), inbound.author), (None, self._clock()))
        if forgetting is None or until <= self._clock():
            return phrases.NOTHING_TO_CONFIRM.format(prefix=self._settings.prefix)
        # The newest messages are those that the question counted; everything else goes up to now.
        return await self._do(forgetting if forgetting.last else replace(forgetting, at=inbound.sent_at))

    async def _do(self, forgetting: Forgetting) -> str:
        extent = await self._store.forget(forgetting, find_echo)
        if not (extent.turns or extent.summaries or extent.waiting):
            return phrases.NOTHING_TO_FORGET
        self._lanes.interrupt(forgetting)
        try:
            clean = await self._store.scrub(at_most=SCRUB_AT_ONCE_BYTES)
        except StorageUnavailable:  # forgotten all the same; the scrub is recorded and made up for later
            clean = False
        return phrases.write_forgotten(extent, clean=clean)
