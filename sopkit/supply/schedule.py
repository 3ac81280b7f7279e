"""Hand-off to the master production schedule: inside the fence every bucket's plan becomes weeks,
run-out first.
"""

import numpy as np
import pandas as pd

from sopkit.buckets import infer_calendar
from sopkit.supply import reading
from sopkit.supply.inventory import wide
from sopkit.supply.settings import Settings
from sopkit.supply.weeks import weeks_of

COLUMNS = ("item", "bucket", "week", "action", "quantity")
WHOLE = 1e-6


def master_schedule(
    supply_plan, items, *, bill_of_resources=None, capacity_plan=None, fence=None, settings=None
) -> pd.DataFrame:
    """``master_schedule``: item, bucket, week (Monday), action (make | buy), quantity in whole
    units; only rows above 0, sorted by key.

    ``make`` stands where it is finished: the weeks of a bucket sum to its production, regular and
    overtime, rounded. ``buy`` stands at the order date: an item's ``lead_time`` before the bucket
    in which the purchase or subcontract arrives. The fence (buckets; default the setting
    planning_fence) says how far. Items that run out first are made first; whole lots where the
    plan's quantity allows; no week gets more hours than its share of working days of the bucket's
    hours (``capacity_plan`` and ``bill_of_resources``).

    >>> plan = pd.DataFrame({"item": "A", "bucket": pd.to_datetime(["2026-11-01"]), "demand": 40.0, "production": 42.0, "overtime_production": 0.0,
    ...                      "subcontracted": 0.0, "purchased": 0.0, "receipts": 0.0, "lost": 0.0, "projected_available": 2.0, "backlog": 0.0})
    >>> bill = pd.DataFrame({"item": ["A"], "resource": ["L"], "hours_per_unit": [1.0]})
    >>> hours = pd.DataFrame({"resource": ["L"], "bucket": pd.to_datetime(["2026-11-01"]), "load": 42.0, "regular_capacity": 42.0, "overtime": 0.0, "overtime_limit": 0.0})
    >>> master_schedule(plan, pd.DataFrame({"item": ["A"]}), bill_of_resources=bill, capacity_plan=hours, fence=1)["quantity"].tolist()
    [10.0, 10.0, 10.0, 10.0, 2.0]
    """
    chosen = Settings.of(settings)
    reach = int(np.ceil(chosen.planning_fence if fence is None else fence))
    names, buckets, cells = wide(
        supply_plan,
        "demand",
        "production",
        "overtime_production",
        "subcontracted",
        "purchased",
        "receipts",
        "lost",
        "projected_available",
        "backlog",
    )
    frame = reading.frame_of(items, "items", ("item",))
    frame = frame.iloc[
        reading.positions(frame["item"], pd.Series(names), "supply_plan", "item")
    ].reset_index(drop=True)
    lot = reading.numbers(frame, "items", "lot_size", 0.0)
    lead = np.ceil(reading.numbers(frame, "items", "lead_time", 0.0) - 1e-9).astype(int)
    calendar = infer_calendar(buckets)
    bill = _bill(bill_of_resources, capacity_plan, names)
    parts = []
    for number in range(min(reach, len(buckets))):
        weeks, share = weeks_of(buckets[number], calendar)
        order = run_out_order(cells, number)
        made = np.round(
            cells["production"][:, number] + cells["overtime_production"][:, number] + WHOLE * 1e-3
        )
        hours = _hours(capacity_plan, bill, buckets[number])
        parts.append(
            _rows(
                names,
                buckets[number],
                weeks,
                "make",
                spread(made, lot, order, share, bill[0], hours),
            )
        )
        due = number + lead
        inside = due < len(buckets)
        at = np.minimum(due, len(buckets) - 1)
        arriving = (cells["subcontracted"] + cells["purchased"])[np.arange(len(names)), at] * inside
        parts.append(
            _rows(
                names,
                buckets[number],
                weeks,
                "buy",
                spread(np.round(arriving + WHOLE * 1e-3), lot, order, share, bill[0] * 0, hours),
            )
        )
    table = (
        pd.concat(parts, ignore_index=True)
        if parts
        else _rows(names, buckets[0], buckets[:0], "make", np.zeros((len(names), 0)))
    )
    return table.sort_values(list(COLUMNS[:4]), ignore_index=True)


