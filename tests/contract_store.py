"""What every Store has to keep: the inbox and the transcript; forgetting is in `contract_forgetting.py`.

A subclass gives the fixture `kept`; its tests run on real files.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from memory.ports import Store
from memory.types import (
    MESSAGE_TOKENS,
    Access,
    Attachment,
    Decision,
    Exchange,
    Person,
    Place,
    Quote,
    Standing,
    Thread,
    Visibility,
    Window,
)
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
    fold,
    fold_of,
    message,
    moment,
    pending,
    talk,
    texts,
    turn_of,
    wait_for,
)

HERE = conversation_at(GENERAL)
ODD_TEXTS = (
    "plain",
    "",
    " \n\t ",
    "Robert'); DROP TABLE turns;--",
    "日本語 עברית 👩‍👩‍👧‍👦 e\u0301 \u2028 \ufeff",
    "before\x00after",
    "x" * 100_000,
)
LOUD = replace(
    message(1, "look @Bob"),
    aside=True,
    visibility=Visibility.PRIVATE,
    private=True,
    mentions=(Person("bob", "Bob 'B' \"x\""), Person("\u200b", "名前")),
    attachments=(Attachment("a,b].png", "image/png", 2**40), Attachment("", "", 0)),
    reply_to=Quote("0", "bob", "Bob", 'he said "yes"\n\\n', moment(-0.000001)),
)


class StoreContract:
    """The tests of a Store; each opens a memory of its own."""

    @pytest.fixture
    def kept(self, tmp_path: Path) -> Kept:
        """The memory under test."""
        raise NotImplementedError

    @pytest.fixture
    async def store(self, kept: Kept) -> AsyncIterator[Store]:
        """The memory under test, open."""
        yield await kept.open()
        await kept.close()

    # ---- the inbox

    async def test_a_message_waits_as_it_was_sent(self, store: Store, kept: Kept) -> None:
        taken = await accept(store, LOUD, Decision.REMEMBER)

        [waiting] = await pending(await kept.open())
        assert (waiting.id, waiting.inbound) == (taken, LOUD)
        assert (waiting.conversation, waiting.decision, waiting.posts) == (HERE, Decision.REMEMBER, ())

    @pytest.mark.parametrize("text", ODD_TEXTS, ids=ascii)
    async def test_no_letter_of_any_text_is_lost(self, store: Store, text: str) -> None:
        odd = replace(
            LOUD,
            text=text,
            author_name=text,
            mentions=(Person("bob", text),),
            attachments=(Attachment(text, text, 1),),
            reply_to=Quote("0", "bob", text, text, moment(0)),
        )
        waiting, exchange = await wait_for(store, odd)
        assert [found.inbound for found in await pending(store)] == [odd]

        assert await store.record(replace(exchange, answer=answer_to(odd, text)))

        assert waiting
        heard, said = (await store.load(HERE, EVERYTHING)).turns
        assert replace(heard, id=0) == turn_of(odd)
        assert replace(said, id=0) == answer_to(odd, text)

    async def test_half_a_character_becomes_a_replacement_mark_and_two_halves_become_whole(self, store: Store) -> None:
        broken, whole = "cut \ud83d, split \ud83d\ude00", "cut \ufffd, split \U0001f600"
        odd = replace(
            message(1, broken),
            author_name=broken,
            attachments=(Attachment(broken, "x", 1),),
            reply_to=Quote("0", "bob", "Bob", broken, moment(0)),
        )

        _, exchange = await wait_for(store, odd)
        [waiting] = await pending(store)
        assert (waiting.inbound.text, waiting.inbound.author_name) == (whole, whole)
        assert await store.record(replace(exchange, answer=answer_to(odd, broken)))

        heard, said = (await store.load(HERE, EVERYTHING)).turns
        assert (heard.text, heard.author_name, said.text) == (whole, whole, whole)
        assert heard.attachments[0].name == whole
        assert heard.quote
        assert heard.quote.text == whole
        assert await fold(store, HERE, broken)
        thread = await store.load(HERE, AFTER_SUMMARY)
        assert thread.summary
        assert thread.summary.text == whole

    async def test_a_message_is_taken_in_once(self, store: Store, kept: Kept) -> None:
        first = await asyncio.gather(*(accept(store, message(1, "hello")) for _ in range(10)))

        assert sum(taken is not None for taken in first) == 1
        assert await accept(await kept.open(), message(1, "hello")) is None
        assert kept.store
        assert len(await pending(kept.store)) == 1

    async def test_the_same_id_elsewhere_is_another_message(self, store: Store) -> None:
        places = [
            GENERAL,
            replace(GENERAL, channel="random"),
            replace(GENERAL, space="other"),
            replace(GENERAL, platform="slack"),
        ]

        assert None not in [await accept(store, message(1, "hello", place=place)) for place in places]

    async def test_a_remembered_message_that_comes_again_addressed_is_answered(self, store: Store) -> None:
        first = replace(message(1, "hello"), addressed=False)
        taken = await accept(store, first, Decision.REMEMBER)

        assert await accept(store, message(1, "hello")) == taken

        [waiting] = await pending(store)
        assert (waiting.decision, waiting.inbound) == (Decision.ANSWER, message(1, "hello"))

    async def test_it_is_answered_also_when_it_was_in_the_transcript_already(self, store: Store) -> None:
        _, exchange = await wait_for(store, replace(message(1, "hello"), addressed=False), Decision.REMEMBER)
        await store.record(exchange)
        assert await pending(store) == ()

        taken = await accept(store, message(1, "hello"))

        [waiting] = await pending(store)
        assert (waiting.id, waiting.inbound.text) == (taken, "hello")
        await store.record(replace(exchange, answer=answer_to(message(1, "hello"), "hi")))
        assert await texts(store) == ["hello", "hi"]

    async def test_a_message_can_be_taken_in_and_its_thread_be_read_at_once(self, store: Store) -> None:
        await talk(store, message(1, "hello"), "hi")
        read: list[Thread] = []
        said = (message(2, "and?"), HERE, Decision.ANSWER, EVERYTHING, None, read.append)
        taken = await store.accept_and_load(*said)
        assert await store.accept_and_load(*said) is None

        assert [waiting.id for waiting in await pending(store)] == [taken]
        assert read == [await store.load(HERE, EVERYTHING)]

    @pytest.mark.parametrize("settled", [False, True])
    async def test_a_message_to_answer_never_comes_twice(self, store: Store, settled: bool) -> None:
        _, exchange = await wait_for(store, message(1, "hello"))
        if settled:
            await store.record(exchange)

        for decision in (Decision.REMEMBER, Decision.ANSWER):
            assert await accept(store, message(1, "hello"), decision) is None
        assert len(await pending(store)) == (0 if settled else 1)

    async def test_messages_wait_in_the_order_in_which_they_were_sent(self, store: Store) -> None:
        for number in (3, 1, 2):
            await accept(store, message(number, "x"), Decision.REMEMBER if number == 1 else Decision.ANSWER)

        assert [waiting.inbound.message_id for waiting in await pending(store)] == ["1", "2", "3"]

    async def test_a_lane_is_handed_a_bounded_number_and_in_the_end_all(self, store: Store) -> None:
        for number in range(120):
            await accept(store, message(number, "x"))

        handed: list[str] = []
        while waiting := await pending(store):
            assert len(waiting) <= 100
            handed += [message.inbound.message_id for message in waiting]
            settles = tuple(message.id for message in waiting)
            assert await store.record(Exchange(HERE, 0, Access(Visibility.PUBLIC), settles, ()))
        assert handed == [str(number) for number in range(120)]

    async def test_a_command_waits_for_no_lane_and_is_settled_once(self, store: Store, kept: Kept) -> None:
        taken = await accept(store, message(1, "!help"), Decision.COMMAND)
        assert taken is not None
        assert await pending(store) == ()
        assert [waiting.id for waiting in await store.unsettled()] == [taken]

        await store.settle(taken, "")

        store = await kept.open()
        assert await store.unsettled() == ()
        assert await accept(store, message(1, "!help"), Decision.COMMAND) is None

    async def test_a_start_takes_up_the_oldest_of_every_conversation_and_every_command(
        self, store: Store, kept: Kept
    ) -> None:
        for number, place in enumerate((GENERAL, GENERAL, THREAD, THREAD), start=1):
            await accept(store, message(number, "x", place=place))
        for number in (5, 6):
            await accept(store, message(number, "!help"), Decision.COMMAND)
        await talk(store, message(7, "x", place=replace(GENERAL, channel="quiet")), "y")

        unsettled = await (await kept.open()).unsettled()

        assert [waiting.inbound.message_id for waiting in unsettled] == ["1", "3", "5", "6"]
        assert [waiting.conversation for waiting in unsettled] == [HERE, conversation_at(THREAD), HERE, HERE]

    async def test_the_posts_of_a_reply_are_remembered_part_by_part(self, store: Store, kept: Kept) -> None:
        taken = await accept(store, message(1, "hello"))
        assert taken is not None
        for part, post in ((1, "b"), (0, "a"), (1, "c")):
            await store.note_post(taken, part, post)

        assert [waiting.posts for waiting in await pending(await kept.open())] == [("a", "c")]

    # ---- the transcript

    async def test_an_unknown_conversation_is_empty(self, store: Store) -> None:
        assert await store.load(HERE, EVERYTHING) == Thread(HERE, epoch=0)
        assert await store.load_oldest(HERE, 100) == Thread(HERE, epoch=0)
        assert await store.pending(HERE) == ()
        assert await store.standing(HERE) == Standing(None, 0, 0, 0, None, None)
        await store.retract(HERE, "re:1")

    async def test_turns_come_back_in_order_after_a_restart(self, store: Store, kept: Kept) -> None:
        for number in range(1, 4):
            await talk(store, message(number, f"question {number}"), f"answer {number}")
        before = await store.load(HERE, EVERYTHING)

        assert [turn.text for turn in before.turns] == [f"{what} {n}" for n in (1, 2, 3) for what in WHAT]
        assert [turn.id for turn in before.turns] == sorted({turn.id for turn in before.turns})
        assert await (await kept.open()).load(HERE, EVERYTHING) == before

    async def test_the_newest_turns_are_loaded_until_a_bound_is_passed(self, store: Store) -> None:
        for number in range(10):
            await talk(store, message(number, f"{number} " + "x " * (10 - MESSAGE_TOKENS - 1)))

        async def loaded(window: Window) -> tuple[str, int]:
            thread = await store.load(HERE, window)
            return "".join(turn.text[0] for turn in thread.turns), thread.unread

        assert await loaded(Window(25, 100, 100)) == ("789", 7)
        assert await loaded(Window(30, 100, 100)) == ("6789", 6)
        assert await loaded(Window(1000, 4, 100)) == ("6789", 6)
        assert await loaded(Window(1000, 100, 100)) == ("0123456789", 0)
        assert await loaded(Window(25, 100, turn_tokens=2)) == ("456789", 4)

    async def test_only_what_the_summary_does_not_cover_is_loaded(self, store: Store) -> None:
        for number in range(4):
            await talk(store, message(number, f"turn {number}"))
        turns = (await store.load(HERE, EVERYTHING)).turns
        made = fold_of(HERE, "so far", turns[1].id, None)
        assert await store.save_fold(made)

        thread = await store.load(HERE, AFTER_SUMMARY)
        assert (thread.summary, thread.turns, thread.unread) == (made.summary, turns[2:], 0)
        thread = await store.load(HERE, Window(0, 1, 10))
        assert (thread.turns, thread.unread) == (turns[3:], 1)
        thread = await store.load(HERE, EVERYTHING)
        assert (thread.summary, thread.turns) == (None, turns)
        oldest = await store.load_oldest(HERE, 1)
        assert (oldest.summary, oldest.turns, oldest.unread) == (made.summary, turns[2:3], 1)
        assert (await store.load_oldest(HERE, 1000)).turns == turns[2:]

    async def test_what_was_heard_twice_is_one_turn(self, store: Store) -> None:
        _, exchange = await wait_for(store, message(1, "hello"))

        assert await store.record(exchange)
        assert await store.record(exchange)

        assert await texts(store) == ["hello"]

    async def test_a_passed_epoch_writes_nothing(self, store: Store) -> None:
        taken, exchange = await wait_for(store, message(1, "hello"))
        late = replace(exchange, epoch=exchange.epoch + 1, answer=answer_to(message(1, ""), "hi"), usage=USAGE)

        assert not await store.record(late)
        assert not await store.save_fold(fold_of(HERE, "no", 1, None, epoch=exchange.epoch + 1))

        assert [waiting.id for waiting in await pending(store)] == [taken]
        assert await store.load(HERE, AFTER_SUMMARY) == Thread(HERE, epoch=0)
        assert await store.usages("model", 10) == ()

    async def test_a_place_where_somebody_waits_for_an_answer_counts_as_joined(self, store: Store) -> None:
        _, exchange = await wait_for(store, message(1, "hello"))
        assert await store.joined(GENERAL, moment(3600))
        assert not await store.joined(THREAD, moment(3600))

        await store.record(exchange)

        assert not await store.joined(GENERAL, moment(3600))

    async def test_an_answer_that_could_not_be_said_is_taken_back_alone(self, store: Store) -> None:
        await talk(store, message(1, "hello"), "hi")
        await talk(store, message(2, "how are you"), "fine")

        await store.retract(HERE, "re:2")
        await store.retract(HERE, "1")

        assert await texts(store) == ["hello", "hi", "how are you"]

    async def test_a_fold_replaces_only_the_version_that_it_was_made_from(self, store: Store) -> None:
        await talk(store, message(1, "hello"), "hi")
        first, second = (turn.id for turn in (await store.load(HERE, EVERYTHING)).turns)
        one = fold_of(HERE, "one", first, None)
        two = fold_of(HERE, "two", second, one.summary)

        assert not await store.save_fold(two)
        saved = await asyncio.gather(*(store.save_fold(one) for _ in range(5)))
        assert sorted(saved) == [False] * 4 + [True]
        assert await store.save_fold(two)
        assert not await store.save_fold(two)

        assert (await store.load(HERE, AFTER_SUMMARY)).summary == two.summary
        assert len(await store.usages("model", 10)) == 1 + 2

    async def test_usages_are_the_newest_that_a_server_reported(self, store: Store, kept: Kept) -> None:
        reported = [replace(USAGE, prompt_tokens=number) for number in (1, 2, 3)]
        for number, usage in enumerate([*reported, replace(USAGE, prompt_tokens=0), replace(USAGE, model="other")]):
            _, exchange = await wait_for(store, message(number, "x"))
            assert await store.record(replace(exchange, usage=usage))

        store = await kept.open()
        assert await store.usages("model", 2) == (reported[2], reported[1])
        assert await store.usages("model", 9) == tuple(reversed(reported))
        assert await store.usages("unknown", 9) == ()

    async def test_the_bot_has_joined_where_it_spoke_to_anybody(self, store: Store, kept: Kept) -> None:
        await talk(store, message(1, "hello", place=THREAD), "hi", user="ann")
        await talk(store, message(2, "nobody answers", place=GENERAL))

        store = await kept.open()
        assert await store.joined(THREAD, moment(3600))
        assert not await store.joined(GENERAL, moment(3600))
        for elsewhere in ("platform", "space", "channel", "thread"):
            assert not await store.joined(_moved(THREAD, elsewhere), moment(3600))

    async def test_conversations_are_kept_apart(self, store: Store) -> None:
        places = [THREAD, *(_moved(THREAD, field) for field in ("platform", "space", "channel", "thread"))]
        for number, place in enumerate(places):
            for user in ("", "ann", "bob"):
                inbound = message(10 * number + len(user) + (user == "bob"), f"{place} {user}", place=place)
                await talk(store, inbound, user=user)

        for place in places:
            for user in ("", "ann", "bob"):
                assert await texts(store, place, user) == [f"{place} {user}"]

    async def test_standing_tells_what_lies_behind_and_after_the_summary(self, store: Store) -> None:
        for number in range(1, 5):
            await talk(store, message(number, "three little words"))
        assert (await store.standing(HERE)).after == 4
        assert (await store.standing(HERE, turn_tokens=1)).after_tokens == 4 * (1 + MESSAGE_TOKENS)
        turns = (await store.load(HERE, EVERYTHING)).turns
        made = fold_of(HERE, "so far", turns[2].id, None)
        await store.save_fold(made)

        assert await store.standing(HERE) == Standing(made.summary, 3, 1, 3 + MESSAGE_TOKENS, moment(1), moment(3))


WHAT = ("question", "answer")


def _moved(place: Place, field: str) -> Place:
    """The same place but for one of its parts."""
    return replace(place, **{field: "elsewhere"})
