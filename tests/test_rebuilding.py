"""`!summary` and `!summary rebuild`: the summary seen with what it covers, and made anew from the originals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from errors import ModelUnreachable, OriginalsExpired
from memory.types import CoreSettings, Place, Prompt
from storage.sqlite.rows import to_moment
from tests.stage import SETTINGS, START, Stage, stage

SMALL = replace(
    SETTINGS, max_tokens=2400, keep_tokens=300, keep_recent=2, summary_tokens=200, recall="off", facts=False
)
HERE = Place("stage", "space", "channel")
BAD = "They agreed on nothing at all."
GOOD = "They plan a voyage on Friday, with a blue boat."
TALK = 40
PROGRESS = "Making the summary anew: "
LINE = "wind the thread around the spool, then let go of it, number "


async def talk(on: Stage, text: str = LINE) -> None:
    """Have Ann talk with the bot for a while."""
    for number in range(1, TALK + 1):
        on.now = START + timedelta(seconds=number)
        await on.hear(number, f"{text}{number}")
        await on.until(number)


@asynccontextmanager
async def folded(directory: Path, settings: CoreSettings = SMALL) -> AsyncIterator[Stage]:
    """A bot that has folded a long talk just now, step by step, into bad summaries; its model tells good ones now."""
    async with stage(directory, replace(settings, strategy="buffer")) as on:
        await talk(on)
    async with stage(directory, settings) as on:
        on.now = START + timedelta(minutes=5)
        on.model.told += [BAD] * 100
        await command(on, 99, "now")
        assert len(summaries(on)) > 2
        on.model.told[:] = [GOOD] * 100
        on.model.folds.clear()
        yield on


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Stage]:
    """A bot that has folded a long talk."""
    async with folded(tmp_path) as on:
        yield on


async def command(on: Stage, number: int, words: str = "rebuild", author: str = "mod") -> str:
    """Have somebody who moderates say `!summary` with words, and return what is said to it in the end."""
    await on.hear(number, f"!summary {words}".strip(), author=author)
    return await outcome(on, number)


async def begin(on: Stage, number: int = 100) -> None:
    """Have the summary made anew, as far as the first request, which is held back."""
    on.model.fold_gate = asyncio.Event()
    await on.hear(number, "!summary rebuild", author="mod")
    await on.until_folding(1)


async def outcome(on: Stage, number: int = 100) -> str:
    """Wait for what is said to a command in the end, and return it."""

    def said() -> list[str]:
        return [text for asked, text in on.platform.said if asked == f"m{number}" and not text.startswith(PROGRESS)]

    await on.wait_for(lambda: bool(said()))
    return said()[0]


def go_on(on: Stage) -> None:
    """Let the request through that is held back, and those that follow."""
    assert on.model.fold_gate
    on.model.fold_gate.set()


def summaries(on: Stage) -> list[tuple[object, ...]]:
    """What is kept: text, through and version of each, oldest first."""
    return on.rows("SELECT text, through, version FROM summaries ORDER BY version")


def stands(on: Stage) -> tuple[str, int, int]:
    """The summary that stands."""
    text, through, version = summaries(on)[-1]
    return str(text), int(str(through)), int(str(version))


def turns_in(prompt: Prompt) -> int:
    """How many of the people's messages a request to fold holds."""
    return sum(message.content.count(LINE) for message in prompt.messages)


async def test_the_summary_is_shown_with_its_version_and_what_it_covers(on: Stage) -> None:
    _, through, version = stands(on)
    first, last = on.rows(
        "SELECT strftime('%H:%M', MIN(sent_at) / 1e6, 'unixepoch'), strftime('%H:%M', MAX(sent_at) / 1e6, 'unixepoch')"
        " FROM turns WHERE id <= ?",
        str(through),
    )[0]
    shown = await command(on, 100, "")
    assert f"**Summary**, version {version}, from 1 January 2026, {first} to {last}:\n> {BAD}" in shown


async def test_it_is_made_anew_from_the_originals_in_bounded_steps_and_covers_the_same(on: Stage) -> None:
    _, through, version = stands(on)
    said = await command(on, 100)
    text, now_through, now_version = stands(on)
    assert text.startswith(GOOD)
    assert (now_through, now_version) == (through, version + 1)
    (behind,) = on.rows("SELECT COUNT(*) FROM turns WHERE id <= ?", str(through))[0]
    (asked,) = on.rows("SELECT COUNT(*) FROM turns WHERE id <= ? AND role = 'user'", str(through))[0]
    assert len(on.model.folds) > 1
    assert max(prompt.tokens for prompt in on.model.folds) <= SMALL.max_tokens
    assert sum(turns_in(prompt) for prompt in on.model.folds) == asked
    assert BAD not in "".join(message.content for prompt in on.model.folds for message in prompt.messages)
    assert said.startswith(f"Made the summary anew from {behind} turns.\n\n**Summary**, version {now_version}, from")
    assert f"> {GOOD}" in said


async def test_the_new_one_stands_in_the_next_request(on: Stage) -> None:
    await command(on, 100)
    await on.hear(101, "what did we plan?")
    await on.wait_for(lambda: "m101" in on.said)
    head = on.model.prompts[-1].messages[0].content
    assert GOOD in head
    assert BAD not in head


