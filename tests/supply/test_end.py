"""What a plan does at its edges: it runs on beyond its end, is smooth among ties, knows no large and
small units, gives notice before people leave, and lets a source use hours.
"""

import numpy as np
import pandas as pd
import pytest

from sopkit import PlanError
from sopkit.supply import plan_supply
from tests.supply.cases import demand_of, months


def seasonal(item, mean, count, swing=0.3):
    """Low first, high half a year later."""
    turn = 2 * np.pi * np.arange(count) / 12
    return demand_of(mean * (1 - swing * np.sin(turn)), item)


def company(count=12, **more):
    """Two items that share a line short in the season, with safety stock."""
    demand = pd.concat([seasonal("A", 100, count), seasonal("B", 60, count)])
    items = pd.DataFrame({"item": ["A", "B"], "unit_cost": [10.0, 20.0], "price": [30.0, 50.0]})
    line = pd.DataFrame({"resource": ["line"], "hours": [190.0], "regular_cost": [1.0]})
    bill = pd.DataFrame({"item": ["A", "B"], "resource": "line", "hours_per_unit": 1.0})
    asked = {
        "demand": demand,
        "items": items,
        "resources": line,
        "bill_of_resources": bill,
        "safety_stock": demand.assign(quantity=25.0),
        "settings": {},
    }
    return asked | more


def cells(result, column, item):
    plan = result.supply_plan
    return plan.loc[plan["item"] == item, column].to_numpy()


def test_the_last_bucket_is_like_any_other():
    result = plan_supply(**company())
    assert result.supply_plan["bucket"].nunique() == 12  # what runs on is not shown
    for item in "AB":
        assert (cells(result, "projected_available", item)[3:] >= 25 - 1e-6).all()
    assert result.plan_costs["bucket"].nunique() == 12


def test_a_longer_horizon_changes_little_of_the_first_months():
    short, long = (plan_supply(**company(count)) for count in (12, 24))
    for item in "AB":
        first = [cells(each, "production", item)[:3].sum() for each in (short, long)]
        assert first[0] == pytest.approx(first[1], rel=0.05)


def test_order_driven_items_ship_to_the_end():
    asked = company()
    asked["items"] = asked["items"].assign(strategy="order", customer_lead_time=2.0)
    asked["demand"] = pd.concat([demand_of([100.0] * 12, "A"), demand_of([60.0] * 12, "B")])
    plan = plan_supply(**asked).supply_plan
    shipped = plan.groupby("bucket")["shipments"].sum()
    assert shipped.iloc[-1] >= 0.9 * shipped.mean()


def test_an_item_that_is_retired_is_not_wanted_beyond_the_end():
    asked = company()
    retired = asked["items"].assign(retired_on=pd.to_datetime(["2026-12-31", None]))
    asked["safety_stock"] = asked["safety_stock"].query("item == 'B'")
    kept, gone = (plan_supply(**asked | {"items": each}) for each in (asked["items"], retired))
    assert cells(gone, "projected_available", "A")[-1] == 0
    assert cells(gone, "production", "A").sum() <= cells(kept, "production", "A").sum() + 1e-6


def test_equal_items_share_what_is_built_ahead():
    names = list("ABCD")
    demand = pd.concat([demand_of([0.0, 0, 0, 0, 100, 100], name) for name in names])
    items = pd.DataFrame(
        {"item": names, "holding_cost": 0.1, "backlog_cost": 50.0, "price": 90.0, "ending_stock": 0}
    )
    line = pd.DataFrame({"resource": ["line"], "hours": [140.0]})
    bill = pd.DataFrame({"item": names, "resource": "line", "hours_per_unit": 1.0})
    result = plan_supply(demand, items, resources=line, bill_of_resources=bill)
    stock = np.array([cells(result, "projected_available", name)[3] for name in names])
    assert stock.sum() == pytest.approx(8 * 100 - 2 * 140)
    assert stock.max() <= 2 * 100 + 1e-6 and stock.min() >= 100 - 1e-6


def test_smoothness_costs_next_to_nothing(monkeypatch):
    smooth = plan_supply(**company(24))
    monkeypatch.setattr("sopkit.supply.model.SMOOTH", 0.0)
    cheapest = plan_supply(**company(24))
    assert smooth.objective <= cheapest.objective * (1 + 1e-4)


