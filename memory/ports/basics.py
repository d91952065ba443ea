"""What is handed in everywhere: a counter, a clock, a way to wait."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

Count = Callable[[str], int]
"""Tokens of a text."""

Sleep = Callable[[float], Awaitable[None]]
"""Waits for so many seconds."""

Clock = Callable[[], datetime]
"""The time now, aware, in UTC."""
