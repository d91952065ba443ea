"""A store in plain Python, of lists and sets: what any Store must hold after the same calls in the same order.

It knows one conversation a place, messages whose ids are unique, and texts whose words are in no other message. It
holds what is on disk; only what was noted as said, and what this run began, is in memory and lost by a crash.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from memory.types import Decision, Forgetting, Inbound, Place, Quote


def lies_in(place: Place, outer: Place) -> bool:
    """Whether a place is another one, or a thread under it."""
    return outer in (place, replace(place, thread=""))


def same_space(one: Place, other: Place) -> bool:
    """Whether two places are of one server."""
    return (one.platform, one.space) == (other.platform, other.space)


@dataclass(eq=False)
class Line:
    """A turn; `number` rises along all transcripts, `answers` is the author whom one of the bot answers."""

    number: int
    message_id: str
    author: str
    text: str
    sent_at: datetime
    quote: Quote | None = None
    answers: str = ""
    recalled: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Statement:
    """A fact; its words are those of its message, and no answer up to the line `after` knew of it."""

    place: Place
    user: str
    slot: str
    text: str
    message_id: str
    said_at: datetime
    after: int


@dataclass(frozen=True)
class Sum:
    """A summary: its word, the number of the last line that it covers, and when that was sent."""

    word: str
    through: int
    until: datetime


@dataclass(eq=False)
class Row:
    """A message in the inbox, with its words and quotation as they are known; `id` is the store's own."""

    inbound: Inbound
    decision: Decision
    id: int = 0
    state: Literal["waiting", "settled", "forgotten"] = "waiting"
    posts: dict[int, str] = field(default_factory=dict)
    answer: Line | None = None
    sentence: str = ""
    unsaid: bool = False
    attempts: int = 0
    edited_at: datetime | None = None

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.inbound.place

    @property
    def is_command(self) -> bool:
        """Whether it waits for no lane."""
        return self.decision is Decision.COMMAND

    def showing(self) -> tuple[str, ...]:
        """Its posts, part by part."""
        return tuple(self.posts[part] for part in sorted(self.posts))


@dataclass
class Held:
    """A conversation."""

    lines: list[Line] = field(default_factory=list)
    summaries: list[Sum] = field(default_factory=list)
    epoch: int = 0
    joined_at: datetime | None = None

    def unfolded(self) -> list[Line]:
        """The turns after the summary."""
        return [line for line in self.lines if line.number > self.through]

    @property
    def through(self) -> int:
        """The number of the last line that the summary covers."""
        return self.summaries[-1].through if self.summaries else 0

    def drop_summaries(self, first: int) -> int:
        """Take away every summary that reaches a line, and return how many those were."""
        stand = [summary for summary in self.summaries if summary.through < first]
        gone = len(self.summaries) - len(stand)
        self.summaries = stand
        return gone


