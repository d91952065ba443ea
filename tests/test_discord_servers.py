"""Who can read what on Discord, and being let in: the real discord.py against a fake Discord."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal

import pytest

from adapters.discord import Discord
from memory.types import Access, Channel, Place, Visibility
from tests.answering import Core
from tests.discord_home import Home, a_home, until
from tests.fakes.discord import TALK, Permission


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        yield home


async def heard_in(home: Home, core: Core[Discord], channel: str) -> tuple[Access, str]:
    """Let Alice say something in a channel, and return who can read it there and what the channel is called."""
    count = len(core.heard)
    await home.fake.say(channel, home.alice, "hello")
    await until(lambda: len(core.heard) == count + 1)
    return core.heard[-1].access, core.heard[-1].channel_name


class TestReaders:
    async def test_a_message_says_who_can_read_it_and_what_its_channel_is_called(self, home: Home) -> None:
        fake = home.fake
        staff = fake.add_channel(home.server, "staff", private=True)
        late = fake.add_channel(home.server, "late", nsfw=True)
        forum = fake.add_channel(home.server, "questions", kind="forum")
        places = {
            home.channel: (Access(Visibility.PUBLIC), "general"),
            fake.add_thread(home.channel, "plans"): (Access(Visibility.PUBLIC), "general"),
            fake.add_thread(forum, "how?"): (Access(Visibility.PUBLIC), "questions"),
            fake.add_thread(home.channel, "secret", private=True): (
                Access(Visibility.PRIVATE, enclosed=True),
                "general",
            ),
            staff: (Access(Visibility.PRIVATE), "staff"),
            fake.add_thread(staff, "us"): (Access(Visibility.PRIVATE), "staff"),
            late: (Access(Visibility.PUBLIC, restricted=True), "late"),
            fake.add_thread(late, "night"): (Access(Visibility.PUBLIC, restricted=True), "late"),
            fake.open_dm(home.alice): (Access(Visibility.DIRECT), ""),
        }
        async with home.ready() as core:
            for channel, expected in places.items():
                assert await heard_in(home, core, channel) == expected

    @pytest.mark.parametrize("level", [1, 3])
    async def test_in_a_server_for_adults_every_place_is(self, home: Home, level: int) -> None:
        home.fake.change_guild(home.server, nsfw_level=level)
        thread = home.fake.add_thread(home.channel, "plans")
        async with home.ready() as core:
            for channel in (home.channel, thread):
                access, _ = await heard_in(home, core, channel)
                assert access.restricted

    async def test_a_slash_command_says_it_too(self, home: Home) -> None:
        late = home.fake.add_channel(home.server, "late", nsfw=True)
        secret = home.fake.add_thread(late, "secret", private=True)
        async with home.ready() as core:
            await home.fake.wait_for(lambda: home.fake.commands.names == ("forget",))
            await home.fake.slash(home.alice, secret, "forget")
            await core.answered()
        (heard,) = core.heard
        assert heard.access == Access(Visibility.PRIVATE, enclosed=True, restricted=True)
        assert heard.channel_name == "late"


class TestChannels:
    async def test_all_channels_are_told_before_anything_else(self, home: Home) -> None:
        fake = home.fake
        category = fake.add_channel(home.server, "rooms", kind="category")
        staff = fake.add_channel(home.server, "staff", private=True)
        late = fake.add_channel(home.server, "late", nsfw=True, kind="voice")
        forum = fake.add_channel(home.server, "questions", kind="forum")
        async with home.ready() as core:
            assert category not in core.channels
            assert core.channels == {
                home.channel: Channel("discord", home.server, home.channel, "general", open=True),
                staff: Channel("discord", home.server, staff, "staff", open=False),
                late: Channel("discord", home.server, late, "late", open=True, restricted=True),
                forum: Channel("discord", home.server, forum, "questions", open=True),
            }

    async def test_a_channel_the_bot_may_not_see_is_closed_and_has_no_name(self, home: Home) -> None:
        hidden = home.fake.add_channel(home.server, "board", private=True)
        home.fake.set_overwrite(hidden, home.fake.bot_id, deny=Permission.VIEW_CHANNEL)
        async with home.ready() as core:
            assert core.channels[hidden] == Channel("discord", home.server, hidden, "", open=False)

    async def test_one_that_is_hidden_from_anybody_is_closed(self, home: Home) -> None:
        fake, server = home.fake, home.server
        role, bots = fake.add_role(server, "birthday child"), fake.add_user("other", bot=True)
        fake.add_member(server, bots)
        hidden: dict[str, tuple[Literal["text", "forum", "voice"], str, Permission, bool]] = {
            "from a person": ("text", home.bob, Permission.VIEW_CHANNEL, False),
            "from a role": ("forum", role, Permission.VIEW_CHANNEL, False),
            "past talk from a role": ("text", role, Permission.READ_MESSAGE_HISTORY, False),
            "past talk from all": ("text", server, Permission.READ_MESSAGE_HISTORY, False),
            "voice from all": ("voice", server, Permission.CONNECT, False),
            "voice from a person": ("voice", home.bob, Permission.CONNECT, False),
            "no voice there": ("text", home.bob, Permission.CONNECT, True),
            "from itself, past talk": ("text", fake.bot_id, Permission.READ_MESSAGE_HISTORY, True),
            "writing": ("text", role, Permission.SEND_MESSAGES, True),
            "nothing": ("voice", role, Permission.NONE, True),
        }
        channels = {}
        for name, (kind, who, denied, _) in hidden.items():
            channels[name] = fake.add_channel(server, name, kind=kind)
            fake.set_overwrite(channels[name], who, deny=denied)
        async with home.ready() as core:
            told = {name: core.is_open(channel) for name, channel in channels.items()}
            assert told == {name: is_open for name, (*_, is_open) in hidden.items()}
            access, _ = await heard_in(home, core, channels["from a person"])
        assert access == Access(Visibility.PRIVATE)

    async def test_who_was_invited_to_one_voice_channel_is_a_guest(self, home: Home) -> None:
        visitor = home.fake.add_user("visitor")
        home.fake.add_member(home.server, visitor, guest=True)
        lounge = home.fake.add_channel(home.server, "lounge", kind="voice")
        async with home.ready() as core:
            for who in (visitor, home.alice):
                await home.fake.say(lounge, who, "hello")
            await until(lambda: len(core.heard) == 2)
        assert [(heard.author, heard.guest) for heard in core.heard] == [(visitor, True), (home.alice, False)]

    async def test_one_that_is_made_private_is_closed_before_the_next_message_is_taken_in(self, home: Home) -> None:
        told_by_then: list[bool | None] = []

        async def look(_: object) -> None:
            told_by_then.append(core.is_open(home.channel))

        async with home.core(before=look) as core:
            await until(lambda: core.connections == 1)
            home.fake.hide(home.channel)
            access, _ = await heard_in(home, core, home.channel)
        assert access == Access(Visibility.PRIVATE)
        assert told_by_then == [False]

    async def test_one_that_is_taken_from_the_bot_too_is_closed(self, home: Home) -> None:
        async with home.ready() as core:
            home.fake.set_overwrite(home.channel, home.server, deny=Permission.VIEW_CHANNEL)
            await until(lambda: core.is_open(home.channel) is False)

    async def test_new_names_marks_and_channels_are_told_and_what_is_deleted_is_closed(self, home: Home) -> None:
        async with home.ready() as core:
            home.fake.change_channel(home.channel, name="lobby", nsfw=True)
            lobby = Channel("discord", home.server, home.channel, "lobby", open=True, restricted=True)
            await until(lambda: core.channels[home.channel] == lobby)
            added = home.fake.add_channel(home.server, "new")
            await until(lambda: core.is_open(added) is True)
            home.fake.delete_channel(added)
            await until(lambda: core.is_open(added) is False)
        assert core.removed == [Place("discord", home.server, added)]

    async def test_a_channel_that_is_deleted_is_told_once_with_all_its_threads(self, home: Home) -> None:
        doomed = home.fake.add_channel(home.server, "doomed")
        home.fake.add_thread(doomed, "plans")
        async with home.ready() as core:
            home.fake.delete_channel(doomed)
            await until(lambda: core.is_open(doomed) is False)
            await heard_in(home, core, home.channel)
        assert core.removed == [Place("discord", home.server, doomed)]

    async def test_a_thread_that_is_deleted_is_told_and_a_category_is_nothing(self, home: Home) -> None:
        thread = home.fake.add_thread(home.channel, "plans")
        async with home.ready() as core:
            home.fake.delete_channel(home.fake.add_channel(home.server, "rooms", kind="category"))
            home.fake.delete_channel(thread)
            await until(lambda: len(core.removed) > 0)
            await heard_in(home, core, home.channel)
        assert core.removed == [Place("discord", home.server, home.channel, thread)]

    async def test_what_changes_for_everyone_is_told_of_all_channels(self, home: Home) -> None:
        other = home.fake.add_channel(home.server, "other")
        async with home.ready() as core:
            home.fake.permit_everyone(home.server, Permission.SEND_MESSAGES)
            await until(lambda: core.is_open(home.channel) is core.is_open(other) is False)
            home.fake.permit_everyone(home.server, TALK)
            await until(lambda: core.is_open(home.channel) is core.is_open(other) is True)
            home.fake.change_guild(home.server, nsfw_level=3)
            await until(lambda: core.channels[home.channel].restricted and core.channels[other].restricted)

    async def test_of_what_changes_nobodys_view_nothing_is_told(self, home: Home) -> None:
        async with home.ready() as core:
            before = list(core.tellings)
            home.fake.add_role(home.server, "mods")
            home.fake.change_guild(home.server, system_channel=home.channel)
            home.fake.set_overwrite(home.channel, home.alice, allow=Permission.MANAGE_MESSAGES)
            await heard_in(home, core, home.channel)
            assert core.tellings == before

    async def test_when_the_bot_is_sent_away_all_channels_of_the_server_are_closed(self, home: Home) -> None:
        other = home.fake.add_channel(home.server, "other")
        elsewhere = home.fake.add_channel(home.fake.add_guild("Elsewhere"), "general")
        async with home.ready() as core:
            home.fake.send_away(home.server)
            await until(lambda: core.is_open(home.channel) is core.is_open(other) is False)
            assert core.is_open(elsewhere)

    async def test_what_changed_while_the_connection_was_away_is_told_with_the_next_session(self, home: Home) -> None:
        home.identify_seconds = 0.0
        doomed = home.fake.add_channel(home.server, "doomed")
        async with home.ready() as core:
            home.fake.drop_gateway(resumable=False)
            home.fake.hide(home.channel)
            home.fake.delete_channel(doomed)
            await until(lambda: core.connections == 2)
            assert core.is_open(home.channel) is core.is_open(doomed) is False

    async def test_a_server_that_comes_late_is_told_of_when_it_comes(self, home: Home) -> None:
        home.fake.hold_back(home.server)
        async with home.ready() as core:
            assert core.channels == {}
            home.fake.let_go(home.server)
            await until(lambda: core.is_open(home.channel) is True)
        assert core.arrivals == []

    async def test_nobody_is_answered_until_what_could_not_be_stored_is(self, home: Home) -> None:
        async with home.ready() as core:
            core.disk_full = True
            home.fake.hide(home.channel)
            await until(lambda: core.refused == 1)
            await home.ask("is anybody there?")
            await until(lambda: core.refused == 2)
            core.disk_full = False
            await heard_in(home, core, home.channel)
            assert [heard.text for heard in core.heard] == ["hello"]
            assert core.is_open(home.channel) is False


class TestArriving:
    async def test_that_the_bot_was_let_in_is_told_once_with_where_discord_itself_speaks(self, home: Home) -> None:
        server = home.fake.add_guild("Another")
        home.fake.add_channel(server, "first")
        welcome = home.fake.add_channel(server, "welcome")
        home.fake.change_guild(server, system_channel=welcome)
        home.fake.send_away(server)
        async with home.ready() as core:
            assert welcome not in core.channels
            home.fake.let_in(server)
            await until(lambda: bool(core.arrivals))
            assert core.is_open(welcome)
            await heard_in(home, core, home.channel)
        assert core.arrivals == [(Place("discord", server, welcome), Visibility.PUBLIC)]

    async def test_else_with_the_first_channel_in_which_it_can_write(self, home: Home) -> None:
        fake = home.fake
        server = fake.add_guild("Another")
        fake.add_channel(server, "news", kind="announcement")
        mute = fake.add_channel(server, "rules")
        fake.set_overwrite(mute, server, deny=Permission.SEND_MESSAGES)
        staff = fake.add_channel(server, "staff", private=True)
        fake.add_channel(server, "general")
        fake.send_away(server)
        async with home.ready() as core:
            fake.let_in(server)
            await until(lambda: bool(core.arrivals))
        assert core.arrivals == [(Place("discord", server, staff), Visibility.PRIVATE)]

    async def test_where_it_can_write_nowhere_nobody_is_told(self, home: Home) -> None:
        home.fake.set_overwrite(home.channel, home.server, deny=Permission.SEND_MESSAGES)
        home.fake.send_away(home.server)
        async with home.ready() as core:
            home.fake.let_in(home.server)
            await until(lambda: core.is_open(home.channel) is True)
            await heard_in(home, core, home.channel)
        assert core.arrivals == []

    async def test_to_connect_again_is_no_arrival(self, home: Home) -> None:
        home.identify_seconds = 0.0
        async with home.ready() as core:
            home.fake.drop_gateway(resumable=False)
            await until(lambda: core.connections == 2)
            await heard_in(home, core, home.channel)
        assert core.arrivals == []

    async def test_a_server_that_says_nothing_about_its_being_available_is_no_new_one(self, home: Home) -> None:
        event = home.fake.guild_event(home.server)
        event.pop("unavailable", None)
        home.fake.hold_back(home.server)
        async with home.ready() as core:
            home.fake.send_event("GUILD_CREATE", event)
            await until(lambda: core.is_open(home.channel) is True)
            await heard_in(home, core, home.channel)
        assert core.arrivals == []
