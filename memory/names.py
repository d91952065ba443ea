"""The names of people as they stand in prompts: on one line, and nobody's twice in a conversation.

A display name is whatever somebody chose. Two people may have the same one, by chance or so that one passes for the
other, be it for the bot; then the later one has a number behind it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import count
from unicodedata import normalize

from memory.types import Inbound, Role, Thread

COLONS = str.maketrans(":：", "  ")


@lru_cache(maxsize=1024)
def one_line(name: str) -> str:
    """A display name that cannot pass for anything but a name: without line breaks, colons and invisible controls.

    Of the invisible only the joiners stay, which emoji and some scripts are written with.
    """
    seen = (char for char in name if char.isprintable() or char.isspace() or char in "\u200c\u200d")
    return " ".join("".join(seen).translate(COLONS).split()) or "someone"


def name_speakers(said: Sequence[Inbound], thread: Thread, own: str) -> list[str]:
    """The names of those who said something, one a message: each is nobody else's in the thread, nor the bot's `own`.

    Others are known by their turns and facts that stand in the thread's prompts. Who has a number there keeps it.
    """
    known = {fact.user: fact.name for fact in (*thread.facts, *thread.learned)}
    known |= {turn.author: turn.author_name for turn in thread.turns if turn.role is Role.USER}
    names = []
    for inbound in said:
        others = {_key(name) for author, name in known.items() if author != inbound.author}
        known[inbound.author] = _free_name(inbound.author_name, known.get(inbound.author, ""), {_key(own), *others})
        names.append(known[inbound.author])
    return names


def _free_name(display_name: str, before: str, taken: Collection[str]) -> str:
    """The name itself, or with the lowest number that makes it nobody else's; as `before` where that is such a one."""
    name = one_line(display_name)
    if re.fullmatch(rf"{re.escape(name)}(?: \(\d+\))?", before) and _key(before) not in taken:
        return before
    numbered = (f"{name} ({number})" for number in count(2))
    return name if _key(name) not in taken else next(each for each in numbered if _key(each) not in taken)


@lru_cache(maxsize=1024)
def _key(name: str) -> str:
    """What is the same for names that look the same: in either case, and in full or half width."""
    return normalize("NFKC", one_line(name)).casefold()
