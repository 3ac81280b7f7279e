"""What the production of parents takes of their parts: asked for before a plan, as much as there is
within it.
"""

from dataclasses import replace

import numpy as np

from sopkit.supply.limits import to_arrive
from sopkit.supply.solve import solve


def exploded(facts, coming=0.0) -> np.ndarray:
    """(item, bucket) units that parents take if all that is asked for is made as soon as it can be,
    beside stock, receipts and what else is ``coming`` (item, bucket): level by level, a lead time
    before each parent arrives.

    Source: material requirements planning, Orlicky (1975).
    """
    issued = np.zeros(facts.shape)
    if not len(facts.parts.way):
        return issued
    while True:
        taken = facts.usual_parts(required(facts, issued, coming))
        if np.array_equal(taken, issued):
            return issued
        issued = taken


def required(facts, issued, coming=0.0) -> np.ndarray:
    """(item, bucket) units that must arrive beside stock, receipts and what is ``coming`` so that
    all that is asked for, and ``issued`` to parents, is there: what its way's lead time is too late
    for as soon as it can.
    """
    short = facts.target - facts.recent - facts.net(coming - issued)
    needed = np.maximum.accumulate(np.maximum(short, 0.0), axis=1)
    opens = np.zeros(facts.shape[0], dtype=int)
    opens[facts.ways.item[facts.ways.usual]] = facts.ways.opens[facts.ways.usual]
    needed = np.where(np.arange(facts.shape[1]) < opens[:, None], 0.0, needed)
    return to_arrive(needed)


def usual(ways, parts, items: int) -> np.ndarray:
    """(way,) True where what is asked for takes parts: own production, and of what comes from other
    sites only the lane from where it comes first, the cheapest if there are several.
    """
    moved, origin = ways.kind == "transferred", np.zeros(len(ways), dtype=int)
    origin[parts.way] = parts.item
    steps, before = np.where(moved, np.inf, 0.0), None
    while before is None or not np.array_equal(before, steps):
        nearest, before = np.full(items, np.inf), steps
        np.minimum.at(nearest, ways.item, steps)
        steps = np.where(moved, nearest[origin] + 1, 0.0)
    order = np.lexsort((ways.unit_cost, steps))
    first = order[np.unique(ways.item[order], return_index=True)[1]]
    return ways.own | moved & np.isfinite(steps) & np.isin(np.arange(len(ways)), first)


def within_parts(facts, limits, programme, firm: bool):
    """The limits in which as much as there are parts and hours for remains of what stands: of what
    open work orders take, and of what is frozen, if it is not ``firm``.
    """
    loose = {"reserved": limits.reserved} | ({} if firm else {"quantity": limits.least})
    parts, loose = programme.parts, {name: loose[name] for name in loose if name in programme}
    for name in loose:
        parts.lb[programme.labels(name)] = 0.0
    solved = solve(parts, programme.costs({name: -1.0 * (loose[name] > 0) for name in loose}))
    if solved is None:
        return limits
    found, values = (
        {"reserved": limits.reserved, "quantity": limits.least},
        programme.values(solved),
    )
    for name in loose:
        found[name] = np.minimum(found[name], values[name])
    reserved, least = found.values()
    most = np.where(limits.frozen, least, limits.most)
    cut = limits.cut + facts.by_item(limits.least - least) + limits.reserved - reserved
    return replace(limits, least=least, most=most, cut=cut, reserved=reserved)
