"""Edits that are told of late, or of messages of which only a quotation is known: the last words are what was meant."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from memory.types import Inbound, Quote
from tests.stage import START, stage


def version(message: Inbound, text: str, second: float) -> Inbound:
    """A message as it was edited, so many seconds after the start."""
    return replace(message, text=text, edited_at=START + timedelta(seconds=second))


async def test_an_edit_that_is_told_of_again_after_a_later_one_is_in_no_request(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        message = on.write(1, "my code is K7")
        await on.core.accept(message)
        await on.until(1)
        for text, second in (("my code is K8", 10), ("never mind", 20), ("my code is K8", 10)):
            await on.core.amend(version(message, text, second))
        await on.die_and_start()
        await on.core.amend(version(message, "my code is K8", 10))
        await on.hear(2, "and?", author="bob")
        await on.until(2)
        assert await on.transcript() == ["never mind", "Answer 1.", "and?", "Answer 2."]
    assert "K8" not in str(on.asked(1))


async def test_a_message_that_comes_in_after_its_edits_is_taken_in_as_the_last_of_them_has_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        message = on.write(1, "my code is K7")
        unaddressed = replace(message, addressed=False)
        for text, second in (("never mind", 20), ("my code is K8", 10)):
            await on.core.amend(version(unaddressed, text, second))
        await on.core.accept(message)
        await on.until(1)
        assert await on.transcript() == ["never mind", "Answer 1."]


async def test_an_edit_while_the_bot_reads_what_it_missed_is_not_undone_by_what_it_read(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        message = on.write(1, "my code is K7")
        await on.core.accept(message)
        await on.until(1)
        await on.serve_and_stop()
        on.platform.written[message.place, message.message_id] = version(message, "my code is K8", 30)
        reading = on.platform.reading = asyncio.Event()
        await on.start(missed=True)
        await on.wait_for(lambda: bool(on.platform.read))
        await on.core.amend(version(message, "never mind", 35))
        reading.set()
        await on.hear(2, "and?", author="bob")
        await on.until(2)
        assert await on.transcript() == ["never mind", "Answer 1.", "and?", "Answer 2."]


@pytest.mark.parametrize("how", ["edited", "deleted"])
async def test_of_a_message_that_was_only_quoted_nothing_is_in_a_request_once_it_is_changed(
    tmp_path: Path, how: str
) -> None:
    async with stage(tmp_path) as on:
        anns = on.write(1, "my code is K7", addressed=False)
        await on.core.accept(anns)
        quote = Quote(anns.message_id, anns.author, anns.author_name, anns.text, anns.sent_at)
        on.model.gate = asyncio.Event()
        await on.core.accept(replace(on.write(2, "what is that?", author="bob"), reply_to=quote))
        await on.until_asked(1)
        if how == "edited":
            await on.core.amend(on.rewrite(anns, "never mind"))
        else:
            await on.core.erase(anns.place, [anns.message_id])
        await on.until_asked(2)
        on.model.gate.set()
        await on.until(1)
    assert "K7" in str(on.asked(0))
    assert "K7" not in str(on.asked(1))
    assert ("never mind" in str(on.asked(1))) is (how == "edited")


async def test_a_message_that_is_read_with_its_edits_is_not_changed_by_an_older_one(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        message = version(on.write(1, "my code is K7"), "never mind", 20)
        await on.core.accept(message)
        await on.until(1)
        await on.core.amend(version(message, "my code is K8", 10))
        assert await on.transcript() == ["never mind", "Answer 1."]


async def test_what_is_deleted_stays_so_whatever_is_told_of_it_later(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        message = on.write(1, "my code is K7")
        await on.core.erase(message.place, [message.message_id])
        await on.core.amend(version(message, "my code is K8", 10))
        await on.core.accept(message)
        assert on.rows("SELECT * FROM inbox") == []
