"""Folding: when the oldest turns go into the rolling summary, which, the request, and the check of the answer.

1. Fold rarely and deeply: every fold changes the head of the prompt and so costs the provider's cache. One starts when
   a prompt comes near its budget and leaves `keep` tokens of the newest turns, never fewer than `keep_recent` of them.
2. A fold changes nothing but the summary. Turns stay where they are; `through` says which ones a prompt need not show.
3. An answer is believed only after a look at it; until then, and whenever it fails, everything is as before.
4. What was exact in the turns and is not in the answer stands in a list behind it (`memory.fold.details`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from errors import FoldRefused
from memory.answers import FACTS_SCHEMA, FOLD_SCHEMA
from memory.fold.asking import (
    LINE_TOKENS,
    speaker,
    write_closing,
    write_fold,
    write_instruction,
    write_lines,
    write_reading,
    write_turns,
)
from memory.fold.details import EARLIER, Saying, lost, split_details, write_details
from memory.ports import Count
from memory.prompt import (
    NO_FACTS,
    REPLY_TOKENS,
    SEAM_TOKENS,
    Budget,
    Persona,
    Snapshot,
    cut_middle,
    fit,
    write_head,
)
from memory.types import MESSAGE_TOKENS, Message, Prompt, Role, Schema, Summary, Thread, Turn

OVERSHOOT = 1.5
"""Models overshoot a ceiling that they are asked to keep; up to this factor the end is cut off, beyond it, refused."""

SUMMARY_SHARE = 0.6
"""What a model is asked to keep to of a summary's ceiling, and what is never cut for the details that it lost."""

MOST_FACTS = 12
"""Facts that are asked for at once: more than people state about themselves in one stretch of talk."""

ASKING_SHARE = 1 / 3
"""What the asking may take of a request; where it took more, facts are not asked for."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How the prompts of a chat begin; where its own model summarises, the request for a fold begins so too."""

    persona: Persona
    facts: Snapshot = NO_FACTS
    named: bool = True


@dataclass(frozen=True, slots=True)
class Fold:
    """Turns to be folded, oldest first, the request that asks for it, and the summary that its answer replaces.

    With a `schema` the answer holds facts beside the summary. `rest` says that more are due than one request holds.
    """

    turns: tuple[Turn, ...]
    request: Prompt
    replaces: Summary | None
    ceiling: int
    schema: Schema | None = None
    rest: bool = False

    @property
    def allowance(self) -> int:
        """What the answer may take: a model that is cut off exactly at the ceiling ends in the middle of a sentence.

        Both stay within the room that `Budget.request` leaves.
        """
        return 2 * self.ceiling if self.schema else int(self.ceiling * OVERSHOOT) + 1


@dataclass(frozen=True, slots=True)
class Reading:
    """Turns to be read for facts, oldest first, the request that asks for it, and what the answer may take."""

    turns: tuple[Turn, ...]
    request: Prompt
    allowance: int
    schema: Schema = FACTS_SCHEMA


def is_due(prompt: Prompt, answer_tokens: int, budget: Budget) -> bool:
    """Whether the next prompt would come too near the budget, or this one already left something out (rule 1)."""
    return budget.folds and (prompt.left_out > 0 or prompt.tokens + answer_tokens >= budget.fold_at)


def is_long(thread: Thread, heard: Sequence[Turn], persona: Persona, budget: Budget) -> bool:
    """Whether a prompt would come too near the budget by what was only remembered, and answered by nothing (rule 1)."""
    if not budget.folds:
        return False
    summary = thread.summary.tokens if thread.summary else 0
    said = sum(_size(turn, budget) for turn in (*thread.turns, *heard))
    return thread.unread > 0 or persona.tokens + summary + said >= budget.fold_at


