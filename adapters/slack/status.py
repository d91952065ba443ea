"""The sign under a thread that an answer is being thought of."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Final

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.failures import FAILURES, code_of, is_refusal
from adapters.slack.places import PLATFORM
from memory.types import Place

log = logging.getLogger(__name__)

THINKING: Final = "is thinking…"

_RENEW_SECONDS: Final = 100.0
"""Slack shows a status for two minutes: https://docs.slack.dev/reference/methods/assistant.threads.setStatus."""

_CLEAR_SECONDS: Final = 1.0
"""How long the end of a reply waits for its sign to be taken away."""


class Status:
    """Shows the sign, and knows where it may still be seen. Slack takes it away with the next post in the thread."""

    def __init__(self, web: AsyncWebClient) -> None:
        self._web = web
        self._mute: set[str] = set()
        self._shown: set[tuple[str, str]] = set()
        self._doubtful: set[tuple[str, str]] = set()

    async def show(self, place: Place, enough: asyncio.Event) -> None:
        """Show the sign in a thread until there is enough of that; where it is refused, it is not tried again.

        Never raises.
        """
        key = place.channel, place.thread
        while not enough.is_set() and place.channel not in self._mute:
            self._doubtful.add(key)  # until it is answered, it may come to stand there behind the next post
            try:
                await self._set(place, THINKING)
            except FAILURES as exc:
                if is_refusal(exc):
                    self._mute.add(place.channel)
                    self._doubtful.discard(key)
                log.info("no status", extra={"platform": PLATFORM, "error": code_of(exc) or type(exc).__name__})
                return
            self._doubtful.discard(key)
            self._shown.add(key)
            with suppress(TimeoutError):
                async with asyncio.timeout(_RENEW_SECONDS):
                    await enough.wait()

    def posted(self, place: Place) -> None:
        """Take note that the bot has posted in a thread."""
        self._shown.discard((place.channel, place.thread))

    async def clear(self, place: Place) -> None:
        """Take the sign away where it may still stand: no post has come after it. Never raises.

        An empty status does that: https://github.com/slack-go/slack/pull/1489.
        """
        key = place.channel, place.thread
        if key not in self._shown | self._doubtful:
            return
        self._shown.discard(key)
        self._doubtful.discard(key)
        with suppress(*FAILURES):
            async with asyncio.timeout(_CLEAR_SECONDS):
                await self._set(place, "")

    async def _set(self, place: Place, status: str) -> None:
        await self._web.assistant_threads_setStatus(channel_id=place.channel, thread_ts=place.thread, status=status)
