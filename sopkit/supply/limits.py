"""Lower and upper limits of every quantity in the plan, item by item and bucket by bucket."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.grid import summed
from sopkit.supply.costs import per
from sopkit.supply.reading import MADE, refuse
from sopkit.supply.shelf import sold_within

ABSURD = 1e5  # times a usual quantity: no lot is made that large


@dataclass(frozen=True)
class Limits:
    """Units: (way, bucket) for what is made or bought, (item, bucket) for the rest."""

    least: np.ndarray  # frozen quantities, else 0
    most: np.ndarray
    frozen: np.ndarray  # True where least = most by the fence
    cut: np.ndarray  # (item, bucket) of what was to be frozen, what can no longer be got
    taken: np.ndarray  # (resource, bucket) hours of open work orders, as far as there are hours
    reserved: np.ndarray  # (item, bucket) parts of open work orders that the plan begins
    stock: np.ndarray
    late: np.ndarray
    lost: np.ndarray


def in_sizes(facts, limits: Limits) -> Limits:
    """The limits with every item counted in its own size (see ``Facts.in_sizes``)."""
    limits = scaled(limits, 1 / facts.units["item"], "reserved", "stock", "late", "lost")
    return scaled(limits, 1 / facts.units["way"], "least", "most")


def scaled(record, factor, *names: str):
    """A dataclass with the arrays of these ``names`` times a ``factor``."""
    return replace(record, **{name: getattr(record, name) * factor for name in names})


def without_idle(facts, lots: bool):
    """The facts in which a source delivers nothing where its smallest lot is above its limit, and
    those sources in words; where the plan is in ``lots``, a required ending stock is worth more
    than the dearest lot that could have been made of its hours.
    """
    ways, prices, required = facts.ways, facts.prices, facts.ending_stock
    lot, least = facts.lot_size, np.maximum(facts.minimum_lot, facts.lot_size)
    least = np.where(lots & (lot > 0), np.ceil(per(least, lot) - 1e-9) * lot, least)
    smallest, most = least[ways.item], np.where(lots, ABSURD * facts.size, np.inf)[ways.item]
    idle = smallest > np.minimum(ways.limit, most) * (1 + 1e-9)
    told = [
        f"{facts.names[ways.item[way]]} from {ways.source[way] or 'anybody'} (a lot is"
        f" {smallest[way]:,.10g}, its limit {ways.limit[way]:,.10g})"
        for way in np.flatnonzero(idle)
    ]
    worth = (least[:, None] * np.nan_to_num(prices.lost, posinf=0.0)).max(initial=0.0)
    # a fortieth missing costs it
    ending = prices.ending + per(40 * worth, required)[:, None] * lots
    ways = replace(ways, limit=np.where(idle, 0.0, ways.limit))
    return replace(facts, ways=ways, prices=replace(prices, ending=ending)), told


def limits_of(facts, firm: bool = True) -> Limits:
    """``Limits`` from facts; what is frozen and not ``firm`` is cut to what can be got."""
    fixed, told = frozen_quantities(facts, firm)
    if not firm:
        fixed = fixed * _within_hours(facts, np.nan_to_num(fixed))
    held, least = ~np.isnan(fixed), np.nan_to_num(fixed)
    most = np.where(facts.early, 0.0, facts.ways.limit[:, None])
    last = facts.buckets == facts.buckets[-1]
    owed = facts.demand.copy()
    owed[:, 0] += facts.backlog
    waits = facts.to_order[:, None] & np.isfinite(facts.prices.backlog)
    lost = np.where(waits, np.where(last, np.inf, 0.0), owed)
    return Limits(
        least=least,
        most=np.where(held, fixed, most),
        frozen=held,
        cut=np.maximum(told - facts.by_item(least), 0.0),
        taken=_taken(facts, least),
        reserved=facts.parts_for(facts.of_own(facts.receipts)),
        stock=_stock_limit(facts, facts.by_item(least)),
        late=np.where(last | np.isinf(facts.prices.backlog), 0.0, np.inf),
        lost=np.where(np.isinf(facts.prices.lost), 0.0, lost),
    )


def _taken(facts, least) -> np.ndarray:
    """(resource, bucket) hours of open work orders; those beyond what the workforce as it stands
    can work, all overtime included, beside what is frozen, take none from the plan.
    """
    staff = facts.resources
    left = staff.all_hours(staff.workers) - facts.load(least)
    return np.minimum(facts.own_load(facts.receipts), np.maximum(left, 0.0))


def _stock_limit(facts, arriving) -> np.ndarray:
    """The most stock at each bucket's end: maximum stock and shelf life, but never less than what
    is already there or due.
    """
    there = np.maximum(left_over(facts, arriving)[0], 0.0)
    limit = np.minimum(
        facts.maximum_stock[:, None],
        sold_within(facts.demand + facts.issued, facts.shelf_life, facts.grid.calendar.per_year),
    )
    limit = np.where(facts.to_order[:, None], 0.0, limit)
    return np.maximum(limit, there)


def left_over(facts, arriving) -> tuple[np.ndarray, np.ndarray]:
    """(item, bucket) stock less backlog, and units lost to date, where ``arriving`` comes beside
    the receipts: what may not be late is lost at once, and does not use later arrivals.
    """
    net = facts.net(arriving)
    lost = np.maximum.accumulate(np.maximum(-net, 0.0), axis=1)
    lost = np.where(np.isinf(facts.prices.backlog), lost, 0.0)
    return net + lost, lost


def most_hours(facts) -> np.ndarray:
    """(resource, bucket) the most hours that can ever be worked: all overtime, and where hiring is
    possible endless workers, as soon as its notice has passed.
    """
    staff, (hired, laid_off) = facts.resources, facts.announced
    told = staff.workers + np.cumsum(hired - laid_off, axis=1)
    free = ~np.isnan(staff.hiring_cost) & (np.arange(facts.shape[1]) >= facts.notice[0])
    crew = np.where(np.logical_or.accumulate(free, axis=1), 1e12, np.maximum(told, 0.0))
    return staff.all_hours(np.where(staff.movable, crew, staff.workers))


def _within_hours(facts, fixed) -> np.ndarray:
    """(way, bucket) the part of what is ``fixed`` for which there are hours, at the resource that
    has least of them.
    """
    part, bill, load = np.ones(fixed.shape), facts.bill, facts.load(fixed)
    there = np.where(load > 0, per(np.minimum(most_hours(facts), load), load), 1.0)
    used = bill.hours > 0
    np.minimum.at(part, bill.way[used], there[bill.resource[used]])
    return part


def frozen_quantities(facts, firm: bool) -> tuple[np.ndarray, np.ndarray]:
    """(way, bucket) quantities that the fence fixes, NaN elsewhere: of the source that is named, or
    of all sources, the cheapest first; and (item, bucket) what was told of all.
    """
    ways, frozen = facts.ways, facts.tables["frozen"]
    fixed, asked = np.full((len(ways), facts.shape[1]), np.nan), np.zeros(facts.shape)
    if frozen.empty:
        return fixed, asked
    named = ways.find(facts.grid.find(frozen["item"]), frozen["source"])
    nobody = frozen["source"] == ""
    if firm:
        mend = "name one of sourcing, or leave it blank"
        refuse(frozen, "frozen", "source", ~nobody & (named < 0), "are no source of the item", mend)
    named = np.where(nobody, -1, named)
    made = frozen[MADE].sum(axis=1, min_count=1)
    cheapest = np.argsort(ways.unit_cost, kind="stable")
    for kind in ("production", "subcontracted", "purchased"):
        told = frozen.assign(way=named, production=made).dropna(subset=kind)
        at = told["way"].to_numpy(), facts.grid.column(told["bucket"])
        its = summed(*at, told[kind].to_numpy(), fixed.shape)
        total = facts.grid.array(told, kind)
        held = facts.grid.array(told, 1) > 0
        rest = np.where(held, total - facts.by_item(its), np.nan)
        chosen = cheapest[ways.kind[cheapest] == kind]
        item, most = ways.item[chosen], pd.Series(ways.limit[chosen])
        upto = most.groupby(item).cumsum()
        cheaper = upto.groupby(item).shift(fill_value=0.0).to_numpy()[:, None]
        most = np.maximum(most.to_numpy()[:, None] - its[chosen], 0.0)
        fixed[chosen] = np.clip(rest[item] - cheaper, 0.0, most) + its[chosen]
        asked = asked + total
        if firm:
            _refuse_beyond(facts, kind, total, fixed)
    return fixed, asked


def _refuse_beyond(facts, kind: str, total, fixed) -> None:
    """Raise ``PlanError`` for frozen totals of a kind that its ways cannot deliver."""
    left = total - facts.by_item(np.nan_to_num(fixed), kind)
    rows = np.argwhere(left > 1e-9 * np.maximum(1.0, total))
    if not len(rows):
        return
    shown = "; ".join(
        f"{facts.names[i]} in {facts.buckets[t].date()}: {left[i, t]:g} of {total[i, t]:g}"
        for i, t in rows[:5]
    )
    raise PlanError(
        f"table frozen, column {kind}: {len(rows)} frozen quantity(ies) cannot be met; what"
        " is above max_quantity of its sources, or the item has no such way:"
        f" {shown}; lower the frozen quantity or raise max_quantity in sourcing"
    )


def to_arrive(short) -> np.ndarray:
    """(item, bucket) units that must arrive so that what is ``short`` to date is there.

    >>> to_arrive(np.array([[-5.0, 20.0, 10.0, 25.0]])).tolist()
    [[0.0, 20.0, 0.0, 5.0]]
    """
    needed = np.maximum.accumulate(np.maximum(short, 0.0), axis=1)
    return np.diff(needed, axis=1, prepend=0.0)


def unconstrained_load(facts) -> np.ndarray:
    """(resource, bucket) hours if every requirement of a made item were made in its own bucket, and
    every open work order where it falls due.

    Required are demand falling due (of order-driven items when the agreed wait has passed) and the
    change in safety stock (and an explicit ending stock), less stock and receipts.
    """
    required = to_arrive(facts.target - facts.recent - facts.net(-facts.issued))
    return facts.own_load(required) + facts.own_load(facts.receipts)
