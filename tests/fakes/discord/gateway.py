"""The fake gateway: sessions that outlive their connections, and the websocket that serves them.

Source: https://discord.com/developers/docs/events/gateway (lifecycle, resuming, compression) and, for opcodes and close
codes, https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag

from aiohttp import WSMsgType, web

from tests.fakes.changes import Changes
from tests.fakes.discord.shapes import JsonObject, application_json, guild_create_json, member_json, user_json
from tests.fakes.discord.wire import items, mapping, number, text
from tests.fakes.discord.world import World

HEARTBEAT_INTERVAL_MS = 41_250
API_VERSION = 10
MAX_MEMBERS = 100


class Op(IntEnum):
    """Gateway opcodes."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    RESUME = 6
    RECONNECT = 7
    REQUEST_GUILD_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class CloseCode(IntEnum):
    """Why the gateway closes a connection."""

    DECODE_ERROR = 4002
    NOT_AUTHENTICATED = 4003
    AUTHENTICATION_FAILED = 4004
    ALREADY_AUTHENTICATED = 4005
    DISALLOWED_INTENTS = 4014


class Intent(IntFlag):
    """Which events a session gets."""

    NONE = 0
    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    DIRECT_MESSAGES = 1 << 12
    MESSAGE_CONTENT = 1 << 15


@dataclass(slots=True)
class Account:
    """What the developer portal holds: the bot's token and whether the message-content intent is switched on.

    The members and presences intents are off.
    """

    token: str
    message_content_allowed: bool = True
    gateway_url: str = ""


@dataclass(slots=True)
class Connections:
    """How many sessions were begun and how many were resumed."""

    identifies: int = 0
    resumes: int = 0


