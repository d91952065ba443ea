"""Which of the things said bear on a question: a ranking without any model, a pure function of what it is handed.

A statement is scored by the words of the question that it holds, meant or nearly so (`llm.offline.words.likeness`),
rare ones more than common ones; then by whether it has what the question word asks for (a time, a place, a number, a
name, a kind of `which herb`), by whose and about whom it is, and by its age. Of two statements of one thing the newer
one stands.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llm.offline.sentences import LONGEST, Sentence
from llm.offline.words import is_kind, likeness, normalize, stem, weight, words

MOST = 5
"""Lines quoted at most."""

_ENOUGH = 0.4  # of the question's words, weighed, that a statement must hold to bear on it
_ENOUGH_PAIRS = 0.18  # the same where words are pairs of characters: most of a question's pairs are grammar
_COMPARED = 30  # of the best statements, with one another, for which of them has been replaced
_NEAR = 0.72  # of the best score, for a statement to be quoted beside it
_MOST_HELD = 1.1  # of a word, by a statement in which several words come near it
# What a question asks for, and the words after which a statement names whom or what it is about.
_FOCUS = re.compile(r"\b(?:which|what)(?:'s| is| are)? (?:(?:kind|sort|type)s? of |(?:my|our|the) )?(\w+(?: \w+)?)")
_OWNED = re.compile(r"(?i:\b(?:my|our|his|her|the|an?) |'s )(\w+(?: \w+)?)")
_ALIKE = 0.7  # likeness of words of one group
_PARTS_OF_NAME = frozenset(map(stem, ("surname", "nickname")))
_OTHERS = tuple(
    stem(word)
    for word in ("relative", "spouse", "pet", "friend", "boss", "colleague", "neighbour", "physician", "landlord")
)

_FEW = r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_TIME = (
    r"\d|\b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?s?\b|today|tomorrow|yesterday|tonight"
    r"|noon|midnight|morning|evening|afternoon|week|month|year|spring|summer|autumn|winter|christmas|easter"
    rf"|half past|o'clock|at (?:{_FEW})\b"
    r"|january|february|march|april|may|june|july|august|september|october|november|december"
)
_WHO = r"\bwho(?:m|se)?\b|\bnames?\b|\bcalled\b|\b(?:do|did) \w+ (?:call|christen|name)\b"
_NAMES = (
    r"(?<=\w )(?<!\b[Ii]n )(?<!\b[Aa]t )(?<!\b[Tt]o )(?<!\bfrom )[A-Z]\w+"
    r"|^(?!(?:I|My|We|Our|The|It|You)\b)[A-Z]\w+ (?:is|was|will|\w+s)\b"
    r"|\b(?:my|our) (?:grand\w+|(?:step)?(?:mother|father|brother|sister|son|daughter)|wife|husband|uncle|aunt)\b"
)
_CUES = tuple(
    (re.compile(asked), re.compile(held))
    for asked, held in (  # what a question asks for, and what a statement holds that has it
        (r"\b(?:when|what (?:time|day|date|year|month)|which (?:day|date|year|month))\b", f"(?i:{_TIME})"),
        (
            r"\b(?:where|(?:what|which) (?:place|city|country|town|room|street))\b",
            r"\b(?:in|at|on|near|under|behind|inside|to|from) \w",
        ),
        (
            r"\b(?:how (?:many|much|old|tall|high|long|far|often|big|heavy)|number|pay|cost|price|salary|age|code)\b",
            rf"(?i:\d|\b(?:{_FEW}|\w+teen|\w+ty|every|once|twice|a dozen)\b)",
        ),
        (_WHO, _NAMES),
    )
)
_MINE = re.compile(r"\b(?:i|my|me|mine|we|our|us|ich|mein\w*|mi|je|mon|ma)\b|我|私|僕|俺|나|내|제")
_SINGLE = re.compile(r"\b(?:i|my|me|mine)\b")
_ELSEWHO = re.compile(r"(?:he|she|they|his|her|their)\b")
_YOURS = re.compile(r"\b(?:you|your|yours)\b")
_ADDRESSING = re.compile(r"\b(?:(?:do|did|can|could|would|will|should) you|tell me|you (?:know|remember))\b")
_CHANGED = re.compile(
    r"\b(?:now|actually|no longer|any ?more|instead|switched|changed?|moved|postponed|correction|rather|from now on"
    r"|as of|not .+ but)\b"
)
_DENIES = re.compile(r"\b(?:not|never|no longer)\b|n't\b")
_PAST = re.compile(r"\b(?:used to|formerly|previously|once)\b")
_LEAD = re.compile(
    r"^(?:(?:actually|correction|sorry|no|wait|now|well|so|and|but|update|remember|note|that|please)\b[,: ]*)+"
)
_SLOT = re.compile(
    r"^(?:my|our|the) (.{2,60}?)(?:'s)? ?\b(?:is|are|was|were|will be|has|have|moved|changed|got|starts?)\b"
    r"|^(?:i|we)(?:'m|'ve| am| are| have)? ?(?:now |currently |just )?"
    r"(live|living|reside|work|working|drive|study|studying|moved|use)\b"
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found: `bears` says whether it answers to the question, or is merely the nearest and the newest."""

    quotes: tuple[Sentence, ...]
    bears: bool


