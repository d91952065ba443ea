"""Small stories in which the bot dies at the very moment that some write is for.

A story that is told whole comes to few such moments, so that to kill there would be luck.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from pathlib import Path

from tests.crash.ledger import Fault, Sort, Standing, find_faults, numbers_in, unanswered
from tests.crash.nursery import Life, Nursery
from tests.crash.platforms import SlackStage, on_stage
from tests.crash.rounds import QUIET_SECONDS
from tests.crash.stage import Stage

PATIENCE = 30.0
"""Seconds that a case waits at most for anything; most of it takes less than half of one."""


class Trial:
    """A stage, and a bot on it that lives and dies as its case has it; `before` is what stood when it died last."""

    def __init__(self, stage: Stage, nursery: Nursery) -> None:
        self.stage = stage
        self.before: list[Standing] = []
        self.deaths = 0
        self._nursery = nursery

    @property
    def life(self) -> Life:
        """The bot that was born last."""
        assert self.stage.life is not None
        return self.stage.life

    async def start(self) -> None:
        """Start the bot; what is said before it was ever there is none of its business, so the first is waited for."""
        await self.stage.bear(self._nursery)
        await self.until(self.stage.was_ready)

    async def die(self) -> None:
        """Kill the bot."""
        self.life.kill()
        await self.died()

    async def died(self) -> None:
        """Wait until the bot has been killed at its fatal boundary."""
        async with asyncio.timeout(PATIENCE):
            await self.life.dead.wait()
        self.deaths += 1
        self.before = self.stage.standing()

    async def stop(self) -> None:
        """Ask the bot to end, and wait until it has."""
        await self.life.end(PATIENCE)

    async def asked(self, *marks: str) -> None:
        """Wait until the model was asked for an answer to these marks."""
        await self.until(lambda: any(each.marks == marks for each in self.stage.ledger.given))

    async def begun(self, *marks: str, times: int = 1) -> None:
        """Wait until the model was asked so often for an answer to these marks, and some of the last one stands."""

        def stands() -> bool:
            given = [each.number for each in self.stage.ledger.given if each.marks == marks]
            read = (number for message in self.stage.standing() for number in numbers_in(message.text))
            return len(given) == times and given[-1] in read

        await self.until(stands)

    async def answered(self, *marks: str) -> None:
        """Wait until each of them, or whatever was said, has been answered."""
        stage = self.stage
        wanted = set(marks or stage.ledger.said)
        await self.until(lambda: wanted.isdisjoint(unanswered(stage.ledger, stage.standing())))

    async def kept(self, sql: str, *values: str) -> None:
        """Wait until the database holds what a query asks for; read without touching the file."""

        def found() -> bool:
            with closing(sqlite3.connect(f"file:{self.stage.scene.database}?mode=ro", uri=True)) as db:
                return db.execute(sql, values).fetchone() is not None

        await self.until(found)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds.

        Raises: TimeoutError.
        """
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await asyncio.sleep(0.03)

    async def judge(self) -> list[Fault]:
        """The verdict, when the bot has ended by itself."""
        await self.stop()
        stage, once = self.stage, self.deaths == 1
        faults = find_faults(stage.ledger, stage.standing(), self.before, stage.kept(), died_once=once)
        return faults if self.life.code == 0 else [Fault("exit", f"with {self.life.code}"), *faults]


Case = Callable[[Trial], Awaitable[None]]


async def what_was_answered_together_stays_together(trial: Trial) -> None:
    """Two messages that waited are answered in one reply; what their author says while the bot is dead, in its own."""
    stage, bob = trial.stage, trial.stage.scene.bob
    stage.held["a1"] = go_on = asyncio.Event()
    stage.broken |= {"b1", "b2"}
    await trial.start()
    await stage.say("a1", "tell me all of it")
    await trial.asked("a1")
    for mark in ("b1", "b2"):
        await stage.say(mark, "I have a question", author=bob)
    await trial.until(lambda: stage.received("b1") and stage.received("b2"))
    go_on.set()
    await trial.begun("b1", "b2")
    await trial.die()
    await stage.say("b3", "are you there", author=bob)
    stage.broken.clear()
    await trial.start()
    await trial.answered()


async def a_message_that_kills_three_times_is_given_up(trial: Trial) -> None:
    """It is met with a sentence where its reply was begun; what somebody else has asked elsewhere is answered."""
    stage = trial.stage
    stage.broken.add("d1")
    stage.ledger.given_up.add("d1")
    await trial.start()
    await stage.say("d1", "poison")
    await trial.begun("d1")
    await trial.die()
    await trial.start()
    await trial.begun("d1", times=2)
    await trial.die()
    await stage.say("b1", "are you there", place=stage.places[1], author=stage.scene.bob)
    await trial.start()
    await trial.begun("d1", times=3)
    await trial.die()
    stage.broken.clear()
    await trial.start()
    await trial.answered()


