"""What a forgetting takes of each conversation (`forgetting.py`, rules 1, 2, 5 and 6)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from memory.types import Forgetting
from storage.sqlite.deletion import conversations_of, turns_of
from storage.sqlite.echoes import WORDS, Echoes, said_after
from storage.sqlite.rows import IN_CHANNEL, Channel, channel_of, to_micros, to_quote
from storage.sqlite.transcript import LARGEST_ID, has_expired

AT_ONCE = 2_000
"""Turns that are searched in the transaction that forgets (20 ms); before more are, they are searched beside it."""


@dataclass(slots=True)
class Loss:
    """What one conversation loses: ids of turns, the platform's ids of messages that wait.

    `first` is the first turn that held any of it (0: none did): every summary that reaches it was made from it.
    `deleted` are messages that go by name, by the platform's ids, be it that the conversation holds no turn of them.
    """

    conversation: int
    turns: set[int] = field(default_factory=set)
    waiting: tuple[str, ...] = ()
    first: int = 0
    deleted: frozenset[str] = frozenset()

    def lose(self, turns: set[int]) -> None:
        """Lose further turns."""
        self.turns |= turns
        for turn in turns:
            self.reach(turn)

    def reach(self, turn: int) -> None:
        """Lose every summary that reaches a turn."""
        self.first = min(self.first or turn, turn)

    def count_summaries(self, db: sqlite3.Connection) -> int:
        """How many summaries go with it."""
        if not self.first:
            return 0
        found = db.execute(
            "SELECT COUNT(*) FROM summaries WHERE conversation = ? AND through >= ?", (self.conversation, self.first)
        )
        return int(found.fetchone()[0])


def find_losses(db: sqlite3.Connection, forgetting: Forgetting, echoes: Echoes) -> dict[int, Loss]:
    """What is lost where something is to be forgotten, by conversation; those that lose nothing too."""
    losses = {row: _loss(db, row, forgetting, echoes) for row in _conversations(db, forgetting)}
    for conversation, deletion in _deletions(db, forgetting).items():
        losses[conversation] = _loss(db, conversation, deletion, echoes)
    return losses


def _deletions(db: sqlite3.Connection, forgetting: Forgetting) -> dict[int, Forgetting]:
    """How the last messages of a conversation go from the others of its channel: as if they were deleted (rule 5)."""
    found: dict[int, Forgetting] = {}
    for row in _conversations(db, forgetting) if forgetting.last else ():
        waiting = _waiting(db, row, forgetting)
        loss = Loss(row, set(_newest(db, row, forgetting, waiting)), waiting)
        said, posted = message_ids(db, loss, channel_of(forgetting.place))
        if gone := tuple(said | posted):
            deletion = replace(forgetting, last=0, owner="", messages=gone)
            found |= dict.fromkeys(conversations_of(db, channel_of(forgetting.place), gone), deletion)
        found.pop(row, None)
    return found


def is_long(db: sqlite3.Connection, forgetting: Forgetting) -> bool:
    """Whether so much was said there, or after what is to go, that searching it would hold up the writer."""
    if forgetting.everywhere:
        return True
    about = dict.fromkeys(_conversations(db, forgetting), forgetting) | _deletions(db, forgetting)
    return sum(_count_searched(db, conversation, of.messages) for conversation, of in about.items()) >= AT_ONCE


def _count_searched(db: sqlite3.Connection, conversation: int, messages: Collection[str] | None) -> int:
    """How many turns of a conversation are searched, up to the bound: all, or those since deleted messages."""
    since = 0
    if messages:
        told = "IN (SELECT value FROM json_each(?1))"
        since = db.execute(
            f"SELECT COALESCE(MIN(id), ?3) FROM (SELECT id FROM turns WHERE conversation = ?2 AND message_id {told}"
            " UNION ALL SELECT id FROM turns INDEXED BY turns_quoting"
            f"  WHERE conversation = ?2 AND quote_message {told})",
            (json.dumps([*messages]), conversation, LARGEST_ID),
        ).fetchone()[0]
    return int(
        db.execute(
            "SELECT COUNT(*) FROM (SELECT 1 FROM turns WHERE conversation = ? AND id >= ? LIMIT ?)",
            (conversation, since, AT_ONCE),
        ).fetchone()[0]
    )


def _conversations(db: sqlite3.Connection, forgetting: Forgetting) -> list[int]:
    place = forgetting.place
    if forgetting.messages:
        return conversations_of(db, channel_of(forgetting.place), forgetting.messages)
    if forgetting.everywhere:
        return _conversations_with(db, place.platform, forgetting.user)
    sql = f"SELECT id FROM conversations WHERE {IN_CHANNEL}"
    values = [*channel_of(place)]
    if place.thread or forgetting.last:
        sql += " AND thread = ?"
        values.append(place.thread)
    if forgetting.last:
        sql += " AND user = ?"
        values.append(forgetting.owner)
    return [row[0] for row in db.execute(sql, values)]


def _conversations_with(db: sqlite3.Connection, platform: str, user: str) -> list[int]:
    """All conversations of a platform that hold anything of a person's, be it a quotation or a name on a tombstone."""
    found = db.execute(
        "SELECT id FROM conversations WHERE platform = ?1 AND id IN ("
        " SELECT conversation FROM turns WHERE author = ?2 OR answers = ?2 OR quote_author = ?2"
        " UNION SELECT conversation FROM inbox WHERE author = ?2"
        " UNION SELECT conversation FROM inbox INDEXED BY inbox_waiting"
        "  WHERE state = 'waiting' AND json_extract(json_extract(extras, '$[2]'), '$[1]') = ?2"
        " UNION SELECT conversation FROM archived WHERE author = ?2 OR answers = ?2 OR quote_author = ?2) ORDER BY id",
        (platform, user),
    )
    return [row[0] for row in found]