@dataclass(frozen=True, slots=True)
class _Scored:
    sentence: Sentence
    held: tuple[float, ...]  # for each word of the question, from 0 to 1, how nearly the sentence holds it
    coverage: float
    score: float


def find_evidence(question: str, asker: str, said: Sequence[Sentence]) -> Evidence:
    """The statements that bear on a question, best and newest first, at most `MOST`.

    `said` are statements only, in any order; `asker` is the name under which the question was asked, empty where names
    are not written. Where nothing bears on it, what comes nearest and then the newest are returned instead.
    """
    question = question[:LONGEST]
    scored = sorted(
        _score(question, asker, said), key=lambda each: (round(each.score, 3), each.sentence.order), reverse=True
    )
    enough = _enough(words(question))
    bearing = [each for each in scored if each.coverage >= enough][:_COMPARED]
    bearing = _latest(bearing)
    if bearing:
        best = bearing[0].score
        return Evidence(tuple(each.sentence for each in bearing if each.score >= _NEAR * best)[:MOST], bears=True)
    newest = sorted(said, key=lambda sentence: sentence.order, reverse=True)
    nearest = [each.sentence for each in scored if each.coverage > 0][:3]
    return Evidence(tuple(dict.fromkeys((*nearest, *newest)))[:MOST], bears=False)


def standing(stated: Sequence[Sentence]) -> list[Sentence]:
    """The statements, in order of time, without those that a newer one of the same person plainly changes."""
    kept: list[Sentence] = []
    replaced: set[tuple[str, tuple[str, ...]]] = set()
    for sentence in sorted(stated, key=lambda each: each.order, reverse=True):
        slot = _slot(sentence.text)
        if slot and (sentence.speaker, slot) in replaced:
            continue
        kept.append(sentence)
        if slot[:1] == ("@self",) or (slot and _CHANGED.search(normalize(sentence.text))):
            replaced.add((sentence.speaker, slot))
    return kept[::-1]


