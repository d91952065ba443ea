"""Whatever is done to a store, in whatever order, it holds what a store in plain Python holds, and no word more.

Every message, answer, summary and sentence has a word of its own, so that each can be looked for in every column. With
STORE_EXAMPLES in the environment, so many histories are tried instead of the few of every day.
"""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import tempfile
from collections.abc import Coroutine
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from memory.forgetting import find_echo
from memory.ports import Promise
from memory.types import Decision, Exchange, Forgetting, Inbound, Owed, Place, Quote, Scope, Stored, Turn
from tests.kept import (
    AFTER_SUMMARY,
    EVERYTHING,
    GENERAL,
    THREAD,
    USAGE,
    accept,
    answer_to,
    conversation_at,
    files_of,
    fold_of,
    kept_at,
    message,
    moment,
    pending,
    quote_of,
    turn_of,
)
from tests.plain_forgetting import forget as forget_plainly
from tests.plain_store import Line, PlainStore, Row

T = TypeVar("T")

PLACES = (GENERAL, THREAD, Place("discord", "server", "random"))
PLACE = st.sampled_from(PLACES)
USER = st.sampled_from(["ann", "bob", "cleo"])
AGO = st.sampled_from([0, 0, 4, 12])
WORD = re.compile("zebra[0-9]+z")
TOKENS = USAGE.prompt_tokens + USAGE.completion_tokens


