"""What every chat platform shares: a streamed reply, built from `post` and `edit`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import datetime

from adapters.delivery import Limits, deliver
from memory.ports import Intake, Note
from memory.types import Delta, History, Inbound, Place

REMOVED = "…"
"""What stands in a part that is not needed any more, on a platform that cannot delete."""


class ChatPlatform(ABC):
    """A platform on which a message can be posted and later edited; `memory.ports.Platform` for the core."""

    name: str
    limits: Limits
    whispers: bool = False
    """See `memory.ports.Platform.whispers`."""

    @abstractmethod
    async def run(self, intake: Intake) -> None:
        """See `memory.ports.Platform.run`."""

    @property
    @abstractmethod
    def alive(self) -> bool:
        """See `memory.ports.Platform.alive`."""

    @abstractmethod
    async def places(self, since: datetime) -> Sequence[Place]:
        """See `memory.ports.Platform.places`."""

    @abstractmethod
    async def history(self, place: Place, since: datetime) -> History | None:
        """See `memory.ports.Platform.history`."""

    @abstractmethod
    async def before(self, inbound: Inbound, most: int) -> Sequence[Inbound]:
        """See `memory.ports.Platform.before`."""

    @abstractmethod
    async def announce(self, place: Place, text: str) -> None:
        """See `memory.ports.Platform.announce`."""

    @abstractmethod
    def link(self, place: Place, message_id: str) -> str:
        """See `memory.ports.Platform.link`."""

    @abstractmethod
    async def is_admin(self, user: str, place: Place) -> bool:
        """See `memory.ports.Platform.is_admin`."""

    @abstractmethod
    async def post(self, to: Inbound, text: str, part: int) -> str:
        """Post one part of a reply and return the platform's id of it; it can be found again by the message it answers.

        Raises: ReplyImpossible, PlatformUnreachable.
        """

    @abstractmethod
    async def edit(self, to: Inbound, message_id: str, text: str) -> None:
        """Give a posted part another text.

        Raises: EditRefused where it keeps the words it has, ReplyImpossible, PlatformUnreachable.
        """

    async def remove(self, to: Inbound, message_id: str) -> None:
        """Take away a posted part for which the answer has no more text; quietly, when it is gone already.

        Where a platform can delete, override this; here the part gets a sign instead of the text that is not true now.
        Raises: ReplyImpossible, PlatformUnreachable.
        """
        await self.edit(to, message_id, REMOVED)

    @abstractmethod
    def working(self, to: Inbound) -> AbstractAsyncContextManager[None]:
        """Show that an answer is being thought of, as long as the context lasts; never raises for that."""

    async def reply(self, to: Inbound, deltas: AsyncIterator[Delta], note: Note, posted: Sequence[str] = ()) -> None:
        """See `memory.ports.Platform.reply`."""
        async with AsyncExitStack() as thinking:
            await thinking.enter_async_context(self.working(to))

            # The sign goes before the first words come: one that is renewed behind them would outlast the answer.
            async def post(part: int, text: str) -> str:
                await thinking.aclose()
                return await self.post(to, text, part)

            async def edit(message_id: str, text: str) -> None:
                await thinking.aclose()
                await self.edit(to, message_id, text)

            async def remove(message_id: str) -> None:
                await self.remove(to, message_id)

            await deliver(deltas, post, edit, remove, limits=self.limits, note=note, posted=posted)
