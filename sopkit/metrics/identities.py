"""The identities that make one set of numbers: checked on every pack; one that breaks cannot be
released. An identity is one registered function of a book: how far both sides are apart by key, and
the values that this is measured against.
"""

import numpy as np
import pandas as pd

from sopkit.metrics.scopes import by_family
from sopkit.metrics.stages import CELL, INCREMENTS

TOLERANCE = 1e-6
MADE = ["production", "overtime_production", "subcontracted", "purchased", "receipts"]
KEY = ["item", "bucket"]
FAMILY = ["family", "bucket"]
RESOURCE = ["resource", "bucket"]
IDENTITIES = {}


def identity(words, *needs):
    """Registers a function of a book as an identity between the tables that it needs."""

    def register(function):
        IDENTITIES[words] = needs, function
        return function

    return register


def identities(book) -> pd.DataFrame:
    """Every identity of the plan: identity, holds, largest_difference (in its unit), where (the
    worst key).

    One whose tables are absent is not listed. It holds when no difference exceeds 1e-6 of the
    largest value in it.

    >>> from sopkit.metrics import Book
    >>> plan = pd.DataFrame({"resource": ["line"], "bucket": pd.to_datetime(["2026-01-01"]),
    ...                      "load": 9.0, "regular_capacity": 8.0, "overtime": 0.5,
    ...     "overtime_limit": 2.0})
    >>> table = identities(Book({"capacity_plan": plan}))
    >>> table[["identity", "holds", "largest_difference"]].values.tolist()
    [['load ≤ regular capacity + overtime', False, 0.5], ['overtime ≤ overtime limit', True, 0.0]]
    """
    rows = [
        _verdict(words, *check(book))
        for words, (needs, check) in IDENTITIES.items()
        if all(name in book for name in needs)
    ]
    return pd.DataFrame(rows, columns=["identity", "holds", "largest_difference", "where"])


def _verdict(words, difference, size):
    """One row; ``difference`` is a Series by key, ``size`` the values that it is measured
    against.
    """
    worst = difference.abs().fillna(np.inf)
    largest = float(worst.max()) if len(worst) else 0.0
    scale = max(1.0, float(np.nan_to_num(np.abs(size), posinf=0.0).max(initial=0.0)))
    key = np.atleast_1d(np.array(worst.idxmax(), dtype=object)) if largest > 0 else []
    where = ", ".join(f"{p:%Y-%m-%d}" if isinstance(p, pd.Timestamp) else str(p) for p in key)
    return words, bool(largest <= TOLERANCE * scale), largest, where


def _supply(book):
    """The supply plan by item and bucket, with stock and backlog at each bucket's start."""
    plan = book.supply_plan.sort_values(KEY).set_index(KEY)
    opening = book.opening_stock.set_index("item")
    before = plan.groupby(level="item")[["projected_available", "backlog"]].shift(1)
    items = plan.index.get_level_values("item")
    for name, source in (("projected_available", "on_hand"), ("backlog", "backlog")):
        start = opening[source].reindex(items).fillna(0.0).to_numpy()
        plan[f"opening_{name}"] = np.where(~items.duplicated(), start, before[name])
    return plan


@identity(
    "stock and backlog follow from what is made, bought, lost and demanded",
    "supply_plan",
    "opening_stock",
)
def _stock_balance(book):
    p = _supply(book)
    ends = p["projected_available"] - p["backlog"]
    starts = p["opening_projected_available"] - p["opening_backlog"]
    came = p[MADE].sum(axis=1) + p["lost"] - p["demand"]
    moved = p[[*MADE, "lost", "demand", "projected_available", "backlog"]]
    return ends - (starts + came), moved.to_numpy().ravel()


@identity(
    "shipments = demand − lost + backlog before − backlog after", "supply_plan", "opening_stock"
)
def _shipments(book):
    p = _supply(book)
    off = p["shipments"] - (p["demand"] - p["lost"] + p["opening_backlog"] - p["backlog"])
    return off, p[["shipments", "demand", "backlog"]].to_numpy().ravel()


