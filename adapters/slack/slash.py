"""Slash commands: taken in as the prefix form, answered to their user alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final

from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from adapters.slack.failures import FAILURES, SILENT, as_reply_error
from adapters.slack.inbound import Me, foreign
from adapters.slack.markup import Names, mrkdwn, readable
from adapters.slack.places import PLATFORM, Channel
from adapters.slack.wire import Json, id_at, text_at
from errors import PlatformUnreachable, ReplyImpossible
from memory.types import Inbound, Person, Place, Recent

_LIVE: Final = 512
"""Commands that are remembered, newest ones; an answer comes within seconds, and none can after half an hour."""


@dataclass(frozen=True, slots=True)
class Command:
    """One use of a slash command; `id` is Slack's own for it, `answer_to` the address that takes its answers."""

    id: str
    name: str
    words: str
    channel: str
    user: str
    team: str
    answer_to: str


def read_command(body: Json) -> Command | None:
    """Take a use of a command out of the body of a request; None where it is something else.

    https://docs.slack.dev/interactivity/implementing-slash-commands#app_command_handling.
    """
    name, its_id = text_at(body, "command"), id_at(body, "trigger_id")
    channel, user, answer_to = id_at(body, "channel_id"), id_at(body, "user_id"), text_at(body, "response_url")
    if not (name.startswith("/") and its_id and channel and user and answer_to):
        return None
    words = text_at(body, "text")
    return Command(its_id, name.removeprefix("/"), words, channel, user, id_at(body, "team_id"), answer_to)


def to_inbound(
    command: Command, channel: Channel, author: Person, names: Names, me: Me, now: datetime, *, guest: bool = False
) -> Inbound:
    """Turn a use of a command into an `Inbound`, its text being the prefix form.

    Slack offers no slash commands within threads, so its place is always a channel or a direct message itself.
    """
    said = readable(f"{me.prefix}{command.name} {command.words}".strip(), names, {me.user})
    return Inbound(
        place=Place(PLATFORM, me.team, command.channel),
        message_id=command.id,
        author=command.user,
        author_name=author.name,
        text=said.text,
        sent_at=now,
        addressed=True,
        visibility=channel.visibility,
        mentions=said.mentions,
        roles=foreign(command.team, me),
        private=True,
        shared=channel.shared,
        guest=guest,
        channel_name=channel.name,
        apart=channel.opens_threads,
    )


class Answers:
    """Where the slash commands that are being answered take their answers.

    An answer is for the command's user alone, so where its address is not known any more nothing is said at all.
    """

    def __init__(self) -> None:
        self._live = Recent[str, str](_LIVE)

    def keep(self, command: Command) -> None:
        """Remember a command, and forget the oldest of too many."""
        self._live[command.id] = command.answer_to

    async def post(self, web: AsyncWebClient, message_id: str, text: str, part: int) -> str:
        """Answer a command, in a text without blocks: that it may hold a markdown block is not documented.

        Slack gives it no id and no way to find it, so one whose receipt was lost may stand there twice.
        Raises: ReplyImpossible, also when the command's time has passed; PlatformUnreachable.
        """
        url = self._live.get(message_id)
        if url is None:
            raise ReplyImpossible("the slash command is not known any more")
        hook = AsyncWebhookClient(
            url, session=web.session, logger=SILENT, retry_handlers=[AsyncRateLimitErrorRetryHandler()]
        )
        try:
            response = await hook.send(
                text=mrkdwn(text), response_type="ephemeral", unfurl_links=False, unfurl_media=False
            )
        except FAILURES as exc:
            raise as_reply_error(exc) from exc
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise PlatformUnreachable(f"Slack answered {response.status_code}")
        if response.status_code != HTTPStatus.OK:
            raise ReplyImpossible(f"Slack answered {response.status_code}")
        return f"{message_id}.{part}"
