"""What a forgetting takes of conversations that only repeated it (`forgetting.py`, rules 8, 9 and 10).

The words went there in a prompt: turns that were recalled, which `sources` notes, and facts about who spoke there.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from memory.types import Forgetting, Visibility
from storage.sqlite.echoes import WORDS, Echoes, said_after, words_of_people
from storage.sqlite.inbox import name_of
from storage.sqlite.losses import AMONG, Loss, among
from storage.sqlite.rows import IN_CHANNEL, Channel, Row, channel_of

_FACT = "f.id, f.platform, f.space, f.channel, f.user, f.value, f.quote, f.said_after, f.visibility"


@dataclass(frozen=True, slots=True)
class LostFact:
    """A fact that goes: its row, where it was said, whose it is, its words, and the newest turn older than they are.

    One that was forgotten by itself has no words any more.
    """

    id: int
    platform: str
    space: str
    channel: str
    user: str
    value: str
    quote: str
    said_after: int
    visibility: str


def facts_of(db: sqlite3.Connection, forgetting: Forgetting, losses: Mapping[int, Loss]) -> list[LostFact]:
    """The facts that go: those said in the place, or by the person there; else those that lost messages state."""
    place, user = forgetting.place, forgetting.user
    if forgetting.messages:
        return facts_from(db, channel_of(place), set(forgetting.messages))
    if forgetting.last:
        said = {message for loss in losses.values() for message in _messages(db, loss)}
        return facts_from(db, channel_of(place), said)
    if forgetting.everywhere:
        found = db.execute(f"SELECT {_FACT} FROM facts f WHERE f.platform = ? AND f.user = ?", (place.platform, user))
    else:
        found = db.execute(
            f"SELECT {_FACT} FROM facts f WHERE {IN_CHANNEL} AND ? IN ('', f.thread) AND ? IN ('', f.user)",
            (*channel_of(place), place.thread, user),
        )
    return [LostFact(*row) for row in found]


def _messages(db: sqlite3.Connection, loss: Loss) -> Iterable[str]:
    return (row[0] for row in db.execute(f"SELECT message_id FROM turns WHERE id {AMONG}", (among(loss.turns),)))


def facts_from(db: sqlite3.Connection, channel: Channel, messages: Iterable[str]) -> list[LostFact]:
    """The facts that messages of a channel state."""
    sql = f"SELECT {_FACT} FROM facts f WHERE {IN_CHANNEL} AND f.message_id = ?"
    return [LostFact(*row) for message in messages for row in db.execute(sql, (*channel, message))]


def spread(
    db: sqlite3.Connection,
    losses: dict[int, Loss],
    facts: Sequence[LostFact],
    echoes: Echoes,
    still_said: Sequence[str] = (),
) -> None:
    """Add to the losses what the bot said anywhere with these words in its prompt, and repeats (rule 8).

    What was made of that goes in turn. `still_said` are words that stay, besides those that people keep.
    """
    new = {turn for loss in losses.values() for turn in loss.turns}
    new |= _answers_from_facts(db, losses, facts, echoes, still_said)
    while new:
        new = _answers_from_turns(db, losses, new, echoes, still_said)


def lose_quoting_expired(
    db: sqlite3.Connection, losses: dict[int, Loss], forgetting: Forgetting, echoes: Echoes
) -> None:
    """Add what the bot said with turns in its prompt that have expired since and are forgotten now (rule 8).

    Whether it repeats them cannot be seen any more, so it goes, and what repeats it later. Where it has expired too,
    the summaries go that reach it.
    """
    which, values = _expired(forgetting)
    quoting: dict[int, dict[int, str]] = {}
    for conversation, answer, text in db.execute(
        "SELECT a.conversation, a.id, a.text FROM sources_expired e JOIN turns a ON a.id = e.answer"
        f" WHERE {which} ORDER BY a.id",
        values,
    ):
        quoting.setdefault(conversation, {})[answer] = text
    for conversation, answers in quoting.items():
        loss = losses.setdefault(conversation, Loss(conversation))
        loss.lose(set(answers))
        later = said_after(db, conversation, min(answers))
        lose_echoes(db, loss, list(answers.values()), later, echoes)
    for conversation, answer in db.execute(f"SELECT e.stood, e.answer FROM sources_folded e WHERE {which}", values):
        losses.setdefault(conversation, Loss(conversation)).reach(answer)


def answers_expired(db: sqlite3.Connection, forgetting: Forgetting) -> list[tuple[int, str]]:
    """The answers with such turns in their prompts that have expired too: their conversations and messages."""
    which, values = _expired(forgetting)
    return db.execute(
        f"SELECT DISTINCT e.stood, e.answer_message FROM sources_folded e WHERE {which} AND e.answer_message <> ''",
        values,
    ).fetchall()


def drop_folded_sources(db: sqlite3.Connection, forgetting: Forgetting) -> None:
    """Take out of what has expired where it went, once the summaries made from it are gone."""
    which, values = _expired(forgetting)
    db.execute(f"DELETE FROM sources_folded AS e WHERE {which}", values)


def _expired(forgetting: Forgetting) -> tuple[str, tuple[str, ...]]:
    """The condition for sources `e` that have expired and are forgotten; the last messages are none of them."""
    place = forgetting.place
    if forgetting.last:
        return "0", ()
    where = IN_CHANNEL
    values: tuple[str, ...] = channel_of(place)
    if forgetting.everywhere:
        where, values = "platform = ?", (place.platform,)
    elif not forgetting.messages:
        where, values = f"{IN_CHANNEL} AND ? IN ('', thread)", (*values, place.thread)
    which = f"e.conversation IN (SELECT id FROM conversations WHERE {where}) AND ? IN ('', e.author)"
    if not forgetting.messages:
        return which, (*values, forgetting.user)
    told = "e.message_id IN (SELECT value FROM json_each(?))"
    return f"{which} AND {told}", (*values, forgetting.user, json.dumps(forgetting.messages))


def lose_echoes(
    db: sqlite3.Connection,
    loss: Loss,
    forgotten: Sequence[str],
    candidates: Iterable[tuple[int, str]],
    echoes: Echoes,
    still_said: Sequence[str] = (),
) -> set[int]:
    """Add those of the bot's turns to a loss that repeat what is forgotten; return the further ones."""
    repeats = _search(db, loss, forgotten, echoes, still_said)
    found = {id_ for id_, text in candidates if id_ not in loss.turns and repeats(text)}
    loss.lose(found)
    return found


