"""The plan as a labelled linear programme: variables, one function per group of constraints, and
the objective.
"""

from dataclasses import dataclass

import numpy as np

from sopkit.grid import fold, summed
from sopkit.supply.facts import Facts
from sopkit.supply.limits import Limits

NUDGE = 1e-6  # money: settles ties where a price is 0, and never shows
LOADED = "hours", "ceiling", "overtime_within_load", "equal_shares"  # constraints on a load


@dataclass(frozen=True)
class Programme:
    """A model with what its constraint functions share: the facts, and a short way to write
    labelled arrays.
    """

    model: object  # linopy.Model
    facts: Facts
    limits: Limits
    strategy: str

    def array(self, values, dim: str, other: str = "bucket"):
        """``values`` broadcast to two of item, way, resource and bucket as a labelled array."""
        import xarray

        facts = self.facts
        size = dict(zip(("item", "bucket"), facts.shape))
        size |= {"way": len(facts.ways), "resource": len(facts.resources)}
        values = np.asarray(values, dtype="float64")
        return xarray.DataArray(
            np.broadcast_to(values, (size[dim], size[other])), dims=(dim, other)
        )

    def variable(self, name: str, dim: str, upper, lower=0.0, integer: bool = False):
        """A new quantity by ``dim`` and bucket between its limits."""
        limits = self.array(lower, dim), self.array(upper, dim)
        return self.model.add_variables(*limits, name=name, integer=integer)

    def rows(self, name: str, left, sense: str, right=0.0, where=True) -> None:
        """Constraints by bucket and whatever else ``left`` stands by, only ``where`` they are asked
        for; an endless right side is no constraint.
        """
        (dim,) = set(left.coord_dims) - {"bucket"}
        where = self.array(where & np.isfinite(right), dim).astype(bool)
        if where.any():
            right = self.array(right, dim).where(where, 0.0)
            self.model.add_constraints(left, sense, right, name=name, mask=where)

    def charge(self, prices: dict[str, np.ndarray]) -> None:
        """Money per unit of every variable as the objective; 0 for a name not given."""
        priced = [
            (one * self.array(prices[name], *one.dims)).sum()
            for name, one in self.model.variables.items()
            if name in prices
        ]
        self.model.add_objective(sum(priced), overwrite=True)

    def values(self) -> dict[str, np.ndarray]:
        """The solution by name."""
        return {name: one.values for name, one in self.model.solution.items()}

    def duals(self, dim: str, *names: str) -> np.ndarray:
        """(dim, bucket) change of cost per unit of a right side, summed over constraints; 0 where
        there is none.
        """
        dual = self.model.dual
        given = (dual[name].transpose(dim, "bucket").values for name in names if name in dual)
        return sum(map(np.nan_to_num, given), start=self.array(0.0, dim).values)

    def __getitem__(self, name: str):
        return self.model.variables[name]

    def __contains__(self, name: str) -> bool:
        return name in self.model.variables


def build(facts: Facts, limits: Limits, strategy="optimal", *, whole_workers=False, lots=False):
    """The ``Programme`` of one plan, without an objective (see ``objective_prices``)."""
    import linopy

    linopy.options["semantics"] = "v1"
    programme = Programme(linopy.Model(sparse=True), facts, limits, strategy)
    stock(programme)
    balance(programme)
    if len(facts.resources):
        capacity(programme, whole_workers)
    if lots:
        whole_lots(programme)
    return programme


def stock(programme: Programme) -> None:
    """Quantities got, stock up to its safety stock and above it, backlog by agreement and late,
    demand lost.
    """
    facts, limits = programme.facts, programme.limits
    safe, ending = stock_segments(facts, limits)
    programme.variable("quantity", "way", limits.most, limits.least)
    programme.variable("safe", "item", safe)
    programme.variable("above", "item", limits.stock - safe)
    programme.variable("late", "item", limits.late)
    programme.variable("lost", "item", limits.lost)
    if ending.any():
        programme.variable("ending", "item", ending)
    if facts.items.to_order.any():
        programme.variable("agreed", "item", limits.backlog)


def stock_segments(facts: Facts, limits: Limits) -> tuple[np.ndarray, np.ndarray]:
    """How much stock the first and the second price segment hold: to the lower, then to the higher
    of safety and ending stock.
    """
    safe = np.minimum(facts.safety_stock, limits.stock)
    wanted = np.minimum(facts.items.ending_stock[:, None], limits.stock)
    wanted = np.where(asked_at_end(facts), wanted, safe)
    return np.minimum(safe, wanted), np.abs(wanted - safe)


