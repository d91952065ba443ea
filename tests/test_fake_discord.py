"""The fake Discord does to the real discord.py what Discord does."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.fakes.discord import AllowedMentions, FakeDiscord, FakeFile, Permission


class Listener(discord.Client):
    """A client that keeps what it is told, without the library's polite pauses."""

    def __init__(self, *, content: bool = True) -> None:
        intents = discord.Intents.default()
        intents.message_content = content
        none = discord.AllowedMentions.none()
        super().__init__(intents=intents, guild_ready_timeout=0.05, allowed_mentions=none)
        self.tree = app_commands.CommandTree(self)
        self.heard: asyncio.Queue[discord.Message] = asyncio.Queue()
        self.edited: asyncio.Queue[discord.RawMessageUpdateEvent] = asyncio.Queue()
        self.deleted: asyncio.Queue[set[int]] = asyncio.Queue()
        self.ready = asyncio.Event()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify at once also after a refused resume, where the library would wait for five seconds."""

    async def on_message(self, message: discord.Message) -> None:
        if message.author.id != self.application_id:
            await self.heard.put(message)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        await self.edited.put(event)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        await self.deleted.put({event.message_id})

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        await self.deleted.put(event.message_ids)

    async def on_ready(self) -> None:
        self.ready.set()

    async def next_message(self) -> discord.Message:
        async with asyncio.timeout(5):
            return await self.heard.get()


def point_at(fake: FakeDiscord) -> None:
    """Lead discord.py to the fake; both are class attributes, and the documented way to do it."""
    Route.BASE = fake.api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(fake.gateway_url)


@asynccontextmanager
async def connected(fake: FakeDiscord, *, content: bool = True) -> AsyncIterator[Listener]:
    """Run a client until the block is left; it is ready when the block begins. Raises: what its start raises."""
    point_at(fake)
    client = Listener(content=content)
    running = asyncio.create_task(client.start(fake.token))
    ready = asyncio.create_task(client.ready.wait())
    try:
        await asyncio.wait({running, ready}, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            await running
        assert ready.done(), "not ready in time"
        yield client
    finally:
        ready.cancel()
        await client.close()
        await asyncio.wait({running})


class Town:
    """A server with one channel and one person in it."""

    def __init__(self, fake: FakeDiscord) -> None:
        self.guild = fake.add_guild("Home")
        self.channel = fake.add_channel(self.guild, "general")
        self.alice = fake.add_user("alice", "Alice")
        fake.add_member(self.guild, self.alice, nick="Al")


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as service:
        yield service


@pytest.fixture
def town(fake: FakeDiscord) -> Town:
    return Town(fake)


async def test_a_bot_hears_a_mention_answers_it_and_edits_its_answer(fake: FakeDiscord, town: Town) -> None:
    async with connected(fake) as client:
        asked = await fake.say(town.channel, town.alice, f"<@{fake.bot_id}> hello")
        message = await client.next_message()
        assert client.user is not None
        assert (message.content, message.author.display_name) == (f"<@{fake.bot_id}> hello", "Al")
        assert client.user.mentioned_in(message)
        answer = await message.reply(f"hi <@{town.alice}>")
        await answer.edit(content="hi there")

    [stored] = fake.from_bot(town.channel)
    assert (stored.content, stored.reference_id) == ("hi there", asked)
    assert [edit.content for edit in stored.edits] == [f"hi <@{town.alice}>"]
    assert stored.allowed_mentions == AllowedMentions()
    assert stored.mentions == ()


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


async def test_the_same_nonce_gives_the_same_message_for_some_minutes(fake: FakeDiscord, town: Town) -> None:
    async with connected(fake) as client:
        channel = await client.fetch_channel(int(town.channel))
        assert isinstance(channel, discord.TextChannel)
        first = await channel.send("once", nonce="answer-1")
        assert (await channel.send("once", nonce="answer-1")).id == first.id
        assert len(fake.from_bot(town.channel)) == 1
        fake.forget_nonces()
        assert (await channel.send("once", nonce="answer-1")).id != first.id


async def test_a_rate_limit_is_obeyed(fake: FakeDiscord, town: Town) -> None:
    async with connected(fake) as client:
        channel = client.get_partial_messageable(int(town.channel))
        fake.rate_limit_next("POST", "/messages$", retry_after=0.2)
        await channel.send("patience")
    tries = [request.at for request in fake.requests if request.path.endswith("/messages")]
    assert len(tries) == 2
    assert tries[1] - tries[0] >= 0.2


async def test_a_lost_answer_may_hide_a_message_that_was_sent(fake: FakeDiscord, town: Town) -> None:
    async with connected(fake) as client:
        channel = client.get_partial_messageable(int(town.channel))
        fake.fail_next("POST", "/messages$", 0)
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await channel.send("lost on the way")
        fake.fail_next("POST", "/messages$", 0, after_effect=True)
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await channel.send("lost on the way back")
        fake.fail_next("POST", "/messages$", 503)
        with pytest.raises(discord.DiscordServerError):
            await channel.send("not today")
    assert [message.content for message in fake.from_bot(town.channel)] == ["lost on the way back"]


async def test_a_file_can_be_sent(fake: FakeDiscord, town: Town) -> None:
    async with connected(fake) as client:
        channel = client.get_partial_messageable(int(town.channel))
        sent = await channel.send("here", file=discord.File(io.BytesIO(b"all of it"), "notes.txt"))
        assert [file.filename for file in sent.attachments] == ["notes.txt"]
    [stored] = fake.from_bot(town.channel)
    assert (stored.content, [file.size for file in stored.files]) == ("here", [9])


async def test_discord_says_why_a_message_cannot_be_sent(fake: FakeDiscord, town: Town) -> None:
    async def code_of(*, text: str = "x", reference: discord.MessageReference | None = None) -> int:
        with pytest.raises(discord.HTTPException) as caught:
            await channel.send(text, reference=reference)  # type: ignore[arg-type]
        return caught.value.code

    async with connected(fake) as client:
        channel = client.get_partial_messageable(int(town.channel))
        assert await code_of(text="x" * 2001) == 50035
        assert await code_of(text="") == 50006
        gone = discord.MessageReference(message_id=1, channel_id=channel.id)
        assert await code_of(reference=gone) == 50035
        forgiving = discord.MessageReference(message_id=1, channel_id=channel.id, fail_if_not_exists=False)
        assert (await channel.send("x" * 2000, reference=forgiving)).reference is None
        fake.set_overwrite(town.channel, fake.bot_id, deny=Permission.SEND_MESSAGES)
        assert await code_of() == 50013
        fake.set_overwrite(town.channel, town.guild, deny=Permission.VIEW_CHANNEL)
        assert await code_of() == 50001
        channel = client.get_partial_messageable(1)
        assert await code_of() == 10003


async def test_only_the_own_message_can_be_edited_and_a_deleted_one_is_unknown(fake: FakeDiscord, town: Town) -> None:
    hers = await fake.say(town.channel, town.alice, "mine")
    async with connected(fake) as client:
        message = client.get_partial_messageable(int(town.channel)).get_partial_message(int(hers))
        with pytest.raises(discord.Forbidden) as caught:
            await message.edit(content="ours")
        assert caught.value.code == 50005
        with pytest.raises(discord.Forbidden):
            await message.delete()
        await fake.delete(hers)
        with pytest.raises(discord.NotFound) as missing:
            await message.fetch()
        assert missing.value.code == 10008


async def test_edits_previews_and_deletions_are_told(fake: FakeDiscord, town: Town) -> None:
    first, second, third = [await fake.say(town.channel, town.alice, text) for text in ("one", "two", "three")]
    async with connected(fake) as client, asyncio.timeout(5):
        await fake.preview_link(first)
        preview = await client.edited.get()
        assert preview.message.edited_at is None
        await fake.edit(first, "uno")
        edit = await client.edited.get()
        assert (edit.message.content, edit.message.edited_at is None) == ("uno", False)
        await fake.delete(first)
        assert await client.deleted.get() == {int(first)}
        await fake.delete_many([second, third])
        assert await client.deleted.get() == {int(second), int(third)}


async def test_replies_forwards_and_files_arrive_as_such(fake: FakeDiscord, town: Town) -> None:
    async with connected(fake) as client:
        asked = await fake.say(town.channel, town.alice, "a picture", attachments=[FakeFile("cat.png", size=9)])
        await fake.say(town.channel, town.alice, "see above", reply_to=asked)
        await fake.say(town.channel, town.alice, "", forward_of=asked)
        picture, reply, forward = [await client.next_message() for _ in range(3)]
        [file] = picture.attachments
        assert (file.filename, file.content_type, file.size) == ("cat.png", "image/png", 9)
        assert reply.reference is not None
        assert isinstance(reply.reference.resolved, discord.Message)
        assert reply.reference.resolved.content == "a picture"
        [snapshot] = forward.message_snapshots
        assert (forward.content, snapshot.content) == ("", "a picture")


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


async def test_a_slash_command_is_registered_used_and_answered(fake: FakeDiscord, town: Town) -> None:
    async with connected(fake) as client:

        @client.tree.command(name="summary")
        async def summary(interaction: discord.Interaction, mode: str = "") -> None:
            """Show the summary."""
            await interaction.response.defer(ephemeral=True)
            await interaction.followup.send(f"the summary, {mode}", ephemeral=False)
            await interaction.followup.send("and more")

        @client.tree.command(name="help")
        async def show_help(interaction: discord.Interaction) -> None:
            """Show help."""
            await interaction.response.send_message("helped")
            await interaction.edit_original_response(content="helped twice")

        await client.tree.sync()
        assert (sorted(fake.commands.names), fake.commands.puts) == (["help", "summary"], 1)
        assert len(await client.tree.fetch_commands()) == 2

        used = await fake.slash(town.alice, town.channel, "summary", {"mode": "now"})
        await fake.wait_for(lambda: len(fake.responses(used)) == 2)
        answer, more = fake.responses(used)
        assert (answer.content, answer.ephemeral, answer.loading) == ("the summary, now", True, False)
        assert (more.content, more.ephemeral) == ("and more", False)

        used = await fake.slash(town.alice, fake.open_dm(town.alice), "help")
        await fake.wait_for(lambda: [r.content for r in fake.responses(used)] == ["helped twice"])
        with pytest.raises(LookupError):
            await fake.slash(town.alice, town.channel, "unheard-of")
        with pytest.raises(LookupError):
            await fake.slash(fake.add_user("stranger"), town.channel, "help")
    assert [message.content for message in fake.messages(town.channel)] == ["and more"]


async def test_history_can_be_read_from_either_end(fake: FakeDiscord, town: Town) -> None:
    ids = [await fake.say(town.channel, town.alice, str(number)) for number in range(5)]
    async with connected(fake) as client:
        channel = client.get_partial_messageable(int(town.channel))
        middle = discord.Object(int(ids[2]))
        assert [m.content async for m in channel.history(limit=2)] == ["4", "3"]
        assert [m.content async for m in channel.history(after=middle, limit=1)] == ["3"]
        assert [m.content async for m in channel.history(before=middle)] == ["1", "0"]
        assert [m.content async for m in channel.history(around=middle, limit=3)] == ["3", "2", "1"]
        async with channel.typing():
            assert fake.typing(town.channel) == 1
