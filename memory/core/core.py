"""Messages in: taken in, decided on, handed to a lane or run as a command; edited, deleted, missed and caught up with.

What becomes of a message is decided first, with a look at the disk where that depends on who has spoken in its thread.
What is the bot's business is on disk before the model is asked and before anything is said. Its conversation's lane
takes it up then; where nothing waits there before it, the answer is prepared while the disk still writes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from errors import PlatformError, StorageError, StorageUnavailable
from memory import policy
from memory.commands import DISCREET, FORGET, NAMES, Commands
from memory.core.catching_up import HOLD_SECONDS, CatchUp
from memory.core.commanding import Commanding
from memory.core.earlier import Earlier
from memory.core.early import EarlyChanges
from memory.core.erasing import Erasing
from memory.core.folding import Folding
from memory.core.lanes import Lanes
from memory.core.limiting import Limiting
from memory.core.planning import Planning
from memory.core.preparing import Ahead, Fresh, Preparing
from memory.core.recalling import Recalling
from memory.core.resting import Resting
from memory.core.suspects import Suspects
from memory.core.tasks import Tasks
from memory.core.turns import Observer, Turns
from memory.core.upkeep import Upkeep
from memory.core.voice import Voice
from memory.forgetting import find_echo
from memory.phrases import write_arrival
from memory.ports import Clock, Connected, Count, Intake, Model, Platform, Sleep, Store
from memory.prompt import Budget, Persona
from memory.types import (
    Channel,
    Conversation,
    CoreSettings,
    Decision,
    Extent,
    Inbound,
    Owed,
    Place,
    Recent,
    Thread,
    Visibility,
    Waiting,
    command_of,
)

log = logging.getLogger(__name__)

TOLD = 1000
"""Messages that could not be taken in, whose authors have been told so: a platform may deliver one again and again."""


class Core:
    """Takes messages in, answers them through their platform, and folds what has grown long."""

    def __init__(
        self,
        settings: CoreSettings,
        store: Store,
        model: Model,
        count: Count,
        clock: Clock,
        observers: Iterable[Observer] = (),
        sleep: Sleep = asyncio.sleep,
        hold_seconds: float = HOLD_SECONDS,
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._platforms: dict[str, Platform] = {}
        self._connected_before: set[str] = set()
        self._told = Recent[tuple[str, str], None](TOLD)
        self._unsure: set[str] = set()
        self._early = EarlyChanges()
        self._tasks = Tasks()
        self._planning = Planning(settings, count, clock)
        self._folding = Folding(self._planning, store, model)
        suspects = Suspects()
        self._erasing = Erasing(store, self._early, self._tasks, clock, sleep, self._gone)
        self._voice = Voice(store, self._platforms, self._erasing, suspects, sleep)
        commands = Commands(settings, store, self, self.moderates, clock, self._link)
        self._commanding = Commanding(settings.prefix, store, self._voice, self._platforms, commands)
        self._catch_up = CatchUp(
            store=store,
            platforms=self._platforms,
            tasks=self._tasks,
            clock=clock,
            sleep=sleep,
            compared=timedelta(hours=settings.compare_hours),
            hold_seconds=hold_seconds,
            take=self._take_missed,
            amend=self.amend,
            erase=self._erasing.erase_missed,
            take_up=self._take_up,
            released=self._release,
        )
        self._preparing = Preparing(self._planning, Recalling(self._planning, store))
        self._lanes = Lanes(
            store=store,
            platforms=self._platforms,
            folding=self._folding,
            turns=Turns(
                self._planning,
                Limiting(settings, store, clock),
                Earlier(self._planning, store, self._early),
                self._preparing,
                self._erasing,
                store,
                model,
                tuple(observers),
                sleep,
            ),
            voice=self._voice,
            suspects=suspects,
            tasks=self._tasks,
            may_serve=lambda conversation: not self._catch_up.holds(conversation),
            sleep=sleep,
        )
        self._resting = Resting(self._folding, store, clock, settings.rest_minutes)
        self._upkeep = Upkeep(store, clock, settings, self._folding, lambda: self._lanes.quiet_for)

    # -- coming and going

    def attach(self, platform: Platform) -> None:
        """Let a platform be replied through, under its name, from when it is connected."""
        self._platforms[platform.name] = platform
        self._catch_up.close(platform.name)

    async def start(self) -> None:
        """Take up what earlier runs left: the learned ratio of tokens, and a scrub that was not done yet.

        Raises: StorageError.
        """
        await self._planning.relearn(self._store)
        await self._catch_up.note_first_start()
        self._tasks.spawn(self._upkeep.run_for_ever())
        self._tasks.spawn(self._resting.run_for_ever())
        self._tasks.spawn(self._catch_up.beat_for_ever())

    async def connected(self, platform: str, *, missed: bool = True) -> None:
        """Take up aside what waits for a platform that can be written to now, and what it missed."""
        self._catch_up.begin(platform, missed=missed)

    async def _take_up(self, platform: str) -> None:
        """Hand on what waits on disk for a platform: replies that are owed, messages, commands.

        Raises: StorageError.
        """
        if platform not in self._connected_before:
            self._pay(await self._store.owed(platform))
            self._connected_before.add(platform)
        for waiting in await self._store.unsettled():
            if waiting.conversation.platform == platform:
                self._dispatch(waiting)

    async def drain(self, seconds: float) -> None:
        """Begin nothing new and give what runs so long to end; the rest waits in the inbox for the next start."""
        await self._tasks.drain(seconds)
        await self._catch_up.beat()

    # -- what comes in

    def intake(self, platform: str, connected: Connected) -> Intake:
        """What a platform of this name is handed; `connected` hears of its connections."""
        return Intake(
            accept=self.accept,
            amend=self.amend,
            erase=self.erase,
            connected=connected,
            channels=self.channels,
            only=partial(self.only, platform),
            arrived=self.arrived,
            removed=self.removed,
        )

    async def accept(self, inbound: Inbound) -> bool:
        """See `memory.ports.Accept`."""
        try:
            decision = await self._take(inbound, missed=False)
        except StorageError as exc:
            self._catch_up.refused(inbound.place.platform)
            self._tell_once(inbound, exc)
            raise
        return decision in {Decision.ANSWER, Decision.COMMAND}

    async def amend(self, inbound: Inbound) -> None:
        """See `memory.ports.Amend`; a young message that is for the bot only since its edit comes in like a new one.

        One that was known as addressed to the bot has been answered, or is going to be. An edit that comes after a
        later one, or after the deletion, changes nothing.
        """
        if not self._early.amend(inbound):
            return
        weigh = partial(self._planning.weigh, visibility=inbound.visibility)
        try:
            changed = await self._store.amend(inbound, weigh, find_echo)
        except StorageError:
            self._catch_up.refused(inbound.place.platform)
            raise
        self._lanes.interrupt(changed)
        if inbound.addressed and self._clock() - inbound.sent_at <= self._answered_within:
            await self.accept(inbound)

    async def erase(self, place: Place, message_ids: Sequence[str]) -> None:
        """See `memory.ports.Erase`."""
        await self._erasing.erase(place, message_ids)

    async def removed(self, place: Place) -> None:
        """See `memory.ports.Removed`."""
        await self._erasing.remove(place)

    def _gone(self, extent: Extent) -> None:
        self._lanes.interrupt(extent, erased=True)

    async def channels(self, channels: Sequence[Channel]) -> None:
        """See `memory.ports.Channels`."""
        platforms = {channel.platform for channel in channels}
        try:
            await self._store.note_channels(channels)
        except StorageError:
            self._unsure |= platforms
            raise
        self._unsure -= platforms

    async def only(self, platform: str, channels: Collection[str]) -> None:
        """See `memory.ports.Only`."""
        await self._store.close_other_channels(platform, channels)

    async def arrived(self, place: Place, visibility: Visibility) -> None:
        """See `memory.ports.Arrived`; says once what is remembered there, unless nobody is heard there."""
        if policy.is_denied(place, self._settings):
            return
        self._tasks.spawn(self._greet(place, visibility), says=True)

    async def _greet(self, place: Place, visibility: Visibility) -> None:
        try:
            await self._platforms[place.platform].announce(place, write_arrival(self._settings))
        except PlatformError as exc:
            log.warning("could not greet", extra={"place": str(place)}, exc_info=exc)
        else:
            log.info("arrived", extra={"place": str(place), "visibility": visibility.value})

    @property
    def _answered_within(self) -> timedelta:
        return timedelta(minutes=self._settings.answer_minutes)

    async def _take_missed(self, inbound: Inbound) -> Decision:
        return await self._take(inbound, missed=True)

    async def _take(self, inbound: Inbound, *, missed: bool) -> Decision:
        """Take a message in and hand it on; what is known already, deleted by now or nobody's business is ignored."""
        asks = policy.depends_on_joining(inbound, self._settings)
        joined = asks and await self._store.joined(inbound.place, inbound.sent_at)
        now_standing = self._early.apply(inbound)
        if now_standing is None:
            return Decision.IGNORE
        inbound = now_standing
        conversation = policy.conversation_of(inbound, self._settings)
        decision = policy.decide(inbound, self._settings, NAMES, joined=joined)
        if missed:
            forgets = command_of(inbound.text, self._settings.prefix, NAMES) == FORGET
            age = self._clock() - inbound.sent_at
            decision = policy.decide_late(decision, age, self._answered_within, forgets=forgets)
        if decision is Decision.IGNORE:
            return decision
        if inbound.place.platform in self._unsure:
            raise StorageUnavailable("it is not on disk who can read what now")
        if decision is Decision.COMMAND and self._is_discreet(inbound):
            inbound = replace(inbound, private=True)
        # A quotation is read from the inbox, which leaves out what was forgotten.
        if decision is Decision.ANSWER and inbound.reply_to is None and self._lanes.idle(conversation):
            return await self._take_ahead(inbound, conversation)
        row = await self._store.accept(inbound, conversation, decision)
        if row is None:
            return Decision.IGNORE
        self._dispatch(Waiting(row, inbound, conversation, decision))
        return decision

    async def _take_ahead(self, inbound: Inbound, conversation: Conversation) -> Decision:
        """Take in a message to answer before which nothing waits; the answer is prepared while the disk writes.

        Raises: StorageError.
        """
        ahead: list[Ahead] = []

        def prepare(thread: Thread) -> None:
            if thread.joined or not inbound.place.thread:  # else it may hang on what stands in the inbox
                ahead.append(Ahead(thread, self._tasks.spawn(self._preparing.prepare(thread, (inbound,)))))

        audience = self._planning.audience(inbound)
        row = await self._store.accept_and_load(
            inbound, conversation, Decision.ANSWER, self.budget.window, audience, prepare
        )
        if row is None:
            return Decision.IGNORE
        waiting = Waiting(row, inbound, conversation, Decision.ANSWER)
        self._lanes.dispatch(conversation, Fresh(waiting, ahead[0]) if ahead else None)
        return Decision.ANSWER

    def _is_discreet(self, inbound: Inbound) -> bool:
        """Whether a command is answered to its author alone."""
        name = command_of(inbound.text, self._settings.prefix, NAMES)
        platform = self._platforms[inbound.place.platform]
        return name in DISCREET and inbound.visibility is not Visibility.DIRECT and platform.whispers

    def _tell_once(self, inbound: Inbound, exc: StorageError) -> None:
        """Say once to the author of a message for the bot that it could not be taken in."""
        key = inbound.place.channel, inbound.message_id
        for_me = inbound.addressed or command_of(inbound.text, self._settings.prefix, NAMES)
        if not for_me or key in self._told or not policy.is_heard(inbound, self._settings):
            return
        self._told[key] = None
        self._tasks.spawn(self._say_aside(inbound, exc.sentence))

    async def _say_aside(self, inbound: Inbound, text: str) -> None:
        await self._voice.say(inbound, text)

    def _dispatch(self, waiting: Waiting) -> None:
        """Give a message to its lane, or run its command, once."""
        if waiting.decision is not Decision.COMMAND:
            self._lanes.dispatch(waiting.conversation)
        elif not self._tasks.draining and self._commanding.begins(waiting):
            self._tasks.spawn(self._commanding.run(waiting), says=True)

    def _pay(self, debts: Sequence[Owed]) -> None:
        """Complete the replies that an earlier run left: commands' aside, those of a conversation by its lane."""
        of_lanes: dict[Conversation, list[Owed]] = {}
        for owed in debts:
            if owed.waiting.decision is Decision.COMMAND:
                self._tasks.spawn(self._voice.pay(owed), says=True)
            else:
                of_lanes.setdefault(owed.waiting.conversation, []).append(owed)
        for conversation, of_lane in of_lanes.items():
            self._lanes.dispatch(conversation, owed=of_lane)

    def _release(self) -> None:
        self._lanes.release()

    # -- commands

    async def moderates(self, inbound: Inbound) -> bool:
        """Whether the author may moderate this place: by the settings, or by the platform's word."""
        place = inbound.place
        if f"{place.platform}:{inbound.author}" in self._settings.admins:
            return True
        return await self._platforms[place.platform].is_admin(inbound.author, place)

    def _link(self, place: Place, message_id: str) -> str:
        """The address of a message; empty where its platform is not served now."""
        platform = self._platforms.get(place.platform)
        return platform.link(place, message_id) if platform else ""

    @property
    def budget(self) -> Budget:
        """The budget that prompts are planned under now."""
        return self._planning.budget()

    def persona(self, visibility: Visibility) -> Persona:
        """The system text of conversations that so many can read."""
        return self._planning.persona(visibility)

    async def fold_now(self, conversation: Conversation) -> int:
        """Fold all but the recent turns, after a fold that is under way there, and return how many turns that were."""
        await self._folding.ended(conversation)
        return await self._folding.fold(conversation, replace(self.budget, keep=0))

    async def rebuild(self, conversation: Conversation, progress: Callable[[int, int], Awaitable[None]]) -> int:
        """Make the summary anew from the originals, and return of how many turns."""
        return await self._folding.rebuild(conversation, self.budget, progress)

    def interrupt(self, extent: Extent) -> None:
        """Stop the turns under way where something was forgotten; those that still stand begin again."""
        self._lanes.interrupt(extent)