class PlainStore:
    """The verbs of a Store; each returns what the Store has to return."""

    def __init__(self, places: Iterable[Place]) -> None:
        self.held = {place: Held() for place in places}
        self.rows: dict[str, Row] = {}
        self.buried_posts: set[str] = set()
        self.watermarks: list[Forgetting] = []
        self.facts: list[Statement] = []
        self.shown: set[tuple[Statement, Place]] = set()
        self.expired: dict[Line, Place] = {}
        self.cleared: set[tuple[Line, Line]] = set()
        self.spenders: Counter[str] = Counter()
        self.tokens = 0
        self.scrub_due = False
        self._number = 0
        self._said: list[Row] = []
        self._begin_run()

    def _begin_run(self) -> None:
        self._said.clear()
        self.left = set(self.rows.values())
        self.left_unsaid = {row for row in self.left if row.unsaid}
        self.begun: set[Row] = set()

    def note_said(self) -> None:
        """Every transaction begins with what was said since the last."""
        for row in self._said:
            if row.unsaid:
                row.unsaid, row.sentence = False, ""
        self._said.clear()

    # ---- what can be asked

    def at(self, place: Place) -> list[Row]:
        """The inbox of a place, in order of coming."""
        return sorted((row for row in self.rows.values() if row.place == place), key=lambda row: row.id)

    def pending(self, place: Place) -> list[Row]:
        """What waits for a lane, in order of sending."""
        waiting = [row for row in self.at(place) if row.state == "waiting" and not row.is_command]
        return sorted(waiting, key=lambda row: row.inbound.sent_at)

    def answered(self, row: Row) -> bool:
        """Whether the answer to a message is a turn."""
        return row.answer in self.held[row.place].lines

    def owed_text(self, row: Row) -> str:
        """What has to be said to a message."""
        return row.answer.text if row.answer and self.answered(row) else row.sentence

    def joined(self, place: Place, at: datetime) -> bool:
        """Whether the bot had been asked something before then that it answers."""
        held = self.held[place]
        asked = [row.inbound.sent_at for row in self.pending(place) if row.decision is Decision.ANSWER]
        return any(since and since < at for since in (*asked, held.joined_at)) or any(self._answers_above(place, at))

    def texts(self) -> list[str]:
        """Everything that was said and is kept somewhere."""
        texts = [row.sentence for row in self.rows.values()]
        quotes = [row.inbound.reply_to for row in self.rows.values() if row.state == "waiting"]
        texts += [row.inbound.text for row in self.rows.values() if row.state == "waiting"]
        for held in self.held.values():
            texts += [each.word for each in held.summaries] + [line.text for line in held.lines]
            quotes += [line.quote for line in held.lines]
        return texts + [quote.text for quote in quotes if quote] + [fact.text for fact in self.facts]

    # ---- messages

    def accept(self, sent: Inbound, decision: Decision) -> Row | None:
        """Take in what is new and after every watermark, or addressed now and was not."""
        self.note_said()
        row = self.rows.get(sent.message_id)
        if row is None:
            if self._refuses(sent.place, sent.author, sent.sent_at):
                return None
            row = self.rows[sent.message_id] = Row(sent, decision)
            quote = self._keep_quote(sent) or self._answer_above(row)
        elif row.inbound.addressed or row.state == "forgotten" or row.decision is not Decision.REMEMBER:
            return None
        else:
            quote = self._keep_quote(sent) if sent.reply_to else row.inbound.reply_to
        row.inbound, row.decision, row.state = replace(sent, reply_to=quote), decision, "waiting"
        return row

    def _answer_above(self, row: Row) -> Quote | None:
        """The answer on which a thread hangs, for the first that is said there, if it quotes nothing."""
        if len(self.at(row.place)) > 1 or row.inbound.reply_to or row.is_command:
            return None
        return next(self._answers_above(row.place, row.inbound.sent_at), None)

    def _answers_above(self, place: Place, at: datetime) -> Iterator[Quote]:
        for row in self.rows.values():
            above = place.thread in row.posts.values() and row.place.channel == place.channel
            if above and row.answer and self.answered(row) and row.inbound.sent_at < at:
                yield Quote(place.thread, "", "Threadkeeper", row.answer.text, row.answer.sent_at)

    def _refuses(self, place: Place, author: str, sent_at: datetime) -> bool:
        return any(
            (mark.everywhere or lies_in(place, mark.place)) and mark.user in ("", author) and mark.at > sent_at
            for mark in self.watermarks
        )

    def _keep_quote(self, sent: Inbound) -> Quote | None:
        quote = sent.reply_to
        if quote is None or self._refuses(sent.place, quote.author, quote.sent_at):
            return None
        row = self.rows.get(quote.message_id)
        gone = quote.message_id in self.buried_posts or (row is not None and row.state == "forgotten")
        return None if gone else quote

    def note_post(self, row: Row, part: int, message_id: str) -> None:
        """Note a post, or that there is none."""
        self.note_said()
        if not message_id:
            row.posts.pop(part, None)
        elif row.state != "forgotten":
            row.posts[part] = message_id

    def record(
        self,
        rows: Sequence[Row],
        answer: str,
        sentence: str,
        said_at: datetime,
        tokens: int,
        recalled: tuple[Line, ...] = (),
    ) -> None:
        """Settle messages: their turns, and the turn or the sentence that answers the last of them."""
        self.note_said()
        target = rows[-1]
        held = self.held[target.place]
        for row in rows:
            if row.inbound.message_id not in {line.message_id for line in held.lines}:
                inbound = row.inbound
                self._add(held, inbound.message_id, inbound.author, inbound.text, inbound.sent_at, inbound.reply_to)
        line = None
        if answer:
            line = self._add(held, f"re:{target.inbound.message_id}", "", answer, said_at, None)
            line.answers, line.recalled = target.inbound.author, recalled
        if answer or sentence:
            held.joined_at = min(held.joined_at or target.inbound.sent_at, target.inbound.sent_at)
        for row in rows:
            row.state = "settled"
        if answer or sentence:
            self._promise(target, line, sentence)
        self.tokens += tokens
        self.spenders[target.inbound.author] += 1

    def _add(self, held: Held, message_id: str, author: str, text: str, sent_at: datetime, quote: Quote | None) -> Line:
        self._number += 1
        line = Line(self._number, message_id, author, text, sent_at, quote)
        held.lines.append(line)
        return line

    def settle(self, row: Row, sentence: str) -> None:
        """Settle a command; or say a sentence in the place of what was decided before."""
        self.note_said()
        if row.state == "waiting" or (row.state == "settled" and row.unsaid):
            self._take_back(row)
            self._promise(row, None, sentence)

    @staticmethod
    def _promise(row: Row, answer: Line | None, sentence: str) -> None:
        row.state, row.answer, row.sentence, row.unsaid = "settled", answer, sentence, True
        row.attempts = 0

    def record_late(self) -> None:
        """Nothing is written, but for what was said before."""
        self.note_said()

    def retract(self, row: Row) -> None:
        """Take an answer back."""
        self.note_said()
        self._take_back(row)

    def _take_back(self, row: Row) -> None:
        held = self.held[row.place]
        held.lines = [line for line in held.lines if line is not row.answer]

    def said(self, row: Row) -> None:
        """Remember it until the next transaction."""
        self._said.append(row)

    def fold(self, place: Place, word: str, tokens: int) -> None:
        """Sum up all that is there."""
        self.note_said()
        last = self.held[place].lines[-1]
        self.held[place].summaries.append(Sum(word, last.number, last.sent_at))
        self.tokens += tokens

    def begin(self, rows: Collection[Row]) -> int:
        """Count an attempt at what earlier runs left."""
        earlier = [row for row in rows if row in self.left]
        if earlier:
            self.note_said()
        for row in earlier:
            row.attempts += row not in self.begun
            self.begun.add(row)
        return max((row.attempts for row in earlier), default=0)

    def start_anew(self, *, killed: bool) -> None:
        """End in peace or lose what is in memory, and begin again."""
        if not killed:
            self.note_said()
            for row in self.rows.values():
                row.attempts = -1 if row.state == "waiting" or row.unsaid else row.attempts
        self._begin_run()

    # ---- edits, expiry

    def state(self, line: Line, place: Place, slot: str) -> None:
        """Keep what a line states."""
        self.note_said()
        self.facts.append(Statement(place, line.author, slot, line.text, line.message_id, line.sent_at, self._number))

    def heard_of(self, user: str, place: Place) -> set[tuple[str, str]]:
        """Slots and words of the facts about somebody that hold in a place."""
        holding = {}
        for fact in sorted(self.facts, key=lambda fact: fact.said_at):
            if fact.user == user and same_space(fact.place, place):
                holding[fact.slot] = fact.text
        return set(holding.items())

    def note_shown(self, lines: Iterable[Line], place: Place) -> None:
        """Facts about those whose lines go stood in the prompts there, as long as there are facts about them."""
        authors = {line.author for line in lines if line.author}
        self.shown |= {(fact, place) for fact in self.facts if fact.user in authors and same_space(fact.place, place)}

    def told_of(self, fact: Statement) -> set[Place]:
        """Where facts about a person stood in prompts: in his server, where he has spoken."""
        places = {place for one, place in self.shown if one in self.facts and one.user == fact.user}
        places |= {place for place in self.held if any(line.author == fact.user for line in self.held[place].lines)}
        return {place for place in places if same_space(place, fact.place)}

    def take_facts(self, gone: Collection[Statement]) -> None:
        """Take facts away, and where they stood."""
        self.facts = [fact for fact in self.facts if fact not in gone]
        self.shown = {(fact, place) for fact, place in self.shown if fact in self.facts}

    def move_epochs(self, touched: Iterable[Place]) -> None:
        """Let turns and folds under way there write nothing."""
        for place in touched:
            self.held[place].epoch += 1

    def prune(self, before: datetime, spared: Collection[Place]) -> int:
        """Purge the turns from before a time; where they are spared, only those that a summary covers."""
        gone = 0
        for place, held in self.held.items():
            expired = [
                line
                for line in held.lines
                if line.sent_at < before and (place not in spared or line.number <= held.through)
            ]
            gone += len(expired)
            self.expired.update(dict.fromkeys(expired, place))
            self.note_shown(expired, place)
            held.lines = [line for line in held.lines if line not in expired]
        self.scrub_due |= gone > 0
        return gone

    def expiring(self, before: datetime) -> set[Place]:
        """The places with turns from before a time that no summary covers."""
        return {place for place, held in self.held.items() if any(line.sent_at < before for line in held.unfolded())}

    def prune_summaries(self, before: datetime) -> int:
        """Forget summaries and facts from before a time."""
        self.note_said()
        old = [fact for fact in self.facts if fact.said_at < before]
        self.take_facts(old)
        gone = len(old)
        for held in self.held.values():
            stand = [each for each in held.summaries if each.until >= before]
            gone += len(held.summaries) - len(stand)
            held.summaries = stand
        self.scrub_due |= gone > 0
        return gone

    def scrub(self) -> None:
        """Clean what was forgotten, which has to be due."""
        self.scrub_due = False
