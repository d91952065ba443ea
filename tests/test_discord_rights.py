"""Who may do what on Discord: the people who ask for something, and the bot itself before it is started."""

from __future__ import annotations

from collections.abc import AsyncIterator

import discord
import pytest

from adapters.discord import check, invite_url, manifest
from adapters.discord.preflight import Application, Server, findings
from memory.types import Place
from tests.answering import NOBODY_THERE
from tests.discord_home import Home, a_home
from tests.fakes.discord import Permission


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        yield home


class TestAdmins:
    async def test_who_may_manage_messages_there_is_an_admin(self, home: Home) -> None:
        fake = home.fake
        carol, dave, erin = (fake.add_user(name) for name in ("carol", "dave", "erin"))
        fake.add_member(home.server, carol, [fake.add_role(home.server, "mods", Permission.MANAGE_MESSAGES)])
        fake.add_member(home.server, dave, [fake.add_role(home.server, "admins", Permission.ADMINISTRATOR)])
        fake.add_member(home.server, erin)
        own = fake.add_user("owner")
        owned = fake.add_guild("Owned", own)
        lounge = fake.add_channel(owned, "lounge")
        fake.set_overwrite(home.channel, erin, allow=Permission.MANAGE_MESSAGES)
        other = fake.add_channel(home.server, "other")
        here = Place("discord", home.server, home.channel)
        thread = Place("discord", home.server, home.channel, fake.add_thread(home.channel, "plans"))
        elsewhere = Place("discord", home.server, other)
        async with home.core() as core:
            may = core.adapter.is_admin
            assert [await may(user, here) for user in (home.alice, carol, dave, erin)] == [False, True, True, True]
            assert [await may(user, thread) for user in (home.alice, carol, erin)] == [False, True, True]
            assert [await may(user, elsewhere) for user in (carol, dave, erin)] == [True, True, False]
            assert await may(own, Place("discord", owned, lounge))

    async def test_whoever_is_not_certainly_an_admin_is_none(self, home: Home) -> None:
        here = Place("discord", home.server, home.channel)
        foreign = home.fake.add_guild("Elsewhere", home.alice)
        lounge = home.fake.add_channel(foreign, "lounge")
        direct = Place("discord", "@me", home.fake.open_dm(home.alice))
        stranger = home.fake.add_user("stranger")
        async with home.core() as core:
            assert not await core.adapter.is_admin(stranger, here)
            assert not await core.adapter.is_admin(home.alice, direct)
            assert await core.adapter.is_admin(home.alice, Place("discord", foreign, lounge))
            assert not await core.adapter.is_admin(home.alice, Place("discord", home.server, lounge))
            assert not await core.adapter.is_admin("no id", here)
            assert not await core.adapter.is_admin(home.alice, Place("discord", foreign, "700000000000000001"))
        assert not await core.adapter.is_admin(home.alice, here)


class TestCheck:
    async def test_a_bot_that_is_well_set_up_is_found_well(self, home: Home) -> None:
        found = await check(home.fake.token, home.fake.api_url)
        assert [(finding.subject, finding.well) for finding in found] == [
            ("Discord token", True),
            ("Discord message content", True),
            ("Discord server Home", True),
        ]
        assert "Threadkeeper" in found[0].detail

    async def test_an_intent_that_is_off_is_found_with_its_cure(self, home: Home) -> None:
        home.fake.message_content_allowed = False
        (finding,) = [each for each in await check(home.fake.token, home.fake.api_url) if not each.well]
        assert "https://discord.com/developers/applications" in finding.cure

    async def test_a_bad_token_and_a_dead_network_are_findings(self, home: Home) -> None:
        for token, api_url in [("wrong", home.fake.api_url), (home.fake.token, f"http://{NOBODY_THERE}/api/v10")]:
            (finding,) = await check(token, api_url)
            assert not finding.well
            assert finding.cure
            assert token not in f"{finding}"

    def test_permissions_that_are_missing_are_named_for_each_server(self) -> None:
        application = Application("123", "Threadkeeper", reads_content=True)
        servers = [
            Server("Mute", discord.Permissions(view_channel=True, read_message_history=True)),
            Server("Mighty", discord.Permissions(administrator=True)),
        ]
        mute, mighty = findings(application, servers)[2:]
        assert (mute.well, mute.detail) == (False, "missing: Send Messages, Send Messages in Threads")
        assert invite_url("123") in mute.cure
        assert mighty.well

    def test_a_bot_that_nobody_has_invited_is_told_how(self) -> None:
        (finding,) = findings(Application("123", "Threadkeeper", reads_content=True), [])[2:]
        assert not finding.well
        assert invite_url("123") in finding.cure

    async def test_the_invite_asks_for_what_is_used_and_no_more(self, home: Home) -> None:
        wanted = discord.Permissions(
            view_channel=True, send_messages=True, send_messages_in_threads=True, read_message_history=True
        )
        assert await manifest(home.fake.token, home.fake.api_url) == (
            f"https://discord.com/oauth2/authorize?client_id={home.fake.bot_id}"
            f"&scope=bot+applications.commands&permissions={wanted.value}"
        )
