"""Folds and readings at work on a real database: facts come with a fold, and from short talks when they rest."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from errors import ModelRefused, ModelUnreachable
from memory.answers import FACTS_SCHEMA, FOLD_SCHEMA
from memory.core.folding import Folding
from memory.core.planning import Planning, key_of
from memory.core.resting import Resting
from memory.forgetting import find_echo
from memory.ports import Store
from memory.types import (
    Access,
    Answer,
    Audience,
    Conversation,
    CoreSettings,
    Exchange,
    Forgetting,
    Prompt,
    Role,
    Schema,
    Turn,
    Usage,
    Visibility,
    Window,
)
from storage import open_store
from tests.players import Model
from tests.stage import START

HERE = Conversation("stage", "space", "channel")
OPEN = Access(Visibility.PUBLIC)
READERS = Audience(HERE.place, OPEN, "ann")
SETTINGS = CoreSettings(
    model="model", offline=False, max_tokens=12_000, keep_tokens=300, keep_recent=2, summary_tokens=400
)
OSLO = {"name": "Ann", "slot": "city", "value": "Oslo", "quote": "I live in Oslo"}


@dataclass
class Telling(Model):
    """Answers what it is told to, and keeps the forms that it was asked for."""

    answers: list[str | Exception] = field(default_factory=list)
    schemas: list[Schema | None] = field(default_factory=list)

    async def complete(self, prompt: Prompt, max_tokens: int, schema: Schema | None = None) -> Answer:
        del max_tokens
        self.folds.append(prompt)
        self.schemas.append(schema)
        if self.fold_gate is not None:
            await self.fold_gate.wait()
        answer = self.answers.pop(0) if self.answers else "They talked."
        if isinstance(answer, Exception):
            raise answer
        return Answer(answer, Usage("model", prompt.tokens, 0, 3, 0.1, prompt.tokens))


@dataclass
class Work:
    """Folding over a store, its model, and the time."""

    store: Store
    model: Telling
    folding: Folding
    planning: Planning
    clock: list[datetime]
    said: int = 0

    async def say(self, *texts: str, author: str = "ann", access: Access = OPEN) -> None:
        """Have somebody say something, and the bot answer each time."""
        for text in texts:
            self.said += 1
            name, at = author.capitalize(), self.clock[0]
            heard = Turn(0, Role.USER, author, name, text, len(text) + 5, at, f"m{self.said}")
            answer = Turn(0, Role.ASSISTANT, "", "Bot", "Noted.", 6, at, f"re:m{self.said}")
            thread = await self.store.load(HERE, Window(0, 1, 0))
            assert await self.store.record(Exchange(HERE, thread.epoch, access, (), (heard,), answer))

    def later(self, **span: int) -> None:
        """Let time go by."""
        self.clock[0] += timedelta(**span)

    async def facts(self, audience: Audience = READERS) -> list[tuple[str, str]]:
        """What is kept about Ann, as an audience hears it."""
        return [(fact.slot, fact.value) for fact in await self.store.facts(audience, "ann")]

    async def rest(self) -> None:
        """Look for what has rested, once."""
        await Resting(self.folding, self.store, lambda: self.clock[0], 10).run_once()


@asynccontextmanager
async def work(directory: Path, settings: CoreSettings = SETTINGS) -> AsyncIterator[Work]:
    """Begin on an empty database."""
    clock = [START]
    store = await open_store(f"sqlite:///{directory / 'folding.db'}", lambda: clock[0])
    planning, model = Planning(settings, len, lambda: clock[0]), Telling()
    try:
        yield Work(store, model, Folding(planning, store, model), planning, clock)
    finally:
        await store.close()


def answer(summary: str | None, *facts: dict[str, str]) -> str:
    """What a model answers."""
    held = {"summary": summary} if summary is not None else {}
    return json.dumps({**held, "facts": list(facts)})


FAILURES = (ModelUnreachable("down"), TypeError("a fault of ours"))
LONG = "wind the thread around the spool " * 20


class TestFolds:
    async def test_a_fold_brings_the_summary_and_the_facts_in_one_call(self, tmp_path: Path) -> None:
        async with work(tmp_path) as on:
            await on.say("I live in Oslo", *[LONG] * 6)
            on.model.answers.append(answer("Ann lives in Oslo.", OSLO))
            assert await on.folding.fold(HERE, on.planning.budget()) > 0
            assert on.model.schemas == [FOLD_SCHEMA]
            assert await on.facts() == [("city", "Oslo")]
            thread = await on.store.load(HERE, Window(10**6, 100, 10**6), READERS)
        assert thread.summary
        assert thread.summary.text == "Ann lives in Oslo."
        assert [fact.value for fact in thread.facts] == ["Oslo"]

    async def test_an_answer_in_plain_text_is_the_summary_alone(self, tmp_path: Path) -> None:
        async with work(tmp_path) as on:
            await on.say("I live in Oslo", *[LONG] * 6)
            on.model.answers.append("Ann lives in Oslo.")
            await on.folding.fold(HERE, on.planning.budget())
            assert await on.facts() == []
            thread = await on.store.load(HERE, Window(10**6, 100, 10**6))
        assert thread.summary
        assert thread.summary.text == "Ann lives in Oslo."

    async def test_the_request_begins_as_the_chats_prompts_do_and_is_found_under_their_key(
        self, tmp_path: Path
    ) -> None:
        async with work(tmp_path) as on:
            await on.say("I live in Oslo", *[LONG] * 6)
            await on.folding.fold(HERE, on.planning.budget())
            (fold,) = on.model.folds
        assert fold.messages[0].content == on.planning.persona(Visibility.PUBLIC).text
        assert fold.messages[1].content == "Ann: I live in Oslo"
        assert fold.conversation_key == key_of(HERE)

    @pytest.mark.parametrize(
        "settings",
        [replace(SETTINGS, summary_model="other"), replace(SETTINGS, offline=True)],
        ids=["other", "offline"],
    )
    async def test_another_model_and_the_offline_one_are_sent_the_turns_as_lines(
        self, tmp_path: Path, settings: CoreSettings
    ) -> None:
        async with work(tmp_path, settings) as on:
            await on.say("I live in Oslo", *[LONG] * 6)
            await on.folding.fold(HERE, on.planning.budget())
            (fold,) = on.model.folds
        assert [message.role for message in fold.messages] == ["system", "user"]
        assert "] Ann: I live in Oslo\n" in fold.messages[1].content
        assert fold.conversation_key == ""

    @pytest.mark.parametrize("settings", [replace(SETTINGS, facts=False), replace(SETTINGS, offline=True)])
    async def test_where_no_facts_are_kept_none_are_asked_for(self, tmp_path: Path, settings: CoreSettings) -> None:
        async with work(tmp_path, settings) as on:
            await on.say("I live in Oslo", *[LONG] * 6)
            await on.folding.fold(HERE, on.planning.budget())
            assert on.model.schemas == [None]
            assert "JSON" not in on.model.folds[0].messages[0].content

    async def test_a_refused_answer_keeps_no_facts_either(self, tmp_path: Path) -> None:
        async with work(tmp_path) as on:
            await on.say("I live in Oslo", *[LONG] * 6)
            on.model.answers.append(answer("far too long " * 500, OSLO))
            await on.folding.fold_in_background(HERE)
            assert await on.facts() == []
            assert not on.folding.may_begin(HERE)

    @pytest.mark.parametrize("failure", FAILURES, ids=repr)
    async def test_a_fold_that_fails_is_not_paid_for_again_with_every_turn(
        self, tmp_path: Path, failure: Exception
    ) -> None:
        async with work(tmp_path) as on:
            await on.say("I live in Oslo", *[LONG] * 6)
            on.model.answers.append(failure)
            await on.folding.fold_in_background(HERE)
            assert not on.folding.may_begin(HERE)
            on.later(minutes=2)
            await on.folding.fold_in_background(HERE)
            thread = await on.store.load(HERE, Window(10**6, 100, 10**6))
        assert thread.summary


class TestReadings:
    async def test_a_short_talk_is_read_for_facts_once_it_has_rested(self, tmp_path: Path) -> None:
        async with work(tmp_path) as on:
            await on.say("I live in Oslo", "good night")
            on.later(minutes=9)
            await on.rest()
            assert on.model.folds == []
            on.later(minutes=2)
            on.model.answers.append(answer(None, OSLO))
            await on.rest()
            assert on.model.schemas == [FACTS_SCHEMA]
            assert await on.facts() == [("city", "Oslo")]
            on.later(minutes=20)
            await on.rest()
            assert len(on.model.folds) == 1

    async def test_only_what_is_new_is_read_again(self, tmp_path: Path) -> None:
        async with work(tmp_path) as on:
            await on.say("I live in Oslo")
            on.later(minutes=11)
            await on.rest()
            await on.say("I work at Acme")
            on.later(minutes=11)
            await on.rest()
            first, second = (prompt.messages[1].content for prompt in on.model.folds)
        assert "I live in Oslo" in first
        assert "I live in Oslo" not in second
        assert "I work at Acme" in second

    async def test_what_a_fold_has_read_is_not_read_again(self, tmp_path: Path) -> None:
        async with work(tmp_path) as on:
            await on.say("I live in Oslo", *[LONG] * 6, "I work at Acme")
            await on.folding.fold(HERE, on.planning.budget())
            on.later(minutes=11)
            await on.rest()
            assert "I live in Oslo" not in on.model.folds[1].messages[1].content
            assert "I work at Acme" in on.model.folds[1].messages[1].content

    async def test_no_model_is_asked_about_words_in_which_nobody_speaks_of_himself(self, tmp_path: Path) -> None:
        async with work(tmp_path) as on:
            await on.say("lol", "ok, thanks")
            on.later(minutes=11)
            await on.rest()
            assert on.model.folds == []
            assert await on.store.rested(on.clock[0], 10) == ()

    @pytest.mark.parametrize(
        "settings",
        [replace(SETTINGS, facts=False), replace(SETTINGS, offline=True), replace(SETTINGS, strategy="window")],
        ids=["no facts", "offline", "window"],
    )
    async def test_nothing_is_read_where_no_facts_are_kept_or_no_calls_made(
        self, tmp_path: Path, settings: CoreSettings
    ) -> None:
        async with work(tmp_path, settings) as on:
            await on.say("I live in Oslo")
            on.later(minutes=11)
            await Resting(on.folding, on.store, lambda: on.clock[0], 10).run_for_ever()
            assert on.model.folds == []

    @pytest.mark.parametrize("failure", FAILURES, ids=repr)
    async def test_a_failed_reading_is_tried_again_later_and_later(self, tmp_path: Path, failure: Exception) -> None:
        async with work(tmp_path) as on:
            await on.say("I live in Oslo")
            on.later(minutes=11)
            waits = []
            for _ in range(4):
                on.model.answers.append(failure)
                await on.rest()
                began = on.clock[0]
                while not on.folding.may_read(HERE):
                    on.later(seconds=30)
                waits.append((on.clock[0] - began).total_seconds())
            assert waits == [60, 300, 900, 900]
            on.model.answers.append(answer(None, OSLO))
            await on.rest()
            assert await on.facts() == [("city", "Oslo")]

    async def test_a_look_that_fails_is_not_the_last(self, tmp_path: Path) -> None:
        def broken() -> datetime:
            raise OverflowError("a fault of ours")

        async with work(tmp_path) as on:
            await Resting(on.folding, on.store, broken, 10).run_once()

    async def test_what_the_model_refuses_again_and_again_is_passed_over(self, tmp_path: Path) -> None:
        async with work(tmp_path) as on:
            await on.say("I live in Oslo")
            for _ in range(6):
                on.later(minutes=20)
                on.model.answers = [ModelRefused("no")]
                await on.rest()
            assert len(on.model.folds) == 4

    async def test_what_is_forgotten_while_it_is_read_makes_no_fact(self, tmp_path: Path) -> None:
        async with work(tmp_path) as on:
            await on.say("I live in Oslo")
            on.later(minutes=11)

            class Forgets(Telling):
                async def complete(self, prompt: Prompt, max_tokens: int, schema: Schema | None = None) -> Answer:
                    await on.store.forget(Forgetting(HERE.place, on.clock[0]), find_echo)
                    return await super().complete(prompt, max_tokens, schema)

            model = Forgets(answers=[answer(None, OSLO)])
            await Resting(Folding(on.planning, on.store, model), on.store, lambda: on.clock[0], 10).run_once()
            assert len(model.folds) == 1
            assert await on.facts() == []

    async def test_what_was_said_in_private_stays_there_though_the_place_is_open_when_it_is_read(
        self, tmp_path: Path
    ) -> None:
        async with work(tmp_path) as on:
            await on.say("I live in Oslo", access=Access(Visibility.PRIVATE))
            await on.say("hello all")
            on.later(minutes=11)
            on.model.answers.append(answer(None, OSLO))
            await on.rest()
            elsewhere = replace(READERS, place=replace(HERE.place, channel="other"))
            assert await on.facts(elsewhere) == []


async def test_what_is_said_while_a_fold_is_made_is_no_reason_for_another(tmp_path: Path) -> None:
    async with work(tmp_path) as on:
        await on.say(*("we talk of wool " * 9 for _ in range(12)))
        on.model.fold_gate = asyncio.Event()
        folding = asyncio.create_task(on.folding.fold(HERE, on.planning.budget()))
        while not on.model.folds:
            await asyncio.sleep(0)
        await on.say(*("and of spools " * 9 for _ in range(6)))
        on.model.fold_gate.set()
        await folding
    assert len(on.model.folds) == 1
