"""The facts of one plan as arrays: items, the ways to get them, resources, demand and opening
stock.

Axes are always in the order item, way, resource, then bucket.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.grid import fold, summed
from sopkit.supply import reading
from sopkit.supply.costs import Prices, steering_prices
from sopkit.supply.settings import Settings, buckets_a_year
from sopkit.supply.sources import Ways, read_ways
from sopkit.supply.workforce import Resources, read_resources


@dataclass(frozen=True)
class Items:
    """What is planned, one entry per item in each array (units, buckets)."""

    names: pd.Index
    to_order: np.ndarray  # True where finished stock is never built
    wait: np.ndarray  # buckets that an order customer agrees to wait
    lead_time: np.ndarray  # whole buckets before anything new arrives
    lot_size: np.ndarray
    minimum_lot: np.ndarray
    maximum_stock: np.ndarray  # inf = unlimited
    ending_stock: np.ndarray  # NaN = no requirement
    shelf_life: np.ndarray  # inf = keeps for ever


@dataclass(frozen=True)
class Bill:
    """Hours per unit: entry e says that way ``way[e]`` of ``item[e]`` needs ``hours[e]`` of
    ``resource[e]``.
    """

    item: np.ndarray
    way: np.ndarray
    resource: np.ndarray
    hours: np.ndarray

    def load(self, quantity: np.ndarray, resources: int) -> np.ndarray:
        """Hours per resource and bucket that a (way, bucket) plan needs."""
        return fold(self.hours[:, None] * quantity[self.way], self.resource, resources)


@dataclass(frozen=True)
class Facts:
    """Everything a plan starts from."""

    buckets: pd.DatetimeIndex
    per_year: int
    settings: Settings
    items: Items
    prices: Prices
    ways: Ways
    bill: Bill
    resources: Resources
    demand: np.ndarray  # (item, bucket)
    receipts: np.ndarray  # (item, bucket)
    safety_stock: np.ndarray  # (item, bucket)
    recent: (
        np.ndarray
    )  # (item, bucket): bookings that an order customer still waits for by agreement
    on_hand: np.ndarray  # (item,)
    backlog: np.ndarray  # (item,)

    @property
    def shape(self) -> tuple[int, int]:
        """Items, buckets."""
        return self.demand.shape

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
        wanted = np.where(self.items.to_order, 0.0, np.nan_to_num(self.items.ending_stock))
        target[:, -1] = np.maximum(target[:, -1], wanted)
        return target

    @property
    def late_opening(self) -> np.ndarray:
        """Backlog before the first bucket that is late already, per item: an order customer's
        counts as late only when it is.
        """
        return np.where(self.items.to_order, 0.0, self.backlog)


def read_facts(
    demand,
    items,
    *,
    resources=None,
    bill_of_resources=None,
    sourcing=None,
    inventory=None,
    receipts=None,
    safety_stock=None,
    bookings=None,
    settings=None,
) -> Facts:
    """``Facts`` from the input frames of ``plan_supply``; every contradiction is a ``PlanError``
    that names its rows.
    """
    demand = reading.frame_of(demand, "demand", ("item", "bucket", "quantity"))
    horizon = _horizon(demand)
    per_year = buckets_a_year(horizon, settings)
    chosen = Settings.of(settings)
    frame = _items_frame(items)
    rows = _read_items(frame)
    names, shape = rows.names, (len(frame), len(horizon))
    bill_frame, bill = _read_bill(bill_of_resources, names, resources)
    ways = read_ways(frame, names, rows.lead_time, bill, sourcing, shape[1])
    bill = Bill(bill.item, ways.making(len(names))[bill.item], bill.resource, bill.hours)
    staff = read_resources(resources, bill_frame, horizon)
    wanted = _cells(demand, "demand", names, horizon)
    orders = np.where(rows.to_order[:, None], 1.0, 0.0)
    return Facts(
        buckets=pd.DatetimeIndex(horizon.astype("datetime64[us]"), name="bucket"),
        per_year=per_year,
        settings=chosen,
        items=rows,
        ways=ways,
        bill=bill,
        resources=staff,
        prices=steering_prices(frame, ways, bill, staff, chosen, per_year, shape[1]),
        demand=wanted,
        receipts=_receipts(receipts, names, horizon),
        safety_stock=(1 - orders)
        * _cells(
            reading.frame_of(safety_stock, "safety_stock", ("item", "bucket", "quantity")),
            "safety_stock",
            names,
            horizon,
        ),
        recent=orders * _recent(wanted, rows.wait, _before(bookings, names, horizon)),
        on_hand=_opening(inventory, names, "on_hand"),
        backlog=_opening(inventory, names, "backlog"),
    )


def _horizon(demand: pd.DataFrame) -> np.ndarray:
    stamps = reading.dates(demand["bucket"], "demand", "bucket")
    if not len(stamps):
        raise PlanError(
            "table demand has no rows; give at least one item and bucket, its buckets are the"
            " horizon"
        )
    if np.isnat(stamps).any():
        raise PlanError(
            f"table demand, column bucket: {int(np.isnat(stamps).sum())} blank value(s); stamp each"
            " bucket with its first day"
        )
    return np.unique(stamps)


def _items_frame(items) -> pd.DataFrame:
    frame = reading.frame_of(items, "items", ("item",))
    repeated = frame["item"].duplicated()
    reading.refuse(
        frame,
        "items",
        "item",
        repeated.to_numpy(),
        "appear more than once",
        "keep one row per item",
    )
    reading.refuse(
        frame, "items", "item", frame["item"].isna().to_numpy(), "are blank", "name the item"
    )
    return frame.sort_values("item", ignore_index=True)


def _read_items(frame: pd.DataFrame) -> Items:
    strategy = (
        frame["strategy"].astype("object")
        if "strategy" in frame.columns
        else pd.Series(None, frame.index, dtype="object")
    )
    strategy = strategy.where(
        strategy.notna() & (strategy.astype("str").str.strip() != ""), "stock"
    ).astype("str")
    reading.refuse(
        frame.assign(strategy=strategy),
        "items",
        "strategy",
        ~strategy.isin(["stock", "order"]).to_numpy(),
        "are neither stock nor order",
        "write stock or order",
    )

    def column(name, default):
        return reading.numbers(frame, "items", name, default)

    shelf_life = column("shelf_life", np.inf)
    return Items(
        names=pd.Index(frame["item"], name="item"),
        to_order=(strategy == "order").to_numpy(),
        wait=column("customer_lead_time", 0.0),
        lead_time=np.ceil(column("lead_time", 0.0) - 1e-9),
        lot_size=column("lot_size", 0.0),
        minimum_lot=column("minimum_lot", 0.0),
        maximum_stock=column("maximum_stock", np.inf),
        ending_stock=column("ending_stock", np.nan),
        shelf_life=np.where(shelf_life > 0, shelf_life, 0.0),
    )


def _read_bill(bill_of_resources, names: pd.Index, resources) -> tuple[pd.DataFrame, Bill]:
    frame = reading.frame_of(
        bill_of_resources, "bill_of_resources", ("item", "resource", "hours_per_unit")
    )
    hours = reading.numbers(frame, "bill_of_resources", "hours_per_unit")
    reading.refuse(
        frame,
        "bill_of_resources",
        "hours_per_unit",
        ~np.isfinite(hours),
        "are blank or endless",
        "write the hours that one unit needs",
    )
    known = pd.Index(
        (frame if resources is None else reading.frame_of(resources, "resources", ("resource",)))[
            "resource"
        ].drop_duplicates()
    )
    known = known.sort_values()
    item = reading.positions(names, frame["item"], "bill_of_resources", "item")
    resource = reading.positions(known, frame["resource"], "bill_of_resources", "resource")
    return frame, Bill(item, np.zeros(len(item), dtype=int), resource, hours)


def _cells(frame: pd.DataFrame, table: str, names: pd.Index, horizon: np.ndarray) -> np.ndarray:
    quantity = reading.numbers(frame, table, "quantity", 0.0)
    reading.refuse(
        frame, table, "quantity", ~np.isfinite(quantity), "are endless", "write a finite quantity"
    )
    column = pd.Index(horizon).get_indexer(
        pd.Index(reading.dates(frame["bucket"], table, "bucket"))
    )
    return summed(
        reading.positions(names, frame["item"], table, "item"),
        column,
        quantity,
        (len(names), len(horizon)),
    )


def _receipts(receipts, names: pd.Index, horizon: np.ndarray) -> np.ndarray:
    frame = reading.frame_of(receipts, "receipts", ("item", "due_on", "quantity"))
    quantity = reading.numbers(frame, "receipts", "quantity", 0.0)
    due = reading.dates(frame["due_on"], "receipts", "due_on")
    column = np.maximum(reading.buckets_of(due, horizon, _end(horizon)), 0)
    return summed(
        reading.positions(names, frame["item"], "receipts", "item"),
        column,
        quantity,
        (len(names), len(horizon)),
    )


def _end(horizon: np.ndarray) -> np.datetime64:
    """The day on which the bucket after the last one begins."""
    from sopkit.buckets import infer_calendar

    return np.datetime64(infer_calendar(horizon).shift(horizon[-1], 1), "D")


def _before(bookings, names: pd.Index, horizon: np.ndarray) -> np.ndarray:
    """Bookings of the buckets before the horizon, latest first: (item, buckets back)."""
    frame = reading.frame_of(bookings, "bookings", ("item", "bucket", "quantity"))
    stamps = reading.dates(frame["bucket"], "bookings", "bucket")
    past = np.unique(stamps[stamps < horizon[0]])[::-1]
    back = np.where(stamps < horizon[0], len(past) - 1 - np.searchsorted(past[::-1], stamps), -1)
    quantity = reading.numbers(frame, "bookings", "quantity", 0.0)
    return summed(
        reading.positions(names, frame["item"], "bookings", "item"),
        back,
        quantity,
        (len(names), len(past)),
    )


def _recent(demand: np.ndarray, wait: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Bookings of the last ``wait`` buckets at the end of each bucket; a part bucket counts in
    part.
    """
    timeline = np.concatenate([before[:, ::-1], demand], axis=1)
    summed = np.concatenate([np.zeros((len(wait), 1)), np.cumsum(timeline, axis=1)], axis=1)
    ends = np.arange(before.shape[1] + 1, timeline.shape[1] + 1)
    starts = np.maximum(ends[None, :] - np.minimum(wait, timeline.shape[1])[:, None], 0.0)
    whole = np.floor(starts).astype(int)
    rows = np.arange(len(wait))[:, None]
    part = (starts - whole) * timeline[rows, np.minimum(whole, timeline.shape[1] - 1)]
    return np.maximum(summed[:, ends] - summed[rows, whole] - part, 0.0)


def _opening(inventory, names: pd.Index, column: str) -> np.ndarray:
    frame = reading.frame_of(inventory, "inventory", ("item",))
    values = reading.numbers(frame, "inventory", column, 0.0)
    item = reading.positions(names, frame["item"], "inventory", "item")
    return summed(item, np.zeros(len(item), dtype=int), values, (len(names), 1))[:, 0]
