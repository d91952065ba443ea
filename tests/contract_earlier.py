"""What every Store has to keep of taking in what was said before the bot was addressed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from memory.forgetting import find_echo
from memory.ports import Store
from memory.types import Access, Audience, Fact, FoldDone, Forgetting, Inbound, Place, Summary, Visibility
from tests.kept import (
    EVERYTHING,
    GENERAL,
    THREAD,
    USAGE,
    Kept,
    accept,
    conversation_at,
    forget,
    message,
    moment,
    pending,
    quote_of,
    quotes,
    talk,
    texts,
    turn_of,
    wait_for,
)

HERE = conversation_at(THREAD)
OTHER = replace(GENERAL, thread="other")
OPEN = Access(Visibility.PUBLIC)
FIRST = message(1, "shall we sail?", "bob")
SECOND = message(2, "on Friday", "cleo", THREAD)
THIRD = message(3, "who cooks?", "bob", THREAD)
MESSAGES = (FIRST, SECOND, THIRD)
"""A thread on a message of the channel, as the platform reads it back."""


async def take(store: Store, *said: Inbound, access: Access = OPEN, place: Place = THREAD) -> int:
    """Take in what was said before."""
    return await store.take_earlier(conversation_at(place), access, [(inbound, turn_of(inbound)) for inbound in said])


class EarlierContract:
    """The tests of what a Store takes in late; the fixture `kept` is that of `StoreContract`."""

    @pytest.fixture
    async def store(self, kept: Kept) -> AsyncIterator[Store]:
        """The memory under test, open."""
        yield await kept.open()
        await kept.close()

    async def test_what_was_said_before_stands_before_what_is_answered_and_waits_for_nothing(
        self, store: Store, kept: Kept
    ) -> None:
        _, exchange = await wait_for(store, message(4, "what did they plan?", place=THREAD))
        assert await take(store, *MESSAGES) == 3
        assert await store.record(exchange)
        store = await kept.crash()
        assert await texts(store, THREAD) == ["shall we sail?", "on Friday", "who cooks?", "what did they plan?"]
        assert await pending(store, THREAD) == await store.unsettled() == ()

    async def test_it_is_taken_in_once(self, store: Store) -> None:
        assert await take(store, *MESSAGES) == 3
        assert await take(store, *MESSAGES) == 0
        assert len(await texts(store, THREAD)) == 3

    async def test_what_another_conversation_of_the_channel_holds_comes_in_too(self, store: Store) -> None:
        await talk(store, FIRST, "Aye.")
        assert await take(store, *MESSAGES) == 3
        assert await texts(store, THREAD) == ["shall we sail?", "on Friday", "who cooks?"]
        assert await texts(store, GENERAL) == ["shall we sail?", "Aye."]

    async def test_what_still_waits_is_left_to_who_takes_it_up(self, store: Store) -> None:
        await accept(store, SECOND)
        assert await take(store, *MESSAGES) == 2
        assert await texts(store, THREAD) == ["shall we sail?", "who cooks?"]
        assert [waiting.inbound.message_id for waiting in await pending(store, THREAD)] == ["2"]

    async def test_what_was_for_the_bot_and_is_taken_in_so_is_not_answered_later(self, store: Store) -> None:
        await take(store, SECOND)
        assert await accept(store, replace(SECOND, addressed=True)) is None
        assert await pending(store, THREAD) == ()

    @pytest.mark.parametrize(
        "forgetting",
        [
            Forgetting(GENERAL, moment(9)),
            Forgetting(THREAD, moment(9)),
            Forgetting(GENERAL, moment(9), user="bob"),
            Forgetting(THREAD, moment(9), user="bob"),
            Forgetting(GENERAL, moment(9), messages=("1", "3")),
        ],
        ids=["the channel", "the thread", "his words in the channel", "his words in the thread", "messages"],
    )
    @pytest.mark.parametrize("known", [False, True])
    async def test_what_was_forgotten_stays_out(self, store: Store, forgetting: Forgetting, known: bool) -> None:
        if known:
            await talk(store, FIRST)
            await take(store, *MESSAGES)
        elif forgetting.messages:
            return  # what was deleted and never taken in is not read back
        await forget(store, forgetting)
        await take(store, *MESSAGES)
        whole = not (forgetting.user or forgetting.messages)
        assert await texts(store, THREAD) == ([] if whole else ["on Friday"])

    @pytest.mark.parametrize("place", [GENERAL, THREAD], ids=["where it was said", "where it was read"])
    async def test_the_last_messages_go_from_all_conversations_of_the_channel_and_stay_out(
        self, store: Store, kept: Kept, place: Place
    ) -> None:
        await talk(store, FIRST, "Aye.")
        await take(store, FIRST)
        await talk(store, message(4, "where to?", "cleo", THREAD), "Bob wants to sail.")
        await talk(store, message(5, "what of that?", "cleo", OTHER, quote_of(FIRST)), "To sail is fine.")
        forgetting = Forgetting(place, moment(2), last=2) if place == GENERAL else Forgetting(place, moment(9), last=3)

        told = await store.extent(forgetting, find_echo)
        gone = await forget(store, forgetting)

        assert told == gone
        store = await kept.crash()
        assert await texts(store, GENERAL) == (["Aye."] if place == THREAD else [])
        assert await texts(store, THREAD) == (["where to?"] if place == GENERAL else [])
        assert (await texts(store, OTHER), await quotes(store, OTHER)) == (["what of that?"], [])
        assert await take(store, FIRST) == 0
        assert gone.conversations == 3

    async def test_of_the_last_messages_those_go_too_that_another_conversation_has_lost_to_time(
        self, store: Store
    ) -> None:
        await talk(store, FIRST)
        await store.prune(moment(9))
        await take(store, FIRST)

        await forget(store, Forgetting(THREAD, moment(9), last=1))

        assert await take(store, FIRST) == 0
        assert await texts(store, THREAD) == []

    async def test_a_quotation_of_what_was_forgotten_stays_out(self, store: Store) -> None:
        await take(store, FIRST)
        await forget(store, Forgetting(GENERAL, moment(1), user="bob"))
        await take(store, replace(SECOND, reply_to=quote_of(FIRST)), replace(THIRD, reply_to=quote_of(SECOND)))
        assert await texts(store, THREAD) == ["on Friday", "who cooks?"]
        assert await quotes(store, THREAD) == ["on Friday"]

    async def test_what_people_said_before_states_facts_for_those_who_can_read_it(self, store: Store) -> None:
        private = Access(Visibility.PRIVATE, enclosed=True)
        await take(store, SECOND, access=private)
        assert await store.access(HERE) == private
        fact = Fact(0, "cleo", "Cleo", "day", "Friday", "on Friday", THREAD, "2", SECOND.sent_at, OPEN)
        thread = await store.load(HERE, EVERYTHING)
        summary = Summary("They plan.", 2, thread.turns[-1].id, 1, moment(9))
        assert await store.save_fold(FoldDone(HERE, thread.epoch, 0, summary, USAGE, (fact,)))
        assert await store.facts(Audience(GENERAL, OPEN, "cleo"), "cleo") == ()
        (kept,) = await store.facts(Audience(THREAD, private, "cleo"), "cleo")
        assert kept.value == "Friday"
