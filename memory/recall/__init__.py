"""Recall: what a message asks of all that was said, which turns bear on it, and how they are quoted."""

from memory.recall.question import read_question
from memory.recall.ranking import rank
from memory.recall.writing import LINES, choose_quoted, write_recalled

__all__ = ["LINES", "choose_quoted", "rank", "read_question", "write_recalled"]
