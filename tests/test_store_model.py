"""Whatever is done to a store, in whatever order, it holds what a store in plain Python holds, and no word more.

Every message, answer, summary and sentence has a word of its own, so that each can be looked for in every column.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from memory.forgetting import find_echo
from memory.ports import Promise
from memory.types import Decision, Exchange, Forgetting, Inbound, Place
from tests.hunting import examples
from tests.kept import (
    AFTER_SUMMARY,
    USAGE,
    accept,
    answer_to,
    conversation_at,
    files_of,
    fold_of,
    message,
    moment,
    state,
    turn_of,
    weigh,
)
from tests.plain_comparison import compare_debts, compare_place
from tests.plain_editing import amend as amend_plainly
from tests.plain_forgetting import forget as forget_plainly
from tests.plain_store import Row
from tests.store_world import PLACES, World

PLACE = st.sampled_from(PLACES)
USER = st.sampled_from(["ann", "bob", "cleo"])
AGO = st.sampled_from([0, 0, 4, 12])
WHAT = {
    "answer": Decision.ANSWER,
    "overhear": Decision.REMEMBER,
    "remember, it is late": Decision.REMEMBER,
    "do": Decision.COMMAND,
}
WORD = re.compile("zebra[0-9]+z")
TOKENS = USAGE.prompt_tokens + USAGE.completion_tokens


class StoreAgainstModel(World):
    """The rules are a Store's verbs, each done to both; the invariants compare.

    What takes away, and what ends a run, is done no more often than what adds.
    """

    # ---- messages

    @initialize(
        said=st.lists(st.tuples(PLACE, USER, st.integers(0, 5)), min_size=2, max_size=5),
        waiting=st.lists(st.tuples(PLACE, USER, st.sampled_from(list(WHAT)), st.booleans()), min_size=1, max_size=4),
    )
    def begin_with(self, said: list[tuple[Place, str, int]], waiting: list[tuple[Place, str, str, bool]]) -> None:
        """Something was said and answered, something waits, and of some of that the answer was begun."""
        for place, user, quoted in said:
            self.converse(place, user, quoted, repeated=quoted)
        for place, user, what, begun in waiting:
            self.accept(place, user, 0, what, 0)
            if begun:
                self.post(self.plain.rows[self.sent[-1].message_id], 0, self.post_in(place))

    @rule(place=PLACE, user=USER, quoted=st.integers(0, 5), what=st.sampled_from(list(WHAT)), ago=AGO)
    def accept(self, place: Place, user: str, quoted: int, what: str, ago: int) -> None:
        """Somebody says something, and may quote what was said."""
        self.added += 1
        word, number = self.word(), self.number
        inbound = message(number, f"!{what} {word}" if what == "do" else word, user, place, self.quote(place, quoted))
        inbound = replace(inbound, sent_at=moment(number - ago), addressed=what != "overhear")
        self.sent.append(inbound)
        self.take(inbound, WHAT[what])

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
    @rule(data=st.data(), same=st.sampled_from([False, False, True]), ago=AGO)
    def amend(self, data: st.DataObject, same: bool, ago: int) -> None:
        """A message is edited, be it known or not, and told of at once or after later edits."""
        sent = data.draw(st.sampled_from(self.sent))
        row = self.plain.rows.get(sent.message_id)
        edited = replace(sent, text=row.inbound.text if same and row and row.inbound.text else self.word())
        edited = replace(edited, edited_at=self.moment(ago))

        changed = self.run(self.store.amend(edited, weigh, find_echo))

        extent, touched = amend_plainly(self.plain, edited)
        assert changed == extent
        assert changed.touched == {conversation_at(place) for place in touched}

    @precondition(lambda self: self.plain.rows)
    @rule(data=st.data(), part=st.integers(0, 2), gone=st.sampled_from([False, False, True]))
    def note_post(self, data: st.DataObject, part: int, gone: bool) -> None:
        """A part of a reply stands somewhere, or no more."""
        row = self.any_row(data)
        self.post(row, part, "" if gone else self.post_in(row.place))

    def post(self, row: Row, part: int, post: str) -> None:
        """Note a post."""
        self.posts += [(row.place, post)] if post else []
        self.run(self.store.note_post(row.id, part, post))
        self.plain.note_post(row, part, post)

    # ---- turns

    @rule(place=PLACE, user=USER, quoted=st.integers(0, 5), repeated=st.integers(0, 4), recalled=st.integers(0, 6))
    def converse(self, place: Place, user: str, quoted: int, repeated: int, recalled: int = 0) -> None:
        """Somebody says something and all that waits there is answered at once, perhaps with a turn from elsewhere."""
        self.accept(place, user, quoted, "answer", 0)
        rows = self.plain.pending(place)
        if rows:
            self.post(rows[-1], 0, self.post_in(place))
            self.settle_lane(rows, "answer", repeated, recalled)

    @precondition(lambda self: any(self.plain.pending(place) for place in PLACES))
    @rule(data=st.data(), how=st.sampled_from(["answer", "answer", "sentence", "late"]), repeated=st.integers(0, 4))
    def record(self, data: st.DataObject, how: str, repeated: int) -> None:
        """A turn ends, with an answer or a sentence; a late one writes nothing."""
        place = data.draw(st.sampled_from([place for place in PLACES if self.plain.pending(place)]))
        self.settle_lane(self.plain.pending(place)[: data.draw(st.integers(1, 3))], how, repeated)

    def settle_lane(self, rows: list[Row], how: str, repeated: int, recalled: int = 0) -> None:
        """Record messages of a lane; an answer repeats the question and perhaps an earlier turn, or a recalled one."""
        target = rows[-1]
        place, lines = target.place, self.plain.held[target.place].lines
        answered = target.decision is Decision.ANSWER
        sentence = self.word() if answered and how == "sentence" else ""
        answer = f"{self.word()} {target.inbound.text}" if answered and not sentence else ""
        if answer and 0 < repeated <= len(lines):
            answer += f" {lines[-repeated].text}"
        sources, ids = self.recall(place, recalled) if answer else ((), ())
        if sources and recalled % 2:
            answer += f" {sources[0].text}"
        turn = answer_to(target.inbound, answer) if answer else None

        settles, heard = tuple(row.id for row in rows), tuple(turn_of(row.inbound) for row in rows)
        epoch = self.epoch(place, late=how == "late")
        exchange = Exchange(
            conversation_at(place), epoch, target.inbound.access, settles, heard, turn, sentence, USAGE, ids
        )
        assert self.run(self.store.record(exchange)) is (how != "late")

        if how == "late":
            self.plain.note_said()
        else:
            said_at = turn.sent_at if turn else target.inbound.sent_at
            self.plain.record(rows, answer, sentence, said_at, TOKENS, sources)

    @precondition(lambda self: any(row.is_command for row in self.plain.rows.values()))
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        """A command is done, and something is said to it."""
        row = data.draw(st.sampled_from([row for row in self.plain.rows.values() if row.is_command]))
        sentence = self.word()
        self.run(self.store.settle(row.id, sentence))
        self.plain.settle(row, sentence)

    @precondition(lambda self: any(row.unsaid for row in self.plain.rows.values()))
    @rule(data=st.data(), possible=st.sampled_from([True, True, False]), retracted=st.booleans())
    def said(self, data: st.DataObject, possible: bool, retracted: bool) -> None:
        """A reply stands in full; or it cannot be said, and a sentence is, if it was not forgotten."""
        row = data.draw(st.sampled_from([row for row in self.plain.rows.values() if row.unsaid]))
        if possible or row.answer is None or row.state == "forgotten":
            self.store.said(row.id)
            self.plain.said(row)
            return
        sentence = self.word()
        if retracted:
            self.run(self.store.retract(conversation_at(row.place), row.answer.message_id))
            self.plain.retract(row)
        self.run(self.store.settle(row.id, sentence))
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

    @precondition(lambda self: any(line.author for held in self.plain.held.values() for line in held.lines))
    @rule(data=st.data(), slot=st.sampled_from(["city", "job"]))
    def state(self, data: st.DataObject, slot: str) -> None:
        """What somebody said about himself is kept."""
        said = [(line, place) for place in PLACES for line in self.plain.held[place].lines if line.author]
        line, place = data.draw(st.sampled_from(said))
        inbound = replace(message(0, line.text, line.author, place), message_id=line.message_id, sent_at=line.sent_at)
        if not any(fact.message_id == line.message_id for fact in self.plain.facts):
            self.run(state(self.store, inbound, slot, line.text))
            self.plain.state(line, place, slot)

    # ---- forgetting

    @precondition(lambda self: self.added)
    @rule(place=PLACE, ago=AGO, last=st.integers(0, 4))
    def forget(self, place: Place, ago: int, last: int) -> None:
        """A place, or the newest messages of one, is forgotten, as of now or of some time ago."""
        self.compare_forgetting(Forgetting(place, self.moment(ago), last=last))

    @precondition(lambda self: self.added)
    @rule(place=PLACE, ago=AGO, user=USER)
    def forget_user(self, place: Place, ago: int, user: str) -> None:
        """A person's words are forgotten, in a channel with its threads or in a thread."""
        self.compare_forgetting(Forgetting(place, self.moment(ago), user=user))

    @precondition(lambda self: self.added)
    @rule(ago=AGO, user=USER)
    def forget_everywhere(self, ago: int, user: str) -> None:
        """A person is forgotten in all places."""
        self.compare_forgetting(Forgetting(Place("discord", "", ""), self.moment(ago), user=user))

    @precondition(lambda self: self.added)
    @rule(place=PLACE, data=st.data())
    def delete(self, place: Place, data: st.DataObject) -> None:
        """Messages are deleted on the platform, people's or the bot's own, known ones or not."""
        ids = [sent.message_id for sent in self.sent] + [post for _, post in self.posts] + ["unknown"]
        messages = data.draw(st.lists(st.sampled_from(ids), min_size=1, max_size=3))
        self.compare_forgetting(Forgetting(replace(place, thread=""), self.moment(), messages=tuple(messages)))

    def compare_forgetting(self, forgetting: Forgetting) -> None:
        """Let both forget: the Store has to take what the other took, and a command that waits is told of it."""
        self.added -= 1
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

    @precondition(lambda self: self.added)
    @rule(ago=st.sampled_from([4, 12, 30]), held=st.sets(PLACE))
    def prune(self, ago: int, held: set[Place]) -> None:
        """What is older than some time expires, but not where it is held back until it is folded."""
        self.added -= 1
        before = self.moment(ago)
        due = self.run(self.store.expiring(before))
        assert set(due) == {conversation_at(place) for place in self.plain.expiring(before)}
        spared = {conversation_at(place) for place in held}
        assert self.run(self.store.prune(before, spared)) == self.plain.prune(before, held)

    @precondition(lambda self: self.added)
    @rule(ago=st.sampled_from([12, 30]))
    def prune_summaries(self, ago: int) -> None:
        """Summaries and facts that are older than some time go."""
        self.added -= 1
        before = self.moment(ago)
        assert self.run(self.store.prune_summaries(before)) == self.plain.prune_summaries(before)

    @precondition(lambda self: self.plain.scrub_due)
    @rule()
    def scrub(self) -> None:
        """The files are cleaned, to the last byte, of what was forgotten."""
        words = self.words()
        assert self.run(self.store.scrub())
        self.plain.scrub()
        assert set(WORD.findall(files_of(self.path).decode("latin-1"))) == words

    # ---- runs of the process

    @precondition(lambda self: any(row.state == "waiting" for row in self.plain.left))
    @rule(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """Messages are taken up, be they left by earlier runs or not."""
        rows = list(dict.fromkeys(self.any_row(data) for _ in range(data.draw(st.integers(1, 2)))))
        assert self.run(self.store.begin([row.id for row in rows])) == self.plain.begin(rows)

    @precondition(lambda self: self.added)
    @rule(killed=st.booleans())
    def start_anew(self, killed: bool) -> None:
        """The process is killed, or ends in peace, and starts anew."""
        self.added -= 1
        self.store = self.run(self.kept.crash() if killed else self.kept.open())
        self.plain.start_anew(killed=killed)

    # ---- what has to hold

    def words(self) -> set[str]:
        """Every word that the plain store holds."""
        return set(WORD.findall(" ".join(self.plain.texts())))

    @invariant()
    def the_same_is_held_and_owed(self) -> None:
        """All that can be asked."""
        times = moment(self.number // 2), moment(self.number + 1)
        for place in PLACES:
            self.run(compare_place(self.store, self.plain, place, times))
        self.run(compare_debts(self.store, self.plain))

    @invariant()
    def no_other_word_is_in_any_column(self) -> None:
        """All tables, all columns."""
        with closing(sqlite3.connect(self.path)) as db:
            found, words = set(WORD.findall("\n".join(db.iterdump()))), self.words()
            assert (found - words, words - found) == (set(), set())


TestStoreAgainstModel = StoreAgainstModel.TestCase
TestStoreAgainstModel.settings = settings(max_examples=examples(35), stateful_step_count=40)
