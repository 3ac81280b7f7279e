"""How well plan, plant, stock and cash ran: adherence, turns, cover, lead time, utilisation,
stability.

A denominator that is not above zero gives NaN; pairs with a NaN are left out.
"""

import numpy as np

from sopkit.metrics.forecast_errors import floats, pairs, ratio

DAYS_A_YEAR = 365


def plan_adherence(production) -> float:
    """Σ min(actual, planned) ÷ Σ planned by item, a fraction: over-building one item does not
    excuse another.

    ``production`` has a row per item (and bucket) with ``planned`` (the plan released for that
    bucket) and ``actual``; rows without a plan are left out. Show ``volume_adherence`` beside it.

    >>> import pandas as pd
    >>> made = pd.DataFrame({"item": ["A", "B"], "planned": [100, 100], "actual": [150, 60]})
    >>> plan_adherence(made), volume_adherence(made)
    (0.8, 0.95)
    """
    planned, actual = pairs(production["planned"], production["actual"])
    return ratio(np.minimum(planned, actual).sum(), planned.sum())


def volume_adherence(production) -> float:
    """1 − |Σ planned − Σ actual| ÷ Σ planned, a fraction; never shown alone, for a wrong mix can
    hide in it.

    >>> import pandas as pd
    >>> volume_adherence(pd.DataFrame({"planned": [100, 100], "actual": [150, 50]}))
    1.0
    """
    planned, actual = pairs(production["planned"], production["actual"])
    return 1 - ratio(abs(planned.sum() - actual.sum()), planned.sum())


def inventory_turns(cost_of_sales, inventory_value, per_year=12) -> float:
    """Annualised cost of goods sold ÷ average inventory at cost (bucket ends), in turns a year.

    >>> inventory_turns([100, 140], [300, 180])
    6.0
    """
    cost, stock = pairs(cost_of_sales, inventory_value)
    return ratio(cost.sum() * per_year, stock.sum())


def cover(on_hand, demand, backlog=0.0, per_year=12):
    """How many buckets of *future* demand the stock lasts, in buckets (float, or an array of
    ``on_hand``'s shape).

    ``demand`` ends in an axis of buckets. ``on_hand`` with one axis less is the stock before the
    first of them; with the same shape it is the stock at each bucket's end, and its future begins
    with the next bucket. Walks forward and interpolates in the last bucket; 0 with backlog; at most
    the number of buckets; beyond the horizon the last year of demand repeats.

    >>> cover(25, [10, 10, 10, 10]), cover(25, [10, 10, 10, 10], backlog=1), cover(99, [10, 10,
    ...     10, 10])
    (2.5, 0.0, 4.0)
    >>> cover([15, 10], [10, 20]).tolist()
    [0.75, 1.0]
    """
    demand = np.maximum(floats(demand), 0)
    stock = floats(on_hand)
    buckets, at_ends = demand.shape[-1], stock.ndim == demand.ndim
    if not buckets:
        return stock * 0.0
    future = _repeated(demand, per_year)[..., 1 if at_ends else 0 :]
    left, lasts = np.where(floats(backlog) > 0, 0.0, stock), np.zeros(stock.shape)
    for step in range(buckets):
        need = future[..., step : step + buckets] if at_ends else future[..., step]
        share = np.divide(left, need, out=np.ones_like(left), where=need > 0)
        lasts = lasts + np.where(left > 0, np.minimum(share, 1.0), 0.0)
        left = left - need
    lasts = np.where(np.isnan(stock), np.nan, lasts)
    return lasts if lasts.ndim else float(lasts)


def backlog_lead_time(backlog, shipments):
    """Backlog ÷ planned shipments per bucket, in buckets (float, or an array); NaN where nothing
    ships.

    Call it for the due and the not-yet-due backlog apart.

    >>> backlog_lead_time(30, 20)
    1.5
    """
    shipments = floats(shipments)
    wait = floats(backlog) / np.where(shipments > 0, shipments, np.nan)
    return wait if wait.ndim else float(wait)


def utilisation(load, capacity) -> float:
    """Σ required hours ÷ Σ available hours, a fraction; give regular hours, or regular and
    overtime.

    >>> utilisation([80, 100], [100, 100])
    0.9
    """
    load, capacity = pairs(load, capacity)
    return ratio(load.sum(), capacity.sum())


def cash_to_cash(
    inventory_value, cost_of_sales, receivable_days, payable_days, per_year=12
) -> float:
    """Inventory days + receivable days − payable days, in days; inventory days = 365 ÷ turns.

    >>> round(cash_to_cash([200, 200], [100, 100], receivable_days=45, payable_days=30), 2)
    75.83
    """
    return (
        ratio(DAYS_A_YEAR, inventory_turns(cost_of_sales, inventory_value, per_year))
        + receivable_days
        - payable_days
    )


def plan_stability(now, before) -> float:
    """Σ|plan now − plan last cycle| ÷ Σ plan last cycle over the same cells, a fraction; 0 =
    nothing moved.

    >>> plan_stability([110, 90], [100, 100])
    0.1
    """
    now, before = pairs(now, before)
    return ratio(np.abs(now - before).sum(), before.sum())


def _repeated(demand, per_year):
    """Demand, then the last year of it again for as many buckets as there were, and one."""
    buckets = demand.shape[-1]
    year = min(per_year, buckets)
    again = buckets - year + np.arange(buckets + 1) % year
    return np.concatenate([demand, demand[..., again]], axis=-1)
