"""Strategies: what each asks of the plan."""

from types import SimpleNamespace

import numpy as np

from sopkit.supply.model import STOCK, Programme, hours_by_way
from sopkit.supply.solve import Solved, solve

# level: one workforce and equal shares of hours; chase: output follows demand, nothing is built
# ahead
STRATEGIES = ("optimal", "level", "chase")


def chase(programme: Programme, cost: np.ndarray, **search) -> Solved | None:
    """The ``Solved`` programme in which output follows demand; None where the limits contradict
    each other.

    Output is planned one bucket after the other, each from where the one before it ended, with as
    many people as there can be; then the workforce that fits it. In every bucket each item gets
    what its target lacks: stock that is asked for, or for an order-driven item the backlog that its
    customers agreed to. Whoever holds more gets nothing, and what hours, ways or lots cannot do is
    missing in the next bucket too. ``cost`` is by column (``follow_demand``); the limits that
    follow stand in ``programme.parts``.
    """
    facts, limits, parts = programme.facts, programme.limits, programme.parts
    _everybody(programme)
    target = np.minimum(facts.target, limits.stock) - facts.recent
    most = target + (1 - 1e-6) * smallest_lots(programme)[:, None]
    change = facts.coming + facts.by_item(limits.least) - facts.demand
    count, values, net = facts.shape[1], np.zeros(programme.width), facts.opening
    of_row, of_column = parts.clabels % count, np.arange(programme.width) % count
    of_row[programme.rows_of("workforce")] = -1
    for bucket in range(count):
        there = net + change[:, bucket]
        lacking = there < target[:, bucket]
        _hold(programme, bucket, np.where(lacking, most[:, bucket], there))
        owed = np.maximum(-net, 0.0) + facts.demand[:, bucket]
        lost = programme.labels("lost")[:, bucket]
        parts.ub[lost] = np.where(np.isinf(facts.prices.lost), 0.0, owed)
        rows, columns = of_row == bucket, of_column == bucket
        part = SimpleNamespace(
            A=parts.A[rows][:, columns],
            b=parts.b[rows] - parts.A[rows] @ values,
            sense=parts.sense[rows],
            clabels=np.arange(rows.sum()),
            **{name: getattr(parts, name)[columns] for name in ("lb", "ub", "vtypes")},
        )
        solved = solve(part, cost[columns], **search)
        if solved is None:
            return None
        values[columns] = solved.values
        net = sum(
            sign * values[programme.labels(name)[:, bucket]]
            for names, sign in ((STOCK, 1), (("late", "agreed"), -1))
            for name in names
            if name in programme
        )
    for name in ("quantity", "lost"):
        at = programme.labels(name)
        parts.lb[at] = parts.ub[at] = values[at]
    return solve(parts, cost, **search)


def _everybody(programme: Programme) -> None:
    """No more people in a bucket than all who can be hired by then, if nobody is laid off."""
    if "workers" in programme:
        staff, parts = programme.facts.resources, programme.parts
        hired, laid_off, workers = map(programme.labels, ("hired", "laid_off", "workers"))
        there = staff.workers[:, :1] + np.cumsum(parts.ub[hired] - parts.lb[laid_off], axis=1)
        parts.ub[workers] = np.where(staff.movable[:, None], there, parts.ub[workers])


def smallest_lots(programme: Programme) -> np.ndarray:
    """(item,) units of the smallest lot where a programme plans whole lots, else 0."""
    items = programme.facts.items
    bound = "lots" in programme or "runs" in programme
    return np.fmax(items.lot_size, items.minimum_lot) * bound


def _hold(programme: Programme, bucket: int, most: np.ndarray) -> None:
    """Stock less backlog of a bucket is at most ``most`` (by item), agreed backlog as it is."""
    lowest, highest, left = programme.parts.lb, programme.parts.ub, np.maximum(most, 0.0)
    for name in (name for name in STOCK if name in programme):
        at = programme.labels(name)[:, bucket]
        room = highest[at]
        highest[at], left = np.minimum(room, left), np.maximum(left - room, 0.0)
    if "agreed" in programme:
        at = programme.labels("agreed")[:, bucket]
        lowest[at] = np.minimum(highest[at], np.maximum(-most, 0.0))


def follow_demand(prices: dict[str, np.ndarray], programme: Programme) -> dict:
    """Prices under which output comes first, then a workforce that fits it with no overtime or
    subcontracting, then with no idle hours, and only then money: each is dearer than anything the
    next could save with it.

    An idle hour costs more than moving a worker there and back, an hour of overtime more than the
    hours of a whole worker, a unit (of a lot, if need be) that is late or missing from stock more
    than all hours and materials of any unit. All three are the company's, so that they do not
    depend on which programme an item is solved in.
    """
    facts = programme.facts
    ways, staff = facts.ways, facts.resources
    long = hours_by_way(facts, np.ones((len(staff), 1)))
    moves = np.nan_to_num(staff.hiring_cost) + np.nan_to_num(staff.layoff_cost)
    movable = staff.movable[:, None] & (staff.hours_per_worker > 0)
    per_hour = moves / np.where(movable, staff.hours_per_worker, np.inf)
    idle = 1e-3 + 2 * _most(per_hour) + _most(staff.regular_cost) + _most(staff.overtime_cost)
    whole = "whole_workers" in programme
    overtime = idle * (2 * _most(staff.hours_per_worker) + 2 if whole else 10)
    dearest = _most(ways.unit_cost) + _most(facts.prices.holding) + 1
    short = 10 * ((idle + overtime) * _most(long) + dearest)
    short *= 1 + _most(smallest_lots(programme))

    elsewhere = np.where(ways.kind == "subcontracted", overtime, 0.0)[:, None]
    own = long[ways.making(facts.shape[0])[ways.item]]
    dearer = {
        "quantity": elsewhere * own - idle * hours_by_way(facts, movable),
        "workers": movable * idle * staff.hours_per_worker,
        "overtime": movable * (idle + overtime),
        "late": short
        * np.where(np.isinf(facts.prices.lost), 5, 1)[:, None],  # who must be served is first
        "lost": short * 2,
        **dict.fromkeys(("safe", "ending"), -short),
    }
    return {name: price + dearer.get(name, 0.0) for name, price in prices.items()}


def _most(money: np.ndarray) -> float:
    return money[np.isfinite(money)].max(initial=0.0)
