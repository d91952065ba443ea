"""The bot as a process that is killed anywhere: after its next start everything is answered once and nothing is lost.

This is the quick run; `python -m bench.crash` kills at every point and at many more moments.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.crash.ledger import Given, Kept, Ledger, Said, Sort, Standing, find_faults
from tests.crash.nursery import nursery
from tests.crash.rounds import Outcome, choose_deaths, describe, play_all, rehearse

POINTS, MOMENTS, AT_ONCE = 20, 5, 25
SEED = 1

WRITES = {"commit": 35, "post:before": 10, "post:after": 10, "edit:before": 6, "edit:after": 6, "model:piece": 20}
FEWEST = {"discord": WRITES, "slack": WRITES | {"ack:before": 30, "ack:after": 30}}
"""Of each sort of boundary, so many are found at least; else the harness has gone blind."""


def count_sorts(rehearsed: Outcome) -> Counter[str]:
    """How many boundaries there are of each sort, commits together whatever they write."""
    return Counter("commit" if name.startswith("commit") else name for name in rehearsed.reached)


async def kill_anywhere(platform: str, directory: Path) -> None:
    """Rehearse, kill at some of the points found and at some moments, and look for what is wrong afterwards."""
    async with nursery() as home:
        rehearsed = await rehearse(platform, directory, home)
        assert not rehearsed.faults, "\n".join(describe(rehearsed))
        found = count_sorts(rehearsed)
        assert {sort: found[sort] for sort, fewest in FEWEST[platform].items() if found[sort] < fewest} == {}
        deaths = choose_deaths(rehearsed, POINTS, MOMENTS, SEED)
        outcomes = await play_all(platform, deaths, directory, home, AT_ONCE)
    assert sum(bool(outcome.where) for outcome in outcomes) >= POINTS
    lines = [line for outcome in outcomes for line in describe(outcome)]
    assert not lines, "\n".join(lines)


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
KEPT = Kept(TURNS, (), frozenset({"b1", "b2", "b3", "b4"}), "ok")


class TestLedger:
    """What the suite above would say if the bot did wrong."""

    def test_one_whole_reply_a_message_and_one_turn_for_all_that_was_said_is_right(self) -> None:
        assert find_faults(LEDGER, [WHOLE, COMMAND], [WHOLE], KEPT) == []

    def test_a_reply_may_be_in_two_messages(self) -> None:
        first, _, second = WHOLE.text.partition("\n")
        parts = [replace(WHOLE, text=first), Standing("here", "b3", second)]
        assert find_faults(LEDGER, [*parts, COMMAND], [], KEPT) == []

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
        assert [fault.invariant for fault in find_faults(LEDGER, standing, [], KEPT)] == invariants

    def test_where_the_model_fails_a_sentence_is_an_answer(self) -> None:
        kept = replace(KEPT, turns=(KEPT.turns[0], KEPT.turns[2]))
        standing = [COMMAND, Standing("here", "b3", "I failed.", "m1")]
        assert find_faults(LEDGER, standing, [], kept, sentences=True) == []
        standing.append(replace(standing[1], message_id="b4"))
        assert [fault.invariant for fault in find_faults(LEDGER, standing, [], kept, sentences=True)] == [
            "answered twice"
        ]

    def test_a_message_of_two_answers_is_noticed(self) -> None:
        both = replace(WHOLE, text=f"{LEDGER.given[0].text}\n{WHOLE.text}")
        assert "mixed" in {fault.invariant for fault in find_faults(LEDGER, [both, COMMAND], [], KEPT)}

    def test_an_answer_that_could_be_read_and_is_another_one_now_is_noticed(self) -> None:
        now = replace(WHOLE, text=LEDGER.given[2].text)
        kept = replace(KEPT, turns=(KEPT.turns[0], ("assistant", "re:m1", now.text), KEPT.turns[2]))
        faults = find_faults(LEDGER, [now, COMMAND], [WHOLE], kept)
        assert [fault.invariant for fault in faults] == ["changed"]

    def test_turns_that_are_missing_doubled_or_should_be_gone_are_noticed(self) -> None:
        def invariants(*turns: tuple[str, str, str], ledger: Ledger = LEDGER) -> list[str]:
            faults = find_faults(ledger, [WHOLE, COMMAND], [], replace(KEPT, turns=turns))
            return [fault.invariant for fault in faults]

        asked, answered, aside = KEPT.turns
        assert invariants(answered, aside) == ["turn missing"]
        assert invariants(asked, asked, answered, aside) == ["turn doubled"]
        assert invariants(asked, answered, aside, ledger=replace(LEDGER, gone={"2"})) == ["turn not gone"]
        assert invariants(asked, answered, aside, ledger=replace(LEDGER, edited={"2": "else"})) == ["edit missed"]
        assert invariants(asked, aside) == ["said, not recorded"]

    def test_what_is_not_settled_a_reply_not_known_on_disk_and_a_damaged_file_are_noticed(self) -> None:
        kept = replace(KEPT, open=("m1 waiting",), posts=frozenset({"b2"}), integrity="row 1 missing from index")
        faults = find_faults(LEDGER, [WHOLE, COMMAND], [], kept)
        assert [fault.invariant for fault in faults] == ["unsettled", "not noted", "integrity"]


# At the end of the file: two workers then take one platform each.
async def test_killed_anywhere_on_slack_it_answers_everything_once_after_the_next_start(tmp_path: Path) -> None:
    await kill_anywhere("slack", tmp_path)
