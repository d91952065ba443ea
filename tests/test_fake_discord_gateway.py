"""The fake Discord's gateway tells the real discord.py what Discord's does, and breaks as that does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import discord
import pytest

from tests.discord_town import Listener, Town, connected, point_at
from tests.fakes.discord import FakeDiscord, FakeFile, Permission


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as service:
        yield service


@pytest.fixture
def town(fake: FakeDiscord) -> Town:
    return Town(fake)


async def test_a_dropped_connection_is_resumed_and_what_was_missed_is_told(fake: FakeDiscord, town: Town) -> None:
    async with connected(fake) as client:
        fake.drop_gateway()
        await fake.say(town.channel, town.alice, "while you were away")
        assert (await client.next_message()).content == "while you were away"
    assert (fake.connections.identifies, fake.connections.resumes) == (1, 1)


async def test_a_bot_that_is_asked_to_reconnect_resumes(fake: FakeDiscord, town: Town) -> None:
    async with connected(fake) as client:
        fake.ask_reconnect()
        await fake.wait_for(lambda: fake.connections.resumes == 1)
        await fake.say(town.channel, town.alice, "still there?")
        assert (await client.next_message()).content == "still there?"


async def test_after_a_refused_resume_the_bot_begins_anew_and_what_it_missed_is_lost(
    fake: FakeDiscord, town: Town
) -> None:
    async with connected(fake) as client:
        fake.refuse_resume = True
        fake.drop_gateway()
        missed = await fake.say(town.channel, town.alice, "nobody hears this")
        await fake.wait_for(lambda: fake.connections.identifies == 2)
        await fake.say(town.channel, town.alice, "but this")
        heard = await client.next_message()
        assert heard.content == "but this"
        assert isinstance(heard.channel, discord.TextChannel)
        assert [m.content async for m in heard.channel.history(before=heard)] == ["nobody hears this"]
        assert (await heard.channel.fetch_message(int(missed))).author.name == "alice"
    assert fake.connections.resumes == 0


async def test_a_bot_comes_back_when_discord_was_down(fake: FakeDiscord, town: Town) -> None:
    async with connected(fake) as client:
        await fake.down()
        await fake.say(town.channel, town.alice, "anybody?")
        await fake.up()
        assert (await client.next_message()).content == "anybody?"


async def test_the_message_content_intent_is_refused_unless_it_is_switched_on(fake: FakeDiscord) -> None:
    fake.message_content_allowed = False
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with connected(fake):
            pass


async def test_without_the_intent_only_mentions_and_direct_messages_have_a_text(fake: FakeDiscord, town: Town) -> None:
    fake.message_content_allowed = False
    async with connected(fake, content=False) as client:
        assert not client.application_flags.gateway_message_content_limited
        await fake.say(town.channel, town.alice, "secret", attachments=[FakeFile("plan.png")])
        await fake.say(town.channel, town.alice, "hello", mentions=[fake.bot_id])
        await fake.say(fake.open_dm(town.alice), town.alice, "psst")
        silent, mention, direct = [await client.next_message() for _ in range(3)]
        assert (silent.content, silent.attachments) == ("", [])
        assert mention.content == f"<@{fake.bot_id}> hello"
        assert (direct.content, direct.guild) == ("psst", None)
        history = [m.content async for m in silent.channel.history(oldest_first=True)]
        assert history == ["", f"<@{fake.bot_id}> hello"]


async def test_a_wrong_token_is_refused(fake: FakeDiscord) -> None:
    point_at(fake)
    async with Listener() as client:
        with pytest.raises(discord.LoginFailure):
            await client.login("not the token")


async def test_members_are_told_of_by_their_ids_although_the_members_intent_is_off(
    fake: FakeDiscord, town: Town
) -> None:
    async with connected(fake) as client, asyncio.timeout(5):
        guild = client.get_guild(int(town.guild))
        assert guild is not None
        ids = [int(town.alice), int(fake.add_user("stranger"))]
        [member] = await guild.query_members(user_ids=ids, limit=100, cache=False)
        assert (str(member.id), member.nick) == (town.alice, "Al")
        fake.remove_member(town.guild, town.alice)
        assert await guild.query_members(user_ids=ids, limit=100, cache=False) == []


async def test_a_server_in_an_outage_is_known_by_its_id_until_it_is_back(fake: FakeDiscord, town: Town) -> None:
    fake.hold_back(town.guild)
    async with connected(fake) as client, asyncio.timeout(5):
        [guild] = client.guilds
        assert guild.unavailable
        fake.let_go(town.guild)
        await client.wait_for("guild_available")
        assert [channel.name for channel in guild.text_channels] == ["general"]


async def test_threads_channels_and_servers_made_later_are_told(fake: FakeDiscord, town: Town) -> None:
    async with connected(fake) as client:
        office = fake.add_guild("Office")
        fake.add_member(office, town.alice)
        forum = fake.add_channel(office, "questions", kind="forum")
        post = fake.add_thread(forum, "How?", owner=town.alice)
        first = await fake.say(post, town.alice, "how does it work?")
        message = await client.next_message()
        assert isinstance(message.channel, discord.Thread)
        assert isinstance(message.channel.parent, discord.ForumChannel)
        assert (first, str(message.channel.id)) == (post, post)
        parent = await fake.say(town.channel, town.alice, "let us discuss")
        thread = fake.add_thread(town.channel, "Discussion", message=parent)
        assert (await client.next_message()).content == "let us discuss"
        starter = await client.next_message()
        assert (starter.type, str(starter.channel.id)) == (discord.MessageType.thread_starter_message, thread)
        hidden = fake.add_thread(town.channel, "Whispers", private=True)
        await fake.say(hidden, town.alice, "the bot was invited")
        assert isinstance((whisper := await client.next_message()).channel, discord.Thread)
        assert whisper.channel.is_private()


async def test_a_server_that_the_bot_joins_is_told_of_apart_from_one_that_comes_back(
    fake: FakeDiscord, town: Town
) -> None:
    told: asyncio.Queue[str] = asyncio.Queue()

    async def on_guild_join(guild: discord.Guild) -> None:
        await told.put(f"joined {guild.name}")

    async def on_guild_remove(guild: discord.Guild) -> None:
        await told.put(f"left {guild.name}")

    async with connected(fake) as client:
        client.event(on_guild_join)
        client.event(on_guild_remove)
        fake.add_guild("Office")
        fake.send_away(town.guild)
        fake.let_in(town.guild)
        async with asyncio.timeout(5):
            assert [await told.get() for _ in range(3)] == ["joined Office", "left Home", "joined Home"]


async def test_of_a_channel_that_the_bot_may_not_see_next_to_nothing_is_told(fake: FakeDiscord, town: Town) -> None:
    told = asyncio.Event()

    async def on_guild_channel_update(_: discord.abc.GuildChannel, __: discord.abc.GuildChannel) -> None:
        told.set()

    fake.change_channel(town.channel, nsfw=True)
    async with connected(fake) as client:
        client.event(on_guild_channel_update)
        shown = client.get_channel(int(town.channel))
        assert isinstance(shown, discord.TextChannel)
        assert (shown.name, shown.nsfw) == ("general", True)
        fake.set_overwrite(town.channel, town.guild, deny=Permission.VIEW_CHANNEL)
        async with asyncio.timeout(5):
            await told.wait()
        assert (shown.name, shown.nsfw) == ("___hidden___", False)
        assert not shown.permissions_for(shown.guild.default_role).view_channel


async def test_what_was_there_before_comes_with_the_server(fake: FakeDiscord, town: Town) -> None:
    newest = await fake.say(town.channel, town.alice, "good morning")
    private = fake.add_channel(town.guild, "staff", private=True)
    open_thread = fake.add_thread(town.channel, "open")
    old_thread = fake.add_thread(town.channel, "old", archived=True)
    moderators = fake.add_role(town.guild, "moderators", Permission.MANAGE_MESSAGES)
    fake.add_member(town.guild, town.alice, [moderators])
    async with connected(fake) as client:
        guild = client.get_guild(int(town.guild))
        assert guild is not None
        channel, staff = guild.get_channel(int(town.channel)), guild.get_channel(int(private))
        assert isinstance(channel, discord.TextChannel)
        assert isinstance(staff, discord.TextChannel)
        assert channel.last_message_id is not None
        assert channel.last_message_id > int(newest)  # Discord's own lines about the two threads came after it
        assert staff.permissions_for(guild.me).send_messages
        assert not staff.permissions_for(guild.default_role).view_channel
        assert [thread.id for thread in guild.threads] == [int(open_thread)]
        assert guild.self_role is not None
        member = await guild.fetch_member(int(town.alice))
        assert channel.permissions_for(member).manage_messages
        assert not channel.permissions_for(guild.me).manage_messages
        await fake.say(old_thread, town.alice, "awake again")
        assert isinstance((await client.next_message()).channel, discord.Thread)
