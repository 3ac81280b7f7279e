"""Scenarios: changes of facts and rules, and the plan that they make, solved by the functions of
the steps.
"""

from sopkit.scenarios.changes import (
    DRIVERS,
    Inputs,
    applied,
    asked_beside,
    beside,
    changes_of,
    in_base,
    strategy,
)
from sopkit.scenarios.effects import decision_effects, followed, stage_without
from sopkit.scenarios.options import gap_options
from sopkit.scenarios.replan import REPLANNED, compared, replan

__all__ = [
    "DRIVERS",
    "Inputs",
    "REPLANNED",
    "applied",
    "asked_beside",
    "beside",
    "changes_of",
    "compared",
    "decision_effects",
    "followed",
    "gap_options",
    "in_base",
    "replan",
    "stage_without",
    "strategy",
]
