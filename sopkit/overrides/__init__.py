"""Overrides as people handle them: what stands in the ledger upon a plan (``Standing``), what is
typed and what the plan makes of it (``Draft``), what a change would do (``effect``).
"""

from sopkit.overrides.draft import CONSENSUS, OVERRIDE, Draft
from sopkit.overrides.effect import effect, worth
from sopkit.overrides.standing import CELL, REASONS, TINY, Standing

__all__ = [
    "CELL",
    "CONSENSUS",
    "OVERRIDE",
    "REASONS",
    "TINY",
    "Draft",
    "Standing",
    "effect",
    "worth",
]
