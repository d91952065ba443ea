"""Recall on SQLite: the contract, whom a search tells what in any world, and what the index leaves in the files."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from memory.recall import rank, read_question
from memory.types import (
    Access,
    Audience,
    Channel,
    Forgetting,
    Place,
    Visibility,
)
from storage import open_store
from storage.migrate import migrations
from storage.sqlite.recall import search
from tests.contract_recall import HOUR, RecallContract, found, readers, recall, say
from tests.hunting import examples
from tests.kept import GENERAL, ONE, Kept, files_of, forget, kept_at, message, talk

BEFORE_RECALL = 3
"""The migrations before that of the index."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "kept.db"


@pytest.fixture
async def kept(path: Path) -> AsyncIterator[Kept]:
    """A SQLite database, closed in the end."""
    kept = kept_at(path)
    yield kept
    await kept.close()


class TestRecall(RecallContract):
    """`RecallContract` on SQLite."""


# ---- who hears what, in any world


@dataclass(frozen=True)
class Line:
    """Something that was said: where, and who could read it then."""

    place: Place
    access: Access


@dataclass(frozen=True)
class World:
    """Lines, channels as they are now, and who asks."""

    lines: tuple[Line, ...]
    channels: tuple[Channel, ...]
    audience: Audience


ACCESS = st.builds(
    Access,
    st.sampled_from([Visibility.PUBLIC, Visibility.PUBLIC, Visibility.PRIVATE, Visibility.DIRECT]),
    enclosed=st.booleans(),
    restricted=st.sampled_from([False, False, True]),
)
PLACE = st.builds(
    Place,
    st.just("discord"),
    st.sampled_from(["one", "one", "two"]),
    st.sampled_from("abc"),
    st.sampled_from(["", "", "thread"]),
)
LINE = st.builds(Line, PLACE, ACCESS)
NOW = st.builds(
    Channel,
    st.just("discord"),
    st.sampled_from(["one", "two"]),
    st.sampled_from("abc"),
    st.just(""),
    st.booleans(),
    st.booleans(),
)
WORLD = st.builds(
    World,
    st.lists(LINE, min_size=1, max_size=12).map(tuple),
    st.lists(NOW, max_size=4).map(tuple),
    st.builds(Audience, PLACE, ACCESS, st.just("ann"), st.sampled_from([False, False, True])),
)


def may_hear(world: World, line: Line) -> bool:
    """The rules as they are told to people."""
    said, now, audience = line.place, world.audience.place, world.audience
    if said.space != now.space or (line.access.restricted and not audience.access.restricted):
        return False
    same = said.channel == now.channel
    if audience.narrow and not same:
        return False
    if not same:
        latest = {channel.channel: channel for channel in world.channels if channel.space == said.space}.get(
            said.channel
        )
        closed = latest is not None and (not latest.open or (latest.restricted and not audience.access.restricted))
        return line.access.visibility is Visibility.PUBLIC and not closed
    if Visibility.PUBLIC in {line.access.visibility, audience.access.visibility}:
        return line.access.visibility is Visibility.PUBLIC
    return not line.access.enclosed or (audience.access.enclosed and said.thread == now.thread)


@settings(max_examples=examples(60))
@given(WORLD)
@example(
    World(
        (Line(Place("discord", "one", "a"), Access(Visibility.PUBLIC)),),
        (Channel("discord", "one", "a", "", open=False),),
        Audience(Place("discord", "one", "b"), Access(Visibility.PUBLIC)),
    )
)
def test_in_any_world_exactly_what_may_be_heard_is_found(world: World) -> None:
    async def told() -> set[str]:
        with tempfile.TemporaryDirectory() as folder:
            kept = kept_at(Path(folder) / "kept.db")
            store = await kept.open()
            for number, line in enumerate(world.lines):
                sent = message(number, f"canary {number}", place=line.place)
                await say(store, replace(sent, visibility=line.access.visibility), line.access)
            await store.note_channels(world.channels)
            heard = await found(store, "canary", world.audience)
            await kept.close()
            return heard

    here = world.audience.place
    world = World(
        tuple(sane(line) for line in world.lines),
        # Who can read the place of the question is told with it; `test_hearing` tries what changes there meanwhile.
        tuple(now for now in world.channels if (now.space, now.channel) != (here.space, here.channel)),
        sane_audience(world.audience),
    )
    expected = {f"canary {number}" for number, line in enumerate(world.lines) if may_hear(world, line)}
    assert asyncio.run(told()) == expected


def sane(line: Line) -> Line:
    """A line as a platform could tell of it: only private threads are enclosed."""
    return Line(line.place, sane_access(line.place, line.access))


def sane_audience(audience: Audience) -> Audience:
    """An audience as a platform could tell of it."""
    return replace(audience, access=sane_access(audience.place, audience.access))


