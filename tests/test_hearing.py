"""Who may hear what, over random worlds: the store tells what the rules say, and nobody reads what he could not.

The rules stand here a second time, in plain Python, from the words in which they were decided; and a third time as
people: who could read a line when it was said, who can now, and who reads the reply.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.ports import Store
from memory.scope import audience_of, readers_of
from memory.types import Access, Audience, Channel, Conversation, Fact, Inbound, Place, Visibility
from storage import open_store
from tests.hunting import examples
from tests.kept import ONE, moment

EXAMPLES = examples(60)
CHANNELS, THREADS = ("a", "b", "c"), ("t", "u")
PEOPLE = ("ann", "bob", "cleo")
ADULTS = frozenset({"ann", "bob"})


@dataclass(frozen=True)
class State:
    """How a channel can be read at a time."""

    open: bool = True
    restricted: bool = False
    shared: bool = False


@dataclass(frozen=True)
class Spot:
    """Where something is said: in a channel or, with its own few readers, in a private thread; or to the bot alone."""

    platform: str
    space: str
    channel: str
    thread: str = ""
    enclosed: bool = False
    direct: bool = False

    @property
    def place(self) -> Place:
        return Place(self.platform, self.space, f"dm-{self.channel}" if self.direct else self.channel, self.thread)

    @property
    def home(self) -> tuple[str, str, str]:
        """The channel's key."""
        return self.platform, self.space, self.place.channel

    def access(self, state: State) -> Access:
        """Who can read it while its channel is so."""
        if self.direct:
            return Access(Visibility.DIRECT)
        private = self.enclosed or not state.open
        return Access(
            Visibility.PRIVATE if private else Visibility.PUBLIC, self.enclosed, state.restricted, state.shared
        )


@dataclass(frozen=True)
class Line:
    """Something that was said, and how its channel could be read then."""

    spot: Spot
    then: State
    words: str


@dataclass(frozen=True)
class Ask:
    """Somebody asks, and how his channel could be read when he did; `narrow` is one of which the asker is a guest."""

    spot: Spot
    then: State
    narrow: bool


@dataclass
class World:
    """What was said in order, how channels are now, as far as the bot was told, and what is asked."""

    lines: list[Line] = field(default_factory=list)
    now: dict[tuple[str, str, str], State] = field(default_factory=dict)
    asks: list[Ask] = field(default_factory=list)

    def state(self, spot: Spot) -> State:
        """How a spot's channel is now; one that nobody has told of is open."""
        return self.now.get(spot.home, State())


PLATFORM = st.sampled_from(["discord"] * 9 + ["slack"])
SPACE = st.sampled_from(["one"] * 9 + ["two"])
CHANNEL = st.sampled_from(["a", "a", "b", "c"])
SPOTS = st.one_of(
    st.builds(Spot, PLATFORM, SPACE, CHANNEL, st.sampled_from(["", "", "t"])),
    st.builds(Spot, PLATFORM, SPACE, CHANNEL, st.sampled_from(THREADS), enclosed=st.just(True)),
    st.builds(Spot, PLATFORM, SPACE, st.sampled_from(PEOPLE), direct=st.just(True)),
)
RARELY = st.sampled_from([False, False, True])
STATES = st.builds(State, st.booleans(), RARELY, RARELY)


@st.composite
def worlds(draw: st.DrawFn, states: st.SearchStrategy[State] = STATES) -> World:
    """Talk, changes of channels and questions in any order; in the end somebody asks wherever something was said.

    A question may be answered after its channel has changed.
    """
    world = World()
    spots = draw(st.lists(SPOTS, min_size=2, max_size=5, unique=True))
    for spot in spots:
        if not spot.direct and draw(st.booleans()):
            world.now[spot.home] = draw(states)
    for number in range(draw(st.integers(1, 12))):
        spot = draw(st.sampled_from(spots))
        match draw(st.sampled_from(["say", "change", "change", "ask"])):
            case "change" if not spot.direct:
                world.now[spot.home] = draw(states)
            case "ask":
                world.asks.append(Ask(spot, world.state(spot), draw(RARELY)))
            case _:
                world.lines.append(Line(spot, world.state(spot), f"line {number}"))
    world.asks += [Ask(spot, world.state(spot), narrow=False) for spot in spots]
    return world


