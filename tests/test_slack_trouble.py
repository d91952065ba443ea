"""What Slack sends that nobody can make anything of, and what nobody can store: none of it stops the connection."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from adapters.slack import Slack
from errors import StorageUnavailable
from memory.types import Delta, Inbound
from tests.answering import HELLO, Core, Script, saying
from tests.slack_home import Home, a_home

EVENT: dict[str, object] = {"type": "message", "channel": "C1", "user": "U1", "text": "secret", "ts": "1.2"}
PAYLOAD: dict[str, object] = {"type": "event_callback", "team_id": "T1", "event": EVENT}
DEEP = '{"a":' * 100_000
FRAMES = [
    "",
    "no JSON",
    "[1, 2]",
    '"text"',
    "null",
    "{",
    DEEP,
    '{"envelope_id": ' + "9" * 5000 + "}",
    "{}",
    f'{{"type": "events_api", "payload": "{"x" * 5_000_000}"}}',
    '{"type": "hello"}',
    '{"type": {"a": 1}, "envelope_id": ["x"], "payload": {}}',
    '{"type": "events_api", "payload": {}}',
    '{"type": "events_api", "envelope_id": 5, "payload": {}}',
    '{"type": "events_api", "envelope_id": "\\u0000", "payload": {}}',
]
"""Frames that are no envelope with an id; there is nothing to acknowledge."""

PAYLOADS: list[object] = [
    None,
    [PAYLOAD],
    5,
    "secret",
    {},
    {"event": None},
    {"event": [EVENT]},
    {"event": "secret"},
    PAYLOAD | {"authorizations": {"a": 1}},
    PAYLOAD | {"authorizations": [None]},
    PAYLOAD | {"authorizations": 5},
    PAYLOAD | {"team": 5},
    PAYLOAD | {"enterprise": 5},
    PAYLOAD | {"user": True},
    PAYLOAD | {"is_ext_shared_channel": True, "event": None},
    PAYLOAD | {"response_urls": {"a": 1}},
    {"ssl_check": "1"},
    {"type": "url_verification", "challenge": {"a": 1}},
    {"command": ["/forget"], "trigger_id": 1},
]
"""What stands in the place of an event: libraries stumble over some of it before our part begins."""


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        yield home


async def is_heard(home: Home, core: Core[Slack]) -> bool:
    """Whether a sound message is still heard, over the connection that stood from the beginning."""
    ts = await home.fake.say(home.channel, home.alice, "still there?")
    await home.quiet()
    return home.fake.connections.opened == 1 and core.heard[-1].message_id == ts


@pytest.mark.parametrize("number", range(len(FRAMES)))
async def test_a_frame_that_is_no_envelope_is_dropped(
    home: Home, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with home.core() as core:
        home.fake.send_frame(FRAMES[number])
        assert await is_heard(home, core)
    assert len(home.fake.acks) == 1
    assert not any("no JSON" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("number", range(len(PAYLOADS)))
async def test_an_envelope_with_anything_in_it_is_acknowledged(
    home: Home, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with home.core() as core:
        for more in ({}, {"retry_reason": 5}, {"retry_attempt": {"a": 1}}, {"type": None}):
            home.fake.socket.deliver("events_api", PAYLOADS[number], more=dict(more))
        await home.quiet()
        assert [ack.in_time for ack in home.fake.acks] == [True] * 4
        assert await is_heard(home, core)
    assert "secret" not in caplog.text


async def test_what_is_dropped_is_logged_by_its_type(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    async with home.core() as core:
        for frame in ("no JSON", "[1, 2]", DEEP):
            home.fake.send_frame(frame)
        assert await is_heard(home, core)
    dropped = [vars(record)["error"] for record in caplog.records if record.getMessage() == "frame dropped"]
    assert dropped == ["JSONDecodeError", "list", "RecursionError"]


async def test_an_event_that_fails_in_the_core_is_logged_by_its_type_and_does_not_come_again(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    async def stumble(inbound: Inbound) -> None:
        if "secret" in inbound.text:
            raise KeyError(inbound.text)

    async with home.core(before=stumble) as core:
        await home.fake.say(home.channel, home.alice, "secret")
        assert await is_heard(home, core)
    assert [heard.text for heard in core.heard] == ["secret", "still there?"]
    assert len(home.fake.acks) == 2
    assert "KeyError" in [vars(record).get("error") for record in caplog.records]
    assert "secret" not in caplog.text


async def test_who_used_a_slash_command_that_fails_is_told_so_and_not_left_in_silence(home: Home) -> None:
    async def stumble(_: Inbound) -> None:
        raise KeyError("secret")

    async with home.core(before=stumble):
        used = await home.fake.slash(home.alice, home.channel, "/forget")
        await home.quiet()
    (answer,) = home.fake.responses(used)
    assert answer.user == home.alice
    assert answer.text.startswith("Something went wrong on my side")


async def test_what_is_never_stored_is_given_up_by_slack_and_the_rest_is_heard(home: Home) -> None:
    home.fake.socket.ack_seconds, home.fake.socket.retry_pauses = 0.05, (0.0, 0.01, 0.01)

    async def stumble(inbound: Inbound) -> None:
        if inbound.text == "lost":
            raise StorageUnavailable("disk full")

    async with home.core(before=stumble) as core:
        await home.fake.say(home.channel, home.alice, "lost")
        await home.quiet()
        assert await is_heard(home, core)
    assert [heard.text for heard in core.heard] == ["lost"] * 4 + ["still there?"]
    assert (home.fake.socket.given_up, len(home.fake.acks)) == (1, 1)


async def test_a_message_that_comes_again_is_taken_in_again_and_answered_once(home: Home) -> None:
    home.fake.socket.ack_seconds, home.fake.socket.retry_pauses = 0.05, (0.0,)
    core = Core(home.adapter(), HELLO)
    tries: list[Inbound] = []

    async def accept(inbound: Inbound) -> bool:
        tries.append(inbound)
        taken = await core.accept(inbound)
        if len(tries) == 1:
            await home.fake.wait_for(lambda: home.fake.socket.given_up == 1)  # both tries go unacknowledged
        return taken

    async with home.running(core.adapter, replace(core.intake, accept=accept)):
        await home.fake.say(home.fake.open_dm(home.alice), home.alice, "hello")
        await core.answered()
        await home.until(lambda: len(tries) == 2)
    assert len(set(tries)) == 1
    assert home.said(home.fake.open_dm(home.alice)) == ["Hello!"]


class TestWriting:
    async def test_a_wait_that_slack_names_for_an_edit_is_waited(self, home: Home) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta("These are the first words of it, ")
            await home.fake.wait_for(lambda: bool(home.said()))
            home.fake.rate_limit_next("chat.update", 1)
            yield Delta("and these are the last.")

        async with home.core(script) as core:
            await home.ask()
            await core.answered()
        first, second = [request.at for request in home.fake.requests if request.method == "chat.update"]
        assert second - first >= 1
        assert home.said() == ["These are the first words of it, and these are the last."]

    @pytest.mark.parametrize("outcome", [0, 500])
    async def test_an_edit_whose_receipt_was_lost_is_made_again(self, home: Home, outcome: int) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta("These are the first words of it, ")
            await home.fake.wait_for(lambda: bool(home.said()))
            home.fake.fail_next("chat.update", outcome, after_effect=True)
            yield Delta("and these are the last.")

        async with home.core(script) as core:
            await home.ask()
            await core.answered()
        assert home.said() == ["These are the first words of it, and these are the last."]
        assert core.failed == []

    @pytest.mark.parametrize("code", ["internal_error", "update_failed", "external_channel_migrating"])
    async def test_an_edit_that_slack_refuses_for_a_while_is_made_in_the_end(self, home: Home, code: str) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta("These are the first words of it, ")
            await home.fake.wait_for(lambda: bool(home.said()))
            home.fake.fail_next("chat.update", code, times=2)
            yield Delta("and these are the last.")

        async with home.core(script) as core:
            await home.ask()
            await core.answered()
        assert home.said() == ["These are the first words of it, and these are the last."]
        assert core.failed == []

    async def test_a_channel_that_is_just_being_moved_gets_its_answer_afterwards_and_once(self, home: Home) -> None:
        home.fake.fail_next("chat.postMessage", "external_channel_migrating", times=2)
        async with home.core() as core:
            await home.ask()
            await core.answered()
        assert home.said() == ["Hello!"]
        assert core.failed == []

    async def test_an_edit_that_is_refused_on_the_way_leaves_no_half_answer(self, home: Home) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta("These are the first words of it, ")
            await home.fake.wait_for(lambda: bool(home.said()))
            home.fake.fail_next("chat.update", "accesslimited")
            yield Delta("and these are ")
            await home.fake.wait_for(lambda: bool(home.calls("chat.update")))
            yield Delta("the last.")

        async with home.core(script) as core:
            await home.ask()
            await core.answered()
        assert home.said() == ["These are the first words of it, and these are the last."]
        assert core.failed == []

    async def test_many_answers_at_once_do_not_edit_more_often_than_slack_allows(self, home: Home) -> None:
        home.fake.allow_calls("chat.update", 10, seconds=1.0)
        async with home.core(saying("Hello!")) as core:
            await home.ask()
            await core.answered()
            (answer,) = home.fake.from_bot(home.channel)
            for number in range(11):
                await core.adapter.edit(core.heard[0], answer.ts, f"number {number}")
        assert home.said() == ["number 10"]
        assert home.calls("chat.update") == 11

    async def test_an_edit_notifies_nobody_and_links_no_names(self, home: Home) -> None:
        words = f"<!channel> @here @channel <@{home.bob}> look"

        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta("These are the first words of it, ")
            await home.fake.wait_for(lambda: bool(home.said()))
            yield Delta(words)

        async with home.core(script) as core:
            await home.ask()
            await core.answered()
        (answer,) = home.fake.from_bot(home.channel)
        assert answer.edits
        assert not answer.pings
        assert answer.shown.replace("\u2060", "").endswith(words)

    async def test_an_answer_to_a_command_shows_no_previews(self, home: Home) -> None:
        async with home.core(saying("see https://example.com/")) as core:
            await home.fake.slash(home.alice, home.channel, "/forget")
            await core.answered()
        (sent,) = [request.arguments for request in home.fake.requests if request.method == "response_url"]
        assert (sent["unfurl_links"], sent["unfurl_media"]) == (False, False)
        assert "parse" not in sent


def silence(home: Home) -> Script:
    """Answer with nothing at all, when the sign of thinking is there."""

    async def script(_: Inbound) -> AsyncIterator[Delta]:
        await home.fake.wait_for(lambda: bool(home.fake.statuses))
        for text in list[str]():
            yield Delta(text)

    return script


class TestStatus:
    async def test_an_answer_that_never_comes_leaves_no_sign_of_thinking(self, home: Home) -> None:
        async with home.core(silence(home)) as core:
            ts = await home.ask()
            await core.answered()
        assert [status.status for status in home.fake.statuses] == ["is thinking…", ""]
        assert home.fake.status(home.channel, ts) == ""
        assert home.said() == []

    async def test_an_answer_that_is_edited_into_an_old_one_leaves_none_either(self, home: Home) -> None:
        async with home.core() as core:
            ts = await home.ask()
            await core.answered()
            home.fake.statuses.clear()
            (answer,) = home.fake.from_bot(home.channel)

            async def thinking() -> AsyncIterator[Delta]:
                await home.fake.wait_for(lambda: bool(home.fake.statuses))
                yield Delta("Better.")

            await core.adapter.reply(core.heard[0], thinking(), core.note, [answer.ts])
        assert home.said() == ["Better."]
        assert home.fake.status(home.channel, ts) == ""

    async def test_after_a_post_there_is_nothing_to_take_away(self, home: Home) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            await home.fake.wait_for(lambda: bool(home.fake.statuses))
            yield Delta("Done.")

        async with home.core(script) as core:
            ts = await home.ask()
            await core.answered()
        assert [status.status for status in home.fake.statuses] == ["is thinking…"]
        assert home.fake.status(home.channel, ts) == ""

    async def test_a_sign_whose_receipt_was_lost_is_taken_away(self, home: Home) -> None:
        home.fake.fail_next("assistant.threads.setStatus", 0, after_effect=True)
        async with home.core(silence(home)) as core:
            ts = await home.ask()
            await core.answered()
        assert [status.status for status in home.fake.statuses] == ["is thinking…", ""]
        assert home.fake.status(home.channel, ts) == ""