def sane_access(place: Place, access: Access) -> Access:
    """Only a private thread is enclosed."""
    return replace(access, enclosed=access.enclosed and bool(place.thread) and access.visibility is Visibility.PRIVATE)


# ---- the files


def check_index(path: Path) -> None:
    """The index holds each turn, and its words, once; FTS5 compares it with its rows itself."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO recall (recall) VALUES ('integrity-check')")
        assert db.execute("SELECT COUNT(*) FROM recall_due").fetchone()[0] == 0
        indexed = db.execute("SELECT rowid FROM recall ORDER BY rowid").fetchall()
        assert indexed == db.execute("SELECT id FROM turns ORDER BY id").fetchall()
        counted = dict(db.execute("SELECT scope || '#' || id, turns FROM recall_places WHERE turns <> 0"))
        assert counted == dict(db.execute("SELECT place, COUNT(*) FROM recall GROUP BY place"))


async def test_of_a_forgotten_word_no_byte_is_left_in_the_index_after_a_scrub(kept: Kept, path: Path) -> None:
    store = await kept.open()
    for number in range(90):
        await talk(store, message(number, f"quokka{number % 50} zebra wombat", "ann" if number % 3 else "bob"), "so?")
    await forget(store, Forgetting(GENERAL, ONE, user="ann"))
    await forget(store, Forgetting(GENERAL, ONE, messages=tuple(str(number) for number in range(0, 90, 3))))
    assert await found(store, "wombat") == set()
    assert b"wombat" in files_of(path)

    assert await store.scrub()

    assert b"wombat" not in files_of(path)
    assert b"quokka" not in files_of(path)
    check_index(path)


async def test_the_index_follows_every_turn_that_comes_changes_and_goes(kept: Kept, path: Path) -> None:
    store = await kept.open()
    for number in range(30):
        await talk(
            store, message(number, f"word{number} of many", place=replace(GENERAL, channel=f"c{number % 3}")), "ok"
        )
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE turns SET text = 'changed' WHERE id % 5 = 0")
        db.execute("DELETE FROM turns WHERE id % 7 = 0")
    await talk(store, message(1000, "one more"))
    check_index(path)
    assert "changed" in await found(store, "changed")
    assert await found(store, "word2 word3") == set()


async def test_the_turns_of_an_older_database_are_found(kept: Kept, path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        for migration in migrations("sqlite")[:BEFORE_RECALL]:
            db.executescript(migration.script)
        db.execute(
            "INSERT INTO conversations (platform, space, channel, thread, user)"
            " VALUES ('discord', 'server', 'general', '', '')"
        )
        db.execute("INSERT INTO scopes (id, key) VALUES (5, 'discord/server')")
        db.executemany(
            "INSERT INTO turns (conversation, role, author, author_name, text, tokens, sent_at, message_id, visibility,"
            " scope) VALUES (1, 'user', 'ann', 'Ann', ?, 1, 1, ?, 'public', 5)",
            [(f"albatross {number}", str(number)) for number in range(5000)],
        )
        db.execute("PRAGMA application_id = 1416121200")
        db.execute(f"PRAGMA user_version = {BEFORE_RECALL}")
        db.commit()
    store = await kept.open()
    assert [one.turn.text for one in await recall(store, "albatross 4711", most=1)] == ["albatross 4711"]
    check_index(path)


async def test_a_search_reads_no_more_where_many_people_have_conversations_of_their_own(kept: Kept, path: Path) -> None:
    store = await kept.open()
    await talk(store, message(1, "a red kite"), user="ann")
    await kept.close()

    def work(people: int) -> int:
        """How many steps SQLite takes for a search, and that it finds what it has to."""
        with closing(sqlite3.connect(path)) as db:
            db.executemany(
                "INSERT INTO recall_places (scope, channel, user, turns) SELECT scope, channel, ?, 1 FROM recall_places"
                " WHERE user = 'ann'",
                [(f"user{number}",) for number in range(people)],
            )
            steps: list[None] = []
            db.set_progress_handler(lambda: steps.append(None), 1)
            ranked = partial(rank, gap=HOUR)
            [one] = search(db, read_question("a kite?", ONE), readers(), None, ranked, 10)
            assert one.turn.text == "a red kite"
        return len(steps)

    assert work(people=3000) < 2 * work(people=3)


async def test_without_recall_nothing_is_indexed_and_with_it_again_all_that_was_said_is_found(path: Path) -> None:
    for words, recall_is_on in (("a red kite", True), ("a blue kite", False), ("a green kite", False)):
        store = await open_store(f"sqlite:///{path}", lambda: ONE, recall=recall_is_on)
        await talk(store, message(len(words), words))
        await store.close()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT COUNT(*) FROM recall").fetchone() == (1,)
    store = await open_store(f"sqlite:///{path}", lambda: ONE)
    assert await found(store, "kite") == {"a red kite", "a blue kite", "a green kite"}
    await store.close()
