"""Slash commands on Discord: the real discord.py against a fake Discord, with a core that says what it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, cast

import discord
import pytest

from adapters.discord.preflight import prepare
from adapters.discord.slash import Interactions
from errors import ReplyImpossible
from logs import LineFormatter
from memory.types import CommandSpec, Delta, Inbound, Person, Place
from tests.answering import FORGET, saying
from tests.discord_home import Home, a_home

if TYPE_CHECKING:  # these modules of discord.py cannot be imported at run time
    from discord.types.interactions import Interaction as InteractionData


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        yield home


async def test_a_command_comes_in_as_its_prefix_form_and_is_answered_to_its_user_alone(home: Home) -> None:
    async with home.core(saying("Forgotten.")) as core:
        used = await home.fake.slash(home.alice, home.channel, "forget", {"words": f"<@{home.bob}> now"})
        await core.answered()
    (heard,) = core.heard
    assert (heard.text, heard.addressed, heard.message_id) == ("!forget @Bobby now", True, used)
    assert heard.mentions == (Person(home.bob, "Bobby"),)
    assert heard.place == Place("discord", home.server, home.channel)
    assert [(answer.content, answer.ephemeral) for answer in home.fake.responses(used)] == [("Forgotten.", True)]
    assert home.said() == []


async def test_what_is_no_text_to_a_database_is_not_heard_with_a_command(home: Home) -> None:
    async with home.core() as core:
        await home.fake.slash(home.alice, home.channel, "forget", {"words": "a\0b \ud800"})
        await core.answered()
    assert core.heard[0].text == "!forget a\N{REPLACEMENT CHARACTER}b \N{REPLACEMENT CHARACTER}"


async def test_somebody_who_left_the_server_can_still_be_named(home: Home) -> None:
    gone = home.fake.add_user("gone", "Gone")
    async with home.core() as core:
        await home.fake.slash(home.alice, home.channel, "forget", {"words": f"<@{gone}>"})
        await core.answered()
    assert core.heard[0].mentions == (Person(gone, "Gone"),)


async def test_a_long_answer_to_a_command_is_seen_by_its_user_alone_in_all_its_parts(home: Home) -> None:
    async with home.core(saying("word " * 700)) as core:
        used = await home.fake.slash(home.alice, home.channel, "forget")
        await core.answered()
    answers = home.fake.responses(used)
    assert [answer.ephemeral for answer in answers] == [True, True]
    assert " ".join(answer.content for answer in answers).split() == ["word"] * 700
    assert home.said() == []


async def test_an_answer_to_a_command_grows_and_shrinks_as_any_other(home: Home) -> None:
    async def script(inbound: Inbound) -> AsyncIterator[Delta]:
        yield Delta("a false start " * 200)
        await home.fake.wait_for(lambda: len(home.fake.responses(inbound.message_id)) == 2)
        yield Delta("Short.", restart=True)

    async with home.core(script) as core:
        used = await home.fake.slash(home.alice, home.channel, "forget")
        await core.answered()
    assert [answer.content for answer in home.fake.responses(used)] == ["Short."]


async def test_a_command_works_in_a_direct_message_and_in_a_thread(home: Home) -> None:
    direct, thread = home.fake.open_dm(home.alice), home.fake.add_thread(home.channel, "plans")
    async with home.core() as core:
        for channel in (direct, thread):
            core.settled.clear()
            await home.fake.slash(home.alice, channel, "forget")
            await core.answered()
    assert [heard.place for heard in core.heard] == [
        Place("discord", "@me", direct),
        Place("discord", home.server, home.channel, thread),
    ]


async def test_a_command_that_fails_says_so_to_its_user(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    async def stumble(_: Inbound) -> None:
        raise ZeroDivisionError

    async with home.core(before=stumble):
        used = await home.fake.slash(home.alice, home.channel, "forget")
        await home.fake.wait_for(lambda: any(not answer.loading for answer in home.fake.responses(used)))
    assert "went wrong" in home.fake.responses(used)[0].content
    (failed,) = [record for record in caplog.records if record.getMessage() == "slash command failed"]
    line = LineFormatter("text", ()).format(failed)
    assert "error=ZeroDivisionError" in line
    assert "in stumble" in line


async def test_commands_are_registered_only_when_they_changed(home: Home) -> None:
    for _ in range(2):
        async with home.core():
            assert home.fake.commands.names == ("forget",)
    assert home.fake.commands.puts == 1

    async with home.core(commands=(FORGET, CommandSpec("help", "Says what can be asked."))):
        assert home.fake.commands.names == ("forget", "help")
    assert home.fake.commands.puts == 2


async def test_descriptions_longer_than_discord_takes_are_cut(home: Home) -> None:
    async with home.core(commands=(CommandSpec("forget", "d" * 200, "h" * 200),)):
        (command,) = home.fake.commands.registered
    assert command.description == "d" * 100
    assert "h" * 100 in f"{command.json}"
    assert "h" * 101 not in f"{command.json}"


def used(client: discord.Client, its_id: int) -> discord.Interaction:
    """A use of a command, by its id; its token is `token-` and the id."""
    data = {"id": str(its_id), "type": 2, "token": f"token-{its_id}", "version": 1, "application_id": "1"}
    state = client._connection  # noqa: SLF001  there is no public way to have discord.py parse an event
    return discord.Interaction(data=cast("InteractionData", data | {"attachment_size_limit": 0}), state=state)


async def test_a_command_whose_time_has_passed_is_given_up_and_not_answered_in_the_channel() -> None:
    interactions = Interactions()
    interactions.keep(used(discord.Client(intents=discord.Intents.none()), 700000000000000001))
    with pytest.raises(ReplyImpossible):
        await interactions.post("700000000000000001", "too late", 0)


async def test_of_very_many_commands_the_newest_512_can_still_be_answered(home: Home) -> None:
    prepare(home.fake.api_url, home.fake.gateway_url)
    interactions, newest = Interactions(), int(home.fake.add_user("somebody"))
    oldest = newest - 512
    async with discord.Client(intents=discord.Intents.none()) as client:
        await client.login(home.fake.token)
        for its_id in range(oldest, newest + 1):
            interactions.keep(used(client, its_id))
        for its_id in (oldest, oldest + 1, newest):
            with pytest.raises(ReplyImpossible):
                await interactions.post(str(its_id), "hello", 0)
    tried = [request.path.split("/")[3] for request in home.fake.requests if request.path.startswith("/webhooks/")]
    assert tried == [f"token-{oldest + 1}", f"token-{newest}"]
