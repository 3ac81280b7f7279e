"""Shelf life follows what the plan ships: against days worked out by hand and random companies."""

import numpy as np
import pandas as pd
import pytest

from sopkit.supply import assumed_receipts, inventory_plan, plan_supply
from tests.supply.cases import demand_of, months


def line(demand, life, hours, receipt, at, settings=None):
    """The plan of an item that is made on a line, with one receipt."""
    buckets = months(len(demand))
    due = pd.DataFrame({"item": ["unit"], "due_on": [buckets[at]], "quantity": [float(receipt)]})
    return plan_supply(
        demand_of(np.asarray(demand, dtype=float)),
        item(life),
        resources=pd.DataFrame({"resource": "L", "bucket": buckets, "hours": hours}),
        bill_of_resources=pd.DataFrame({"item": ["unit"], "resource": "L", "hours_per_unit": 1.0}),
        receipts=due,
        settings=settings,
    )


def item(life, **more):
    told = {"item": ["unit"], "unit_cost": 10.0, "price": 40.0, "shelf_life": life, **more}
    return pd.DataFrame(told)


def rolls_forward(plan):
    """Whether backlog and stock follow from what is asked, got, lost and shipped."""
    before = plan[["backlog", "projected_available"]].shift(fill_value=0.0)
    owed = before["backlog"] + plan["demand"] - plan["lost"] - plan["shipments"]
    got = plan[["production", "overtime_production", "purchased", "receipts"]].sum(axis=1)
    held = before["projected_available"] + got - plan["shipments"]
    return np.allclose(owed, plan["backlog"]) and np.allclose(held, plan["projected_available"])


@pytest.mark.parametrize(
    ("case", "made", "lost"),
    [
        # what came too much in May is sold in June, not lost to the shelf
        (
            ([97, 100, 120, 136, 62, 71, 125, 135], 1.0, [87.0] * 8, 294, 4),
            [87, 87, 87, 31, 0, 86, 87, 87],
            0,
        ),
        (([90, 0, 30, 0, 0], 2.0, [40.0] * 5, 70, 1), [40, 0, 10, 0, 0], 0),
        (([90, 0, 30, 0, 0], 2.0, [40.0, 0, 0, 0, 0], 70, 1), [40, 0, 0, 0, 0], 10),
    ],
)
def test_a_receipt_that_serves_backlog_does_not_expire_as_well(case, made, lost):
    plan = line(*case).supply_plan
    assert plan["production"].round(6).tolist() == made
    assert plan["lost"].sum() == pytest.approx(lost) and rolls_forward(plan)


def test_frozen_arrivals_age_as_receipts_do():
    frozen = pd.DataFrame({"item": ["unit"], "bucket": months(1), "purchased": [100.0]})
    plan = plan_supply(demand_of([10.0] * 6), item(2.0), frozen=frozen).supply_plan
    assert plan["purchased"].tolist() == [100, 0, 0, 10, 10, 10]
    assert inventory_plan(plan, item(2.0))["unsaleable"].tolist() == [0, 0, 70, 70, 70, 70]


def test_what_expires_before_new_units_can_come_is_assumed_to_be_on_order():
    asked = {
        "demand": demand_of([100.0] * 6),
        "items": item(1.0, lead_time=3.0),
        "inventory": pd.DataFrame({"item": ["unit"], "on_hand": [300.0]}),
    }
    coming, _ = assumed_receipts(asked)
    assert coming["quantity"].tolist() == [100.0, 100.0]
    assert plan_supply(**asked | {"receipts": coming}).supply_plan["backlog"].sum() == 0


@pytest.mark.parametrize("number", range(30))
def test_stock_is_never_older_than_its_life_and_units_are_conserved(number):
    random = np.random.default_rng(number)
    demand, hours = random.uniform(60, 140, 8).round(), random.uniform(40, 160, 8).round()
    life = random.choice([1.0, 1.5, 2.0, 3.0])
    result = line(demand, life, hours, random.uniform(50, 400), random.integers(8))
    plan = result.supply_plan
    assert rolls_forward(plan)
    stock = inventory_plan(plan, item(life))
    fresh = stock["units"] - stock["unsaleable"]
    came = (plan["production"] + plan["receipts"]).rolling(int(np.ceil(life)), 1).sum()
    assert (fresh <= came + 1e-6).all()
    left = fresh.shift(fill_value=0.0) + plan["production"] + plan["receipts"]
    assert (plan["shipments"] <= left + 1e-6).all()
