"""What people said, what the model answered and what stands in the end; and from these alone, what is wrong.

Everything said carries a mark of its own (`q-h1`), which the model finds in its prompt; every answer of the model is of
lines that begin with its number and theirs (`a007.003`). So each line that stands anywhere tells which answer it is of,
and each answer, which messages it answers.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

MARK = re.compile(r"\bq-(\w+)")
LINE = re.compile(r"\ba(\d+)\.\d+\b")


class Sort(StrEnum):
    """What a message asks for: an answer, the answer of a command, or only to be remembered."""

    ASK = "ask"
    COMMAND = "command"
    ASIDE = "aside"


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a person, by the platform's id; `mark` stands in its text."""

    mark: str
    place: str
    author: str
    sort: Sort
    message_id: str


@dataclass(slots=True)
class Given:
    """An answer of the model to the messages with these marks; `full` once all of it was sent."""

    number: int
    marks: tuple[str, ...]
    text: str
    full: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """A message of the bot as it stands now; `answers` is the id of the message that it says to answer, or empty."""

    place: str
    message_id: str
    text: str
    answers: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the database holds after a clean stop.

    Turns are (role, message id, text), `open` is what is not settled, `posts` are the messages known to hold replies.
    """

    turns: tuple[tuple[str, str, str], ...]
    open: tuple[str, ...]
    posts: frozenset[str]
    integrity: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: the invariant that does not hold, and for what."""

    invariant: str
    what: str


@dataclass(slots=True)
class Ledger:
    """The record of one story, oldest first.

    `gone` are the marks of what was deleted or forgotten, `edited` words of the last versions of what was edited, by
    mark. `given_up` are the marks of what is met with a sentence, as it has brought the bot down again and again.
    `dropped` are the marks of what the platform lets have no answer, or but a part of one, `taken` the ids of messages
    of the bot that somebody has deleted.
    """

    said: dict[str, Said] = field(default_factory=dict)
    given: list[Given] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    edited: dict[str, str] = field(default_factory=dict)
    given_up: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)

    def note(self, said: Said) -> None:
        """Note what somebody said."""
        self.said[said.mark] = said

    def answers(self, texts: Sequence[str]) -> tuple[str, ...]:
        """The marks of what a prompt asks to be answered, by the texts since the last answer in it.

        They are the messages of one author that wait together: the author of the last one that asks for an answer.
        """
        marks = [mark for text in texts for mark in MARK.findall(text)]
        asks = [self.said[mark] for mark in marks if mark in self.said and self.said[mark].sort is Sort.ASK]
        return tuple(said.mark for said in asks if said.author == asks[-1].author)

    def give(self, marks: tuple[str, ...], lines: Sequence[str]) -> Given:
        """Note an answer that the model begins to give: it numbers the lines, so that they are told from all others."""
        number = len(self.given) + 1
        text = "\n".join(f"a{number:03}.{at:03} {line}" for at, line in enumerate(lines))
        self.given.append(Given(number, marks, text))
        return self.given[-1]


def complete(ledger: Ledger, standing: Sequence[Standing]) -> dict[int, tuple[Standing, ...]]:
    """The answers that can be read in full, by their numbers, with the messages that hold them."""
    found: defaultdict[int, list[Standing]] = defaultdict(list)
    for message in standing:
        for number in numbers_in(message.text):
            found[number].append(message)
    return {
        given.number: tuple(found[given.number])
        for given in ledger.given
        if given.full and _words(found[given.number]) == given.text.split()
    }


def unanswered(ledger: Ledger, standing: Sequence[Standing], *, sentences: bool = False) -> list[str]:
    """The marks of the messages that ask for something and have got nothing yet, oldest first.

    With `sentences`, a sentence of the bot's own is an answer too: it stands where the model has failed.
    """
    whole = complete(ledger, standing)
    answered = {mark for given in ledger.given if given.number in whole for mark in given.marks}
    spoken_to = {message.answers for message in standing if not numbers_in(message.text)}
    return [
        said.mark
        for said in ledger.said.values()
        if said.sort is not Sort.ASIDE
        and said.mark not in ledger.gone | ledger.dropped
        and (said.mark not in answered or said.mark in ledger.given_up)
        and not ((sentences or _wants_sentence(ledger, said)) and said.message_id in spoken_to)
    ]


def _wants_sentence(ledger: Ledger, said: Said) -> bool:
    """Whether the bot answers this in its own words, and the model does not."""
    return said.sort is Sort.COMMAND or said.mark in ledger.given_up


def find_faults(
    ledger: Ledger,
    standing: Sequence[Standing],
    before: Sequence[Standing],
    kept: Kept,
    *,
    sentences: bool = False,
    died_once: bool = False,
) -> list[Fault]:
    """Everything that is wrong in the end; `before` is what stood when the bot died, `sentences` as in `unanswered`.

    What was answered together is torn apart on purpose once the bot has died over it before, so only of one that
    `died_once` it is asked whether it was.
    """
    there = {message.message_id for message in standing}
    return [
        *_reply_faults(ledger, standing, sentences=sentences),
        *_line_faults(ledger, standing),
        *_change_faults(ledger, standing, before),
        *(_tear_faults(ledger, standing, before) if died_once else ()),
        *_turn_faults(ledger, standing, kept),
        *(Fault("unsettled", row) for row in kept.open),
        *(Fault("not noted", message.message_id) for message in standing if message.message_id not in kept.posts),
        *(Fault("noted in vain", post) for post in sorted(kept.posts - there - ledger.taken)),
        *([] if kept.integrity == "ok" else [Fault("integrity", kept.integrity)]),
    ]


