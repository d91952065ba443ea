"""What commands say, word for word."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory import phrases
from memory.commands import SPECS
from memory.prompt import plan_budget
from memory.types import CoreSettings, Extent, Place, Scope, Spent, Standing
from tests.transcripts import HERE, summary

SETTINGS = CoreSettings()
FOLDS = plan_budget(SETTINGS, 1.0)
MORNING = datetime(2026, 11, 3, 9, 12, tzinfo=UTC)
EVENING = datetime(2026, 11, 20, 16, 25, tzinfo=UTC)
STANDING = Standing(summary("Ann lives in Oslo.\nBob has a dog."), 12, 1, 340, MORNING, EVENING)


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 turns"), (1, "1 turn"), (2, "2 turns"), (1200, "1,200 turns"), (10**6, "1,000,000 turns")],
)
def test_an_amount_agrees_with_its_noun(number: int, said: str) -> None:
    assert phrases.amount(number, "turn") == said


@pytest.mark.parametrize(("used", "cells"), [(0, 0), (1, 1), (400, 1), (401, 2), (4000, 10), (8000, 20), (9000, 20)])
def test_the_bar_fills_with_what_is_used_and_never_overflows(used: int, cells: int) -> None:
    assert phrases.draw_bar(used, 8000) == "█" * cells + "░" * (20 - cells)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_the_bar_always_has_the_same_width(used: int, total: int) -> None:
    bar = phrases.draw_bar(used, total)
    assert len(bar) == phrases.BAR_CELLS
    assert ("█" in bar) == (used > 0)


def test_a_range_is_told_in_the_bots_time_zone_with_the_year_once() -> None:
    oslo = ZoneInfo("Europe/Oslo")
    assert phrases.write_range(MORNING, EVENING, oslo) == ", from 3 November, 10:12 to 20 November 2026, 17:25"
    before = MORNING.replace(year=2025)
    assert phrases.write_range(before, EVENING, oslo) == ", from 3 November 2025, 10:12 to 20 November 2026, 17:25"


def test_a_range_whose_years_differ_in_the_bots_time_zone_names_both() -> None:
    eve = datetime(2026, 12, 31, 10, 0, tzinfo=UTC)
    assert "31 December 2026, 19:00 to 1 January 2027, 05:00" in phrases.write_range(
        eve, eve.replace(hour=20), ZoneInfo("Asia/Tokyo")
    )


def test_where_the_originals_are_gone_no_range_is_told() -> None:
    assert phrases.write_range(None, None, ZoneInfo("UTC")) == ""


def test_within_a_day_its_date_is_told_once() -> None:
    later = MORNING + timedelta(minutes=5)
    assert phrases.write_range(MORNING, later, ZoneInfo("Europe/Oslo")) == ", from 3 November 2026, 10:12 to 10:17"


def test_a_summary_is_quoted_with_its_version_its_range_the_turns_and_the_budget() -> None:
    assert phrases.write_summary(STANDING, FOLDS, 100, SETTINGS) == (
        "**Summary**, version 1, from 3 November, 09:12 to 20 November 2026, 16:25:\n"
        "> Ann lives in Oslo.\n> Bob has a dog.\n\n"
        "Behind the summary: 12 turns · after it, word for word: 1 turn\n"
        "Prompt: `██░░░░░░░░░░░░░░░░░░` 449 of 8,000 tokens;"
        " at 6,800, older turns are folded into the summary, down to 3,000"
    )


def test_a_conversation_without_a_summary_still_shows_its_turns_and_the_budget() -> None:
    said = phrases.write_summary(Standing(None, 0, 3, 60, None, None), FOLDS, 100, SETTINGS)
    assert said.startswith("There is no summary here yet: everything said is still there word for word.\n\n")
    assert "\nWord for word: 3 turns\n" in said
    assert "160 of 8,000 tokens" in said


def test_what_does_not_fit_into_a_prompt_does_not_fill_the_bar_twice() -> None:
    said = phrases.write_summary(Standing(None, 0, 99, 60_000, None, None), FOLDS, 100, SETTINGS)
    assert "`████████████████████` 8,000 of 8,000 tokens" in said


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        (replace(SETTINGS, strategy="window"), "only the newest messages."),
        (replace(SETTINGS, strategy="buffer"), "the newest messages word for word, as many as fit."),
    ],
)
def test_a_strategy_without_a_summary_says_so_and_counts_none(settings: CoreSettings, kept: str) -> None:
    standing = replace(STANDING, summary=None, behind=0)
    said = phrases.write_summary(standing, plan_budget(settings, 1.0), 100, settings)
    assert said.startswith(f"I keep no summary here: I am set to remember {kept}\n\nWord for word: 1 turn\n")
    assert "Oslo" not in said
    assert said.endswith("440 of 8,000 tokens")


def test_what_a_fold_did_is_said() -> None:
    assert phrases.write_folded(12, 6) == "Folded 12 turns into the summary.\n\n"
    assert phrases.write_folded(0, 6).startswith("There was nothing to fold: the newest 6 turns always stay")


@pytest.mark.parametrize(
    ("what", "place", "asked"),
    [
        ("here", Place("discord", "g", "c", "t"), "This forgets everything in this thread: 2 messages."),
        ("here", HERE.place, "This forgets everything here, threads included: 2 messages."),
        ("last", HERE.place, "This forgets the newest messages, mine included: 2 messages."),
        ("me", HERE.place, "This forgets what you said here, and what I made of it: 2 messages."),
        ("user", HERE.place, "This forgets what Bob Lee said here, and what I made of it: 2 messages."),
    ],
)
def test_a_question_says_what_goes_how_much_of_it_and_how_to_confirm(what: str, place: Place, asked: str) -> None:
    question = phrases.write_question(Extent(turns=2, conversations=1), what, "Bob\nLee", place, "tk!")
    assert question == f"{asked} Say `tk!forget confirm` within a minute and it is gone for good."


@pytest.mark.parametrize(
    ("extent", "said"),
    [
        (Extent(1, 0, 0, 1), "1 message"),
        (Extent(11, 1, 1, 1), "12 messages and 1 summary"),
        (Extent(1200, 2, 0, 3), "1,200 messages and 2 summaries, in 3 conversations"),
        (Extent(turns=12, summaries=1, facts=3), "12 messages, 3 facts and 1 summary"),
        (Extent(facts=1), "1 fact"),
        (Extent(archived=40, facts=1), "40 archived messages and 1 fact"),
        (Extent(traces=1), "the user id in 1 record of tokens used"),
        (Extent(turns=2, traces=3), "2 messages and the user id in 3 records of tokens used"),
    ],
)
def test_an_extent_counts_messages_said_and_waiting_summaries_and_conversations(extent: Extent, said: str) -> None:
    assert phrases.write_extent(extent) == said


def test_a_done_forgetting_says_what_went_and_whether_the_file_is_clean() -> None:
    gone = Extent(turns=3, conversations=1)
    assert phrases.write_forgotten(gone, clean=True) == (
        "Forgotten: 3 messages. It is out of my memory, and the database file is clean of it."
    )
    assert phrases.write_forgotten(gone, clean=False).endswith("the database file will be cleaned in a quiet minute.")


@pytest.mark.parametrize("extent", [Extent(turns=1), Extent(summaries=1), Extent(waiting=1), Extent(facts=1)])
def test_whatever_went_is_not_nothing(extent: Extent) -> None:
    assert phrases.write_forgotten(extent, clean=True).startswith("Forgotten: ")


def test_help_names_every_command_with_the_prefix_that_is_set() -> None:
    said = phrases.write_help(replace(SETTINGS, prefix="tk!", name="Keeper"), SPECS, direct=False)
    assert said.startswith("I am Keeper")
    assert all(f"- `tk!{spec.name}` – {spec.description}" in said for spec in SPECS)
    assert "Mention me" in said
    assert "just go on" in said


def test_help_names_what_everybody_may_use_where_others_moderate() -> None:
    said = phrases.write_help(SETTINGS, SPECS, direct=False)
    assert said.endswith(
        "\nEverybody may use `!help`, `!memory`, `!remember`, `!usage`, `!forget me`, `!forget me everywhere` and"
        " `!forget fact N`; the rest is for people who moderate this place."
    )
    unkept = phrases.write_help(replace(SETTINGS, facts=False), SPECS, direct=False)
    assert "Everybody may use `!help`, `!memory`, `!usage`, `!forget me`," in unkept
    assert "Everybody" not in phrases.write_help(SETTINGS, SPECS, direct=True)


def test_where_threads_want_a_mention_help_does_not_say_that_people_may_just_go_on() -> None:
    said = phrases.write_help(replace(SETTINGS, threads="mention"), SPECS, direct=False)
    assert "Mention me or reply to me and I answer." in said
    assert "go on" not in said


def test_in_a_direct_message_help_asks_for_no_mention() -> None:
    said = phrases.write_help(SETTINGS, SPECS, direct=True)
    assert "Just write to me." in said
    assert "Mention me" not in said


def test_usage_shows_each_limit_what_is_lifted_and_when_the_day_ends() -> None:
    spent = {Scope.ALL: Spent(12_000), Scope.USER: Spent(900, lifted=True), Scope.SPACE: Spent(7000, lifted=True)}
    assert phrases.write_usage(spent, {Scope.USER: 1000, Scope.ALL: 50_000}, 5400, SETTINGS) == (
        "Tokens used today (prompts and answers, counted from 00:00 UTC):\n\n"
        "- You: 900 of 1,000, lifted for today\n"
        "- This server or workspace: 7,000; there is no limit\n"
        "- All together: 12,000 of 50,000\n\n"
        "I answer each person at most 20 times a minute.\n"
        "The day ends in 2 hours."
    )


def test_where_nobody_is_limited_a_minute_usage_says_nothing_of_it() -> None:
    said = phrases.write_usage({Scope.USER: Spent()}, {}, 60, replace(SETTINGS, messages_per_minute=0))
    assert said.splitlines()[2:] == ["- You: 0; there is no limit", "", "The day ends in 1 minute."]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "in 1 minute"),
        (29, "in 1 minute"),
        (100, "in 2 minutes"),
        (3600, "in 60 minutes"),
        (5399, "in 90 minutes"),
        (5401, "in 2 hours"),
        (86_400, "in 24 hours"),
    ],
)
def test_a_wait_is_told_in_hours_or_minutes(seconds: float, said: str) -> None:
    assert phrases.write_wait(seconds) == said


@pytest.mark.parametrize(("seconds", "said"), [(0.2, "in 1 second"), (1.4, "in 1 second"), (40, "in 40 seconds")])
def test_who_asks_too_often_is_told_the_limit_and_the_seconds(seconds: float, said: str) -> None:
    assert phrases.write_pause(20, seconds) == f"That is more than 20 messages a minute; I answer you again {said}."


@pytest.mark.parametrize(
    ("scope", "who"),
    [
        (Scope.USER, "You have had your 5,000 tokens for today"),
        (Scope.SPACE, "This place has had its 5,000 tokens for today"),
        (Scope.ALL, "I have had my 5,000 tokens for today"),
    ],
)
def test_when_a_days_tokens_are_spent_it_is_said_whose_and_until_when(scope: Scope, who: str) -> None:
    assert phrases.write_spent(scope, 5000, 0, 7200) == f"{who}; I answer again in 2 hours, from 00:00 UTC on."


def test_where_some_are_left_it_is_said_that_they_are_too_few() -> None:
    rest = "tokens for today 1,209 are left, too few for an answer here; I answer again in 2 hours, from 00:00 UTC on."
    for scope, whose in ((Scope.USER, "your"), (Scope.SPACE, "this place's"), (Scope.ALL, "my")):
        assert phrases.write_spent(scope, 5000, 1209, 7200) == f"Of {whose} 5,000 {rest}"
    assert "today 1 is left, too few" in phrases.write_spent(Scope.USER, 5000, 1, 7200)


@pytest.mark.parametrize("listen", ["addressed", "threads"])
def test_where_it_is_let_in_it_says_that_it_reads_what_was_said_before_only_where_it_does(
    listen: Literal["addressed", "threads"],
) -> None:
    read, unread = (phrases.write_arrival(CoreSettings(listen=listen, before_messages=most)) for most in (1, 0))
    assert "said before" in read
    assert "since" in read
    assert "before" not in unread
    assert "since" not in unread
    assert "I remember what is said to me, and the message that it replies to;" in unread
