"""An independent plan: the same economics written another way (explicit shipments and shortfalls)
for scipy's linprog.
"""

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from tests.supply.cases import months


class Lines:
    """Rows of a linear programme, written as {column: coefficient}."""

    def __init__(self):
        self.cost, self.upper, self.names = [], [], {}
        self.equal, self.below = [], []

    def column(self, name, cost=0.0, upper=np.inf):
        self.names[name] = len(self.cost)
        self.cost.append(cost)
        self.upper.append(upper)

    def solve(self):
        def matrix(rows):
            dense = np.zeros((len(rows), len(self.cost)))
            for at, (terms, _) in enumerate(rows):
                for name, value in terms:
                    dense[at, self.names[name]] += value
            return dense, [right for _, right in rows]

        a, b = matrix(self.below) if self.below else (None, None)
        e, f = matrix(self.equal)
        return linprog(
            self.cost,
            A_ub=a,
            b_ub=b,
            A_eq=e,
            b_eq=f,
            bounds=[(0, u) for u in self.upper],
            method="highs",
        )


def cheapest(case, lost_price=None, lost_limit=None):
    """The optimum of a case with explicit prices: money."""
    lines, demand = Lines(), case["demand"]
    buckets = sorted(demand["bucket"].unique())
    last = len(buckets) - 1
    quantity = demand.set_index(["item", "bucket"])["quantity"]
    bill, staff = case["bill_of_resources"], case["resources"].set_index("resource")
    safety = case["safety_stock"].set_index(["item", "bucket"])["quantity"]
    for item in case["items"].itertuples():
        made = bill[bill["item"] == item.item]
        short = (item.holding_cost + item.backlog_cost) / 2
        lost_cost = item.lost_sales_cost if lost_price is None else lost_price[item.item]
        for t, bucket in enumerate(buckets):
            blocked = 0.0 if t < np.ceil(item.lead_time) else np.inf
            lines.column(
                ("make", item.item, t),
                item.unit_cost if len(made) else 1e9,
                blocked if len(made) else 0.0,
            )
            lines.column(("buy", item.item, t), item.unit_cost, 0.0 if len(made) else blocked)
            lines.column(("stock", item.item, t), item.holding_cost)
            lines.column(("late", item.item, t), item.backlog_cost, 0.0 if t == last else np.inf)
            lines.column(
                ("lost", item.item, t),
                lost_cost,
                np.inf if lost_limit is None else lost_limit[item.item, t],
            )
            lines.column(("ship", item.item, t))
            lines.column(("short", item.item, t), short)
            got = [(("make", item.item, t), 1), (("buy", item.item, t), 1)]
            for source in case["sourcing"][case["sourcing"]["item"] == item.item].itertuples():
                late = source.lead_time if not np.isnan(source.lead_time) else item.lead_time
                lines.column(
                    ("source", item.item, source.source, t),
                    source.unit_cost,
                    0.0 if t < np.ceil(late) else source.max_quantity,
                )
                got.append((("source", item.item, source.source, t), 1))
                if not len(made):
                    lines.upper[lines.names["buy", item.item, t]] = 0.0
            before = [(("stock", item.item, t - 1), 1)] if t else []
            owed = [(("late", item.item, t - 1), 1)] if t else []
            lines.equal.append(
                (
                    before + got + [(("stock", item.item, t), -1), (("ship", item.item, t), -1)],
                    -item.on_hand if t == 0 else 0.0,
                )
            )
            lines.equal.append(
                (
                    owed
                    + [
                        (("late", item.item, t), -1),
                        (("lost", item.item, t), -1),
                        (("ship", item.item, t), -1),
                    ],
                    -quantity.get((item.item, bucket), 0.0) - (item.backlog if t == 0 else 0.0),
                )
            )
            lines.below.append(
                (
                    [(("stock", item.item, t), -1), (("short", item.item, t), -1)],
                    -safety.get((item.item, bucket), 0.0),
                )
            )
            if not np.isnan(item.maximum_stock):
                lines.upper[lines.names["stock", item.item, t]] = max(item.maximum_stock, 0.0)
    for name, row in staff.iterrows():
        crew = not np.isnan(row["workers"])
        moves = crew and not (np.isnan(row["hiring_cost"]) and np.isnan(row["layoff_cost"]))
        for t in range(len(buckets)):
            lines.column(
                ("regular", name, t),
                0.0 if crew else row["regular_cost"],
                np.inf if crew else row["hours"],
            )
            lines.column(("overtime", name, t), row["overtime_cost"], row["overtime_hours"])
            uses = [
                (("make", e.item, t), e.hours_per_unit)
                for e in bill[bill["resource"] == name].itertuples()
            ]
            lines.equal.append(
                (uses + [(("regular", name, t), -1), (("overtime", name, t), -1)], 0.0)
            )
            if crew:
                lines.column(("crew", name, t), row["regular_cost"] * row["hours_per_worker"])
                lines.column(
                    ("hire", name, t),
                    row["hiring_cost"] if row["hiring_cost"] >= 0 else 0.0,
                    np.inf if moves and row["hiring_cost"] >= 0 else 0.0,
                )
                lines.column(
                    ("fire", name, t),
                    row["layoff_cost"] if row["layoff_cost"] >= 0 else 0.0,
                    np.inf if moves and row["layoff_cost"] >= 0 else 0.0,
                )
                lines.below.append(
                    (
                        [(("regular", name, t), 1), (("crew", name, t), -row["hours_per_worker"])],
                        0.0,
                    )
                )
                lines.equal.append(
                    (
                        [(("crew", name, t), 1), (("hire", name, t), -1), (("fire", name, t), 1)]
                        + ([(("crew", name, t - 1), -1)] if t else []),
                        0.0 if t else row["workers"],
                    )
                )
    result = lines.solve()
    assert result.status == 0, result.message
    return result.fun


