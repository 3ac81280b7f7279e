"""The facts of one plan as arrays: items, the ways to get them, resources, demand and opening
stock.

Axes are always in the order item, way, resource, then bucket.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from sopkit.grid import NONE, Grid, at_buckets, fold
from sopkit.metrics.cost import standard_cost
from sopkit.supply.costs import Prices
from sopkit.supply.limits import scaled
from sopkit.supply.workforce import Resources

UNITS = "lot_size", "minimum_lot", "maximum_stock", "ending_stock"  # of items, in units


@dataclass(frozen=True)
class Ways:
    """The ways to get an item: make it, have it subcontracted by a source, buy it, or have it
    transferred from another site. One entry per way; an item that is made has exactly one way of
    kind ``production``.
    """

    item: np.ndarray
    kind: np.ndarray  # production, subcontracted, purchased or transferred
    source: np.ndarray  # "" where the item is made or bought without a named source
    unit_cost: np.ndarray  # money/unit, without the hours of resources
    limit: np.ndarray  # units per bucket, inf = unlimited
    lead: np.ndarray  # buckets from order to arrival
    opens: np.ndarray  # first bucket in which something new can arrive
    usual: np.ndarray | None = None  # True where what is asked for takes parts

    def __len__(self) -> int:
        return len(self.item)

    @property
    def own(self) -> np.ndarray:
        """(way,): True where an item is made."""
        return self.kind == "production"

    def find(self, item, source) -> np.ndarray:
        """The way of each item from a source; −1 where there is none."""
        named = pd.MultiIndex.from_arrays([self.item, self.source])
        return named.get_indexer(pd.MultiIndex.from_arrays([item, source]))


@dataclass(frozen=True)
class Bill:
    """Hours per unit: entry e says that way ``way[e]`` of ``item[e]`` needs ``hours[e]`` of
    ``resource[e]``.
    """

    item: np.ndarray
    way: np.ndarray
    resource: np.ndarray
    hours: np.ndarray


@dataclass(frozen=True)
class Parts:
    """Units that a way takes: entry e says that a unit of way ``way[e]`` takes ``units[e]`` of
    ``item[e]``, in the bucket in which it is begun: the way's lead time before it arrives.
    """

    way: np.ndarray
    item: np.ndarray
    units: np.ndarray

    def reach(self, ways: Ways, items: int) -> np.ndarray:
        """(item,) buckets until the fastest way brings what has no part on hand; 0 where none does,
        as sites send each other what they only have in stock.
        """
        reached, waits = np.full(items, np.inf), None
        while waits is None or not np.array_equal(reached, waits):
            waits, each = reached, ways.opens.astype(float)
            np.maximum.at(each, self.way, ways.opens[self.way] + waits[self.item])
            reached = np.full(items, np.inf)
            np.minimum.at(reached, ways.item, each)
        return np.where(np.isfinite(reached), reached, 0.0)


@dataclass(frozen=True)
class Facts:
    """Everything a plan starts from; one entry per item where nothing else is said."""

    tables: dict[str, pd.DataFrame]  # as declared
    grid: Grid  # items × buckets
    names: pd.Index
    to_order: np.ndarray  # True where finished stock is never built
    lot_size: np.ndarray
    minimum_lot: np.ndarray
    maximum_stock: np.ndarray  # inf = unlimited
    ending_stock: np.ndarray  # NaN = no requirement
    shelf_life: np.ndarray  # buckets, inf = keeps for ever
    ways: Ways
    bill: Bill
    parts: Parts
    resources: Resources
    prices: Prices
    demand: np.ndarray  # (item, bucket)
    receipts: np.ndarray  # (item, bucket)
    expiring: np.ndarray  # (item, bucket): of stock and receipts, past shelf life if no more came
    issued: np.ndarray  # (item, bucket): what parents take if all that is asked for is made
    safety_stock: np.ndarray  # (item, bucket)
    recent: np.ndarray  # (item, bucket): bookings that an order customer still agreed to wait for
    on_hand: np.ndarray
    backlog: np.ndarray
    notice: tuple[float, float]  # buckets before hiring and lay-off
    announced: tuple[np.ndarray, np.ndarray]  # (resource, bucket): hired and laid off inside it
    shown: int  # buckets of the plan; those after them are hidden: the plan runs on

    @property
    def buckets(self) -> pd.DatetimeIndex:
        """First days of the horizon's buckets."""
        return self.grid.buckets

    @property
    def shape(self) -> tuple[int, int]:
        """Items, buckets."""
        return self.grid.shape

    @property
    def opening(self) -> np.ndarray:
        """Stock less backlog before the first bucket, per item."""
        return self.on_hand - self.backlog

    @property
    def seen(self) -> np.ndarray:
        """(bucket,): True where a bucket is shown."""
        return np.arange(self.shape[1]) < self.shown

    @property
    def early(self) -> np.ndarray:
        """(way, bucket): True before anything new can arrive."""
        return np.arange(self.shape[1]) < self.ways.opens[:, None]

    @property
    def required(self) -> np.ndarray:
        """(item, bucket) stock that is a requirement, NaN where there is none: an explicit ending
        stock in the last bucket shown, safety stock in the last one hidden.
        """
        required = np.full(self.shape, np.nan)
        required[:, -1] = self.safety_stock[:, -1]
        required[:, self.shown - 1] = self.ending_stock  # the last one too where none is hidden
        return np.where(self.to_order[:, None], np.nan, required)

    @property
    def target(self) -> np.ndarray:
        """(item, bucket) stock asked for: safety stock, or more where more is required."""
        return np.fmax(self.safety_stock, self.required)

    @property
    def standard_cost(self) -> np.ndarray:
        """Money/unit by item, as the books carry it."""
        names = "items", "bill_of_resources", "resources", "components"
        told = (self.tables[name] for name in names)
        return standard_cost(*told)["standard_cost"].to_numpy()  # in the order of items

    @cached_property
    def size(self) -> np.ndarray:
        """(item,) units that make a usual quantity of each item, a power of two: what is a
        millionth of it is dust.
        """
        largest = self.demand + self.issued + self.receipts + self.safety_stock
        largest = largest.max(axis=1, initial=0.0) + self.on_hand + self.backlog
        return np.exp2(np.round(np.log2(np.where(largest > 0, largest, 1.0))))

    @property
    def units(self) -> dict[str, np.ndarray]:
        """The size of the item that each entry of an axis is counted in, as a column."""
        return {"item": self.size[:, None], "way": self.size[self.ways.item][:, None]}

    @property
    def in_transit(self) -> np.ndarray:
        """Money per unit, a column by way, for holding it while it is transferred."""
        buckets = np.where(self.ways.kind == "transferred", self.ways.opens, 0)
        return buckets[:, None] * self.prices.holding[self.ways.item]

    def in_sizes(self) -> "Facts":
        """The same facts with every item counted in its own size: no item is large or small."""
        size, of_way = self.size, self.size[self.ways.item]
        by_bucket = "demand", "receipts", "expiring", "issued", "safety_stock", "recent"
        part = of_way[self.parts.way] / size[self.parts.item]
        facts = scaled(self, 1 / size[:, None], *by_bucket)
        return replace(
            scaled(facts, 1 / size, "on_hand", "backlog", *UNITS),
            ways=scaled(scaled(self.ways, of_way, "unit_cost"), 1 / of_way, "limit"),
            bill=scaled(self.bill, size[self.bill.item], "hours"),
            parts=scaled(self.parts, part, "units"),
            prices=scaled(self.prices, size[:, None], *vars(self.prices)),
        )

    def until(self, count: int) -> "Facts":
        """The facts of the first buckets."""
        grid, staff = self.grid, self.resources
        return at_buckets(
            self,
            slice(count),
            grid=grid.over(grid.numbers[:count]),
            resources=at_buckets(staff, slice(count), grid=staff.grid.over(grid.numbers[:count])),
        )

    def net(self, *arriving) -> np.ndarray:
        """(item, bucket) saleable stock less backlog at the end of each bucket, where these units
        come beside the receipts.
        """
        moved = sum(arriving, self.receipts - self.expiring) - self.demand
        return self.opening[:, None] + np.cumsum(moved, axis=1)

    def by_way(self, **arrays) -> pd.DataFrame:
        """The (way, bucket) arrays as columns of a long frame: item, bucket, and the source, (none)
        where the item has none.
        """
        source = np.where(self.ways.source == "", NONE, self.ways.source)
        table = self.grid.only(self.ways.item).frame(**arrays)
        return table.assign(source=source.repeat(self.shape[1]))

    def by_item(self, quantity, kind: str | None = None) -> np.ndarray:
        """(way, bucket) quantities summed to (item, bucket), all kinds or one."""
        chosen = slice(None) if kind is None else self.ways.kind == kind
        return fold(quantity[chosen], self.ways.item[chosen], self.shape[0])

    @property
    def hours(self):
        """(resource, way) hours per unit, as a sparse array."""
        from scipy import sparse

        shape, bill = (len(self.resources), len(self.ways)), self.bill
        return sparse.csr_array((bill.hours, (bill.resource, bill.way)), shape)

    def load(self, quantity) -> np.ndarray:
        """Hours per resource and bucket that a (way, bucket) plan needs."""
        return self.hours @ quantity

    @cached_property
    def uses(self):
        """What the units that arrive by every way and bucket (a column each) take of every item
        when they are begun (a row for every item and bucket), as a sparse array; what was begun
        before the plan took it then.
        """
        from scipy import sparse

        count, parts = self.shape[1], self.parts
        bucket = np.arange(count) - self.ways.opens[parts.way][:, None]
        rows, columns = (axis[:, None] * count for axis in (parts.item, parts.way))
        here, arrives = bucket >= 0, np.arange(count) + columns
        units = np.broadcast_to(parts.units[:, None], bucket.shape)[here]
        shape = self.shape[0] * count, len(self.ways) * count
        return sparse.csr_array((units, ((rows + bucket)[here], arrives[here])), shape)

    def parts_for(self, quantity) -> np.ndarray:
        """(item, bucket) units that a (way, bucket) plan takes of its parts."""
        return (self.uses @ quantity.ravel()).reshape(self.shape)

    def of_own(self, units) -> np.ndarray:
        """(way, bucket) the (item, bucket) units at the way of own production, 0 at others."""
        return np.where(self.ways.own[:, None], units[self.ways.item], 0.0)

    def usual_parts(self, units) -> np.ndarray:
        """(item, bucket) units of parts that (item, bucket) units take if they come as usual."""
        return self.parts_for(np.where(self.ways.usual[:, None], units[self.ways.item], 0.0))

    def own_load(self, units) -> np.ndarray:
        """(resource, bucket) hours that (item, bucket) units take if they are made; those of
        receipts are the hours of open work orders where they fall due.
        """
        return self.load(self.of_own(units))
