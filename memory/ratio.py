"""What is learned of a model from the tokens that its server reports: its own vocabulary, and a context it runs out of.

The ratio says how many tokens its vocabulary makes of one token counted here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from memory.types import Usage

NEWEST = 20
"""Calls that the ratio is learned from: enough to even out, few enough to follow a model that was exchanged."""

PLAUSIBLE = (0.5, 3.0)
"""Outside of these a server reports something else than tokens (what its cache missed, say), and is not believed."""


CUT = 1.3
"""So many times what a server reports of any prompt is counted of one that it seems to have cut."""

CUT_ALIKE, CUT_OFTEN, LEAST_CONTEXT = 0.8, 3, 1024
"""Of cut prompts about the same is left each time, and a context is at least that large; of what a server's cache
misses, which some report, it is now little and now much."""


def find_ceiling(usages: Sequence[Usage]) -> int:
    """The most tokens of a prompt that a server seems to read, cutting longer ones without a word; 0 where it does not.

    So Ollama does beyond its context, which is 4,096 tokens where it is told nothing and has little memory:
    https://docs.ollama.com/context-length.
    """
    ceiling = max((usage.prompt_tokens for usage in usages), default=0)
    cut = [usage.prompt_tokens for usage in usages if usage.counted >= CUT * ceiling]
    alike = all(reported >= CUT_ALIKE * ceiling for reported in cut)
    return ceiling if ceiling >= LEAST_CONTEXT and len(cut) >= CUT_OFTEN and alike else 0


def learn_ratio(usages: Iterable[Usage]) -> float:
    """Reported over counted tokens of the calls that can be believed; 1.0 when there is none, and never less.

    A vocabulary that makes fewer tokens than ours changes nothing: `memory.max_tokens` is a ceiling by our count too.
    """
    lowest, highest = PLAUSIBLE
    known = [usage for usage in usages if lowest * usage.counted <= usage.prompt_tokens <= highest * usage.counted]
    counted = sum(usage.counted for usage in known)
    return max(1.0, sum(usage.prompt_tokens for usage in known) / counted) if counted else 1.0
