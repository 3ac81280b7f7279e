"""The plan as a labelled linear programme: variables, one function per group of constraints, and
the objective.
"""

from dataclasses import dataclass, field

import numpy as np

from sopkit.supply.capacity import capacity_constraints
from sopkit.supply.facts import Facts
from sopkit.supply.limits import Limits
from sopkit.supply.lots import lot_constraints
from sopkit.supply.strategies import Strategy


@dataclass(frozen=True)
class Book:
    """A model with what its constraint functions share: labels and a short way to write labelled
    arrays.
    """

    model: object  # linopy.Model
    facts: Facts
    limits: Limits
    coords: dict = field(default_factory=dict)

    def array(self, values, *dims: str):
        """``values`` broadcast to the named dimensions as a labelled array."""
        import xarray

        shape = tuple(len(self.coords[dim]) for dim in dims)
        values = np.asarray(values, dtype="float64")
        values = values[:, None] if values.ndim == 1 and len(dims) == 2 else values
        return xarray.DataArray(
            np.broadcast_to(values, shape),
            dims=dims,
            coords={dim: self.coords[dim] for dim in dims},
        )

    def variable(self, name: str, lower, upper, *dims: str, integer: bool = False):
        """A new quantity between its limits."""
        return self.model.add_variables(
            self.array(lower, *dims), self.array(upper, *dims), name=name, integer=integer
        )

    def __getitem__(self, name: str):
        return self.model.variables[name]

    def __contains__(self, name: str) -> bool:
        return name in self.model.variables


def build(
    facts: Facts,
    limits: Limits,
    strategy: Strategy,
    *,
    whole_workers: bool = False,
    lots: bool = False,
):
    """The ``Book`` of one plan: its programme without an objective (see ``prices_of``)."""
    import linopy

    linopy.options["semantics"] = "v1"
    items, buckets = facts.shape
    book = Book(
        linopy.Model(),
        facts,
        limits,
        {
            "item": np.arange(items),
            "way": np.arange(len(facts.ways)),
            "bucket": np.arange(buckets),
            "resource": np.arange(len(facts.resources)),
        },
    )
    stock_variables(book)
    balance(book)
    if len(facts.resources):
        capacity_constraints(book, strategy, whole_workers)
    if lots:
        lot_constraints(book)
    return book


def stock_variables(book: Book) -> None:
    """Quantities got, stock up to its safety stock and above it, backlog by agreement and late,
    demand lost.
    """
    facts, limits = book.facts, book.limits
    safe, ending = stock_segments(facts, limits)
    book.variable("quantity", limits.least, limits.most, "way", "bucket")
    book.variable("safe", 0, safe, "item", "bucket")
    book.variable("above", 0, limits.stock - safe, "item", "bucket")
    if ending.any():
        book.variable("ending", 0, ending, "item", "bucket")
    book.variable("late", 0, limits.late, "item", "bucket")
    if facts.items.to_order.any():
        book.variable("agreed", 0, limits.backlog, "item", "bucket")
    book.variable("lost", 0, limits.lost, "item", "bucket")


def stock_segments(facts: Facts, limits: Limits) -> tuple[np.ndarray, np.ndarray]:
    """How much stock the first and the second price segment hold: to the lower, then to the higher
    of safety and ending stock.
    """
    safe = np.minimum(facts.safety_stock, limits.stock)
    ending = np.zeros(facts.shape)
    explicit = ~np.isnan(facts.items.ending_stock) & ~facts.items.to_order
    wanted = np.minimum(facts.items.ending_stock[explicit], limits.stock[explicit, -1])
    safety = safe[explicit, -1]
    safe[explicit, -1] = np.minimum(safety, wanted)
    ending[explicit, -1] = np.abs(wanted - safety)
    return safe, ending


def balance(book: Book) -> None:
    """stock − backlog = the same a bucket ago + got + receipts + lost − demand."""
    facts = book.facts
    got = book["quantity"] if _one_way_each(facts) else None
    got = got.rename(way="item") if got is not None else _summed_by_item(book)
    net = book["safe"] + book["above"] - book["late"]
    net = net + book["ending"] if "ending" in book else net
    net = net - book["agreed"] if "agreed" in book else net
    known = facts.demand - facts.receipts
    known[:, 0] -= facts.opening
    book.model.add_constraints(
        got + book["lost"] - net + net.shift(bucket=1).fillna(0)
        == book.array(known, "item", "bucket"),
        name="balance",
    )


def _one_way_each(facts: Facts) -> bool:
    return len(facts.ways) == facts.shape[0]


def _summed_by_item(book: Book):
    import xarray

    groups = xarray.DataArray(
        book.facts.ways.item, dims="way", coords={"way": book.coords["way"]}, name="item"
    )
    return (1 * book["quantity"]).groupby(groups).sum()


NUDGE = 1e-6  # money: settles ties where a price is 0, and never shows


def prices_of(book: Book, holding: str, lost: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Money per unit of every variable: the objective, up to a constant; ``lost`` replaces the
    price of a lost unit.

    Where stock or lateness costs nothing, a millionth of money settles that demand is served when
    it is wanted, and no sooner.
    """
    facts, prices, staff = book.facts, book.facts.prices, book.facts.resources
    shape = facts.shape
    weight = np.ones(shape[1])
    weight[-1] = 0.5 if holding == "average" else 1.0
    explicit = ~np.isnan(facts.items.ending_stock) & ~facts.items.to_order
    settled = (prices.holding == 0) * NUDGE, (prices.backlog == 0) * 3 * NUDGE
    missing = (prices.shortfall + (settled[0] + settled[1]) / 2)[:, None] + np.zeros(shape)
    second = np.zeros(shape)
    over = explicit & (np.nan_to_num(facts.items.ending_stock) > facts.safety_stock[:, -1])
    missing[explicit, -1] += prices.ending[explicit]
    second[:, -1] = np.where(over, prices.ending, prices.shortfall)
    hold = (prices.holding + settled[0])[:, None] * weight
    finite = {
        name: np.where(np.isfinite(price), price, 0.0)
        for name, price in (("late", prices.backlog), ("lost", prices.lost))
    }
    hourly = np.where(staff.staffed[:, None], 0.0, staff.regular_cost)
    quantity = np.repeat(facts.ways.unit_cost[:, None], shape[1], axis=1)
    np.add.at(quantity, facts.bill.way, facts.bill.hours[:, None] * hourly[facts.bill.resource])
    return {
        "quantity": quantity,
        "safe": hold - missing,
        "above": hold,
        "ending": hold - second,
        "late": (finite["late"] + settled[1])[:, None] * weight,
        "agreed": np.zeros(shape),
        "lost": np.repeat((finite["lost"] if lost is None else lost)[:, None], shape[1], axis=1),
        "overtime": staff.overtime_cost - hourly,
        "workers": staff.regular_cost * staff.hours_per_worker,
        "hired": np.nan_to_num(staff.hiring_cost),
        "laid_off": np.nan_to_num(staff.layoff_cost),
    }