def _search(
    db: sqlite3.Connection, loss: Loss, forgotten: Sequence[str], echoes: Echoes, still_said: Sequence[str]
) -> Callable[[str], bool]:
    """Whether a text repeats what is forgotten in a conversation, and not what people keep there."""
    search = echoes.of(loss.conversation, forgotten)

    def kept() -> Iterable[str]:
        return [*words_of_people(db, loss.conversation, loss.turns), *still_said]

    return lambda text: search.repeats(text, kept)


def _answers_from_turns(
    db: sqlite3.Connection, losses: dict[int, Loss], lost: set[int], echoes: Echoes, still_said: Sequence[str]
) -> set[int]:
    """Lose the answers that were made with lost turns and repeat them, and what later repeats it beside them."""
    made: dict[int, list[Row]] = {}
    for row in db.execute(
        f"SELECT a.conversation, a.id, a.text, {WORDS} FROM sources s JOIN turns a ON a.id = s.answer"
        f" JOIN turns t ON t.id = s.turn WHERE s.turn {AMONG} ORDER BY a.id, t.id",
        (among(lost),),
    ):
        made.setdefault(row[0], []).append(row)
    new: set[int] = set()
    for conversation, rows in made.items():
        loss = losses.setdefault(conversation, Loss(conversation))
        words = list(dict.fromkeys(row[3] for row in rows))
        answers = {id_: text for _, id_, text, _ in rows}
        if found := lose_echoes(db, loss, words, answers.items(), echoes, still_said):
            later = said_after(db, conversation, min(found))
            new |= found | lose_echoes(db, loss, words, later, echoes, still_said)
    return new


