"""How well and how fast the store finds what bears on a question.

    python -m bench.recall FILE [--no-captions]     # a file in LoCoMo's format
    python -m bench.recall --scale [--messages N]   # how long a search takes among a million messages

Both go through the project's own store, index, search and ranking, on a database in a temporary folder. FILE holds
conversations of two people with questions, each of which names the turns that answer it; every conversation becomes one
channel of a server of its own, every picture's caption the description of an attachment (`--no-captions` leaves those
out). Questions of the categories 1 to 4 count, for those of category 5 nothing answers. Recall is the share of a
question's turns among the first ones, averaged over the questions, from 0 to 100. The last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.recall_scale import measure_scale
from llm.tokens import load_counter
from memory.ports import Count, Store
from memory.recall import rank, read_question
from memory.types import (
    Access,
    Attachment,
    Audience,
    Conversation,
    Exchange,
    Recalled,
    Role,
    Turn,
    Visibility,
)
from storage import open_store

CATEGORIES = (1, 2, 3, 4)
CUTS = (5, 10, 20)
TOKENS = 1000
SITTING = timedelta(minutes=60)
PACE = timedelta(seconds=30)
"""LoCoMo tells when a session began; its turns are taken to follow at this pace."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the file, and the ids of the turns that answer it."""

    text: str
    category: int
    evidence: frozenset[str]


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation of the file: its turns, oldest first, and what is asked about it."""

    name: str
    turns: tuple[Turn, ...]
    asked: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a question: the places of its turns in the ranking, those within the tokens, milliseconds."""

    category: int
    recall: Mapping[int, float]
    within_tokens: float
    milliseconds: float


def read_talks(path: Path, count: Count, *, captions: bool) -> list[Talk]:
    """The conversations of a file in LoCoMo's format; a question whose turns are not in it is passed over."""
    samples = json.loads(path.read_text(encoding="utf-8"))
    talks = []
    for number, sample in enumerate(samples if isinstance(samples, list) else [samples], 1):
        turns = tuple(_read_turns(sample["conversation"], count, captions=captions))
        said = frozenset(turn.message_id for turn in turns)
        asked = [_read_question(qa, said) for qa in sample["qa"]]
        name = str(sample.get("sample_id", f"conversation {number}"))
        talks.append(Talk(name, turns, tuple(one for one in asked if one is not None)))
    return talks


def _read_turns(conversation: Mapping[str, Any], count: Count, *, captions: bool) -> Iterator[Turn]:
    sessions = sorted(int(key.removeprefix("session_")) for key in conversation if re.fullmatch(r"session_\d+", key))
    for session in sessions:
        began = _read_time(str(conversation.get(f"session_{session}_date_time", "")), session)
        for position, said in enumerate(conversation[f"session_{session}"]):
            caption = said.get("blip_caption") if captions else None
            text, speaker = str(said["text"]), str(said["speaker"])
            yield Turn(
                0,
                Role.USER,
                speaker.casefold(),
                speaker,
                text,
                count(f"{speaker}: {text}"),
                began + position * PACE,
                _id(said["dia_id"]),
                (Attachment(str(caption), "image/jpeg", 0),) if caption else (),
            )


