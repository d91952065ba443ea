"""The archive: what expires, in one file a month, `YYYY-MM.jsonl.gz`, a JSON object a line.

What is added is a gzip member of its own (RFC 1952, 2.2: members simply follow one another), on disk before its rows
go. A death in between leaves a member that is added once more, or half of one: what comes twice is read once, half a
member is cut off before the next is added. What is forgotten is taken out by writing a file anew beside it and putting
it in its place in one step.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from errors import StorageUnavailable
from memory.ports import Echo
from memory.types import Attachment, Conversation, Finding, Quote, Role, Turn, Visibility

MEMBER_LINES = 500
"""Lines of a member, which is held in memory as a whole."""

OWNER_ONLY = 0o600

_NAME = re.compile(r"(\d{4})-(\d{2})\.jsonl\.gz")
_GZIP = 16 + zlib.MAX_WBITS  # zlib.h, inflateInit2: add 16 to decode the gzip format alone
_CHUNK = 1 << 16

Key = tuple[Conversation, str]
"""What an original goes by: its conversation and its message's id."""


@dataclass(frozen=True, slots=True)
class Original:
    """A turn as it was when it expired; `answers` is the author whom one of the bot answers."""

    conversation: Conversation
    turn: Turn
    answers: str
    visibility: Visibility

    @property
    def key(self) -> Key:
        """What it goes by."""
        return self.conversation, self.turn.message_id

    @property
    def month(self) -> int:
        """The month of its file, of when it was sent in UTC: 202611."""
        return self.turn.sent_at.year * 100 + self.turn.sent_at.month


class Archive:
    """The files in one folder; `echo` finds what of the bot repeats what is forgotten of them.

    Every method raises StorageUnavailable where a file cannot be read or written, or is damaged; what it changes is
    then as before. None is called while another runs.
    """

    def __init__(self, folder: Path, echo: Echo) -> None:
        self._folder = folder
        self._echo = echo
        self._whole: set[Path] = set()

    def check(self) -> Finding:
        """What `bot.py check` says about the folder, which is made when the first message expires."""
        there = next(place for place in (self._folder, *self._folder.absolute().parents) if os.path.lexists(place))
        well = os.access(there, os.W_OK | os.X_OK) and there.is_dir()
        detail = f"{self._folder}: {'writable' if there == self._folder else 'made when the first message expires'}"
        if well:
            try:
                for _ in self.read():
                    pass
            except StorageUnavailable as exc:
                return Finding("archive", False, exc.detail, exc.cure)
            return Finding("archive", True, detail)
        cure = f"let the bot write into {there}, or name another folder in memory.archive_dir"
        return Finding("archive", False, f"{self._folder}: nothing can be written there, so nothing would expire", cure)

    def add(self, originals: Iterable[Original]) -> None:
        """Add originals to the files of their months; they are on disk when it returns."""
        months: dict[int, list[Original]] = {}
        for original in originals:
            months.setdefault(original.month, []).append(original)
        with _translated(self._folder):
            if not self._folder.is_dir():
                self._folder.mkdir(mode=0o700, parents=True)
            for month, of_month in months.items():
                self._append(self._path(month), of_month)
            _sync(self._folder)

    def _append(self, path: Path, originals: Iterable[Original]) -> None:
        with _translated(path):
            if path not in self._whole:
                _cut_half_a_member(path)
            self._whole.discard(path)
            _write(path, os.O_APPEND, [_pack(originals)])
            self._whole.add(path)

    def read(self, since: int = 0) -> Iterator[Original]:
        """All originals of the months from one on, each once, in the order of the files."""
        for path in self._paths(since):
            yield from self._originals(path)

    def erase(
        self, gone: frozenset[Key], unquoted: frozenset[Key], since: int, repeated: frozenset[Key] = frozenset()
    ) -> frozenset[Key]:
        """Take originals out of the files, quotations out of others, and return which turns of the bot repeated them.

        Those are gone too. `since` is the month of the first of them; of the bot's own that go, only what repeats those
        `repeated` is looked for.
        """
        echoing = self._find_echoes(gone, unquoted, since, repeated)
        with _translated(self._folder):
            for path in self._paths(since):
                self._rewrite(path, gone | echoing, unquoted)
            if self._folder.is_dir():
                _sync(self._folder)
        return echoing

    def _find_echoes(
        self, gone: frozenset[Key], unquoted: frozenset[Key], since: int, repeated: frozenset[Key]
    ) -> frozenset[Key]:
        """The turns of the bot that repeat, in their own conversation, what is gone and nobody else said there."""
        forgotten: dict[Conversation, list[str]] = {}
        for original in self.read(since):
            words = forgotten.setdefault(original.conversation, [])
            if original.key in repeated or (original.key in gone and original.turn.role is Role.USER):
                words.append(original.turn.text)
            elif original.key in unquoted and original.turn.quote:
                words.append(original.turn.quote.text)
        might = {conversation: self._echo(words, ()) for conversation, words in forgotten.items() if words}
        suspects = {
            original.key: original.turn.text
            for original in self.read(since)
            if original.turn.role is Role.ASSISTANT
            and original.conversation in might
            and original.key not in gone
            and might[original.conversation](original.turn.text)
        }
        kept: dict[Conversation, list[str]] = {conversation: [] for conversation, _ in suspects}
        for original in self.read(since) if kept else ():
            if original.conversation in kept and original.turn.role is Role.USER and original.key not in gone:
                kept[original.conversation].append(original.turn.text)
        repeats = {where: self._echo(forgotten[where], texts) for where, texts in kept.items()}
        return frozenset(key for key, text in suspects.items() if repeats[key[0]](text))

    def _rewrite(self, path: Path, gone: frozenset[Key], unquoted: frozenset[Key]) -> None:
        """Write a file anew, if it holds any of that."""
        if not any(original.key in gone or original.key in unquoted for original in self._originals(path)):
            return

        def left() -> Iterator[Original]:
            for original in self._originals(path):
                if original.key in unquoted:
                    yield replace(original, turn=replace(original.turn, quote=None))
                elif original.key not in gone:
                    yield original

        unfinished = path.with_name(path.name + ".unfinished")
        unfinished.unlink(missing_ok=True)
        _write(unfinished, os.O_EXCL, (_pack(some) for some in _by(MEMBER_LINES, left())))
        if unfinished.stat().st_size:
            unfinished.replace(path)
        else:
            path.unlink()
            unfinished.unlink()

    def _originals(self, path: Path) -> Iterator[Original]:
        seen: set[Key] = set()
        with _translated(path):
            for content, _ in _members(path):
                for line in content.splitlines():
                    original = _to_original(json.loads(line))
                    if original.key not in seen:
                        seen.add(original.key)
                        yield original

    def _path(self, month: int) -> Path:
        return self._folder / f"{month // 100:04}-{month % 100:02}.jsonl.gz"

    def _paths(self, since: int) -> list[Path]:
        with _translated(self._folder):
            try:
                found = sorted(path for path in self._folder.iterdir() if _NAME.fullmatch(path.name))
            except (FileNotFoundError, NotADirectoryError):
                return []
        return [path for path in found if int(path.name[:4] + path.name[5:7]) >= since]


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        cure = "see that its disk is sound and has room, and that the bot may read and write it"
        raise StorageUnavailable(f"{exc.filename or path}: {exc.strerror}", cure) from exc
    except (zlib.error, ValueError, KeyError, TypeError, AttributeError) as exc:  # which may quote what stands there
        raise StorageUnavailable(f"{path}: the archive is damaged ({type(exc).__name__})", "move it away") from None


