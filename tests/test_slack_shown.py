"""What Slack shows with a message beside its text: messages that somebody forwards, tables, and what apps say."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.slack.inbound import Event, read_app_message, read_message
from memory.types import Attachment
from tests.fakes.slack import FakeFile
from tests.slack_home import Home, a_home

TS = "1700000000.000100"
SAID: dict[str, object] = {"type": "message", "user": "UANN", "ts": TS}
POSTED: dict[str, object] = {"type": "message", "subtype": "bot_message", "bot_id": "B1", "ts": TS, "text": ""}


def rich(*elements: object, kind: str = "rich_text_section", **more: object) -> dict[str, object]:
    return {"type": "rich_text", "elements": [{"type": kind, "elements": list(elements), **more}]}


def typed(text: str) -> dict[str, object]:
    return {"type": "text", "text": text}


def table(*rows: object) -> dict[str, object]:
    return {"type": "table", "rows": list(rows)}


def pasted(*rows: object, **more: object) -> dict[str, object]:
    """A table as Slack stores it that somebody copied out of a spreadsheet: https://github.com/vercel/chat/issues/803."""
    return {"id": 1, "fallback": "[no preview available]", "blocks": [table(*rows)], **more}


DEPTHS = pasted([rich(typed("Port")), rich(typed("Depth"))], [rich(typed("Vinga")), rich(typed("4 m"))])
SECTION = {
    "type": "section",
    "text": {"type": "mrkdwn", "text": "*db-7* has 2% &lt; 5%"},
    "fields": [{"type": "plain_text", "text": "Runbook & more"}],
}
MARK = {"type": "channel", "channel_id": "C1"}
HEADER = {"type": "header", "text": {"type": "plain_text", "text": "Disk"}}


def said(**message: object) -> str:
    """What a person is taken to say with a message."""
    found = read_message({**SAID, "text": "look", **message}, "C1")
    assert isinstance(found, Event)
    return found.text


def posted(**message: object) -> str:
    """What an app is taken to say with a message."""
    found = read_app_message({**POSTED, **message}, "C1")
    return "" if found is None else found.text


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        yield home


class TestForwarding:
    async def test_a_message_that_somebody_forwards_is_quoted_with_a_comment_or_without(self, home: Home) -> None:
        said = await home.fake.say(home.channel, home.bob, "The boat leaves at nine")
        direct = home.fake.open_dm(home.alice)
        async with home.core() as core:
            for comment in ("what does he mean?", ""):
                new = await home.fake.forward(direct, home.alice, (home.channel, said), comment)
                await home.quiet()
                (heard,) = (heard for heard in core.heard if heard.message_id == new)
                assert (heard.text, heard.author) == (comment, home.alice)
                quote = heard.reply_to
                assert quote is not None
                assert (quote.message_id, quote.author, quote.text) == (
                    said,
                    home.bob,
                    "Bobby: The boat leaves at nine",
                )

    async def test_where_nobody_names_the_bot_a_forwarded_message_alone_is_heard(self, home: Home) -> None:
        said = await home.fake.say(home.channel, home.bob, "The boat leaves at nine")
        async with home.core() as core:
            asked = await home.ask()
            new = await home.fake.forward(home.channel, home.alice, (home.channel, said), thread_ts=asked)
            await home.quiet()
        assert [heard.place.thread for heard in core.heard if heard.message_id == new] == [asked]

    async def test_the_files_of_a_forwarded_message_stand_with_the_new_one(self, home: Home) -> None:
        files = [FakeFile("plan.pdf", "application/pdf", 9)]
        said = await home.fake.say(home.channel, home.bob, "", files=files)
        direct = home.fake.open_dm(home.alice)
        async with home.core() as core:
            new = await home.fake.forward(direct, home.alice, (home.channel, said))
            await home.quiet()
        plan = Attachment("plan.pdf", "application/pdf", 9)
        assert [heard.attachments for heard in core.heard if heard.message_id == new] == [(plan,)]

    def test_of_a_forwarded_message_its_table_and_its_blocks_are_quoted(self) -> None:
        shared = {"is_share": True, "is_msg_unfurl": True, "ts": TS, "author_name": "Bob"}
        for held, words in (
            (
                {"text": "which?", "message_blocks": [{"message": {"blocks": [table([typed("Vinga")])]}}]},
                "which?\n| Vinga |",
            ),
            ({"text": "", "blocks": [HEADER, SECTION]}, "Disk\n*db-7* has 2% < 5%\nRunbook & more"),
            ({"text": "*nine*", "message_blocks": [{"message": {"blocks": [rich(typed("nine"))]}}]}, "*nine*"),
            (
                {"text": "in <#C1|port>: nine", "blocks": [rich(typed("nine in "), MARK), HEADER]},
                "nine in #C1\nDisk",
            ),
        ):
            found = read_message({**SAID, "text": "", "attachments": [shared | held]}, "C1")
            assert isinstance(found, Event)
            assert (found.text, found.forwards and found.forwards.text) == ("", f"Bob: {words}")


