"""What expires goes to the archive first; what is forgotten, deleted or edited goes from there too, whatever dies."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from errors import StorageUnavailable
from memory.forgetting import find_echo
from memory.ports import Clock, Store
from memory.types import Extent, Forgetting, Place
from storage import Archive, open_store
from tests.contract_reach import RANDOM, recall, turn_ids
from tests.kept import (
    GENERAL,
    ONE,
    THREAD,
    Kept,
    files_of,
    forget,
    killing,
    message,
    moment,
    post_of,
    quote_of,
    quote_of_answer,
    talk,
    texts,
    weigh,
)

NOW = moment(100_000)
SECRET = message(1, "my animal is zebra")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "kept.db"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where its archive is."""
    return tmp_path / "archive"


@pytest.fixture
def archive(folder: Path) -> Archive:
    """Its archive."""
    return Archive(folder, find_echo)


@pytest.fixture
async def kept(path: Path, folder: Path) -> AsyncIterator[Kept]:
    """The database with its archive."""

    async def opening(clock: Clock) -> Store:
        return await open_store(f"sqlite:///{path}", clock, Archive(folder, find_echo))

    kept = Kept(opening, partial(killing, path))
    yield kept
    await kept.close()


@pytest.fixture
async def store(kept: Kept) -> Store:
    """It, with some talk that has expired and some that has not."""
    store = await kept.open()
    await talk(store, SECRET, "a zebra, nice")
    await talk(store, message(2, "what animal has she?", "bob"), "she has a zebra")
    await talk(store, message(3, "look", "bob", quote=quote_of(SECRET)), "I see")
    await talk(store, message(4, "a gnu", "cleo", THREAD), "well")
    await talk(store, message(50, "still here", "bob"), "sure")
    assert await store.prune(moment(10)) == 8
    return store


def archived(archive: Archive) -> list[str]:
    """What stands in the archive."""
    return [original.turn.text for original in archive.read()]


ALL = [
    "my animal is zebra",
    "a zebra, nice",
    "what animal has she?",
    "she has a zebra",
    "look",
    "I see",
    "a gnu",
    "well",
]
WITHOUT_ANN = ["what animal has she?", "look", "I see", "a gnu", "well"]


async def test_what_expires_stands_in_the_archive_and_no_more_in_the_database(
    store: Store, archive: Archive, path: Path
) -> None:
    assert archived(archive) == ALL
    assert await texts(store) == ["still here", "sure"]
    assert await store.scrub()
    assert b"zebra" not in files_of(path)


@pytest.mark.parametrize(
    ("forgetting", "gone", "left"),
    [
        (Forgetting(GENERAL, NOW), 8, []),
        (Forgetting(THREAD, NOW), 2, ALL[:6]),
        (Forgetting(GENERAL, NOW, user="ann"), 2, WITHOUT_ANN),
        (Forgetting(Place("discord", "", ""), NOW, user="ann"), 2, WITHOUT_ANN),
        (Forgetting(GENERAL, NOW, messages=("1",)), 1, WITHOUT_ANN),
        (Forgetting(GENERAL, NOW, messages=(post_of(SECRET),)), 1, [ALL[0], *ALL[2:]]),
        (Forgetting(GENERAL, NOW, user="bob"), 4, [*ALL[:2], *ALL[6:]]),
        (Forgetting(GENERAL, NOW, last=9), 0, ALL),
    ],
    ids=["channel", "thread", "user", "everywhere", "deleted", "own deleted", "other user", "last"],
)
async def test_what_is_forgotten_goes_from_the_archive_with_what_the_bot_repeats_of_it(
    store: Store, archive: Archive, folder: Path, forgetting: Forgetting, gone: int, left: list[str]
) -> None:
    assert (await store.extent(forgetting, find_echo)).archived == gone

    assert (await forget(store, forgetting)).archived == gone
    assert await store.scrub()

    assert archived(archive) == left
    if left == WITHOUT_ANN:
        assert b"zebra" not in b"".join(gzip.decompress(file.read_bytes()) for file in folder.iterdir())
    assert (await store.extent(forgetting, find_echo)).archived == 0


@pytest.mark.parametrize(
    "forgetting",
    [
        Forgetting(GENERAL, NOW),
        Forgetting(GENERAL, NOW, user="ann"),
        Forgetting(Place("discord", "", ""), NOW, user="ann"),
        Forgetting(GENERAL, NOW, messages=("1",)),
    ],
    ids=["channel", "user", "everywhere", "deleted"],
)
async def test_an_answer_elsewhere_that_was_made_with_it_goes_from_the_archive_with_what_repeats_that(
    kept: Kept, archive: Archive, forgetting: Forgetting
) -> None:
    store = await kept.open()
    await talk(store, SECRET)
    recalled = (await turn_ids(store, GENERAL))["1"]
    await recall(store, message(2, "what animal has she?", "bob", RANDOM), "Ann has a zebra", recalled)
    await talk(store, message(3, "and the weather?", "bob", RANDOM), "rain")
    await talk(store, message(4, "again?", "bob", RANDOM), "as I said, a zebra")
    await store.prune(moment(10))
    before = await store.extent(forgetting, find_echo)

    assert before.archived == 2
    assert await forget(store, forgetting) == before
    assert await (await kept.crash()).scrub()

    assert archived(archive) == ["what animal has she?", "and the weather?", "rain", "again?"]


async def test_nor_is_such_an_answer_quoted_in_the_archive_any_more(store: Store, archive: Archive) -> None:
    asked = message(60, "what animal has Bob?", "cleo", RANDOM)
    await recall(store, asked, "Bob is still here", (await turn_ids(store, GENERAL))["50"])
    await talk(store, message(61, "look", "cleo", RANDOM, quote_of_answer(asked, "Bob is still here")))
    await store.prune(moment(100))

    await forget(store, Forgetting(GENERAL, NOW, messages=("50",)))
    assert await store.scrub()

    assert archived(archive)[-2:] == ["what animal has Bob?", "look"]
    assert not any(original.turn.quote for original in archive.read() if original.conversation.channel == "random")


