"""The archive's files: on disk before the rows go, read whole whatever died, and rid of what was forgotten."""

from __future__ import annotations

import gzip
import json
import os
import stat
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from errors import StorageUnavailable
from memory.forgetting import find_echo
from memory.types import Attachment, Quote, Visibility
from storage.archive import Archive, Key, Original
from tests.kept import GENERAL, THREAD, answer_to, conversation_at, message, quote_of, turn_of

HERE = conversation_at(GENERAL)
NOTHING: frozenset[Key] = frozenset()
JANUARY = "2026-01.jsonl.gz"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the archive is; made by it."""
    return tmp_path / "old" / "archive"


@pytest.fixture
def archive(folder: Path) -> Archive:
    """The archive."""
    return Archive(folder, find_echo)


def said(number: int, text: str, author: str = "ann", quote: Quote | None = None) -> Original:
    """What somebody said."""
    return Original(HERE, turn_of(message(number, text, author, quote=quote)), "", Visibility.PUBLIC)


def answered(number: int, text: str, author: str = "ann") -> Original:
    """What the bot answered to it."""
    return Original(HERE, answer_to(message(number, ""), text), author, Visibility.PUBLIC)


def texts(archive: Archive) -> list[str]:
    """All that stands there."""
    return [original.turn.text for original in archive.read()]


def erase(archive: Archive, *gone: Original, unquoted: Sequence[Original] = (), since: int = 0) -> frozenset[Key]:
    """Take originals out."""
    keys = frozenset(each.key for each in gone)
    return archive.erase(keys, frozenset(each.key for each in unquoted), since)


def test_what_was_added_is_read_as_it_was(archive: Archive, folder: Path) -> None:
    turn = replace(
        turn_of(message(1, 'zebra "quoted"\n\x00 \u2028 日本', quote=quote_of(message(0, "x", "bob")))),
        attachments=(Attachment("a.png", "image/png", 5),),
    )
    odd = Original(conversation_at(THREAD, "ann"), turn, "", Visibility.PRIVATE)
    archive.add([odd, answered(1, "hi")])
    archive.add([said(2, "more")])

    assert list(Archive(folder, find_echo).read()) == [odd, answered(1, "hi"), said(2, "more")]


def test_every_month_has_a_file_of_json_lines_that_its_owner_alone_can_read(archive: Archive, folder: Path) -> None:
    late = said(2, "later")
    late = replace(late, turn=replace(late.turn, sent_at=datetime(2026, 11, 30, 23, 59, tzinfo=UTC)))
    archive.add([said(1, "early"), late])

    assert sorted(path.name for path in folder.iterdir()) == [JANUARY, "2026-11.jsonl.gz"]
    with gzip.open(folder / JANUARY, "rt", encoding="utf-8") as file:
        [line] = [json.loads(line) for line in file]
    assert (line["author"], line["text"], line["sent_at"]) == ("ann", "early", "2026-01-01T12:00:01+00:00")
    assert stat.S_IMODE((folder / JANUARY).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    erase(archive, late)
    erase(archive, said(1, "early"))
    assert list(folder.iterdir()) == []


def test_what_was_added_twice_is_read_once(archive: Archive) -> None:
    for _ in range(2):
        archive.add([said(1, "hello"), said(2, "there")])
    assert texts(archive) == ["hello", "there"]


@pytest.mark.parametrize("cut", [1, 7, 30])
def test_half_a_member_that_a_death_left_is_passed_over_and_cut_off(folder: Path, cut: int) -> None:
    Archive(folder, find_echo).add([said(1, "whole")])
    Archive(folder, find_echo).add([said(2, "half of it")])
    os.truncate(folder / JANUARY, (folder / JANUARY).stat().st_size - cut)

    archive = Archive(folder, find_echo)
    assert texts(archive) == ["whole"]
    archive.add([said(2, "half of it")])

    assert texts(archive) == ["whole", "half of it"]


@pytest.mark.parametrize("line", ['["a note"]', "7", "null", '{"attachments": null}'])
def test_a_line_that_is_none_of_ours_is_damage(folder: Path, line: str) -> None:
    Archive(folder, find_echo).add([said(1, "hello")])
    with (folder / JANUARY).open("ab") as file:
        file.write(gzip.compress(line.encode() + b"\n"))
    with pytest.raises(StorageUnavailable, match=r"2026-01\.jsonl\.gz: the archive is damaged"):
        texts(Archive(folder, find_echo))


def test_a_damaged_file_is_named_and_left_alone(folder: Path) -> None:
    Archive(folder, find_echo).add([said(1, "zebra " * 1000)])
    content = bytearray((folder / JANUARY).read_bytes())
    content[20] ^= 0xFF
    (folder / JANUARY).write_bytes(content)

    archive = Archive(folder, find_echo)
    for call in (lambda: texts(archive), lambda: archive.add([said(2, "more")])):
        with pytest.raises(StorageUnavailable, match=r"2026-01\.jsonl\.gz: the archive is damaged"):
            call()
    assert (folder / JANUARY).read_bytes() == content
    assert (archive.check().well, archive.check().cure) == (False, "move it away")


def test_a_file_that_cannot_be_read_is_named_whole_whatever_its_name_holds(tmp_path: Path) -> None:
    (tmp_path / "old; new" / JANUARY).mkdir(parents=True)
    finding = Archive(tmp_path / "old; new", find_echo).check()
    assert finding.detail == f"{tmp_path / 'old; new' / JANUARY}: Is a directory"
    assert finding.cure.endswith("that the bot may read and write it")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageUnavailable, match="file"):
        Archive(tmp_path / "file" / "archive", find_echo).add([said(1, "hello")])


def test_what_is_erased_is_in_no_byte_and_the_rest_stays(archive: Archive, folder: Path) -> None:
    archive.add([said(1, "zebra"), said(2, "kept", "bob"), said(3, "look", "bob", quote_of(message(1, "zebra")))])

    erase(archive, said(1, "zebra"), unquoted=[said(3, "look", "bob")])

    assert texts(archive) == ["kept", "look"]
    assert b"zebra" not in gzip.decompress((folder / JANUARY).read_bytes())
    assert [path.name for path in folder.iterdir()] == [JANUARY]
    assert stat.S_IMODE((folder / JANUARY).stat().st_mode) == 0o600


def test_turns_of_the_bot_that_repeat_what_is_erased_go_too(archive: Archive) -> None:
    elsewhere = replace(answered(5, "K7 elsewhere", "bob"), conversation=conversation_at(THREAD))
    archive.add([said(1, "my code is K7"), said(2, "on Friday then")])
    archive.add([answered(3, "her code is K7", "bob"), answered(4, "on Friday", "bob"), said(6, "Friday suits", "bob")])
    archive.add([elsewhere])

    echoing = erase(archive, said(1, "my code is K7"), said(2, "on Friday then"))

    assert echoing == {(HERE, "re:3")}
    assert texts(archive) == ["on Friday", "Friday suits", "K7 elsewhere"]


def test_files_that_hold_nothing_of_it_are_not_written_anew(archive: Archive, folder: Path) -> None:
    archive.add([said(1, "hello", "bob")])
    before = (folder / JANUARY).stat()

    erase(archive, said(2, "zebra"))

    after = (folder / JANUARY).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_rewriting_that_died_is_made_again(archive: Archive, folder: Path) -> None:
    archive.add([said(1, "zebra"), said(2, "kept")])
    (folder / f"{JANUARY}.unfinished").write_bytes(b"half")

    erase(archive, said(1, "zebra"))

    assert texts(archive) == ["kept"]
    assert [path.name for path in folder.iterdir()] == [JANUARY]


def test_where_there_is_no_folder_there_is_nothing_to_read_or_erase(archive: Archive, folder: Path) -> None:
    assert texts(archive) == []
    assert archive.erase(frozenset({said(1, "x").key}), NOTHING, 0) == NOTHING
    assert not folder.exists()


def test_a_check_says_whether_it_can_be_written(archive: Archive, folder: Path) -> None:
    assert (archive.check().well, "made when" in archive.check().detail) == (True, True)
    folder.mkdir(parents=True)
    assert (archive.check().well, "writable" in archive.check().detail) == (True, True)
    folder.rmdir()
    folder.write_text("a file stands where the folder should be")
    assert not archive.check().well
    assert str(folder) in archive.check().cure


@pytest.mark.parametrize("name", ["circle", "circle/archive", "nothing"])
def test_a_folder_to_which_no_link_leads_is_named_with_the_cure(tmp_path: Path, name: str) -> None:
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "nothing").symlink_to("removed")
    archive = Archive(tmp_path / name, find_echo)
    finding = archive.check()
    assert (finding.well, str(tmp_path / name) in finding.detail) == (False, True)
    assert str(tmp_path / name.partition("/")[0]) in finding.cure
    with pytest.raises(StorageUnavailable, match=str(tmp_path)):
        archive.add([said(1, "hello")])


def test_what_cannot_be_reached_is_not_taken_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    archive = Archive(tmp_path / "circle", find_echo)
    for call in (lambda: texts(archive), lambda: erase(archive, said(1, "hello"))):
        with pytest.raises(StorageUnavailable, match=f"^{tmp_path / 'circle'}: Too many"):
            call()
