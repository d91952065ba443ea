"""What the operator's log never holds, at any level and whatever breaks: people's words, and secrets.

The whole bot runs at `log.level = "debug"` with asyncio's own debugging on. What is said, answered, summed up and
attached has a mark in it, and every far end quotes such words and the bot's secrets where it can.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing

import pytest

import bot
import config
import logs
import parts
from tests.fakes.discord import FakeFile as DiscordFile
from tests.fakes.model import Behaviour, ModelRequest, Refuse, Say, openai_error
from tests.fakes.slack.world import FakeFile as SlackFile
from tests.log_reading import logging_restored
from tests.scenes import DiscordScene, Scene, SlackScene

MARK = "qwox"
KEY = "sk-test-0123456789abcdef0123456789"

ASK = f"my {MARK}1 is ill"
ANSWER = f"Poor {MARK}2."
SUMMARY = f"They spoke of a {MARK}3."
FILE = f"{MARK}4.png"


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    with logging_restored():
        yield


class Overheard:
    """What a bot has written to standard output and standard error so far."""

    def __init__(self, capfd: pytest.CaptureFixture[str], secrets: frozenset[str]) -> None:
        self._capfd = capfd
        self._secrets = secrets
        self.text = ""

    def holds(self, event: str) -> bool:
        """Whether an event was logged, ever."""
        self.text += "".join(self._capfd.readouterr())
        return event in self.text

    def demand_silence(self, *events: str) -> None:
        """Nobody's words and no secret were written, though these events were."""
        assert [event for event in events if not self.holds(event)] == []
        assert [line for line in self.text.splitlines() if MARK in line.lower()] == []
        assert [line for line in self.text.splitlines() if any(secret in line for secret in self._secrets)] == []
        assert "Traceback" not in self.text


@asynccontextmanager
async def overhearing(scene: Scene, capfd: pytest.CaptureFixture[str]) -> AsyncIterator[Overheard]:
    """A bot that serves, as `bot.main` starts it, with all that it writes."""
    asyncio.get_running_loop().set_debug(True)
    settings = config.load(*scene.write_settings(), {"OPENAI_API_KEY": KEY})
    logs.configure("text", "debug", settings.secrets())
    overheard = Overheard(capfd, settings.secrets())
    before = scene.connections
    stop = asyncio.Event()
    serving = asyncio.create_task(bot.serve(settings, stop, parts.make_platforms(settings)))
    try:
        await scene.wait_for(lambda: scene.connections > before or serving.done())
        yield overheard
    finally:
        stop.set()
        await serving


def quoting(request: ModelRequest) -> str:
    """What a talkative server says of a request: all of it, and the key."""
    return f"Can't answer {request.text} for {request.headers['authorization']}"


def is_fold(request: ModelRequest) -> bool:
    return "rolling summary" in request.text


class TestTalking:
    async def test_a_conversation_leaves_no_words_in_the_log(
        self, scene: Scene, capfd: pytest.CaptureFixture[str]
    ) -> None:
        scene.settings["memory"] = {"keep_recent": 2}
        scene.model.respond = lambda request: SUMMARY if is_fold(request) else ANSWER
        async with overhearing(scene, capfd) as overheard:
            await scene.exchange(scene.ann, ASK, ANSWER)
            await scene.say(scene.bob, f"{scene.mention(scene.ann)} {ASK}")
            await scene.exchange(scene.bob, f"and now, {MARK}?", ANSWER)
            await scene.ask(scene.mod, "!summary now")
            await scene.ask(scene.ann, f"!froget {MARK}", scene.other)
            await scene.heard(SUMMARY)
            await scene.heard("Did you mean", scene.other)
        overheard.demand_silence("event=turn", "event=folded", "event=command")

    async def test_files_and_changed_messages_leave_none_on_discord(
        self, discord_scene: DiscordScene, capfd: pytest.CaptureFixture[str]
    ) -> None:
        scene, discord = discord_scene, discord_scene.discord
        scene.model.respond = lambda _: ANSWER
        async with overhearing(scene, capfd) as overheard:
            text = f"{scene.mention(discord.bot_id)} {ASK}"
            said = await discord.say(scene.home, scene.ann, text, attachments=[DiscordFile(FILE)])
            await scene.heard(ANSWER)
            await discord.edit(said, f"{text}, {MARK}")
            await discord.delete(said)
            await discord.slash(scene.mod, scene.home, "summary")
            await scene.exchange(scene.bob, ASK, ANSWER)
        overheard.demand_silence("event=turn")

    async def test_files_and_changed_messages_leave_none_on_slack(
        self, slack_scene: SlackScene, capfd: pytest.CaptureFixture[str]
    ) -> None:
        scene, slack = slack_scene, slack_scene.slack
        scene.model.respond = lambda _: ANSWER
        async with overhearing(scene, capfd) as overheard:
            thread = scene.home.partition("/")[2]
            said = await slack.say(
                scene.channel, scene.ann, ASK, thread_ts=thread, files=[SlackFile(FILE)], mention=True
            )
            await scene.heard(ANSWER)
            await slack.edit(scene.channel, said, f"{ASK}, {MARK}")
            await slack.delete(scene.channel, said)
            await slack.slash(scene.mod, scene.channel, "/summary", MARK)
            await scene.exchange(scene.bob, ASK, ANSWER)
        overheard.demand_silence("event=turn")


