"""The model of a machine with no account: it quotes what its prompt holds, and says that no model is configured.

It sees nothing but the prompt, so that what it knows proves the memory: a name told before a restart, and asked for
after it, has gone through the database, the plan of the prompt and, in time, a summary.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace

from llm.offline.condense import Dated, condense
from llm.offline.extract import excerpt, find_evidence
from llm.offline.sentences import Kind, Sentence, sentences
from memory.ports import Count
from memory.types import Answer, Delta, Prompt, Schema, Usage

LONG_NOTICE = (
    "No language model is configured (set OPENAI_API_KEY in .env, or model.base_url in config.toml): "
    "I keep what is said here and can only quote it."
)
"""How the first answer of a conversation begins."""

SHORT_NOTICE = "No language model is configured."
"""How every other answer begins."""

_SUMMARY_HEAD = re.compile(r"^# Summary of the conversation so far[^\n]*$", re.MULTILINE)
_NOTES = re.compile(r"\A<notes>\n?(.*?)\n?</notes>\n?", re.DOTALL)
_SPEAKER = re.compile(r"\A([^\n:]{1,100}): ")
_FOLDED = re.compile(r"<summary>(.*?)</summary>.*?<turns>(.*)</turns>", re.DOTALL)
_TURN = re.compile(r"^\[(\d{4}-\d\d-\d\d)[^\]\n]*\] ([^\n:]{1,100}): ", re.MULTILINE)
_KEPT_LINE = re.compile(r"\A(?:[-*] )?(?:(\d{4}-\d\d-\d\d) )?(?:([^\n:]{1,60}): )?")
_FACT = re.compile(r"\A- ([^\n:]{1,80}, [^\n:]{1,60}): (.*) \((\d{4}-\d\d-\d\d)\)\Z")  # person, slot, value, day
_NUMBERED = re.compile(r", note \d+$")  # what somebody had remembered, which has no name
_OWN_NAME = "You"  # the model's own turns in a folding request
_EDGE = re.compile(r"^\[(?:in reply to |forwarded\b|attached\b|no text|… )[^\n]*\]$", re.MULTILINE)
_FORGETS = re.compile(
    r"(?:ok(?:ay)?,? |now |please,? |(?:can|could|would) you (?:please )?)*(?:"
    r"(?:forget|delete|erase|remove|wipe)(?: (?:that|this|it|me|my|us|our|everything|all|what|about)\b|[.!?]*$)"
    r"|(?:vergiss|l[öo]sche|oublie|efface|olvida|borra|dimentica|cancella|esquece|apaga|zapomnij|забудь|удали)\b)",
    re.IGNORECASE,
)
_LOST = re.compile(
    r"[!/]? ?(?:help(?: me)?|commands?|menu|what (?:can|do) you do|what are you(?: for)?|who are you"
    r"|how does (?:this|it) work)[.!? ]*",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"\b(?:what|which) (?:time|day|date|year|month)(?: of the \w+)?(?: (?:is )?(?:it|today|now)| have we| do we have)\b"
    r"|\btoday's date\b",
    re.IGNORECASE,
)
_OVERVIEW = re.compile(
    r"\bknow (?:of|about) (?:me|us)\b|\b(?:did|have|'ve) (?:i|we) (?:\w+ )?(?:say|said|tell|told|talk|discuss)"
    r"|\bsumm(?:ary|ari[sz]e)\b|\brecap\b|\bso far\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What a prompt holds; `first` says that nothing was answered in this conversation yet."""

    said: tuple[Sentence, ...]
    newest: str
    asker: str
    clock: str
    first: bool


class OfflineModel:
    """`memory.ports.Model` without any network: deterministic, and it never raises.

    `prefix` is what commands begin with, for who asks it for help.
    """

    def __init__(self, count: Count, prefix: str = "!") -> None:
        self._count = count
        self._prefix = prefix

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        """Answer the newest message in words; the last delta carries the usage, in which no time is stated."""
        text = self._answer(prompt)
        for word in re.findall(r"\s*\S+", text):
            yield Delta(word)
        yield Delta(usage=self._usage(prompt, text))

    async def complete(self, prompt: Prompt, max_tokens: int, schema: Schema | None = None) -> Answer:
        """Fold the turns of a folding request into an extract; answer any other prompt like `stream`.

        It writes plain text whatever the `schema`: it extracts nothing.
        """
        del schema
        request = prompt.messages[-1].content if prompt.messages else ""
        folded = _FOLDED.search(request)
        text = condense(_folded(*folded.groups()), max_tokens, self._count) if folded else self._answer(prompt)
        return Answer(text, self._usage(prompt, text))

    def _answer(self, prompt: Prompt) -> str:
        return _answer(_read(prompt), self._prefix)

    def _usage(self, prompt: Prompt, text: str) -> Usage:
        tokens = prompt.tokens or sum(self._count(message.content) for message in prompt.messages)
        return Usage("offline", tokens, 0, self._count(text), 0.0, tokens)