def _read_time(written: str, session: int) -> datetime:
    """`1:56 pm on 8 May, 2023`; a session without a readable time is a day after the one before."""
    for form in ("%I:%M %p on %d %B, %Y", "%I:%M %p on %d %B %Y"):
        try:
            return datetime.strptime(" ".join(written.split()), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return datetime(2023, 1, 1, tzinfo=UTC) + timedelta(days=session)


def _id(written: object) -> str:
    """A turn's id as it is compared; the file also writes `D30:05`."""
    found = re.search(r"D(\d+):(\d+)", str(written))
    return f"D{int(found[1])}:{int(found[2])}" if found else str(written)


def _read_question(qa: Mapping[str, Any], said: frozenset[str]) -> Asked | None:
    ids = re.findall(r"D\d+:\d+", " ".join(map(str, qa.get("evidence") or ())))
    evidence = frozenset(map(_id, ids)) & said
    if qa.get("category") not in CATEGORIES or not evidence:
        return None
    return Asked(str(qa["question"]), int(qa["category"]), evidence)


async def measure_file(path: Path, *, captions: bool) -> None:
    """Measure, print the table and, last, the JSON."""
    count = load_counter()
    talks = read_talks(path, count, captions=captions)
    results: dict[str, list[Result]] = {}
    with tempfile.TemporaryDirectory() as directory:
        store = await open_store(f"sqlite:///{directory}/recall.db", lambda: datetime.now(UTC))
        try:
            for number, talk in enumerate(talks):
                conversation = Conversation("bench", f"server-{number}", "talk")
                await store.record(Exchange(conversation, 0, Access(Visibility.PUBLIC), (), talk.turns))
                results.setdefault(talk.name, []).extend([await _ask(store, conversation, talk, q) for q in talk.asked])
        finally:
            await store.close()
    _print_file(results)


async def _ask(store: Store, conversation: Conversation, talk: Talk, asked: Asked) -> Result:
    audience = Audience(conversation.place, Access(Visibility.PUBLIC))
    question = read_question(asked.text, talk.turns[-1].sent_at)
    began = perf_counter()
    found = await store.search(question, audience, None, partial(rank, gap=SITTING), len(talk.turns))
    milliseconds = (perf_counter() - began) * 1000
    ids = [one.turn.message_id for one in found]
    recall = {cut: _share(ids[:cut], asked.evidence) for cut in CUTS}
    return Result(asked.category, recall, _share(_within(found), asked.evidence), milliseconds)


def _within(found: Sequence[Recalled]) -> list[str]:
    """The first turns that have room in the tokens."""
    room = TOKENS
    taken = []
    for one in found:
        room -= one.turn.tokens
        if room < 0:
            break
        taken.append(one.turn.message_id)
    return taken


def _share(ids: Sequence[str], evidence: frozenset[str]) -> float:
    return 100 * len(evidence.intersection(ids)) / len(evidence)


def _print_file(results: Mapping[str, Sequence[Result]]) -> None:
    every = [result for some in results.values() for result in some]
    print(f"{'':16}{'questions':>10}{'R@5':>8}{'R@10':>8}{'R@20':>8}{'1,000 tokens':>14}{'ms a query':>12}")
    for name, some in results.items():
        _print_line(name, some)
    for category in CATEGORIES:
        _print_line(f"category {category}", [result for result in every if result.category == category])
    _print_line("all", every)
    if every:
        figures = {f"recall_at_{cut}": _mean([result.recall[cut] for result in every]) for cut in CUTS}
        figures[f"recall_at_{TOKENS}_tokens"] = _mean([result.within_tokens for result in every])
        figures["ms_per_query_p50"] = round(statistics.median(result.milliseconds for result in every), 2)
        print(json.dumps({"questions": len(every), **figures}))


def _print_line(name: str, results: Sequence[Result]) -> None:
    if not results:
        return
    cuts = "".join(f"{_mean([result.recall[cut] for result in results]):>8.1f}" for cut in CUTS)
    tokens = _mean([result.within_tokens for result in results])
    milliseconds = statistics.median(result.milliseconds for result in results)
    print(f"{name:16}{len(results):>10}{cuts}{tokens:>14.1f}{milliseconds:>12.1f}")


def _mean(values: Sequence[float]) -> float:
    return round(statistics.fmean(values), 2)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.recall", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("file", nargs="?", type=Path, help="conversations and questions in LoCoMo's format")
    parser.add_argument("--no-captions", action="store_true", help="without the captions of pictures")
    parser.add_argument("--scale", action="store_true", help="measure the time of a search among many messages")
    parser.add_argument("--messages", type=int, default=1_000_000, help="how many messages --scale stores")
    parser.add_argument("--queries", type=int, default=1_000, help="how many searches --scale makes of each kind")
    options = parser.parse_args()
    if options.scale:
        asyncio.run(measure_scale(options.messages, options.queries))
    elif options.file:
        asyncio.run(measure_file(options.file, captions=not options.no_captions))
    else:
        parser.error("name a file, or say --scale")


if __name__ == "__main__":
    main()
