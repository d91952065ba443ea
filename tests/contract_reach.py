"""How far a forgetting, a deletion or an edit has to reach in every Store: facts, other conversations, all places."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

import pytest

from memory.forgetting import find_echo
from memory.ports import Store
from memory.types import Audience, Decision, Extent, Forgetting, Inbound, Place, Scope, Visibility
from tests.kept import (
    EVERYTHING,
    GENERAL,
    THREAD,
    USAGE,
    Kept,
    accept,
    answer_to,
    conversation_at,
    epoch_of,
    facts_about,
    fold,
    fold_of,
    forget,
    message,
    moment,
    pending,
    post_of,
    quote_of,
    quote_of_answer,
    quotes,
    state,
    summary,
    talk,
    texts,
    wait_for,
    weigh,
)

RANDOM = replace(GENERAL, channel="random")
OTHER = replace(GENERAL, space="other")
DIRECT = Place("discord", "@me", "dm-ann")
SLACK = replace(GENERAL, platform="slack")
NOW = moment(1000)
SECRET = message(1, "my code is K7")
HERE = conversation_at(GENERAL)


def everywhere(user: str = "ann", at: datetime = NOW) -> Forgetting:
    """Somebody is forgotten in all places."""
    return Forgetting(Place("discord", "", ""), at, user=user)


async def turn_ids(store: Store, place: Place) -> dict[str, int]:
    """The ids of a conversation's turns, by their messages."""
    return {turn.message_id: turn.id for turn in (await store.load(conversation_at(place), EVERYTHING)).turns}


async def recall(store: Store, inbound: Inbound, answer: str, *recalled: int) -> None:
    """Have a message answered with turns from elsewhere in the prompt."""
    waiting, exchange = await wait_for(store, inbound)
    await store.note_post(waiting, 0, post_of(inbound))
    exchange = replace(exchange, answer=answer_to(inbound, answer), usage=USAGE, recalled=recalled)
    assert await store.record(exchange)


