"""What was said before the bot was called in a thread, or by a reply: read once, and remembered from then on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from errors import PlatformUnreachable
from memory.types import Inbound, Quote
from tests.scenes import DiscordScene, Scene, SlackScene
from tests.stage import SETTINGS, Stage, stage

THREAD = "m1"
"""A thread of the stage has the id of the message that it hangs on, as on Discord and Slack."""


def talk_in_thread(on: Stage, *texts: str, parent: str = "who comes along?") -> list[Inbound]:
    """Have Bob open a thread by a message in the channel, and Cy write in it; the bot hears nothing of that."""
    on.write(1, parent, author="bob", addressed=False)
    return [on.write(number, text, author="cy", thread=THREAD, addressed=False) for number, text in enumerate(texts, 2)]


async def call(on: Stage, number: float, text: str, *, thread: str = THREAD, answers: Inbound | None = None) -> str:
    """Have Ann call the bot, maybe by a reply to a message, and return the whole request."""
    asked = on.write(number, text, thread=thread)
    if answers is not None:
        quote = Quote(answers.message_id, answers.author, answers.author_name, answers.text, answers.sent_at)
        asked = replace(asked, reply_to=quote)
    said = len(on.platform.said)
    await on.core.accept(asked)
    await on.until(said + 1)
    return "\n".join(message.content for message in on.model.prompts[-1].messages)


PLANS = ["Bob: who comes along?", "Cy: I do", "Cy: on Friday"]


class TestThreads:
    async def test_first_called_in_a_thread_it_knows_what_was_said_there_and_the_parent_in_order(
        self, tmp_path: Path
    ) -> None:
        async with stage(tmp_path) as on:
            talk_in_thread(on, "I do", "on Friday")
            await call(on, 9, "who comes?")
            assert on.asked() == [*PLANS, "Ann: who comes?"]

    async def test_it_is_remembered_once_and_not_read_again(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            talk_in_thread(on, "I do", "on Friday")
            await call(on, 9, "who comes?")
            await call(on, 10, "and when?")
            assert on.asked() == [*PLANS, "Ann: who comes?", "Answer 1.", "Ann: and when?"]
            assert on.platform.read_before == ["m9"]
            await on.stop()
            await on.start()
            await call(on, 11, "still?")
            assert on.asked()[:3] == PLANS
            assert on.platform.read_before == ["m9"]

    async def test_no_more_messages_are_remembered_than_the_settings_say(self, tmp_path: Path) -> None:
        async with stage(tmp_path, replace(SETTINGS, before_messages=2)) as on:
            talk_in_thread(on, "one", "two", "three")
            await call(on, 9, "well?")
            assert on.asked() == ["Cy: two", "Cy: three", "Ann: well?"]

    async def test_no_more_is_remembered_than_a_fold_leaves_word_for_word(self, tmp_path: Path) -> None:
        async with stage(tmp_path, replace(SETTINGS, keep_tokens=1000)) as on:
            talk_in_thread(on, "a" * 400, "b" * 400, "c" * 400)
            await call(on, 9, "well?")
            assert [text[:5] for text in on.asked()] == ["Cy: b", "Cy: c", "Ann: "]

    async def test_nothing_is_read_where_the_settings_want_none(self, tmp_path: Path) -> None:
        async with stage(tmp_path, replace(SETTINGS, before_messages=0)) as on:
            talk_in_thread(on, "I do")
            await call(on, 9, "well?")
            assert on.asked() == ["Ann: well?"]
            assert on.platform.read_before == []

    async def test_what_was_forgotten_there_does_not_come_back(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            talk_in_thread(on, "the zebra code")
            on.now += timedelta(seconds=5)
            await on.hear(5, "!forget now", author="mod", thread=THREAD)
            await on.until(1)
            on.write(6, "the yak code", author="cy", thread=THREAD, addressed=False)
            request = await call(on, 9, "which code?")
            assert on.asked() == ["Cy: the yak code", "Ann: which code?"]
            assert "zebra" not in request

    async def test_nor_do_the_words_of_somebody_who_had_himself_forgotten(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            talk_in_thread(on, "the zebra code")
            await on.hear(5, "!forget me now", author="cy", thread=THREAD)
            await on.until(1)
            assert "zebra" not in await call(on, 9, "which code?")
            assert on.asked() == ["Bob: who comes along?", "Ann: which code?"]

    async def test_what_would_have_expired_is_left_out(self, tmp_path: Path) -> None:
        async with stage(tmp_path, replace(SETTINGS, ttl_days=1)) as on:
            talk_in_thread(on, "yesterday")
            day = 86_400
            on.write(day, "today", author="cy", thread=THREAD, addressed=False)
            on.now += timedelta(days=1, seconds=60)
            await call(on, day + 60, "what did we say?")
            assert on.asked() == ["Cy: today", "Ann: what did we say?"]

    async def test_commands_and_who_is_denied_are_left_out(self, tmp_path: Path) -> None:
        async with stage(tmp_path, replace(SETTINGS, deny=frozenset({"stage:cy"}))) as on:
            talk_in_thread(on, "a secret")
            on.write(4, "!usage", author="bob", thread=THREAD)
            on.write(5, "hello", author="bob", thread=THREAD, addressed=False)
            await call(on, 9, "well?")
            assert on.asked() == ["Bob: who comes along?", "Bob: hello", "Ann: well?"]

    async def test_where_the_platform_cannot_be_reached_it_answers_without(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            talk_in_thread(on, "I do")
            on.platform.breaks.append(PlatformUnreachable("down"))
            await call(on, 9, "well?")
            assert on.asked() == ["Ann: well?"]
            assert on.platform.shown() == ["Answer 1."]

    async def test_a_death_between_reading_and_answering_leaves_it_there_once(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            talk_in_thread(on, "I do", "on Friday")
            on.platform.down = 1  # the reply cannot begin: what was read is on disk, nothing is answered
            await on.hear(9, "who comes?", thread=THREAD)
            await on.wait_for(lambda: len(on.rows("SELECT * FROM turns")) == 3)
            await on.die_and_start()
            await on.until(1)
            assert on.asked() == [*PLANS, "Ann: who comes?"]
            assert await on.transcript(thread=THREAD) == [
                "who comes along?",
                "I do",
                "on Friday",
                "who comes?",
                "Answer 1.",
            ]

    async def test_it_is_nobody_who_waits_for_an_answer(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            talk_in_thread(on, "I do")
            await call(on, 9, "who comes?")
            await on.die_and_start(missed=True)
            await on.hear(10, "and now?", thread=THREAD)
            await on.wait_for(lambda: "m10" in on.said)
            assert [post.answers for post in on.platform.posts.values()] == ["m9", "m10"]

    async def test_an_edit_reaches_what_was_read_and_a_deletion_too(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            one, two = talk_in_thread(on, "the zebra code", "the lynx code")
            await call(on, 9, "who comes?")
            await on.core.amend(on.rewrite(one, "the yak code"))
            await on.core.erase(two.place, [two.message_id])
            request = await call(on, 10, "which code?")
            assert "yak" in request
            assert "zebra" not in request
            assert "lynx" not in request

    @pytest.mark.parametrize("how", ["edited", "deleted"])
    async def test_what_changes_while_it_is_read_is_taken_in_as_it_is_then(self, tmp_path: Path, how: str) -> None:
        async with stage(tmp_path) as on:
            one, _ = talk_in_thread(on, "the zebra code", "on Friday")
            on.platform.door = asyncio.Event()
            calling = asyncio.create_task(call(on, 9, "who comes?"))
            await on.wait_for(lambda: bool(on.platform.read_before))
            if how == "edited":
                await on.core.amend(replace(one, text="the yak code", edited_at=on.now))
            else:
                await on.core.erase(one.place, [one.message_id])
            on.platform.door.set()
            request = await calling
            assert "zebra" not in request
            assert ("yak" in request) is (how == "edited")


class TestReplies:
    async def test_by_a_reply_to_what_it_does_not_know_it_hears_what_was_said_there(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            first = on.write(1, "shall we sail?", author="bob", addressed=False)
            on.write(2, "on Friday", author="cy", addressed=False)
            await call(on, 9, "what do you think?", thread="", answers=first)
            assert [text.split("\n")[0] for text in on.asked()[:2]] == ["Bob: shall we sail?", "Cy: on Friday"]
            assert len(on.asked()) == 3

    async def test_a_reply_to_what_it_knows_and_a_mention_in_a_channel_read_nothing(self, tmp_path: Path) -> None:
        async with stage(tmp_path) as on:
            on.write(1, "shall we sail?", author="bob", addressed=False)
            await call(on, 2, "hello", thread="")
            known = on.platform.written[on.write(2, "hello").place, "m2"]
            await call(on, 3, "as I said", thread="", answers=known)
            assert on.platform.read_before == []
            assert await on.transcript() == ["hello", "Answer 1.", "as I said", "Answer 2."]

    async def test_what_is_older_than_what_it_knows_is_quoted_and_no_turn_though_the_bots_clock_be_slow(
        self, tmp_path: Path
    ) -> None:
        async with stage(tmp_path) as on:
            old = on.write(1, "shall we sail?", author="bob", addressed=False)
            await call(on, 2, "hello", thread="")
            await call(on, 3, "what of this?", thread="", answers=old)
            assert on.asked()[:2] == ["Ann: hello", "Answer 1."]
            assert on.asked()[2] == 'Ann: [in reply to Bob: "shall we sail?"]\nwhat of this?'


class TestPlatforms:
    async def test_called_in_a_thread_it_knows_what_was_said_there_before(self, scene: Scene) -> None:
        scene.settings["memory"] = {"before_messages": 20}
        thread = await scene.thread()
        for text in ("the boat is called Swallow", "we sail on Friday"):
            await scene.say(scene.bob, text, thread)
        async with scene.serving():
            await scene.ask(scene.ann, "when do they sail?", thread)
            await scene.wait_for(lambda: len(scene.answers(thread)) == 1)
            (request,) = scene.model.requests
            said = [message.content for message in request.messages]
            boat = next(n for n, text in enumerate(said) if text.endswith("Bob: the boat is called Swallow"))
            assert said[boat + 1] == "Bob: we sail on Friday"
            assert said[-1].endswith("Ann: when do they sail?")
            await scene.ask(scene.ann, "and the boat?", thread)
            await scene.wait_for(lambda: len(scene.answers(thread)) == 2)
            assert scene.model.requests[-1].text.count("Swallow") == 1

    async def test_called_by_a_reply_it_knows_what_was_said_since(self, discord_scene: DiscordScene) -> None:
        scene = discord_scene
        scene.settings["memory"] = {"before_messages": 20}
        first = await scene.say(scene.bob, "the boat is called Swallow")
        await scene.say(scene.bob, "we sail on Friday")
        async with scene.serving():
            await scene.say(scene.ann, "when do they sail?", to_bot=True, reply_to=first)
            await scene.wait_for(lambda: len(scene.answers()) == 1)
            (request,) = scene.model.requests
            assert "Bob: we sail on Friday" in [message.content for message in request.messages]

    async def test_in_a_thread_that_hangs_on_its_own_answer_it_knows_it_and_need_not_be_mentioned(
        self, discord_scene: DiscordScene
    ) -> None:
        scene = discord_scene
        scene.model.script("The boat is called Swallow.")
        async with scene.serving():
            await scene.exchange(scene.ann, "what is her name?", "The boat is called Swallow.")
            await scene.until(lambda: bool(scene.rows("SELECT * FROM posts")))
            thread = scene.discord.add_thread(scene.home, "the boat", message=scene.answers()[0])
            await scene.say(scene.bob, "why that name?", thread)
            await scene.wait_for(lambda: len(scene.answers(thread)) == 1)
            last = scene.model.requests[-1].messages[-1].content
            assert last.endswith('Bob: [in reply to Threadkeeper: "The boat is called Swallow."]\nwhy that name?')
            await scene.say(scene.bob, "and then?", thread)
            await scene.wait_for(lambda: len(scene.answers(thread)) == 2)
            assert scene.model.requests[-1].text.count("Swallow") == 1

    async def test_so_it_is_in_slacks_direct_messages(self, slack_scene: SlackScene) -> None:
        scene, direct = slack_scene, slack_scene.direct(slack_scene.ann)
        scene.model.script("The boat is called Swallow.")
        async with scene.serving():
            await scene.exchange(scene.ann, "what is her name?", "The boat is called Swallow.", direct)
            await scene.until(lambda: bool(scene.rows("SELECT * FROM posts")))
            thread = f"{direct}/{scene.answers(direct)[0]}"
            await scene.say(scene.ann, "why that name?", thread)
            await scene.wait_for(lambda: len(scene.answers(thread)) == 1)
            last = scene.model.requests[-1].messages[-1].content
            assert last.endswith('[in reply to Threadkeeper: "The boat is called Swallow."]\nwhy that name?')
