"""Whether a person states something about himself at a place of his message: pure reading of the words around it.

In doubt it is no statement. A fact that is missed is stated again one day; one that is wrong is repeated to everybody.
"""

from __future__ import annotations

import re

from memory.exact import clauses
from memory.facts.languages import Language, detect_language

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
_QUOTED_LINE = re.compile(
    r"^[^\S\n]*+>>>[\s\S]*|^[^\S\n]*+>.*$|^\S.{0,60} — (?:today|yesterday|\d).*\n[\s\S]*", re.MULTILINE | re.IGNORECASE
)
"""Also Discord's `>>>`, after which all is quoted, and what was copied out of a client: `Bob — Today at 10:12`."""

_QUOTED = re.compile(
    r"“[^”]{0,2000}+”|„[^“”]{0,2000}+[“”]|«[^»]{0,2000}+»|»[^«]{0,2000}+«|「[^」]{0,2000}+」|『[^』]{0,2000}+』"
    r"|‹[^›]{0,2000}+›|(?<!\w)\"[^\"\n]*+\"(?!\w)|(?<!\w)[‘'][^'’\n]{2,2000}+['’](?!\w)"
)
"""Behind a mark that nobody closes, so much is searched for the other one and no more."""

_SAID_BY = re.compile(r"^[\s*_-]*(?:\[[^\]\n]*\]\s*)?[^\s:：,.!?\"][^:：,.!?\"\n]{0,30}[:：](?!\S)")
_ASIDE = re.compile(
    r"\W*(?:note|ps|p\.s|fyi|update|info|edit|btw|ok|okay|hi|hello|about me|me|i|correction)\W*", re.IGNORECASE
)
_MINE = re.compile(
    r"\b(?:my|our|meine?|unsere?|mijn|mon|ma|mi)\s+(?P<noun>(?:\w+\s+){0,2}?\w+(?:['’]s\s+\w+)?)\s+"
    r"(?:is|are|was|has|have|lives?|works?|speaks?|plays?|turns?|studies|goes|comes|ist|hat|wohnt|arbeitet|heißt|wird)\b",
    re.IGNORECASE,
)
_OF_ONESELF = re.compile(
    r"(?:\w+\s+){0,2}(?:name|nickname|age|birthday|job|work|employer|company|title|profession|city|town|home|hometown"
    r"|house|flat|apartment|country|address|street|diet|allerg\w+|language|tongue|nationality|passport|school|university"
    r"|college|degree|major|subject|timezone|zone|pronouns|phone|number|mobile|e-?mail|instrument|hobb(?:y|ies)|status"
    r"|place|office|favou?rite \w+|geburtstag|beruf|arbeit|stadt|wohnort|adresse|sprache|nummer|alter|vorname|nachname"
    r"|spitzname|heimat\w*|schule|studium|hobbys?|arbeitgeber|firma|verjaardag|baan|naam)",
    re.IGNORECASE,
)
_JEST = re.compile(
    r"\b(?:j/?k|just kidding|kidding|joking|just a joke|sarcasm|nur spaß|scherz|je plaisante|broma)\b|(?<!\S)/s(?!\S)"
    r"|\b(?:(?:a?ha){2,}h?|l+o+l+|lmf?ao|rofl|mdr|jaja\w*|kkk+)\b|[😂🤣😜😝🤪🙃]"
    r"|冗談|开玩笑|開玩笑|농담",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"\s*(?:(?:no|nope|nah|nein|non|não|nee|nej|actually|well|yes|yeah|ja|oui|sí|si|sim|sì)\b(?=\s*[,!–—-]|\s+(?:i"
    r"|my|ich|je|yo|io|eu|ik)\b)[\s,!–—-]*"
    r"|(?:please\s+)?(?:don['’]?t|do not|never) forget\b(?: that)?[\s,:]*|(?:bitte )?vergiss nicht\b[\s,:]*(?:dass"
    r" )?|n['’]oublie[sz]? pas\b[\s,:]*(?:que )?)",
    re.IGNORECASE,
)
_JOIN = re.compile(
    r"(?:,|(?<!\s))\s++(?:and|but|und|aber|sondern|et|mais|y|pero|e|ma|mas|en|maar)\s+|[,–—]\s*|(?<!\s)\s++-\s+|、|，",
    re.IGNORECASE,
)
"""Blanks are looked at from their first one on alone: else a message of nothing but blanks takes seconds."""

_BUT = re.compile(r"\b(?:but|aber|sondern|mais|pero|ma|mas|maar)\b", re.IGNORECASE)


def states(text: str, start: int, end: int) -> bool:
    """Whether the author of a message states what stands from `start` to `end` of it, of himself, as it holds now."""
    if _is_repeated(text, start, end) or _JEST.search(text):
        return False
    first, last = next((span for span in clauses(text) if span[0] <= start < span[1]), (0, len(text)))
    begin = text.rfind("\n", 0, start) + 1
    said_by = _SAID_BY.match(text[begin:last])
    if said_by and said_by.end() <= start - begin and not _ASIDE.fullmatch(said_by[0]):
        return False
    visible = _QUOTED.sub(lambda match: " " * len(match[0]), text)
    clause = visible[first:last]
    language = detect_language(clause) or detect_language(visible)
    if language is None:
        return False
    return _is_stated(clause, start - first, end - first, language)


