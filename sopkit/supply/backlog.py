"""What customers and the plant were told: the lead-time plan of order-driven families, the promise
that a new order gets today, and what changed against the last release inside the fence.
"""

import numpy as np
import pandas as pd

from sopkit.metrics import backlog_lead_time
from sopkit.metrics.scopes import SUPPLIED, within
from sopkit.supply.after import Finished
from sopkit.supply.reading import fence
from sopkit.tables import PLANS


def backlog_plan(supply_plan: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """``backlog_plan``: family, bucket, opening, bookings, shipments, closing, late (units),
    lead_time (buckets: closing ÷ shipments).

    Only items with ``strategy = order``; opening + bookings − shipments − what was lost = closing.
    A family with nothing to ship and nothing open has lead time 0, one with backlog and no
    shipments NaN.

    >>> plan = pd.DataFrame({"item": "A", "bucket": pd.to_datetime(["2026-01-01"]), "demand": 10.0,
    ...     "shipments": 8.0, "lost": 0.0,
    ...     "backlog": 6.0, "late": 1.0})
    >>> backlog_plan(plan, pd.DataFrame({"item": ["A"], "strategy": ["order"],
    ...     "family": ["F"]})).iloc[0, 2:].tolist()
    [4.0, 10.0, 8.0, 6.0, 1.0, 0.75]
    """
    plan = Finished(supply_plan, items)
    units = plan.grid.frame(
        opening=plan.owed,
        bookings=plan["demand"],
        shipments=plan["shipments"],
        closing=plan["backlog"],
        late=plan["late"],
    )
    family = plan.items["family"].where(plan.items["strategy"] == "order")
    units["family"] = family.repeat(len(plan.buckets)).to_numpy()
    sums = units.groupby(["family", "bucket"], as_index=False).sum(numeric_only=True)
    waits = backlog_lead_time(sums["closing"], sums["shipments"])
    sums["lead_time"] = np.where(sums["closing"] > 0, waits, 0.0)
    return sums[PLANS["backlog_plan"].names]


def promises(supply_plan: pd.DataFrame, quantity: float = 1.0) -> pd.DataFrame:
    """The bucket in which a new order of ``quantity`` units, placed now, would ship behind what is
    open: item, quantity, bucket, wait.

    ``wait`` counts whole buckets from the first one (0 = in it); NaT and NaN where the horizon is
    too short. A new order takes its place among the first bucket's expected bookings, behind the
    opening backlog.

    >>> plan = pd.DataFrame({"item": "A", "bucket": pd.date_range("2026-01-01", periods=3,
    ...     freq="MS"), "demand": [10.0, 0, 0], "shipments": [8.0, 4.0, 2.0],
    ...     "lost": 0.0, "backlog": [6.0, 2.0, 0.0], "projected_available": 0.0})
    >>> promises(plan, 5).iloc[0].astype("str").tolist()
    ['A', '5.0', '2026-02-01 00:00:00', '1.0']
    """
    plan = Finished(supply_plan)
    free = np.cumsum(plan["shipments"], axis=1) + plan["projected_available"]
    enough = free >= plan.owed[:, :1] + quantity - 1e-9
    wait = pd.Series(np.where(enough.any(axis=1), enough.argmax(axis=1), np.nan))
    buckets = wait.map(pd.Series(plan.buckets))
    return pd.DataFrame(
        {"item": plan.names, "quantity": float(quantity), "bucket": buckets, "wait": wait}
    )


def plan_changes(supply_plan, released, standard_cost, *, settings=None) -> pd.DataFrame:
    """Item, bucket, released, planned, change (units), money (|change| at ``standard_cost``, a
    Series by item), largest money first.

    Compares units that arrive (made, subcontracted, bought, or ordered already: an order placed
    changes nothing) in the first buckets of the plan (the setting planning_fence); what only one of
    the two plans holds counts as 0 in the other. Σ|change| ÷ Σ released is the plan's instability
    (``plan_stability``).

    >>> old = pd.DataFrame({"item": ["A"], "bucket": pd.to_datetime(["2026-11-01"]),
    ...     "production": [100.0]})
    >>> new = old.assign(production=90.0)
    >>> plan_changes(new, old, pd.Series({"A": 3.0}))[["change", "money"]].iloc[0].tolist()
    [-10.0, 30.0]
    """
    buckets = np.sort(pd.unique(supply_plan["bucket"]))[: fence(settings)]
    units = {
        name: within(plan, buckets).set_index(["item", "bucket"]).filter(SUPPLIED).sum(axis=1)
        for name, plan in (("released", released), ("planned", supply_plan))
    }
    table = pd.concat(units, axis=1).fillna(0.0).reset_index()
    table["change"] = table["planned"] - table["released"]
    table["money"] = table["change"].abs() * table["item"].map(standard_cost).fillna(0.0)
    return table.sort_values(
        ["money", "item", "bucket"], ascending=[False, True, True], ignore_index=True
    )
