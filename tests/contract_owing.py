"""What every Store has to keep of replies that are decided and may not stand in full, and of attempts that failed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from memory.forgetting import find_echo
from memory.ports import Promise, Store
from memory.types import Decision, Forgetting, Inbound, Owed, Place
from tests.kept import (
    GENERAL,
    THREAD,
    Kept,
    accept,
    answer_to,
    conversation_at,
    forget,
    message,
    moment,
    pending,
    talk,
    texts,
    wait_for,
)

HERE = conversation_at(GENERAL)
NOW = moment(1000)
ALL = Forgetting(GENERAL, NOW)
ANN = Forgetting(GENERAL, NOW, user="ann")
SLACK = Place("slack", "team", "random")
SECRET = message(1, "my code is K7")


async def settle_with(store: Store, inbound: Inbound, answer: str, *posts: str, sentence: str = "") -> int:
    """Take a message in and settle it with an answer or a sentence that these posts hold; return its inbox id."""
    waiting, exchange = await wait_for(store, inbound)
    for part, post in enumerate(posts):
        await store.note_post(waiting, part, post)
    said = answer_to(inbound, answer) if answer else None
    assert await store.record(replace(exchange, answer=said, sentence=sentence))
    return waiting


async def outline(store: Store, platform: str = "discord") -> list[tuple[str, str, str, tuple[str, ...]]]:
    """What is owed on a platform: the message, what has to be said, the turn that it is, its posts."""
    return [_outline(owed) for owed in await store.owed(platform)]


def _outline(owed: Owed) -> tuple[str, str, str, tuple[str, ...]]:
    return owed.waiting.inbound.message_id, owed.text, owed.answer, owed.waiting.posts


class OwingContract:
    """The tests of what a Store knows to be owed; the fixture `kept` is that of `StoreContract`."""

    @pytest.fixture
    async def store(self, kept: Kept) -> AsyncIterator[Store]:
        """The memory under test, open."""
        yield await kept.open()
        await kept.close()

    # ---- answers

    async def test_an_answer_is_owed_after_a_restart_until_it_is_said(self, store: Store, kept: Kept) -> None:
        row = await settle_with(store, SECRET, "noted", "a", "b")

        for again in (kept.open, kept.crash, kept.open):
            store = await again()
            assert await outline(store) == [("1", "noted", "re:1", ("a", "b"))]
        [owed] = await store.owed("discord")
        assert await store.owes(row) == owed
        assert (owed.waiting.id, owed.waiting.conversation, owed.waiting.decision) == (row, HERE, Decision.ANSWER)
        assert owed.waiting.inbound == replace(SECRET, text="")

        store.said(row)

        assert await (await kept.open()).owed("discord") == ()

    async def test_that_a_reply_was_said_is_written_with_whatever_is_written_next(
        self, store: Store, kept: Kept
    ) -> None:
        row = await settle_with(store, SECRET, "noted")
        store.said(row)
        assert [owed.answer for owed in await (await kept.crash()).owed("discord")] == ["re:1"]

        store = await kept.crash()
        store.said(row)
        await accept(store, message(2, "hello"))

        assert await store.owes(row) is None
        assert await (await kept.crash()).owed("discord") == ()

    async def test_only_what_earlier_runs_decided_is_owed_and_the_oldest_first(self, store: Store, kept: Kept) -> None:
        for number in (3, 1):
            await settle_with(store, message(number, "hello"), "hi")
        _, late = await wait_for(store, message(4, "hello"))
        assert await outline(store) == []

        store = await kept.crash()
        row = await settle_with(store, message(2, "hello"), "hi")
        assert await store.record(replace(late, answer=answer_to(message(4, ""), "hi")))
        assert [owed[0] for owed in await outline(store)] == ["3", "1"]
        found = await store.owes(row)
        assert found
        assert found.text == "hi"

        assert [owed[0] for owed in await outline(await kept.crash())] == ["3", "1", "4", "2"]

    async def test_every_platform_owes_its_own(self, store: Store, kept: Kept) -> None:
        await settle_with(store, message(1, "hello"), "hi")
        await settle_with(store, message(2, "hello", place=SLACK), "hi")

        store = await kept.open()
        assert [owed[0] for owed in await outline(store)] == ["1"]
        assert [owed[0] for owed in await outline(store, "slack")] == ["2"]
        assert await store.owed("terminal") == ()

    async def test_of_messages_answered_together_the_last_is_owed_the_answer(self, store: Store, kept: Kept) -> None:
        first, exchange = await wait_for(store, message(1, "hello"))
        second, other = await wait_for(store, message(2, "anybody there?"))
        together = replace(exchange, settles=(first, second), heard=(*exchange.heard, *other.heard))
        assert await store.record(replace(together, answer=answer_to(message(2, ""), "yes")))

        assert await outline(await kept.open()) == [("2", "yes", "re:2", ())]

    async def test_where_nothing_is_to_be_said_nothing_is_owed(self, store: Store, kept: Kept) -> None:
        row = await settle_with(store, message(1, "hello"), "")

        store = await kept.open()
        assert await store.owed("discord") == ()
        assert await store.owes(row) is None

    # ---- sentences

    async def test_a_sentence_in_an_answers_place_is_owed_too_and_is_no_turn(self, store: Store, kept: Kept) -> None:
        row = await settle_with(store, message(1, "hello"), "", "a", sentence="not today")
        command = await accept(store, message(2, "!help"), Decision.COMMAND)
        assert command is not None
        await store.settle(command, "use \ud83d words")

        store = await kept.crash()
        assert await outline(store) == [("1", "not today", "", ("a",)), ("2", "use \ufffd words", "", ())]
        assert await texts(store) == ["hello"]

        store.said(row)
        store.said(command)
        assert await (await kept.open()).owed("discord") == ()

    async def test_a_sentence_takes_the_place_of_an_answer_that_is_not_said_yet(self, store: Store, kept: Kept) -> None:
        row = await settle_with(store, message(1, "hello"), "hi", "a")

        await store.settle(row, "I broke down")

        store = await kept.crash()
        assert await outline(store) == [("1", "I broke down", "", ("a",))]
        assert await texts(store) == ["hello"]

    async def test_what_was_said_is_not_owed_again(self, store: Store, kept: Kept) -> None:
        row = await settle_with(store, message(1, "hello"), "hi")
        store.said(row)
        await store.settle(row, "once more")

        store = await kept.crash()
        assert await store.owed("discord") == ()
        assert await texts(store) == ["hello", "hi"]

    # ---- forgotten before it was said

    @pytest.mark.parametrize("forgetting", [ALL, ANN, Forgetting(GENERAL, NOW, last=2)], ids=["all", "user", "last"])
    @pytest.mark.parametrize("decided", ["answer", "sentence", "nothing yet"])
    async def test_a_reply_that_was_forgotten_before_it_was_said_is_owed_without_its_words(
        self, store: Store, kept: Kept, forgetting: Forgetting, decided: str
    ) -> None:
        """Some of it can be read already, in its posts: something has to be said there instead."""
        if decided == "nothing yet":
            row, _ = await wait_for(store, SECRET)
            await store.note_post(row, 0, "a")
        else:
            row = await settle_with(store, SECRET, "noted", "a")
        if decided == "sentence":
            await store.settle(row, "K7 is too much for me")

        await forget(store, forgetting)
        await store.settle(row, "K7 comes too late")

        store = await kept.crash()
        assert await outline(store) == [("1", "", "", ("a",))]
        store.said(row)
        assert await (await kept.open()).owed("discord") == ()

    async def test_of_what_was_forgotten_and_can_be_read_nowhere_nothing_is_owed(
        self, store: Store, kept: Kept
    ) -> None:
        await settle_with(store, SECRET, "noted")
        await accept(store, message(2, "and?"))

        await forget(store, ALL)

        assert await (await kept.crash()).owed("discord") == ()

    async def test_an_answer_to_somebody_else_that_is_forgotten_is_owed_without_its_words(
        self, store: Store, kept: Kept
    ) -> None:
        await talk(store, SECRET)
        row = await settle_with(store, message(2, "what is her code?", "bob"), "K7", "a")

        await forget(store, ANN)

        owed = await store.owes(row)
        assert owed
        assert _outline(owed) == ("2", "", "", ("a",))
        assert await outline(await kept.crash()) == [("2", "", "", ("a",))]

    async def test_what_was_said_in_full_before_it_was_forgotten_is_not_owed(self, store: Store, kept: Kept) -> None:
        store.said(await settle_with(store, SECRET, "noted", "a"))

        await forget(store, ALL)

        assert await (await kept.crash()).owed("discord") == ()

    async def test_what_a_command_is_to_be_told_may_show_what_is_forgotten_and_goes(
        self, store: Store, kept: Kept
    ) -> None:
        for number, place in ((1, GENERAL), (2, THREAD)):
            command = await accept(store, message(number, "!summary", "bob", place), Decision.COMMAND)
            assert command is not None
            await store.settle(command, "Ann's code is K7")
        await talk(store, message(3, "my code is K7"))

        await forget(store, ANN)

        assert [owed[1] for owed in await outline(await kept.crash())] == ["", "Ann's code is K7"]

    @pytest.mark.parametrize("forgetting", [ALL, ANN, Forgetting(GENERAL, NOW, last=2)], ids=["all", "user", "last"])
    async def test_the_command_that_forgets_is_told_what_went_also_after_a_crash(
        self, store: Store, kept: Kept, forgetting: Forgetting
    ) -> None:
        store.said(await settle_with(store, SECRET, "noted"))
        taken = await accept(store, message(1000, "!forget now"), Decision.COMMAND)
        assert taken is not None

        await forget(store, forgetting)

        assert [waiting.id for waiting in await store.unsettled()] == [taken]
        await store.note_post(taken, 0, "a")
        await store.settle(taken, "2 turns")
        assert await outline(await kept.crash()) == [("1000", "2 turns", "", ("a",))]

    async def test_what_is_said_of_a_forgetting_is_settled_with_it(self, store: Store, kept: Kept) -> None:
        store.said(await settle_with(store, SECRET, "noted"))
        taken = await accept(store, message(1000, "!forget now"), Decision.COMMAND)
        assert taken is not None

        await store.forget(ALL, find_echo, Promise(taken, lambda extent: f"{extent.turns} turns went"))

        store = await kept.crash()
        assert await outline(store) == [("1000", "2 turns went", "", ())]
        assert await store.unsettled() == ()

    @pytest.mark.parametrize("forgetting", [ALL, replace(ALL, messages=("1", "2", "3"))], ids=["all", "deleted"])
    async def test_what_was_begun_in_answer_to_what_is_gone_is_told(self, store: Store, forgetting: Forgetting) -> None:
        begun, _ = await wait_for(store, SECRET)
        await store.note_post(begun, 0, "a")
        await accept(store, message(2, "not begun"))
        await settle_with(store, message(3, "decided", "bob"), "yes", "b")

        gone = await forget(store, forgetting)

        assert [(found.id, found.inbound, found.posts) for found in gone.begun] == [(begun, SECRET, ("a",))]

    # ---- posts

    async def test_a_part_that_was_taken_away_is_no_post_any_more(self, store: Store, kept: Kept) -> None:
        taken = await accept(store, message(1, "hello"))
        assert taken is not None
        for part, post in ((0, "a"), (1, "b"), (2, "c"), (1, ""), (7, "")):
            await store.note_post(taken, part, post)

        assert [waiting.posts for waiting in await pending(await kept.open())] == [("a", "c")]

    async def test_nothing_is_noted_for_a_message_that_was_forgotten(self, store: Store, kept: Kept) -> None:
        taken = await accept(store, SECRET)
        assert taken is not None
        await store.note_post(taken, 0, "a")
        await forget(store, ALL)

        for part, post in ((0, "b"), (1, "c")):
            await store.note_post(taken, part, post)

        assert await outline(await kept.crash()) == [("1", "", "", ("a",))]

    # ---- attempts

    async def test_messages_that_were_answered_together_are_known_to_be_after_a_crash(
        self, store: Store, kept: Kept
    ) -> None:
        rows = [(await wait_for(store, message(number, "hello")))[0] for number in (1, 2, 3)]
        await store.tie(rows[:2])
        assert [(waiting.together, waiting.begun) for waiting in await pending(store)] == [
            (rows[1], False),
            (rows[1], False),
            (0, False),
        ]

        store = await kept.crash()
        await accept(store, message(4, "and now?"))

        assert [(waiting.together, waiting.begun) for waiting in await pending(store)] == [
            (rows[1], True),
            (rows[1], True),
            (0, True),
            (0, False),
        ]

    async def test_what_this_run_received_costs_no_attempt(self, store: Store, kept: Kept) -> None:
        row, _ = await wait_for(store, message(1, "hello"))
        assert await store.begin([row]) == 0
        assert await store.begin([]) == 0

        [waiting] = await pending(await kept.crash())
        assert waiting.attempts == 0

    async def test_attempts_at_what_earlier_runs_left_are_counted_once_a_run(self, store: Store, kept: Kept) -> None:
        row, _ = await wait_for(store, message(1, "hello"))
        for attempt in (1, 2, 3):
            store = await kept.crash()
            assert [await store.begin([row]), await store.begin([row])] == [attempt, attempt]
            [waiting] = await pending(store)
            assert waiting.attempts == attempt
            [waiting] = await store.unsettled()
            assert waiting.attempts == attempt

    async def test_the_most_attempts_of_any_are_told(self, store: Store, kept: Kept) -> None:
        first, _ = await wait_for(store, message(1, "hello"))
        store = await kept.crash()
        await store.begin([first])
        second, _ = await wait_for(store, message(2, "and?"))

        store = await kept.crash()
        third, _ = await wait_for(store, message(3, "and now?"))

        assert await store.begin([third, second]) == 1
        assert await store.begin([third, second, first]) == 2
        assert [waiting.attempts for waiting in await pending(store)] == [2, 1, 0]

    async def test_a_run_that_ends_in_peace_acquits_what_waits(self, store: Store, kept: Kept) -> None:
        row, _ = await wait_for(store, message(1, "hello"))
        for attempts in (1, 2):
            assert await (await kept.crash()).begin([row]) == attempts

        store = await kept.open()

        assert [waiting.attempts for waiting in await pending(store)] == [-1]
        assert await store.begin([row]) == 0

    async def test_attempts_to_say_what_is_owed_are_counted_too_and_begin_anew_when_it_is_decided(
        self, store: Store, kept: Kept
    ) -> None:
        row, exchange = await wait_for(store, message(1, "hello"))
        for attempts in (1, 2):
            store = await kept.crash()
            assert await store.begin([row]) == attempts
        assert await store.record(replace(exchange, answer=answer_to(message(1, ""), "hi")))

        for attempts in (1, 2):
            store = await kept.crash()
            assert [owed.waiting.attempts for owed in await store.owed("discord")] == [attempts - 1]
            assert await store.begin([row]) == attempts

        store = await kept.open()
        assert [owed.waiting.attempts for owed in await store.owed("discord")] == [-1]

    async def test_of_what_is_owed_comes_first_what_was_attempted_least(self, store: Store, kept: Kept) -> None:
        rows = [await settle_with(store, message(number, "hello"), "hi") for number in (1, 2, 3)]
        await (await kept.crash()).begin(rows[:2])
        await (await kept.crash()).begin(rows[:1])

        assert [owed[0] for owed in await outline(await kept.crash())] == ["3", "2", "1"]

    async def test_a_start_takes_up_first_what_was_attempted_least(self, store: Store, kept: Kept) -> None:
        rows = [
            (await wait_for(store, message(number, "hello", place=replace(THREAD, thread=f"thread {number}"))))[0]
            for number in (1, 2, 3, 4)
        ]
        for deadly in (rows[:1], rows[:3]):
            store = await kept.crash()
            await store.begin(deadly)

        unsettled = await (await kept.crash()).unsettled()

        assert [(waiting.inbound.message_id, waiting.attempts) for waiting in unsettled] == [
            ("4", 0),
            ("2", 1),
            ("3", 1),
            ("1", 2),
        ]
