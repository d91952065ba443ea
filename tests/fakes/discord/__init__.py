"""A Discord for tests, spoken to by the real discord.py over loopback sockets.

    async with FakeDiscord() as discord:
        server = discord.add_guild("Home")
        channel = discord.add_channel(server, "general")
        alice = discord.add_user("alice")
        discord.add_member(server, alice)
        …                                                     # start the bot with discord.api_url and gateway_url
        await discord.say(channel, alice, f"<@{discord.bot_id}> hello")
        await discord.wait_for(lambda: len(discord.messages(channel)) == 2)

Everything that is made has an id, a string of 19 digits. Every behaviour names its source where it is written.
`server` is the face, `servers` its part that builds, `troubles` the one that breaks things; `world` what exists,
`service` what happens, `gateway` and `rest` (with its routes in `places`, `messages`, `interactions`) the two ways in,
`shapes` and `wire` the JSON.
"""

from tests.fakes.discord.mentions import AllowedMentions
from tests.fakes.discord.permissions import TALK, Permission
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.service import FakeCommand, FakeRequest
from tests.fakes.discord.world import Edit, FakeFile, FakeMessage, MessageFlag, MessageType

__all__ = [
    "TALK",
    "AllowedMentions",
    "Edit",
    "FakeCommand",
    "FakeDiscord",
    "FakeFile",
    "FakeMessage",
    "FakeRequest",
    "MessageFlag",
    "MessageType",
    "Permission",
]