def _read(prompt: Prompt) -> _Heard:
    """Take a prompt apart: summary and recalled lines are the oldest, what the model said itself is left out.

    The notes head the first message that is to be answered; where several are, the last one asks.
    """
    system = next((message.content for message in prompt.messages if message.role == "system"), "")
    texts = [message.content for message in prompt.messages if message.role == "user"] or [""]
    headed = [(at, notes) for at, text in enumerate(texts) if (notes := _NOTES.match(text))]
    at, notes = headed[-1] if headed else (len(texts) - 1, None)
    texts[at] = texts[at][notes.end() :] if notes else texts[at]
    clock, *recalled = notes[1].split("\n") if notes else [""]
    summary = _SUMMARY_HEAD.split(system, maxsplit=1)[1:]
    older = [_kept(line) for line in (*"".join(summary).split("\n"), *recalled) if line.strip()]
    shared = all(_SPEAKER.match(text) for text in texts)
    newer = [_named(text) if shared else ("", text) for text in texts]
    told = [*((speaker, text) for _, speaker, text in older), *newer]
    said = [part for speaker, text in told for part in _sentences(text, speaker)]
    return _Heard(
        said=tuple(replace(part, order=at) for at, part in enumerate(said) if part.kind is Kind.STATEMENT),
        newest="\n".join(text for _, text in newer[at:]),
        asker=newer[-1][0],
        clock=clock.strip(),
        first=not summary and not any(message.role == "assistant" for message in prompt.messages),
    )


def _sentences(text: str, speaker: str = "") -> tuple[Sentence, ...]:
    """The sentences of a person's message, without what the system put at its edges in brackets."""
    return sentences(_EDGE.sub("", text), speaker)


def _named(text: str) -> tuple[str, str]:
    speaker = _SPEAKER.match(text)
    return (speaker[1], text[speaker.end() :]) if speaker else ("", text)


def _kept(line: str) -> tuple[str, str, str]:
    """A line of a summary, or of the facts: its day, its speaker and its text; the first two may be empty."""
    if fact := _FACT.match(line.strip()):
        return fact[3], _NUMBERED.sub("", fact[1]), fact[2]
    match = _KEPT_LINE.match(line.strip())
    return (match[1] or "", match[2] or "", line.strip()[match.end() :]) if match else ("", "", line)


def _folded(summary: str, turns: str) -> list[Dated]:
    """Every sentence of a folding request but the model's own, in order of time."""
    said = [_kept(line) for line in summary.splitlines() if line.strip()]
    _, *pieces = _TURN.split(turns)
    said += zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True)
    by_people = [(day, speaker, text) for day, speaker, text in said if speaker != _OWN_NAME]
    dated = [(day, part) for day, speaker, text in by_people for part in _sentences(text, speaker)]
    return [Dated(day, replace(part, order=at)) for at, (day, part) in enumerate(dated)]


def _answer(heard: _Heard, prefix: str) -> str:
    notice = LONG_NOTICE if heard.first else SHORT_NOTICE
    if _FORGETS.match(heard.newest):
        return f"{notice} Asking does not make me forget: `{prefix}forget` does, and `{prefix}help` lists all commands."
    if _LOST.fullmatch(heard.newest.strip()):
        return f"{notice} Tell me something, and ask me for it later; `{prefix}help` lists the commands."
    parts = _sentences(heard.newest)
    asked = " ".join(part.text for part in parts if part.kind is Kind.QUESTION)
    if asked:
        return f"{notice} {_reply(asked, heard)}"
    if any(part.kind is Kind.STATEMENT for part in parts):
        return f"{notice} Noted."
    return f"{notice} Tell me something, and ask me for it later."


def _reply(asked: str, heard: _Heard) -> str:
    if heard.clock and _CLOCK.search(asked):
        return heard.clock
    evidence = find_evidence(asked, heard.asker, heard.said)
    quotes = [_quote(sentence, asked, 300 if evidence.bears else 120) for sentence in evidence.quotes]
    if not quotes:
        return "Nothing that I could quote has been said so far."
    if evidence.bears and len(quotes) == 1:
        return f"From what was said: {quotes[0]}"
    lines = "\n".join(f"- {quote}" for quote in quotes)
    if evidence.bears:
        return f"From what was said:\n{lines}"
    lead = (
        "Said last:" if _OVERVIEW.search(asked) else "Nothing said so far bears on that. Nearest to it, or said last:"
    )
    return f"{lead}\n{lines}"


def _quote(sentence: Sentence, asked: str, length: int) -> str:
    text = excerpt(sentence.text, asked, length)
    return f"{sentence.speaker}: “{text}”" if sentence.speaker else f"“{text}”"
