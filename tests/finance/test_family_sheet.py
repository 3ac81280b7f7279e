import numpy as np
import pandas as pd
import pytest

from sopkit import finance
from sopkit.buckets import Calendar
from sopkit.metrics import Book
from tests.metrics.test_identities import plan_table

MONTH = Calendar("month")
FIRST = pd.Timestamp("2026-11-01")
AHEAD, PAST = MONTH.range(FIRST, 18), MONTH.range("2026-01-01", 10)
ITEMS = pd.DataFrame(
    {
        "item": ["A", "B", "X"],
        "family": ["Pumps", "Pumps", "Valves"],
        "unit": ["pcs", "pcs", "pcs"],
        "strategy": ["stock", "order", "stock"],
    }
)


def family_sheet(family, items, first, settings=None, calendar=None, **tables):
    book = Book({"items": items} | tables, first=first, settings=settings, calendar=calendar)
    return finance.family_sheet(finance.family_lines(family, book), book)


@pytest.fixture
def tables():
    supply = plan_table(
        "supply_plan",
        item=["A"] * 18 + ["B"] * 18 + ["X"] * 18,
        bucket=[*AHEAD] * 3,
        demand=[10.0] * 18 + [5.0] * 18 + [999.0] * 18,
        production=[12.0] * 18 + [4.0] * 18 + [999.0] * 18,
        shipments=[10.0] * 18 + [4.0] * 18 + [999.0] * 18,
        backlog=[0.0] * 18 + list(np.arange(9.0, 27.0)) + [0.0] * 18,
    )
    return {
        "demand_plan": supply[["item", "bucket"]].assign(consensus=supply["demand"]),
        "supply_plan": supply,
        "inventory_plan": plan_table(
            "inventory_plan", item=["A"] * 18, bucket=AHEAD, units=[20.0] * 18
        ),
        "backlog_plan": pd.DataFrame({"family": "Pumps", "bucket": AHEAD, "lead_time": 2.3}),
        "financial_plan": plan_table(
            "financial_plan",
            family=["Pumps"] * 18,
            bucket=AHEAD,
            revenue=[150.0] * 18,
            margin=[50.0] * 18,
            inventory_value=[80.0] * 18,
        ),
        "sales_history": pd.DataFrame(
            {
                "item": "A",
                "market": "N",
                "bucket": PAST,
                "quantity": [11.0] * 9 + [8.0],
                "revenue": 110.0,
            }
        ),
        "production_history": pd.DataFrame(
            {"item": "A", "bucket": PAST, "planned": 12.0, "actual": 11.0}
        ),
        "inventory_history": pd.DataFrame({"item": "A", "bucket": PAST, "on_hand": 7.0}),
        "released_forecasts": pd.DataFrame(
            {
                "item": "A",
                "market": "N",
                "bucket": np.repeat(PAST, 2),
                "lag": np.tile([1, 3], 10),
                "consensus": np.tile([10.0, 77.0], 10),
            }
        ),
        "kpis": pd.DataFrame(
            {
                "step": 1,
                "kpi": "on_time_delivery",
                "scope": "Pumps",
                "bucket": PAST[-3:],
                "actual": [0.9, 0.95, 0.97],
                "target": 0.95,
            }
        ),
        "budget": pd.DataFrame(
            {
                "family": "Pumps",
                "bucket": MONTH.range("2026-01-01", 12),
                "quantity": 14.0,
                "revenue": 140.0,
                "margin": 45.0,
            }
        ),
    }


def sheet(tables, **more):
    return family_sheet("Pumps", ITEMS, FIRST, **tables, **more).set_index(["block", "line"])


def test_columns_past_months_to_a_quarters_end_quarters_and_the_fiscal_year(tables):
    assert sheet(tables).columns.tolist() == [
        "unit",
        "Aug 26",
        "Sep 26",
        "Oct 26",
        "Nov 26",
        "Dec 26",
        "Jan 27",
        "Feb 27",
        "Mar 27",
        "Apr 27",
        "May 27",
        "Jun 27",
        "Q3 27",
        "Q4 27",
        "Q1 28",
        "FY26 est.",
        "FY26 budget",
        "difference",
    ], "Apr 28, the stub of a quarter at the horizon's end, stands in no column"


def test_sales_plan_actual_difference_cumulative(tables):
    s = sheet(tables).loc["Sales"]
    assert s.loc["planned"][["Aug 26", "Nov 26", "Jun 27", "Q3 27"]].tolist() == [
        10,
        15,
        15,
        45,
    ], "the plan made one bucket ahead, then the consensus of A and B"
    assert s.loc["sold"][["Sep 26", "Oct 26"]].tolist() == [11, 8] and np.isnan(
        s.loc["sold"]["Nov 26"]
    )
    assert s.loc["difference"][["Aug 26", "Sep 26", "Oct 26"]].tolist() == [1, 1, -2]
    assert s.loc["cumulative"][["Aug 26", "Sep 26", "Oct 26"]].tolist() == [1, 2, 0]
    year = s.loc["planned"][["FY26 est.", "FY26 budget", "difference"]]
    assert year.tolist() == [137, 168, 137 - 168], "9 × 11 + 8 sold, 2 × 15 planned; 12 × 14"
    assert s["unit"].unique().tolist() == ["pcs"]