async def test_how_far_it_is_is_shown_in_the_message_that_will_hold_the_answer(on: Stage) -> None:
    posts = len(on.platform.posts)
    await begin(on)
    go_on(on)
    on.model.fold_gate = asyncio.Event()
    await on.until_folding(2)
    assert len(on.platform.posts) == posts + 1
    assert on.platform.shown()[-1].startswith(PROGRESS)
    go_on(on)
    said = await outcome(on)
    assert len(on.platform.posts) == posts + 1
    assert on.platform.shown()[-1] == said


async def test_a_step_that_fails_changes_nothing_and_is_said(on: Stage) -> None:
    before = summaries(on)
    await begin(on)
    on.model.fold_failures.append(ModelUnreachable("down"))
    go_on(on)
    assert await outcome(on) == ModelUnreachable("").sentence
    assert summaries(on) == before


async def test_where_the_originals_have_expired_that_is_said_and_nothing_changes(on: Stage) -> None:
    _, through, _ = stands(on)
    (last,) = on.rows("SELECT sent_at FROM turns WHERE id = ?", str(through))[0]
    before = [text for text, _, _ in summaries(on)]
    assert await on.store.prune(to_moment(int(str(last)) + 1)) > 0
    said = await command(on, 100)
    assert said == OriginalsExpired().sentence
    assert on.model.folds == []
    assert [text for text, _, _ in summaries(on)] == before


async def test_where_the_first_originals_have_expired_it_is_made_on_top_of_the_version_that_covers_them(
    on: Stage,
) -> None:
    (_, base, _), *_, (_, through, version) = summaries(on)
    (last,) = on.rows("SELECT sent_at FROM turns WHERE id = ?", str(base))[0]
    assert await on.store.prune(to_moment(int(str(last)) + 1)) > 0
    said = await command(on, 100)
    assert said.startswith("Made the summary anew from ")
    assert stands(on)[1:] == (through, int(str(version)) + 1)
    assert BAD in "".join(message.content for message in on.model.folds[0].messages)


async def test_a_forgetting_in_its_midst_makes_it_void(on: Stage) -> None:
    await begin(on)
    await on.core.erase(HERE, ["m1"])
    said = await outcome(on)  # it does not wait for what the model makes of forgotten words
    go_on(on)
    assert "Made the summary anew" not in said
    assert f"{LINE}1\n" not in "".join(str(text) for text, _, _ in summaries(on))
    await on.wait_for(lambda: bool(summaries(on)))
    assert all(f"{LINE}1\n" not in message.content for prompt in on.model.folds[1:] for message in prompt.messages)


async def test_asked_for_twice_at_once_it_is_made_once_and_the_second_is_told_so(on: Stage) -> None:
    _, _, version = stands(on)
    await begin(on)
    second = await command(on, 101)
    assert second.startswith("The summary was not made anew: it was being made")
    go_on(on)
    assert (await outcome(on)).startswith("Made the summary anew")
    assert stands(on)[2] == version + 1


async def test_who_does_not_moderate_changes_nothing(on: Stage) -> None:
    before = summaries(on)
    said = await command(on, 100, author="ann")
    assert "for people who moderate" in said
    assert on.model.folds == []
    assert summaries(on) == before


async def test_where_there_is_no_summary_that_is_said(tmp_path: Path) -> None:
    async with stage(tmp_path, SMALL) as on:
        await on.hear(1, "hello")
        await on.until(1)
        assert (await command(on, 2)).startswith("There is no summary to make anew.\n\nThere is no summary here yet")
        assert on.model.folds == []


async def test_a_death_in_its_midst_begins_it_again(on: Stage) -> None:
    _, _, version = stands(on)
    await begin(on)
    await on.kill()
    on.model.fold_gate = None
    await on.start()
    assert (await outcome(on)).startswith("Made the summary anew")
    assert stands(on)[2] == version + 1


async def test_the_facts_that_stood_in_the_prompts_stand_in_them_after_it(tmp_path: Path) -> None:
    settings = replace(SMALL, facts=True, max_tokens=8000)
    async with stage(tmp_path, replace(settings, strategy="buffer")) as on:
        await talk(on, LINE * 8)
        await on.hear(TALK + 1, "!remember I live in Oslo")
        await on.until(TALK + 1)
    async with stage(tmp_path, settings) as on:
        for words in ("now", "rebuild"):
            number = 100 + 10 * len(words)
            await command(on, number, words)
            await on.hear(number + 1, "hello")
            await on.wait_for(lambda: f"m{number + 1}" in on.said)  # noqa: B023  # waited for within the loop
            assert "Oslo" in on.model.prompts[-1].messages[0].content


async def test_the_bar_shows_what_a_prompt_takes_of_a_message_that_it_cuts(tmp_path: Path) -> None:
    async with stage(tmp_path, SMALL) as on:
        await on.hear(1, "word " * 20_000)
        await on.until(1)
        shown = await command(on, 2, "")
    used = int(shown.rsplit("` ", 1)[1].split(" of ")[0].replace(",", ""))
    assert 600 <= used <= 1000  # a quarter of 2,400, the persona and the answer
