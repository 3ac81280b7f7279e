"""Every column that a company may fill in moves the plan: nothing that is declared is ignored."""

from math import inf, nan

import numpy as np
import pandas as pd
import pytest

from sopkit.demand import consensus
from sopkit.metrics import Book
from sopkit.supply import (
    backlog_plan,
    inventory_plan,
    master_schedule,
    plan_supply,
    safety_stock,
    stock_risk,
    supply_inputs,
)
from sopkit.tables import INPUTS
from tests.supply.cases import months

BUCKETS = months(6)
DEMAND = {"A": [40.0, 60.0, 80.0, 60.0, 50.0, 40.0], "B": [10.0] * 6, "C": [5.0] * 6}
COMPANY = {
    "items": pd.DataFrame(
        {
            "item": ["A", "B", "C"],
            "family": ["F", "G", "F"],
            "strategy": ["stock", "order", "stock"],
            "price": [50.0, 60.0, 20.0],
            "unit_cost": [10.0, 20.0, 5.0],
            "service_level": [0.9, nan, 0.9],
            "lead_time": [0.0, 1.0, 0.0],
            "customer_lead_time": [0.0, 1.0, 0.0],
            "retired_on": pd.to_datetime([None, None, "2026-04-15"]),
        }
    ),
    "resources": pd.DataFrame(
        {
            "resource": ["line", "crew", "press"],
            "hours": [45.0, nan, nan],
            "workers": [nan, 1.0, 4.0],
            "hours_per_worker": [nan, 10.0, 10.0],
            "overtime_hours": [5.0, 4.0, 0.0],
            "overtime_per_worker": [nan, 3.0, nan],
            "regular_cost": [2.0, 3.0, 3.0],
            "hiring_cost": [nan, 20.0, nan],
            "layoff_cost": [nan, nan, 20.0],
        }
    ),
    "bill_of_resources": pd.DataFrame(
        {
            "item": ["A", "A", "A"],
            "resource": ["line", "crew", "press"],
            "hours_per_unit": [1.0, 0.5, 0.5],
        }
    ),
    "sourcing": pd.DataFrame(
        {
            "item": ["A", "C"],
            "source": ["near", "far"],
            "unit_cost": [25.0, 6.0],
            "max_quantity": [5.0, inf],
            "lead_time": [1.0, 0.0],
        }
    ),
    "inventory": pd.DataFrame({"item": ["A", "B"], "on_hand": [20.0, 0.0], "backlog": [0.0, 4.0]}),
    "receipts": pd.DataFrame(
        {"item": ["A"], "due_on": pd.to_datetime(["2026-02-10"]), "quantity": [8.0]}
    ),
}
CHANGED = {  # table: column: (row, another value)
    "items": {
        "item": (2, "D"),
        "family": (1, "H"),
        "strategy": (0, "order"),
        "price": (0, 5.0),
        "unit_cost": (0, 40.0),
        "standard_cost": (0, 90.0),
        "holding_cost": (0, 9.0),
        "backlog_cost": (0, 0.1),
        "lost_sales_cost": (0, 1.0),
        "service_level": (0, 0.6),
        "lead_time": (0, 1.0),
        "customer_lead_time": (1, 2.0),
        "lot_size": (0, 4.0),
        "minimum_lot": (0, 4.0),
        "maximum_stock": (0, 1.0),
        "ending_stock": (0, 25.0),
        "shelf_life": (0, 0.25),
        "launched_on": (0, "2026-03-01"),
        "retired_on": (0, "2026-03-31"),
        "successor": (2, "A"),
    },
    "resources": {
        "resource": (0, "other"),
        "bucket": (0, "2026-03-01"),
        "hours": (0, 70.0),
        "workers": (1, 3.0),
        "hours_per_worker": (1, 20.0),
        "extra_hours": (1, 10.0),
        "overtime_hours": (0, 0.0),
        "overtime_per_worker": (1, 0.0),
        "regular_cost": (0, 4.0),
        "overtime_cost": (0, 2.5),
        "hiring_cost": (1, 500.0),
        "layoff_cost": (2, 0.0),
    },
    "bill_of_resources": {
        "item": (1, "C"),
        "resource": (1, "third"),
        "source": (0, "near"),
        "hours_per_unit": (0, 0.8),
    },
    "sourcing": {
        "item": (0, "C"),
        "source": (0, "other"),
        "unit_cost": (0, 12.0),
        "max_quantity": (0, 0.0),
        "lead_time": (0, 3.0),
    },
    "inventory": {"item": (0, "C"), "on_hand": (0, 0.0), "backlog": (1, 0.0)},
    "receipts": {"item": (0, "C"), "due_on": (0, "2026-04-10"), "quantity": (0, 20.0)},
}
WORDS = {  # what people read, and what stands before a plan: tests/sources and tests/forecast
    "items": {"line", "description", "unit"},
    "inventory": {"as_of", "site"},  # sites count beside lanes alone: test_sites
    "receipts": {"ordered_on", "site"},
    **dict.fromkeys(("resources", "bill_of_resources", "sourcing"), {"site"}),
}


