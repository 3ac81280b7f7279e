"""The plan under uncertainty, re-planned each bucket."""

import numpy as np
import pandas as pd
import pytest

from sopkit import PlanError
from sopkit.supply import plan_supply, plan_under_uncertainty
from sopkit.supply import safety_stock as held_for
from tests.supply.cases import demand_of, months

OPEN = {"settings": {"planning_fence": 0}}
LEVELS = ["p10", "p50", "p90"]


@pytest.fixture
def facts():
    items = pd.DataFrame(
        {
            "item": ["A", "B"],
            "unit_cost": [2.0, 3.0],
            "price": [10.0, 5.0],
            "holding_cost": [0.1, 0.1],
        }
    )
    demand = pd.concat([demand_of([100, 100, 100], "A"), demand_of([50, 50, 50], "B")])
    return items, plan_supply(
        demand, items, inventory=pd.DataFrame({"item": ["A", "B"], "on_hand": [20, 500]})
    )


@pytest.fixture
def company():
    """Four items: two made on one tight line, one bought with a limit, one order-driven; what is
    short is lost or late.
    """
    items = pd.DataFrame(
        {
            "item": list("ABCD"),
            "unit_cost": [2.0, 3.0, 4.0, 6.0],
            "price": [10.0, 9.0, 8.0, 20.0],
            "lead_time": [0, 1, 0, 1],
            "strategy": ["stock", "stock", "stock", "order"],
            "lost_sales_cost": [0.5, 90.0, 90.0, 90.0],
        }
    )
    inputs = {
        "resources": pd.DataFrame(
            {"resource": ["line"], "hours": [330.0], "overtime_hours": [20.0]}
        ),
        "bill_of_resources": pd.DataFrame(
            {"item": ["A", "B", "D"], "resource": "line", "hours_per_unit": [1.0, 1.0, 2.0]}
        ),
        "sourcing": pd.DataFrame({"item": ["C"], "source": ["S"], "max_quantity": [70.0]}),
        "settings": {"planning_fence": 1},
    }
    wanted = {"A": [150, 90, 80], "B": [100, 100, 120], "C": [60, 90, 60], "D": [40, 50, 60]}
    demand = pd.concat([demand_of(units * 4, item) for item, units in wanted.items()])
    stock = pd.DataFrame({"item": list("ABCD"), "on_hand": [50, 300, 90, 0], "backlog": 0.0})
    safety = demand[demand["item"] < "D"].assign(quantity=15.0)
    result = plan_supply(demand, items, **inputs, inventory=stock, safety_stock=safety)
    return items, inputs, result


def risk_of(company, paths, **also):
    items, inputs, result = company
    return plan_under_uncertainty(
        result.supply_plan,
        items,
        paths,
        inputs=inputs,
        **{"capacity_plan": result.capacity_plan} | also,
    )


def drawn(company, spread, count=300):
    plan = company[2].supply_plan["demand"].to_numpy().reshape(4, 1, 12)
    noise = np.random.default_rng(3).normal(1.0, spread, (4, count, 12)).clip(0)
    return plan * noise


def test_demand_as_planned_gives_the_figures_of_the_plan(company):
    items, _, result = company
    plan = result.supply_plan
    assert plan["lost"].sum() > 0 and plan["late"].sum() > 0  # it is a plan with trouble
    table = risk_of(company, drawn(company, 0.0)).plan_risk.set_index("metric")
    of = {name: plan["item"].map(items.set_index("item")[name]) for name in ("price", "unit_cost")}
    revenue = plan["shipments"] * of["price"]
    arrive = ["production", "overtime_production", "subcontracted", "purchased", "receipts"]
    money = plan.assign(
        stock=plan["projected_available"] * of["unit_cost"],
        revenue=revenue,
        margin=revenue - plan["shipments"] * of["unit_cost"],
        cash=revenue - plan[arrive].sum(axis=1) * of["unit_cost"],
        service=np.minimum(plan["demand"], plan["late"] + plan["lost"]),
    )
    sums = money.groupby("bucket").sum(numeric_only=True)
    sums["service"] = 1 - sums["service"] / sums["demand"]
    for metric in ("service", "stock", "revenue", "margin", "cash"):
        for level in LEVELS:
            np.testing.assert_allclose(table.loc[metric, level], sums[metric], rtol=1e-6, atol=1e-6)


