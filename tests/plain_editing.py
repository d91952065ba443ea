"""Edits in plain Python, over a `PlainStore`: what follows them, and what of the old words goes."""

from __future__ import annotations

from dataclasses import replace

from memory.types import KNOWN_QUOTED_CHARACTERS, Extent, Forgetting, Inbound, Place, Quote
from tests.plain_forgetting import (
    Loss,
    extent_of,
    find_echoes,
    is_of_channel,
    spread,
    take_away,
    take_facts,
    take_quotes,
    to_start_again,
)
from tests.plain_store import PlainStore, Statement


def amend(store: PlainStore, sent: Inbound) -> tuple[Extent, set[Place]]:
    """Give a message other words; return what of the old went, and the places that it concerns."""
    store.note_said()
    row = store.rows.get(sent.message_id)
    if row and sent.edited_at:
        if row.edited_at and sent.edited_at < row.edited_at:
            return Extent(), set()
        row.edited_at = sent.edited_at
    losses, facts = _changed(store, sent)
    touched = to_start_again(store, losses.values(), facts) | {loss.place for loss in losses.values() if loss.lines}
    touched |= _change_quotes(store, sent)
    for loss in losses.values():
        for line in [line for line in loss.lines if line.message_id == sent.message_id]:
            loss.lines.remove(line)
            line.text = sent.text
    gone: dict[Place, set[str]] = {}
    for loss in losses.values():
        taken = take_away(store, loss, Forgetting(loss.place, sent.sent_at, last=1))
        gone.setdefault(replace(loss.place, thread=""), set()).update(taken)
    take_facts(store, facts)
    touched |= take_quotes(store, set(), "", gone)
    if row and row.state == "waiting" and row.inbound.text != sent.text:
        row.inbound = replace(row.inbound, text=sent.text)
        touched.add(row.place)
    store.scrub_due |= bool(touched)
    store.move_epochs(touched)
    return replace(extent_of(losses.values(), facts), conversations=0), touched


def _changed(store: PlainStore, sent: Inbound) -> tuple[dict[Place, Loss], list[Statement]]:
    """The losses by other words: the line itself, and what was made of its old ones; and the facts that it states."""
    stated = [fact for fact in store.facts if fact.message_id == sent.message_id and fact.text != sent.text]
    losses: dict[Place, Loss] = {}
    stands = _stands(store, sent)
    for place, held in store.held.items():
        own = [line for line in held.lines if line.message_id == sent.message_id and line.text != sent.text]
        quoting = [line for line in held.lines if not stands and _quotes_otherwise(line.quote, sent)]
        old = [line.text for line in own] + [line.quote.text for line in quoting if line.quote]
        first = min((line.number for line in own + quoting), default=None)
        if first is not None and is_of_channel(place, sent.place):
            losses[place] = Loss(place, own + find_echoes(held.lines, old, first), [], first)
    if losses or stated:
        spread(store, losses, stated)
    return losses, stated


def _stands(store: PlainStore, sent: Inbound) -> bool:
    """Whether a message is known with these very words."""
    row = store.rows.get(sent.message_id)
    lines = [line for held in store.held.values() for line in held.lines if line.message_id == sent.message_id]
    return any(line.text == sent.text for line in lines) or bool(
        row and row.state == "waiting" and row.inbound.text == sent.text
    )


def cut(quote: Quote, sent: Inbound) -> str:
    """What a turn quotes of other words."""
    return sent.text[: max(len(quote.text), KNOWN_QUOTED_CHARACTERS)]


def _quotes_otherwise(quote: Quote | None, sent: Inbound) -> bool:
    return quote is not None and quote.message_id == sent.message_id and quote.text != cut(quote, sent)


def _change_quotes(store: PlainStore, sent: Inbound) -> set[Place]:
    touched: set[Place] = set()
    if _stands(store, sent):
        return touched
    for place, held in store.held.items():
        for line in held.lines:
            if line.quote and _quotes_otherwise(line.quote, sent) and is_of_channel(place, sent.place):
                line.quote = replace(line.quote, text=cut(line.quote, sent))
                touched.add(place)
    for row in store.rows.values():
        quote = row.inbound.reply_to
        if row.state == "waiting" and quote and quote.message_id == sent.message_id and quote.text != sent.text:
            row.inbound = replace(row.inbound, reply_to=replace(quote, text=sent.text))
            touched.add(row.place)
    return touched
