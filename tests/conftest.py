"""What every test may rely on: no address but loopback is ever spoken to, and scenes to talk in."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.fakes.discord import FakeDiscord
from tests.fakes.model import FakeModel
from tests.fakes.slack import FakeSlack
from tests.hunting import TIMES, examples
from tests.scenes import DiscordScene, Scene, SlackScene

# A machine that is busy with something else is no reason to fail; `bench/` measures time. The same tree gives the same
# answer each time; `make hunt` looks where nobody has looked yet.
hypothesis.settings.register_profile("threadkeeper", deadline=None, derandomize=TIMES == 1, max_examples=examples())
hypothesis.settings.load_profile("threadkeeper")

WORKERS_A_CORE = 2
"""Most of what takes long waits for a disk, a clock or another process."""

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """How many processes `-n auto` means."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return WORKERS_A_CORE * (cores or 1)


@pytest.fixture(autouse=True, scope="session")
def _only_loopback() -> Iterator[None]:
    """Refuse every address but loopback: a test that leaves this machine is a fault, whatever it proves."""
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and address[0] not in LOOPBACK:
            raise AssertionError(f"a test wanted to connect to {address[0]}")
        connect(self, address)  # type: ignore[arg-type]  # typeshed's own alias for this is private

    def guarded_look_up(host: str | bytes | None, *args: object, **kwargs: object) -> object:
        if host not in LOOPBACK and host is not None:
            raise AssertionError(f"a test wanted to look up {host!r}")
        return look_up(host, *args, **kwargs)  # type: ignore[arg-type]  # passed on as it came

    socket.socket.connect = guarded_connect  # type: ignore[method-assign,assignment]  # the guard is the point
    socket.getaddrinfo = guarded_look_up  # type: ignore[assignment]  # the guard is the point
    yield
    socket.socket.connect, socket.getaddrinfo = connect, look_up  # type: ignore[method-assign]  # put back


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    """A Discord of its own for one test."""
    async with FakeDiscord() as fake:
        yield fake


@pytest.fixture
async def model() -> AsyncIterator[FakeModel]:
    """A model server of its own for one test."""
    async with FakeModel() as fake:
        yield fake


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    """A Slack of its own for one test."""
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
def discord_scene(tmp_path: Path, discord: FakeDiscord, model: FakeModel) -> DiscordScene:
    """A Discord server with people in it, a model, and a bot that is yet to start."""
    return DiscordScene(tmp_path, model, discord)


@pytest.fixture
async def slack_scene(tmp_path: Path, slack: FakeSlack, model: FakeModel) -> SlackScene:
    """A Slack workspace with people in it, a model, and a bot that is yet to start."""
    return await SlackScene.make(tmp_path, model, slack)


@pytest.fixture(params=["discord", "slack"])
def scene(request: pytest.FixtureRequest) -> Scene:
    """Either of them: what is proved with it holds on both platforms."""
    chosen: Scene = request.getfixturevalue(f"{request.param}_scene")
    return chosen
