"""What a single setting may look like: pure checks of values, each refusal in plain words with the cure.

Every check takes a value, returns it when it is good, and raises ValueError with the sentence that the operator reads.
"""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

SQLITE = "sqlite:///"
"""What stands before the path of the database file in `storage.url`."""

LONGEST_SHOWN = 31
"""Longer texts are not quoted in a fault: no token or key of these services is shorter than 32 characters."""

_PERSON = re.compile(r"discord:[0-9]+|slack:[UW][A-Z0-9]+|terminal:\S+")
_ID = re.compile(r"discord:[0-9]+|slack:[A-Z][A-Z0-9]+|terminal:\S+")
_TOKEN = re.compile(r"[!#-&(-~]+")  # printable ASCII without spaces and quotes


def shown(value: object) -> str:
    """A value of config.toml as a fault quotes it; what could be a secret is only described."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            short = len(value) <= LONGEST_SHOWN
            return json.dumps(value) if short else f"a text of {len(value)} characters"
        case int() | float():
            return "a very large number" if abs(value) >= 10**15 else str(value)
        case list():
            return "a list"
        case dict():
            return "a section"
        case _:
            return "a date or time"


def one_line(text: str) -> str:
    """A name: one line that is not blank, at most 200 characters."""
    if not text.strip() or not text.isprintable() or len(text) > 200:  # noqa: PLR2004 the docstring names it
        raise ValueError(f"expected one line of at most 200 characters, not blank, got {shown(text)}")
    return text


def command_prefix(text: str) -> str:
    """What commands begin with; `/` and `@` are the platforms' own, and never reach a bot as typed."""
    if not text or text[0] in "/@" or " " in text or not text.isprintable() or len(text) > LONGEST_SHOWN:
        raise ValueError(
            f'expected a few characters without spaces that do not begin with / or @, such as "!", got {shown(text)}'
        )
    return text


def timezone(name: str) -> str:
    """The IANA name of a time zone."""
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # not known, not a name, or a folder of names such as "America"
        raise ValueError(f'expected a time zone such as "UTC" or "Europe/Berlin", got {shown(name)}') from None
    return name


def person(entry: str) -> str:
    """One user of one platform, by id."""
    if not _PERSON.fullmatch(entry):
        raise ValueError(
            'expected "discord:<user id>", "slack:<user id>" or "terminal:<user>", an id and not a name, '
            f"got {shown(entry)}"
        )
    return entry


def any_id(entry: str) -> str:
    """One user, role, channel, server or workspace of one platform, by id."""
    if not _ID.fullmatch(entry):
        raise ValueError(
            'expected "discord:<id>", "slack:<id>" or "terminal:<user>", the id and not the name of a user, role, '
            f"channel, server or workspace, got {shown(entry)}"
        )
    return entry


def http_address(url: str) -> str:
    """Empty, or an `http://` or `https://` address."""
    return _address(url, "http")


def ws_address(url: str) -> str:
    """Empty, or a `ws://` or `wss://` address."""
    return _address(url, "ws")


def _address(url: str, scheme: str) -> str:
    if not url:
        return url
    if "@" in url.partition("//")[2].partition("/")[0]:
        raise ValueError("holds a user name or a password; secrets belong in the environment or .env")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {scheme, f"{scheme}s"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, a bracket that is not closed
        usable = False
    if not usable or " " in url or not url.isprintable():
        raise ValueError(f"expected an address that begins with {scheme}:// or {scheme}s://, got {shown(url)}")
    return url


def database_url(url: str) -> str:
    """`sqlite:///` and the path of a file."""
    if url.startswith(("postgresql:", "postgres:")):
        raise ValueError('PostgreSQL comes later; use "sqlite:///threadkeeper.db"')
    path = url.removeprefix(SQLITE)
    if path in {url, "", ":memory:"} or "?" in path or not path.isprintable():
        raise ValueError(f'expected "sqlite:///" and the path of a file, got {shown(url)}')
    return url


def folder(path: str) -> str:
    """Empty, or the path of a folder, which is made where there is none."""
    if not path.isprintable() or path.strip() != path:
        raise ValueError(f'expected the path of a folder, such as "archive", got {shown(path)}')
    return path


def token(value: str, prefix: str) -> str:
    """A secret in one piece that begins with `prefix`; a refusal never quotes it."""
    if not _TOKEN.fullmatch(value):
        raise ValueError("holds a space, a line break, a quotation mark or a character no token has; copy it again")
    if not value.startswith(prefix):
        raise ValueError(f"expected a token that begins with {prefix}; look whether two tokens were mixed up")
    return value
