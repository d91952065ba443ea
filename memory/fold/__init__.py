"""Folding: when, which turns, the request, and the check of its answer, with the details that it lost."""

from memory.fold.plan import (
    OVERSHOOT,
    SUMMARY_SHARE,
    Fold,
    Opening,
    Reading,
    check_fold,
    cut_end,
    is_due,
    is_long,
    plan_fold,
    plan_reading,
)

__all__ = [
    "OVERSHOOT",
    "SUMMARY_SHARE",
    "Fold",
    "Opening",
    "Reading",
    "check_fold",
    "cut_end",
    "is_due",
    "is_long",
    "plan_fold",
    "plan_reading",
]
