"""Random companies of every kind, as cases that the oracle and ``plan_supply`` both read."""

import numpy as np
import pandas as pd

from tests.supply.oracle import random_case

KINDS = {  # what is asked of a plan, and the share of the companies
    "linear": ({}, 0.5),
    "lots": ({"lots": True, "gap": 1e-6}, 0.2),
    "whole workers": ({"whole_workers": True, "gap": 1e-6}, 0.15),
    "level": ({"strategy": "level"}, 0.075),
    "chase": ({"strategy": "chase"}, 0.075),
}
SIZES = 1e-3, 1.0, 1e3, 1e7  # units of one item beside another
UNITS = {  # columns in units by table; those in money or hours per unit
    "demand": ["quantity"],
    "safety_stock": ["quantity"],
    "receipts": ["quantity"],
    "bookings": ["quantity"],
    "frozen": ["production", "purchased"],
    "sourcing": ["max_quantity"],
    "items": ["ending_stock", "maximum_stock", "on_hand", "backlog", "lot_size", "minimum_lot"],
}
PER_UNIT = {
    "items": ["unit_cost", "price", "holding_cost", "backlog_cost", "lost_sales_cost"],
    "sourcing": ["unit_cost"],
    "bill_of_resources": ["hours_per_unit"],
}


def company(kind, seed):
    """A company with whatever its seed draws: items to order, that may not be late or lost, in a
    fence, with lead times, required ending stock, work under way and other routings.
    """
    asked, _ = KINDS[kind]
    whole = kind in ("lots", "whole workers")
    draw = np.random.default_rng([seed, list(KINDS).index(kind)])
    count, buckets = (4, 4) if whole else (draw.integers(4, 7), draw.integers(3, 9))
    case = random_case(int(draw.integers(1e9)), count, buckets) | asked
    items, dates = case["items"], sorted(case["demand"]["bucket"].unique())

    def some(chance, value, other=np.nan):
        return np.where(draw.random(count) < chance, value, other)

    items["strategy"] = some(0.25, "order", "stock")
    items["lost_sales_cost"] = some(0.06, np.inf, items["lost_sales_cost"])
    if kind == "chase":  # which may have to lose what it might have built ahead
        items["lost_sales_cost"] = 900.0
    patient = items["strategy"].eq("order") | np.isinf(items["lost_sales_cost"])
    impatient = some(0.2, np.inf, items["backlog_cost"])
    items["backlog_cost"] = items["backlog_cost"].where(patient, impatient)
    items["customer_lead_time"] = draw.choice([0.0, 1.0, 1.5, 2.0], count)
    case["bookings"] = pd.DataFrame(
        [
            (item, dates[0] - pd.DateOffset(months=back), float(draw.integers(0, 60)))
            for item in items["item"]
            for back in (1, 2)
        ],
        columns=["item", "bucket", "quantity"],
    )
    if draw.random() < 0.3:
        items["ending_stock"] = draw.integers(0, 30, count).astype(float)
        items["ending_stock"] = np.fmin(items["ending_stock"], items["maximum_stock"])
    elif draw.random() < 0.3:  # without safety stock and settings the plan ends with the horizon
        items["ending_stock"] = np.nan
        del case["safety_stock"]
    elif kind != "level" and draw.random() < 0.3:
        case["settings"] = {"hiring_notice": 1, "layoff_notice": 2}
    if draw.random() < 0.3:
        case["holding"] = "average"
    if kind == "lots":
        items["lot_size"] = draw.choice([np.nan, 5.0, 12.0, 40.0], count)
        items["minimum_lot"] = draw.choice([np.nan, np.nan, 8.0, 30.0], count)
    if draw.random() < 0.3:
        cells = [(i, draw.choice(dates), float(draw.integers(1, 60))) for i in items["item"]]
        case["receipts"] = pd.DataFrame(cells, columns=["item", "due_on", "quantity"])
        case["receipts"]["bucket"] = case["receipts"]["due_on"]
    if draw.random() < 0.3:
        case["frozen"] = pd.DataFrame(
            [
                (items["item"][0], dates[0], float(draw.integers(0, 20)), np.nan),
                (items["item"][2], dates[1], float(draw.integers(0, 6)), np.nan),
                (items["item"][3], dates[0], np.nan, float(draw.integers(0, 60))),
            ],
            columns=["item", "bucket", "production", "purchased"],
        )
    if draw.random() < 0.3:
        routing = {"item": items["item"][1], "resource": ["crew", "line"], "source": "near"}
        routing = pd.DataFrame(routing | {"hours_per_unit": draw.choice([0.0, 0.2, 0.6], 2)})
        case["bill_of_resources"] = pd.concat([case["bill_of_resources"], routing])
    if draw.random() < 0.4:
        _staff(case, draw, dates, ceiling=kind != "level")
    return case


def _staff(case, draw, dates, ceiling):
    """More of what resources may say: a bucket of its own, overtime per worker, opening hours."""
    staff = case["resources"].assign(bucket=pd.NaT, overtime_per_worker=[np.nan, draw.choice(3)])
    staff.loc[1, "overtime_hours"] = draw.choice([np.nan, 12.0])
    if ceiling:
        staff.loc[1, "hours"] = draw.choice([np.nan, 60.0])
    week = {"resource": "line", "bucket": dates[1], "hours": 20.0}
    case["resources"] = pd.concat([staff, pd.DataFrame([week])], ignore_index=True)


def sizes(case, seed):
    """{item: units of it that are one unit of the case}: every other company has mixed sizes."""
    draw = np.random.default_rng(seed)
    names = case["items"]["item"]
    return pd.Series(draw.choice(SIZES, len(names)) if seed % 2 else 1.0, names)


def resized(case, units):
    """The same company counted in other ``units`` (see ``sizes``): its money is the same."""
    other = {
        name: table.copy() if hasattr(table, "copy") else table for name, table in case.items()
    }
    for columns, power in ((UNITS, 1), (PER_UNIT, -1)):
        for name, told in columns.items():
            for column in set(told) & set(other.get(name, ())):
                other[name][column] *= other[name]["item"].map(units) ** power
    return other
