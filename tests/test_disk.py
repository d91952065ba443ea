"""A disk that is full or locked: nothing is taken in that cannot be kept, everybody is told, and the bot goes on."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest

from errors import StorageError
from tests.fakes.model import ModelRequest
from tests.scenes import DiscordScene, Scene, SlackScene
from tests.test_process import BotProcess, served, started

NOT_TAKEN_IN = "I can't write to my memory right now, so I did not take this in; please try again in a moment."

pytestmark = pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="another process's limits: Linux alone")


@contextmanager
def full_disk(bot: BotProcess) -> Iterator[None]:
    """No file of the bot can grow beyond its first byte: what the system does to a write then is what SQLite sees.

    Source: setrlimit(2), RLIMIT_FSIZE: write fails with EFBIG, as Python ignores SIGXFSZ.
    """
    pid = bot.process.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


def is_sound(scene: Scene) -> bool:
    with closing(sqlite3.connect(scene.database)) as db:
        return db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_on_a_full_disk_people_are_told_and_when_there_is_room_it_goes_on(discord_scene: DiscordScene) -> None:
    scene = discord_scene
    async with served(scene) as bot:
        scene.model.respond = lambda request: "three" if "third" in request.text else "not three"
        await scene.exchange(scene.ann, "first", "not three")
        with full_disk(bot):
            await scene.ask(scene.ann, "second")
            await scene.heard(NOT_TAKEN_IN)
            assert len(scene.model.requests) == 1
        await scene.exchange(scene.ann, "third", "three")  # the second is found when what was refused is read again
    assert is_sound(scene)


async def test_slack_is_not_told_that_something_was_received_until_it_is_on_disk(slack_scene: SlackScene) -> None:
    scene = slack_scene
    scene.slack.socket.retry_pauses = (0.1, 0.3, 0.5, 1.0, 1.0, 1.0)
    async with started(scene) as bot:
        await bot.logged("ready platform=slack")
        scene.model.script("one", "two")
        await scene.exchange(scene.ann, "first", "one")
        with full_disk(bot):
            await scene.ask(scene.ann, "second")
            await scene.heard(NOT_TAKEN_IN)
            await bot.logged("event failed")
            await bot.logged("event failed")  # delivered again, for it was not acknowledged
            assert scene.slack.socket.outstanding
        await scene.heard("two")
        await scene.wait_for(lambda: scene.slack.socket.outstanding == 0)
    assert scene.said().count(NOT_TAKEN_IN) == 1
    assert scene.rows("SELECT COUNT(*) FROM inbox WHERE state = 'settled' AND decision = 'answer'") == [(2,)]
    assert is_sound(scene)


async def test_an_answer_that_cannot_be_recorded_is_not_said_and_is_made_again_when_it_can_be(
    discord_scene: DiscordScene,
) -> None:
    scene = discord_scene
    async with served(scene) as bot:
        with ExitStack() as full:

            def fill_and_answer(_: ModelRequest) -> str:
                full.enter_context(full_disk(bot))
                return "the first answer"

            scene.model.respond = fill_and_answer
            await scene.ask(scene.ann, "hello")
            await bot.logged("lane stopped")
            assert scene.said() == [StorageError().sentence]
        scene.model.respond = lambda request: f"both: {'hello' in request.text and 'are you there' in request.text}"
        await scene.ask(scene.ann, "are you there?")
        await scene.heard("both: True")
    assert is_sound(scene)


async def test_a_database_that_another_program_holds_is_waited_for_and_then_said(discord_scene: DiscordScene) -> None:
    scene = discord_scene
    async with served(scene):
        scene.model.script("now")
        with closing(sqlite3.connect(scene.database, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            await scene.ask(scene.ann, "hello")
            # SQLite waits 5 s, and another write may have waited as long before this one.
            await scene.discord.wait_for(lambda: NOT_TAKEN_IN in scene.said(), timeout=25)
            db.execute("ROLLBACK")
        await scene.exchange(scene.ann, "hello again", "now")
    assert is_sound(scene)
