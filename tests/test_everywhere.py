"""`!forget me everywhere`, as people use it: asked in one place, done in all."""

from __future__ import annotations

from tests.scenes import DiscordScene, Scene
from tests.test_commands import CANARY, bytes_of_files, everything

FAR = {
    "discord": "on Discord, in every server and in direct messages",
    "slack": "on Slack, in every channel of this workspace and in direct messages",
}


async def test_it_says_how_far_it_goes_asks_and_leaves_nothing_in_any_place(scene: Scene) -> None:
    direct = scene.direct(scene.ann)
    far = FAR["discord" if isinstance(scene, DiscordScene) else "slack"]
    scene.model.respond = everything
    async with scene.serving():
        await scene.ask(scene.ann, f"my code is {CANARY}")
        await scene.heard("I know: ")
        await scene.ask(scene.bob, "what is her code?")
        await scene.heard(CANARY, times=2)
        await scene.say(scene.ann, f"between us: {CANARY}", direct)
        await scene.heard("I know: ", direct)
        scene.model.respond = lambda _: "Nothing to say."

        await scene.say(scene.ann, "!forget me everywhere", direct)
        await scene.heard(
            f"This forgets what you said {far}, and what I made of it (what others said stays): 5 messages", direct
        )
        assert CANARY.encode() in bytes_of_files(scene)
        await scene.say(scene.ann, "!forget confirm", direct)
        await scene.heard(f"Forgotten {far}: 5 messages", direct)

        assert CANARY.encode() not in bytes_of_files(scene)
        await scene.exchange(scene.bob, "and now?", "Nothing to say.")
        await scene.say(scene.ann, "and here?", direct)
        await scene.heard("Nothing to say.", direct)
    assert all(CANARY not in request.text for request in scene.model.requests[-2:])
    assert any("what is her code?" in request.text for request in scene.model.requests[-2:])


async def test_anybody_may_and_without_a_question_if_he_says_now(scene: Scene) -> None:
    async with scene.serving():
        await scene.exchange(scene.bob, f"my code is {CANARY}", "Understood.")
        await scene.say(scene.bob, "!forget me everywhere now")
        await scene.heard("Forgotten on ")
        assert CANARY.encode() not in bytes_of_files(scene)
