"""What slack-sdk and the network under it raise, translated into the project's errors.

Only the status and Slack's own code go on: the rest of a response may quote what was sent.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from adapters.slack.wire import as_map, text_at
from errors import PlatformError, PlatformMisconfigured, PlatformUnreachable, ReplyImpossible

FAILURES: Final = (SlackClientError, aiohttp.ClientError, OSError, RuntimeError, ValueError)
"""What a call to Slack can end with; a closed HTTP session is aiohttp's RuntimeError, a timeout is an OSError.

A response that is not what it says it is (bytes that are no UTF-8) ends with a ValueError.
"""

SILENT: Final = logging.getLogger("adapters.slack.sdk")
"""What slack-sdk and slack-bolt log to: nothing of it is shown.

They quote messages, and addresses with tickets in them; what matters of it is logged here, without those.
"""
SILENT.setLevel(logging.CRITICAL + 1)

_PASSING = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
    | {"team_added_to_org", "org_login_required"}
)
"""Codes that say nothing about the request: https://docs.slack.dev/reference/methods/auth.test#errors."""

_BLOCKS_REFUSED = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"})
"""Codes for blocks that Slack cannot render: https://docs.slack.dev/reference/methods/chat.postMessage#errors."""


def code_of(exc: Exception) -> str:
    """Slack's own code for what went wrong, such as `channel_not_found`; empty where there is none."""
    if not isinstance(exc, SlackApiError):
        return ""
    return text_at(as_map(getattr(exc.response, "data", None)), "error")


def as_connect_error(exc: Exception, refused: str) -> PlatformError:
    """Say what a failed call asks for: other settings, or another try; `refused` names the token it was made with."""
    if isinstance(exc, SlackApiError):
        code, status = code_of(exc), _status_of(exc)
        if code and code not in _PASSING:
            return PlatformMisconfigured(f"Slack refuses {refused}: {code}")
        return PlatformUnreachable(f"Slack answered {status} {code}".strip())
    return PlatformUnreachable(type(exc).__name__)


def as_reply_error(exc: Exception) -> PlatformError:
    """Say what a failed post or edit asks for: to give this reply up, or another try.

    All that Slack refuses for good comes with a code: the parent or the message is gone (`thread_not_found`,
    `message_not_found`), the channel is archived or the bot is not in it (`is_archived`, `not_in_channel`).
    """
    code = code_of(exc)
    if code and code not in _PASSING:
        return ReplyImpossible(f"Slack answered {code}")
    return as_connect_error(exc, "the call")


def is_refusal(exc: Exception) -> bool:
    """Whether Slack certainly did nothing: it answered, and its answer is no."""
    code = code_of(exc)
    limited = isinstance(exc, SlackApiError) and _status_of(exc) == HTTPStatus.TOO_MANY_REQUESTS
    return limited or (bool(code) and code not in _PASSING) or isinstance(exc, aiohttp.ClientConnectorError)


def is_refusal_of_blocks(exc: Exception) -> bool:
    """Whether Slack took no offence but at the blocks, so that the same words without them may stand."""
    return code_of(exc) in _BLOCKS_REFUSED


def _status_of(exc: SlackApiError) -> int:
    status = getattr(exc.response, "status_code", None) or getattr(exc.response, "status", None)
    return status if isinstance(status, int) else 0
