"""What the tables of a plan may look like: an odd one is the plain one that it means, a bad one is
refused with its table, column, rows and the mend.
"""

from math import inf, nan

import pandas as pd
import pytest

from sopkit import PlanError
from sopkit.supply import plan_supply
from tests.supply.cases import months

GIVEN = {
    "demand": {
        "item": ["A", "A", "A", "B", "B", "B"],
        "bucket": [*months(3), *months(3)],
        "quantity": [10.0, 20.0, 30.0, 4.0, 5.0, 6.0],
    },
    "items": {
        "item": ["A", "B"],
        "strategy": ["stock", "order"],
        "unit_cost": [5.0, 7.0],
        "lead_time": [1.0, 0.0],
        "customer_lead_time": [0.0, 1.0],
    },
    "resources": {
        "resource": ["line"] * 3,
        "bucket": months(3),
        "hours": [15.0, 15.0, 9.0],
        "overtime_hours": [2.0, 0.0, 2.0],
        "regular_cost": [1.0, 1.0, 1.0],
        "overtime_cost": [1.5, 1.5, 1.5],
    },
    "bill_of_resources": {"item": ["A"], "resource": ["line"], "hours_per_unit": [1.0]},
    "sourcing": {
        "item": ["A", "B"],
        "source": ["near", "far"],
        "unit_cost": [5.0, 8.0],
        "max_quantity": [4.0, inf],
        "lead_time": [1.0, 0.0],
    },
    "inventory": {"item": ["A", "B"], "on_hand": [3.0, 0.0], "backlog": [0.0, 2.0]},
    "receipts": {"item": ["A"], "due_on": ["2026-01-01"], "quantity": [7.0]},
    "safety_stock": {"item": ["A"], "bucket": months(1), "quantity": [2.0]},
    "frozen": {"item": ["A"], "bucket": months(1), "production": [6.0]},
    "bookings": {"item": ["B"], "bucket": ["2025-12-01"], "quantity": [1.0]},
    "settings": {"holding_rate": 0.2, "backlog_rate": 1.0},
}


def planned(**changed):
    """The plan of the tables, some of them with other columns."""
    tables = {name: GIVEN[name] | new for name, new in changed.items()}
    frames = {
        name: table if name == "settings" else pd.DataFrame(table)
        for name, table in (GIVEN | tables).items()
    }
    return plan_supply(**frames)


@pytest.fixture(scope="module")
def plain():
    """What the tables as they are make."""
    return planned()