def random_case(seed, items=4, buckets=6):
    """Made and bought items on two resources with a workforce, scarce enough that something is late
    or lost now and then.
    """
    draw = np.random.default_rng(seed)
    names = [f"item {i}" for i in range(items)]
    dates = months(buckets)
    demand = pd.DataFrame(
        [(n, d, draw.integers(0, 100)) for n in names for d in dates],
        columns=["item", "bucket", "quantity"],
    )
    holding = draw.uniform(0.5, 2, items).round(2)
    frame = pd.DataFrame(
        {
            "item": names,
            "unit_cost": draw.uniform(5, 20, items).round(2),
            "price": draw.uniform(40, 90, items).round(2),
            "holding_cost": holding,
            "backlog_cost": (holding * draw.uniform(1, 4, items)).round(2),
            "lost_sales_cost": draw.uniform(60, 900, items).round(2),
            "lead_time": draw.choice([0, 0, 0.5, 2], items),
            "ending_stock": 0.0,  # the plan ends with the horizon
            "maximum_stock": np.where(draw.random(items) < 0.3, 150.0, np.nan),
            "on_hand": draw.integers(0, 60, items).astype(float),
            "backlog": draw.choice([0.0, 0.0, 20.0], items),
        }
    )
    bill = pd.DataFrame(
        [
            (names[0], "line", 1.0),
            (names[1], "line", 0.5),
            (names[1], "crew", 0.3),
            (names[2], "crew", 0.7),
        ],
        columns=["item", "resource", "hours_per_unit"],
    )
    resources = pd.DataFrame(
        {
            "resource": ["line", "crew"],
            "hours": [draw.integers(30, 120), np.nan],
            "workers": [np.nan, draw.integers(2, 9)],
            "hours_per_worker": [np.nan, 8.0],
            "overtime_hours": [draw.integers(0, 20), draw.integers(0, 10)],
            "regular_cost": [3.0, 4.0],
            "overtime_cost": [draw.choice([2.0, 5.0]), 6.0],
            "hiring_cost": [np.nan, draw.choice([20.0, np.nan])],
            "layoff_cost": [np.nan, draw.choice([30.0, np.nan])],
        }
    )
    sourcing = pd.DataFrame(
        {
            "item": [names[1], names[3], names[3]],
            "source": ["near", "near", "far"],
            "unit_cost": [30.0, 22.0, 15.0],
            "max_quantity": [15.0, 80.0, 30.0],
            "lead_time": [np.nan, 0.0, 2.0],
        }
    )
    safety = pd.DataFrame(
        [(n, d, draw.integers(0, 30)) for n in names for d in dates],
        columns=["item", "bucket", "quantity"],
    )
    return {
        "demand": demand,
        "items": frame,
        "resources": resources,
        "bill_of_resources": bill,
        "sourcing": sourcing,
        "safety_stock": safety,
    }


def as_arguments(case):
    """The case as ``plan_supply`` takes it."""
    inventory = case["items"][["item", "on_hand", "backlog"]]
    return {
        **case,
        "items": case["items"].drop(columns=["on_hand", "backlog"]),
        "inventory": inventory,
    }
