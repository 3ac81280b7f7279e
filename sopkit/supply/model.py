"""The plan as a labelled linear programme: variables, one function per group of constraints, and
the objective.
"""

from dataclasses import dataclass

import numpy as np

from sopkit.grid import fold, summed
from sopkit.supply.facts import Facts
from sopkit.supply.limits import Limits, in_sizes

NUDGE = 1e-6  # money: settles ties where a price is 0, and never shows
SMOOTH = 0.005  # of holding: what stock costs more for every bucket of demand that it covers
COVERS = 0.0, 0.5, 1.0, 2.0  # where the next price segment begins
ABOVE = [f"above_{cover:g}" for cover in COVERS]
LOADED = "hours", "ceiling", "overtime_within_load", "equal_shares"  # constraints on a load


@dataclass(frozen=True)
class Programme:
    """A model with what its constraint functions share: the facts, and a short way to write
    labelled arrays.
    """

    model: object  # linopy.Model
    facts: Facts  # and limits: in each item's own size
    limits: Limits
    strategy: str
    units: dict[str, np.ndarray]  # what a size is, by item and way

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
        """The solution by name, in units."""
        whole, found = self.model.variables.integers, self.model.solution
        return {
            name: one.values * (1.0 if name in whole else self.units.get(one.dims[0], 1.0))
            for name, one in found.items()
        }

    def duals(self, dim: str, *names: str) -> np.ndarray:
        """(dim, bucket) change of cost per unit of a right side, summed over constraints; 0 where
        there is none.
        """
        dual = self.model.dual
        given = (dual[name].transpose(dim, "bucket").values for name in names if name in dual)
        return sum(map(np.nan_to_num, given), start=self.array(0.0, dim).values)

    @property
    def free_to_move(self) -> list[np.ndarray]:
        """(bucket,) where hiring, and lay-off, need no more notice; before it what was announced
        stands. A level plan moves once, at first.
        """
        buckets = np.arange(self.facts.shape[1])
        return [(buckets >= notice) | (self.strategy == "level") for notice in self.facts.notice]

    def __getitem__(self, name: str):
        return self.model.variables[name]

    def __contains__(self, name: str) -> bool:
        return name in self.model.variables


def build(facts: Facts, limits: Limits, strategy="optimal", *, whole_workers=False, lots=False):
    """The ``Programme`` of one plan, without an objective (see ``objective_prices``)."""
    import linopy

    linopy.options["semantics"] = "v1"
    sizes = facts.in_sizes(), in_sizes(facts, limits)
    programme = Programme(linopy.Model(sparse=True), *sizes, strategy, facts.units)
    stock(programme)
    balance(programme)
    if len(facts.resources):
        capacity(programme, whole_workers)
    if lots:
        whole_lots(programme)
    return programme


def stock(programme: Programme) -> None:
    """Quantities got, stock by price segment, backlog by agreement and late, demand lost."""
    facts, limits = programme.facts, programme.limits
    segments = stock_segments(facts, limits)
    programme.variable("quantity", "way", limits.most, limits.least)
    for name, most in segments.items():
        if most.any():
            programme.variable(name, "item", most)
    programme.variable("late", "item", limits.late)
    programme.variable("lost", "item", limits.lost)
    if facts.items.to_order.any():
        programme.variable("agreed", "item", limits.backlog)


def stock_segments(facts: Facts, limits: Limits) -> dict[str, np.ndarray]:
    """How much stock each price segment holds: to the lower, then to the higher of safety and
    required stock, then up to each of ``COVERS`` of the bucket's demand that follows, and beyond.
    """
    safe, required = np.minimum(facts.safety_stock, limits.stock), facts.required
    wanted = np.where(np.isnan(required), safe, np.minimum(required, limits.stock))
    following = np.concatenate([facts.demand[:, 1:], facts.demand[:, -1:]], axis=1)
    left = limits.stock - np.maximum(safe, wanted)
    upto = [np.minimum(left, cover * following) for cover in COVERS[1:]]
    above = np.diff([np.zeros(left.shape), *upto, left], axis=0)
    return {"safe": np.minimum(safe, wanted), "ending": np.abs(wanted - safe)} | dict(
        zip(ABOVE, above)
    )


def steering(facts: Facts, limits: Limits, stock: np.ndarray) -> float:
    """Money that the price of covers adds to what a plan's ``stock`` costs: it steers towards even
    stock, nobody pays it.
    """
    room = stock_segments(facts, limits)
    above = stock - room["safe"] - room["ending"]
    cost, below = 0.0, 0.0
    for name, cover in zip(ABOVE, COVERS):
        used = np.clip(above - below, 0.0, room[name])
        cost += SMOOTH * cover * (facts.prices.holding[:, None] * used)[:, facts.seen].sum()
        below = below + room[name]
    return float(cost)


