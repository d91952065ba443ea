"""Messages that were only to be remembered, and are addressed to the bot while it has them in hand, are answered."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from memory.types import Decision
from tests.kept import accept, kept_at, message, pending, texts, wait_for
from tests.stage import stage


async def test_who_addresses_the_bot_while_it_answers_another_is_answered_next(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.hear(1, "hello", thread="t")
        await on.until(1)
        on.model.gate = asyncio.Event()
        await on.hear(2, "first question", thread="t")
        await on.until_asked(2)
        aside = replace(on.write(3, "look at this", thread="t", author="bob", addressed=False), aside=True)
        await on.core.accept(aside)
        await on.hear(4, "second question", thread="t")
        first, on.model.gate = on.model.gate, asyncio.Event()
        first.set()
        await on.until_asked(3)
        assert await on.core.accept(replace(aside, addressed=True, aside=False))
        on.model.gate.set()
        await on.until(4)
    assert on.said == ["m1", "m2", "m4", "m3"]
    assert on.asked()[-1] == "Bob: look at this"


async def test_what_was_remembered_and_is_to_be_answered_by_now_goes_on_waiting(tmp_path: Path) -> None:
    store = await kept_at(tmp_path / "kept.db").open()
    waiting, exchange = await wait_for(store, replace(message(1, "hello"), addressed=False), Decision.REMEMBER)
    await accept(store, message(1, "hello"))

    assert await store.record(replace(exchange, remembered=(waiting,)))

    assert await texts(store) == ["hello"]
    assert [(each.id, each.decision) for each in await pending(store)] == [(waiting, Decision.ANSWER)]
    assert await store.record(exchange)
    assert await texts(store) == ["hello"]
    assert await pending(store) == ()
    await store.close()
