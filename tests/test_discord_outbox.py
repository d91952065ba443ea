"""Answers on Discord that are found again: the real discord.py against a fake Discord that loses what it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from adapters.discord import Discord
from adapters.discord.outbox import Outbox
from errors import PlatformUnreachable
from memory.types import Delta, Inbound
from tests.answering import HELLO, Core, Script, saying
from tests.discord_home import Home, a_home, until
from tests.fakes.discord import AllowedMentions, MessageFlag, MessageType, Permission

LONG = "word " * 700


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async with a_home() as home:
        yield home


async def die_while_answering(home: Home, script: Script, text: str = "hello") -> Inbound:
    """Ask the bot something, let it answer, and forget the bot and the nonces as after a crash minutes ago."""
    async with home.core(script) as core:
        await home.ask(text)
        await core.answered()
    home.fake.forget_nonces()
    return core.heard[0]


async def answer_again(home: Home, to: Inbound, script: Script, posted: tuple[str, ...] = ()) -> list[tuple[int, str]]:
    """Let another bot of the same name answer a message that it knows from its store, and return what it noted."""
    core = Core(home.adapter(), script)
    async with core.running():
        await until(lambda: core.connections == 1)
        await core.adapter.reply(to, script(to), core.note, posted)
    return core.noted


def hurry(core: Core[Discord]) -> None:
    """Let the adapter try again at once."""
    core.adapter.limits = replace(core.adapter.limits, interval=0.01, waits=(0.0,) * 4)


def words(home: Home) -> list[str]:
    return " ".join(home.said()).split()


class TestAfterACrash:
    async def test_an_answer_that_nobody_noted_is_found_and_made_the_new_one(self, home: Home) -> None:
        asked = await die_while_answering(home, saying("First try."))
        (stood,) = home.fake.from_bot(home.channel)
        noted = await answer_again(home, asked, saying("Second try."))
        assert home.said() == ["Second try."]
        assert noted == [(0, stood.id)]

    async def test_a_long_answer_is_found_part_by_part(self, home: Home) -> None:
        asked = await die_while_answering(home, saying(LONG))
        first, second = home.fake.from_bot(home.channel)
        noted = await answer_again(home, asked, saying(LONG.upper()), (first.id,))
        assert words(home) == ["WORD"] * 700
        assert noted == [(1, second.id)]

    async def test_parts_that_a_shorter_answer_does_not_need_are_taken_away_though_nobody_noted_them(
        self, home: Home
    ) -> None:
        asked = await die_while_answering(home, saying(LONG))
        first, _ = home.fake.from_bot(home.channel)
        await answer_again(home, asked, saying("Short."), (first.id,))
        assert home.said() == ["Short."]

    async def test_parts_that_are_missing_are_posted(self, home: Home) -> None:
        asked = await die_while_answering(home, saying("Half of"))
        await answer_again(home, asked, saying(LONG))
        assert words(home) == ["word"] * 700
        assert [message.reference_id for message in home.fake.from_bot(home.channel)] == [asked.message_id] * 2

    async def test_an_answer_is_told_from_those_to_other_messages(self, home: Home) -> None:
        asked = await die_while_answering(home, saying("First."))
        other = await die_while_answering(home, saying("Second."))
        await answer_again(home, other, saying("Second again."))
        await answer_again(home, asked, saying("First again."))
        assert home.said() == ["First again.", "Second again."]

    async def test_what_another_bot_replied_is_not_taken_for_the_answer(self, home: Home) -> None:
        other = home.fake.add_user("other", bot=True)
        home.fake.add_member(home.server, other)
        asked = await home.ask()
        async with home.core() as core:
            await home.fake.say(home.channel, other, "beep", reply_to=asked)
            await home.fake.edit(asked, "hello")
            await until(lambda: bool(core.amended))
        await answer_again(home, core.amended[0], HELLO)
        assert home.said() == ["Hello!"]
        assert "beep" in [message.content for message in home.fake.messages(home.channel)]

    async def test_it_is_found_behind_what_others_said_since(self, home: Home) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            for number in range(120):
                await home.fake.say(home.channel, home.bob, str(number))
            yield Delta("First try.")

        asked = await die_while_answering(home, script)
        await answer_again(home, asked, saying("Second try."))
        assert home.said() == ["Second try."]

    async def test_in_threads_and_direct_messages_it_is_found_as_well(self, home: Home) -> None:
        thread, direct = home.fake.add_thread(home.channel, "plans"), home.fake.open_dm(home.alice)
        async with home.core(saying("First try.")) as core:
            for channel in (thread, direct):
                core.settled.clear()
                await home.fake.say(channel, home.alice, "hello", mentions=[home.fake.bot_id])
                await core.answered()
        home.fake.forget_nonces()
        for asked, channel in zip(core.heard, (thread, direct), strict=True):
            await answer_again(home, asked, saying("Second try."))
            assert home.said(channel) == ["Second try."]

    async def test_where_the_bot_may_not_read_back_it_answers_without_looking(self, home: Home) -> None:
        home.fake.set_overwrite(home.channel, home.fake.bot_id, deny=Permission.READ_MESSAGE_HISTORY)
        asked = await die_while_answering(home, saying("First try."))
        await answer_again(home, asked, saying("Second try."))
        assert home.said() == ["First try.", "Second try."]

    async def test_a_message_that_came_in_just_now_is_answered_without_looking(self, home: Home) -> None:
        async with home.core(saying(LONG)) as core:
            await home.ask()
            await core.answered()
        assert [r.method for r in home.fake.requests if r.path.endswith("/messages")] == ["POST", "POST"]

    async def test_one_look_is_enough_for_an_answer_however_long(self, home: Home) -> None:
        asked = await die_while_answering(home, saying("Half of"))
        await answer_again(home, asked, saying(LONG * 3))
        assert [r.method for r in home.fake.requests if r.path.endswith("/messages")].count("GET") == 1

    async def test_while_discord_cannot_be_read_the_answer_waits(self, home: Home) -> None:
        asked = await die_while_answering(home, saying("First try."))
        home.fake.fail_next("GET", f"/channels/{home.channel}/messages", 503, times=2)
        await answer_again(home, asked, saying("Second try."))
        assert home.said() == ["Second try."]


class TestLostOnTheWay:
    @pytest.mark.parametrize("part", [0, 1])
    @pytest.mark.parametrize("lost", ["on the way", "on the way back"])
    @pytest.mark.parametrize(
        ("status", "body"),
        [
            pytest.param(0, None, id="cut"),
            pytest.param(503, None, id="503"),
            pytest.param(429, "<html>slow down</html>", id="429"),
            pytest.param(200, "<html>a proxy's page</html>", id="nonsense"),
        ],
    )
    async def test_an_answer_stands_there_once_and_whole_whatever_becomes_of_a_post(
        self, home: Home, status: int, body: str | None, part: int, lost: str
    ) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            if part:
                yield Delta(LONG[:1000])
                await home.fake.wait_for(lambda: bool(home.said()))
            home.fake.fail_next("POST", "/messages$", status, body=body, after_effect=lost == "on the way back")
            yield Delta(LONG[1000:] if part else LONG)

        home.fake.forget_nonces(from_now_on=True)
        async with home.core(script) as core:
            hurry(core)
            await home.ask()
            await core.answered()
        assert core.failed == []
        assert words(home) == ["word"] * 700
        assert [noted for noted, _ in core.noted] == [0, 1]

    @pytest.mark.parametrize("status", [0, 500, 502, 503, 504])  # after 500, 502, 504 discord.py posts again
    async def test_within_minutes_the_nonce_keeps_it_single_where_nothing_can_be_looked_for(
        self, home: Home, status: int
    ) -> None:
        home.fake.set_overwrite(home.channel, home.fake.bot_id, deny=Permission.READ_MESSAGE_HISTORY)
        # Of the two the first is refused for being a reply, and so has no effect that could be lost.
        home.fake.fail_next("POST", f"/channels/{home.channel}/messages", status, times=2, after_effect=True)
        async with home.core(saying(LONG)) as core:
            hurry(core)
            await home.ask()
            await core.answered()
        assert words(home) == ["word"] * 700

    @pytest.mark.parametrize("lost", ["on the way", "on the way back"])
    @pytest.mark.parametrize("status", [0, 503])
    async def test_an_answer_stands_there_whole_whatever_becomes_of_an_edit(
        self, home: Home, status: int, lost: str
    ) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta(LONG[:1000])
            await home.fake.wait_for(lambda: bool(home.said()))
            home.fake.fail_next("PATCH", "/messages/", status, times=2, after_effect=lost == "on the way back")
            yield Delta(LONG[1000:])

        async with home.core(script) as core:
            hurry(core)
            await home.ask()
            await core.answered()
        assert core.failed == []
        assert words(home) == ["word"] * 700

    async def test_rate_limits_are_waited_out(self, home: Home) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta(LONG[:1000])
            await home.fake.wait_for(lambda: bool(home.said()))
            home.fake.rate_limit_next("PATCH", "/messages/", 0.1)
            home.fake.rate_limit_next("POST", "/messages$", 0.1)
            yield Delta(LONG[1000:])

        home.fake.rate_limit_next("POST", "/messages$", 0.1, everywhere=True)
        async with home.core(script) as core:
            hurry(core)
            await home.ask()
            await core.answered()
        assert core.failed == []
        assert words(home) == ["word"] * 700

    async def test_a_limit_over_all_that_the_sign_of_typing_meets_passes_although_the_answer_outruns_it(
        self, home: Home
    ) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            await home.fake.wait_for(lambda: any("/typing" in request.path for request in home.fake.requests))
            await asyncio.sleep(0)
            yield Delta("Hello!")

        home.fake.rate_limit_next("POST", "/typing", 0.1, everywhere=True)
        async with home.core(script) as core:
            await home.ask()
            await core.answered()
            core.settled.clear()
            await home.ask()
            await core.answered()
        assert core.failed == []
        assert home.said() == ["Hello!", "Hello!"]

    async def test_a_part_that_was_taken_away_without_a_word_of_it_is_gone_all_the_same(self, home: Home) -> None:
        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta(LONG)
            await home.fake.wait_for(lambda: len(home.said()) == 2)
            home.fake.fail_next("DELETE", "/messages/", 0, times=2, after_effect=True)
            yield Delta("Short.", restart=True)

        async with home.core(script) as core:
            hurry(core)
            await home.ask()
            await core.answered()
        assert (home.said(), core.failed) == (["Short."], [])

    async def test_an_answer_that_is_broken_off_while_it_is_posted_and_begun_again_stands_there_once(
        self, home: Home
    ) -> None:
        replies: list[asyncio.Task[None]] = []

        async def begin(inbound: Inbound) -> bool:
            replies.append(asyncio.create_task(adapter.reply(inbound, HELLO(inbound), core.note)))
            core.heard.append(inbound)
            return True

        home.fake.forget_nonces(from_now_on=True)
        adapter = home.adapter()
        core = Core(adapter, HELLO)
        running = asyncio.create_task(adapter.run(replace(core.intake, accept=begin)))
        await home.fake.wait_for(lambda: home.fake.connected)
        await home.ask()
        await home.fake.wait_for(lambda: bool(home.said()))
        replies[0].cancel()
        await asyncio.gather(*replies, return_exceptions=True)
        await core.answer(core.heard[0])
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert (home.said(), core.failed) == (["Hello!"], [])


class TestHarmless:
    async def test_no_part_and_no_edit_of_an_answer_pings_or_shows_previews(self, home: Home) -> None:
        mods = home.fake.add_role(home.server, "mods")
        home.fake.set_overwrite(home.channel, home.fake.bot_id, allow=Permission.MENTION_EVERYONE)
        loud = f"@everyone @here <@{home.bob}> <@!{home.alice}> <@&{mods}> https://example.com/ "

        async def script(_: Inbound) -> AsyncIterator[Delta]:
            yield Delta(loud)
            await home.fake.wait_for(lambda: bool(home.said()))
            yield Delta(loud * 30)

        async with home.core(script) as core:
            await home.ask()
            await core.answered()
        answers = home.fake.from_bot(home.channel)
        assert len(answers) > 1
        assert answers[0].edits
        for answer in answers:
            assert (answer.everyone, answer.mentions, answer.role_mentions) == (False, (), ())
            assert answer.allowed_mentions == AllowedMentions()
            assert MessageFlag.SUPPRESS_EMBEDS in answer.flags
            assert answer.type is MessageType.REPLY

    async def test_an_answer_to_a_slash_command_pings_nobody_either(self, home: Home) -> None:
        async def script(inbound: Inbound) -> AsyncIterator[Delta]:
            yield Delta(f"@everyone <@{home.bob}> look there")
            await home.fake.wait_for(lambda: not home.fake.responses(inbound.message_id)[0].loading)
            yield Delta(f", @everyone <@{home.bob}>" * 100)

        async with home.core(script) as core:
            used = await home.fake.slash(home.alice, home.channel, "forget")
            await core.answered()
        answers = home.fake.responses(used)
        assert len(answers) > 1
        for answer in answers:
            assert answer.allowed_mentions == AllowedMentions()


async def test_the_newest_4096_messages_are_remembered_as_new_or_as_taken_away(home: Home) -> None:
    async with home.ready() as core:
        await home.ask()
        await core.answered()
    outbox = Outbox()
    for number in range(5000):
        outbox.begin(replace(core.heard[0], message_id=str(number)))
    new = [number for number in range(5000) if outbox.is_new(replace(core.heard[0], message_id=str(number)))]
    assert new == list(range(904, 5000))
    with pytest.raises(PlatformUnreachable):
        await outbox.post(core.heard[0], "without a connection", 0)
