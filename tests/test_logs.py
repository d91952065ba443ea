"""The log: one line an event, readable by people and programs, and nobody's words or secrets in it."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import socket
import sqlite3
import traceback
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from errors import Fault, ModelUnreachable, SettingsError
from logs import LineFormatter, configure
from tests.log_reading import HIDDEN, WORDS, logged, logging_restored, only_line, read_text


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    with logging_restored():
        yield


# --- lines ---


def test_an_event_is_one_line_with_its_fields_behind_it() -> None:
    stream = logged()
    before = datetime.now(UTC)
    logging.getLogger("adapters.discord").info("ready", extra={"platform": "discord", "seconds": 1.5, "again": True})
    line = only_line(stream)
    assert " level=info event=ready platform=discord seconds=1.5 again=true" in line
    time = datetime.fromisoformat(read_text(line)["time"])
    assert line.startswith("time=")
    assert read_text(line)["time"].endswith("Z")
    assert abs((time - before).total_seconds()) < 1


def test_json_has_the_same_keys_with_their_own_types() -> None:
    stream = logged("json")
    logging.getLogger("bot").warning(
        "stopped", extra={"turns": 3, "place": "discord/1", "cause": None, "f": float("nan")}
    )
    fields = json.loads(only_line(stream))
    assert list(fields) == ["time", "level", "event", "turns", "place", "cause", "f"]
    assert fields["level"] == "warning"
    assert (fields["turns"], fields["place"], fields["cause"], fields["f"]) == (3, "discord/1", None, "nan")


@given(st.text(), st.text(), st.sampled_from(["text", "json"]))
@example("line\x85ends", "and\u2028a\u202ehalf\ud800", "text")
def test_any_text_stays_on_one_line_and_reads_back_as_it_was(
    name: str, value: str, form: Literal["text", "json"]
) -> None:
    record = logging.makeLogRecord({"name": "bot", "msg": name.replace("%", "%%"), "levelname": "INFO", "place": value})
    line = LineFormatter(form, ()).format(record)
    assert len(line.splitlines()) == 1
    assert line.encode("utf-8")
    fields = json.loads(line) if form == "json" else read_text(line)
    assert fields["place"] == value
    assert fields["event"] == name.replace("%", "%%")


def test_fields_cannot_take_the_place_of_time_level_and_event() -> None:
    stream = logged()
    logging.getLogger("bot").info("ready", extra={"level": "none", "event": "other", "a b": 1})
    assert " level=info event=ready a_b=1" in only_line(stream)


def test_the_level_of_the_settings_holds() -> None:
    stream = logged(level="error")
    logging.getLogger("bot").warning("small")
    logging.getLogger("bot").error("large")
    assert "event=large" in only_line(stream)


def test_configuring_again_replaces_what_was_there() -> None:
    first, second = logged(), logged()
    logging.getLogger("bot").info("ready")
    assert first.getvalue() == ""
    assert "event=ready" in only_line(second)


# --- exceptions ---


def log_failure(error: BaseException, cause: BaseException | None = None) -> None:
    if cause:
        with contextlib.suppress(type(cause)):
            raise cause  # so that it knows where it arose
    try:
        raise error from cause
    except type(error):
        logging.getLogger("llm.client").exception("call_failed", extra={"model": "m"})


def failing(error: BaseException, cause: BaseException | None = None) -> dict[str, str]:
    """What the log says of an exception that came from another one."""
    stream = logged()
    log_failure(error, cause)
    return read_text(only_line(stream))


@pytest.mark.parametrize("error", [ValueError(WORDS), KeyError(WORDS), RuntimeError(WORDS)])
def test_an_exception_that_may_hold_words_is_told_by_class_and_place_alone(error: Exception) -> None:
    fields = failing(error)
    assert fields["error"] == type(error).__name__
    assert fields["at"].startswith("tests/test_logs.py:")
    assert "detail" not in fields
    assert WORDS not in str(fields)


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (ModelUnreachable("no answer in 60 s"), "no answer in 60 s"),
        (PermissionError(13, "Permission denied", "x.db"), "[Errno 13] Permission denied: 'x.db'"),
        (SettingsError(Fault("a", "b"), Fault("c", "d")), "a: b\nc: d"),
    ],
)
def test_an_exception_that_holds_no_words_is_told_with_its_text(error: Exception, detail: str) -> None:
    assert failing(error)["detail"] == detail


@pytest.mark.parametrize(
    ("statement", "detail"),
    [
        ("SELECT * FROM sister", "SQLITE_ERROR"),  # as the words of a full-text query, which are part of it
        ("SELECT CAST(x'736973746572ff' AS TEXT)", None),  # "Could not decode to UTF-8 column … with text 'sister'"
        ("INSERT INTO turns VALUES (1), (1)", "UNIQUE constraint failed: turns.id"),
    ],
)
def test_of_sqlites_errors_only_those_without_words_are_told(statement: str, detail: str | None) -> None:
    stream = logged()
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE turns (id UNIQUE)")
        try:
            database.execute(statement).fetchall()
        except sqlite3.Error:
            logging.getLogger("storage.sqlite").exception("search_failed")
    assert read_text(only_line(stream)).get("detail") == detail
    assert "sister" not in stream.getvalue()


def test_of_the_systems_errors_only_its_own_words_are_told() -> None:
    """Libraries derive theirs from the system's: aiohttp's timeout names the address, with the ticket in it."""

    class LibraryTimeoutError(TimeoutError):
        errno = 110

    assert "detail" not in failing(LibraryTimeoutError(f"Connection timeout to host wss://x/?ticket={WORDS}"))
    assert "detail" not in failing(TimeoutError(WORDS))
    assert failing(socket.gaierror(-2, "Name or service not known"))["detail"] == "[Errno -2] Name or service not known"


def test_what_an_exception_came_from_is_told_after_it() -> None:
    fields = failing(ModelUnreachable("down"), ConnectionRefusedError(111, "Connection refused"))
    own, _, origin = fields["at"].partition("; ")
    assert "in log_failure" in own
    assert origin.startswith("from ConnectionRefusedError [Errno 111] Connection refused tests/test_logs.py:")


def test_the_members_of_a_group_are_told() -> None:
    fields = failing(ExceptionGroup(WORDS, [ValueError(WORDS), OSError(5, "Input/output error")]))
    assert "from ValueError" in fields["at"]
    assert "from OSError [Errno 5] Input/output error" in fields["at"]
    assert WORDS not in str(fields)


def test_the_innermost_places_come_first_and_there_are_few_of_them() -> None:
    stream = logged()

    def land() -> None:
        raise RuntimeError(WORDS)

    def descend(depth: int) -> None:
        if depth:
            descend(depth - 1)
        land()

    try:
        descend(50)
    except RuntimeError:
        logging.getLogger("bot").exception("fell")
    places = read_text(only_line(stream))["at"].split(" <- ")
    assert len(places) == 5
    assert places[0].endswith("in land")
    assert all(place.endswith("in descend") for place in places[1:])


# --- secrets ---


class Telltale:
    """An object that says a secret when it is asked what it is."""

    def __str__(self) -> str:
        return f"Telltale({HIDDEN})"


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "told",
    [HIDDEN, f"Bearer {HIDDEN}", repr(HIDDEN), str([HIDDEN]), json.dumps({"k": HIDDEN}), quote(HIDDEN),
     quote(HIDDEN, safe=""), quote(HIDDEN, safe="").lower(), f"a\nb {HIDDEN}", Telltale()],
)  # fmt: skip
def test_a_secret_is_left_out_wherever_it_turns_up(form: Literal["text", "json"], told: object) -> None:
    stream = logged(form)
    logging.getLogger("bot").info("ready", extra={"field": told})
    logging.getLogger("bot").info(f"{told}")  # noqa: G004 an event that should not be
    logging.getLogger(f"library.{told}").warning("%s", told)
    log_failure(ModelUnreachable(str(told)), OSError(5, str(told)))
    lines = stream.getvalue()
    assert len(lines.splitlines()) == 4
    assert "[redacted]" in lines
    assert "1234567890" not in lines


@pytest.mark.parametrize("before", ["", "u:", "us:", "user:"])
@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
def test_a_secret_in_base64_is_left_out_too(before: str, encode: Callable[[bytes], bytes]) -> None:
    """As in `Authorization: Basic`, where it comes after a name and a colon."""
    stream = logged()
    told = encode(f"{before}{HIDDEN}:".encode()).decode()
    logging.getLogger("bot").info("ready", extra={"header": f"Basic {told}"})
    header = read_text(only_line(stream))["header"]
    assert "[redacted]" in header
    assert len(header.replace("[redacted]", "")) < 20


def test_the_longer_of_two_secrets_goes_as_a_whole() -> None:
    record = logging.makeLogRecord({"name": "bot", "msg": "x", "token": "secret-and-more"})
    assert LineFormatter("text", ["secret", "secret-and-more"]).format(record).endswith(" token=[redacted]")


def test_a_placeholder_for_a_key_does_not_eat_the_log() -> None:
    record = logging.makeLogRecord({"name": "bot", "msg": "ready", "levelname": "INFO", "platform": "discord"})
    assert "event=ready platform=discord" in LineFormatter("text", ["d", ""]).format(record)


# --- never in the way ---


class Mute:
    """An object that cannot say what it is."""

    def __str__(self) -> str:
        raise RuntimeError(WORDS)


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_cannot_be_told_is_told_as_that(form: Literal["text", "json"]) -> None:
    stream = logged(form)
    logging.getLogger("bot").info("ready", extra={"field": Mute()})
    logging.getLogger(f"bot.{HIDDEN}").info("%d", "no number")
    logging.getLogger("bot").info("ready", extra={"field": 10**5000})
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3
    assert all("log_failed" in line for line in lines)
    assert "[redacted]" in lines[1]
    assert WORDS not in stream.getvalue()


def test_a_stream_that_is_gone_or_narrow_stops_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    gone = io.StringIO()
    gone.close()
    configure("text", "info", (), gone)
    logging.getLogger("bot").info("ready")
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    configure("text", "info", (), narrow)
    logging.getLogger("bot").info("ready", extra={"name_of_place": "Café"})
    narrow.seek(0)
    assert "name_of_place=Caf\\xe9" in narrow.read()
    assert capsys.readouterr().err == ""


def test_the_log_goes_to_standard_error_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    configure("text", "info", ())
    logging.getLogger("bot").info("ready", extra={"platform": "terminal"})
    said = capsys.readouterr()
    assert "ready platform=terminal" in said.err
    assert said.out == ""


def test_the_secret_of_these_tests_would_show_in_a_plain_traceback() -> None:
    """So that the tests above prove something."""
    assert "1234567890" in "".join(traceback.format_exception(ModelUnreachable(HIDDEN)))
