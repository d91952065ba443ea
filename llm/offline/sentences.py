"""What people said, sentence by sentence: which sentences state something, which ask, and which are chit-chat."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """What a sentence does."""

    STATEMENT = auto()
    QUESTION = auto()
    CHAT = auto()


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence as it was written, with who wrote it (empty: unknown).

    `order` rises with time among all sentences that are compared.
    """

    text: str
    kind: Kind
    speaker: str = ""
    order: int = 0


LONGEST = 600
"""Characters of a sentence; longer ones are pasted text, cut so that comparing stays quick."""

_SUBJECT = (
    r"(?:i|you|we|he|she|it|they|my|your|our|his|her|their|the|this|that|there|any\w*|some\w*|everyone|these|those)"
)
_WH = r"(?:what|which|who|whom|whose|where|when|why|how)(?:'s|'re|'d|s)?"
_BREAK = re.compile(
    r"(?<=[.!?…])(?<!\bDr\.)(?<!\bMr\.)(?<!\bMs\.)(?<!\bMrs\.)(?<!\bSt\.)(?<!\bNo\.)(?<!\b[a-z]\.[a-z]\.)[\"')\]]*\s+"
    r"|(?<=[。！？])|\n+"
)
_LIST_MARK = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
_PRONOUN = re.compile(r"(?:he|she|it|its|they|his|her|their|that|this|there)\b", re.IGNORECASE)
_TAG = re.compile(
    r",?\s*\b(?:ok|okay|right|remember|you know|got it|isn't it|alright|yes|no|please)\s*\?+$", re.IGNORECASE
)
_TELLS = re.compile(
    r"(?:ok(?:ay)?,? |hey,? |so,? |and |but )*(?:please,? )?(?:(?:can|could|will|would) you (?:please )?)?"
    r"(?:remember|note|keep in mind|don't forget|never forget|remind me to|fyi)\b"
    r"(?! (?:me|my|our|what|when|where|who|how|which)\b[^.]*\?)",
    re.IGNORECASE,
)
_ASKS = re.compile(
    rf"(?:(?:hey|hi|hello|so|and|but|ok|okay|well|now|please|then|also|bot)\b[,:]? ?)*(?:"
    rf"(?:what|how) about\b|(?:in|at|on|to|for|from|by|with|of|about|since|until) (?:what|which|whom?|whose)\b"
    rf"|{_WH}(?! (?:{_SUBJECT})\b(?! \w+$)| an? )\b(?!,)"
    rf"|(?:who|what) (?:i am|am i|my|is|are|was|were)\b"
    rf"|(?:do|does|did|is|are|am|was|were|can|could|will|would|shall|should|have|has|had|may|isn't|aren't|don't|doesn't|didn't)"
    rf" {_SUBJECT}\b"
    rf"|(?:tell|show|give|remind|ask) (?:me|us)\b(?! to\b)"
    rf"|(?:list|name|say|recall|repeat|summari[sz]e|explain|describe|translate|write|find|guess)"
    rf" (?:me|us|my|our|the|a|an|all|every\w*|what|who|where|when|how|this|that)\b"
    rf"|(?:i|we) (?:forgot|forget|wonder|want to know|need to know|would like to know|'d like to know|"
    rf"don't (?:know|remember)|can't (?:remember|recall)) (?:{_WH}|if|whether)\b"
    rf")",
    re.IGNORECASE,
)
# Chinese, Japanese, Korean and some of Europe, where the mark is left out.
_ASKS_ELSEWHERE = re.compile(
    r"(?:[吗嗎呢か]|ですか|ますか|까|나요|は)[。.]?$|什[么麼]|甚麼|谁|誰|哪|几点|幾|多少|怎|何|どこ|どの|どれ|いつ|누구|어디|언제|무엇|뭐|몇"
    r"|^(?:wie|wo|wer|wann|warum|welche[rs]?|c[oó]mo|d[oó]nde|cu[aá]ndo|qui[eé]n|qu[eé]|cu[aá]l|o[uù]|quand|comment|quel(?:le)?s?|qui"
    r"|dove|quando|chi|quale|onde|quem|qual) \w",
    re.IGNORECASE,
)
_CHAT = re.compile(
    r"(?:(?:hi|hey|hello|yo|hiya|good (?:morning|evening|night|day|afternoon)|thanks?(?: you)?|thx|ty|please|ok(?:ay)?"
    r"|cool|nice|great|lol|haha\w*|yes|yeah|yep|no|nope|sure|bye|goodbye|see you|wow|hm+|oh|ah|well|so much|very much"
    r"|a lot|all|there|everyone|again|bot|good|got it|i see|sounds good|how are you"
    r"|hallo|danke|hola|gracias|salut|merci|ciao|you're welcome|no problem|awesome|perfect)\b[\s,!.~:)]*)+",
    re.IGNORECASE,
)


def classify(sentence: str) -> Kind:
    """What one sentence does; a question need not end in a question mark, and one that only seeks assent states."""
    plain = sentence.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").strip(" \t\"'“”*_>")
    tagged = _TAG.sub("", plain)
    if len(tagged.split()) > 2:  # noqa: PLR2004 - “right?” alone asks
        plain = tagged
    if not any(character.isalnum() for character in plain) or _CHAT.fullmatch(plain):
        return Kind.CHAT
    if _TELLS.match(plain):
        return Kind.QUESTION if plain.endswith("?") and _ASKS.match(plain) and " that " not in plain else Kind.STATEMENT
    if plain.endswith(("?", "？", "؟", ";?")) or _ASKS.match(plain) or _ASKS_ELSEWHERE.search(plain):
        return Kind.QUESTION
    return Kind.STATEMENT


def sentences(text: str, speaker: str = "") -> tuple[Sentence, ...]:
    """A text cut into its sentences, of `LONGEST` characters at most.

    One that leans on the statement before it (`He lives in Oslo.`) is joined to it while both are short.
    """
    found: list[Sentence] = []
    pieces = (" ".join(_LIST_MARK.sub("", piece, count=1).split()) for piece in _BREAK.split(text))
    for bare in (part for piece in pieces for part in _short(piece)):
        kind = classify(bare)
        before = found[-1] if found else None
        short = before is not None and len(before.text) + len(bare) < LONGEST
        if before and short and before.kind is kind is Kind.STATEMENT and _PRONOUN.match(bare):
            found[-1] = Sentence(f"{before.text} {bare}", kind, speaker)
        else:
            found.append(Sentence(bare, kind, speaker))
    return tuple(found)


def _short(piece: str) -> Iterator[str]:
    """Cut at spaces where there are any."""
    while len(piece) > LONGEST:
        at = piece.rfind(" ", LONGEST // 2, LONGEST)
        cut = at if at > 0 else LONGEST
        yield piece[:cut]
        piece = piece[cut:].lstrip()
    if piece:
        yield piece
