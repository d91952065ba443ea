"""How many tokens a model's own vocabulary makes of one token counted here: learned from what its server reports."""

from __future__ import annotations

from collections.abc import Iterable

from memory.types import Usage

NEWEST = 20
"""Calls that the ratio is learned from: enough to even out, few enough to follow a model that was exchanged."""

PLAUSIBLE = (0.5, 3.0)
"""Outside of these a server reports something else than tokens (what its cache missed, say), and is not believed."""


def learn_ratio(usages: Iterable[Usage]) -> float:
    """Reported over counted tokens of the calls that can be believed; 1.0 when there is none, and never less.

    A vocabulary that makes fewer tokens than ours changes nothing: `memory.max_tokens` is a ceiling by our count too.
    """
    lowest, highest = PLAUSIBLE
    known = [usage for usage in usages if lowest * usage.counted <= usage.prompt_tokens <= highest * usage.counted]
    counted = sum(usage.counted for usage in known)
    return max(1.0, sum(usage.prompt_tokens for usage in known) / counted) if counted else 1.0
