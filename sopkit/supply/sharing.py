"""Who gets what: identical items get the same, and where hours are short, items of like margin at
one bottleneck share them in proportion to what was asked.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import sparse

from sopkit.grid import fold, summed
from sopkit.supply.flows import TINY
from sopkit.supply.limits import left_over
from sopkit.supply.model import ABOVE, times

ALLOCATIONS = ("margin", "fair")  # margin: whatever costs least; fair: see ``shared``
ALIKE = 0.1  # of the larger margin: items that differ by less are alike
SHORT = 1e-6  # of an item's size: what is less is not missing


def averaged(programme, values) -> dict:
    """The values in which items that nothing but their size tells apart get the mean of what the
    solution gives them: as cheap, as possible, and no chance of the solver's.

    Whole lots stay as they are.
    """
    if "lots" in values or "runs" in values:
        return values
    facts, limits, ways = programme.facts, programme.limits, programme.facts.ways
    kind, bounds = pd.factorize(ways.kind)[0], (limits.least, limits.most)
    alone = np.zeros(facts.shape[0])  # parts and what takes them are like nothing else
    told = np.append(facts.parts.item, ways.item[facts.parts.way])
    alone[told] = told + 1
    mark = _number(facts.hours.T.toarray(), *bounds, kind, ways.unit_cost)
    place = pd.Series(mark).groupby(ways.item).rank("first").to_numpy(int) - 1
    count = place.max(initial=0) + 1
    marks = summed(ways.item, place, mark + 1, (facts.shape[0], count))
    wanted = facts.demand, facts.receipts, facts.shelf_life, facts.safety_stock, facts.required
    held = limits.stock, facts.recent, limits.late, limits.lost
    item = _number(
        marks, alone, *wanted, *held, facts.to_order, facts.opening, *vars(facts.prices).values()
    )
    way = item[ways.item] * count + place
    for name, dim, number in (("quantity", "way", way), ("lost", "item", item)):
        size = programme.units[dim]
        mean = pd.DataFrame(values[name] / size).groupby(number).transform("mean")
        values = values | {name: mean.to_numpy() * size}
    return values


def _number(*columns) -> np.ndarray:
    """What tells rows apart: the same number for rows that are the same in all columns."""
    rows = np.column_stack(columns).astype(float) + 0.0
    return pd.factorize(np.array([row.tobytes() for row in rows], dtype="object"))[0]


def shared(facts, limits, values, priced, run) -> dict:
    """The values in which like items (see ``alike``) share the hours that a plan's ``values`` give
    them: in every bucket the largest part of what was asked of any of them to date that is late or
    lost is the least there can be.

    All else of the plan stands, stock that is required at its end too; ``priced`` (facts, limits)
    is the ``Programme`` of the plan and its prices, ``run`` (both) solves it. What no hours could
    serve, before the lead time, above a source's limit or a resource that an item had for itself,
    is shared by nobody.
    """
    missing, bill = values["late"] + np.cumsum(values["lost"], axis=1), facts.bill
    floor, asked = unavoidable(facts, limits)
    short = np.where(missing > floor + SHORT * facts.units["item"], missing - floor, 0.0)
    group, hours = alike(facts, values["quantity"], short)
    if not (group >= 0).any():
        return values
    moved = bill.way[(bill.hours > 0) & (group[bill.item] >= 0)]
    moved = np.isin(np.arange(len(facts.ways)), moved)[:, None]
    bounds = {
        name: np.where(moved, getattr(limits, name), values["quantity"])
        for name in ("least", "most")
    }
    dear = replace(facts.prices, ending=10 * facts.prices.ending)  # than any part: see below
    programme, prices = priced(replace(facts, prices=dear), replace(limits, **bounds))
    _keep_hours(programme, group, values["quantity"] / facts.units["way"])
    size = facts.units["item"]
    prices["part"] = _largest_part(
        programme, prices, group, hours * size[:, 0], floor / size, asked / size
    )
    solved = run(programme, prices)
    if solved is None:
        return values
    found = programme.values(solved)
    kept = found.keys() & {"quantity", "lost", *ABOVE}
    return values | {name: found[name] for name in kept}


def _keep_hours(programme, group, made) -> None:
    """No group works more hours of a resource than it did."""
    bill = programme.facts.bill
    kept = np.flatnonzero(group[bill.item] >= 0)
    way, hours = bill.way[kept], bill.hours[kept]
    pair = group[bill.item[kept]] * len(programme.facts.resources) + bill.resource[kept]
    pairs, row = np.unique(pair, return_inverse=True)
    each = sparse.csr_array((hours, (row, way)), (len(pairs), len(made)))
    programme.rows("hours_kept", programme.summed("quantity", each), "<=", each @ made)


def _largest_part(programme, prices, group, hours, floor, asked) -> np.ndarray:
    """(group, bucket) what the largest part that a group misses costs: twice what the hours of all
    that was asked of it are worth, so that it comes before whatever item.
    """
    who, price = group >= 0, prices["lost"] + prices["late"]
    member, best = who[:, None], np.zeros(group.max() + 1)
    np.maximum.at(best, group[who], (price.max(axis=1) / hours)[who])
    worth = fold(asked * hours[:, None], group, len(best)) * 2 * best[:, None]
    programme.variable("part", "group", np.full(worth.shape, np.inf))
    programme.variable("gone", "item", np.where(member, np.inf, 0.0))
    gone = programme["gone"]
    gained = gone - programme.before(gone) - programme["lost"]
    programme.rows("gone", gained, "=", where=member)
    theirs = sparse.eye_array(len(best), format="csr")[np.maximum(group, 0)]
    part = times(asked, programme.summed("part", theirs))
    programme.rows("part", programme["late"] + gone - part, "<=", floor, member)
    return worth


def unavoidable(facts, limits) -> tuple[np.ndarray, np.ndarray]:
    """(item, bucket) units that are late or lost to date though nobody else took hours: more than
    stock, receipts and what may arrive by then, limited by resources that the item has for itself;
    and what was asked to date of what those hours can serve.
    """
    staff, bill, most = facts.resources, facts.bill, limits.most.copy()
    there = np.where(staff.movable, np.inf, staff.all_hours(staff.workers))
    users = np.bincount(np.unique(np.stack([bill.resource, bill.item]), axis=1)[0], minlength=1)
    needed = np.where((bill.hours > 0) & (users[bill.resource] == 1), bill.hours, np.nan)[:, None]
    np.fmin.at(most, bill.way, there[bill.resource] / needed)
    floor = []
    for arriving in (limits.most, most):
        net, lost = left_over(facts, facts.by_item(arriving))
        floor.append(lost + np.maximum(-net - facts.recent, 0.0))
    asked = np.cumsum(facts.demand, axis=1) + facts.backlog[:, None]
    return floor[1], np.maximum(asked - (floor[1] - floor[0]), 0.0)


def alike(facts, made, short) -> tuple[np.ndarray, np.ndarray]:
    """(item,) number of the group that shares what is short, −1 where an item shares with nobody;
    and the hours that a unit takes at the item's bottleneck, 1 where it has none.

    The bottleneck is that of an item's resources at which most hours are ``short`` while it is
    full. Alike are its items whose worth (price of a lost unit, margin; money/unit) differs by no
    more than a tenth from that of the one that is dearest to lose.
    """
    count, items, used = len(facts.resources), facts.shape[0], facts.bill.hours > 0
    bill = facts.bill
    item, resource, hours = bill.item[used], bill.resource[used], bill.hours[used]
    load = facts.load(made)
    full = load / np.maximum(load.max(axis=1, initial=0.0), TINY)[:, None]
    pressed = (fold(hours[:, None] * short[item], resource, count) * full).sum(axis=1)
    order = np.lexsort((-pressed[resource], item))
    order = order[pressed[resource[order]] > 0]
    first = order[np.unique(item[order], return_index=True)[1]]
    bottleneck, each = np.full(items, -1), np.ones(items)
    bottleneck[item[first]], each[item[first]] = resource[first], hours[first]

    margin = facts.prices.price - facts.standard_cost[:, None]
    worth = np.hstack([facts.prices.lost, margin]).T
    group, number, first = np.full(items, -1), -1, -1
    for one in np.lexsort((*-worth[::-1], bottleneck))[(bottleneck < 0).sum() :]:
        apart = np.abs(worth[:, first] - worth[:, one]) > ALIKE * np.abs(worth[:, first])
        if number < 0 or bottleneck[one] != bottleneck[first] or apart.any():
            first, number = one, number + 1
        group[one] = number
    told = np.column_stack([np.ones(items), short.sum(axis=1)])
    members, missed = fold(told, group, number + 1).T
    shares = (members > 1) & (missed > 0)
    number = np.append(np.where(shares, np.cumsum(shares) - 1, -1), -1)
    return number[group], each
