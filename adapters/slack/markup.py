"""Slack's markup both ways: what people write made readable, and what the model writes made unable to notify anyone.

The forms are those of https://docs.slack.dev/messaging/formatting-message-text: all markup stands in `<…>`, for Slack
escapes every `&`, `<` and `>` that a person typed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from adapters.text import ITSELF, command_at, display_name, gap, uncalled
from memory.types import Person

BLOCK_CHARACTERS: Final = 12_000
"""What the markdown blocks of one message may hold: https://docs.slack.dev/reference/block-kit/blocks/markdown-block."""

FALLBACK_BYTES: Final = 3_500
"""What `text` should not exceed: an edit with more than 4,000 bytes of UTF-8 is refused, whatever its blocks are.

So it was measured in https://github.com/openclaw/openclaw/pull/115027; the documentation counts characters. The rest is
for what Slack may count longer than it was sent.
"""

_MARK = re.compile(r"(?:(?<![ \t])(?P<before>[ \t]++))?<(?P<inner>[^<>\n]*+)>(?P<after>[ \t]*+)")
"""Blanks are looked at from their first one on alone: else a message of nothing but blanks takes seconds."""

_PERSON = re.compile(r"@(?P<id>[UW][A-Z0-9]{1,63})(?:\|(?P<name>.*))?")
_CHANNEL = re.compile(r"#(?P<id>[CGD][A-Z0-9]{1,63})(?:\|(?P<name>.*))?")
_SPECIAL = re.compile(r"!(?P<what>[^|]*)(?:\|(?P<label>.*))?")
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
_NOTIFIES = re.compile(r"<(?=@[UW]|!(?:channel|group|here|everyone|subteam))")
_MANY = re.compile(r"<!(?:channel|group|here|everyone|subteam\^)")
_WORD_JOINER = "\u2060"
"""Neither seen nor a space: between `<` and what follows, it leaves a text that looks the same and is no mention.

An entity would do the same in a paragraph, but be read as it stands within code.
"""

_CUT = "…"

GROWTH: Final = 4 / 3
"""How much longer `inert` can make a text at most: by one character after every three, where all is `<@U<@U<@U…`."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the ids in one text stand for: id → name on one line."""

    people: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)


class Ids(NamedTuple):
    """The ids in a text that have to be looked up, each once, in the order in which they first stand there."""

    people: tuple[str, ...]
    channels: tuple[str, ...]


class Readable(NamedTuple):
    """A text as a person sees it, and the people whom it names, each once, in their order."""

    text: str
    mentions: tuple[Person, ...]


def ids_in(content: str) -> Ids:
    """Find whom a text names, and which channels it does not name itself, to be looked up before `readable`."""
    people: dict[str, None] = {}
    channels: dict[str, None] = {}
    for mark in _MARK.finditer(content):
        if person := _PERSON.fullmatch(mark["inner"]):
            people[person["id"]] = None
        elif (channel := _CHANNEL.fullmatch(mark["inner"])) and not channel["name"]:
            channels[channel["id"]] = None
    return Ids(tuple(people), tuple(channels))


def readable(content: str, names: Names, own: AbstractSet[str] = frozenset()) -> Readable:
    """Write names for ids and take out the mentions of `own`, the bot; links become their label and their address.

    A person whose name is not known is named by the id, and still stands in `mentions`. Behind what may be a
    command the bot stays as `ITSELF`.
    """
    mentions: dict[str, Person] = {}
    called_at = command_at(content)

    def show(mark: re.Match[str]) -> str:
        person = _PERSON.fullmatch(mark["inner"])
        if person and person["id"] in own:
            behind = called_at is not None and mark.start() > called_at
            return f"{mark['before'] or ''}{ITSELF}{mark['after']}" if behind else gap(content, *mark.span())
        before = mark["before"] or ""
        if person:
            given = display_name(unescape(person["name"] or ""))
            name = names.people.get(person["id"]) or given or person["id"]
            mentions[person["id"]] = Person(person["id"], name)
            return f"{before}@{name}{mark['after']}"
        return f"{before}{_spell(mark['inner'], names)}{mark['after']}"

    text = "".join(
        show(piece) if isinstance(piece, re.Match) else unescape(piece) for piece in _pieces(content)
    ).strip()
    start = _MARK.match(content.lstrip())
    called = _PERSON.fullmatch(start["inner"]) if start else None
    if called and called["id"] in own:
        text = uncalled(text)
    return Readable(text, tuple(mentions.values()))


def names_many(content: str) -> bool:
    """Whether a text calls a whole channel, everybody or a group."""
    return _MANY.search(content) is not None


def unescape(text: str) -> str:
    """Write the three characters that Slack escapes as they were typed."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def escape(text: str) -> str:
    """Write a text so that Slack shows it as it stands; nothing in it is markup any more."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def inert(text: str) -> str:
    """Write Markdown so that nothing in it notifies anyone: not `<!channel>`, a group, or a person; all else stays.

    At most `GROWTH` times as long as the text.
    """
    return _NOTIFIES.sub(f"<{_WORD_JOINER}", text)


def mrkdwn(text: str) -> str:
    """Write Markdown for where Slack takes no markdown block: escaped, with bold as Slack writes it."""
    return _BOLD.sub(r"*\1*", escape(text))


def fallback(text: str, most: int = FALLBACK_BYTES) -> str:
    """Write what notifications and old clients show of a message: escaped, cut where it has more bytes than `most`."""
    whole = escape(text).encode()
    if len(whole) <= most:
        return whole.decode()
    short = whole[: most - len(_CUT.encode())].decode(errors="ignore")
    return re.sub(r"&[a-z]*\Z", "", short) + _CUT


def _pieces(content: str) -> list[re.Match[str] | str]:
    pieces: list[re.Match[str] | str] = []
    end = 0
    for mark in _MARK.finditer(content):
        pieces += [content[end : mark.start()], mark]
        end = mark.end()
    return [*pieces, content[end:]]


def _spell(inner: str, names: Names) -> str:
    """Say what stands for a mark that names no person: https://docs.slack.dev/messaging/formatting-message-text."""
    if channel := _CHANNEL.fullmatch(inner):
        return f"#{unescape(channel['name'] or '') or names.channels.get(channel['id']) or channel['id']}"
    if special := _SPECIAL.fullmatch(inner):
        label = unescape(special["label"] or "")
        if special["what"] in {"here", "channel", "everyone"}:
            return f"@{special['what']}"
        if special["what"].startswith("subteam^"):
            return label or "@group"
        return label or f"<{unescape(inner)}>"
    address, bar, label = inner.partition("|")
    address, label = unescape(address), unescape(label)
    bare = re.sub(r"\A(?:https?://|mailto:|tel:)", "", address)
    if not bar or not label or label == address:
        return address if "://" in address or not bare else bare
    return label if label == bare else f"{label} ({address})"
