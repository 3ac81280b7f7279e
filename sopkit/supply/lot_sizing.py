"""Lot sizes that balance set-up against holding, and the single-season quantity: the classical
formulas.
"""

import numpy as np

from sopkit.errors import PlanError


def economic_lot(demand: float, set_up_cost: float, holding_cost: float) -> float:
    """Units per lot that cost least: √(2 × set-up × demand ÷ holding), demand and holding cost
    (money/unit) over the same time.

    Source: Harris (1913); Snyder & Shen, Fundamentals of Supply Chain Theory, example 3.1.

    >>> round(economic_lot(1300, 8, 0.225), 2)
    304.05
    """
    _positive(set_up_cost=set_up_cost, holding_cost=holding_cost)
    return float(np.sqrt(2 * set_up_cost * demand / holding_cost))


def newsvendor(shortage_cost: float, excess_cost: float, demand) -> float:
    """Units to have for one season: the quantile shortage ÷ (shortage + excess) of the demand
    sample (an array of outcomes).

    Source: Arrow, Harris & Marschak (1951); Snyder & Shen, Fundamentals of Supply Chain Theory,
    section 4.3.

    >>> newsvendor(3.0, 1.0, [10, 20, 30, 40])
    30.0
    """
    _positive(shortage_cost=shortage_cost, excess_cost=excess_cost)
    return float(
        np.quantile(
            np.asarray(demand, dtype="float64"),
            shortage_cost / (shortage_cost + excess_cost),
            method="inverted_cdf",
        )
    )


def dynamic_lots(demand, set_up_cost: float, holding_cost: float) -> tuple[np.ndarray, float]:
    """Lots (units by bucket) and their least cost when every lot costs a set-up and stock is held
    from bucket to bucket.

    Source: Wagner & Whitin (1958); Snyder & Shen, Fundamentals of Supply Chain Theory, example 3.9.

    >>> lots, cost = dynamic_lots([90, 120, 80, 70], 500, 2)
    >>> lots.tolist(), cost
    ([210.0, 0.0, 150.0, 0.0], 1380.0)
    """
    wanted = np.asarray(demand, dtype="float64")
    best, lot_from = np.zeros(len(wanted) + 1), np.zeros(len(wanted), dtype=int)
    for end in range(1, len(wanted) + 1):
        starts = np.arange(end)
        held = np.array([(wanted[start:end] * np.arange(end - start)).sum() for start in starts])
        totals = (
            best[:end] + set_up_cost * (wanted[:end][::-1].cumsum()[::-1] > 0) + holding_cost * held
        )
        lot_from[end - 1] = int(np.argmin(totals))
        best[end] = totals[lot_from[end - 1]]
    lots, end = np.zeros(len(wanted)), len(wanted)
    while end > 0:
        start = lot_from[end - 1]
        lots[start] = wanted[start:end].sum()
        end = start
    return lots, float(best[-1])


def _positive(**prices: float) -> None:
    for name, price in prices.items():
        if not price > 0:
            raise PlanError(f"{name} is {price}; give a price above 0")
