"""What people say, at home and in a thread, whether the bot is there or not; it goes on when the bot is there again."""

from __future__ import annotations

import asyncio

from tests.crash.ledger import Sort, unanswered
from tests.crash.stage import Stage


class Story:
    """The same in every round: only when the bot dies differs."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._changed = False
        self._absences = 0
        stage.long.add("h1")

    async def tell(self) -> None:
        """Say everything, in both places side by side; then change what was not changed while the bot was away."""
        stage = self._stage
        await stage.until(lambda: stage.scene.connections > 0)
        await asyncio.gather(self._at_home(), self._in_thread())
        await self.change()

    async def _at_home(self) -> None:
        """A long answer, and what comes while it is made: two messages of one person."""
        stage, bob = self._stage, self._stage.scene.bob
        await stage.say("h1", "tell me all of it, from the beginning")
        await stage.until(lambda: any("h1" in given.marks for given in stage.ledger.given))
        await stage.say("h2", "I have a question", author=bob)
        await stage.say("h3", "and another one", author=bob)
        await self._answered("h1", "h2", "h3")

    async def _in_thread(self) -> None:
        """Follow-ups without a mention, words among people, and commands."""
        stage, thread = self._stage, self._stage.places[1]
        scene = stage.scene
        ann = scene.mention(scene.ann)
        await stage.say("t1", "let us plan here", place=thread)
        await self._answered("t1")
        await stage.say("t2", f"{ann} this is for you", sort=Sort.ASIDE, place=thread, author=scene.bob, to_bot=False)
        await stage.say("t3", f"{ann} and so is this", sort=Sort.ASIDE, place=thread, author=scene.bob, to_bot=False)
        await stage.say("t4", "what is next", place=thread, to_bot=False)
        await self._answered("t4")
        await stage.say("t5", "!summary", sort=Sort.COMMAND, place=thread, author=scene.mod, to_bot=False)
        await self._answered("t5")
        await stage.say("t6", f"{ann} a secret", sort=Sort.ASIDE, place=thread, author=scene.bob, to_bot=False)
        while not stage.received("t6"):
            await asyncio.sleep(0.05)
        stage.ledger.gone.add("t6")
        await stage.say("t7", "!forget last 1 now", sort=Sort.COMMAND, place=thread, author=scene.mod, to_bot=False)
        await self._answered("t7")
        await stage.say("t8", "what do you know", place=thread, to_bot=False)
        await self._answered("t8")

    async def while_away(self) -> None:
        """What happens while the bot is dead: questions at home and in a new place, an edit, something deleted."""
        stage = self._stage
        self._absences += 1
        if stage.was_ready() and self._absences == 1:
            await stage.say("w1", "are you there", author=stage.scene.bob)
            await stage.say_first("w2", "is anybody there")
        await self.change()

    async def change(self) -> None:
        """Edit one message and delete another, once, and not before both were said."""
        if self._changed or "t3" not in self._stage.ledger.said:
            return
        self._changed = True
        await self._stage.change("t2", "this is for nobody")
        await self._stage.delete("t3")

    async def end(self) -> None:
        """One last question everywhere, once: when it is answered, so is all that was said before."""
        stage = self._stage
        await self._answered(*stage.ledger.said)
        for number, place in enumerate(stage.places[:2]):
            if f"e{number}" not in stage.ledger.said:
                await stage.say(f"e{number}", "goodbye", place=place)
        await self._answered(*stage.ledger.said)

    async def _answered(self, *marks: str) -> None:
        """Wait until each of them has been answered."""
        stage = self._stage
        await stage.until(lambda: not set(marks) & set(unanswered(stage.ledger, stage.standing())))