def asked_at_end(facts: Facts) -> np.ndarray:
    """(item, bucket): True where an explicit ending stock is a requirement."""
    asked = ~np.isnan(facts.items.ending_stock) & ~facts.items.to_order
    return asked[:, None] & (facts.buckets == facts.buckets[-1])


def balance(programme: Programme) -> None:
    """stock − backlog = the same a bucket ago + got + receipts + lost − demand."""
    import xarray

    facts = programme.facts
    item = xarray.DataArray(facts.ways.item, dims="way", name="item")
    net = programme["safe"] + programme["above"] - programme["late"]
    net = net + programme["ending"] if "ending" in programme else net
    net = net - programme["agreed"] if "agreed" in programme else net
    got = (1 * programme["quantity"]).groupby(item).sum() + programme["lost"]
    known = facts.demand - facts.receipts
    known[:, 0] -= facts.opening
    programme.rows("balance", got - net + net.shift(bucket=1).fillna(0), "=", known)


def capacity(programme: Programme, whole_workers: bool) -> None:
    """Hours, overtime and the workforce of every resource."""
    facts, staff = programme.facts, programme.facts.resources
    staffed, movable = staff.staffed[:, None], staff.movable[:, None]
    first, level = facts.buckets == facts.buckets[0], programme.strategy == "level"
    moves = movable & (first | (not level))  # a level plan: one change, before the first bucket
    endless, given = np.where(movable, np.inf, 0.0), np.where(movable, 0.0, staff.workers)
    workers = programme.variable("workers", "resource", given + endless, given)
    hired, left = (
        programme.variable(name, "resource", np.where(moves & ~np.isnan(cost), np.inf, 0.0))
        for name, cost in (("hired", staff.hiring_cost), ("laid_off", staff.layoff_cost))
    )
    overtime = programme.variable("overtime", "resource", staff.overtime_hours)

    bill, shape = facts.bill, (len(staff), len(facts.ways))
    hours = programme.array(summed(bill.resource, bill.way, bill.hours, shape), "resource", "way")
    regular = (1 * programme["quantity"]) @ hours - overtime
    at_work = workers * programme.array(staff.hours_per_worker, "resource")
    programme.rows("hours", regular - at_work, "<=", np.where(staffed, 0.0, staff.hours))
    # a workforce works no longer than its plant is open
    programme.rows("ceiling", regular, "<=", staff.hours, staffed)
    programme.rows("overtime_within_load", regular, ">=", 0, staff.overtime_first)
    each = staff.overtime_per_worker
    allowed = workers * programme.array(np.nan_to_num(each), "resource")
    programme.rows("overtime_per_worker", overtime - allowed, "<=", 0, ~np.isnan(each))
    change = workers - workers.shift(bucket=1).fillna(0) - hired + left
    programme.rows("workforce", change, "=", staff.workers * first, movable)
    if whole_workers and movable.any():
        count = programme.variable("whole_workers", "resource", endless, integer=True)
        programme.rows("whole_workers", workers - count, "=", 0, movable)
    if level:
        equal_shares(programme, regular, workers)


def equal_shares(programme: Programme, regular, workers) -> None:
    """In a level plan every bucket uses the same share of its regular hours (buckets that fences or
    lead times hold are free).
    """
    facts, staff = programme.facts, programme.facts.resources
    endless = np.isinf(staff.regular_capacity(staff.workers)).any(axis=1)
    most = np.where(staff.movable | endless, np.inf, 1.0)
    share = programme.model.add_variables(
        0, programme.array(most[:, None], "resource")[:, 0], name="share"
    )
    used = share * programme.array(level_hours(staff), "resource")
    programme.rows("equal_shares", regular - used, "=", 0, level_buckets(facts, programme.limits))
    first = facts.buckets == facts.buckets[0]
    programme.rows("share_of_workers", share - workers, "<=", 0, staff.movable[:, None] & first)


def level_hours(staff) -> np.ndarray:
    """(resource, bucket) regular hours per unit of share: of one worker where they move, else of
    all that is there, 1 where they have no end.
    """
    given = staff.regular_capacity(staff.workers)
    finite = np.isfinite(given).all(axis=1)[:, None]
    each = np.where(finite, given, 1.0)
    return np.where(staff.movable[:, None], staff.hours_per_worker, each)