class Connection:
    """One websocket: what is to be sent waits in a queue, so that events can be sent without awaiting."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport | None, *, compress: bool) -> None:
        self.socket = socket
        self._transport = transport
        self._deflate = zlib.compressobj() if compress else None
        self._outgoing: asyncio.Queue[str | int] = asyncio.Queue()

    def send(self, op: Op, data: object) -> None:
        """Send a payload that is not an event."""
        self.send_raw(json.dumps({"op": int(op), "d": data, "s": None, "t": None}))

    def send_raw(self, payload: str) -> None:
        """Send a payload that is already text."""
        self._outgoing.put_nowait(payload)

    def close(self, code: int) -> None:
        """Close properly, after what is still to be sent."""
        self._outgoing.put_nowait(code)

    def cut(self) -> None:
        """Tear the connection without a word."""
        if self._transport is not None:
            self._transport.abort()

    async def write(self) -> None:
        """Send what waits, until the connection is closed; compressed as one zlib stream where that was asked for."""
        with contextlib.suppress(ConnectionError):
            while isinstance(payload := await self._outgoing.get(), str):
                if self._deflate is None:
                    await self.socket.send_str(payload)
                else:
                    packed = self._deflate.compress(payload.encode())
                    await self.socket.send_bytes(packed + self._deflate.flush(zlib.Z_SYNC_FLUSH))
            await self.socket.close(code=payload)


@dataclass(slots=True)
class Session:
    """What a client identified for, and every event since, so that it can be replayed."""

    id: str
    intents: Intent
    connection: Connection | None
    events: list[str] = field(default_factory=list)

    def emit(self, event: str, data: object) -> None:
        """Number an event, keep it, and send it where a connection stands."""
        sequence = len(self.events) + 1
        self.events.append(json.dumps({"op": int(Op.DISPATCH), "t": event, "s": sequence, "d": data}))
        if self.connection is not None:
            self.connection.send_raw(self.events[-1])


class Gateway:
    """All sessions of the bot; `refuse_resume` answers every RESUME with an invalid session.

    `ignores_closes` leaves a client that closes without the answer that the websocket protocol promises. `late` are the
    servers of which new sessions hear the id alone: those in an outage, and all for a moment. New connections hear
    nothing while `greets` is not set.
    """

    def __init__(self, world: World, account: Account, changes: Changes) -> None:
        self.connections = Connections()
        self.refuse_resume = False
        self.ignores_closes = False
        self.late: set[str] = set()
        self.greets = asyncio.Event()
        self.greets.set()
        self._world = world
        self._account = account
        self._changes = changes
        self._sessions: dict[str, Session] = {}

    @property
    def connected(self) -> bool:
        """Whether a session has a connection right now."""
        return any(session.connection is not None for session in self._sessions.values())

    def dispatch(self, event: str, render: Callable[[bool], JsonObject], intents: Intent = Intent.NONE) -> None:
        """Tell every session that has the intents; `render` is told whether the session reads message content."""
        for session in self._sessions.values():
            if intents in session.intents:
                session.emit(event, render(Intent.MESSAGE_CONTENT in session.intents))

    def send_event(self, event: str, data: object) -> None:
        """Tell every session of an event as it stands, whatever that is."""
        for session in self._sessions.values():
            session.emit(event, data)

    def send_raw(self, payload: str) -> None:
        """Send every connected client a payload as it stands, whatever that is."""
        for session in self._sessions.values():
            if session.connection is not None:
                session.connection.send_raw(payload)

    def drop(self, *, resumable: bool) -> None:
        """Cut every connection; what happens from now on waits for a RESUME, or is lost where `resumable` is false."""
        for session in self._sessions.values():
            if session.connection is not None:
                session.connection.cut()
                session.connection = None
        if not resumable:
            self._sessions.clear()

    def ask_reconnect(self) -> None:
        """Ask every client to connect again and resume, as Discord does when it moves a session."""
        for session in self._sessions.values():
            if session.connection is not None:
                session.connection.send(Op.RECONNECT, None)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one websocket from HELLO to its end.

        `zlib-stream` is spoken where the client asks for it; a client that asks for `zstd-stream` gets plain text,
        which discord.py understands (DiscordWebSocket.poll_event).
        """
        socket = web.WebSocketResponse(timeout=1.0, autoclose=not self.ignores_closes)
        await socket.prepare(request)
        compress = request.query.get("compress") == "zlib-stream"
        connection = Connection(socket, request.transport, compress=compress)
        writer = asyncio.create_task(connection.write())
        try:
            await self.greets.wait()
            connection.send(Op.HELLO, {"heartbeat_interval": HEARTBEAT_INTERVAL_MS})
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._receive(connection, message.data)
                    self._changes.mark()
            while self.ignores_closes and request.transport is not None:
                await asyncio.sleep(0.01)
        finally:
            writer.cancel()
            self._forget(connection)
            self._changes.mark()
        return socket

    def _receive(self, connection: Connection, raw: str) -> None:
        try:
            payload = mapping(json.loads(raw))
        except ValueError:
            connection.close(CloseCode.DECODE_ERROR)
            return
        op, data = number(payload, "op", -1), mapping(payload.get("d"))
        known = any(session.connection is connection for session in self._sessions.values())
        if op == Op.HEARTBEAT:
            connection.send(Op.HEARTBEAT_ACK, None)
        elif op in {Op.IDENTIFY, Op.RESUME} and known:
            connection.close(CloseCode.ALREADY_AUTHENTICATED)
        elif op in {Op.IDENTIFY, Op.RESUME} and text(data, "token") != self._account.token:
            connection.close(CloseCode.AUTHENTICATION_FAILED)
        elif op == Op.IDENTIFY:
            self._identify(connection, Intent(number(data, "intents")))
        elif op == Op.RESUME:
            self._resume(connection, text(data, "session_id"), number(data, "seq"))
        elif not known:
            connection.close(CloseCode.NOT_AUTHENTICATED)
        elif op == Op.REQUEST_GUILD_MEMBERS:
            self._tell_members(connection, data)

    def _tell_members(self, connection: Connection, asked: Mapping[str, object]) -> None:
        """Tell of members by their ids, which needs no intent; who is none is named as not found.

        Source: https://discord.com/developers/docs/events/gateway-events#request-guild-members, #guild-members-chunk.
        """
        guild = self._world.guilds[text(asked, "guild_id")]
        ids = [str(user) for user in items(asked.get("user_ids"))][:MAX_MEMBERS]
        chunk: JsonObject = {
            "guild_id": guild.id,
            "members": [
                member_json(guild.members[user], self._world.users[user]) for user in ids if user in guild.members
            ],
            "not_found": [user for user in ids if user not in guild.members],
            "chunk_index": 0,
            "chunk_count": 1,
            "nonce": text(asked, "nonce"),
        }
        for session in self._sessions.values():
            if session.connection is connection:
                session.emit("GUILD_MEMBERS_CHUNK", chunk)

    def _identify(self, connection: Connection, intents: Intent) -> None:
        switched_off = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES
        if not self._account.message_content_allowed:
            switched_off |= Intent.MESSAGE_CONTENT
        if intents & switched_off:
            connection.close(CloseCode.DISALLOWED_INTENTS)
            return
        self.connections.identifies += 1
        session = Session(uuid.uuid4().hex, intents, connection)
        self._sessions[session.id] = session
        application = application_json(self._world, message_content=self._account.message_content_allowed)
        ready: JsonObject = {
            "v": API_VERSION,
            "user": user_json(self._world.bot),
            "guilds": [{"id": guild.id, "unavailable": True} for guild in self._world.bot_guilds()],
            "session_id": session.id,
            "resume_gateway_url": self._account.gateway_url,
            "application": {"id": application["id"], "flags": application["flags"]},
            "private_channels": [],
        }
        session.emit("READY", ready)
        if Intent.GUILDS in intents:
            for guild in self._world.bot_guilds():
                if guild.id not in self.late:
                    session.emit("GUILD_CREATE", guild_create_json(self._world, guild))

    def _resume(self, connection: Connection, session_id: str, sequence: int) -> None:
        session = self._sessions.get(session_id)
        if self.refuse_resume or session is None or sequence > len(session.events):
            self._sessions.pop(session_id, None)
            connection.send(Op.INVALID_SESSION, data=False)
            return
        self.connections.resumes += 1
        session.connection = connection
        for payload in session.events[sequence:]:
            connection.send_raw(payload)
        session.emit("RESUMED", {})

    def _forget(self, connection: Connection) -> None:
        """Detach a connection that ended; a client that closes with 1000 or 1001 gives its session up."""
        for session in list(self._sessions.values()):
            if session.connection is connection:
                session.connection = None
                if connection.socket.close_code in {1000, 1001}:
                    del self._sessions[session.id]
