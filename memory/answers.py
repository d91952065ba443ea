"""What a model is asked to answer about a conversation, and what is read from the answer it gives.

The answer is to be JSON, but models write around it, fence it, are cut off in the midst of it, or answer in plain text:
what can be read of it is taken, and a plain text is the summary.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from memory.types import Schema

_FACTS = (
    '"facts":{"type":"array","items":{"type":"object","additionalProperties":false,'
    '"required":["name","slot","value","quote"],"properties":{"name":{"type":"string"},"slot":{"type":"string"},'
    '"value":{"type":"string"},"quote":{"type":"string"}}}}'
)

FOLD_SCHEMA = Schema(
    "fold",
    '{"type":"object","additionalProperties":false,"required":["summary","facts"],'
    '"properties":{"summary":{"type":"string"},' + _FACTS + "}}",
)
"""A summary, and what people said about themselves; the summary first, so that an answer cut short still holds it."""

FACTS_SCHEMA = Schema(
    "facts",
    '{"type":"object","additionalProperties":false,"required":["facts"],"properties":{' + _FACTS + "}}",
)
"""What people said about themselves alone."""

_FENCE = re.compile(r"\A\s*```\w*\s*\n((?:(?!```).)*)(?:```\s*)?\Z", re.DOTALL)
_SUMMARY = re.compile(r'"summary"\s*:\s*(?=")')
_FACT_LIST = re.compile(r'"facts"\s*:\s*\[')
_MARK = r'(?:(?<!\\)|(?<=\\\\))"\s*'
_ENDS = (
    re.compile(rf'{_MARK},\s*"facts"\s*:'),
    re.compile(rf"{_MARK}\}}\s*\Z"),
    re.compile(rf'{_MARK}(?:[}}/]|,\s*(?:["}}/]|\Z)|\Z)'),
)
"""Where the string of a summary ends, the surest first; a quotation mark within it is often not escaped."""

_HALF = r"ud[89ab][0-9a-f]{2}"
_ESCAPE = re.compile(
    rf"\\(?:{_HALF}\\ud[c-f][0-9a-f]{{2}}|(?P<torn>(?:{_HALF}\\?)?(?:u[0-9a-f]{{0,3}})?\Z)|u[0-9a-f]{{4}}|.)",
    re.IGNORECASE | re.DOTALL,
)
_DECODER = json.JSONDecoder(strict=False)  # line breaks within strings are taken as they are


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a model took for a fact: who is said to have said it, what it is about, what holds, and in which words."""

    name: str
    slot: str
    value: str
    quote: str


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer holds."""

    summary: str
    candidates: tuple[Candidate, ...] = ()


def read_fold(text: str) -> Told:
    """The summary and the candidates of an answer; of one in plain text the summary alone."""
    body = _unfence(text)
    for found in _objects(body):
        if "summary" in found:
            return Told(_as_text(found["summary"]), _read_candidates(found.get("facts")))
    begun = _SUMMARY.search(body)
    if begun and body.lstrip().startswith("{"):
        return Told(_read_string(body[begun.end() + 1 :]), _read_begun(body))
    is_json = body.lstrip().startswith("{") and any(True for _ in _objects(body))
    return Told("" if is_json else body.strip())


def read_facts(text: str) -> tuple[Candidate, ...]:
    """The candidates of an answer that was to hold nothing else; of one in plain text none."""
    body = _unfence(text)
    for found in _objects(body):
        if "facts" in found:
            return _read_candidates(found["facts"])
    return _read_begun(body)


def _unfence(text: str) -> str:
    fenced = _FENCE.match(text)
    return fenced[1] if fenced else text


def _objects(text: str) -> Iterable[Mapping[str, object]]:
    """The whole JSON objects within a text, the first of each nest."""
    at = text.find("{")
    while at >= 0:
        try:
            found, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
            continue
        if isinstance(found, dict):
            yield found
        at = text.find("{", end)


def _as_text(value: object) -> str:
    """A text, or the lines of a list of texts."""
    if isinstance(value, str):
        return value.strip()
    lines = value if isinstance(value, list) else []
    return "\n".join(line.strip() for line in lines if isinstance(line, str)).strip()


def _read_string(text: str) -> str:
    """The summary from behind its opening quotation mark, whose end may be missing, or escaped as in no JSON.

    It goes on to where the facts begin, or the object ends, or its string seems to; what it quotes does not end it.
    """
    end = next((found.start() for pattern in _ENDS if (found := pattern.search(text))), len(text))
    return _ESCAPE.sub(_unescape, text[:end]).strip()


def _unescape(escape: re.Match[str]) -> str:
    """What an escape stands for; what is none, as in a path or a pattern, is taken as it stands."""
    if escape["torn"] is not None:
        return ""
    try:
        return str(_DECODER.decode(f'"{escape[0]}"'))
    except ValueError:
        return escape[0].replace("\\'", "'")


def _read_begun(text: str) -> tuple[Candidate, ...]:
    """The candidates of a list whose end may be missing, as far as they are whole."""
    begun = _FACT_LIST.search(text)
    return _read_candidates(list(_objects(text[begun.end() :]))) if begun else ()


def _read_candidates(value: object) -> tuple[Candidate, ...]:
    """The candidates that have all that one needs; what else stands in the list is passed over."""
    found: list[Candidate] = []
    for each in value if isinstance(value, list) else []:
        fields = [each.get(name) for name in ("name", "slot", "value", "quote")] if isinstance(each, Mapping) else []
        texts = [str(field) for field in fields if isinstance(field, str | int | float)]
        if len(texts) == len(fields) > 0:
            found.append(Candidate(*texts))
    return tuple(found)
