"""Strategies: what each asks of the plan."""

from types import SimpleNamespace

import numpy as np

from sopkit.supply.model import ABOVE, OWED, Programme
from sopkit.supply.solve import Solved, solve

# level: one workforce and equal shares of hours; chase: output follows demand, nothing is built
# ahead
STRATEGIES = ("optimal", "level", "chase")
FOLLOWED = ("quantity", "lost")  # what a chase plan settles bucket by bucket


def chase(programme: Programme, cost, *, gap, time_limit) -> Solved | None:
    """The ``Solved`` programme in which output follows demand; None where the limits contradict
    each other. ``cost`` is by column, of ``follow_demand``; the buckets share half the time limit.

    Output is planned one bucket after the other, each from where the one before it ended, nobody
    being laid off; then the workforce that fits it. The limits that follow stand in
    ``programme.parts``: output and what is lost, no more stock ahead, agreed backlog.
    """
    parts, count = programme.parts, programme.facts.shape[1]
    if len(programme.facts.parts.way):  # begun before they arrive: no bucket can be settled alone
        # in few digits: HiGHS loads no prices of 1e13
        return solve(parts, cost * (1e6 / np.abs(cost).max()), gap=gap, time_limit=time_limit)
    labels = {name: programme.labels(name) for name in programme.model.variables}
    values, leave = np.zeros(len(cost)), labels["laid_off"]
    free, parts.ub[leave] = parts.ub[leave], parts.lb[leave]
    last = labels["lost"][:, -1:]  # what is late for good is lost at the end
    parts.ub[last] = np.where(np.isinf(programme.facts.prices.lost), 0.0, np.inf)
    of_row, of_column = parts.clabels % count, np.arange(len(cost)) % count
    for bucket in range(count):
        rows, columns = of_row == bucket, of_column == bucket
        part = SimpleNamespace(
            A=parts.A[rows][:, columns],
            b=parts.b[rows] - parts.A[rows] @ values,
            sense=parts.sense[rows],
            clabels=np.arange(rows.sum()),
            **{name: getattr(parts, name)[columns] for name in ("lb", "ub", "vtypes")},
        )
        solved = solve(part, cost[columns], gap=gap, time_limit=time_limit / count / 2)
        if solved is None:
            return None
        values[columns] = solved.values
    parts.ub[leave] = free
    for limit, names in ((parts.lb, FOLLOWED + OWED[1:]), (parts.ub, FOLLOWED + ABOVE)):
        for name in labels.keys() & names:
            limit[labels[name]] = values[labels[name]]
    return solve(parts, cost, gap=gap, time_limit=time_limit / 2)


def follow_demand(prices, programme: Programme) -> dict:
    """Prices under which each bucket's output brings every item to its target: stock that is asked
    for, or the backlog that the customers of an order-driven item agreed to; then a workforce fits
    it with no overtime or subcontracting, then with no idle hours, and only then comes money: each
    is dearer than anything the next could save with it.

    An idle hour costs more than moving a worker there and back, an hour of overtime more than the
    hours of a whole worker, a unit ahead of its target more than all hours and materials of any
    unit, and a unit behind it more than those that come with it in a whole lot. All are the
    company's, so that they do not depend on which programme an item is solved in.
    """
    facts = programme.facts
    ways, staff = facts.ways, facts.resources
    long = facts.hours.T @ np.ones((len(staff), 1))
    moves = np.nan_to_num(staff.hiring_cost) + np.nan_to_num(staff.layoff_cost)
    movable = staff.movable & (staff.hours_per_worker > 0)
    per_hour = moves / np.where(movable, staff.hours_per_worker, np.inf)
    idle = 1e-3 + 2 * _most(per_hour) + _most(staff.regular_cost) + _most(staff.overtime_cost)
    whole = "whole_workers" in programme
    overtime = idle * (2 * _most(staff.hours_per_worker) + 2 if whole else 10)
    dearest = _most(ways.unit_cost) + _most(facts.prices.holding) + 1
    ahead = 10 * ((idle + overtime) * _most(long) + dearest)
    lots = "lots" in programme or "runs" in programme
    behind = ahead * (1 + 100 * lots * _most(np.maximum(facts.lot_size, facts.minimum_lot)))
    behind = behind + _most(facts.prices.ending)

    elsewhere = np.where(ways.kind == "subcontracted", overtime, 0.0)[:, None]
    own = facts.by_item(long, "production")[ways.item]
    first = np.where(np.isinf(facts.prices.lost), 10, 2)  # who may not be lost
    dearer = {
        "quantity": elsewhere * own - idle * (facts.hours.T @ movable),
        "workers": movable * idle * staff.hours_per_worker,
        "overtime": movable * (idle + overtime),
        "late": first * behind,
        "lost": 4 * behind,
        **dict.fromkeys((*OWED[1:], "safe", "ending"), -behind),
        **dict.fromkeys(ABOVE, ahead),
        "expired": ahead * np.arange(facts.shape[1] + 1, 1, -1),
    }
    return {name: price + dearer.get(name, 0.0) for name, price in prices.items()}


def _most(money) -> float:
    return money[np.isfinite(money)].max(initial=0.0)