async def a_stop_in_peace_clears_of_suspicion(trial: Trial) -> None:
    """What was under way at two deaths and at a stop is answered: nobody knows that it would kill once more."""
    stage = trial.stage
    stage.broken.add("d1")
    await trial.start()
    await stage.say("d1", "tell me all of it")
    for times in (1, 2):
        await trial.begun("d1", times=times)
        await trial.die()
        await trial.start()
    await trial.begun("d1", times=3)
    await trial.stop()
    stage.broken.clear()
    await trial.start()
    await trial.answered()


async def what_is_forgotten_is_forgotten_once(trial: Trial) -> None:
    """A `!forget` is not carried out again, upon what came before, when the bot dies before it has said so."""
    stage, scene, thread = trial.stage, trial.stage.scene, trial.stage.places[1]

    def has_forgotten(reached: Sequence[str]) -> bool:
        *earlier, newest = (name.split() for name in reached[seen:])
        return newest[0] == "commit" and any({"turns", "scrubs"} <= {*names} for names in earlier)

    await trial.start()
    await stage.say("f1", "let us plan here", place=thread)
    await trial.answered("f1")
    for mark in ("f2", "f3"):
        words = f"{scene.mention(scene.ann)} this is for you"
        said = await stage.say(mark, words, sort=Sort.ASIDE, place=thread, author=scene.bob, to_bot=False)
        await trial.kept("SELECT 1 FROM turns WHERE message_id = ?", said.message_id)
    stage.ledger.gone.add("f3")
    seen = len(trial.life.reached)
    trial.life.fatal = has_forgotten
    await stage.say("f4", "!forget last 1 now", sort=Sort.COMMAND, place=thread, author=scene.mod, to_bot=False)
    await trial.died()
    await trial.start()
    await trial.answered()


async def what_changes_while_it_waits_is_on_disk(trial: Trial) -> None:
    """Of what is edited or deleted before its turn the last words are kept, or none."""
    stage, scene = trial.stage, trial.stage.scene
    stage.broken.add("a1")
    await trial.start()
    await stage.say("a1", "tell me all of it")
    await trial.asked("a1")
    edited = await stage.say("b1", "I have a question", author=scene.bob)
    deleted = await stage.say("c1", "and I as well", author=scene.mod)
    await trial.until(lambda: stage.received("b1") and stage.received("c1"))
    await stage.change("b1", "I have an answer")
    await stage.delete("c1")
    await trial.kept("SELECT 1 FROM inbox WHERE message_id = ? AND text LIKE '%an answer%'", edited.message_id)
    await trial.kept("SELECT 1 FROM inbox WHERE message_id = ? AND state = 'forgotten'", deleted.message_id)
    await trial.die()
    stage.broken.clear()
    await trial.start()
    await trial.answered()


async def of_a_longer_reply_nothing_is_left(trial: Trial) -> None:
    """A reply that took two messages when the bot died takes one now, and the other is known to be gone."""
    stage = trial.stage
    stage.broken.add("s1")
    stage.long.add("s1")
    await trial.start()
    await stage.say("s1", "tell me all of it")
    await trial.kept("SELECT 1 FROM posts WHERE part = 1")
    await trial.die()
    stage.long.clear()
    stage.broken.clear()
    await trial.start()
    await trial.answered()


async def a_mention_that_comes_after_its_message_is_answered(trial: Trial) -> None:
    """A message that was only remembered is answered when Slack tells that it names the bot, also by the next life."""
    stage, scene, thread = trial.stage, trial.stage.scene, trial.stage.places[1]
    assert isinstance(stage, SlackStage)
    stage.broken.add("n1")
    await trial.start()
    await stage.say("a1", "let us plan here", place=thread)
    await trial.answered()
    words = f"{scene.mention(scene.ann)} and somebody else"
    said = await stage.say("n1", words, place=thread, author=scene.bob, to_bot=False)
    await trial.kept("SELECT 1 FROM turns WHERE message_id = ?", said.message_id)
    await stage.tell_of_mention("n1")
    await trial.begun("n1")
    await trial.die()
    stage.broken.clear()
    await trial.start()
    await trial.answered()