@identity("no column of the supply plan is negative", "supply_plan")
def _not_negative(book):
    units = book.supply_plan.set_index(KEY).select_dtypes("number")
    return units.min(axis=1, skipna=False).clip(upper=0), units.to_numpy().ravel()


@identity("consensus = sum of its stages", "demand_plan")
def _stages(book):
    p = book.demand_plan.set_index(CELL)
    stages = p[["baseline", *INCREMENTS, "order_excess"]].sum(axis=1, skipna=False)
    return p["consensus"] - stages, p["consensus"]


@identity("consensus ≥ 0", "demand_plan")
def _consensus_not_negative(book):
    consensus = book.demand_plan.set_index(CELL)["consensus"]
    return consensus.clip(upper=0), consensus


@identity("supply's demand = consensus over markets", "supply_plan", "demand_plan")
def _one_demand(book):
    consensus = book.demand_plan.groupby(KEY)["consensus"].sum()
    return _apart(book.supply_plan, KEY, "demand", consensus)


@identity("load ≤ regular capacity + overtime", "capacity_plan")
def _load(book):
    p = book.capacity_plan.set_index(RESOURCE)
    return (p["load"] - p["regular_capacity"] - p["overtime"]).clip(lower=0), p["load"]


@identity("overtime ≤ overtime limit", "capacity_plan")
def _overtime(book):
    p = book.capacity_plan.set_index(RESOURCE)
    return (p["overtime"] - p["overtime_limit"]).clip(lower=0), p["overtime"]


def _apart(frame, key, column, other):
    """The frame's column, summed by key, less the other Series, and that Series; a NaN stays."""
    return frame.groupby(key)[column].sum(min_count=1).sub(other, fill_value=0), other


def _by_family(book, frame, column):
    """A column of an item × bucket table, summed to family × bucket."""
    return by_family(frame, book.items).groupby(FAMILY)[column].sum(min_count=1)


@identity("inventory plan's units = projected available", "inventory_plan", "supply_plan")
def _stock_units(book):
    stock = book.supply_plan.set_index(KEY)["projected_available"]
    return _apart(book.inventory_plan, KEY, "units", stock)


@identity("items' stock value sums to families", "financial_plan", "inventory_plan", "items")
def _stock_value(book):
    value = _by_family(book, book.inventory_plan, "value")
    return _apart(book.financial_plan, FAMILY, "inventory_value", value)


@identity("stock value sums to the company", "financial_plan", "inventory_plan")
def _company_value(book):
    value = book.inventory_plan.groupby("bucket")["value"].sum()
    return _apart(book.financial_plan, "bucket", "inventory_value", value)


@identity("items' backlog sums to families", "backlog_plan", "supply_plan", "items")
def _bookings(book):
    backlog, plan = book.backlog_plan.set_index(FAMILY), book.supply_plan
    ordered = plan["item"].isin(book.items.loc[book.items["strategy"] == "order", "item"])
    columns = {"bookings": "demand", "shipments": "shipments", "closing": "backlog"}
    off = [
        backlog[name].sub(_by_family(book, plan[ordered], column), fill_value=0).abs()
        for name, column in columns.items()
    ]
    return pd.concat(off, axis=1).max(axis=1, skipna=False), backlog["closing"]


@identity(
    "revenue = shipments × price", "financial_plan", "supply_plan", "prices", "demand_plan", "items"
)
def _revenue(book):
    sold = book.priced(book.supply_plan).assign(money=lambda p: p["shipments"] * p["price"])
    revenue = _by_family(book, sold, "money")
    return _apart(book.financial_plan, FAMILY, "revenue", revenue)


@identity("margin = revenue − cost of sales − period costs", "financial_plan")
def _margin(book):
    p = book.financial_plan.set_index(FAMILY)
    return p["margin"] - (p["revenue"] - p["cost_of_sales"] - p["period_costs"]), p["revenue"]


@identity("gaps = plan − budget", "financial_plan")
def _gaps(book):
    p = book.financial_plan.set_index(FAMILY)
    off = [
        (p[f"{name}_gap"] - (p[name] - p[f"budget_{name}"]))
        .abs()
        .where(p[f"budget_{name}"].notna(), 0.0)
        for name in ("revenue", "margin")
    ]
    return np.maximum(*off), p["revenue"]