ODD = {
    "a date in a time zone is the day written there": {
        "demand": {
            "item": GIVEN["demand"]["item"],
            "bucket": [*months(3).tz_localize("Europe/Berlin")] * 2,
            "quantity": GIVEN["demand"]["quantity"],
        },
        "receipts": {
            "item": ["A"],
            "due_on": ["2026-01-01T00:00:00-05:00"],
            "quantity": [7.0],
        },
    },
    "days of one bucket are summed": {
        "demand": {
            "item": [*GIVEN["demand"]["item"], "A"],
            "bucket": [*GIVEN["demand"]["bucket"], pd.Timestamp("2026-01-20")],
            "quantity": ["6", *GIVEN["demand"]["quantity"][1:], 4],
        },
        "inventory": {"item": ["B", "A"], "on_hand": [None, 3], "backlog": ["2", None]},
        "safety_stock": {
            "item": ["A", "A", "B"],
            "bucket": ["2026-01-01", "2026-01-02", "2026-01-01"],
            "quantity": [1, 1, 9],
        },
        "bookings": {
            "item": ["B", "B"],
            "bucket": ["2025-12-01", "2025-12-31"],
            "quantity": [0.4, 0.6],
        },
        "settings": {"bucket": "month"},
    },
    "what lies outside the horizon does not count, but receipts that are overdue": {
        "receipts": {
            "item": ["A", "A", "A", "A"],
            "due_on": ["2025-06-01", "2026-01-31", "2026-04-01", "2026-01-09"],
            "quantity": [2, 4, 99, 1],
        },
        "safety_stock": {
            "item": ["A", "A", "A"],
            "bucket": [*months(1), *months(2, "2026-04-01")],
            "quantity": [2, 50, 50],
        },
        "frozen": {
            "item": ["A", "A"],
            "bucket": ["2026-01-01", "2025-12-01"],
            "production": [6, 50],
        },
        "bookings": {
            "item": ["B", "B"],
            "bucket": ["2025-12-01", "2026-01-01"],
            "quantity": [1, 50],
        },
        "resources": {
            "resource": [*GIVEN["resources"]["resource"], "line"],
            "bucket": [*months(3), months(1, "2027-01-01")[0]],
            "hours": [*GIVEN["resources"]["hours"], 99],
            "overtime_hours": [*GIVEN["resources"]["overtime_hours"], 99],
            "regular_cost": [1, 1, 1, 9],
            "overtime_cost": [1.5, 1.5, 1.5, 9],
        },
    },
    "a row with a bucket beats the blank one cell by cell": {
        "resources": {
            "resource": ["line", "line", "line"],
            "bucket": [None, "2026-02-01", "2026-03-01"],
            "hours": [15, None, 9],
            "overtime_hours": [2, 0, None],
            "regular_cost": [1, None, None],
            "overtime_cost": [None, None, None],
        }
    },
    "a blank of a source is what its item says": {
        "sourcing": {"unit_cost": [None, 8], "lead_time": ["", nan], "max_quantity": ["4", " "]}
    },
    "a blank due_on is overdue": {"receipts": {"due_on": [None]}},
    "a blank is the default and what is not known is left out": {
        "items": {
            "strategy": ["", "order"],
            "lead_time": [0.2, None],
            "customer_lead_time": ["0", "1"],
            "lot_size": [None, " "],
            "shelf_life": [inf, nan],
            "colour": ["red", "blue"],
        },
        "settings": {"holding_rate": None, "backlog_rate": 1, "review": None, "currency": "EUR"},
        "frozen": {"overtime_production": [None], "purchased": [""], "demand": [99]},
    },
}


@pytest.mark.parametrize("tables", ODD.values(), ids=ODD)
def test_an_odd_table_is_the_plain_one_that_it_means(tables, plain):
    made = planned(**tables)
    for name in ("supply_plan", "capacity_plan"):
        pd.testing.assert_frame_equal(getattr(made, name), getattr(plain, name))
    pd.testing.assert_series_equal(made.costs, plain.costs)


