"""Commands as people use them on Discord, and what is left of what was forgotten: nothing, anywhere."""

from __future__ import annotations

import re

from tests.fakes.model import ModelRequest, Say
from tests.scenes import DiscordScene, Scene

CANARY = "Zorblax-4711"


def everything(request: ModelRequest) -> str:
    """A model that repeats all it sees, which is the worst that can happen to a secret."""
    return "I know: " + re.sub(r"\s+", " ", request.text)[-1500:]


def bytes_of_files(scene: Scene) -> bytes:
    """All bytes of the database and the files beside it."""
    return b"".join(path.read_bytes() for path in scene.directory.glob("threadkeeper.db*"))


async def tell_secret(scene: Scene) -> None:
    """Ann tells a secret, and Bob makes the bot repeat it."""
    scene.model.respond = everything
    await scene.ask(scene.ann, f"my code is {CANARY}")
    await scene.heard("I know: ")
    await scene.ask(scene.bob, "what do you know about her code?")
    await scene.heard(CANARY, times=2)


async def ask_after(scene: Scene) -> str:
    """The request of one more question, after all that went before."""
    scene.model.respond = lambda _: "Nothing to say."
    await scene.ask(scene.bob, "and now?")
    await scene.heard("Nothing to say.")
    return scene.model.requests[-1].text


