"""`!memory`, `!remember`, `!forget fact`: everybody sees and changes what is known about him, and nobody else does."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.commands.facts import (
    LONGEST,
    MOST,
    PAGE,
    PEOPLE,
    read_fact_number,
    read_statement,
    write_counts,
    write_fact,
)
from memory.scope import audience_of
from memory.types import CoreSettings, Fact, FactCount, Inbound, Visibility
from tests.stage import SETTINGS, Stage, stage

CANARY = "zebra"
NONE_YET = "I keep no facts about you that may be heard here."
OFF = "I keep no facts about people here: `memory.facts` is off."


async def tell(
    on: Stage,
    number: int,
    text: str,
    *,
    author: str = "ann",
    channel: str = "channel",
    visibility: Visibility | None = None,
    space: str = "",
) -> str:
    """Say something to the bot, in a place of some kind, and return what it says."""
    said = on.write(number, text, author=author, channel=channel)
    place = replace(said.place, space=space or said.place.space)
    return await deliver(on, replace(said, place=place, visibility=visibility or said.visibility))


async def deliver(on: Stage, said: Inbound) -> str:
    """Have the bot hear a message, and return what it says."""
    before = len(on.platform.said)
    await on.core.accept(said)
    await on.until(before + 1)
    return on.platform.said[before][1]


# ---- what a person reads


async def test_what_is_remembered_is_shown_with_its_words_its_date_and_its_message(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(SETTINGS, timezone="Asia/Tokyo")) as on:
        assert await tell(on, 1, "!memory") == (
            f"{NONE_YET} Tell me one with `!remember …`; what you say about yourself in a conversation I read"
            " when it has been quiet for 10 minutes."
        )
        assert await tell(on, 2, "!remember my birthday is 3 May") == "Remembered as 1: **birthday**: 3 May"
        assert await tell(on, 20_000 * 2, "!remember I sing\nbass") == "Remembered as 2: I sing bass"
        assert await tell(on, 4, "!memory") == (
            "What I know about you, as far as it may be heard here:\n"
            "1. **birthday**: 3 May – “my birthday is 3 May” (1 January 2026) stage://stage/space/channel/m2\n"
            "2. I sing bass (2 January 2026) stage://stage/space/channel/m40000\n"
            "\n`!memory 1 = …` corrects a fact, `!forget fact 1` removes one."
        )


@pytest.mark.parametrize("settings", [replace(SETTINGS, offline=True), replace(SETTINGS, strategy="window")])
async def test_where_no_facts_are_read_from_what_is_said_none_are_promised(
    tmp_path: Path, settings: CoreSettings
) -> None:
    async with stage(tmp_path, settings) as on:
        assert await tell(on, 1, "!memory") == (
            f"{NONE_YET} Tell me one with `!remember …`: I read none from what is said in a conversation."
        )


async def test_a_newer_word_replaces_the_older_and_says_so(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await tell(on, 1, "!remember my city is Oslo")
        assert await tell(on, 2, "!remember city: Bergen") == "Remembered as 1: **city**: Bergen (before: Oslo)"
        assert "\n1. **city**: Bergen (before: Oslo) – “city: Bergen” (" in await tell(on, 3, "!memory")


@pytest.mark.parametrize("words", ["1 = Bergen", "#1 = Bergen", "1=Bergen", "1: Bergen", "1 :=  Bergen\n"])
async def test_a_fact_is_corrected_by_its_number(tmp_path: Path, words: str) -> None:
    async with stage(tmp_path) as on:
        await tell(on, 1, "!remember my city is Oslo")
        assert await tell(on, 2, f"!memory {words}") == "Remembered as 1: **city**: Bergen (before: Oslo)"
        shown = await tell(on, 3, "!memory")
        assert "1. **city**: Bergen (1 January 2026) " in shown
        assert "Oslo" not in shown


async def test_a_fact_is_forgotten_by_its_number_without_being_said_once_more(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await tell(on, 1, f"!remember my city is {CANARY}")
        said = await tell(on, 2, "!forget fact #1")
        assert said == (
            "Forgotten: fact 1. The message that it came from is not touched: where it is part of a conversation,"
            " delete it or say `!forget me`, and it goes too."
        )
        assert (await tell(on, 3, "!memory")).startswith(NONE_YET)
        assert await tell(on, 4, "!forget fact 1") == "There is no fact 1 about you here; `!memory` lists them."
        assert await on.store.scrub()
    assert CANARY.encode() not in on.path.read_bytes()


async def test_to_forget_a_fact_is_for_everybody_and_to_forget_the_place_is_not(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await tell(on, 1, "!remember my city is Oslo")
        assert "is for people who moderate this place" in await tell(on, 2, "!forget")
        assert (await tell(on, 3, "!forget fact 1")).startswith("Forgotten: fact 1.")
        assert (await tell(on, 4, "!forget fact")).startswith("I did not understand that.")


@pytest.mark.parametrize("words", ["3", "3 =", "= x", "three = x", "everything", "from x", "1234567 = x", "@Bob"])
async def test_words_that_make_no_sense_are_met_with_how_it_is_said(tmp_path: Path, words: str) -> None:
    async with stage(tmp_path) as on:
        assert (await tell(on, 1, f"!memory {words}")).startswith("I did not understand that. `!memory` shows")
        assert (await tell(on, 2, "!remember")).startswith("Say what I am to remember about you: `!remember ")
        assert await tell(on, 3, "!memory 9 = x") == "There is no fact 9 about you here; `!memory` lists them."
        assert on.rows("SELECT * FROM facts") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("my password is hunter2", "That looks like a password, a key or a card number."),
        ("use sk-" + "a1B2" * 8, "That looks like a password, a key or a card number."),
        ("pay with 4111 1111 1111 1111", "That looks like a password, a key or a card number."),
        ("x" * (LONGEST + 1), "That is longer than 300 characters; please put it more briefly."),
    ],
)
async def test_secrets_and_long_texts_are_not_kept(tmp_path: Path, text: str, said: str) -> None:
    async with stage(tmp_path) as on:
        await tell(on, 1, "!remember my city is Oslo")
        for number, command in ((2, f"!remember {text}"), (3, f"!memory 1 = {text}")):
            assert (await tell(on, number, command)).startswith(said)
        assert on.rows("SELECT value FROM facts") == [("Oslo",)]


async def test_where_facts_are_off_nothing_is_kept_and_what_was_kept_before_can_be_seen_and_removed(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as on:
        await tell(on, 1, f"!remember my city is {CANARY}")
    async with stage(tmp_path, replace(SETTINGS, facts=False)) as on:
        for number, text in ((2, "!memory 1 = Bergen"), (3, "!remember I sing")):
            assert await tell(on, number, text) == OFF
        await tell(on, 4, "what do you know?")
        assert CANARY not in str(on.model.prompts)
        assert f"1. **city**: {CANARY}" in await tell(on, 5, "!memory")
        assert (await tell(on, 6, "!forget fact 1")).startswith("Forgotten: fact 1.")
        assert await tell(on, 7, "!memory") == OFF


async def test_long_lists_are_shown_page_by_page_and_end_somewhere(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        for number in range(1, MOST + 1):
            said = on.write(number, f"!remember fact {number}")
            fact = Fact(
                0, "ann", "Ann", "", said.text, said.text, said.place, said.message_id, said.sent_at, said.access
            )
            await on.store.remember(audience_of(said, "space"), fact)
        shown = await tell(on, 1001, "!memory")
        assert shown.splitlines()[PAGE].startswith(f"{PAGE}. ")
        assert shown.splitlines()[PAGE + 1] == f"… and {MOST - PAGE} more: `!memory from {PAGE + 1}` shows them."
        assert (await tell(on, 1002, "!memory from 190")).splitlines()[1].startswith("190. ")
        assert (await tell(on, 1003, "!remember one more")).startswith(f"I keep {MOST} facts about you already;")


def test_counts_of_many_people_are_summed_up() -> None:
    counts = [FactCount(f"u{number}", f"Name\n**{number}`", 2) for number in range(PEOPLE + 3)]
    lines = write_counts(counts, "tk!").splitlines()
    assert lines[0] == "Facts kept here; everybody sees his own with `tk!memory`, nobody those of others:"
    assert lines[1] == "- Name **0': 2 facts"
    assert lines[-1] == "- 3 more people: 6 facts"
    assert len(lines) == PEOPLE + 2


# ---- who sees what


async def test_nobody_learns_another_persons_facts_by_any_command(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(SETTINGS, admins=frozenset({"stage:owner"}))) as on:
        await tell(on, 1, f"!remember my city is {CANARY}")
        await tell(on, 2, f"!remember {CANARY} is my dog", channel="dm")
        number = 2
        for author in ("bob", "mod", "owner"):
            for channel in ("channel", "other", "dm 2"):
                for text in (
                    "!memory",
                    "!memory all",
                    "!memory 1 = x",
                    "!forget fact 1",
                    "!remember me",
                    "!memory @Ann",
                ):
                    number += 1
                    said = on.write(number, text, author=author, channel=channel, mentions=["ann"])
                    assert CANARY not in await deliver(on, said), (author, channel, text)
        assert f"1. **city**: {CANARY}" in await tell(on, 999, "!memory")


async def test_who_moderates_sees_how_many_facts_there_are_and_nobody_else_does(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        assert await tell(on, 1, "!memory all", author="mod") == (
            "I keep no facts about anybody here; those from direct messages are not counted."
        )
        await tell(on, 2, "!remember my city is Oslo")
        await tell(on, 3, "!remember I sing", channel="other")
        await tell(on, 4, "!remember I sail", channel="dm")
        await tell(on, 5, "!remember I cook", author="bob")
        refused = "`!memory all` is for {}; nothing was changed."
        assert await tell(on, 6, "!memory all") == refused.format("people who moderate this place")
        assert await tell(on, 7, "!memory all", channel="dm") == refused.format("admins, in direct messages too")
        assert await tell(on, 8, "!memory all", author="mod") == (
            "Facts kept here; everybody sees his own with `!memory`, nobody those of others:\n"
            "- Ann: 2 facts\n"
            "- Bob: 1 fact"
        )


async def test_what_was_said_among_few_is_shown_only_there(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await tell(on, 1, "!remember my city is Oslo")
        await tell(on, 2, "!remember I sing", channel="staff", visibility=Visibility.PRIVATE)
        await tell(on, 3, "!remember I sail", channel="dm-ann", visibility=Visibility.DIRECT, space="space")
        in_public = await tell(on, 4, "!memory", channel="other")
        assert "Oslo" in in_public
        assert "sing" not in in_public
        assert "sail" not in in_public
        among_few = await tell(on, 5, "!memory", channel="staff", visibility=Visibility.PRIVATE)
        assert "1. **city**: Oslo" in among_few
        assert "2. I sing" in among_few
        assert "sail" not in among_few
        alone = await tell(on, 6, "!memory", channel="dm-ann", visibility=Visibility.DIRECT, space="space")
        assert "1. **city**: Oslo" in alone
        assert "3. I sail" in alone
        assert "sing" not in alone
        assert (await tell(on, 7, "!memory", channel="dm")).startswith(NONE_YET)  # of another space


async def test_where_the_platform_can_it_is_answered_to_who_asks_alone(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await tell(on, 1, "!remember my city is Oslo")
        on.platform.whispers = True
        for number, text in enumerate(("!memory", "!remember I sing", "!memory all", "!forget fact 1", "!help"), 2):
            await tell(on, number, text)
        await tell(on, 7, "!memory", channel="dm")
        private = on.rows("SELECT message_id FROM inbox WHERE private ORDER BY id")
    assert private == [("m2",), ("m3",), ("m4",)]


# ---- in the prompts


async def test_what_somebody_said_in_public_is_remembered_in_the_next_channel_and_nowhere_else(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await tell(on, 1, "!remember my city is Oslo")
        await tell(on, 2, f"!remember my dog is {CANARY}", channel="staff", visibility=Visibility.PRIVATE)
        await tell(on, 3, f"!remember {CANARY}", channel="dm")
        await tell(on, 4, "where do I live?", channel="other")
        assert "- Ann, city: Oslo (2026-01-01)" in on.model.prompts[-1].messages[-1].content
        await tell(on, 5, "where does she live?", author="bob", channel="other")
        assert "- Ann, city: Oslo (2026-01-01)" in on.model.prompts[-1].messages[-1].content
        assert CANARY not in str(on.model.prompts)
        await tell(on, 6, "where do I live?", channel="channel", space="elsewhere")
        await tell(on, 7, "where does she live?", author="bob", channel="third")
        assert all("Oslo" not in message.content for prompt in on.model.prompts[-2:] for message in prompt.messages)


async def test_by_the_operators_word_facts_stay_in_their_channel(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(SETTINGS, reach="channel")) as on:
        await tell(on, 1, "!remember my city is Oslo")
        await tell(on, 2, "where do I live?", channel="other")
        assert "Oslo" not in str(on.model.prompts)
        assert (await tell(on, 3, "!memory", channel="other")).startswith(NONE_YET)
        await tell(on, 4, "where do I live?")
        assert "Oslo" in str(on.model.prompts)


async def test_a_command_that_a_crash_cut_off_is_run_again_and_changes_nothing_more(tmp_path: Path) -> None:
    """The crash comes when the fact is on disk and what is said of it is not: its message waits again."""
    async with stage(tmp_path) as on:
        await tell(on, 1, "!remember my city is Oslo")
        for number, text in ((2, "!remember I sing"), (3, "!memory 1 = Bergen"), (4, "!memory 2 = I sail")):
            said = await tell(on, number, text)
            kept = on.rows("SELECT user, number, slot, value, message_id FROM facts ORDER BY id")
            await on.kill()
            with closing(sqlite3.connect(on.path)) as db, db:
                db.execute(
                    "UPDATE inbox SET state = 'waiting', text = ?, unsaid = 0 WHERE message_id = ?",
                    (text, f"m{number}"),
                )
            await on.start()
            await on.until(2 * number - 1)
            assert on.platform.said[-1][1] == said.replace(" (before: Oslo)", "").replace(" (before: I sing)", "")
            assert on.rows("SELECT user, number, slot, value, message_id FROM facts ORDER BY id") == kept


# ---- reading and writing


@pytest.mark.parametrize(
    ("text", "slot", "value"),
    [
        ("my birthday is 3 May", "birthday", "3 May"),
        ("birthday: 3 May", "birthday", "3 May"),
        ("Birthday = 3 May", "birthday", "3 May"),
        ("My date of birth is 3 May", "birthday", "3 May"),
        ("my editor is Vim: the only one", "editor", "Vim: the only one"),
        ("my favourite tools are vim and make", "favourite_tools", "vim and make"),
        ("I sing", "", "I sing"),
        ("meeting at 10:30 tomorrow", "", "meeting at 10:30 tomorrow"),
        ("https://example.org is my site", "", "https://example.org is my site"),
        ("my brother who lives in Oslo is ill", "", "my brother who lives in Oslo is ill"),
        ("10: rows", "", "10: rows"),
        ("😀: 😀", "", "😀: 😀"),
        ("my is is", "", "my is is"),
    ],
)
def test_what_a_fact_is_about_is_read_from_how_it_is_said(text: str, slot: str, value: str) -> None:
    assert read_statement(text) == (slot, value)


@given(st.text(max_size=300))
def test_any_words_are_a_statement_with_a_value_out_of_them(text: str) -> None:
    words = " ".join(text.split())
    slot, value = read_statement(words)
    assert value in words
    assert bool(value) == bool(words)
    assert " " not in slot


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("fact 3", 3),
        ("FACT #12", 12),
        ("fact", None),
        ("3", None),
        ("fact x", None),
        ("fact 3 now", 3),
        ("me", None),
    ],
)
def test_the_number_of_a_fact_is_read(words: str, number: int | None) -> None:
    assert read_fact_number(words) == number


@given(st.text(min_size=1, max_size=200), st.text(max_size=50))
def test_no_text_of_a_fact_breaks_out_of_its_line_or_opens_a_block_of_code(value: str, before: str) -> None:
    said = Inbound(SAID.place, "1", "ann", "Ann", value, SAID.sent_at, True, Visibility.PUBLIC)
    fact = Fact(1, "ann", "Ann", value, value, value, said.place, "1", said.sent_at, said.access, before)
    line = write_fact(fact)
    assert len(line.splitlines()) == 1
    assert "`" not in line
    assert "\u202e" not in line


SAID = Stage(Path(), SETTINGS, 0).write(1, "x")


async def test_who_has_something_remembered_unseen_is_told_who_may_hear_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        seen = await tell(on, 1, "!remember my cat is Tom")
        unseen = await deliver(on, replace(on.write(2, "!remember my dog is Rex", author="ann"), private=True))
    assert "may hear it" not in seen
    assert "whoever could have read it here may hear it from me" in unseen
