"""What can be known of a Discord application before it is connected: who it is, what it may see, where it may write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import discord
import yarl

from adapters.discord.failures import CURE, FAILURES, REACH, as_connect_error
from adapters.text import display_name
from errors import PlatformError, PlatformMisconfigured, PlatformUnreachable
from memory.types import Finding

_NEEDED: Final = {
    "View Channels": discord.Permissions(view_channel=True),
    "Send Messages": discord.Permissions(send_messages=True),
    "Send Messages in Threads": discord.Permissions(send_messages_in_threads=True),
    "Read Message History": discord.Permissions(read_message_history=True),  # needed to answer a certain message
}
"""All that the bot uses on a server, under the names of Discord's settings."""

INTENT_ADVICE: Final = (
    "switch it on at https://discord.com/developers/applications → Bot → Message Content Intent, press Save Changes,"
    " and start me again"
)
_LOOK_UP_SECONDS = 20.0
_GUILDS_AT_ONCE = 200
"""https://discord.com/developers/docs/resources/user#get-current-user-guilds."""


@dataclass(frozen=True, slots=True)
class Application:
    """The application behind a token; `reads_content` says whether its message-content intent is on."""

    id: str
    bot_name: str
    reads_content: bool


@dataclass(frozen=True, slots=True)
class Server:
    """A server that the bot is in, and what it may do there as a whole; single channels may say otherwise."""

    name: str
    permissions: discord.Permissions


def prepare(api_url: str, gateway_url: str = "") -> None:
    """Set what discord.py keeps for the whole process: other addresses than Discord's, where they are given.

    Voice is not used, so nobody needs to read at every start which of its libraries are missing.
    """
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    if api_url:
        discord.http.Route.BASE = api_url.rstrip("/")
    if gateway_url:
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)


def invite_url(application_id: str) -> str:
    """Write the address at which an administrator adds the bot to a server, with what it uses and no more."""
    permissions = discord.Permissions.none()
    for needed in _NEEDED.values():
        permissions |= needed
    return discord.utils.oauth_url(application_id, permissions=permissions, scopes=("bot", "applications.commands"))


async def look_up(token: str, api_url: str = "") -> Application:
    """Ask Discord whose token this is.

    Raises: PlatformMisconfigured, PlatformUnreachable.
    """
    async with _logged_in(token, api_url) as client:
        return _application(client)


async def manifest(token: str, api_url: str = "") -> str:
    """Give the invite URL of the token's application.

    Raises: PlatformMisconfigured, PlatformUnreachable.
    """
    return invite_url((await look_up(token, api_url)).id)


async def check(token: str, api_url: str = "") -> list[Finding]:
    """Look at the token, the message-content intent and the permissions in every server; a fault is a finding."""
    try:
        async with _logged_in(token, api_url) as client:
            application = _application(client)
            servers = await _servers(client)
    except PlatformError as error:
        return [_failed(error)]
    return findings(application, servers)


def findings(application: Application, servers: Sequence[Server]) -> list[Finding]:
    """Judge what Discord tells of an application and the servers that its bot is in."""
    known = f"valid: {application.bot_name} (application {application.id})"
    return [
        Finding("Discord token", well=True, detail=known),
        _content_finding(application),
        *_server_findings(application, servers),
    ]


def _failed(error: PlatformError) -> Finding:
    if isinstance(error, PlatformMisconfigured):
        return Finding("Discord token", well=False, detail=error.detail, cure=error.cure or CURE)
    return Finding("Discord token", well=False, detail=error.detail, cure=f"{REACH}; then check again")


def _content_finding(application: Application) -> Finding:
    if application.reads_content:
        return Finding("Discord message content", well=True, detail="the intent is on")
    detail = "the intent is off: I read only messages that mention me, and direct messages"
    return Finding("Discord message content", well=False, detail=detail, cure=INTENT_ADVICE)


def _server_findings(application: Application, servers: Sequence[Server]) -> list[Finding]:
    url = invite_url(application.id)
    if not servers:
        return [Finding("Discord servers", well=False, detail="I am in no server yet", cure=f"invite me: {url}")]
    return [_server_finding(server, url) for server in servers]


def _server_finding(server: Server, url: str) -> Finding:
    subject, missing = f"Discord server {server.name}", _missing(server.permissions)
    if not missing:
        return Finding(subject, well=True, detail="all permissions are there")
    cure = f"give my role there what is missing, or invite me again: {url}"
    return Finding(subject, well=False, detail=f"missing: {', '.join(missing)}", cure=cure)


def _missing(permissions: discord.Permissions) -> list[str]:
    if permissions.administrator:
        return []
    return [name for name, needed in _NEEDED.items() if not needed.is_subset(permissions)]


def _application(client: discord.Client) -> Application:
    if client.application is None or client.user is None:
        raise PlatformUnreachable("Discord did not say whose token this is")
    flags = client.application.flags
    reads_content = flags.gateway_message_content or flags.gateway_message_content_limited
    return Application(str(client.application.id), display_name(client.user.name), reads_content)


async def _servers(client: discord.Client) -> list[Server]:
    """Read all servers of the bot; `Client.fetch_guilds` would leave the permissions out."""
    servers: list[Server] = []
    after: int | None = None
    while True:
        page = await client.http.get_guilds(_GUILDS_AT_ONCE, after=after, with_counts=False)
        servers += [
            Server(display_name(guild["name"]), discord.Permissions(int(guild.get("permissions", "0"))))
            for guild in page
        ]
        if len(page) < _GUILDS_AT_ONCE:
            return servers
        after = int(page[-1]["id"])


@asynccontextmanager
async def _logged_in(token: str, api_url: str) -> AsyncIterator[discord.Client]:
    """Log in without connecting to the gateway; also what is asked while logged in raises the errors named here.

    Raises: PlatformMisconfigured; PlatformUnreachable, also when Discord says nothing for a while.
    """
    if not token.isascii() or not token.isprintable():  # aiohttp would refuse to send it, with a bare ValueError
        raise PlatformMisconfigured("the token holds characters that no token has", CURE)
    prepare(api_url)
    client = discord.Client(intents=discord.Intents(guilds=True))
    try:
        async with asyncio.timeout(_LOOK_UP_SECONDS):
            await client.login(token)
            yield client
    except FAILURES as exc:
        raise as_connect_error(exc) from exc
    finally:
        await client.close()