def level_buckets(facts: Facts, limits: Limits) -> np.ndarray:
    """(resource, bucket): True where nothing is frozen and something can be finished."""
    used, held = (facts.load(ways) > 0 for ways in (limits.most > 0, limits.frozen))
    return used & ~held


def whole_lots(programme: Programme) -> None:
    """What is got is a whole number of lots, and either nothing or at least the minimum lot (frozen
    buckets stay as they are).
    """
    items, quantity = programme.facts.items, programme["quantity"]
    size, least = (
        lot_sizes(programme.facts, programme.limits, units)
        for units in (items.lot_size, items.minimum_lot)
    )
    step = np.where(size > 0, size, 1.0)
    most = most_lots(programme.facts, programme.limits, step)
    if size.any():
        lots = programme.variable("lots", "way", np.where(size > 0, most, 0), integer=True)
        programme.rows(
            "whole_lots", quantity - lots * programme.array(size, "way"), "=", 0, size > 0
        )
    if least.any():
        runs = programme.variable("runs", "way", least > 0, integer=True)
        lowest = runs * programme.array(least, "way")
        highest = runs * programme.array(np.maximum(most * step, least), "way")
        programme.rows("minimum_lot", quantity - lowest, ">=", 0, least > 0)
        programme.rows("nothing_or_more", quantity - highest, "<=", 0, least > 0)


def lot_sizes(facts: Facts, limits: Limits, size: np.ndarray) -> np.ndarray:
    """(way, bucket) units of a lot, 0 where a quantity is free to be anything."""
    return np.where(~limits.frozen & (limits.most > 0), size[facts.ways.item][:, None], 0.0)


def most_lots(facts: Facts, limits: Limits, size: np.ndarray) -> np.ndarray:
    """More lots than any sensible bucket needs: all demand from here on and the highest stock asked
    for, in one bucket.
    """
    wanted = facts.demand.sum(axis=1) + facts.backlog + facts.target.max(axis=1)
    wanted = wanted + facts.items.minimum_lot
    return np.ceil(np.minimum(limits.most, wanted[facts.ways.item][:, None]) / size) + 1


def hours_by_way(facts: Facts, per_hour: np.ndarray) -> np.ndarray:
    """(way, bucket) sum over the resources that a unit needs: its hours × ``per_hour`` of each."""
    bill = facts.bill
    return fold(bill.hours[:, None] * per_hour[bill.resource], bill.way, len(facts.ways))


def objective_prices(facts: Facts, holding: str, lost: np.ndarray) -> dict[str, np.ndarray]:
    """Money per unit of every variable: the objective, up to a constant; ``lost`` is what a lost
    unit costs.

    Where stock or lateness costs nothing, a millionth of money settles that demand is served when
    it is wanted, and no sooner.
    """
    prices, staff, asked = facts.prices, facts.resources, asked_at_end(facts)
    last, ending = facts.buckets == facts.buckets[-1], prices.ending[:, None]
    weight = np.where(last & (holding == "average"), 0.5, 1.0)
    stocked, waiting = (prices.holding == 0) * NUDGE, (prices.backlog == 0) * 3 * NUDGE
    missing = (prices.shortfall + (stocked + waiting) / 2)[:, None] + np.where(asked, ending, 0.0)
    over = asked & (facts.items.ending_stock[:, None] > facts.safety_stock)
    second = np.where(over, ending, prices.shortfall[:, None]) * last
    hold = (prices.holding + stocked)[:, None] * weight
    late, lost = (np.where(np.isfinite(price), price, 0.0) for price in (prices.backlog, lost))
    hourly = np.where(staff.staffed[:, None], 0.0, staff.regular_cost)
    return {
        "quantity": facts.ways.unit_cost[:, None] + hours_by_way(facts, hourly),
        "safe": hold - missing,
        "above": hold,
        "ending": hold - second,
        "late": (late + waiting)[:, None] * weight,
        "agreed": np.zeros(facts.shape),
        "lost": lost[:, None],
        "overtime": staff.overtime_cost - hourly,
        "workers": staff.regular_cost * staff.hours_per_worker,
        "hired": np.nan_to_num(staff.hiring_cost),
        "laid_off": np.nan_to_num(staff.layoff_cost),
    }