class StoreAgainstModel(RuleBasedStateMachine):
    """The rules are a Store's verbs, each done to both; the invariants compare."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "kept.db"
        self.runner = asyncio.Runner()
        self.kept = kept_at(self.path)
        self.store = self.run(self.kept.open())
        self.plain = PlainStore(PLACES)
        self.sent: list[Inbound] = []
        self.posts: list[tuple[Place, str]] = []
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
        """The next number: of a word, a message's id, its second."""
        self.number += 1
        return self.number

    def word(self) -> str:
        """A word that was never said."""
        return f"zebra{self.count()}z"

    def moment(self, ago: int = 0) -> datetime:
        """Now, or some time ago."""
        return moment(self.count() - ago)

    def epoch(self, place: Place, *, late: bool = False) -> int:
        """The epoch of a place, or the one before."""
        return self.plain.held[place].epoch - late

    def any_row(self, data: st.DataObject) -> Row:
        """One of the messages that were taken in."""
        return data.draw(st.sampled_from(list(self.plain.rows.values())))

    # ---- messages

    @rule(place=PLACE, user=USER, quoted=st.integers(0, 5), what=st.sampled_from("aaarrl!"), ago=AGO)
    def accept(self, place: Place, user: str, quoted: int, what: str, ago: int) -> None:
        """Somebody says something, to be answered, remembered, remembered for being late, or done; it may quote."""
        word, number = self.word(), self.number
        inbound = message(number, f"!do {word}" if what == "!" else word, user, place, self.quote(place, quoted))
        inbound = replace(inbound, sent_at=moment(number - ago), addressed=what != "r")
        self.sent.append(inbound)
        self.take(inbound, {"a": Decision.ANSWER, "!": Decision.COMMAND}.get(what, Decision.REMEMBER))

    def quote(self, place: Place, quoted: int) -> Quote | None:
        """A quotation of one of the last messages of a channel, or of a post of the bot there; or none."""
        known = [quote_of(sent) for sent in self.sent if sent.place.channel == place.channel][-3:]
        known += [
            Quote(post, "the-bot", "Threadkeeper", self.word(), moment(self.number))
            for at, post in self.posts[-2:]
            if at.channel == place.channel
        ]
        return known[-quoted] if 0 < quoted <= len(known) else None

    def take(self, inbound: Inbound, decision: Decision) -> None:
        """Hand a message over."""
        taken = self.run(accept(self.store, inbound, decision))
        row = self.plain.accept(inbound, decision)
        assert (taken is None) == (row is None)
        if row is not None and taken is not None:
            assert row.id in {0, taken}
            row.id = taken

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def accept_again(self, data: st.DataObject) -> None:
        """A platform hands a message over a second time, for the bot this time, be it forgotten or never taken in."""
        self.take(replace(data.draw(st.sampled_from(self.sent)), addressed=True), Decision.ANSWER)

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), same=st.booleans())
    def amend(self, data: st.DataObject, same: bool) -> None:
        """A message is edited, be it known or not."""
        sent = data.draw(st.sampled_from(self.sent))
        row = self.plain.rows.get(sent.message_id)
        edited = replace(sent, text=row.inbound.text if same and row and row.inbound.text else self.word())

        changed = self.run(self.store.amend(edited, turn_of(edited)))

        touched = self.plain.amend(edited)
        assert changed == (None if touched is None else {conversation_at(place) for place in touched})

    @precondition(lambda self: self.plain.rows)
    @rule(data=st.data(), part=st.integers(0, 2), gone=st.sampled_from([False, False, True]))
    def note_post(self, data: st.DataObject, part: int, gone: bool) -> None:
        """A part of a reply stands somewhere, or no more."""
        row = self.any_row(data)
        post = "" if gone else f"p{self.count()}"
        if post:
            self.posts.append((row.place, post))
        self.run(self.store.note_post(row.id, part, post))
        self.plain.note_post(row, part, post)

    # ---- turns

    @precondition(lambda self: any(self.plain.pending(place) for place in PLACES))
    @rule(data=st.data(), how=st.sampled_from(["answer", "answer", "sentence", "late"]), repeated=st.integers(0, 4))
    def record(self, data: st.DataObject, how: str, repeated: int) -> None:
        """A turn ends: an answer repeats the question and perhaps an earlier turn; a late one writes nothing."""
        place = data.draw(st.sampled_from([place for place in PLACES if self.plain.pending(place)]))
        rows = self.plain.pending(place)[: data.draw(st.integers(1, 3))]
        target = rows[-1]
        lines = self.plain.held[place].lines
        answered = target.decision is Decision.ANSWER
        sentence = self.word() if answered and how == "sentence" else ""
        answer = f"{self.word()} {target.inbound.text}" if answered and not sentence else ""
        if answer and 0 < repeated <= len(lines):
            answer += f" {lines[-repeated].text}"
        turn = answer_to(target.inbound, answer) if answer else None

        settles, heard = tuple(row.id for row in rows), tuple(turn_of(row.inbound) for row in rows)
        epoch = self.epoch(place, late=how == "late")
        visibility = target.inbound.visibility
        exchange = Exchange(conversation_at(place), epoch, visibility, settles, heard, turn, sentence, USAGE)
        assert self.run(self.store.record(exchange)) is (how != "late")

        if how == "late":
            self.plain.note_said()
        else:
            said_at = turn.sent_at if turn else target.inbound.sent_at
            self.plain.record(rows, answer, sentence, said_at, TOKENS)

    @precondition(lambda self: any(row.is_command for row in self.plain.rows.values()))
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        """A command is done, and something is said to it."""
        row = data.draw(st.sampled_from([row for row in self.plain.rows.values() if row.is_command]))
        sentence = self.word()
        self.run(self.store.settle(row.id, sentence))
        self.plain.settle(row, sentence)

    @precondition(lambda self: any(row.unsaid for row in self.plain.rows.values()))
    @rule(data=st.data(), possible=st.booleans())
    def said(self, data: st.DataObject, possible: bool) -> None:
        """A reply stands in full; or it cannot be said, and a sentence is, if it was not forgotten."""
        row = data.draw(st.sampled_from([row for row in self.plain.rows.values() if row.unsaid]))
        if possible or row.answer is None or row.state == "forgotten":
            self.store.said(row.id)
            self.plain.said(row)
            return
        sentence = self.word()
        conversation = conversation_at(row.place)
        instead = Exchange(conversation, self.epoch(row.place), row.inbound.visibility, (row.id,), (), None, sentence)
        self.run(self.store.retract(conversation, row.answer.message_id))
        assert self.run(self.store.record(instead))
        self.plain.retract(row)
        self.plain.settle(row, sentence)

    @precondition(lambda self: any(held.unfolded() for held in self.plain.held.values()))
    @rule(data=st.data(), late=st.sampled_from([False, False, True]))
    def fold(self, data: st.DataObject, late: bool) -> None:
        """Everything so far goes into a summary that holds a word of its own; a late one is not saved."""
        place = data.draw(st.sampled_from([place for place in PLACES if self.plain.held[place].unfolded()]))
        thread = self.run(self.store.load(conversation_at(place), AFTER_SUMMARY))
        word, epoch = self.word(), self.epoch(place, late=late)
        made = fold_of(thread.conversation, word, thread.turns[-1].id, thread.summary, epoch)

        assert self.run(self.store.save_fold(made)) is not late

        if late:
            self.plain.note_said()
        else:
            self.plain.fold(place, word, TOKENS)

    # ---- forgetting

    @rule(place=PLACE, ago=AGO)
    def forget_place(self, place: Place, ago: int) -> None:
        """A channel with its threads, or a thread, is forgotten."""
        self.forget(Forgetting(place, self.moment(ago)))

    @rule(place=PLACE, last=st.integers(1, 4), ago=AGO)
    def forget_last(self, place: Place, last: int, ago: int) -> None:
        """The newest messages of one conversation are forgotten, as of some time ago: what waits first, then turns."""
        self.forget(Forgetting(place, self.moment(ago), last=last))

    @rule(place=PLACE, user=USER, ago=AGO)
    def forget_user(self, place: Place, user: str, ago: int) -> None:
        """One person's words are forgotten, in a channel with its threads or in a thread."""
        self.forget(Forgetting(place, self.moment(ago), user=user))

    @rule(place=PLACE, data=st.data())
    def delete(self, place: Place, data: st.DataObject) -> None:
        """Messages are deleted on the platform, people's or the bot's own, known ones or not."""
        ids = [sent.message_id for sent in self.sent] + [post for _, post in self.posts] + ["unknown"]
        messages = data.draw(st.lists(st.sampled_from(ids), min_size=1, max_size=3))
        self.forget(Forgetting(replace(place, thread=""), self.moment(), messages=tuple(messages)))

    def forget(self, forgetting: Forgetting) -> None:
        """Let both forget: the Store has to take what the other took, and a command that waits is told of it."""
        commands = [row for row in self.plain.rows.values() if row.is_command and row.state == "waiting"]
        told = commands[-1:] if not forgetting.messages else []
        word = self.word()
        promise = Promise(told[0].id, lambda extent: f"{word} {extent.turns}") if told else None

        before = self.run(self.store.extent(forgetting, find_echo))
        gone = self.run(self.store.forget(forgetting, find_echo, promise))

        extent, touched, begun = forget_plainly(self.plain, forgetting)
        for row in told:
            self.plain.settle(row, f"{word} {extent.turns}")
        assert before == gone == extent
        assert {found.id for found in gone.begun} == {row.id for row in begun}
        assert gone.touched == {conversation_at(place) for place in touched}

    @rule(ago=st.sampled_from([4, 12, 30]))
    def prune(self, ago: int) -> None:
        """What is older than some time expires."""
        before = self.moment(ago)
        assert self.run(self.store.prune(before)) == self.plain.prune(before)

    @rule()
    def scrub(self) -> None:
        """The files are cleaned, to the last byte, of what was forgotten."""
        assert self.run(self.store.scrub())
        if self.plain.scrub_due:
            self.plain.scrub_due = False
            self.plain.note_said()
            assert set(WORD.findall(files_of(self.path).decode("latin-1"))) == self.words()

    # ---- runs of the process

    @precondition(lambda self: self.plain.rows)
    @rule(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """Messages are taken up, be they left by earlier runs or not."""
        rows = [self.any_row(data) for _ in range(data.draw(st.integers(1, 2)))]
        rows = list(dict.fromkeys(rows))
        assert self.run(self.store.begin([row.id for row in rows])) == self.plain.begin(rows)

    @rule()
    def crash(self) -> None:
        """The process is killed and starts anew."""
        self.store = self.run(self.kept.crash())
        self.plain.crash()

    @rule()
    def reopen(self) -> None:
        """The process ends in peace and starts anew."""
        self.store = self.run(self.kept.open())
        self.plain.close_and_open()

    # ---- what has to hold

    def words(self) -> set[str]:
        """Every word that the plain store holds."""
        return set(WORD.findall(" ".join(self.plain.texts())))

    @invariant()
    def every_conversation_is_the_same(self) -> None:
        """Epoch, turns, quotations, summary, waiting messages, what is known of the place and since when."""
        for place in PLACES:
            self.run(self.compare(place))

    async def compare(self, place: Place) -> None:
        """Compare one conversation."""
        held, conversation = self.plain.held[place], conversation_at(place)
        thread = await self.store.load(conversation, EVERYTHING)
        assert thread.epoch == held.epoch
        assert [_outline(turn) for turn in thread.turns] == [_outline(line) for line in held.lines]
        thread = await self.store.load(conversation, AFTER_SUMMARY)
        assert [turn.text for turn in thread.turns] == [line.text for line in held.unfolded()]
        assert (thread.summary.text if thread.summary else None) == (held.summaries[-1][0] if held.summaries else None)
        assert [
            (found.id, found.decision, found.inbound, found.posts, found.attempts)
            for found in await pending(self.store, place)
        ] == [(row.id, row.decision, row.inbound, row.showing(), row.attempts) for row in self.plain.pending(place)]
        since = moment(self.number // 2)
        assert sorted(await self.store.stored(place, since), key=repr) == sorted(self.known(place, since), key=repr)
        for at in (since, moment(self.number + 1)):
            assert await self.store.joined(place, at) is self.plain.joined(place, at)

    def known(self, place: Place, since: datetime) -> list[Stored]:
        """What is known of a place since a time."""
        known = [(row.inbound.message_id, row.inbound.text, row.inbound.sent_at) for row in self.plain.pending(place)]
        known += [(line.message_id, line.text, line.sent_at) for line in self.plain.held[place].lines if line.author]
        stored = []
        for message_id, text, sent_at in known:
            row = self.plain.rows[message_id]
            posts = row.showing() if row.answer and self.plain.answered(row) and not row.unsaid else ()
            stored.append(Stored(message_id, text, sent_at, posts))
        return [each for each in stored if each.sent_at >= since]

    @invariant()
    def the_same_is_owed_and_was_spent(self) -> None:
        """To every message, and by earlier runs alone."""
        self.run(self.compare_debts())

    async def compare_debts(self) -> None:
        """Compare what is owed, and the tokens that were spent."""
        rows = sorted(self.plain.rows.values(), key=lambda row: row.id)
        for row in rows:
            owes = await self.store.owes(row.id)
            assert (owes and _debt(owes)) == (self.debt(row) if row.unsaid else None)
        assert [_debt(owed) for owed in await self.store.owed("discord")] == [
            self.debt(row) for row in rows if row.unsaid and row in self.plain.left_unsaid
        ]
        assert (await self.store.spent({Scope.ALL: ""}))[Scope.ALL].tokens == self.plain.tokens

    def debt(self, row: Row) -> tuple[int, str, str, tuple[str, ...]]:
        """What is owed to a message: its id, the words, the turn that they are, the posts."""
        answer = row.answer.message_id if row.answer and self.plain.answered(row) else ""
        return row.id, self.plain.owed_text(row), answer, row.showing()

    @invariant()
    def no_other_word_is_in_any_column(self) -> None:
        """All tables, all columns."""
        with closing(sqlite3.connect(self.path)) as db:
            assert set(WORD.findall("\n".join(db.iterdump()))) == self.words()


def _outline(turn: Turn | Line) -> tuple[str, str, str, Quote | None]:
    return turn.message_id, turn.author, turn.text, turn.quote


def _debt(owed: Owed) -> tuple[int, str, str, tuple[str, ...]]:
    return owed.waiting.id, owed.text, owed.answer, owed.waiting.posts


TestStoreAgainstModel = StoreAgainstModel.TestCase
TestStoreAgainstModel.settings = settings(
    max_examples=int(os.environ.get("STORE_EXAMPLES", "40")), stateful_step_count=50, deadline=None
)
