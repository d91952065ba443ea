"""A channel that is deleted on the platform: what was said there goes with it, as people see it."""

from __future__ import annotations

import asyncio
import logging

import pytest

from tests.fakes.model import Say
from tests.scenes import Scene
from tests.test_commands import CANARY, everything


def standing(scene: Scene) -> list[tuple[object, ...]]:
    """What of the secret word is kept."""
    tables = (
        "SELECT text FROM turns UNION ALL SELECT text || sentence FROM inbox"
        " UNION ALL SELECT value || quote FROM facts UNION ALL SELECT text FROM summaries"
    )
    kept = scene.rows(tables)
    return [row for row in kept if CANARY in str(row)]


async def test_what_was_said_there_and_repeated_elsewhere_is_gone_and_recalled_no_more(scene: Scene) -> None:
    scene.model.respond = everything
    async with scene.serving():
        await scene.ask(scene.ann, f"my code is {CANARY}", scene.other)
        await scene.heard("I know: ", scene.other)
        await scene.ask(scene.bob, "what is her code?")
        await scene.heard(CANARY)
        scene.model.respond = lambda _: "Nothing to say."

        scene.remove(scene.other)
        await scene.until(lambda: not standing(scene))

        await scene.exchange(scene.bob, "what was her code?", "Nothing to say.")
    assert CANARY not in scene.model.requests[-1].text


async def test_an_answer_that_is_being_made_there_ends_without_a_fault(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    gate = asyncio.Event()
    async with scene.serving():
        scene.model.script(Say(("Once upon ", "a time"), gate=gate))
        await scene.ask(scene.ann, "tell me a story", scene.other)
        await scene.until(lambda: len(scene.model.requests) == 1)
        scene.remove(scene.other)
        await scene.until(lambda: scene.rows("SELECT * FROM inbox WHERE state = 'waiting'") == [])
        gate.set()
        scene.model.respond = lambda _: "Nothing to say."
        await scene.exchange(scene.bob, "hello", "Nothing to say.")
    # Its request to the fake is cut off, of which the fake's own server may complain.
    ours = [record for record in caplog.records if not record.name.startswith("aiohttp.server")]
    assert [record.message for record in ours if record.levelno >= logging.ERROR] == []
    assert scene.rows("SELECT text FROM turns WHERE text LIKE '%story%' OR text LIKE '%time%'") == []
