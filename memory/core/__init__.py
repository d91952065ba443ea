"""The awaiting shell of the memory core; everything it decides is decided by the pure modules beside it."""

from memory.core.core import Core

__all__ = ["Core"]