def outputs(tables: dict) -> dict:
    """Every table that follows from a company; what is named nowhere else is added to its home."""
    tables = {name: INPUTS[name].typed(frame) for name, frame in tables.items()}
    for key in ("item", "resource"):
        named = {code for frame in tables.values() if key in frame for code in frame[key]}
        new = pd.DataFrame({key: sorted(named - set(tables[f"{key}s"][key]))})
        tables[f"{key}s"] = (
            INPUTS[f"{key}s"]
            .typed(pd.concat([tables[f"{key}s"].astype("object"), new]).infer_objects())
            .reset_index(drop=True)
        )
    items = tables["items"]
    cells = [
        pd.DataFrame({"item": name, "market": "N", "bucket": BUCKETS, "baseline": units})
        for name, units in DEMAND.items()
        if name in set(items["item"])
    ]
    known = {"items": items, "baseline_forecast": pd.concat(cells)}
    demand, products, issues = consensus(Book(known, first=BUCKETS[0]), BUCKETS)
    paths = np.random.default_rng(1).normal(20, 4, (len(items), 50, 6)).clip(0)
    safe = safety_stock(paths, items["item"], BUCKETS, items)
    safe = safe[safe["item"].isin(demand["item"])]
    asked = supply_inputs(demand, tables["inventory"], tables, {}, safety_stock=safe)
    made = plan_supply(**asked)
    plan = made.supply_plan
    schedule = master_schedule(
        plan,
        items,
        bill_of_resources=tables["bill_of_resources"],
        capacity_plan=made.capacity_plan,
        sourcing_plan=made.sourcing_plan,
    )
    tables = (products, issues, schedule, backlog_plan(plan, items))
    tables += (inventory_plan(plan, items), stock_risk(plan, items))
    return dict(enumerate(tables)) | {
        name: table for name, table in vars(made).items() if hasattr(table, "equals")
    }


@pytest.fixture(scope="module")
def plain():
    """What follows from the company as it is."""
    return outputs(COMPANY)


def test_every_column_of_what_a_supply_plan_reads_is_tried_or_a_word():
    for name in COMPANY:
        tried, words = set(CHANGED[name]), WORDS.get(name, set())
        assert tried | words == set(INPUTS[name].names) and not tried & words, name


CELLS = [(table, column) for table, columns in CHANGED.items() for column in columns]


@pytest.mark.parametrize(("table", "column"), CELLS)
def test_a_column_moves_the_plan(table, column, plain):
    row, value = CHANGED[table][column]
    frame = INPUTS[table].typed(COMPANY[table]).astype({column: "object"})
    frame.loc[row, column] = pd.Timestamp(value) if INPUTS[table][column].kind == "date" else value
    other = outputs(COMPANY | {table: frame})
    assert [name for name in plain if not plain[name].equals(other[name])]


@pytest.mark.parametrize(
    ("table", "column"), [(t, c) for t, cs in WORDS.items() for c in sorted(cs)]
)
def test_a_word_for_people_moves_nothing(table, column, plain):
    value = "2025-12-31" if INPUTS[table][column].kind == "date" else "words"
    frame = COMPANY[table].assign(**{column: pd.to_datetime(value) if "-" in value else value})
    other = outputs(COMPANY | {table: frame})
    assert all(plain[name].equals(other[name]) for name in plain)
