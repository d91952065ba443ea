"""An answer's Markdown as the blocks that Slack shows; nothing in them notifies anyone."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from adapters.slack.failures import FAILURES, code_of, is_refusal_of_blocks, is_refusal_of_text
from adapters.slack.markup import fallback, inert, mrkdwn
from adapters.slack.places import PLATFORM
from adapters.text import split

log = logging.getLogger(__name__)

_SECTION: Final = 600
"""Characters of a text that surely fit a section, which holds 3,000: escaped, each can become five (`&amp;`)."""

_FEW_BYTES: Final = 500
"""A notification that is short however Slack counts."""

Block = dict[str, object]
Sent = TypeVar("Sent")


def blocks_of(text: str) -> list[Block]:
    """Write Markdown as a block that Slack renders, and in which nothing notifies."""
    return [{"type": "markdown", "text": inert(text)}]


def plain_blocks_of(text: str) -> list[Block]:
    """Write Markdown as sections, for what Slack does not take as a markdown block; nothing notifies in them either."""
    return [{"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn(piece)}} for piece in split(text, _SECTION)]


async def send_in_blocks(text: str, send: Callable[[str, list[Block]], Awaitable[Sent]]) -> Sent:
    """Send a text as a markdown block, with what notifications show of it: `send` takes this first, then the blocks.

    Where Slack refuses the block it is sent as sections, and with a short notification where that is too long: an
    answer is worth more than its look.
    Raises: what `send` raises.
    """
    notification, blocks = fallback(text), blocks_of(text)
    try:
        return await send(notification, blocks)
    except FAILURES as exc:
        if is_refusal_of_text(exc):
            notification = fallback(text, _FEW_BYTES)
        elif is_refusal_of_blocks(exc):
            blocks = plain_blocks_of(text)
        else:
            raise
        log.info("form refused", extra={"platform": PLATFORM, "error": code_of(exc)})
    return await send(notification, blocks)
