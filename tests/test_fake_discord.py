"""The fake Discord does to the real discord.py what Discord does."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator

import aiohttp
import discord
import pytest

from tests.discord_town import Town, connected
from tests.fakes.discord import AllowedMentions, FakeDiscord, FakeFile, Permission


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


async def test_an_edit_changes_whom_a_message_mentions(fake: FakeDiscord, town: Town) -> None:
    bob = fake.add_user("bob")
    said = await fake.say(town.channel, town.alice, f"<@{bob}>?")
    async with connected(fake) as client, asyncio.timeout(5):
        await fake.edit(said, f"<@{fake.bot_id}>?")
        edit = await client.edited.get()
        assert [user.id for user in edit.message.mentions] == [int(fake.bot_id)]
        sent = await client.get_partial_messageable(int(town.channel)).send("who?")
        await sent.edit(content=f"<@{bob}>!")
        await sent.edit(content=f"<@{bob}>!!", allowed_mentions=discord.AllowedMentions.all())
    [stored] = fake.from_bot(town.channel)
    assert stored.mentions == (bob,)


async def test_there_are_voice_and_announcement_channels_with_messages(fake: FakeDiscord, town: Town) -> None:
    voice = fake.add_channel(town.guild, "lounge", kind="voice")
    news = fake.add_channel(town.guild, "news", kind="announcement")
    async with connected(fake) as client:
        for channel in (voice, news):
            await fake.say(channel, town.alice, "hello")
        spoken, announced = [(await client.next_message()).channel for _ in range(2)]
        assert isinstance(spoken, discord.VoiceChannel)
        assert isinstance(announced, discord.TextChannel)
        assert announced.is_news()


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
