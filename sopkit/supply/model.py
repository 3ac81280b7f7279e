"""The plan as a labelled linear programme: variables, one function per group of constraints, and
the objective.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import sparse

from sopkit.supply.limits import Limits, in_sizes
from sopkit.supply.records import Facts
from sopkit.supply.shelf import ages
from sopkit.supply.solve import Solved

NUDGE = 1e-6  # money: settles ties where a price is 0, and never shows
SMOOTH = 0.01  # of holding: what stock costs more for every bucket of demand that it covers
COVERS = 0.0, 0.5, 1.0, 2.0  # where the next price segment begins
DUST = 1e-6  # of a usual quantity: a lot that small is none
ABOVE = tuple(f"above_{cover:g}" for cover in COVERS)
LOADED = "hours", "ceiling", "overtime_within_load", "equal_shares"  # constraints on a load


@dataclass(frozen=True)
class Programme:
    """A model with what its constraint functions share: the facts, and a short way to write
    quantities and rows.

    ``programme["late"]`` is a sparse matrix, a row for every cell of two axes (the second is the
    bucket), a column for every label of linopy's; so is every sum of such. Linopy takes rows that
    are put together like this as they are, its own expressions take ten times as long.
    """

    model: object  # linopy.Model
    facts: Facts  # and limits: in each item's own size
    limits: Limits
    strategy: str
    units: dict[str, np.ndarray]  # what a size is, by item and way

    def variable(self, name: str, dim: str, upper, lower=0.0, integer: bool = False) -> None:
        """A new quantity by ``dim`` and bucket between its limits."""
        from xarray import DataArray

        *limits, _ = np.broadcast_arrays(lower, upper, np.zeros(self.facts.shape[1]))
        limits = (DataArray(limit.astype(float), dims=(dim, "bucket")) for limit in limits)
        self.model.add_variables(*limits, name=name, integer=integer)

    def rows(self, name: str, left, sense: str, right=0.0, where=True) -> None:
        """A constraint for every cell of ``left``, only ``where`` they are asked for; an endless
        right side is no constraint.
        """
        from linopy.constraints import CSRConstraint
        from linopy.csr import Grid as Axes

        shape = left.shape[0] // self.facts.shape[1], self.facts.shape[1]
        asked = np.flatnonzero(np.broadcast_to(where & np.isfinite(right), shape))
        if len(asked):
            right = np.broadcast_to(right, shape).ravel()[asked]
            axes = Axes({"cell": pd.RangeIndex(left.shape[0], name="cell")})
            rows = CSRConstraint(left[asked], asked, right, sense, axes, self.model)
            self.model.add_constraints(rows, name=name)

    def summed(self, name: str, weights):
        """What the rows of a sparse matrix ``weights`` make of a quantity's first axis, in every
        bucket.
        """
        return sparse.kron(weights, sparse.eye_array(self.facts.shape[1]), "csr") @ self[name]

    def total(self, names):
        """The sum of quantities by item, of those that there are."""
        return sum((self[name] for name in names if name in self), 0 * self["lost"])

    def before(self, quantity):
        """The quantity a bucket ago, nothing before the first."""
        buckets = self.facts.shape[1]
        series = sparse.eye_array(quantity.shape[0] // buckets)
        return sparse.kron(series, sparse.eye_array(buckets, k=-1), "csr") @ quantity

    @cached_property
    def parts(self):
        """linopy's matrices of all rows: once asked for, none may be added."""
        return self.model.matrices

    def labels(self, name: str) -> np.ndarray:
        """Where each cell of a quantity stands in the programme's columns."""
        return self.model.variables[name].labels.values

    def costs(self, prices) -> np.ndarray:
        """Money per unit of every column; 0 for a quantity not given."""
        cost = np.zeros(self.model.nvars)
        for name in prices.keys() & set(self.model.variables):
            cost[self.labels(name)] = prices[name]
        return cost

    def values(self, solved: Solved) -> dict[str, np.ndarray]:
        """The solution by name, in units."""
        whole = self.model.variables.integers
        return {
            name: solved.values[one.labels.values]
            * (1.0 if name in whole else self.units.get(one.dims[0], 1.0))
            for name, one in self.model.variables.items()
        }

    def duals(self, solved: Solved, series: int, *names: str) -> np.ndarray:
        """(series, bucket) change of cost per unit of a right side, summed over constraints; 0
        where there is none.
        """
        total = np.zeros((series, self.facts.shape[1]))
        for name in names:
            if name in self.model.constraints:
                prices = solved.prices[slice(*self.model.constraints[name].range)]
                total.ravel()[: len(prices)] += np.nan_to_num(prices)  # none after the last row
        return total

    def __getitem__(self, name: str):
        labels = self.labels(name).ravel()
        each = np.ones(len(labels)), labels, np.arange(len(labels) + 1)
        return sparse.csr_array(each, (len(labels), self.model.nvars))

    def __contains__(self, name: str) -> bool:
        return name in self.model.variables


