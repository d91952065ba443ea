"""What was forgotten comes back by no quotation, be it the only message that the bot has to do with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from memory.types import Quote
from tests.stage import stage


@pytest.mark.parametrize("forgotten", [True, False])
async def test_a_reply_that_quotes_what_was_forgotten_is_answered_without_the_quotation(
    tmp_path: Path, forgotten: bool
) -> None:
    async with stage(tmp_path) as on:
        secret = on.write(1, "my code is zebra")
        await on.core.accept(secret)
        await on.until(1)
        await on.hear(2, "!forget me now" if forgotten else "!help")
        await on.until(2)
        quote = Quote(secret.message_id, secret.author, secret.author_name, secret.text, secret.sent_at)
        await on.core.accept(replace(on.write(3, "what about this?", author="bob"), reply_to=quote))
        await on.until(3)
        asked = on.model.prompts[-1].messages[-1].content
    assert asked.endswith("what about this?")
    assert ("zebra" in asked) is not forgotten
