"""What a plan costs, by kind and name, and from whom it buys."""

import numpy as np
import pandas as pd
import pytest

from sopkit.buckets import Calendar
from sopkit.supply import plan_supply

MONTHS = Calendar("month").range("2026-01-01", 3)
KEY = ["kind", "name", "bucket"]


def demand(**units):
    return pd.concat(
        [
            pd.DataFrame({"item": item, "bucket": MONTHS, "quantity": quantity})
            for item, quantity in units.items()
        ]
    )


def money(result):
    return result.plan_costs.set_index(KEY)["money"].unstack("bucket").fillna(0.0)


def test_each_source_keeps_its_own_units_and_price():
    items = pd.DataFrame({"item": ["B"], "unit_cost": [8.0], "price": [90.0]})
    sources = pd.DataFrame(
        {
            "item": "B",
            "source": ["Near", "Far"],
            "unit_cost": [9.0, 11.0],
            "max_quantity": [10.0, np.nan],
            "lead_time": [0.0, 0.0],
        }
    )
    result = plan_supply(demand(B=[15.0, 4.0, 10.0]), items, sourcing=sources)
    units = result.sourcing_plan.set_index(["source", "bucket"])["quantity"].unstack("source")
    total = result.supply_plan.groupby("bucket")["purchased"].sum()
    assert units["Near"].max() == 10 and np.allclose(units.sum(axis=1), total)
    assert np.allclose(
        result.sourcing_plan["cost"],
        result.sourcing_plan["quantity"]
        * result.sourcing_plan["source"].map({"Near": 9.0, "Far": 11.0}),
    )
    costs = money(result)
    assert costs.loc[("purchase", "B")].sum() == pytest.approx(8 * total.sum())
    asked = result.sourcing_plan["cost"].sum()
    assert costs.loc[("source_premium", "B")].sum() == pytest.approx(asked - 8 * total.sum())


def test_an_item_without_a_source_is_bought_from_nobody_in_particular():
    items = pd.DataFrame({"item": ["B"], "unit_cost": [8.0], "price": [90.0]})
    result = plan_supply(demand(B=[5.0, 0.0, 0.0]), items)
    assert result.sourcing_plan[["item", "source", "quantity", "cost"]].values.tolist() == [
        ["B", "(none)", 5.0, 40.0]
    ]
    assert set(result.plan_costs["kind"]) == {"purchase"}


@pytest.mark.parametrize("overtime_cost", [30.0, np.nan])
def test_hours_worked_idle_and_overtime_and_the_sum_is_the_objective(overtime_cost):
    items = pd.DataFrame(
        {"item": ["A"], "unit_cost": [10.0], "price": [500.0], "holding_cost": [50.0]}
    )
    crew = pd.DataFrame(
        {
            "resource": ["line"],
            "workers": [2.0],
            "hours_per_worker": [10.0],
            "overtime_per_worker": [5.0],
            "regular_cost": [20.0],
            "overtime_cost": [overtime_cost],
        }
    )
    bill = pd.DataFrame({"item": ["A"], "resource": ["line"], "hours_per_unit": [1.0]})
    result = plan_supply(demand(A=[22.0, 12.0, 0.0]), items, resources=crew, bill_of_resources=bill)
    costs = money(result)
    assert costs.loc[("material", "A")].tolist() == [220, 120, 0]
    assert costs.loc[("regular_labour", "line")].tolist() == [22 * 20, 12 * 20, 0]
    assert costs.loc[("idle", "line")].tolist() == [0, 8 * 20, 20 * 20]
    assert costs.loc[("overtime_premium", "line")].tolist() == [2 * 10, 0, 0], (
        "a blank overtime cost is 1.5 × the regular one, here as in the books"
    )
    assert result.plan_costs["money"].sum() == pytest.approx(result.objective)
    assert result.capacity_plan["overtime"].tolist() == [2, 0, 0]


def test_fixed_hours_are_paid_as_used():
    items = pd.DataFrame({"item": ["A"], "unit_cost": [10.0], "price": [500.0]})
    line = pd.DataFrame({"resource": ["line"], "hours": [20.0], "regular_cost": [20.0]})
    bill = pd.DataFrame({"item": ["A"], "resource": ["line"], "hours_per_unit": [1.0]})
    result = plan_supply(demand(A=[6.0, 6.0, 0.0]), items, resources=line, bill_of_resources=bill)
    assert set(result.plan_costs["kind"]) == {"material", "regular_labour"}
    assert result.plan_costs["money"].sum() == pytest.approx(12 * (10 + 20))
