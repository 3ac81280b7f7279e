import numpy as np
import pandas as pd
import pytest

from sopkit import finance
from sopkit.metrics import Book
from sopkit.tables import PLANS
from tests.metrics.test_identities import plan_table

MONTHS = pd.date_range("2026-11-01", periods=3, freq="MS", unit="us")
ITEMS = pd.DataFrame({"item": ["A"], "family": ["FA"], "unit_cost": [10.0]})
PRICES = pd.DataFrame({"item": "A", "bucket": MONTHS, "price": 50.0})
COST = pd.DataFrame({"item": ["A"], "standard_cost": [20.0]})
BILL = pd.DataFrame({"item": ["A"], "resource": ["line"], "hours_per_unit": [0.5]})
RESOURCES = pd.DataFrame(
    {"resource": ["line"], "hours": [20.0], "regular_cost": [20.0], "overtime_cost": [30.0]}
)


def gap_options(plan, items, prices, cost, settings=None, **tables):
    given = {"supply_plan": plan, "items": items, "prices": prices.assign(market="N")} | tables
    book = Book(given, settings=settings)
    book.cost = cost.set_index("item")["standard_cost"]
    return finance.gap_options(book)


def supply(late=(0.0, 8.0, 0.0), lost=(0.0, 0.0, 0.0), **columns):
    return plan_table(
        "supply_plan",
        item=["A"] * 3,
        bucket=MONTHS,
        demand=[40.0] * 3,
        late=list(late),
        lost=list(lost),
        **columns,
    )


def hours(**columns):
    return plan_table(
        "capacity_plan",
        resource=["line"] * 3,
        bucket=MONTHS,
        **(
            {
                "load": [20.0] * 3,
                "unconstrained_load": [20.0, 30.0, 20.0],
                "regular_capacity": [20.0] * 3,
                "overtime": [0.0] * 3,
                "overtime_limit": [1.0] * 3,
                "shadow_price": [0.0, 60.0, 0.0],
            }
            | columns
        ),
    )


def options(plan, **given):
    return gap_options(plan, ITEMS, PRICES, COST, **given).set_index("option")


def test_no_gap_no_options():
    assert gap_options(
        supply(late=(0, 0, 0)),
        ITEMS,
        PRICES,
        COST,
        capacity_plan=hours(),
        bill_of_resources=BILL,
        resources=RESOURCES,
    ).dtypes.equals(PLANS["gap_options"].empty().dtypes)


def test_overtime_and_more_hours_by_hand():
    table = options(
        supply(),
        capacity_plan=hours(),
        bill_of_resources=BILL,
        resources=RESOURCES,
        settings={"owners": {"supply_plan": "Ines"}},
    )
    overtime = table.loc["Overtime on line: 2 hours"]
    # 8 units late in December need 4 hours; 2 overtime hours are left until then: 4 units at a
    # margin of 30, less 2 × 10 premium.
    assert overtime[["closes", "cost", "gain", "value_per_unit", "owner"]].tolist() == [
        4,
        60,
        4 * 30 - 20,
        25,
        "Ines",
    ]
    more = table.loc["More capacity on line: 4 regular hours"]
    assert more[["closes", "cost", "gain"]].tolist() == [8, 80, 4 * 60]
    assert table.index[0].startswith("More capacity"), "best gain first"


def test_overtime_helps_only_where_demand_overloads_the_resource():
    idle = hours(unconstrained_load=[20.0] * 3, shadow_price=[0.0] * 3)
    assert options(supply(), capacity_plan=idle, bill_of_resources=BILL, resources=RESOURCES).empty


def test_sources_within_their_limit_and_lead_time():
    source = pd.DataFrame(
        {
            "item": ["A"],
            "source": ["Sub"],
            "unit_cost": [35.0],
            "max_quantity": [3.0],
            "lead_time": [1.0],
        }
    )
    row = options(supply(), sourcing=source, bill_of_resources=BILL).loc["Subcontract A from Sub"]
    assert row[["closes", "cost", "gain"]].tolist() == [
        3,
        105,
        45,
    ], "December only: November is inside the lead time"
    assert (
        options(supply(subcontracted=[0.0, 2.0, 0.0]), sourcing=source).loc["Buy A from Sub"][
            "closes"
        ]
        == 1
    )
    assert (
        options(supply(), sourcing=source.assign(max_quantity=np.nan)).loc["Buy A from Sub"][
            "closes"
        ]
        == 8
    )
    assert options(supply(), sourcing=source.assign(unit_cost=60.0)).empty, (
        "dearer than the price: no option"
    )
    assert options(supply(), sourcing=source.assign(lead_time=2.0)).empty


def test_a_trifle_late_is_no_gap():
    assert options(
        supply(late=(0.1, 0, 0)), capacity_plan=hours(), bill_of_resources=BILL, resources=RESOURCES
    ).empty


@pytest.fixture
def behind():
    money = plan_table(
        "financial_plan",
        family=["(company)"] * 3 + ["FA"] * 3,
        bucket=[*MONTHS, *MONTHS],
        revenue=[0.0] * 3 + [2000.0] * 3,
        budget_revenue=[900.0] * 3 + [2100.0] * 3,
        revenue_gap=[-900.0] * 3 + [-100.0] * 3,
    )
    demand = plan_table(
        "demand_plan",
        item=["A"] * 3,
        market=["N"] * 3,
        bucket=MONTHS,
        baseline=[30.0] * 3,
        launches=[0.0, 5.0, 10.0],
        consensus=[30.0, 35.0, 40.0],
    )
    return {"financial_plan": money, "demand_plan": demand}


def test_ways_to_lift_revenue_to_budget(behind):
    launches = pd.DataFrame({"item": ["A"], "launched_on": [MONTHS[1]]})
    events = pd.DataFrame(
        {"event": ["Fair"], "item": ["A"], "kind": ["promotion"], "uplift": [0.2], "price": [44.0]}
    )
    table = options(
        supply(late=(0, 0, 0)),
        launches=launches,
        events=events,
        settings={"owners": {"FA": "Tom"}, "planning_fence": 1},
        **behind,
    )
    price = table.loc["Raise prices of FA by 1 %, volume unchanged"]
    assert price[["closes", "gain"]].tolist() == [0, 60] and np.isnan(price["value_per_unit"])
    launch = table.loc["Launch A one month earlier"]
    assert launch[["closes", "gain", "owner"]].tolist() == [10, 300, "Tom"]
    assert not any(name.startswith("Promote") for name in table.index), (
        "6 units more at 30, but 6 off on all 36: no gain"
    )
    assert options(
        supply(late=(0, 0, 0)),
        events=events.assign(price=49.0),
        settings={"planning_fence": 1},
        **behind,
    ).loc["Promote FA: +20 % in Dec 26 at 2 % off"]["gain"] == pytest.approx(6 * 30 - 36 * 1)


def test_a_price_rise_closes_no_more_than_the_gap(behind):
    near = behind["financial_plan"].assign(budget_revenue=[900.0] * 3 + [2001.0] * 3)
    table = options(supply(late=(0, 0, 0)), **behind | {"financial_plan": near})
    assert table["gain"].tolist() == [3] and table.index.tolist() == [
        "Raise prices of FA by 1 %, volume unchanged"
    ], "the company's own row is no family"
