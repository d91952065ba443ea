"""The client of any OpenAI-compatible endpoint: `model`, `circuits` and `wire` act; the other files decide, purely."""

from llm.client.model import OpenAIModel

__all__ = ["OpenAIModel"]