def times(factor, quantity):
    """A quantity with every cell times its ``factor``, an array (…, bucket)."""
    return sparse.diags_array(np.ravel(factor)) @ quantity


def build(facts: Facts, limits: Limits, strategy="optimal", *, whole_workers=False, lots=False):
    """The ``Programme`` of one plan; ``objective_prices`` are its prices."""
    import linopy

    linopy.options["semantics"] = "v1"
    sizes = facts.in_sizes(), in_sizes(facts, limits)
    programme = Programme(linopy.Model(sparse=True), *sizes, strategy, facts.units)
    stock(programme)
    balance(programme)
    shelf(programme)
    capacity(programme, whole_workers)
    if lots:
        whole_lots(programme)
    return programme


def stock(programme: Programme) -> None:
    """Quantities got, stock by price segment, backlog by agreement and late, demand lost."""
    facts, limits = programme.facts, programme.limits
    segments = stock_segments(facts, limits)
    if programme.strategy == "chase":  # what came and is not asked for yet stands
        segments[ABOVE[-1]] = np.full(facts.shape, np.inf)
    programme.variable("quantity", "way", limits.most, limits.least)
    for name, most in segments.items():
        if most.any():
            programme.variable(name, "item", most)
    if limits.reserved.any():
        programme.variable("reserved", "item", limits.reserved, limits.reserved)
    programme.variable("late", "item", limits.late)
    programme.variable("lost", "item", limits.lost)
    if facts.to_order.any():
        stands = np.minimum(facts.recent, facts.backlog[:, None])
        programme.variable("agreed", "item", stands)
        programme.variable("waiting", "item", facts.recent - stands)
    if np.isfinite(facts.shelf_life).any():
        fresh, first = np.isfinite(facts.shelf_life), facts.buckets == facts.buckets[0]
        none = np.outer(np.where(facts.shelf_life > 0, 0.0, np.maximum(facts.opening, 0.0)), first)
        programme.variable("expired", "item", np.where(fresh, np.inf, 0.0)[:, None], none)


def stock_segments(facts: Facts, limits: Limits) -> dict[str, np.ndarray]:
    """How much stock each price segment holds: to the lower, then to the higher of safety and
    required stock, then up to each of ``COVERS`` of the bucket's demand that follows, and beyond.
    """
    safe, required = np.minimum(facts.safety_stock, limits.stock), facts.required
    wanted = np.where(np.isnan(required), safe, np.minimum(required, limits.stock))
    used = facts.demand + facts.issued
    following = np.concatenate([used[:, 1:], used[:, -1:]], axis=1)
    left = limits.stock - np.maximum(safe, wanted)
    upto = [np.minimum(left, cover * following) for cover in COVERS[1:]]
    above = np.diff([np.zeros(left.shape), *upto, left], axis=0)
    return {"safe": np.minimum(safe, wanted), "ending": np.abs(wanted - safe)} | dict(
        zip(ABOVE, above)
    )


