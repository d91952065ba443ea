"""An hour's talk, and what is known at its end: `python -m bench.hour`.

Four people talk to the bot, 300 turns with its answers: names, numbers, code, dates, promises, corrections, and small
talk between. It is told three times: through the terminal, a process of `bot.py chat` for each who sits down at it, and
on a fake Discord, in channels, a thread and direct messages, with a restart before half of the questions. The model is
a fake one that records every request; as a summariser it keeps what it can, and the third time nothing at all
(`bench.hour_model`).

The table says for each question where its answer stands in the request, word for word; or that it does not stand there,
where it was said in a place that not all can read who read the answer, or was deleted, edited or forgotten since it was
folded. Exit code 1 when one of them is wrong. All settings of the memory are the defaults but `memory.max_tokens`; an
hour is told in seconds, so that nothing is read because it rests, and all of it is one sitting.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import closing
from itertools import groupby
from pathlib import Path
from sqlite3 import connect
from time import monotonic

from bench.hour_discord import on_discord
from bench.hour_model import asked, find, serve_model
from bench.hour_script import HIDDEN, QUESTIONS, Question, Said, tell

MESSAGES = 150
"""Messages of people; with an answer to each, 300 turns."""

MAX_TOKENS = 4_000
"""So that an hour is folded several times."""

SITTINGS = 4
"""How often everybody sits down at the terminal."""

BOT = Path(__file__).parent.parent / "bot.py"

Found = Sequence[tuple[Question, tuple[str, ...]]]
"""Questions, and in which parts of their requests the answers stand."""


async def sit_down(directory: Path, person: str, lines: Iterable[str]) -> None:
    """Somebody types lines into a terminal, from the start of the process to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(BOT),
        "chat",
        cwd=directory,
        env={key: value for key, value in os.environ.items() if "TOKEN" not in key} | {"LOGNAME": person},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, log = await process.communicate("".join(f"{' '.join(line.split())}\n" for line in lines).encode())
    if process.returncode:
        raise RuntimeError(f"the bot ended with {process.returncode}: {log.decode()[-500:]}")


async def in_the_terminal(directory: Path, script: Sequence[Said]) -> tuple[int, Found]:
    """Tell a script at one terminal, where one person after the other sits down, and ask in a process of its own.

    Returns how many folds were made, and where the answer to each question was found.
    """
    server, _ = serve_model()
    async with server as model:
        settings = f'[model]\nbase_url = "{model.base_url}"\nname = "fake"\n[memory]\nmax_tokens = {MAX_TOKENS}\n'
        (directory / "config.toml").write_text(settings, encoding="utf-8")
        for _, part in groupby(enumerate(script), lambda numbered: numbered[0] * SITTINGS // len(script)):
            sitting = [said for _, said in part]
            for person in sorted({said.person for said in sitting}):
                await sit_down(directory, person, [said.text for said in sitting if said.person == person])
        await sit_down(directory, "Dan", ["!forget me now"])
        questions = [question for question in QUESTIONS if question.everywhere]
        await sit_down(directory, "Bob", [question.text for question in questions])
        with closing(connect(directory / "threadkeeper.db")) as db:
            folds = db.execute("SELECT COUNT(*) FROM usage WHERE purpose = 'fold'").fetchone()[0]
        return folds, [(question, find(asked(model, question), question.words)) for question in questions]


def is_right(question: Question, found: Sequence[str]) -> bool:
    """Whether an answer stands in the request as it must, or does not."""
    return bool(found) == question.heard


def print_table(found: Found) -> None:
    """A row a question."""
    print(f"{'':<4}{'asked':<10}{'by':<6}{'question':<60}{'answer':<38}found in")
    places = {question: number for number, question in enumerate(QUESTIONS)}
    for question, parts in sorted(found, key=lambda pair: places.get(pair[0], len(places))):
        right = "ok" if is_right(question, parts) else "BAD"
        words = question.words if question.heard else f"not: {question.words}"
        where = ", ".join(parts) or "-"
        print(f"{right:<4}{question.place:<10}{question.person:<6}{question.text:<60}{words:<38}{where}")


async def main() -> bool:
    """Tell, ask and print; whether nothing was wrong."""
    script = list(tell(MESSAGES))
    at_home = [said for said in tell(MESSAGES + 8) if said.place not in HIDDEN and not said.mark][:MESSAGES]
    settings = {"max_tokens": MAX_TOKENS, "before_messages": 20}
    tellings: list[tuple[str, int, Callable[[Path], Awaitable[tuple[int, Found]]]]] = [
        ("the terminal", len(at_home), lambda directory: in_the_terminal(directory, at_home)),
        ("Discord", len(script), lambda directory: on_discord(directory, script, settings)),
        (
            "Discord, a summariser that drops everything",
            len(script),
            lambda directory: on_discord(directory, script, settings, keeps=False),
        ),
    ]
    everything: list[tuple[Question, tuple[str, ...]]] = []
    for name, messages, tell_and_ask in tellings:
        with tempfile.TemporaryDirectory() as directory:
            began = monotonic()
            folds, found = await tell_and_ask(Path(directory))
            head = f"{name}: {2 * messages} turns, {folds} folds at memory.max_tokens = {MAX_TOKENS:,}"
            print(f"\n{head}, {monotonic() - began:.0f} s")
            print_table(found)
            everything += found
    wrong = [question for question, parts in everything if not is_right(question, parts)]
    print(f"\n{len(everything)} questions, {len(wrong)} wrong")
    return not wrong


if __name__ == "__main__":
    logging.getLogger("aiohttp.server").disabled = True  # it has much to say about folds that a forgetting stops
    sys.exit(not asyncio.run(main()))
