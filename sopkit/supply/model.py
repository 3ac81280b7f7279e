"""The plan as a labelled linear programme: variables, one function per group of constraints, and
the objective.
"""

from dataclasses import dataclass

import numpy as np

from sopkit.grid import fold
from sopkit.supply.facts import Facts
from sopkit.supply.limits import Limits
from sopkit.supply.strategies import Strategy

NUDGE = 1e-6  # money: settles ties where a price is 0, and never shows
LOADED = "hours", "ceiling", "overtime_within_load", "equal_shares"  # constraints on a load


@dataclass(frozen=True)
class Book:
    """A model with what its constraint functions share: the facts, and a short way to write
    labelled arrays.
    """

    model: object  # linopy.Model
    facts: Facts
    limits: Limits

    def array(self, values, *dims: str):
        """``values`` broadcast to the named dimensions as a labelled array."""
        import xarray

        facts = self.facts
        size = dict(zip(("item", "bucket"), facts.shape))
        size |= {"way": len(facts.ways), "resource": len(facts.resources)}
        values = np.asarray(values, dtype="float64")
        values = values[:, None] if values.ndim == 1 and dims[1:] == ("bucket",) else values
        return xarray.DataArray(
            np.broadcast_to(values, [size[dim] for dim in dims]),
            {dim: np.arange(size[dim]) for dim in dims},
            dims,
        )

    def variable(self, name: str, lower, upper, *dims: str, integer: bool = False):
        """A new quantity between its limits, by bucket."""
        dims = *dims, "bucket"
        return self.model.add_variables(
            self.array(lower, *dims), self.array(upper, *dims), name=name, integer=integer
        )

    def rows(self, name: str, dim: str, left, sense: str, right=0.0, where=True) -> None:
        """Constraints by ``dim`` and bucket, only ``where`` they are asked for."""
        where = self.array(where, dim, "bucket").astype(bool)
        if where.any():
            right = self.array(right, dim, "bucket").where(where, 0.0)
            self.model.add_constraints(left, sense, right, name=name, mask=where)

    def charge(self, prices: dict[str, np.ndarray]) -> None:
        """Money per unit of every variable as the objective; 0 for a name not given."""
        import linopy
        import xarray

        named = {name: self[name] for name in prices if name in self}
        terms = {
            "coeffs": [np.broadcast_to(prices[name], one.shape) for name, one in named.items()],
            "vars": [one.labels.values for one in named.values()],
        }
        flat = {
            key: ("_term", np.concatenate([part.ravel() for part in parts]))
            for key, parts in terms.items()
        }
        self.model.objective = linopy.LinearExpression(xarray.Dataset(flat), self.model)

    def values(self) -> dict[str, np.ndarray]:
        """The solution by name."""
        return {name: one.values for name, one in self.model.solution.items()}

    def duals(self, *names: str) -> np.ndarray | float:
        """Change of cost per unit of a right side, summed over constraints; 0 where there is
        none.
        """
        dual = self.model.dual
        given = (dual[name].transpose(..., "bucket").values for name in names if name in dual)
        return sum(np.nan_to_num(one) for one in given)

    def __getitem__(self, name: str):
        return self.model.variables[name]

    def __contains__(self, name: str) -> bool:
        return name in self.model.variables


def build(
    facts: Facts, limits: Limits, strategy: Strategy, *, whole_workers=False, lots=False
) -> Book:
    """The ``Book`` of one plan: its programme without an objective (see ``prices_of``)."""
    import linopy

    linopy.options["semantics"] = "v1"
    book = Book(linopy.Model(sparse=True), facts, limits)
    stock(book)
    balance(book)
    if len(facts.resources):
        capacity(book, strategy, whole_workers)
    if lots:
        whole_lots(book)
    return book


def stock(book: Book) -> None:
    """Quantities got, stock up to its safety stock and above it, backlog by agreement and late,
    demand lost.
    """
    facts, limits = book.facts, book.limits
    safe, ending = stock_segments(facts, limits)
    book.variable("quantity", limits.least, limits.most, "way")
    book.variable("safe", 0, safe, "item")
    book.variable("above", 0, limits.stock - safe, "item")
    book.variable("late", 0, limits.late, "item")
    book.variable("lost", 0, limits.lost, "item")
    if ending.any():
        book.variable("ending", 0, ending, "item")
    if facts.items.to_order.any():
        book.variable("agreed", 0, limits.backlog, "item")


