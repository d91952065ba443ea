"""Faults that a test orders: requests that are answered with an error, or not at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Fault:
    """What happens to the next `times` requests that match; status 0 cuts the connection instead of answering.

    With `after_effect` the request takes effect before its answer is lost.
    """

    method: str
    path: re.Pattern[str]
    status: int
    times: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    after_effect: bool = False


def rate_limited(method: str, path: str, retry_after: float, times: int, *, everywhere: bool) -> Fault:
    """The answer to one request too many; `everywhere` is the global limit.

    Source: https://discord.com/developers/docs/topics/rate-limits#exceeding-a-rate-limit. discord.py obeys it only
    with the `Via` header that Discord's proxies add (HTTPClient.request).
    """
    headers = {
        "Via": "1.1 google",
        "Retry-After": str(retry_after),
        "X-RateLimit-Scope": "global" if everywhere else "user",
    }
    if everywhere:
        headers["X-RateLimit-Global"] = "true"
    body = {"message": "You are being rate limited.", "retry_after": retry_after, "global": everywhere}
    return Fault(method, re.compile(path), 429, times, headers, body)


class Faults:
    """The faults that are still to happen, oldest first."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def order(self, fault: Fault) -> None:
        """Let a fault happen to the next requests that match it."""
        self._waiting.append(fault)

    def take(self, method: str, path: str) -> Fault | None:
        """Use up one time of the first fault that matches a request."""
        for fault in self._waiting:
            if fault.method in {method, "*"} and fault.path.search(path):
                fault.times -= 1
                if fault.times == 0:
                    self._waiting.remove(fault)
                return fault
        return None
