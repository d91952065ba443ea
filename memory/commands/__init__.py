"""The commands people type, in one registry: the prefix form everywhere, slash commands where a platform has them.

A command answers at once, beside the lane of its conversation, in the place where it was asked.
"""

from memory.commands.core import CoreForCommands
from memory.commands.registry import DISCREET, FORGET, NAMES, SPECS, Commands

__all__ = ["DISCREET", "FORGET", "NAMES", "SPECS", "Commands", "CoreForCommands"]
