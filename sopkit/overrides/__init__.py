"""Overrides as people handle them: where to look (``worklist``), what stands in the ledger upon a
plan (``Standing``), what is typed and what the plan makes of it (``Draft``), what a change would do
(``effect``).
"""

from sopkit.overrides.draft import CONSENSUS, OVERRIDE, Draft
from sopkit.overrides.effect import effect, so_far, worth
from sopkit.overrides.standing import CELL, REASONS, TINY, Standing, called, signed

__all__ = [
    "CELL",
    "CONSENSUS",
    "OVERRIDE",
    "REASONS",
    "TINY",
    "Draft",
    "Standing",
    "called",
    "effect",
    "signed",
    "so_far",
    "worth",
]
