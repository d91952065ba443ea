"""What a Discord message is to the bot: for it or not, readable, and in the right place."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from adapters.discord.inbound import Event, Me, Referenced, understand
from adapters.discord.markup import Names, ids_in, readable
from adapters.text import command_at
from memory.types import Access, Attachment, Inbound, Person, Place, Quote, Visibility

BOT, ROLE = "900000000000000001", "900000000000000002"
ALICE, BOB, CAROL = Person("100000000000000001", "Alice"), Person("100000000000000002", "Bob"), "100000000000000003"
SERVER, GENERAL, HIDDEN, THREAD = "500000000000000000", "500000000000000001", "500000000000000002", "500000000000000003"
ME = Me(BOT, frozenset({ROLE}))
NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
SAID = Event(
    place=Place("discord", SERVER, GENERAL),
    access=Access(Visibility.PUBLIC),
    message_id="700000000000000001",
    author=ALICE,
    content="hello",
    sent_at=NOON,
)


def heard(event: Event) -> Inbound:
    inbound = understand(event, ME)
    assert inbound is not None
    return inbound


def naming(*people: Person, content: str = "") -> Event:
    text = content or " ".join(f"<@{person.user}>" for person in people) + " hello"
    names = Names(people={person.user: person.name for person in people})
    return replace(SAID, content=text, names=names, mentioned=frozenset(names.people))


class TestForWhomAMessageIs:
    def test_what_people_say_to_each_other_is_not_for_the_bot(self) -> None:
        assert not heard(SAID).addressed
        assert not heard(SAID).aside

    def test_naming_the_bot_addresses_it(self) -> None:
        assert heard(replace(SAID, mentioned=frozenset({BOT}))).addressed

    def test_naming_the_bots_own_role_addresses_it(self) -> None:
        assert heard(replace(SAID, mentioned_roles=frozenset({ROLE}))).addressed
        assert not heard(replace(SAID, mentioned_roles=frozenset({"900000000000000009"}))).addressed

    def test_everyone_is_not_the_bot(self) -> None:
        assert not heard(replace(SAID, content="@everyone @here lunch!")).addressed

    def test_a_direct_message_addresses_the_bot(self) -> None:
        assert heard(replace(SAID, access=Access(Visibility.DIRECT))).addressed

    def test_answering_the_bot_addresses_it_also_without_a_ping(self) -> None:
        mine = Referenced("700000000000000000", "yes?", NOON, Person(BOT, "Threadkeeper"))
        inbound = heard(replace(SAID, answers=mine))
        assert inbound.addressed
        assert inbound.reply_to == Quote("700000000000000000", BOT, "Threadkeeper", "yes?", NOON)

    def test_a_message_that_names_or_answers_somebody_else_is_an_aside(self) -> None:
        assert heard(naming(BOB)).aside
        assert heard(replace(SAID, answers=Referenced("700000000000000000", "hm", NOON, BOB))).aside

    def test_a_message_to_a_role_or_to_everyone_is_an_aside(self) -> None:
        assert heard(replace(SAID, to_everyone=True)).aside
        assert heard(replace(SAID, mentioned_roles=frozenset({"800000000000000001"}))).aside

    def test_naming_or_answering_oneself_is_no_aside(self) -> None:
        assert not heard(naming(ALICE)).aside
        assert not heard(replace(SAID, answers=Referenced("700000000000000000", "hm", NOON, ALICE))).aside

    def test_what_is_for_the_bot_is_never_an_aside(self) -> None:
        inbound = heard(naming(Person(BOT, "Threadkeeper"), BOB))
        assert inbound.addressed
        assert not inbound.aside

    def test_bots_webhooks_and_notices_are_not_heard(self) -> None:
        assert understand(replace(SAID, by_person=False, mentioned=frozenset({BOT})), ME) is None

    def test_a_message_whose_content_discord_withholds_is_not_heard_unless_it_is_for_the_bot(self) -> None:
        empty = replace(SAID, content="")
        assert understand(empty, ME) is None
        assert heard(replace(empty, mentioned=frozenset({BOT}))).text == ""
        assert heard(replace(empty, attachments=(Attachment("a.png", "image/png", 1),))).attachments


class TestWhatAMessageSays:
    def test_the_bots_own_mention_is_taken_out(self) -> None:
        for said, text in [
            (f"<@{BOT}> hello", "hello"),
            (f"<@!{BOT}>, hello", "hello"),
            (f"<@{BOT}>: !help", "!help"),
            (f"<@&{ROLE}> hello", "hello"),
            (f"hello <@{BOT}>", "hello"),
            (f"hello <@{BOT}>, how are you?", "hello, how are you?"),
            (f"do you <@{BOT}> know?", "do you know?"),
            (f"one\n<@{BOT}> two", "one\ntwo"),
            (f"<@{BOT}> :) hello", ":) hello"),
            (f"<@{BOT}>\n```py\n  x = 1\n```", "```py\n  x = 1\n```"),
            (f"<@{BOT}>", ""),
        ]:
            assert heard(replace(SAID, content=said, mentioned=frozenset({BOT}))).text == text

    def test_other_people_are_written_by_name_and_listed_in_their_order(self) -> None:
        content = f"<@{BOT}> ask <@{BOB.user}>, then <@!{ALICE.user}>, then <@{BOB.user}> again"
        inbound = heard(naming(ALICE, BOB, Person(BOT, "Threadkeeper"), content=content))
        assert inbound.text == "ask @Bob, then @Alice, then @Bob again"
        assert inbound.mentions == (BOB, ALICE)

    def test_channels_roles_and_emoji_are_written_by_name(self) -> None:
        names = Names(roles={"800000000000000001": "mods"}, channels={GENERAL: "general"})
        content = f"<:wave:300000000000000001> <a:dance:300000000000000002> <@&800000000000000001> see <#{GENERAL}>"
        assert readable(content, names).text == ":wave: :dance: @mods see #general"

    def test_an_id_that_nobody_knows_stays_as_it_was_written(self) -> None:
        content = f"`<@{CAROL}>` and <#{HIDDEN}> and <@&800000000000000009>"
        assert readable(content, Names()).text == content

    @pytest.mark.parametrize("said", ["!forget {} now", "{} !forget {} now", "{}, !forget {}", "tk!forget {} now"])
    def test_the_bot_itself_is_a_word_of_a_command_that_names_it(self, said: str) -> None:
        content = said.replace("{}", f"<@{BOT}>")
        assert "forget @bot" in readable(content, Names(), {BOT}).text
        assert readable(content, Names(), {BOT}).text.count("@bot") == 1

    def test_a_name_that_looks_like_a_mention_is_not_read_again(self) -> None:
        sly = Person(BOB.user, f"<@{ALICE.user}>")
        assert readable(f"<@{BOB.user}>", Names(people={sly.user: sly.name, ALICE.user: "Alice"})).mentions == (sly,)

    @given(st.lists(st.sampled_from([f"<@{BOT}>", f"<@{BOB.user}>", "word", ",", "\n", " ", ":", "<@", ">", "é"])))
    def test_nothing_but_the_bots_mention_and_blanks_is_lost(self, pieces: list[str]) -> None:
        said = "".join(pieces)
        assume(command_at(said) is None)
        shown = readable(said, Names(people={BOB.user: "Bob"}), {BOT}).text
        kept = said.replace(f"<@{BOT}>", "").replace(f"<@{BOB.user}>", "@Bob")
        assert "".join(shown.split()) in {
            "".join(kept.split()),
            "".join(kept.split()).removeprefix(",").removeprefix(":"),
        }

    @given(st.text())
    def test_a_text_without_marks_stays_word_for_word(self, text: str) -> None:
        assert ids_in(text) == ((), (), ())
        assert readable(text, Names(), {BOT}).text == text.strip()

    def test_the_message_answered_is_quoted_as_readably_as_the_message(self) -> None:
        quoted = Referenced("700000000000000000", f"<@{BOT}> ask <@{CAROL}>", NOON, BOB, Names(people={CAROL: "Carol"}))
        assert heard(replace(SAID, answers=quoted)).reply_to == Quote(
            "700000000000000000", BOB.user, "Bob", "ask @Carol", NOON
        )

    def test_a_quotation_says_that_there_were_files(self) -> None:
        picture = Referenced("700000000000000000", "", NOON, BOB, files=("cat.png", "dog.png"))
        for content, text in [("", "[attached: cat.png, dog.png]"), ("look", "look [attached: cat.png, dog.png]")]:
            quote = heard(replace(SAID, answers=replace(picture, content=content))).reply_to
            assert quote is not None
            assert quote.text == text

    def test_a_forwarded_message_is_quoted_without_an_author_and_is_no_aside(self) -> None:
        event = replace(SAID, content="", forwards=Referenced("700000000000000000", "the plan", NOON))
        inbound = heard(event)
        assert inbound.reply_to == Quote("700000000000000000", "", "", "the plan", NOON)
        assert not inbound.aside
