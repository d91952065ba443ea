"""Slack's markup both ways: what a person reads in a message, and that nothing the model writes notifies anyone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.gateway import Slack
from adapters.slack.markup import (
    BLOCK_CHARACTERS,
    FALLBACK_BYTES,
    Names,
    escape,
    fallback,
    ids_in,
    inert,
    mrkdwn,
    readable,
    unescape,
)
from memory.types import Person
from tests.fakes.slack.mentions import find_pings

BOT = "UBOT"
NAMES = Names(people={"UANN": "Ann", "UBOB": "Bob Marley"}, channels={"CGEN": "general"})
MENTIONS = st.sampled_from(
    [
        "<!channel>",
        "<!here>",
        "<!everyone>",
        "<!here|here>",
        "<@U012AB3CD>",
        "<@W1|x>",
        "<@U1",
        "<!",
        "<",
        ">",
        "&",
        "a",
    ]
)
WRITTEN = st.lists(MENTIONS | st.text(max_size=5), max_size=30).map("".join)


def shown(content: str) -> str:
    return readable(content, NAMES, {BOT}).text


class TestReading:
    @pytest.mark.parametrize(
        ("content", "text"),
        [
            ("ask <@UANN> about it", "ask @Ann about it"),
            ("ask <@UANN|annie>", "ask @Ann"),
            ("ask <@UNEW|Newcomer>", "ask @Newcomer"),
            ("ask <@UNEW>", "ask @UNEW"),
            ("see <#CGEN|general>", "see #general"),
            ("see <#CGEN>", "see #general"),
            ("see <#CGEN|>", "see #general"),
            ("see <#CSECRET>", "see #CSECRET"),
            ("<!here> look", "@here look"),
            ("<!channel|@channel> look", "@channel look"),
            ("<!subteam^S012|@crew> look", "@crew look"),
            ("<!subteam^S012> look", "@group look"),
            ("<!date^1392734382^{date}|18 February> then", "18 February then"),
            ("<https://example.com/a?b=1&amp;c=2>", "https://example.com/a?b=1&c=2"),
            ("<https://example.com|the site>", "the site (https://example.com)"),
            ("<http://example.com|example.com>", "example.com"),
            ("<mailto:ann@example.com|ann@example.com>", "ann@example.com"),
            ("<mailto:ann@example.com>", "ann@example.com"),
            ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
            ("&amp;lt;", "&lt;"),
            ("a < b", "a < b"),
        ],
    )
    def test_a_message_reads_as_a_person_sees_it(self, content: str, text: str) -> None:
        assert shown(content) == text

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            ("<@UBOT> hello", "hello"),
            ("<@UBOT>: hello", "hello"),
            ("<@UBOT|threadkeeper>, hello", "hello"),
            ("hello <@UBOT> there", "hello there"),
            ("hello <@UBOT>!", "hello!"),
            ("hello <@UBOT>", "hello"),
            ("<@UBOT>", ""),
            ("<@UBOT> !forget", "!forget"),
        ],
    )
    def test_the_bots_own_mention_is_taken_out(self, content: str, text: str) -> None:
        assert shown(content) == text

    def test_the_people_named_are_told_once_each_in_their_order(self) -> None:
        content = "<@UBOB> and <@UANN> and <@UBOB> and <@UBOT> and <@UNEW>"
        assert readable(content, NAMES, {BOT}).mentions == (
            Person("UBOB", "Bob Marley"),
            Person("UANN", "Ann"),
            Person("UNEW", "UNEW"),
        )

    def test_only_what_a_text_does_not_name_itself_is_looked_up(self) -> None:
        ids = ids_in("<@UANN> <@UBOB|bob> <@UANN> <#CGEN|general> <#CNEW> <#CNEW|> <https://example.com>")
        assert ids == (("UANN", "UBOB"), ("CNEW",))

    @given(st.text())
    def test_whatever_a_person_types_comes_out_as_it_was_typed(self, typed: str) -> None:
        assert shown(escape(typed)) == typed.strip()

    @given(WRITTEN)
    def test_nothing_that_comes_in_can_break_the_reading(self, content: str) -> None:
        readable(content, NAMES, {BOT})


class TestWriting:
    @given(WRITTEN)
    def test_nothing_that_the_model_writes_notifies_anyone(self, text: str) -> None:
        assert not find_pings([inert(text), fallback(text), mrkdwn(text)])

    @given(WRITTEN)
    def test_what_is_written_looks_the_same(self, text: str) -> None:
        assert inert(text).replace("\u2060", "") == text.replace("\u2060", "")

    @pytest.mark.parametrize(
        "text",
        ["<https://example.com>", "a < b", "<!-- note -->", "<!DOCTYPE html>", "List<String>", "**bold** `code`"],
    )
    def test_what_notifies_nobody_is_left_alone(self, text: str) -> None:
        assert inert(text) == text

    def test_the_longest_message_fits_into_its_block_whatever_it_says(self) -> None:
        limit = Slack.limits.characters
        assert len(inert(("<@U" * limit)[:limit])) <= BLOCK_CHARACTERS

    @given(st.text(min_size=1).map(lambda text: text * 1000))
    def test_the_fallback_fits_its_limit_and_holds_no_half_entity(self, text: str) -> None:
        short = fallback(text)
        assert len(short.encode()) <= FALLBACK_BYTES
        assert text.startswith(unescape(short.removesuffix("…")))

    def test_bold_is_written_in_slacks_own_way_where_slack_takes_no_markdown(self) -> None:
        assert mrkdwn("**Summary**, 2 < 3 <!here>") == "*Summary*, 2 &lt; 3 &lt;!here&gt;"
