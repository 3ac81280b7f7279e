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
    "rows of one cell are summed": {
        "demand": {
            "item": [*GIVEN["demand"]["item"], "A"],
            "bucket": [*GIVEN["demand"]["bucket"], months(1)[0]],
            "quantity": ["6", *GIVEN["demand"]["quantity"][1:], 4],
        },
        "inventory": {
            "item": ["B", "A", "A"],
            "on_hand": [None, 1, 2],
            "backlog": ["2", None, None],
        },
        "safety_stock": {
            "item": ["A", "A", "B"],
            "bucket": [*months(1)] * 3,
            "quantity": [1, 1, 9],
        },
        "bookings": {
            "item": ["B", "B"],
            "bucket": ["2025-12-01"] * 2,
            "quantity": [0.4, 0.6],
        },
        "bill_of_resources": {
            "item": ["A", "A"],
            "resource": ["line", "line"],
            "hours_per_unit": [0.25, 0.75],
        },
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
    for name in ("supply_plan", "capacity_plan", "costs_by_bucket"):
        pd.testing.assert_frame_equal(getattr(made, name), getattr(plain, name))


ROWS = "1 value.s. .*"
NUMBER = f"{ROWS}not a number: row 1 .*; write a number or leave it blank"
BELOW = f"{ROWS}below 0: row 1 .*; mend the sign or leave it blank"
DATE = "2026-11-01"
UNKNOWN = "1 unknown value.s., first X; add them to their own table or take the rows out"
TWICE = f"{ROWS}appear more than once.*: row 2 .*; keep one row per "
BAD = [
    ("demand", {"item": ["X"] * 6}, "item: " + UNKNOWN),
    ("demand", {"bucket": [None, *GIVEN["demand"]["bucket"][1:]]}, "bucket: 1 .*blank"),
    ("demand", {"bucket": [1] * 6}, f"bucket: .*; write dates as {DATE}"),
    ("demand", {"quantity": [-1, 1, 1, 1, 1, 1]}, "quantity: " + BELOW),
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
    ("resources", {"hours": [-1, 1, 1]}, f"hours: {BELOW}"),
    ("resources", {"hiring_cost": ["x", 1, 1]}, f"hiring_cost: {NUMBER}"),
    ("resources", {"bucket": ["soon"] * 3}, f"bucket: 3 .*'soon'.*; write dates as {DATE}"),
    ("resources", {"bucket": [None, None, DATE]}, TWICE + "resource and bucket"),
    ("resources", {"workers": [2] * 3, "hours": [nan] * 3}, "hours_per_worker: 1 .*: line; write"),
    ("bill_of_resources", {"item": ["X"]}, "item: " + UNKNOWN),
    ("bill_of_resources", {"resource": ["X"]}, "resource: " + UNKNOWN),
    ("bill_of_resources", {"hours_per_unit": [None]}, f"unit: {ROWS}blank.*; write .*hours"),
    ("bill_of_resources", {"hours_per_unit": [inf]}, f"unit: {ROWS}endless.*; write .*hours"),
    ("bill_of_resources", {"hours_per_unit": [-1]}, f"hours_per_unit: {BELOW}"),
    ("sourcing", {"item": ["X", "B"]}, "item: " + UNKNOWN),
    ("sourcing", {"item": ["A", "A"], "source": ["near"] * 2}, TWICE + "item and source"),
    ("sourcing", {"unit_cost": [-1, 0]}, f"unit_cost: {BELOW}"),
    ("sourcing", {"max_quantity": ["x", 0]}, f"max_quantity: {NUMBER}"),
    ("inventory", {"item": ["X", "B"]}, "item: " + UNKNOWN),
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
        ("holding_rate", -1, "at least 0"),
        ("backlog_rate", "x", "at least 0"),
        ("review", True, "at least 0"),
        ("bucket", "day", "month.*quarter"),
    ],
)
def test_a_setting_against_its_rule_is_refused(name, value, words):
    with pytest.raises(PlanError, match=f"{value!r}.*{words}"):
        planned(settings={name: value})
