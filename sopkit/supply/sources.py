"""The ways to get an item: make it, have it subcontracted by a source, or buy it from a source."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.supply import reading

KINDS = ("production", "subcontracted", "purchased")


@dataclass(frozen=True)
class Ways:
    """One entry per way; an item that is made has exactly one way of kind ``production``."""

    item: np.ndarray
    kind: np.ndarray  # one of KINDS
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

    def by_item(self, quantity: np.ndarray, items: int, kind: str | None = None) -> np.ndarray:
        """(way, bucket) quantities summed to (item, bucket), all kinds or one."""
        summed = np.zeros((items, quantity.shape[1]))
        chosen = slice(None) if kind is None else self.kind == kind
        np.add.at(summed, self.item[chosen], quantity[chosen])
        return summed


def read_ways(
    items: pd.DataFrame, names: pd.Index, lead_time: np.ndarray, bill, sourcing, buckets: int
) -> Ways:
    """Every way to get every item: what stands in the bill of resources is made and its sources
    subcontract; anything else is purchased, from its sources or at its own unit cost."""
    frame = reading.frame_of(sourcing, "sourcing", ("item", "source"))
    repeated = frame.duplicated(["item", "source"]).to_numpy()
    reading.refuse(
        frame,
        "sourcing",
        "source",
        repeated,
        "appear more than once for their item",
        "keep one row per item and source",
    )
    at = reading.positions(names, frame["item"], "sourcing", "item")
    own_cost = reading.numbers(items, "items", "unit_cost", 0.0)
    made = np.isin(np.arange(len(names)), bill.item)
    sourced = np.isin(np.arange(len(names)), at)
    alone = np.flatnonzero(made | ~sourced)
    lead = np.ceil(reading.numbers(frame, "sourcing", "lead_time", lead_time[at]) - 1e-9)
    ways = pd.DataFrame(
        {
            "item": np.concatenate([alone, at]),
            "kind": np.concatenate(
                [
                    np.where(made[alone], "production", "purchased"),
                    np.where(made[at], "subcontracted", "purchased"),
                ]
            ),
            "source": np.concatenate(
                [
                    np.full(len(alone), "", dtype="object"),
                    frame["source"].astype("str").to_numpy(dtype="object"),
                ]
            ),
            "unit_cost": np.concatenate(
                [own_cost[alone], reading.numbers(frame, "sourcing", "unit_cost", own_cost[at])]
            ),
            "limit": np.concatenate(
                [
                    np.full(len(alone), np.inf),
                    reading.numbers(frame, "sourcing", "max_quantity", np.inf),
                ]
            ),
            "opens": np.minimum(np.concatenate([lead_time[alone], lead]), buckets).astype(int),
        }
    )
    ways = ways.assign(order=ways["kind"].map(KINDS.index)).sort_values(
        ["item", "order", "source"], ignore_index=True
    )
    return Ways(
        *(
            ways[column].to_numpy()
            for column in ("item", "kind", "source", "unit_cost", "limit", "opens")
        )
    )
