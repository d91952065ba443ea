"""What a provider's prefix cache makes of a conversation: `python -m bench.cache`.

Four hundred turns go through the real planner, a prompt and, where it is due, a fold at a time. Every request is laid
beside the one before it: their common beginning, in steps of 128 tokens from 1,024 on, counts as cached (OpenAI's guide
to prompt caching). The cost is of input alone, in tokens at the full price, that of the summariser included.

The workload: `random.Random(1)`, turns of (randint(15, 120), randint(60, 320)) tokens for question and answer, a system
text of 500 tokens, facts of 250 and a summary of 600 that change at every fold, recalled notes of 600 in every prompt,
a fold above 8,000 tokens down to 3,000.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import takewhile

from llm.tokens import load_counter, load_encoding
from memory.fold import Opening, check_fold, is_due, plan_fold
from memory.prompt import FOLD_SHARE, SUMMARY_HEADING, Budget, Notes, Persona, Snapshot, plan_budget, plan_prompt
from memory.types import MESSAGE_TOKENS, Conversation, CoreSettings, Prompt, Role, Summary, Thread, Turn

TURNS = 400
SYSTEM, FACTS, SUMMARY, RECALLED = 500, 250, 600, 600
CEILING, LOW = 8_000, 3_000
KEPT_TURNS = 20
"""Turns that a summary which is rewritten every turn leaves word for word."""

FIRST, STEP = 1_024, 128
PRICES = (0.1, 0.5)
"""What a cached token costs of a full one: OpenAI's newer models, and its older ones and Groq."""

START = datetime(2026, 1, 1, tzinfo=UTC)
HERE = Conversation("bench", "space", "channel")
# fmt: off
WORDS = (
    "the", "keeper", "winds", "a", "long", "thread", "of", "talk", "around", "small", "wooden", "things", "and",
    "nobody", "can", "say", "how", "many", "there", "are", "in", "this", "old", "house", "by", "the", "river",
    "where", "they", "sit", "down", "every", "evening", "with", "some", "bread", "and", "tell", "each", "other",
    "what", "was",
)
# fmt: on

count = load_counter()
SINGLE = [word for word in WORDS if count(word) == count(f" {word}") == 1]
"""Those that are one token each, wherever they stand."""


@lru_cache(maxsize=4096)
def encode(text: str) -> tuple[int, ...]:
    """The tokens of a message."""
    return tuple(load_encoding().encode_ordinary(text))


@dataclass
class Bill:
    """What one layout sent: chat input and summariser input, in full and as far as it was cached, and the folds."""

    chat: int = 0
    chat_cached: int = 0
    summariser: int = 0
    summariser_cached: int = 0
    folds: int = 0
    longest: int = 0
    _last: list[int] = field(default_factory=list)

    def send(self, prompt: Prompt, *, chat: bool) -> None:
        """Bill one request."""
        tokens: list[int] = []
        for message in prompt.messages:
            tokens += [-len(message.role)] * MESSAGE_TOKENS
            tokens += encode(message.content)
        common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(tokens, self._last, strict=False)))
        cached = common // STEP * STEP if common >= FIRST else 0
        self._last = tokens
        self.longest = max(self.longest, len(tokens))
        if chat:
            self.chat += len(tokens)
            self.chat_cached += cached
        else:
            self.summariser += len(tokens)
            self.summariser_cached += cached
            self.folds += 1

    def cost(self, price: float) -> float:
        """Tokens at the full price, a turn."""
        cached = self.chat_cached + self.summariser_cached
        return (self.chat + self.summariser - cached * (1 - price)) / TURNS


@dataclass
class Talk:
    """The conversation as it grows, the same for every layout."""

    chance: random.Random = field(default_factory=lambda: random.Random(1))
    words: random.Random = field(default_factory=lambda: random.Random(2))
    turns: list[Turn] = field(default_factory=list)
    summary: Summary | None = None

    def speak(self, tokens: int) -> str:
        """Words of exactly so many tokens."""
        text = " ".join(self.words.choice(SINGLE) for _ in range(tokens))
        if count(text) != tokens:
            raise AssertionError("every word is one token")
        return text

    def add(self, role: Role, tokens: int) -> Turn:
        """One more turn of so many tokens."""
        number = len(self.turns) + 1
        sent_at = START + timedelta(minutes=number)
        author = "ann" if role is Role.USER else ""
        turn = Turn(number, role, author, "Ann", self.speak(tokens), tokens, sent_at, f"m{number}")
        self.turns.append(turn)
        return turn

    @property
    def thread(self) -> Thread:
        """What a store gives for it."""
        through = self.summary.through if self.summary else 0
        return Thread(HERE, 0, self.summary, tuple(self.turns[through:]))


def plan(max_tokens: int) -> Budget:
    """The budget of the workload under a ceiling of a whole prompt."""
    settings = CoreSettings(max_tokens=max_tokens, keep_tokens=LOW, summary_tokens=SUMMARY)
    return plan_budget(settings, 1.0, persona=SYSTEM)


def run(budget: Budget, *, shares: bool, every_turn: bool = False) -> Bill:
    """Have the conversation under a budget; `shares` says that the chat's own model summarises."""
    talk, bill = Talk(), Bill()
    text = talk.speak(SYSTEM)
    persona = Persona(text, count(f"{text}\n\n{SUMMARY_HEADING}\n"))
    facts = Snapshot(talk.speak(FACTS), FACTS)
    for _ in range(TURNS):
        before = talk.thread
        asked = talk.add(Role.USER, talk.chance.randint(15, 120))
        recalled = talk.speak(RECALLED - 1) + "\n"
        prompt = plan_prompt(
            persona, before, [asked], Notes(recalled, RECALLED), budget, count, named=False, facts=facts
        )
        bill.send(prompt, chat=True)
        answer = talk.add(Role.ASSISTANT, talk.chance.randint(60, 320))
        if not (budget.folds and every_turn) and not is_due(prompt, answer.tokens, budget):
            continue
        while fold := plan_fold(
            talk.thread, budget, count, Opening(persona, facts, named=False) if shares else None, facts=True
        ):
            bill.send(fold.request, chat=False)
            talk.summary = check_fold(fold, talk.speak(SUMMARY), count, START)
            facts = Snapshot(talk.speak(FACTS), FACTS)
    return bill


def main() -> None:
    """Measure and print."""
    folding = plan(round(CEILING / FOLD_SHARE))
    window = replace(plan(CEILING), folds=False)
    rewriting = replace(plan(CEILING), keep=0, keep_recent=KEPT_TURNS)
    rows = (
        ("summary rewritten every turn", run(rewriting, shares=False, every_turn=True)),
        ("sliding window", run(window, shares=False)),
        ("folds, another model summarises", run(folding, shares=False)),
        ("folds, the chat's own model does", run(folding, shares=True)),
    )
    print(
        f"{TURNS} turns, a fold above {CEILING:,} tokens down to {LOW:,}; cost: input tokens at the full price, a turn"
    )
    costs = "".join(f"{f'cost at {price}':>14}" for price in PRICES)
    print(f"{'layout':<34}{'chat cached':>12}{'folds':>7}{'fold cached':>13}{'longest':>9}{costs}")
    for name, bill in rows:
        folded = f"{bill.summariser_cached / bill.summariser:.0%}" if bill.summariser else "-"
        shown = "".join(f"{bill.cost(price):>14,.0f}" for price in PRICES)
        print(f"{name:<34}{bill.chat_cached / bill.chat:>12.1%}{bill.folds:>7}{folded:>13}{bill.longest:>9,}{shown}")


if __name__ == "__main__":
    main()