def stock_segments(facts: Facts, limits: Limits) -> tuple[np.ndarray, np.ndarray]:
    """How much stock the first and the second price segment hold: to the lower, then to the higher
    of safety and ending stock.
    """
    safe = np.minimum(facts.safety_stock, limits.stock)
    ending = np.zeros(facts.shape)
    explicit = asked_at_end(facts)
    wanted = np.minimum(facts.items.ending_stock[explicit], limits.stock[explicit, -1])
    ending[explicit, -1] = np.abs(wanted - safe[explicit, -1])
    safe[explicit, -1] = np.minimum(safe[explicit, -1], wanted)
    return safe, ending


def asked_at_end(facts: Facts) -> np.ndarray:
    """(item,): True where an explicit ending stock is a requirement."""
    return ~np.isnan(facts.items.ending_stock) & ~facts.items.to_order


def balance(book: Book) -> None:
    """stock − backlog = the same a bucket ago + got + receipts + lost − demand."""
    import xarray

    facts = book.facts
    item = xarray.DataArray(facts.ways.item, {"way": np.arange(len(facts.ways))}, name="item")
    net = book["safe"] + book["above"] - book["late"]
    net = net + book["ending"] if "ending" in book else net
    net = net - book["agreed"] if "agreed" in book else net
    got = (1 * book["quantity"]).groupby(item).sum() + book["lost"]
    known = facts.demand - facts.receipts
    known[:, 0] -= facts.opening
    book.rows("balance", "item", got - net + net.shift(bucket=1).fillna(0), "=", known)


def capacity(book: Book, strategy: Strategy, whole_workers: bool) -> None:
    """Hours, overtime and the workforce of every resource."""
    facts, staff = book.facts, book.facts.resources
    staffed, movable = staff.staffed[:, None], staff.movable[:, None]
    moves = np.where(movable, np.inf, 0.0) * np.ones(staff.hours.shape)
    if strategy.level:
        moves[:, 1:] = 0.0  # one change, before the first bucket
    given = np.where(movable, 0.0, staff.workers)
    workers = book.variable("workers", given, np.where(movable, np.inf, given), "resource")
    hired = book.variable("hired", 0, np.where(np.isnan(staff.hiring_cost), 0, moves), "resource")
    left = book.variable("laid_off", 0, np.where(np.isnan(staff.layoff_cost), 0, moves), "resource")
    overtime = book.variable("overtime", 0, staff.overtime_hours, "resource")

    hours = np.zeros((len(staff), len(facts.ways)))
    np.add.at(hours, (facts.bill.resource, facts.bill.way), facts.bill.hours)
    regular = (1 * book["quantity"]) @ book.array(hours, "resource", "way") - overtime
    at_work = book.array(staff.hours_per_worker, "resource", "bucket") * workers
    fixed = np.where(staffed, 0.0, staff.hours)
    book.rows("hours", "resource", regular - at_work, "<=", fixed, np.isfinite(fixed))
    open_ = staffed & np.isfinite(staff.hours)  # a workforce works no longer than its plant is open
    book.rows("ceiling", "resource", 1 * regular, "<=", staff.hours, open_)
    cheaper = ~staffed & (staff.overtime_cost < staff.regular_cost) & (staff.overtime_hours > 0)
    book.rows("overtime_within_load", "resource", 1 * regular, ">=", 0, cheaper)
    each = staff.overtime_per_worker
    allowed = book.array(np.nan_to_num(each), "resource", "bucket") * workers
    book.rows("overtime_per_worker", "resource", overtime - allowed, "<=", 0, ~np.isnan(each))
    opening = np.zeros(staff.workers.shape)
    opening[:, 0] = staff.workers[:, 0]
    change = workers - workers.shift(bucket=1).fillna(0) - hired + left
    book.rows("workforce", "resource", change, "=", opening, movable)
    if whole_workers and movable.any():
        most = np.where(movable, np.inf, 0.0)
        count = book.variable("whole_workers", 0, most, "resource", integer=True)
        book.rows("whole_workers", "resource", workers - count, "=", 0, movable)
    if strategy.level:
        equal_shares(book, regular, workers)


def equal_shares(book: Book, regular, workers) -> None:
    """In a level plan every bucket uses the same share of its regular hours (buckets that fences or
    lead times hold are free).
    """
    staff = book.facts.resources
    most = np.where(~staff.movable & np.isfinite(level_hours(staff, np.inf)).all(axis=1), 1, np.inf)
    share = book.model.add_variables(0, book.array(most, "resource"), name="share")
    used = book.array(level_hours(staff, 1.0), "resource", "bucket") * share
    free = level_buckets(book.facts, book.limits)
    book.rows("equal_shares", "resource", regular - used, "=", 0, free)
    first = np.arange(book.facts.shape[1]) == 0
    book.rows(
        "share_of_workers", "resource", share - workers, "<=", 0, staff.movable[:, None] & first
    )


