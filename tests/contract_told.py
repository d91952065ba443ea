"""What every Store takes along with a fact wherever prompts held it: what the bot said there, and summaries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from memory.forgetting import find_echo
from memory.ports import Store
from memory.types import Audience, Extent, Forgetting, Inbound
from tests.contract_reach import NOW, RANDOM, SECRET, everywhere
from tests.kept import (
    EVERYTHING,
    GENERAL,
    USAGE,
    Kept,
    answer_to,
    conversation_at,
    fact_in,
    fold,
    fold_of,
    forget,
    message,
    moment,
    state,
    summary,
    talk,
    texts,
    wait_for,
    weigh,
)

THERE = conversation_at(RANDOM)
TAKING = {
    "channel": Forgetting(GENERAL, NOW),
    "user": Forgetting(GENERAL, NOW, user="ann"),
    "deleted": Forgetting(GENERAL, NOW, messages=("1",)),
    "everywhere": everywhere(),
}
ASKED = message(60, "and her code?", "bob", RANDOM)


class ToldContract:
    """The tests of where prompts held facts; the fixture `kept` is that of `StoreContract`."""

    @pytest.fixture
    async def store(self, kept: Kept) -> AsyncIterator[Store]:
        """The memory under test: Ann has spoken elsewhere, and stated her code, which is no turn anywhere."""
        store = await kept.open()
        await talk(store, message(0, "hello", place=RANDOM), "hi")
        await state(store, SECRET, "code", "K7")
        yield store
        await kept.close()

    # ---- summaries

    @pytest.mark.parametrize("how", ["channel", "user", "deleted", "edited"])
    async def test_a_summary_goes_that_repeats_a_fact_and_the_one_before_it_stands_again(
        self, store: Store, how: str
    ) -> None:
        """A request to fold holds the facts about who speaks there."""
        await talk(store, SECRET)
        await fold(store, THERE, "They said hello.")
        for number, text in enumerate(("Ann, whose code is K7, said hello.", "They still talk."), start=2):
            await talk(store, message(number, "so?", "bob", RANDOM), "well")
            await fold(store, THERE, text)

        if how == "edited":
            edited = replace(SECRET, text="never mind")
            gone = await store.amend(edited, weigh, find_echo)
        else:
            before = await store.extent(TAKING[how], find_echo)
            gone = await forget(store, TAKING[how])
            assert before == gone

        assert gone is not None
        assert gone.summaries == 2
        assert THERE in gone.unfolded
        assert await summary(store, RANDOM) == "They said hello."

    async def test_a_summary_stays_that_has_the_word_from_somebody_else(self, store: Store) -> None:
        await talk(store, message(2, "mine is K7", "bob", RANDOM))
        await fold(store, THERE, "Bob's is K7.")

        await forget(store, Forgetting(GENERAL, NOW, user="ann"))

        assert await summary(store, RANDOM) == "Bob's is K7."

    # ---- where its person is not seen to have spoken any more

    @pytest.mark.parametrize("forgetting", TAKING.values(), ids=TAKING)
    async def test_it_goes_from_where_all_that_its_person_said_has_expired(
        self, store: Store, kept: Kept, forgetting: Forgetting
    ) -> None:
        await talk(store, ASKED, "it is K7")
        await store.prune(moment(50))
        store = await kept.crash()

        await forget(store, forgetting)

        assert await texts(store, RANDOM) == ["and her code?"]

    @pytest.mark.parametrize(
        "before",
        [
            Forgetting(RANDOM, NOW, user="ann"),
            Forgetting(RANDOM, NOW, messages=("0",)),
            Forgetting(RANDOM, moment(1), last=2),
        ],
        ids=["user", "deleted", "last"],
    )
    async def test_it_goes_from_where_all_that_its_person_said_was_forgotten(
        self, store: Store, before: Forgetting
    ) -> None:
        await talk(store, ASKED, "it is K7")
        await forget(store, before)
        assert "it is K7" in await texts(store, RANDOM)

        await forget(store, Forgetting(GENERAL, NOW, user="ann"))

        assert "it is K7" not in await texts(store, RANDOM)

    async def test_it_goes_from_where_another_fact_about_the_person_stood(self, store: Store) -> None:
        """What stands in the prompts there brings along what its person states later."""
        thread = await store.load(THERE, EVERYTHING)
        done = fold_of(THERE, "They said hello.", thread.turns[-1].id, None)
        assert await store.save_fold(replace(done, audience=Audience(RANDOM, SECRET.access)))
        await store.prune(moment(50))
        await state(store, message(51, "I live in Oslo"), "city", "Oslo")
        await talk(store, ASKED, "it is Oslo")

        await forget(store, Forgetting(GENERAL, NOW, messages=("51",)))

        assert await texts(store, RANDOM) == ["and her code?"]

    # ---- clocks

    async def test_it_goes_although_the_hosts_clock_is_behind_the_platforms(self, store: Store) -> None:
        _, exchange = await wait_for(store, ASKED)
        answer = replace(answer_to(ASKED, "it is K7"), sent_at=SECRET.sent_at - timedelta(minutes=1))
        assert await store.record(replace(exchange, answer=answer, usage=USAGE))

        await forget(store, Forgetting(GENERAL, NOW, user="ann"))

        assert await texts(store, RANDOM) == ["hello", "hi", "and her code?"]

    async def test_what_the_bot_said_before_it_was_told_stays(self, store: Store) -> None:
        await talk(store, ASKED, "rain in Oslo")
        await state(store, message(61, "I live in Oslo"), "city", "Oslo")

        assert await forget(store, Forgetting(GENERAL, NOW, messages=("61",))) == Extent(facts=1)

        assert "rain in Oslo" in await texts(store, RANDOM)

    async def test_what_it_said_of_a_message_goes_that_is_edited_and_forgotten_later(self, store: Store) -> None:
        """Read once more, the statement is as old as its message."""
        here, said = conversation_at(GENERAL), message(20, "I live in Oslo")

        async def read(inbound: Inbound) -> None:
            thread = await store.load(here, EVERYTHING)
            stated = [fact_in(inbound, "city", "Oslo")]
            assert await store.note_read(here, thread.epoch, thread.turns[-1].id, stated, None)

        await talk(store, said)
        await read(said)
        await talk(store, ASKED, "Oslo, she says")
        edited = replace(said, text="I live in Oslo!")
        await store.amend(edited, weigh, find_echo)
        await read(edited)
        assert "Oslo, she says" in await texts(store, RANDOM)

        await forget(store, Forgetting(GENERAL, NOW, messages=("20",)))

        assert "Oslo, she says" not in await texts(store, RANDOM)
