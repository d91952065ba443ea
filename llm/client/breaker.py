"""Pure: the circuit breaker, so that a dead endpoint costs one person a wait and not everybody.

A circuit is closed while all is well. What opens it is a series of attempts at an answer that failed for good: at once
when people waited for that, and only after the second in a row when it failed quickly, since a quick failure costs
nobody much and may be over by the next message. While it is open nobody is let through. After its pause one request is,
as a probe, and the others still are not; what the probe finds closes the circuit or opens it for twice as long.

All times are seconds on one steady clock, which is handed in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, IntEnum, auto

FIRST_PAUSE = 5.0
"""Seconds for which a circuit opens; twice as many after each probe that fails."""

LONGEST_PAUSE = 60.0
"""Seconds after which a dead endpoint is probed at the latest."""

LONGEST_HOLD = 300.0
"""Seconds after which a server that asked for a longer wait is asked again nevertheless."""

STRIKES = 2
"""Series in a row that have to fail quickly before a circuit opens."""

GRACE = 10.0
"""Seconds by which work in the background leaves the probe to people, who would be turned away during it."""


class Asker(IntEnum):
    """On whose behalf a request is made; a higher asker may probe while a lower one's probe is still running."""

    NOBODY = 0
    BACKGROUND = 1
    PERSON = 2


class Admission(Enum):
    """What a circuit says to a request."""

    THROUGH = auto()
    PROBE = auto()
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class Circuit:
    """What is known of a model, or of the endpoint as a whole.

    `strikes` series in a row have failed, the last one at `struck`. It `opened` when it was last closed, None while it
    is; that lasts `until`, for a `pause` that grows or, if `busy`, for a wait that the server asked for. `prober` is
    who probes it just now.
    """

    strikes: int = 0
    struck: float = 0.0
    opened: float | None = None
    until: float = 0.0
    pause: float = 0.0
    busy: bool = False
    prober: Asker = Asker.NOBODY


CLOSED = Circuit()


def admit(circuit: Circuit, asker: Asker, now: float) -> tuple[Circuit, Admission]:
    """Say whether a request goes through; who is let through as a probe must end in `strike`, `heal` or `release`."""
    if circuit.opened is None:
        return circuit, Admission.THROUGH
    ready = circuit.until + (GRACE if asker is Asker.BACKGROUND else 0.0)
    if now < ready or asker <= circuit.prober:
        return circuit, Admission.REFUSED
    return replace(circuit, prober=asker), Admission.PROBE


def strike(circuit: Circuit, began: float, now: float, *, slow: bool) -> Circuit:
    """Take in that a series of attempts has failed for good; `slow` if it made people wait.

    Series that ran side by side tell of the same trouble: only what began after the last failure tells something new,
    or what waited longer for it.
    """
    if began < circuit.struck and (circuit.opened is not None or not slow):
        return circuit
    strikes = circuit.strikes + 1
    if circuit.opened is None and not slow and strikes < STRIKES:
        return replace(circuit, strikes=strikes, struck=now)
    pause = min(2 * circuit.pause or FIRST_PAUSE, LONGEST_PAUSE)
    opened = now if circuit.opened is None else circuit.opened
    return Circuit(strikes, struck=now, opened=opened, until=now + pause, pause=pause)


def hold(circuit: Circuit, now: float, seconds: float, *, busy: bool) -> Circuit:
    """Take in that the server asked for a wait that nobody is kept for."""
    opened = now if circuit.opened is None else circuit.opened
    return Circuit(struck=now, opened=opened, until=now + min(seconds, LONGEST_HOLD), busy=busy)


def heal(circuit: Circuit, *, probe: bool) -> Circuit:
    """Take in a sign of life; where the server asked for a wait, only a probe shows that this is over."""
    return circuit if circuit.busy and not probe else CLOSED


def release(circuit: Circuit, asker: Asker) -> Circuit:
    """Take in that a probe ended without telling anything, because who asked went away."""
    return replace(circuit, prober=Asker.NOBODY) if circuit.prober is asker else circuit