class TestForget:
    async def test_a_whole_channel_is_forgotten_with_its_threads_after_a_confirmation(
        self, discord_scene: DiscordScene
    ) -> None:
        scene = discord_scene
        thread = await scene.thread()
        async with scene.serving():
            await tell_secret(scene)
            scene.model.respond = lambda _: "Noted."
            await scene.exchange(scene.ann, f"again: {CANARY}", "Noted.", thread)
            await scene.say(scene.mod, "!forget")
            await scene.heard("This forgets everything here, threads included: 6 messages, in 2 conversations.")
            assert CANARY.encode() in bytes_of_files(scene)
            await scene.say(scene.mod, "!forget confirm")
            await scene.heard(
                "Forgotten: 6 messages, in 2 conversations. It is out of my memory, and the database file"
            )
            assert CANARY.encode() not in bytes_of_files(scene)
            assert CANARY not in await ask_after(scene)

    async def test_my_own_words_go_with_what_the_bot_made_of_them_and_other_peoples_stay(self, scene: Scene) -> None:
        async with scene.serving():
            await tell_secret(scene)
            await scene.say(scene.ann, "!forget me now")
            await scene.heard("Forgotten: 3 messages.")
            assert CANARY.encode() not in bytes_of_files(scene)
            request = await ask_after(scene)
        assert CANARY not in request
        assert "Bob: what do you know about her code?" in request

    async def test_summaries_made_from_forgotten_words_go_too_and_are_made_anew(self, scene: Scene) -> None:
        scene.settings["memory"] = {"keep_recent": 2}

        def respond(request: ModelRequest) -> str:
            said = CANARY if CANARY in request.text else "nothing"
            return f"Summary: {said}." if "You keep the rolling summary" in request.text else "Understood."

        scene.model.respond = respond
        async with scene.serving():
            await scene.exchange(scene.ann, f"my code is {CANARY}", "Understood.")
            await scene.exchange(scene.bob, "good morning", "Understood.")
            await scene.say(scene.mod, "!summary now")
            await scene.heard(f"Summary: {CANARY}.")
            await scene.say(scene.mod, f"!forget {scene.mention(scene.ann)} now")
            await scene.heard("Forgotten: 2 messages and 1 summary.")
            assert CANARY not in await ask_after(scene)
            scene.model.respond = respond
            await scene.say(scene.mod, "!summary now")
            await scene.heard("Summary: nothing.")
            assert CANARY.encode() not in bytes_of_files(scene)

    async def test_the_last_messages_go_and_nothing_before_them(self, scene: Scene) -> None:
        async with scene.serving():
            await scene.exchange(scene.ann, "keep this", "Understood.")
            await scene.exchange(scene.ann, f"my code is {CANARY}", "Understood.")
            await scene.say(scene.mod, "!forget last 2 now")
            await scene.heard("Forgotten: 2 messages.")
            request = await ask_after(scene)
        assert CANARY not in request
        assert "keep this" in request

    async def test_only_who_moderates_may_forget_for_others_and_anybody_is_told_so(self, scene: Scene) -> None:
        async with scene.serving():
            await scene.exchange(scene.ann, f"my code is {CANARY}", "Understood.")
            commands = (
                "!forget",
                "!forget now",
                "!forget last 2 now",
                f"!forget {scene.mention(scene.ann)} now",
                "!summary",
            )
            for number, command in enumerate(commands, start=1):
                await scene.say(scene.bob, command)
                await scene.heard("is for people who moderate this place; nothing was changed.", times=number)
            assert CANARY in await ask_after(scene)

    async def test_nobody_can_confirm_what_another_asked_for(self, scene: Scene) -> None:
        async with scene.serving():
            await scene.exchange(scene.ann, f"my code is {CANARY}", "Understood.")
            await scene.say(scene.mod, "!forget")
            await scene.heard("This forgets everything ")
            await scene.say(scene.ann, "!forget confirm")
            await scene.heard("There is nothing to confirm")
            assert CANARY in await ask_after(scene)

    async def test_an_answer_under_way_writes_nothing_back_and_shows_no_half_of_itself(self, scene: Scene) -> None:
        scene.model.script(Say((f"Your code {CANARY} is something that I will ", "always "), ending="silence"))
        async with scene.serving():
            await scene.ask(scene.ann, f"my code is {CANARY}")
            await scene.heard(CANARY)
            await scene.say(scene.mod, "!forget now")
            await scene.heard("Forgotten: 1 message.")
            await scene.heard("This was forgotten before I had answered it.")
            assert CANARY not in await ask_after(scene)
            assert not any(CANARY in said for said in scene.said())
        assert CANARY.encode() not in bytes_of_files(scene)

    async def test_other_peoples_answers_under_way_begin_again_without_what_was_forgotten(self, scene: Scene) -> None:
        async with scene.serving():
            await scene.exchange(scene.ann, f"my code is {CANARY}", "Understood.")
            scene.model.script(Say((f"Her code, {CANARY}, is what you ask for, ", "and "), ending="silence"))
            await scene.ask(scene.bob, "what is her code?")
            await scene.heard(CANARY)
            scene.model.respond = lambda _: "I don't know."
            await scene.say(scene.ann, "!forget me now")
            await scene.heard("I don't know.")
        assert not any(CANARY in said for said in scene.said())
        assert CANARY not in scene.model.requests[-1].text
        assert len(scene.said()) == 3  # the answer to Ann, the one to Bob in its first message, the command's

    async def test_a_name_that_is_no_mention_is_met_with_how_it_becomes_one(self, scene: Scene) -> None:
        both = f"{scene.mention(scene.ann)} {scene.mention(scene.bob)}"
        async with scene.serving():
            for number, words in enumerate(("!forget @Bob", f"!forget {both}", "!usage lift @Bob now"), 1):
                await scene.say(scene.mod, words)
                await scene.heard("Type @ and choose one person from the list that opens", times=number)
        assert not any("I did not understand" in said for said in scene.said())


