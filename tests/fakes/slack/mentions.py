"""Whom a message notifies: pure.

Source: https://docs.slack.dev/messaging/formatting-message-text (`<@U…>`, `<!here>`, `<!channel>`, `<!everyone>`, and
that `&lt;` is how to write a `<` that is none of these). Inside a markdown block Slack reads the same tokens, and an
entity is shown, not read again: measured in https://github.com/PostHog/posthog/pull/95054.

What is not known, and therefore counted as notifying here: tokens inside code, tokens in the `text` of a message that
has blocks, and tokens that only an edit brought in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

USER = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")
BROADCAST = re.compile(r"<!(here|channel|everyone)(?:\|[^>]*)?>")
PLAIN = re.compile(r"(?<![\w<!])@(here|channel|everyone)\b")
TEXT_BLOCKS = frozenset({"markdown", "mrkdwn"})


@dataclass(frozen=True, slots=True)
class Pings:
    """The users and the broadcasts (`here`, `channel`, `everyone`) that a message notifies."""

    users: frozenset[str] = frozenset()
    broadcasts: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.users or self.broadcasts)


def find_pings(texts: Iterable[str], *, link_names: bool = False) -> Pings:
    """Read the mentions in some texts; with `link_names` a plain "@here" counts too.

    Source: `link_names` and `parse` in https://docs.slack.dev/reference/methods/chat.postMessage.
    """
    users: set[str] = set()
    broadcasts: set[str] = set()
    for text in texts:
        users.update(USER.findall(text))
        broadcasts.update(BROADCAST.findall(text))
        if link_names:
            broadcasts.update(PLAIN.findall(text))
    return Pings(frozenset(users), frozenset(broadcasts))


def mentions(text: str, user: str) -> bool:
    """Whether a text mentions a user."""
    return user in USER.findall(text)


def block_texts(blocks: object) -> Iterator[str]:
    """The texts in blocks whose mentions are read: markdown blocks and every `mrkdwn` text object, however deep."""
    if isinstance(blocks, list | tuple):
        for block in blocks:
            yield from block_texts(block)
    elif isinstance(blocks, Mapping):
        text = blocks.get("text")
        if blocks.get("type") in TEXT_BLOCKS and isinstance(text, str):
            yield text
        for value in blocks.values():
            if not isinstance(value, str):
                yield from block_texts(value)
