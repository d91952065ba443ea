"""Porter's stemmer: English words without their endings, so that "painted" is found by "painting".

M. F. Porter, "An algorithm for suffix stripping", Program 14 (1980) 130–137, with the two endings that its author
changed later (`-bli` and `-logi`; tartarus.org/martin/PorterStemmer). The names of the steps are his.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

# fmt: off
_STEP_2 = (
    ("ational", "ate"), ("ization", "ize"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"),
    ("tional", "tion"), ("biliti", "ble"), ("entli", "ent"), ("ousli", "ous"), ("ation", "ate"), ("alism", "al"),
    ("aliti", "al"), ("iviti", "ive"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("alli", "al"),
    ("ator", "ate"), ("logi", "log"), ("bli", "ble"), ("eli", "e"),
)
_STEP_3 = (
    ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ness", ""), ("ful", ""),
)
_STEP_4 = (
    "ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ion", "ism", "ate", "iti", "ous", "ive", "ize",
    "al", "er", "ic", "ou",
)
# fmt: on

_SHORTEST = 3
"""Shorter words stay as they are, as in Porter's own programs."""


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The stem of a word of small letters from a to z; it need not be a word."""
    if len(word) < _SHORTEST:
        return word
    word = _step_1(word)
    word = _replace(_replace(word, _STEP_2), _STEP_3)
    return _step_5(_step_4(word))


def _step_1(word: str) -> str:
    """Plurals, past tenses and participles; a `y` at the end becomes an `i`."""
    if word.endswith(("sses", "ies")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    if word.endswith("eed"):
        if _measure(word[:-3]) > 0:
            word = word[:-1]
    else:
        for ending in ("ed", "ing"):
            rest = word.removesuffix(ending)
            if rest != word and "v" in _kinds(rest):
                word = _restore(rest)
                break
    return f"{word[:-1]}i" if word.endswith("y") and "v" in _kinds(word[:-1]) else word


def _restore(word: str) -> str:
    """What is left of a past tense or participle, as the verb is written."""
    if word.endswith(("at", "bl", "iz")):
        return f"{word}e"
    if word[-2:-1] == word[-1] and _kinds(word)[-1] == "c" and word[-1] not in "lsz":
        return word[:-1]
    return f"{word}e" if _measure(word) == 1 and _is_short(word) else word


def _replace(word: str, endings: Sequence[tuple[str, str]]) -> str:
    """The word with its longest ending of these exchanged, where enough of it is left; they are sorted by length."""
    for ending, other in endings:
        if word.endswith(ending):
            rest = word.removesuffix(ending)
            return rest + other if _measure(rest) > 0 else word
    return word


def _step_4(word: str) -> str:
    for ending in _STEP_4:
        if word.endswith(ending):
            rest = word.removesuffix(ending)
            whole = ending == "ion" and not rest.endswith(("s", "t"))
            return word if whole or _measure(rest) <= 1 else rest
    return word


def _step_5(word: str) -> str:
    rest = word.removesuffix("e")
    if rest != word and (_measure(rest) > 1 or (_measure(rest) == 1 and not _is_short(rest))):
        word = rest
    return word[:-1] if word.endswith("ll") and _measure(word) > 1 else word


def _measure(stem_: str) -> int:
    """How often a vowel is followed by a consonant: Porter's m."""
    return _kinds(stem_).count("vc")


def _is_short(stem_: str) -> bool:
    """Whether it ends consonant, vowel, consonant, the last none of w, x and y: Porter's *o."""
    return _kinds(stem_).endswith("cvc") and stem_[-1] not in "wxy"


def _kinds(word: str) -> str:
    """A `v` for every vowel and a `c` for every consonant; a `y` behind a consonant is a vowel."""
    kinds = ""
    for letter in word:
        kinds += "v" if letter in "aeiou" or (letter == "y" and kinds.endswith("c")) else "c"
    return kinds
