"""What Slack shows of a message beside its text: blocks and attachments, read as text in Slack's own markup; pure.

The forms are those of https://docs.slack.dev/reference/block-kit/blocks. They are read as deep as Slack nests them and
no deeper, a bounded number of them, so nothing here follows a payload wherever it leads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from adapters.slack.markup import escape, unescape
from adapters.slack.wire import Json, as_map, flag_at, id_at, map_at, maps_at, number_at, text_at

_LISTED: Final = 100
"""Things in one list that are looked at: Slack takes 50 blocks, and tables of 100 rows and 20 columns."""

_CHARACTERS: Final = 20_000
"""Characters that are read at most."""

_DEEPEST: Final = 8
"""How far a list is indented at most: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block."""

_NO_WORDS: Final = frozenset({"[no preview available]", "This content can't be displayed."})
"""What Slack writes where an app wrote nothing to be shown instead of blocks.

https://github.com/slackapi/slack-skills-plugin/issues/126, https://github.com/guidone/node-red-contrib-chatbot/issues/561.
"""

_PREVIEW: Final = ("from_url", "original_url", "app_unfurl_url", "is_msg_unfurl", "is_app_unfurl")
"""What an attachment has that was made of a link: https://docs.slack.dev/messaging/unfurling-links-in-messages."""

_TABLES: Final = frozenset({"table", "data_table"})
_MANY: Final = frozenset({"here", "channel", "everyone"})

_WORD = re.compile(r"\w+")
_LABEL = re.compile(r"\|[^<>|]*>")
_TORN = re.compile(r"(?:<[^<>]*|&[a-z]*)\Z")


def shared_in(message: Json) -> list[Json]:
    """What somebody shares with a message, each as Slack attaches it; what it unfolds of a link is not shared.

    Slack documents neither. Of another message both are `is_msg_unfurl`, and only what was handed on is `is_share`:
    https://github.com/MercuryTechnologies/slack-web/blob/master/tests/golden/SlackWebhookEvent/share_with_message.json.
    """
    return [attachment for attachment in _attachments(message) if flag_at(attachment, "is_share")]


def words_shared(shared: Json) -> str:
    """The words of a message that somebody shares, from its text and the copy of its blocks."""
    blocks = _blocks(shared) or _lines(
        _blocks(map_at(whole, "message")) for whole in maps_at(shared, "message_blocks")[:_LISTED]
    )
    return _cut(_both(text_at(shared, "text"), blocks))


def tables_in(message: Json) -> str:
    """The tables that a person put into a message, whose text does not hold them; a row is a line.

    What is pasted stands in an attachment: https://github.com/vercel/chat/issues/803.
    """
    holders = (message, *_own(message))
    tables = [block for holder in holders for block in _listed(holder, "blocks") if text_at(block, "type") in _TABLES]
    return _cut(_lines(map(_table, tables)))


def said_in(message: Json) -> str:
    """All that an app says with a message, in its text, its blocks and its attachments.

    Where there are blocks, the text is for notifications, and says the same, less, or something else:
    https://docs.slack.dev/reference/methods/chat.postMessage.
    """
    return _cut(_lines([_both(_words(text_at(message, "text")), _blocks(message)), *map(_attached, _own(message))]))


def _attachments(message: Json) -> tuple[Json, ...]:
    return _listed(message, "attachments")


def _own(message: Json) -> list[Json]:
    """The attachments that are a part of what the author says: no preview of a link, and nothing that is shared."""
    return [each for each in _attachments(message) if not (flag_at(each, "is_share") or any(map(each.get, _PREVIEW)))]


def _attached(attachment: Json) -> str:
    """https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments."""
    above = [text_at(attachment, key) for key in ("pretext", "title", "text")]
    fields = [
        ": ".join(part for key in ("title", "value") if (part := text_at(field, key)))
        for field in _listed(attachment, "fields")
    ]
    return _lines([*above, *fields, _blocks(attachment)]) or _words(text_at(attachment, "fallback"))


def _blocks(holder: Json) -> str:
    return _lines(map(_block, _listed(holder, "blocks")))


