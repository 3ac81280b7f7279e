"""What ``plan_supply`` is asked with, gathered from the demand plan, the facts and last cycle's
release.
"""

import numpy as np
import pandas as pd

from sopkit.supply.reading import FROZEN
from sopkit.tables import settled


def supply_inputs(
    demand_plan,
    stock,
    tables,
    settings,
    *,
    safety_stock=None,
    receipts=None,
    history=None,
    released=None,
) -> dict:
    """The arguments of ``plan_supply``, as a dict to be called with ``plan_supply(**inputs)``.

    ``demand_plan`` is summed over markets, with zeros for items that only have stock; ``stock`` is
    the table ``opening_stock``; ``tables`` maps the contract's names to input tables (empty ones
    count as absent); ``history`` gives past bookings; ``released``, last cycle's ``supply_plan``,
    is kept inside the settings' planning fence; ``receipts`` replaces the facts' own (an assumed
    pipeline).

    >>> plan = pd.DataFrame({"item": "A", "market": ["N", "S"],
    ...     "bucket": pd.Timestamp("2026-11-01"), "consensus": [4.0, 6.0]})
    >>> asked = supply_inputs(plan, None, {"items": pd.DataFrame({"item": ["A", "B"]})}, {})
    >>> asked["demand"]["quantity"].tolist(), asked["resources"] is None
    ([10.0, 0.0], True)
    """
    given = {
        name: _given(tables, name)
        for name in ("resources", "bill_of_resources", "sourcing", "receipts")
    }
    if receipts is not None:
        given["receipts"] = receipts
    demand = _demand(demand_plan, tables["items"])
    return {
        "demand": demand,
        "items": tables["items"],
        **given,
        "inventory": stock,
        "safety_stock": safety_stock,
        "frozen": _frozen(released, demand, settings),
        "bookings": _bookings(history),
        "settings": settings,
    }


def _given(tables, name):
    table = tables[name] if name in getattr(tables, "tables", tables) else None
    return None if table is None or table.empty else table


def _demand(demand_plan, items):
    sums = (
        demand_plan.groupby(["item", "bucket"], as_index=False)["consensus"]
        .sum()
        .rename(columns={"consensus": "quantity"})
    )
    silent = items.loc[~items["item"].isin(sums["item"]), ["item"]]
    first = demand_plan["bucket"].min()
    return (
        pd.concat([sums, silent.assign(bucket=first, quantity=0.0)], ignore_index=True)
        if pd.notna(first)
        else sums
    )


def _frozen(released, demand, settings):
    fence = int(np.ceil(settled(settings)["planning_fence"]))
    buckets = np.sort(demand["bucket"].unique())[:fence]
    if released is None or released.empty:
        return None
    kept = released[released["bucket"].isin(buckets) & released["item"].isin(demand["item"])]
    return None if kept.empty else kept[["item", "bucket", *FROZEN]].reset_index(drop=True)


def _bookings(history):
    if history is None or history.empty:
        return None
    return (
        history.groupby(["item", "bucket"], as_index=False)["demand"]
        .sum()
        .rename(columns={"demand": "quantity"})
    )
