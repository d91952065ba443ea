"""Messages, turns and a store to open again, for the tests of what is kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from memory.forgetting import find_echo
from memory.ports import Clock, Store
from memory.types import (
    Access,
    Audience,
    Conversation,
    Decision,
    Exchange,
    Extent,
    Fact,
    FoldDone,
    Forgetting,
    Inbound,
    Place,
    Quote,
    Role,
    Summary,
    Turn,
    Usage,
    Visibility,
    Waiting,
    Window,
)
from storage import open_store

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ONE = NOON + timedelta(hours=1)
GENERAL = Place("discord", "server", "general")
THREAD = replace(GENERAL, thread="thread")
USAGE = Usage("model", prompt_tokens=100, cached_tokens=60, completion_tokens=20, seconds=1.5, counted=90)
EVERYTHING = Window(tokens=10**9, turns=10**6, turn_tokens=10**6, summary=False)
AFTER_SUMMARY = replace(EVERYTHING, summary=True)


def moment(second: float) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=second)


def clock() -> datetime:
    """The store's clock in these tests: an hour after noon, always."""
    return ONE


def conversation_at(place: Place, user: str = "") -> Conversation:
    """The conversation held in a place."""
    return Conversation(place.platform, place.space, place.channel, place.thread, user)


def message(number: int, text: str, author: str = "ann", place: Place = GENERAL, quote: Quote | None = None) -> Inbound:
    """A message with the number as its id, sent so many seconds after noon."""
    return Inbound(
        place, str(number), author, author.title(), text, moment(number), True, Visibility.PUBLIC, reply_to=quote
    )


def quote_of(inbound: Inbound) -> Quote:
    """The quotation of a message."""
    return Quote(inbound.message_id, inbound.author, inbound.author_name, inbound.text, inbound.sent_at)


def turn_of(inbound: Inbound) -> Turn:
    """The turn that a message becomes; a word is a token."""
    return Turn(
        0,
        Role.USER,
        inbound.author,
        inbound.author_name,
        inbound.text,
        len(inbound.text.split()),
        inbound.sent_at,
        inbound.message_id,
        inbound.attachments,
        inbound.reply_to,
    )


def weigh(turn: Turn) -> int:
    """The tokens of a turn: a word is one, be it quoted."""
    return len(turn.text.split()) + (len(turn.quote.text.split()) if turn.quote else 0)


def answer_to(inbound: Inbound, text: str) -> Turn:
    """The bot's turn that answers a message, half a second later."""
    said_at = inbound.sent_at + timedelta(seconds=0.5)
    return Turn(0, Role.ASSISTANT, "", "Threadkeeper", text, len(text.split()), said_at, f"re:{inbound.message_id}")


def post_of(inbound: Inbound) -> str:
    """The platform's id of the bot's message that answers this one."""
    return f"post-{inbound.message_id}"


def quote_of_answer(inbound: Inbound, text: str) -> Quote:
    """The quotation of the bot's answer to a message, as the platform hands it over."""
    return Quote(post_of(inbound), "the-bot", "Threadkeeper", text, inbound.sent_at + timedelta(seconds=0.5))


def audience_at(place: Place, user: str = "ann", visibility: Visibility = Visibility.PUBLIC) -> Audience:
    """Who reads what is answered to somebody in a place."""
    return Audience(place, Access(visibility), user)


def fact_in(inbound: Inbound, slot: str, value: str) -> Fact:
    """What a message states about its author."""
    return Fact(
        number=0,
        user=inbound.author,
        name=inbound.author_name,
        slot=slot,
        value=value,
        quote=inbound.text,
        place=inbound.place,
        message_id=inbound.message_id,
        said_at=inbound.sent_at,
        access=inbound.access,
    )


async def state(store: Store, inbound: Inbound, slot: str, value: str) -> None:
    """Have a fact kept that a message states."""
    await store.remember(audience_at(inbound.place, inbound.author, inbound.visibility), fact_in(inbound, slot, value))


async def facts_about(store: Store, place: Place = GENERAL, user: str = "ann") -> list[str]:
    """The values of the facts about somebody that may be heard in a place."""
    return [fact.value for fact in await store.facts(audience_at(place, user), user)]


async def accept(store: Store, inbound: Inbound, decision: Decision = Decision.ANSWER, user: str = "") -> int | None:
    """Take a message into the conversation of its place."""
    return await store.accept(inbound, conversation_at(inbound.place, user), decision)


async def wait_for(
    store: Store, inbound: Inbound, decision: Decision = Decision.ANSWER, user: str = ""
) -> tuple[int, Exchange]:
    """Take a message in, and give its inbox id and the exchange that would record it as heard."""
    waiting = await accept(store, inbound, decision, user)
    assert waiting is not None
    conversation = conversation_at(inbound.place, user)
    epoch = (await store.load(conversation, EVERYTHING)).epoch
    return waiting, Exchange(conversation, epoch, inbound.access, (waiting,), (turn_of(inbound),))


