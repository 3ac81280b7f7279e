"""The customer lead-time plan of order-driven families, and the promise that a new order gets
today.
"""

import numpy as np
import pandas as pd

from sopkit.metrics import backlog_lead_time
from sopkit.supply import reading
from sopkit.supply.inventory import wide

COLUMNS = ("family", "bucket", "opening", "bookings", "shipments", "closing", "late", "lead_time")


def backlog_plan(supply_plan: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """``backlog_plan``: family, bucket, opening, bookings, shipments, closing, late (units),
    lead_time (buckets: closing ÷ shipments).

    Only items with ``strategy = order``; opening + bookings − shipments − what was lost = closing.
    A family with nothing to ship and nothing open has lead time 0, one with backlog and no
    shipments NaN.

    >>> plan = pd.DataFrame({"item": "A", "bucket": pd.to_datetime(["2026-01-01"]), "demand": 10.0, "shipments": 8.0, "lost": 0.0,
    ...                      "backlog": 6.0, "late": 1.0})
    >>> backlog_plan(plan, pd.DataFrame({"item": ["A"], "strategy": ["order"], "family": ["F"]})).iloc[0, 2:].tolist()
    [4.0, 10.0, 8.0, 6.0, 1.0, 0.75]
    """
    frame = _with_family(supply_plan, items)
    frame = frame.assign(
        opening=frame["backlog"] + frame["shipments"] + frame["lost"] - frame["demand"]
    )
    sums = frame.groupby(["family", "bucket"], as_index=False)[
        ["opening", "demand", "shipments", "backlog", "late"]
    ].sum()
    sums = sums.rename(columns={"demand": "bookings", "backlog": "closing"})
    sums["opening"] = sums["opening"].clip(lower=0.0)
    waits = backlog_lead_time(sums["closing"].to_numpy(), sums["shipments"].to_numpy())
    sums["lead_time"] = np.where(sums["closing"] > 0, waits, 0.0)
    return sums[list(COLUMNS)]


def promises(supply_plan: pd.DataFrame, quantity: float = 1.0) -> pd.DataFrame:
    """The bucket in which a new order of ``quantity`` units, placed now, would ship behind what is
    open: item, quantity, bucket, wait.

    ``wait`` counts whole buckets from the first one (0 = in it); NaT and NaN where the horizon is
    too short. A new order takes its place among the first bucket's expected bookings, behind the
    opening backlog.

    >>> plan = pd.DataFrame({"item": "A", "bucket": pd.date_range("2026-01-01", periods=3, freq="MS"), "demand": [10.0, 0, 0], "shipments": [8.0, 4.0, 2.0],
    ...                      "lost": 0.0, "backlog": [6.0, 2.0, 0.0], "projected_available": 0.0})
    >>> promises(plan, 5).iloc[0].astype("str").tolist()
    ['A', '5.0', '2026-02-01 00:00:00', '1.0']
    """
    names, buckets, cells = wide(
        supply_plan, "demand", "shipments", "lost", "backlog", "projected_available"
    )
    opening = (
        cells["backlog"][:, 0]
        + cells["shipments"][:, 0]
        + cells["lost"][:, 0]
        - cells["demand"][:, 0]
    )
    free = np.cumsum(cells["shipments"], axis=1) + cells["projected_available"]
    enough = free >= (np.maximum(opening, 0.0) + quantity)[:, None] - 1e-9
    found, first = enough.any(axis=1), enough.argmax(axis=1)
    stamps = buckets[first].to_numpy().copy()
    stamps[~found] = np.datetime64("NaT")
    return pd.DataFrame(
        {
            "item": names,
            "quantity": float(quantity),
            "bucket": stamps,
            "wait": np.where(found, first.astype(float), np.nan),
        }
    )


def _with_family(supply_plan: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    frame = reading.frame_of(items, "items", ("item",))
    strategy = (
        frame["strategy"]
        if "strategy" in frame.columns
        else pd.Series(None, frame.index, dtype="object")
    )
    family = (
        frame["family"]
        if "family" in frame.columns
        else pd.Series(None, frame.index, dtype="object")
    )
    ordered = strategy.astype("object").eq("order")
    family_of = dict(
        zip(
            frame.loc[ordered, "item"],
            family[ordered].astype("object").where(family[ordered].notna(), "(none)"),
        )
    )
    chosen = supply_plan[supply_plan["item"].isin(family_of)]
    return chosen.assign(family=chosen["item"].map(family_of).astype("str"))