async def test_of_who_is_forgotten_everywhere_what_quotes_the_answers_to_her_is_cleaned_too(
    kept: Kept, archive: Archive
) -> None:
    store = await kept.open()
    await talk(store, SECRET, "a zebra, nice")
    await talk(store, message(2, "look", "bob", quote=quote_of_answer(SECRET, "a zebra, nice")))
    await store.prune(moment(10))

    await forget(store, Forgetting(Place("discord", "", ""), NOW, user="ann"))
    assert await store.scrub()

    assert [(original.turn.text, original.turn.quote) for original in archive.read()] == [("look", None)]


async def test_of_a_message_that_is_edited_late_the_old_words_go(store: Store, archive: Archive) -> None:
    edited = replace(SECRET, text="never mind")
    assert await store.amend(edited, weigh, find_echo) == Extent()
    assert await store.scrub()
    assert archived(archive) == WITHOUT_ANN


async def test_of_a_message_that_is_known_by_a_quotation_in_the_archive_alone_the_old_words_go(
    kept: Kept, archive: Archive
) -> None:
    store = await kept.open()
    await talk(store, message(2, "look", "bob", quote=quote_of(SECRET)), "I see")
    await store.prune(moment(10))
    assert [original.turn.quote for original in archive.read()] == [quote_of(SECRET), None]

    assert await store.amend(replace(SECRET, text="never mind"), weigh, find_echo) == Extent()
    assert await store.scrub()

    assert [(original.turn.text, original.turn.quote) for original in archive.read()] == [
        ("look", None),
        ("I see", None),
    ]


async def test_what_is_still_to_go_from_the_archive_goes_after_a_restart(
    store: Store, kept: Kept, archive: Archive
) -> None:
    await forget(store, Forgetting(GENERAL, NOW, user="ann"))
    assert archived(archive) == ALL

    assert await (await kept.crash()).scrub()

    assert archived(archive) == WITHOUT_ANN


async def test_as_long_as_the_archive_cannot_be_cleaned_it_is_due(store: Store, archive: Archive, folder: Path) -> None:
    await forget(store, Forgetting(GENERAL, NOW, user="ann"))
    [file] = folder.iterdir()
    content = file.read_bytes()
    file.write_bytes(b"x" + content[1:])
    with pytest.raises(StorageUnavailable, match="damaged"):
        await store.scrub()

    file.write_bytes(content)
    assert await store.scrub()

    assert archived(archive) == WITHOUT_ANN


async def test_what_the_archive_does_not_take_is_not_purged(kept: Kept, folder: Path) -> None:
    store = await kept.open()
    await talk(store, SECRET, "a zebra, nice")
    folder.write_text("no folder")
    with pytest.raises(StorageUnavailable, match="archive"):
        await store.prune(moment(10))
    assert await texts(store) == ["my animal is zebra", "a zebra, nice"]

    folder.unlink()
    assert await store.prune(moment(10)) == 2
    assert archived(Archive(folder, find_echo)) == ["my animal is zebra", "a zebra, nice"]


async def test_what_is_forgotten_after_a_death_between_file_and_rows_goes_from_both(
    kept: Kept, archive: Archive, folder: Path, path: Path
) -> None:
    store = await kept.open()
    await talk(store, SECRET, "a zebra, nice")
    folder.write_text("no folder")
    with pytest.raises(StorageUnavailable):
        await store.prune(moment(10))
    await kept.close()
    folder.unlink()
    before = path.read_bytes()
    await (await kept.open()).prune(moment(10))
    await kept.close()
    path.write_bytes(before)  # as a kill leaves it that comes when the file is written and the rows are not gone yet

    store = await kept.open()
    assert await texts(store) == archived(archive) == ["my animal is zebra", "a zebra, nice"]
    gone = await forget(store, Forgetting(GENERAL, NOW, user="ann"))
    assert await store.scrub()

    assert (gone.turns, await texts(store), archived(archive)) == (2, [], [])


async def test_what_was_edited_before_it_could_be_purged_is_archived_as_it_was_edited(
    kept: Kept, archive: Archive, folder: Path
) -> None:
    store = await kept.open()
    await talk(store, SECRET)
    folder.write_text("no folder")
    with pytest.raises(StorageUnavailable):
        await store.prune(moment(10))
    folder.unlink()
    edited = replace(SECRET, text="never mind")
    await store.amend(edited, weigh, find_echo)

    await store.prune(moment(10))
    assert await store.scrub()

    assert archived(archive) == ["never mind"]


async def test_what_is_purged_again_after_a_death_stands_in_the_archive_once(
    kept: Kept, archive: Archive, path: Path
) -> None:
    store = await kept.open()
    await talk(store, SECRET, "a zebra, nice")
    await kept.close()
    before = path.read_bytes()
    await (await kept.open()).prune(moment(10))
    await kept.close()
    path.write_bytes(before)

    assert await (await kept.open()).prune(moment(10)) == 2

    assert archived(archive) == ["my animal is zebra", "a zebra, nice"]


async def test_where_no_archive_is_named_any_more_the_scrub_stays_due(store: Store, kept: Kept, path: Path) -> None:
    assert store
    await kept.close()
    store = await open_store(f"sqlite:///{path}", lambda: ONE)
    try:
        await forget(store, Forgetting(GENERAL, NOW, user="ann"))
        assert not await store.scrub()
    finally:
        await store.close()

    assert await (await kept.open()).scrub()
