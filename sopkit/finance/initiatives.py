"""The strategic-initiative plan: what each initiative adds if it happens, and weighted by the
chance that it does.
"""

import numpy as np
import pandas as pd

from sopkit.grid import Grid, blank, grid_of
from sopkit.metrics.scopes import chance, per_item
from sopkit.tables import PLANS

BEFORE = ["baseline", "events", "launches"]
GIVEN = ["demand_change", "capacity_change", "probability"]


def initiative_plan(book) -> pd.DataFrame:
    """The declared ``initiative_plan``: units, hours, money and weighted money by initiative and
    bucket of the plan.

    units = demand_change × (baseline + events + launches) × share of the bucket's days; hours =
    capacity_change × that share; money = units × (price − standard cost) − running_cost × that
    share − investment (paid in its first bucket; what began before the plan was paid then);
    weighted = money × probability (blank = 1). A row that names a resource changes capacity; any
    other changes the demand of its scope.

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
    rows = book.initiatives
    grid = grid_of(book.demand_plan, book.buckets, book.members, book.calendar)
    plan = book.priced(book.demand_plan).assign(before=lambda p: p[BEFORE].sum(axis=1))
    plan["worth"] = plan["before"] * (plan["price"] - per_item(plan, book.cost))
    before, worth = (
        (grid.holds(rows) & blank(rows, "resource")[:, None]) @ grid.array(plan, name)
        for name in ("before", "worth")
    )
    share = grid.covered(rows["starts_on"], rows["ends_on"])
    change, hours, likely = rows[GIVEN].to_numpy(dtype=float).T[:, :, None]
    change = np.maximum(change, -1.0) * share
    money = change * worth - _running(book, share) - _investment(book, share)
    values = {
        "units": change * before,
        "hours": hours * share,
        "money": money,
        "weighted": money * likely,
    }
    row, at = np.nonzero(share > 0)
    cells = pd.DataFrame({name: value[row, at] for name, value in values.items()}).assign(
        initiative=rows["initiative"].to_numpy()[row], bucket=grid.buckets[at]
    )
    sums = cells.groupby(["initiative", "bucket"], as_index=False).sum()
    return PLANS["initiative_plan"].conform(sums)


def initiative_costs(book) -> pd.DataFrame:
    """What initiatives cost by bucket of the plan, as far as the setting ``initiatives`` counts
    them: bucket, period_costs (what they cost while they run), at_once (that and investments, paid
    at once), in money.
    """
    grid = Grid(pd.DataFrame(), book.buckets, book.calendar)
    share = grid.covered(book.initiatives["starts_on"], book.initiatives["ends_on"])
    counted = chance(book.initiatives, book.settings).to_numpy()
    running, invested = (counted @ part(book, share) for part in (_running, _investment))
    sums = {"bucket": book.buckets, "period_costs": running, "at_once": running + invested}
    return pd.DataFrame(sums)


def _running(book, share) -> np.ndarray:
    """(initiative, bucket) money, by the share of the bucket in which it runs."""
    return book.initiatives["running_cost"].to_numpy(dtype=float)[:, None] * share


def _investment(book, share) -> np.ndarray:
    """(initiative, bucket) money, paid in the first bucket; what began before the plan was paid."""
    rows, runs = book.initiatives, share > 0
    first = runs & (runs.cumsum(axis=1) == 1)
    first &= (rows["starts_on"] >= book.first).to_numpy()[:, None]
    return np.where(first, rows["investment"].to_numpy(dtype=float)[:, None], 0.0)