# ---- the store


@pytest.fixture(scope="module")
def worlds_kept() -> Iterator[Kept]:
    """A memory that all examples share, each with platforms of its own."""
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        store = runner.run(open_store(f"sqlite:///{Path(folder) / 'kept.db'}", lambda: ONE))
        yield Kept(store, runner)
        runner.run(store.close())


@dataclass
class Kept:
    """The store, what runs it, and the number of the example."""

    store: Store
    runner: asyncio.Runner
    examples: Iterator[int] = field(default_factory=count)

    def hear(self, world: World) -> list[set[str]]:
        """What each of the questions of a world is told, by the store."""
        return self.runner.run(self._hear(world, f"-{next(self.examples)}"))

    async def _hear(self, world: World, mark: str) -> list[set[str]]:
        def marked(place: Place) -> Place:
            return replace(place, platform=place.platform + mark)

        for line in world.lines:
            place, access = marked(line.spot.place), line.spot.access(line.then)
            fact = Fact(0, "ann", "Ann", line.words, line.words, line.words, place, line.words, moment(0), access)
            await self.store.remember(Audience(place, access, "ann"), fact)
        now = [(Place(*key), state) for key, state in world.now.items()]
        await self.store.note_channels(
            [
                Channel(marked(place).platform, place.space, place.channel, "", state.open, state.restricted)
                for place, state in now
            ]
        )
        return [
            {fact.value for fact in await self.store.facts(audience(ask, marked(ask.spot.place)), "ann")}
            for ask in world.asks
        ]


def audience(ask: Ask, place: Place) -> Audience:
    """Who reads the answer."""
    access = ask.spot.access(ask.then)
    inbound = Inbound(
        place,
        "asks",
        "ann",
        "Ann",
        "what?",
        moment(1),
        True,
        access.visibility,
        enclosed=access.enclosed,
        restricted=access.restricted,
        shared=access.shared,
        guest=ask.narrow,
    )
    return audience_of(inbound, "space")


# ---- the rules, by their words


def may_hear(world: World, ask: Ask, line: Line) -> bool:
    """The rules: a line is told only if everyone who can read the reply could read it, then and now."""
    here, there = ask.spot, line.spot
    own = here.home == there.home
    if (here.platform, here.space) != (there.platform, there.space):
        return False  # nothing crosses spaces or platforms
    if (ask.narrow or ask.spot.access(ask.then).shared) and not own:
        return False  # shared with outsiders, or a guest asks: nothing from elsewhere
    if there.direct:
        return own  # direct message: the direct messages with that same person
    reads = adults_only(world, here, ask.then)
    if line.then.restricted and not reads:
        return False  # lines from age-restricted channels stay in such
    if not own and world.state(there).restricted and not reads:
        return False
    if there.enclosed:
        return own and here.enclosed and here.thread == there.thread  # private thread: only there
    if not line.then.open:  # private channel: only there; made public later, it widens nothing
        still_private = not world.state(here).open and (here.enclosed or not ask.then.open)
        return own and still_private
    return own or world.state(there).open  # public: anywhere in the space; made private later, it narrows at once


def adults_only(world: World, spot: Spot, then: State) -> bool:
    """Whether only adults read a reply, as its place was when it was asked and as it is now."""
    told = spot.home in world.now
    return not spot.direct and then.restricted and (not told or world.state(spot).restricted)