async def talk(store: Store, inbound: Inbound, answer: str = "", user: str = "") -> None:
    """Take a message in, post and record the answer if there is one, and settle it: a whole turn."""
    waiting, exchange = await wait_for(store, inbound, user=user)
    if answer:
        await store.note_post(waiting, 0, post_of(inbound))
        exchange = replace(exchange, answer=answer_to(inbound, answer), usage=USAGE)
    assert await store.record(exchange)


async def fold(store: Store, conversation: Conversation, text: str) -> bool:
    """Put a summary of all that is there in the place of the one before."""
    thread = await store.load(conversation, AFTER_SUMMARY)
    return await store.save_fold(fold_of(conversation, text, thread.turns[-1].id, thread.summary, thread.epoch))


def fold_of(conversation: Conversation, text: str, through: int, before: Summary | None, epoch: int = 0) -> FoldDone:
    """The fold that replaces a summary by a newer one."""
    version = before.version if before else 0
    return FoldDone(conversation, epoch, version, Summary(text, len(text.split()), through, version + 1, NOON), USAGE)


async def texts(store: Store, place: Place = GENERAL, user: str = "") -> list[str]:
    """Every turn of a conversation, in order."""
    return [turn.text for turn in (await store.load(conversation_at(place, user), EVERYTHING)).turns]


async def quotes(store: Store, place: Place = GENERAL) -> list[str]:
    """What the turns of a conversation quote, in order."""
    turns = (await store.load(conversation_at(place), EVERYTHING)).turns
    return [turn.quote.text for turn in turns if turn.quote]


async def summary(store: Store, place: Place = GENERAL) -> str:
    """The rolling summary of a place's conversation, empty where there is none."""
    found = (await store.load(conversation_at(place), AFTER_SUMMARY)).summary
    return found.text if found else ""


async def epoch_of(store: Store, place: Place = GENERAL) -> int:
    """The epoch of a place's conversation."""
    return (await store.load(conversation_at(place), EVERYTHING)).epoch


async def pending(store: Store, place: Place = GENERAL) -> tuple[Waiting, ...]:
    """What waits in a place's conversation."""
    return await store.pending(conversation_at(place))


async def forget(store: Store, forgetting: Forgetting) -> Extent:
    """Forget, with the echo that the program itself uses."""
    return await store.forget(forgetting, find_echo)


@dataclass
class Kept:
    """One kept memory, which a test opens and opens again; its clock stands at `now`.

    What is written within `killing` is lost, as by a kill at its beginning.
    """

    opening: Callable[[Clock], Awaitable[Store]]
    killing: Callable[[], AbstractContextManager[None]]
    now: datetime = ONE
    store: Store | None = None

    async def open(self) -> Store:
        """Open it, having closed it in peace first where it is open."""
        await self.close()
        self.store = await self.opening(lambda: self.now)
        return self.store

    async def crash(self) -> Store:
        """Open it as a kill at this moment leaves it: what was only in memory is lost."""
        with self.killing():
            await self.close()
        return await self.open()

    async def close(self) -> None:
        """Close it where it is open."""
        if self.store is not None:
            closing, self.store = self.store, None
            await closing.close()


def kept_at(path: Path) -> Kept:
    """The memory in the SQLite database at a path."""
    return Kept(partial(open_store, f"sqlite:///{path}"), partial(killing, path))


@contextmanager
def killing(path: Path) -> Iterator[None]:
    """Leave a SQLite database, of which nothing is under way, as a kill at the beginning of the block does.

    A kill leaves all that was written, be it only in the log, and nothing else; the log's index is made anew from it.
    """
    files = [path.with_name(path.name + suffix) for suffix in ("", "-wal")]
    found = {file: file.read_bytes() for file in files if file.exists()}
    yield
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    for file in files:
        file.unlink(missing_ok=True)
    for file, content in found.items():
        file.write_bytes(content)


def opening(path: Path) -> Callable[[], Awaitable[Store]]:
    """What opens the SQLite database at a path."""
    return partial(open_store, f"sqlite:///{path}", clock)


def words_in_tables(path: Path, word: str) -> list[str]:
    """The columns, as `table.column`, of every table of a SQLite database in which a word stands.

    The pages of the search index are left out: until a scrub they keep words of rows that no search finds any more.
    """
    found = []
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        columns = db.execute(
            "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
            " AND m.name NOT IN ('recall_data', 'recall_content')"
        ).fetchall()
        for table, column in columns:
            sql = f"SELECT COUNT(*) FROM {table} WHERE INSTR(CAST({column} AS TEXT), ?)"  # noqa: S608 – its own names
            if db.execute(sql, (word,)).fetchone()[0]:
                found.append(f"{table}.{column}")
    return found


def files_of(path: Path) -> bytes:
    """All bytes of a SQLite database: the file, its write-ahead log, the log's index."""
    files = [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm")]
    return b"".join(file.read_bytes() for file in files if file.exists())
