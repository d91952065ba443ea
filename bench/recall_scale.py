"""How long a search takes among many messages: `python -m bench.recall --scale`.

Twenty servers, the largest with a quarter of all messages, two hundred channels in each, of which as many as one in ten
are private and some were closed since; words are drawn as they are in languages, the n-th most frequent with a share of
1/n, and none of them is known to be common. A question holds half the words of a message that was said in its server,
and some more.
"""

from __future__ import annotations

import random
import statistics
import tempfile
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import accumulate
from pathlib import Path
from time import perf_counter

from memory.ports import Store
from memory.recall import rank, read_question
from memory.types import Access, Audience, Channel, Conversation, Exchange, Place, Role, Shown, Turn, Visibility, Window
from storage import open_store

SERVERS = 20
CHANNELS = 200
"""Of each server."""

PRIVATE, CLOSED = 10, 33
"""Every so many-th channel of a server is private; was public and is closed now."""

VOCABULARY = 60_000
PEOPLE = 300
BATCH = 2_000
SITTING = timedelta(minutes=60)
START = datetime(2026, 1, 1, tzinfo=UTC)
RECALLED = 12
SHOWN = 60
"""Turns that stand in the prompt of whoever asks."""


def is_private(channel: int) -> bool:
    """Whether a channel was private all along."""
    return channel % PRIVATE == 1


def is_closed(channel: int) -> bool:
    """Whether a channel was public and is private now."""
    return channel % CLOSED == CLOSED - 1


class Tongue:
    """Words of a made-up language, drawn with Zipf's frequencies."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        syllables = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
        self._words = ["".join(chance.choices(syllables, k=chance.randint(2, 4))) for _ in range(VOCABULARY)]
        self._shares = list(accumulate(1 / (rank + 2.7) for rank in range(VOCABULARY)))

    def speak(self, words: int) -> str:
        """So many words."""
        every = self._shares[-1]
        return " ".join(self._words[bisect(self._shares, self._chance.random() * every)] for _ in range(words))


@dataclass(frozen=True, slots=True)
class Said:
    """Something that was said, to be asked for."""

    place: Place
    visibility: Visibility
    text: str


async def measure_scale(messages: int, queries: int) -> None:
    """Build the database, search it, print the table."""
    chance = random.Random(1)
    tongue = Tongue(chance)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "scale.db"
        store = await open_store(f"sqlite:///{path}", lambda: START)
        try:
            said = await _fill(store, messages, chance, tongue)
            print(f"{messages:,} messages, {SERVERS * CHANNELS:,} channels, {path.stat().st_size / 1e6:,.0f} MB")
            await _measure(store, said, queries, chance, tongue)
        finally:
            await store.close()


async def _fill(store: Store, messages: int, chance: random.Random, tongue: Tongue) -> list[Said]:
    """Store the messages, channel after channel in turns of a batch, and return a sample of them."""
    weights = [1 / (server + 1) for server in range(SERVERS)]
    sizes = [int(messages * weight / sum(weights)) for weight in weights]
    sizes[0] += messages - sum(sizes)
    sample: list[Said] = []
    done, began = 0, perf_counter()
    for server, size in enumerate(sizes):
        await store.note_channels(
            [
                Channel(
                    "bench", f"server-{server}", f"channel-{n}", f"channel-{n}", not (is_private(n) or is_closed(n))
                )
                for n in range(CHANNELS)
            ]
        )
        left = size
        while left:
            channel = min(int(chance.paretovariate(0.5)) - 1, chance.randrange(CHANNELS) + 10) % CHANNELS
            count = min(left, chance.randint(200, BATCH))
            left -= count
            visibility = Visibility.PRIVATE if is_private(channel) else Visibility.PUBLIC
            conversation = Conversation("bench", f"server-{server}", f"channel-{channel}")
            turns = tuple(_say(done + n, chance, tongue) for n in range(count))
            await store.record(Exchange(conversation, 0, Access(visibility), (), turns))
            if not is_closed(channel):  # nobody hears what was said in a channel that is closed now
                sample += [Said(conversation.place, visibility, turn.text) for turn in chance.sample(turns, 4)]
            done += count
        print(f"  {done:,} messages stored after {perf_counter() - began:,.0f} s", flush=True)
    return sample


def _say(number: int, chance: random.Random, tongue: Tongue) -> Turn:
    text = tongue.speak(max(1, min(200, int(chance.lognormvariate(2.3, 0.8)))))
    person = f"person-{chance.randrange(PEOPLE)}"
    sent_at = START + timedelta(seconds=20 * number)
    return Turn(0, Role.USER, person, person, text, len(text) // 4, sent_at, f"message-{number}")


async def _measure(store: Store, said: Sequence[Said], queries: int, chance: random.Random, tongue: Tongue) -> None:
    public = [one for one in said if one.visibility is Visibility.PUBLIC]
    private = [one for one in said if one.visibility is Visibility.PRIVATE]
    print(f"{'who asks':34}{'queries':>8}{'found':>8}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}")
    every: list[float] = []
    for name, sample, narrow, words in (
        ("in a public channel", public, False, (3, 9)),
        ("the same, one common word", public, False, (1, 1)),
        ("the same, thirty words", public, False, (30, 30)),
        ("in a private channel", private, False, (3, 9)),
        ("a guest, who hears one channel", public, True, (3, 9)),
    ):
        times, found = [], 0
        for _ in range(queries):
            one = chance.choice(sample)
            asked = _ask_about(one, chance.randint(*words), chance, tongue)
            audience = Audience(one.place, Access(one.visibility), "person-1", narrow)
            shown = await _shown(store, one.place)
            began = perf_counter()
            recalled = await store.search(
                read_question(asked, START), audience, shown, partial(rank, gap=SITTING), RECALLED
            )
            times.append((perf_counter() - began) * 1000)
            found += any(one.text == other.turn.text for other in recalled)
        every += times
        _print_times(name, times, found / queries)
    _print_times("all", every, None)


async def _shown(store: Store, place: Place) -> Shown:
    """The newest turns of a place, as they stand in the prompt of who asks there."""
    conversation = Conversation(place.platform, place.space, place.channel)
    thread = await store.load(conversation, Window(10**9, SHOWN, 10**9, summary=False))
    return Shown(conversation, thread.turns[0].id)


def _ask_about(one: Said, words: int, chance: random.Random, tongue: Tongue) -> str:
    if words == 1:
        return tongue.speak(1)
    known = one.text.split()
    taken = chance.sample(known, min(len(known), (words + 1) // 2))
    return " ".join([*taken, tongue.speak(words - len(taken))])


def _print_times(name: str, times: Sequence[float], found: float | None) -> None:
    cuts = statistics.quantiles(times, n=20)
    share = "" if found is None else f"{found:.0%}"
    print(f"{name:34}{len(times):>8}{share:>8}{cuts[9]:>9.1f}{cuts[18]:>9.1f}{max(times):>9.1f}", flush=True)
