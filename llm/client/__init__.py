"""The client of any OpenAI-compatible endpoint: `model` and `wire` await; the other files decide, purely."""

from llm.client.model import OpenAIModel

__all__ = ["OpenAIModel"]
