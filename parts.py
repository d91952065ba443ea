"""The parts of a running bot, made from its settings: platforms, model, archive, clock.

The libraries of Discord, Slack and OpenAI are imported where they are used: a terminal need not wait for them.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import config
from errors import Fault, SettingsError
from llm import tokens
from llm.offline import OfflineModel
from memory.commands import SPECS
from memory.forgetting import find_echo
from memory.ports import Count, Model, Platform
from memory.prompt import write_persona
from memory.types import Visibility
from storage import Archive

if TYPE_CHECKING:
    from adapters.terminal import Terminal
    from llm.client import OpenAIModel

PERSONA_SHARE, SYSTEM_SHARE = 0.4, 0.7
"""A persona, or one with what the system says beside it, that takes more of a prompt leaves too little for what people
say: of a prompt the model may count half as many tokens again."""


def make_platforms(settings: config.Settings) -> list[Platform]:
    """The platforms whose tokens are set."""
    platforms: list[Platform] = []
    if settings.tokens.discord:
        from adapters.discord import Discord

        platforms.append(
            Discord(
                token=settings.tokens.discord.get_secret_value(),
                prefix=settings.bot.prefix,
                commands=SPECS,
                api_url=settings.discord.api_url,
                gateway_url=settings.discord.gateway_url,
            )
        )
    if settings.tokens.slack_bot and settings.tokens.slack_app:
        from adapters.slack import Slack

        platforms.append(
            Slack(
                bot_token=settings.tokens.slack_bot.get_secret_value(),
                app_token=settings.tokens.slack_app.get_secret_value(),
                prefix=settings.bot.prefix,
                commands=SPECS,
                api_url=settings.slack.api_url,
            )
        )
    return platforms


def make_terminal(settings: config.Settings) -> Terminal:
    """The terminal; where the log is on a screen, it does not tell a person of what he is told in a sentence anyway.

    Raises: PlatformGone.
    """
    root = logging.getLogger()
    if sys.stderr and sys.stderr.isatty() and root.level > logging.DEBUG:
        root.setLevel(logging.ERROR)
    from adapters.terminal import Terminal

    return Terminal(bot_name=settings.bot.name, prefix=settings.bot.prefix)


@asynccontextmanager
async def make_model(settings: config.Settings) -> AsyncIterator[Model]:
    """The model that the settings name, or the offline one when they name none."""
    if settings.offline:
        yield OfflineModel(tokens.load_counter(), settings.bot.prefix)
        return
    model = make_client(settings)
    try:
        yield model
    finally:
        await model.aclose()


def make_archive(settings: config.Settings) -> Archive | None:
    """The archive that the settings name, if any."""
    return Archive(settings.archive, find_echo) if settings.archive else None


def make_client(settings: config.Settings) -> OpenAIModel:
    """The client of the configured endpoint."""
    from llm.client import OpenAIModel

    key = settings.tokens.openai
    return OpenAIModel(
        api_key=key.get_secret_value() if key else "",
        base_url=settings.model.base_url,
        name=settings.model.name,
        summary_name=settings.model.summary_name,
        fallbacks=settings.model.fallbacks,
        max_reply_tokens=settings.model.max_reply_tokens,
        timeout_seconds=settings.model.timeout_seconds,
        context_tokens=settings.model.context_tokens,
    )


def clock() -> datetime:
    """The time now, aware, in UTC."""
    return datetime.now(UTC)


def demand_room(settings: config.Settings, count: Count) -> None:
    """Make sure that a prompt has room for more than the persona, counted as the model will read it.

    Raises: SettingsError.
    """
    core = settings.core()
    persona, system = count(core.persona), write_persona(core, Visibility.PUBLIC, count).tokens
    most = int(min(core.max_tokens * PERSONA_SHARE, core.max_tokens * SYSTEM_SHARE - (system - persona)))
    if persona > most:
        taken = f"takes {persona} tokens of memory.max_tokens ({core.max_tokens})"
        what = f"{taken}; shorten it to {most}, or raise the latter"
        raise SettingsError(Fault(f"{settings.file}: bot.persona", what))