ROWS = "1 value.s. .*"
NUMBER = f"{ROWS}not a number: row 1 .*; write a number or leave it blank"
BELOW = f"{ROWS}below 0: row 1 .*; mend the sign or leave it blank"
MUST = f"{ROWS}below 0: row 1 .*; mend the sign$"
DATE = "2026-11-01"
UNKNOWN = "1 unknown value.s., first X; add them to their own table or take the rows out"
TWICE = f"{ROWS}appear more than once.*: row 2 .*; keep one row per "
BAD = [
    ("demand", {"item": ["X"] * 3 + ["B"] * 3}, "item: " + UNKNOWN),
    ("demand", {"item": ["A"] * 6}, TWICE.replace("1", "3").replace("row 2", "row 4") + "item and"),
    ("demand", {"quantity": [nan, 1, 1, 1, 1, 1]}, f"quantity: {ROWS}blank: row 1 .*quantity"),
    ("demand", {"bucket": ["01.02.2027"] * 6}, "bucket: .*may be 2027-02-01 or 2027-01-02"),
    ("items", {"retired_on": [None, "31/12/2026"]}, "retired_on: .*row 2.*may be 2026-12-31$"),
    ("demand", {"bucket": [None, *GIVEN["demand"]["bucket"][1:]]}, "bucket: 1 .*blank"),
    ("demand", {"bucket": [1] * 6}, f"bucket: .*; write dates as {DATE}"),
    ("demand", {"quantity": [-1, 1, 1, 1, 1, 1]}, "quantity: " + MUST),
    ("demand", {"quantity": [inf, 1, 1, 1, 1, 1]}, f"quantity: {ROWS}endless: row 1 .A.*finite"),
    ("items", {"item": ["A", "A"]}, f"item: {TWICE}item"),
    ("items", {"item": ["A", None]}, f"item: {ROWS}blank: row 2 .*; name the item"),
    ("items", {"strategy": ["make", "order"]}, f"strategy: {ROWS}'make'; write stock or order"),
    ("items", {"unit_cost": ["five", 7]}, f"unit_cost: {NUMBER}"),
    ("items", {"lead_time": [-1, 0]}, f"lead_time: {BELOW}"),
    ("items", {"price": ["x", "y"]}, "price: 2 value.*row 1 .A. has 'x'; row 2 .B. has 'y'"),
    ("items", {"holding_cost": [-1, 0]}, f"holding_cost: {BELOW}"),
    ("items", {"backlog_cost": ["dear", 0]}, f"backlog_cost: {NUMBER}"),
    ("items", {"lost_sales_cost": [-1, 0]}, f"lost_sales_cost: {BELOW}"),
    ("items", {"shelf_life": [-1, 0]}, f"shelf_life: {BELOW}"),
    *(
        ("items", {name: [inf, 0]}, f"{name}: {ROWS}endless: row 1 .A. .*write a finite {name}")
        for name in ("unit_cost", "price", "holding_cost", "ending_stock", "lot_size")
    ),
    *(
        ("resources", {name: [1, inf, 1]}, f"{name}: {ROWS}endless: row 2 .line.*finite {name}")
        for name in ("hours_per_worker", "regular_cost", "overtime_cost")
    ),
    ("resources", {"hours": [-1, 1, 1]}, f"hours: {BELOW}"),
    ("resources", {"hiring_cost": ["x", 1, 1]}, f"hiring_cost: {NUMBER}"),
    ("resources", {"bucket": ["soon"] * 3}, f"bucket: 3 .*'soon'.*; write dates as {DATE}"),
    ("resources", {"bucket": [None, None, DATE]}, TWICE + "resource and bucket"),
    (
        "resources",
        {"workers": [2] * 3, "hours": [nan] * 3},
        "hours_per_worker: 3 .*blank beside workers: row 1 .line.*; write",
    ),
    ("bill_of_resources", {"item": ["X"]}, "item: " + UNKNOWN),
    ("bill_of_resources", {"resource": ["X"]}, "resource: " + UNKNOWN),
    ("bill_of_resources", {"hours_per_unit": [None]}, f"unit: {ROWS}blank.*; write .*hours"),
    ("bill_of_resources", {"hours_per_unit": [inf]}, f"unit: {ROWS}endless.*; write .*hours"),
    ("bill_of_resources", {"hours_per_unit": [-1]}, f"hours_per_unit: {MUST}"),
    ("sourcing", {"item": ["X", "B"]}, "item: " + UNKNOWN),
    ("sourcing", {"item": ["A", "A"], "source": ["near"] * 2}, TWICE + "item and source"),
    ("sourcing", {"unit_cost": [-1, 0]}, f"unit_cost: {BELOW}"),
    ("sourcing", {"max_quantity": ["x", 0]}, f"max_quantity: {NUMBER}"),
    ("inventory", {"item": ["X", "B"]}, "item: " + UNKNOWN),
    ("inventory", {"item": ["A", "A"]}, TWICE + "item"),
    ("inventory", {"backlog": [inf, 0]}, f"backlog: {ROWS}endless"),
    ("inventory", {"on_hand": [-1, 0]}, f"on_hand: {BELOW}"),
    ("receipts", {"item": ["X"]}, "item: " + UNKNOWN),
    ("receipts", {"due_on": ["soon"]}, f"due_on: 1 .*'soon'.*; write dates as {DATE}"),
    ("receipts", {"due_on": [20260101]}, f"due_on: .*20260101.*; write dates as {DATE}"),
    ("receipts", {"quantity": ["x"]}, f"quantity: {NUMBER}"),
    ("safety_stock", {"item": ["X"]}, "item: " + UNKNOWN),
    ("safety_stock", {"quantity": [inf]}, f"quantity: {ROWS}endless"),
    ("frozen", {"item": ["X"]}, "item: " + UNKNOWN),
    ("frozen", {"bucket": ["soon"]}, f"bucket: 1 .*'soon'.*; write dates as {DATE}"),
    ("frozen", {"production": [-1]}, f"production: {BELOW}"),
    ("frozen", {"purchased": [6]}, "purchased: 1 .*A in 2026-01-01: 6 of 6; lower the frozen"),
    ("bookings", {"item": ["X"]}, "item: " + UNKNOWN),
    ("bookings", {"quantity": ["x"]}, f"quantity: {NUMBER}"),
]


