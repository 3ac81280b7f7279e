"""The facts of one plan as arrays: items, the ways to get them, resources, demand and opening
stock.

Axes are always in the order item, way, resource, then bucket.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from sopkit.buckets import Calendar, infer_calendar
from sopkit.errors import PlanError
from sopkit.grid import Grid, at_buckets, fold
from sopkit.metrics.book import standard_cost, with_unit_cost
from sopkit.supply import reading
from sopkit.supply.costs import Prices, steering_prices
from sopkit.supply.limits import scaled, sold_within, sum_to
from sopkit.supply.workforce import Resources, read_resources
from sopkit.tables import settled

FEWEST_HIDDEN = 3
LIMITS = ("lot_size", "minimum_lot", "maximum_stock", "ending_stock", "shelf_life")


@dataclass(frozen=True)
class Items:
    """What is planned, one entry per item in each array (units, buckets)."""

    names: pd.Index
    to_order: np.ndarray  # True where finished stock is never built
    lot_size: np.ndarray
    minimum_lot: np.ndarray
    maximum_stock: np.ndarray  # inf = unlimited
    ending_stock: np.ndarray  # NaN = no requirement
    shelf_life: np.ndarray  # inf = keeps for ever


@dataclass(frozen=True)
class Ways:
    """The ways to get an item: make it, have it subcontracted by a source, or buy it. One entry per
    way; an item that is made has exactly one way of kind ``production``.
    """

    item: np.ndarray
    kind: np.ndarray  # production, subcontracted or purchased
    source: np.ndarray  # "" where the item is made or bought without a named source
    unit_cost: np.ndarray  # money/unit, without the hours of resources
    limit: np.ndarray  # units per bucket, inf = unlimited
    lead: np.ndarray  # buckets from order to arrival
    opens: np.ndarray  # first bucket in which something new can arrive

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
class Facts:
    """Everything a plan starts from."""

    tables: dict[str, pd.DataFrame]  # as declared
    grid: Grid  # items × buckets
    items: Items
    ways: Ways
    bill: Bill
    resources: Resources
    prices: Prices
    demand: np.ndarray  # (item, bucket)
    receipts: np.ndarray  # (item, bucket)
    expiring: np.ndarray  # (item, bucket): of stock and receipts, past shelf life from its end
    safety_stock: np.ndarray  # (item, bucket)
    recent: np.ndarray  # (item, bucket): bookings that an order customer still agreed to wait for
    on_hand: np.ndarray  # (item,)
    backlog: np.ndarray  # (item,)
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
    def coming(self) -> np.ndarray:
        """(item, bucket) receipts less what passes its shelf life."""
        return self.receipts - self.expiring

    @property
    def expired(self) -> np.ndarray:
        """(item, bucket) units in stock that are past their shelf life."""
        return np.cumsum(self.expiring, axis=1)

    @property
    def required(self) -> np.ndarray:
        """(item, bucket) stock that is a requirement, NaN where there is none: an explicit ending
        stock in the last bucket shown, safety stock in the last one hidden.
        """
        required = np.full(self.shape, np.nan)
        if self.shape[1] > self.shown:
            required[:, -1] = self.safety_stock[:, -1]
        required[:, self.shown - 1] = self.items.ending_stock
        return np.where(self.items.to_order[:, None], np.nan, required)

    @property
    def target(self) -> np.ndarray:
        """(item, bucket) stock asked for: safety stock, or more where more is required."""
        return np.fmax(self.safety_stock, self.required)

    @property
    def standard_cost(self) -> np.ndarray:
        """Money/unit by item, as the books carry it."""
        told = (self.tables[name] for name in ("items", "bill_of_resources", "resources"))
        cost = standard_cost(*told).set_index("item")["standard_cost"]
        return cost.reindex(self.items.names).to_numpy()

    @cached_property
    def size(self) -> np.ndarray:
        """(item,) units that make a usual quantity of each item, a power of two: what is a
        millionth of it is dust.
        """
        largest = self.demand + self.receipts + self.safety_stock
        largest = largest.max(axis=1, initial=0.0) + self.on_hand + self.backlog
        return np.exp2(np.round(np.log2(np.where(largest > 0, largest, 1.0))))

    @property
    def units(self) -> dict[str, np.ndarray]:
        """The size of the item that each entry of an axis is counted in, as a column."""
        return {"item": self.size[:, None], "way": self.size[self.ways.item][:, None]}

    def in_sizes(self) -> "Facts":
        """The same facts with every item counted in its own size: no item is large or small."""
        size, of_way = self.size, self.size[self.ways.item]
        by_bucket = "demand", "receipts", "expiring", "safety_stock", "recent"
        return replace(
            scaled(scaled(self, 1 / size[:, None], *by_bucket), 1 / size, "on_hand", "backlog"),
            items=scaled(self.items, 1 / size, *LIMITS[:-1]),  # a shelf life is no quantity
            ways=scaled(scaled(self.ways, of_way, "unit_cost"), 1 / of_way, "limit"),
            bill=scaled(self.bill, size[self.bill.item], "hours"),
            prices=scaled(self.prices, size, *vars(self.prices)),
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

    @property
    def late_opening(self) -> np.ndarray:
        """Backlog before the first bucket that is late already, per item: an order customer's
        counts as late only when it is.
        """
        return np.where(self.items.to_order, 0.0, self.backlog)

    def by_item(self, quantity: np.ndarray, kind: str | None = None) -> np.ndarray:
        """(way, bucket) quantities summed to (item, bucket), all kinds or one."""
        chosen = slice(None) if kind is None else self.ways.kind == kind
        return fold(quantity[chosen], self.ways.item[chosen], self.shape[0])

    @property
    def own_bill(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """item, resource and hours per unit of own production, where it takes any."""
        bill = self.bill
        own = self.ways.own[bill.way] & (bill.hours > 0)
        return bill.item[own], bill.resource[own], bill.hours[own]

    def load(self, quantity: np.ndarray) -> np.ndarray:
        """Hours per resource and bucket that a (way, bucket) plan needs."""
        bill = self.bill
        hours = bill.hours[:, None] * quantity[bill.way]
        return fold(hours, bill.resource, len(self.resources))

    def own_load(self, units: np.ndarray) -> np.ndarray:
        """(resource, bucket) hours that (item, bucket) units take if they are made; those of
        receipts are the hours of open work orders where they fall due.
        """
        return self.load(np.where(self.ways.own[:, None], units[self.ways.item], 0.0))


def read_facts(tables, settings=None) -> Facts:
    """``Facts`` from the frames that ``plan_supply`` is asked with, by name (absent or None: none);
    every contradiction is a ``PlanError`` that names its rows.
    """
    chosen = settled(settings)
    fence = chosen["planning_fence"] if chosen["layoff_notice"] is None else chosen["layoff_notice"]
    told = {name: reading.given(tables.get(name), name) for name in reading.TABLES}
    told["resources"] = reading.checked(tables.get("resources"), "resources")
    bill, demand = told["bill_of_resources"], told["demand"]
    if tables.get("resources") is None:
        told["resources"] = reading.checked(bill[["resource"]].drop_duplicates(), "resources")
    reading.known_codes(told)
    items = with_unit_cost(told["items"], bill, told["resources"])
    over = items["ending_stock"] > items["maximum_stock"]
    mend = "lower ending_stock or raise maximum_stock"
    reading.refuse(items, "items", "ending_stock", over, "are above maximum_stock", mend)
    items = told["items"] = items.sort_values("item", ignore_index=True)
    shown = _grid(items, demand, settings)
    alone = settings is None and told["safety_stock"].empty
    columns = _columns(items, shown, 0.0 if alone else chosen["review"], alone)
    grid = shown.over(shown.numbers[0] + np.arange(len(columns)))
    staff = read_resources(told["resources"], shown)
    staff = at_buckets(staff, columns, grid=staff.grid.over(grid.numbers))
    retired = items["retired_on"].to_numpy()[:, None] < grid.buckets.to_numpy()
    ways = ways_of(items, bill, told["sourcing"], grid)
    made = grid.find(bill["item"])
    way = ways.find(made, bill["source"])
    mend = "add the source to sourcing, or leave it blank for own production"
    reading.refuse(bill, "bill_of_resources", "source", way < 0, "are no source of the item", mend)
    bill = Bill(
        made,
        way,
        staff.grid.find(bill["resource"]),
        bill["hours_per_unit"].to_numpy(),
    )
    due = told["receipts"]["due_on"].fillna(grid.buckets[0]).clip(lower=grid.buckets[0])
    due = shown.array(told["receipts"].assign(bucket=due), "quantity")
    hidden = np.arange(len(columns)) >= shown.shape[1]
    opening = told["inventory"].groupby("item")[["on_hand", "backlog"]].sum()
    opening = opening.reindex(items["item"], fill_value=0.0)
    to_order = (items["strategy"] == "order").to_numpy()
    known = {
        name: np.where(retired & hidden, 0.0, shown.array(told[name], "quantity")[:, columns])
        for name in ("demand", "safety_stock")
    }
    wanted = known["demand"]
    coming = np.pad(due, [(0, 0), (0, hidden.sum())])
    owed = items["backlog_cost"].ne(np.inf).to_numpy()
    until = np.where(owed, pd.Series(ways.opens).groupby(ways.item).min(), 0)
    on_hand, backlog = (opening[name].to_numpy() for name in ("on_hand", "backlog"))
    life, per_year = items["shelf_life"].to_numpy(), grid.calendar.per_year
    recent = _recent(grid, items["customer_lead_time"].to_numpy(), wanted, told["bookings"])
    return Facts(
        tables=told,
        grid=grid,
        items=Items(
            pd.Index(items["item"]),
            to_order,
            **{name: items[name].to_numpy() for name in LIMITS},
        ),
        ways=ways,
        bill=bill,
        resources=staff,
        prices=steering_prices(items, ways, bill, staff, chosen, shown),
        demand=wanted,
        receipts=coming,
        expiring=expiring(wanted, coming, on_hand - backlog, life, per_year, until),
        safety_stock=np.where(to_order[:, None], 0.0, known["safety_stock"]),
        recent=np.where(to_order[:, None], recent, 0.0),
        on_hand=on_hand,
        backlog=backlog,
        shown=shown.shape[1],
        announced=tuple(staff.grid.array(told["announced"], name) for name in reading.MOVES),
        notice=(0, 0) if settings is None else (chosen["hiring_notice"], fence),
    )


def _columns(items: pd.DataFrame, grid: Grid, review: float, alone: bool) -> np.ndarray:
    """The bucket that each bucket of the plan is like: its own, then, hidden, those of the last
    year again for as long as an item's lead time, review and customer's wait take. Nothing is
    hidden where every item says its ending stock, and where a model is asked ``alone``: without
    safety stock or settings.
    """
    count = grid.shape[1]
    wait = (items["lead_time"] + items["customer_lead_time"]).max() + review
    ends = alone or items["ending_stock"].notna().all()
    hidden = 0 if ends else max(FEWEST_HIDDEN, int(np.ceil(wait)))
    year = min(grid.calendar.per_year, count)
    return np.concatenate([np.arange(count), count - year + np.arange(hidden) % year])


def _grid(items: pd.DataFrame, demand: pd.DataFrame, settings) -> Grid:
    """Items × the buckets from the first to the last that demand names."""
    if demand.empty:
        raise PlanError(
            "table demand has no rows; give at least one item and bucket, its buckets are the"
            " horizon"
        )
    size = (settings or {}).get("bucket")
    calendar = Calendar(size) if size else infer_calendar(demand["bucket"])
    numbers = calendar.number(demand["bucket"])
    buckets = calendar.stamp(np.arange(numbers.min(), numbers.max() + 1)).rename("bucket")
    return Grid(items[["item"]], buckets, calendar, ("item",))


def ways_of(items: pd.DataFrame, bill: pd.DataFrame, sourcing: pd.DataFrame, grid: Grid) -> Ways:
    """Every way to get every item: what stands in the bill of resources is made and its sources
    subcontract; anything else is purchased, from its sources or at its own unit cost. What a source
    leaves blank is what its item says.
    """
    bill = reading.own_work(bill)
    own = items.set_index("item").reindex(sourcing["item"]).reset_index()
    sourcing = sourcing.fillna(own[["unit_cost", "lead_time"]])
    made = items["item"].isin(bill["item"])
    alone = items[made | ~items["item"].isin(sourcing["item"])]
    ways = pd.concat([alone.assign(source="", max_quantity=np.inf), sourcing])
    ways = ways.sort_values(["item", "source"], ignore_index=True)
    from_source = np.where(ways["item"].isin(bill["item"]), "subcontracted", "purchased")
    alone = np.where(ways["item"].isin(bill["item"]), "production", "purchased")
    return Ways(
        item=grid.find(ways["item"]),
        kind=np.where(ways["source"] == "", alone, from_source),
        source=ways["source"].to_numpy(dtype="object"),
        unit_cost=ways["unit_cost"].to_numpy(),
        limit=ways["max_quantity"].to_numpy(),
        lead=ways["lead_time"].to_numpy(),
        opens=np.minimum(np.ceil(ways["lead_time"] - 1e-9), grid.shape[1]).astype(int).to_numpy(),
    )


def expiring(demand, receipts, there, life, per_year: int, until=0) -> np.ndarray:
    """(item, bucket) units of what is ``there`` at first and of receipts that pass their shelf life
    at the end of each bucket, the oldest being sold first: of what arrives, all that demand does
    not use up within that ``life`` (buckets, by item).

    Before bucket ``until`` nothing new arrives, so that what is not served waits for receipts.

    >>> asked, life = np.array([[2.0, 2.0, 2.0]]), np.array([2.0])
    >>> expiring(asked, np.zeros((1, 3)), np.array([9.0]), life, 12).tolist()
    [[0.0, 5.0, 0.0]]
    """
    gone, fresh = np.zeros(demand.shape), np.isfinite(life)
    if not fresh.any():
        return gone
    kept, rows = np.where(fresh, np.ceil(life), 0).astype(int), np.arange(len(life))
    before = np.pad(demand, [(0, 0), (1, 0)])
    usable = sold_within(np.where(fresh[:, None], before, 0.0), life, per_year)
    for bucket in range(-1, demand.shape[1]):
        if bucket >= 0:
            there = there + receipts[:, bucket] - demand[:, bucket]
            there = np.where(bucket < until, there, np.maximum(there, 0.0))
        over = np.where(fresh, np.maximum(there - usable[:, bucket + 1], 0.0), 0.0)
        end, there = np.maximum(bucket + kept, 0), there - over
        inside = end < demand.shape[1]
        gone[rows[inside], end[inside]] += over[inside]
    return gone


def _recent(grid: Grid, wait: np.ndarray, demand: np.ndarray, bookings) -> np.ndarray:
    """Bookings of the last ``wait`` buckets at the end of each bucket; a part bucket counts in
    part.
    """
    first = grid.numbers[0]
    begun = min(grid.calendar.number(bookings["bucket"]).min(initial=first), first)
    before = grid.over(np.arange(begun, first)).array(bookings, "quantity")
    timeline = np.concatenate([before, demand], axis=1)
    ends = np.arange(before.shape[1], timeline.shape[1]) + 1
    starts = ends - np.minimum(wait[:, None], ends)
    return np.maximum(sum_to(timeline, ends) - sum_to(timeline, starts), 0.0)
