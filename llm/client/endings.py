"""Pure: what a server's word for the end of an answer means, its `finish_reason`."""

from __future__ import annotations

from enum import Enum, auto

_CUT = frozenset(
    {
        "length",
        "max_tokens",  # Gemini, Bedrock and Anthropic, behind gateways that hand their words on
    }
)

_BROKEN = frozenset(
    {
        "error",  # OpenRouter: its provider failed
        "abort",  # vLLM (issue 57082) and SGLang (pull request 6693): the engine let the request go
        "insufficient_system_resource",  # DeepSeek (API reference, create chat completion)
    }
)

_FILTERED = frozenset({"content_filter", "safety", "recitation", "blocklist", "prohibited_content", "spii"})
"""OpenAI's word, and Gemini's for its kinds of it (API reference, FinishReason), which gateways hand on in capitals.

(HKUDS/Vibe-Trading pull request 308, hermes-agent 53610.)
"""


class Ending(Enum):
    """How an answer ended: by itself, for its length, at the end of the context, by a failure, or by a filter."""

    WHOLE = auto()
    CUT = auto()
    OUT_OF_CONTEXT = auto()
    BROKEN = auto()
    FILTERED = auto()


def read_ending(finish: str) -> Ending:
    """Say what a reason for the end means; one that nobody knows is that of a whole answer.

    Gemini's endpoint puts what was found behind a colon: `content_filter: PROHIBITED_CONTENT`.
    """
    word = finish.casefold().partition(":")[0].strip()
    if word in _CUT:
        return Ending.CUT
    if word in _BROKEN:
        return Ending.BROKEN
    if word in _FILTERED:
        return Ending.FILTERED
    if word == "model_context_window_exceeded":  # GLM (can1357/oh-my-pi pull request 683)
        return Ending.OUT_OF_CONTEXT
    return Ending.WHOLE
