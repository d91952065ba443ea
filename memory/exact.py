"""What is exact in a text and is easily lost in a summary: numbers, dates, addresses, identifiers, names, commitments.

Found by patterns, in one pass over the text for each kind; what an earlier kind has taken is left alone by the later
ones. Two ways of writing the same thing (`1,200` and `1200`, `7 pm` and `19:00`, `14 March` and `2026-03-14`) have the
same key.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

MONTHS = (
    "jan(?:uary|uar|vier)?|enero|gennaio|janeiro|januari",
    "feb(?:ruary|ruar|rero|braio|ruari)?|février|fevereiro",
    "mar(?:ch|s|zo|ço)?|märz|maart",
    "apr(?:il|ile)?|avril|abril",
    "may|mai|mayo|maggio|maio|mei",
    "june?|juni|juin|junio|giugno|junho",
    "july?|juli|juillet|julio|luglio|julho",
    "aug(?:ust|ustus)?|août|agosto",
    "sept?(?:ember|embre|tembre|iembre)?|settembre|setembro",
    "o[ck]t(?:ober|obre|ubre)?|ottobre|outubro",
    "nov(?:ember|embre|iembre|embro)?",
    "de[cz](?:ember|embre|iembre|embro)?|décembre|dicembre|diciembre",
)
"""The months in English, German, French, Spanish, Italian, Portuguese and Dutch."""

WEEKDAYS = (
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag"
    r"|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo"
    r"|lunedì|martedì|mercoledì|giovedì|venerdì|segunda-feira|sexta-feira|maandag|dinsdag|woensdag|donderdag|vrijdag"
)

_MONTH = "|".join(MONTHS)
_UNITS = (
    r"%|‰|°[CF]?|[kKMGT]i?B|[kmcµn]?m²?|km/h|mph|mi|miles?|ft|feet|inch(?:es)?|[kmµ]?g|tons?|[mc]?l|lit(?:re|er)s?"
    r"|ms|µs|s(?:ec(?:ond)?s?)?|min(?:ute[ns]?|utos?)?|h(?:(?:ou)?rs?)?|hours?|days?|weeks?|months?|years?|[kM]?Wh?|kWh|V|mA"
    r"|[kMG]?Hz|px|pt|dB|people|users?|rows?|tokens?|times?|pages?|items?|stunden?|tagen?|tage?|wochen?|monaten?|monate?"
    r"|jahren?|jahre?|personen|leute|jours?|semaines?|mois|ans|heures?|días?|semanas?|meses|años?|horas?|giorni|ore|dias?"
    r"|dagen|weken|uur"
)
_CJK_NUMBER = "[0-9０-９〇零一二三四五六七八九十百千万億亿]"
_WHOLE_CJK_NUMBER = f"(?<!{_CJK_NUMBER}){_CJK_NUMBER}++"
_CURRENCY = r"[€$£¥₹₩]"
_CURRENCIES = r"(?:€|\$|£|¥|円|元|원|EUR|USD|GBP|CHF|JPY|dollars?|euros?|pounds?|bucks|Franken)"
_AMOUNT = r"\d[\d.,'\u202f]{0,30}(?<=\d)"

_COMMITTING = re.compile(
    r"\b(?:(?:i|we)(?:'ll|’ll| will| shall| promise| agreed?| decided| commit|(?:'m|’m| am|'re|’re| are) going to)"
    r"|promised?|deadline|due (?:on|by)|agreed (?:on|to)|decided (?:on|to|that)|let's go with"
    r"|by (?:tomorrow|tonight|noon|midnight|next|the end|end of|\d{1,2}\b)"
    r"|(?:ich|wir) werden?|versprech\w*|versprochen|frist|fällig|vereinbart|beschlossen|entschieden"
    r"|bis (?:morgen|ende|zum)|je vais|nous allons|je promets|date limite|d'ici|voy a|vamos a|prometo|plazo"
    r"|hemos decidido|ik zal|we zullen|beloof|prometto|scadenza|vou \w+r\b|prazo"
    r"|(?:by|until|till|before|bis|avant|d'ici|antes del?|entro|até|voor) (?:le |el |next |nächsten |this )?"
    rf"(?:{WEEKDAYS}))\b"
    r"|までに|約束|締め?切り|期限|我会|我會|承诺|承諾|截止|까지|약속",
    re.IGNORECASE,
)

CLAUSE_END = re.compile(
    r"(?:(?<![\d.!?…])|(?<=[:,]\d\d)|(?<=\d\d\d)|(?<=\d[.!?…]))[.!?…]++(?=\s|$)"
    r"|(?<=\d)[.!?…]++(?=\s*$|\s+[^\sa-z])|[。！？]|\n|;(?=\s)"
)
"""Where a clause of a text ends; a point within a number or an address ends nothing, nor does that of an ordinal.