def test_a_deviation_is_made_up_after_lead_time_and_fence_and_no_sooner():
    items = pd.DataFrame({"item": ["A"], "unit_cost": [1.0], "price": [1.0], "lead_time": [1]})
    stock = pd.DataFrame({"item": ["A"], "on_hand": [300]})
    plan = plan_supply(demand_of([100] * 8, "A"), items, inventory=stock).supply_plan
    planned = plan["projected_available"].to_numpy()
    for fence, wait in ((0, 1), (3, 3)):
        asked = np.full((1, 1, 8), 100.0)
        asked[0, 0, 0] = 70.0
        inputs = {"settings": {"planning_fence": fence}}
        risk = plan_under_uncertainty(plan, items, asked, inputs=inputs).plan_risk
        over = risk.loc[risk["metric"] == "stock", "p50"].to_numpy() - planned
        np.testing.assert_allclose(over[: wait + 1], 30.0)  # seen at its end, then the wait
        back = np.flatnonzero(plan["purchased"].to_numpy()[wait + 1 :] >= 30)[0] + wait + 1
        forecast = 30 * 0.2 * (wait + 2)  # and its forecast is believed in part
        assert (np.abs(over[back:]) <= forecast).all() and np.ptp(over[back:]) < forecast


def test_every_path_is_rolled_like_one_plan(facts):
    items, result = facts
    paths = np.random.default_rng(0).normal(100, 30, (2, 40, 3)).clip(0)
    risk = plan_under_uncertainty(result.supply_plan, items, paths, inputs=OPEN)
    plan = result.supply_plan
    bought = plan["purchased"].to_numpy().reshape(2, 3)
    target = (plan["projected_available"] - plan["backlog"]).to_numpy().reshape(2, 3)
    held = np.zeros((40, 3))
    for path in range(40):
        net, level = np.array([20.0, 500.0]), np.zeros(2)
        wanted = np.array([100.0, 50.0])  # a bucket, as planned
        for t in range(3):
            before = target[:, t - 1] + level * wanted if t else net
            got = np.maximum(bought[:, t] + before - net, 0.0)
            net = net + got - paths[:, path, t]
            level = 0.8 * level + 0.2 * (paths[:, path, t] / wanted - 1)
            held[path, t] = (np.maximum(net, 0) * [2.0, 3.0]).sum()
    levels = risk.plan_risk.set_index("metric").loc["stock", LEVELS].to_numpy(dtype=float)
    np.testing.assert_allclose(levels, np.quantile(held, [0.1, 0.5, 0.9], axis=0).T)


def test_more_noise_widens(company):
    widths = []
    for spread in (0.05, 0.15, 0.4):
        table = risk_of(company, drawn(company, spread)).plan_risk
        widths.append((table["p90"] - table["p10"]).groupby(table["metric"]).mean())
    assert (widths[0] < widths[1]).all() and (widths[1] < widths[2]).all()


def test_where_capacity_allows_the_median_service_is_that_of_the_plan():
    names, at = [f"I{number}" for number in range(10)], months(24)
    items = pd.DataFrame({"item": names, "unit_cost": 1.0, "price": 3.0, "lead_time": 1})
    items["service_level"] = 0.95
    rng = np.random.default_rng(0)
    walk = np.exp(np.cumsum(rng.normal(0, 0.05, (10, 300, 24)), axis=2))  # where demand drifts
    paths = 100 * walk * rng.normal(1, 0.15, walk.shape).clip(0)
    safety = held_for(paths, names, at, items)
    demand = pd.concat([demand_of([100] * 24, item) for item in names])
    stock = pd.DataFrame({"item": names, "on_hand": 300.0})
    plan = plan_supply(demand, items, inventory=stock, safety_stock=safety).supply_plan
    risk = plan_under_uncertainty(plan, items, paths, inputs=OPEN, around_plan=True).plan_risk
    assert (plan["late"] + plan["lost"]).sum() == 0
    assert risk.loc[risk["metric"] == "service", "p50"].min() > 0.98


