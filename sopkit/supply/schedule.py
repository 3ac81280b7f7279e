"""Hand-off to the master production schedule: inside the fence every bucket's plan becomes weeks,
run-out first.
"""

import numpy as np
import pandas as pd

from sopkit.buckets import Calendar
from sopkit.grid import NONE, grid_of
from sopkit.supply import reading
from sopkit.supply.after import Finished
from sopkit.tables import PLANS

SLACK = 1e-6  # of a lot, against rounding


def master_schedule(
    supply_plan, items, *, bill_of_resources, capacity_plan, sourcing_plan, settings=None
) -> pd.DataFrame:
    """The declared ``master_schedule``: item, source, bucket, week (Monday), action (make | buy),
    quantity in whole lots, or units where there are none; only rows above 0, sorted by key.

    The next lot is released when the cumulative plan needs it: never short, never more than one lot
    ahead. ``make`` stands where it is finished. ``buy`` stands where it is ordered: at ``order_by``
    of the ``sourcing_plan``. The setting planning_fence (buckets) says how far. Items that run out
    first are made first; a week gets no more hours than its share of working days of the bucket's
    hours (``capacity_plan`` and ``bill_of_resources``, None = nothing needs hours), but for orders
    that fit into no week.

    >>> plan = pd.DataFrame({"item": "A", "bucket": pd.to_datetime(["2026-11-01"]), "demand": 40.0,
    ...     "production": 42.0, "overtime_production": 0.0,
    ...     "subcontracted": 0.0, "purchased": 0.0, "receipts": 0.0, "lost": 0.0,
    ...     "projected_available": 2.0, "backlog": 0.0})
    >>> bill = pd.DataFrame({"item": ["A"], "resource": ["L"], "hours_per_unit": [1.0]})
    >>> hours = pd.DataFrame({"resource": ["L"], "bucket": pd.to_datetime(["2026-11-01"]),
    ...     "load": 42.0, "regular_capacity": 42.0, "overtime": 0.0, "overtime_limit": 0.0})
    >>> master_schedule(plan, pd.DataFrame({"item": ["A"]}), bill_of_resources=bill,
    ...     capacity_plan=hours, sourcing_plan=PLANS["sourcing_plan"].empty())["quantity"].tolist()
    [10.0, 10.0, 10.0, 10.0, 2.0]
    """
    fence = reading.fence(settings)
    plan = Finished(supply_plan, items)
    per_unit, hours = _hours(plan, bill_of_resources, capacity_plan)
    lot, least = plan.fact("lot_size"), plan.fact("minimum_lot")
    made = in_lots(plan.made, lot, least)
    each = smallest(lot, least)
    opening, demand = plan.opening, plan["used"]
    parts = [_orders(plan, sourcing_plan, fence)]
    for number, bucket in enumerate(plan.buckets[:fence]):
        share = weeks_of(bucket, plan.calendar)
        order = run_out_order(opening[:, number], demand[:, number])
        room = np.outer(hours[:, number], share)
        make = spread(made[:, number], each, order, per_unit, room)
        weeks = pd.DataFrame(make, plan.names, share.index).stack().reset_index(name="quantity")
        parts.append(weeks.assign(bucket=bucket, action="make", source=NONE))
    table = pd.concat(parts)
    return PLANS["master_schedule"].conform(table.query("quantity > 0"))


def _orders(plan: Finished, sourcing_plan, fence: int) -> pd.DataFrame:
    """What is to be ordered inside the fence, by item and source, in whole lots."""
    grid = grid_of(sourcing_plan, plan.buckets, None, plan.calendar, ("item", "source"))
    item = plan.grid.find(grid.series["item"])
    units = grid.array(sourcing_plan, "quantity")
    lots = in_lots(units, plan.fact("lot_size")[item], plan.fact("minimum_lot")[item])
    orders = sourcing_plan.drop(columns="quantity").merge(grid.frame(quantity=lots))
    day = np.busday_offset(orders["order_by"].to_numpy("datetime64[D]"), 0, "forward")
    number = plan.calendar.number(orders["order_by"])
    orders = orders.assign(
        bucket=plan.calendar.stamp(number),
        week=pd.DatetimeIndex(day).to_period("W").start_time,
        action="buy",
    )
    orders = orders[number < plan.grid.numbers[0] + fence]
    keys = ["item", "source", "bucket", "week", "action"]
    return orders.groupby(keys, as_index=False)["quantity"].sum()


