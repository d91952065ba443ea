"""config.toml parsed and checked: every fault of the file at once, in plain words and with its cure."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Iterator
from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from config.schema import Config, MemorySettings, ModelSettings
from config.shapes import shown
from errors import Fault, SettingsError

_KEYS = {name: tuple(type(section).model_fields) for name, section in Config()}
_SECRET_NAME = re.compile(
    r"(discord|bot|app|slack(_bot|_app)?)?_?token|(slack_)?(signing_)?secret|.*api_?key|key|password"
)
_EXPECTED = {
    "string_type": 'text in quotes, such as "…"',
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": 'a list, such as ["…"]',
    "model_type": "a section with keys under it",
}


def parse(file: str, text: str) -> Config:
    """Check the text of a config.toml that goes by the name `file` in faults.

    Raises: SettingsError with every fault.
    """
    try:
        written = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # tomllib lets int() and the stack complain in their own words
        raise SettingsError(Fault(file, f"is not valid TOML: {error}")) from None
    faults: list[Fault] = []
    refused: set[str] = set()
    try:
        config = Config.model_validate(written)
    except ValidationError as invalid:
        errors = invalid.errors(include_url=False)
        faults = [Fault(f"{file}: {_key(error['loc'])}", _explain(error)) for error in errors]
        refused = {_key(error["loc"]) for error in errors}
        config = Config.model_validate(_without(written, refused))
    faults += [
        Fault(f"{file}: {conflict.keys[0]}", conflict.what)
        for conflict in _conflicts(config)
        if refused.isdisjoint(conflict.keys)
    ]
    if faults:
        raise SettingsError(*faults)
    return config


def _key(loc: tuple[int | str, ...]) -> str:
    """The dotted key of a place in config.toml; the number of an entry in a list is not part of it."""
    names = (str(part) for part in loc[:2])
    return ".".join(name if re.fullmatch(r"[\w-]+", name) else json.dumps(name) for name in names)


def _without(written: dict[str, object], refused: set[str]) -> dict[str, object]:
    """What is left to check once the refused keys have their defaults, so that one fault does not hide another."""
    return {
        section: {key: value for key, value in keys.items() if _key((section, key)) not in refused}
        for section, keys in written.items()
        if isinstance(keys, dict) and _key((section,)) not in refused
    }


def _explain(error: ErrorDetails) -> str:
    """One refusal of pydantic's in our words."""
    kind, loc, got, context = error["type"], error["loc"], shown(error["input"]), error.get("ctx", {})
    entry = f"entry {int(loc[2]) + 1}: " if len(loc) > 2 else ""  # noqa: PLR2004 section, key, index
    match kind:
        case "extra_forbidden":
            return _unknown(*(str(part) for part in loc))
        case "value_error":
            return f"{entry}{context['error']}"
        case "literal_error":
            return f"expected {str(context['expected']).replace(chr(39), chr(34))}, got {got}"
        case "greater_than_equal":
            return f"must be at least {context['ge']}, got {got}"
        case "less_than_equal":
            return f"must be at most {context['le']}, got {got}"
        case _:
            return f"{entry}expected {_EXPECTED[kind]}, got {got}"


def _unknown(section: str, key: str | None = None) -> str:
    """What to do about a name that config.toml does not have: the nearest one, the right place for it, or `.env`."""
    name = section if key is None else key
    if _SECRET_NAME.fullmatch(name.lower()):
        return "secrets do not belong here; put them into the environment or .env, and renew one that was shared"
    homes = [home for home, keys in _KEYS.items() if name in keys]
    if homes:
        return f"unknown here; did you mean {' or '.join(f'{home}.{name}' for home in homes)}?"
    known = _KEYS if key is None else _KEYS[section]
    near = difflib.get_close_matches(name.lower(), known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known here are {', '.join(known)}"
    return f"unknown; {hint}"


class _Conflict(NamedTuple):
    """Settings that are good each and impossible together; the fault stands at the first of the keys."""

    keys: tuple[str, ...]
    what: str


def _conflicts(config: Config) -> Iterator[_Conflict]:
    yield from _conflicting_budgets(config.model, config.memory)
    yield from _conflicting_times(config.memory)
    bot, model = config.bot, config.model
    for entry in sorted(set(bot.allow) & set(bot.deny)):
        yield _Conflict(("bot.deny", "bot.allow"), f"{shown(entry)} is in bot.allow too; take it out of one of them")
    for name in sorted({name for name in model.fallbacks if model.fallbacks.count(name) > 1}):
        yield _Conflict(("model.fallbacks",), f"{shown(name)} is named twice")
    if model.name in model.fallbacks:
        what = f"{shown(model.name)} is model.name already; name other models to fall back to"
        yield _Conflict(("model.fallbacks", "model.name"), what)


def _conflicting_budgets(model: ModelSettings, memory: MemorySettings) -> Iterator[_Conflict]:
    ceiling, keep = memory.max_tokens, memory.keep_tokens
    context, reply = model.context_tokens, model.max_reply_tokens
    if keep >= ceiling:
        yield _Conflict(
            ("memory.keep_tokens", "memory.max_tokens"), f"must be below memory.max_tokens ({ceiling}), got {keep}"
        )
    if reply >= context:
        yield _Conflict(
            ("model.max_reply_tokens", "model.context_tokens"),
            f"must be below model.context_tokens ({context}), got {reply}",
        )
    elif ceiling + reply > context:
        yield _Conflict(
            ("memory.max_tokens", "model.max_reply_tokens", "model.context_tokens"),
            f"a prompt of this size and a reply of model.max_reply_tokens ({reply}) exceed model.context_tokens "
            f"({context}); lower it to {context - reply} at most, got {ceiling}",
        )


def _conflicting_times(memory: MemorySettings) -> Iterator[_Conflict]:
    """A summary stands for what it was made from: it cannot go before that does."""
    ttl, summaries = memory.ttl_days, memory.forget_summaries_after_days
    if summaries and not 0 < ttl <= summaries:
        yield _Conflict(
            ("memory.forget_summaries_after_days", "memory.ttl_days"),
            "a summary cannot go before its messages: "
            + (f"set it to memory.ttl_days ({ttl}) or more" if ttl else "memory.ttl_days = 0 keeps these for good")
            + f", got {summaries}",
        )