def plan_fold(
    thread: Thread, budget: Budget, count: Count, opening: Opening | None = None, *, facts: bool = False
) -> Fold | None:
    """Plan to fold the oldest turns of a thread; nothing when all of them are recent.

    `thread` holds the oldest turns after the summary, as `Store.load_oldest` gives them; where it does not hold the
    newest ones too, as many as a request has room for are folded, and the rest another time. `facts` are asked for
    where a request has room for that.
    """
    turns = _before_recent(thread, budget)
    if not turns:
        return None
    asked = int(budget.summary * SUMMARY_SHARE)
    roomy = facts and count(write_instruction(asked, MOST_FACTS)) <= budget.request * ASKING_SHARE
    most_facts = MOST_FACTS if roomy else 0
    request = None
    if opening:
        request = _request_after(opening, thread, turns, budget, count, asked, most_facts)
    request = request or _request_alone(thread, turns, budget, count, asked, most_facts)
    if request is None:
        return None
    end, prompt = request
    rest = thread.unread > 0 or end < len(turns)
    return Fold(turns[:end], prompt, thread.summary, budget.summary, FOLD_SCHEMA if most_facts else None, rest)


def _request_alone(
    thread: Thread, turns: Sequence[Turn], budget: Budget, count: Count, asked: int, most_facts: int
) -> tuple[int, Prompt] | None:
    """How many turns a request of its own folds, and the request."""
    instruction = write_instruction(asked, most_facts)
    previous = thread.summary.text if thread.summary else ""
    fixed = count(instruction) + 2 * MESSAGE_TOKENS + REPLY_TOKENS
    lines = write_lines(turns, budget.request - fixed - count(write_fold(previous, [])), budget.turn, count)
    end = _whole(thread, len(lines))
    if not end:
        return None
    material = write_fold(previous, lines[:end])
    messages = (Message("system", instruction), Message("user", material))
    return end, Prompt(messages, fixed + count(material))


def _request_after(
    opening: Opening, thread: Thread, turns: Sequence[Turn], budget: Budget, count: Count, asked: int, most_facts: int
) -> tuple[int, Prompt] | None:
    """How many turns a request folds that begins as the chat's prompt does, byte for byte, and the request."""
    overhead = 2 * MESSAGE_TOKENS + REPLY_TOKENS
    summary = thread.summary if budget.folds else None
    head, head_tokens = write_head(opening.persona, opening.facts, summary, budget, count)
    # How many are folded, their times and their names make the closing longer or shorter: that of all is the longest.
    write = partial(
        write_closing, ceiling=asked, most_facts=most_facts, named=opening.named, facts=bool(opening.facts.text)
    )
    closing = write(turns)
    room = budget.request - overhead - head_tokens - count(closing) - LINE_TOKENS
    messages: list[Message] = []
    sizes: list[int] = []
    for turn in turns:
        content, tokens = fit(turn, budget.turn, count, named=opening.named)
        room -= tokens + MESSAGE_TOKENS
        if room < 0:
            break
        messages.append(Message(turn.role.value, content))
        sizes.append(tokens + MESSAGE_TOKENS)
    end = _whole(thread, len(messages))
    if not end:
        return None
    closing = write(turns[:end])
    tokens = overhead + head_tokens + sum(sizes[:end]) + count(closing)
    return end, Prompt((Message("system", head), *messages[:end], Message("user", closing)), tokens)


def _whole(thread: Thread, taken: int) -> int:
    """So many of the taken turns that no answer is parted from its question, where that leaves any."""
    return _part_nothing(thread.turns, taken) or taken


def plan_reading(thread: Thread, budget: Budget, count: Count) -> Reading | None:
    """Plan to read the oldest turns of a thread for facts, as many as there is room for; nothing where none fits."""
    instruction = write_reading(MOST_FACTS)
    fixed = count(instruction) + 2 * MESSAGE_TOKENS + REPLY_TOKENS
    lines = write_lines(thread.turns, budget.request - fixed - count(write_turns([])), budget.turn, count)
    if not lines or count(instruction) > budget.request * ASKING_SHARE:
        return None
    material = write_turns(lines)
    messages = (Message("system", instruction), Message("user", material))
    return Reading(thread.turns[: len(lines)], Prompt(messages, fixed + count(material)), 2 * budget.summary)


