"""Words made comparable: folded, stemmed, joined by a thesaurus; scripts without spaces by pairs of characters."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict

from llm.offline.thesaurus import FIELDS, GROUPS, IDIOMS, IRREGULAR, STOP, WEAK

# Han, kana, Hangul, Thai, Lao, Myanmar and Khmer: scripts in which a space does not end a word, or ends too long a one.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_UNSPACED}]+|@?[^\W_{_UNSPACED}]+(?:['.-][^\W_{_UNSPACED}]+)*")
_UNSPACED_RUN = re.compile(rf"[{_UNSPACED}]")
_ACCENTS = re.compile("[\u0300-\u036f]")
_IDIOMS = tuple((re.compile(pattern), meaning) for pattern, meaning in IDIOMS)
_INTRODUCTION = re.compile(r"\b[Ii](?:'m| am) ([A-Z][a-z]+)(?=[.,!]|$| and )")
_PEOPLES = re.compile(r"\w{3,}(?:ese|ish|ian|can|man|ist|ic)$")  # `I'm Swedish` is no name
_STOP = frozenset(STOP.split())


def normalize(text: str) -> str:
    """The text in lower case, without accents on letters, with plain apostrophes."""
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")))
    return unicodedata.normalize("NFKC", bare).lower()


def stem(word: str) -> str:
    """An English word without its commonest endings; a light cut, since `likeness` forgives what is left."""
    if word.startswith("@"):
        return word
    word = word.removesuffix("'s")
    if word in _STEMS:
        return _STEMS[word]
    for ending, instead, least in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= least:
            word = word[: len(word) - len(ending)] + instead
            if ending in {"ing", "ed"} and len(word) > _BARE and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    return word.removesuffix("e") if len(word) > _BARE else word  # `drive` and `driving` meet at `driv`


_BARE = 3  # letters: a word this short has no ending
_ENDINGS = (
    ("ments", "", 4), ("ment", "", 4), ("ations", "ate", 3), ("ation", "ate", 3), ("ings", "", 3), ("ing", "", 3),
    ("sses", "ss", 2), ("ies", "y", 2), ("xes", "x", 2), ("ches", "ch", 2), ("shes", "sh", 2), ("ss", "ss", 1),
    ("us", "us", 1), ("is", "is", 1), ("s", "", 3), ("ied", "y", 2), ("ed", "", 3), ("ly", "", 4),
)  # fmt: skip
_STEMS: dict[str, str] = {}
for _entry in IRREGULAR.split(";"):
    _stem, *_forms = _entry.replace(":", " ").split()
    _STEMS |= dict.fromkeys((_stem, *_forms), _stem.removesuffix("e") if len(_stem) > _BARE else _stem)
_BEGINNING = 5  # letters that make one word the beginning of another, as in `retro` and `retrospective`
_WEAK = frozenset(stem(word) for word in WEAK.split())

_HEADS: defaultdict[str, set[int]] = defaultdict(set)
_KINDS: defaultdict[str, set[int]] = defaultdict(set)
for _number, _line in enumerate(GROUPS.replace("\n  ", " ").strip().splitlines()):
    _left, _, _right = _line.partition(">")
    for _word in _left.split():
        _HEADS[stem(_word)].add(_number)
    for _word in _right.split():
        _KINDS[stem(_word)].add(_number)
_FIELDS: defaultdict[str, set[int]] = defaultdict(set)
for _number, _line in enumerate(FIELDS.strip().splitlines()):
    for _word in _line.split():
        _FIELDS[stem(_word)].add(_number)


def words(text: str) -> tuple[str, ...]:
    """The stems of a text that can be compared, in order: idioms replaced, common words left out."""
    plain = normalize(text)
    for pattern, meaning in _IDIOMS:
        plain = pattern.sub(meaning, plain)
    found: list[str] = []
    introduced = _INTRODUCTION.search(text)
    if introduced and not _PEOPLES.match(introduced[1]) and stem(introduced[1].lower()) not in _KINDS:
        found.append("@self")
    for token in _TOKEN.findall(plain):
        if _UNSPACED_RUN.match(token):
            found += [token[at : at + 2] for at in range(max(len(token) - 1, 1))]
        elif (
            token.removesuffix("'s") not in _STOP and "n't" not in token and not token.startswith(("i'", "you'", "we'"))
        ):
            found.append(stem(token))
            if "-" in token or "." in token:
                found += [stem(part) for part in re.split(r"[.-]", token) if part not in _STOP]
    return tuple(found)


def weight(word: str) -> float:
    """How much a word of a question counts towards what it asks for, from 0 to 1."""
    if word in _WEAK:
        return 0.4
    return 1.0 if word.startswith("@") or word in _HEADS or word in _KINDS or word in _FIELDS else 0.6


def likeness(asked: str, said: str) -> float:
    """How near a stem of a statement comes to one of a question, from 0 to 1.

    A notion such as `@self` in a question is met by itself only: not every name is the asker's.
    """
    if asked == said:
        return 1.0
    if asked.startswith("@") and asked not in {"@job", "@origin", "@age", "@money"}:
        return 0.0
    heads, said_heads = _HEADS.get(asked, set()), _HEADS.get(said, set())
    if heads & said_heads:
        return 0.8
    if heads & _KINDS.get(said, set()) or _KINDS.get(asked, set()) & said_heads:
        return 0.7
    shared = next((at for at, (one, other) in enumerate(zip(asked, said, strict=False)) if one != other), None)
    if shared is None:
        shared = min(len(asked), len(said))
    shorter, longer = sorted((len(asked), len(said)))
    if (shared >= max(_BEGINNING - 1, 0.7 * longer) or shared == shorter >= _BEGINNING) and not asked[0].isdigit():
        return 0.7
    return 0.35 if _FIELDS.get(asked, set()) & _FIELDS.get(said, set()) else 0.0


def is_kind(word: str, of: str) -> bool:
    """Whether one stem names a kind of what the other names, as `teal` does of `colour`."""
    return bool(_KINDS.get(word, set()) & _HEADS.get(of, set()))