def excerpt(text: str, question: str, length: int) -> str:
    """At most `length` characters of a statement, around its first word that the question asks for."""
    if len(text) <= length:
        return text
    asked = words(question)
    start = 0
    for match in re.finditer(r"\w+", text):
        if any(likeness(each, word) for word in words(match[0]) for each in asked):
            start = max(0, min(match.start() - length // 3, len(text) - length))
            break
    piece = text[start : start + length - 2].strip()
    return f"{'…' if start else ''}{piece}{'…' if start + length - 2 < len(text) else ''}"


def _enough(asked: Sequence[str]) -> float:
    """The threshold for these words: lower where most of them are pairs of characters."""
    pairs = sum(not word.isascii() and len(word) <= 2 for word in asked)  # noqa: PLR2004 - a pair has two
    return _ENOUGH_PAIRS if pairs * 2 > len(asked) else _ENOUGH


def _score(question: str, asker: str, said: Sequence[Sentence]) -> list[_Scored]:
    asked = tuple(dict.fromkeys(words(question)))
    if not asked or not said:
        return []
    held_words = [set(words(f"{sentence.speaker} {sentence.text}")) for sentence in said]
    vocabulary = set().union(*held_words)
    focus = _FOCUS.search(normalize(question))
    focused = set(words(focus[1])) & set(asked) if focus else set()
    near = [_near(each, vocabulary, each in focused) for each in asked]
    held = [tuple(_held(each, present) for each in near) for present in held_words]
    weights = [weight(word) for word in asked]
    rarity = [_rarity(sum(row[at] > 0 for row in held), len(said)) for at in range(len(asked))]
    cues = tuple(found for wanted, found in _CUES if wanted.search(normalize(question)))
    asks_who = bool(re.search(_WHO, normalize(question)))
    newest = max(sentence.order for sentence in said) or 1
    scored = []
    for sentence, present, row in zip(said, held_words, held, strict=True):
        fits = _fits(question, asker, sentence) * (1.0 if asks_who else _about(asked, sentence.text))
        coverage = fits * sum(map(float.__mul__, weights, row)) / sum(weights)
        score = fits * sum(w * r * h for w, r, h in zip(weights, rarity, row, strict=True))
        if any(cue.search(sentence.text) for cue in cues) or any(is_kind(w, each) for each in focused for w in present):
            score, coverage = 1.2 * score, 1.25 * coverage
        elif cues:
            score *= 0.9
        scored.append(_Scored(sentence, row, coverage, score * (1 + 0.05 * sentence.order / newest)))
    return scored


def _near(asked: str, vocabulary: set[str], focused: bool) -> dict[str, float]:
    """The words that come near one of a question; where it is the one asked for (`which herb`), its kinds answer it."""
    likes = {word: like for word in vocabulary if (like := likeness(asked, word))}
    return {word: 0.95 if focused and is_kind(word, asked) else like for word, like in likes.items()}


def _held(near: Mapping[str, float], present: set[str]) -> float:
    """How nearly a statement holds a word: by its nearest one, and a little more where others come near too."""
    likes = sorted((near[word] for word in present if word in near), reverse=True)
    return min(_MOST_HELD, likes[0] + 0.1 * sum(like >= _ALIKE for like in likes[1:])) if likes else 0.0


def _rarity(having: int, total: int) -> float:
    """Inverse document frequency, 1 for a word that no statement holds."""
    return math.log(1 + total / (1 + having)) / math.log(1 + total)


def _fits(question: str, asker: str, sentence: Sentence) -> float:
    """How well the persons of question and statement go together: my name is not his, nor the bot's."""
    asked, said = normalize(question), normalize(sentence.text)
    mine, yours = bool(_MINE.search(asked)), bool(_YOURS.search(_ADDRESSING.sub("", asked)))
    fits = 0.8 if _PAST.search(said) and not _PAST.search(asked) else 1.0
    if mine:
        if _ELSEWHO.match(said) and not _MINE.search(said):
            fits *= 0.8
        elsewhose = asker and sentence.speaker and sentence.speaker != asker and _SINGLE.search(said)
        return fits * 0.3 if elsewhose else fits
    if yours:
        return fits if _YOURS.search(said) else fits * 0.3
    named = normalize(sentence.speaker).split()
    if _SINGLE.search(said) and not (named and any(part in asked for part in named)):
        return fits * 0.6
    return fits


def _about(asked: Sequence[str], said: str) -> float:
    """Less than 1 where only one of the two is about a relative, a pet or a colleague, or each about another one."""
    others = {word for word in words(" ".join(_OWNED.findall(said))) if _other(word)}
    if any(likeness(each, word) for each in asked for word in others):
        return 1.0
    return 0.7 if others or any(map(_other, asked)) else 1.0


def _other(word: str) -> bool:
    """Whether a word means somebody or some animal around a person."""
    return any(likeness(other, word) >= _ALIKE for other in _OTHERS)


def _latest(bearing: Sequence[_Scored]) -> list[_Scored]:
    """Those that no newer statement of the same person supersedes.

    A newer one does so that holds what the older one held of the question, and either speaks of the same thing or says
    that something changed.
    """
    slots = [_slot(each.sentence.text) for each in bearing]
    changes = [bool(_CHANGED.search(normalize(each.sentence.text))) for each in bearing]

    def supersedes(new: int, old: int) -> bool:
        newer, older = bearing[new], bearing[old]
        if newer.sentence.order <= older.sentence.order or newer.sentence.speaker != older.sentence.speaker:
            return False
        if any(now < then - 0.35 for now, then in zip(newer.held, older.held, strict=True)):
            return False
        same = bool(slots[new]) and slots[new] == slots[old]
        return same or (changes[new] and sum(newer.held) >= sum(older.held))

    every = range(len(bearing))
    return [bearing[old] for old in every if not any(supersedes(new, old) for new in every)]


def _slot(text: str) -> tuple[str, ...]:
    """What a statement gives a value to, as stems (`my favourite colour`), or nothing where that is unclear."""
    plain = _LEAD.sub("", normalize(text))
    if _DENIES.search(plain):
        return ()
    held = words(plain)
    if "@self" in held:
        return ("@self", *(word for word in held if word in _PARTS_OF_NAME))
    match = _SLOT.match(plain)
    if match is None:
        return ()
    slot = tuple(word for word in words(match[1] or match[2]) if word not in {"now", "new", "current"})
    if any(likeness(other, word) for other in _OTHERS for word in slot):
        # A dog has a name and a cold: only its name is one thing.
        return (*slot, "call") if {"call", "nam"} & set(words(plain)) else ()
    return slot
