"""Who said what was read from Slack's history, in a workspace with more people than Slack tells of at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import pytest

from adapters.slack.directory import Directory
from adapters.slack.history import Reader
from adapters.slack.inbound import Me
from adapters.slack.preflight import web_client
from memory.types import Inbound, Place
from tests.slack_home import Home, a_home

NAMES = [f"Person {number}" for number in range(6)]


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        for name in NAMES:
            person = home.fake.add_user(name)
            home.fake.join(home.channel, person)
            await home.fake.say(home.channel, person, "hello")
        yield home


async def read(home: Home, burst: int = 20, seconds: float = 0.01) -> Sequence[Inbound]:
    """What was said in the channel, as its history tells it."""
    async with web_client(home.fake.bot_token, home.fake.api_url) as web:
        me = Me(home.fake.team_id, home.fake.bot_user_id)
        reader = Reader(web, Directory(web, me.team, burst=burst, seconds=seconds), me)
        where = Place("slack", me.team, home.channel)
        history = await reader.history(where, datetime(2020, 1, 1, tzinfo=UTC))
    assert history is not None
    return history.messages


async def authors(home: Home, burst: int = 20, seconds: float = 0.01) -> Sequence[tuple[str, bool]]:
    """Who spoke there, each with whether he counts as a guest."""
    return [(said.author_name, said.guest) for said in await read(home, burst, seconds)]


async def test_who_spoke_is_known_by_name_however_many_they_are(home: Home) -> None:
    home.fake.allow_calls("users.info", 4, 1.0)
    assert await authors(home) == [(name, False) for name in NAMES]


async def test_whom_a_message_names_is_known_by_name_too(home: Home) -> None:
    people = [home.fake.add_user(name) for name in NAMES]
    await home.fake.say(home.channel, home.alice, " ".join(f"<@{person}>" for person in people))
    home.fake.allow_calls("users.info", 10, 1.0)
    (*_, text) = [said.text for said in await read(home)]
    assert text == " ".join(f"@{name}" for name in NAMES)


async def test_people_are_asked_after_no_faster_than_slack_bears(home: Home) -> None:
    clock = asyncio.get_running_loop().time
    started = clock()
    assert len(await authors(home, burst=2, seconds=0.1)) == len(NAMES)
    assert clock() - started >= 0.39
    assert home.calls("users.info") == len(NAMES)


async def test_where_slack_does_not_tell_who_people_are_their_words_are_read_all_the_same(home: Home) -> None:
    home.fake.fail_next("users.info", "user_not_found", times=2)
    assert [name for name, _ in await authors(home)] == NAMES
    home.fake.fail_next("users.info", "internal_error", times=1000)
    asked = home.calls("users.info")
    assert all(guest for _, guest in await authors(home))
    assert home.calls("users.info") - asked == 1 + len(NAMES)
