"""Strategies: what each asks of the plan."""

from dataclasses import dataclass

import numpy as np

from sopkit.errors import PlanError


@dataclass(frozen=True)
class Strategy:
    """``level``: one workforce and equal shares of hours; ``lean``: output follows demand, nothing
    is built ahead.
    """

    name: str
    level: bool = False
    lean: bool = False


STRATEGIES = {
    "optimal": Strategy("optimal"),
    "level": Strategy("level", level=True),
    "chase": Strategy("chase", lean=True),
}


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


def follow_demand(
    costs: dict[str, np.ndarray], facts, whole_workers: bool
) -> dict[str, np.ndarray]:
    """Costs that put output first, then a workforce that fits it without idle hours, overtime or
    subcontracting, and only then money.

    Order-driven items are made when they fall due: backlog by agreement is left to grow to its
    agreed size.
    """
    staff = facts.resources
    moves = np.nan_to_num(staff.hiring_cost) + np.nan_to_num(staff.layoff_cost)
    movable = staff.movable[:, None] & (staff.hours_per_worker > 0)
    per_hour = np.divide(moves, staff.hours_per_worker, out=np.zeros_like(moves), where=movable)
    idle = (
        2 * per_hour.max(initial=0.0)
        + staff.regular_cost.max(initial=0.0)
        + staff.overtime_cost.max(initial=0.0)
        + 1e-3
    )
    overtime = idle * (2 * staff.hours_per_worker.max(initial=0.0) + 2 if whole_workers else 10)
    hours = np.zeros(len(facts.ways))
    np.add.at(hours, facts.bill.way, facts.bill.hours)
    short = 10 * (
        (idle + overtime) * hours.max(initial=0.0)
        + facts.ways.unit_cost[np.isfinite(facts.ways.unit_cost)].max(initial=0.0)
        + facts.prices.holding.max(initial=0.0)
        + 1.0
    )
    quantity = costs["quantity"].copy()
    elsewhere = facts.ways.kind == "subcontracted"
    own = hours[facts.ways.making(facts.shape[0])[facts.ways.item[elsewhere]]]
    quantity[elsewhere] += (overtime * own)[:, None]
    np.add.at(
        quantity, facts.bill.way, -idle * facts.bill.hours[:, None] * movable[facts.bill.resource]
    )
    return {
        **costs,
        "quantity": quantity,
        "workers": costs["workers"] + np.where(movable, idle * staff.hours_per_worker, 0.0),
        "overtime": costs["overtime"] + np.where(movable, idle + overtime, 0.0),
        "late": costs["late"] + short,
        "agreed": costs["agreed"] - short,
        "safe": costs["safe"] - short,
        "ending": costs["ending"] - short,
        "lost": costs["lost"] + short * (facts.shape[1] + 1),
    }
