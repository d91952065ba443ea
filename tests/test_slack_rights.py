"""Who may do what on Slack: the people who ask for something, and the bot itself before it is started."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from adapters.slack import check, manifest
from adapters.slack.manifest import EVENTS, SCOPES
from memory.types import CommandSpec, Place
from tests.answering import FORGET, NOBODY_THERE
from tests.slack_home import Home, a_home


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        yield home


class TestAdmins:
    async def test_admins_and_owners_of_the_workspace_are_admins(self, home: Home) -> None:
        admin, owner = home.fake.add_user("Carol", admin=True), home.fake.add_user("Dave", owner=True)
        guest = home.fake.add_user("Erin", guest=True)
        here = Place("slack", home.fake.team_id, home.channel)
        async with home.core() as core:
            may = core.adapter.is_admin
            assert [await may(user, here) for user in (home.alice, admin, owner, guest)] == [False, True, True, False]

    async def test_whoever_is_not_certainly_an_admin_is_none(self, home: Home) -> None:
        here = Place("slack", home.fake.team_id, home.channel)
        admin = home.fake.add_user("Carol", admin=True)
        stranger = home.fake.add_user("Carol", admin=True, team="TOTHER")
        async with home.core() as core:
            assert not await core.adapter.is_admin(stranger, here)
            assert not await core.adapter.is_admin("UNOBODY", here)
            assert not await core.adapter.is_admin(admin, Place("slack", "TOTHER", home.channel))
            for outcome in (500, "missing_scope"):
                home.fake.fail_next("users.info", outcome, times=2)
                assert not await core.adapter.is_admin(admin, here)
            assert await core.adapter.is_admin(admin, here)
        assert not await core.adapter.is_admin(admin, here)

    @pytest.mark.parametrize("named", ["", "TOTHER"])
    async def test_who_is_in_several_workspaces_of_an_organisation_has_his_rights_in_this_one(
        self, home: Home, named: str
    ) -> None:
        here = Place("slack", home.fake.team_id, home.channel)
        both, other = ["TOTHER", home.fake.team_id], ["TOTHER", "TTHIRD"]
        admin = home.fake.add_user("Carol", admin=True, team=named, teams=both)
        member = home.fake.add_user("Dave", team=named, teams=both)
        stranger = home.fake.add_user("Erin", admin=True, team=named, teams=other)
        home.fake.join(home.channel, member)
        home.fake.join(home.channel, stranger)
        async with home.core() as core:
            may = core.adapter.is_admin
            assert [await may(user, here) for user in (admin, member, stranger)] == [True, False, False]
            for person in (member, stranger):
                await home.fake.say(home.channel, person, "hello")
            await home.quiet()
        assert [(heard.author_name, heard.guest) for heard in core.heard] == [
            ("Dave", False),
            ("Erin (another workspace)", True),
        ]

    async def test_who_stops_being_an_admin_is_none_from_then_on(self, home: Home) -> None:
        here = Place("slack", home.fake.team_id, home.channel)
        admin = home.fake.add_user("Carol", admin=True)
        async with home.core() as core:
            assert await core.adapter.is_admin(admin, here)
            home.fake.change_user(admin, admin=False)
            await home.fake.wait_for(lambda: home.fake.socket.outstanding == 0)
            assert not await core.adapter.is_admin(admin, here)

    async def test_what_is_told_of_somebody_late_makes_nobody_an_admin(self, home: Home) -> None:
        here = Place("slack", home.fake.team_id, home.channel)
        async with home.core() as core:
            assert not await core.adapter.is_admin(home.alice, here)
            late = {"id": home.alice, "team_id": home.fake.team_id, "is_admin": True, "profile": {"real_name": "Alice"}}
            home.fake.socket.deliver("events_api", {"event": {"type": "user_change", "user": late}})
            await home.quiet()
            assert not await core.adapter.is_admin(home.alice, here)


class TestCheck:
    @pytest.fixture(autouse=True)
    def _granted(self, home: Home) -> None:
        home.fake.app.scopes.clear()
        home.fake.app.scopes.update(SCOPES)

    async def test_a_bot_that_is_well_set_up_is_found_well(self, home: Home) -> None:
        found = await check(home.fake.bot_token, home.fake.app_token, home.fake.api_url)
        assert [(finding.subject, finding.well) for finding in found] == [
            ("Slack bot token", True),
            ("Slack scopes", True),
            ("Slack app token", True),
            ("Slack events", True),
        ]
        assert "threadkeeper" in found[0].detail
        assert all(event in found[-1].detail for event in EVENTS)

    async def test_a_start_warns_of_scopes_that_are_missing(self, home: Home, caplog: pytest.LogCaptureFixture) -> None:
        home.fake.app.scopes -= {"im:history"}
        async with home.core():
            pass
        (record,) = [record for record in caplog.records if record.message == "scopes missing"]
        assert (record.levelname, vars(record)["scopes"]) == ("WARNING", "im:history")

    async def test_scopes_that_are_missing_are_named_with_what_they_are_for(self, home: Home) -> None:
        home.fake.app.scopes -= {"users:read", "groups:history"}
        found = await check(home.fake.bot_token, home.fake.app_token, home.fake.api_url)
        (scopes,) = [finding for finding in found if not finding.well]
        assert "groups:history is missing" in scopes.detail
        assert "users:read is missing, to know people's names" in scopes.detail
        assert "Reinstall" in scopes.cure

    async def test_each_bad_token_and_a_dead_network_are_findings(self, home: Home) -> None:
        bot, app, api_url = home.fake.bot_token, home.fake.app_token, home.fake.api_url
        for tokens, subject, cure in (
            (("xoxb-wrong", app), "Slack bot token", "SLACK_BOT_TOKEN"),
            ((bot, "xapp-wrong"), "Slack app token", "SLACK_APP_TOKEN"),
            ((bot, bot), "Slack app token", "SLACK_APP_TOKEN"),
        ):
            (bad,) = [finding for finding in await check(*tokens, api_url) if not finding.well]
            assert bad.subject == subject
            assert cure in bad.cure
            assert not any(token in f"{bad}" for token in tokens)
        dead = await check(bot, app, f"http://{NOBODY_THERE}/api/")
        assert [finding.subject for finding in dead if not finding.well] == ["Slack bot token", "Slack app token"]
        assert all("slack.api_url" in finding.cure for finding in dead if not finding.well)

    async def test_an_app_token_without_its_scope_is_found(self, home: Home) -> None:
        home.fake.app.app_scopes.clear()
        (bad,) = [f for f in await check(home.fake.bot_token, home.fake.app_token, home.fake.api_url) if not f.well]
        assert "missing_scope" in bad.detail
        assert "connections:write" in bad.cure


class TestManifest:
    def test_it_asks_for_what_is_used_and_no_more(self) -> None:
        content = json.loads(manifest("Threadkeeper", (FORGET,)))
        assert content["oauth_config"]["scopes"]["bot"] == list(SCOPES)
        assert content["settings"]["event_subscriptions"]["bot_events"] == list(EVENTS)
        assert content["settings"]["socket_mode_enabled"] is True
        assert content["features"]["app_home"]["messages_tab_read_only_enabled"] is False

    def test_commands_that_slack_keeps_for_itself_are_left_out(self) -> None:
        content = json.loads(manifest("Threadkeeper", (FORGET, CommandSpec("help", "Says what can be asked."))))
        assert content["features"]["slash_commands"] == [
            {
                "command": "/forget",
                "description": "Forgets what was said here.",
                "should_escape": True,
                "usage_hint": "what to forget",
            }
        ]

    def test_names_and_descriptions_longer_than_slack_takes_are_cut(self) -> None:
        content = json.loads(manifest("n" * 100, (CommandSpec("forget", "d" * 3000, "h" * 3000),)))
        (command,) = content["features"]["slash_commands"]
        assert (len(command["description"]), len(command["usage_hint"])) == (2000, 1000)
        assert len(content["display_information"]["name"]) == 35
        assert len(content["features"]["bot_user"]["display_name"]) == 80

    async def test_with_its_scopes_and_events_alone_everything_works(self, home: Home) -> None:
        home.fake.app.scopes.clear()
        home.fake.app.scopes.update(SCOPES)
        home.fake.app.events.clear()
        home.fake.app.events.update(EVENTS)
        people = [home.alice, home.bob]
        places = [
            home.channel,
            home.fake.add_channel("staff", private=True, members=people),
            home.fake.add_group_dm(people),
            home.fake.open_dm(home.alice),
        ]
        async with home.core() as core:
            home.fake.fail_next("chat.postMessage", 0, times=1, after_effect=True)
            for place in places:
                core.settled.clear()
                await home.fake.say(place, home.alice, f"hello <@{home.bob}>", mention=True, mention_first=True)
                await core.answered()
                assert home.said(place) == ["Hello!"]
            long_ago = datetime(2020, 1, 1, tzinfo=UTC)
            known = await core.adapter.places(long_ago)
            assert {place.channel for place in known} == set(places)
            read = [await core.adapter.history(place, long_ago) for place in known]
            assert [len(history.messages) for history in read if history] == [1] * 4
        assert core.failed == []
        assert {heard.author_name for heard in core.heard} == {"Alice"}