class TestTheModel:
    @pytest.mark.parametrize("status", [400, 401, 429, 500])
    async def test_a_refusal_that_quotes_prompt_and_key_is_logged_without_them(
        self, discord_scene: DiscordScene, capfd: pytest.CaptureFixture[str], status: int
    ) -> None:
        scene = discord_scene

        def refuse(request: ModelRequest) -> Behaviour:
            return Refuse(status, openai_error(quoting(request), quoting(request), quoting(request)))

        scene.model.respond = refuse
        async with overhearing(scene, capfd) as overheard:
            await scene.ask(scene.ann, ASK)
            await scene.heard("language model")
        overheard.demand_silence('event="model failed"', "event=turn")

    @pytest.mark.parametrize("whole", [True, False])
    async def test_a_stream_that_breaks_over_words_is_logged_without_them(
        self, discord_scene: DiscordScene, capfd: pytest.CaptureFixture[str], *, whole: bool
    ) -> None:
        scene = discord_scene

        def break_off(request: ModelRequest) -> Behaviour:
            return (
                Say((ANSWER,), ending=openai_error(quoting(request), None)) if whole else Refuse(200, quoting(request))
            )

        scene.model.respond = break_off
        async with overhearing(scene, capfd) as overheard:
            await scene.ask(scene.ann, ASK)
            await scene.heard("language model")
        overheard.demand_silence('event="model failed"', "event=turn")


class TestThePlatforms:
    async def test_what_discord_refuses_is_logged_without_the_words_that_it_quotes(
        self, discord_scene: DiscordScene, capfd: pytest.CaptureFixture[str]
    ) -> None:
        scene, discord = discord_scene, discord_scene.discord
        scene.model.respond = lambda _: ANSWER
        quoted = {"message": f"No {ANSWER} for {discord.token}", "code": 50013, "errors": {"content": ASK}}
        async with overhearing(scene, capfd) as overheard:
            for status, body in ((403, quoted), (400, quoted), (404, f"<html>{ANSWER} {discord.token}</html>")):
                discord.fail_next("POST", r"channels/\d+/messages", status, body=body)
                await scene.ask(scene.ann, ASK)
                await scene.until(lambda: overheard.holds("failed=ReplyImpossible"))
                overheard.demand_silence('event="reply impossible"')
                overheard.text = ""
            discord.rate_limit_next("POST", r"channels/\d+/messages")
            await scene.exchange(scene.bob, ASK, ANSWER)
            discord.send_event("MESSAGE_CREATE", {"id": "1", "channel_id": MARK, "content": ASK, "author": {"id": ASK}})
            discord.send_event("MESSAGE_UPDATE", {"id": ASK, "content": ASK, "channel_id": [ASK]})
            discord.send_event("INTERACTION_CREATE", {"data": {"name": ASK}, "token": discord.token})
            discord.send_raw(f"{ASK} {discord.token}")
            await scene.wait_for(lambda: scene.connections > 1 or discord.connections.resumes > 0)
            await scene.exchange(scene.ann, f"and then, {MARK}?", ANSWER)
        overheard.demand_silence("event=turn", 'event="event dropped"')

    async def test_what_slack_refuses_is_logged_without_the_words_that_it_quotes(
        self, slack_scene: SlackScene, capfd: pytest.CaptureFixture[str]
    ) -> None:
        scene, slack = slack_scene, slack_scene.slack
        scene.model.respond = lambda _: ANSWER
        async with overhearing(scene, capfd) as overheard:
            for error in ("channel_not_found", f"no {ANSWER}"):
                quoted = {"ok": False, "error": error, "response_metadata": {"messages": [ASK, slack.bot_token]}}
                slack.garble("chat.postMessage", lambda _, quoted=quoted: quoted)  # type: ignore[misc]  # mypy has no type for a lambda's default
                await scene.ask(scene.ann, ASK)
                await scene.until(lambda: overheard.holds("event=turn"))
                overheard.demand_silence()
                overheard.text = ""
            slack.garble("chat.postMessage", lambda answer: answer)
            slack.send_frame(f"{ASK} {slack.app_token}")
            slack.send_frame(json.dumps({"type": "events_api", "envelope_id": ASK, "payload": {"event": ASK}}))
            slack.send_frame(json.dumps({"type": ASK, "payload": {"text": ASK, "token": slack.bot_token}}))
            slack.tell(scene.channel, {"text": ASK, "user": {"id": ASK}, "ts": ASK})
            await scene.exchange(scene.bob, f"and then, {MARK}?", ANSWER)
        overheard.demand_silence("event=turn")


class TestTheDisk:
    async def test_a_disk_that_fails_is_logged_without_the_words_that_it_was_to_keep(
        self, scene: Scene, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """Python's error quotes a text that is no UTF-8, SQLite's a statement in which something is not as it was."""
        scene.model.respond = lambda _: ANSWER
        async with overhearing(scene, capfd) as overheard:
            await scene.exchange(scene.ann, ASK, ANSWER)
            with closing(sqlite3.connect(scene.database)) as db, db:
                db.execute("UPDATE turns SET text = CAST(CAST(text AS BLOB) || x'ff' AS TEXT)")
            await scene.ask(scene.ann, ASK)
            await scene.until(lambda: overheard.holds("StorageUnavailable"))
            overheard.demand_silence()
            overheard.text = ""
            with closing(sqlite3.connect(scene.database)) as db, db:
                db.execute("ALTER TABLE inbox RENAME COLUMN text TO words")
            await scene.ask(scene.ann, ASK, scene.other)
            await scene.until(lambda: overheard.holds("StorageUnavailable"))
        overheard.demand_silence()