def test_capacity_caps_what_is_made_up():
    items = pd.DataFrame({"item": ["A"], "unit_cost": [1.0], "price": [1.0]})
    bill = pd.DataFrame({"item": ["A"], "resource": "line", "hours_per_unit": [1.0]})
    paths = np.random.default_rng(0).normal(100, 20, (1, 300, 12)).clip(0)
    services = []
    for hours in (100.0, 110.0, 400.0):
        line = pd.DataFrame({"resource": ["line"], "hours": [hours]})
        result = plan_supply(
            demand_of([100] * 12, "A"), items, resources=line, bill_of_resources=bill
        )
        risk = plan_under_uncertainty(
            result.supply_plan,
            items,
            paths,
            inputs=OPEN | {"bill_of_resources": bill},
            capacity_plan=result.capacity_plan,
        )
        services.append(risk.plan_risk.set_index("metric").loc["service", "p10"].iloc[-1])
    assert services[0] < services[1] - 0.05 and services[1] < services[2] - 0.02


def test_items_on_an_overfull_line_share_its_hours():
    items = pd.DataFrame({"item": ["A", "B"], "unit_cost": [1.0, 1.0], "price": [1.0, 1.0]})
    bill = pd.DataFrame({"item": ["A", "B"], "resource": "line", "hours_per_unit": [1.0, 2.0]})
    demand = pd.concat([demand_of([100] * 3, "A"), demand_of([100] * 3, "B")])
    hours = pd.DataFrame({"resource": ["line"], "hours": [330.0]})
    result = plan_supply(demand, items, resources=hours, bill_of_resources=bill)
    asked = np.full((2, 1, 3), 100.0)
    asked[:, 0, 0] = [120.0, 120.0]  # 60 hours wanted, 30 left each month: all back after two
    risk = plan_under_uncertainty(
        result.supply_plan,
        items,
        asked,
        inputs=OPEN | {"bill_of_resources": bill},
        capacity_plan=result.capacity_plan,
    )
    service = risk.plan_risk.set_index("metric").loc["service", "p50"]
    np.testing.assert_allclose(service, [1 - 40 / 240, 1 - 20 / 200, 1.0])
    assert risk.by_item["service"].nunique() == 1


def test_the_order_of_items_and_the_parts_that_are_rolled_at_once_change_nothing(
    company, monkeypatch
):
    items, inputs, result = company
    paths = drawn(company, 0.3)
    table = risk_of(company, paths).plan_risk
    turned = plan_under_uncertainty(
        result.supply_plan[::-1],
        items[::-1],
        paths[::-1],
        names=list("DCBA"),
        inputs=inputs,
        capacity_plan=result.capacity_plan,
    ).plan_risk
    pd.testing.assert_frame_equal(table, turned)
    pd.testing.assert_frame_equal(table, risk_of(company, paths).plan_risk, rtol=0, atol=0)
    monkeypatch.setattr("sopkit.supply.risk.CELLS", 100)
    pd.testing.assert_frame_equal(table, risk_of(company, paths).plan_risk)


def test_prices_of_a_bucket_are_what_shipments_bring(facts):
    items, result = facts
    prices = result.supply_plan[["item", "bucket"]].assign(price=7.0)
    paths = result.supply_plan["demand"].to_numpy().reshape(2, 1, 3)
    risk = plan_under_uncertainty(result.supply_plan, items, paths, prices=prices).plan_risk
    assert risk.set_index("metric").loc["revenue", "p50"].tolist() == [7.0 * 150] * 3
    assert risk["bucket"].unique().tolist() == months(3).tolist()


def test_the_item_that_carries_the_risk_comes_first(facts):
    items, result = facts
    paths = np.random.default_rng(0).normal([[[100]], [[50]]], 30, (2, 500, 3)).clip(0)
    table = plan_under_uncertainty(result.supply_plan, items, paths[::-1], names=["B", "A"]).by_item
    assert (
        table["item"].tolist() == ["A", "B"]
        and table["share"].sum() == pytest.approx(1)
        and table["share"].iloc[0] > 0.9
    )


def test_paths_can_be_put_around_the_plan(facts):
    items, result = facts
    paths = np.full((2, 3, 3), 7.0)
    risk = plan_under_uncertainty(result.supply_plan, items, paths, around_plan=True).plan_risk
    assert (risk.loc[risk["metric"] == "service", "p50"] == 1).all()


def test_paths_of_another_shape_are_named(facts):
    items, result = facts
    with pytest.raises(PlanError, match="paths has shape"):
        plan_under_uncertainty(result.supply_plan, items, np.zeros((1, 5, 3)))
