"""What every Store has to know of time: when a platform was heard, what was said since, what expires, what is spent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from memory.forgetting import find_echo
from memory.ports import Store
from memory.types import (
    Attachment,
    Conversation,
    Decision,
    Extent,
    Forgetting,
    Inbound,
    Place,
    Scope,
    Spent,
    Stored,
    Usage,
    Visibility,
    spenders,
)
from tests.kept import (
    AFTER_SUMMARY,
    GENERAL,
    ONE,
    THREAD,
    USAGE,
    Kept,
    accept,
    answer_to,
    conversation_at,
    epoch_of,
    fold,
    forget,
    message,
    moment,
    pending,
    quote_of,
    summary,
    talk,
    texts,
    wait_for,
)

HERE = conversation_at(GENERAL)
RANDOM = replace(GENERAL, channel="random")
SLACK = Place("slack", "team", "general")
DIRECT = Place("discord", "@me", "ann")
DAY = timedelta(days=1)
TOKENS = USAGE.prompt_tokens + USAGE.completion_tokens

FILES = (Attachment("plan.pdf", "application/pdf", 12),)


async def say(store: Store, inbound: Inbound, answer: str, *posts: str) -> None:
    """A whole turn whose answer stands in these posts and is known to have been said."""
    waiting, exchange = await wait_for(store, inbound)
    for part, post in enumerate(posts):
        await store.note_post(waiting, part, post)
    assert await store.record(replace(exchange, answer=answer_to(inbound, answer)))
    store.said(waiting)


async def spend(store: Store, inbound: Inbound, usage: Usage = USAGE) -> None:
    """Take a message in and record what its answer took."""
    _, exchange = await wait_for(store, inbound)
    assert await store.record(replace(exchange, usage=usage))


async def spent(
    store: Store,
    author: str = "ann",
    conversation: Conversation = HERE,
    visibility: Visibility = Visibility.PUBLIC,
) -> Mapping[Scope, int]:
    """The tokens that count against an author in a conversation."""
    found = await store.spent(spenders(conversation, author, visibility))
    return {scope: each.tokens for scope, each in found.items()}


class AbsenceContract:
    """The tests of a Store's sense of time; the fixture `kept` is that of `StoreContract`."""

    @pytest.fixture
    async def store(self, kept: Kept) -> AsyncIterator[Store]:
        """The memory under test, open."""
        yield await kept.open()
        await kept.close()

    # ---- heartbeats

    async def test_when_a_platform_was_last_heard_outlives_a_crash(self, store: Store, kept: Kept) -> None:
        assert await store.heard_until("discord") is None
        await store.beat(["discord", "slack"], ONE)
        await store.beat(["slack"], ONE + timedelta(seconds=20))

        store = await kept.crash()
        assert await store.heard_until("discord") == ONE
        assert await store.heard_until("slack") == ONE + timedelta(seconds=20)
        assert await store.heard_until("terminal") is None

    # ---- places

    async def test_the_places_where_people_talked_lately_come_most_recent_first(self, store: Store, kept: Kept) -> None:
        await talk(store, message(1, "long ago", place=replace(GENERAL, channel="quiet")))
        for number, place, user in ((2, GENERAL, "ann"), (3, THREAD, ""), (4, RANDOM, ""), (5, GENERAL, "bob")):
            await talk(store, message(number, "hello", place=place), user=user)
        await talk(store, message(6, "hello", place=SLACK))

        store = await kept.open()
        assert await store.places("discord", moment(2), 9) == (GENERAL, RANDOM, THREAD)
        assert await store.places("discord", moment(4), 9) == (GENERAL, RANDOM)
        assert await store.places("discord", moment(0), 2) == (GENERAL, RANDOM)
        assert await store.places("slack", moment(0), 9) == (SLACK,)
        assert await store.places("terminal", moment(0), 9) == ()

    async def test_where_somebody_waits_comes_first_be_there_no_turn_yet(self, store: Store, kept: Kept) -> None:
        """What was deleted there while the bot was away is not to be answered."""
        new, quiet = replace(GENERAL, channel="new"), replace(GENERAL, channel="quiet")
        await talk(store, message(3, "hello", place=RANDOM))
        await talk(store, message(4, "hello"))
        await accept(store, message(1, "waits", place=quiet))
        await accept(store, message(5, "waits", place=new))
        await accept(store, message(2, "remember this", place=THREAD), Decision.REMEMBER)
        await accept(store, message(6, "waits, too", place=RANDOM))
        await accept(store, message(7, "!help", place=replace(GENERAL, channel="commands")), Decision.COMMAND)
        await accept(store, message(8, "waits", place=SLACK))

        store = await kept.crash()
        assert await store.places("discord", moment(0), 9) == (RANDOM, THREAD, new, quiet, GENERAL)
        assert await store.places("discord", moment(2), 9) == (RANDOM, THREAD, new, GENERAL)
        assert await store.places("discord", moment(0), 2) == (RANDOM, THREAD)

    # ---- what is known of a place

    async def test_what_people_said_in_a_place_is_known_with_its_answers(self, store: Store, kept: Kept) -> None:
        await say(store, message(1, "long ago"), "hi", "x")
        await say(store, message(2, "hello"), "hi", "a", "b")
        await talk(store, replace(message(3, "nobody answers"), attachments=FILES), user="bob")
        await accept(store, replace(message(4, "waits"), attachments=FILES))
        await accept(store, message(5, "!help"), Decision.COMMAND)
        for place in (THREAD, RANDOM, replace(GENERAL, space="other"), SLACK):
            await talk(store, message(2, "elsewhere", place=place) if place != THREAD else message(6, "x", place=place))

        known = await (await kept.crash()).stored(GENERAL, moment(2))

        assert set(known) == {
            Stored("2", "hello", moment(2), ("a", "b")),
            Stored("3", "nobody answers", moment(3), attachments=FILES),
            Stored("4", "waits", moment(4), attachments=FILES),
        }

    async def test_the_posts_of_an_answer_are_known_only_as_long_as_all_of_it_stands(
        self, store: Store, kept: Kept
    ) -> None:
        """One that is owed may not stand there yet, one that was forgotten is no business any more."""
        await talk(store, message(1, "hello"), "hi")
        for number in (2, 3):
            await say(store, message(number, "hello"), "hi", f"post-{number}")
        await store.retract(HERE, "re:2")

        store = await kept.open()
        assert {each.message_id: each.posts for each in await store.stored(GENERAL, moment(0))} == {
            "1": (),
            "2": (),
            "3": ("post-3",),
        }

    async def test_what_is_told_of_a_place_is_bounded_to_the_newest(self, store: Store) -> None:
        for number in range(700):
            await accept(store, message(number, "x"))

        known = await store.stored(GENERAL, moment(0))

        assert len(known) < 700
        assert {each.message_id for each in known} == {str(number) for number in range(700 - len(known), 700)}

    async def test_what_came_too_late_to_be_answered_is_not_answered_when_it_comes_again(self, store: Store) -> None:
        """Unlike what came first without being for the bot: it was for the bot, and only remembered."""
        await accept(store, message(1, "anybody there?"), Decision.REMEMBER)

        assert await accept(store, message(1, "anybody there?")) is None

        assert [waiting.decision for waiting in await pending(store)] == [Decision.REMEMBER]

    # ---- joining

    async def test_the_bot_has_a_part_in_a_place_since_it_was_asked_there(self, store: Store, kept: Kept) -> None:
        await talk(store, message(5, "hello", place=THREAD), "hi")

        store = await kept.crash()
        assert not await store.joined(THREAD, moment(5))
        assert await store.joined(THREAD, moment(5.1))
        assert await store.joined(THREAD, moment(60))

    async def test_it_has_one_too_where_it_could_only_say_why_it_did_not_answer(self, store: Store) -> None:
        _, exchange = await wait_for(store, message(5, "hello", place=THREAD))
        await store.record(replace(exchange, sentence="I can't reach my model."))

        assert not await store.joined(THREAD, moment(5))
        assert await store.joined(THREAD, moment(5.1))

    async def test_a_question_that_waits_counts_from_when_it_was_sent(self, store: Store) -> None:
        await accept(store, message(5, "hello", place=THREAD))
        await accept(store, message(3, "remember this", place=THREAD), Decision.REMEMBER)

        assert not await store.joined(THREAD, moment(5))
        assert await store.joined(THREAD, moment(5.1))

    async def test_an_older_question_that_is_answered_later_counts_too(self, store: Store) -> None:
        for number in (5, 3, 7):
            await talk(store, message(number, "hello", place=THREAD), "hi")

        assert not await store.joined(THREAD, moment(3))
        assert await store.joined(THREAD, moment(3.1))

    # ---- what expires

    async def test_turns_expire_and_what_was_summed_up_of_them_stays(self, store: Store, kept: Kept) -> None:
        await talk(store, message(1, "hello"), "hi")
        await talk(store, message(2, "my code is K7", place=THREAD))
        await fold(store, HERE, "hello was said")
        await talk(store, message(5, "and now?"), "yes")
        await accept(store, message(0, "waits"))

        assert await store.prune(moment(5)) == 3

        store = await kept.crash()
        assert await texts(store) == ["and now?", "yes"]
        assert await texts(store, THREAD) == []
        thread = await store.load(HERE, AFTER_SUMMARY)
        assert thread.summary
        assert (thread.summary.text, thread.unread, thread.epoch) == ("hello was said", 0, 0)
        assert [waiting.inbound.text for waiting in await pending(store)] == ["waits"]
        assert not await store.scrub(at_most=1)

    async def test_a_summary_whose_last_answer_was_taken_back_expires_with_what_it_covers(self, store: Store) -> None:
        """Not as late as if it had been said when it was made."""
        await talk(store, message(1, "hello"), "hi")
        await fold(store, conversation_at(GENERAL), "they greeted")
        await store.retract(conversation_at(GENERAL), "re:1")

        assert await store.prune_summaries(moment(1.5)) == 0
        assert await store.prune_summaries(moment(1.6)) == 1

    async def test_what_has_expired_is_not_taken_in_again(self, store: Store) -> None:
        await talk(store, message(1, "hello"), "hi")
        await store.prune(moment(5))

        assert await accept(store, message(1, "hello")) is None
        assert await pending(store) == ()

    async def test_where_nothing_expires_no_scrub_is_due(self, store: Store) -> None:
        await talk(store, message(5, "hello"), "hi")

        assert await store.prune(moment(5)) == 0

        assert await texts(store) == ["hello", "hi"]
        assert await store.scrub(at_most=1)

    async def test_who_is_forgotten_goes_from_summaries_of_what_has_expired(self, store: Store) -> None:
        for number, who in ((1, "ann"), (2, "bob")):
            place = replace(THREAD, thread=who)
            await talk(store, message(number, f"{who}'s code is K{number}", who, place))
            await fold(store, conversation_at(place), f"{who} has a code")
            await talk(store, message(100 + number, "and on", "cleo", place))
        await store.prune(moment(50))

        gone = await forget(store, Forgetting(GENERAL, moment(1000), user="ann"))

        assert (gone, gone.touched) == (
            Extent(summaries=1, conversations=1),
            frozenset({conversation_at(replace(THREAD, thread="ann"))}),
        )
        assert await summary(store, replace(THREAD, thread="bob")) == "bob has a code"
        assert await epoch_of(store, replace(THREAD, thread="ann")) == 1
        assert await forget(store, Forgetting(GENERAL, moment(1000), user="ann")) == Extent()

    async def test_the_bots_answers_to_what_has_expired_go_with_its_author(self, store: Store) -> None:
        await talk(store, message(1, "my code is K7", quote=quote_of(message(0, "x", "bob"))), "noted")
        await store.prune(moment(1.2))
        assert await texts(store) == ["noted"]

        await forget(store, Forgetting(GENERAL, moment(1000), user="ann"))

        assert await texts(store) == []

    # ---- what was spent

    async def test_tokens_count_for_the_user_the_space_and_in_all(self, store: Store, kept: Kept) -> None:
        await spend(store, message(1, "hello"))
        await spend(store, message(2, "hello", "bob", THREAD))
        await spend(store, message(3, "hello", "ann", replace(GENERAL, space="other")))
        await spend(store, replace(message(4, "hello", "ann", DIRECT), visibility=Visibility.DIRECT))
        await spend(store, message(5, "hello", "ann", SLACK))

        store = await kept.crash()
        assert await spent(store) == {Scope.USER: 3 * TOKENS, Scope.SPACE: 2 * TOKENS, Scope.ALL: 5 * TOKENS}
        assert await spent(store, "bob") == {Scope.USER: TOKENS, Scope.SPACE: 2 * TOKENS, Scope.ALL: 5 * TOKENS}
        assert await spent(store, "cleo", conversation_at(DIRECT), Visibility.DIRECT) == {
            Scope.USER: 0,
            Scope.ALL: 5 * TOKENS,
        }
        assert await spent(store, "ann", conversation_at(SLACK)) == {
            Scope.USER: TOKENS,
            Scope.SPACE: TOKENS,
            Scope.ALL: 5 * TOKENS,
        }

    async def test_a_direct_message_within_a_workspace_does_not_count_for_it_nor_does_its_fold(
        self, store: Store
    ) -> None:
        """Slack's direct messages have their workspace as their space."""
        direct = replace(SLACK, channel="D1")
        await spend(store, message(1, "hello", "ann", SLACK))
        await spend(store, replace(message(2, "hello", "ann", direct), visibility=Visibility.DIRECT))
        await fold(store, conversation_at(direct), "hello was said")

        assert await spent(store, "ann", conversation_at(SLACK)) == {
            Scope.USER: 2 * TOKENS,
            Scope.SPACE: TOKENS,
            Scope.ALL: 3 * TOKENS,
        }

    async def test_a_fold_is_nobodys_own(self, store: Store) -> None:
        await talk(store, message(1, "hello"))
        await fold(store, HERE, "hello was said")

        assert await spent(store) == {Scope.USER: 0, Scope.SPACE: TOKENS, Scope.ALL: TOKENS}

    async def test_a_prompt_that_no_server_counted_counts_as_it_was_counted_here(self, store: Store) -> None:
        await spend(store, message(1, "hello"), replace(USAGE, prompt_tokens=0, completion_tokens=7))

        assert await spent(store) == dict.fromkeys(Scope, USAGE.counted + 7)

    async def test_what_is_not_recorded_is_not_spent(self, store: Store) -> None:
        _, exchange = await wait_for(store, message(1, "hello"))
        assert not await store.record(replace(exchange, epoch=exchange.epoch + 1, usage=USAGE))

        assert await spent(store) == dict.fromkeys(Scope, 0)

    async def test_a_day_begins_anew_and_a_limit_is_lifted_for_a_day(self, store: Store, kept: Kept) -> None:
        await spend(store, message(1, "hello"))
        keys = spenders(HERE, "ann", Visibility.PUBLIC)
        await store.lift(Scope.USER, keys[Scope.USER])
        await store.lift(Scope.SPACE, "discord:other")
        await spend(store, message(2, "hello"))

        today = await (await kept.crash()).spent(keys)
        assert today[Scope.USER] == Spent(2 * TOKENS, lifted=True)
        assert today[Scope.SPACE] == today[Scope.ALL] == Spent(2 * TOKENS)

        kept.now += DAY
        store = await kept.open()
        assert await store.spent(keys) == dict.fromkeys(keys, Spent())
        await spend(store, message(3, "hello"))
        assert await spent(store) == dict.fromkeys(Scope, TOKENS)

    async def test_of_who_has_only_spent_it_is_said_that_records_of_that_go(self, store: Store, kept: Kept) -> None:
        await spend(store, message(1, "hello"))
        await forget(store, Forgetting(GENERAL, kept.now, user="ann"))
        kept.now += DAY
        store = await kept.open()
        everywhere = Forgetting(Place("discord", "", ""), kept.now, user="ann")

        found = await store.extent(everywhere, find_echo)

        assert found
        assert found == await forget(store, everywhere) == Extent(traces=2)
        assert not await store.extent(everywhere, find_echo)

    async def test_a_limit_can_be_lifted_before_anything_was_spent(self, store: Store) -> None:
        await store.lift(Scope.ALL, "")
        await store.lift(Scope.ALL, "")

        assert await store.spent({Scope.ALL: ""}) == {Scope.ALL: Spent(0, lifted=True)}
