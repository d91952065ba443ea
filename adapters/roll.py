"""What a platform tells of its channels, put together: only what is new goes on, and nothing of it is lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Final

from errors import StorageError
from memory.ports import Channels, Only
from memory.types import Channel

log = logging.getLogger(__name__)

_AT_ONCE: Final = 500
"""Channels that are told of at once: each call is a transaction, behind which people wait."""

Key = tuple[str, str]


class Roll:
    """The channels of one platform as they were last told; it outlives connections.

    What could not be stored stays due. Who takes a message in has it settled first, so that nobody is answered by
    what a channel was before.
    """

    def __init__(self) -> None:
        self._last: dict[Key, Channel] = {}
        self._due: dict[Key, Channel] = {}
        self._turn = asyncio.Lock()

    def known(self, space: str, channel: str) -> Channel | None:
        """What was last told of a channel that is not gone."""
        return self._last.get((space, channel))

    async def tell(self, channels: Iterable[Channel], to: Channels) -> None:
        """Tell of channels, as far as that is news.

        Raises: StorageError.
        """
        for channel in channels:
            key = channel.space, channel.channel
            if self._last.get(key) != channel:
                self._last[key] = self._due[key] = channel
        await self.settle(to)

    async def tell_all(
        self, channels: Collection[Channel], to: Channels, only: Only, sparing: Collection[str] = ()
    ) -> None:
        """Tell of all the channels there are: those that are not among them are gone, be it since an earlier run.

        `sparing` are ids of which that does not follow, for they changed while the list was made.
        Raises: StorageError.
        """
        here = {channel.channel for channel in channels} | set(sparing)
        await self.strike([channel for channel in self._last.values() if channel.channel not in here], to, channels)
        await only(here)

    async def strike(self, gone: Collection[Channel], to: Channels, others: Collection[Channel] = ()) -> None:
        """Tell that channels are gone, or that nothing can be known of them any more, and of others what they are.

        Raises: StorageError.
        """
        try:
            await self.tell([*(replace(channel, open=False) for channel in gone), *others], to)
        finally:
            for channel in gone:
                self._last.pop((channel.space, channel.channel), None)

    async def try_settle(self, to: Channels) -> None:
        """Tell what is still due, if the disk lets it; a message is refused then too, and its author told."""
        try:
            await self.settle(to)
        except StorageError as error:
            log.warning("channels not stored", exc_info=error)  # they stay due

    async def settle(self, to: Channels) -> None:
        """Tell what is still due; in order, whoever asks for it.

        Raises: StorageError.
        """
        if not self._due:
            return
        async with self._turn:
            while self._due:
                told = dict(list(self._due.items())[:_AT_ONCE])
                await to(tuple(told.values()))
                self._due = {key: channel for key, channel in self._due.items() if told.get(key) is not channel}