class TestTables:
    @pytest.mark.parametrize("question", ["which port is the deepest?", ""])
    async def test_a_pasted_table_is_heard_with_the_words_that_are_said_with_it(
        self, home: Home, question: str
    ) -> None:
        direct = home.fake.open_dm(home.alice)
        async with home.core() as core:
            ts = await home.fake.say(direct, home.alice, question, attachments=[DEPTHS])
            await home.fake.preview_link(direct, ts)
            await home.quiet()
        (heard,) = core.heard
        assert heard.text == f"{question}\n| Port | Depth |\n| Vinga | 4 m |".strip()

    def test_a_cell_holds_formatted_words_a_number_or_nothing(self) -> None:
        number: dict[str, object] = {"type": "raw_number", "value": 4.5}
        row = [rich(typed("a|b\n"), typed("c")), {"type": "raw_text", "text": "2 < 3"}, number, {}, None]
        assert said(attachments=[pasted([{}], row)]) == "look\n| a\\|b c | 2 &lt; 3 | 4.5 |  |  |"
        assert said(blocks=[table([number | {"text": "€ 4.50"}]), rich(typed("look"))]) == "look\n| € 4.50 |"

    @pytest.mark.parametrize("mark", ["from_url", "original_url", "app_unfurl_url", "is_app_unfurl", "is_share"])
    def test_what_is_unfolded_of_a_link_is_not_said_by_who_wrote_the_link(self, mark: str) -> None:
        assert said(attachments=[DEPTHS | {mark: True}]) == "look"
        assert said(attachments=[{"title": "Vinga", "text": "4 m", "blocks": [SECTION]}]) == "look"
        assert posted(text="look", attachments=[{"text": "4 m", "blocks": [SECTION], mark: True}]) == "look"

    def test_a_table_as_long_as_a_book_is_cut_and_tears_no_mention_apart(self) -> None:
        row = [rich({"type": "user", "user_id": "U0123456789"}, typed("&"))] * 20
        for ahead in range(20):
            found = said(attachments=[pasted([{"type": "raw_text", "text": "x" * ahead}], *[row] * 100)])
            assert len(found) < 20_010
            assert found.endswith("…")
            assert found.count("<") == found.count(">")
            assert found.count("&") == found.count("&amp;")


class TestAlerts:
    @pytest.mark.parametrize(
        ("message", "words"),
        [
            (
                {"attachments": [{"color": "f00", "fallback": "[no preview available]", "blocks": [SECTION]}]},
                "*db-7* has 2% &lt; 5%\nRunbook &amp; more",
            ),
            (
                {"text": "New alert", "blocks": [HEADER, {"type": "divider"}, SECTION]},
                "New alert\nDisk\n*db-7* has 2% &lt; 5%\nRunbook &amp; more",
            ),
            ({"blocks": [rich(typed("db-7 is full"))]}, "db-7 is full"),
            (
                {
                    "attachments": [
                        {"pretext": "FIRING", "title": "Disk", "fields": [{"title": "host", "value": "db-7"}]}
                    ]
                },
                "FIRING\nDisk\nhost: db-7",
            ),
            ({"text": "Disk", "blocks": [HEADER, table([typed("db-7")])]}, "Disk\n| db-7 |"),
            ({"text": "*Disk*", "blocks": [HEADER]}, "*Disk*"),
            ({"text": "This content can't be displayed.", "blocks": [HEADER]}, "Disk"),
            ({"text": "Ack?", "blocks": [{"type": "actions", "elements": [{"type": "button"}]}]}, "Ack?"),
            (
                {"blocks": [{"type": "context", "elements": [{"type": "mrkdwn", "text": "by"}, HEADER["text"]]}]},
                "by Disk",
            ),
            ({"attachments": [{"fallback": "[no preview available]"}]}, ""),
        ],
    )
    def test_all_that_an_alert_says_is_read_once_wherever_it_stands(
        self, message: dict[str, object], words: str
    ) -> None:
        assert posted(**message) == words

    def test_formatted_words_are_read_as_they_look(self) -> None:
        link = {"type": "link", "url": "https://a.example/?x=1&y", "text": "nine"}
        marks = [
            {"type": "user", "user_id": "UBOB"},
            {"type": "channel", "channel_id": "CGEN"},
            {"type": "usergroup", "usergroup_id": "S1"},
            {"type": "broadcast", "range": "here"},
            {"type": "emoji", "name": "fire"},
            {"type": "date", "timestamp": 1, "fallback": "today"},
        ]
        items = [{"type": "rich_text_section", "elements": [typed(text)]} for text in ("one", "two")]
        assert posted(blocks=[rich(typed("at "), link)]) == "at nine (https://a.example/?x=1&amp;y)"
        assert posted(blocks=[rich(*marks)]) == "<@UBOB><#CGEN><!subteam^S1><!here>:fire:today"
        assert posted(blocks=[rich(*items, kind="rich_text_list", style="bullet", indent=1)]) == "  - one\n  - two"
        assert posted(blocks=[rich(items[0], kind="rich_text_list", indent=10**9)]) == f"{'  ' * 8}- one"
        assert posted(blocks=[rich(*items, kind="rich_text_list", style="ordered")]) == "1. one\n2. two"
        assert posted(blocks=[rich(typed("a\nb"), kind="rich_text_quote")]) == "&gt; a\n&gt; b"
        assert posted(blocks=[rich(typed("x = 1"), kind="rich_text_preformatted")]) == "```\nx = 1\n```"

    async def test_an_alert_that_stands_in_blocks_alone_is_what_its_thread_begins_with(self, home: Home) -> None:
        alerts = home.fake.add_user("Alerts", bot=True)
        home.fake.join(home.channel, alerts)
        async with home.core() as core:
            alert = await home.fake.say(home.channel, alerts, "", attachments=[{"color": "f00", "blocks": [SECTION]}])
            ts = await home.ask("what is it?", alert)
            await home.until(lambda: ts in [heard.message_id for heard in core.heard])
            (asked,) = {heard.message_id: heard for heard in core.heard}.values()
            found = await core.adapter.before(asked, 20)
        assert [(before.author_name, before.text) for before in found] == [
            ("Alerts", "*db-7* has 2% < 5%\nRunbook & more")
        ]
