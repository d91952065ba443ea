"""A Slack for tests, spoken to by the real slack-bolt and slack-sdk over loopback sockets.

    async with FakeSlack() as slack:
        alice = slack.add_user("Alice")
        channel = slack.add_channel("general", members=[alice])
        …                             # start the bot with slack.api_url, slack.bot_token and slack.app_token
        await slack.wait_for(lambda: slack.connected)
        ts = await slack.say(channel, alice, f"<@{slack.bot_user_id}> hello")
        await slack.wait_for(lambda: len(slack.messages(channel, ts)) == 2)

Every behaviour names its source where it is written. `server` is the face, `channels` its part that makes them;
`world` what exists, `service` what happens, `socket_mode` and `web` (with its methods in `chat` and `places`) the two
ways in, `events`, `shapes`, `blocks` and `wire` the JSON.
"""

from tests.fakes.slack.mentions import Pings
from tests.fakes.slack.server import FakeSlack
from tests.fakes.slack.service import BOT_EVENTS, BOT_SCOPES, FakeRequest, FakeResponse, FakeStatus
from tests.fakes.slack.socket_mode import Ack
from tests.fakes.slack.world import Edit, FakeFile, FakeMessage

__all__ = [
    "BOT_EVENTS",
    "BOT_SCOPES",
    "Ack",
    "Edit",
    "FakeFile",
    "FakeMessage",
    "FakeRequest",
    "FakeResponse",
    "FakeSlack",
    "FakeStatus",
    "Pings",
]
