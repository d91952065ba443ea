"""What every fake server does alike: listen on a loopback port, fall silent, and let a test wait."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import ClassVar, Self

from aiohttp import web

from tests.fakes.changes import Changes

HOST = "127.0.0.1"


class Listening(ABC):
    """A server on a loopback port, which is a free one where `port` is 0; an async context manager.

    `changes` is marked by the fake whenever anything in it changes.
    """

    notices_leaving: ClassVar[bool] = False
    """Whether the handling of a request is cancelled when its client leaves."""

    def __init__(self, changes: Changes, port: int = 0) -> None:
        self._changes = changes
        self._port = port
        self._runner: web.AppRunner | None = None

    @abstractmethod
    def web_app(self) -> web.Application:
        """Make what answers the requests; anew for every `up`."""

    @abstractmethod
    def asked(self) -> Sequence[str]:
        """What was asked of it so far, oldest first: a few words for each request, to show who waited in vain."""

    @property
    def address(self) -> str:
        """The host and the port; known once it serves."""
        return f"{HOST}:{self._port}"

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.down()

    async def up(self) -> None:
        """Start to serve; after `down` on the same port, with everything else as it was."""
        # Nobody is waited for: what is still running when the test ends is of no interest.
        self._runner = web.AppRunner(
            self.web_app(), handler_cancellation=self.notices_leaving, shutdown_timeout=0.01, access_log=None
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self._port).start()
        self._port = int(self._runner.addresses[0][1])

    async def down(self) -> None:
        """Cut every connection and refuse new ones."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def wait_for(self, condition: Callable[[], bool], timeout: float = 5.0) -> None:  # noqa: ASYNC109 - says how long a test waits
        """Wait until a condition on this server holds; it is looked at whenever anything here changes.

        Raises: TimeoutError that lists the last requests.
        """
        if not await self._changes.until(condition, timeout):
            raise TimeoutError(f"not within {timeout} s; the last requests: {', '.join(self.asked()[-8:])}")
