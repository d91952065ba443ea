"""Facts about people: which stated ones are kept, and under what name."""

from memory.facts.checking import MOST, check_facts, worth_reading

__all__ = ["MOST", "check_facts", "worth_reading"]
