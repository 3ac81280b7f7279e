"""The supply plan: the cheapest plan a plant can believe, explained and priced.

Frames in, new frames out; no file, clock, plot or widget.
"""

from sopkit.supply.backlog import backlog_plan, plan_changes, promises
from sopkit.supply.inputs import supply_inputs
from sopkit.supply.inventory import inventory_plan, safety_stock, stock_risk
from sopkit.supply.pipeline import assumed_receipts
from sopkit.supply.planner import SupplyResult, plan_supply
from sopkit.supply.risk import RiskResult, plan_under_uncertainty
from sopkit.supply.schedule import master_schedule
from sopkit.supply.strategies import STRATEGIES

__all__ = [
    "STRATEGIES",
    "RiskResult",
    "SupplyResult",
    "assumed_receipts",
    "backlog_plan",
    "inventory_plan",
    "master_schedule",
    "plan_changes",
    "plan_supply",
    "plan_under_uncertainty",
    "promises",
    "safety_stock",
    "stock_risk",
    "supply_inputs",
]
