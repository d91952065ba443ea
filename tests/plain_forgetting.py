"""Forgetting in plain Python, over a `PlainStore`: what goes, and what of it may not come back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from memory.types import Extent, Forgetting, Place
from tests.plain_store import Line, PlainStore, Row, lies_in


@dataclass
class Loss:
    """What a conversation loses; `first` is the first line that held any of it, None where none did."""

    place: Place
    lines: list[Line]
    waiting: list[Row]
    first: int | None
    summaries: int = 0

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.lines or self.waiting or self.summaries)


def forget(store: PlainStore, forgetting: Forgetting) -> tuple[Extent, set[Place], list[Row]]:
    """Forget; return how much went, the places that lost anything, be it a quotation, and what was being answered."""
    store.note_said()
    losses = [_find_loss(store, place, forgetting) for place in store.held if _concerns(store, place, forgetting)]
    for row in store.rows.values():
        if not set(row.posts.values()).isdisjoint(forgetting.messages) and _in_channel(row.place, forgetting):
            row.unsaid, row.sentence = False, ""
    begun = [row for loss in losses for row in loss.waiting if row.posts]
    gone = set(forgetting.messages)
    for loss in losses:
        gone |= _take(store, loss, forgetting)
    touched = {loss.place for loss in losses if loss}
    touched |= _take_quotes(store, {loss.place for loss in losses}, forgetting, gone)
    store.move_epochs(touched)
    if not (forgetting.last or forgetting.messages):
        store.watermarks.append(forgetting)
    store.scrub_due |= bool(touched)
    extent = Extent(
        sum(len(loss.lines) for loss in losses),
        sum(loss.summaries for loss in losses),
        sum(len(loss.waiting) for loss in losses),
        sum(1 for loss in losses if loss),
    )
    return extent, touched, begun


def _in_channel(place: Place, forgetting: Forgetting) -> bool:
    return replace(place, thread="") == replace(forgetting.place, thread="")


def _concerns(store: PlainStore, place: Place, forgetting: Forgetting) -> bool:
    if not forgetting.messages:
        return place == forgetting.place or (not forgetting.last and lies_in(place, forgetting.place))
    known = {line.message_id for line in store.held[place].lines if line.author}
    for row in store.at(place):
        known |= set(row.posts.values()) | ({row.inbound.message_id} if row.state != "forgotten" else set())
    return _in_channel(place, forgetting) and not known.isdisjoint(forgetting.messages)


def _find_loss(store: PlainStore, place: Place, forgetting: Forgetting) -> Loss:
    held = store.held[place]
    waiting = [row for row in store.pending(place) if row.inbound.sent_at <= forgetting.at]
    if forgetting.last:
        waiting = waiting[-forgetting.last :]
        lines = _newest(held.lines, waiting, forgetting)
        first = min((line.number for line in lines), default=None)
    elif forgetting.user:
        waiting = [row for row in waiting if row.inbound.author == forgetting.user]
        lines, first = _made_from(store, place, forgetting.user)
    elif forgetting.messages:
        waiting = [row for row in store.pending(place) if row.inbound.message_id in forgetting.messages]
        lines = _deleted(store, place, forgetting.messages)
        first = min((line.number for line in lines), default=None)
    else:
        lines, first = held.lines, 0
    summaries = 0 if first is None else sum(1 for _, through in held.summaries if through >= first)
    return Loss(place, lines, waiting, first, summaries)


def _newest(lines: Sequence[Line], waiting: Sequence[Row], forgetting: Forgetting) -> list[Line]:
    """The last lines before the first that was sent later, and those that waiting messages have already."""
    ids = {row.inbound.message_id for row in waiting}
    later = min((line.number for line in lines if line.author and line.sent_at > forgetting.at), default=None)
    before = [line for line in lines if later is None or line.number < later]
    newest = [line for line in before[-forgetting.last :] if line.message_id not in ids]
    room = forgetting.last - len(waiting)
    return [line for line in lines if line.message_id in ids] + (newest[-room:] if room else [])


def _made_from(store: PlainStore, place: Place, user: str) -> tuple[list[Line], int | None]:
    """A person's lines, the answers to him, what repeats him; and the first line that held any of his words."""
    lines = store.held[place].lines
    own = [line for line in lines if line.author == user]
    quoting = [line for line in lines if line.quote and line.quote.author == user]
    answers = [line for line in lines if line.answers == user]
    ids = {line.message_id for line in lines}
    expired = any(
        row.state == "settled"
        and not row.is_command
        and row.inbound.author == user
        and row.inbound.message_id not in ids
        for row in store.at(place)
    )
    first = 0 if expired else min((line.number for line in own + quoting + answers), default=None)
    words = [line.text for line in own] + [line.quote.text for line in quoting if line.quote]
    return _in_order(own + answers + _echoes(lines, words, first or 0)), first


