"""What the core needs of the outside, as protocols: a store, a model, the platforms, a counter and a clock."""

from memory.ports.basics import Clock, Count, Sleep
from memory.ports.outside import Accept, Amend, Arrived, Channels, Connected, Erase, Intake, Model, Note, Only, Platform
from memory.ports.store import AtHand, Echo, Promise, Rank, Store, Weigh

__all__ = [
    "Accept",
    "Amend",
    "Arrived",
    "AtHand",
    "Channels",
    "Clock",
    "Connected",
    "Count",
    "Echo",
    "Erase",
    "Intake",
    "Model",
    "Note",
    "Only",
    "Platform",
    "Promise",
    "Rank",
    "Sleep",
    "Store",
    "Weigh",
]
