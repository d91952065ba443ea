"""A streamed reply as a series of posts and edits: `advance` decides, `deliver` awaits.

The rules of `advance`:

1. The first words are sent when there are `FIRST_CHARACTERS` of them, or `FIRST_WAIT` after the first one.
2. While the answer is being written, one message is sent or edited per interval, the earliest one that shows something
   else than it should; the newest text wins, and what a part shows already is not sent again.
3. When the answer is complete, all that is missing is sent at once: nobody waits for an answer that is there.
4. Messages that a shorter answer does not need any more are removed then, last first. Not before: until the answer is
   complete it may yet grow into them.
5. Where the platform refuses an edit, nothing more is sent until the answer is complete. Then the messages from the
   first that shows something else are removed, and what they should show is posted anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from adapters.text import split
from errors import EditRefused, PlatformUnreachable, ReplyImpossible
from memory.ports import Note
from memory.types import Delta

log = logging.getLogger(__name__)

FIRST_CHARACTERS = 24
"""About four words. What is posted first stands there for a whole interval, so it should be worth reading."""

FIRST_WAIT = 0.4
"""Seconds; people notice a longer wait (Doherty and Thadani, 1982). A single letter is not worth breaking it for."""


BEYOND = 10_000
"""More parts than an answer has: a message that has to stay is noted as a part from here on."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a platform bears: `characters` a message (UTF-16 code units) and seconds from one send to the next.

    `waits` are the seconds before each further try of a send that must not be lost.
    """

    characters: int
    interval: float
    waits: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True, slots=True)
class Post:
    """Send a new message as the part with this number; parts count from 0 and are posted in order."""

    part: int
    text: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Give the message that is this part another text."""

    part: int
    text: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Take away the message that is this part, always the last one."""

    part: int


Send = Post | Edit | Remove


@dataclass(frozen=True, slots=True)
class Draft:
    """How far a reply has come.

    `text` is the answer so far, `shown` what each posted part shows, None where that is not known. `began` is when the
    answer's first word came, `sent` when something was last sent, in the seconds of `advance`'s clock. `pending` says
    that there may be something to send, `fixed` that what is posted cannot be edited.
    """

    text: str = ""
    shown: tuple[str | None, ...] = ()
    began: float | None = None
    sent: float | None = None
    pending: bool = False
    fixed: bool = False


def advance(draft: Draft, delta: Delta, now: float, limits: Limits, done: bool = False) -> tuple[Draft, list[Send]]:
    """Take in a delta (an empty one when only time has passed) and say what to send now.

    The new draft takes for granted that it is sent; where that fails, `unsure` takes it back. `done` says that the
    answer is complete: then the list brings every part up to date; else it holds one send at most.
    """
    draft = _take_in(draft, delta, now)
    due = _due(draft, limits)
    if not done and (due is None or now < due):
        return draft, []
    pieces = split(draft.text, limits.characters)
    if draft.fixed:
        return replace(draft, shown=tuple(pieces), sent=now, pending=False), _replace(draft.shown, pieces)
    sends = [
        Edit(part, piece) if part < len(draft.shown) else Post(part, piece)
        for part, piece in enumerate(pieces)
        if part >= len(draft.shown) or draft.shown[part] != piece
    ]
    if done:
        surplus = [Remove(part) for part in reversed(range(len(pieces), len(draft.shown)))]
        return replace(draft, shown=tuple(pieces), sent=now, pending=False), [*sends, *surplus]
    if not sends:
        return replace(draft, pending=False), []
    part, text = sends[0].part, sends[0].text
    shown = (*draft.shown[:part], text, *draft.shown[part + 1 :])
    return replace(draft, shown=shown, sent=now, pending=True), [sends[0]]


def pause(draft: Draft, now: float, limits: Limits) -> float | None:
    """Seconds after which `advance` may have something to send although no delta comes; None: not without one."""
    due = _due(draft, limits)
    return None if due is None else max(0.0, due - now)


def unsure(draft: Draft, part: int) -> Draft:
    """Note that an edit of this part may not have reached the platform, so that the part is edited again."""
    return replace(draft, shown=(*draft.shown[:part], None, *draft.shown[part + 1 :]), pending=True)


def fix(draft: Draft, part: int, posted: int) -> Draft:
    """Note that the edit of this part was refused, and that so many parts are posted: none is edited any more."""
    return replace(draft, shown=(*draft.shown[:part], *[None] * (posted - part)), pending=True, fixed=True)


def merge(deltas: Iterable[Delta]) -> Delta:
    """Make one delta of several that came while a message was being sent: their text, from the last restart on."""
    text: list[str] = []
    restart = False
    for delta in deltas:
        if delta.restart:
            text, restart = [], True
        text.append(delta.text)
    return Delta("".join(text), restart=restart)


def _take_in(draft: Draft, delta: Delta, now: float) -> Draft:
    if delta.restart:
        draft = replace(draft, text="", began=None, pending=False)
    if not delta.text:
        return draft
    text = draft.text + delta.text
    began = now if draft.began is None and not text.isspace() else draft.began
    return replace(draft, text=text, began=began, pending=True)


def _replace(shown: Sequence[str | None], pieces: Sequence[str]) -> list[Send]:
    """The sends that make messages show these pieces without an edit."""
    right = 0
    while right < min(len(shown), len(pieces)) and shown[right] == pieces[right]:
        right += 1
    removed = [Remove(part) for part in reversed(range(right, len(shown)))]
    return [*removed, *(Post(part, pieces[part]) for part in range(right, len(pieces)))]


def _due(draft: Draft, limits: Limits) -> float | None:
    """Say from when on something may be sent; None when there is nothing to send, or too little of it."""
    if not draft.pending or draft.fixed or draft.began is None:
        return None
    length = len(draft.text.strip())
    if length <= 1:
        return None
    readable = draft.began if length >= FIRST_CHARACTERS else draft.began + FIRST_WAIT
    return readable if draft.sent is None else max(readable, draft.sent + limits.interval)


async def deliver(
    deltas: AsyncIterator[Delta],
    post: Callable[[int, str], Awaitable[str]],
    edit: Callable[[str, str], Awaitable[None]],
    remove: Callable[[str], Awaitable[None]],
    *,
    limits: Limits,
    note: Note,
    posted: Sequence[str] = (),
) -> None:
    """Say an answer while it is being written, and return when all of it has been sent.

    `post` takes a part's number and text and returns the message's id, `edit` an id and the new text, `remove` an id;
    they are called one at a time, in the calling task, while the deltas are read beside them. `note` is told of each
    post. `posted` are the ids of parts that stand there already, with whatever text.

    What is complete is sent only after the iterator has ended. An edit on the way that fails is made good by the next
    one; a post, and any send after the end, is tried again after each of `limits.waits`. When the iterator raises, what
    is shown stays, and so does a message that may not be removed. On every way out the iterator is closed, and nothing
    reads it any more.
    Raises: ReplyImpossible at once, PlatformUnreachable after the last try, whatever the iterator or `note` raises.
    """
    outlet = _Outlet(post, edit, remove, note, list(posted), limits.waits)
    draft = Draft(shown=(None,) * len(posted))
    clock = asyncio.get_running_loop().time
    unread: list[Delta] = []
    news = asyncio.Event()
    reader = asyncio.create_task(_read(deltas, unread, news))
    reader.add_done_callback(lambda _: news.set())
    try:
        done = False
        while not done or draft.pending:
            if not done:
                await _wait(news, pause(draft, clock(), limits))
                news.clear()
            if done := reader.done():
                reader.result()
            delta = merge(unread)
            unread.clear()
            draft, sends = advance(draft, delta, clock(), limits, done=done)
            draft = await outlet.carry_out(draft, sends, done=done)
    finally:
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
        if isinstance(deltas, _Closable):
            await deltas.aclose()  # being cancelled ends a generator, but not every iterator


async def whole(deltas: AsyncIterator[Delta]) -> AsyncGenerator[Delta, None]:
    """Give an answer in one piece, when it is complete; where it breaks off there is none."""
    try:
        said = [delta async for delta in deltas]
    finally:
        if isinstance(deltas, _Closable):
            await deltas.aclose()
    yield merge(said)


@runtime_checkable
class _Closable(Protocol):
    async def aclose(self) -> None: ...


async def _read(deltas: AsyncIterator[Delta], unread: list[Delta], news: asyncio.Event) -> None:
    async for delta in deltas:
        unread.append(delta)
        news.set()


async def _wait(news: asyncio.Event, seconds: float | None) -> None:
    try:
        async with asyncio.timeout(seconds):
            await news.wait()
    except TimeoutError:
        return


@dataclass(frozen=True, slots=True)
class _Outlet:
    """The platform's side of one reply, with the ids of its parts."""

    post: Callable[[int, str], Awaitable[str]]
    edit: Callable[[str, str], Awaitable[None]]
    remove: Callable[[str], Awaitable[None]]
    note: Note
    ids: list[str]
    waits: tuple[float, ...]

    async def carry_out(self, draft: Draft, sends: Sequence[Send], *, done: bool) -> Draft:
        """Send what a draft asks for, and return what is true of it then; it is pending where that was not all.

        Raises: ReplyImpossible, PlatformUnreachable for what must not be lost, whatever `note` raises.
        """
        for send in sends:
            try:
                if done or isinstance(send, Post):
                    await self.insist(send)
                elif not await self.attempt(send):
                    draft = unsure(draft, send.part)
            except EditRefused as error:
                if draft.fixed:
                    raise
                log.warning("edit refused", extra={"part": send.part, "why": str(error)})
                return fix(draft, send.part, len(self.ids))
        return draft

    async def attempt(self, send: Send) -> bool:
        """Send, and say whether the platform could be reached."""
        try:
            await self._send(send)
        except PlatformUnreachable as error:
            log.warning(
                "send failed", extra={"send": type(send).__name__.lower(), "part": send.part, "why": str(error)}
            )
            return False
        return True

    async def insist(self, send: Send) -> None:
        """Send, again after each of the waits; the last try's error is the caller's. A post keeps its text meanwhile.

        The text stays because a post whose response was lost may stand there: the platform then finds it by its key.
        """
        for seconds in self.waits:
            if await self.attempt(send):
                return
            await asyncio.sleep(seconds)
        await self._send(send)

    async def _send(self, send: Send) -> None:
        match send:
            case Post(part, text):
                message_id = await self.post(part, text)
                self.ids.append(message_id)
                await self.note(part, message_id)
            case Edit(part, text):
                await self.edit(self.ids[part], text)
            case Remove(part):
                await self._remove(part)

    async def _remove(self, part: int) -> None:
        """Take a message away, or leave it where that is refused, noted as a part beyond all others: it shows words."""
        message_id = self.ids[part]
        try:
            await self.remove(message_id)
        except ReplyImpossible as error:
            log.warning("not removed", extra={"part": part, "why": str(error)})
            await self.note(BEYOND + part, message_id)
        else:
            await self.note(part, "")
        self.ids.pop()
