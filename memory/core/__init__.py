"""The awaiting shell of the memory core; everything it decides is decided by the pure modules beside it."""

from memory.core.lanes import Core

__all__ = ["Core"]