def numbers_in(text: str) -> list[int]:
    """The numbers of the answers that a text holds lines of, each once."""
    return list(dict.fromkeys(int(number) for number in LINE.findall(text)))


def _words(messages: Collection[Standing]) -> list[str]:
    return [word for message in messages for word in message.text.split()]


def _reply_faults(ledger: Ledger, standing: Sequence[Standing], *, sentences: bool) -> Iterator[Fault]:
    """Every message that asks has one reply, its own or one shared with its author's others."""
    for mark in unanswered(ledger, standing, sentences=sentences):
        yield Fault("unanswered", mark)
    whole = complete(ledger, standing)
    plain = Counter(message.answers for message in standing if not numbers_in(message.text))
    times = Counter(
        mark
        for given in ledger.given
        if given.number in whole
        for mark in given.marks
        # What a sentence has answered stands unanswered in the next prompt of its author.
        if mark == given.marks[-1] or not (sentences and plain[ledger.said[mark].message_id])
    )
    for said in ledger.said.values():
        if times[said.mark] + plain[said.message_id] > 1:
            yield Fault("answered twice", said.mark)
        elif plain[said.message_id] and not _wants_sentence(ledger, said) and not sentences:
            yield Fault("sentence", said.mark)
        if said.sort is Sort.ASK and said.mark in ledger.gone and times[said.mark] + plain[said.message_id]:
            yield Fault("answered although gone", said.mark)
    known = {said.message_id for said in ledger.said.values()}
    for message in standing:
        if not numbers_in(message.text) and message.answers not in known:
            yield Fault("said to nobody", f"{message.place} {message.text[:60]!r}")


def _line_faults(ledger: Ledger, standing: Sequence[Standing]) -> Iterator[Fault]:
    """No answer stands in part, or with something doubled, or mixed with another."""
    whole = complete(ledger, standing)
    times = Counter(line for message in standing for line in re.findall(r"\ba\d+\.\d+\b", message.text))
    doubled = {int(LINE.findall(line)[0]) for line, number in times.items() if number > 1}
    for number in {number for message in standing for number in numbers_in(message.text)} - whole.keys():
        marks = ledger.given[number - 1].marks
        if number in doubled or not ledger.dropped.issuperset(marks):
            yield Fault("doubled" if number in doubled else "partial", f"answer {number} to {' '.join(marks)}")
    for message in standing:
        if len(numbers_in(message.text)) > 1:
            yield Fault("mixed", f"answers {numbers_in(message.text)} in {message.message_id}")


def _change_faults(ledger: Ledger, standing: Sequence[Standing], before: Sequence[Standing]) -> Iterator[Fault]:
    """What could be read in full when the bot died still reads the same."""
    now = {(message.place, message.message_id): message.text for message in standing}
    for number, messages in complete(ledger, before).items():
        if any(now.get((message.place, message.message_id)) != message.text for message in messages):
            yield Fault("changed", f"answer {number} to {' '.join(ledger.given[number - 1].marks)}")


def _tear_faults(ledger: Ledger, standing: Sequence[Standing], before: Sequence[Standing]) -> Iterator[Fault]:
    """Where an answer to several messages was begun, those are answered, together and with no other."""

    def answered_in(message: Standing) -> list[str]:
        marks = (set(ledger.given[number - 1].marks) - ledger.gone for number in numbers_in(message.text))
        return [" ".join(sorted(each)) for each in marks]

    now = {(message.place, message.message_id): message for message in standing}
    for message in before:
        then = now.get((message.place, message.message_id))
        if then is not None and numbers_in(then.text) and answered_in(then) != answered_in(message):
            yield Fault("torn apart", f"{answered_in(message)}, now {answered_in(then)}")


def _turn_faults(ledger: Ledger, standing: Sequence[Standing], kept: Kept) -> Iterator[Fault]:
    """Everything said is one turn, as it was last said; what is gone is none; what was answered is what was said."""
    heard = Counter(message_id for role, message_id, _ in kept.turns if role == "user")
    texts = {message_id: text for role, message_id, text in kept.turns if role == "user"}
    for said in ledger.said.values():
        wanted = int(said.sort is not Sort.COMMAND and said.mark not in ledger.gone)
        if heard[said.message_id] != wanted:
            name = "turn missing" if heard[said.message_id] < wanted else "turn doubled" if wanted else "turn not gone"
            yield Fault(name, said.mark)
        elif said.mark in ledger.edited and ledger.edited[said.mark] not in texts[said.message_id]:
            yield Fault("edit missed", said.mark)
    whole = complete(ledger, standing)
    recorded = Counter(" ".join(text.split()) for role, _, text in kept.turns if role == "assistant")
    shown = Counter(" ".join(ledger.given[number - 1].text.split()) for number in whole)
    for text in recorded - shown:
        yield Fault("recorded, not said", text[:40])
    for text in shown - recorded:
        yield Fault("said, not recorded", text[:40])