def machine_and_screw(machine=1.0, screw=1.0):
    """A machine at 2 a month beside a screw at 1e10, both short of hours, in other units."""
    size = np.array([machine, screw])
    demand = pd.concat(
        [seasonal("machine", 2 * machine, 12), seasonal("screw", 1e10 * screw, 12, swing=0.3)]
    )
    names = ["machine", "screw"]
    return plan_supply(
        demand,
        pd.DataFrame({"item": names, "unit_cost": [5e4, 1e-4] / size, "price": [9e4, 3e-4] / size}),
        resources=pd.DataFrame(
            {"resource": ["hall", "press"], "hours": [95.0, 110.0], "regular_cost": 30.0}
        ),
        bill_of_resources=pd.DataFrame(
            {
                "item": [*names, "screw"],
                "resource": ["hall", "press", "hall"],
                "hours_per_unit": [40 / machine, 1e-8 / screw, 1e-9 / screw],
            }
        ),
        safety_stock=demand.assign(quantity=demand["quantity"] * 0.3),
    )


def test_no_item_is_too_small_beside_another():
    plain, other = machine_and_screw(), machine_and_screw(1024, 2.0**-30)
    assert cells(plain, "production", "machine").sum() > 20
    assert other.objective == pytest.approx(plain.objective, rel=1e-9)
    for item, size in (("machine", 1024), ("screw", 2.0**-30)):
        for column in ("production", "projected_available", "backlog", "lost"):
            told, expected = cells(other, column, item), cells(plain, column, item) * size
            np.testing.assert_allclose(told, expected, rtol=1e-6, atol=1e-6 * size)
    anywhere = machine_and_screw(3.0, 1e-7)
    assert anywhere.objective == pytest.approx(plain.objective, rel=1e-6)


def staffed(**settings):
    asked = company(settings={"planning_fence": 2} | settings)
    asked["resources"] = pd.DataFrame(
        {
            "resource": ["line"],
            "workers": [30.0],
            "hours_per_worker": [10.0],
            "regular_cost": [20.0],
            "hiring_cost": [50.0],
            "layoff_cost": [50.0],
        }
    )
    return plan_supply(**asked).workforce_plan


def test_nobody_is_laid_off_inside_the_fence_unless_notice_is_shorter():
    told, at_once = staffed(), staffed(layoff_notice=0)
    assert told["laid_off"].iloc[:2].tolist() == [0, 0] and told["laid_off"].sum() > 0
    assert at_once["laid_off"].iloc[0] > 0
    later = staffed(hiring_notice=6, layoff_notice=6)
    assert (later[["hired", "laid_off"]].iloc[:6] == 0).all(axis=None)


def by_source(source="partner"):
    demand = demand_of([100.0, 100.0, 100.0])
    return plan_supply(
        demand,
        pd.DataFrame({"item": ["unit"], "unit_cost": [1.0], "price": [90.0], "ending_stock": [0]}),
        resources=pd.DataFrame({"resource": ["line", "theirs"], "hours": [60.0, 50.0]}),
        bill_of_resources=pd.DataFrame(
            {
                "item": "unit",
                "resource": ["line", "theirs"],
                "source": ["", source],
                "hours_per_unit": [1.0, 2.0],
            }
        ),
        sourcing=pd.DataFrame({"item": ["unit"], "source": ["partner"], "unit_cost": [5.0]}),
    )


def test_a_source_may_need_hours_of_its_own():
    result = by_source()
    plan, load = result.supply_plan, result.capacity_plan.groupby("resource")["load"].sum()
    assert plan["production"].tolist() == [60] * 3 and plan["subcontracted"].tolist() == [25] * 3
    assert load.to_dict() == {"line": 180, "theirs": 150}
    assert plan["lost"].sum() == 45
    with pytest.raises(PlanError, match="bill_of_resources, column source: 1 value"):
        by_source("stranger")


def test_the_horizon_may_be_one_bucket():
    asked = company(1, resources=pd.DataFrame({"resource": ["line"], "hours": [300.0]}))
    asked["safety_stock"] = asked["safety_stock"].assign(bucket=months(1)[0])
    assert cells(plan_supply(**asked), "projected_available", "A") == pytest.approx([25])