async def what_can_be_said_nowhere_is_taken_back(trial: Trial) -> None:
    """An answer whose last words the platform refuses is no turn, whether the bot lives on or dies before them."""
    stage = trial.stage
    stage.ledger.dropped |= {"a1", "a2"}
    await trial.start()
    seen = len(trial.life.reached)

    def says_its_last(reached: Sequence[str]) -> bool:
        return reached[-1] == "edit:before" and any("usage" in name.split() for name in reached[seen:])

    trial.life.fatal = says_its_last
    await stage.say("a1", "tell me all of it")
    await trial.died()
    stage.refuse_edits()
    await trial.start()
    await trial.until(lambda: trial.life.reached.count("edit:after") == 1)
    await stage.say("a2", "tell me again")
    await trial.until(lambda: trial.life.reached.count("edit:after") == 2)


async def a_reply_of_which_a_part_was_deleted_is_owed_no_more(trial: Trial) -> None:
    """What is on disk and not said in full when somebody deletes a part of it is not said by the next life either."""
    stage, home = trial.stage, trial.stage.places[0]
    stage.broken.add("s1")
    stage.long.add("s1")
    stage.ledger.dropped.add("s1")
    await trial.start()
    await stage.say("s1", "tell me all of it")
    await trial.kept("SELECT 1 FROM posts WHERE part = 1")
    await trial.die()
    stage.long.clear()
    stage.broken.clear()
    stage.stuck.add("edit")
    await trial.start()
    await trial.kept("SELECT 1 FROM inbox WHERE unsaid = 1 AND answer IS NOT NULL")
    trial.life.fatal = lambda reached: reached[-1] == "delete:before"
    await stage.take_away(stage.standing_in(home)[-1])
    await trial.died()
    stage.stuck.clear()
    await trial.start()
    await stage.say("b1", "are you there", author=stage.scene.bob)
    await trial.answered()


async def what_was_said_before_is_taken_in_once(trial: Trial) -> None:
    """What stands in a thread where the bot is first spoken to is remembered, also when it dies over its answer."""
    stage, scene, thread = trial.stage, trial.stage.scene, trial.stage.places[1]
    scene.settings["memory"] = {**scene.settings["memory"], "before_messages": 20}
    stage.broken.add("t1")
    for mark in ("p1", "p2"):
        words = f"{scene.mention(scene.ann)} this is for you"
        said = await stage.say(mark, words, sort=Sort.ASIDE, place=thread, author=scene.bob, to_bot=False)
    await trial.start()
    await stage.say("t1", "what do you say", place=thread)
    await trial.begun("t1")
    await trial.kept("SELECT 1 FROM inbox WHERE message_id = ? AND state = 'settled'", said.message_id)
    await trial.die()
    stage.broken.clear()
    await stage.delete("p2")
    await trial.start()
    await trial.answered()


_ANYWHERE: tuple[Case, ...] = (
    what_was_answered_together_stays_together,
    a_message_that_kills_three_times_is_given_up,
    a_stop_in_peace_clears_of_suspicion,
    what_is_forgotten_is_forgotten_once,
    what_changes_while_it_waits_is_on_disk,
    of_a_longer_reply_nothing_is_left,
    what_can_be_said_nowhere_is_taken_back,
    a_reply_of_which_a_part_was_deleted_is_owed_no_more,
    what_was_said_before_is_taken_in_once,
)
CASES = {"discord": _ANYWHERE, "slack": (*_ANYWHERE, a_mention_that_comes_after_its_message_is_answered)}


async def try_case(case: Case, platform: str, directory: Path, nursery: Nursery) -> list[str]:
    """Play a case in an empty directory, and return a line for everything that was wrong."""
    async with on_stage(platform, directory) as stage:
        trial = Trial(stage, nursery)
        faults = []
        try:
            await case(trial)
            await stage.quiet(QUIET_SECONDS)
        except TimeoutError as error:
            faults.append(Fault("stuck", str(error) or f"after {PATIENCE:.0f} s"))
        faults += await trial.judge()
    return [f"{platform}: {fault.invariant}: {fault.what} ({getattr(case, '__name__', case)})" for fault in faults]


async def try_all(platform: str, directory: Path, nursery: Nursery) -> list[str]:
    """Play all cases of a platform side by side, for they mostly wait; a line for everything that was wrong."""

    async def one(number: int, case: Case) -> list[str]:
        own = directory / f"{platform}-case-{number}"
        own.mkdir()
        return await try_case(case, platform, own, nursery)

    found = await asyncio.gather(*(one(number, case) for number, case in enumerate(CASES[platform])))
    return [line for lines in found for line in lines]
