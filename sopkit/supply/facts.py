"""The facts of one plan as arrays: items, the ways to get them, resources, demand and opening
stock.

Axes are always in the order item, way, resource, then bucket.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.buckets import Calendar, infer_calendar
from sopkit.errors import PlanError
from sopkit.grid import Grid, fold
from sopkit.supply import reading
from sopkit.supply.costs import Prices, steering_prices
from sopkit.supply.workforce import Resources, read_resources
from sopkit.tables import settled

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
    opens: np.ndarray  # first bucket in which something new can arrive

    def __len__(self) -> int:
        return len(self.item)

    def making(self, items: int) -> np.ndarray:
        """The way by which each item is made; −1 where it is not."""
        way = np.full(items, -1)
        made = np.flatnonzero(self.kind == "production")
        way[self.item[made]] = made
        return way


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
    safety_stock: np.ndarray  # (item, bucket)
    recent: np.ndarray  # (item, bucket): bookings that an order customer still agreed to wait for
    on_hand: np.ndarray  # (item,)
    backlog: np.ndarray  # (item,)

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
    def target(self) -> np.ndarray:
        """(item, bucket) stock asked for: safety stock, at the end no less than an explicit ending
        stock.
        """
        target = self.safety_stock.copy()
        target[:, -1] = np.maximum(target[:, -1], self.ending)
        return target

    @property
    def ending(self) -> np.ndarray:
        """Units per item that an explicit ending stock asks for."""
        return np.where(self.items.to_order, 0.0, np.nan_to_num(self.items.ending_stock))

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

    def load(self, quantity: np.ndarray) -> np.ndarray:
        """Hours per resource and bucket that a (way, bucket) plan needs."""
        bill = self.bill
        hours = bill.hours[:, None] * quantity[bill.way]
        return fold(hours, bill.resource, len(self.resources))


def read_facts(tables, settings=None) -> Facts:
    """``Facts`` from the frames that ``plan_supply`` is asked with, by name (absent or None: none);
    every contradiction is a ``PlanError`` that names its rows.
    """
    chosen = settled(settings)
    told = {name: reading.given(tables.get(name), name) for name in reading.TABLES}
    told["resources"] = reading.checked(tables.get("resources"), "resources")
    bill, demand = told["bill_of_resources"], told["demand"]
    if tables.get("resources") is None:
        told["resources"] = reading.checked(bill[["resource"]].drop_duplicates(), "resources")
    reading.known_codes(told)
    items = told["items"].sort_values("item", ignore_index=True)
    grid = _grid(items, demand, settings)
    staff = read_resources(told["resources"], grid)
    ways = _ways(items, bill, told["sourcing"], grid)
    made = grid.find(bill["item"])
    bill = Bill(
        made,
        ways.making(len(items))[made],
        staff.grid.find(bill["resource"]),
        bill["hours_per_unit"].to_numpy(),
    )
    due = told["receipts"].assign(bucket=told["receipts"]["due_on"].clip(lower=grid.buckets[0]))
    opening = told["inventory"].groupby("item")[["on_hand", "backlog"]].sum()
    opening = opening.reindex(items["item"], fill_value=0.0)
    to_order = (items["strategy"] == "order").to_numpy()
    wanted = grid.array(demand, "quantity")
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
        prices=steering_prices(items, ways, bill, staff, chosen, grid),
        demand=wanted,
        receipts=grid.array(due, "quantity"),
        safety_stock=np.where(to_order[:, None], 0.0, grid.array(told["safety_stock"], "quantity")),
        recent=np.where(to_order[:, None], recent, 0.0),
        on_hand=opening["on_hand"].to_numpy(),
        backlog=opening["backlog"].to_numpy(),
    )


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


def _ways(items: pd.DataFrame, bill: pd.DataFrame, sourcing: pd.DataFrame, grid: Grid) -> Ways:
    """Every way to get every item: what stands in the bill of resources is made and its sources
    subcontract; anything else is purchased, from its sources or at its own unit cost. What a source
    leaves blank is what its item says.
    """
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
        opens=np.minimum(np.ceil(ways["lead_time"] - 1e-9), grid.shape[1]).astype(int).to_numpy(),
    )


def _recent(grid: Grid, wait: np.ndarray, demand: np.ndarray, bookings) -> np.ndarray:
    """Bookings of the last ``wait`` buckets at the end of each bucket; a part bucket counts in
    part.
    """
    first = grid.numbers[0]
    begun = min(grid.calendar.number(bookings["bucket"]).min(initial=first), first)
    before = grid.over(np.arange(begun, first)).array(bookings, "quantity")
    timeline = np.concatenate([before, demand], axis=1)
    booked = np.concatenate([np.zeros((len(wait), 1)), np.cumsum(timeline, axis=1)], axis=1)
    ends = np.arange(before.shape[1], timeline.shape[1]) + 1
    starts = ends - np.minimum(wait[:, None], ends)
    whole, rows = np.floor(starts).astype(int), np.arange(len(wait))[:, None]
    part = (starts - whole) * timeline[rows, whole.clip(max=timeline.shape[1] - 1)]
    return np.maximum(booked[:, ends] - booked[rows, whole] - part, 0.0)
