"""What planning needs besides the transcript: the settings, the clock, and what was learned of the model's tokens."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from zoneinfo import ZoneInfo

from memory.names import name_speakers
from memory.ports import Clock, Count, Store
from memory.prompt import (
    FACTS_HEADING,
    LEARNED_HEADING,
    NO_FACTS,
    Budget,
    Notes,
    Persona,
    Snapshot,
    hear,
    plan_budget,
    plan_prompt,
    render,
    write_facts,
    write_notes,
    write_persona,
)
from memory.ratio import NEWEST, find_ceiling, learn_ratio
from memory.recall import choose_quoted, write_recalled
from memory.scope import audience_of
from memory.types import (
    MESSAGE_TOKENS,
    Audience,
    Conversation,
    CoreSettings,
    Inbound,
    Prompt,
    Recalled,
    Role,
    Shown,
    Thread,
    Turn,
    Usage,
    Visibility,
)

log = logging.getLogger(__name__)

CUT_CURE = "give the model more context (Ollama: OLLAMA_CONTEXT_LENGTH=16384), or lower memory.max_tokens below that"


class Planning:
    """Plans prompts for every conversation; holds no text but the persona."""

    def __init__(self, settings: CoreSettings, count: Count, clock: Clock) -> None:
        self.settings = settings
        self.count = count
        self.clock = clock
        self._zone = ZoneInfo(settings.timezone)
        self._usages: deque[Usage] = deque(maxlen=NEWEST)
        self._ratio = 1.0
        self._warned = False
        self._personas: dict[Visibility, Persona] = {}
        self._budgets: dict[float, Budget] = {}

    async def relearn(self, store: Store) -> None:
        """Read what earlier runs learned of the model's ratio of tokens."""
        self._usages.extend(reversed(await store.usages(self.settings.model, NEWEST)))
        self._learn()

    def learn(self, usage: Usage) -> None:
        """Learn from one more call; those of fallback models say nothing about the model that is planned for."""
        if usage.model == self.settings.model:
            self._usages.append(usage)
            self._learn()
            self._warn_of_cuts()

    def _warn_of_cuts(self) -> None:
        """Say once when the server seems to cut prompts: the model answers as if nothing were missing."""
        ceiling = 0 if self._warned else find_ceiling(self._usages)
        if ceiling:
            self._warned = True
            log.error("prompts seem to be cut", extra={"tokens_read": ceiling, "cure": CUT_CURE})

    def _learn(self) -> None:
        ratio = learn_ratio(self._usages)
        if ratio != self._ratio:
            self._ratio = ratio
            self._budgets.clear()

    def budget(self, shrink: float = 1.0) -> Budget:
        """The budget as of now, or a share of it."""
        if shrink not in self._budgets:
            persona = self.persona(Visibility.PUBLIC).tokens
            self._budgets[shrink] = plan_budget(self.settings, self._ratio, shrink, persona=persona)
        return self._budgets[shrink]

    def persona(self, visibility: Visibility) -> Persona:
        """The system text of conversations with this visibility."""
        if visibility not in self._personas:
            self._personas[visibility] = write_persona(self.settings, visibility, self.count)
        return self._personas[visibility]

    def audience(self, inbound: Inbound) -> Audience | None:
        """Who is told facts in the answer to a message: those who can read it; nobody where no facts are kept."""
        return audience_of(inbound, self.settings.reach) if self.settings.facts else None

    def hear(self, said: Sequence[Inbound], thread: Thread) -> tuple[Turn, ...]:
        """The turns that messages become in their thread."""
        names = name_speakers(said, thread, self.settings.name)
        return tuple(hear(inbound, name, thread, self.count) for inbound, name in zip(said, names, strict=True))

    def weigh(self, turn: Turn, visibility: Visibility) -> int:
        """The tokens of a turn as it stands in the prompts of a conversation that so many can read."""
        return self.count(render(turn, named=visibility is not Visibility.DIRECT))

    def say(self, text: str, answers: str) -> Turn:
        """The turn that an answer becomes; its id derives from that of the message answered."""
        return Turn(
            id=0,
            role=Role.ASSISTANT,
            author="",
            author_name=self.settings.name,
            text=text,
            tokens=self.count(text),
            sent_at=self.clock(),
            message_id=answer_id(answers),
        )

    def snapshot(self, thread: Thread, budget: Budget) -> Snapshot:
        """The facts as they stand in the head of a thread's prompts."""
        text = write_facts(thread.facts, FACTS_HEADING, budget.facts, self.count)
        return Snapshot(text, self.count(text)) if text else NO_FACTS

    def shown(self, thread: Thread, heard: Sequence[Turn], visibility: Visibility) -> Shown | None:
        """What of a thread stands in the prompt that answers what was heard, however much its notes take."""
        budget = self.budget()
        head = self.persona(visibility).tokens + (thread.summary.tokens if thread.summary else 0) + budget.facts
        room = budget.total - head - budget.notes - sum(turn.tokens + MESSAGE_TOKENS for turn in heard)
        most = len(thread.turns) if budget.max_messages is None else max(budget.max_messages - len(heard), 0)
        since = 0
        for turn in list(reversed(thread.turns))[:most]:
            room -= min(turn.tokens, budget.turn) + MESSAGE_TOKENS
            if room < 0:
                break
            since = turn.id
        return Shown(thread.conversation, since) if since else None

    def quoted(self, recalled: Sequence[Recalled]) -> tuple[Recalled, ...]:
        """Which of what was recalled a prompt quotes."""
        return choose_quoted(recalled, self.budget().recalled, self.count, self._zone)

    def prompt(
        self,
        thread: Thread,
        heard: Sequence[Turn],
        visibility: Visibility,
        budget: Budget,
        recalled: Sequence[Recalled] = (),
    ) -> Prompt:
        """The prompt that answers what was heard, with what was recalled for it."""
        learned = write_facts(thread.learned, LEARNED_HEADING, budget.facts, self.count)
        found = write_recalled(recalled, budget.recalled, self.count, self._zone)
        notes = write_notes(self.clock().astimezone(self._zone), learned, found)
        prompt = plan_prompt(
            self.persona(visibility),
            thread,
            heard,
            Notes(notes, self.count(notes)),
            budget,
            self.count,
            named=visibility is not Visibility.DIRECT,
            facts=self.snapshot(thread, budget),
        )
        author = f"{thread.conversation.platform}:{heard[-1].author}"
        return replace(prompt, conversation_key=key_of(thread.conversation), user_key=key_of(author))


def answer_id(message_id: str) -> str:
    """The id of the turn that answers a message."""
    return f"re:{message_id}"


def key_of(name: Conversation | str) -> str:
    """A hash that stands for a conversation or a person before a provider."""
    return sha256(str(name).encode()).hexdigest()[:32]
