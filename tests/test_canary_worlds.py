"""Nobody hears what he could not read, in any world: people talk, channels change, a parrot repeats all it is asked.

Who can read what is told by people, as in `tests/test_hearing.py`. A word may stand in a request, or in what the bot
says, where it was said in the same conversation, or where all who read the reply could read it somewhere, then and now;
and nowhere at all once it was forgotten where people had said it.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from memory.types import Channel, CoreSettings, Inbound
from tests.hunting import examples
from tests.stage import SETTINGS, Stage, stage
from tests.test_canaries import CANARY, QUESTION, Parrot
from tests.test_hearing import PEOPLE, Spot, State, readers

EXAMPLES = examples(25)
ROOMY = replace(SETTINGS, max_tokens=60_000, recall_tokens=5_000, keep_tokens=20_000, threads="mention", listen="all")
SMALL = replace(ROOMY, max_tokens=6_000, keep_tokens=600)
GUEST = "gus"

SPACE = st.sampled_from(["one"] * 5 + ["two"])
CHANNEL = st.sampled_from(["a", "a", "b", "c"])
PLAIN = st.builds(Spot, st.just("stage"), SPACE, CHANNEL, st.sampled_from(["", "", "t"]))
SPOTS = st.one_of(
    *[PLAIN] * 4,
    st.builds(Spot, st.just("stage"), SPACE, CHANNEL, st.just("u"), enclosed=st.just(True)),
    st.builds(Spot, st.just("stage"), SPACE, st.sampled_from(PEOPLE), direct=st.just(True)),
)
STATES = st.builds(State, st.booleans(), st.sampled_from([False, False, True]))


@dataclass(frozen=True)
class Step:
    """Something that happens: `what` is a word that is told or overheard, a question, a command, a change, a rest."""

    what: str
    spot: Spot
    state: State = field(default_factory=State)
    text: str = ""


COMMANDS = st.sampled_from(["!memory", "!memory all", "!summary", "!summary now", "!summary rebuild", "!usage"])
WHAT = st.sampled_from(
    ["tell"] * 4
    + ["ask"] * 4
    + ["overhear", "ask as a guest", "change", "change", "command", "rest", "forget", "forget"]
)


@st.composite
def worlds(draw: st.DrawFn) -> list[Step]:
    """What happens in a few places, and in the end a question in each of them."""
    spots = draw(st.lists(SPOTS, min_size=2, max_size=4, unique=True))
    steps = []
    for what in draw(st.lists(WHAT, min_size=4, max_size=12)):
        state = draw(STATES) if what == "change" else State()
        text = draw(COMMANDS) if what == "command" else ""
        steps.append(Step(what, draw(st.sampled_from(spots)), state, text))
    return [*steps, *(Step("ask", spot) for spot in spots)]


@dataclass(frozen=True)
class Said:
    """A word that stands somewhere: who could read the place then, and whose it is, if it is not the bot's."""

    word: str
    spot: Spot
    then: frozenset[tuple[str, str, str]]
    by_people: bool