def _before_recent(thread: Thread, budget: Budget) -> tuple[Turn, ...]:
    """What stands before the recent turns, to which those belong that were not loaded."""
    turns = thread.turns
    latest = end = max(0, len(turns) - max(0, budget.keep_recent - thread.unread))
    kept = sum(_size(turn, budget) for turn in turns[end:])
    while end > 0 and kept + _size(turns[end - 1], budget) <= budget.keep:
        end -= 1
        kept += _size(turns[end], budget)
    if end == 0 and thread.unread:  # what was not loaded is kept too, so this much need not be
        end = latest
    while 0 < end < latest and turns[end].role is Role.ASSISTANT:
        end += 1
    return turns[: _part_nothing(turns, end)]


def _size(turn: Turn, budget: Budget) -> int:
    return min(turn.tokens, budget.turn) + MESSAGE_TOKENS


def _part_nothing(turns: Sequence[Turn], end: int) -> int:
    """The nearest place at or before this one that parts no answer from the question before it."""
    while 0 < end < len(turns) and turns[end].role is Role.ASSISTANT:
        end -= 1
    return end


def check_fold(fold: Fold, answer: str, count: Count, now: datetime) -> Summary:
    """The summary that an answer makes, when it can be believed (rule 3), with the details that it lost (rule 4).

    `answer` is the summary alone, without the facts that came with it.
    Raises: FoldRefused when it is empty, or longer than the ceiling by more than cutting its end can mend.
    """
    text, _ = split_details(answer)  # models copy the list of the last summary too
    if not text:
        raise FoldRefused("the summary is empty")
    tokens = count(text)
    if tokens > fold.ceiling * OVERSHOOT:
        raise FoldRefused(f"the summary has {tokens} tokens, {fold.ceiling} are the ceiling")
    if tokens > fold.ceiling:
        text = cut_end(text, fold.ceiling, count)
    text = _add_details(fold, text, count)
    version = fold.replaces.version + 1 if fold.replaces else 1
    return Summary(text, count(text), fold.turns[-1].id, version, now)


def _add_details(fold: Fold, text: str, count: Count) -> str:
    """The summary with the list of what it lost, both within the ceiling.

    Where a summary took more than its share, its end makes room; what is lost by that is listed too.
    """
    details = lost(_sayings(fold), text)
    if not details:
        return text
    share = int(fold.ceiling * SUMMARY_SHARE)
    wanted = write_details(details, fold.ceiling - share, count)
    if wanted and count(text) + count(wanted) + SEAM_TOKENS > fold.ceiling > share > 0:
        text = cut_end(text, fold.ceiling - count(wanted) - SEAM_TOKENS, count)
        details = lost(_sayings(fold), text)
    listed = write_details(details, fold.ceiling - count(text) - SEAM_TOKENS, count)
    return f"{text}\n\n{listed}" if listed else text


def _sayings(fold: Fold) -> list[Saying]:
    """What may hold details, oldest first: the last summary, its list, then the turns, without what is the system's."""
    before, carried = split_details(fold.replaces.text if fold.replaces else "")
    said = [Saying(speaker(turn), turn.text, f"{turn.sent_at:%Y-%m-%d}") for turn in fold.turns]
    return [Saying(EARLIER, before, carried=True), *carried, *said]


def cut_end(text: str, limit: int, count: Count) -> str:
    """As many whole sentences and lines of the text, from its beginning, as the limit has room for."""
    ends = [match.end() for match in re.finditer(r"[.!?。！？](?=\s|$)|\n|[。！？]", text)]
    for end in reversed(ends):
        if count(text[:end]) <= limit:
            return text[:end].rstrip()
    return cut_middle(text, limit, count)