def level_hours(staff, endless: float) -> np.ndarray:
    """(resource, bucket) regular hours per unit of share: of one worker where they move, else of
    all that is there, ``endless`` where they have no end.
    """
    given = np.where(staff.staffed[:, None], staff.regular_capacity(staff.workers), staff.hours)
    finite = np.isfinite(given).all(axis=1)[:, None]
    return np.where(
        staff.movable[:, None], staff.hours_per_worker, np.where(finite, given, endless)
    )


def level_buckets(facts: Facts, limits: Limits) -> np.ndarray:
    """(resource, bucket): True where nothing is frozen and something can be finished."""
    bill, count = facts.bill, len(facts.resources)
    used = fold((limits.most > 0)[bill.way], bill.resource, count)
    held = fold(limits.frozen[bill.way], bill.resource, count)
    return (used > 0) & (held == 0)


def whole_lots(book: Book) -> None:
    """What is got is a whole number of lots, and either nothing or at least the minimum lot (frozen
    buckets stay as they are).
    """
    facts, quantity = book.facts, book["quantity"]
    size = lot_sizes(facts, book.limits, facts.items.lot_size)
    least = lot_sizes(facts, book.limits, facts.items.minimum_lot)
    step = np.where(size > 0, size, 1.0)
    most = most_lots(facts, book.limits, step)
    if size.any():
        lots = book.variable("lots", 0, np.where(size > 0, most, 0), "way", integer=True)
        units = book.array(size, "way", "bucket") * lots
        book.rows("whole_lots", "way", quantity - units, "=", 0, size > 0)
    if least.any():
        runs = book.variable("runs", 0, least > 0, "way", integer=True)
        lowest = book.array(least, "way", "bucket") * runs
        highest = book.array(np.maximum(most * step, least), "way", "bucket") * runs
        book.rows("minimum_lot", "way", quantity - lowest, ">=", 0, least > 0)
        book.rows("nothing_or_more", "way", quantity - highest, "<=", 0, least > 0)


def lot_sizes(facts: Facts, limits: Limits, size: np.ndarray) -> np.ndarray:
    """(way, bucket) units of a lot, 0 where a quantity is free to be anything."""
    return np.where(~limits.frozen & (limits.most > 0), size[facts.ways.item][:, None], 0.0)


def most_lots(facts: Facts, limits: Limits, size: np.ndarray) -> np.ndarray:
    """More lots than any sensible bucket needs: all demand from here on and the highest stock asked
    for, in one bucket.
    """
    items = facts.items
    asked = np.maximum(facts.safety_stock.max(axis=1), np.nan_to_num(items.ending_stock))
    wanted = facts.demand.sum(axis=1) + facts.backlog + asked + items.minimum_lot
    return np.ceil(np.minimum(limits.most, wanted[facts.ways.item][:, None]) / size) + 1


def prices_of(facts: Facts, holding: str, lost: np.ndarray) -> dict[str, np.ndarray]:
    """Money per unit of every variable: the objective, up to a constant; ``lost`` is what a lost
    unit costs.

    Where stock or lateness costs nothing, a millionth of money settles that demand is served when
    it is wanted, and no sooner.
    """
    prices, staff, explicit = facts.prices, facts.resources, asked_at_end(facts)
    weight = np.ones(facts.shape)
    weight[:, -1] = 0.5 if holding == "average" else 1.0
    stocked, waiting = (prices.holding == 0) * NUDGE, (prices.backlog == 0) * 3 * NUDGE
    missing = (prices.shortfall + (stocked + waiting) / 2)[:, None] + np.zeros(facts.shape)
    missing[explicit, -1] += prices.ending[explicit]
    second = np.zeros(facts.shape)
    over = explicit & (np.nan_to_num(facts.items.ending_stock) > facts.safety_stock[:, -1])
    second[:, -1] = np.where(over, prices.ending, prices.shortfall)
    hold = (prices.holding + stocked)[:, None] * weight
    late, lost = (np.where(np.isfinite(price), price, 0.0) for price in (prices.backlog, lost))
    hourly = np.where(staff.staffed[:, None], 0.0, staff.regular_cost)
    worked = facts.bill.hours[:, None] * hourly[facts.bill.resource]
    return {
        "quantity": facts.ways.unit_cost[:, None] + fold(worked, facts.bill.way, len(facts.ways)),
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
