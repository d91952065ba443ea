"""What Slack takes as a message: the limits of text, blocks and metadata. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tests.fakes.slack.wire import Arguments, SlackError, mapping, nested, text

MAX_TEXT = 40_000
"""A longer text is cut: https://docs.slack.dev/reference/methods/chat.postMessage, "Truncating content"."""

MAX_UPDATE_TEXT = 4_000
"""Bytes of UTF-8, escaped as they are; a longer text is refused by `chat.update`, whatever the blocks.

Source: runs against Slack, https://github.com/openclaw/openclaw/pull/115027 (4,000 bytes were taken, 4,002 were not)
and https://github.com/pymc-labs/daimon/pull/106 (with a markdown block); `chat.postMessage` took 11,800.
"""

MAX_MARKDOWN = 12_000
"""All markdown blocks of one message: https://docs.slack.dev/reference/block-kit/blocks/markdown-block.

Slack was seen to refuse from some 13,200 on, with msg_blocks_too_long: https://github.com/slackapi/bolt-js/issues/2509.
"""

MAX_SECTION = 3_000
"""The text of a section: https://docs.slack.dev/reference/block-kit/blocks/section-block."""

MAX_BLOCKS = 50
"""Blocks in a message: https://docs.slack.dev/reference/block-kit/blocks."""

MAX_METADATA = 8_000
"""The size of metadata as JSON; that there is one is documented with metadata_too_large, the number is from memory."""


def parse_blocks(args: Arguments, *, markdown: bool = True) -> tuple[object, ...] | None:
    """Read `blocks`; None where nothing is said. With `markdown` false a markdown block is not valid.

    Raises: SlackError invalid_blocks_format, invalid_blocks or msg_blocks_too_long.
    """
    found = nested(args, "blocks", "invalid_blocks_format")
    if found is None:
        return None
    if not isinstance(found, list):
        raise SlackError("invalid_blocks_format")
    if len(found) > MAX_BLOCKS or not all(_valid(block, markdown=markdown) for block in found):
        raise SlackError("invalid_blocks")
    if sum(len(text(block, "text")) for block in found if block.get("type") == "markdown") > MAX_MARKDOWN:
        raise SlackError("msg_blocks_too_long")
    return tuple(found)


def _valid(block: object, *, markdown: bool) -> bool:
    if not isinstance(block, Mapping) or not isinstance(block.get("type"), str):
        return False
    if block["type"] == "markdown":
        return markdown and isinstance(block.get("text"), str) and bool(block["text"])
    if block["type"] == "section" and "text" in block:
        return 0 < len(text(mapping(block["text"]), "text")) <= MAX_SECTION
    return True


def parse_metadata(args: Arguments) -> Mapping[str, object] | None:
    """Read `metadata`; None where nothing is said, an empty object takes it away.

    Source: https://docs.slack.dev/messaging/message-metadata. Raises: SlackError invalid_metadata_format or
    metadata_too_large.
    """
    found = nested(args, "metadata", "invalid_metadata_format")
    if found is None:
        return None
    if not isinstance(found, dict):
        raise SlackError("invalid_metadata_format")
    if found and not (isinstance(found.get("event_type"), str) and isinstance(found.get("event_payload"), dict)):
        raise SlackError("invalid_metadata_format")
    if len(json.dumps(found)) > MAX_METADATA:
        raise SlackError("metadata_too_large")
    return found
