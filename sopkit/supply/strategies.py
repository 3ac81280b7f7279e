"""Strategies: what each asks of the plan."""

import numpy as np

from sopkit.supply.model import hours_by_way

# level: one workforce and equal shares of hours; chase: output follows demand, nothing is built
# ahead
STRATEGIES = ("optimal", "level", "chase")


def follow_demand(prices: dict[str, np.ndarray], facts, whole_workers: bool) -> dict:
    """Prices under which output comes first, then a workforce that fits it with no overtime or
    subcontracting, then with no idle hours, and only then money: each is dearer than anything the
    next could save with it.

    An idle hour costs more than moving a worker there and back, an hour of overtime more than the
    hours of a whole worker, a unit that is late or missing from stock more than all hours and
    materials of any unit. Order-driven items are made when they fall due: backlog by agreement is
    left to grow to its agreed size. All three are the company's, so that they do not depend on
    which programme an item is solved in.
    """
    ways, staff = facts.ways, facts.resources
    long = hours_by_way(facts, np.ones((len(staff), 1)))
    moves = np.nan_to_num(staff.hiring_cost) + np.nan_to_num(staff.layoff_cost)
    movable = staff.movable[:, None] & (staff.hours_per_worker > 0)
    per_hour = moves / np.where(movable, staff.hours_per_worker, np.inf)
    idle = 1e-3 + 2 * _most(per_hour) + _most(staff.regular_cost) + _most(staff.overtime_cost)
    overtime = idle * (2 * _most(staff.hours_per_worker) + 2 if whole_workers else 10)
    dearest = _most(ways.unit_cost) + _most(facts.prices.holding) + 1
    short = 10 * ((idle + overtime) * _most(long) + dearest)

    elsewhere = np.where(ways.kind == "subcontracted", overtime, 0.0)[:, None]
    own = long[ways.making(facts.shape[0])[ways.item]]
    dearer = {
        "quantity": elsewhere * own - idle * hours_by_way(facts, movable),
        "workers": movable * idle * staff.hours_per_worker,
        "overtime": movable * (idle + overtime),
        "late": short,
        "lost": short * (facts.shape[1] + 1),
        **dict.fromkeys(("agreed", "safe", "ending"), -short),
    }
    return {name: price + dearer.get(name, 0.0) for name, price in prices.items()}


def _most(money: np.ndarray) -> float:
    return money[np.isfinite(money)].max(initial=0.0)
