"""A fake Slack with somebody in it, and a client for it: what the tests of the fake share."""

from __future__ import annotations

from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import FakeSlack


def client_of(fake: FakeSlack) -> AsyncWebClient:
    """A client that tries everything once."""
    return AsyncWebClient(fake.bot_token, base_url=fake.api_url, retry_handlers=[])


class Town:
    """A channel with one person in it."""

    def __init__(self, fake: FakeSlack) -> None:
        self.alice = fake.add_user("Alice", "Al")
        self.channel = fake.add_channel("general", members=[self.alice])
        self.bot = f"<@{fake.bot_user_id}>"
