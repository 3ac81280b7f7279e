"""Demand: from sales history to a consensus that everybody plans with.

``cleanse`` makes demand history of sales; ``consensus`` makes the demand plan of a baseline, what
is known to come and what people said. Frames in, new frames out.
"""

from sopkit.demand.bridge import bridge
from sopkit.demand.cleansing import cleanse, history_issues, with_estimates
from sopkit.demand.consensus import STAGES, Consensus, consensus
from sopkit.demand.events import event_units
from sopkit.demand.naive import naive_forecast
from sopkit.demand.overrides import active_overrides
from sopkit.demand.receipts import assumed_receipts
from sopkit.demand.series import forecastable, unfinished

__all__ = [
    "STAGES",
    "Consensus",
    "active_overrides",
    "assumed_receipts",
    "bridge",
    "cleanse",
    "consensus",
    "event_units",
    "forecastable",
    "history_issues",
    "naive_forecast",
    "unfinished",
    "with_estimates",
]
