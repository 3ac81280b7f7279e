"""The identities that make one set of numbers: checked on every pack; one that breaks cannot be
released.
"""

import numpy as np
import pandas as pd

from sopkit.metrics.scopes import item_prices, priced
from sopkit.metrics.stages import INCREMENTS, families

TOLERANCE = 1e-6
MADE = ["production", "overtime_production", "subcontracted", "purchased", "receipts"]
KEY = ["item", "bucket"]


def identities(tables: dict) -> pd.DataFrame:
    """Every identity of the plan: identity, holds, largest_difference (in its unit), where (the
    worst key).

    ``tables`` maps names to plan tables (and ``items`` for families); an identity whose tables are absent is not listed. It holds when no
    difference exceeds 1e-6 of the largest value in it.

    >>> plan = pd.DataFrame({"resource": ["line"], "bucket": pd.to_datetime(["2026-01-01"]), "load": [9.0], "unconstrained_load": [9.0],
    ...                      "regular_capacity": [8.0], "overtime": [0.5], "overtime_limit": [2.0]})
    >>> identities({"capacity_plan": plan})[["identity", "holds", "largest_difference"]].values.tolist()
    [['load ≤ regular capacity + overtime', False, 0.5], ['overtime ≤ overtime limit', True, 0.0]]
    """
    rows = [
        _verdict(name, *check(tables))
        for name, (needs, check) in IDENTITIES.items()
        if all(tables.get(n) is not None for n in needs)
    ]
    return pd.DataFrame(rows, columns=["identity", "holds", "largest_difference", "where"])


def _verdict(name, difference, size):
    """One row; ``difference`` is a Series by key, ``size`` the values that it is measured
    against.
    """
    worst = difference.abs().fillna(np.inf)
    largest = float(worst.max()) if len(worst) else 0.0
    scale = max(1.0, float(np.nan_to_num(np.abs(size), posinf=0.0).max(initial=0.0)))
    where = (
        ", ".join(_words(part) for part in np.atleast_1d(np.array(worst.idxmax(), dtype=object)))
        if largest > 0
        else ""
    )
    return name, bool(largest <= TOLERANCE * scale), largest, where


def _words(part):
    return f"{part:%Y-%m-%d}" if isinstance(part, pd.Timestamp) else str(part)


def _supply(tables):
    """The supply plan by item and bucket, with stock and backlog at each bucket's start."""
    plan = tables["supply_plan"].sort_values(KEY).set_index(KEY)
    opening = tables["opening_stock"].set_index("item")
    before = plan.groupby(level="item")[["projected_available", "backlog"]].shift(1)
    first = ~plan.index.get_level_values("item").duplicated()
    items = plan.index.get_level_values("item")
    for name, source in (("projected_available", "on_hand"), ("backlog", "backlog")):
        start = opening[source].reindex(items).fillna(0.0).to_numpy()
        plan[f"opening_{name}"] = np.where(first, start, before[name])
    return plan


def _stock_balance(tables):
    p = _supply(tables)
    ends = p["projected_available"] - p["backlog"]
    moved = p[[*MADE, "lost", "demand", "projected_available", "backlog"]].to_numpy().ravel()
    return (
        ends
        - (
            p["opening_projected_available"]
            - p["opening_backlog"]
            + p[MADE].sum(axis=1)
            + p["lost"]
            - p["demand"]
        ),
        moved,
    )


def _shipments(tables):
    p = _supply(tables)
    return (
        p["shipments"] - (p["demand"] - p["lost"] + p["opening_backlog"] - p["backlog"]),
        p[["shipments", "demand", "backlog"]].to_numpy().ravel(),
    )


def _not_negative(tables):
    units = tables["supply_plan"].set_index(KEY).select_dtypes("number")
    return units.min(axis=1, skipna=False).clip(upper=0), units.to_numpy().ravel()


def _stages(tables):
    p = tables["demand_plan"].set_index(["item", "market", "bucket"])
    return (
        p["consensus"] - p[["baseline", *INCREMENTS, "order_excess"]].sum(axis=1, skipna=False),
        p["consensus"],
    )


def _consensus_not_negative(tables):
    consensus = tables["demand_plan"].set_index(["item", "market", "bucket"])["consensus"]
    return consensus.clip(upper=0), consensus


def _one_demand(tables):
    demand = tables["supply_plan"].set_index(KEY)["demand"]
    consensus = tables["demand_plan"].groupby(KEY)["consensus"].sum()
    return demand.sub(consensus, fill_value=0), consensus


