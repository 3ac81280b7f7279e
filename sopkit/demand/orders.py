"""What is booked: open customer orders that exceed the plan."""

import numpy as np

from sopkit.demand.spread import spread
from sopkit.grid import attribute


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
