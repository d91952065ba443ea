"""Faults that a test orders: calls that are answered with an error, too late, or not at all."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

Garble = Callable[[object], object]
"""Makes something else of an answer."""


@dataclass(slots=True)
class Fault:
    """What happens to the next `times` calls of a method ("*": of any).

    `outcome` is the name of a refusal, or an HTTP status, 0 of which cuts the connection instead of answering.
    `retry_after` (seconds) goes with 429. With `after_effect` the call takes effect before its answer is lost.
    """

    method: str
    outcome: str | int
    times: int = 1
    after_effect: bool = False
    retry_after: int | None = None


@dataclass(slots=True)
class Allowance:
    """How many calls of a method are taken in how many seconds, and when the last of them came."""

    calls: int
    seconds: float
    taken: deque[float] = field(default_factory=deque)

    def wait(self, now: float) -> float:
        """Take a call, or say how many seconds it is too early."""
        while self.taken and now - self.taken[0] >= self.seconds:
            self.taken.popleft()
        if len(self.taken) >= self.calls:
            return self.taken[0] + self.seconds - now
        self.taken.append(now)
        return 0.0


class Faults:
    """The faults that are still to happen, oldest first, and the allowances of methods that have one."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._allowances: dict[str, Allowance] = {}
        self._garbles: dict[str, Garble] = {}

    def garble(self, method: str, change: Garble) -> None:
        """Let the answers of a method be changed from now on before they are sent."""
        self._garbles[method] = change

    def garbled(self, method: str, answer: object) -> object:
        """What becomes of an answer."""
        change = self._garbles.get(method)
        return answer if change is None else change(answer)

    def allow(self, method: str, allowance: Allowance) -> None:
        """Let a method be called only so often from now on."""
        self._allowances[method] = allowance

    def order(self, fault: Fault) -> None:
        """Let a fault happen to the next calls that match it."""
        self._waiting.append(fault)

    def take(self, method: str) -> Fault | None:
        """Use up one time of the first fault that matches a call, or the call's allowance."""
        for fault in self._waiting:
            if fault.method in {method, "*"}:
                fault.times -= 1
                if fault.times == 0:
                    self._waiting.remove(fault)
                return fault
        allowance = self._allowances.get(method)
        early = allowance.wait(time.monotonic()) if allowance else 0.0
        return Fault(method, 429, retry_after=math.ceil(early)) if early else None
