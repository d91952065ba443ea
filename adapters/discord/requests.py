"""Requests to Discord run to their end, whatever becomes of who wanted them."""

from __future__ import annotations

import asyncio
from typing import Any

import discord


def run_to_the_end(http: discord.http.HTTPClient) -> None:
    """Let no request of a client be cancelled in its midst; a caller that is cancelled goes on without it.

    After a global rate limit discord.py 2.7 holds every request back until the one that met it has slept and tried
    again. When that one is cancelled as it sleeps, as a sign of typing is that the answer outruns, all of them wait for
    ever (`HTTPClient.request`, `_global_over`; seen in minutes of bad weather).
    """
    request = http.request
    running: set[asyncio.Task[Any]] = set()

    async def whole(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - discord.py's own signature
        task = asyncio.create_task(request(*args, **kwargs))
        running.add(task)
        task.add_done_callback(_retrieve)
        task.add_done_callback(running.discard)
        return await asyncio.shield(task)

    http.request = whole  # type: ignore[method-assign]  # every route goes through it, and Client makes its HTTPClient itself


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Look at how a request ended, for nobody else may."""
    if not task.cancelled():
        task.exception()
