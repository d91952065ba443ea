"""`!usage`: everybody sees his own, admins see all and lift a limit until the day ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.stage import SETTINGS, START, Stage, stage

LIMITED = replace(
    SETTINGS,
    persona="",
    max_reply_tokens=0,
    messages_per_minute=20,
    user_tokens_per_day=700,
    space_tokens_per_day=1200,
    tokens_per_day=5000,
    admins=frozenset({"stage:owner"}),
)
OWNERS = "`!usage lift all` is for those whom `bot.admins` names; nothing was changed."
DIRECT = "`!usage lift` is for admins, in direct messages too; nothing was changed."
MODERATORS = "`!usage lift` is for people who moderate this place; nothing was changed."


async def tell(on: Stage, number: int, text: str, *, author: str, channel: str = "channel", about: str = "") -> str:
    """Say something to the bot and return what it says."""
    before = len(on.platform.said)
    await on.hear(number, text, author=author, channel=channel, mentions=[about] if about else [])
    await on.until(before + 1)
    return on.platform.said[before][1]


async def spend(on: Stage) -> None:
    """Have Ann and Bob ask once each, for 500 tokens each."""
    on.model.tokens = 500
    assert await tell(on, 1, "hello", author="ann") == "Answer 1."
    assert await tell(on, 2, "hello", author="bob") == "Answer 2."


async def test_everybody_sees_his_own(tmp_path: Path) -> None:
    async with stage(tmp_path, LIMITED) as on:
        await spend(on)
        assert await tell(on, 3, "!usage", author="ann") == (
            "Tokens used today (prompts and answers, counted from 00:00 UTC):\n\n"
            "- You: 500 of 700\n\n"
            "I answer each person at most 20 times a minute.\n"
            "The day ends in 12 hours."
        )


async def test_who_moderates_sees_all(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(LIMITED, tokens_per_day=0)) as on:
        await spend(on)
        assert (await tell(on, 3, "!usage", author="mod")).splitlines()[2:5] == [
            "- You: 0 of 700",
            "- This server or workspace: 1,000 of 1,200",
            "- All together: 1,000; there is no limit",
        ]


async def test_in_a_direct_message_nobody_sees_more_than_his_own_but_the_bots_own_admins(tmp_path: Path) -> None:
    async with stage(tmp_path, LIMITED) as on:
        await spend(on)
        assert "All together" not in await tell(on, 3, "!usage", author="ann", channel="dm")
        assert "- All together: 1,000 of 5,000" in await tell(on, 4, "!usage", author="owner", channel="dm 2")


async def test_a_places_limit_is_lifted_by_who_moderates_there_until_the_day_ends(tmp_path: Path) -> None:
    async with stage(tmp_path, LIMITED) as on:
        await spend(on)
        assert (await tell(on, 3, "hello", author="cid")).startswith("Of this place's 1,200 tokens for today")
        assert await tell(on, 4, "!usage lift", author="mod") == (
            "The limit of this server or workspace is lifted until 00:00 UTC."
            " Each person's, 700 tokens a day, still holds where it was not lifted."
            " The limit of all together still holds, with 4,000 of 5,000 tokens left."
        )
        assert await tell(on, 5, "hello", author="cid") == "Answer 3."
        assert "- This server or workspace: 1,500 of 1,200, lifted for today" in await tell(
            on, 6, "!usage", author="mod"
        )
        on.now = START + timedelta(hours=12)
        for number, author in enumerate(("ann", "bob"), start=7):
            assert (await tell(on, number, "hello", author=author)).startswith("Answer")
        assert (await tell(on, 9, "hello", author="cid")).startswith("Of this place's 1,200 tokens for today")


async def test_one_persons_limit_is_lifted_and_no_other_ones(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(LIMITED, space_tokens_per_day=0)) as on:
        await spend(on)
        assert await tell(on, 3, "!usage lift @Ann", author="mod", about="ann") == (
            "The limit of Ann is lifted until 00:00 UTC."
            " The limit of all together still holds, with 4,000 of 5,000 tokens left."
        )
        assert await tell(on, 4, "hello", author="ann") == "Answer 3."
        assert (await tell(on, 5, "hello", author="bob")).startswith("Of your 700 tokens for today")


async def test_the_limit_of_all_is_lifted_by_the_bots_own_admins_alone(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(LIMITED, tokens_per_day=1200)) as on:
        await spend(on)
        assert await tell(on, 3, "!usage lift all", author="mod") == OWNERS
        assert (await tell(on, 4, "hello", author="cid", channel="dm")).startswith("Of my 1,200 tokens")
        assert await tell(on, 5, "!usage lift all", author="owner") == (
            "The limit of all together is lifted until 00:00 UTC."
            " Each person's, 700 tokens a day, still holds where it was not lifted."
            " The limit of this server or workspace still holds, with 200 of 1,200 tokens left."
        )
        assert await tell(on, 6, "hello", author="cid", channel="dm") == "Answer 3."


async def test_what_was_lifted_before_is_told_as_lifted(tmp_path: Path) -> None:
    async with stage(tmp_path, LIMITED) as on:
        await tell(on, 1, "!usage lift all", author="owner")
        said = await tell(on, 2, "!usage lift @Ann", author="mod", about="ann")
        assert said.endswith("with 1,200 of 1,200 tokens left. The limit of all together is lifted as well.")


async def test_where_no_limit_is_set_nothing_is_said_to_be_lifted(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(LIMITED, space_tokens_per_day=0, tokens_per_day=0)) as on:
        assert await tell(on, 1, "!usage lift", author="mod") == (
            "The limit of this server or workspace is not set, so nothing was lifted."
            " Each person's, 700 tokens a day, still holds where it was not lifted."
        )
        said = await tell(on, 2, "!usage lift all", author="owner", channel="dm")
        assert said.startswith("The limit of all together is not set, so nothing was lifted.")
        assert on.rows("SELECT * FROM spending") == []


@pytest.mark.parametrize("channel", ["channel", "dm"])
@pytest.mark.parametrize("words", ["lift", "lift @Ann", "lift all"])
async def test_nobody_else_lifts_anything_not_even_his_own_in_a_direct_message(
    tmp_path: Path, words: str, channel: str
) -> None:
    async with stage(tmp_path, LIMITED) as on:
        await spend(on)
        about = "ann" if "@" in words else ""
        refusal = MODERATORS if channel == "channel" else DIRECT
        refusal = OWNERS if words == "lift all" else refusal
        assert await tell(on, 3, f"!usage {words}", author="ann", channel=channel, about=about) == refusal
        assert (await tell(on, 4, "hello", author="ann", channel=channel)).startswith("Of your 700 tokens")
        assert on.rows("SELECT * FROM spending WHERE lifted") == []


async def test_a_direct_message_has_no_limit_of_its_own(tmp_path: Path) -> None:
    async with stage(tmp_path, LIMITED) as on:
        said = await tell(on, 1, "!usage lift", author="owner", channel="dm")
        assert said == "This place has no limit of its own that I could lift."


@pytest.mark.parametrize("words", ["lift nobody", "lift @Ann now", "drop", "all"])
async def test_what_makes_no_sense_is_met_with_how_it_is_said(tmp_path: Path, words: str) -> None:
    async with stage(tmp_path, LIMITED) as on:
        said = await tell(on, 1, f"!usage {words}", author="owner", about="ann" if "@" in words else "")
        assert said.startswith("I did not understand that. `!usage` shows what was used today")
        assert on.rows("SELECT * FROM spending") == []