@settings(max_examples=EXAMPLES)
@given(worlds())
def test_what_is_heard_is_what_the_rules_say(worlds_kept: Kept, world: World) -> None:
    heard = worlds_kept.hear(world)
    assert heard == [{line.words for line in world.lines if may_hear(world, ask, line)} for ask in world.asks]


# ---- the rules, by people


def readers(spot: Spot, state: State) -> frozenset[tuple[str, str, str]]:
    """The people who can read a spot while its channel is so: each person of each space is somebody else.

    A private channel has two of three, which two by its name; a private thread has one of those or, in an open channel,
    one of all.
    """
    everyone = set(PEOPLE)
    if spot.direct:
        everyone = {spot.channel}
    elif not state.open:
        everyone.discard(PEOPLE[CHANNELS.index(spot.channel)])
    if state.restricted and not spot.direct:
        everyone &= ADULTS
    if spot.enclosed:
        everyone = set(sorted(everyone)[THREADS.index(spot.thread) :][:1])
    return frozenset((spot.platform, spot.space, person) for person in everyone)


UNSHARED = st.builds(State, st.booleans(), RARELY)


@settings(max_examples=EXAMPLES)
@given(worlds(UNSHARED))
def test_nobody_reads_in_a_reply_what_he_could_not_read_then_and_now(worlds_kept: Kept, world: World) -> None:
    heard = worlds_kept.hear(world)
    for ask, words in zip(world.asks, heard, strict=True):
        reading = readers(ask.spot, world.state(ask.spot))
        for line in world.lines:
            if line.words in words and not line.spot.enclosed:
                assert reading <= readers(line.spot, line.then)
                assert reading <= readers(line.spot, world.state(line.spot))


# ---- told by name


HERE = Spot("discord", "one", "a")
ELSEWHERE = Spot("discord", "one", "b")
CLOSED, OPEN, ADULT, SHARED = State(open=False), State(), State(restricted=True), State(shared=True)


def heard(kept: Kept, line: Line, ask: Ask, **now: State) -> bool:
    """Whether a line is told to who asks, channels being so now."""
    world = World([line], {("discord", "one", name): state for name, state in now.items()}, [ask])
    return kept.hear(world) == [{line.words}]


@pytest.mark.parametrize(
    ("then", "now", "told"),
    [(OPEN, OPEN, True), (OPEN, CLOSED, False), (CLOSED, CLOSED, False), (CLOSED, OPEN, False)],
    ids=["open", "closed since", "closed", "opened since"],
)
def test_what_is_heard_elsewhere_was_public_and_still_is(
    worlds_kept: Kept, then: State, now: State, told: bool
) -> None:
    assert heard(worlds_kept, Line(ELSEWHERE, then, "zebra"), Ask(HERE, OPEN, narrow=False), b=now, a=OPEN) is told


@pytest.mark.parametrize(
    ("then", "now", "told"),
    [(OPEN, OPEN, True), (OPEN, CLOSED, True), (CLOSED, CLOSED, True), (CLOSED, OPEN, False)],
    ids=["open", "closed since", "closed", "opened since"],
)
@pytest.mark.parametrize("asked", ["then", "now"])
def test_a_channels_own_words_are_heard_there_unless_more_people_read_it_now(
    worlds_kept: Kept, then: State, now: State, told: bool, asked: str
) -> None:
    ask = Ask(HERE, then if asked == "then" else now, narrow=False)
    assert heard(worlds_kept, Line(HERE, then, "zebra"), ask, a=now) is told


def test_the_words_of_a_deleted_channel_are_heard_nowhere_else(worlds_kept: Kept) -> None:
    line = Line(ELSEWHERE, OPEN, "zebra")
    assert heard(worlds_kept, line, Ask(HERE, OPEN, narrow=False))
    assert not heard(worlds_kept, line, Ask(HERE, OPEN, narrow=False), b=CLOSED)
    assert heard(worlds_kept, line, Ask(ELSEWHERE, OPEN, narrow=False), b=CLOSED)


