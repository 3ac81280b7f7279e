"""A blank cell means the same to everybody: a plan made of blanks, column by column, is the plan
made of what their declaration says that they mean.
"""

import pandas as pd
import pytest

from sopkit.supply import plan_supply
from sopkit.tables import INPUTS, declared

BUCKETS = pd.date_range("2026-11-01", periods=4, freq="MS")
DEMAND = pd.DataFrame(
    [(item, bucket, 100.0 + 9 * n) for item in ("P1", "P2") for n, bucket in enumerate(BUCKETS)],
    columns=["item", "bucket", "quantity"],
)
GIVEN = {
    "items": {
        "item": ["P1", "P2"],
        "family": ["Pumps", "Pumps"],
        "strategy": ["stock", "order"],
        "price": [100.0, 80.0],
        "unit_cost": [40.0, 30.0],
        "lead_time": [0.0, 1.0],
        "customer_lead_time": [0.0, 1.0],
        "lot_size": [10.0, 5.0],
        "minimum_lot": [20.0, 10.0],
        "maximum_stock": [50.0, 60.0],
        "shelf_life": [6.0, 7.0],
    },
    "resources": {
        "resource": ["Line"],
        "hours": [50.0],
        "overtime_hours": [20.0],
        "regular_cost": [30.0],
        "overtime_cost": [50.0],
    },
    "bill_of_resources": {"item": ["P1"], "resource": ["Line"], "hours_per_unit": [0.5]},
    "sourcing": {
        "item": ["P1", "P2"],
        "source": ["Works", "Supplier"],
        "unit_cost": [70.0, 31.0],
        "max_quantity": [20.0, 500.0],
    },
}
CONSTANTS = [
    (name, column)
    for name, given in GIVEN.items()
    for column in given
    if INPUTS[name][column].default is not None
]


def planned(**tables):
    """Supply, capacity and workforce plan and the costs of the company with some tables
    replaced.
    """
    made = plan_supply(DEMAND, **{k: pd.DataFrame(given) for k, given in (GIVEN | tables).items()})
    return made.supply_plan, made.capacity_plan, made.workforce_plan, made.costs.to_frame()


@pytest.mark.parametrize("name, column", CONSTANTS)
def test_a_plan_of_blanks_is_the_plan_of_what_they_mean(name, column):
    absent = pd.DataFrame(GIVEN[name]).drop(columns=column)
    blank = INPUTS[name].typed(absent)
    full = absent.assign(**{column: declared(absent, name)[column]})
    for one, two in zip(planned(**{name: full}), planned(**{name: blank}), strict=True):
        pd.testing.assert_frame_equal(one, two)


@pytest.mark.parametrize("name", INPUTS)
def test_nothing_that_has_a_default_stays_blank(name):
    table = INPUTS[name]
    one = {c.name: pd.Series(["x"] if c.kind == "text" else [pd.NaT]) for c in table.columns}
    blank = table.typed(pd.DataFrame({c: one[c] for c in table.key}))
    full = declared(blank.assign(**{"regular_cost": 30.0} if name == "resources" else {}), name)
    for column in table.columns:
        if column.default is not None:
            assert full[column.name].notna().all(), column.name


@pytest.mark.parametrize("name", INPUTS)
def test_the_words_say_what_a_blank_means(name):
    for column in INPUTS[name].columns:
        if column.default in (None, "") or callable(column.default):
            continue
        words = {float("inf"): "unlimited"}.get(column.default, f"{column.default}")
        any_lot = column.name == "lot_size" and "blank = any quantity" in column.doc
        assert any_lot or f"blank = {words}" in column.doc, column.name
