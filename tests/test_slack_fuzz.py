"""The whole border to Slack under mutated events and answers: nothing escapes, nothing stops, nothing odd comes in."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator, Callable
from copy import deepcopy
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from time import process_time
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack.changes import Edited, read_change
from adapters.slack.directory import Directory, user_from
from adapters.slack.history import Reader
from adapters.slack.inbound import Drop, Event, Me, read, read_app_message, read_message, understand
from adapters.slack.markup import Names, ids_in
from adapters.slack.pages import standing_in, threads_in, times_in
from adapters.slack.places import Channel, Kind, channel_from
from adapters.slack.preflight import web_client
from adapters.slack.shown import said_in, tables_in
from adapters.slack.slash import read_command, to_inbound
from errors import PlatformError, PlatformUnreachable
from memory.types import Inbound, Person, Place
from tests.answering import HELLO, NOBODY_THERE, Core
from tests.hunting import examples
from tests.slack_home import Home, a_home

SEED: Final = 20_261_120
ROUNDS: Final = 800
NOW = datetime(2026, 11, 20, tzinfo=UTC)
ME = Me("THOME", "UBOT", "!", frozenset({"forget"}))
ANN = Person("UANN", "Ann")
NAMES = Names(people={"UANN": "Ann"}, channels={"CGEN": "general"})
TS, LATER = "1795201023.441473", "1795201099.000000"

FILE: dict[str, object] = {"id": "F1", "name": "boat.png", "mimetype": "image/png", "size": 120_000, "mode": "hosted"}
CELLS = [{"type": "rich_text", "elements": [{"type": "text", "text": "4 m"}]}, {"type": "raw_number", "value": 4}]
TABLE: dict[str, object] = {"id": 1, "blocks": [{"type": "table", "rows": [CELLS, CELLS]}]}
SHARED: dict[str, object] = {
    "is_msg_unfurl": True,
    "is_share": True,
    "ts": "1700000000.000100",
    "author_id": "UBOB",
    "author_name": "Bob",
    "text": "The boat leaves at nine",
    "message_blocks": [{"message": {"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "Boat"}}]}}],
    "files": [FILE],
}
SAID: dict[str, object] = {
    "type": "message",
    "client_msg_id": "0837851c-2d34-4d4d-804c-7aed753c3421",
    "user": "UANN",
    "team": "THOME",
    "user_team": "THOME",
    "text": "<@UBOT> hello <@UBOB|bob>, see <https://example.com/|this> &amp; <#CGEN> <!here>",
    "ts": TS,
    "blocks": [{"type": "rich_text", "elements": [{"type": "user", "user_id": "UBOB"}]}],
    "files": [FILE, FILE | {"mode": "tombstone"}],
    "attachments": [TABLE, SHARED, {"from_url": "https://example.com/", "title": "Example", "text": "An example."}],
}
REPLY = SAID | {"thread_ts": "1795201000.000001", "parent_user_id": "UBOB"}
PARENT = SAID | {"thread_ts": TS, "reply_count": 2, "latest_reply": LATER, "reply_users": ["UBOB"]}
EDITED = SAID | {"text": "<@UBOT> goodbye", "edited": {"user": "UANN", "ts": LATER}}
STONE: dict[str, object] = {"type": "message", "subtype": "tombstone", "user": "USLACKBOT", "ts": TS, "hidden": True}
WHERE: dict[str, object] = {"channel": "CGEN", "channel_type": "channel", "event_ts": LATER}
CHANGED = WHERE | {"type": "message", "subtype": "message_changed", "hidden": True, "ts": LATER}
EVENTS: tuple[dict[str, object], ...] = (
    SAID | WHERE,
    REPLY | WHERE,
    SAID | WHERE | {"type": "app_mention"},
    SAID | WHERE | {"subtype": "file_share", "upload": False},
    REPLY | WHERE | {"subtype": "thread_broadcast", "root": PARENT},
    SAID | WHERE | {"subtype": "me_message"},
    CHANGED | {"message": EDITED, "previous_message": SAID},
    CHANGED | {"message": STONE | {"reply_count": 1}, "previous_message": PARENT},
    CHANGED | {"subtype": "message_deleted", "deleted_ts": TS, "previous_message": SAID},
    {"type": "user_change", "user": {"id": "UANN", "name": "ann", "profile": {"display_name": "Ann"}}},
    {"type": "channel_shared", "channel": "CGEN", "connected_team_id": "TOTHER"},
    {"type": "channel_rename", "channel": {"id": "CGEN", "name": "all", "created": 0}},
    {"type": "channel_left", "channel": "CGEN"},
    {"type": "member_joined_channel", "channel": "CGEN", "user": "UBOT", "channel_type": "C"},
    SAID | WHERE | {"subtype": "channel_convert_to_private", "channel_type": "group"},
)
OUTSIDE: dict[str, object] = {
    "type": "event_callback",
    "team_id": "THOME",
    "api_app_id": "AAPP",
    "event_id": "Ev1",
    "authorizations": [{"enterprise_id": None, "team_id": "THOME", "user_id": "UBOT", "is_bot": True}],
    "is_ext_shared_channel": False,
}
SLASH: dict[str, object] = {
    "command": "/forget",
    "text": "<@UBOB|bob> now",
    "trigger_id": "1.2.abc",
    "channel_id": "CGEN",
    "user_id": "UANN",
    "team_id": "THOME",
    "response_url": f"http://{NOBODY_THERE}/commands/1",
}
BODIES: tuple[dict[str, object], ...] = (SLASH, *(OUTSIDE | {"event": event} for event in EVENTS))

UNFIT: Final = "a\nb\0c\ud800 \u2028\x1b[2J"
"""What no name, id or database takes."""

ODD_TEXTS: tuple[str, ...] = (
    *(
        UNFIT,
        "<@UBOB|a\0b\ud800\u2028c\x1b[2J>",
        f"<@UBOT> {UNFIT}",
        "\0",
        "\ud800",
        "\udfff\ud800",
        "\u202eevil",
        "\u200b" * 50,
    ),
    *("", " ", "x" * 50_000, " " * 50_000, "<" * 5_000, "<@UBOB>" * 3_000, "<@UBOT> " * 3_000, "&lt;" * 3_000),
    *("1.2", "0.0", "-1.0", "99999999999.999999", "1e9", "١٢٣.٤", TS, LATER, "UBOT", "USLACKBOT", "CGEN", "DDIRECT"),
    *("im", "message_changed", "message_deleted", "tombstone", "bot_message", "app_mention", "U" * 500, "../../etc"),
)
ODD: tuple[object, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        10**30,
        10**400,
        1.5,
        1e308,
        float("inf"),
        [],
        {},
        [None],
        {"id": None},
        [[[[[[[[]]]]]]]],
    ),
    *({"ts": LATER}, {"ts": 5}, {"id": "UANN"}, [dict(FILE) for _ in range(500)], [FILE | {"size": "big"}]),
    *([FILE | {"name": UNFIT, "mimetype": UNFIT}], [FILE | {"name": None, "title": None}], [FILE | {"size": 10**30}]),
)

NO_TEXT = re.compile("[\0\ud800-\udfff]")
ONE_LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{0,110}")
ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


def holders(value: object) -> list[dict[str, object] | list[object]]:
    """All objects and lists within a value, from outside to inside."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = [value] if isinstance(value, dict | list) else []
    return [*own, *(holder for item in inner for holder in holders(item))]


