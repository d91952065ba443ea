"""Which of the bot's turns repeat what was forgotten: pure, over texts. And how large a file is cleaned of it at once.

A reply to somebody else may hold a forgotten word too ("Ann's code is K7"). Such a turn was made from the forgotten
words and goes with them. A word betrays that when it is in them, be it with another ending or a code without hyphens,
and neither everyday English nor in anything that other people said and keep. Rather one turn of the bot too many than
one word that was to be gone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from operator import itemgetter

SCRUB_AT_ONCE_BYTES = 100_000_000
"""Up to this size a database is cleaned before a command answers (VACUUM wrote 100 MB in about a second here)."""

SHORTEST = 2
"""Letters of a word that can tell (somebody is called Bo); a shorter one only if it is a digit."""

EVERYDAY = frozenset(
    re.findall(
        r"\w+",
        """a about after again all also always am an and any are as ask at attached away back be because been before
    being best better both but by call can come could day did do does doing done down each even ever every everyone
    everything few find first for from get give go going gone good got great had has have having he hello help her here
    hers hey hi him his how i if in into is it its just keep kind know known last later least less let like little long
    look lot made make many may maybe me mean might mine more most much must my name need never new next nice no not
    nothing now of off often oh ok okay old on once one only or other our ours out over own part people please put
    question quite rather really right said same saw say says see seem she should since so some somebody someone
    something sometimes soon sorry still such sure take tell than thank thanks that the their theirs them then there
    these they thing things think this those though through time to today tomorrow too two under until up upon us use
    used using very want wants was way we well were what when where which while who whom whose why will with within
    without word work would yes yesterday yet you your yours""",
    )
)
"""Words that tell nothing about who said them; roughly the commonest of English, with those of small talk."""

ENDING = 2
"""Letters more at the end that make another form of a word: Bello, Bellos. Of 100 answers in a talk among others, 7.0
share a word by chance with twenty turns that are forgotten; 7.9 do with two such letters, 8.2 with three (LoCoMo)."""

STEM = 5
"""Letters that a word has at least of which there are other forms."""

WORD = re.compile(r"[\w\u0300-\u036f\u0900-\u0dff]+")
"""Letters and digits, with the marks that vowels are written with in the scripts of India, which are no `\\w`.

The underscore, which is one, has to be taken out before.
"""

_HEAD: Callable[[str], str] = itemgetter(slice(STEM))
"""How a word begins."""

CODE = re.compile(r"(?<![^\W_])[^\W_]++(?:-[^\W_]++)+")
"""What hyphens join; one with a digit is a code, which is written without them too."""

ASCII_GAPS = {code: " " for code in range(128) if not chr(code).isalnum()}
"""Translates what is between the words of an ASCII text: then `split` finds what WORD would, in half the time."""

CONTRACTED = re.compile(r"n't\b|'(?:s|m|d|re|ve|ll)\b")
"""What English hangs on a word; `don't` is as everyday as `do`."""

UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,}")
"""Thai, Lao, Burmese, Khmer, Japanese, Chinese; Korean too, whose names stand together with what follows them."""


def _fold(text: str) -> str:
    """The text without differences of case and of how its letters are put together (Unicode, 3.13.5, D146).

    Without what is hung on words, too.
    """
    folded = text.casefold().replace("’", "'")
    if not folded.isascii():
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKD", folded).casefold())
    return CONTRACTED.sub("", folded) if "'" in folded else folded


def _words(text: str) -> Collection[str]:
    """All words of a text, be they telling or not; of scripts written without spaces, every pair of neighbours."""
    folded = _fold(text)
    codes = _codes(folded) if "-" in folded else []
    if folded.isascii():
        return folded.translate(ASCII_GAPS).split() + codes
    words = {*WORD.findall(folded.replace("_", " ")), *codes}
    for run in UNSPACED.findall(folded):
        words.discard(run)
        words.update(run[i : i + 2] for i in range(len(run) - 1))
    return words


def _codes(folded: str) -> list[str]:
    """The codes of a text, without their hyphens."""
    joined = [run for run in folded.split() if "-" in run and _has_digit(run)]
    return [code.replace("-", "") for run in joined for code in CODE.findall(run) if _has_digit(code)]


def _has_digit(word: str) -> bool:
    return any(c.isdigit() for c in word)


def telling_words(text: str) -> frozenset[str]:
    """The words of a text that can betray it."""
    words = {word for word in _words(text) if len(word) >= SHORTEST or _has_digit(word)}
    return frozenset(words - EVERYDAY)


def find_echo(forgotten: Iterable[str], kept: Iterable[str]) -> Callable[[str], bool]:
    """See `memory.ports.Echo`; a channel has a hundred thousand texts, and nobody is answered meanwhile."""
    betraying: set[str] = set()
    for text in forgotten:
        betraying |= telling_words(text)
    harmless = set(EVERYDAY)
    for text in kept if betraying else ():
        harmless.update(_words(text))
    betraying -= harmless
    long = {word for word in betraying if len(word) >= STEM and not _has_digit(word)}
    shorter = {word[:-less] for word in long for less in range(1, ENDING + 1)}
    heads = {word[:STEM] for word in long}

    def is_form(word: str) -> bool:
        if len(word) < STEM or word in harmless or _has_digit(word):
            return False
        return word in shorter or any(word[:-more] in long for more in range(1, ENDING + 1))

    def repeats(text: str) -> bool:
        if not betraying:
            return False
        words = _words(text)
        if not betraying.isdisjoint(words):
            return True
        return not heads.isdisjoint(map(_HEAD, words)) and any(map(is_form, words))

    return repeats
