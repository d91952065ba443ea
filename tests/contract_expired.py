"""What every Store forgets of messages that have expired: what the bot made of them while they stood."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from memory.forgetting import find_echo
from memory.ports import Store
from memory.types import Forgetting
from tests.contract_reach import NOW, RANDOM, SECRET, everywhere, recall, turn_ids
from tests.kept import GENERAL, THREAD, Kept, conversation_at, fold, forget, message, moment, summary, talk, texts

THIRD = replace(GENERAL, channel="third")
TAKING = {
    "channel": Forgetting(GENERAL, NOW),
    "user": Forgetting(GENERAL, NOW, user="ann"),
    "deleted": Forgetting(GENERAL, NOW, messages=("1",)),
    "everywhere": everywhere(),
}
SPARING = {
    "other channel": Forgetting(THIRD, NOW),
    "thread": Forgetting(THREAD, NOW),
    "other user": Forgetting(GENERAL, NOW, user="cleo"),
    "last": Forgetting(GENERAL, NOW, last=3),
    "deleted elsewhere": Forgetting(THIRD, NOW, messages=("1",)),
    "other platform": replace(everywhere(), place=replace(GENERAL, platform="slack", space="", channel="")),
}


class ExpiredContract:
    """The tests of what was made of what has expired; the fixture `kept` is that of `StoreContract`."""

    @pytest.fixture
    async def store(self, kept: Kept) -> AsyncIterator[Store]:
        """The memory under test: Ann's secret has expired, with which Bob was answered elsewhere; he was folded."""
        store = await kept.open()
        await talk(store, SECRET, "I see")
        secret, seen = (await turn_ids(store, GENERAL)).values()
        await recall(store, message(20, "what is her code?", "bob", RANDOM), "Ann's code is K7", secret, seen)
        await talk(store, message(21, "and the weather?", "bob", RANDOM), "rain")
        await talk(store, message(22, "say it again", "bob", RANDOM), "As I said: K7")
        assert await store.prune(moment(10)) == 2
        yield store
        await kept.close()

    @pytest.mark.parametrize("forgetting", TAKING.values(), ids=TAKING)
    async def test_the_answer_that_was_given_with_it_goes_and_what_repeats_that(
        self, store: Store, forgetting: Forgetting
    ) -> None:
        assert (await forget(store, forgetting)).turns == 2

        assert await texts(store, RANDOM) == ["what is her code?", "and the weather?", "rain", "say it again"]
        assert not await store.extent(forgetting, find_echo)

    @pytest.mark.parametrize("forgetting", SPARING.values(), ids=SPARING)
    async def test_it_stays_when_something_else_is_forgotten(self, store: Store, forgetting: Forgetting) -> None:
        await forget(store, forgetting)

        assert "Ann's code is K7" in await texts(store, RANDOM)

    async def test_with_a_person_goes_what_was_made_of_an_answer_to_her(self, store: Store, kept: Kept) -> None:
        await talk(store, message(30, "hello", place=THIRD), "your code is K7")
        answer = (await turn_ids(store, THIRD))["re:30"]
        await recall(store, message(60, "what is it?", "cleo", RANDOM), "K7, I told her", answer)
        await store.prune(moment(50))

        store = await kept.crash()
        await forget(store, everywhere())

        assert await texts(store, RANDOM) == ["what is it?"]

    @pytest.mark.parametrize("forgetting", TAKING.values(), ids=TAKING)
    async def test_a_summary_goes_that_reaches_an_answer_which_has_expired_too(
        self, store: Store, forgetting: Forgetting
    ) -> None:
        await fold(store, conversation_at(RANDOM), "Bob learned that Ann's code is K7.")
        await store.prune(moment(50))

        assert (await forget(store, forgetting)).summaries == 1

        assert await summary(store, RANDOM) == ""
        await talk(store, message(70, "hello", "bob", RANDOM), "hi")
        await fold(store, conversation_at(RANDOM), "Bob said hello.")
        assert not await store.extent(forgetting, find_echo)

    @pytest.mark.parametrize("forgetting", TAKING.values(), ids=TAKING)
    @pytest.mark.parametrize("at_once", [False, True])
    async def test_an_answer_goes_that_was_given_with_such_an_answer(
        self, store: Store, forgetting: Forgetting, at_once: bool
    ) -> None:
        answers = await turn_ids(store, RANDOM)
        await recall(store, message(60, "what is it?", "cleo", THIRD), "K7, as Bob heard", answers["re:20"])
        if not at_once:
            await store.prune(moment(20.9))
        await store.prune(moment(50))

        await forget(store, forgetting)

        assert await texts(store, THIRD) == ["what is it?"]

    async def test_so_it_does_when_both_have_expired_together(self, store: Store) -> None:
        await talk(store, message(30, "my other code is K9"))
        other = (await turn_ids(store, GENERAL))["30"]
        await recall(store, message(31, "what is her other code?", "bob", RANDOM), "Ann's is K9", other)
        answer = (await turn_ids(store, RANDOM))["re:31"]
        await recall(store, message(60, "what is it?", "cleo", THIRD), "K9, as Bob heard", answer)
        await store.prune(moment(50))

        await forget(store, Forgetting(GENERAL, NOW, messages=("30",)))

        assert await texts(store, THIRD) == ["what is it?"]
