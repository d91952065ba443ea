"""What every Store has to keep when messages are deleted on the platform."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from memory.forgetting import find_echo
from memory.ports import Store
from memory.types import Attachment, Decision, Extent, Forgetting, Quote
from tests.kept import (
    EVERYTHING,
    GENERAL,
    THREAD,
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
    post_of,
    quote_of,
    quote_of_answer,
    quotes,
    summary,
    talk,
    texts,
    turn_of,
    wait_for,
    weigh,
)

HERE = conversation_at(GENERAL)
THERE = conversation_at(THREAD)
HERE_ALONE = frozenset({HERE})
BOTH = frozenset({HERE, THERE})
NOW = moment(1000)
SECRET = message(1, "my code is K7")
SAFE = replace(SECRET, text="never mind", edited_at=moment(60))
NO_IDEA = message(1, "hello")
ELSEWHERE = (
    replace(GENERAL, channel="random"),
    replace(GENERAL, space="other"),
    replace(GENERAL, platform="slack"),
)


async def delete(store: Store, *messages: str) -> Extent:
    """Delete messages of the channel on the platform."""
    return await forget(store, Forgetting(GENERAL, NOW, messages=messages))


class DeletionContract:
    """The tests of what a Store does with deletions; the fixture `kept` is that of `StoreContract`."""

    @pytest.fixture
    async def store(self, kept: Kept) -> AsyncIterator[Store]:
        """The memory under test, open."""
        yield await kept.open()
        await kept.close()

    async def test_a_deleted_message_goes_with_what_the_bot_repeats_of_it(self, store: Store, kept: Kept) -> None:
        await talk(store, message(0, "I keep bees", "bob"), "lovely, Bob")
        await talk(store, SECRET, "thanks, Ann")
        await talk(store, message(2, "what is her code?", "bob"), "Ann's code is K7")
        await talk(store, message(3, "more from me"), "go on")

        gone = await delete(store, "1")

        assert gone == Extent(turns=2, conversations=1)
        assert gone.touched == HERE_ALONE
        store = await kept.crash()
        assert await texts(store) == [
            "I keep bees",
            "lovely, Bob",
            "thanks, Ann",
            "what is her code?",
            "more from me",
            "go on",
        ]
        assert not await store.scrub(at_most=1)

    @pytest.mark.parametrize("part", ["post-1", "second part"])
    async def test_a_deleted_message_of_the_bot_takes_its_whole_turn_along(self, store: Store, part: str) -> None:
        waiting, exchange = await wait_for(store, SECRET)
        await store.note_post(waiting, 0, "post-1")
        await store.record(replace(exchange, answer=answer_to(SECRET, "noted: K7")))
        await store.note_post(waiting, 1, "second part")
        await talk(store, message(2, "and?", "bob"), "K7")
        await accept(
            store, message(3, "look", "bob", quote=replace(quote_of_answer(SECRET, "K7"), message_id="post-1"))
        )

        gone = await delete(store, part)

        assert (gone, gone.touched) == (Extent(turns=1, conversations=1), HERE_ALONE)
        assert await texts(store) == ["my code is K7", "and?", "K7"]
        assert [found.inbound.reply_to for found in await pending(store)] == [None]

    async def test_of_an_answer_to_a_deleted_message_the_bots_message_can_be_deleted_too(self, store: Store) -> None:
        waiting, exchange = await wait_for(store, NO_IDEA)
        await store.note_post(waiting, 0, post_of(NO_IDEA))
        await store.record(replace(exchange, answer=answer_to(NO_IDEA, "hi")))
        store.said(waiting)
        await delete(store, "1")
        assert await texts(store) == ["hi"]

        assert (await delete(store, post_of(NO_IDEA))).turns == 1

        assert await texts(store) == []

    async def test_an_answer_to_a_deleted_message_goes_with_its_author(self, store: Store) -> None:
        await talk(store, NO_IDEA, "hi")
        await fold(store, HERE, "ann said hello")
        await delete(store, "1")

        assert await forget(store, Forgetting(GENERAL, NOW, user="ann")) == Extent(turns=1, conversations=1)

        assert await texts(store) == []

    async def test_an_answer_to_a_deleted_message_is_still_owed(self, store: Store, kept: Kept) -> None:
        await talk(store, NO_IDEA, "hi")

        await delete(store, "1")

        [owed] = await (await kept.crash()).owed("discord")
        assert (owed.text, owed.answer, owed.waiting.posts) == ("hi", "re:1", ("post-1",))

    @pytest.mark.parametrize("answer", ["hi", ""])
    async def test_a_reply_of_which_a_message_was_deleted_is_owed_no_more(
        self, store: Store, kept: Kept, answer: str
    ) -> None:
        waiting, exchange = await wait_for(store, NO_IDEA)
        for part, post in enumerate(("a", "b")):
            await store.note_post(waiting, part, post)
        said = answer_to(NO_IDEA, answer) if answer else None
        await store.record(replace(exchange, answer=said, sentence="" if answer else "not today"))

        await delete(store, "b")

        assert await (await kept.crash()).owed("discord") == ()

    async def test_quotations_of_it_go_wherever_in_the_channel_they_stand(self, store: Store) -> None:
        await talk(store, SECRET)
        kept = quote_of(message(0, "other", "cleo"))
        await talk(store, message(2, "look", "bob", THREAD, quote_of(SECRET)))
        await fold(store, THERE, "bob quotes K7")
        for number, quote in ((3, quote_of(SECRET)), (4, kept)):
            await accept(store, message(number, "and look", "bob", THREAD, quote))
        _, exchange = await wait_for(store, message(5, "look here", "bob", THREAD, quote_of(SECRET)))

        gone = await delete(store, "1")

        assert (gone, gone.touched) == (Extent(turns=1, summaries=1, conversations=2), BOTH)
        assert not await store.record(exchange)
        assert await texts(store, THREAD) == ["look"]
        assert await quotes(store, THREAD) == []
        assert await summary(store, THREAD) == ""
        assert [found.inbound.reply_to for found in await pending(store, THREAD)] == [None, kept, None]

    async def test_what_the_bot_repeats_of_a_quotation_of_it_goes_although_it_was_never_taken_in(
        self, store: Store
    ) -> None:
        await talk(store, message(2, "what of that?", "bob", quote=quote_of(SECRET)), "K7 is a fine code")
        await talk(store, message(3, "and else?", "bob"), "nothing")
        await fold(store, HERE, "bob asked of K7")
        deletion = Forgetting(GENERAL, NOW, messages=("1",))

        told = await store.extent(deletion, find_echo)
        gone = await forget(store, deletion)

        assert told == gone == Extent(turns=1, summaries=1, conversations=1)
        assert (gone.touched, gone.unfolded) == (HERE_ALONE, HERE_ALONE)
        assert await texts(store) == ["what of that?", "and else?", "nothing"]
        assert (await quotes(store), await summary(store)) == ([], "")

    async def test_of_the_bots_own_words_that_are_deleted_no_repetition_is_looked_for(self, store: Store) -> None:
        await talk(store, NO_IDEA, "the capital is Oslo")
        quote = quote_of_answer(NO_IDEA, "the capital is Oslo")
        await talk(store, message(2, "sure?", "bob", THREAD, quote), "yes, Oslo")

        assert await delete(store, post_of(NO_IDEA)) == Extent(turns=1, conversations=1)

        assert (await texts(store, THREAD), await quotes(store, THREAD)) == (["sure?", "yes, Oslo"], [])

    @pytest.mark.parametrize("user", ["", "ann"], ids=["deleted", "all his words"])
    async def test_the_names_of_files_are_words_of_who_sent_them(self, store: Store, user: str) -> None:
        said = replace(SECRET, text="", attachments=(Attachment("K7.pdf", "application/pdf", 7),))
        picture = (Attachment("picnic.png", "image/png", 7),)
        await talk(store, replace(said, message_id="0", attachments=(*said.attachments, *picture)))
        await talk(store, said)
        await talk(store, replace(message(2, "what is that?", "bob"), attachments=picture), "Ann sent K7.pdf")
        await talk(store, message(3, "and that?", "bob"), "an application, Bob: picnic.png")
        messages = None if user else ("0", "1")

        gone = await forget(store, Forgetting(GENERAL, NOW, user, messages=messages))

        assert gone.turns == 3
        assert await texts(store) == ["what is that?", "and that?", "an application, Bob: picnic.png"]

    async def test_the_name_of_a_file_goes_from_answers_elsewhere_that_were_told_of_it(self, store: Store) -> None:
        await talk(store, replace(SECRET, text="see", attachments=(Attachment("K7.pdf", "application/pdf", 7),)))
        [turn] = (await store.load(HERE, EVERYTHING)).turns
        asked = message(2, "what did she send?", "bob", ELSEWHERE[0])
        _, exchange = await wait_for(store, asked)
        await store.record(replace(exchange, answer=answer_to(asked, "Ann sent K7.pdf"), recalled=(turn.id,)))

        assert await delete(store, "1") == Extent(turns=2, conversations=2)

        assert await texts(store, ELSEWHERE[0]) == ["what did she send?"]

    async def test_it_is_not_quoted_any_more_although_it_was_never_taken_in(self, store: Store) -> None:
        await talk(store, message(2, "look", "bob", quote=quote_of(SECRET)))
        await accept(store, message(3, "and look", "bob", THREAD, quote_of(SECRET)))

        gone = await delete(store, "1")

        assert (gone, gone.touched) == (Extent(), BOTH)
        assert await quotes(store) == []
        assert [found.inbound.reply_to for found in await pending(store, THREAD)] == [None]
        assert not await store.scrub(at_most=1)

    async def test_a_summary_made_when_it_was_there_falls_back_to_the_one_before(self, store: Store) -> None:
        await talk(store, message(0, "hello", "bob"))
        await fold(store, HERE, "bob said hello")
        await talk(store, SECRET)
        await fold(store, HERE, "ann's code is K7")

        assert (await delete(store, "1")).summaries == 1

        assert await summary(store) == "bob said hello"

    @pytest.mark.parametrize("waits", [True, False])
    async def test_it_is_never_taken_in_or_quoted_again(self, store: Store, waits: bool) -> None:
        _, exchange = await wait_for(store, replace(SECRET, addressed=False), Decision.REMEMBER)
        if not waits:
            await store.record(exchange)

        assert await delete(store, "1") == Extent(turns=not waits, waiting=waits, conversations=1)

        assert await accept(store, SECRET) is None
        await accept(store, message(2, "look", "bob", quote=quote_of(SECRET)))
        assert [(found.inbound.text, found.inbound.reply_to) for found in await pending(store)] == [("look", None)]

    async def test_others_are_left_alone_and_no_watermark_is_set(self, store: Store) -> None:
        await talk(store, SECRET)
        for place in ELSEWHERE:
            await talk(store, replace(SECRET, place=place), "K7")
        await accept(store, message(2, "waits"))

        assert (await delete(store, "1")).turns == 1

        for place in ELSEWHERE:
            assert await texts(store, place) == ["my code is K7", "K7"]
            assert await epoch_of(store, place) == 0
        assert [found.inbound.text for found in await pending(store)] == ["waits"]
        assert await accept(store, message(0, "older than what was deleted")) is not None

    async def test_a_turn_and_a_fold_under_way_write_nothing(self, store: Store) -> None:
        await talk(store, SECRET)
        [turn] = (await store.load(HERE, EVERYTHING)).turns
        _, exchange = await wait_for(store, message(2, "what is her code?", "bob"))

        await delete(store, "1")

        assert not await store.record(replace(exchange, answer=answer_to(message(2, ""), "K7")))
        assert not await store.save_fold(fold_of(HERE, "ann's code is K7", turn.id, None))

    async def test_what_was_never_known_stops_nothing(self, store: Store) -> None:
        await talk(store, message(2, "hello", "bob"), "hi")
        command = await accept(store, message(3, "!help", "bob"), Decision.COMMAND)
        assert command is not None
        await store.settle(command, "help")

        gone = await delete(store, "1", "77", "re:2")

        assert (gone, gone.touched, await epoch_of(store)) == (Extent(), frozenset(), 0)
        assert await texts(store) == ["hello", "hi"]
        assert await store.scrub(at_most=1), "no scrub is due"
        owed = await store.owes(command)
        assert owed
        assert owed.text == "help"

    async def test_a_message_goes_from_every_conversation_that_holds_it(self, store: Store) -> None:
        """The message that a thread hangs on may be part of both."""
        _, exchange = await wait_for(store, SECRET)
        await store.record(exchange)
        _, other = await wait_for(store, message(2, "and here?", "bob", THREAD))
        await store.record(replace(other, heard=(turn_of(SECRET), *other.heard)))
        assert await texts(store, THREAD) == ["my code is K7", "and here?"]

        changed = await store.amend(SAFE, weigh, find_echo)
        assert changed is not None
        assert changed.touched == BOTH
        assert await texts(store, THREAD) == ["never mind", "and here?"]
        gone = await delete(store, "1")

        assert (gone, gone.touched) == (Extent(turns=2, conversations=2), BOTH)
        assert await texts(store) == []
        assert await texts(store, THREAD) == ["and here?"]

    async def test_several_go_at_once(self, store: Store) -> None:
        for number in (1, 2, 3):
            await talk(store, message(number, f"zebra{number}", "ann", THREAD if number == 2 else GENERAL), "hi")
        await accept(store, message(4, "waits"))

        gone = await delete(store, "1", "2", "4", post_of(message(3, "")))

        assert (gone, gone.touched) == (Extent(turns=3, waiting=1, conversations=2), BOTH)
        assert await texts(store) == ["hi", "zebra3"]
        assert await texts(store, THREAD) == ["hi"]
        assert await pending(store) == ()

    async def test_a_quotation_without_an_author_goes_by_its_id(self, store: Store) -> None:
        """Forwarded messages name none."""
        await accept(store, message(2, "look", "bob", quote=Quote("1", "", "", "my code is K7", moment(1))))

        await delete(store, "1")

        assert [found.inbound.reply_to for found in await pending(store)] == [None]
