"""Whole conversations: people on Discord, the bot as it is started, and a model that keeps what it was sent."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from llm.tokens import load_counter
from tests.fakes.discord import FakeDiscord, FakeFile, Permission
from tests.fakes.model import FakeModel, ModelRequest, Refuse, Say, openai_error, refuse_crowding
from tests.scenes import DiscordScene, Scene, SlackScene

FOLD = "You keep the rolling summary"


def is_fold(request: ModelRequest) -> bool:
    return FOLD in request.text


def chats(scene: Scene) -> list[ModelRequest]:
    """The requests that asked for a reply, oldest first."""
    return [request for request in scene.model.requests if not is_fold(request)]


def last_words(request: ModelRequest) -> str:
    """The newest message of a request, without the notes before it."""
    return re.sub(r"<notes>.*?</notes>\n", "", request.messages[-1].content, flags=re.DOTALL)


class TestTalking:
    async def test_a_mention_is_answered_with_the_conversation_so_far_in_the_request(self, scene: Scene) -> None:
        async with scene.serving():
            scene.model.respond = lambda _: "Hello Ann."
            await scene.exchange(scene.ann, "my name is Zorblax", "Hello Ann.")
            scene.model.respond = lambda _: "Zorblax!"
            await scene.exchange(scene.bob, "what is her name?", "Zorblax!")
        first, second = chats(scene)
        assert [message.role for message in first.messages] == ["system", "user"]
        assert [(m.role, m.content) for m in second.messages[1:3]] == [
            ("user", "Ann: my name is Zorblax"),
            ("assistant", "Hello Ann."),
        ]
        assert last_words(second) == "Bob: what is her name?"

    async def test_memory_outlives_a_restart(self, scene: Scene) -> None:
        async with scene.serving():
            await scene.exchange(scene.ann, "my name is Zorblax", "Understood.")
        async with scene.serving():
            await scene.ask(scene.ann, "what is my name?")
            await scene.heard("Understood.", times=2)
        assert "Ann: my name is Zorblax" in scene.model.requests[-1].text

    async def test_channels_threads_and_people_in_private_have_conversations_of_their_own(self, scene: Scene) -> None:
        scene.settings["memory"] = {"recall": "off"}
        thread = await scene.thread()
        direct = scene.direct(scene.ann)
        async with scene.serving():
            for place, word in (
                (scene.home, "alpha"),
                (scene.other, "beta"),
                (thread, "gamma"),
                (direct, "delta"),
            ):
                await scene.exchange(scene.ann, f"the word is {word}", "Understood.", place)
        for request, word in zip(chats(scene), ("alpha", "beta", "gamma", "delta"), strict=True):
            assert [w for w in ("alpha", "beta", "gamma", "delta") if w in request.text] == [word]
        assert last_words(chats(scene)[-1]) == "the word is delta"

    async def test_per_user_conversations_in_a_channel_do_not_see_each_other(self, discord_scene: DiscordScene) -> None:
        scene = discord_scene
        scene.settings["memory"] = {"conversation": "per_user"}
        async with scene.serving():
            await scene.exchange(scene.ann, "the word is alpha", "Understood.")
            await scene.ask(scene.bob, "which word?")
            await scene.heard("Understood.", times=2)
        assert "alpha" not in scene.model.requests[-1].text

    async def test_what_comes_while_an_answer_is_made_is_answered_next_a_persons_messages_together(
        self, scene: Scene
    ) -> None:
        gate = asyncio.Event()
        scene.model.script(Say(("One ", "moment."), gate=gate))
        async with scene.serving():
            await scene.ask(scene.ann, "first")
            await scene.model.wait_for(lambda: len(scene.model.requests) == 1)
            await scene.ask(scene.bob, "second")
            await scene.ask(scene.bob, "third")
            await scene.ask(scene.ann, "fourth")
            await scene.until(lambda: len(scene.rows("SELECT id FROM inbox")) == 4)
            gate.set()
            await scene.heard("Understood.", times=2)
        one, two, three = chats(scene)
        assert last_words(one) == "Ann: first"
        assert [m.content for m in two.messages[1:3]] == ["Ann: first", "One moment."]
        assert two.messages[-2].content.endswith("Bob: second")
        assert two.messages[-1].content == "Bob: third"
        assert last_words(three) == "Ann: fourth"

    async def test_conversations_are_answered_side_by_side(self, scene: Scene) -> None:
        gate = asyncio.Event()
        scene.model.script(Say(("Slow.",), gate=gate), Say(("Fast.",)))
        async with scene.serving():
            await scene.ask(scene.ann, "take your time")
            await scene.model.wait_for(lambda: len(scene.model.requests) == 1)
            await scene.ask(scene.bob, "be quick", scene.other)
            await scene.heard("Fast.", scene.other)
            assert "Slow." not in scene.said()
            gate.set()
            await scene.heard("Slow.")

    async def test_in_a_joined_thread_nobody_need_mention_the_bot_and_talk_among_people_is_only_remembered(
        self, scene: Scene
    ) -> None:
        thread = await scene.thread()
        async with scene.serving():
            await scene.say(scene.bob, "nobody asked the bot yet", thread)
            await scene.exchange(scene.ann, "hello", "Understood.", thread)
            await scene.say(scene.ann, f"{scene.mention(scene.bob)} shall we meet at noon?", thread)
            await scene.until(lambda: len(scene.rows("SELECT id FROM inbox")) == 2)
            await scene.say(scene.bob, "when do we meet?", thread)
            await scene.heard("Understood.", thread, times=2)
        assert len(chats(scene)) == 2
        assert "Ann: @Bob shall we meet at noon?" in chats(scene)[1].text
        assert "nobody asked" not in chats(scene)[1].text

    async def test_a_follow_up_in_a_new_thread_is_heard_before_the_bot_has_said_its_first_words(
        self, scene: Scene
    ) -> None:
        gate = asyncio.Event()
        scene.model.script(Say(("One ", "moment."), gate=gate))
        thread = await scene.thread()
        async with scene.serving():
            await scene.ask(scene.ann, "first", thread)
            await scene.model.wait_for(lambda: len(scene.model.requests) == 1)
            await scene.say(scene.ann, "and tell me about spools too", thread)
            await scene.until(lambda: len(scene.rows("SELECT id FROM inbox")) == 2)
            gate.set()
            await scene.heard("Understood.", thread)
        assert last_words(chats(scene)[1]) == "Ann: and tell me about spools too"

    async def test_an_answer_that_had_no_room_to_end_says_so_and_is_remembered_without_that(self, scene: Scene) -> None:
        async with scene.serving():
            scene.model.script(Say(("Run this:\n```sh\nrm ", "-rf /tmp/x"), finish="length"))
            await scene.ask(scene.ann, "how do I clean up?")
            await scene.heard("had to stop here")
            assert "rm -rf /tmp/x\n```\n" in scene.said()[0]
            await scene.exchange(scene.ann, "go on", "Understood.")
        assert "had to stop" not in scene.model.requests[-1].text
        assert "rm -rf /tmp/x" in scene.model.requests[-1].text

    async def test_a_long_answer_comes_whole_in_messages_with_balanced_fences(self, scene: Scene) -> None:
        lines = [f"print('line {number:03}')" for number in range(600)]
        scene.model.respond = lambda _: "\n".join(["Here:", "```python", *lines, "```", "That was it."])
        async with scene.serving():
            await scene.ask(scene.ann, "show me the code")
            await scene.heard("That was it.")
        said = scene.said()
        assert len(said) > 1
        assert all(part.count("```") == 2 for part in said)
        assert [line for part in said for line in part.splitlines() if line.startswith("print")] == lines

    async def test_pictures_are_said_not_to_be_readable_and_replies_quote_what_they_answer(
        self, discord_scene: DiscordScene
    ) -> None:
        scene = discord_scene
        async with scene.serving():
            said = await scene.say(scene.bob, "the boat leaves at nine")
            await scene.discord.say(
                scene.home,
                scene.ann,
                f"<@{scene.discord.bot_id}> is that so?",
                reply_to=said,
                attachments=[FakeFile("boat.png", "image/png", 120_000)],
            )
            await scene.heard("Understood.")
        words = last_words(chats(scene)[0])
        assert 'Ann: [in reply to Bob: "the boat leaves at nine"]' in words
        assert "you cannot see or read files yet: boat.png (image/png, 120 kB)" in words


class TestFolding:
    async def test_long_conversations_are_folded_after_the_reply_and_go_on_from_the_summary(self, scene: Scene) -> None:
        scene.settings["memory"] = {"max_tokens": 1200, "keep_tokens": 300, "keep_recent": 2, "summary_tokens": 100}
        scene.settings["model"] = {"max_reply_tokens": 200}
        scene.model.respond = lambda request: "They spoke of spools." if is_fold(request) else "Understood."
        async with scene.serving():
            for number in range(12):
                await scene.ask(scene.ann, f"spool {number}: " + "wind the thread " * 40)
                await scene.heard("Understood.", times=number + 1)
            await scene.model.wait_for(lambda: any(is_fold(request) for request in scene.model.requests))
            await scene.exchange(scene.bob, "go on", "Understood.")
        (fold, *_) = [request for request in scene.model.requests if is_fold(request)]
        assert "spool 0:" in fold.text
        assert "spool 0:" not in chats(scene)[-1].text
        assert "They spoke of spools." in chats(scene)[-1].messages[0].content
        assert len(scene.rows("SELECT id FROM turns")) == 26  # nothing that was said is lost by a fold

    async def test_a_failed_fold_changes_nothing(self, scene: Scene) -> None:
        scene.settings["memory"] = {"max_tokens": 1200, "keep_tokens": 300, "keep_recent": 2, "summary_tokens": 100}
        scene.settings["model"] = {"max_reply_tokens": 200}
        scene.model.respond = lambda request: "far too long " * 200 if is_fold(request) else "Understood."
        async with scene.serving():
            for number in range(12):
                await scene.ask(scene.ann, f"spool {number}: " + "wind the thread " * 40)
                await scene.heard("Understood.", times=number + 1)
            await scene.model.wait_for(lambda: any(is_fold(request) for request in scene.model.requests))
            await scene.exchange(scene.bob, "go on", "Understood.")
        assert scene.rows("SELECT version FROM summaries") == []
        assert "spool 11:" in chats(scene)[-1].text


class TestBudgets:
    async def test_a_window_holds_the_last_messages_and_nothing_older(self, scene: Scene) -> None:
        scene.settings["memory"] = {"strategy": "window", "max_messages": 4}
        async with scene.serving():
            for number in range(5):
                await scene.ask(scene.ann, f"spool {number}")
                await scene.heard("Understood.", times=number + 1)
        said = [message.content for message in chats(scene)[-1].messages[1:-1]]
        assert said == ["Understood.", "Ann: spool 3", "Understood."]

    async def test_a_model_that_makes_more_tokens_of_a_text_is_planned_for_once_that_is_learned(
        self, tmp_path: Path, discord: FakeDiscord
    ) -> None:
        count = load_counter()

        def reported(request: ModelRequest) -> int:
            return int(1.4 * sum(count(message.content) + 3 for message in request.messages))

        async with FakeModel(prompt_tokens=reported) as model:
            scene = DiscordScene(tmp_path, model, discord)
            scene.settings["memory"] = {"strategy": "buffer", "max_tokens": 1000, "keep_tokens": 300}
            async with scene.serving():
                for number in range(12):
                    await scene.ask(scene.ann, f"spool {number}: " + "wind the thread " * 40)
                    await scene.heard("Understood.", times=number + 1)
        assert 800 < reported(chats(scene)[-1]) <= 1000

    async def test_a_prompt_that_the_model_finds_too_long_is_planned_again_smaller_once(self, scene: Scene) -> None:
        too_long = Refuse(400, openai_error("too long", "context_length_exceeded"))
        scene.settings["memory"] = {"strategy": "buffer", "max_tokens": 1000, "keep_tokens": 300}
        async with scene.serving():
            for number in range(5):
                await scene.ask(scene.ann, f"spool {number}: " + "wind the thread " * 50)
                await scene.heard("Understood.", times=number + 1)
            scene.model.script(too_long)
            await scene.ask(scene.ann, "and now?")
            await scene.heard("Understood.", times=6)
            refused, smaller = chats(scene)[-2:]
            assert len(smaller.messages) < len(refused.messages)
            assert last_words(smaller) == last_words(refused)
            scene.model.script(too_long, too_long)
            await scene.ask(scene.ann, "and again?")
            await scene.heard("This conversation does not fit into the language model; try a shorter message.")

    async def test_a_message_longer_than_the_budget_is_cut_in_the_prompt_and_kept_whole(self, scene: Scene) -> None:
        scene.settings["memory"] = {"max_tokens": 450, "keep_tokens": 200}
        long = "begin " + "wind the thread " * 110 + "end"
        async with scene.serving():
            await scene.exchange(scene.ann, long, "Understood.")
        assert re.fullmatch(r"Ann: begin .*\n\[… \d+ characters cut here …\]\n.* end", last_words(chats(scene)[0]))
        assert scene.rows("SELECT text FROM turns WHERE role = 'user'") == [(long,)]


class TestErrors:
    async def test_a_server_that_wants_the_roles_to_alternate_answers_on_after_an_answer_that_failed(
        self, scene: Scene
    ) -> None:
        down = Refuse(400, openai_error("no", "invalid_value"))
        async with scene.serving():
            scene.model.respond = lambda request: refuse_crowding(request) or "Understood."
            scene.model.script(down)
            await scene.ask(scene.ann, "spool 1")
            await scene.heard("The language model would not take this request; try to put it differently.")
            await scene.exchange(scene.ann, "spool 2", "Understood.")
            await scene.exchange(scene.ann, "spool 3", "Understood.")
        assert [message.role for message in chats(scene)[-1].messages] == ["system", "user", "assistant", "user"]

    async def test_a_person_reads_one_short_sentence_when_the_model_refuses(self, scene: Scene) -> None:
        scene.model.script(Refuse(401, {"error": {"message": "bad key sk-secret", "code": "invalid_api_key"}}))
        async with scene.serving():
            await scene.ask(scene.ann, "hello")
            await scene.heard("The language model refuses my settings; the operator has to mend them.")
            await scene.exchange(scene.ann, "and now?", "Understood.")
        assert "Ann: hello" in scene.model.requests[-1].text
        assert "refuses my settings" not in scene.model.requests[-1].text

    async def test_a_reply_that_can_be_put_nowhere_is_no_turn_and_stops_nothing(
        self, discord_scene: DiscordScene
    ) -> None:
        scene = discord_scene
        gate = asyncio.Event()
        scene.model.script(Say(("Too ", "late."), gate=gate))
        doomed = scene.discord.add_channel(scene.server, "doomed")
        async with scene.serving():
            await scene.ask(scene.ann, "hello", doomed)
            await scene.model.wait_for(lambda: len(scene.model.requests) == 1)
            scene.discord.set_overwrite(doomed, scene.discord.bot_id, deny=Permission.SEND_MESSAGES)
            gate.set()
            await scene.exchange(scene.ann, "hello", "Understood.")
        assert scene.rows("SELECT text FROM turns WHERE role = 'assistant'") == [("Understood.",)]
        assert scene.rows("SELECT id FROM inbox WHERE state = 'waiting'") == []


async def test_where_recall_is_off_no_index_is_kept_of_what_is_said(scene: Scene) -> None:
    scene.model.respond = lambda _: "Fine."
    indexed = []
    for mode in ("lexical", "off", "lexical"):
        scene.settings["memory"] = {"recall": mode, "before_messages": 0}
        async with scene.serving():
            await scene.exchange(scene.ann, f"recall is {mode}", "Fine.")
        indexed += scene.rows("SELECT COUNT(*) FROM recall")
    assert indexed == [(2,), (2,), (6,)]


async def test_no_history_is_searched_for_an_answer_that_nobody_can_have_begun(scene: Scene) -> None:
    def searched() -> list[str]:
        asked = scene.slack.asked() if isinstance(scene, SlackScene) else []
        asked = scene.discord.asked() if isinstance(scene, DiscordScene) else asked
        return [each for each in asked if re.match(r"GET .*/messages|conversations\.(history|replies)", each)]

    async with scene.serving():
        await scene.exchange(scene.ann, "first", "Understood.")
        before = searched()
        for number in range(10):
            await scene.exchange(scene.ann, f"number {number}", "Understood.", scene.other if number % 2 else "")
        assert searched() == before
