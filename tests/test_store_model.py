"""Whatever is done to a store, in whatever order, it holds what a plain Python model of it holds, and no word more.

Every message, answer and summary has a word of its own, so that each can be looked for in every column.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import tempfile
from collections.abc import Coroutine
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from memory.forgetting import find_echo
from memory.types import Exchange, Extent, Forgetting, Inbound, Place, Quote, Role, Turn
from tests.kept import (
    AFTER_SUMMARY,
    EVERYTHING,
    GENERAL,
    THREAD,
    Kept,
    accept,
    answer_to,
    conversation_at,
    files_of,
    fold,
    forget,
    message,
    moment,
    opening,
    pending,
    quote_of,
    turn_of,
)

T = TypeVar("T")

PLACES = (GENERAL, THREAD, Place("discord", "server", "random"))
PLACE = st.sampled_from(PLACES)
USER = st.sampled_from(["ann", "bob", "cleo"])
WORD = re.compile("zebra[0-9]+z")


@dataclass(eq=False)
class Said:
    """A message or an answer as the model knows it; `number` rises along a transcript."""

    inbound: Inbound
    text: str
    quote: Quote | None
    answer: bool = False
    number: int = 0


@dataclass
class Held:
    """A conversation as the model knows it; a summary is its word and the number of the last turn that it covers."""

    said: list[Said] = field(default_factory=list)
    waiting: list[Said] = field(default_factory=list)
    summaries: list[tuple[str, int]] = field(default_factory=list)

    def unfolded(self) -> list[Said]:
        """The turns after the summary."""
        through = self.summaries[-1][1] if self.summaries else 0
        return [said for said in self.said if said.number > through]

    def lose(self, said: list[Said], first: int | None, waiting: list[Said]) -> Extent:
        """Take turns, the summaries that reach the first of them, and waiting messages away."""
        summaries = [summary for summary in self.summaries if first is not None and summary[1] >= first]
        self.said = [each for each in self.said if each not in said]
        self.waiting = [each for each in self.waiting if each not in waiting]
        self.summaries = [summary for summary in self.summaries if summary not in summaries]
        return Extent(len(said), len(summaries), len(waiting), 1 if said or summaries or waiting else 0)


def under(place: Place) -> list[Place]:
    """A place and, where it is a channel, its threads."""
    return [each for each in PLACES if place in (each, replace(each, thread=""))]


def add_up(extents: list[Extent]) -> Extent:
    """All of them together."""
    return Extent(
        sum(extent.turns for extent in extents),
        sum(extent.summaries for extent in extents),
        sum(extent.waiting for extent in extents),
        sum(extent.conversations for extent in extents),
    )


class StoreAgainstModel(RuleBasedStateMachine):
    """The rules are a Store's verbs; the invariants compare."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "kept.db"
        self.runner = asyncio.Runner()
        self.kept = Kept(opening(self.path))
        self.store = self.run(self.kept.open())
        self.held = {place: Held() for place in PLACES}
        self.taken: list[Inbound] = []
        self.forgettings: list[Forgetting] = []
        self.dead: set[str] = set()
        self.number = 0

    def run(self, work: Coroutine[object, object, T]) -> T:
        """Run one call of the store to its end."""
        return self.runner.run(work)

    def teardown(self) -> None:
        """Close what this example opened."""
        self.run(self.kept.close())
        self.runner.close()
        self.folder.cleanup()

    def count(self) -> int:
        """The next number: of a word, a message's id, its second, a turn."""
        self.number += 1
        return self.number

    # ---- what can happen

    @rule(place=PLACE, user=USER, quoted=st.integers(0, 4))
    def accept(self, place: Place, user: str, quoted: int) -> None:
        """Somebody says something, and may quote one of the last messages of the channel."""
        known = [inbound for inbound in self.taken if inbound.place.channel == place.channel]
        quote = quote_of(known[-quoted]) if 0 < quoted <= len(known) else None
        number = self.count()
        inbound = message(number, f"zebra{number}z", user, place, quote)

        assert self.run(accept(self.store, inbound)) is not None

        self.taken.append(inbound)
        kept = None if quote and self.was_forgotten(quote, place) else quote
        self.held[place].waiting.append(Said(inbound, inbound.text, kept))

    def was_forgotten(self, quote: Quote, place: Place) -> bool:
        """Whether a quotation that comes in a place quotes what is forgotten: by its id, or by a watermark there."""
        return quote.message_id in self.dead or any(
            place in under(each.place) and each.user in ("", quote.author) and not each.last and each.at > quote.sent_at
            for each in self.forgettings
        )

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def accept_again(self, data: st.DataObject) -> None:
        """A platform hands a message over a second time, be it forgotten or not."""
        assert self.run(accept(self.store, data.draw(st.sampled_from(self.taken)))) is None

    @precondition(lambda self: any(held.waiting for held in self.held.values()))
    @rule(data=st.data(), late=st.booleans(), repeated=st.integers(0, 4))
    def record(self, data: st.DataObject, late: bool, repeated: int) -> None:
        """A turn ends: its answer repeats the question and perhaps an earlier turn; a late one writes nothing."""
        place = data.draw(st.sampled_from([place for place, held in self.held.items() if held.waiting]))
        held = self.held[place]
        heard = held.waiting[0]
        said = f"zebra{self.count()}z {heard.text}"
        if 0 < repeated <= len(held.said):
            said += f" {held.said[-repeated].text}"

        assert self.run(self.record_first(place, said, late=late)) is not late

        if not late:
            held.waiting.remove(heard)
            heard.number = self.count()
            held.said += [heard, Said(heard.inbound, said, None, answer=True, number=self.count())]

    async def record_first(self, place: Place, answer: str, *, late: bool) -> bool:
        """Record the first message that waits in a place, with an answer."""
        waiting = (await pending(self.store, place))[0]
        epoch = (await self.store.load(waiting.conversation, EVERYTHING)).epoch - (1 if late else 0)
        heard, said = (turn_of(waiting.inbound),), answer_to(waiting.inbound, answer)
        visibility = waiting.inbound.visibility
        return await self.store.record(Exchange(waiting.conversation, epoch, visibility, (waiting.id,), heard, said))

    @precondition(lambda self: any(held.unfolded() for held in self.held.values()))
    @rule(data=st.data())
    def fold(self, data: st.DataObject) -> None:
        """Everything so far goes into a summary that holds a word of its own."""
        place = data.draw(st.sampled_from([place for place, held in self.held.items() if held.unfolded()]))
        word = f"zebra{self.count()}z"

        assert self.run(fold(self.store, conversation_at(place), word))

        held = self.held[place]
        held.summaries.append((word, held.said[-1].number))

    @rule(place=PLACE)
    def forget_place(self, place: Place) -> None:
        """A channel with its threads, or a thread, is forgotten."""
        lost = [held.lose(held.said, 0, held.waiting) for held in (self.held[each] for each in under(place))]
        self.bury([inbound for inbound in self.taken if inbound.place in under(place)], place)
        self.forget(Forgetting(place, moment(self.count())), lost)

    @rule(place=PLACE, last=st.integers(1, 4), ago=st.sampled_from([0, 0, 4, 12]))
    def forget_last(self, place: Place, last: int, ago: int) -> None:
        """The newest messages of one conversation are forgotten, as of some time ago: what waits first, then turns."""
        held = self.held[place]
        at = moment(self.count() - ago)
        waiting = [each for each in held.waiting if each.inbound.sent_at <= at][-last:]
        before = list(takewhile(lambda each: each.answer or each.inbound.sent_at <= at, held.said))
        said = before[max(0, len(before) - last + len(waiting)) :]
        lost = held.lose(said, said[0].number if said else None, waiting)
        self.bury([each.inbound for each in (*said, *waiting) if not each.answer], place)
        self.forget(Forgetting(place, at, last=last), [lost])

    @rule(place=PLACE, user=USER)
    def forget_user(self, place: Place, user: str) -> None:
        """One person's words are forgotten, in a channel with its threads or in a thread."""
        lost = [self.lose_user(self.held[each], user) for each in under(place)]
        gone = [inbound for inbound in self.taken if inbound.place in under(place) and inbound.author == user]
        self.bury(gone, place, user)
        self.forget(Forgetting(place, moment(self.count()), user=user), lost)

    @staticmethod
    def lose_user(held: Held, user: str) -> Extent:
        """Take a person's turns from a conversation, and what was made from them."""
        own = [said for said in held.said if said.inbound.author == user and not said.answer]
        quoting = [said for said in held.said if said.quote and said.quote.author == user]
        first = min((said.number for said in own + quoting), default=None)
        words = {said.text for said in own} | {said.quote.text for said in quoting if said.quote}
        answers = [
            said
            for said in held.said
            if said.answer
            and first is not None
            and said.number > first
            and (said.inbound.author == user or words & set(said.text.split()))
        ]
        return held.lose(own + answers, first, [said for said in held.waiting if said.inbound.author == user])

    def bury(self, messages: list[Inbound], place: Place, user: str | None = None) -> None:
        """Remember that messages are gone, and take quotations of them out of the channel."""
        ids = {inbound.message_id for inbound in messages}
        self.dead |= ids
        for each, held in self.held.items():
            for said in (*held.said, *held.waiting):
                named = said.quote and each in under(place) and said.quote.author == user
                if named or (said.quote and each.channel == place.channel and said.quote.message_id in ids):
                    said.quote = None

    def forget(self, forgetting: Forgetting, lost: list[Extent]) -> None:
        """Let the store forget, which has to take what the model took."""
        self.forgettings.append(forgetting)
        extent = self.run(self.store.extent(forgetting, find_echo))
        assert extent == self.run(forget(self.store, forgetting)) == add_up(lost)

    @rule()
    def reopen(self) -> None:
        """The process starts anew."""
        self.store = self.run(self.kept.open())

    @rule()
    def scrub(self) -> None:
        """The files are cleaned, to the last byte."""
        assert self.run(self.store.scrub())
        assert set(WORD.findall(files_of(self.path).decode("latin-1"))) == self.words()

    # ---- what has to hold

    def words(self) -> set[str]:
        """Every word that the model holds."""
        texts = [text for held in self.held.values() for text, _ in held.summaries]
        for held in self.held.values():
            for said in (*held.said, *held.waiting):
                texts += [said.text, said.quote.text if said.quote else ""]
        return set(WORD.findall(" ".join(texts)))

    @invariant()
    def every_conversation_is_as_the_model_has_it(self) -> None:
        """Turns, quotations, summary and waiting messages."""
        for place, held in self.held.items():
            conversation = conversation_at(place)
            turns = self.run(self.store.load(conversation, EVERYTHING)).turns
            assert [_outline(turn) for turn in turns] == [
                (said.answer, "" if said.answer else said.inbound.author, said.text, said.quote) for said in held.said
            ]
            thread = self.run(self.store.load(conversation, AFTER_SUMMARY))
            assert [turn.text for turn in thread.turns] == [said.text for said in held.unfolded()]
            assert (thread.summary.text if thread.summary else None) == (
                held.summaries[-1][0] if held.summaries else None
            )
            waiting = [found.inbound for found in self.run(pending(self.store, place))]
            assert waiting == [replace(said.inbound, reply_to=said.quote) for said in held.waiting]

    @invariant()
    def no_other_word_is_in_any_column(self) -> None:
        """All tables, all columns."""
        with closing(sqlite3.connect(self.path)) as db:
            assert set(WORD.findall("\n".join(db.iterdump()))) == self.words()


def _outline(turn: Turn) -> tuple[bool, str, str, Quote | None]:
    return turn.role is Role.ASSISTANT, turn.author, turn.text, turn.quote


TestStoreAgainstModel = StoreAgainstModel.TestCase
TestStoreAgainstModel.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
