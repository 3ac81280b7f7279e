"""Hand-off to the master production schedule: inside the fence every bucket's plan becomes weeks,
run-out first.
"""

import numpy as np
import pandas as pd

from sopkit.buckets import Calendar
from sopkit.grid import summed
from sopkit.supply import reading
from sopkit.supply.after import Finished
from sopkit.tables import settled

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

    >>> plan = pd.DataFrame({"item": "A", "bucket": pd.to_datetime(["2026-11-01"]), "demand": 40.0,
    ...     "production": 42.0, "overtime_production": 0.0,
    ...     "subcontracted": 0.0, "purchased": 0.0, "receipts": 0.0, "lost": 0.0,
    ...     "projected_available": 2.0, "backlog": 0.0})
    >>> bill = pd.DataFrame({"item": ["A"], "resource": ["L"], "hours_per_unit": [1.0]})
    >>> hours = pd.DataFrame({"resource": ["L"], "bucket": pd.to_datetime(["2026-11-01"]),
    ...     "load": 42.0, "regular_capacity": 42.0, "overtime": 0.0, "overtime_limit": 0.0})
    >>> master_schedule(plan, pd.DataFrame({"item": ["A"]}), bill_of_resources=bill,
    ...     capacity_plan=hours, fence=1)["quantity"].tolist()
    [10.0, 10.0, 10.0, 10.0, 2.0]
    """
    fence = settled(settings)["planning_fence"] if fence is None else fence
    plan = Finished(supply_plan, items)
    names, lot = plan.names, plan.fact("lot_size")
    lead = np.ceil(plan.fact("lead_time") - 1e-9).astype(int)
    made = plan["production"] + plan["overtime_production"]
    bought = plan["subcontracted"] + plan["purchased"]
    opening, demand = plan.opening, plan["demand"]
    per_unit, resources = _bill(bill_of_resources, names)
    parts = [_rows(names, plan.buckets[0], plan.buckets[:0], "make", np.zeros((len(names), 0)))]
    for number, bucket in enumerate(plan.buckets[: int(np.ceil(fence))]):
        weeks, share = weeks_of(bucket, plan.calendar)
        order = run_out_order(opening[:, number], demand[:, number])
        hours = _hours(capacity_plan, resources, bucket)
        due = number + lead
        at = np.minimum(due, plan.shape[1] - 1)
        arriving = bought[np.arange(len(names)), at] * (due < plan.shape[1])
        for action, units, load in (
            ("make", made[:, number], per_unit),
            ("buy", arriving, per_unit * 0),
        ):
            units = np.round(units + WHOLE * 1e-3)
            quantity = spread(units, lot, order, share, load, hours)
            parts.append(_rows(names, bucket, weeks, action, quantity))
    return pd.concat(parts).sort_values(list(COLUMNS[:4]), ignore_index=True)


def run_out_order(opening: np.ndarray, demand: np.ndarray) -> np.ndarray:
    """Items by how soon they run out in a bucket: opening stock less backlog, over demand; the
    least first.

    >>> run_out_order(np.array([9.0, 2.0, 0.0]), np.array([3.0, 1.0, 0.0])).tolist()
    [1, 0, 2]
    """
    never = np.where(opening < 0, -np.inf, np.inf)
    return np.argsort(np.divide(opening, demand, out=never, where=demand > 0), kind="stable")


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

    >>> spread(np.array([10.0]), np.array([0.0]), np.array([0]), np.array([0.0, 0.5, 0.5]),
    ...     np.array([[1.0]]), np.array([10.0])).tolist()
    [[0.0, 5.0, 5.0]]
    """
    room = np.where(share > 0, hours[:, None], 0.0) * share  # hours without a limit are inf
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


def _bill(bill_of_resources, names: pd.Index) -> tuple[np.ndarray, pd.Index]:
    """(item, resource) hours per unit, and the resources."""
    bill = reading.given(bill_of_resources, "bill_of_resources")
    resources = pd.Index(bill["resource"].unique()).sort_values()
    row = reading.positions(names, bill["item"], "bill_of_resources", "item", allow_unknown=True)
    column, hours = resources.get_indexer(bill["resource"]), bill["hours_per_unit"].to_numpy()
    return summed(row, column, hours, (len(names), len(resources))), resources


def _hours(capacity_plan, resources: pd.Index, bucket: pd.Timestamp) -> np.ndarray:
    """Hours of each resource in a bucket: regular hours and the overtime that the plan works;
    endless where not told.
    """
    if capacity_plan is None:
        return np.full(len(resources), np.inf)
    rows = capacity_plan[capacity_plan["bucket"] == bucket].set_index("resource")
    hours = rows["regular_capacity"] + rows["overtime"]
    return hours.reindex(resources).fillna(np.inf).to_numpy(dtype="float64")


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


def weeks_of(bucket: pd.Timestamp, calendar: Calendar) -> tuple[pd.DatetimeIndex, np.ndarray]:
    """Mondays of the weeks that a bucket touches, and the share of its working days (Monday to
    Friday) in each.

    >>> weeks, share = weeks_of(pd.Timestamp("2026-11-01"), Calendar("month"))
    >>> weeks.strftime("%d %b").tolist(), (share * 21).round().astype(int).tolist()
    (['26 Oct', '02 Nov', '09 Nov', '16 Nov', '23 Nov', '30 Nov'], [0, 5, 5, 5, 5, 1])
    """
    days = np.arange(
        np.datetime64(bucket, "D"), np.datetime64(calendar.last_day([bucket])[0], "D") + 1
    )
    weekday = (days.astype("int64") + 3) % 7
    monday, working = days - weekday, (weekday < 5).astype(float)
    weeks, at = np.unique(monday, return_inverse=True)
    share = np.bincount(at, weights=working, minlength=len(weeks))
    return pd.DatetimeIndex(weeks.astype("datetime64[us]")), share / share.sum()
