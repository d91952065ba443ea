"""The bot as a process that is killed anywhere: after its next start everything is answered once and nothing is lost.

This is the quick run; `python -m bench.crash` kills at every point and at many more moments.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.crash.cases import try_all
from tests.crash.ledger import Given, Kept, Ledger, Said, Sort, Standing, find_faults
from tests.crash.nursery import Nursery, nursery
from tests.crash.rounds import Outcome, choose_deaths, describe, play_all, rehearse

POINTS, MOMENTS, AT_ONCE = 8, 2, 10
SEED = 1

WRITES = {"commit": 35, "post:before": 8, "post:after": 8, "edit:before": 6, "edit:after": 6, "model:piece": 20}
FEWEST = {"discord": WRITES, "slack": WRITES | {"ack:before": 30, "ack:after": 30}}
"""Of each sort of boundary, so many are found at least; else the harness has gone blind."""


def count_sorts(rehearsed: Outcome) -> Counter[str]:
    """How many boundaries there are of each sort, commits together whatever they write."""
    return Counter("commit" if name.startswith("commit") else name for name in rehearsed.reached)


async def kill_anywhere(platform: str, directory: Path) -> None:
    """Kill wherever it may matter, and look for what is wrong afterwards."""
    async with nursery() as home:
        found = await asyncio.gather(tell_story(platform, directory, home), try_all(platform, directory, home))
    lines = [line for each in found for line in each]
    assert not lines, "\n".join(lines)


async def tell_story(platform: str, directory: Path, home: Nursery) -> list[str]:
    """Rehearse, then kill at some of the points found and at some moments; a line for everything that was wrong."""
    rehearsed = await rehearse(platform, directory, home)
    found = count_sorts(rehearsed)
    lines = [f"only {found[sort]} {sort}" for sort, fewest in FEWEST[platform].items() if found[sort] < fewest]
    deaths = choose_deaths(rehearsed, POINTS, MOMENTS, SEED)
    outcomes = await play_all(platform, deaths, directory, home, AT_ONCE)
    killed = sum(bool(outcome.where) for outcome in outcomes)
    lines += [f"killed only {killed} times"] if killed < POINTS else []
    return lines + [line for outcome in (rehearsed, *outcomes) for line in describe(outcome)]


async def test_killed_anywhere_on_discord_it_answers_everything_once_after_the_next_start(tmp_path: Path) -> None:
    await kill_anywhere("discord", tmp_path)


LEDGER = Ledger(
    said={
        "1": Said("1", "here", "ann", Sort.ASK, "m1"),
        "2": Said("2", "here", "ann", Sort.ASIDE, "m2"),
        "3": Said("3", "here", "mod", Sort.COMMAND, "m3"),
    },
    given=[
        Given(1, ("1",), "a001.000 begun and\na001.001 broken off"),
        Given(2, ("1",), "a002.000 the whole\na002.001 answer", full=True),
        Given(3, ("1",), "a003.000 another\na003.001 answer", full=True),
    ],
)
WHOLE = Standing("here", "b1", LEDGER.given[1].text, "m1")
COMMAND = Standing("here", "b2", "There is no summary.", "m3")
TURNS = (("user", "m1", "q-1"), ("assistant", "re:m1", WHOLE.text), ("user", "m2", "q-2"))


def keep(standing: Sequence[Standing], *turns: tuple[str, str, str]) -> Kept:
    """What is kept when all went well."""
    return Kept(turns or TURNS, (), frozenset(message.message_id for message in standing), "ok")


class TestLedger:
    """What the suite above would say if the bot did wrong."""

    def test_one_whole_reply_a_message_and_one_turn_for_all_that_was_said_is_right(self) -> None:
        standing = [WHOLE, COMMAND]
        assert find_faults(LEDGER, standing, [WHOLE], keep(standing)) == []

    def test_a_reply_may_be_in_two_messages(self) -> None:
        first, _, second = WHOLE.text.partition("\n")
        standing = [replace(WHOLE, text=first), Standing("here", "b3", second), COMMAND]
        assert find_faults(LEDGER, standing, [], keep(standing)) == []

    @pytest.mark.parametrize(
        ("standing", "invariants"),
        [
            ([COMMAND], ["unanswered", "recorded, not said"]),
            ([WHOLE], ["unanswered"]),
            ([WHOLE, COMMAND, COMMAND], ["answered twice"]),
            (
                [WHOLE, COMMAND, Standing("here", "b3", LEDGER.given[2].text, "m1")],
                ["answered twice", "said, not recorded"],
            ),
            ([WHOLE, COMMAND, Standing("here", "b3", LEDGER.given[0].text, "m1")], ["partial"]),
            (
                [WHOLE, COMMAND, Standing("here", "b3", "a002.001 answer")],
                ["unanswered", "doubled", "recorded, not said"],
            ),
            ([WHOLE, COMMAND, Standing("here", "b3", "I failed.", "m1")], ["answered twice"]),
            ([COMMAND, Standing("here", "b3", "I failed.", "m1")], ["unanswered", "sentence", "recorded, not said"]),
            ([WHOLE, COMMAND, Standing("here", "b3", "I failed.")], ["said to nobody"]),
        ],
    )
    def test_a_reply_that_is_missing_doubled_partial_or_a_mere_sentence_is_noticed(
        self, standing: list[Standing], invariants: list[str]
    ) -> None:
        assert [fault.invariant for fault in find_faults(LEDGER, standing, [], keep(standing))] == invariants

    def test_where_the_model_fails_a_sentence_is_an_answer(self) -> None:
        asked, _, aside = TURNS
        standing = [COMMAND, Standing("here", "b3", "I failed.", "m1")]
        assert find_faults(LEDGER, standing, [], keep(standing, asked, aside), sentences=True) == []
        standing.append(replace(standing[1], message_id="b4"))
        faults = find_faults(LEDGER, standing, [], keep(standing, asked, aside), sentences=True)
        assert [fault.invariant for fault in faults] == ["answered twice"]

    def test_what_is_given_up_wants_one_sentence_and_no_answer(self) -> None:
        ledger, (asked, _, aside) = replace(LEDGER, given_up={"1"}), TURNS
        standing = [COMMAND, Standing("here", "b3", "I broke down.", "m1")]
        assert find_faults(ledger, standing, [], keep(standing, asked, aside)) == []
        standing = [COMMAND, WHOLE]
        assert [fault.invariant for fault in find_faults(ledger, standing, [], keep(standing))] == ["unanswered"]

    def test_what_the_platform_lets_have_no_answer_may_stand_there_in_part_and_is_no_turn(self) -> None:
        ledger, (asked, answered, aside) = replace(LEDGER, dropped={"1"}), TURNS
        standing = [COMMAND, Standing("here", "b3", LEDGER.given[0].text, "m1")]
        assert find_faults(ledger, standing, [], keep(standing, asked, aside)) == []
        faults = find_faults(ledger, standing, [], keep(standing, asked, answered, aside))
        assert [fault.invariant for fault in faults] == ["recorded, not said"]
        standing = [COMMAND, Standing("here", "b3", "This was forgotten.", "m1")]
        faults = find_faults(ledger, standing, [], keep(standing, asked, aside))
        assert [fault.invariant for fault in faults] == ["sentence"]

    def test_a_message_of_the_bot_that_somebody_deleted_may_be_known_for_ever(self) -> None:
        standing, ledger = [WHOLE, COMMAND], replace(LEDGER, taken={"b3"})
        assert find_faults(ledger, standing, [], keep([*standing, Standing("here", "b3", "")])) == []

    def test_a_question_that_is_gone_wants_no_answer(self) -> None:
        ledger, (_, answered, aside) = replace(LEDGER, gone={"1"}), TURNS
        assert find_faults(ledger, [COMMAND], [], keep([COMMAND], aside)) == []
        standing = [WHOLE, COMMAND]
        faults = find_faults(ledger, standing, [], keep(standing, answered, aside))
        assert [fault.invariant for fault in faults] == ["answered although gone"]

    def test_what_was_begun_in_answer_to_several_and_answers_another_set_of_them_is_noticed(self) -> None:
        said = LEDGER.said | {"4": Said("4", "here", "ann", Sort.ASIDE, "m4")}
        ledger = replace(LEDGER, said=said, given=[replace(LEDGER.given[0], marks=("4", "1")), *LEDGER.given[1:]])
        begun, standing = replace(WHOLE, text=LEDGER.given[0].text), [WHOLE, COMMAND]
        kept = keep(standing, *TURNS, ("user", "m4", "q-4"))
        assert find_faults(ledger, standing, [begun], kept) == []
        faults = find_faults(ledger, standing, [begun], kept, died_once=True)
        assert [fault.invariant for fault in faults] == ["torn apart"]

    def test_a_message_of_two_answers_is_noticed(self) -> None:
        both = replace(WHOLE, text=f"{LEDGER.given[0].text}\n{WHOLE.text}")
        faults = find_faults(LEDGER, [both, COMMAND], [], keep([both, COMMAND]))
        assert "mixed" in {fault.invariant for fault in faults}

    def test_an_answer_that_could_be_read_and_is_another_one_now_is_noticed(self) -> None:
        (asked, _, aside), now = TURNS, replace(WHOLE, text=LEDGER.given[2].text)
        kept = keep([now, COMMAND], asked, ("assistant", "re:m1", now.text), aside)
        faults = find_faults(LEDGER, [now, COMMAND], [WHOLE], kept)
        assert [fault.invariant for fault in faults] == ["changed"]

    def test_turns_that_are_missing_doubled_or_should_be_gone_are_noticed(self) -> None:
        def invariants(*turns: tuple[str, str, str], ledger: Ledger = LEDGER) -> list[str]:
            faults = find_faults(ledger, [WHOLE, COMMAND], [], keep([WHOLE, COMMAND], *turns))
            return [fault.invariant for fault in faults]

        asked, answered, aside = TURNS
        assert invariants(answered, aside) == ["turn missing"]
        assert invariants(asked, asked, answered, aside) == ["turn doubled"]
        assert invariants(asked, answered, aside, ledger=replace(LEDGER, gone={"2"})) == ["turn not gone"]
        assert invariants(asked, answered, aside, ledger=replace(LEDGER, edited={"2": "else"})) == ["edit missed"]
        assert invariants(asked, aside) == ["said, not recorded"]

    def test_what_is_not_settled_a_reply_not_known_or_known_in_vain_and_a_damaged_file_are_noticed(self) -> None:
        kept = Kept(TURNS, ("m1 waiting",), frozenset({"b2", "b3"}), "row 1 missing from index")
        faults = find_faults(LEDGER, [WHOLE, COMMAND], [], kept)
        assert [fault.invariant for fault in faults] == ["unsettled", "not noted", "noted in vain", "integrity"]


# At the end of the file: two workers then take one platform each.
async def test_killed_anywhere_on_slack_it_answers_everything_once_after_the_next_start(tmp_path: Path) -> None:
    await kill_anywhere("slack", tmp_path)