def test_a_direct_message_is_heard_by_the_same_person_in_the_same_space_alone(worlds_kept: Kept) -> None:
    direct = Spot("discord", "one", "ann", direct=True)
    line = Line(direct, OPEN, "zebra")
    assert heard(worlds_kept, line, Ask(direct, OPEN, narrow=False))
    for spot in (replace(direct, channel="bob"), replace(direct, space="two"), replace(direct, platform="slack"), HERE):
        assert not heard(worlds_kept, line, Ask(spot, OPEN, narrow=False)), spot


def test_a_private_thread_keeps_its_words_and_hears_those_of_its_channel(worlds_kept: Kept) -> None:
    thread = replace(HERE, thread="t", enclosed=True)
    for then in (OPEN, CLOSED):
        assert heard(worlds_kept, Line(HERE, then, "zebra"), Ask(thread, then, narrow=False), a=then)
        for spot in (HERE, replace(thread, thread="u"), replace(HERE, thread="t")):
            assert not heard(worlds_kept, Line(thread, then, "zebra"), Ask(spot, then, narrow=False), a=then), spot


def test_a_private_thread_of_a_channel_that_was_opened_does_not_hear_what_was_private_there(worlds_kept: Kept) -> None:
    """Who is in it need never have been in the channel while that was private."""
    thread = replace(HERE, thread="t", enclosed=True)
    for asked in (OPEN, CLOSED):
        assert not heard(worlds_kept, Line(HERE, CLOSED, "zebra"), Ask(thread, asked, narrow=False), a=OPEN)


def test_words_for_adults_are_heard_where_only_adults_read(worlds_kept: Kept) -> None:
    line = Line(ELSEWHERE, ADULT, "zebra")
    assert heard(worlds_kept, line, Ask(HERE, ADULT, narrow=False), a=ADULT, b=ADULT)
    assert not heard(worlds_kept, line, Ask(HERE, OPEN, narrow=False), b=ADULT)
    assert not heard(worlds_kept, line, Ask(HERE, ADULT, narrow=False), a=OPEN, b=ADULT)
    assert not heard(worlds_kept, replace(line, then=OPEN), Ask(HERE, OPEN, narrow=False), b=ADULT)
    assert not heard(worlds_kept, line, Ask(HERE, OPEN, narrow=False), b=OPEN)


def test_where_outsiders_read_along_and_where_a_guest_asks_nothing_from_elsewhere_is_told(worlds_kept: Kept) -> None:
    line = Line(ELSEWHERE, OPEN, "zebra")
    assert not heard(worlds_kept, line, Ask(HERE, SHARED, narrow=False))
    assert not heard(worlds_kept, line, Ask(HERE, OPEN, narrow=True))
    assert heard(worlds_kept, line, Ask(ELSEWHERE, SHARED, narrow=True))


def test_the_operator_can_keep_the_words_of_every_channel_there() -> None:
    inbound = Inbound(HERE.place, "1", "ann", "Ann", "what?", moment(1), True, Visibility.PUBLIC)
    conversation = Conversation("discord", "one", "a")
    assert audience_of(inbound, "channel").narrow
    assert not audience_of(inbound, "space").narrow
    assert readers_of(conversation, inbound.access, "channel").narrow
    assert not readers_of(conversation, inbound.access, "space").narrow
    assert readers_of(conversation, replace(inbound.access, shared=True), "space").narrow


def test_so_many_channels_are_closed_as_a_server_may_have(worlds_kept: Kept) -> None:
    """Discord lets a server have 500, and those that are gone are closed for ever."""
    now = {f"closed {number}": CLOSED for number in range(5000)}
    line = Line(ELSEWHERE, OPEN, "zebra")
    assert heard(worlds_kept, line, Ask(HERE, OPEN, narrow=False), **now)
    assert not heard(worlds_kept, replace(line, spot=replace(HERE, channel="closed 7")), Ask(HERE, OPEN, False), **now)
