"""What the state machine over a store works on: the store, its plain counterpart, and what was said in them."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from memory.types import Inbound, Place, Quote
from tests.kept import EVERYTHING, GENERAL, THREAD, conversation_at, kept_at, moment, quote_of
from tests.plain_store import Line, PlainStore, Row, same_space

T = TypeVar("T")

PLACES = (GENERAL, THREAD, Place("discord", "server", "random"), Place("discord", "other", "lobby"))


class World(RuleBasedStateMachine):
    """Both stores; `added` counts what was added more often than something was taken away, or a run ended."""

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
        self.added = 0

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

    def post_in(self, place: Place) -> str:
        """The id of a new post of the bot: in the channel, one of them is that of the thread which hangs on it."""
        hung_on = place == GENERAL and (GENERAL, THREAD.thread) not in self.posts
        return THREAD.thread if hung_on else f"p{self.count()}"

    def quote(self, place: Place, quoted: int) -> Quote | None:
        """A quotation of one of the last messages of a channel, or of a post of the bot there; or none."""
        known = [quote_of(sent) for sent in self.sent if sent.place.channel == place.channel][-3:]
        known += [
            Quote(post, "the-bot", "Threadkeeper", self.word(), moment(self.number))
            for at, post in self.posts[-2:]
            if at.channel == place.channel
        ]
        return known[-quoted] if 0 < quoted <= len(known) else None

    def turn_ids(self, place: Place) -> dict[str, int]:
        """The ids of the turns of a place, by their messages."""
        turns = self.run(self.store.load(conversation_at(place), EVERYTHING)).turns
        return {turn.message_id: turn.id for turn in turns}

    def recall(self, place: Place, recalled: int) -> tuple[tuple[Line, ...], tuple[int, ...]]:
        """One of the newest lines of the same server, and its turn's id; or none."""
        known = [
            (line, held)
            for held in PLACES
            if same_space(held, place) and held != place
            for line in self.plain.held[held].lines[-3:]
        ]
        if not 0 < recalled <= len(known):
            return (), ()
        line, held = known[-recalled]
        return (line,), (self.turn_ids(held)[line.message_id],)