def mutated(value: object, chance: random.Random) -> object:
    """A value with one to four things in it dropped, exchanged or added."""
    value = deepcopy(value)
    for _ in range(chance.randint(1, 4)):
        holder = chance.choice(holders(value) or [{}])
        if isinstance(holder, list):
            holder.insert(0, deepcopy(chance.choice(ODD)))
        elif holder and chance.random() < 0.25:
            del holder[chance.choice(sorted(holder))]
        else:
            new = sorted({*SAID, "edited", "subtype", "thread_ts", "bot_id", "hidden"})
            key = chance.choice(sorted(holder) if holder and chance.random() < 0.75 else new)
            text = isinstance(holder.get(key), str) and chance.random() < 0.75
            holder[key] = chance.choice(ODD_TEXTS) if text else deepcopy(chance.choice(ODD))
    return value


def texts_in(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if is_dataclass(value):
        return [text for field in fields(value) for text in texts_in(getattr(value, field.name))]
    return [text for item in value for text in texts_in(item)] if isinstance(value, tuple | frozenset) else []


def check(inbound: Inbound) -> None:
    """Whether a message is fit for what comes behind the border: a database, a log, a prompt."""
    assert not any(NO_TEXT.search(text) for text in texts_in(inbound))
    names = [inbound.author_name, *(person.name for person in inbound.mentions)]
    names += [text for file in inbound.attachments for text in (file.name, file.kind)]
    assert all(ONE_LINE.fullmatch(name) for name in names)
    assert all(names[: 1 + len(inbound.mentions)])
    ids = [inbound.place.space, inbound.place.channel, inbound.message_id, inbound.author, *inbound.roles]
    ids += [person.user for person in inbound.mentions] + ([inbound.place.thread] if inbound.place.thread else [])
    assert all(ID.fullmatch(found) for found in ids)
    assert all(0 <= file.size < 2**63 for file in inbound.attachments)
    assert inbound.sent_at.tzinfo is not None
    assert inbound.edited_at is None or inbound.edited_at.tzinfo is not None


class TestReading:
    """Straight through what reads, one mutated event at a time."""

    @settings(max_examples=examples(300))
    @given(st.randoms(use_true_random=False), st.sampled_from(BODIES))
    def test_no_event_raises_and_what_is_understood_is_fit(self, chance: random.Random, body: object) -> None:
        came = mutated(body, chance)
        assert isinstance(came, dict)
        channel = Channel(chance.choice(list(Kind)), "somewhere", shared=chance.random() < 0.5)
        change, command = read_change(came), read_command(came)
        for found in (read(came), change.event if isinstance(change, Edited) else None):
            if isinstance(found, Event):
                ids_in(found.text)
                inbound = understand(found, channel, ANN, NAMES, ME)
                if inbound is not None:
                    check(inbound)
        if command is not None:
            check(to_inbound(command, channel, ANN, NAMES, ME, NOW))

    @pytest.mark.parametrize("text", [UNFIT, "<@UBOB|a\0b\ud800\u2028c\x1b[2J> hello"], ids=["text", "label"])
    def test_each_text_of_a_message_is_made_fit(self, text: str) -> None:
        for file in (FILE | {"name": text}, FILE | {"mimetype": text}, FILE | {"size": 10**30}, FILE | {"mode": text}):
            for changes in ({"text": text}, {"team": text}, {"blocks": text}, {"edited": {"ts": text}}):
                found = read({"event": SAID | WHERE | {"files": [file]} | changes})
                if isinstance(found, Event):
                    inbound = understand(found, Channel(Kind.PUBLIC), ANN, NAMES, ME)
                    assert inbound is not None
                    check(inbound)
        assert read({"event": SAID | WHERE | {"user": text}}) is Drop.ODD
        assert read({"event": SAID | WHERE | {"channel": text}}) is Drop.ODD

    @settings(max_examples=examples(200))
    @given(st.randoms(use_true_random=False))
    def test_no_page_of_a_history_raises(self, chance: random.Random) -> None:
        page = mutated([SAID, REPLY, PARENT, EDITED, STONE], chance)
        assert isinstance(page, list)
        messages = [message for message in page if isinstance(message, dict)]
        times, standing = times_in(messages), standing_in(messages, NOW)
        assert len(standing) <= len(times) <= len(messages)
        assert all(thread in [message.get("ts") for message in messages] for thread in threads_in(messages, NOW))
        for message in messages:
            assert max(len(tables_in(message)), len(said_in(message))) <= 20_000
            found = read_message(message, "CGEN")
            for said in (found, read_app_message(message, "CGEN")):
                inbound = understand(said, Channel(Kind.PUBLIC), ANN, NAMES, ME) if isinstance(said, Event) else None
                if inbound is not None:
                    check(inbound)

    @settings(max_examples=examples(200))
    @given(st.randoms(use_true_random=False))
    def test_no_person_and_no_channel_raises(self, chance: random.Random) -> None:
        profile: dict[str, object] = {"real_name": "Ann Lee", "display_name": "Ann"}
        user: dict[str, object] = {
            "id": "UANN",
            "team_id": "THOME",
            "name": "ann",
            "profile": profile,
            "enterprise_user": {"teams": ["TOTHER", "THOME"]},
        }
        odd = mutated(user, chance)
        assert isinstance(odd, dict)
        known = user_from(odd, "THOME")
        assert ONE_LINE.fullmatch(known.name)
        assert not NO_TEXT.search(f"{known.id}{known.team}{known.name}")
        where = mutated({"id": "CGEN", "name": "general", "is_channel": True, "is_private": False}, chance)
        assert isinstance(where, dict)
        assert channel_from(where).kind in set(Kind)

    @pytest.mark.parametrize("piece", [" ", "\t<", "<", "<@UBOT> ", "<@UBOB> ", "&lt;", "**a", "a\n"])
    def test_a_text_of_a_hundred_thousand_characters_is_read_at_once(self, piece: str) -> None:
        """At once: in seconds of the processor, for the machine may be busy with something else."""
        found = read({"event": SAID | WHERE | {"text": piece * (100_000 // len(piece))}})
        assert isinstance(found, Event)
        started = process_time()
        inbound = understand(found, Channel(Kind.PUBLIC), ANN, NAMES, ME)
        assert process_time() - started < 1
        assert inbound is not None
        check(inbound)


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        yield home


class TestBorder:
    """Over sockets, through the real slack-bolt and slack-sdk."""

    async def test_no_event_stops_the_connection_or_goes_unacknowledged(self, home: Home) -> None:
        chance = random.Random(SEED)  # noqa: S311 - seeded random is the point
        home.fake.socket.ack_seconds = 10.0
        async with home.core() as core:
            for number in range(ROUNDS):
                home.fake.socket.deliver("events_api", mutated(chance.choice(BODIES), chance))
                if number % 50 == 0:
                    await home.quiet()
            await home.fake.wait_for(lambda: home.fake.socket.outstanding == 0, timeout=30)
            assert len(home.fake.acks) == ROUNDS, f"seed {SEED}"
            heard = len(core.heard)
            ts = await home.ask("still there?")
            await core.adapter.places(NOW)
            await home.fake.wait_for(lambda: ts in [message.thread_ts for message in home.fake.from_bot(home.channel)])
            assert home.fake.connections.opened == 1
        assert heard > ROUNDS / 20, "so much is dropped that this proves nothing"
        assert core.amended
        assert core.erased
        for inbound in (*core.heard, *core.amended):
            check(inbound)
        for place, ids in core.erased:
            assert ID.fullmatch(place.channel)
            assert all(ID.fullmatch(found) for found in ids)

    @pytest.mark.parametrize("method", ["users.info", "conversations.info"])
    async def test_no_answer_about_a_person_or_a_channel_holds_a_message_back(self, home: Home, method: str) -> None:
        home.fake.garble(method, garbling())
        home.fake.socket.ack_seconds = 10.0
        async with home.core() as core:
            core.deaf = True
            for number in range(40):
                person = home.fake.add_user(f"P{number}")
                channel = home.fake.add_channel(f"c{number}", members=[person])
                await home.fake.say(channel, person, f"hello <@{home.alice}>", mention=True, mention_first=True)
                await home.quiet()
        assert len(core.heard) == 80
        for inbound in core.heard:
            check(inbound)

    async def test_no_answer_about_the_past_raises_anything_but_that_slack_cannot_be_read(self, home: Home) -> None:
        parent = await home.fake.say(home.channel, home.alice, "topic")
        await home.fake.say(home.channel, home.bob, "reply", thread_ts=parent)
        await home.fake.edit(home.channel, parent, "another topic")
        where = Place("slack", home.fake.team_id, home.channel)
        for method in ("users.conversations", "conversations.history", "conversations.replies"):
            home.fake.garble(method, garbling())
        read, failed = 0, 0
        async with web_client(home.fake.bot_token, home.fake.api_url) as web:
            me = Me(home.fake.team_id, home.fake.bot_user_id)
            reader = Reader(web, Directory(web, me.team), me, burst=10_000)
            for place in [where, Place("slack", where.space, where.channel, parent)] * 60:
                try:
                    assert all(ID.fullmatch(found.channel) for found in await reader.places())
                    history = await reader.history(place, datetime(2020, 1, 1, tzinfo=UTC))
                except PlatformUnreachable:
                    failed += 1
                    continue
                for inbound in history.messages if history else ():
                    check(inbound)
                    read += 1
        assert read > 20
        assert failed < 100

    @pytest.mark.parametrize("answer", [None, [1]])
    async def test_an_answer_that_is_no_object_is_one_that_did_not_come(self, home: Home, answer: object) -> None:
        for method in ("users.info", "conversations.info", "assistant.threads.setStatus", "users.conversations"):
            home.fake.garble(method, lambda _: answer)
        async with home.core() as core:
            ts = await home.fake.say(home.channel, home.alice, "hello", mention=True, mention_first=True)
            await core.answered()
            assert home.said() == ["Hello!"]
            with pytest.raises(PlatformUnreachable):
                await core.adapter.places(NOW)
            home.fake.garble("conversations.replies", lambda _: answer)
            with pytest.raises(PlatformUnreachable):
                await core.adapter.history(Place("slack", home.fake.team_id, home.channel, ts), NOW)
            for method in ("chat.postMessage", "chat.update", "chat.delete"):
                home.fake.garble(method, lambda _: answer)
            with pytest.raises(PlatformUnreachable):
                await core.adapter.edit(core.heard[0], "1.2", "text")
            with pytest.raises(PlatformUnreachable):
                await core.adapter.post(core.heard[0], "text", 1)

    @pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
    @pytest.mark.parametrize("answer", [None, [1], "text", {}, {"ok": True}, {"ok": True, "url": "no address"}])
    async def test_where_slack_answers_nonsense_the_platform_fails_and_nothing_else(
        self, home: Home, method: str, answer: object
    ) -> None:
        home.fake.garble(method, lambda _: answer)
        with pytest.raises(PlatformError):
            async with asyncio.timeout(5):
                await home.adapter().run(Core(home.adapter(), HELLO).intake)


def garbling() -> Callable[[object], object]:
    chance = random.Random(SEED)  # noqa: S311 - seeded random is the point
    return lambda answer: mutated(answer, chance)
