"""What every Store has to keep when messages are edited."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from memory.forgetting import find_echo
from memory.ports import Store
from memory.types import KNOWN_QUOTED_CHARACTERS, Attachment, Conversation, Extent, Forgetting, Inbound
from tests.kept import (
    AFTER_SUMMARY,
    EVERYTHING,
    GENERAL,
    THREAD,
    Kept,
    accept,
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


async def amend(store: Store, inbound: Inbound) -> frozenset[Conversation]:
    """Edit a message, and tell which conversations that concerns."""
    return (await store.amend(inbound, weigh, find_echo)).touched


class EditingContract:
    """The tests of what a Store does with edits; the fixture `kept` is that of `StoreContract`."""

    @pytest.fixture
    async def store(self, kept: Kept) -> AsyncIterator[Store]:
        """The memory under test, open."""
        yield await kept.open()
        await kept.close()

    async def test_a_message_that_waits_is_answered_as_it_was_edited(self, store: Store, kept: Kept) -> None:
        quote = quote_of(message(0, "your code?", "bob"))
        await accept(store, replace(SECRET, reply_to=quote))
        files = (Attachment("a.png", "image/png", 5),)

        assert await amend(store, replace(SAFE, attachments=files)) == HERE_ALONE

        [waiting] = await pending(await kept.crash())
        assert waiting.inbound == replace(SECRET, text="never mind", attachments=files, reply_to=quote)

    async def test_a_turn_has_the_words_that_it_was_edited_to(self, store: Store, kept: Kept) -> None:
        await talk(store, SECRET, "noted")
        files = (Attachment("a.png", "image/png", 5),)

        assert await amend(store, replace(SAFE, attachments=files)) == HERE_ALONE

        heard, said = (await (await kept.crash()).load(HERE, EVERYTHING)).turns
        assert replace(heard, id=0) == replace(turn_of(SAFE), attachments=files)
        assert (heard.tokens, said.text) == (2, "noted")

    @pytest.mark.parametrize("waits", [True, False])
    async def test_a_file_that_was_taken_off_a_message_is_gone(self, store: Store, kept: Kept, waits: bool) -> None:
        said = replace(SECRET, attachments=(Attachment("layoffs.xlsx", "text/csv", 7), Attachment("a.png", "", 1)))
        await (accept(store, said) if waits else talk(store, said))
        left = replace(said, attachments=said.attachments[1:], edited_at=moment(60))

        (known,) = await store.stored(GENERAL, moment(0))
        assert known.is_other_than(replace(left, edited_at=None))
        assert await amend(store, left) == HERE_ALONE

        again = await kept.crash()
        if waits:
            assert [each.inbound.attachments for each in await pending(again, GENERAL)] == [left.attachments]
        else:
            (turn, *_) = (await again.load(HERE, EVERYTHING)).turns
            assert (turn.attachments, turn.tokens) == (left.attachments, turn_of(left).tokens)
        assert [each.is_other_than(left) for each in await again.stored(GENERAL, moment(0))] == [False]
        assert await amend(again, left) == frozenset()

    async def test_what_the_bot_said_of_a_file_that_was_taken_off_goes_and_of_one_that_stays_stays(
        self, store: Store
    ) -> None:
        files = (Attachment("layoffs.xlsx", "text/csv", 7), Attachment("picnic.png", "image/png", 1))
        said = message(1, "see these", "ann")
        await talk(store, replace(said, attachments=files))
        await talk(store, message(2, "what did she send?", "bob"), "Ann sent layoffs.xlsx")
        await talk(store, message(3, "and?", "bob"), "a picnic")

        changed = await store.amend(replace(said, attachments=files[1:], edited_at=moment(60)), weigh, find_echo)

        assert changed.turns == 1
        assert await texts(store) == ["see these", "what did she send?", "and?", "a picnic"]

    @pytest.mark.parametrize("waits", [True, False])
    async def test_an_edit_that_is_told_of_again_after_a_later_one_changes_nothing(
        self, store: Store, kept: Kept, waits: bool
    ) -> None:
        await (accept(store, SECRET) if waits else talk(store, SECRET))
        first, second = (replace(SECRET, text=f"my code is B{n}", edited_at=moment(60 + n)) for n in (1, 2))
        for version in (first, second):
            assert await amend(store, version) == HERE_ALONE
        store = await kept.crash()

        assert await amend(store, first) == frozenset()

        known = [turn.text for turn in await store.stored(GENERAL, moment(0))]
        assert known == ["my code is B2"]
        # Two edits may bear the same time; of a change that tells none it is not known to be older.
        assert await amend(store, replace(second, text="my code is B3")) == HERE_ALONE
        assert await amend(store, replace(second, text="never mind", edited_at=None)) == HERE_ALONE
        assert await amend(store, first) == frozenset()

    async def test_a_turn_under_way_does_not_write_old_words_back(self, store: Store) -> None:
        _, exchange = await wait_for(store, SECRET)

        await amend(store, SAFE)

        assert not await store.record(exchange)
        assert [waiting.inbound.text for waiting in await pending(store)] == ["never mind"]

    async def test_a_fold_under_way_does_not_either(self, store: Store) -> None:
        await talk(store, SECRET)
        [turn] = (await store.load(HERE, EVERYTHING)).turns

        await amend(store, SAFE)

        assert not await store.save_fold(fold_of(HERE, "ann's code is K7", turn.id, None))

    async def test_quotations_follow_wherever_in_the_channel_they_stand(self, store: Store) -> None:
        await talk(store, SECRET)
        await talk(store, message(2, "look", "bob", THREAD, quote_of(SECRET)))
        await accept(store, message(3, "and look", "bob", THREAD, quote_of(SECRET)))
        await accept(store, message(4, "at this", "bob", GENERAL, quote_of(message(0, "other", "cleo"))))

        assert await amend(store, SAFE) == BOTH

        assert await quotes(store, THREAD) == ["never mind"]
        assert [waiting.inbound.reply_to for waiting in await pending(store, THREAD)] == [quote_of(SAFE)]
        assert [waiting.inbound.reply_to for waiting in await pending(store)] == [quote_of(message(0, "other", "cleo"))]

    async def test_a_turn_quotes_no_more_of_the_new_words_than_of_the_old_and_short_ones_whole(
        self, store: Store
    ) -> None:
        """Quotations of what stands near by are cut; a few words more or less may turn their sense around."""
        await talk(store, SECRET)
        for number, quoted in ((2, "my code is K7"), (3, "a" * 300)):
            await talk(store, message(number, "look", "bob", quote=replace(quote_of(SECRET), text=quoted)))
        words = "never " * 80

        await amend(store, replace(SAFE, text=words))

        assert await quotes(store) == [words[:KNOWN_QUOTED_CHARACTERS], words[:300]]

    async def test_a_turn_that_quotes_other_words_is_counted_with_them(self, store: Store) -> None:
        """As many characters may be many more tokens."""
        await talk(store, SECRET)
        await talk(store, message(2, "look", "bob", quote=quote_of(SECRET)))

        await amend(store, replace(SECRET, text="a b c d e f g h i"))

        quoting = (await store.load(HERE, EVERYTHING)).turns[1]
        assert quoting.quote is not None
        assert (quoting.quote.text, quoting.tokens) == ("a b c d e f g h i", 10)

        await amend(store, message(2, "look there", "bob"))
        assert (await store.load(HERE, EVERYTHING)).turns[1].tokens == 11

    async def test_a_message_that_is_known_by_a_quotation_alone_follows_its_edit(
        self, store: Store, kept: Kept
    ) -> None:
        await talk(store, message(2, "what of that?", "bob", quote=quote_of(SECRET)), "K7 is a fine code")
        await fold(store, HERE, "bob asked of K7")
        await accept(store, message(3, "and of that?", "bob", THREAD, quote_of(SECRET)))

        changed = await store.amend(SAFE, weigh, find_echo)

        assert (changed, changed.touched, changed.unfolded) == (Extent(turns=1, summaries=1), BOTH, HERE_ALONE)
        store = await kept.crash()
        assert (await texts(store), await quotes(store), await summary(store)) == (
            ["what of that?"],
            ["never mind"],
            "",
        )
        assert [waiting.inbound.reply_to for waiting in await pending(store, THREAD)] == [quote_of(SAFE)]
        assert not await store.scrub(at_most=1)
        assert await amend(store, SAFE) == frozenset()
        assert await accept(store, SAFE) is not None, "it is still not taken in"

    async def test_what_the_bot_repeats_of_a_quotation_goes_where_it_is_quoted(self, store: Store) -> None:
        await talk(store, SECRET)
        await talk(store, message(2, "K9 or that?", "bob", THREAD, quote_of(SECRET)), "K7, Bob")
        await talk(store, message(3, "and?", "bob", THREAD), "not K9")

        assert await amend(store, SAFE) == BOTH

        assert await texts(store, THREAD) == ["K9 or that?", "and?", "not K9"]

    async def test_how_a_quotation_tells_of_files_is_nobodys_word(self, store: Store) -> None:
        said = replace(SECRET, attachments=(Attachment("map.png", "image/png", 5),))
        quote = replace(quote_of(SECRET), text="my code is K7 [attached: map.png]")
        await talk(store, said)
        await talk(store, message(2, "look", "bob", THREAD, quote), "a map is attached")

        assert await amend(store, replace(said, edited_at=moment(50))) == frozenset()
        assert await quotes(store, THREAD) == ["my code is K7 [attached: map.png]"]

        assert await amend(store, replace(said, text="never mind", edited_at=moment(60))) == BOTH
        assert await quotes(store, THREAD) == ["never mind"]
        assert await texts(store, THREAD) == ["look", "a map is attached"]

    async def test_the_name_before_the_words_of_what_is_shared_stays(self, store: Store) -> None:
        shared = replace(quote_of(SECRET), author_name="", text="Ann Lee: my code is K7")
        await talk(store, message(2, "look", "bob", quote=shared), "thanks, Ann Lee")
        await talk(store, message(3, "and?", "bob"), "it is K7")

        await amend(store, SAFE)

        assert await quotes(store) == ["Ann Lee: never mind"]
        assert await texts(store) == ["look", "thanks, Ann Lee", "and?"]

    @pytest.mark.parametrize("text", ["", "before\x00after", "cut \ud83d", '"quoted"\\n', "x" * 100_000], ids=ascii)
    async def test_a_message_may_be_edited_to_anything(self, store: Store, text: str) -> None:
        long = message(1, "y" * 200_000)
        await talk(store, long)
        await talk(store, message(2, "look", "bob", quote=quote_of(long)))
        await accept(store, message(3, "and look", "bob", quote=quote_of(long)))
        whole = text.replace("\ud83d", "\ufffd")

        assert await amend(store, message(1, text)) == HERE_ALONE

        assert await texts(store) == [whole, "look"]
        assert await quotes(store) == [whole]
        assert [waiting.inbound.reply_to for waiting in await pending(store)] == [quote_of(message(1, whole))]

    async def test_a_summary_made_of_the_old_words_falls_back_to_the_one_before(self, store: Store) -> None:
        await talk(store, message(0, "hello", "bob"))
        await fold(store, HERE, "bob said hello")
        await talk(store, SECRET)
        await fold(store, HERE, "ann's code is K7")
        await talk(store, message(2, "look", "bob", THREAD, quote_of(SECRET)))
        await fold(store, THERE, "bob quotes K7")

        await amend(store, SAFE)

        thread = await store.load(HERE, AFTER_SUMMARY)
        assert thread.summary
        assert thread.summary.text == "bob said hello"
        assert [turn.text for turn in thread.turns] == ["never mind"]
        assert await summary(store, THREAD) == ""

    async def test_a_summary_from_before_stays(self, store: Store) -> None:
        await talk(store, message(0, "hello", "bob"))
        await fold(store, HERE, "bob said hello")
        await talk(store, SECRET)

        await amend(store, SAFE)

        assert await summary(store) == "bob said hello"

    async def test_what_was_never_taken_in_is_unknown(self, store: Store) -> None:
        assert await amend(store, SAFE) == frozenset()

        for number, place in enumerate(ELSEWHERE):
            await talk(store, replace(SECRET, place=place))
            await accept(store, message(10 + number, "look", "bob", place, quote_of(SECRET)))
        assert await amend(store, SAFE) == frozenset()
        for place in ELSEWHERE:
            assert await texts(store, place) == ["my code is K7"]
            assert [waiting.inbound.reply_to for waiting in await pending(store, place)] == [quote_of(SECRET)]

    async def test_the_same_id_elsewhere_is_another_message(self, store: Store) -> None:
        for number, place in enumerate((GENERAL, *ELSEWHERE)):
            await talk(store, replace(SECRET, place=place))
            await talk(store, message(10 + number, "look", "bob", place, quote_of(SECRET)))
            await accept(store, message(20 + number, "and look", "bob", place, quote_of(SECRET)))

        # What waits in the same server may be under way with the old words in its prompt.
        assert await amend(store, SAFE) == frozenset({HERE, conversation_at(ELSEWHERE[0])})

        for place in ELSEWHERE:
            assert await texts(store, place) == ["my code is K7", "look"]
            assert await quotes(store, place) == ["my code is K7"]
            assert [waiting.inbound.reply_to for waiting in await pending(store, place)] == [quote_of(SECRET)]

    @pytest.mark.parametrize("settled", [False, True])
    async def test_an_edit_that_changes_no_word_changes_nothing(self, store: Store, settled: bool) -> None:
        _, exchange = await wait_for(store, SECRET)
        if settled:
            await store.record(exchange)
            await fold(store, HERE, "ann's code is K7")

        assert await amend(store, replace(SECRET, edited_at=moment(60))) == frozenset()

        assert await epoch_of(store) == exchange.epoch
        assert await summary(store) == ("ann's code is K7" if settled else "")

    @pytest.mark.parametrize(
        "forgetting", [Forgetting(GENERAL, NOW), Forgetting(GENERAL, NOW, messages=("1",))], ids=["all", "deleted"]
    )
    async def test_what_was_forgotten_does_not_come_back_by_an_edit(self, store: Store, forgetting: Forgetting) -> None:
        await talk(store, SECRET, "noted")
        await forget(store, forgetting)
        before = await store.load(HERE, EVERYTHING)

        assert await amend(store, SAFE) == frozenset()

        assert await store.load(HERE, EVERYTHING) == before
        assert await pending(store) == ()

    async def test_a_forgotten_quotation_does_not_come_back_by_an_edit(self, store: Store) -> None:
        await talk(store, SECRET)
        quoting = message(2, "look", "bob", quote=quote_of(SECRET))
        await accept(store, quoting)
        await forget(store, Forgetting(GENERAL, NOW, user="ann"))

        assert await amend(store, quoting) == frozenset()
        await amend(store, replace(quoting, text="look here"))

        assert [(found.inbound.text, found.inbound.reply_to) for found in await pending(store)] == [("look here", None)]

    async def test_the_answer_to_a_message_stays_as_it_was_said(self, store: Store) -> None:
        await talk(store, SECRET, "noted")

        await amend(store, replace(SAFE, message_id="re:1"))

        assert await texts(store) == ["my code is K7", "noted"]
