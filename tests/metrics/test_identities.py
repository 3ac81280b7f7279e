import numpy as np
import pandas as pd
import pytest

from sopkit.metrics import Book, identities
from sopkit.tables import PLANS

MONTHS = pd.date_range("2026-11-01", periods=2, freq="MS", unit="us")


def plan_table(name, **columns):
    frame = pd.DataFrame(columns)
    return frame.assign(
        **{
            c.name: "" if c.kind == "text" else 0.0
            for c in PLANS[name].columns
            if c.name not in frame
        }
    )[PLANS[name].names]


@pytest.fixture
def tables():
    """Two items over two buckets: A made to stock (demand 10, 20; makes 8, 20), B to order (demand
    5, 5; makes 3, 6).
    """
    key = {"item": ["A", "A", "B", "B"], "bucket": [*MONTHS, *MONTHS]}
    supply = plan_table(
        "supply_plan",
        **key,
        demand=[10.0, 20, 5, 5],
        production=[8.0, 20, 3, 6],
        shipments=[10.0, 20, 3, 6],
        projected_available=[2.0, 2, 0, 0],
        backlog=[0.0, 0, 6, 5],
    )
    demand = plan_table(
        "demand_plan",
        **key,
        market=["N"] * 4,
        baseline=[9.0, 20, 5, 5],
        override=[1.0, 0, 0, 0],
        consensus=[10.0, 20, 5, 5],
    )
    price, cost = np.array([3.0, 3, 7, 7]), np.array([1.0, 1, 2, 2])
    money = dict(
        revenue=supply["shipments"] * price,
        cost_of_sales=supply["shipments"] * cost,
        inventory_value=supply["projected_available"] * cost,
    )
    finance = plan_table(
        "financial_plan",
        family=["FA", "FA", "FB", "FB"],
        bucket=key["bucket"],
        **money,
        budget_revenue=[np.nan] * 4,
        budget_margin=[np.nan] * 4,
    )
    return {
        "supply_plan": supply,
        "demand_plan": demand,
        "opening_stock": pd.DataFrame(
            {"item": ["A", "B"], "on_hand": [4.0, 0.0], "backlog": [0.0, 4.0]}
        ),
        "capacity_plan": plan_table(
            "capacity_plan",
            resource=["line"] * 2,
            bucket=MONTHS,
            load=[8.0, 12.0],
            regular_capacity=[10.0] * 2,
            overtime=[0.0, 2.0],
            overtime_limit=[2.0] * 2,
        ),
        "inventory_plan": plan_table(
            "inventory_plan",
            **key,
            units=supply["projected_available"],
            value=supply["projected_available"] * cost,
        ),
        "backlog_plan": plan_table(
            "backlog_plan",
            family=["FB"] * 2,
            bucket=MONTHS,
            opening=[4.0, 6.0],
            bookings=[5.0, 5.0],
            shipments=[3.0, 6.0],
            closing=[6.0, 5.0],
        ),
        "financial_plan": finance.assign(margin=finance["revenue"] - finance["cost_of_sales"]),
        "items": pd.DataFrame(
            {"item": ["A", "B"], "family": ["FA", "FB"], "strategy": ["stock", "order"]}
        ),
        "prices": pd.DataFrame({**key, "market": "N", "price": price}),
    }


def test_a_plan_that_adds_up_holds_everywhere(tables):
    found = identities(Book(tables))
    assert found["holds"].all() and len(found) == 15
    assert (found["where"] == "").all()


BREAKS = {  # table, column, row, the words of the identities that must break
    ("supply_plan", "projected_available", 1): ["stock and backlog", "inventory plan's units"],
    ("supply_plan", "shipments", 2): [
        "shipments = demand",
        "items' backlog",
        "revenue = shipments",
    ],
    ("supply_plan", "demand", 0): ["stock and backlog", "shipments = demand", "supply's demand"],
    ("opening_stock", "on_hand", 0): ["stock and backlog"],
    ("demand_plan", "override", 3): ["consensus = sum"],
    ("capacity_plan", "load", 1): ["load ≤"],
    ("inventory_plan", "value", 0): ["items' stock value", "stock value sums to the company"],
    ("financial_plan", "revenue", 0): ["revenue = shipments", "margin = "],
    ("backlog_plan", "closing", 1): ["items' backlog"],
}


@pytest.mark.parametrize("table, column, row", BREAKS)
def test_one_unit_off_breaks_what_it_must_and_nothing_else(tables, table, column, row):
    broken = tables[table].copy()
    broken.loc[row, column] += 1
    found = identities(Book(tables | {table: broken}))
    off = found[~found["holds"]]
    words = BREAKS[table, column, row]
    assert len(off) == len(words) and all(
        any(text.startswith(word) for text in off["identity"]) for word in words
    ), off
    assert (off["largest_difference"] >= 1).all() and (off["where"] != "").all()


def test_negative_and_unknown_numbers_break(tables):
    supply = tables["supply_plan"].copy()
    supply.loc[0, "purchased"] = -0.5
    negative = (
        identities(Book({"supply_plan": supply}))
        .set_index("identity")
        .loc["no column of the supply plan is negative"]
    )
    assert not negative["holds"] and negative["where"] == "A, 2026-11-01"
    supply.loc[0, "purchased"] = np.nan
    assert not identities(Book({"supply_plan": supply}))["holds"].any()


def test_overtime_beyond_its_limit_breaks(tables):
    capacity = tables["capacity_plan"].assign(overtime=[0.0, 3.0])
    assert not identities(Book({"capacity_plan": capacity})).set_index("identity")["holds"][
        "overtime ≤ overtime limit"
    ]


def test_unlimited_capacity_holds(tables):
    capacity = tables["capacity_plan"].assign(regular_capacity=np.inf, overtime_limit=np.inf)
    assert identities(Book({"capacity_plan": capacity}))["holds"].all()


def test_the_tolerance_is_a_millionth_of_the_largest_value(tables):
    demand = tables["demand_plan"].assign(
        baseline=lambda d: d["baseline"] * 1e6, override=0.0, consensus=lambda d: d["baseline"]
    )
    near, far = demand.copy(), demand.copy()
    near.loc[0, "consensus"] += 15
    far.loc[0, "consensus"] += 25
    assert identities(Book({"demand_plan": near}))["holds"].all()
    assert not identities(Book({"demand_plan": far}))["holds"].all()


def test_empty_tables_hold_and_absent_ones_are_not_listed():
    empty = {
        name: PLANS[name].empty()
        for name in ("supply_plan", "demand_plan", "opening_stock", "capacity_plan")
    }
    assert identities(Book(empty))["holds"].all() and len(identities(Book(empty))) == 8
    assert identities(Book({})).empty
