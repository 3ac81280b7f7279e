"""Open orders that exceed the plan: inside the demand fence a booked line counts more than a
forecast.
"""

import numpy as np
import pandas as pd

from sopkit.demand.given import Given
from sopkit.demand.spread import spread
from sopkit.grid import Grid, attribute


def order_excess(given: Given, before) -> np.ndarray:
    """Units of open order lines above the sum before, in the first ``demand_fence`` buckets (series
    × bucket, ≥ 0).

    A line falls due when it was requested, else promised, else ordered. Overdue lines, and every
    line of an order-driven item, are opening backlog already and do not count again. Lines of a
    market in which the item has no series are shared by its series in proportion to baseline.
    """
    due = open_orders(given.orders, given.items, given.grid, given.demand_fence)
    return np.maximum(_on_grid(given, due) - before, 0) * (_on_grid(given, due) > 0)


def open_orders(orders, items, grid: Grid, demand_fence) -> pd.DataFrame:
    """Open units of stock items by item, market and bucket inside the fence: columns item, market,
    bucket, quantity.
    """
    if orders is None or orders.empty or demand_fence <= 0:
        return pd.DataFrame(
            {"item": [], "market": [], "bucket": pd.DatetimeIndex([]), "quantity": []}
        )
    lines = (
        orders[pd.to_datetime(orders["shipped_on"]).isna()] if "shipped_on" in orders else orders
    )
    due = pd.to_datetime(lines["ordered_on"])
    for better in ("promised_on", "requested_on"):
        if better in lines:
            due = pd.to_datetime(lines[better]).fillna(due)
    shipped = lines["shipped_quantity"].fillna(0) if "shipped_quantity" in lines else 0.0
    column = grid.column(due)
    to_stock = attribute(items, "strategy", lines["item"]).to_numpy(dtype=object) != "order"
    counts = to_stock & (column >= 0) & (column < demand_fence)
    market = (
        lines["market"].astype("object")
        if "market" in lines
        else pd.Series("", index=lines.index, dtype="object")
    )
    return pd.DataFrame(
        {
            "item": lines["item"].astype("object"),
            "market": market.where(market.notna(), ""),
            "bucket": grid.buckets.to_numpy()[np.maximum(column, 0)],
            "quantity": (lines["quantity"] - shipped).clip(lower=0),
        }
    )[counts].reset_index(drop=True)


def _on_grid(given, due):
    """Open units by series: those of its own market, and its share of lines whose market has no
    series.
    """
    grid = given.grid
    own = grid.array(due, "quantity")
    lost = due[grid.find(due["item"], due["market"]) < 0]
    if lost.empty:
        return own
    code, names = pd.factorize(grid.series["item"])
    total = np.zeros((len(names), grid.shape[1]))
    at = pd.Index(names).get_indexer(lost["item"])
    np.add.at(
        total,
        (at[at >= 0], grid.column(lost["bucket"])[at >= 0]),
        lost["quantity"].to_numpy(dtype=float)[at >= 0],
    )
    return own + spread(total, given.baseline, code)