Marks in a row are looked at from the first one on alone, or from the second behind a digit.
"""


class Kind(Enum):
    """What a detail is, with how telling it is by itself."""

    LINK = 3.0
    MAIL = 3.1
    CODE = 2.6
    MONEY = 3.2
    DATE = 2.7
    TIME = 2.5
    VERSION = 2.4
    MEASURE = 2.2
    LABEL = 2.9
    SYMBOL = 2.0
    NUMBER = 1.2
    NAME = 1.8
    COMMITMENT = 2.8


_WEB = r"\b(?:https?://|www\.)[^\s<>\"'`）」]*[^\s<>\"'`.,;:!?)\]）」]"
_MAIL = r"\b[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+"
_CODE = r"(?<!`)`[^`\n]{1,100}`(?!`)"
_HOST = r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"
_PATH = r"(?<![\w/.])(?:~|\.{1,2})?/[\w.-]+(?:/[\w.-]+)+"
_MONEY = (
    rf"{_CURRENCY}\s?{_AMOUNT}(?:\s?(?:k|m|bn|million|Mio\.?)\b)?"
    rf"|\b{_AMOUNT}\s?(?:k |million |Mio\.? )?{_CURRENCIES}(?!\w)|{_WHOLE_CJK_NUMBER}(?:円|元|块|원)"
)
_DATE = (
    r"\b\d{4}-\d\d-\d\d\b|\b\d{1,2}\.\s?\d{1,2}\.(?:\s?\d{4}\b|(?!\d))|\b\d{1,2}/\d{1,2}/\d{2,4}\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th|\.|º)?\s+(?:of\s+|de\s+)?(?:{_MONTH})\b\.?(?:,?\s+(?:de\s+)?\d{{4}}\b)?"
    rf"|\b(?:{_MONTH})\.?\s+\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s+\d{{4}}\b)?|\b(?:{_MONTH})\s+\d{{4}}\b"
    rf"|(?:{_CJK_NUMBER}{{2,4}}年)?{_CJK_NUMBER}{{1,3}}月(?:{_CJK_NUMBER}{{1,3}}[日号號])?|{_CJK_NUMBER}{{4}}年"
)
_TIME = (
    r"\b\d{1,2}:\d\d(?::\d\d)?(?:\s?[ap]\.?m\b\.?)?"
    r"|\b\d{1,2}(?:\.\d\d)?\s?(?:[ap]\.?m\b\.?|Uhr\b|o'clock\b)|\b\d{1,2}h\d\d\b"
    rf"|(?:午前|午後|上午|下午|오전|오후)?{_CJK_NUMBER}{{1,3}}[時时点點](?:{_CJK_NUMBER}{{1,3}}分|半)?"
)
_VERSION = r"\bv\d(?:[\w.-]*\w)?\b|\b\d+(?:\.\d+){2,}(?:[-+]\w+)*\b|\b[A-Z]\w+ \d+(?:\.\d+)+\b"
_LABEL = (
    r"\+\d[\d ()/-]{5,}\d|\b0\d[\d /-]{5,}\d\b|#\d+\b|\b[A-Z]{1,6}[- ]?\d{2,}+[A-Z0-9]*+(?:[-/][A-Z0-9]++)*\b"
    r"|\b[A-Za-z]{1,30}(?:-[A-Za-z]{1,30}){0,4}-\d[\w-]*"
    r"|\b(?=[a-zA-Z]*\d)(?=\d*[a-zA-Z])(?!\d+(?:st|nd|rd|th|[a-zA-Z]{1,3})\b)[A-Za-z0-9]{4,}\b"
)
_MEASURE = rf"(?<![\w.,])[-+±]?{_AMOUNT}\s?(?:{_UNITS})(?![\w²])"
_COUNTED = rf"{_WHOLE_CJK_NUMBER}(?:個|人|本|枚|台|回|分|秒|時間|日間|歳|公里|公斤|个|杯|岁|天|명|개|세|층|번)"
_FILES = (
    r"py|js|ts|tsx|rs|go|c|h|cpp|java|kt|rb|php|sh|sql|html|css|toml|json|ya?ml|md|txt|csv|xml|ini|cfg|env|lock|log|db"
    r"|pdf|png|jpe?g|svg|zip|gz|docx?|xlsx?"
)
_SYMBOL = (
    rf"\b[A-Za-z]\w{{0,60}}(?:\.\w{{1,60}}){{0,4}}\(\)|\b[\w-]{{1,60}}\.(?:{_FILES})\b|(?<!\S)--[a-z][\w-]+"
    r"|\b\w+(?:_\w+)+\b|\b[a-z]+(?:[A-Z][a-z0-9]*)+\b|\b(?:[A-Z][a-z0-9]+){2,}\b"
)
_NUMBER = rf"(?<![\w.,])[-+±]?{_AMOUNT}(?!\w)"

_COUNTING = re.compile(r"[\d〇零一二三四五六七八九十百千万億亿]")
"""What a text without numbers has none of; most talk is without, and is not searched for dates then."""

_PATTERNS = tuple(
    (kind, re.compile(pattern, flags), counts)
    for kind, pattern, flags, counts in (
        (Kind.LINK, _WEB, re.IGNORECASE, False),
        (Kind.MAIL, _MAIL, re.NOFLAG, False),
        (Kind.CODE, _CODE, re.NOFLAG, False),
        (Kind.LABEL, f"{_HOST}|{_PATH}", re.NOFLAG, False),
        (Kind.MONEY, _MONEY, re.NOFLAG, True),
        (Kind.DATE, _DATE, re.IGNORECASE, True),
        (Kind.TIME, _TIME, re.IGNORECASE, True),
        (Kind.VERSION, _VERSION, re.NOFLAG, True),
        (Kind.LABEL, _LABEL, re.NOFLAG, True),
        (Kind.MEASURE, f"{_MEASURE}|{_COUNTED}", re.NOFLAG, True),
        (Kind.SYMBOL, _SYMBOL, re.NOFLAG, False),
        (Kind.NUMBER, _NUMBER, re.NOFLAG, True),
    )
)
"""The kinds in the order in which they take what they find, and whether each of them holds a number."""

_CAPITAL = r"(?:[A-ZÀ-ÖØ-ÞŚŻŽČŠŁ][\w'’-]{0,30}[\w])"
_FULL_NAME = re.compile(
    rf"\b{_CAPITAL}(?: (?:van|von|de|del|della|der|den|la|le|da|di|bin|al|el|zu) ?){{0,2}}(?: {_CAPITAL})+"
)
_ONE_NAME = re.compile(rf"(?<=[\w,;:)\"”’'] ){_CAPITAL}|(?<=@){_CAPITAL}")
_TITLED = re.compile(r"[\u4e00-\u9fff\u30a0-\u30ff\u3005]{1,8}(?:さん|様|先生|君|ちゃん|氏)|[가-힣]{2,4}(?:씨|님)")
_NO_NAME = re.compile(
    rf"(?:I|I['’]\w+|OK|Ok|Mr|Mrs|Ms|Dr|Yes|No|{_MONTH}|{WEEKDAYS}|today|tomorrow|the|this|that|it|we|you|they|he|she|my|a)",
    re.IGNORECASE,
)
_GERMAN = re.compile(r"\b(?:und|ist|nicht|ich|der|die|das|ein|eine|mit|auf|wir|sie|haben|wird|zum|zur)\b")


@dataclass(frozen=True, slots=True)
class Detail:
    """Something exact in a text, from `start` to `end` of it."""

    kind: Kind
    text: str
    start: int
    end: int

    @property
    def key(self) -> str:
        """What is the same for all ways of writing it."""
        match self.kind:
            case Kind.DATE:
                return _date_key(self.text)
            case Kind.TIME:
                return _time_key(self.text)
            case Kind.MONEY:
                return _money_key(self.text)
            case _:
                return fold_text(self.text).strip("`").replace(" ", "")


def find_details(text: str) -> tuple[Detail, ...]:
    """The details of a text, in their order; a commitment is its whole clause and may hold others."""
    taken: list[Detail] = []
    rest = text
    counts = _COUNTING.search(text) is not None
    for kind, pattern, counted in _PATTERNS:
        if counted and not counts:
            continue
        matches = list(pattern.finditer(rest))
        taken += (Detail(kind, match[0], *match.span()) for match in matches)
        rest = _blank(rest, matches)
    taken += _find_names(text, rest)
    taken += (
        Detail(Kind.COMMITMENT, text[start:end], start, end)
        for start, end in clauses(text)
        if _COMMITTING.search(text, start, end)
    )
    return tuple(sorted(taken, key=lambda detail: (detail.start, -detail.end)))


def _blank(text: str, matches: Sequence[re.Match[str]]) -> str:
    """A text in which what was found is taken."""
    pieces: list[str] = []
    done = 0
    for start, end in (match.span() for match in matches):
        pieces += (text[done:start], "\x00" * (end - start))
        done = end
    return "".join([*pieces, text[done:]])


def _find_names(text: str, rest: str) -> list[Detail]:
    """Names, by their capitals; in German a single noun has one too, so only several words in a row are a name there.

    What begins a clause begins with a capital anyway, so its first word is not taken for a part of a name.
    """
    german = bool(_GERMAN.search(text))
    begins = {start for start, _ in clauses(text)}
    found: list[Detail] = []
    for pattern in (_TITLED, _FULL_NAME, _ONE_NAME):
        matches = list(pattern.finditer(rest))
        for match in matches:
            words = match[0].split(" ")
            dropped = 1 if match.start() in begins and len(words) > 1 else 0
            while dropped < len(words) and _NO_NAME.fullmatch(words[dropped]):
                dropped += 1
            name = " ".join(words[dropped:])
            if name and not (german and pattern is not _TITLED and " " not in name):
                found.append(Detail(Kind.NAME, name, match.end() - len(name), match.end()))
        rest = _blank(rest, matches)
    return found


def clauses(text: str) -> list[tuple[int, int]]:
    """Where the clauses of a text stand: sentences, lines, and what semicolons part."""
    spans: list[tuple[int, int]] = []
    start = 0
    for match in [*CLAUSE_END.finditer(text), None]:
        end = match.end() if match else len(text)
        if text[start:end].strip():
            spans.append(
                (start + len(text[start:end]) - len(text[start:end].lstrip()), start + len(text[start:end].rstrip()))
            )
        start = end
    return spans


_THOUSANDS = re.compile(r"(?<=\d)[,.'\u202f ](?=\d{3}(?!\d))")
_WIDE = str.maketrans("０１２３４５６７８９’‘“”–", "0123456789''\"\"-")


def fold_text(text: str) -> str:
    """A text as it is compared: without case, thousands separators and more than one space at a time."""
    return _THOUSANDS.sub("", " ".join(text.translate(_WIDE).casefold().split()))


_SYMBOLS = (
    ("eur", "€"),
    ("usd", "$"),
    ("dollar", "$"),
    ("bucks", "$"),
    ("gbp", "£"),
    ("pound", "£"),
    ("円", "¥"),
    ("jpy", "¥"),
)


def _money_key(text: str) -> str:
    """An amount before its currency, on whichever side that was written."""
    folded = fold_text(text)
    for name, symbol in _SYMBOLS:
        folded = re.sub(rf"{name}[os]*", symbol, folded)
    return "".join(re.findall(r"[^€$£¥₹₩\s]", folded) + re.findall(r"[€$£¥₹₩]", folded))


def _date_key(text: str) -> str:
    """A day of a year as `MM-DD`, where both are written; otherwise the text."""
    folded = fold_text(text)
    if found := re.fullmatch(r"(?:\d{4}-)(\d\d)-(\d\d)", folded) or re.fullmatch(
        r"(?:\d+年)?(\d+)月(\d+)[日号號]", folded
    ):
        return f"{int(found[1]):02}-{int(found[2]):02}"
    if found := re.match(r"(\d+)\.\s?(\d+)\.", folded):
        return f"{int(found[2]):02}-{int(found[1]):02}"
    for number, names in enumerate(MONTHS, start=1):
        if re.search(rf"\b(?:{names})\b", folded) and (
            day := re.search(r"\b(\d{1,2})(?:st|nd|rd|th|\.|º)?(?!\d)", folded)
        ):
            return f"{number:02}-{int(day[1]):02}"
    return folded


def _time_key(text: str) -> str:
    """A time of day as `HH:MM`, where it is written in digits; otherwise the text."""
    folded = fold_text(text)
    found = re.match(r"(午後|下午|오후)?(?:午前|上午|오전)?(\d{1,2})(?:[:.h時时点點](\d\d)?)?", folded)
    if not found:
        return folded
    hour = int(found[2]) % 12 if re.search(r"[ap]\.?m", folded) or found[1] else int(found[2])
    if found[1] or re.search(r"p\.?m", folded):
        hour += 12
    return f"{hour:02}:{found[3] or '00'}"
