"""What every Store has to find again, for whom, and how soon it finds it no more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from memory.ports import Store
from memory.recall import rank, read_question
from memory.types import (
    Access,
    Attachment,
    Audience,
    Channel,
    Exchange,
    Forgetting,
    Inbound,
    Place,
    Recalled,
    Shown,
    Visibility,
)
from tests.kept import (
    EVERYTHING,
    GENERAL,
    ONE,
    THREAD,
    Kept,
    conversation_at,
    forget,
    message,
    moment,
    talk,
    turn_of,
    weigh,
)

RANDOM = replace(GENERAL, channel="random")
ELSEWHERE = replace(GENERAL, space="another-server")
OPEN = Access(Visibility.PUBLIC)
CLOSED = Access(Visibility.PRIVATE)
ALONE = Access(Visibility.DIRECT)
HOUR = timedelta(hours=1)

FOUND_AS = [
    pytest.param("Melanie painted a sunrise", "who paints sunrises?", id="with-other-endings"),
    pytest.param("Wir treffen uns im CAFÉ Müller", "cafe muller?", id="without-accents-and-capitals"),
    pytest.param("ＦＵＬＬ width ﬁle", "full file", id="in-plain-letters"),
    pytest.param("Ann's sister isn't here", "ann sister", id="without-apostrophes"),
    pytest.param("東京タワーに行きました", "東京はどうでしたか", id="in-Japanese"),
    pytest.param("我喜欢喝乌龙茶", "乌龙茶好喝吗", id="in-Chinese"),
    pytest.param("他有一只很老的猫", "猫", id="by-one-character"),
    pytest.param("แมวของฉันชอบกินปลา", "แมวกินอะไร", id="in-Thai"),
    pytest.param("저는 서울에서 한국어를 배워요", "한국어 수업", id="in-Korean"),
    pytest.param("मुझे हिन्दी फ़िल्में पसंद हैं", "हिन्दी", id="in-Hindi"),
    pytest.param("الكِتَاب على الطاولة", "الكتاب", id="without-vowel-marks"),
    pytest.param("the key is in /etc/threadkeeper/main.toml", "threadkeeper main.toml", id="inside-a-path"),
]
"""What was said, and what is asked for it."""

ODD_QUESTIONS = [
    "",
    " \n\t ",
    '"AND( NEAR * OR NOT ^ : - + {a b} :',
    "NEAR(fox dog, 2) AND NOT fox*",
    "words:fox OR place:1",
    "\x00\x00 \ud800 \udfff fox \ufeff",
    "fox " * 20_000,
    " ".join(f"w{number}" for number in range(20_000)),
    "x" * 100_000,
    "?!… — ‽ 👩‍👩‍👧‍👦",
    "1#1 1:fox",
]


def readers(place: Place = GENERAL, access: Access = OPEN, *, narrow: bool = False) -> Audience:
    """Who reads what is answered in a place."""
    return Audience(place, access, "ann", narrow)


async def recall(
    store: Store, question: str, audience: Audience | None = None, shown: Shown | None = None, most: int = 10
) -> list[Recalled]:
    """What is found for a question, best first."""
    asked = read_question(question, ONE)
    return list(await store.search(asked, audience or readers(), shown, partial(rank, gap=HOUR), most))


async def found(store: Store, question: str, audience: Audience | None = None) -> set[str]:
    """The texts of all turns that have any of the question in them or right beside them."""
    return {one.turn.text for one in await recall(store, question, audience, most=1000) if one.score > 0}


async def say(store: Store, inbound: Inbound, access: Access = OPEN) -> None:
    """Have something said, by those rules of who can read it."""
    exchange = Exchange(conversation_at(inbound.place), 0, access, (), (turn_of(inbound),))
    epoch = (await store.load(exchange.conversation, EVERYTHING)).epoch
    assert await store.record(replace(exchange, epoch=epoch))


class RecallContract:
    """See the module."""

    @pytest.fixture
    async def store(self, kept: Kept) -> AsyncIterator[Store]:
        """An empty memory, open."""
        yield await kept.open()
        await kept.close()

    async def test_what_was_said_in_one_channel_is_found_in_another_with_who_said_it_when_and_where(
        self, store: Store
    ) -> None:
        await store.note_channels([Channel("discord", "server", "general", "general", open=True)])
        await talk(store, message(1, "my boat is called Albatross", "bob"), "A fine name for a boat")
        await talk(store, message(2, "nothing of the kind", "cleo", RANDOM))

        best, *_ = await recall(store, "what is bob's boat called?", readers(RANDOM))

        assert (best.turn.author_name, best.turn.text) == ("Bob", "my boat is called Albatross")
        assert (best.turn.sent_at, best.place, best.channel) == (moment(1), GENERAL, "general")
        assert 0 < best.score <= 1

    async def test_the_bots_own_answers_are_found_too(self, store: Store) -> None:
        await talk(store, message(1, "which one?"), "Take the heptagonal spanner")
        assert (await recall(store, "heptagonal"))[0].turn.text == "Take the heptagonal spanner"

    async def test_an_answer_without_any_word_of_the_question_is_found_beside_what_was_asked(
        self, store: Store
    ) -> None:
        await talk(store, message(1, "which instrument do you play?", "bob"))
        await talk(store, message(2, "the cello, since school", "cleo"))
        await talk(store, message(9000, "lunch was cold", "cleo"))

        first = [one.turn.text for one in await recall(store, "what instrument was it that she plays?")][:2]

        assert "the cello, since school" in first
        assert "lunch was cold" not in await found(store, "instrument")

    async def test_who_is_named_in_a_question_is_who_is_looked_for(self, store: Store) -> None:
        for number, author in enumerate(["bob", "cleo", "bob", "dan"]):
            await talk(store, message(10_000 * number, f"I adopted a parrot number {number}", author))
        assert (await recall(store, "what parrot did Cleo adopt?"))[0].turn.author == "cleo"

    async def test_a_day_that_is_named_is_looked_at(self, store: Store) -> None:
        for number in range(5):
            sent = message(number, f"we signed contract {number}")
            await talk(store, replace(sent, sent_at=moment(number * 86_400 * 40)))
        best = (await recall(store, "which contract did we sign in the days after 22 March 2026?"))[0]
        assert best.turn.text == "we signed contract 2"

    @pytest.mark.parametrize(("said", "asked"), FOUND_AS)
    async def test_words_are_found_however_they_are_written(self, store: Store, said: str, asked: str) -> None:
        await talk(store, message(1, said))
        await talk(store, message(2, "quite another thing", place=THREAD))
        assert [one.turn.text for one in await recall(store, asked)] == [said]

    @pytest.mark.parametrize("question", ODD_QUESTIONS, ids=range(len(ODD_QUESTIONS)))
    async def test_any_question_can_be_asked(self, store: Store, question: str) -> None:
        await talk(store, message(1, "the quick brown fox"))
        assert await found(store, question) == ({"the quick brown fox"} if "fox" in question else set())

    async def test_a_file_is_found_by_its_name(self, store: Store) -> None:
        sent = message(1, "look at this")
        await talk(store, replace(sent, attachments=(Attachment("turtle-terrarium.jpg", "image/jpeg", 9),)))
        assert await found(store, "the turtle picture") == {"look at this"}

    async def test_what_stands_in_the_prompt_is_not_recalled(self, store: Store) -> None:
        for number in range(1, 5):
            await say(store, message(number, f"the harbour story {number}"))
        await say(store, message(3, "the harbour story 3", place=THREAD))
        third = (await store.load(conversation_at(GENERAL), EVERYTHING)).turns[2]

        shown = Shown(conversation_at(GENERAL), third.id)
        told = {one.turn.text for one in await recall(store, "harbour story", shown=shown)}

        assert told == {"the harbour story 1", "the harbour story 2"}

    async def test_a_message_that_two_conversations_hold_is_found_once(self, store: Store) -> None:
        await say(store, message(1, "the harbour story"))
        await say(store, message(1, "the harbour story", place=THREAD))
        assert len(await recall(store, "harbour")) == 1

    async def test_no_more_is_found_than_was_asked_for(self, store: Store) -> None:
        for number in range(20):
            await talk(store, message(number, f"harbour {number}"))
        assert len(await recall(store, "harbour", most=3)) == 3

    async def test_an_edit_is_found_at_once_and_its_old_words_no_more_nor_beside_them_its_neighbours(
        self, store: Store
    ) -> None:
        await talk(store, message(1, "the password of the zoo"))
        await talk(store, message(2, "yes indeed"))
        assert await found(store, "zoo password") == {"the password of the zoo", "yes indeed"}

        edited = message(1, "the opening hours of the museum")
        await store.amend(edited, weigh, lambda _words, _others: lambda _text: False)

        assert await found(store, "zoo password") == set()
        assert await found(store, "museum") == {"the opening hours of the museum", "yes indeed"}

    @pytest.mark.parametrize("way", ["deleted", "forgotten", "everything", "last", "expired", "retracted"])
    async def test_what_is_gone_is_found_no_more(self, store: Store, way: str) -> None:
        await talk(store, message(1, "the albatross lands", "bob"))
        if way == "deleted":
            await forget(store, Forgetting(GENERAL, ONE, messages=("1",)))
        elif way == "forgotten":
            await forget(store, Forgetting(GENERAL, ONE, user="bob"))
        elif way == "everything":
            await forget(store, Forgetting(GENERAL, ONE))
        elif way == "last":
            await forget(store, Forgetting(GENERAL, ONE, last=1))
        elif way == "expired":
            await store.prune(ONE)
        else:
            await talk(store, message(2, "and?"), "an albatross indeed")
            await store.retract(conversation_at(GENERAL), "re:2")
            await forget(store, Forgetting(GENERAL, ONE, messages=("1",)))
        assert await found(store, "albatross") == set()

    async def test_words_are_found_after_a_restart_and_after_a_death(self, store: Store, kept: Kept) -> None:
        await talk(store, message(1, "the albatross lands"))
        assert await found(await kept.crash(), "albatross") == {"the albatross lands"}
        assert await found(await kept.open(), "albatross") == {"the albatross lands"}

    async def test_public_words_are_heard_in_their_server_alone(self, store: Store) -> None:
        await say(store, message(1, "canary here"))
        await say(store, message(2, "canary there", place=ELSEWHERE))
        await say(store, message(3, "canary on another platform", place=replace(GENERAL, platform="slack")))
        assert await found(store, "canary", readers(RANDOM)) == {"canary here"}
        assert await found(store, "canary", readers(ELSEWHERE)) == {"canary there"}

    async def test_private_and_direct_words_are_heard_where_they_were_said_alone(self, store: Store) -> None:
        private, direct = replace(GENERAL, channel="closed"), replace(GENERAL, channel="direct")
        await say(store, message(1, "canary in public"))
        await say(store, message(2, "canary behind the door", place=private), CLOSED)
        await say(store, message(3, "canary in your ear", place=direct), ALONE)
        assert await found(store, "canary") == {"canary in public"}
        assert await found(store, "canary", readers(private, CLOSED)) == {"canary in public", "canary behind the door"}
        assert await found(store, "canary", readers(direct, ALONE)) == {"canary in public", "canary in your ear"}

    async def test_a_channel_that_is_closed_is_heard_no_more_and_one_that_is_opened_not_for_what_was_said_before(
        self, store: Store
    ) -> None:
        await say(store, message(1, "canary in general"))
        await say(store, message(2, "canary behind the door", place=RANDOM), CLOSED)
        closed = [Channel("discord", "server", "general", "general", open=False)]
        opened = [Channel("discord", "server", "random", "random", open=True)]
        await store.note_channels([*closed, *opened])
        third = replace(GENERAL, channel="third")

        assert await found(store, "canary", readers(third)) == set()
        assert await found(store, "canary", readers(GENERAL)) == {"canary in general"}
        assert await found(store, "canary", readers(RANDOM)) == set()

    async def test_what_is_not_heard_does_not_crowd_out_what_is(self, store: Store) -> None:
        await say(store, message(1, "canary in general"))
        many = tuple(turn_of(message(number, f"canary {number}", place=RANDOM)) for number in range(2, 300))
        assert await store.record(Exchange(conversation_at(RANDOM), 0, OPEN, (), many))
        await store.note_channels([Channel("discord", "server", "random", "random", open=False)])
        assert await found(store, "canary") == {"canary in general"}

    async def test_a_neighbour_that_is_not_heard_is_neither_recalled_nor_counted(self, store: Store) -> None:
        """A channel that was public, was closed for a while and is public again."""
        await say(store, message(1, "we talk of the canary"))
        await say(store, message(2, "the combination is 4711"), CLOSED)
        await say(store, message(3, "and that was that"))
        assert await found(store, "canary") == {"we talk of the canary"}
        assert await found(store, "combination") == set()

    async def test_a_guest_hears_his_own_channel_alone(self, store: Store) -> None:
        await say(store, message(1, "canary in general"))
        await say(store, message(2, "canary in random", place=RANDOM))
        assert await found(store, "canary", readers(RANDOM, narrow=True)) == {"canary in random"}

    async def test_what_stands_in_one_persons_own_conversation_is_recalled_for_that_person_alone(
        self, store: Store
    ) -> None:
        """Where every person has a conversation of his own, the bot keeps them apart, though the channel is public."""
        await talk(store, message(1, "canary of mine", "ann"), user="ann")
        assert await found(store, "canary", readers(RANDOM)) == {"canary of mine"}
        assert await found(store, "canary", replace(readers(RANDOM), user="bob")) == set()
