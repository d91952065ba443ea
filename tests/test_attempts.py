"""Messages over which the process dies again and again: three times, and no more; innocent ones are answered."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from errors import PlatformUnreachable
from memory.core.turns import GIVEN_UP
from tests.stage import SETTINGS, Stage, stage


async def die_at_request(on: Stage, number: int) -> None:
    """Kill the process when it has come to so many requests."""
    await on.until_asked(number)
    await on.until_noted()
    await on.kill()


async def test_a_message_over_which_the_process_died_three_times_is_failed_with_a_sentence_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.model.gate = asyncio.Event()
        await on.hear(1, "poison")
        for death in range(1, 4):
            await die_at_request(on, death)
            await on.start()
        await on.until(1)
        await on.hear(2, "and now?", author="bob")
        on.model.gate.set()
        await on.until(2)
        await on.stop()
        await on.start()
        await on.hear(3, "hello", author="bob")
        await on.until(3)
    assert on.platform.said == [("m1", GIVEN_UP), ("m2", "Answer 4."), ("m3", "Answer 5.")]
    assert on.platform.shown() == [GIVEN_UP, "Answer 4.", "Answer 5."]
    assert on.asked(3) == ["Ann: poison", "Bob: and now?"]


async def test_it_is_not_tried_again_when_the_platform_cannot_be_reached_to_say_so(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.model.gate = asyncio.Event()
        await on.hear(1, "poison")
        for death in range(1, 4):
            await die_at_request(on, death)
            on.platform.down = 2 if death == 3 else 0
            await on.start()
        await on.until(1)
    assert on.platform.said == [("m1", GIVEN_UP)]
    assert on.pauses == [15, 30]
    assert len(on.model.prompts) == 3


async def test_others_that_waited_beside_it_and_its_authors_later_words_are_answered(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.model.gate = asyncio.Event()
        await on.hear(1, "poison")
        await on.hear(2, "hello", author="bob", channel="other")
        await die_at_request(on, 2)
        await on.start()
        await on.hear(3, "and a second thing")
        await die_at_request(on, 4)
        await on.start()
        await die_at_request(on, 5)  # those two go one at a time from now on
        on.model.holds = "poison"
        await on.start()
        await on.until(3)
    assert on.asked(4) == ["Ann: poison"]
    assert on.platform.said == [("m2", "Answer 6."), ("m1", GIVEN_UP), ("m3", "Answer 7.")]


async def test_what_was_sent_together_with_it_is_answered_alone(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.platform.last_send = asyncio.Event()
        await on.hear(0, "hi", author="bob")
        await on.until_held("m0")
        await on.hear(1, "hello")
        await on.hear(2, "poison")
        on.model.gate = asyncio.Event()
        on.platform.last_send.set()
        await die_at_request(on, 2)
        on.platform.last_send = None
        await on.start()
        await die_at_request(on, 3)
        on.model.holds = "poison"
        await on.start()
        await on.until(2)
        await die_at_request(on, 5)
        await on.start()
        await on.until(3)
    assert on.asked(1)[-2:] == on.asked(2)[-2:] == ["Ann: hello", "Ann: poison"]
    assert on.platform.said == [("m0", "Answer 1."), ("m1", "Answer 4."), ("m2", GIVEN_UP)]


async def test_what_was_sent_together_stays_so_when_its_answer_begins_again_after_one_death(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.platform.last_send = asyncio.Event()
        await on.hear(0, "hi", author="bob")
        await on.until_held("m0")
        await on.hear(1, "hello")
        await on.hear(2, "are you there?")
        on.model.gate = asyncio.Event()
        on.platform.last_send.set()
        await die_at_request(on, 2)
        on.platform.last_send = None
        await on.start()
        await on.until_asked(3)
        await on.core.erase(on.write(0, "").place, ["m0"])
        on.model.gate.set()
        await on.wait_for(lambda: len(on.said) == 2 and "m2" in on.said)
    assert on.asked(3)[-2:] == ["Ann: hello", "Ann: are you there?"]
    assert on.platform.said[-1] == ("m2", "Answer 4.")


async def test_a_stop_in_peace_clears_every_message_of_suspicion(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.model.gate = asyncio.Event()
        await on.hear(1, "slow")
        for death in (1, 2):
            await die_at_request(on, death)
            await on.start()
        await on.until_asked(3)
        await on.stop(0)
        await on.start()
        await die_at_request(on, 4)
        on.model.gate = None
        await on.start()
        await on.until(1)
    assert on.platform.said == [("m1", "Answer 5.")]


async def test_those_that_may_be_deadly_are_answered_one_at_a_time_and_nobody_else_waits_for_them(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as on:
        on.model.gate = asyncio.Event()
        channels = [f"channel {number}" for number in range(4)]
        for number, channel in enumerate(channels):
            await on.hear(number, "hello", channel=channel)
        for requests in (4, 8):
            await die_at_request(on, requests)
            await on.start()
        on.model.holds = "hello"
        await on.hear(9, "quick", author="bob", channel="other")
        await on.until(1)
        await on.until_asked(10)
        assert sorted(on.asked(number)[0] for number in (8, 9)) == ["Ann: hello", "Bob: quick"]
        on.model.gate.set()
        await on.until(5)
    assert on.said == ["m9", "m0", "m1", "m2", "m3"]


async def test_of_those_that_may_be_deadly_the_least_attempted_come_first(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.model.gate = asyncio.Event()
        await on.hear(1, "poison")
        await die_at_request(on, 1)
        await on.start()
        for number in range(2, 8):
            await on.hear(number, "hello", author="bob", channel=f"channel {number}")
        await die_at_request(on, 8)
        await on.start()
        await die_at_request(on, 15)
        on.model.gate = None
        await on.start()
        await on.until(7)
    assert on.said == ["m2", "m3", "m4", "m5", "m6", "m7", "m1"]
    assert on.platform.said[-1] == ("m1", GIVEN_UP)


async def test_a_command_over_which_the_process_died_three_times_is_failed_too(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(SETTINGS, max_tokens=2000, keep_tokens=200, keep_recent=2)) as on:
        for number in range(1, 4):
            await on.hear(number, "wind the thread")
            await on.until(number)
        on.model.fold_gate = asyncio.Event()
        await on.hear(9, "!summary now", author="mod")
        for death in range(1, 4):
            await on.until_folding(death)
            await on.die_and_start()
        await on.until(4)
    assert on.platform.said[3:] == [("m9", GIVEN_UP)]
    assert len(on.model.folds) == 3


async def test_after_a_stop_in_peace_it_takes_three_deaths_all_the_same(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.model.gate = asyncio.Event()
        await on.hear(1, "slow")
        await on.until_asked(1)
        await on.stop(0)
        for number in (2, 3):
            await on.start()
            await die_at_request(on, number)
        on.model.gate = None
        await on.start()
        await on.until(1)
    assert on.platform.said == [("m1", "Answer 4.")]


async def owe_and_die(on: Stage, *message_ids: str) -> None:
    """Kill the process when replies to these messages are decided and all but said."""
    await on.wait_for(lambda: sorted(on.platform.held) == list(message_ids))
    await on.kill()
    on.platform.held.clear()


async def test_a_reply_over_whose_saying_the_process_died_three_times_is_not_said_any_more(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.platform.last_send = asyncio.Event()
        await on.hear(1, "hello")
        for _ in range(3):
            await owe_and_die(on, "m1")
            await on.start()
        on.platform.last_send = None
        await on.hear(2, "and now?")
        await on.until(1)
        assert await on.transcript() == ["hello", "and now?", "Answer 2."]
        assert on.rows("SELECT message_id FROM inbox WHERE unsaid = 1 AND message_id = 'm1'") == []
    assert on.said == ["m2"]


async def test_nor_is_what_a_command_is_told(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.platform.last_send = asyncio.Event()
        await on.hear(1, "!help")
        for _ in range(3):
            await owe_and_die(on, "m1")
            await on.start()
        on.platform.last_send = None
        await on.hear(2, "hello")
        await on.until(1)
    assert on.said == ["m2"]


async def test_deaths_over_a_message_are_not_held_against_the_saying_of_its_answer(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.model.gate = asyncio.Event()
        await on.hear(1, "hello")
        for death in (1, 2):
            await die_at_request(on, death)
            await on.start()
        on.platform.last_send = asyncio.Event()
        on.model.gate.set()
        for _ in range(2):
            await owe_and_die(on, "m1")
            await on.start()
        on.platform.last_send.set()
        await on.until(1)
    assert on.platform.said == [("m1", "Answer 3.")]


async def test_a_stop_in_peace_clears_every_reply_of_suspicion(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.platform.last_send = asyncio.Event()
        await on.hear(1, "hello")
        for _ in range(4):
            await on.until_held("m1")
            await on.stop(0)
            on.platform.held.clear()
            await on.start()
        for _ in range(2):
            await owe_and_die(on, "m1")
            await on.start()
        on.platform.last_send.set()
        await on.until(1)
    assert on.platform.said == [("m1", "Answer 1.")]


async def test_of_replies_whose_saying_may_be_deadly_one_at_a_time_is_said(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.platform.last_send = asyncio.Event()
        await on.hear(1, "hello", channel="one")
        await on.until_held("m1")
        await on.hear(2, "hello", channel="two")
        for _ in range(2):
            await owe_and_die(on, "m1", "m2")
            await on.start()
        await owe_and_die(on, "m1")
        on.platform.last_send = None
        await on.start()
        await on.until(1)
        await on.hear(3, "and now?", channel="one")
        await on.until(2)
    assert on.said == ["m2", "m3"]


async def test_while_the_platform_cannot_be_reached_to_say_one_of_them_the_others_are_answered(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.model.gate = asyncio.Event()
        for number in (1, 2):
            await on.hear(number, "hello", channel=f"channel {number}")
        for requests in (2, 4):
            await die_at_request(on, requests)
            await on.start()
        on.resting = asyncio.Event()
        on.platform.failures.append(PlatformUnreachable("down"))
        on.model.gate.set()
        await on.until(1)
        assert on.said == ["m2"]
        on.resting.set()
        await on.until(2)
    assert on.said == ["m2", "m1"]


async def test_nor_do_replies_wait_for_one_that_cannot_be_said_yet(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.platform.last_send = asyncio.Event()
        await on.hear(1, "hello", channel="one")
        await on.until_held("m1")
        await on.hear(2, "hello", channel="two")
        await owe_and_die(on, "m1", "m2")
        await on.start()
        await owe_and_die(on, "m1", "m2")
        on.platform.last_send, on.platform.down, on.resting = None, 1, asyncio.Event()
        await on.start()
        await on.until(1)
        assert on.said == ["m2"]
        on.resting.set()
        await on.until(2)
    assert on.said == ["m2", "m1"]
