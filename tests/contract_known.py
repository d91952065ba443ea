"""What every Store has to tell a prompt of the people who speak, and to whom it may tell that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from memory.ports import Store
from memory.types import Channel
from tests.contract_facts import (
    ALONE,
    CLOSED,
    DIRECT,
    HERE,
    OPEN,
    RANDOM,
    fold,
    here,
    learned,
    remember,
    state,
    values,
)
from tests.kept import AFTER_SUMMARY, GENERAL, Kept, conversation_at, message, talk


class KnownContract:
    """The tests of what a Store tells a prompt; the fixture `kept` is that of `StoreContract`."""

    @pytest.fixture
    async def store(self, kept: Kept) -> AsyncIterator[Store]:
        """The memory under test, open."""
        yield await kept.open()
        await kept.close()

    # ---- for a prompt

    async def test_what_is_known_before_the_first_fold_is_newly_learned(self, store: Store) -> None:
        await remember(store, 1, "city", "Oslo")
        thread = await learned(store, here())
        assert (values(thread.facts), values(thread.learned)) == ([], ["Oslo"])

    async def test_what_stands_in_a_prompt_changes_only_at_a_fold(self, store: Store) -> None:
        await state(store, 1, "city", "Oslo")
        await remember(store, 2, "city", "Bergen")
        await remember(store, 3, "pet", "a cat")
        thread = await learned(store, here())
        assert (values(thread.facts), values(thread.learned)) == (["Oslo"], ["Bergen", "a cat"])
        assert thread.learned[0].before == "Oslo"

        await state(store, 4, "job", "nurse")
        thread = await learned(store, here())
        assert (values(thread.facts), values(thread.learned)) == (["Bergen", "a cat", "nurse"], [])

    async def test_what_stands_in_a_prompt_stays_whoever_speaks_meanwhile(self, store: Store) -> None:
        """Else the provider's cache of the prompt were lost with every newcomer."""
        await state(store, 1, "city", "Oslo")
        for number in range(2, 14):
            await remember(store, number, "city", f"City {number}", user=f"user {number}")
            await talk(store, message(20 + number, "hello", f"user {number}"))
            for asks in ("bob", f"user {number}", "ann"):
                assert values((await learned(store, here(asks))).facts) == ["Oslo"]

    async def test_a_newer_word_about_what_stands_is_learned_though_its_author_is_silent_here(
        self, store: Store
    ) -> None:
        await state(store, 1, "city", "Oslo")
        await remember(store, 2, "city", "Bergen", place=RANDOM)
        thread = await learned(store, here("bob"))
        assert (values(thread.facts), values(thread.learned)) == (["Oslo"], ["Bergen"])

    async def test_what_was_forgotten_or_must_not_be_heard_any_more_stands_nowhere_at_once(self, store: Store) -> None:
        await remember(store, 1, "job", "nurse")
        await remember(store, 2, "pet", "a cat", place=RANDOM)
        await state(store, 3, "city", "Oslo")
        assert values((await learned(store, here())).facts) == ["nurse", "a cat", "Oslo"]
        await store.note_channels([Channel("discord", "server", "random", "random", open=False)])
        await store.forget_fact(here(), 1)
        thread = await learned(store, here())
        assert (values(thread.facts), values(thread.learned)) == (["Oslo"], [])

    async def test_a_prompt_knows_the_facts_of_who_asks_and_of_the_last_eight_who_spoke(self, store: Store) -> None:
        people = [f"user {number:02}" for number in range(12)]
        for number, user in enumerate(people):
            await remember(store, number, "city", f"City {number:02}", user=user)
            await talk(store, message(100 + number, "hello", user))
        thread = await learned(store, here("user 00"))
        assert [fact.user for fact in thread.learned] == ["user 00", *people[5:]]
        await fold(store)
        thread = await learned(store, here("user 00"))
        assert [fact.user for fact in thread.facts] == people[4:]
        assert [fact.user for fact in thread.learned] == ["user 00"]

    async def test_one_persons_many_words_leave_room_for_another(self, store: Store) -> None:
        await remember(store, 0, "city", "Paris", user="bob")
        for number in range(1, 241):
            await remember(store, number, f"taste {number % 12}", f"taste {number}")
        await talk(store, message(300, "hello", "bob"))
        known = values((await learned(store, here())).learned)
        assert sorted(known) == sorted(["Paris", *(f"taste {number}" for number in range(229, 241))])

    async def test_all_of_a_persons_facts_are_his_to_see_and_to_remove(self, store: Store) -> None:
        for number in range(1, 251):
            await remember(store, number, "", f"fact {number}")
        assert len(await store.facts(here(), "ann")) == 250
        assert await store.forget_fact(here(), 1) is not None

    async def test_the_oldest_turns_are_read_with_the_same_facts_as_the_newest(self, store: Store) -> None:
        """The request for a fold begins as the chat's prompt does."""
        await state(store, 1, "city", "Oslo")
        await talk(store, message(2, "hello", "bob"))
        await remember(store, 3, "pet", "a cat")
        oldest = await store.load_oldest(HERE, 10**6, here())
        assert (oldest.facts, oldest.learned) == (
            (thread := await learned(store, here())).facts,
            thread.learned,
        )
        assert values(oldest.facts) == ["Oslo"]

    async def test_without_an_audience_no_facts_are_read(self, store: Store) -> None:
        await state(store, 1, "city", "Oslo")
        thread = await store.load(HERE, AFTER_SUMMARY)
        assert (thread.facts, thread.learned) == ((), ())

    # ---- from one place to the next

    async def test_what_was_said_in_public_is_known_in_the_next_channel_of_the_space_alone(self, store: Store) -> None:
        await state(store, 1, "city", "Oslo")
        await state(store, 2, "job", "nurse", place=replace(GENERAL, channel="staff"), access=CLOSED)
        await state(store, 3, "pet", "a cat", place=DIRECT, access=ALONE)

        for place, access, known in (
            (RANDOM, OPEN, ["Oslo"]),
            (replace(RANDOM, thread="t"), OPEN, ["Oslo"]),
            (replace(RANDOM, channel="board"), CLOSED, ["Oslo"]),
            (DIRECT, ALONE, ["Oslo", "a cat"]),
            (replace(DIRECT, channel="dm-bob"), ALONE, ["Oslo"]),
            (replace(GENERAL, space="other"), OPEN, []),
            (replace(GENERAL, platform="slack"), OPEN, []),
        ):
            thread = await learned(store, here(place=place, access=access), conversation_at(place))
            assert values([*thread.learned, *thread.facts]) == known, place

    async def test_what_somebody_else_said_in_a_direct_message_is_known_to_nobody(self, store: Store) -> None:
        await state(store, 1, "city", "Oslo", place=DIRECT, access=ALONE)
        await talk(store, message(2, "hello"))
        for place, access in ((GENERAL, OPEN), (GENERAL, CLOSED), (replace(DIRECT, channel="dm-bob"), ALONE)):
            thread = await learned(store, here("bob", place, access))
            assert (thread.facts, thread.learned) == ((), ())
            assert await store.facts(here("bob", place, access), "ann") == ()
