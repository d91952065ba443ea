"""Whether a Store holds what a `PlainStore` holds: everything that can be asked of both."""

from __future__ import annotations

from datetime import datetime

from memory.ports import Store
from memory.types import Owed, Place, Quote, Scope, Stored, Turn
from tests.kept import AFTER_SUMMARY, EVERYTHING, audience_at, conversation_at, pending
from tests.plain_store import Line, PlainStore, Row


async def compare_place(store: Store, plain: PlainStore, place: Place, times: tuple[datetime, datetime]) -> None:
    """Compare epoch, turns, quotations, summary, waiting messages, what is known since a time, the bot's part then."""
    held, conversation = plain.held[place], conversation_at(place)
    thread = await store.load(conversation, EVERYTHING)
    assert thread.epoch == held.epoch
    assert [_outline(turn) for turn in thread.turns] == [_outline(line) for line in held.lines]
    thread = await store.load(conversation, AFTER_SUMMARY)
    assert [turn.text for turn in thread.turns] == [line.text for line in held.unfolded()]
    assert (thread.summary.text if thread.summary else None) == (held.summaries[-1].word if held.summaries else None)
    assert [
        (found.id, found.decision, found.inbound, found.posts, found.attempts, found.begun)
        for found in await pending(store, place)
    ] == [
        (row.id, row.decision, row.inbound, row.showing(), row.attempts, row in plain.left)
        for row in plain.pending(place)
    ]
    for user in ("ann", "bob", "cleo"):
        facts = await store.facts(audience_at(place, user), user)
        assert {(fact.slot, fact.value) for fact in facts} == plain.heard_of(user, place)
    for time in times:
        known = sorted(await store.stored(place, time), key=repr)
        assert known == sorted((each for each in _known(plain, place) if each.sent_at >= time), key=repr)
        assert await store.joined(place, time) is plain.joined(place, time)


async def compare_debts(store: Store, plain: PlainStore) -> None:
    """Compare what is owed, to every message and of earlier runs alone; what a start has to take up; what was spent."""
    rows = sorted(plain.rows.values(), key=lambda row: row.id)
    for row in rows:
        owes = await store.owes(row.id)
        assert (owes and _debt(owes)) == (_plain_debt(plain, row) if row.unsaid else None)
        assert await store.waits(row.id) is (row.state == "waiting")
    assert [_debt(owed) for owed in await store.owed("discord")] == [
        _plain_debt(plain, row)
        for row in sorted(rows, key=lambda row: row.attempts)
        if row.unsaid and row in plain.left_unsaid
    ]
    waiting = {row.id for row in rows if row.is_command and row.state == "waiting"}
    for place in plain.held:
        waiting |= {min(row.id for row in lane) for lane in [plain.pending(place)] if lane}
    assert {found.id for found in await store.unsettled()} == waiting
    assert (await store.spent({Scope.ALL: ""}))[Scope.ALL].tokens == plain.tokens


def _known(plain: PlainStore, place: Place) -> list[Stored]:
    """What people said in a place, and where its answer stands in full."""
    said = [(row.inbound.message_id, row.inbound.text, row.inbound.sent_at) for row in plain.pending(place)]
    said += [(line.message_id, line.text, line.sent_at) for line in plain.held[place].lines if line.author]
    known = []
    for message_id, text, sent_at in said:
        row = plain.rows[message_id]
        known.append(Stored(message_id, text, sent_at, row.showing() if plain.answered(row) and not row.unsaid else ()))
    return known


def _outline(turn: Turn | Line) -> tuple[str, str, str, Quote | None]:
    return turn.message_id, turn.author, turn.text, turn.quote


def _debt(owed: Owed) -> tuple[int, str, str, tuple[str, ...], int]:
    return owed.waiting.id, owed.text, owed.answer, owed.waiting.posts, owed.waiting.attempts


def _plain_debt(plain: PlainStore, row: Row) -> tuple[int, str, str, tuple[str, ...], int]:
    answer = row.answer.message_id if row.answer and plain.answered(row) else ""
    return row.id, plain.owed_text(row), answer, row.showing(), row.attempts
