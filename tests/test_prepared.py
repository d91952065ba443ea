"""What is prepared of an answer while its question is written: it holds what is on disk when the answer begins."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.stage import stage


@pytest.mark.parametrize("how", ["edited", "deleted"])
async def test_nothing_is_answered_with_words_that_went_before_the_answer_began(tmp_path: Path, how: str) -> None:
    async with stage(tmp_path) as on:
        await on.connect_again()
        before = len(asyncio.all_tasks())
        await on.hear(1, "the secret is K7")
        await on.until(1)
        await on.wait_for(lambda: len(asyncio.all_tasks()) <= before)  # nothing is prepared where another is answered
        secret, question = on.write(1, ""), on.write(2, "what is it?", author="bob")
        edited = on.rewrite(secret, "nothing")
        gone = on.core.amend(edited) if how == "edited" else on.core.erase(secret.place, ["m1"])
        both = asyncio.gather(on.core.accept(question), gone)
        await asyncio.sleep(0)
        for _ in range(10_000):  # the bot hears of neither before both are on disk
            if not on.rows("SELECT 1 FROM turns WHERE text LIKE '%K7%'"):
                break
        await both
        await on.until(2)
    assert not any("K7" in text for text in on.asked(1))
    assert on.platform.said[1] == ("m2", "Answer 2.")


async def test_the_first_who_speaks_in_a_thread_under_an_answer_is_understood_to_speak_of_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.hear(1, "what is our word?")
        await on.until(1)
        await on.until_noted()
        (answer,) = on.platform.posts
        await on.hear(2, "are you sure?", thread=answer)
        await on.until(2)
    assert "Answer 1." in on.asked()[-1]
