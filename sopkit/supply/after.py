"""A finished plan as arrays beside the facts of its items: what every table that follows from a
plan starts from.
"""

import numpy as np
import pandas as pd

from sopkit.buckets import infer_calendar
from sopkit.grid import Grid, summed
from sopkit.metrics.scopes import SUPPLIED, used
from sopkit.supply import reading


class Finished:
    """``plan["demand"]`` is that column of ``supply_plan`` as an (item, bucket) array, an absent
    cell 0; ``names`` and ``buckets`` are its axes, ``items`` the declared facts in their order.

    ``cost`` (money/unit by item) is ``standard_cost``, a Series by item, else the unit_cost.

    >>> table = pd.DataFrame({"item": ["B", "A"], "bucket": pd.Timestamp("2026-01-01"), "late": 3})
    >>> plan = Finished(table, pd.DataFrame({"item": ["A", "B"], "unit_cost": [1.0, 2.0]}))
    >>> plan["late"].tolist(), plan.cost.tolist(), plan.per_year
    ([[3.0], [3.0]], [1.0, 2.0], 12)
    """

    def __init__(self, supply_plan, items=None, standard_cost=None):
        self._row, names = pd.factorize(supply_plan["item"], sort=True)
        self._column, buckets = pd.factorize(supply_plan["bucket"], sort=True)
        self._plan = used(supply_plan)
        self.names, self.buckets = pd.Index(names, name="item"), pd.DatetimeIndex(buckets)
        self.calendar = infer_calendar(self.buckets)
        self.per_year = self.calendar.per_year
        axis = self.names.to_frame(index=False)
        self.grid = Grid(axis, self.buckets, self.calendar, ("item",))
        self.shape = self.grid.shape
        if items is not None:
            self.items = reading.item_rows(items, self.names, "supply_plan")
            own = pd.Series(self.items["unit_cost"].to_numpy(), self.names)
            cost = own if standard_cost is None else pd.Series(standard_cost)
            self.cost = cost.reindex(self.names).fillna(own).to_numpy()

    def __getitem__(self, column: str) -> np.ndarray:
        values = self._plan[column].to_numpy(dtype="float64")
        return summed(self._row, self._column, values, self.shape)

    def fact(self, column: str) -> np.ndarray:
        """The items' column as an array, one entry per item."""
        return self.items[column].to_numpy()

    def price(self, without: float) -> np.ndarray:
        """Money/unit by item; what has no price is worth its cost, or ``without``."""
        cost = pd.Series(np.where(self.cost > 0, self.cost, without))
        return self.items["price"].fillna(cost).to_numpy()

    @property
    def made(self) -> np.ndarray:
        """(item, bucket) units that are made, in overtime too."""
        return self["production"] + self["overtime_production"]

    @property
    def got(self) -> np.ndarray:
        """(item, bucket) units that arrive, open receipts included."""
        return sum(self[column] for column in SUPPLIED)

    @property
    def opening(self) -> np.ndarray:
        """(item, bucket) stock less backlog before each bucket."""
        there = self["projected_available"] - self["backlog"]
        return there - self.got - self["lost"] + self["used"]

    @property
    def owed(self) -> np.ndarray:
        """(item, bucket) backlog before each bucket, by what was shipped since."""
        owed = self["backlog"] + self["shipments"] + self["lost"] - self["demand"]
        return np.maximum(owed, 0.0)

    @property
    def target(self) -> np.ndarray:
        """(item, bucket) units wanted: safety stock plus what lots leave behind in the mean, half
        the larger of lot size and minimum lot (none for order-driven items).
        """
        lot = np.maximum(self.fact("lot_size"), self.fact("minimum_lot"))
        lot = np.where(self.fact("strategy") == "order", 0.0, lot)
        return self["safety_stock"] + lot[:, None] / 2
