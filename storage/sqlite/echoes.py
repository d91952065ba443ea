"""Searching what the bot has said for words that are forgotten, once for every text.

In a long conversation that takes a second. So it is done on a connection of its own first; when the same is looked for
again, in the transaction that forgets, only what was said meanwhile is left to look at.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator

from memory.ports import Echo

WORDS = (
    "CASE WHEN t.attachments IS NULL THEN t.text ELSE t.text || ' ' ||"
    " (SELECT group_concat(json_extract(file.value, '$[0]'), ' ') FROM json_each(t.attachments) file) END"
)
"""All words that `turns t` hold: what was said, and the names of the files that came with it."""


class Search:
    """Whether texts repeat what is forgotten in a conversation; what others keep is read once a text might."""

    def __init__(self, echo: Echo, forgotten: tuple[str, ...]) -> None:
        self._echo = echo
        self._forgotten = forgotten
        self._might = echo(forgotten, ())
        self._does: Callable[[str], bool] | None = None
        self._known: dict[str, bool] = {}

    def repeats(self, text: str, kept: Callable[[], Iterable[str]]) -> bool:
        """Whether a text does; `kept` gives the texts that other people keep there."""
        if text not in self._known:
            self._known[text] = self._might(text) and self._repeats(text, kept)
        return self._known[text]

    def _repeats(self, text: str, kept: Callable[[], Iterable[str]]) -> bool:
        if self._does is None:
            self._does = self._echo(self._forgotten, kept())
        return self._does(text)


class Echoes:
    """The searches of one forgetting."""

    def __init__(self, echo: Echo) -> None:
        self._echo = echo
        self._searches: dict[tuple[int, tuple[str, ...]], Search] = {}

    def of(self, conversation: int, forgotten: Iterable[str]) -> Search:
        """The search for these texts in a conversation, by its row."""
        key = conversation, tuple(forgotten)
        if key not in self._searches:
            self._searches[key] = Search(self._echo, key[1])
        return self._searches[key]


def words_of_people(db: sqlite3.Connection, conversation: int, without: set[int]) -> Iterator[str]:
    """What people said in a conversation, without some turns."""
    found = db.execute(f"SELECT t.id, {WORDS} FROM turns t WHERE conversation = ? AND role = 'user'", (conversation,))
    return (text for id_, text in found if id_ not in without)


def said_after(db: sqlite3.Connection, conversation: int, turn: int) -> list[tuple[int, str]]:
    """What the bot said in a conversation after a turn: ids and texts."""
    return db.execute(
        "SELECT id, text FROM turns WHERE conversation = ? AND role = 'assistant' AND id > ?", (conversation, turn)
    ).fetchall()
