"""What is booked: open customer orders that exceed the plan, and the pipeline that is assumed where
nobody brought open purchase and work orders.
"""

import numpy as np
import pandas as pd

from sopkit.demand.issues import issue, issues_frame, named
from sopkit.demand.spread import spread
from sopkit.grid import attribute, grid_of
from sopkit.tables import INPUTS


def order_excess(given, before) -> tuple[np.ndarray, list[dict]]:
    """Units of open order lines above the sum before, in the first ``demand_fence`` buckets (series
    × bucket, ≥ 0): inside the demand fence a booked line counts more than a forecast.

    A line falls due when it was requested, else promised, else ordered. Overdue lines, and every
    line of an order-driven item, are opening backlog already and do not count again. Lines of a
    market in which the item has no series are shared by its series in proportion to baseline.
    """
    grid, lines = given.grid, given.orders
    due = lines["requested_on"].fillna(lines["promised_on"]).fillna(lines["ordered_on"])
    left = (lines["quantity"] - lines["shipped_quantity"].fillna(0)).clip(lower=0)
    column = grid.column(due)
    to_stock = attribute(given.book.items, "strategy", lines["item"]).to_numpy() != "order"
    inside = to_stock & (column >= 0) & (column < given.book.settings["demand_fence"])
    lines = lines.assign(bucket=due, units=left)[inside]
    homeless = lines[grid.find(lines["item"], lines["market"]) < 0]
    by_item, item = grid.per_item()
    units = grid.array(lines, "units") + spread(
        by_item.array(homeless, "units"), given.baseline, item
    )
    return np.maximum(units - before, 0) * (units > 0), []


def assumed_receipts(book) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Receipts equal to the consensus of the ``book`` in the buckets that nothing new can reach
    (lead_time rounded up), and the issue that says so.

    >>> from sopkit.metrics import Book
    >>> months = pd.to_datetime(["2026-11-01", "2026-12-01"])
    >>> plan = pd.DataFrame({"item": "A", "market": "N", "bucket": months, "consensus": [10.0, 20]})
    >>> items = pd.DataFrame({"item": ["A"], "lead_time": [0.5]})
    >>> assumed_receipts(Book({"demand_plan": plan, "items": items}))[0]["quantity"].tolist()
    [10.0]
    """
    plan = book.demand_plan
    grid = grid_of(plan, book.buckets, book.items, book.calendar, ("item",))
    wait = np.ceil(attribute(book.items, "lead_time", grid.series["item"]).to_numpy())
    total = grid.array(plan, "consensus")
    coming = (grid.numbers - grid.numbers[:1] < wait[:, None]) & (total > 0)
    rows = grid.frame(quantity=total)[coming.ravel()].rename(columns={"bucket": "due_on"})
    receipts = INPUTS["receipts"].conform(rows.assign(ordered_on=pd.NaT))
    items = receipts["item"].unique()
    assumed = issue(
        "receipts",
        "",
        "absent",
        f"no open orders were given; {len(items)} items cannot get anything new inside their lead"
        f" time: {named(items)}",
        "assumed receipts equal to consensus inside the lead time; bring receipts to plan with the"
        " real ones",
        value=f"{receipts['quantity'].sum():,.10g}",
    )
    return receipts, issues_frame([assumed] if len(items) else [])