def steering(facts: Facts, values) -> float:
    """Money that the price of covers adds to what a plan's stock costs: it steers towards even
    stock, nobody pays it.
    """
    none = np.zeros(facts.shape)
    stock = sum(SMOOTH * cover * values.get(name, none) for name, cover in zip(ABOVE, COVERS))
    early = (sooner(facts) * values["quantity"])[:, facts.seen].sum()
    return float((facts.prices.holding * stock)[:, facts.seen].sum() + early)


def sooner(facts: Facts) -> np.ndarray:
    """(way, bucket) money a unit that what takes parts costs for coming sooner: parts on hand are
    not built into parents before those are asked for, though both cost as much to hold. Of what is
    never stocked nothing comes sooner than customers want it.
    """
    takes = np.isin(np.arange(len(facts.ways)), facts.parts.way) & ~facts.to_order[facts.ways.item]
    each = NUDGE + COVERS[-1] * SMOOTH * facts.prices.holding
    return takes[:, None] * each[facts.ways.item] * np.arange(facts.shape[1])[::-1]


STOCK, OWED = ("safe", "ending", *ABOVE), ("late", "agreed", "waiting")


def got(programme: Programme):
    """What is made and bought, by item."""
    items = sparse.eye_array(programme.facts.shape[0], format="csr")
    return programme.summed("quantity", items[programme.facts.ways.item].T)


def balance(programme: Programme) -> None:
    """stock − backlog = the same a bucket ago + got + receipts + lost − expired − demand − what
    parents and open work orders take; only customers wait, parents do not.
    """
    facts, owed = programme.facts, programme.total(OWED)
    net = programme.total(STOCK) - owed
    moved = got(programme) + programme["lost"] - programme.total(["expired", "reserved"])
    if len(facts.parts.way):
        moved = moved - facts.uses @ programme["quantity"]
        most = facts.demand.copy()
        most[:, 0] += facts.backlog
        is_part = np.isin(np.arange(facts.shape[0]), facts.parts.item)[:, None]
        left = owed - programme.before(owed) + programme["lost"]
        programme.rows("waits", left, "<=", most, is_part)
    known = facts.demand - facts.receipts
    known[:, 0] -= facts.opening
    programme.rows("balance", moved - net + programme.before(net), "=", known)


def shelf(programme: Programme) -> None:
    """Stock at a bucket's end is no more than what arrived within its shelf life: what is older was
    shipped, of a life that ends within the bucket by then, or has expired.
    """
    facts, buckets = programme.facts, np.arange(programme.facts.shape[1])
    kept, share = ages(facts.shelf_life)
    ends = (kept - 1)[:, None] <= buckets
    if not ends.any():
        return
    age = buckets[:, None] - buckets
    each = np.where(np.isfinite(kept), kept, 0.0)
    young = sparse.block_diag([(age >= 0) & (age < life) for life in each], "csr") * 1.0
    stock, arrived, part = programme.total(STOCK), got(programme), (1 - share)[:, None]
    left = programme.before(stock) + arrived - stock - programme["expired"]
    there = facts.receipts + np.maximum(facts.opening, 0.0)[:, None] * (buckets == 0)
    right = (young @ facts.receipts.ravel()).reshape(facts.shape) - part * there
    left = stock + times(part + 0 * right, left) - young @ arrived
    programme.rows("shelf", left, "<=", right, ends)