def in_lots(quantity, lot, least) -> np.ndarray:
    """(row, bucket) whole lots (units where ``lot`` is 0), no fewer than ``least`` units at a time,
    each when the cumulative ``quantity`` needs it.

    >>> in_lots(np.array([[30.0, 30.0, 30.0, 5.0]]), np.array([50.0]), np.array([0.0])).tolist()
    [[50.0, 50.0, 0.0, 0.0]]
    """
    step, least = np.where(lot > 0, lot, 1.0), smallest(lot, least)
    released, short = np.zeros(quantity.shape), np.zeros(len(quantity))
    for bucket in range(quantity.shape[1]):
        short = short + quantity[:, bucket]
        lots = np.maximum(np.ceil(short / step - SLACK) * step, least)
        released[:, bucket] = np.where(short > SLACK * step, lots, 0.0)
        short = short - released[:, bucket]
    return released


def smallest(lot, least) -> np.ndarray:
    """Units of the smallest order: a lot (a unit where there is none), or as many lots as the
    minimum takes.
    """
    step = np.where(lot > 0, lot, 1.0)
    return np.maximum(np.ceil(least / step - SLACK), 1.0) * step


def run_out_order(opening, demand) -> np.ndarray:
    """Items by how soon they run out in a bucket: opening stock less backlog, over demand; the
    least first.

    >>> run_out_order(np.array([9.0, 2.0, 0.0]), np.array([3.0, 1.0, 0.0])).tolist()
    [1, 0, 2]
    """
    never = np.where(opening < 0, -np.inf, np.inf)
    return np.argsort(np.divide(opening, demand, out=never, where=demand > 0), kind="stable")


def spread(quantity, least, order, per_unit, room) -> np.ndarray:
    """(item, week) units that sum to ``quantity`` (by item): in run-out ``order``, each item as
    early as the weeks' hours allow, a multiple of its ``least`` order in a week.

    What fits nowhere goes, no less than an order at a time, into the week with most hours to spare;
    a rest of less than one joins an order that there is. ``per_unit`` is (item, resource) hours,
    ``room`` (resource, week) hours, inf = without a limit.

    >>> spread(np.array([12.0]), np.array([1.0]), np.array([0]), np.array([[1.0]]),
    ...     np.array([[5.0, 6.0]])).tolist()
    [[6.0, 6.0]]
    """
    room, left, used = room.copy(), quantity.copy(), per_unit > 0
    planned = np.zeros((len(quantity), room.shape[1]))

    def put(item, units):
        planned[item] += units
        left[item] -= units.sum()
        room[:] -= np.outer(per_unit[item], units)

    for item in order:
        fit = room[used[item]] / per_unit[item, used[item], None]
        fit = fit.min(axis=0, initial=left[item]).clip(0)
        orders = np.floor(fit / least[item] + SLACK).cumsum()
        orders = np.minimum(orders, np.floor(left[item] / least[item] + SLACK))
        put(item, np.diff(orders, prepend=0.0) * least[item])
    for item in order:
        while left[item] > SLACK * least[item]:
            spare = room[used[item]].min(axis=0, initial=np.inf)
            begun, orders = planned[item] > 0, np.floor(left[item] / least[item] + SLACK)
            spare = np.where(begun, spare, -np.inf) if orders < 1 and begun.any() else spare
            units = max(orders // len(spare), 1.0) * least[item]
            units = left[item] if left[item] < units + least[item] * (1 - SLACK) else units
            put(item, units * (np.arange(len(spare)) == spare.argmax()))
    return planned


def _hours(plan: Finished, bill_of_resources, capacity_plan) -> tuple[np.ndarray, np.ndarray]:
    """(item, resource) hours per unit, and (resource, bucket) hours: regular ones and the overtime
    that the plan works, less those of open work orders; endless where not told.
    """
    bill = reading.own_work(reading.given(bill_of_resources, "bill_of_resources"))
    per_unit = bill.pivot_table("hours_per_unit", "item", "resource", "sum").reindex(plan.names)
    there = capacity_plan.set_index(["resource", "bucket"])
    there = (there["regular_capacity"] + there["overtime"]).unstack()
    there = there.reindex(index=per_unit.columns, columns=plan.buckets)
    per_unit = per_unit.fillna(0.0).to_numpy()
    return per_unit, (there.fillna(np.inf) - per_unit.T @ plan["receipts"]).clip(lower=0).to_numpy()


def weeks_of(bucket: pd.Timestamp, calendar: Calendar) -> pd.Series:
    """Share of a bucket's working days (Monday to Friday) in each of its weeks, by the week's
    Monday.

    >>> share = weeks_of(pd.Timestamp("2026-11-01"), Calendar("month"))
    >>> share.index.strftime("%d %b").tolist(), (share * 21).round().astype(int).tolist()
    (['02 Nov', '09 Nov', '16 Nov', '23 Nov', '30 Nov'], [5, 5, 5, 5, 1])
    """
    days = pd.bdate_range(bucket, calendar.last_day([bucket])[0])
    share = days.to_period("W").start_time.value_counts(normalize=True)
    return share.sort_index().rename_axis("week")
