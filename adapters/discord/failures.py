"""What discord.py and the network under it raise, translated into the project's errors.

Only the status, Discord's own code and the error's type go on: Discord's words may quote what was sent.
"""

from __future__ import annotations

from typing import Final

import aiohttp
import discord

from errors import PlatformError, PlatformMisconfigured, PlatformUnreachable, ReplyImpossible

FAILURES: Final = (
    discord.DiscordException,
    aiohttp.ClientError,
    OSError,
    RuntimeError,
    ValueError,
    LookupError,
    TypeError,
)
"""What a call to Discord can end with.

A closed HTTP session is aiohttp's RuntimeError, a timeout is an OSError; what is not in the shape of Discord's answers,
such as the page of a proxy, ends in discord.py with one of the last three.
"""

_FATAL_CLOSES = frozenset({4004, 4010, 4011, 4012, 4013, 4014})
"""Bad token, shard, sharding required, API version, intents: https://discord.com/developers/docs/topics/opcodes-and-status-codes."""

_NO_HISTORY = 160002
_BLOCKED = frozenset({200000, 240000})
"""JSON error codes: https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes."""

_TOO_MANY = 429
_SERVER_ERROR = 500


CURE: Final = (
    "put the token of https://discord.com/developers/applications → Bot → Reset Token into .env as DISCORD_TOKEN"
)
"""What to do where Discord refuses the token."""

REACH: Final = "see that this machine reaches Discord, and that discord.api_url is right"
"""What to do where Discord cannot be reached."""


def as_connect_error(exc: Exception) -> PlatformError:
    """Say what a failed login or a broken connection asks for: other settings, or another try.

    Other settings only where Discord itself says so: a 403, 404 or 408 may be a proxy's, and gone in a minute. Of what
    nobody expects of a network, no cure is known.
    """
    match exc:
        case discord.LoginFailure() | discord.HTTPException(status=401):
            return PlatformMisconfigured("Discord refuses the token", CURE)
        case discord.PrivilegedIntentsRequired():
            return PlatformMisconfigured("Discord refuses the intents")
        case discord.ConnectionClosed(code=code) if code in _FATAL_CLOSES:
            return PlatformMisconfigured(f"Discord closed the gateway with {code}")
        case discord.HTTPException(status=status):
            return PlatformUnreachable(f"Discord answered {status}", REACH)
        case discord.DiscordException() | aiohttp.ClientError() | OSError():
            return PlatformUnreachable(f"Discord cannot be reached ({type(exc).__name__})", REACH)
        case _:
            return PlatformUnreachable(f"Discord cannot be reached ({type(exc).__name__})")


def as_read_error(exc: Exception) -> PlatformUnreachable | None:
    """Say whether to read something later, or that it is gone or not for this bot: then there is nothing to raise."""
    if isinstance(exc, discord.NotFound | discord.Forbidden):
        return None
    return PlatformUnreachable(as_connect_error(exc).detail)


def as_reply_error(exc: Exception) -> PlatformError:
    """Say what a failed post or edit asks for: to give this reply up, or another try.

    All that Discord refuses for good comes as a 4xx: the channel or message is gone (10003, 10008), the bot may not
    write there (50001, 50013), the thread is closed (50083, 160005).
    """
    if isinstance(exc, discord.HTTPException) and exc.status < _SERVER_ERROR and exc.status != _TOO_MANY:
        return ReplyImpossible(f"Discord answered {exc.status} with code {exc.code}")
    return as_connect_error(exc)


def is_without_history(exc: Exception) -> bool:
    """Whether a reply was refused only because it is one: it needs the right to read the channel's history."""
    return isinstance(exc, discord.HTTPException) and exc.code == _NO_HISTORY


def is_blocked(exc: Exception) -> bool:
    """Whether a text was refused by the server's automatic moderation, or by Discord for a link in it."""
    return isinstance(exc, discord.HTTPException) and exc.code in _BLOCKED