STOCK = "safe", "ending", *ABOVE


def balance(programme: Programme) -> None:
    """stock − backlog = the same a bucket ago + got + receipts + lost − demand."""
    import xarray

    facts = programme.facts
    item = xarray.DataArray(facts.ways.item, dims="way", name="item")
    net = sum((programme[name] for name in STOCK if name in programme), -programme["late"])
    net = net - programme["agreed"] if "agreed" in programme else net
    got = (1 * programme["quantity"]).groupby(item).sum() + programme["lost"]
    known = facts.demand - facts.coming
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
    costs = {"hired": staff.hiring_cost, "laid_off": staff.layoff_cost}
    hired, left = (
        programme.variable(
            name,
            "resource",
            np.where(free, np.where(moves & ~np.isnan(cost), np.inf, 0.0), told * movable),
            np.where(free, 0.0, told * movable),
        )
        for (name, cost), free, told in zip(costs.items(), programme.free_to_move, facts.announced)
    )
    overtime = programme.variable("overtime", "resource", staff.overtime_hours)

    bill, shape = facts.bill, (len(staff), len(facts.ways))
    hours = programme.array(summed(bill.resource, bill.way, bill.hours, shape), "resource", "way")
    taken = programme.array(programme.limits.taken, "resource")
    regular = (1 * programme["quantity"]) @ hours - overtime + taken
    at_work = workers * programme.array(staff.hours_per_worker, "resource")
    open_ = np.maximum(staff.hours + staff.extra, 0.0)
    programme.rows("hours", regular - at_work, "<=", np.where(staffed, staff.extra, open_))
    # a workforce works no longer than its plant is open
    programme.rows("ceiling", regular, "<=", open_, staffed)
    programme.rows("overtime_within_load", regular, ">=", 0, staff.overtime_first)
    each = staff.overtime_per_worker
    allowed = workers * programme.array(np.nan_to_num(each), "resource")
    programme.rows("overtime_per_worker", overtime - allowed, "<=", 0, ~np.isnan(each))
    change = workers - workers.shift(bucket=1).fillna(0) - hired + left
    programme.rows("workforce", change, "=", staff.workers * first, movable)
    if whole_workers and movable.any():
        count = programme.variable("whole_workers", "resource", endless, integer=True)
        programme.rows("whole_workers", workers - count, "=", 0, movable & facts.seen)
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
    """(resource, bucket): True where nothing is frozen or under way and something can be
    finished.
    """
    used, held = (facts.load(ways) > 0 for ways in (limits.most > 0, limits.frozen))
    return used & ~held & (limits.taken == 0)


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
    bound = ~limits.frozen & (limits.most > 0) & facts.seen
    return np.where(bound, size[facts.ways.item][:, None], 0.0)


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
    prices, staff, required = facts.prices, facts.resources, facts.required
    asked = ~np.isnan(required)
    last = facts.buckets == facts.buckets[-1]
    ending = np.where(facts.seen, prices.ending[:, None], prices.kept[:, None])
    weight = np.where(last & (holding == "average"), 0.5, 1.0)
    stocked, waiting = (prices.holding == 0) * NUDGE, (prices.backlog == 0) * 3 * NUDGE
    missing = (prices.shortfall + (stocked + waiting) / 2)[:, None] + np.where(asked, ending, 0.0)
    over = asked & (required > facts.safety_stock)
    second = np.where(over, ending, prices.shortfall[:, None]) * asked
    hold = (prices.holding + stocked)[:, None] * weight
    # where a plan runs on, nobody is lost today to hold stock against tomorrow
    wait = np.arange(facts.shape[1])[::-1] * (facts.shape[1] > facts.shown)
    smooth = (SMOOTH * prices.holding + stocked)[:, None]
    late, lost = (np.where(np.isfinite(price), price, 0.0) for price in (prices.backlog, lost))
    hourly = np.where(staff.staffed[:, None], 0.0, staff.regular_cost)
    return {
        "quantity": facts.ways.unit_cost[:, None] + hours_by_way(facts, hourly),
        "safe": hold - missing,
        **{name: hold + cover * smooth for name, cover in zip(ABOVE, COVERS)},
        "ending": hold - second,
        "late": (late + waiting)[:, None] * weight,
        "agreed": np.zeros(facts.shape),
        "lost": lost[:, None] + wait * prices.shortfall[:, None],
        "overtime": staff.overtime_cost - hourly,
        "workers": staff.regular_cost * staff.hours_per_worker,
        "hired": np.nan_to_num(staff.hiring_cost),
        "laid_off": np.nan_to_num(staff.layoff_cost),
    }
