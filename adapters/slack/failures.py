"""What slack-sdk and the network under it raise, translated into the project's errors.

Only the status and Slack's own code go on: the rest of a response may quote what was sent.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from adapters.slack.wire import as_map, id_at
from errors import EditRefused, PlatformError, PlatformMisconfigured, PlatformUnreachable, ReplyImpossible

FAILURES: Final = (SlackClientError, aiohttp.ClientError, OSError, RuntimeError, ValueError, AttributeError)
"""What a call to Slack can end with; a closed HTTP session is aiohttp's RuntimeError, a timeout is an OSError.

A response that is not what it says it is (bytes that are no UTF-8) ends with a ValueError, one whose JSON is no object
with slack-sdk's AttributeError.
"""

SILENT: Final = logging.getLogger("adapters.slack.sdk")
"""What slack-sdk and slack-bolt log to: nothing of it is shown.

They quote messages, and addresses with tickets in them; what matters of it is logged here, without those.
"""
SILENT.setLevel(logging.CRITICAL + 1)

_PASSING = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
    | {"team_added_to_org", "org_login_required", "external_channel_migrating", "update_failed"}
)
"""Codes that say nothing about the request: https://docs.slack.dev/reference/methods/auth.test#errors.

The last two are a channel that "cannot be updated at this time" and an "internal update failure":
https://docs.slack.dev/reference/methods/chat.update#errors.
"""

_TOKEN_REFUSED = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "not_allowed_token_type"}
    | {"user_removed_from_team", "team_disabled", "team_access_not_granted"}
)
"""Codes for a token that opens nothing: https://docs.slack.dev/reference/methods/auth.test#errors.

`user_removed_from_team` and `team_disabled` are those beside them on which Slack's own client gives up:
https://github.com/slackapi/node-slack-sdk/blob/main/packages/socket-mode/src/UnrecoverableSocketModeStartError.ts.
"""

_SETTINGS_WRONG = _TOKEN_REFUSED | {"missing_scope", "no_permission"}
"""Codes that other settings can mend; all others, known or not, say no more than that it did not work this time."""

_EDIT_REFUSED = frozenset({"edit_window_closed", "cant_update_message"})
"""Codes for a message that keeps its words: https://docs.slack.dev/reference/methods/chat.update#errors.

The first is for workspaces whose settings forbid edits, or forbid them after a while.
"""

_BLOCKS_REFUSED = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"})
"""Codes for blocks that Slack cannot render: https://docs.slack.dev/reference/methods/chat.postMessage#errors."""


_TEXT_REFUSED: Final = "msg_too_long"
"""Code for a `text` that is too long for an edit: https://docs.slack.dev/reference/methods/chat.update#errors."""


REACH: Final = "see that this machine reaches Slack, and that slack.api_url is right"
"""What to do where Slack cannot be reached."""


def code_of(exc: Exception) -> str:
    """Slack's own code for what went wrong, such as `channel_not_found`; empty where there is none."""
    if not isinstance(exc, SlackApiError):
        return ""
    return id_at(as_map(getattr(exc.response, "data", None)), "error")


def as_connect_error(exc: Exception, refused: str) -> PlatformError:
    """Say what a failed call asks for: other settings, or another try; `refused` names the token it was made with.

    Of what nobody expects of a network, no cure is known.
    """
    if isinstance(exc, SlackApiError):
        code = code_of(exc)
        if code in _SETTINGS_WRONG:
            return PlatformMisconfigured(f"Slack refuses {refused}: {code}")
        return PlatformUnreachable(f"Slack answered {_status_of(exc)} {code}".strip(), REACH)
    expected = isinstance(exc, SlackClientError | aiohttp.ClientError | OSError)
    return PlatformUnreachable(f"Slack cannot be reached ({type(exc).__name__})", REACH if expected else "")


def as_read_error(exc: Exception) -> PlatformUnreachable | None:
    """Say whether to read something later, or that Slack does not let this bot read it: then there is nothing to raise.

    Without a token that opens anything, nothing can be told of a place.
    """
    code = code_of(exc)
    if code and code not in _PASSING | _TOKEN_REFUSED:
        return None
    return PlatformUnreachable(f"Slack answered {code}" if code else type(exc).__name__)


def as_reply_error(exc: Exception) -> PlatformError:
    """Say what a failed post or edit asks for: to give this reply up, or another try.

    All that Slack refuses for good comes with a code: the parent or the message is gone (`thread_not_found`,
    `message_not_found`), the channel is archived or the bot is not in it (`is_archived`, `not_in_channel`).
    """
    code = code_of(exc)
    if code in _EDIT_REFUSED:
        return EditRefused(f"Slack answered {code}")
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


def is_refusal_of_text(exc: Exception) -> bool:
    """Whether Slack took no offence but at the length of `text`, which blocks make a mere notification."""
    return code_of(exc) == _TEXT_REFUSED


def _status_of(exc: SlackApiError) -> int:
    status = getattr(exc.response, "status_code", None) or getattr(exc.response, "status", None)
    return status if isinstance(status, int) else 0
