"""How many random examples a property is tried with: some in `make test`, the same each time; many in `make hunt`."""

from __future__ import annotations

import os

TIMES = int(os.environ.get("HUNT", "1"))
"""How many times as many as usual; more than 1 looks at others each time."""

USUAL = 100
"""Examples of a property that names no number, as Hypothesis has it."""


def examples(usual: int = USUAL) -> int:
    """How many examples to try where so many are usual."""
    return usual * TIMES
