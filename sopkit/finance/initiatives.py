"""The strategic-initiative plan: what each initiative adds if it happens, and weighted by the
chance that it does.
"""

import numpy as np
import pandas as pd

from sopkit.finance.prices import event_days, in_scope
from sopkit.metrics.scopes import per_item
from sopkit.tables import PLANS

KEY = ["initiative", "bucket"]
BEFORE = ["baseline", "events", "launches"]


def initiative_plan(book) -> pd.DataFrame:
    """The declared ``initiative_plan``: units, hours, money and weighted money by initiative and
    bucket of the plan.

    units = demand_change × (baseline + events + launches) × share of the bucket's days; hours =
    capacity_change × that share; money = units × (price − standard cost) − investment (paid in its
    first bucket; what began before the plan was paid then); weighted = money × probability (blank =
    1). A row that names a resource changes capacity; any other changes the demand of its scope.

    >>> from sopkit.metrics import Book
    >>> buckets = pd.to_datetime(["2026-11-01", "2026-12-01"])
    >>> plan = pd.DataFrame({"item": "A", "market": "N", "bucket": buckets, "baseline": 100.0,
    ...                      "events": 0.0, "launches": 0.0})
    >>> push = pd.DataFrame({"initiative": ["Push"], "starts_on": ["2026-12-01"],
    ...     "demand_change": 0.1,
    ...                      "investment": 30.0, "probability": 0.5})
    >>> items = pd.DataFrame({"item": ["A"], "price": 10.0, "unit_cost": 4.0})
    >>> table = initiative_plan(Book({"initiatives": push, "demand_plan": plan, "items": items}))
    >>> table[["units", "money", "weighted"]].values.tolist()
    [[10.0, 30.0, 15.0]]
    """
    active = event_days(book.initiatives, book)
    who = ["initiative", "item", "family", "resource"]
    first = ~active.sort_values("bucket").duplicated(who).reindex(active.index)
    started = active["starts_on"] >= book.first
    paid = active["investment"].where(first & started, 0.0)
    hours = active["capacity_change"] * active["share"]
    parts = [
        active.assign(units=0.0, hours=hours, money=-paid),
        _demand(book, active[active["resource"].fillna("") == ""]),
    ]
    every = pd.concat(parts, ignore_index=True)
    every["weighted"] = every["money"] * every["probability"]
    sums = every.groupby(KEY, as_index=False)[["units", "hours", "money", "weighted"]].sum()
    return PLANS["initiative_plan"].conform(sums)


def _demand(book, active):
    """Units and margin that the initiatives' demand changes add, cell by cell."""
    plan = book.priced(book.demand_plan).assign(before=lambda p: p[BEFORE].sum(axis=1))
    cells = in_scope(active, book).merge(
        plan[["item", "bucket", "before", "price"]], on=["item", "bucket"]
    )
    units = np.maximum(cells["demand_change"], -1.0) * cells["before"] * cells["share"]
    money = units * (cells["price"] - per_item(cells, book.cost))
    return cells.assign(units=units, hours=0.0, money=money)
