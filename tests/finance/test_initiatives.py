import pandas as pd
import pytest

from sopkit import finance
from sopkit.finance.initiatives import initiative_costs
from sopkit.metrics import Book
from sopkit.tables import INPUTS, PLANS
from tests.metrics.test_identities import plan_table

MONTHS = pd.date_range("2026-11-01", periods=3, freq="MS", unit="us")
ITEMS = pd.DataFrame({"item": ["A", "B"], "family": ["FA", "FB"]})
PLAN = plan_table(
    "demand_plan",
    item=["A"] * 3 + ["B"] * 3,
    market=["N"] * 6,
    bucket=[*MONTHS, *MONTHS],
    baseline=[80.0] * 3 + [50.0] * 3,
    events=[20.0] * 3 + [0.0] * 3,
)
PRICES = PLAN[["item", "market", "bucket"]].assign(price=[10.0] * 3 + [4.0] * 3)


def initiative_plan(rows):
    items = ITEMS.assign(unit_cost=[6.0, 3.0])
    given = {"initiatives": rows, "demand_plan": PLAN, "items": items, "prices": PRICES}
    return finance.initiative_plan(Book(given))


def planned(**columns):
    row = pd.DataFrame(
        [
            {"initiative": "Push", "starts_on": pd.Timestamp("2026-12-01"), "ends_on": pd.NaT}
            | columns
        ]
    )
    return initiative_plan(row).set_index("bucket")


def test_demand_of_a_scope_with_investment_and_chance():
    table = planned(family="FA", demand_change=0.1, investment=15.0, probability=0.5)
    assert table["units"].tolist() == [10, 10], "from December to the horizon's end"
    assert table["money"].tolist() == [10 * 4 - 15, 40] and table["weighted"].tolist() == [12.5, 20]


def test_everything_and_part_of_a_bucket():
    assert planned(demand_change=0.1)["units"].tolist() == [15, 15]
    assert planned(item="B", demand_change=0.2, ends_on=pd.Timestamp("2026-12-15"))[
        "units"
    ].tolist() == [pytest.approx(10 * 15 / 31)]


def test_capacity_changes_hours_not_demand():
    table = planned(resource="line", capacity_change=40.0, demand_change=0.1, investment=7.0)
    assert (
        table["hours"].tolist() == [40, 40]
        and table["units"].tolist() == [0, 0]
        and table["money"].tolist() == [-7, 0]
    )


def test_what_has_begun_is_not_invested_again():
    table = planned(
        item="A", starts_on=pd.Timestamp("2026-01-01"), demand_change=0.1, investment=99.0
    )
    assert table["money"].tolist() == [40, 40, 40]


def test_what_it_costs_while_it_runs_is_a_cost_of_the_period():
    half = pd.Timestamp("2026-12-16")
    table = planned(item="B", starts_on=half, running_cost=31.0, investment=5.0)
    assert table["money"].tolist() == [pytest.approx(-16 - 5), -31]
    rows = pd.DataFrame(
        {"initiative": ["Push"], "starts_on": [half], "running_cost": [31.0], "probability": [0.5]}
    )
    book = Book({"initiatives": rows}, first=MONTHS[0], settings={"initiatives": "weighted"})
    book.buckets = MONTHS
    costs = initiative_costs(book)
    assert costs["period_costs"].tolist() == costs["at_once"].tolist()
    assert costs["period_costs"].tolist() == [0, pytest.approx(8), 15.5]


def test_rows_of_one_initiative_are_added_up():
    rows = pd.DataFrame(
        {
            "initiative": "Push",
            "item": ["A", None],
            "resource": [None, "line"],
            "starts_on": [MONTHS[0]] * 2,
            "ends_on": [MONTHS[0] + pd.Timedelta(days=29)] * 2,
            "demand_change": [0.1, None],
            "capacity_change": [None, 8.0],
            "investment": [10.0, 20.0],
        }
    )
    table = initiative_plan(rows)
    assert table[["units", "hours", "money"]].values.tolist() == [[10, 8, 40 - 30]]


def test_no_initiatives_no_rows():
    assert initiative_plan(INPUTS["initiatives"].empty()).dtypes.equals(
        PLANS["initiative_plan"].empty().dtypes
    )