class TestSummary:
    async def test_it_shows_the_turns_and_the_budget_where_there_is_no_summary_yet(self, scene: Scene) -> None:
        async with scene.serving():
            await scene.exchange(scene.ann, "hello", "Understood.")
            await scene.say(scene.mod, "!summary")
            await scene.heard("There is no summary here yet")
        assert "\nWord for word: 2 turns" in scene.said()[-1]
        assert re.search(r"`█░{19}` \d+ of [\d,]+ tokens", scene.said()[-1])

    async def test_now_folds_at_once_and_shows_what_the_summary_covers(self, scene: Scene) -> None:
        scene.settings["memory"] = {"keep_recent": 2}
        async with scene.serving():
            for number in range(3):
                await scene.ask(scene.ann, f"spool {number}")
                await scene.heard("Understood.", times=number + 1)
            scene.model.respond = lambda _: "They counted spools."
            await scene.say(scene.mod, "!summary now")
            await scene.heard("Folded 4 turns into the summary.")
        shown = scene.said()[-1]
        assert "**Summary**, version 1, from " in shown
        assert "> They counted spools." in shown
        assert "Behind the summary: 4 turns · after it, word for word: 2 turns" in shown

    async def test_a_fold_that_fails_is_said_and_changes_nothing(self, scene: Scene) -> None:
        scene.settings["memory"] = {"keep_recent": 2}
        async with scene.serving():
            for number in range(3):
                await scene.ask(scene.ann, f"spool {number}")
                await scene.heard("Understood.", times=number + 1)
            scene.model.respond = lambda _: "much too long " * 1000
            await scene.say(scene.mod, "!summary now")
            await scene.heard("The new summary can't be believed, so the old one stays")
        assert scene.rows("SELECT * FROM summaries") == []


class TestUsage:
    async def test_everybody_sees_his_own_and_who_moderates_sees_all(self, scene: Scene) -> None:
        scene.settings["limits"] = {"user_tokens_per_day": 10_000}
        async with scene.serving():
            await scene.exchange(scene.ann, "hello", "Understood.")
            ((used,),) = scene.rows("SELECT prompt_tokens + completion_tokens FROM usage")
            await scene.say(scene.ann, "!usage")
            await scene.heard(f"- You: {used} of 10,000")
            assert "All together" not in scene.said()[-1]
            await scene.say(scene.mod, "!usage")
            await scene.heard(f"- All together: {used}; there is no limit")

    async def test_a_limit_is_told_and_lifted_by_who_moderates(self, scene: Scene) -> None:
        scene.settings["limits"] = {"user_tokens_per_day": 1}
        async with scene.serving():
            await scene.ask(scene.ann, "hello")
            await scene.heard("Your limit is 1 token a day, which is less than the ")
            await scene.say(scene.mod, f"!usage lift {scene.mention(scene.ann)}")
            await scene.heard("The limit of Ann is lifted until 00:00 UTC.")
            await scene.exchange(scene.ann, "and now?", "Understood.")
        assert "Ann: hello" in scene.model.requests[0].text

    async def test_in_a_direct_message_nobody_lifts_his_own_limit(self, scene: Scene) -> None:
        scene.settings["limits"] = {"user_tokens_per_day": 1, "space_tokens_per_day": 1}
        direct = scene.direct(scene.ann)
        async with scene.serving():
            for words in ("lift", f"lift {scene.mention(scene.ann)}", "lift all"):
                await scene.say(scene.ann, f"!usage {words}", direct)
            await scene.heard("is for admins, in direct messages too; nothing was changed.", direct, times=2)
            await scene.heard("is for those whom `bot.admins` names; nothing was changed.", direct)
        assert scene.rows("SELECT * FROM spending WHERE lifted") == []


class TestSlash:
    async def test_slash_commands_do_the_same_and_answer_their_user_alone(self, discord_scene: DiscordScene) -> None:
        scene = discord_scene
        async with scene.serving():
            await scene.wait_for(lambda: "forget" in scene.discord.commands.names)
            await scene.exchange(scene.ann, f"my code is {CANARY}", "Understood.")
            used = await scene.discord.slash(scene.mod, scene.home, "forget", {"words": "now"})
            await scene.wait_for(
                lambda: any("Forgotten: 2 messages." in r.content for r in scene.discord.responses(used))
            )
            assert len(scene.said()) == 1
            assert CANARY not in await ask_after(scene)

    async def test_help_says_how_to_talk_and_names_every_command(self, scene: Scene) -> None:
        async with scene.serving():
            await scene.say(scene.ann, "!help")
            await scene.heard("Mention me or reply to me and I answer")
        assert all(f"`!{name}`" in scene.said()[-1] for name in ("help", "forget", "summary", "usage"))
