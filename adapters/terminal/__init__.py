"""The terminal: `Terminal` speaks to a person through `screen` and to a pipe through `pipe`."""

from adapters.terminal.platform import PLACE, Terminal

__all__ = ["PLACE", "Terminal"]
