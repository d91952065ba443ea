"""The model of a machine with no account: it quotes what its prompt says, and so shows what is remembered."""

from llm.offline.model import OfflineModel

__all__ = ["OfflineModel"]
