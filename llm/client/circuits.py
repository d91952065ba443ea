"""The circuits of one endpoint as they stand: one for each model, and one for the address that all of them share.

No connection means that the endpoint is gone, with all its models; everything else that fails concerns one model.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from errors import ModelBusy, ModelUnreachable
from llm.client.breaker import CLOSED, Admission, Asker, Circuit, admit, heal, hold, release, strike
from llm.client.failures import LONGEST_WAIT, Failure, Kind, translate

log = logging.getLogger(__name__)

ALL_MODELS = "*"
"""What the log calls the circuit of the endpoint."""

_UNANSWERED = frozenset({Kind.UNCONNECTED, Kind.TIMEOUT, Kind.UNSENDABLE})
"""What does not show that there is a server."""


class Breaker:
    """One circuit, the pieces that were heard through it, and the requests that wait for their first piece."""

    def __init__(self, model: str, clock: Callable[[], float]) -> None:
        self.circuit = CLOSED
        self.heard = 0
        self.waiting: set[asyncio.Timeout] = set()
        self._model = model
        self._clock = clock

    @property
    def is_open(self) -> bool:
        """Whether nobody but a probe is let through."""
        return self.circuit.opened is not None

    def admit(self, asker: Asker) -> Admission:
        """See `breaker.admit`."""
        self.circuit, admission = admit(self.circuit, asker, self._clock())
        return admission

    def refusal(self, model: str) -> Failure:
        """What a request for a model fails with that is not let through: what the circuit was opened by."""
        if not self.circuit.busy:
            return Failure(model, Kind.OPEN)
        return Failure(model, Kind.OPEN, status=429, retry_after=max(0.0, self.circuit.until - self._clock()))

    def strike(self, began: float, *, slow: bool) -> None:
        """See `breaker.strike`; who waits for a first piece waits no longer where others have waited in vain."""
        self._become(strike(self.circuit, began, self._clock(), slow=slow))
        if slow and self.is_open:
            now = asyncio.get_running_loop().time()
            for limit in self.waiting:
                if not limit.expired():
                    limit.reschedule(now)

    def hold(self, seconds: float, *, busy: bool) -> None:
        """See `breaker.hold`."""
        self._become(hold(self.circuit, self._clock(), seconds, busy=busy))

    def heal(self, *, probe: bool) -> None:
        """See `breaker.heal`."""
        self._become(heal(self.circuit, probe=probe))

    def release(self, asker: Asker) -> None:
        """See `breaker.release`."""
        self.circuit = release(self.circuit, asker)

    def _become(self, circuit: Circuit) -> None:
        before, self.circuit = self.circuit, circuit
        now = self._clock()
        if circuit.opened is not None and (before.opened is None or before.until <= now):
            log.warning("circuit open", extra={"model": self._model, "seconds": round(circuit.until - now, 1)})
        elif circuit.opened is None and before.opened is not None:
            log.info("circuit closed", extra={"model": self._model, "seconds": round(now - before.opened, 1)})


class Circuits:
    """All circuits of one endpoint; a series of attempts counts as slow from `patience` seconds on."""

    def __init__(self, patience: float, clock: Callable[[], float]) -> None:
        self._patience = patience
        self._clock = clock
        self._endpoint = Breaker(ALL_MODELS, clock)
        self._models: dict[str, Breaker] = {}

    def series(self, model: str, asker: Asker) -> Series:
        """Begin one request's attempts at one model."""
        breaker = self._models.setdefault(model, Breaker(model, self._clock))
        return Series(model, asker, self._endpoint, breaker, self._patience, self._clock)


class Series:
    """One request's attempts at one model; a context manager, since who asked may go away at any time."""

    def __init__(
        self, model: str, asker: Asker, endpoint: Breaker, breaker: Breaker, patience: float, clock: Callable[[], float]
    ) -> None:
        self.model = model
        self._asker = asker
        self._endpoint = endpoint
        self._breaker = breaker
        self._patience = patience
        self._clock = clock
        self._began = clock()
        self._heard = 0
        self._heard_before = {each: each.heard for each in (endpoint, breaker)}
        self._probing: set[Breaker] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for breaker in self._probing:
            breaker.release(self._asker)

    @property
    def is_last(self) -> bool:
        """Whether an attempt that failed is not repeated: it was a probe, or others have given up in the meantime."""
        return self._endpoint.is_open or self._breaker.is_open

    def ask(self) -> Failure | None:
        """Ask to make an attempt; return why not, where it may not be made."""
        for breaker in (self._endpoint, self._breaker):
            if breaker not in self._probing:
                match breaker.admit(self._asker):
                    case Admission.REFUSED:
                        log.info("model skipped", extra={"model": self.model})
                        return breaker.refusal(self.model)
                    case Admission.PROBE:
                        self._probing.add(breaker)
                    case Admission.THROUGH:
                        pass
        return None

    @asynccontextmanager
    async def first_piece(self, seconds: float) -> AsyncGenerator[None, None]:
        """Bound the wait for an attempt's first piece, which ends early where a circuit opens.

        Raises: TimeoutError.
        """
        async with asyncio.timeout(seconds) as limit:
            for breaker in (self._endpoint, self._breaker):
                breaker.waiting.add(limit)
            try:
                yield
            finally:
                for breaker in (self._endpoint, self._breaker):
                    breaker.waiting.discard(limit)

    def heard(self) -> None:
        """Take in that a piece of an answer has come."""
        self._heard += 1
        for breaker in (self._endpoint, self._breaker):
            breaker.heard += 1
            self._heal(breaker)

    def failed(self, failure: Failure) -> None:
        """Take in a failed attempt: what it shows to be alive, and the wait that the server asked for."""
        if failure.kind not in _UNANSWERED:
            self._heal(self._endpoint)
        error = translate(failure)
        if failure.retry_after is not None and failure.retry_after > LONGEST_WAIT:
            self._breaker.hold(failure.retry_after, busy=isinstance(error, ModelBusy))
            self._probing.discard(self._breaker)
        elif not isinstance(error, ModelUnreachable):
            self._heal(self._breaker)

    def lost(self, failure: Failure) -> None:
        """Take in that the attempts have ended with this failure, if it is one of a dead model or endpoint.

        It tells nothing where others were answered in the meantime. Background work counts for its own probes alone: it
        asks for much, and what is too much for a server must not be charged to people.
        """
        breaker = self._endpoint if failure.kind is Kind.UNCONNECTED else self._breaker
        counts = self._asker is Asker.PERSON or breaker in self._probing
        heard_by_others = breaker.heard - self._heard > self._heard_before[breaker]
        if counts and not heard_by_others and isinstance(translate(failure), ModelUnreachable):
            breaker.strike(self._began, slow=self._clock() - self._began >= self._patience)
            self._probing.discard(breaker)

    def _heal(self, breaker: Breaker) -> None:
        breaker.heal(probe=breaker in self._probing)
        self._probing.discard(breaker)