def run_out_order(cells: dict[str, np.ndarray], bucket: int) -> np.ndarray:
    """Items by how soon they run out in a bucket: opening stock less backlog, over demand; the
    least first.
    """
    got = sum(
        cells[name]
        for name in (
            "production",
            "overtime_production",
            "subcontracted",
            "purchased",
            "receipts",
            "lost",
        )
    )
    opening = (cells["projected_available"] - cells["backlog"] - got + cells["demand"])[:, bucket]
    demand = cells["demand"][:, bucket]
    lasts = np.divide(
        opening,
        demand,
        out=np.where(opening < 0, -np.inf, np.full(len(opening), np.inf)),
        where=demand > 0,
    )
    return np.argsort(lasts, kind="stable")


def spread(
    quantity: np.ndarray,
    lot: np.ndarray,
    order: np.ndarray,
    share: np.ndarray,
    per_unit: np.ndarray,
    hours: np.ndarray,
) -> np.ndarray:
    """(item, week) whole units that sum to ``quantity``: in run-out order, each item as early as
    the weeks' hours allow.

    First whole lots, then what is left of the lots in single units, last what fits nowhere into the
    week with most hours to spare. ``per_unit`` is (item, resource) hours, ``hours`` the bucket's
    hours per resource, shared over the weeks by ``share``.

    >>> spread(np.array([10.0]), np.array([0.0]), np.array([0]), np.array([0.0, 0.5, 0.5]), np.array([[1.0]]), np.array([10.0])).tolist()
    [[0.0, 5.0, 5.0]]
    """
    room = np.outer(hours, share)
    open_weeks = np.flatnonzero(share > 0)
    planned = np.zeros((len(quantity), len(share)))
    left = quantity.copy()
    for step in (lot, np.ones(len(lot))):
        for item in order[(left[order] > 0) & (step[order] > 0)]:
            for week in open_weeks:
                fits = _units_that_fit(room[:, week], per_unit[item], left[item], step[item])
                planned[item, week] += fits
                left[item] -= fits
                room[:, week] -= fits * per_unit[item]
    for item in order[left[order] > 0]:
        used = per_unit[item] > 0
        week = open_weeks[
            np.argmax(room[used][:, open_weeks].min(axis=0) if used.any() else share[open_weeks])
        ]
        planned[item, week] += left[item]
        room[:, week] -= left[item] * per_unit[item]
    return planned


def _units_that_fit(room: np.ndarray, per_unit: np.ndarray, wanted: float, step: float) -> float:
    used = per_unit > 0
    if not used.any():
        return np.floor(wanted / step + WHOLE) * step
    most = np.min(np.maximum(room[used], 0.0) / per_unit[used])
    return max(np.floor(min(most, wanted) / step + WHOLE), 0.0) * step


def _bill(bill_of_resources, capacity_plan, names: pd.Index) -> tuple[np.ndarray, pd.Index]:
    """(item, resource) hours per unit, and the resources."""
    frame = reading.frame_of(
        bill_of_resources, "bill_of_resources", ("item", "resource", "hours_per_unit")
    )
    resources = pd.Index(pd.unique(frame["resource"])).sort_values()
    item = reading.positions(names, frame["item"], "bill_of_resources", "item", allow_unknown=True)
    return (
        reading.grid(
            item,
            resources.get_indexer(frame["resource"]),
            reading.numbers(frame, "bill_of_resources", "hours_per_unit", 0.0),
            (len(names), len(resources)),
        ),
        resources,
    )


def _hours(capacity_plan, bill, bucket: pd.Timestamp) -> np.ndarray:
    """Hours of each resource in a bucket: regular hours and the overtime that the plan works;
    endless where not told.
    """
    resources = bill[1]
    if capacity_plan is None:
        return np.full(len(resources), np.inf)
    rows = capacity_plan[capacity_plan["bucket"] == bucket].set_index("resource")
    return (
        (rows["regular_capacity"] + rows["overtime"])
        .reindex(resources)
        .fillna(np.inf)
        .to_numpy(dtype="float64")
    )


def _rows(
    names: pd.Index,
    bucket: pd.Timestamp,
    weeks: pd.DatetimeIndex,
    action: str,
    quantity: np.ndarray,
) -> pd.DataFrame:
    item, week = np.nonzero(quantity > 0)
    return pd.DataFrame(
        {
            "item": names[item],
            "bucket": np.full(len(item), bucket.to_datetime64()),
            "week": weeks.to_numpy()[week] if len(weeks) else np.array([], "datetime64[us]"),
            "action": np.full(len(item), action, dtype="object"),
            "quantity": quantity[item, week],
        }
    )