def _members(path: Path) -> Iterator[tuple[bytes, int]]:
    """The members of a file, unpacked, each with where it ends; half a member at the end is passed over."""
    end = 0
    with path.open("rb") as file:
        rest = file.read(_CHUNK)
        while rest:
            unpacker, content = zlib.decompressobj(_GZIP), bytearray()
            while not unpacker.eof:
                content += unpacker.decompress(rest)
                end += len(rest) - len(unpacker.unused_data)
                rest = unpacker.unused_data if unpacker.eof else file.read(_CHUNK)
                if not rest and not unpacker.eof:
                    return
            yield bytes(content), end
            rest = rest or file.read(_CHUNK)


def _cut_half_a_member(path: Path) -> None:
    if path.exists():
        whole = max((end for _, end in _members(path)), default=0)
        if whole < path.stat().st_size:
            os.truncate(path, whole)


def _pack(originals: Iterable[Original]) -> bytes:
    lines = (json.dumps(_from_original(original), ensure_ascii=False) for original in originals)
    return gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)


def _write(path: Path, flags: int, members: Iterable[bytes]) -> None:
    """Write members to a file that its owner alone can read, and wait until they are on disk."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | flags, OWNER_ONLY), "wb") as file:
        file.writelines(members)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Wait until the names in a folder are on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _by(number: int, originals: Iterator[Original]) -> Iterator[list[Original]]:
    """Originals, so many at a time."""
    some: list[Original] = []
    for original in originals:
        some.append(original)
        if len(some) == number:
            yield some
            some = []
    if some:
        yield some


def _from_original(original: Original) -> dict[str, object]:
    where, turn = original.conversation, original.turn
    return {
        "platform": where.platform,
        "space": where.space,
        "channel": where.channel,
        "thread": where.thread,
        "user": where.user,
        "message_id": turn.message_id,
        "role": turn.role.value,
        "author": turn.author,
        "author_name": turn.author_name,
        "answers": original.answers,
        "text": turn.text,
        "tokens": turn.tokens,
        "sent_at": turn.sent_at.isoformat(),
        "visibility": original.visibility.value,
        "attachments": [[each.name, each.kind, each.size] for each in turn.attachments],
        "quote": _from_quote(turn.quote),
    }


def _from_quote(quote: Quote | None) -> dict[str, str] | None:
    if quote is None:
        return None
    return {
        "message_id": quote.message_id,
        "author": quote.author,
        "author_name": quote.author_name,
        "text": quote.text,
        "sent_at": quote.sent_at.isoformat(),
    }


def _to_original(found: dict[str, Any]) -> Original:  # what JSON gives; every field is our own
    quote = found["quote"]
    where = Conversation(found["platform"], found["space"], found["channel"], found["thread"], found["user"])
    turn = Turn(
        0,
        Role(found["role"]),
        found["author"],
        found["author_name"],
        found["text"],
        found["tokens"],
        datetime.fromisoformat(found["sent_at"]),
        found["message_id"],
        tuple(Attachment(*each) for each in found["attachments"]),
        Quote(**{**quote, "sent_at": datetime.fromisoformat(quote["sent_at"])}) if quote else None,
    )
    return Original(where, turn, found["answers"], Visibility(found["visibility"]))
