"""The registry: what commands there are, and what runs them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from memory import phrases
from memory.commands.core import CoreForCommands
from memory.commands.facts import Facts, read_fact_number
from memory.commands.forget import Forget
from memory.commands.usage import UsageToday
from memory.commands.words import Call, words_after_command
from memory.policy import conversation_of
from memory.ports import Clock, Store
from memory.types import CommandSpec, Conversation, CoreSettings, Inbound, Place, Visibility, Waiting

SPECS = (
    CommandSpec("help", "What I can do, and how to talk to me"),
    CommandSpec(
        "forget",
        "Forget this place, the last messages, a person's words, or (anyone) your own",
        "me · me everywhere · last N · @user · fact N",
    ),
    CommandSpec("summary", "What I remember here, and how full my memory is", "now · rebuild"),
    CommandSpec("memory", "What I know about you, and how to correct it", "3 = the right words", discreet=True),
    CommandSpec("remember", "Tell me something about you to keep", "my birthday is 3 May", discreet=True),
    CommandSpec("usage", "How many tokens were used today, and what the limits are", "lift · lift @user · lift all"),
)
NAMES = frozenset(spec.name for spec in SPECS)
FORGET = "forget"
DISCREET = frozenset(spec.name for spec in SPECS if spec.discreet)


class Commands:
    """Runs commands."""

    def __init__(
        self,
        settings: CoreSettings,
        store: Store,
        core: CoreForCommands,
        moderates: Callable[[Inbound], Awaitable[bool]],
        clock: Clock,
        link: Callable[[Place, str], str],
    ) -> None:
        self._settings = settings
        self._store = store
        self._core = core
        self._moderates = moderates
        self._facts = Facts(settings, store, moderates, link)
        self._forget = Forget(settings, store, core, self._is_admin, clock)
        self._runs: Mapping[str, Callable[[Call], Awaitable[str]]] = {
            "help": self._help,
            "forget": self._forget_some,
            "memory": self._facts.show,
            "remember": self._facts.remember,
            "summary": self._summary,
            "usage": UsageToday(settings, store, moderates, clock).run,
        }

    async def run(self, name: str, waiting: Waiting, progress: Callable[[str], Awaitable[None]]) -> str:
        """Run one command and return what to say.

        Raises: ThreadkeeperError, whose sentence is then what to say.
        """
        words = words_after_command(waiting.inbound.text)
        return await self._runs[name](Call(waiting.id, waiting.inbound, words, progress))

    async def _is_admin(self, inbound: Inbound) -> bool:
        """Whether the author may see and change what is remembered: who moderates, and the only human there."""
        return inbound.visibility is Visibility.DIRECT or await self._moderates(inbound)

    async def _help(self, call: Call) -> str:
        return phrases.write_help(self._settings, SPECS, direct=call.inbound.visibility is Visibility.DIRECT)

    async def _forget_some(self, call: Call) -> str:
        number = read_fact_number(call.words)
        return await (self._forget.run(call) if number is None else self._facts.forget(call, number))

    async def _summary(self, call: Call) -> str:
        inbound = call.inbound
        if not await self._is_admin(inbound):
            return phrases.FOR_ADMINS.format(command=f"{self._settings.prefix}summary")
        words = call.words.casefold()
        if words not in {"", "now", "rebuild"}:
            return phrases.SUMMARY_USAGE.format(prefix=self._settings.prefix)
        conversation = conversation_of(inbound, self._settings)
        if inbound.apart and not (await self._store.standing(conversation)).anything:
            return phrases.SUMMARY_APART.format(command=f"{self._settings.prefix}summary {words}".strip())
        head = ""
        if self._core.budget.folds and words == "now":
            folded = await self._core.fold_now(conversation)
            head = phrases.write_folded(folded, self._settings.keep_recent)
        elif self._core.budget.folds and words == "rebuild":
            head = await self._rebuild(call, conversation)
        budget = self._core.budget
        standing = await self._store.standing(conversation, summary=budget.folds, turn_tokens=budget.turn)
        persona = self._core.persona(inbound.visibility)
        return head + phrases.write_summary(standing, budget, persona.tokens, self._settings)

    async def _rebuild(self, call: Call, conversation: Conversation) -> str:
        async def progress(done: int, turns: int) -> None:
            await call.progress(phrases.write_rebuilding(done, turns))

        turns = await self._core.rebuild(conversation, progress)
        return phrases.write_rebuilt(turns, await self._store.standing(conversation))
