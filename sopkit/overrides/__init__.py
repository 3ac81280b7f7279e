"""Overrides as people handle them: where to look (``worklist``), what stands in the ledger upon a
plan (``Standing``), what is typed and what the plan makes of it (``Draft``), what is entered
(``entry``), what a change would do (``effect``).
"""

from sopkit.overrides.draft import CONSENSUS, OVERRIDE, Draft, Typed
from sopkit.overrides.standing import CELL, REASONS, TINY, Standing, called, signed

__all__ = [
    "CELL",
    "CONSENSUS",
    "OVERRIDE",
    "REASONS",
    "TINY",
    "Draft",
    "Standing",
    "Typed",
    "called",
    "signed",
]
