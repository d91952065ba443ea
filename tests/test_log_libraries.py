"""What libraries, and Python itself, have to say: in the log, without what they say it of."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import threading
import warnings
from collections.abc import Iterator

import pytest

from tests.log_reading import WORDS, logged, logging_restored, only_line, read_text


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    with logging_restored():
        yield


@pytest.mark.parametrize(
    "name", ["discord.gateway", "openai._base_client", "httpx", "aiosqlite", "asyncio", "slack_bolt"]
)
def test_libraries_are_heard_from_a_warning_on_and_named(name: str) -> None:
    stream = logged(level="debug")
    library = logging.getLogger(name)
    library.debug("request %s", WORDS)
    library.info("request %s", WORDS)
    library.warning("We are being rate limited, retrying in %.1f s", 2.0, extra={"body": WORDS})
    line = only_line(stream)
    assert f'event="We are being rate limited, retrying in 2.0 s" logger={name}' in line
    assert WORDS not in line


@pytest.mark.parametrize(
    ("message", "arguments", "event"),
    [
        # discord.http, discord.client, discord.ui.view
        (
            "We are being rate limited. %s %s responded with 429. Retrying in %.2f seconds.",
            ("POST", "https://example.org/1", 1.5),
            "We are being rate limited. POST https://example.org/1 responded with 429. Retrying in 1.50 seconds.",
        ),
        ("Ignoring exception in %s", ("on_message",), "Ignoring exception in on_message"),
        (
            "Ignoring exception in view %r for item %r",
            (object(), WORDS),
            "Ignoring exception in view 'object' for item '…'",
        ),
        (
            "%s %s responded with 429.",
            ("POST", f"https://discord.com/webhooks/1/{'t' * 120}"),
            "POST … responded with 429.",
        ),
        # slack_bolt, slack_sdk
        (f"Failed to run listener function (error: {WORDS})", (), "Failed to run listener function"),
        (f"Failed to run a message listener: {WORDS}, session: s_1", (), "Failed to run a message listener"),
        (f"Failed to close the old session : {WORDS}", (), "Failed to close the old session"),
        (
            f"A global middleware (hear) skipped calling `next()` for the request ({{'text': '{WORDS}'}})",
            (),
            "A global middleware",
        ),
        # asyncio in debug mode
        ("Executing %s took %.3f seconds", (f"<Task '{WORDS}'>", 0.2), "Executing … took 0.200 seconds"),
        ("%(who)s said %(what)s", ({"who": "somebody", "what": WORDS},), "somebody said …"),
        (ValueError(WORDS), (), ""),
        (f"first line\n{WORDS}", (), "first line"),
        (
            "PyNaCl is not installed, voice will NOT be supported",
            (),
            "PyNaCl is not installed, voice will NOT be supported",
        ),
    ],
)
def test_what_a_library_puts_into_its_warnings_is_left_out_where_it_may_be_words(
    message: str, arguments: tuple[object, ...], event: str
) -> None:
    stream = logged()
    logging.getLogger("library").warning(message, *arguments)
    assert read_text(only_line(stream))["event"] == event


async def test_a_task_that_failed_unseen_is_told_without_its_words() -> None:
    stream = logged()

    async def fail() -> None:
        raise ValueError(WORDS)

    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    del task
    fields = read_text(only_line(stream))
    assert (fields["event"], fields["error"]) == ("Task exception was never retrieved", "ValueError")
    assert "in fail" in fields["at"]
    assert WORDS not in stream.getvalue()


async def test_a_callback_that_failed_is_told_without_its_arguments() -> None:
    stream = logged()
    asyncio.get_running_loop().call_soon(int, WORDS)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert read_text(only_line(stream))["event"] == "Exception in callback int"
    assert WORDS not in stream.getvalue()


def test_a_warning_of_pythons_is_a_line_of_the_log() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        stream = logged()
        warnings.warn(WORDS, UserWarning, stacklevel=1)
    fields = read_text(only_line(stream))
    assert fields["logger"] == "py.warnings"
    assert re.fullmatch(r".*test_log_libraries\.py:\d+: UserWarning", fields["event"])


def test_what_nobody_caught_is_a_line_of_the_log_too(capfd: pytest.CaptureFixture[str]) -> None:
    """Python would print the whole of it: at the end of the process, of a thread, and where nothing can be raised."""
    stream = logged()

    def fail() -> None:
        raise ValueError(WORDS)

    class Careless:
        def __del__(self) -> None:
            fail()

    try:
        fail()
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    Careless()
    lines = [read_text(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["crashed", "thread crashed", "exception ignored"]
    assert all(line["error"] == "ValueError" and "in fail" in line["at"] for line in lines)
    assert WORDS not in stream.getvalue()
    assert capfd.readouterr().err == ""
