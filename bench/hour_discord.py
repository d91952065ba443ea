"""The hour of `bench.hour` on a fake Discord: the real bot, four people, their channels, a thread, direct messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.hour_model import Talker, asked, find, serve_model
from bench.hour_script import BOARD, CELLAR, DIRECT, EDITED, GENERAL, QUESTIONS, RANDOM, THREAD, Question, Said
from tests.fakes.discord import FakeDiscord
from tests.scenes import DiscordScene

TAKEN_BACK = ("58,300", "ZX-4410-K", "Valparaíso")
"""Words of what is deleted, edited and forgotten."""

ANY_REQUEST = "(every request since then, for summaries too)"


@dataclass(slots=True)
class Harbour:
    """The server and who talks there; `messages` are those that are changed later, by their marks."""

    scene: DiscordScene
    talker: Talker
    people: dict[str, str]
    places: dict[str, str]
    messages: dict[str, str] = field(default_factory=dict)
    joined: bool = False

    async def say(self, said: Said) -> None:
        """Have something said to the bot, and wait until it has answered."""
        place = self.places[said.place]
        mention = said.place != DIRECT and not (said.place == THREAD and self.joined)
        before = len(self.scene.said(place))
        message = await self.scene.say(self.people[said.person], said.text, place, to_bot=mention)
        self.joined = self.joined or said.place == THREAD
        if said.mark:
            self.messages[said.mark] = message
        await self.scene.wait_for(
            lambda: len(self.scene.said(place)) > before and self.scene.said(place)[-1] == self.talker.answers[-1]
        )

    async def ask(self, question: Question) -> tuple[str, ...]:
        """Ask something, and return in which parts of the request the answer stands."""
        await self.say(Said(question.place, question.person, question.text))
        return find(asked(self.scene.model, question), question.words)

    async def change(self) -> None:
        """Delete and edit what was said, forget all that Dan said, and close a channel, once it all is folded."""
        await self.scene.until(lambda: all(self._is_folded(word) for word in TAKEN_BACK))
        await self.scene.delete(self.messages["deleted"])
        await self.scene.edit(self.messages["edited"], f"{self.scene.mention(self.scene.bot)} {EDITED}")
        await self.scene.ask(self.people["Dan"], "!forget me now", self.places[GENERAL])
        await self.scene.heard("Forgotten", self.places[GENERAL])
        self.scene.discord.hide(self.places[CELLAR])
        await self.scene.until(lambda: not any(self._turns_with(word) for word in TAKEN_BACK))
        await self.scene.until(
            lambda: self._count(f"channels WHERE NOT open AND channel = '{self.places[CELLAR]}'") > 0
        )

    def folds(self) -> int:
        """How many folds were made."""
        return self._count("usage WHERE purpose = 'fold'")

    def _is_folded(self, word: str) -> bool:
        return (
            self._count(
                "turns t JOIN summaries s ON s.conversation = t.conversation AND s.through >= t.id"
                f" WHERE t.text LIKE '%{word}%'"
            )
            > 0
        )

    def _turns_with(self, word: str) -> int:
        return self._count(f"turns WHERE text LIKE '%{word}%'")

    def _count(self, what: str) -> int:
        number = self.scene.rows(f"SELECT COUNT(*) FROM {what}")[0][0]  # noqa: S608 – its own words
        return number if isinstance(number, int) else 0


def build(scene: DiscordScene, talker: Talker) -> Harbour:
    """A server with what the script has; the board's channel is private from the beginning."""
    discord = scene.discord
    people = {"Ann": scene.ann, "Bob": scene.bob}
    for name in ("Cleo", "Dan"):
        people[name] = discord.add_user(name.lower(), name)
        discord.add_member(scene.server, people[name])
    places = {
        GENERAL: scene.home,
        RANDOM: scene.other,
        THREAD: discord.add_thread(scene.home, "hike", owner=scene.ann),
        DIRECT: discord.open_dm(scene.ann),
        BOARD: discord.add_channel(scene.server, "board", private=True),
        CELLAR: discord.add_channel(scene.server, "cellar"),
    }
    return Harbour(scene, talker, people, places)


async def on_discord(
    directory: Path, script: Sequence[Said], memory: dict[str, int], *, keeps: bool = True
) -> tuple[int, list[tuple[Question, tuple[str, ...]]]]:
    """Tell a script there, change some of it, and ask: half of the questions now, and half after a restart.

    Returns how many folds were made, and where the answer to each question was found; behind them, whether any request
    since the changes holds what was taken back.
    """
    server, talker = serve_model(keeps=keeps)
    questions = [question for question in QUESTIONS if keeps or question.alike]
    async with server as model, FakeDiscord() as discord:
        scene = DiscordScene(directory, model, discord)
        scene.settings["memory"] = memory
        harbour = build(scene, talker)
        async with scene.serving():
            for said in script:
                await harbour.say(said)
            await harbour.change()
            before = len(model.requests)
            found = [(question, await harbour.ask(question)) for question in questions[::2]]
        async with scene.serving():
            found += [(question, await harbour.ask(question)) for question in questions[1::2]]
        for word in TAKEN_BACK:
            stands = any(word in request.text for request in model.requests[before:])
            found.append((Question("anywhere", "", ANY_REQUEST, word, heard=False), ("a request",) if stands else ()))
        return harbour.folds(), found
