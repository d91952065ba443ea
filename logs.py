"""The log: one line an event on standard error, `key=value` or JSON, without message texts and without secrets.

    time=2026-11-20T17:25:00.123Z level=info event=ready platform=discord

An event is a short name (`log.info("ready", extra={"platform": "discord"})`), and its `extra` are the fields after it.
What keeps people's words out: of libraries only warnings and errors are taken, and of those the first line; of an
exception its class and where it arose, and its text only where the class is known to hold none of theirs. What keeps
secrets out: each is replaced by its value in every field and once more in the finished line.
"""

from __future__ import annotations

import json
import logging
import math
import re
import sqlite3
import sys
import traceback
from collections import deque
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Literal, TextIO
from urllib.parse import quote, quote_plus

from errors import ThreadkeeperError

Field = str | int | float | bool | None
Redact = Callable[[str], str]

OWN = frozenset({"__main__", "adapters", "bot", "config", "llm", "logs", "memory", "storage"})
"""First names of the loggers whose words are ours; all others are libraries'."""

SHORTEST_SECRET = 4
"""Shorter ones are placeholders, such as `x` for a local server that wants any key; the log would be full of holes."""

_RECORD_KEYS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_FRAMES = 5
_CAUSES = 5
_REPR = re.compile(r"\s*[<({\['\"].*")


def configure(
    format: Literal["text", "json"],  # noqa: A002 the setting's own name
    level: Literal["debug", "info", "warning", "error"],
    secrets: Collection[str],
    stream: TextIO | None = None,
) -> None:
    """Send every log record of the process to `stream` (default: standard error) as one line, and nowhere else."""
    handler = _LineHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(LineFormatter(format, secrets))
    handler.addFilter(_is_fit)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)


class LineFormatter(logging.Formatter):
    """Makes one line of a record, and never raises: what can't be told is told as `event=log_failed`."""

    def __init__(self, form: Literal["text", "json"], secrets: Collection[str]) -> None:
        super().__init__()
        self._render = _as_json if form == "json" else _as_text
        self._redact = redactor(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """The record's line, without a line break."""
        try:
            fields = _fields(record, self._redact(record.getMessage()))
            line = self._render({k: self._redact(v) if isinstance(v, str) else v for k, v in fields.items()})
        except Exception as failure:  # noqa: BLE001 a `str` of anybody's object may raise anything
            unable: dict[str, Field] = {"logger": record.name, "error": type(failure).__name__}
            line = self._render(_header(record, "log_failed") | unable)
        return self._redact(line)


def redactor(secrets: Collection[str]) -> Redact:
    """A function that puts `[redacted]` for every secret: plain, escaped as in JSON or `repr`, or quoted for a URL."""
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


def _is_own(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] in OWN


def _is_fit(record: logging.LogRecord) -> bool:
    """Libraries write requests, events and SQL with people's words in them below WARNING."""
    return _is_own(record) or record.levelno >= logging.WARNING


def _header(record: logging.LogRecord, event: str) -> dict[str, Field]:
    time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    return {"time": time.replace("+00:00", "Z"), "level": record.levelname.lower(), "event": event}


def _fields(record: logging.LogRecord, message: str) -> dict[str, Field]:
    if not _is_own(record):
        fields = _header(record, _first_line(record.name, message)) | {"logger": record.name}
    else:
        fields = _header(record, message)
        for key, value in vars(record).items():
            if key not in _RECORD_KEYS and key not in fields:
                fields[key] = _plain(value)
    if record.exc_info and record.exc_info[1]:
        fields |= _told(record.exc_info[1])
    return fields


def _first_line(logger: str, message: str) -> str:
    """The first line of a library's message; asyncio puts tasks and arguments into its own, with all that they hold."""
    line = message.strip().partition("\n")[0]
    return _REPR.sub("", line) if logger == "asyncio" else line


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
    """The text of an exception where it is ours or the system's; others may quote what people wrote.

    SQLite's generic error quotes the statement, and so the words of a full-text query: there its name has to do.
    """
    if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
        return "SQLITE_ERROR"
    return str(error) if isinstance(error, ThreadkeeperError | OSError | sqlite3.Error) else ""


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
