"""The model of `bench.hour`, which keeps what it can, and where an answer stands in its requests.

As a summariser it writes down the sentences with something exact in them (figures, code, links, names, promises), those
of the summary so far first, and leaves the oldest out where the ceiling that it is given has no room for all. As facts
it takes the few plain statements that it knows. It sees its request alone, and nothing of the script. Another one drops
everything, so that the memory has to do without its help.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.hour_script import Question, SmallTalk
from llm.tokens import load_counter
from memory.fold.details import HEADING as DETAILS
from memory.prompt import FACTS_HEADING, LEARNED_HEADING, SUMMARY_HEADING
from memory.recall.writing import HEADING as RECALLED
from memory.types import MESSAGE_TOKENS
from tests.fakes.model import FakeModel, ModelRequest

ASKED_FOR_JSON, ASKED_FOR_A_SUMMARY = "Answer with JSON alone", "Answer with the summary alone"
STATED = (
    ("city", r"\bI live in (\w+)"),
    ("allergy", r"\bI'm allergic to (\w+)"),
    ("birthday", r"\bMy birthday is on (\d+ \w+)"),
    ("dog", r"\bMy dog is called (\w+)"),
    ("instrument", r"\bI play the (\w+)"),
    ("employer", r"\bmy new employer is ([A-Z]\w+ [A-Z]\w+)"),
)
"""What it takes for facts: a slot, and the words that state it."""

_NOTES = re.compile(r"<notes>.*?</notes>\n?", re.DOTALL)
_CEILING = re.compile(r"at most (\d+) tokens")
_MATERIAL = re.compile(r"<summary>\n(.*?)</summary>\n<turns>\n(.*)</turns>", re.DOTALL)
_SPEAKER = re.compile(r"^(?:\[[^\]]{16}\] )?(\w+): ")
_EXACT = re.compile(r"\d|`|[(){}]|https?:|\bI (?:will|promise)|(?<=[a-zæøå,:] )(?!I\b)[A-ZÆØÅ]\w+")

count = load_counter()


@dataclass(slots=True)
class Talker:
    """Small talk for an answer, a summary and facts where these are asked for; `answers` are those that it gave.

    One that does not keep says of everything that they talked, and finds no facts.
    """

    keeps: bool = True
    talk: SmallTalk = field(default_factory=SmallTalk)
    answers: list[str] = field(default_factory=list)

    def respond(self, request: ModelRequest) -> str:
        """Answer a request."""
        if is_chat(request):
            self.answers.append(self.talk.answer())
            return self.answers[-1]
        before, lines = read_material(request) if self.keeps else ("", [])
        summary = summarise([*before.splitlines(), *lines], _ceiling(request))
        if ASKED_FOR_JSON not in request.text:
            return summary
        return json.dumps({"summary": summary, "facts": list(state(lines))})


def serve_model(*, keeps: bool = True) -> tuple[FakeModel, Talker]:
    """The model server, which reports what a prompt takes as it is counted here, and what answers there."""
    talker = Talker(keeps)

    def measure(request: ModelRequest) -> int:
        return sum(count(message.content) + MESSAGE_TOKENS for message in request.messages)

    return FakeModel(talker.respond, prompt_tokens=measure, completion_tokens=count), talker


def is_chat(request: ModelRequest) -> bool:
    """Whether a request is for an answer, not for a summary or facts."""
    edges = request.messages[0].content + request.messages[-1].content
    return ASKED_FOR_JSON not in edges and ASKED_FOR_A_SUMMARY not in edges


def _ceiling(request: ModelRequest) -> int:
    found = _CEILING.search(request.messages[-1].content) or _CEILING.search(request.messages[0].content)
    return int(found[1]) if found else 0


def read_material(request: ModelRequest) -> tuple[str, list[str]]:
    """The summary so far, and the lines of what people have said since, each with its speaker where he is named."""
    if alone := _MATERIAL.search(request.messages[-1].content):
        return alone[1], list(_with_speakers(alone[2].splitlines()))
    before = request.messages[0].content.partition(SUMMARY_HEADING)[2]
    said = [message.content for message in request.messages[1:-1] if message.role == "user"]
    return before, list(_with_speakers([line for text in said for line in text.splitlines()]))


def _with_speakers(lines: list[str]) -> Iterator[str]:
    """Each line with the name of who speaks in it; what the bot said is passed over."""
    speaker = ""
    for line in lines:
        if found := _SPEAKER.match(line):
            speaker = found[1]
        words = line[found.end() if found else 0 :].strip()
        if words and speaker != "You":
            yield f"{speaker}: {words}" if speaker else words


def summarise(lines: list[str], ceiling: int) -> str:
    """The sentences with something exact in them, each once, as many of the newest as the ceiling has room for."""
    kept: dict[str, None] = {}
    for line in lines:
        found = _SPEAKER.match(line.removeprefix("- "))
        speaker = found[0] if found else ""
        for sentence in re.split(r"(?<=[.!?])\s+", line.removeprefix("- ")):
            if _EXACT.search(sentence.removeprefix(speaker)) and line != DETAILS:
                kept[sentence if sentence.startswith(speaker) else speaker + sentence] = None
    sentences = list(kept)
    while sentences and count("\n".join(sentences)) > ceiling:
        sentences.pop(0)
    return "\n".join(sentences) or "They talked."


def state(lines: list[str]) -> Iterator[dict[str, str]]:
    """What people state about themselves in lines."""
    for line in lines:
        speaker = _SPEAKER.match(line)
        for slot, pattern in STATED:
            if found := re.search(pattern, line):
                yield {"name": speaker[1] if speaker else "", "slot": slot, "value": found[1], "quote": found[0]}


def find(request: ModelRequest, words: str) -> tuple[str, ...]:
    """In which parts of a request words stand: what is asked, the newest message itself, is none of them."""
    head, *said = (message.content for message in request.messages)
    notes = "\n".join(_NOTES.findall("\n".join(said)))
    before, _, summary = head.partition(SUMMARY_HEADING)
    summary, _, details = summary.partition(DETAILS)
    noted, _, recalled = notes.partition(RECALLED)
    parts = {
        "turns": "\n".join(_NOTES.sub("", text) for text in said[:-1]),
        "summary": summary,
        "details": details,
        "facts": before.partition(FACTS_HEADING)[2] + noted.partition(LEARNED_HEADING)[2],
        "recalled": recalled,
    }
    return tuple(name for name, text in parts.items() if words in text)


def asked(model: FakeModel, question: Question) -> ModelRequest:
    """The request that was to answer a question."""
    return next(
        request
        for request in reversed(model.requests)
        if is_chat(request) and question.text in request.messages[-1].content
    )