def _block(block: Json) -> str:
    match text_at(block, "type"):
        case "rich_text":
            return _rich(block)
        case "table" | "data_table":
            return _table(block)
        case "context":
            return " ".join(words for element in _listed(block, "elements") if (words := _text(element)))
        case "markdown":
            return _plain(text_at(block, "text"))
        case _:
            return _lines([_text(map_at(block, "text")), *map(_text, _listed(block, "fields"))])


def _text(found: Json) -> str:
    """https://docs.slack.dev/reference/block-kit/composition-objects/text-object; nothing where it is none."""
    words = text_at(found, "text")
    return words if text_at(found, "type") == "mrkdwn" else _plain(words)


def _table(table: Json) -> str:
    rows = table.get("rows")
    found = [row[:_LISTED] for row in rows[:_LISTED] if isinstance(row, list)] if isinstance(rows, list) else []
    cells = [[_cell(as_map(cell)) for cell in row] for row in found]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells if any(row))


def _cell(cell: Json) -> str:
    """A cell on one line; of a number, the text beside it says how it is shown."""
    value = cell.get("value")
    number = str(value) if isinstance(value, int | float) else ""
    shown = _rich(cell) or _plain(text_at(cell, "text")) or number
    return " ".join(shown.split()).replace("|", r"\|")


def _rich(block: Json) -> str:
    """https://docs.slack.dev/reference/block-kit/blocks/rich-text-block."""
    return _lines(map(_part, _listed(block, "elements")))


def _part(part: Json) -> str:
    match text_at(part, "type"):
        case "rich_text_list":
            blanks = "  " * min(max(0, number_at(part, "indent")), _DEEPEST)
            ordered = text_at(part, "style") == "ordered"
            items = enumerate(_listed(part, "elements"), start=1)
            return _lines(f"{blanks}{f'{number}.' if ordered else '-'} {_run(item)}" for number, item in items)
        case "rich_text_preformatted":
            return f"```\n{_run(part)}\n```"
        case "rich_text_quote":
            return "\n".join(f"&gt; {line}" for line in _run(part).split("\n"))
        case _:
            return _run(part)


def _run(part: Json) -> str:
    return "".join(map(_inline, maps_at(part, "elements")))


def _inline(element: Json) -> str:
    match text_at(element, "type"):
        case "link":
            label, address = text_at(element, "text"), text_at(element, "url")
            return _plain(f"{label} ({address})" if label and label != address else address)
        case "user":
            return _mark("@", id_at(element, "user_id"))
        case "usergroup":
            return _mark("!subteam^", id_at(element, "usergroup_id"))
        case "channel":
            return _mark("#", id_at(element, "channel_id"))
        case "broadcast":
            range_ = text_at(element, "range")
            return _mark("!", range_ if range_ in _MANY else "")
        case "emoji":
            return _plain(f":{text_at(element, 'name')}:")
        case "text":
            return _plain(text_at(element, "text"))
        case _:
            return _plain(text_at(element, "fallback", "value"))


def _mark(sign: str, its_id: str) -> str:
    return f"<{sign}{its_id}>" if its_id else ""


def _plain(text: str) -> str:
    """Write a text that is shown as it stands as markup; whether Slack has escaped it there is not documented."""
    return escape(unescape(text))


def _words(text: str) -> str:
    return "" if text.strip() in _NO_WORDS else text


def _both(text: str, blocks: str) -> str:
    """A text and blocks, or one of them where it has every word of the other."""
    of_text, of_blocks = _vocabulary(text), _vocabulary(blocks)
    if of_blocks <= of_text:
        return text or blocks
    return blocks if of_text <= of_blocks else _lines([text, blocks])


def _vocabulary(text: str) -> set[str]:
    """The words of a text but for the labels of its marks, which blocks do not have."""
    return set(_WORD.findall(_LABEL.sub(">", text)))


def _lines(parts: Iterable[str]) -> str:
    return "\n".join(part for part in parts if part.strip())


def _listed(holder: Json, key: str) -> tuple[Json, ...]:
    return maps_at(holder, key)[:_LISTED]


def _cut(text: str) -> str:
    """Shorten what is too long, without tearing a mark apart."""
    return text if len(text) <= _CHARACTERS else f"{_TORN.sub('', text[: _CHARACTERS - 1])}…"
