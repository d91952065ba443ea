"""Everyday English for the offline model: which words mean one thing, and which phrases hold a fact without its word.

It is written by hand: what people tell about themselves and their work, and how they ask for it later.
"""

from llm.offline.thesaurus import fields, idioms, life, people, things, work
from llm.offline.thesaurus.forms import IRREGULAR, STOP, WEAK

GROUPS = people.GROUPS + life.GROUPS + things.GROUPS + work.GROUPS
FIELDS = fields.FIELDS
IDIOMS = idioms.IDIOMS

__all__ = ["FIELDS", "GROUPS", "IDIOMS", "IRREGULAR", "STOP", "WEAK"]
