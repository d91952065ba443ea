"""Forgetting: what goes, and how it goes from every table at once. Each function is one transaction's work.

Numbered rules, where they bind:

1. A place stands for itself and, where it is a channel, for the threads under it.
2. A person's words take along: the bot's answers to them, every turn of the bot that repeats them, quotations of them,
   and every summary made when they were in the transcript. The last version from before then stands again.
3. A watermark keeps what is older from being taken in again; single messages keep a tombstone without author or words.
4. The epoch of every conversation that loses anything moves, so that a turn under way there writes nothing; where
   nothing is lost, nothing is stopped and no scrub is due.
5. The last messages are counted back from the moment of asking: those that still wait first, then turns. From other
   conversations of the channel they go as by rule 6.
6. A message that was deleted on the platform goes alone, with the turns of the bot that repeat it or a quotation of
   it, and is not quoted any more, be it one that was never taken in; one of the bot's own takes its whole turn along.
   Neither leaves a watermark.
7. Of a reply that is owed, or begun, what is known of its messages stays until it is said that it was forgotten; a
   reply of which a message was deleted is owed no more.
8. Facts go with the messages that state them: those said in a place, by a person, in the messages that go. They do not
   hang on turns, which may have expired before. With facts, and with turns that were recalled elsewhere, goes what the
   bot said in any conversation that had them in its prompt, and repeats them; and what was made of that in turn. With
   facts go summaries there that repeat them, too. Facts stood wherever their person has spoken, also where none of his
   turns is left. Of turns that have expired no words are left to be looked for: what was said with them goes, what
   repeats that later, and summaries that reach such answers as have expired themselves.
9. What is under way elsewhere and may have been told what is gone begins again: answers to messages that wait in the
   space, or in the channel where it was for that alone, and wherever somebody has spoken whose facts are gone.
10. A person is forgotten everywhere in all places of a platform, by a watermark without space and channel. No name of
    his stays on tombstones, nor beside tokens, except today's: a limit is not lifted by being forgotten.
11. Originals that expired into the archive go from its files like turns, also answers elsewhere that were made with
    what is forgotten: they are marked at once, and taken out of the files with the scrub.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from memory.ports import Promise
from memory.types import Extent, Forgetting
from storage.sqlite import archived
from storage.sqlite.burying import bury, erase_quotes
from storage.sqlite.deletion import release
from storage.sqlite.echoes import Echoes
from storage.sqlite.elsewhere import (
    LostFact,
    answers_expired,
    drop_folded_sources,
    facts_of,
    lose_quoting_expired,
    spread,
    to_start_again,
)
from storage.sqlite.facts import note_shown
from storage.sqlite.inbox import begun_replies, name_of
from storage.sqlite.inbox import promise as settle_with
from storage.sqlite.losses import Loss, find_losses, is_long
from storage.sqlite.rows import Channel, channel_of, to_micros
from storage.sqlite.spending import count_spender, forget_spender


@dataclass(frozen=True, slots=True)
class _Losses:
    """All that a forgetting takes: of each conversation that it is about or that repeats it, of facts, of the archive.

    `within` are the conversations that it is about, `expired` the answers that were made with what is forgotten and
    have expired, by their conversations and messages.
    """

    of: Mapping[int, Loss]
    facts: Sequence[LostFact]
    within: frozenset[int]
    expired: Sequence[tuple[int, str]]
    archived: int

    def extent(self, db: sqlite3.Connection) -> Extent:
        """How much that is."""
        losses = self.of.values()
        summaries = {loss.conversation: loss.count_summaries(db) for loss in losses}
        return Extent(
            turns=sum(len(loss.turns) for loss in losses),
            summaries=sum(summaries.values()),
            waiting=sum(len(loss.waiting) for loss in losses),
            conversations=sum(1 for loss in losses if loss.turns or loss.waiting or summaries[loss.conversation]),
            facts=sum(1 for fact in self.facts if fact.value),
            archived=self.archived,
        )


def _find(db: sqlite3.Connection, forgetting: Forgetting, echoes: Echoes) -> _Losses:
    losses = find_losses(db, forgetting, echoes)
    within = frozenset(losses)
    facts = facts_of(db, forgetting, losses)
    lose_quoting_expired(db, losses, forgetting, echoes)
    spread(db, losses, facts, echoes)
    expired = answers_expired(db, forgetting)
    return _Losses(losses, facts, within, expired, archived.count(db, forgetting, within, expired))


def extent(db: sqlite3.Connection, forgetting: Forgetting, echoes: Echoes, now: datetime) -> Extent:
    """See `Store.extent`."""
    lost = _find(db, forgetting, echoes).extent(db)
    return replace(lost, traces=_count_traces(db, forgetting, now)) if forgetting.everywhere else lost


def forget_at_once(
    db: sqlite3.Connection, forgetting: Forgetting, echoes: Echoes, now: datetime, promise: Promise | None = None
) -> Extent | None:
    """Forget where that is soon done, and nowhere else: nothing, then, and the search comes first."""
    return None if is_long(db, forgetting) else forget(db, forgetting, echoes, now, promise)


def forget(
    db: sqlite3.Connection, forgetting: Forgetting, echoes: Echoes, now: datetime, promise: Promise | None = None
) -> Extent:
    """See `Store.forget`."""
    losses = _find(db, forgetting, echoes)
    lost = losses.extent(db)
    release(db, forgetting)
    begun = tuple(
        waiting for loss in losses.of.values() for waiting in begun_replies(db, loss.conversation, loss.waiting)
    )
    touched = to_start_again(db, losses.of, losses.facts)
    marked = archived.mark(db, forgetting, losses.within, losses.expired)
    unfolded = {loss.conversation for loss in losses.of.values() if loss.count_summaries(db)}
    gone = _bury_all(db, losses, forgetting)
    touched |= {loss.conversation for loss in losses.of.values() if loss.turns or loss.waiting} | unfolded
    quoting = erase_quotes(db, gone, forgetting.user, losses.within)
    erase_facts(db, losses.facts)
    drop_folded_sources(db, forgetting)
    touched |= quoting
    move_epochs(db, touched)
    if _leaves_watermark(forgetting):
        _raise_watermark(db, forgetting)
    if forgetting.everywhere:
        lost = replace(lost, traces=_erase_traces(db, forgetting, now))
    if touched or losses.facts or marked or lost.traces:
        due_scrub(db, now)
    if promise is not None:
        settle_with(db, promise.waiting, None, promise.write(lost))
    names = {id_: name_of(db, id_) for id_ in touched}
    return replace(
        lost,
        touched=frozenset(names.values()),
        unfolded=frozenset(names[id_] for id_ in unfolded | quoting),
        begun=begun,
    )


def _bury_all(db: sqlite3.Connection, losses: _Losses, forgetting: Forgetting) -> dict[Channel, set[str]]:
    """Bury every loss; return the messages that are gone, by their channels."""
    gone: dict[Channel, set[str]] = {}
    if forgetting.messages:
        gone[channel_of(forgetting.place)] = set(forgetting.messages)
    for loss in losses.of.values():
        if forgetting.user or not _leaves_watermark(forgetting):  # else nothing that the bot said stays there
            note_shown(db, loss.turns)
        about = loss.conversation in losses.within
        behind = forgetting if about and _leaves_watermark(forgetting) else None
        channel, messages = bury(db, loss, forgetting.at, behind)
        gone.setdefault(channel, set()).update(messages)
    return gone


def erase_facts(db: sqlite3.Connection, facts: Sequence[LostFact]) -> None:
    """Take facts away; what a command is still to be told in their spaces may show some."""
    db.executemany("DELETE FROM facts WHERE id = ?", [(fact.id,) for fact in facts])
    db.executemany(
        "UPDATE inbox SET sentence = '' WHERE platform = ? AND space = ? AND unsaid = 1 AND decision = 'command'",
        {(fact.platform, fact.space) for fact in facts},
    )


def move_epochs(db: sqlite3.Connection, conversations: Iterable[int]) -> None:
    """Let turns and folds that are under way there write nothing."""
    db.executemany("UPDATE conversations SET epoch = epoch + 1 WHERE id = ?", [(id_,) for id_ in conversations])


def due_scrub(db: sqlite3.Connection, now: datetime) -> None:
    """Record that the files are to be cleaned."""
    db.execute("INSERT INTO scrubs (asked_at) VALUES (?)", (to_micros(now),))


def _leaves_watermark(forgetting: Forgetting) -> bool:
    return not (forgetting.last or forgetting.messages)


def _raise_watermark(db: sqlite3.Connection, forgetting: Forgetting) -> None:
    place = forgetting.place
    db.execute(
        "INSERT INTO watermarks (platform, space, channel, thread, user, at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET at = MAX(at, excluded.at)",
        (place.platform, place.space, place.channel, place.thread, forgetting.user, to_micros(forgetting.at)),
    )


_BESIDE_TOKENS = "author = ? AND conversation IN (SELECT id FROM conversations WHERE platform = ?)"


def _count_traces(db: sqlite3.Connection, forgetting: Forgetting, now: datetime) -> int:
    """Beside how many records of tokens a person's id stands that `_erase_traces` would take from there."""
    platform, user = forgetting.place.platform, forgetting.user
    calls = db.execute(f"SELECT COUNT(*) FROM usage WHERE {_BESIDE_TOKENS}", (user, platform)).fetchone()[0]
    return int(calls) + count_spender(db, platform, user, now)


def _erase_traces(db: sqlite3.Connection, forgetting: Forgetting, now: datetime) -> int:
    """Take a person's id from beside the tokens that he took (rule 10); return from how many rows."""
    platform, user = forgetting.place.platform, forgetting.user
    calls = db.execute(f"UPDATE usage SET author = '' WHERE {_BESIDE_TOKENS}", (user, platform)).rowcount
    return calls + forget_spender(db, platform, user, now)
