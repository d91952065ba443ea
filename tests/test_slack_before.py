"""What was said on Slack before the bot was called: the real slack-sdk against a fake Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from adapters.slack import Slack
from adapters.slack.inbound import read_app_message
from errors import PlatformUnreachable
from memory.types import Inbound, Place
from tests.answering import Core
from tests.slack_home import Home, a_home


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        yield home


async def call(home: Home, core: Core[Slack], thread: str = "", channel: str = "") -> Inbound:
    """Let Alice call the bot, and return the call as the bot heard it."""
    where = channel or home.channel
    ts = await home.fake.say(where, home.alice, "well?", thread_ts=thread, mention=not where.startswith("D"))
    await home.until(lambda: any(heard.message_id == ts for heard in core.heard))
    return next(heard for heard in core.heard if heard.message_id == ts)


async def said_in(home: Home, thread: str, *texts: str) -> None:
    """Let Bob say some words in a thread, one message each."""
    for text in texts:
        await home.fake.say(home.channel, home.bob, text, thread_ts=thread)


async def test_a_thread_is_read_from_its_parent_on_as_if_it_came_in_now(home: Home) -> None:
    other = home.fake.add_user("Other", bot=True)
    home.fake.join(home.channel, other)
    async with home.core() as core:
        parent = await home.fake.say(home.channel, home.alice, "who comes along?")
        await said_in(home, parent, "I do", f"and <@{home.alice}>")
        await home.fake.say(home.channel, other, "beep", thread_ts=parent)
        await home.fake.say(home.channel, home.bob, "elsewhere")
        asked = await call(home, core, parent)
        await said_in(home, parent, "later")
        await home.quiet()
        found = await core.adapter.before(asked, 20)
        assert [said.text for said in found] == ["who comes along?", "I do", "and @Alice"]
        live = {heard.message_id: heard for heard in core.heard}
        assert [live[said.message_id] for said in found] == list(found)
        assert {said.place for said in found} == {asked.place}
        assert [said.text for said in await core.adapter.before(asked, 2)] == ["who comes along?", "and @Alice"]
        assert [said.text for said in await core.adapter.before(asked, 1)] == ["who comes along?"]
        assert await core.adapter.before(asked, 0) == ()


async def test_a_thread_may_hang_on_an_apps_message(home: Home) -> None:
    other = home.fake.add_user("Alerts", bot=True)
    home.fake.join(home.channel, other)
    async with home.core() as core:
        alert = await home.fake.say(home.channel, other, "disk full on db-1")
        workflow = await home.fake.say_as_workflow(home.channel, "Standup", "what is your plan?")
        found: list[Inbound] = []
        for parent in (alert, workflow):
            await said_in(home, parent, "hm")
            found += await core.adapter.before(await call(home, core, parent), 20)
    assert [(said.author_name, said.text) for said in found] == [
        ("Alerts", "disk full on db-1"),
        ("Bobby", "hm"),
        ("Standup", "what is your plan?"),
        ("Bobby", "hm"),
    ]
    assert {said.place.thread for said in found} == {alert, workflow}


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"text": "CPU high"}, "CPU high"),
        ({"text": "", "attachments": [{"title": "CPU", "text": "high"}, {"fallback": "see"}]}, "CPU\nhigh\nsee"),
        ({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "CPU high"}}]}, "CPU high"),
    ],
)
def test_what_an_app_says_is_read_wherever_it_stands(message: dict[str, object], text: str) -> None:
    said = read_app_message({"ts": "1700000000.000100", "bot_id": "B1", "username": "Alerts", **message}, "C1")
    assert said is not None
    assert (said.user, said.name, said.text) == ("B1", "Alerts", text)
    assert read_app_message({"ts": "1700000000.000100", "bot_id": "B1"}, "C1") is None


@pytest.mark.parametrize("repeat", [True, False])
async def test_of_a_long_thread_the_newest_are_read(home: Home, repeat: bool) -> None:
    home.fake.repeat_parent = repeat
    events, home.fake.app.events = home.fake.app.events, set()
    parent = await home.fake.say(home.channel, home.alice, "who comes along?")
    await said_in(home, parent, *(str(number) for number in range(450)))
    home.fake.app.events |= events
    async with home.core() as core:
        core.deaf = True
        asked = await call(home, core, parent)
        found = await core.adapter.before(asked, 4)
    assert [said.text for said in found] == ["who comes along?", "447", "448", "449"]


async def test_a_thread_whose_parent_is_gone_begins_with_its_first_reply(home: Home) -> None:
    async with home.core() as core:
        gone = await home.fake.say(home.channel, home.alice, "who comes along?")
        await said_in(home, gone, "I do")
        await home.fake.delete(home.channel, gone)
        asked = await call(home, core, gone)
        assert [said.text for said in await core.adapter.before(asked, 20)] == ["I do"]


async def test_what_opens_a_thread_has_nothing_before_it_and_nobody_is_asked(home: Home) -> None:
    async with home.core() as core:
        await home.fake.say(home.channel, home.bob, "elsewhere")
        asked = await call(home, core)
        assert await core.adapter.before(asked, 20) == ()
    assert home.calls("conversations.replies") == 0


async def test_where_no_thread_is_opened_the_newest_messages_are_read(home: Home) -> None:
    direct = home.fake.open_dm(home.alice)
    async with home.core() as core:
        core.deaf = True
        for text in ("one", "two", "three"):
            await home.fake.say(direct, home.alice, text)
        asked = await call(home, core, channel=direct)
        await home.fake.say(direct, home.alice, "later")
        assert [said.text for said in await core.adapter.before(asked, 2)] == ["two", "three"]


async def test_before_a_slash_command_is_what_was_said_until_then(home: Home) -> None:
    direct = home.fake.open_dm(home.alice)
    async with home.core() as core:
        core.deaf = True
        await home.fake.say(direct, home.alice, "one")
        await home.fake.slash(home.alice, direct, "/forget")
        await home.until(lambda: len(core.heard) == 2)
        used = next(heard for heard in core.heard if heard.private)
        assert [said.text for said in await core.adapter.before(used, 20)] == ["one"]


async def test_where_it_cannot_be_read_there_is_nothing(home: Home) -> None:
    async with home.core() as core:
        parent = await home.fake.say(home.channel, home.alice, "who comes along?")
        asked = await call(home, core, parent)
        nowhere = replace(asked, place=Place("slack", home.fake.team_id, "CNOWHERE", parent))
        assert await core.adapter.before(nowhere, 20) == ()


async def test_what_cannot_be_read_just_now_is_to_be_read_later_and_a_rate_limit_is_waited_out(home: Home) -> None:
    async with home.core() as core:
        parent = await home.fake.say(home.channel, home.alice, "who comes along?")
        asked = await call(home, core, parent)
        home.fake.fail_next("conversations.replies", "internal_error")
        with pytest.raises(PlatformUnreachable):
            await core.adapter.before(asked, 20)
        home.fake.rate_limit_next("conversations.replies", 1)
        assert [said.text for said in await core.adapter.before(asked, 20)] == ["who comes along?"]
    with pytest.raises(PlatformUnreachable):
        await core.adapter.before(asked, 20)
