"""The stages of both platforms: where people talk there, and what is particular to how."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from tests.crash.edge import Edge, WatchedDiscord, WatchedModel, WatchedSlack
from tests.crash.ledger import Said, Sort, Standing
from tests.crash.stage import Stage
from tests.fakes.proxy import Weather, is_discord_event, is_slack_event
from tests.fakes.slack import FakeMessage
from tests.fakes.slack.wire import mapping, text
from tests.scenes import DiscordScene, SlackScene

ALWAYS = 1_000_000
"""So many times something fails that fails for good."""


class DiscordStage(Stage):
    """A server, with a thread in it."""

    long_lines = 38
    is_event = staticmethod(is_discord_event)

    def __init__(self, scene: DiscordScene, edge: Edge) -> None:
        super().__init__(scene, edge, scene.discord)
        self._discord = scene.discord

    async def say_first(self, mark: str, words: str) -> None:
        """See `Stage`; in another channel."""
        self.places = (*self.places, self.scene.other)
        await self.say(mark, words, place=self.scene.other, author=self.scene.bob)

    async def _edit(self, said: Said, text: str) -> None:
        await self._discord.edit(said.message_id, text)

    async def _delete(self, place: str, message_id: str) -> None:
        del place
        await self._discord.delete(message_id)

    def refuse_edits(self) -> None:
        """See `Stage`: as for a message that is gone."""
        body: dict[str, object] = {"message": "Unknown Message", "code": 10008}
        self._discord.fail_next("PATCH", "/channels/.*/messages", 404, times=ALWAYS, body=body)

    async def absence(self) -> None:
        """See `Stage`: the nonces."""
        self._discord.forget_nonces()

    def standing_in(self, place: str) -> list[Standing]:
        """See `Stage`."""
        found = self._discord.from_bot(place)
        return [Standing(place, message.id, message.content, message.reference_id or "") for message in found]


class SlackStage(Stage):
    """A workspace, with a thread in each of two channels."""

    long_lines = 140
    is_event = staticmethod(is_slack_event)

    def __init__(self, scene: SlackScene, edge: Edge) -> None:
        super().__init__(scene, edge, scene.slack)
        self._slack = scene.slack

    async def say_first(self, mark: str, words: str) -> None:
        """See `Stage`; in a channel, where the answer opens a thread."""
        channel = self.scene.other.partition("/")[0]
        ts = await self.scene.say(self.scene.bob, f"{words} q-{mark}", channel, to_bot=True)
        place = f"{channel}/{ts}"
        self.places = (*self.places, place)
        self.ledger.note(Said(mark, place, self.scene.bob, Sort.ASK, ts))

    async def _edit(self, said: Said, text: str) -> None:
        await self._slack.edit(said.place.partition("/")[0], said.message_id, text)

    async def _delete(self, place: str, message_id: str) -> None:
        await self._slack.delete(place.partition("/")[0], message_id)

    def refuse_edits(self) -> None:
        """See `Stage`: as for a message that is gone."""
        self._slack.fail_next("chat.update", "message_not_found", times=ALWAYS)

    async def tell_of_mention(self, mark: str) -> None:
        """Let Slack tell that a message names the bot, whose text does not show it."""
        said = self.ledger.said[mark]
        assert isinstance(self._slack, WatchedSlack)
        self._slack.tell_of_mention(said.place.partition("/")[0], said.message_id)

    async def absence(self) -> None:
        """See `Stage`: Slack tries four times to deliver, and gives up."""
        await self.until(lambda: self._slack.socket.outstanding == 0)

    def standing_in(self, place: str) -> list[Standing]:
        """See `Stage`."""
        channel, _, thread = place.partition("/")
        found = [message for message in self._slack.from_bot(channel) if not thread or message.thread_ts == thread]
        return [Standing(place, message.ts, message.shown, self._answered_by(message)) for message in found]

    @staticmethod
    def _answered_by(message: FakeMessage) -> str:
        return text(mapping(mapping(message.metadata).get("event_payload")), "answers")


@asynccontextmanager
async def on_stage(
    platform: str, directory: Path, weather: Weather | None = None, seed: int = 0
) -> AsyncIterator[Stage]:
    """A stage of a platform, its bot yet to be born; what lives at the end is killed.

    With a weather, a network with it lies between the bot and each far end.
    """
    edge = Edge()
    stage: Stage
    async with AsyncExitStack() as open_ones:
        model = await open_ones.enter_async_context(WatchedModel(edge))
        if platform == "discord":
            discord = DiscordScene(directory, model, await open_ones.enter_async_context(WatchedDiscord(edge)))
            stage = DiscordStage(discord, edge)
            stage.places = (discord.home, await discord.thread())
        else:
            slack = await open_ones.enter_async_context(WatchedSlack(edge))
            talk = await SlackScene.make(directory, model, slack)
            stage = SlackStage(talk, edge)
            stage.places = (talk.home, talk.other)
        if weather is not None:
            await open_ones.enter_async_context(stage.behind(weather, seed))
        try:
            yield stage
        finally:
            if edge.life is not None:
                await edge.life.leave()
