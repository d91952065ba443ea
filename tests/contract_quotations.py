"""What every Store has to keep when something is to be forgotten that others quoted, or quote later."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from memory.ports import Store
from memory.types import Access, Decision, Forgetting, Visibility
from tests.kept import (
    EVERYTHING,
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
    post_of,
    quote_of,
    quote_of_answer,
    quotes,
    talk,
    texts,
    wait_for,
)

HERE = conversation_at(GENERAL)
NOW = moment(1000)
ALL = Forgetting(GENERAL, NOW)
ANN = Forgetting(GENERAL, NOW, user="ann")
SECRET = message(1, "my code is K7")
ON_ANSWER = replace(GENERAL, thread=post_of(SECRET))
"""The thread that hangs on the bot's answer to `SECRET`."""


class QuotationContract:
    """The tests of a Store's quotations; the fixture `kept` is that of `StoreContract`."""

    @pytest.fixture
    async def store(self, kept: Kept) -> AsyncIterator[Store]:
        """The memory under test, open."""
        yield await kept.open()
        await kept.close()

    @pytest.mark.parametrize("forgetting", [ANN, Forgetting(GENERAL, moment(1.5), last=1)], ids=["user", "last"])
    async def test_quotations_by_others_go_where_they_wait(self, store: Store, forgetting: Forgetting) -> None:
        await talk(store, SECRET)
        kept = message(4, "hello", "cleo")
        for number, quoted, place in ((2, SECRET, GENERAL), (3, SECRET, THREAD), (5, kept, GENERAL)):
            await accept(store, message(number, "look", "bob", place, quote_of(quoted)))

        await forget(store, forgetting)

        waiting = (*await pending(store), *await pending(store, THREAD))
        assert [found.inbound.reply_to for found in waiting] == [None, quote_of(kept), None]
        assert [found.inbound.text for found in waiting] == ["look"] * 3

    async def test_quotations_go_of_what_no_lane_had_taken_up_yet(self, store: Store) -> None:
        unheard = message(1, "my code is K7", place=THREAD)
        await accept(store, unheard)
        await accept(store, message(2, "look", "bob", GENERAL, quote_of(unheard)))

        await forget(store, Forgetting(THREAD, NOW))

        assert [found.inbound.reply_to for found in await pending(store)] == [None]

    async def test_quotations_by_others_go_where_they_are_settled(self, store: Store) -> None:
        await talk(store, SECRET)
        await talk(store, message(2, "look", "bob", quote=quote_of(SECRET)))
        await talk(store, message(3, "and", "bob", quote=quote_of(message(2, "look", "bob"))))

        await forget(store, ANN)

        assert await texts(store) == ["look", "and"]
        assert await quotes(store) == ["look"]

    async def test_quotations_go_from_other_conversations_of_the_channel(self, store: Store) -> None:
        await talk(store, SECRET, user="ann")
        await talk(store, message(2, "look", "bob", quote=quote_of(SECRET)), user="bob")
        await talk(store, message(3, "there", "bob", THREAD, quote_of(SECRET)))

        await forget(store, Forgetting(GENERAL, NOW, last=1, owner="ann"))

        assert await quotes(store, THREAD) == []
        bobs = await store.load(conversation_at(GENERAL, "bob"), EVERYTHING)
        assert [(turn.text, turn.quote) for turn in bobs.turns] == [("look", None)]

    @pytest.mark.parametrize("forgetting", [ANN, Forgetting(GENERAL, moment(3), last=3)], ids=["user", "last"])
    async def test_quotations_of_the_bots_forgotten_answers_go_and_do_not_come_back(
        self, store: Store, forgetting: Forgetting
    ) -> None:
        quote = quote_of_answer(SECRET, "noted: K7")
        if forgetting.last:
            await accept(store, message(2, "settled in the thread", "bob", THREAD, quote), Decision.REMEMBER)
        await talk(store, SECRET, "noted: K7")
        if forgetting.user:
            await talk(store, message(3, "settled", "bob", quote=quote))
        await accept(store, message(4, "waits", "bob", quote=quote))

        await forget(store, forgetting)

        assert await quotes(store) == []
        await accept(store, message(2000, "comes later", "bob", quote=quote))
        waiting = (*await pending(store), *await pending(store, THREAD))
        assert len(waiting) >= 2
        assert [found.inbound.reply_to for found in waiting] == [None] * len(waiting)

    @pytest.mark.parametrize("forgetting", [ALL, ANN, Forgetting(GENERAL, NOW, last=1)], ids=["all", "user", "last"])
    async def test_a_quotation_of_what_was_forgotten_does_not_come_back(
        self, store: Store, forgetting: Forgetting
    ) -> None:
        await talk(store, SECRET)
        await forget(store, forgetting)
        newer = message(1001, "said after it")

        await accept(store, message(2001, "look", "bob", quote=quote_of(SECRET)))
        await accept(store, message(2002, "look", "bob", THREAD, quote_of(SECRET)))
        await accept(store, message(2003, "look", "bob", quote=quote_of(newer)))

        waiting = (*await pending(store), *await pending(store, THREAD))
        assert [found.inbound.reply_to for found in waiting] == [None, quote_of(newer), None]

    @pytest.mark.parametrize("forgetting", [ALL, ANN], ids=["all", "user"])
    async def test_a_quotation_of_older_words_that_the_bot_never_saw_is_dropped(
        self, store: Store, forgetting: Forgetting
    ) -> None:
        await forget(store, forgetting)

        await accept(store, message(1001, "look", "bob", quote=quote_of(SECRET)))

        assert [(found.inbound.text, found.inbound.reply_to) for found in await pending(store)] == [("look", None)]

    async def test_a_turn_under_way_elsewhere_does_not_write_a_forgotten_quotation_back(self, store: Store) -> None:
        await talk(store, SECRET, user="ann")
        _, exchange = await wait_for(store, message(2, "look", "bob", THREAD, quote_of(SECRET)))

        await forget(store, Forgetting(GENERAL, NOW, last=1, owner="ann"))

        assert not await store.record(exchange)
        assert [found.inbound.reply_to for found in await pending(store, THREAD)] == [None]

    async def test_a_quotation_of_somebody_else_is_kept(self, store: Store) -> None:
        await forget(store, ANN)
        quote = quote_of(message(1, "mine", "cleo"))

        await accept(store, message(2, "look", "bob", quote=quote))

        assert [found.inbound.reply_to for found in await pending(store)] == [quote]

    async def test_an_answer_in_parts_is_forgotten_part_by_part(self, store: Store) -> None:
        waiting, exchange = await wait_for(store, SECRET)
        await store.note_post(waiting, 0, post_of(SECRET))
        await store.record(replace(exchange, answer=answer_to(SECRET, "noted: K7"), access=Access(Visibility.PUBLIC)))
        await store.note_post(waiting, 1, "second part")
        quote = replace(quote_of_answer(SECRET, "K7"), message_id="second part")
        await talk(store, message(2, "look", "bob", quote=quote))

        await forget(store, ANN)

        assert await texts(store) == ["look"]
        assert await quotes(store) == []

    async def test_an_answer_under_way_is_not_quoted_either(self, store: Store) -> None:
        waiting, _ = await wait_for(store, SECRET)
        await store.note_post(waiting, 0, post_of(SECRET))
        quote = quote_of_answer(SECRET, "noted: K7")
        await accept(store, message(2, "look", "bob", quote=quote))

        await forget(store, ANN)

        await accept(store, message(1001, "and look", "bob", quote=quote))
        assert [found.inbound.reply_to for found in await pending(store)] == [None, None]

    @pytest.mark.parametrize(
        "forgetting", [ALL, ANN, Forgetting(GENERAL, moment(1.5), last=1)], ids=["all", "user", "last"]
    )
    async def test_what_a_command_has_shown_is_not_quoted_any_more(self, store: Store, forgetting: Forgetting) -> None:
        """A summary that is shown holds words that are forgotten later."""
        await talk(store, SECRET)
        command = message(2, "!summary", "cleo")
        taken = await accept(store, command, Decision.COMMAND)
        assert taken is not None
        await store.note_post(taken, 0, post_of(command))
        await store.settle(taken, "")
        quote = quote_of_answer(command, "Ann's code is K7")
        await talk(store, message(3, "there", "bob", THREAD, quote))
        await accept(store, message(1001, "look", "bob", quote=quote))

        await forget(store, forgetting)

        await accept(store, message(1002, "look again", "bob", quote=quote))
        assert await quotes(store, THREAD) == []
        assert [found.inbound.reply_to for found in await pending(store)] == [None, None]

    async def test_where_nothing_is_lost_what_commands_said_can_be_quoted(self, store: Store) -> None:
        command = message(2, "!help", "cleo")
        taken = await accept(store, command, Decision.COMMAND)
        assert taken is not None
        await store.note_post(taken, 0, post_of(command))
        quote = quote_of_answer(command, "help")
        await accept(store, message(3, "look", "bob", quote=quote))

        await forget(store, ANN)

        assert [found.inbound.reply_to for found in await pending(store)] == [quote]

    async def test_where_only_a_quotation_is_lost_the_files_are_cleaned_all_the_same(self, store: Store) -> None:
        _, exchange = await wait_for(store, message(2, "look", "bob", quote=quote_of(SECRET)))

        await forget(store, ANN)

        assert not await store.record(exchange)
        assert not await store.scrub(at_most=1)
        assert [found.inbound.reply_to for found in await pending(store)] == [None]

    async def test_a_thread_that_hangs_on_an_answer_begins_with_a_quotation_of_it(self, store: Store) -> None:
        await talk(store, SECRET, "noted: K7")
        first = message(2, "which one?", "bob", ON_ANSWER)
        assert await store.joined(ON_ANSWER, first.sent_at)

        for said in (first, message(3, "well?", "bob", ON_ANSWER), message(4, "hm", "bob", THREAD)):
            await accept(store, said)

        (found, later), (elsewhere,) = await pending(store, ON_ANSWER), await pending(store, THREAD)
        assert found.inbound.reply_to == replace(quote_of_answer(SECRET, "noted: K7"), author="")
        assert (later.inbound.reply_to, elsewhere.inbound.reply_to) == (None, None)

    async def test_what_quotes_something_else_there_quotes_that(self, store: Store) -> None:
        await talk(store, SECRET, "noted: K7")
        asked = message(2, "hello", "cleo")
        await accept(store, message(3, "and this?", "bob", ON_ANSWER, quote_of(asked)))
        assert [found.inbound.reply_to for found in await pending(store, ON_ANSWER)] == [quote_of(asked)]

    async def test_what_was_remembered_first_quotes_the_answer_still_when_it_is_addressed(self, store: Store) -> None:
        await talk(store, SECRET, "noted: K7")
        said = message(2, "which one?", "bob", ON_ANSWER)
        await accept(store, replace(said, addressed=False), Decision.REMEMBER)
        assert await accept(store, said) is not None
        (found,) = await pending(store, ON_ANSWER)
        assert found.inbound.reply_to is not None
        assert found.inbound.reply_to.text == "noted: K7"

    @pytest.mark.parametrize("early", [True, False], ids=["before", "after"])
    async def test_a_forgotten_answer_is_not_what_a_thread_begins_with(self, store: Store, early: bool) -> None:
        await talk(store, SECRET, "noted: K7")
        said = message(2, "which one?", "bob", ON_ANSWER)
        if not early:
            await accept(store, said)

        await forget(store, ANN)

        if early:
            assert not await store.joined(ON_ANSWER, said.sent_at)
            await accept(store, said)
        assert [found.inbound.reply_to for found in await pending(store, ON_ANSWER)] == [None]

    async def test_a_message_before_the_question_hangs_on_no_answer_to_it(self, store: Store) -> None:
        await talk(store, SECRET, "noted: K7")
        assert not await store.joined(ON_ANSWER, moment(1))
        assert not await store.joined(replace(ON_ANSWER, channel="random"), moment(2))
