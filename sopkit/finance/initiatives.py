"""The strategic-initiative plan: what each initiative adds if it happens, and weighted by the
chance that it does.
"""

import numpy as np
import pandas as pd

from sopkit.buckets import infer_calendar
from sopkit.finance.prices import event_days, scoped_items
from sopkit.metrics.scopes import declared, per_item, priced
from sopkit.tables import PLANS

KEY = ["initiative", "bucket"]
BEFORE = ["baseline", "events", "launches"]


def initiative_plan(
    initiatives, demand_plan, items, prices, standard_cost, *, calendar=None
) -> pd.DataFrame:
    """The declared ``initiative_plan``: units, hours, money and weighted money by initiative and
    bucket of the plan.

    units = demand_change × (baseline + events + launches) × share of the bucket's days; hours =
    capacity_change × that share; money = units × (price − standard cost) − investment (paid in its
    first bucket; what began before the plan was paid then); weighted = money × probability (blank =
    1). A row that names a resource changes capacity; any other changes the demand of its scope.

    >>> buckets = pd.to_datetime(["2026-11-01", "2026-12-01"])
    >>> plan = pd.DataFrame({"item": "A", "market": "N", "bucket": buckets, "baseline": 100.0, "events": 0.0, "launches": 0.0})
    >>> push = pd.DataFrame({"initiative": ["Push"], "starts_on": pd.to_datetime(["2026-12-01"]), "demand_change": [0.1], "investment": [30.0], "probability": [0.5]})
    >>> price = pd.DataFrame({"item": "A", "bucket": buckets, "price": 10.0})
    >>> initiative_plan(push, plan, pd.DataFrame({"item": ["A"]}), price, pd.DataFrame({"item": ["A"], "standard_cost": [4.0]}))[["units", "money", "weighted"]].values.tolist()
    [[10.0, 30.0, 15.0]]
    """
    if initiatives is None or initiatives.empty or demand_plan.empty:
        return PLANS["initiative_plan"].empty()
    buckets = pd.DatetimeIndex(sorted(demand_plan["bucket"].unique()))
    rows = declared(initiatives, "initiatives").fillna(
        {
            "probability": 1.0,
            "demand_change": 0.0,
            "capacity_change": 0.0,
            "investment": 0.0,
            "resource": "",
        }
    )
    active = event_days(rows, buckets, calendar or infer_calendar(buckets))
    started = pd.to_datetime(active["starts_on"]) >= buckets[0]
    first = ~active.sort_values("bucket").duplicated(
        ["initiative", "item", "family", "resource"]
    ).reindex(active.index)
    invested = active["investment"].where(first & started, 0.0)
    parts = [
        active.assign(
            units=0.0, hours=active["capacity_change"] * active["share"], money=-invested
        ),
        _demand(active[active["resource"] == ""], demand_plan, items, prices, standard_cost),
    ]
    every = pd.concat(
        [part[[*KEY, "units", "hours", "money", "probability"]] for part in parts if len(part)],
        ignore_index=True,
    )
    sums = (
        every.assign(weighted=every["money"] * every["probability"])
        .groupby(KEY, as_index=False)[["units", "hours", "money", "weighted"]]
        .sum()
    )
    return PLANS["initiative_plan"].conform(sums)


def _demand(active, demand_plan, items, prices, standard_cost):
    """Units and margin that the initiatives' demand changes add, cell by cell."""
    before = priced(demand_plan.assign(before=demand_plan[BEFORE].sum(axis=1)), prices)
    cells = scoped_items(active, items).merge(
        before[["item", "bucket", "before", "price"]], on=["item", "bucket"]
    )
    cost = per_item(cells, standard_cost.set_index("item")["standard_cost"])
    units = np.maximum(cells["demand_change"], -1.0) * cells["before"] * cells["share"]
    return cells.assign(units=units, hours=0.0, money=units * (cells["price"] - cost))