def capacity(programme: Programme, whole_workers: bool) -> None:
    """Hours, overtime and the workforce of every resource."""
    facts, staff = programme.facts, programme.facts.resources
    staffed, movable = staff.staffed, staff.movable
    first, level = facts.buckets == facts.buckets[0], programme.strategy == "level"
    moves = movable & (first | (not level))  # a level plan: one change, before the first bucket
    endless, given = np.where(movable, np.inf, 0.0), np.where(movable, 0.0, staff.workers)
    programme.variable("workers", "resource", given + endless, given)
    costs = {"hired": staff.hiring_cost, "laid_off": staff.layoff_cost}
    for (name, cost), notice, told in zip(costs.items(), facts.notice, facts.announced):
        free = level | (np.arange(facts.shape[1]) >= notice)  # else what was announced stands
        most = np.where(moves & ~np.isnan(cost), np.inf, 0.0)
        least, most = (np.where(free, limit, told * movable) for limit in (0.0, most))
        programme.variable(name, "resource", most, least)
    programme.variable("overtime", "resource", staff.overtime_hours)
    whole = whole_workers and movable.any()
    if whole:
        programme.variable("whole_workers", "resource", endless, integer=True)
    if level:
        share_of_hours(programme)

    workers, overtime = programme["workers"], programme["overtime"]
    regular = programme.summed("quantity", facts.hours) - overtime
    at_work = times(staff.hours_per_worker, workers)
    taken, open_ = programme.limits.taken, staff.hours + staff.extra
    there = np.where(staffed, staff.extra, open_) - taken
    programme.rows("hours", regular - at_work, "<=", there)
    # a workforce works no longer than its plant is open
    programme.rows("ceiling", regular, "<=", open_ - taken, staffed)
    programme.rows("overtime_within_load", regular, ">=", -taken, staff.overtime_first)
    each = staff.overtime_per_worker
    allowed = times(np.nan_to_num(each), workers)
    programme.rows("overtime_per_worker", overtime - allowed, "<=", where=~np.isnan(each))
    moved = programme["hired"] - programme["laid_off"]
    change = workers - programme.before(workers) - moved
    programme.rows("workforce", change, "=", staff.workers * first, movable)
    if whole:
        part = workers - programme["whole_workers"]
        programme.rows("whole_workers", part, "=", where=movable & facts.seen)
    if level:
        equal_shares(programme, regular)


def share_of_hours(programme: Programme) -> None:
    """The share of its regular hours that a resource works in a level plan."""
    import xarray

    staff = programme.facts.resources
    endless = staff.movable | np.isinf(staff.regular_capacity(staff.workers))
    most = xarray.DataArray(np.where(endless.any(axis=1), np.inf, 1.0), dims="resource")
    programme.model.add_variables(0, most, name="share")


def equal_shares(programme: Programme, regular) -> None:
    """In a level plan every bucket uses the same share of its regular hours (buckets that fences or
    lead times hold are free).
    """
    facts, staff = programme.facts, programme.facts.resources
    share = programme["share"][np.arange(len(staff)).repeat(facts.shape[1])]
    used, free = times(level_hours(staff), share), level_buckets(facts, programme.limits)
    programme.rows("equal_shares", regular - used, "=", where=free)
    first = staff.movable & (facts.buckets == facts.buckets[0])
    crew = share - programme["workers"]
    programme.rows("share_of_workers", crew, "<=", where=first)


def level_hours(staff) -> np.ndarray:
    """(resource, bucket) regular hours per unit of share: of one worker where they move, else of
    all that is there, 1 where they have no end.
    """
    given = staff.regular_capacity(staff.workers)
    finite = np.isfinite(given).all(axis=1)[:, None]
    each = np.where(finite, given, 1.0)
    return np.where(staff.movable, staff.hours_per_worker, each)


def level_buckets(facts: Facts, limits: Limits) -> np.ndarray:
    """(resource, bucket): True where nothing is frozen, under way or waiting for its first parts,
    and something can be finished.
    """
    ways, takes = facts.ways, np.zeros(len(facts.ways), dtype=bool)
    takes[facts.parts.way] = True
    reach = np.where(takes, facts.parts.reach(ways, facts.shape[0])[ways.item], 0)
    waits = np.arange(facts.shape[1]) < reach[:, None]
    used, held, waits = (facts.load(each) > 0 for each in (limits.most > 0, limits.frozen, waits))
    return used & ~held & ~waits & (limits.taken == 0)


