"""Who is heard, and what is answered, remembered or passed over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Literal

import pytest

from memory.commands import NAMES
from memory.policy import (
    conversation_of,
    decide,
    decide_late,
    depends_on_joining,
    earlier_to_read,
    is_from_before,
    is_heard,
    nearest_command,
)
from memory.types import Conversation, CoreSettings, Decision, Inbound, Place, Quote, Thread, Visibility
from tests.transcripts import HERE, NOON, inbound, said, thread

THREAD = Place("discord", "guild", "channel", "thread")
DIRECT = Place("discord", "direct", "dm")


def decision(message: Inbound, *, joined: bool = False, settings: CoreSettings | None = None) -> Decision:
    return decide(message, settings or CoreSettings(), NAMES, joined=joined)


def test_without_lists_everybody_is_heard() -> None:
    assert is_heard(inbound(), CoreSettings())


WHO = ["discord:1", "discord:moderator", "discord:channel", "discord:thread", "discord:guild"]


@pytest.mark.parametrize("entry", WHO)
def test_a_user_a_role_a_channel_a_thread_and_a_space_can_be_denied(entry: str) -> None:
    message = inbound(place=THREAD, roles=frozenset({"moderator"}))
    assert not is_heard(message, CoreSettings(deny=frozenset({entry})))
    assert decision(message, joined=True, settings=CoreSettings(deny=frozenset({entry}))) is Decision.IGNORE


@pytest.mark.parametrize("entry", WHO)
def test_where_a_list_says_who_may_talk_one_entry_that_fits_is_enough(entry: str) -> None:
    message = inbound(place=THREAD, roles=frozenset({"moderator"}))
    assert is_heard(message, CoreSettings(allow=frozenset({entry, "discord:elsewhere"})))


def test_where_a_list_says_who_may_talk_nobody_else_is_heard() -> None:
    assert not is_heard(inbound(), CoreSettings(allow=frozenset({"discord:somebody"})))
    assert decision(inbound("!help"), settings=CoreSettings(allow=frozenset({"discord:2"}))) is Decision.IGNORE


def test_to_be_denied_outweighs_to_be_allowed() -> None:
    assert not is_heard(inbound(), CoreSettings(allow=frozenset({"discord:1"}), deny=frozenset({"discord:guild"})))


def test_an_id_counts_on_its_own_platform_only() -> None:
    assert is_heard(inbound(), CoreSettings(deny=frozenset({"slack:1", "discord:"})))
    assert not is_heard(inbound(), CoreSettings(allow=frozenset({"slack:1"})))


def test_a_command_works_in_a_place_where_the_bot_has_never_spoken() -> None:
    assert decision(inbound("!summary", addressed=False)) is Decision.COMMAND
    assert decision(inbound("!forget me", addressed=False, aside=True, place=THREAD)) is Decision.COMMAND


def test_who_mentions_the_bot_is_answered_even_when_somebody_else_is_mentioned_too() -> None:
    assert decision(inbound()) is Decision.ANSWER
    assert decision(inbound(aside=True)) is Decision.ANSWER


def test_a_direct_message_is_answered() -> None:
    assert decision(inbound(place=DIRECT, visibility=Visibility.DIRECT)) is Decision.ANSWER


def test_a_message_to_nobody_in_a_channel_is_none_of_the_bots_business() -> None:
    assert decision(inbound(addressed=False)) is Decision.IGNORE
    assert decision(inbound(addressed=False, place=THREAD)) is Decision.IGNORE


def test_in_a_thread_where_the_bot_has_spoken_no_mention_is_needed() -> None:
    assert decision(inbound(addressed=False, place=THREAD), joined=True) is Decision.ANSWER


def test_what_people_say_to_each_other_in_such_a_thread_is_remembered_not_answered() -> None:
    assert decision(inbound(addressed=False, aside=True, place=THREAD), joined=True) is Decision.REMEMBER


def test_where_threads_need_a_mention_the_rest_of_a_joined_thread_is_remembered() -> None:
    settings = CoreSettings(threads="mention")
    assert decision(inbound(addressed=False, place=THREAD), joined=True, settings=settings) is Decision.REMEMBER
    assert decision(inbound(place=THREAD), joined=True, settings=settings) is Decision.ANSWER


@pytest.mark.parametrize("place", [HERE.place, THREAD])
@pytest.mark.parametrize("threads", ["joined", "mention"])
def test_in_a_free_channel_and_the_threads_under_it_no_mention_is_needed(place: Place, threads: str) -> None:
    settings = CoreSettings(
        free_channels=frozenset({"discord:channel"}), threads="mention" if threads == "mention" else "joined"
    )
    assert decision(inbound(addressed=False, place=place), settings=settings) is Decision.ANSWER
    assert decision(inbound(addressed=False, aside=True, place=place), settings=settings) is Decision.REMEMBER


def test_a_free_thread_leaves_its_channel_as_it_is() -> None:
    settings = CoreSettings(free_channels=frozenset({"discord:thread", "slack:channel", "discord:"}))
    assert decision(inbound(addressed=False, place=THREAD), settings=settings) is Decision.ANSWER
    assert decision(inbound(addressed=False), settings=settings) is Decision.IGNORE


def test_only_for_an_unaddressed_message_in_a_thread_it_matters_whether_the_bot_has_spoken_there() -> None:
    assert depends_on_joining(inbound(addressed=False, place=THREAD), CoreSettings())
    assert not depends_on_joining(inbound(place=THREAD), CoreSettings())
    assert not depends_on_joining(inbound(addressed=False), CoreSettings())


def test_before_the_message_that_opens_a_thread_nobody_can_have_spoken_there() -> None:
    opening = inbound(addressed=False, place=replace(THREAD, thread="7"))
    assert depends_on_joining(replace(opening, message_id="8"), CoreSettings())
    assert not depends_on_joining(replace(opening, message_id="7"), CoreSettings())


def test_a_channel_is_one_conversation_for_everybody() -> None:
    assert conversation_of(inbound(author="1"), CoreSettings()) == HERE
    assert conversation_of(inbound(author="2"), CoreSettings()) == HERE


def test_a_thread_is_a_conversation_of_its_own() -> None:
    assert conversation_of(inbound(place=THREAD), CoreSettings()) == replace(HERE, thread="thread")


def test_per_user_a_channel_has_a_conversation_for_each_but_a_thread_and_a_direct_message_have_one() -> None:
    settings = CoreSettings(conversation="per_user")
    assert conversation_of(inbound(author="7"), settings) == replace(HERE, user="7")
    assert conversation_of(inbound(author="7", place=THREAD), settings) == replace(HERE, thread="thread")
    direct = inbound(author="7", place=DIRECT, visibility=Visibility.DIRECT)
    assert conversation_of(direct, settings) == Conversation("discord", "direct", "dm")


HOUR = timedelta(hours=1)


@pytest.mark.parametrize("decision", list(Decision))
@pytest.mark.parametrize("age", [-HOUR, timedelta(0), HOUR])
def test_what_was_missed_and_is_not_old_is_taken_as_if_it_came_in_now(decision: Decision, age: timedelta) -> None:
    assert decide_late(decision, age, HOUR) is decision


@pytest.mark.parametrize(
    ("decision", "late"),
    [
        (Decision.ANSWER, Decision.REMEMBER),
        (Decision.REMEMBER, Decision.REMEMBER),
        (Decision.COMMAND, Decision.IGNORE),
        (Decision.IGNORE, Decision.IGNORE),
    ],
)
def test_an_old_question_is_only_remembered_and_an_old_command_not_carried_out(
    decision: Decision, late: Decision
) -> None:
    assert decide_late(decision, HOUR + timedelta(seconds=1), HOUR) is late


@pytest.mark.parametrize(
    ("text", "meant"),
    [("!forgte me", "forget"), ("!sumary", "summary"), ("!hlep", "help"), ("!FORGE", "forget")],
)
def test_a_mistyped_command_is_met_with_help_where_it_is_for_the_bot(text: str, meant: str) -> None:
    assert nearest_command(text, "!", NAMES) == meant


@pytest.mark.parametrize("text", ["!forget", "!play jazz", "!some", "forgte", "", "! forget", "!foreign policy"])
def test_what_is_no_mistyped_command_is_taken_as_it_is(text: str) -> None:
    assert nearest_command(text, "!", NAMES) == ""


# ---- listening


@pytest.mark.parametrize(
    ("listen", "in_channel", "in_thread"),
    [
        ("addressed", Decision.IGNORE, Decision.IGNORE),
        ("threads", Decision.IGNORE, Decision.REMEMBER),
        ("all", Decision.REMEMBER, Decision.REMEMBER),
    ],
)
def test_what_is_not_for_the_bot_is_remembered_where_the_operator_has_it_listen(
    listen: Literal["addressed", "threads", "all"], in_channel: Decision, in_thread: Decision
) -> None:
    settings = CoreSettings(listen=listen)
    for aside in (False, True):
        said = inbound(addressed=False, aside=aside)
        assert decision(said, settings=settings) is in_channel
        assert decision(replace(said, place=THREAD), settings=settings) is in_thread


def test_to_listen_changes_nothing_of_what_is_answered_run_or_ignored() -> None:
    settings = CoreSettings(listen="all", deny=frozenset({"discord:2"}))
    assert decision(inbound(), settings=settings) is Decision.ANSWER
    assert decision(inbound(addressed=False, place=THREAD), joined=True, settings=settings) is Decision.ANSWER
    assert decision(inbound("!help", addressed=False), settings=settings) is Decision.COMMAND
    assert decision(inbound(addressed=False, author="2"), settings=settings) is Decision.IGNORE


# ---- what was said before


QUOTED = Quote("m0", "2", "Bob", "shall we sail?", NOON)


def test_what_was_said_before_is_read_when_the_bot_is_first_addressed_in_a_thread() -> None:
    fresh = Thread(HERE, epoch=0)
    assert earlier_to_read(inbound(place=THREAD), fresh)
    assert not earlier_to_read(inbound(place=THREAD), replace(fresh, joined=True))
    assert not earlier_to_read(inbound(place=THREAD, addressed=False), fresh)
    assert not earlier_to_read(inbound(place=DIRECT, visibility=Visibility.DIRECT), fresh)


def test_what_was_said_before_is_read_when_a_reply_addresses_the_bot_about_what_it_does_not_know() -> None:
    fresh = Thread(HERE, epoch=0, joined=True)
    reply = replace(inbound(), reply_to=QUOTED)
    assert earlier_to_read(reply, fresh)
    assert not earlier_to_read(inbound(), fresh)
    assert not earlier_to_read(reply, thread([said(0, "shall we sail?", name="Bob")]))
    assert not earlier_to_read(replace(reply, addressed=False), fresh)


@pytest.mark.parametrize(
    ("minute", "text", "author", "taken"),
    [
        (6, "on Friday", "1", True),
        (5, "on Friday", "1", False),
        (6, "!forget me", "1", False),
        (6, "!unknown", "1", True),
        (6, "on Friday", "2", False),
    ],
    ids=["newer than the transcript", "as old as its newest turn", "a command", "none of ours", "who is not heard"],
)
def test_what_is_taken_in_from_before_is_what_people_said_since_the_bot_knows_of_the_place(
    minute: int, text: str, author: str, taken: bool
) -> None:
    settings = CoreSettings(deny=frozenset({"discord:2"}))
    message = replace(inbound(text, author=author, addressed=False), sent_at=NOON + timedelta(minutes=minute))
    assert is_from_before(message, thread([said(5, "hello")]), settings, NAMES, None) is taken


def test_what_has_expired_is_not_taken_in_from_before() -> None:
    for oldest, taken in ((NOON, True), (NOON + timedelta(seconds=1), False), (None, True)):
        assert is_from_before(inbound(), thread(), CoreSettings(), NAMES, oldest) is taken