@pytest.mark.parametrize(("table", "columns", "words"), BAD)
def test_a_bad_table_is_refused_with_its_rows_and_the_mend(table, columns, words):
    with pytest.raises(PlanError, match=f"table {table}, column .*{words}"):
        planned(**{table: columns})


SEVERAL = {
    "receipts": {"item": ["A"] * 2, "due_on": ["2026-01-01"] * 2, "quantity": [3.0, 4.0]},
    "bill_of_resources": {"item": ["A"] * 2, "resource": ["line"] * 2, "hours_per_unit": [1.0] * 2},
    "safety_stock": {"item": ["A"] * 2, "bucket": [*months(1)] * 2, "quantity": [1.0] * 2},
    "bookings": {"item": ["B"] * 2, "bucket": ["2025-12-01"] * 2, "quantity": [1.0] * 2},
    "frozen": {"item": ["A"] * 2, "bucket": [*months(1)] * 2, "production": [3.0] * 2},
}


@pytest.mark.parametrize("table", SEVERAL)
def test_a_key_given_twice_is_refused_in_every_table(table):
    with pytest.raises(PlanError, match=f"table {table}, column item: {TWICE}item and .*add them"):
        planned(**{table: SEVERAL[table]})


def test_a_month_without_demand_is_a_month_with_capacity():
    demand = pd.DataFrame(GIVEN["demand"])
    gone = demand[demand["bucket"] != months(2)[1]].to_dict("list")
    none = planned(demand=gone)
    told = planned(
        demand={"quantity": demand["quantity"].where(demand["bucket"] != months(2)[1], 0)}
    )
    assert len(none.supply_plan) == 6 and none.capacity_plan["regular_capacity"].tolist() == [
        *GIVEN["resources"]["hours"]
    ]
    pd.testing.assert_frame_equal(none.supply_plan, told.supply_plan)


@pytest.mark.parametrize("holding", ["end", "average"])
def test_what_may_not_be_late_costs_nothing_for_the_backlog_before_the_plan(holding):
    tables = {"backlog_cost": [inf, inf], "holding_cost": [1.0, 1.0]}
    frames = {name: pd.DataFrame(GIVEN[name]) for name in REQUIRED}
    frames["items"] = frames["items"].assign(**tables)
    frames["inventory"] = frames["inventory"].assign(backlog=[2.0, 2.0])
    result = plan_supply(**frames, holding=holding)
    assert 0 <= result.objective < inf and result.costs["backlog"] == 0
    assert (result.supply_plan["late"] == 0).all()


def test_a_blank_of_a_dated_rate_is_that_of_the_row_for_every_bucket():
    rates = {"resource": ["line", "line"], "bucket": [None, months(1)[0]], "hours": [15, 9]}
    told = planned(resources=rates | {"regular_cost": [3, nan], "overtime_cost": [9, nan]} | FREE)
    same = planned(resources=rates | {"regular_cost": [3, 3], "overtime_cost": [9, 9]} | FREE)
    assert told.costs["regular_labour"] == same.costs["regular_labour"] > 0


FREE = {"overtime_hours": [2, 2]}


REQUIRED = {
    "demand": "quantity",
    "items": "item",
    "resources": "resource",
    "bill_of_resources": "hours_per_unit",
    "sourcing": "source",
    "inventory": "item",
    "receipts": "due_on",
    "safety_stock": "quantity",
    "frozen": "bucket",
    "bookings": "bucket",
}


@pytest.mark.parametrize(("table", "column"), REQUIRED.items())
def test_a_table_without_a_column_it_needs_is_refused(table, column):
    given = {name: pd.DataFrame(GIVEN[name]) for name in REQUIRED}
    with pytest.raises(PlanError, match=f"table {table} has no column {column}; it has .*; add it"):
        plan_supply(**given | {table: given[table].drop(columns=column)})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("holding_rate", -1, "between 0 and 100"),
        ("backlog_rate", "x", "between 0 and 100"),
        ("review", True, "between 0 and 600"),
        ("bucket", "day", "month.*quarter"),
    ],
)
def test_a_setting_against_its_rule_is_refused(name, value, words):
    with pytest.raises(PlanError, match=f"{value!r}.*{words}"):
        planned(settings={name: value})
