"""What every Store has to keep when something is to be forgotten; quotations of it are in `contract_quotations.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from memory.forgetting import find_echo
from memory.ports import Store
from memory.types import Decision, Extent, Forgetting, Place
from tests.kept import (
    AFTER_SUMMARY,
    EVERYTHING,
    GENERAL,
    THREAD,
    USAGE,
    Kept,
    accept,
    answer_to,
    conversation_at,
    epoch_of,
    fold,
    fold_of,
    forget,
    message,
    moment,
    pending,
    quote_of,
    quotes,
    summary,
    talk,
    texts,
    wait_for,
)

HERE = conversation_at(GENERAL)
NOW = moment(1000)
ALL = Forgetting(GENERAL, NOW)
ANN = Forgetting(GENERAL, NOW, user="ann")
SECRET = message(1, "my code is K7")
ELSEWHERE = (
    replace(GENERAL, channel="random"),
    replace(GENERAL, space="other"),
    replace(GENERAL, platform="slack"),
    replace(THREAD, channel="random"),
)


class ForgettingContract:
    """The tests of a Store's forgetting; the fixture `kept` is that of `StoreContract`."""

    @pytest.fixture
    async def store(self, kept: Kept) -> AsyncIterator[Store]:
        """The memory under test, open."""
        yield await kept.open()
        await kept.close()

    # ---- a place

    @pytest.mark.parametrize("user", ["", "ann"])
    async def test_a_channel_goes_with_its_threads_and_nothing_else_does(self, store: Store, user: str) -> None:
        places = (GENERAL, THREAD, *ELSEWHERE)
        for number, place in enumerate(places):
            inbound = message(number, f"said {place}", place=place)
            await talk(store, inbound, "answered")
            await fold(store, conversation_at(place), f"sum {place}")
            await accept(store, message(100 + number, f"waits {place}", place=place))

        gone = await forget(store, replace(ALL, user=user))

        assert gone == Extent(turns=4, summaries=2, waiting=2, conversations=2)
        for place in (GENERAL, THREAD):
            assert await texts(store, place) == []
            assert await summary(store, place) == ""
            assert await pending(store, place) == ()
        for place in ELSEWHERE:
            assert await texts(store, place) == [f"said {place}", "answered"]
            assert await summary(store, place) == f"sum {place}"
            assert [waiting.inbound.text for waiting in await pending(store, place)] == [f"waits {place}"]
            # What waits in the same server may be under way with what is gone in its prompt.
            assert await epoch_of(store, place) == ((place.platform, place.space) == ("discord", "server"))

    async def test_a_thread_goes_alone(self, store: Store) -> None:
        for number, place in enumerate((GENERAL, THREAD, replace(THREAD, thread="second"))):
            await talk(store, message(number, f"said {place}", place=place))

        assert await forget(store, Forgetting(THREAD, NOW)) == Extent(turns=1, conversations=1)

        assert await texts(store) == [f"said {GENERAL}"]
        assert await texts(store, replace(THREAD, thread="second")) == [f"said {replace(THREAD, thread='second')}"]
        assert await texts(store, THREAD) == []
        assert await accept(store, message(50, "the channel listens to older words", place=GENERAL)) is not None
        assert await accept(store, message(51, "the thread does not", place=THREAD)) is None

    async def test_everybodys_own_conversation_in_the_place_goes(self, store: Store) -> None:
        for number, user in enumerate(("ann", "bob"), start=1):
            await talk(store, message(number, f"{user} speaks", user), user=user)

        assert await forget(store, ALL) == Extent(turns=2, conversations=2)

        assert await texts(store, user="ann") == await texts(store, user="bob") == []

    # ---- the last turns

    async def test_of_the_last_turns_so_many_go_and_what_stood_before_stays(self, store: Store) -> None:
        for number in (1, 2, 3):
            await talk(store, message(number, f"question {number}"), f"answer {number}")
            assert await fold(store, HERE, f"through {number}")
        await talk(store, message(4, "in the thread", place=THREAD))

        gone = await forget(store, Forgetting(GENERAL, NOW, last=3))

        assert gone == Extent(turns=3, summaries=2, conversations=1)
        assert await texts(store) == ["question 1", "answer 1", "question 2"]
        assert await summary(store) == "through 1"
        assert [turn.text for turn in (await store.load(HERE, AFTER_SUMMARY)).turns] == ["question 2"]
        assert await texts(store, THREAD) == ["in the thread"]

    async def test_the_last_turns_are_not_taken_in_again_but_what_comes_late_is(self, store: Store) -> None:
        await talk(store, SECRET, "noted, K7")

        await forget(store, Forgetting(GENERAL, NOW, last=2))

        assert await accept(store, SECRET) is None
        assert await pending(store) == ()
        assert await accept(store, message(3, "older than the command, and new")) is not None

    async def test_what_still_waits_is_the_newest_and_goes_first(self, store: Store) -> None:
        """The message that is being answered right now is the one that people mean."""
        await talk(store, message(1, "hello"), "hi")
        for number in (4, 2, 3):
            await accept(store, message(number, f"waits {number}"))
        await accept(store, message(5, "!forget last"), Decision.COMMAND)

        assert await forget(store, Forgetting(GENERAL, NOW, last=2)) == Extent(waiting=2, conversations=1)

        assert [waiting.inbound.text for waiting in await pending(store)] == ["waits 2"]
        assert await texts(store) == ["hello", "hi"]
        assert await accept(store, message(4, "waits 4")) is None
        assert await forget(store, Forgetting(GENERAL, NOW, last=2)) == Extent(turns=1, waiting=1, conversations=1)
        assert await pending(store) == ()
        assert await texts(store) == ["hello"]

    async def test_of_every_message_is_told_whether_it_waits_however_many_wait_before_it(self, store: Store) -> None:
        asked, _ = await wait_for(store, message(900, "asked"))
        rows = [(await wait_for(store, message(number, "said before")))[0] for number in range(120)]
        assert all([await store.waits(row) for row in (*rows, asked)])

        settled, exchange = await wait_for(store, message(901, "answered"))
        assert await store.record(exchange)
        await forget(store, Forgetting(GENERAL, NOW, last=1))

        assert [await store.waits(row) for row in (settled, asked, *rows)] == [False, False, *[True] * 120]

    async def test_a_message_that_waits_a_second_time_goes_with_its_turn(self, store: Store) -> None:
        _, exchange = await wait_for(store, replace(SECRET, addressed=False), Decision.REMEMBER)
        await store.record(exchange)
        await talk(store, message(2, "hello", "bob"), "hi")
        await accept(store, SECRET)

        assert await forget(store, Forgetting(GENERAL, NOW, last=1)) == Extent(turns=1, waiting=1, conversations=1)

        assert await texts(store) == ["hello", "hi"]
        assert await pending(store) == ()

    async def test_what_is_said_after_the_question_is_not_among_the_last(self, store: Store) -> None:
        """An answer belongs to the question before it, however late it was given."""
        await talk(store, message(1, "first"), "one")
        await talk(store, message(9, "asked before"), "given later")
        await talk(store, message(11, "said after it"), "yes")
        await talk(store, message(8, "sent before it, come after it"))
        await accept(store, message(12, "waits"))

        gone = await forget(store, Forgetting(GENERAL, moment(9.1), last=2))

        assert gone == Extent(turns=2, conversations=1)
        assert await texts(store) == ["first", "one", "said after it", "yes", "sent before it, come after it"]
        assert [waiting.inbound.text for waiting in await pending(store)] == ["waits"]

    async def test_more_than_there_is_is_all_there_is(self, store: Store) -> None:
        await talk(store, SECRET, "noted")

        assert (await forget(store, Forgetting(GENERAL, NOW, last=1000))).turns == 2
        assert await forget(store, Forgetting(GENERAL, NOW, last=1000)) == Extent()

    async def test_the_last_turns_are_those_of_the_owners_conversation(self, store: Store) -> None:
        for number, user in enumerate(("ann", "bob"), start=1):
            await talk(store, message(number, f"{user} speaks", user), user=user)

        assert (await forget(store, Forgetting(GENERAL, NOW, last=5, owner="ann"))).turns == 1

        assert await texts(store, user="ann") == []
        assert await texts(store, user="bob") == ["bob speaks"]

    # ---- a person

    async def test_a_persons_words_go_with_the_answers_to_them_and_other_peoples_stay(self, store: Store) -> None:
        await talk(store, message(1, "I keep bees", "bob"), "lovely, Bob")
        await talk(store, message(2, "my code is K7"), "thanks, Ann")
        await talk(store, message(3, "what about Ann?", "bob"), "ask her yourself")

        assert await forget(store, ANN) == Extent(turns=2, conversations=1)

        assert await texts(store) == ["I keep bees", "lovely, Bob", "what about Ann?", "ask her yourself"]

    async def test_turns_of_the_bot_that_repeat_a_person_to_others_go_too(self, store: Store) -> None:
        await talk(store, message(1, "before it was said", "bob"), "is it K7 perhaps?")
        await talk(store, replace(SECRET, message_id="2"))
        await talk(store, message(3, "what is her code?", "bob"), "Ann's code is K7")
        await talk(store, message(4, "I see", "bob"), "quite so")

        assert (await forget(store, ANN)).turns == 2

        assert await texts(store) == [
            "before it was said",
            "is it K7 perhaps?",
            "what is her code?",
            "I see",
            "quite so",
        ]

    async def test_in_conversations_of_their_own_only_that_person_is_forgotten(self, store: Store) -> None:
        for number, user in enumerate(("ann", "bob"), start=1):
            await talk(store, message(number, f"{user} speaks", user), f"hello {user}", user=user)

        await forget(store, ANN)

        assert await texts(store, user="ann") == []
        assert await texts(store, user="bob") == ["bob speaks", "hello bob"]

    async def test_a_summary_made_from_a_persons_words_falls_back_to_the_one_before(self, store: Store) -> None:
        await talk(store, message(1, "hello", "bob"))
        await fold(store, HERE, "bob said hello")
        await talk(store, message(2, "I keep bees", "bob"))
        await talk(store, replace(SECRET, message_id="3"))
        await fold(store, HERE, "bob keeps bees, ann's code is K7")
        await talk(store, message(4, "rain again", "bob"))
        await fold(store, HERE, "all that and rain")

        assert (await forget(store, ANN)).summaries == 2

        thread = await store.load(HERE, AFTER_SUMMARY)
        assert thread.summary
        assert thread.summary.text == "bob said hello"
        assert [turn.text for turn in thread.turns] == ["I keep bees", "rain again"]
        assert await fold(store, HERE, "bees and rain")
        assert await summary(store) == "bees and rain"

    async def test_a_summary_made_from_a_quotation_alone_falls_back_too(self, store: Store) -> None:
        await talk(store, message(2, "she said so", "bob", quote=quote_of(SECRET)), "K7 it is")
        await fold(store, HERE, "ann's code is K7")

        assert await forget(store, ANN) == Extent(turns=1, summaries=1, conversations=1)

        assert await texts(store) == ["she said so"]
        assert await quotes(store) == []
        assert await summary(store) == ""

    # ---- what may come again

    @pytest.mark.parametrize("place", [GENERAL, THREAD], ids=str)
    async def test_nothing_older_is_taken_in_again_and_newer_is(self, store: Store, kept: Kept, place: Place) -> None:
        await forget(store, ALL)
        store = await kept.open()

        assert await accept(store, message(1, "older, never seen", place=place)) is None
        assert await accept(store, message(1001, "newer", place=place)) is not None
        for number, elsewhere in enumerate(ELSEWHERE, start=2):
            assert await accept(store, message(number, "older, elsewhere", place=elsewhere)) is not None

    async def test_of_one_person_only_his_older_words_are_refused(self, store: Store) -> None:
        await forget(store, ANN)

        assert await accept(store, message(1, "older")) is None
        assert await accept(store, message(2, "older, in a thread", place=THREAD)) is None
        assert await accept(store, message(3, "older", "bob")) is not None
        assert await accept(store, message(1001, "newer")) is not None

    async def test_an_older_forgetting_takes_no_watermark_back(self, store: Store) -> None:
        await forget(store, ALL)
        await forget(store, replace(ALL, at=moment(10)))

        assert await accept(store, message(500, "between")) is None

    @pytest.mark.parametrize("waits", [True, False])
    @pytest.mark.parametrize("forgetting", [ALL, ANN], ids=["all", "user"])
    async def test_a_forgotten_message_is_not_upgraded(self, store: Store, forgetting: Forgetting, waits: bool) -> None:
        _, exchange = await wait_for(store, replace(SECRET, addressed=False), Decision.REMEMBER)
        if not waits:
            await store.record(exchange)
        await forget(store, forgetting)

        assert await accept(store, SECRET) is None
        assert await pending(store) == ()
        assert await store.unsettled() == ()

    async def test_waiting_messages_go_unless_they_are_newer_or_somebody_elses(self, store: Store) -> None:
        for number, author in ((1, "ann"), (2, "bob"), (1001, "ann")):
            await accept(store, message(number, f"{author} {number}", author))

        assert await forget(store, ANN) == Extent(waiting=1, conversations=1)
        assert [waiting.inbound.text for waiting in await pending(store)] == ["bob 2", "ann 1001"]

        assert await forget(store, ALL) == Extent(waiting=1, conversations=1)
        assert [waiting.inbound.text for waiting in await pending(store)] == ["ann 1001"]

    async def test_a_conversation_goes_on_after_it(self, store: Store) -> None:
        await talk(store, SECRET, "noted")
        before = await store.load(HERE, EVERYTHING)
        await forget(store, ALL)

        await talk(store, message(1001, "hello again"), "hi")

        thread = await store.load(HERE, EVERYTHING)
        assert [turn.text for turn in thread.turns] == ["hello again", "hi"]
        assert min(turn.id for turn in thread.turns) > max(turn.id for turn in before.turns)
        assert await store.joined(GENERAL, moment(3600))

    # ---- turns and folds under way

    @pytest.mark.parametrize("forgetting", [ALL, ANN, Forgetting(GENERAL, NOW, last=2)], ids=["all", "user", "last"])
    async def test_a_turn_and_a_fold_under_way_write_nothing(self, store: Store, forgetting: Forgetting) -> None:
        await talk(store, SECRET)
        [turn] = (await store.load(HERE, EVERYTHING)).turns
        waiting, exchange = await wait_for(store, message(2, "what is her code?", "bob"))
        late = replace(exchange, answer=answer_to(message(2, ""), "K7"), usage=USAGE)

        await forget(store, forgetting)

        assert not await store.record(late)
        assert not await store.save_fold(fold_of(HERE, "ann's code is K7", turn.id, None))
        assert await texts(store) == []
        assert await summary(store) == ""
        assert await store.usages("model", 9) == ()
        assert [found.id for found in await pending(store)] == ([waiting] if forgetting == ANN else [])

    @pytest.mark.parametrize(
        "forgetting",
        [ALL, replace(ANN, user="cleo"), Forgetting(GENERAL, moment(0), last=9)],
        ids=["all", "user", "last"],
    )
    async def test_where_nothing_is_lost_turns_and_folds_under_way_go_on(
        self, store: Store, forgetting: Forgetting
    ) -> None:
        place = ELSEWHERE[0] if forgetting == ALL else GENERAL
        await talk(store, message(1, "hello", place=place))
        [turn] = (await store.load(conversation_at(place), EVERYTHING)).turns
        asked = message(2, "and?", "bob", place)
        _, exchange = await wait_for(store, asked)

        assert await forget(store, forgetting) == Extent()

        assert await store.scrub(at_most=1), "no scrub is due"
        assert await store.record(replace(exchange, answer=answer_to(asked, "yes")))
        assert await store.save_fold(fold_of(conversation_at(place), "hello was said", turn.id, None))

    # ---- how much

    @pytest.mark.parametrize(
        "forgetting",
        [
            ALL,
            ANN,
            Forgetting(THREAD, NOW),
            Forgetting(THREAD, NOW, user="bob"),
            Forgetting(GENERAL, NOW, last=2),
            Forgetting(GENERAL, NOW, user="nobody"),
        ],
        ids=str,
    )
    async def test_the_extent_says_before_what_forgetting_does(self, store: Store, forgetting: Forgetting) -> None:
        for number, place in enumerate((GENERAL, THREAD) * 3):
            author = "ann" if number % 3 else "bob"
            await talk(store, message(number, f"zebra{number} here", author, place), f"zebra{number // 2} indeed")
            await fold(store, conversation_at(place), f"sum {number}")
            await accept(store, message(100 + number, "waits", author, place))
        await accept(store, message(200, "!forget", "ann"), Decision.COMMAND)
        before = [await store.load(conversation_at(place), EVERYTHING) for place in (GENERAL, THREAD)]

        extent = await store.extent(forgetting, find_echo)

        assert [await store.load(conversation_at(place), EVERYTHING) for place in (GENERAL, THREAD)] == before
        assert await forget(store, forgetting) == extent
        assert await store.extent(forgetting, find_echo) == (
            Extent() if not forgetting.last else Extent(turns=1, summaries=1, waiting=1, conversations=1)
        )
        after = [await store.load(conversation_at(place), EVERYTHING) for place in (GENERAL, THREAD)]
        assert sum(len(thread.turns) for thread in before) - sum(len(thread.turns) for thread in after) == extent.turns