def _deleted(store: PlainStore, place: Place, messages: Sequence[str]) -> list[Line]:
    """The lines of deleted messages, the answers of which a post was deleted, and what repeats the former."""
    lines = store.held[place].lines
    own = [line for line in lines if line.author and line.message_id in messages]
    answers = [
        row.answer
        for row in store.at(place)
        if row.answer and store.answered(row) and not set(row.posts.values()).isdisjoint(messages)
    ]
    first = min((line.number for line in own), default=0)
    return _in_order(own + answers + _echoes(lines, [line.text for line in own], first))


def _echoes(lines: Sequence[Line], texts: Sequence[str], first: int) -> list[Line]:
    words = {word for text in texts for word in text.split()}
    return [line for line in lines if not line.author and line.number > first and words & set(line.text.split())]


def _in_order(lines: Sequence[Line]) -> list[Line]:
    return sorted(set(lines), key=lambda line: line.number)


def _take(store: PlainStore, loss: Loss, forgetting: Forgetting) -> set[str]:
    """Take a loss away and bury it; return the ids of the messages and posts that are gone with it."""
    held = store.held[loss.place]
    said = {line.message_id for line in loss.lines} | {row.inbound.message_id for row in loss.waiting}
    showing: set[str] = set()
    for row in store.at(loss.place):
        if loss and (row.is_command or row in loss.waiting or (row.answer and row.answer in loss.lines)):
            showing |= set(row.posts.values())
    held.lines = [line for line in held.lines if line not in loss.lines]
    if loss.first is not None:
        held.drop_summaries(loss.first)
    for row in store.at(loss.place):
        _bury(row, forgetting, said)
        if row.is_command and row.unsaid and (said or showing):
            row.sentence = ""
        if row.state == "forgotten" and not store.answered(row):
            row.unsaid &= bool(row.posts)
            if not row.unsaid:
                row.posts.clear()
    store.buried_posts |= showing
    return said | showing


def _bury(row: Row, forgetting: Forgetting, said: set[str]) -> None:
    if row.is_command and row.state == "waiting":
        return
    under_watermark = (
        not (forgetting.last or forgetting.messages)
        and row.inbound.sent_at <= forgetting.at
        and forgetting.user in ("", row.inbound.author)
    )
    if under_watermark or row.inbound.message_id in said.union(forgetting.messages):
        row.unsaid |= row.state == "waiting"
        row.state, row.sentence = "forgotten", ""
        row.inbound = replace(row.inbound, author="", text="", reply_to=None)


def _take_quotes(store: PlainStore, within: set[Place], forgetting: Forgetting, gone: set[str]) -> set[Place]:
    """Take quotations of what is gone out of all of the channel; return the places that held any."""
    touched: set[Place] = set()
    for place, held in store.held.items():
        if not _in_channel(place, forgetting):
            continue
        for line in held.lines:
            if line.quote and (line.quote.message_id in gone or _by(line.quote.author, place, within, forgetting)):
                line.quote = None
                held.drop_summaries(line.number)
                touched.add(place)
        for row in store.at(place):
            quote = row.inbound.reply_to if row.state == "waiting" else None
            if quote and (quote.message_id in gone or _by(quote.author, place, within, forgetting)):
                row.inbound = replace(row.inbound, reply_to=None)
                touched.add(place)
    return touched


def _by(author: str, place: Place, within: set[Place], forgetting: Forgetting) -> bool:
    return bool(forgetting.user) and author == forgetting.user and place in within
