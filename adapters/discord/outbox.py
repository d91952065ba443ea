"""What the bot writes in channels: posts that are found again when it is not known if they stand there, and edits."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from typing import Final

import discord

from adapters.discord.failures import FAILURES, as_reply_error, is_blocked, is_without_history
from adapters.discord.places import DIRECT_SPACE
from errors import PlatformUnreachable
from memory.types import Inbound, Place, Recent

BLOCKED: Final = "My answer was not let through here."
"""What stands in place of a text that the server's automatic moderation does not let through."""

_KEPT: Final = 4096
"""Messages that are remembered as new, or as removed, newest ones."""

_LOOKED_AT: Final = 500
"""How far is looked for a post, in messages: it stands shortly behind the message that it answers."""

_NONCE: Final = 25
"""Characters of a nonce at most: https://discord.com/developers/docs/resources/message#create-message."""


class Outbox:
    """All that one bot posts; it outlives its connections, of which `client` is the one that stands.

    Every part of an answer is a reply to the message answered. By that it is found when a process died, or a response
    was lost, between a post and the note of it. Its nonce alone would not do: Discord forgets it after minutes.
    """

    def __init__(self) -> None:
        self.client: discord.Client | None = None
        self._new = Recent[str, None](_KEPT)
        self._removed = Recent[str, None](_KEPT)

    def begin(self, to: Inbound) -> None:
        """Note that no part of an answer to a message stands anywhere that is not known of."""
        self._new[to.message_id] = None

    def is_new(self, to: Inbound) -> bool:
        """Whether all parts of the answer to a message are known."""
        return to.message_id in self._new

    def not_removed(self, message_ids: Iterable[str]) -> list[str]:
        """Leave out the messages that the bot itself has taken away: nobody deleted those."""
        return [message_id for message_id in message_ids if message_id not in self._removed]

    async def standing(self, to: Inbound) -> list[str]:
        """Look for the answer to a message, and give the ids of its parts in their order.

        Where the bot may not read the history, and where the message answered was deleted before it was answered, no
        part refers to anything and none is found.
        Raises: ReplyImpossible, PlatformUnreachable.
        """
        channel, answered = self.channel(to.place), discord.Object(int(to.message_id))
        try:
            found = [
                str(message.id)
                async for message in channel.history(limit=_LOOKED_AT, after=answered, oldest_first=True)
                if self._answers(message, answered.id)
            ]
        except FAILURES as exc:
            raise as_reply_error(exc) from exc
        return found

    async def post(self, to: Inbound, text: str, part: int) -> str:
        """Post a part of an answer; one that may stand there already is looked for first, and given this text.

        Where the server's automatic moderation does not let the text through, a sentence that says so is posted.
        Raises: ReplyImpossible, PlatformUnreachable; after the latter the next try looks first.
        """
        if not self.is_new(to):
            found = await self.standing(to)
            if part < len(found):
                await self.edit(to.place, found[part], text)
                return found[part]
            self.begin(to)
        try:
            message = await self._send(to, text, part)
        except FAILURES as exc:
            error = as_reply_error(exc)
            if isinstance(error, PlatformUnreachable):
                self._doubt(to)
            elif is_blocked(exc):
                with suppress(*FAILURES):
                    await self._send(to, BLOCKED, part)
            raise error from exc
        except (PlatformUnreachable, asyncio.CancelledError):
            self._doubt(to)
            raise
        if message.content.strip() != text.strip():
            # Discord gave back what already stood there, under the same nonce.
            await self.edit(to.place, str(message.id), text)
        return str(message.id)

    async def announce(self, place: Place, text: str) -> None:
        """Post what answers nobody; its nonce is made of the words, so that Discord takes them once within minutes.

        Raises: ReplyImpossible, PlatformUnreachable.
        """
        nonce = sha256(f"{place} {text}".encode()).hexdigest()[:_NONCE]
        try:
            await self.channel(place).send(text, nonce=nonce, suppress_embeds=True)
        except FAILURES as exc:
            raise as_reply_error(exc) from exc

    async def edit(self, place: Place, message_id: str, text: str) -> None:
        """Give a post another text; what is not let through is replaced as in `post`. Previews of links stay off.

        Raises: ReplyImpossible, PlatformUnreachable.
        """
        message = self.channel(place).get_partial_message(int(message_id))
        try:
            await message.edit(content=text)
        except FAILURES as exc:
            if is_blocked(exc):
                with suppress(*FAILURES):
                    await message.edit(content=BLOCKED)
            raise as_reply_error(exc) from exc

    async def remove(self, place: Place, message_id: str) -> None:
        """Delete a post; quietly, when it is gone already.

        Raises: ReplyImpossible, PlatformUnreachable.
        """
        message = self.channel(place).get_partial_message(int(message_id))
        self._removed[message_id] = None  # before Discord tells of it
        try:
            await message.delete()
        except discord.NotFound:
            return
        except FAILURES as exc:
            error = as_reply_error(exc)
            if not isinstance(error, PlatformUnreachable):
                self._removed.pop(message_id, None)
            raise error from exc

    async def show_typing(self, place: Place, seconds: float) -> None:
        """Show that the bot is typing, again after each of so many seconds, until cancelled.

        Raises: what discord.py raises, PlatformUnreachable.
        """
        while True:
            await self.channel(place).typing()
            await asyncio.sleep(seconds)

    def channel(self, place: Place) -> discord.PartialMessageable:
        """Address a place without asking Discord for it.

        Raises: PlatformUnreachable while there is no connection.
        """
        if self.client is None:
            raise PlatformUnreachable("not connected")
        guild = None if place.space == DIRECT_SPACE else int(place.space)
        return self.client.get_partial_messageable(int(place.thread or place.channel), guild_id=guild)

    async def _send(self, to: Inbound, text: str, part: int) -> discord.Message:
        """Post a part as a reply, where the bot may reply.

        Raises: what discord.py raises, PlatformUnreachable.
        """
        channel, nonce = self.channel(to.place), f"{to.message_id}.{part}"
        answered = channel.get_partial_message(int(to.message_id)).to_reference(fail_if_not_exists=False)
        try:
            return await channel.send(text, nonce=nonce, suppress_embeds=True, reference=answered, mention_author=False)
        except discord.HTTPException as exc:
            if not is_without_history(exc):
                raise
        return await channel.send(text, nonce=nonce, suppress_embeds=True)

    def _answers(self, message: discord.Message, answered: int) -> bool:
        own = self.client is not None and self.client.user is not None and message.author.id == self.client.user.id
        return own and message.reference is not None and message.reference.message_id == answered

    def _doubt(self, to: Inbound) -> None:
        """Note that a part of the answer to a message may stand there unknown."""
        self._new.pop(to.message_id, None)
