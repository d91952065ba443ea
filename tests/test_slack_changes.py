"""Edits and deletions on Slack: the real slack-bolt against a fake Slack, with a core that notes what it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from adapters.slack.changes import Deleted, Edited, read_change
from adapters.slack.inbound import Drop
from errors import StorageUnavailable
from memory.types import Attachment, Delta, Inbound, Place
from tests.answering import HELLO, Core, saying
from tests.fakes.slack import FakeFile
from tests.slack_home import Home, a_home

TS, EDITED = "1795201023.441473", "1795201099.000000"
BEFORE: dict[str, object] = {"type": "message", "user": "UANN", "team": "THOME", "text": "hello", "ts": TS}
AFTER: dict[str, object] = BEFORE | {"text": "goodbye", "edited": {"user": "UANN", "ts": EDITED}}
STONE: dict[str, object] = {"type": "message", "subtype": "tombstone", "user": "USLACKBOT", "ts": TS, "hidden": True}


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        yield home


def told(message: object, before: object, **changes: object) -> Edited | Deleted | Drop:
    event: dict[str, object] = {"type": "message", "subtype": "message_changed", "hidden": True, "channel": "CGEN"}
    return read_change({"event": event | {"message": message, "previous_message": before, "ts": "1.2"} | changes})


class TestReading:
    def test_an_edit_is_the_message_as_it_stands_now(self) -> None:
        found = told(AFTER, BEFORE, channel_type="channel")
        assert isinstance(found, Edited)
        assert (found.event.ts, found.event.text, found.event.edited) == (TS, "goodbye", EDITED)
        assert (found.event.channel, found.event.kind) == ("CGEN", "channel")

    def test_an_edit_in_a_thread_stays_there(self) -> None:
        found = told(AFTER | {"thread_ts": "1795201000.000001"}, BEFORE)
        assert isinstance(found, Edited)
        assert found.event.thread == "1795201000.000001"

    @pytest.mark.parametrize(
        ("message", "before"),
        [
            (BEFORE | {"attachments": [{"title": "Example"}]}, BEFORE),
            (AFTER | {"attachments": [{"title": "Example"}]}, AFTER),
            (BEFORE | {"reply_count": 3, "latest_reply": EDITED}, BEFORE),
            (AFTER | {"reply_count": 3}, AFTER | {"reply_count": 2}),
            (BEFORE | {"language": {"locale": "nl"}}, BEFORE),
            (BEFORE, None),
            (STONE | {"reply_count": 1}, STONE),
        ],
    )
    def test_a_preview_a_reply_and_a_language_are_no_edits(self, message: object, before: object) -> None:
        assert told(message, before) is Drop.SAME

    def test_a_second_edit_and_a_file_taken_away_are_edits(self) -> None:
        again = AFTER | {"text": "hello", "edited": {"user": "UANN", "ts": "1795201100.000000"}}
        assert isinstance(told(again, AFTER), Edited)
        assert isinstance(told(AFTER, None), Edited)
        assert isinstance(told(BEFORE | {"files": []}, BEFORE | {"files": [{"name": "boat.png"}]}), Edited)

    @pytest.mark.parametrize(
        ("message", "why"),
        [
            (AFTER | {"bot_id": "B012"}, Drop.BOT),
            (AFTER | {"subtype": "bot_message"}, Drop.BOT),
            (AFTER | {"subtype": "channel_topic"}, Drop.SUBTYPE),
            (AFTER | {"user": None}, Drop.ODD),
            (AFTER | {"ts": 1}, Drop.ODD),
            ("text", Drop.ODD),
        ],
    )
    def test_what_is_no_persons_edit_is_dropped_for_a_reason(self, message: object, why: Drop) -> None:
        assert told(message, BEFORE) is why

    def test_a_deletion_is_told_by_its_id_or_by_a_tombstone_that_still_takes_replies(self) -> None:
        assert told(STONE, BEFORE) == Deleted("CGEN", TS, thread=False)
        assert told(None, BEFORE, subtype="message_deleted", deleted_ts=TS) == Deleted("CGEN", TS)
        assert told(None, BEFORE, subtype="message_deleted", deleted_ts="now") is Drop.ODD
        assert told(None, BEFORE, subtype="message_deleted", deleted_ts=TS, channel="C\n1") is Drop.ODD

    def test_anything_else_is_no_change(self) -> None:
        assert told(AFTER, BEFORE, type="reaction_added") is Drop.OTHER
        assert told(AFTER, BEFORE, subtype="message_replied") is Drop.OTHER
        assert read_change({"event": BEFORE}) is Drop.OTHER


class TestEdits:
    async def test_an_edit_is_taken_in_as_the_message_that_it_is_now(self, home: Home) -> None:
        async with home.core() as core:
            files = [FakeFile("boat.png", "image/png", 120)]
            ts = await home.fake.say(home.channel, home.alice, f"hello <@{home.bob}>", files=files)
            await home.quiet()
            await home.fake.edit(home.channel, ts, f"goodbye <@{home.bob}>")
            await home.quiet()
        (heard,), (amended,) = core.heard, core.amended
        assert amended == replace(heard, text="goodbye @Bobby", edited_at=amended.edited_at)
        assert amended.edited_at is not None
        assert heard.sent_at <= amended.edited_at <= datetime.now(UTC)
        assert amended.attachments == (Attachment("boat.png", "image/png", 120),)

    async def test_an_edit_that_brings_the_mention_is_an_edit_and_no_second_message(self, home: Home) -> None:
        async with home.core() as core:
            ts = await home.fake.say(home.channel, home.alice, "hello")
            await home.quiet()
            await home.fake.edit(home.channel, ts, f"<@{home.fake.bot_user_id}> hello")
            await home.quiet()
        assert [heard.addressed for heard in core.heard] == [False]
        assert [(amended.addressed, amended.text) for amended in core.amended] == [(True, "hello")]
        assert home.said() == []

    async def test_previews_replies_and_the_bots_own_edits_are_not_taken_for_edits(self, home: Home) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta("These are the first words of it, ")
            await home.fake.wait_for(lambda: bool(home.said()))
            yield Delta("and these are the last.")

        async with home.core(script) as core:
            ts = await home.ask()
            await core.answered()
            await home.fake.preview_link(home.channel, ts)
            await home.quiet()
        assert home.calls("chat.update") == 1
        assert (core.amended, core.erased) == ([], [])

    async def test_an_edit_comes_after_the_message_although_that_takes_longer_to_look_up(self, home: Home) -> None:
        order: list[str] = []

        async def before(_: Inbound) -> None:
            order.append("heard")

        home.fake.socket.ack_seconds = 4.0
        core = Core(home.adapter(), HELLO, before)

        async def amend(_: Inbound) -> None:
            order.append("amended")

        async with home.running(core.adapter, replace(core.intake, amend=amend)):
            await home.fake.say(home.channel, home.alice, "let us begin")
            await home.quiet()
            home.fake.rate_limit_next("users.info", 3)
            ts = await home.fake.say(home.channel, home.alice, f"ask <@{home.bob}>")
            await home.fake.edit(home.channel, ts, "ask somebody")
            await home.quiet()
        assert order == ["heard", "heard", "amended"]

    async def test_an_edit_that_cannot_be_stored_is_not_acknowledged_and_comes_again(self, home: Home) -> None:
        core = Core(home.adapter(), HELLO)
        tries: list[str] = []

        async def amend(inbound: Inbound) -> None:
            tries.append(inbound.text)
            if len(tries) == 1:
                raise StorageUnavailable("disk full")

        async with home.running(core.adapter, replace(core.intake, amend=amend)):
            ts = await home.fake.say(home.channel, home.alice, "hello")
            await home.fake.edit(home.channel, ts, "goodbye")
            await home.quiet()
        assert tries == ["goodbye", "goodbye"]
        assert len(home.fake.acks) == 2


class TestDeletions:
    async def test_a_message_that_is_deleted_is_erased_with_replies_or_without(self, home: Home) -> None:
        async with home.core() as core:
            alone = await home.fake.say(home.channel, home.alice, "alone")
            parent = await home.fake.say(home.channel, home.alice, "parent")
            reply = await home.fake.say(home.channel, home.bob, "reply", thread_ts=parent)
            for ts in (alone, parent, reply):
                await home.fake.delete(home.channel, ts)
                await home.quiet()
        place = Place("slack", home.fake.team_id, home.channel)
        assert core.erased == [(place, (alone,)), (place, (parent,)), (place, (reply,))]
        assert core.amended == []

    async def test_an_answer_that_somebody_deletes_is_erased(self, home: Home) -> None:
        async with home.core() as core:
            await home.ask()
            await core.answered()
            (answer,) = home.fake.from_bot(home.channel)
            await home.fake.delete(home.channel, answer.ts)
            await home.quiet()
        assert [ids for _, ids in core.erased] == [(answer.ts,)]

    async def test_what_the_bot_takes_back_itself_is_not_erased(self, home: Home) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta("a false start " * 1000)
            await home.fake.wait_for(lambda: len(home.said()) == 2)
            yield Delta("Short.", restart=True)

        async with home.core(script) as core:
            await home.ask()
            await core.answered()
            await home.quiet()
        assert home.calls("chat.delete") == 1
        assert core.erased == []

    async def test_what_the_bot_could_not_take_back_is_erased_when_somebody_else_does(self, home: Home) -> None:
        async with home.core(saying("Hello!")) as core:
            await home.ask()
            await core.answered()
            (answer,) = home.fake.from_bot(home.channel)
            home.fake.fail_next("chat.delete", "cant_delete_message")
            with pytest.raises(Exception, match="cant_delete_message"):
                await core.adapter.remove(core.heard[0], answer.ts)
            await home.fake.delete(home.channel, answer.ts)
            await home.quiet()
        assert [ids for _, ids in core.erased] == [(answer.ts,)]

    async def test_a_deletion_that_cannot_be_stored_is_not_acknowledged_and_comes_again(self, home: Home) -> None:
        core = Core(home.adapter(), HELLO)
        tries: list[str] = []

        async def erase(_: Place, message_ids: Sequence[str]) -> None:
            tries.extend(message_ids)
            if len(tries) == 1:
                raise StorageUnavailable("disk full")

        async with home.running(core.adapter, replace(core.intake, erase=erase)):
            ts = await home.fake.say(home.channel, home.alice, "hello")
            await home.quiet()
            await home.fake.delete(home.channel, ts)
            await home.quiet()
        assert tries == [ts, ts]
        assert len(home.fake.acks) == 2
