"""The ``exceptions`` table: what needs a person, each with the money at stake and a sentence of
reason, worst first. A rule is one registered function: its meaning, threshold, words and measure.

``settings.thresholds`` overrides a threshold by name.
"""

from sopkit.metrics.exceptions import ahead, past  # noqa: F401  they register their rules
from sopkit.metrics.exceptions.rules import (
    COVERED,
    DEMAND,
    RULES,
    Rule,
    each,
    found,
    table,
    threshold,
)

__all__ = ["COVERED", "DEMAND", "RULES", "Rule", "each", "found", "table", "threshold"]