def _loss(db: sqlite3.Connection, conversation: int, forgetting: Forgetting, echoes: Echoes) -> Loss:
    waiting = _waiting(db, conversation, forgetting)
    if forgetting.last:
        turns = _newest(db, conversation, forgetting, waiting)
        first = min(turns, default=0)
    elif forgetting.user:
        turns, first = _made_from(db, conversation, forgetting.user, echoes)
    elif forgetting.messages:
        turns, first = turns_of(db, conversation, forgetting.messages, echoes)
    else:
        turns = [row[0] for row in db.execute("SELECT id FROM turns WHERE conversation = ?", (conversation,))]
        first = 1
    return Loss(conversation, set(turns), waiting, first, frozenset(forgetting.messages or ()))


def _newest(db: sqlite3.Connection, conversation: int, forgetting: Forgetting, waiting: Sequence[str]) -> list[int]:
    """The newest turns, as many as waiting messages leave (rule 5), and those that waiting messages have already.

    Nothing from the first message on that was sent later goes; an answer belongs to the question before it, whenever it
    was given: only the platform's clock is compared.
    """
    later = db.execute(
        "SELECT COALESCE(MIN(id), ?) FROM turns WHERE conversation = ? AND role = 'user' AND sent_at > ?",
        (LARGEST_ID, conversation, to_micros(forgetting.at)),
    ).fetchone()[0]
    newest = db.execute(
        "SELECT id FROM turns WHERE conversation = ? AND id < ? ORDER BY id DESC LIMIT ?",
        (conversation, later, forgetting.last),
    )
    sql = "SELECT id FROM turns WHERE conversation = ? AND message_id = ?"
    heard = [row[0] for message in waiting for row in db.execute(sql, (conversation, message))]
    others = [row[0] for row in newest if row[0] not in heard]
    return heard + others[: forgetting.last - len(waiting)]


