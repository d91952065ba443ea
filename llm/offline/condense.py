"""A summary without any model: the sentences worth keeping, as they were said, within a number of tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from llm.offline.extract import standing
from llm.offline.sentences import Kind, Sentence
from llm.offline.words import normalize
from memory.ports import Count

_WORTH = tuple(
    (re.compile(pattern), worth)
    for pattern, worth in (
        (r"\b(?i:i|my|mine|me|call me)\b|我|私|僕|나|제", 3.0),
        (r"(?i:\bmy name|\bcall me|\bremember|\bdon't forget|\bimportant)", 3.0),
        (r"(?i:\b(?:we|our|us)\b)", 1.0),
        (
            r"(?i:\b(?:deci|agree|chose|choose|promis|will|must|deadline|due|moved|changed|plan|instead|from now on))",
            2.0,
        ),
        (r"\d", 2.0),
        (r"(?<=[a-z,] )[A-Z]\w+|`[^`]+`|https?://|\S+@\S+|\w+[_/]\w+", 1.5),
    )
)


@dataclass(frozen=True, slots=True)
class Dated:
    """A sentence with the day on which it was said, as it is written in the request (empty: unknown)."""

    day: str
    sentence: Sentence


def condense(said: Sequence[Dated], limit: int, count: Count) -> str:
    """At most `limit` tokens of what was said, a list in the order of time; statements before questions and chit-chat.

    What people state about themselves, decisions, numbers and names go before the rest. A statement that a newer one
    replaces is left out, and so is what is said twice. Questions and chit-chat are kept only where nobody states a
    thing.
    """
    unique = {(each.sentence.speaker, normalize(each.sentence.text)): each for each in said}
    lines = sorted(unique.values(), key=lambda each: each.sentence.order)
    valid = set(standing([each.sentence for each in lines if each.sentence.kind is Kind.STATEMENT]))
    chosen = sorted(
        [each for each in lines if each.sentence in valid] or lines,
        key=lambda each: (_worth(each.sentence), each.sentence.order),
        reverse=True,
    )
    fitting, beyond = 0, len(chosen) + 1
    while beyond - fitting > 1:
        middle = (fitting + beyond) // 2
        if count(_render(chosen[:middle])) <= limit:
            fitting = middle
        else:
            beyond = middle
    if fitting or not chosen:
        return _render(chosen[:fitting])
    return _cut(_render(chosen[:1]), limit, count)


def _worth(sentence: Sentence) -> float:
    if sentence.kind is Kind.CHAT:
        return 0.0
    return 1.0 + sum(worth for pattern, worth in _WORTH if pattern.search(sentence.text))


def _render(chosen: Sequence[Dated]) -> str:
    """A line for what one person said on end on one day (`- 2026-11-20 Ana: I live in Lisbon. I have a dog.`)."""
    ordered = sorted(chosen, key=lambda each: each.sentence.order)
    lines = []
    for (day, speaker), group in groupby(ordered, key=lambda each: (each.day, each.sentence.speaker)):
        head = f"{day} {speaker}".strip()
        texts = [each.sentence.text for each in group]
        body = " ".join(text if text[-1] in ".!?…。！？" else f"{text}." for text in texts)
        lines.append(f"- {head}: {body}" if head else f"- {body}")
    return "\n".join(lines)


def _cut(text: str, limit: int, count: Count) -> str:
    while text and count(text) > limit:
        text = text[: len(text) * 4 // 5]
    return text