def _load(tables):
    p = tables["capacity_plan"].set_index(["resource", "bucket"])
    return (p["load"] - p["regular_capacity"] - p["overtime"]).clip(lower=0), p["load"]


def _overtime(tables):
    p = tables["capacity_plan"].set_index(["resource", "bucket"])
    return (p["overtime"] - p["overtime_limit"]).clip(lower=0), p["overtime"]


def _by_family(tables, frame, column):
    """A column of an item × bucket table, summed to family × bucket."""
    family = frame["item"].map(families(tables["items"]))
    return frame.assign(family=family).groupby(["family", "bucket"])[column].sum(min_count=1)


def _stock_units(tables):
    stock = tables["inventory_plan"].set_index(KEY)["units"]
    return (
        stock.sub(tables["supply_plan"].set_index(KEY)["projected_available"], fill_value=0),
        stock,
    )


def _stock_value(tables):
    value = _by_family(tables, tables["inventory_plan"], "value")
    return (
        tables["financial_plan"]
        .set_index(["family", "bucket"])["inventory_value"]
        .sub(value, fill_value=0),
        value,
    )


def _company_value(tables):
    value = tables["inventory_plan"].groupby("bucket")["value"].sum()
    return (
        tables["financial_plan"]
        .groupby("bucket")["inventory_value"]
        .sum()
        .sub(value, fill_value=0),
        value,
    )


def _revenue(tables):
    sold = priced(
        tables["supply_plan"][[*KEY, "shipments"]],
        item_prices(tables["prices"], tables["demand_plan"]),
    )
    revenue = _by_family(tables, sold.assign(revenue=sold["shipments"] * sold["price"]), "revenue")
    return (
        tables["financial_plan"]
        .set_index(["family", "bucket"])["revenue"]
        .sub(revenue, fill_value=0),
        revenue,
    )


def _margin(tables):
    p = tables["financial_plan"].set_index(["family", "bucket"])
    return p["margin"] - (p["revenue"] - p["cost_of_sales"] - p["period_costs"]), p["revenue"]


def _gaps(tables):
    p = tables["financial_plan"].set_index(["family", "bucket"])
    off = [
        (p[f"{name}_gap"] - (p[name] - p[f"budget_{name}"]))
        .abs()
        .where(p[f"budget_{name}"].notna(), 0.0)
        for name in ("revenue", "margin")
    ]
    return np.maximum(*off), p["revenue"]


def _bookings(tables):
    plan, backlog = tables["supply_plan"], tables["backlog_plan"].set_index(["family", "bucket"])
    ordered = plan["item"].isin(tables["items"].loc[tables["items"]["strategy"] == "order", "item"])
    off = [
        backlog[name].sub(_by_family(tables, plan[ordered], column), fill_value=0).abs()
        for name, column in (
            ("bookings", "demand"),
            ("shipments", "shipments"),
            ("closing", "backlog"),
        )
    ]
    return pd.concat(off, axis=1).max(axis=1, skipna=False), backlog["closing"]


IDENTITIES = {
    "stock and backlog follow from what is made, bought, lost and demanded": (
        ("supply_plan", "opening_stock"),
        _stock_balance,
    ),
    "shipments = demand − lost + backlog before − backlog after": (
        ("supply_plan", "opening_stock"),
        _shipments,
    ),
    "no column of the supply plan is negative": (("supply_plan",), _not_negative),
    "consensus = sum of its stages": (("demand_plan",), _stages),
    "consensus ≥ 0": (("demand_plan",), _consensus_not_negative),
    "supply's demand = consensus over markets": (("supply_plan", "demand_plan"), _one_demand),
    "load ≤ regular capacity + overtime": (("capacity_plan",), _load),
    "overtime ≤ overtime limit": (("capacity_plan",), _overtime),
    "inventory plan's units = projected available": (
        ("inventory_plan", "supply_plan"),
        _stock_units,
    ),
    "items' stock value sums to families": (
        ("financial_plan", "inventory_plan", "items"),
        _stock_value,
    ),
    "stock value sums to the company": (("financial_plan", "inventory_plan"), _company_value),
    "items' backlog sums to families": (("backlog_plan", "supply_plan", "items"), _bookings),
    "revenue = shipments × price": (
        ("financial_plan", "supply_plan", "demand_plan", "prices", "items"),
        _revenue,
    ),
    "margin = revenue − cost of sales − period costs": (("financial_plan",), _margin),
    "gaps = plan − budget": (("financial_plan",), _gaps),
}
