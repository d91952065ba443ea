"""The log: one line an event on standard error, `key=value` or JSON, without message texts and without secrets.

    time=2026-11-20T17:25:00.123Z level=info event=ready platform=discord

An event is a short name (`log.info("ready", extra={"platform": "discord"})`), and its `extra` are the fields after it.
What keeps people's words out: of libraries only warnings and errors are taken, and of those what their authors wrote,
not what they put into it; of an exception its class and where it arose, and its text only where the class is known to
hold none of theirs. What keeps secrets out: each is replaced by its value in every field and once more in the finished
line. What Python itself would print of an exception that nobody caught takes the same way.
"""

from __future__ import annotations

import json
import logging
import math
import re
import sqlite3
import sys
import threading
import traceback
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import PurePath
from types import TracebackType
from typing import TYPE_CHECKING, Literal, TextIO
from urllib.parse import quote, quote_plus

from errors import ThreadkeeperError

if TYPE_CHECKING:
    from sys import UnraisableHookArgs
    from threading import ExceptHookArgs

log = logging.getLogger(__name__)

Field = str | int | float | bool | None
Redact = Callable[[str], str]

OWN = frozenset({"__main__", "adapters", "bot", "config", "llm", "logs", "memory", "storage"})
"""First names of the loggers whose words are ours; all others are libraries'."""

SHORTEST_SECRET = 4
"""Shorter ones are placeholders, such as `x` for a local server that wants any key; the log would be full of holes."""

_RECORD_KEYS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_FRAMES = 5
_CAUSES = 5
_FILLED_IN = re.compile(r"\s*(?:[<({\['\"]|:\s).*")
"""From where on a finished text may hold what was put into it: behind a bracket, a quotation mark or a colon."""

_WORD = re.compile(r"[\w.:/@%+-]{1,120}", re.ASCII)
"""A name, a method or an address; tokens inside of addresses make those longer."""

_WARNING = re.compile(r".*?:\d+: \w+")
"""Where one of Python's warnings arose, and its class, before its text."""

_WHOLE_GROUP = 3
"""Bytes that base64 writes as four characters."""

_SHORTEST_BASE64 = 8


def configure(
    format: Literal["text", "json"],  # noqa: A002 the setting's own name
    level: Literal["debug", "info", "warning", "error"],
    secrets: Collection[str],
    stream: TextIO | None = None,
) -> None:
    """Send every log record of the process to `stream` (default: standard error) as one line, and nowhere else.

    So too what Python would print of exceptions that nobody caught, in a thread or where none can be raised.
    """
    handler = _LineHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(LineFormatter(format, secrets))
    handler.addFilter(_is_fit)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    sys.excepthook = _tell_crash
    threading.excepthook = _tell_crash_of_thread
    sys.unraisablehook = _tell_ignored


def _tell_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    log.critical("crashed", exc_info=(kind, error, trace))


def _tell_crash_of_thread(crash: ExceptHookArgs) -> None:
    if crash.exc_value is not None and not isinstance(crash.exc_value, SystemExit):
        log.error("thread crashed", exc_info=crash.exc_value)


def _tell_ignored(ignored: UnraisableHookArgs) -> None:
    log.error("exception ignored", exc_info=ignored.exc_value)


