"""Strategies: what each asks of the plan."""

from dataclasses import dataclass

import numpy as np

from sopkit.errors import PlanError
from sopkit.grid import fold


@dataclass(frozen=True)
class Strategy:
    """``level``: one workforce and equal shares of hours; ``lean``: output follows demand, nothing
    is built ahead.
    """

    level: bool = False
    lean: bool = False


STRATEGIES = {"optimal": Strategy(), "level": Strategy(level=True), "chase": Strategy(lean=True)}


def strategy_named(name: str) -> Strategy:
    """The strategy of that name.

    >>> strategy_named("hybrid")
    Traceback (most recent call last):
    ...
    sopkit.errors.PlanError: strategy 'hybrid' is not known; use one of: optimal, level, chase
    """
    if name not in STRATEGIES:
        raise PlanError(f"strategy {name!r} is not known; use one of: {', '.join(STRATEGIES)}")
    return STRATEGIES[name]


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
    ways, bill, staff, long = facts.ways, facts.bill, facts.resources, staff_hours(facts)
    moves = np.nan_to_num(staff.hiring_cost) + np.nan_to_num(staff.layoff_cost)
    movable = staff.movable[:, None] & (staff.hours_per_worker > 0)
    per_hour = np.divide(moves, staff.hours_per_worker, out=np.zeros_like(moves), where=movable)
    idle = 1e-3 + 2 * _most(per_hour) + _most(staff.regular_cost) + _most(staff.overtime_cost)
    overtime = idle * (2 * _most(staff.hours_per_worker) + 2 if whole_workers else 10)
    dearest = _most(ways.unit_cost) + _most(facts.prices.holding) + 1
    short = 10 * ((idle + overtime) * _most(long) + dearest)

    elsewhere = np.where(ways.kind == "subcontracted", overtime, 0.0)
    own = long[ways.making(facts.shape[0])[ways.item]]
    busy = fold(bill.hours[:, None] * movable[bill.resource], bill.way, len(ways))
    return {
        **prices,
        "quantity": prices["quantity"] + (elsewhere * own)[:, None] - idle * busy,
        "workers": prices["workers"] + np.where(movable, idle * staff.hours_per_worker, 0.0),
        "overtime": prices["overtime"] + np.where(movable, idle + overtime, 0.0),
        "late": prices["late"] + short,
        "lost": prices["lost"] + short * (facts.shape[1] + 1),
        **{name: prices[name] - short for name in ("agreed", "safe", "ending")},
    }


def staff_hours(facts) -> np.ndarray:
    """(way,): hours that one unit needs of all resources."""
    return fold(facts.bill.hours[:, None], facts.bill.way, len(facts.ways))[:, 0]


def _most(money: np.ndarray) -> float:
    return money[np.isfinite(money)].max(initial=0.0)