@dataclass
class Town:
    """What has happened so far."""

    on: Stage
    model: Parrot
    now: dict[tuple[str, str, str], State] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    forgotten: set[str] = field(default_factory=set)
    number: int = 0

    async def run(self, step: Step) -> None:
        """Have one thing happen, and look at what the model was asked and people were told."""
        self.number += 1
        self.on.now += timedelta(seconds=1)
        asked, told = len(self.model.prompts), len(self.on.platform.said)
        match step.what:
            case "change":
                await self._change(step)
            case "rest":
                await self.on.stop()
                self.on.now += timedelta(hours=1)
                await self.on.start()
            case "tell" | "overhear":
                word = f"zorb{''.join(chr(ord('a') + int(digit)) for digit in str(self.number))}x"
                self._note(word, step.spot, by_people=True)
                text = f"My launch word is {word}"
                await self._hear(step.spot, text, told, answered=step.what == "tell")
            case "ask" | "ask as a guest":
                await self._hear(step.spot, QUESTION, told, guest=step.what != "ask")
            case "forget":
                await self._hear(step.spot, "!forget now", told, admin=True)
                self._forget(step.spot)
            case _:
                await self._hear(step.spot, step.text, told, admin=True)
        self._look(step, asked, told)

    async def _change(self, step: Step) -> None:
        platform, space, channel = step.spot.home
        if not step.spot.direct:
            self.now[step.spot.home] = step.state
            restricted = step.state.restricted
            await self.on.core.channels([Channel(platform, space, channel, channel, step.state.open, restricted)])

    async def _hear(
        self, spot: Spot, text: str, told: int, *, answered: bool = True, guest: bool = False, admin: bool = False
    ) -> None:
        access = spot.access(self.now.get(spot.home, State()))
        author = spot.channel if spot.direct else GUEST if guest else "mod" if admin else PEOPLE[self.number % 3]
        said = Inbound(
            spot.place,
            f"m{self.number}",
            author,
            author.title(),
            text,
            self.on.now,
            answered,
            access.visibility,
            enclosed=access.enclosed,
            restricted=access.restricted,
            guest=guest and not spot.direct,
            channel_name=spot.channel,
        )
        await self.on.core.accept(said)
        if answered:
            await self.on.until(told + 1)
        await self.on.wait_for(lambda: not self.on.rows("SELECT 1 FROM inbox WHERE state = 'waiting'"))

    def _look(self, step: Step, asked: int, told: int) -> None:
        """Nothing in the requests and in what the bot said that those who read it could not read."""
        bodies = [message.content for prompt in self.model.prompts[asked:] for message in prompt.messages]
        words = set(CANARY.findall("\n".join([*bodies, *(text for _, text in self.on.platform.said[told:])])))
        assert not words & self.forgotten, step
        reading = readers(step.spot, self.now.get(step.spot.home, State()))
        if step.what == "ask as a guest" and not step.spot.direct:
            reading |= {self._guest(step.spot)}
        for word in words:
            assert any(self._may_hear(step.spot, reading, said) for said in self.said if said.word == word), (
                word,
                step,
            )
        if step.what in {"tell", "ask", "ask as a guest"}:
            for word in words:
                self._note(word, step.spot, by_people=False)

    def _may_hear(self, here: Spot, reading: frozenset[tuple[str, str, str]], said: Said) -> bool:
        there = said.spot
        if here.place == there.place:
            return True
        now = readers(there, self.now.get(there.home, State())) | {self._guest(there)}
        return not there.enclosed and reading <= said.then and reading <= now

    def _note(self, word: str, spot: Spot, *, by_people: bool) -> None:
        then = readers(spot, self.now.get(spot.home, State())) | {self._guest(spot)}
        self.said.append(Said(word, spot, then, by_people))

    @staticmethod
    def _guest(spot: Spot) -> tuple[str, str, str]:
        """Who is let into one channel alone."""
        return "/".join(spot.home), "", GUEST

    def _forget(self, spot: Spot) -> None:
        """A channel is forgotten with its threads, and with what the bot made of it anywhere."""

        def goes(said: Said) -> bool:
            return said.spot.home == spot.home and spot.place.thread in {"", said.spot.place.thread}

        self.forgotten |= {said.word for said in self.said if said.by_people and goes(said)}


async def live(steps: list[Step], core: CoreSettings) -> None:
    """Have everything happen, one after the other."""
    model = Parrot()
    with tempfile.TemporaryDirectory() as directory:
        async with stage(Path(directory), core, model=model) as on:
            town = Town(on, model)
            for step in steps:
                await town.run(step)


HERE, THERE = Spot("stage", "one", "a"), Spot("stage", "one", "b")
CLOSED = State(open=False)
TOLD = [Step("tell", HERE), Step("ask", THERE)]


@settings(max_examples=EXAMPLES)
@example([*TOLD, Step("forget", HERE), Step("ask", THERE), Step("ask", HERE)], ROOMY)
@example([Step("tell", HERE), Step("change", HERE, CLOSED), Step("ask", THERE)], ROOMY)
@example([Step("change", HERE, CLOSED), Step("tell", HERE), Step("change", HERE), Step("ask", THERE)], ROOMY)
@example([Step("tell", HERE), Step("ask as a guest", THERE)], ROOMY)
@example([Step("tell", HERE), Step("rest", HERE), Step("change", HERE, CLOSED), Step("ask", THERE)], ROOMY)
@given(worlds(), st.sampled_from([ROOMY, SMALL]))
def test_in_any_world_nobody_hears_what_he_could_not_read_or_what_was_forgotten(
    steps: list[Step], core: CoreSettings
) -> None:
    asyncio.run(live(steps, core))
