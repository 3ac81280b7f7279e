"""The supply plan: the cheapest plan a plant can believe, explained and priced.

Frames in, new frames out; no file, clock, plot or widget.
"""

from sopkit.supply.planner import SupplyResult, plan_supply
from sopkit.supply.rough_cut import rough_cut
from sopkit.supply.strategies import STRATEGIES

__all__ = ["STRATEGIES", "SupplyResult", "plan_supply", "rough_cut"]
