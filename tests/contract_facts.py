"""What every Store has to keep of what people said about themselves, and of whom it may tell that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from memory.ports import Store
from memory.types import (
    Access,
    Audience,
    Channel,
    Conversation,
    Fact,
    FactCount,
    FoldDone,
    Forgetting,
    Inbound,
    Place,
    Summary,
    Thread,
    Visibility,
)
from tests.kept import (
    AFTER_SUMMARY,
    GENERAL,
    NOON,
    ONE,
    THREAD,
    USAGE,
    Kept,
    conversation_at,
    forget,
    message,
    moment,
    talk,
)

HERE = conversation_at(GENERAL)
OPEN = Access(Visibility.PUBLIC)
CLOSED = Access(Visibility.PRIVATE)
ALONE = Access(Visibility.DIRECT)
RANDOM = replace(GENERAL, channel="random")
DIRECT = replace(GENERAL, channel="dm-ann")
ODD = ["nul \0 in it", "half \ud83d of a pair", "line\nbreak", "long " * 20_000, "'; DROP TABLE facts; --", "%_\\"]


def stated(said: Inbound, slot: str, value: str) -> Fact:
    """What a message states about its author."""
    return Fact(
        0, said.author, said.author_name, slot, value, said.text, said.place, said.message_id, said.sent_at, said.access
    )


def here(user: str = "ann", place: Place = GENERAL, access: Access = OPEN) -> Audience:
    """Who reads what is answered to somebody in a place."""
    return Audience(place, access, user)


async def told(store: Store, audience: Audience, user: str = "") -> list[tuple[int, str, str]]:
    """Number, slot and value of what an audience hears of a person, who asks himself if nobody else is named."""
    return [(fact.number, fact.slot, fact.value) for fact in await store.facts(audience, user or audience.user)]


async def fold(store: Store, *facts: Fact, conversation: Conversation = HERE, access: Access = OPEN) -> Summary:
    """Sum up a conversation, and keep what its turns state."""
    thread = await store.load(conversation, AFTER_SUMMARY)
    version = thread.summary.version if thread.summary else 0
    through = thread.turns[-1].id if thread.turns else 0
    summary = Summary("They talked.", 2, through, version + 1, NOON)
    everybody = Audience(conversation.place, access)
    assert await store.save_fold(FoldDone(conversation, thread.epoch, version, summary, USAGE, facts, everybody))
    return summary


async def state(
    store: Store, number: int, slot: str, value: str, author: str = "ann", place: Place = GENERAL, access: Access = OPEN
) -> Fact:
    """Have somebody say something about himself, and have it folded."""
    said = replace(
        message(number, f"my {slot} is {value}", author, place),
        visibility=access.visibility,
        enclosed=access.enclosed,
        restricted=access.restricted,
    )
    await talk(store, said)
    fact = stated(said, slot, value)
    await fold(store, fact, conversation=conversation_at(place), access=access)
    return fact


async def remember(
    store: Store, number: int, slot: str, value: str, place: Place = GENERAL, access: Access = OPEN, user: str = "ann"
) -> Fact:
    """Have somebody tell the bot what to remember about him."""
    said = replace(message(number, f"!remember {value}", user, place), visibility=access.visibility)
    kept = await store.remember(here(user, place, access), stated(said, slot, value))
    assert kept is not None
    return kept


async def learned(store: Store, audience: Audience, conversation: Conversation = HERE) -> Thread:
    """The thread that a prompt is planned from."""
    return await store.load(conversation, AFTER_SUMMARY, audience)


def values(facts: Sequence[Fact]) -> list[str]:
    """What holds."""
    return [fact.value for fact in facts]


class FactsContract:
    """The tests of a Store's facts; the fixture `kept` is that of `StoreContract`."""

    @pytest.fixture
    async def store(self, kept: Kept) -> AsyncIterator[Store]:
        """The memory under test, open."""
        yield await kept.open()
        await kept.close()

    # ---- keeping

    async def test_what_a_folded_turn_states_is_kept_with_where_it_comes_from(self, store: Store, kept: Kept) -> None:
        fact = await state(store, 1, "city", "Oslo", place=THREAD)

        store = await kept.crash()
        assert await store.facts(here(), "ann") == (replace(fact, number=1),)

    async def test_a_fold_that_is_void_keeps_no_facts(self, store: Store) -> None:
        said = message(1, "my city is Oslo")
        await talk(store, said)
        summary = Summary("They talked.", 2, 1, 1, NOON)
        assert not await store.save_fold(FoldDone(HERE, 7, 0, summary, USAGE, (stated(said, "city", "Oslo"),)))
        assert await told(store, here()) == []

    async def test_a_newer_statement_replaces_the_older_and_says_so(self, store: Store) -> None:
        await state(store, 1, "city", "Oslo")
        await state(store, 2, "city", "Bergen")
        await state(store, 3, "city", "Bergen")
        (fact,) = await store.facts(here(), "ann")
        assert (fact.number, fact.value, fact.before, fact.message_id) == (1, "Bergen", "Oslo", "3")

    async def test_what_is_read_late_replaces_nothing_that_was_said_later(self, store: Store) -> None:
        old = message(1, "my city is Oslo")
        await talk(store, old)
        await state(store, 2, "city", "Bergen")
        await fold(store, stated(old, "city", "Oslo"))
        assert await told(store, here()) == [(1, "city", "Bergen")]

    async def test_an_older_statement_stands_again_where_the_newer_is_not_heard(self, store: Store) -> None:
        await state(store, 1, "city", "Oslo")
        await state(store, 2, "city", "Bergen", place=RANDOM)
        await store.note_channels([Channel("discord", "server", "random", "random", open=False)])
        (fact,) = await store.facts(here(), "ann")
        assert (fact.value, fact.before) == ("Oslo", "")
        (fact,) = await store.facts(here(place=RANDOM, access=CLOSED), "ann")
        assert (fact.value, fact.before) == ("Bergen", "Oslo")

    async def test_an_older_statement_stands_again_when_the_message_with_the_newer_is_deleted(
        self, store: Store, kept: Kept
    ) -> None:
        await state(store, 1, "city", "Oslo")
        await state(store, 2, "city", "Bergen")
        await forget(store, Forgetting(GENERAL, ONE, messages=("2",)))
        store = await kept.crash()
        (fact,) = await store.facts(here(), "ann")
        assert (fact.number, fact.value, fact.before) == (1, "Oslo", "")
        thread = await learned(store, here())
        assert values([*thread.facts, *thread.learned]) == ["Oslo"]

    async def test_numbers_are_each_persons_own_and_stay(self, store: Store) -> None:
        await state(store, 1, "city", "Oslo")
        await state(store, 2, "job", "nurse")
        await state(store, 3, "city", "Paris", author="bob")
        await state(store, 4, "city", "Bergen")
        await store.forget_fact(here(), 2)
        await state(store, 5, "pet", "a cat")
        assert await told(store, here()) == [(1, "city", "Bergen"), (3, "pet", "a cat")]
        assert await told(store, here("bob")) == [(1, "city", "Paris")]

    async def test_what_was_said_elsewhere_has_a_number_of_its_own(self, store: Store) -> None:
        await state(store, 1, "city", "Oslo")
        await state(store, 2, "city", "Bergen", place=DIRECT, access=ALONE)
        assert await told(store, here()) == [(1, "city", "Oslo")]
        assert await told(store, here(place=DIRECT, access=ALONE)) == [(2, "city", "Bergen")]

    async def test_a_message_that_is_read_twice_states_one_thing_once(self, store: Store) -> None:
        fact = await state(store, 1, "city", "Oslo")
        await fold(store, fact, replace(fact, slot="home"), replace(fact, value="Oslo!"))
        assert await told(store, here()) == [(1, "city", "Oslo!")]

    async def test_nobodys_turn_states_anything_about_somebody_else(self, store: Store) -> None:
        said = message(1, "Bob's city is Paris")
        await talk(store, said)
        await fold(store, replace(stated(said, "city", "Paris"), user="bob"))
        await fold(store, replace(stated(said, "city", "Paris"), message_id="2"))
        assert await told(store, here("bob")) == await told(store, here("ann")) == []

    async def test_what_was_said_while_a_channel_was_private_is_not_public_by_being_read_later(
        self, store: Store
    ) -> None:
        said = replace(message(1, "my city is Oslo"), visibility=Visibility.PRIVATE)
        await talk(store, said)
        await store.note_channels([Channel("discord", "server", "general", "general", open=True)])
        await fold(store, replace(stated(said, "city", "Oslo"), access=OPEN))
        assert await told(store, here()) == await told(store, here(place=RANDOM)) == []

    async def test_who_says_the_same_again_and_again_fills_nothing(self, store: Store) -> None:
        for number in range(1, 60):
            await remember(store, number, "mood", f"mood {number}")
        await remember(store, 60, "city", "Oslo")
        (mood, city) = await store.facts(here(), "ann")
        assert (mood.value, mood.before, city.value) == ("mood 59", "mood 58", "Oslo")

    # ---- remembering, correcting, forgetting by number

    async def test_what_is_remembered_without_a_slot_gets_one_of_its_own(self, store: Store) -> None:
        await state(store, 1, "city", "Oslo")
        for number, words in ((2, "I sing"), (3, "I sail")):
            kept = await remember(store, number, "", words)
            assert (kept.number, kept.slot, kept.value) == (number, f"note {number}", words)
        assert await told(store, here()) == [(1, "city", "Oslo"), (2, "note 2", "I sing"), (3, "note 3", "I sail")]

    async def test_what_is_remembered_twice_by_one_message_is_there_once(self, store: Store, kept: Kept) -> None:
        """A command that was cut off by a crash is run again."""
        first = await remember(store, 1, "", "I sing")
        store = await kept.crash()
        assert await remember(store, 1, "", "I sing") == first
        assert await told(store, here()) == [(1, "note 1", "I sing")]

    async def test_what_is_said_to_replace_something_tells_only_what_may_be_heard_there(self, store: Store) -> None:
        await state(store, 1, "city", "Oslo")
        await state(store, 2, "city", "Bergen", place=RANDOM)
        await store.note_channels([Channel("discord", "server", "random", "random", open=False)])
        assert (await remember(store, 3, "city", "Bodø")).before == "Oslo"

        narrow = replace(here(place=THREAD), narrow=True)
        said = message(4, "!remember my pet is a cat", place=THREAD)
        await state(store, 5, "pet", "a dog", place=replace(GENERAL, channel="pets"))
        kept_here = await store.remember(narrow, stated(said, "pet", "a cat"))
        assert kept_here is not None
        assert kept_here.before == ""

    async def test_a_corrected_fact_keeps_its_number_and_the_old_words_are_gone(self, store: Store, kept: Kept) -> None:
        await state(store, 1, "city", "Oslo")
        await state(store, 2, "city", "Bergen")
        corrected = stated(message(3, "!memory 1 = Bodø"), "", "Bodø")
        for _ in range(2):  # a command that was cut off by a crash is run again
            fact = await store.correct_fact(here(), 1, corrected)
            assert fact is not None
            assert (fact.number, fact.slot, fact.value) == (1, "city", "Bodø")
            store = await kept.crash()
        (fact,) = await store.facts(here(), "ann")
        assert (fact.number, fact.value, fact.before) == (1, "Bodø", "")

    async def test_what_replaces_is_told_with_what_it_replaces(self, store: Store) -> None:
        await state(store, 1, "city", "Oslo")
        fact = await store.correct_fact(here(), 1, stated(message(2, "!memory 1 = Bodø"), "", "Bodø"))
        assert fact is not None
        assert fact.before == "Oslo"

    async def test_a_correction_is_heard_only_where_it_was_said(self, store: Store) -> None:
        await state(store, 1, "city", "Oslo")
        there = here(place=DIRECT, access=ALONE)
        said = replace(message(2, "!memory 1 = Bodø", place=DIRECT), visibility=Visibility.DIRECT)
        await store.correct_fact(there, 1, stated(said, "", "Bodø"))
        assert await told(store, here()) == []
        assert await told(store, there) == [(1, "city", "Bodø")]

    async def test_nobody_corrects_or_forgets_what_he_cannot_hear_or_what_is_not_his(self, store: Store) -> None:
        await state(store, 1, "city", "Oslo", place=DIRECT, access=ALONE)
        wrong = stated(message(2, "!memory 1 = Hell", "bob"), "", "Hell")
        for audience in (here(), here("bob"), here("bob", DIRECT, ALONE), here(place=replace(GENERAL, space="other"))):
            assert await store.correct_fact(audience, 1, replace(wrong, user=audience.user)) is None
            assert await store.forget_fact(audience, 1) is None
        assert await told(store, here(place=DIRECT, access=ALONE)) == [(1, "city", "Oslo")]

    async def test_a_forgotten_fact_goes_with_all_that_it_had_replaced(self, store: Store, kept: Kept) -> None:
        await state(store, 1, "city", "Oslo")
        await state(store, 2, "city", "Bergen")
        await state(store, 3, "city", "Bodø", place=DIRECT, access=ALONE)
        there = here(place=DIRECT, access=ALONE)
        gone = await store.forget_fact(there, 2)
        assert gone is not None
        assert (gone.value, gone.before) == ("Bodø", "Bergen")
        store = await kept.crash()
        assert await told(store, there) == await told(store, here()) == []

    async def test_what_was_forgotten_does_not_come_back_by_being_read_again(self, store: Store) -> None:
        fact = await state(store, 1, "city", "Oslo")
        again = message(2, "Oslo it is, as I said")
        await talk(store, again)
        await store.forget_fact(here(), 1)
        await fold(store, fact, replace(fact, slot="home"), replace(fact, value="Oslo!"), stated(again, "city", "Oslo"))
        assert await told(store, here()) == []

    async def test_what_is_said_after_the_forgetting_is_kept_under_the_old_number(self, store: Store) -> None:
        await state(store, 1, "city", "Oslo")
        await store.forget_fact(here(), 1)
        later = replace(message(9, "my city is Bergen"), sent_at=ONE + timedelta(minutes=1))
        await talk(store, later)
        await fold(store, stated(later, "city", "Bergen"))
        assert await told(store, here()) == [(1, "city", "Bergen")]

    async def test_a_forgotten_fact_is_to_be_cleaned_out_of_the_files(self, store: Store) -> None:
        await state(store, 1, "city", "Oslo")
        assert await store.scrub(at_most=0)
        await store.forget_fact(here(), 1)
        assert not await store.scrub(at_most=0)

    @pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
    async def test_any_text_can_be_a_fact(self, store: Store, kept: Kept, text: str) -> None:
        whole = text.replace("\ud83d", "�")
        said = replace(message(1, text), author_name=text)
        await store.remember(here(), stated(said, "city", text))
        await store.remember(here(), stated(message(2, text), text, text))
        store = await kept.crash()
        city, other = await store.facts(here(), "ann")
        assert (city.value, city.quote, city.name, other.slot) == (whole, whole, whole, whole)
        assert await store.forget_fact(here(), 2) == other
        assert values(await store.facts(here(), "ann")) == [whole]

    # ---- counting

    async def test_facts_are_counted_by_people_without_direct_messages_and_other_spaces(self, store: Store) -> None:
        await state(store, 1, "city", "Oslo")
        await state(store, 2, "city", "Bergen")
        await state(store, 3, "job", "nurse", place=RANDOM, access=CLOSED)
        await state(store, 4, "pet", "a cat", place=DIRECT, access=ALONE)
        await state(store, 5, "city", "Paris", place=replace(GENERAL, space="other"))
        await state(store, 6, "city", "Rome", author="bob")
        await store.remember(here(), stated(replace(message(7, "x"), author_name="Annie"), "food", "rice"))
        await state(store, 8, "city", "Rome", author="cleo")
        await store.forget_fact(here("cleo"), 1)
        assert await store.fact_counts(GENERAL) == (FactCount("ann", "Annie", 3), FactCount("bob", "Bob", 1))

    async def test_what_was_said_before_a_forgetting_is_not_kept_when_it_is_run_after_it(self, store: Store) -> None:
        kept = await state(store, 1, "city", "Oslo", place=RANDOM)
        await forget(store, Forgetting(GENERAL, moment(5), user="ann"))
        late = stated(message(4, "!remember my pet is a cat"), "pet", "a cat")
        assert await store.remember(here(), late) is None
        assert await store.correct_fact(here(), 1, replace(late, slot="")) is None
        assert await store.facts(here(), "ann") == await store.facts(here(place=RANDOM), "ann") != ()
        assert (await store.facts(here(), "ann"))[0].value == kept.value
        assert await store.remember(here(), replace(late, said_at=moment(6))) is not None
