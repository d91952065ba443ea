"""What a Slack message is to the bot: decided over plain values, read from events of any shape."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.directory import Remembered, user_from
from adapters.slack.inbound import Drop, Event, Me, read, understand
from adapters.slack.markup import Names
from adapters.slack.places import Channel, Kind, channel_from, is_ts, time_of
from adapters.slack.slash import read_command, to_inbound
from adapters.slack.subscriptions import Subscriptions
from adapters.slack.wire import Json
from memory.types import Access, Attachment, Inbound, Person, Place, Visibility

ME = Me("THOME", "UBOT", "!", frozenset({"forget", "help"}))
ANN = Person("UANN", "Ann")
NAMES = Names(people={"UANN": "Ann", "UBOB": "Bob"})
PUBLIC, PRIVATE, GROUP, DIRECT = (Channel(kind, "somewhere") for kind in Kind)
TS = "1795201023.441473"
SAID: dict[str, object] = {
    "type": "message",
    "channel": "CGEN",
    "channel_type": "channel",
    "user": "UANN",
    "team": "THOME",
    "text": "hello",
    "ts": TS,
    "event_ts": TS,
}
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(TS),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([*SAID, "name"]), inner, max_size=3),
    max_leaves=4,
)
MENTION = {key: value for key, value in SAID.items() if key != "channel_type"} | {"type": "app_mention"}

SENT: dict[str, object] = {
    "command": "/forget",
    "text": "<@UBOB|bob> now",
    "trigger_id": "1.2.abc",
    "channel_id": "CGEN",
    "user_id": "UANN",
    "team_id": "THOME",
    "response_url": "https://hooks.slack.com/commands/1",
}


def body(event: object, **outside: object) -> Json:
    return {"type": "event_callback", "team_id": "THOME", "event": event, **outside}


def reading(**changes: object) -> Event | Drop:
    return read(body(SAID | changes))


def event(text: str = "hello", **changes: object) -> Event:
    found = reading(text=text, **changes)
    assert isinstance(found, Event)
    return found


def understood(text: str = "hello", channel: Channel = PUBLIC, **changes: object) -> Inbound:
    inbound = understand(event(text, **changes), channel, ANN, NAMES, ME)
    assert inbound is not None
    return inbound


class TestReading:
    def test_a_message_is_read_whole(self) -> None:
        assert reading(thread_ts="1795201000.000001") == Event(
            type="message",
            channel="CGEN",
            ts=TS,
            user="UANN",
            text="hello",
            thread="1795201000.000001",
            team="THOME",
            kind=Kind.PUBLIC,
        )

    def test_a_mention_does_not_tell_what_its_channel_is(self) -> None:
        found = read(body(MENTION, is_ext_shared_channel=True))
        assert isinstance(found, Event)
        assert (found.kind, found.shared) == (None, True)

    def test_only_a_direct_message_is_known_by_its_id(self) -> None:
        found = read(body(MENTION | {"channel": "D012"}))
        assert isinstance(found, Event)
        assert found.kind is Kind.DIRECT

    @pytest.mark.parametrize("subtype", ["thread_broadcast", "file_share", "me_message"])
    def test_what_a_person_says_in_another_way_is_a_message_too(self, subtype: str) -> None:
        assert isinstance(reading(subtype=subtype), Event)

    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            ({"type": "reaction_added"}, Drop.OTHER),
            ({"subtype": "message_changed", "hidden": True}, Drop.SUBTYPE),
            ({"subtype": "message_deleted"}, Drop.SUBTYPE),
            ({"subtype": "channel_join"}, Drop.SUBTYPE),
            ({"hidden": True}, Drop.SUBTYPE),
            ({"edited": {"user": "UANN", "ts": TS}}, Drop.EDIT),
            ({"type": "app_mention", "edited": {"user": "UANN", "ts": TS}}, Drop.EDIT),
            ({"bot_id": "B012"}, Drop.BOT),
            ({"subtype": "bot_message", "user": None}, Drop.BOT),
            ({"user": "USLACKBOT"}, Drop.BOT),
            ({"user": None}, Drop.ODD),
            ({"ts": "now"}, Drop.ODD),
            ({"ts": 1795201023}, Drop.ODD),
            ({"channel": {"id": "CGEN"}}, Drop.ODD),
            ({"thread_ts": "../etc"}, Drop.ODD),
        ],
    )
    def test_what_is_no_message_of_a_person_is_dropped_for_a_reason(
        self, changes: dict[str, object], why: Drop
    ) -> None:
        assert reading(**changes) is why

    def test_files_come_along_and_those_that_are_gone_do_not(self) -> None:
        files: list[object] = [
            {"name": "boat.png", "mimetype": "image/png", "size": 120_000},
            {"title": "Notes", "mimetype": None, "size": "large"},
            {"mode": "tombstone", "id": "F1"},
            "no file",
        ]
        assert event(files=files).attachments == (
            Attachment("boat.png", "image/png", 120_000),
            Attachment("Notes", "", 0),
        )

    def test_a_parent_that_names_its_own_thread_stands_at_the_top(self) -> None:
        assert event(thread_ts=TS).thread == ""

    @given(ODD, st.dictionaries(st.sampled_from([*SAID, "files", "subtype", "thread_ts", "bot_id"]), ODD, max_size=4))
    def test_no_event_of_whatever_shape_raises(self, odd: object, changes: dict[str, object]) -> None:
        for came in (body(odd), body(SAID | changes), changes):
            found = read(came)
            if isinstance(found, Event):
                understand(found, PUBLIC, ANN, NAMES, ME)
            assert read_command(came) is None

    def test_the_time_is_that_of_the_ts_to_the_microsecond(self) -> None:
        assert time_of(TS) == datetime(2026, 11, 20, 18, 57, 3, 441473, tzinfo=UTC)
        assert understood().sent_at == time_of(TS)
        assert not is_ts("1795201023")


class TestPlaces:
    def test_what_is_said_in_a_channel_opens_a_thread_and_stands_in_it(self) -> None:
        for channel in (PUBLIC, PRIVATE):
            for text in ("<@UBOT> hello", "hello"):
                assert understood(text, channel).place == Place("slack", "THOME", "CGEN", TS)

    def test_what_is_said_in_a_thread_stays_there(self) -> None:
        for channel in (PUBLIC, PRIVATE, GROUP, DIRECT):
            place = understood("!forget", channel, thread_ts="1795201000.000001").place
            assert place == Place("slack", "THOME", "CGEN", "1795201000.000001")

    @pytest.mark.parametrize("text", ["!forget", "<@UBOT> !FORGET me", "!help please"])
    def test_a_command_in_a_channel_is_about_the_channel(self, text: str) -> None:
        assert understood(text).place == Place("slack", "THOME", "CGEN")

    @pytest.mark.parametrize("text", ["!unknown", "forget", "so !forget", "! forget"])
    def test_only_the_first_word_makes_a_command(self, text: str) -> None:
        assert understood(text).place.thread == TS

    def test_among_a_few_people_nobody_has_to_open_a_thread(self) -> None:
        for channel in (GROUP, DIRECT):
            assert understood("hello", channel).place.thread == ""

    def test_a_mention_and_its_message_are_the_same_message(self) -> None:
        text = f"<@{ME.user}> hello"
        told = read(body(MENTION | {"text": text}))
        assert isinstance(told, Event)
        assert understand(told, PUBLIC, ANN, NAMES, ME) == understood(text)

    def test_who_can_read_it(self) -> None:
        seen = [understood("<@UBOT> hi", channel).visibility for channel in (PUBLIC, PRIVATE, GROUP, DIRECT)]
        assert seen == [Visibility.PUBLIC, Visibility.PRIVATE, Visibility.PRIVATE, Visibility.DIRECT]
        shared = replace(PUBLIC, shared=True)
        assert understood("<@UBOT> hi", shared).access == Access(Visibility.PUBLIC, shared=True)

    @pytest.mark.parametrize(
        ("conversation", "kind"),
        [
            ({"is_channel": True, "is_private": False}, Kind.PUBLIC),
            ({"is_channel": True, "is_private": True}, Kind.PRIVATE),
            ({"is_group": True}, Kind.PRIVATE),
            ({"is_mpim": True, "is_private": True}, Kind.GROUP),
            ({"is_im": True}, Kind.DIRECT),
            ({}, Kind.PRIVATE),
        ],
    )
    def test_a_channel_of_which_too_little_is_known_counts_as_private(self, conversation: Json, kind: Kind) -> None:
        assert channel_from(conversation).kind is kind

    @pytest.mark.parametrize("flag", ["is_shared", "is_ext_shared", "is_org_shared", "is_pending_ext_shared"])
    def test_a_channel_is_shared_with_another_workspace_in_whatever_way(self, flag: str) -> None:
        assert channel_from({"is_channel": True, flag: True}).shared
        assert not channel_from({"is_channel": True, flag: False}).shared


class TestAddressing:
    def test_a_mention_and_a_direct_message_are_for_the_bot(self) -> None:
        assert understood("so, <@UBOT>?").addressed
        assert understood("so, <@UBOT|threadkeeper>?").addressed
        assert understood("hello", DIRECT).addressed

    def test_in_a_group_the_bot_has_to_be_named(self) -> None:
        assert not understood("hello", GROUP).addressed
        assert understood("<@UBOT> hello", GROUP).addressed

    def test_a_message_that_somebody_shares_is_quoted_and_one_that_a_link_unfolds_is_not(self) -> None:
        shared = {
            "is_msg_unfurl": True,
            "is_share": True,
            "ts": "1700000000.000100",
            "author_id": "UBOB",
            "author_name": "Bob",
            "text": "The boat leaves at <https://a.example|nine>",
        }
        quote = understood("", DIRECT, attachments=[shared]).reply_to
        assert quote is not None
        assert (quote.message_id, quote.author, quote.author_name) == ("1700000000.000100", "UBOB", "")
        assert quote.text == "Bob: The boat leaves at nine (https://a.example)"
        for odd in ({"is_share": None}, {"is_share": "yes"}, {"ts": "soon"}, {"text": None}):
            assert understood("look", DIRECT, attachments=[shared | odd]).reply_to is None

    def test_the_bot_itself_is_a_word_of_a_command_that_names_it(self) -> None:
        assert understood("<@UBOT> !forget <@UBOT> now").text == "!forget @bot now"

    def test_a_message_that_names_another_is_aside(self) -> None:
        assert understood("<@UBOB> what do you say?").aside
        assert not understood("<@UBOT> ask <@UBOB>").aside
        for many in ("<!here>", "<!channel>", "<!subteam^S12AB|@devs>"):
            assert understood(f"{many} standup in five").aside
            assert not understood(f"<@UBOT> tell {many}").aside
        assert not understood("I, <@UANN>, say so").aside
        assert not understood("hello").aside
        assert not understood("<@UBOB> he said", DIRECT).aside

    def test_the_bots_own_words_and_empty_ones_are_nothing_to_it(self) -> None:
        assert understand(event(user="UBOT"), PUBLIC, ANN, NAMES, ME) is None
        assert understand(event(""), PUBLIC, ANN, NAMES, ME) is None
        assert understood("<@UBOT>").text == ""
        assert understood("", files=[{"name": "boat.png"}]).attachments

    def test_somebody_from_another_workspace_carries_it_as_a_role(self) -> None:
        assert understood(team="TOTHER").roles == {"TOTHER"}
        assert understood().roles == frozenset()


class TestSlash:
    def test_a_command_becomes_its_prefix_form_for_its_user_alone(self) -> None:
        command = read_command(SENT)
        assert command is not None
        now = datetime(2026, 11, 20, tzinfo=UTC)
        inbound = to_inbound(command, PUBLIC, ANN, NAMES, ME, now)
        assert (inbound.text, inbound.message_id, inbound.sent_at) == ("!forget @Bob now", "1.2.abc", now)
        assert (inbound.private, inbound.addressed) == (True, True)
        assert inbound.place == Place("slack", "THOME", "CGEN")
        assert inbound.mentions == (Person("UBOB", "Bob"),)

    @pytest.mark.parametrize("key", ["command", "trigger_id", "channel_id", "user_id", "response_url"])
    def test_what_lacks_anything_is_no_command(self, key: str) -> None:
        assert read_command(SENT | {key: None}) is None


class TestKnowing:
    def test_a_person_goes_by_the_name_that_is_shown(self) -> None:
        user = {"id": "U1", "team_id": "T1", "name": "ann", "real_name": "Ann Lee", "profile": {"display_name": ""}}
        assert user_from(user).name == "Ann Lee"
        assert user_from(user | {"profile": {"display_name": "Annie\n\u202e"}}).name == "Annie"
        assert user_from({"id": "U1"}).name == "U1"

    @pytest.mark.parametrize("right", ["is_admin", "is_owner", "is_primary_owner"])
    def test_admins_and_owners_are_admins_unless_they_are_gone_or_strangers(self, right: str) -> None:
        assert user_from({"id": "U1", right: True}).admin
        assert not user_from({"id": "U1", right: True, "deleted": True}).admin
        assert not user_from({"id": "U1", right: True, "is_stranger": True}).admin
        assert not user_from({"id": "U1", right: "true"}).admin

    @pytest.mark.parametrize("limit", ["is_restricted", "is_ultra_restricted", "is_stranger"])
    def test_who_is_let_into_some_channels_only_is_a_guest(self, limit: str) -> None:
        assert user_from({"id": "U1", limit: True}).guest
        assert not user_from({"id": "U1", limit: False}).guest

    def test_what_is_remembered_is_bounded_and_believed_for_a_while(self) -> None:
        names: Remembered[str] = Remembered(2, 10.0)
        names.put("a", "Ann", 0.0)
        names.put("b", "Bob", 1.0)
        assert names.get("a", 9.0) == "Ann"
        assert names.get("a", 9.0, seconds=5.0) is None
        names.put("c", "Cid", 9.0)
        assert [names.get(key, 9.5) for key in "abc"] == ["Ann", None, "Cid"]
        assert names.get("a", 10.0) is None
        names.drop("c")
        assert names.get("c", 9.5) is None
        assert len(names) == 1


class TestSubscriptions:
    AT = datetime(2026, 11, 20, tzinfo=UTC)
    LATER = AT + timedelta(minutes=1)

    def test_a_mention_whose_message_never_came_tells_what_is_missing_once(self) -> None:
        seen = Subscriptions()
        assert seen.mention(Kind.PUBLIC, self.AT) == ""
        assert seen.mention(Kind.PUBLIC, self.AT + timedelta(seconds=1)) == ""
        assert seen.mention(Kind.PUBLIC, self.LATER) == "message.channels"
        assert seen.mention(Kind.PUBLIC, self.LATER) == ""

    def test_where_messages_come_nothing_is_missing(self) -> None:
        seen = Subscriptions()
        seen.mention(Kind.PRIVATE, self.AT)
        seen.message(Kind.PRIVATE)
        assert seen.mention(Kind.PRIVATE, self.LATER) == ""
        seen.mention(Kind.PUBLIC, self.AT)
        assert seen.mention(Kind.PUBLIC, self.LATER) == "message.channels"