def is_of_ones_own(text: str, start: int) -> bool:
    """Whether the subject before a place, where it is somebody's or something of the speaker's, is a thing said of him.

    `my birthday is …` tells of the speaker, `my cat is …` and `my cat's birthday is …` of the cat.
    """
    first = next((span[0] for span in clauses(text) if span[0] <= start < span[1]), 0)
    subjects = list(_MINE.finditer(text, first, start))
    return not subjects or _OF_ONESELF.fullmatch(subjects[-1]["noun"]) is not None


def may_state(text: str) -> bool:
    """Whether anything in a message can be a statement of its author about himself, before anybody reads it."""
    if not text.strip():
        return False
    language = detect_language(text)
    return language is not None and (not language.spoken or bool(language.own.search(text)))


def _is_repeated(text: str, start: int, end: int) -> bool:
    """Whether it stands in code or in a quoted line, or quotation marks stand around more than it."""
    spans = [match.span() for pattern in (_CODE, _QUOTED_LINE) for match in pattern.finditer(text)]
    return any(begin < end and start < until for begin, until in spans)


def _is_stated(clause: str, start: int, end: int, language: Language) -> bool:
    statement = _without_question(clause, start, language)
    if statement is None:
        return False
    leading = _LEADING.match(statement)
    skipped = leading.end() if leading and leading.end() <= start else 0
    begin, until = _segment(statement, skipped, start, end, language)
    segment = statement[begin:until]
    before, after = statement[begin:start], statement[end:until]
    return (
        not _asks(segment, language)
        and not _denies(before, after, language)
        and not _supposes(statement[skipped:start], after, language)
        and not language.reported.search(statement, skipped, start)
        and _is_own(segment, start - begin, language)
    )


def _without_question(clause: str, start: int, language: Language) -> str | None:
    """The clause, or what stands before a question at its end (`I live in Oslo, and you?`); nothing for a question."""
    asked = clause.rstrip(" \"'”’)").endswith(("?", "？"))
    if not language.spoken:
        return None if language.asking.search(clause) else clause
    if not asked:
        return clause
    cuts = list(re.finditer(r"[,–—-]\s+", clause))
    if not cuts or start >= cuts[-1].start() or not language.asking.match(clause[cuts[-1].end() :]):
        return None
    return clause[: cuts[-1].start()]


def _segment(text: str, skipped: int, start: int, end: int, language: Language) -> tuple[int, int]:
    """The part of a clause that has a subject of its own and holds the place: `I live here but | he is from Bergen`."""
    begin, until = skipped, len(text)
    for join in _JOIN.finditer(text, skipped):
        if not (language.own.match(text, join.end()) or language.others.match(text, join.end())):
            continue
        if join.end() <= start:
            begin = join.end()
        elif join.start() >= end:
            return begin, join.start()
    return begin, until


def _asks(segment: str, language: Language) -> bool:
    """Whether a segment without a question mark is put as a question: `do I live in Oslo`."""
    if not language.spoken:
        return False
    asking = language.asking.match(segment)
    return bool(asking and language.own.match(segment[asking.end() :].lstrip()))


def _denies(before: str, after: str, language: Language) -> bool:
    """Whether what stands between the two is denied; `…, not Bergen` behind it denies something else."""
    if language.denied.search(before):
        return True
    behind = language.denied.search(after)
    return behind is not None and (_goes_on(after, behind) or not after[behind.end() :].strip(" .!…"))


def _goes_on(after: str, cue: re.Match[str]) -> bool:
    """Whether a cue behind the place still belongs to what is said of it."""
    return not re.search(r"[,(–—、，]|\s-\s", after[: cue.start()])


def _supposes(before: str, after: str, language: Language) -> bool:
    """Whether it holds under a condition or in somebody's hopes: by a word before it, unless a `but` ends its reach."""
    buts = list(_BUT.finditer(before)) if language.spoken else []
    if language.supposed.search(before, buts[-1].end() if buts else 0):
        return True
    behind = language.supposed.search(after)
    return behind is not None and _goes_on(after, behind)


def _is_own(segment: str, at: int, language: Language) -> bool:
    """Whether the speaker is the subject: the nearest one before the place or, where none is, the only one there is."""
    if not language.spoken:
        return not language.others.search(segment)
    own = [match.span() for match in language.own.finditer(segment)]
    others = [match.span() for match in language.others.finditer(segment)]
    within = {place for begin, until in own for place in range(begin + 1, until)}
    others = [span for span in others if span[0] not in within]
    within = {place for span in others for place in range(*span)}
    own = [span for span in own if span[0] not in within]
    before = [(begin, True) for begin, _ in own if begin < at]
    before += [(begin, False) for begin, until in others if until <= at]
    if before:
        return max(before)[1]
    return bool(own) and not others
