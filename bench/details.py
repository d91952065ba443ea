"""What is exact survives ten folds: `python -m bench.details`.

In 300 turns of small talk three people plant names, numbers, dates, code and commitments. The real planner and the real
check of folds run over them, with a summariser that keeps what it can (it writes down every planted thing it is shown,
newest first, up to the ceiling that it is given) and one that drops everything. The table says which share of what was
planted is in the next request after ten folds, word for word; and what it were without the list of details.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from llm.tokens import load_counter
from memory.fold import SUMMARY_SHARE, Fold, Opening, check_fold, is_due, plan_fold
from memory.fold.details import split_details
from memory.prompt import Notes, plan_budget, plan_prompt, write_persona
from memory.types import Conversation, CoreSettings, Role, Summary, Thread, Turn, Visibility

TURNS, FOLDS = 300, 10
MAX_TOKENS = 7_200
"""So that ten folds fall into that many turns; all else is as the settings have it by default."""

EVERY = 3
"""Every so many turns of people hold something exact: more would be no talk but a table."""

KINDS = ("name", "number", "date", "code", "commitment")
PEOPLE = ("Ann", "Bob", "Cleo")
START = datetime(2026, 1, 1, tzinfo=UTC)
HERE = Conversation("bench", "space", "channel")
PERSONA = "You are a helpful member of this chat."

FIRST = ("Hanna", "Tomás", "Ines", "Jonas", "Mirek", "Aiko", "Leila", "Pavel", "Greta", "Oskar", "Nadia", "Émile")
LAST = ("Vogelsang", "Okafor", "Lindqvist", "Moreau", "Castellano", "Brandt", "Novák", "Haddad", "Tanaka", "Quist")
MONTH = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
THINGS = ("the keys", "the contract", "two test devices", "the floor plan", "the old ledger", "the sound files")
UNITS = ("litres", "kg", "km", "ms", "%", "pages", "EUR")
# fmt: off
WORDS = (
    "the", "keeper", "winds", "a", "long", "thread", "of", "talk", "around", "small", "wooden", "things", "and",
    "nobody", "can", "say", "how", "many", "there", "are", "in", "this", "old", "house", "by", "the", "river",
    "where", "they", "sit", "down", "every", "evening", "with", "some", "bread", "and", "tell", "each", "other",
    "what", "was",
)
# fmt: on

count = load_counter()


@dataclass(frozen=True, slots=True)
class Planted:
    """Something exact that somebody said in a turn, and the words that have to stand in the request."""

    kind: str
    turn: int
    author: str
    words: str


@dataclass
class Talk:
    """The conversation, with what was planted in it."""

    chance: random.Random = field(default_factory=lambda: random.Random(1))
    turns: list[Turn] = field(default_factory=list)
    planted: list[Planted] = field(default_factory=list)

    def chat(self, tokens: int) -> str:
        """Small talk."""
        return " ".join(self.chance.choice(WORDS) for _ in range(tokens))

    def sentence(self, kind: str) -> tuple[str, str]:
        """A sentence with something exact in it, and that."""
        pick = self.chance.choice
        match kind:
            case "name":
                words = f"{pick(FIRST)} {pick(LAST)}"
                return f"We should ask {words} about it.", words
            case "number":
                words = f"{self.chance.randint(13, 9_999)} {pick(UNITS)}"
                return f"It took {words} last time.", words
            case "date":
                words = (
                    f"{self.chance.randint(1, 28)} {pick(MONTH)} at {self.chance.randint(8, 20)}:{pick(('05', '40'))}"
                )
                return f"The next one is on {words}.", words
            case "code":
                words = f"`rotate_spool({self.chance.randint(13, 9_999)})`"
                return f"You have to call {words} before that.", words
            case _:
                words = f"bring {pick(FIRST)} {pick(THINGS)} by {pick(DAYS)}"
                return f"I will {words}.", words

    def ask(self) -> Turn:
        """A person's turn; every few of them hold something exact."""
        number = len(self.turns) // 2
        author = self.chance.choice(PEOPLE)
        text = f"{self.chat(self.chance.randint(15, 100))}."
        if number % EVERY == 0:
            kind = KINDS[number // EVERY % len(KINDS)]
            sentence, words = self.sentence(kind)
            text = f"{text} {sentence} {self.chat(self.chance.randint(4, 20))}."
            self.planted.append(Planted(kind, len(self.turns) + 1, author, words))
        return self._add(Role.USER, author, text, f"{author}: {text}")

    def answer(self) -> Turn:
        """The bot's turn."""
        text = f"{self.chat(self.chance.randint(60, 320))}."
        return self._add(Role.ASSISTANT, "", text, text)

    def _add(self, role: Role, author: str, text: str, shown: str) -> Turn:
        number = len(self.turns) + 1
        sent_at = START + timedelta(minutes=7 * number)
        turn = Turn(number, role, author, author or "Threadkeeper", text, count(shown), sent_at, f"m{number}")
        self.turns.append(turn)
        return turn


Summarise = Callable[[Fold, Sequence[Planted]], str]


def keep_what_fits(fold: Fold, planted: Sequence[Planted]) -> str:
    """Every planted thing that the request shows, a line each, the newest first, up to the ceiling that it names."""
    shown = "\n".join(message.content for message in fold.request.messages)
    lines: list[str] = []
    for each in reversed(planted):
        line = f"{each.author}: {each.words}."
        if each.words in shown and count("\n".join([*lines, line])) <= int(fold.ceiling * SUMMARY_SHARE):
            lines.append(line)
    return "\n".join(lines) or "They talked."


def drop_everything(fold: Fold, planted: Sequence[Planted]) -> str:
    """A summary that says nothing."""
    del fold, planted
    return "They talked about this and that."


@dataclass(frozen=True, slots=True)
class Outcome:
    """The next request after ten folds, what had been planted by then, and what of that had been folded."""

    request: str
    planted: tuple[Planted, ...]
    folded: tuple[Planted, ...]
    turns: int
    summary: Summary


def run(summarise: Summarise, *, listed: bool) -> Outcome:
    """Talk until ten folds are made, and one question more; without `listed`, the lists of details are taken away."""
    settings = CoreSettings(model="bench", offline=False, persona=PERSONA, max_tokens=MAX_TOKENS)
    persona = write_persona(settings, Visibility.PUBLIC, count)
    budget = plan_budget(settings, 1.0, persona=persona.tokens)
    talk, summary, folds = Talk(), Summary("", 0, 0, 0, START), 0
    while len(talk.turns) < TURNS:
        thread = thread_of(talk, summary)
        prompt = plan_prompt(persona, thread, [talk.ask()], Notes("", 0), budget, count, named=True)
        if folds == FOLDS:
            said = "\n".join(message.content for message in prompt.messages)
            before = tuple(each for each in talk.planted if each.turn < len(talk.turns))
            folded = tuple(each for each in before if each.turn <= summary.through)
            return Outcome(said, before, folded, len(talk.turns), summary)
        if is_due(prompt, talk.answer().tokens, budget):
            fold = plan_fold(thread_of(talk, summary), budget, count, Opening(persona), facts=True)
            if fold is None:
                raise AssertionError("what is due can be folded")
            summary = check_fold(fold, summarise(fold, talk.planted), count, START)
            summary = summary if listed else without_details(summary)
            folds += 1
    raise AssertionError(f"{folds} folds in {TURNS} turns")


def without_details(summary: Summary) -> Summary:
    """A summary as it were without the list behind it."""
    text, _ = split_details(summary.text)
    return Summary(text, count(text), summary.through, summary.version, summary.made_at)


def thread_of(talk: Talk, summary: Summary) -> Thread:
    """What a store gives for the conversation."""
    return Thread(HERE, 0, summary if summary.version else None, tuple(talk.turns[summary.through :]))


def share(planted: Sequence[Planted], request: str) -> str:
    """How much of it the request holds."""
    if not planted:
        return "-"
    return f"{sum(each.words in request for each in planted) / len(planted):.0%}"


def print_row(name: str, outcome: Outcome) -> None:
    """A row: the shares by kind, of all, and of what was folded."""
    by_kind = "".join(
        f"{share([each for each in outcome.planted if each.kind == kind], outcome.request):>12}" for kind in KINDS
    )
    print(
        f"{name:<44}{by_kind}{share(outcome.planted, outcome.request):>8}"
        f"{share(outcome.folded, outcome.request):>8}{outcome.summary.tokens:>9}"
    )


def main() -> None:
    """Measure and print."""
    rows = (
        ("keeps what it can", run(keep_what_fits, listed=True)),
        ("  without the list of details", run(keep_what_fits, listed=False)),
        ("drops everything", run(drop_everything, listed=True)),
        ("  without the list of details", run(drop_everything, listed=False)),
    )
    first = rows[0][1]
    print(f"planted in {first.turns} turns: {len(first.planted)}, folded of these: {len(first.folded)} ({FOLDS} folds)")
    kinds = "".join(f"{kind:>12}" for kind in KINDS)
    print(f"{'in the next request, a summariser that …':<44}{kinds}{'all':>8}{'folded':>8}{'summary':>9}")
    for name, outcome in rows:
        print_row(name, outcome)


if __name__ == "__main__":
    main()
