"""Demand: from sales history to a consensus that everybody plans with.

``cleanse`` makes demand history of sales; ``consensus`` makes the demand plan of a baseline, what
is known to come and what people said. Frames in, new frames out.
"""

from sopkit.demand.cleanse import (
    cleanse,
    forecastable,
    history_issues,
    joined,
    unfinished,
    with_estimates,
)
from sopkit.demand.consensus import (
    STAGES,
    Consensus,
    before_stage,
    consensus,
    overridden,
)
from sopkit.demand.said import active_overrides, scoped
from sopkit.demand.touches import touches

__all__ = [
    "STAGES",
    "Consensus",
    "active_overrides",
    "before_stage",
    "cleanse",
    "consensus",
    "forecastable",
    "history_issues",
    "joined",
    "overridden",
    "scoped",
    "touches",
    "unfinished",
    "with_estimates",
]
