"""Whole conversations around an absence: what people said, edited and deleted while the bot was away."""

from __future__ import annotations

import re

from tests.fakes.model import ModelRequest
from tests.scenes import DiscordScene, Scene


def last_words(request: ModelRequest) -> str:
    """The newest message of a request, without the notes before it."""
    return re.sub(r"<notes>.*?</notes>\n", "", request.messages[-1].content, flags=re.DOTALL)


async def serve_once(scene: Scene) -> None:
    """Have the bot there for a moment, so that it was there before."""
    async with scene.serving():
        await scene.exchange(scene.ann, "hello", "Understood.")


class TestMessages:
    async def test_who_mentioned_the_bot_meanwhile_is_answered_in_order(self, scene: Scene) -> None:
        await serve_once(scene)
        await scene.ask(scene.ann, "first")
        await scene.ask(scene.bob, "second")
        await scene.ask(scene.ann, "third")
        async with scene.serving():
            await scene.heard("Understood.", times=3)
            await scene.exchange(scene.mod, "and now?", "Understood.")
        asked = [last_words(request) for request in scene.model.requests[1:]]
        assert asked == ["Ann: third", "Bob: second", "Mod: and now?"]  # a person's messages together
        said = scene.model.requests[1].text
        assert said.index("Ann: first") < said.index("Ann: third")

    async def test_in_a_place_where_the_bot_never_was_a_first_mention_is_found(self, scene: Scene) -> None:
        await serve_once(scene)
        thread = await scene.thread()
        await scene.ask(scene.bob, "is anybody here?", scene.other)
        await scene.ask(scene.bob, "and here?", thread)
        async with scene.serving():
            await scene.heard("Understood.", scene.other)
            await scene.heard("Understood.", thread)
        assert {last_words(request) for request in scene.model.requests[1:]} == {
            "Bob: is anybody here?",
            "Bob: and here?",
        }

    async def test_a_direct_message_is_found(self, scene: Scene) -> None:
        direct = scene.direct(scene.ann)
        async with scene.serving():
            await scene.exchange(scene.ann, "hello", "Understood.", direct)
        await scene.say(scene.ann, "are you there?", direct)
        async with scene.serving():
            await scene.heard("Understood.", direct, times=2)

    async def test_a_follow_up_in_a_thread_is_found_and_what_was_said_there_before_the_bot_came_stays_unheard(
        self, scene: Scene
    ) -> None:
        thread = await scene.thread()
        async with scene.serving():
            await scene.say(scene.bob, "nobody asked the bot yet", thread)
            await scene.exchange(scene.ann, "hello", "Understood.", thread)
        await scene.say(scene.bob, "when do we meet?", thread)
        async with scene.serving():
            await scene.heard("Understood.", thread, times=2)
        assert last_words(scene.model.requests[1]) == "Bob: when do we meet?"
        assert "nobody asked" not in scene.model.requests[1].text

    async def test_what_is_too_old_is_remembered_and_not_answered(self, scene: Scene) -> None:
        scene.settings["catch_up"] = {"answer_minutes": 0}
        await serve_once(scene)
        await scene.ask(scene.ann, "my name is Zorblax")
        await scene.ask(scene.ann, "!summary now")
        async with scene.serving():
            await scene.until(lambda: ("my name is Zorblax",) in scene.rows("SELECT text FROM turns"))
            await scene.ask(scene.bob, "what is her name?")
            await scene.heard("Understood.", times=2)
        assert len(scene.said()) == 2
        assert "Ann: my name is Zorblax" in scene.model.requests[1].text

    async def test_nothing_is_answered_twice_however_often_the_bot_comes_back(self, scene: Scene) -> None:
        await serve_once(scene)
        await scene.ask(scene.ann, "are you there?")
        for _ in range(3):
            async with scene.serving():
                await scene.heard("Understood.", times=2)
                await scene.exchange(scene.bob, "hello", "Understood.", scene.other)
        assert len(scene.said()) == 2
        assert len(scene.model.requests) == 5

    async def test_what_was_forgotten_is_not_found_again(self, scene: Scene) -> None:
        async with scene.serving():
            await scene.exchange(scene.ann, "my code is K7", "Understood.")
            await scene.say(scene.mod, "!forget now")
            await scene.heard("Forgotten: 2 messages.")
        async with scene.serving():
            await scene.ask(scene.bob, "what is her code?")
            await scene.heard("Understood.", times=2)
        assert "K7" not in scene.model.requests[-1].text
        assert len(scene.model.requests) == 2


class TestChanges:
    async def test_what_was_edited_meanwhile_is_known_as_it_is_now(self, scene: Scene) -> None:
        async with scene.serving():
            message = await scene.ask(scene.ann, "my name is Jon")
            await scene.heard("Understood.")
        await scene.edit(message, "my name is John")
        async with scene.serving():
            await scene.until(lambda: ("my name is John",) in scene.rows("SELECT text FROM turns"))
            await scene.ask(scene.bob, "what is her name?")
            await scene.heard("Understood.", times=2)
        assert "Ann: my name is John" in scene.model.requests[-1].text
        assert "my name is Jon\n" not in scene.model.requests[-1].text

    async def test_what_was_deleted_meanwhile_is_in_no_later_request(self, scene: Scene) -> None:
        async with scene.serving():
            message = await scene.ask(scene.ann, "my code is K7")
            await scene.heard("Understood.")
        await scene.delete(message)
        async with scene.serving():
            await scene.until(lambda: ("my code is K7",) not in scene.rows("SELECT text FROM turns"))
            await scene.ask(scene.bob, "what is her code?")
            await scene.heard("Understood.", times=2)
        assert "K7" not in scene.model.requests[-1].text

    async def test_an_answer_that_was_deleted_meanwhile_is_in_no_later_request(self, scene: Scene) -> None:
        scene.model.respond = lambda _: "Her code is K7."
        async with scene.serving():
            await scene.exchange(scene.ann, "hello", "Her code is K7.")
        await scene.delete(scene.answers()[-1])
        scene.model.respond = lambda _: "Understood."
        async with scene.serving():
            await scene.until(lambda: len(scene.rows("SELECT text FROM turns")) == 1)
            await scene.exchange(scene.bob, "what is her code?", "Understood.")
        assert "K7" not in scene.model.requests[-1].text
        assert "Ann: hello" in scene.model.requests[-1].text

    async def test_what_was_deleted_before_it_was_answered_is_not_answered(self, scene: Scene) -> None:
        await serve_once(scene)
        message = await scene.ask(scene.ann, "never mind")
        await scene.delete(message)
        async with scene.serving():
            await scene.exchange(scene.bob, "hello", "Understood.")
        assert len(scene.model.requests) == 2


async def test_after_a_connection_that_could_not_be_resumed_what_was_missed_is_answered(
    discord_scene: DiscordScene,
) -> None:
    scene = discord_scene
    async with scene.serving():
        await scene.exchange(scene.ann, "hello", "Understood.")
        scene.discord.stall_gateway()
        scene.discord.drop_gateway(resumable=False)
        await scene.ask(scene.bob, "is anybody here?", scene.other)
        scene.discord.stall_gateway(until_now=True)
        await scene.heard("Understood.", scene.other)
    assert len(scene.model.requests) == 2
