"""The log in tests: written to a text, read back, and put back as it was."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from logs import configure

HIDDEN = 'sk-"tést"\\/+&1234567890'
WORDS = "my sister is ill"


@contextmanager
def logging_restored() -> Iterator[None]:
    """Whatever is done to the root logger and to Python's hooks ends with the block."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    try:
        yield
    finally:
        logging.captureWarnings(capture=False)
        root.handlers[:] = handlers
        root.setLevel(level)
        sys.excepthook, threading.excepthook, sys.unraisablehook = hooks


def logged(form: Literal["text", "json"] = "text", level: Literal["debug", "info", "error"] = "info") -> io.StringIO:
    """Configure the log and return what it writes to."""
    stream = io.StringIO()
    configure(form, level, {HIDDEN}, stream)
    return stream


def only_line(stream: io.StringIO) -> str:
    (line,) = stream.getvalue().splitlines()
    return line


def read_text(line: str) -> dict[str, str]:
    """A line of `key=value` read back."""
    fields: dict[str, str] = {}
    while line:
        key, _, line = line.partition("=")
        if line.startswith('"'):
            fields[key], end = json.JSONDecoder().raw_decode(line)
            line = line[end + 1 :]
        else:
            fields[key], _, line = line.partition(" ")
    return fields