class LineFormatter(logging.Formatter):
    """Makes one line of a record, and never raises: what can't be told is told as `event=log_failed`."""

    def __init__(self, form: Literal["text", "json"], secrets: Collection[str]) -> None:
        super().__init__()
        self._render = _as_json if form == "json" else _as_text
        self._redact = redactor(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """The record's line, without a line break."""
        try:
            fields = _fields(record)
            line = self._render({k: self._redact(v) if isinstance(v, str) else v for k, v in fields.items()})
        except Exception as failure:  # noqa: BLE001 a `str` of anybody's object may raise anything
            unable: dict[str, Field] = {"logger": record.name, "error": type(failure).__name__}
            line = self._render(_header(record, "log_failed") | unable)
        return self._redact(line)


def redactor(secrets: Collection[str]) -> Redact:
    """A function that puts `[redacted]` for every secret: plain, escaped as in JSON or `repr`, for a URL, in base64."""
    forms = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _forms(secret)}
    if not forms:
        return str
    # The longest first, so that a secret that holds another one goes as a whole.
    pattern = re.compile("|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)))
    return lambda text: pattern.sub("[redacted]", text)


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield repr(secret)[1:-1]
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    for quoted in (
        quote(secret, errors="replace"),
        quote(secret, safe="", errors="replace"),
        quote_plus(secret, errors="replace"),
    ):
        yield quoted
        yield re.sub("%..", lambda code: code[0].lower(), quoted)
    yield from _in_base64(secret.encode(errors="replace"))


def _in_base64(secret: bytes) -> Iterator[str]:
    """What base64 makes of a secret with anything before and behind it, as in `Authorization: Basic`; not its ends."""
    for before in range(_WHOLE_GROUP):
        padded = bytes(before) + secret
        groups = padded[: len(padded) // _WHOLE_GROUP * _WHOLE_GROUP]
        text = b64encode(groups).decode()[before and before + 1 :]  # as many characters hold bits of what is before it
        if len(text) >= _SHORTEST_BASE64:
            yield text
            yield text.replace("+", "-").replace("/", "_")


def _is_own(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] in OWN


def _is_fit(record: logging.LogRecord) -> bool:
    """Libraries write requests, events and SQL with people's words in them below WARNING."""
    return _is_own(record) or record.levelno >= logging.WARNING


def _header(record: logging.LogRecord, event: str) -> dict[str, Field]:
    time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    return {"time": time.replace("+00:00", "Z"), "level": record.levelname.lower(), "event": event}


def _fields(record: logging.LogRecord) -> dict[str, Field]:
    if not _is_own(record):
        fields = _header(record, _said_by_library(record)) | {"logger": record.name}
    else:
        fields = _header(record, record.getMessage())
        for key, value in vars(record).items():
            if key not in _RECORD_KEYS and key not in fields:
                fields[key] = _plain(value)
    if record.exc_info and record.exc_info[1]:
        fields |= _told(record.exc_info[1])
    return fields


def _said_by_library(record: logging.LogRecord) -> str:
    """The first line of a library's message, without what may be somebody's words.

    A message with its arguments apart is the library's own text; a finished one may hold anything (slack-bolt prints
    whole events, asyncio tasks with all that they hold), and is told as far as that is certain not to have begun.
    """
    message = record.msg if isinstance(record.msg, str) else ""
    if record.name == "py.warnings":
        warning = _WARNING.match(record.getMessage())
        return warning[0] if warning else ""
    if record.args:
        message %= _harmless(record.args)
        return message.strip().partition("\n")[0]
    return _FILLED_IN.sub("", message.strip().partition("\n")[0])


def _harmless(arguments: tuple[object, ...] | Mapping[str, object]) -> tuple[object, ...] | dict[str, object]:
    if isinstance(arguments, Mapping):
        return {name: _harmless_one(value) for name, value in arguments.items()}
    return tuple(_harmless_one(value) for value in arguments)


def _harmless_one(value: object) -> object:
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        return value if _WORD.fullmatch(value) else "…"
    return type(value).__name__


def _plain(value: object) -> Field:
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return str(value)


# --- exceptions ---


def _told(error: BaseException) -> dict[str, str]:
    """What is told of an exception: its class, its text if that is safe, where it arose and what it came from."""
    told = {"error": type(error).__name__}
    if detail := _detail(error):
        told["detail"] = detail
    causes = (f"from {type(cause).__name__} {_detail(cause)} {_frames(cause)}" for cause in _causes(error))
    told["at"] = "; ".join(" ".join(part.split()) for part in (_frames(error), *causes) if part)
    return told


def _detail(error: BaseException) -> str:
    """The text of an exception where it is ours or the system's; others may quote what people wrote."""
    match error:
        case ThreadkeeperError():
            return str(error)
        case sqlite3.Error():
            return _detail_of_sqlite(error)
        case OSError(errno=int()) if type(error).__module__ in sys.stdlib_module_names:  # aiohttp's name addresses
            return str(error)
        case _:
            return ""


def _detail_of_sqlite(error: sqlite3.Error) -> str:
    """SQLite's generic error quotes the statement, so the words of a full-text query: there its name has to do.

    Python's own, which have no code, quote the text that is no UTF-8.
    """
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return ""
    return "SQLITE_ERROR" if code == sqlite3.SQLITE_ERROR else str(error)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What an exception came from, nearest first: causes, contexts and the members of groups; each once."""
    seen = {id(error)}
    waiting = deque(_origins(error))
    while waiting and len(seen) <= _CAUSES:
        cause = waiting.popleft()
        if id(cause) not in seen:
            seen.add(id(cause))
            waiting.extend(_origins(cause))
            yield cause


def _origins(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        yield from error.exceptions
    if error.__cause__:
        yield error.__cause__
    elif error.__context__ and not error.__suppress_context__:
        yield error.__context__


def _frames(error: BaseException) -> str:
    """The innermost frames, innermost first: `llm/client.py:120 in stream <- memory/core.py:88 in answer`."""
    innermost = deque(traceback.walk_tb(error.__traceback__), maxlen=_FRAMES)
    return " <- ".join(
        f"{'/'.join(PurePath(frame.f_code.co_filename).parts[-2:])}:{line} in {frame.f_code.co_name}"
        for frame, line in reversed(innermost)
    )


# --- lines ---


def _as_json(fields: dict[str, Field]) -> str:
    return json.dumps(fields)


def _as_text(fields: dict[str, Field]) -> str:
    return " ".join(f"{re.sub(r'[^A-Za-z0-9_.-]', '_', key)}={_value(value)}" for key, value in fields.items())


def _value(value: Field) -> str:
    """A value as logfmt has it: bare, or in double quotes with JSON's escapes where it would not be one word."""
    text = value if isinstance(value, str) else json.dumps(value)
    if text and text.isprintable() and not re.search(r'[ "=\\]', text):
        return text
    # JSON leaves some line ends and invisible characters as they are.
    return "".join(
        char if char.isprintable() else json.dumps(char)[1:-1] for char in json.dumps(text, ensure_ascii=False)
    )


class _LineHandler(logging.StreamHandler[TextIO]):
    """Writes what the stream's encoding lacks as an escape, and keeps silent when the stream is gone."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Handler.format`."""
        encoding = getattr(self.stream, "encoding", None) or "utf-8"
        return super().format(record).encode(encoding, "backslashreplace").decode(encoding)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 the standard library's name
        """Nothing: there is nowhere left to say it, and the default would print the record's arguments."""