class ReachContract:
    """The tests of how far a Store's forgetting reaches; the fixture `kept` is that of `StoreContract`."""

    @pytest.fixture
    async def store(self, kept: Kept) -> AsyncIterator[Store]:
        """The memory under test, open."""
        yield await kept.open()
        await kept.close()

    # ---- facts

    @pytest.mark.parametrize(
        ("forgetting", "left"),
        [
            (Forgetting(GENERAL, NOW), ["b@random"]),
            (Forgetting(THREAD, NOW), ["a", "b@random"]),
            (Forgetting(GENERAL, NOW, user="ann"), ["b@random"]),
            (Forgetting(GENERAL, NOW, user="bob"), ["a", "c", "b@random"]),
            (Forgetting(GENERAL, NOW, last=1), ["a", "c", "b@random"][1:]),
            (Forgetting(GENERAL, NOW, messages=("1",)), ["c", "b@random"]),
            (everywhere(), []),
            (everywhere("bob"), ["a", "c", "b@random"]),
        ],
        ids=["channel", "thread", "user", "other user", "last", "deleted", "everywhere", "other everywhere"],
    )
    async def test_facts_go_with_what_stated_them(self, store: Store, forgetting: Forgetting, left: list[str]) -> None:
        for number, place, slot, value in (
            (2, RANDOM, "job", "b@random"),
            (3, THREAD, "pet", "c"),
            (1, GENERAL, "city", "a"),
        ):
            said = message(number, f"my {slot} is {value}", place=place)
            await talk(store, said)
            await state(store, said, slot, value)

        extent = await store.extent(forgetting, find_echo)
        gone = await forget(store, forgetting)

        assert sorted(await facts_about(store)) == sorted(left)
        assert extent == gone
        assert gone.facts == 3 - len(left)

    async def test_facts_go_although_their_messages_have_expired(self, store: Store) -> None:
        await talk(store, SECRET)
        await state(store, SECRET, "code", "K7")
        await store.prune(moment(50))

        assert await store.extent(Forgetting(GENERAL, NOW, user="ann"), find_echo) == Extent(facts=1)
        assert await forget(store, Forgetting(GENERAL, NOW, user="ann")) == Extent(facts=1)

        assert await facts_about(store) == []
        assert not await store.scrub(at_most=1)

    async def test_an_older_fact_stands_again_when_the_newer_ones_message_is_deleted(self, store: Store) -> None:
        for number, city in ((1, "Oslo"), (2, "Paris")):
            said = message(number, f"I live in {city}")
            await talk(store, said)
            await state(store, said, "city", city)

        await forget(store, Forgetting(GENERAL, NOW, messages=("2",)))

        assert await facts_about(store) == ["Oslo"]

    async def test_of_an_edited_message_the_facts_go(self, store: Store) -> None:
        await talk(store, SECRET)
        await state(store, SECRET, "code", "K7")
        edited = replace(SECRET, text="never mind")

        changed = await store.amend(edited, weigh, find_echo)

        assert changed is not None
        assert (changed.facts, await facts_about(store)) == (1, [])

    @pytest.mark.parametrize(("text", "left"), [("my code is K7, or so", ["K7"]), ("never mind", [])])
    async def test_of_an_edited_message_that_has_expired_only_what_it_no_longer_says_goes(
        self, store: Store, text: str, left: list[str]
    ) -> None:
        await talk(store, SECRET)
        await state(store, SECRET, "code", "K7")
        await store.prune(moment(50))
        edited = replace(SECRET, text=text)

        await store.amend(edited, weigh, find_echo)

        assert await facts_about(store) == left

    async def test_the_new_words_of_an_edited_message_are_read_for_facts(self, store: Store) -> None:
        await talk(store, message(0, "hello"))
        await talk(store, SECRET)
        await fold(store, HERE, "they talked")
        assert (await store.load_unread(HERE, 1000)).turns == ()
        edited = replace(SECRET, text="my code is B5")

        await store.amend(edited, weigh, find_echo)

        assert [turn.text for turn in (await store.load_unread(HERE, 1000)).turns] == ["my code is B5"]

    async def test_a_fact_goes_from_what_the_bot_said_elsewhere(self, store: Store) -> None:
        """Ann speaks there, so the fact stood in the prompt."""
        await state(store, SECRET, "code", "K7")
        await talk(store, message(2, "do you know my code?", place=RANDOM), "it is K7")
        await talk(store, message(3, "thanks", "bob", RANDOM), "not at all")
        await fold(store, conversation_at(RANDOM), "ann's code is K7")

        gone = await forget(store, Forgetting(GENERAL, NOW, user="ann"))

        assert gone == Extent(turns=1, summaries=1, conversations=1, facts=1)
        assert await texts(store, RANDOM) == ["do you know my code?", "thanks", "not at all"]
        assert await summary(store, RANDOM) == ""

    async def test_a_fact_goes_from_where_it_stood_although_what_its_person_said_there_has_expired(
        self, store: Store
    ) -> None:
        there = conversation_at(RANDOM)
        await state(store, SECRET, "code", "K7")
        await talk(store, message(2, "hello", place=RANDOM), "hi")
        thread = await store.load(there, EVERYTHING)
        done = fold_of(there, "they talked", thread.turns[-1].id, None)
        assert await store.save_fold(replace(done, audience=Audience(RANDOM, SECRET.access)))
        await store.prune(moment(50))
        await talk(store, message(60, "and her code?", "bob", RANDOM), "it is K7")

        await forget(store, Forgetting(GENERAL, NOW, messages=("1",)))

        assert await texts(store, RANDOM) == ["and her code?"]

    async def test_words_that_their_author_keeps_elsewhere_betray_nothing_there(self, store: Store) -> None:
        await state(store, SECRET, "code", "K7")
        await talk(store, message(2, "K7 is my code", place=RANDOM), "so it is K7")

        await forget(store, Forgetting(GENERAL, NOW, user="ann"))

        assert await texts(store, RANDOM) == ["K7 is my code", "so it is K7"]

    async def test_a_fact_counts_once_however_often_its_message_is_named(self, store: Store) -> None:
        await state(store, message(1, "I live in Oslo"), "city", "Oslo")
        assert (await forget(store, Forgetting(GENERAL, NOW, messages=("1", "1")))).facts == 1

    # ---- answers elsewhere

    @pytest.mark.parametrize(
        "how",
        ["channel", "user", "last", "deleted", "edited", "everywhere"],
    )
    async def test_what_was_recalled_elsewhere_and_repeated_there_goes_with_its_summary(
        self, store: Store, how: str
    ) -> None:
        await talk(store, message(0, "hello", "bob", RANDOM), "hi")
        await fold(store, conversation_at(RANDOM), "bob said hello")
        await talk(store, SECRET)
        recalled = (await turn_ids(store, GENERAL))["1"]
        await recall(store, message(2, "what is her code?", "bob", RANDOM), "Ann's code is K7", recalled)
        await recall(store, message(3, "and the weather?", "bob", RANDOM), "rain", recalled)
        await talk(store, message(4, "once more?", "bob", RANDOM), "K7, as I said")
        await fold(store, conversation_at(RANDOM), "the code is K7")
        before = await epoch_of(store, RANDOM)

        if how == "edited":
            edited = replace(SECRET, text="never mind")
            gone = await store.amend(edited, weigh, find_echo)
        else:
            forgetting = {
                "channel": Forgetting(GENERAL, NOW),
                "user": Forgetting(GENERAL, NOW, user="ann"),
                "last": Forgetting(GENERAL, NOW, last=1),
                "deleted": Forgetting(GENERAL, NOW, messages=("1",)),
                "everywhere": everywhere(),
            }[how]
            assert await store.extent(forgetting, find_echo) == Extent(turns=3, summaries=1, conversations=2)
            gone = await forget(store, forgetting)

        assert gone is not None
        assert (gone.turns, gone.summaries) == (2 if how == "edited" else 3, 1)
        assert gone.touched == {HERE, conversation_at(RANDOM)}
        assert gone.unfolded == {conversation_at(RANDOM)}
        assert await texts(store, RANDOM) == [
            "hello",
            "hi",
            "what is her code?",
            "and the weather?",
            "rain",
            "once more?",
        ]
        assert await summary(store, RANDOM) == "bob said hello"
        assert await epoch_of(store, RANDOM) == before + 1

    async def test_what_was_made_of_what_was_made_of_it_goes_too(self, store: Store) -> None:
        await talk(store, SECRET)
        first = (await turn_ids(store, GENERAL))["1"]
        await recall(store, message(2, "her code?", "bob", RANDOM), "Ann's code is K7", first)
        second = (await turn_ids(store, RANDOM))["re:2"]
        await recall(store, message(3, "what was said?", "cleo", THREAD), "that it is K7", second)

        await forget(store, Forgetting(GENERAL, NOW, messages=("1",)))

        assert await texts(store, RANDOM) == ["her code?"]
        assert await texts(store, THREAD) == ["what was said?"]

    async def test_an_answer_elsewhere_that_went_is_not_quoted_there_any_more(self, store: Store) -> None:
        await talk(store, SECRET)
        asked = message(2, "her code?", "bob", RANDOM)
        await recall(store, asked, "Ann's code is K7", (await turn_ids(store, GENERAL))["1"])
        quote = quote_of_answer(asked, "Ann's code is K7")
        await talk(store, message(3, "look", "bob", RANDOM, quote))

        await forget(store, Forgetting(GENERAL, NOW, user="ann"))
        await accept(store, message(4, "look again", "bob", RANDOM, quote))

        assert await quotes(store, RANDOM) == []
        assert [found.inbound.reply_to for found in await pending(store, RANDOM)] == [None]

    async def test_answers_under_way_in_the_same_server_begin_again(self, store: Store) -> None:
        """What was said in public may have been recalled into the prompt of any of them."""
        await talk(store, SECRET)
        for number, place in enumerate((RANDOM, OTHER, SLACK), start=2):
            await accept(store, message(number, "and?", "bob", place))
        await accept(store, message(9, "overheard", "bob", replace(RANDOM, channel="quiet")), Decision.REMEMBER)

        gone = await forget(store, Forgetting(GENERAL, NOW, messages=("1",)))

        assert gone.touched == {HERE, conversation_at(RANDOM)}

    async def test_what_was_private_stops_answers_in_its_channel_alone(self, store: Store) -> None:
        await talk(store, replace(SECRET, visibility=Visibility.PRIVATE))
        for number, place in enumerate((RANDOM, THREAD), start=2):
            await accept(store, message(number, "and?", "bob", place))

        gone = await forget(store, Forgetting(GENERAL, NOW, messages=("1",)))

        assert gone.touched == {HERE, conversation_at(THREAD)}

    async def test_where_only_a_quotation_goes_nobody_elsewhere_is_stopped(self, store: Store) -> None:
        await talk(store, message(2, "look", "bob", THREAD, quote_of(SECRET)))
        await accept(store, message(3, "and?", "bob", RANDOM))

        gone = await forget(store, Forgetting(GENERAL, NOW, messages=("1",)))

        assert gone.touched == {conversation_at(THREAD)}

    # ---- edits

    async def test_an_edit_takes_along_what_repeats_the_words_that_are_gone(self, store: Store) -> None:
        await talk(store, message(1, "Zorblax lives in Oslo"), "Zorblax, nice")
        await talk(store, message(2, "where?", "bob"), "in Oslo")
        await fold(store, HERE, "somebody lives in Oslo")
        edited = message(1, "Zorblax lives in Paris")

        changed = await store.amend(edited, weigh, find_echo)

        assert changed == Extent(turns=1, summaries=1)
        assert changed.unfolded == {HERE}
        assert await texts(store) == ["Zorblax lives in Paris", "Zorblax, nice", "where?"]
        assert not await store.scrub(at_most=1)

    async def test_where_an_edit_takes_no_summary_along_there_is_nothing_to_fold_anew(self, store: Store) -> None:
        await talk(store, SECRET, "noted")
        edited = replace(SECRET, text="never mind")

        changed = await store.amend(edited, weigh, find_echo)

        assert changed is not None
        assert (changed, changed.touched, set(changed.unfolded)) == (Extent(), frozenset({HERE}), set())

    # ---- everywhere

    async def test_who_is_forgotten_everywhere_goes_from_every_place_of_the_platform(
        self, store: Store, kept: Kept
    ) -> None:
        for number, place in enumerate((GENERAL, THREAD, RANDOM, OTHER, DIRECT, SLACK)):
            said = message(number, f"zebra{number} it is", place=place)
            said = replace(said, visibility=Visibility.DIRECT if place == DIRECT else Visibility.PUBLIC)
            await talk(store, said, f"zebra{number}, noted")
            await talk(store, message(100 + number, "hello", "bob", place), "hi")
            await fold(store, conversation_at(place), f"zebra{number} was said")
            await accept(store, message(200 + number, "waits", place=place))

        extent = await store.extent(everywhere(), find_echo)
        gone = await forget(store, everywhere())

        assert extent == gone == Extent(turns=10, summaries=5, waiting=5, conversations=5, traces=5)
        store = await kept.crash()
        for place in (GENERAL, THREAD, RANDOM, OTHER, DIRECT):
            assert await texts(store, place) == ["hello", "hi"]
            assert await summary(store, place) == ""
            assert await pending(store, place) == ()
        assert await texts(store, SLACK) == ["zebra5 it is", "zebra5, noted", "hello", "hi"]
        assert len(await pending(store, SLACK)) == 1

    async def test_nothing_older_is_taken_in_or_quoted_again_anywhere(self, store: Store) -> None:
        await forget(store, everywhere())

        for number, place in enumerate((GENERAL, THREAD, OTHER, DIRECT)):
            assert await accept(store, message(number, "older, never seen", place=place)) is None
            quoting = message(100 + number, "look", "bob", place, quote_of(message(number, "zebra", place=place)))
            assert await accept(store, quoting) is not None
            assert [found.inbound.reply_to for found in await pending(store, place)] == [None]
        assert await accept(store, message(1001, "newer")) is not None
        assert await accept(store, message(5, "older", place=SLACK)) is not None

    async def test_an_answer_to_him_that_is_under_way_is_not_recorded(self, store: Store) -> None:
        asked = message(1, "my code is K7", place=OTHER)
        _, exchange = await wait_for(store, asked)

        await forget(store, everywhere())

        assert not await store.record(replace(exchange, answer=answer_to(asked, "K7")))

    async def test_todays_limit_holds_for_who_was_forgotten_and_earlier_days_are_forgotten(
        self, store: Store, kept: Kept
    ) -> None:
        for days in (0, 2):
            kept.now = moment(86_400 * days)
            await recall(store, message(days + 1, "hello"), "hi")

        await forget(store, everywhere(at=kept.now))

        keys = {Scope.USER: "discord:ann"}
        assert (await store.spent(keys))[Scope.USER].tokens == 120
        kept.now = moment(0)
        assert (await store.spent(keys))[Scope.USER].tokens == 0

    async def test_a_fold_under_way_elsewhere_that_was_told_a_fact_is_not_saved(self, store: Store) -> None:
        await state(store, SECRET, "code", "K7")
        await talk(store, message(2, "hello", place=RANDOM))
        [turn] = (await store.load(conversation_at(RANDOM), EVERYTHING)).turns

        await forget(store, Forgetting(GENERAL, NOW, user="ann"))

        assert not await store.save_fold(fold_of(conversation_at(RANDOM), "ann's code is K7", turn.id, None))
