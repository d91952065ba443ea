"""A core that answers what it is told to: what the homes of the platforms share to try an adapter in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from adapters.base import ChatPlatform
from errors import PlatformError, StorageUnavailable
from memory.ports import Accept, Connected, Intake
from memory.types import Channel, CommandSpec, Delta, Inbound, Place, Visibility

NOBODY_THERE = "127.0.0.1:1"
"""An address at which nothing listens."""

FORGET = CommandSpec("forget", "Forgets what was said here.", "what to forget")

Script = Callable[[Inbound], AsyncIterator[Delta]]
"""Answers one message."""


async def ignore_amended(inbound: Inbound) -> None:
    """Take no notice of an edit."""
    del inbound


async def ignore_erased(place: Place, message_ids: Sequence[str]) -> None:
    """Take no notice of a deletion."""
    del place, message_ids


async def ignore_connected(*, missed: bool = True) -> None:
    """Take no notice of a connection."""
    del missed


async def ignore_only(channels: Collection[str]) -> None:
    """Take no notice of which channels there are."""
    del channels


async def ignore_channels(channels: Sequence[Channel]) -> None:
    """Take no notice of who can read what."""
    del channels


async def ignore_arrived(place: Place, visibility: Visibility) -> None:
    """Take no notice of being let in."""
    del place, visibility


async def ignore_removed(place: Place) -> None:
    """Take no notice of a place that is gone."""
    del place


def intake_of(accept: Accept, connected: Connected = ignore_connected) -> Intake:
    """What an adapter is handed, for tests that look at new messages alone."""
    return Intake(
        accept,
        ignore_amended,
        ignore_erased,
        connected,
        ignore_channels,
        ignore_only,
        ignore_arrived,
        ignore_removed,
    )


def _open() -> asyncio.Event:
    door = asyncio.Event()
    door.set()
    return door


AdapterT = TypeVar("AdapterT", bound=ChatPlatform)


def saying(text: str) -> Script:
    """Answer every message with the same words, all at once."""

    async def script(_: Inbound) -> AsyncIterator[Delta]:
        yield Delta(text)

    return script


HELLO = saying("Hello!")


@dataclass
class Core(Generic[AdapterT]):
    """A core that answers what is addressed once, and remembers what it heard, what it posted and what went wrong.

    As the real one it answers after it has accepted, aside. `before` is awaited with every message, before it is
    accepted. `channels` are as they were told last, by their ids, `tellings` all that was told; with `disk_full` none
    can be stored, and `refused` counts how often. Arrivals wait for the `door`.
    """

    adapter: AdapterT
    script: Script
    before: Callable[[Inbound], Awaitable[None]] | None = None
    heard: list[Inbound] = field(default_factory=list)
    noted: list[tuple[int, str]] = field(default_factory=list)
    failed: list[PlatformError] = field(default_factory=list)
    amended: list[Inbound] = field(default_factory=list)
    erased: list[tuple[Place, tuple[str, ...]]] = field(default_factory=list)
    removed: list[Place] = field(default_factory=list)
    channels: dict[str, Channel] = field(default_factory=dict)
    tellings: list[Channel] = field(default_factory=list)
    there: frozenset[str] = frozenset()
    arrivals: list[tuple[Place, Visibility]] = field(default_factory=list)
    disk_full: bool = False
    refused: int = 0
    door: asyncio.Event = field(default_factory=_open)
    deaf: bool = False
    connections: int = 0
    gaps: int = 0
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    _seen: set[tuple[str, str]] = field(default_factory=set)
    _replies: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        """Run the adapter until the block ends, which may be after the adapter has."""
        task = asyncio.create_task(self.adapter.run(self.intake))
        try:
            yield task
        finally:
            task.cancel()
            async with asyncio.timeout(10):  # it ends at once, whatever it waits for
                await asyncio.gather(task, return_exceptions=True)

    async def accept(self, inbound: Inbound) -> bool:
        """Remember a message, and begin to answer it if it is addressed and has not come before.

        Raises: StorageUnavailable where `disk_full` says so.
        """
        if self.disk_full:
            raise StorageUnavailable("the disk is full")
        self.heard.append(inbound)
        if self.before is not None:
            await self.before(inbound)
        key = inbound.place.channel, inbound.message_id
        if not inbound.addressed or self.deaf or key in self._seen:
            return False
        self._seen.add(key)
        task = asyncio.create_task(self.answer(inbound))
        self._replies.add(task)
        task.add_done_callback(self._replies.discard)
        return True

    async def answer(self, inbound: Inbound) -> None:
        """Answer a message; what goes wrong with that is kept in `failed`."""
        try:
            await self.adapter.reply(inbound, self.script(inbound), self.note)
        except PlatformError as error:
            self.failed.append(error)
        self.settled.set()

    @property
    def intake(self) -> Intake:
        """What the adapter is handed."""
        return Intake(
            self.accept,
            self.amend,
            self.erase,
            self.connected,
            self.told,
            self.only,
            self.arrived,
            self.remove,
        )

    async def amend(self, inbound: Inbound) -> None:
        """Remember a new version of a message."""
        self.amended.append(inbound)

    async def erase(self, place: Place, message_ids: Sequence[str]) -> None:
        """Remember what was deleted."""
        self.erased.append((place, tuple(message_ids)))

    async def remove(self, place: Place) -> None:
        """Remember which place is gone.

        Raises: StorageUnavailable where `disk_full` says so.
        """
        if self.disk_full:
            self.refused += 1
            raise StorageUnavailable("the disk is full")
        self.removed.append(place)

    async def only(self, channels: Collection[str]) -> None:
        """Remember which channels there are."""
        self.there = frozenset(channels)

    async def told(self, channels: Sequence[Channel]) -> None:
        """Remember who can read channels.

        Raises: StorageUnavailable where `disk_full` says so.
        """
        if self.disk_full:
            self.refused += 1
            raise StorageUnavailable("the disk is full")
        self.tellings += channels
        self.channels |= {channel.channel: channel for channel in channels}

    def is_open(self, channel: str) -> bool | None:
        """What was last told of a channel; None where nothing was."""
        return self.channels[channel].open if channel in self.channels else None

    async def arrived(self, place: Place, visibility: Visibility) -> None:
        """Remember where the bot was let in."""
        await self.door.wait()
        self.arrivals.append((place, visibility))

    async def connected(self, *, missed: bool = True) -> None:
        """See `memory.ports.Connected`."""
        self.connections += 1
        self.gaps += missed

    async def note(self, part: int, message_id: str) -> None:
        """See `memory.ports.Note`."""
        self.noted.append((part, message_id))

    async def answered(self) -> None:
        """Wait until a message has been answered, or could not be."""
        async with asyncio.timeout(10):
            await self.settled.wait()