def _made_from(db: sqlite3.Connection, conversation: int, user: str, echoes: Echoes) -> tuple[list[int], int]:
    """A person's turns and the bot's made from them (rule 2), and the first turn that holds any of his words."""
    own = db.execute(
        f"SELECT id, {WORDS} FROM turns t WHERE conversation = ? AND role = 'user' AND author = ?",
        (conversation, user),
    ).fetchall()
    quoting = db.execute(
        "SELECT id, quote FROM turns WHERE conversation = ? AND quote_author = ?", (conversation, user)
    ).fetchall()
    words = own + [(id_, to_quote(quote).words) for id_, quote in quoting]
    answers = db.execute("SELECT id FROM turns WHERE conversation = ? AND answers = ?", (conversation, user)).fetchall()
    # Every summary may have been made when what has expired was in the transcript.
    first = 1 if has_expired(db, conversation, author=user) else min((row[0] for row in words + answers), default=0)
    echoing: list[int] = []
    if words:
        search, later = echoes.of(conversation, [row[1] for row in words]), said_after(db, conversation, first)
        echoing = [id_ for id_, text in later if search.repeats(text, lambda: _others(db, conversation, user))]
    return [*{row[0] for row in own + answers}, *echoing], first


def _others(db: sqlite3.Connection, conversation: int, user: str) -> Iterator[str]:
    found = db.execute(
        f"SELECT {WORDS} FROM turns t WHERE conversation = ? AND role = 'user' AND author <> ?", (conversation, user)
    )
    return (row[0] for row in found)


def _waiting(db: sqlite3.Connection, conversation: int, forgetting: Forgetting) -> tuple[str, ...]:
    """The ids of the messages that no lane has taken up and that go all the same; commands run beside the lanes."""
    if forgetting.messages:
        waiting = db.execute(
            "SELECT message_id FROM inbox INDEXED BY inbox_waiting"
            " WHERE conversation = ? AND state = 'waiting' AND decision <> 'command'",
            (conversation,),
        )
        return tuple(row[0] for row in waiting if row[0] in forgetting.messages)
    found = db.execute(
        "SELECT message_id FROM inbox WHERE conversation = ? AND state = 'waiting' AND decision <> 'command'"
        " AND sent_at <= ? AND ? IN ('', author) ORDER BY sent_at DESC, id DESC LIMIT ?",
        (conversation, to_micros(forgetting.at), forgetting.user, forgetting.last or LARGEST_ID),
    )
    return tuple(row[0] for row in found)


def message_ids(db: sqlite3.Connection, loss: Loss, channel: Channel) -> tuple[set[str], set[str]]:
    """The ids of the messages that go, and of the platform's messages that may show any of it.

    Those are answers, whole or begun, and whatever was said to a command: a summary may have been shown.
    """
    said, answered = set(loss.waiting), set(loss.waiting)
    for role, message in db.execute(f"SELECT role, message_id FROM turns WHERE id {AMONG}", (among(loss.turns),)):
        said.add(message)
        if role == "assistant":
            answered.add(message.removeprefix("re:"))
    posts = "SELECT p.message_id FROM inbox i {by} CROSS JOIN posts p ON p.inbox = i.id WHERE {which}"
    of_answer = posts.format(by="", which=f"i.message_id = ? AND {IN_CHANNEL} AND i.conversation = ?")
    posted = {row[0] for message in answered for row in db.execute(of_answer, (message, *channel, loss.conversation))}
    if said or loss.count_summaries(db):
        of_command = posts.format(by="INDEXED BY inbox_commands", which="i.conversation = ? AND i.decision = 'command'")
        posted.update(row[0] for row in db.execute(of_command, (loss.conversation,)))
    return said, posted


AMONG = "IN (SELECT value FROM json_each(?))"
"""Is true of the ids that `among` makes a value of, however many they are."""


def among(ids: Iterable[int]) -> str:
    """Ids as the one value of AMONG."""
    return json.dumps(sorted(ids))