def test_stock_items_have_inventory_and_order_items_backlog(tables):
    s = sheet(tables)
    assert (
        s.loc[("Inventory", "counted")]["Oct 26"] == 7
        and s.loc[("Inventory", "planned")]["Q3 27"] == 20
    )
    assert s.loc[("Inventory", "cover")]["Nov 26"] == 2, "20 of A against A's 10 a month"
    assert s.loc[("Backlog", slice(None)), "Nov 26"].tolist() == [8, 5, 4, 9, 0, 2.3]
    assert (
        s.loc[("Backlog", "opening")]["Q3 27"] == 16
        and s.loc[("Backlog", "closing")]["Q3 27"] == 19
        and s.loc[("Backlog", "bookings")]["Q3 27"] == 15
    )


def test_production_service_and_money(tables):
    s = sheet(tables)
    assert (
        s.loc[("Production", "difference")]["Oct 26"] == -1
        and s.loc[("Production", "cumulative")]["Oct 26"] == -3
    )
    assert s.loc[("Production", "planned")]["Nov 26"] == 16
    assert s.loc[("Service", "on time, target 95")]["Oct 26"] == 0.97
    assert s.loc[("Money", "revenue")][
        ["Oct 26", "Nov 26", "FY26 est.", "FY26 budget"]
    ].tolist() == [110, 150, 10 * 110 + 300, 12 * 140]
    assert s.loc[("Money", "revenue to budget")]["Oct 26"] == 110 - 140, "of what was sold, too"
    assert np.isnan(s.loc[("Money", "margin")]["FY26 est."]), "the year's past margin is not known"


def test_past_stock_and_production_are_graded_against_the_plan_in_force(tables):
    released = plan_table(
        "supply_plan",
        item=["A"] * 3,
        bucket=[PAST[-2], PAST[-1], PAST[-1]],
        production=[9.0, 10.0, 77.0],
        projected_available=[8.0, 5.0, 99.0],
    ).assign(lag=[1, 1, 2])
    s = sheet(tables | {"released_supply": released})
    assert s.loc[("Inventory", "planned")][["Sep 26", "Oct 26", "Nov 26"]].tolist() == [8, 5, 20]
    assert s.loc[("Inventory", "difference")][["Sep 26", "Oct 26"]].tolist() == [-1, 2]
    production = s.loc["Production"][["Aug 26", "Sep 26", "Oct 26"]]
    assert production.loc["planned"].tolist() == [12, 9, 10], "the file's, then what was released"
    assert production.loc["difference"].tolist() == [-1, 2, 1]


def test_an_estimate_needs_the_part_of_the_year_that_has_passed(tables):
    blind = sheet(tables | {"sales_history": None})
    assert np.isnan(blind.loc[("Sales", "planned")]["FY26 est."])
    ahead = sheet(tables | {"sales_history": None}, settings={"fiscal_year_start": 11})
    assert ahead.loc[("Sales", "planned")]["FY27 est."] == 12 * 15


def test_without_any_table_the_sheet_is_blank_but_whole():
    s = family_sheet("Pumps", ITEMS, FIRST)
    assert (
        set(s["block"]) == {"Sales", "Production", "Inventory", "Service"}
        and s.drop(columns=["block", "line", "unit"]).isna().all().all()
    )


def test_mixed_units_are_shown_at_cost(tables):
    mixed = ITEMS.assign(unit=["pcs", "m", "pcs"], unit_cost=[2.0, 3.0, 1.0])
    s = family_sheet("Pumps", mixed, FIRST, **tables).set_index(["block", "line"])
    assert s.loc[("Sales", "planned")][["unit", "Nov 26"]].tolist() == [
        "money at cost",
        10 * 2 + 5 * 3,
    ]


def test_items_with_and_without_a_unit_are_mixed_too(tables):
    some = ITEMS.assign(unit=["pcs", None, "pcs"], unit_cost=[2.0, 3.0, 1.0])
    s = family_sheet("Pumps", some, FIRST, **tables).set_index(["block", "line"])
    assert s.loc[("Sales", "planned")][["unit", "Nov 26"]].tolist() == [
        "money at cost",
        10 * 2 + 5 * 3,
    ]


def test_a_fiscal_year_that_begins_with_the_plan_has_an_estimate_of_revenue(tables):
    s = sheet(tables | {"sales_history": None}, settings={"fiscal_year_start": 11})
    assert s.loc[("Money", "revenue")]["FY27 est."] == 12 * 150


@pytest.mark.parametrize("size, label", [("week", "16 Nov 26"), ("quarter", "Q1 27")])
def test_weeks_and_quarters(size, label):
    calendar = Calendar(size)
    buckets = calendar.range("2026-11-09", 20)
    plan = pd.DataFrame({"item": "A", "market": "N", "bucket": buckets, "consensus": 3.0})
    s = family_sheet("Pumps", ITEMS, buckets[0], demand_plan=plan, calendar=calendar).set_index(
        ["block", "line"]
    )
    numbers = (
        s.loc[("Sales", "planned")]
        .drop(["unit", *[name for name in s.columns if name.startswith("FY")]])
        .astype(float)
    )
    assert numbers.sum() == 60 and s.loc[("Sales", "planned")][label] == 3, (
        "every bucket stands in exactly one column"
    )
