"""What is booked: open customer orders that exceed the plan."""

import numpy as np

from sopkit.demand.spread import spread
from sopkit.grid import attribute


def order_excess(given, before) -> tuple[np.ndarray, list[dict]]:
    """Units of open order lines above the sum before, in the first ``demand_fence`` buckets (series
    × bucket): inside the demand fence a booked line counts more than a forecast.

    What is above takes forecast that no order has taken yet from its neighbours, the nearest first
    (negative there): of as many buckets before as the setting ``consume_backward`` says, then of
    ``consume_forward`` after.

    A line falls due when it was requested, else promised, else ordered. Overdue lines, and every
    line of an order-driven item, are opening backlog already and do not count again. Lines of a
    market in which the item has no series are shared by its series in proportion to baseline.
    """
    grid, lines = given.grid, given.orders
    due = lines["requested_on"].fillna(lines["promised_on"]).fillna(lines["ordered_on"])
    left = (lines["quantity"] - lines["shipped_quantity"].fillna(0)).clip(lower=0)
    column = grid.column(due)
    to_stock = attribute(given.book.items, "strategy", lines["item"]).to_numpy() != "order"
    lines = lines.assign(bucket=due, units=left)[to_stock & (column >= 0)]
    homeless = lines[grid.find(lines["item"], lines["market"]) < 0]
    by_item, item = grid.per_item()
    units = grid.array(lines, "units") + spread(
        by_item.array(homeless, "units"), given.baseline, item
    )
    above = np.maximum(units - before, 0) * (units > 0)
    above[:, np.arange(grid.shape[1]) >= given.book.settings["demand_fence"]] = 0.0
    return above - _consumed(above, np.maximum(before - units, 0), given.book.settings), []


def _consumed(above, free, settings):
    """The forecast that is ``free`` in each bucket and taken by what is ``above`` in others.

    >>> rules = {"consume_backward": 1, "consume_forward": 1}
    >>> _consumed(np.array([[0.0, 50.0, 0.0]]), np.array([[30.0, 0.0, 90.0]]), rules).tolist()
    [[30.0, 0.0, 20.0]]
    """
    rest, left = above.copy(), free.copy()
    back, ahead = (int(settings[f"consume_{way}"]) for way in ("backward", "forward"))
    for at in np.flatnonzero(above.any(axis=0)):
        for away in [*range(-1, -back - 1, -1), *range(1, ahead + 1)]:
            if 0 <= at + away < above.shape[1]:
                taken = np.minimum(rest[:, at], left[:, at + away])
                rest[:, at] -= taken
                left[:, at + away] -= taken
    return free - left
