"""What Slack shows with a message beside its text: messages that somebody forwards, tables, and what apps say."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from memory.types import Attachment
from tests.fakes.slack import FakeFile
from tests.slack_home import Home, a_home


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
