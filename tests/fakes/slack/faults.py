"""Faults that a test orders: calls that are answered with an error, too late, or not at all."""

from __future__ import annotations

from dataclasses import dataclass


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


class Faults:
    """The faults that are still to happen, oldest first."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def order(self, fault: Fault) -> None:
        """Let a fault happen to the next calls that match it."""
        self._waiting.append(fault)

    def take(self, method: str) -> Fault | None:
        """Use up one time of the first fault that matches a call."""
        for fault in self._waiting:
            if fault.method in {method, "*"}:
                fault.times -= 1
                if fault.times == 0:
                    self._waiting.remove(fault)
                return fault
        return None
