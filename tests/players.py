"""A platform and a model that do as they are told, at the far ends of a core."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from errors import ModelError, PlatformUnreachable, ReplyImpossible
from memory.ports import Intake, Note
from memory.types import Answer, Delta, History, Inbound, Place, Prompt, Schema, Usage


@dataclass
class Model:
    """Answers with the number of prompts it has seen, or what it `says`, in three deltas; `gate` holds back the last.

    With `holds`, only answers to messages with this text are held back.
    `failures` come in place of answers, `fold_failures` in place of summaries, which are else those that are `told`.
    A fold is held back by `fold_gate`. Every call takes `tokens`, where given.
    """

    prompts: list[Prompt] = field(default_factory=list)
    folds: list[Prompt] = field(default_factory=list)
    failures: list[ModelError] = field(default_factory=list)
    fold_failures: list[ModelError] = field(default_factory=list)
    says: str = ""
    told: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None
    holds: str = ""
    fold_gate: asyncio.Event | None = None
    tokens: int = 0

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        self.prompts.append(prompt)
        number = len(self.prompts)
        if self.failures:
            raise self.failures.pop(0)
        first, second, last = (self.says, "", "") if self.says else ("Answer ", str(number), ".")
        yield Delta(first)
        yield Delta(second)
        if self.gate is not None and self.holds in prompt.messages[-1].content:
            await self.gate.wait()
        yield Delta(last)
        yield Delta(usage=self._usage(prompt))

    async def complete(self, prompt: Prompt, max_tokens: int, schema: Schema | None = None) -> Answer:
        del max_tokens, schema
        self.folds.append(prompt)
        if self.fold_gate is not None:
            await self.fold_gate.wait()
        if self.fold_failures:
            raise self.fold_failures.pop(0)
        return Answer(self.told.pop(0) if self.told else "They talked.", self._usage(prompt))

    def _usage(self, prompt: Prompt) -> Usage:
        return Usage("model", self.tokens or prompt.tokens, 0, 0 if self.tokens else 3, 0.1, prompt.tokens)


@dataclass
class Post:
    """A message of the bot, as it stands on the platform."""

    place: Place
    answers: str
    text: str


@dataclass
class Platform:
    """Keeps what people and the bot have said, through every restart of the bot; shows a reply as it grows.

    `failures` come behind the last delta, `down` times a reply cannot even begin. `last_send` holds back the last send
    of a reply, when all of it is recorded already; `held` are the messages to which that happened. `receipt` holds back
    the word of where a new post stands. `part` is the longest that one message can be.

    Of what is read back: `reading` holds it back, that of all places or of those that are `slow`; `breaks` come in its
    place; `read_until` is how far it comes, which leaves out all posts; `unreadable` places cannot be read.
    `read_before` are the messages before which was read; what was found then waits at the `door`.
    """

    failures: list[Exception] = field(default_factory=list)
    down: int = 0
    last_send: asyncio.Event | None = None
    receipt: asyncio.Event | None = None
    held: list[str] = field(default_factory=list)
    part: int = 1000
    reading: asyncio.Event | None = None
    slow: set[Place] = field(default_factory=set)
    breaks: list[Exception] = field(default_factory=list)
    unreadable: set[Place] = field(default_factory=set)
    read_until: datetime | None = None
    said: list[tuple[str, str]] = field(default_factory=list)
    posts: dict[str, Post] = field(default_factory=dict)
    written: dict[tuple[Place, str], Inbound] = field(default_factory=dict)
    read: list[Place] = field(default_factory=list)
    read_before: list[str] = field(default_factory=list)
    door: asyncio.Event | None = None
    name: str = "stage"
    alive: bool = True
    whispers: bool = False
    _posted: int = 0
    _unsure: set[str] = field(default_factory=set)
    _life: int = 0

    def unplug(self) -> None:
        """Let nothing more through from the process that talks to it now."""
        self._life += 1

    def shown(self, channel: str = "channel") -> list[str]:
        """What the bot's messages in a channel say, oldest first."""
        return [post.text for post in self.posts.values() if post.place.channel == channel]

    async def run(self, intake: Intake) -> None:
        raise NotImplementedError("the tests hand messages over")

    async def places(self, since: datetime) -> Sequence[Place]:
        newest: dict[Place, datetime] = {}
        for message in self.written.values():
            channel = replace(message.place, thread="")
            newest[channel] = max(message.sent_at, newest.get(channel, message.sent_at))
        fresh = [place for place, sent_at in newest.items() if sent_at >= since]
        return sorted(fresh, key=lambda place: newest[place], reverse=True)

    async def history(self, place: Place, since: datetime) -> History | None:
        self.read.append(place)
        if self.reading is not None and (place in self.slow or not self.slow):
            await self.reading.wait()
        if self.breaks:
            raise self.breaks.pop(0)
        if place in self.unreadable:
            return None
        until = self.read_until
        fresh = [m for m in self.written.values() if m.sent_at >= since and (until is None or m.sent_at <= until)]
        here = sorted((m for m in fresh if m.place == place), key=lambda m: m.sent_at)
        standing = {message.message_id for message in here}
        if until is None:
            standing |= {id_ for id_, post in self.posts.items() if post.place == place}
        threads = dict.fromkeys(m.place for m in fresh if m.place != place and replace(m.place, thread="") == place)
        return History(place, since, tuple(here), frozenset(standing), tuple(threads), until)

    async def reply(self, to: Inbound, deltas: AsyncIterator[Delta], note: Note, posted: Sequence[str] = ()) -> None:
        life, text, posts = self._life, "", list(posted)
        if self.down:
            self.down -= 1
            raise PlatformUnreachable("down")
        if to.message_id in self._unsure:
            posts += [id_ for id_, post in self.posts.items() if post.answers == to.message_id and id_ not in posted]
        async for delta in deltas:
            before, text = text, delta.text if delta.restart else text + delta.text
            so_far = before if self.last_send else text
            if so_far:
                await self._show(life, to, so_far, posts, note)
        if self.failures:
            raise self.failures.pop(0)
        if self.last_send is not None:
            self.held.append(to.message_id)
            await self.last_send.wait()
        await self._show(life, to, text, posts, note)
        self.said.append((to.message_id, text))

    async def _show(self, life: int, to: Inbound, text: str, posts: list[str], note: Note) -> None:
        """Make the messages of a reply say a text, with as many of them as that takes."""
        if life != self._life:
            await asyncio.Event().wait()
        parts = [text[at : at + self.part] for at in range(0, len(text), self.part)]
        for number, part in enumerate(parts):
            if number < len(posts):
                if posts[number] not in self.posts:
                    raise ReplyImpossible("gone")
                self.posts[posts[number]].text = part
                continue
            self._posted += 1
            posts.append(f"post-{self._posted}")
            self.posts[posts[number]] = Post(to.place, to.message_id, part)
            if self.receipt is not None:
                self._unsure.add(to.message_id)
                await self.receipt.wait()
                self._unsure.discard(to.message_id)
            await note(number, posts[number])
        while len(posts) > len(parts):
            self.posts.pop(posts.pop(), None)
            await note(len(posts), "")

    async def before(self, inbound: Inbound, most: int) -> Sequence[Inbound]:
        self.read_before.append(inbound.message_id)
        if self.breaks:
            raise self.breaks.pop(0)
        place, parent = inbound.place, (replace(inbound.place, thread=""), inbound.place.thread)
        earlier = [
            m for key, m in self.written.items() if (m.place == place or key == parent) and m.sent_at < inbound.sent_at
        ]
        if self.door is not None:
            await self.door.wait()
        return sorted(earlier, key=lambda m: m.sent_at)[-most:]

    async def announce(self, place: Place, text: str) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self._posted += 1
        self.posts[f"post-{self._posted}"] = Post(place, "", text)

    def link(self, place: Place, message_id: str) -> str:
        return f"stage://{place}/{message_id}"

    async def is_admin(self, user: str, place: Place) -> bool:
        return user == "mod" and place.space != "@me"
