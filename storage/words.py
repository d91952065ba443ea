"""How an index writes the words of a text, so that a question finds them however they were written.

Letters are folded (case, accents, full and half width), English endings go, and so do English words that say nothing.
Scripts that put no spaces between words become pairs of letters that stand side by side, and Han also single ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from unicodedata import normalize

from storage.stem import stem

LONGEST = 40
"""Letters of a word that count; what is longer is a hash or a blob."""

# fmt: off
_COMMON = """
a about above after again against all also am an and any are as at be because been before being below between both but
by can cannot could did do does doing don down during each ever few for from further had has have having he her here
hers herself him himself his how i if in into is it its itself just many may me might more most much must my myself no
nor not of off on once one only or other ought our ours ourselves out over own same shall she should so some such than
that the their theirs them themselves then there these they this those through to too under until up us very was we were
what when where which while who whom whose why will with would you your yours yourself yourselves
ah aha haha hello hey hi hmm lol nope oh ok okay please thank thanks wow yeah yep yes
"""
# fmt: on
COMMON = frozenset(_COMMON.split())
"""Words that stand in every text and tell nothing of what it is about."""

_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0640\u064b-\u065f\u0670]")
"""Latin, Greek and Cyrillic accents, the points of Hebrew, the vowel marks of Arabic: few people write them."""

_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_UNSPACED = f"{_HAN}\u0e00-\u0eff\u1000-\u109f\u1780-\u17d3\u3040-\u30ff\u31f0-\u31ff\uac00-\ud7a3"
"""Han, Thai and Lao, Myanmar, Khmer, kana, and Hangul, whose particles hang on its words."""

_MARKED = "\u0900-\u0963\u0966-\u0dff\u0f18-\u0fbc"
"""Scripts of India and Tibet, of which Python counts the vowel signs as no part of a word."""

_WORD = re.compile(f"[{_UNSPACED}]+|(?:(?![{_UNSPACED}])[^\\W_]|[{_MARKED}]|(?<=[^\\W_])'(?=[^\\W_]))+")
_PLAIN_WORD = re.compile("[a-z0-9]+(?:'[a-z0-9]+)*")
_ALL_UNSPACED = re.compile(f"[{_UNSPACED}]")
_ONE_HAN = re.compile(f"[{_HAN}]")


def words_of(text: str) -> Iterator[str]:
    """The words of a text as an index holds them, in their order and as often as they stand there."""
    folded = fold(text)
    for word in (_PLAIN_WORD if folded.isascii() else _WORD).findall(folded):
        if _ALL_UNSPACED.match(word):
            yield from _pairs(word)
        else:
            yield from _plain(word)


def fold(text: str) -> str:
    """A text in small letters, without accents, in the plainest form of every character."""
    if not text.isascii():
        text = _ACCENTS.sub("", normalize("NFKD", text.replace("’", "'")))
        text = normalize("NFC", text.casefold())
    return text.lower()


@lru_cache(maxsize=65_536)
def _plain(word: str) -> tuple[str, ...]:
    """A spelled word: nothing for a common one, `l` and `eau` for an elision."""
    if word.endswith("n't"):
        return ()
    parts = word.removesuffix("'s").split("'")
    if parts[-1] in _ENDINGS:
        parts.pop()
    return tuple(
        stem(part[:LONGEST]) if part.isascii() and part.isalpha() else part[:LONGEST]
        for part in parts
        if part and part not in COMMON
    )


_ENDINGS = frozenset({"re", "ve", "ll", "d", "m"})
"""What English joins to a word with an apostrophe, besides `'s`."""


def _pairs(run: str) -> Iterator[str]:
    """Every two letters side by side, and every Han character, which is often a word."""
    for at, letter in enumerate(run):
        if _ONE_HAN.match(letter) or len(run) == 1:
            yield letter
        if at + 1 < len(run):
            yield run[at : at + 2]
