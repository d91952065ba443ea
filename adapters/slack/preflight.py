"""What can be known of a Slack app before it is connected: whose tokens these are, and what they may do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.failures import FAILURES, REACH, SILENT, as_connect_error
from adapters.slack.manifest import APP_SCOPE, EVENTS, SCOPES
from adapters.slack.wire import as_map, name_at, text_at
from errors import PlatformError, PlatformMisconfigured, PlatformUnreachable
from memory.types import Finding

_REQUEST_SECONDS: Final = 20.0
_PATIENCE: Final = 3
"""How often a call is made again that Slack puts off with 429, each time after the wait that it names."""

_APPS: Final = "https://api.slack.com/apps → your app"
BOT_ADVICE: Final = f"put the token of {_APPS} → OAuth & Permissions → Bot User OAuth Token into SLACK_BOT_TOKEN"
APP_ADVICE: Final = (
    f"put a token of {_APPS} → Basic Information → App-Level Tokens, with {APP_SCOPE}, into SLACK_APP_TOKEN, "
    "and see that Socket Mode is on"
)
EVENTS_AT: Final = f"{_APPS} → Event Subscriptions → Subscribe to bot events"
SCOPES_AT: Final = f"{_APPS} → OAuth & Permissions → Bot Token Scopes, then Reinstall to Workspace"


@dataclass(frozen=True, slots=True)
class Account:
    """The bot behind a token: ids of its workspace, its user and itself, their names, and the scopes granted to it.

    `url` is where people see the workspace, with a slash at its end.
    """

    team: str
    team_name: str
    user: str
    user_name: str
    bot: str
    enterprise: str = ""
    url: str = ""
    scopes: frozenset[str] = frozenset()


@asynccontextmanager
async def web_client(bot_token: str, api_url: str = "") -> AsyncIterator[AsyncWebClient]:
    """A client of the Web API that waits when Slack says so, and never makes a call again whose fate it does not know.

    Raises: PlatformMisconfigured for a token that cannot even be sent.
    """
    if not bot_token.isascii() or not bot_token.isprintable():
        raise PlatformMisconfigured("the bot token holds characters that no token has", BOT_ADVICE)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_REQUEST_SECONDS)) as session:
        yield AsyncWebClient(
            token=bot_token,
            base_url=api_url or AsyncWebClient.BASE_URL,
            session=session,
            logger=SILENT,
            retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=_PATIENCE)],
        )


async def look_up(web: AsyncWebClient) -> Account:
    """Ask Slack whose bot token this is.

    Raises: PlatformMisconfigured, PlatformUnreachable.
    """
    try:
        response = await web.auth_test()
    except FAILURES as exc:
        raise _advised(as_connect_error(exc, "the bot token"), BOT_ADVICE) from exc
    data = as_map(response.data)
    if not text_at(data, "bot_id"):
        raise PlatformMisconfigured("the bot token is a person's, not a bot's", BOT_ADVICE)
    granted = {name.casefold(): value for name, value in response.headers.items()}.get("x-oauth-scopes", "")
    return Account(
        team=text_at(data, "team_id"),
        team_name=name_at(data, "team"),
        user=text_at(data, "user_id"),
        user_name=name_at(data, "user"),
        bot=text_at(data, "bot_id"),
        enterprise=text_at(data, "enterprise_id"),
        url=text_at(data, "url"),
        scopes=frozenset(scope.strip() for scope in granted.split(",") if scope.strip()),
    )


async def open_socket(web: AsyncWebClient, app_token: str) -> str:
    """Get a fresh address for a Socket Mode connection; it is good once, for a while.

    Raises: PlatformMisconfigured, PlatformUnreachable.
    """
    if not app_token.isascii() or not app_token.isprintable():
        raise PlatformMisconfigured("the app token holds characters that no token has", APP_ADVICE)
    try:
        response = await web.apps_connections_open(app_token=app_token)
    except FAILURES as exc:
        raise _advised(as_connect_error(exc, "the app token"), APP_ADVICE) from exc
    url = text_at(as_map(response.data), "url")
    if not url:
        raise PlatformUnreachable("Slack gave no address to connect to")
    return url


async def check(bot_token: str, app_token: str, api_url: str = "") -> list[Finding]:
    """Look at both tokens and the granted scopes, and list the events to tick; a fault is a finding."""
    found: list[Finding] = []
    try:
        async with web_client(bot_token, api_url) as web:
            try:
                account = await look_up(web)
                known = f"valid: {account.user_name} in {account.team_name} ({account.team})"
                found += [Finding("Slack bot token", well=True, detail=known), _scopes_finding(account.scopes)]
            except PlatformError as error:
                found.append(_failed("Slack bot token", error))
            try:
                await open_socket(web, app_token)
                found.append(Finding("Slack app token", well=True, detail=f"valid, with {APP_SCOPE}"))
            except PlatformError as error:
                found.append(_failed("Slack app token", error))
    except PlatformError as error:
        found.append(_failed("Slack bot token", error))
    return [*found, _events_finding()]


def _advised(error: PlatformError, advice: str) -> PlatformError:
    """Add the cure to an error that other settings can mend."""
    return PlatformMisconfigured(error.detail, advice) if isinstance(error, PlatformMisconfigured) else error


def _failed(subject: str, error: PlatformError) -> Finding:
    cure = f"{REACH}; then check again" if isinstance(error, PlatformUnreachable) else error.cure
    return Finding(subject, well=False, detail=error.detail, cure=cure)


def missing_scopes(granted: frozenset[str]) -> list[str]:
    """The scopes that the bot uses and that were not granted to it."""
    return [scope for scope in SCOPES if scope not in granted]


def _scopes_finding(granted: frozenset[str]) -> Finding:
    missing = missing_scopes(granted)
    if not missing:
        return Finding("Slack scopes", well=True, detail="all that are used are granted")
    detail = "; ".join(f"{scope} is missing, to {SCOPES[scope]}" for scope in missing)
    return Finding("Slack scopes", well=False, detail=detail, cure=f"add them at {SCOPES_AT}")


def _events_finding() -> Finding:
    detail = f"no API shows them; see that these are ticked at {EVENTS_AT}: {', '.join(EVENTS)}"
    return Finding("Slack events", well=True, detail=detail)
