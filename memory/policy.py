"""What becomes of a message: pure decisions over what came in, the settings, and where the bot has spoken.

1. Who is denied, or is not allowed where a list says who is, is not heard at all.
2. A command is the first word only, and works wherever it can be read. One that is mistyped is met with help where the
   message is for the bot anyhow, so that a `!forgte` does not become one more thing to forget.
3. Mentions, replies to the bot and direct messages are answered.
4. In a thread where the bot has spoken, or that hangs on its answer, and in a free channel, people need not mention it;
   what they say to each other there is remembered, not answered.
5. Everything else is none of the bot's business, and nothing of it is kept, unless the operator had it listen: then it
   is remembered.
6. Addressed in a thread for the first time, or by a reply to what it does not know, the bot reads what was said there
   before: what people said since it knows of the place, no commands, nobody who is not heard; and what a thread hangs
   on, be it another bot's.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from itertools import takewhile

from memory.prompt import holds
from memory.types import (
    Conversation,
    CoreSettings,
    Decision,
    Inbound,
    Place,
    Thread,
    Visibility,
    Waiting,
    call_in,
    command_of,
)

LIKENESS = 0.75
"""Of `difflib`: `forgte`, `sumary` and `hlep` are near enough to a command, `foreign` and `some` are not."""


def conversation_of(inbound: Inbound, settings: CoreSettings) -> Conversation:
    """The conversation that a message belongs to; a thread is shared by nature, a channel may be held per user."""
    place = inbound.place
    alone = settings.conversation == "per_user" and not place.thread and inbound.visibility is not Visibility.DIRECT
    return Conversation(place.platform, place.space, place.channel, place.thread, user=inbound.author if alone else "")


def is_heard(inbound: Inbound, settings: CoreSettings) -> bool:
    """Rule 1: by user, role, thread, channel or space; to be denied by any outweighs to be allowed by another."""
    place = inbound.place
    ids = {inbound.author, place.thread, place.channel, place.space, *inbound.roles} - {""}
    known = {f"{place.platform}:{id_}" for id_ in ids}
    return not known & settings.deny and (not settings.allow or bool(known & settings.allow))


def is_denied(place: Place, settings: CoreSettings) -> bool:
    """Whether nobody is heard in a place, whoever it is (rule 1)."""
    return any(f"{place.platform}:{id_}" in settings.deny for id_ in (place.thread, place.channel, place.space) if id_)


def is_free(inbound: Inbound, settings: CoreSettings) -> bool:
    """Whether the message stands in a free channel, or in a thread that is listed itself or lies under one."""
    place = inbound.place
    return any(f"{place.platform}:{id_}" in settings.free_channels for id_ in (place.channel, place.thread) if id_)


def nearest_command(text: str, prefix: str, commands: Collection[str]) -> str:
    """The command that the first word of a text was probably meant to be; empty for none, and for a right one."""
    called = call_in(text, prefix)
    near = [] if called in commands else get_close_matches(called, commands, n=1, cutoff=LIKENESS)
    return near[0] if near else ""


def depends_on_joining(inbound: Inbound, settings: CoreSettings) -> bool:
    """Whether `decide` has to be told if the bot has spoken there: only for what is heard in a thread unaddressed.

    The message that opens a thread, and gives it its id, stands there before anybody else has spoken.
    """
    thread = inbound.place.thread
    return thread not in {"", inbound.message_id} and not inbound.addressed and is_heard(inbound, settings)


def decide(inbound: Inbound, settings: CoreSettings, commands: Collection[str], *, joined: bool) -> Decision:
    """What becomes of a message; `joined` says that the bot has spoken in its thread."""
    if not is_heard(inbound, settings):
        return Decision.IGNORE
    if command_of(inbound.text, settings.prefix, commands):
        return Decision.COMMAND
    if inbound.addressed:
        return _command_or_answer(inbound, settings, commands)
    free = is_free(inbound, settings)
    if not free and not joined:
        return Decision.REMEMBER if listens_to(inbound, settings) else Decision.IGNORE
    answers = free or settings.threads == "joined"
    if not answers or inbound.aside:
        return Decision.REMEMBER
    return _command_or_answer(inbound, settings, commands)


def _command_or_answer(inbound: Inbound, settings: CoreSettings, commands: Collection[str]) -> Decision:
    """What becomes of a message that is for the bot and calls no command: help where it means one (rule 2)."""
    return Decision.COMMAND if nearest_command(inbound.text, settings.prefix, commands) else Decision.ANSWER


def listens_to(inbound: Inbound, settings: CoreSettings) -> bool:
    """Whether messages that are not for the bot are remembered where this one stands (rule 5)."""
    return settings.listen == "all" or (settings.listen == "threads" and bool(inbound.place.thread))


def earlier_to_read(inbound: Inbound, thread: Thread) -> bool:
    """Whether what was said before an addressed message is to be read from the platform (rule 6)."""
    if not inbound.addressed or inbound.visibility is Visibility.DIRECT:
        return False
    if inbound.place.thread:
        return not thread.joined
    return inbound.reply_to is not None and not holds(thread, inbound.reply_to)


def is_from_before(
    inbound: Inbound, thread: Thread, settings: CoreSettings, commands: Collection[str], oldest: datetime | None
) -> bool:
    """Whether a message is to be remembered that stood there when the bot was addressed; nothing before `oldest` is.

    A transcript only ever grows at its end, so what is not newer than all of its turns stays out of it.
    """
    return (
        (oldest is None or inbound.sent_at >= oldest)
        and all(inbound.sent_at > turn.sent_at for turn in thread.turns)
        and is_heard(inbound, settings)
        and not command_of(inbound.text, settings.prefix, commands)
    )


def decide_late(decision: Decision, age: timedelta, answered_within: timedelta, *, forgets: bool = False) -> Decision:
    """What becomes of a message that was missed and comes in only now: an old one is remembered, and no more than that.

    Nobody waits any more for the answer to an old question, or to an old command. What `forgets` is run at any age:
    its author believes since then that it was.
    """
    if age <= answered_within or forgets:
        return decision
    return {Decision.ANSWER: Decision.REMEMBER, Decision.COMMAND: Decision.IGNORE}.get(decision, decision)


@dataclass(frozen=True, slots=True)
class Burst:
    """What a lane takes up at once: messages in order of sending, the last of them answered if `answered`."""

    heard: tuple[Waiting, ...]
    answered: bool

    @property
    def target(self) -> Waiting:
        """The message that the reply refers to."""
        return self.heard[-1]


def next_burst(waiting: Sequence[Waiting], begun: Collection[int] = ()) -> Burst | None:
    """The next messages of a lane: all that wait to be answered to the author whose turn it is, answered together.

    `waiting` is in order of sending, `begun` are the ids of messages that this run has taken up before. What was said
    before the last of a burst and only has to be remembered comes along in its place; other authors keep theirs. When
    nothing is to be answered, all is remembered at once.

    1. A reply that was begun, or may have been, is made again where it stands. So messages that were taken up are
       taken up again as they were, alone or together, and what their author has said since then waits.
    2. A message that was attempted when the process died goes alone, so that it does not take others with it.
    3. What was said while others could read the place goes apart: each turn is heard by those who could read it then.
    """
    if not waiting:
        return None
    if waiting[0].attempts > 0:
        return Burst((waiting[0],), answered=waiting[0].decision is Decision.ANSWER)
    access = waiting[0].inbound.access
    waiting = list(takewhile(lambda message: message.attempts <= 0 and message.inbound.access == access, waiting))
    to_answer = [message for message in waiting if message.decision is Decision.ANSWER]
    if not to_answer:
        return Burst(tuple(waiting), answered=False)
    group = _group(to_answer, begun)
    upto = waiting[: waiting.index(group[-1]) + 1]
    return Burst(tuple(m for m in upto if m.decision is Decision.REMEMBER or m in group), answered=True)


def _group(to_answer: Sequence[Waiting], begun: Collection[int]) -> Sequence[Waiting]:
    """The first message and those that are answered with it (rule 1)."""
    first = to_answer[0]
    if first.together:
        return [message for message in to_answer if message.together == first.together]
    theirs = [message for message in to_answer if message.inbound.author == first.inbound.author]
    if first.begun or first.id in begun:
        return theirs[:1]
    return list(takewhile(lambda m: not (m.together or m.begun or m.id in begun), theirs))
