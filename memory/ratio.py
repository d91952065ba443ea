"""How many tokens a model's own vocabulary makes of one token counted here: learned from what its server reports."""

from __future__ import annotations

from collections.abc import Iterable

from memory.types import Usage

NEWEST = 20
"""Calls that the ratio is learned from: enough to even out, few enough to follow a model that was exchanged."""

LOWEST, HIGHEST = 0.8, 2.0
"""Outside of these a server reports something else than tokens (what its cache missed, say), and is not believed."""


def learn_ratio(usages: Iterable[Usage]) -> float:
    """Reported over counted tokens of the calls for which both are known, 1.0 when there is none."""
    known = [usage for usage in usages if usage.prompt_tokens > 0 and usage.counted > 0]
    if not known:
        return 1.0
    ratio = sum(usage.prompt_tokens for usage in known) / sum(usage.counted for usage in known)
    return min(max(ratio, LOWEST), HIGHEST)
