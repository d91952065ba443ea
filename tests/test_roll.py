"""What is told of channels: only news, in order, and nothing of it is lost where it could not be stored."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

import pytest

from adapters.roll import Roll
from errors import StorageUnavailable
from memory.types import Channel


def channel(its_id: str, *, is_open: bool = True, name: str = "") -> Channel:
    return Channel("discord", "server", its_id, name or its_id, is_open)


class Ear:
    """What is told, call by call; `deaf` is a disk that takes nothing."""

    def __init__(self) -> None:
        self.calls: list[tuple[Channel, ...]] = []
        self.deaf = False
        self.there: frozenset[str] = frozenset()
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def listen(self, channels: Sequence[Channel]) -> None:
        await self.may_go_on.wait()
        if self.deaf:
            raise StorageUnavailable("the disk is full")
        self.calls.append(tuple(channels))

    async def only(self, channels: Collection[str]) -> None:
        self.there = frozenset(channels)


async def test_what_was_told_is_not_told_again() -> None:
    roll, ear = Roll(), Ear()
    await roll.tell([channel("a"), channel("b")], ear.listen)
    await roll.tell([channel("a"), channel("b", is_open=False)], ear.listen)
    assert ear.calls == [(channel("a"), channel("b")), (channel("b", is_open=False),)]


async def test_of_all_there_are_those_that_are_missing_are_gone_and_told_anew_when_they_come_back() -> None:
    roll, ear = Roll(), Ear()
    await roll.tell([channel("a"), channel("b"), channel("c")], ear.listen)
    await roll.tell_all([channel("a")], ear.listen, ear.only, sparing=["c"])
    assert ear.calls[1:] == [(channel("b", is_open=False),)]
    assert ear.there == {"a", "c"}
    assert roll.known("server", "b") is None
    await roll.tell([channel("b")], ear.listen)
    assert ear.calls[2:] == [(channel("b"),)]


async def test_what_could_not_be_stored_is_told_next_as_it_is_by_then() -> None:
    roll, ear = Roll(), Ear()
    ear.deaf = True
    for news in (channel("a"), channel("a", is_open=False)):
        with pytest.raises(StorageUnavailable):
            await roll.tell([news], ear.listen)
    with pytest.raises(StorageUnavailable):
        await roll.strike([channel("b")], ear.listen)
    ear.deaf = False
    await roll.settle(ear.listen)
    await roll.settle(ear.listen)
    assert ear.calls == [(channel("a", is_open=False), channel("b", is_open=False))]


async def test_who_settles_waits_for_what_is_being_told() -> None:
    roll, ear = Roll(), Ear()
    ear.may_go_on.clear()
    telling = asyncio.create_task(roll.tell([channel("a")], ear.listen))
    await asyncio.sleep(0)
    settling = asyncio.create_task(roll.settle(ear.listen))
    await asyncio.wait({settling}, timeout=0.01)
    assert not settling.done()
    ear.may_go_on.set()
    await asyncio.gather(telling, settling)
    assert ear.calls == [(channel("a"),)]


async def test_very_many_are_told_in_slices() -> None:
    roll, ear = Roll(), Ear()
    await roll.tell([channel(str(number)) for number in range(1200)], ear.listen)
    assert [len(call) for call in ear.calls] == [500, 500, 200]