def whole_lots(programme: Programme) -> None:
    """What is got is a whole number of lots, and either nothing or at least the minimum lot (frozen
    buckets stay as they are).
    """
    facts, limits = programme.facts, programme.limits
    size, least = (lot_sizes(facts, limits, lot) for lot in (facts.lot_size, facts.minimum_lot))
    step = np.where(size > 0, size, 1.0)
    most = most_lots(facts, limits, step)
    if size.any():
        programme.variable("lots", "way", np.where(size > 0, most, 0), integer=True)
        part = programme["quantity"] - times(size, programme["lots"])
        programme.rows("whole_lots", part, "=", where=size > 0)
    if least.any():
        programme.variable("runs", "way", least > 0, integer=True)
        quantity, runs = programme["quantity"], programme["runs"]
        highest = np.maximum(most * step, least)
        above, below = (quantity - times(limit, runs) for limit in (least, highest))
        programme.rows("minimum_lot", above, ">=", where=least > 0)
        programme.rows("nothing_or_more", below, "<=", where=least > 0)


def lot_sizes(facts: Facts, limits: Limits, size) -> np.ndarray:
    """(way, bucket) units of a lot, 0 where a quantity is free to be anything."""
    size = np.where(size > DUST * facts.size, size, 0.0)[facts.ways.item][:, None]
    return np.where(~limits.frozen & (limits.most > 0) & facts.seen, size, 0.0)


def most_lots(facts: Facts, limits: Limits, size) -> np.ndarray:
    """More lots than any sensible bucket needs: all demand from here on and the highest stock asked
    for, in one bucket.
    """
    wanted = (facts.demand + facts.issued).sum(axis=1) + facts.backlog + facts.target.max(axis=1)
    wanted = wanted + facts.minimum_lot
    return np.ceil(np.minimum(limits.most, wanted[facts.ways.item][:, None]) / size) + 1


def objective_prices(facts: Facts, holding: str, lost) -> dict[str, np.ndarray]:
    """Money per unit of every variable: the objective, up to a constant; ``lost`` is what a lost
    unit costs.

    Where stock or lateness costs nothing, a millionth of money settles that demand is served when
    it is wanted, and no sooner.
    """
    prices, staff, required = facts.prices, facts.resources, facts.required
    asked = ~np.isnan(required)
    last = facts.buckets == facts.buckets[-1]
    ending = np.where(facts.seen, prices.ending, prices.kept)
    weight = np.where(last & (holding == "average"), 0.5, 1.0)
    stocked, waiting = (prices.holding == 0) * NUDGE, (prices.backlog == 0) * 3 * NUDGE
    missing = prices.shortfall + (stocked + waiting) / 2 + np.where(asked, ending, 0.0)
    over = asked & (required > facts.safety_stock)
    second = np.where(over, ending, prices.shortfall) * asked
    hold = (prices.holding + stocked) * weight
    # where a plan runs on, nobody is lost today to hold stock against tomorrow
    wait = np.arange(facts.shape[1])[::-1] * (facts.shape[1] > facts.shown)
    smooth = SMOOTH * prices.holding + stocked
    late, lost = (np.nan_to_num(price, posinf=0.0) for price in (prices.backlog, lost))
    hourly = np.where(staff.staffed, 0.0, staff.regular_cost)
    return {
        "quantity": facts.ways.unit_cost[:, None]
        + facts.in_transit
        + facts.hours.T @ hourly
        + sooner(facts),
        "safe": hold - missing,
        **{name: hold + cover * smooth for name, cover in zip(ABOVE, COVERS)},
        "ending": hold - second,
        "late": (late + waiting) * weight,
        # the backlog that stands is kept as far as it was agreed, and no more is made of it
        "agreed": -smooth - NUDGE,
        "waiting": smooth + NUDGE,
        "expired": np.cumsum((hold + COVERS[-1] * smooth)[:, ::-1], axis=1)[:, ::-1] + NUDGE,
        "lost": lost + wait * prices.shortfall,
        "overtime": staff.overtime_cost - hourly,
        "workers": staff.regular_cost * staff.hours_per_worker,
        "hired": np.nan_to_num(staff.hiring_cost),
        "laid_off": np.nan_to_num(staff.layoff_cost),
    }