def _answers_from_facts(
    db: sqlite3.Connection,
    losses: dict[int, Loss],
    facts: Sequence[LostFact],
    echoes: Echoes,
    still_said: Sequence[str],
) -> set[int]:
    """Lose what repeats lost facts in the conversations whose prompts held them: what the bot said, and summaries.

    A request to fold holds facts too, so that a summary may have words that no turn there has.
    """
    new: set[int] = set()
    for person, stated in _by_person(facts).items():
        words = [text for fact in stated for text in (fact.value, fact.quote)]
        since = min(fact.said_after for fact in stated)
        for conversation in _told_of(db, person):
            loss = losses.setdefault(conversation, Loss(conversation))
            later = said_after(db, conversation, since)
            new |= lose_echoes(db, loss, words, later, echoes, still_said)
            repeats = _search(db, loss, words, echoes, still_said)
            folded = db.execute(
                "SELECT through, text FROM summaries WHERE conversation = ? ORDER BY version", (conversation,)
            )
            if first := next((through for through, text in folded if repeats(text)), 0):
                loss.reach(first)
    return new


def _by_person(facts: Sequence[LostFact]) -> dict[tuple[str, str, str], list[LostFact]]:
    found: dict[tuple[str, str, str], list[LostFact]] = {}
    for fact in facts:
        if fact.value:
            found.setdefault((fact.platform, fact.space, fact.user), []).append(fact)
    return found


def _told_of(db: sqlite3.Connection, person: tuple[str, str, str]) -> list[int]:
    """The conversations whose prompts held facts about a person of a space: he speaks there, or some stood there."""
    found = db.execute(
        "SELECT id FROM conversations WHERE platform = ?1 AND space = ?2 AND (id IN"
        " (SELECT conversation FROM turns INDEXED BY turns_of_author WHERE author = ?3 AND author <> '') OR id IN"
        " (SELECT s.conversation FROM facts f JOIN facts_shown s ON s.fact = f.id"
        "  WHERE f.platform = ?1 AND f.user = ?3)) ORDER BY id",
        person,
    )
    return [row[0] for row in found]


def to_start_again(db: sqlite3.Connection, losses: Mapping[int, Loss], facts: Sequence[LostFact]) -> set[int]:
    """The conversations where an answer or a fold may be under way that was told what is gone (rule 9).

    What was public may have been recalled into the prompt of every message of its space that waits for an answer, what
    was not into those of its channel; a fact stands in the prompts wherever its person has spoken.
    """
    heard: dict[Channel, bool] = {}
    for loss in losses.values():
        if loss.turns:
            where = channel_of(name_of(db, loss.conversation).place)
            heard[where] = heard.get(where, False) or _any_public(db, loss.turns)
    for fact in facts:
        if fact.value:
            where = fact.platform, fact.space, fact.channel
            heard[where] = heard.get(where, False) or fact.visibility == Visibility.PUBLIC
    found: set[int] = set()
    for (platform, space, channel), public in heard.items():
        found |= {
            row[0]
            for row in db.execute(
                "SELECT DISTINCT i.conversation FROM inbox i INDEXED BY inbox_waiting"
                " JOIN conversations c ON c.id = i.conversation WHERE i.state = 'waiting' AND i.decision = 'answer'"
                " AND c.platform = ? AND c.space = ? AND (? OR c.channel = ?)",
                (platform, space, public, channel),
            )
        }
    for person in _by_person(facts):
        found.update(_told_of(db, person))
    return found


def _any_public(db: sqlite3.Connection, turns: set[int]) -> bool:
    sql = f"SELECT 1 FROM turns WHERE id {AMONG} AND visibility = 'public' LIMIT 1"
    return db.execute(sql, (among(turns),)).fetchone() is not None
