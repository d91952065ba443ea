"""What a message asks of memory: the days that it names, and whether it asks for a time."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from memory.types import Days, Question

_YEAR_ROUND = "january february march april may june july august september october november december"
MONTHS = tuple(_YEAR_ROUND.split())

_MONTH = rf"(?P<month>{'|'.join(MONTHS)}|{'|'.join(month[:3] for month in MONTHS)})\b\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:,?\s*(?P<year>(?:19|20)\d\d)\b)"
_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b(?P<year>(?:19|20)\d\d)-(?P<month>\d{1,2})-(?P<day>\d{1,2})\b",
        rf"\b{_DAY}\s*(?:of\s+)?{_MONTH}{_YEAR}?",
        rf"\b{_MONTH}\s+(?:the\s+)?{_DAY}\b(?!:){_YEAR}?",
        rf"\b{_MONTH}{_YEAR}",
        rf"\b(?:in|since|until|by|during|of|last|this|early|mid|late)[\s-]+{_MONTH}",
        r"\b(?:in|since|during|of|year)\s+(?P<year>(?:19|20)\d\d)\b",
    )
)
_ASKS_WHEN = re.compile(r"\b(?:when|how long|(?:what|which) (?:day|date|week|month|year|time))\b")


def read_question(text: str, now: datetime) -> Question:
    """What a message asks, at a time; a month or a day without its year is the last one there was.

    Words are left to who searches; of dates the English ones are known, and those that are written 2026-01-31.
    """
    lower = text.lower()
    return Question(text, tuple(_days(lower, now.date())), _ASKS_WHEN.search(lower) is not None)


def _days(text: str, today: date) -> Iterator[Days]:
    rest = text
    for pattern in _DATES:
        for match in pattern.finditer(rest):
            named = match.groupdict()
            days = _span(named.get("year"), named.get("month"), named.get("day"), today)
            if days is not None:
                yield days
        rest = pattern.sub(" ", rest)
    yield from _relative(rest, today)


def _span(year: str | None, month: str | None, day: str | None, today: date) -> Days | None:
    """The days that are named; nothing for a date that no calendar has."""
    if month is None:
        return Days(date(int(year or today.year), 1, 1), date(int(year or today.year), 12, 31))
    number = int(month) if month.isdigit() else 1 + next(n for n, name in enumerate(MONTHS) if name.startswith(month))
    try:
        first = date(int(year or today.year), number, int(day or 1))
        if year is None and first > today:
            first = first.replace(year=first.year - 1)
    except ValueError:
        return None
    return Days(first, first if day else first.replace(day=monthrange(first.year, first.month)[1]))


def _relative(text: str, today: date) -> Iterator[Days]:
    if re.search(r"\byesterday\b", text):
        yield Days(today - timedelta(days=1), today - timedelta(days=1))
    if re.search(r"\b(?:today|this morning)\b", text):
        yield Days(today, today)
    if re.search(r"\blast week\b", text):
        monday = today - timedelta(days=today.weekday() + 7)
        yield Days(monday, monday + timedelta(days=6))
    if re.search(r"\blast month\b", text):
        end = today.replace(day=1) - timedelta(days=1)
        yield Days(end.replace(day=1), end)
    if re.search(r"\blast year\b", text):
        yield Days(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31))
