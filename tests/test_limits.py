"""How much the bot answers: messages a minute for a user, tokens a day for a user, a space and in all."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bot
import config
from adapters.terminal import Terminal
from errors import ModelUnreachable
from memory.limits import ceilings, day_end, free_at, scope_over
from memory.types import Conversation, CoreSettings, Place, Scope, Spent, Visibility, spenders
from tests.stage import SETTINGS, START, stage

MINUTE = timedelta(minutes=1)
TWICE = replace(SETTINGS, messages_per_minute=2)
A_CALL = 500
"""Tokens of a call in these tests, as the server reports them."""


def daily(user: int = 0, space: int = 0, total: int = 0) -> CoreSettings:
    """Settings with these daily limits, under which nothing is reserved for an answer beyond its prompt."""
    return replace(
        SETTINGS,
        max_reply_tokens=0,
        persona="",
        user_tokens_per_day=user,
        space_tokens_per_day=space,
        tokens_per_day=total,
    )


# -- pure


MOMENTS = st.lists(st.integers(0, 300), max_size=40).map(
    lambda seconds: [START + timedelta(seconds=s) for s in seconds]
)


@given(MOMENTS, st.integers(1, 5))
def test_however_the_clock_jumps_nobody_waits_longer_than_a_minute(answered: list[datetime], most: int) -> None:
    until = free_at(answered[-most:], most, START + timedelta(seconds=150))
    assert until is None or until <= START + timedelta(seconds=150) + MINUTE


@given(st.lists(st.integers(0, 120), max_size=60).map(sorted), st.integers(1, 5))
def test_within_any_minute_nobody_is_answered_more_often_than_that(asked: list[int], most: int) -> None:
    answered: list[datetime] = []
    for second in asked:
        now = START + timedelta(seconds=second)
        if free_at(answered[-most:], most, now) is None:
            answered.append(now)
    for moment in answered:
        assert sum(moment <= each < moment + MINUTE for each in answered) <= most


@given(st.lists(st.integers(0, 59), min_size=1, max_size=5).map(sorted))
def test_who_has_to_wait_is_free_at_the_time_he_is_told(asked: list[int]) -> None:
    answered = [START + timedelta(seconds=second) for second in asked]
    until = free_at(answered, len(answered), answered[-1])
    assert until is not None
    assert free_at(answered, len(answered), until - timedelta(microseconds=1)) is not None
    assert free_at(answered, len(answered), until) is None


def test_who_was_answered_more_often_than_is_allowed_now_waits_for_as_many_as_are_too_many() -> None:
    answered = [START + timedelta(seconds=second) for second in (0, 10, 20)]
    assert free_at(answered, 2, START + timedelta(seconds=30)) == START + timedelta(seconds=70)


def test_the_narrowest_limit_that_a_call_would_pass_is_named() -> None:
    limits = {Scope.USER: 100, Scope.SPACE: 200, Scope.ALL: 300}
    spent = {scope: Spent(90) for scope in Scope}
    assert scope_over(limits, spent, {}, 10) is None
    assert scope_over(limits, spent, {}, 11) is Scope.USER
    assert scope_over(limits, {**spent, Scope.USER: Spent(90, lifted=True)}, {}, 111) is Scope.SPACE
    assert scope_over(limits, {Scope.ALL: Spent(0)}, {}, 301) is Scope.ALL
    assert scope_over(limits, spent, {Scope.ALL: 205}, 10) is Scope.ALL
    assert scope_over({}, spent, {}, 10**9) is None


def test_a_limit_of_nothing_is_no_limit() -> None:
    assert ceilings(CoreSettings()) == {}
    assert ceilings(CoreSettings(tokens_per_day=5)) == {Scope.ALL: 5}


def test_a_day_ends_at_midnight_utc() -> None:
    midnight = datetime(2026, 1, 2, tzinfo=UTC)
    assert day_end(START) == day_end(midnight - timedelta(microseconds=1)) == midnight
    assert day_end(midnight) == midnight + timedelta(days=1)


def test_a_direct_message_belongs_to_no_server_and_a_fold_to_nobody() -> None:
    assert spenders(Conversation("discord", "guild", "channel", "thread"), "ann", Visibility.PUBLIC) == {
        Scope.USER: "discord:ann",
        Scope.SPACE: "discord:guild",
        Scope.ALL: "",
    }
    assert Scope.SPACE not in spenders(Conversation("discord", "@me", "dm"), "ann", Visibility.DIRECT)
    assert Scope.SPACE not in spenders(Conversation("slack", "team", "dm"), "ann", Visibility.DIRECT)
    assert Scope.SPACE not in spenders(Conversation("terminal", "", "terminal"), "ann", Visibility.DIRECT)
    assert Scope.USER not in spenders(Conversation("discord", "guild", "channel"), "", Visibility.PRIVATE)


# -- a minute


class TestMinute:
    async def test_who_asks_too_often_is_told_when_it_ends_and_his_words_are_remembered(self, tmp_path: Path) -> None:
        async with stage(tmp_path, TWICE) as on:
            for number in range(1, 4):
                on.now = START + timedelta(seconds=10 * number)
                await on.hear(number, f"question {number}")
                await on.until(number)
            on.now = START + timedelta(seconds=70)
            await on.hear(4, "question 4")
            await on.until(4)
        assert on.platform.said[2] == ("m3", "That is more than 2 messages a minute; I answer you again in 40 seconds.")
        assert on.platform.said[3] == ("m4", "Answer 3.")
        assert on.asked()[-2:] == ["Ann: question 3", "Ann: question 4"]

    async def test_other_people_are_answered_meanwhile(self, tmp_path: Path) -> None:
        async with stage(tmp_path, replace(TWICE, messages_per_minute=1)) as on:
            await on.hear(1, "hello")
            await on.hear(2, "hello", author="bob")
            await on.until(2)
        assert [text for _, text in on.platform.said] == ["Answer 1.", "Answer 2."]

    async def test_the_limit_is_that_of_a_person_wherever_he_asks(self, tmp_path: Path) -> None:
        async with stage(tmp_path, TWICE) as on:
            for number in range(1, 4):
                await on.hear(number, "hello", channel=f"channel {number}")
                await on.until(number)
        assert on.platform.said[2][1].startswith("That is more than 2 messages a minute")

    async def test_messages_that_are_answered_together_count_once(self, tmp_path: Path) -> None:
        async with stage(tmp_path, TWICE) as on:
            on.platform.last_send = asyncio.Event()
            await on.hear(1, "hello")
            await on.until_held("m1")
            for number in range(2, 9):
                await on.hear(number, f"and {number}")
            on.platform.last_send.set()
            await on.until(2)
        assert on.platform.said == [("m1", "Answer 1."), ("m8", "Answer 2.")]

    async def test_a_message_that_is_answered_anew_counts_once(self, tmp_path: Path) -> None:
        async with stage(tmp_path, replace(TWICE, messages_per_minute=1)) as on:
            on.model.gate = asyncio.Event()
            await on.hear(1, "where is Olso?")
            await on.wait_for(lambda: on.platform.shown() == ["Answer "])
            await on.core.amend(on.rewrite(on.write(1, ""), "where is Oslo?"))
            await on.wait_for(lambda: len(on.model.prompts) == 2 or bool(on.platform.said))
            on.model.gate.set()
            await on.until(1)
        assert on.platform.said == [("m1", "Answer 2.")]

    async def test_whoever_sits_at_the_terminal_is_answered_as_often_as_he_likes(self, tmp_path: Path) -> None:
        source, printed, toml = tmp_path / "in", tmp_path / "out", tmp_path / "config.toml"
        source.write_text("one\ntwo\nthree\n", encoding="utf-8")
        database = f'[storage]\nurl = "sqlite:///{tmp_path / "terminal.db"}"\n'
        toml.write_text(f"[limits]\nmessages_per_minute = 1\n{database}", encoding="utf-8")
        (tmp_path / ".env").touch()
        settings = config.load(toml, tmp_path / ".env", {})
        with source.open(encoding="utf-8") as stdin, printed.open("w", encoding="utf-8") as stdout:
            await bot.serve(settings, asyncio.Event(), [Terminal(stdin=stdin, stdout=stdout, user="ann")])
        assert "a minute" not in printed.read_text(encoding="utf-8")

    async def test_a_command_is_no_answer_that_counts(self, tmp_path: Path) -> None:
        async with stage(tmp_path, replace(TWICE, messages_per_minute=1)) as on:
            for number in range(1, 4):
                await on.hear(number, "!help")
                await on.until(number)
            await on.hear(4, "hello")
            await on.until(4)
        assert on.platform.said[3] == ("m4", "Answer 1.")


# -- a day


class TestDay:
    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            (daily(user=1000), "You have had your 1,000 tokens for today"),
            (daily(space=1000), "This place has had its 1,000 tokens for today"),
            (daily(total=1000), "I have had my 1,000 tokens for today"),
        ],
    )
    async def test_when_a_days_tokens_are_spent_a_sentence_says_whose_and_until_when(
        self, tmp_path: Path, settings: CoreSettings, said: str
    ) -> None:
        async with stage(tmp_path, settings) as on:
            on.model.tokens = A_CALL
            for number in range(1, 4):
                await on.hear(number, "hello")
                await on.until(number)
            assert await on.transcript() == ["hello", "Answer 1.", "hello", "Answer 2.", "hello"]
        assert on.platform.said[2] == ("m3", f"{said}; I answer again in 12 hours, from 00:00 UTC on.")

    async def test_one_persons_tokens_are_not_another_ones_and_those_of_a_server_not_a_direct_messages(
        self, tmp_path: Path
    ) -> None:
        async with stage(tmp_path, daily(user=700, space=1200)) as on:
            on.model.tokens = A_CALL
            for number, (author, channel) in enumerate(
                [("ann", "one"), ("ann", "two"), ("bob", "one"), ("cid", "one"), ("cid", "dm")], start=1
            ):
                await on.hear(number, "hello", author=author, channel=channel)
                await on.until(number)
        texts = [text for _, text in on.platform.said]
        assert texts[1].startswith("Of your 700 tokens")
        assert texts[3].startswith("Of this place's 1,200 tokens")
        assert [text for text in texts if text.startswith("Answer")] == ["Answer 1.", "Answer 2.", "Answer 3."]

    @pytest.mark.parametrize(
        ("settings", "whose"),
        [
            (daily(user=10), "Your limit"),
            (daily(space=10), "The limit of this place"),
            (daily(total=10), "My limit"),
        ],
    )
    async def test_where_a_days_tokens_are_fewer_than_one_answer_needs_that_is_said_and_not_that_they_are_spent(
        self, tmp_path: Path, settings: CoreSettings, whose: str
    ) -> None:
        async with stage(tmp_path, replace(settings, max_reply_tokens=800)) as on:
            await on.hear(1, "hello")
            await on.until(1)
        [(_, text)] = on.platform.said
        needs = re.fullmatch(
            rf"{whose} is 10 tokens a day, which is less than the ([\d,]+) that one answer needs here;"
            " I can't answer until it is raised or lifted.",
            text,
        )
        assert needs
        assert int(needs[1].replace(",", "")) == 800 + on.turns[0].prompt_tokens

    async def test_the_limit_of_a_workspace_is_not_that_of_direct_messages_within_it(self, tmp_path: Path) -> None:
        async with stage(tmp_path, daily(space=700)) as on:
            on.model.tokens = A_CALL
            for number in (1, 2):
                await on.hear(number, "hello", channel=f"channel {number}")
                await on.until(number)
            await on.core.accept(replace(on.write(3, "hello", channel="dm"), place=Place("stage", "space", "dm")))
            await on.until(3)
        assert on.platform.said[1][1].startswith("Of this place's 700 tokens")
        assert on.platform.said[2] == ("m3", "Answer 2.")

    async def test_many_at_once_cannot_take_together_what_none_could_alone(self, tmp_path: Path) -> None:
        async with stage(tmp_path, replace(daily(total=1200), max_reply_tokens=100)) as on:
            on.model.gate = asyncio.Event()
            for number in range(20):
                await on.hear(number, "hello", author=f"user {number}", channel=f"channel {number}")
            await on.wait_for(lambda: len(on.platform.said) + len(on.model.prompts) == 20)
            (need,) = {prompt.tokens + 100 for prompt in on.model.prompts}
            assert len(on.model.prompts) == 1200 // need > 1
            on.model.gate.set()
            await on.until(20)
        assert sum(text.startswith("Of my 1,200 tokens") for _, text in on.platform.said) == 20 - 1200 // need

    async def test_what_a_call_did_not_take_is_free_again(self, tmp_path: Path) -> None:
        settings = replace(daily(total=1200), max_reply_tokens=800)
        async with stage(tmp_path, settings) as on:
            on.model.tokens = 10
            for number in range(1, 6):
                await on.hear(number, "hi", channel=f"channel {number}")
                await on.until(number)
        assert len(on.model.prompts) == 5

    async def test_a_call_that_failed_takes_nothing(self, tmp_path: Path) -> None:
        async with stage(tmp_path, daily(total=700)) as on:
            on.model.failures += [ModelUnreachable("down")] * 3
            on.model.tokens = A_CALL
            for number in range(1, 6):
                await on.hear(number, "hello", channel=f"channel {number}")
                await on.until(number)
        texts = [text for _, text in on.platform.said]
        assert texts[3] == "Answer 4."
        assert texts[4].startswith("Of my 700 tokens")

    async def test_an_answer_that_is_stopped_gives_its_tokens_back(self, tmp_path: Path) -> None:
        async with stage(tmp_path, daily(total=700)) as on:
            on.model.gate = asyncio.Event()
            await on.hear(1, "hello")
            await on.wait_for(lambda: on.platform.shown() == ["Answer "])
            await on.core.erase(on.write(1, "").place, ["m1"])
            await on.wait_for(lambda: on.platform.shown() == [])
            on.model.gate.set()
            await on.hear(2, "hello", channel="other")
            await on.wait_for(lambda: ("m2", "Answer 2.") in on.platform.said)

    async def test_at_midnight_utc_everybody_begins_anew(self, tmp_path: Path) -> None:
        async with stage(tmp_path, daily(user=700)) as on:
            on.model.tokens = A_CALL
            for number, minutes in enumerate((0, 719, 720), start=1):
                on.now = START + timedelta(minutes=minutes)
                await on.hear(number, "hello")
                await on.until(number)
        texts = [text for _, text in on.platform.said]
        told = "Of your 700 tokens for today 200 are left, too few for an answer here"
        assert texts[1] == f"{told}; I answer again in 1 minute, from 00:00 UTC on."
        assert texts[2] == "Answer 2."

    async def test_what_was_spent_is_known_after_a_restart(self, tmp_path: Path) -> None:
        async with stage(tmp_path, daily(user=700)) as on:
            on.model.tokens = A_CALL
            await on.hear(1, "hello")
            await on.until(1)
            await on.die_and_start()
            await on.hear(2, "hello")
            await on.wait_for(lambda: "m2" in on.said)
        assert on.platform.said[-1][1].startswith("Of your 700 tokens for today")
