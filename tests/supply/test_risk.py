"""The plan under uncertainty."""

import numpy as np
import pandas as pd
import pytest

from sopkit import PlanError
from sopkit.supply import plan_supply, plan_under_uncertainty
from tests.supply.cases import demand_of


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


def test_certain_demand_is_the_plan_itself(facts):
    items, result = facts
    demand = result.supply_plan["demand"].to_numpy().reshape(2, 1, 3)
    risk = plan_under_uncertainty(
        result.supply_plan, items, np.repeat(demand, 5, axis=1)
    ).by_bucket.set_index("metric")
    assert (risk.loc["service", ["p10", "p50", "p90"]] == 1).all().all()
    stock = (
        (
            result.supply_plan["projected_available"]
            * result.supply_plan["item"].map({"A": 2.0, "B": 3.0})
        )
        .groupby(result.supply_plan["bucket"])
        .sum()
    )
    np.testing.assert_allclose(risk.loc["stock", "p50"], stock)


def test_every_path_is_rolled_like_one_plan(facts):
    items, result = facts
    paths = np.random.default_rng(0).normal(100, 30, (2, 40, 3)).clip(0)
    risk = plan_under_uncertainty(result.supply_plan, items, paths)
    plan = result.supply_plan
    got = (plan["purchased"] + plan["receipts"]).to_numpy().reshape(2, 3)
    late = np.zeros((40, 3))
    for path in range(40):
        net = np.array([20.0, 500.0])
        for t in range(3):
            net = net + got[:, t] - paths[:, path, t]
            late[path, t] = (np.maximum(-net, 0) * [10.0, 5.0]).sum()
    levels = (
        risk.by_bucket.set_index("metric")
        .loc["backlog", ["p10", "p50", "p90"]]
        .to_numpy(dtype=float)
    )
    np.testing.assert_allclose(levels, np.quantile(late, [0.1, 0.5, 0.9], axis=0).T)
    assert (risk.by_bucket["p10"] <= risk.by_bucket["p50"]).all() and (
        risk.by_bucket["p50"] <= risk.by_bucket["p90"]
    ).all()


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
    risk = plan_under_uncertainty(result.supply_plan, items, paths, around_plan=True).by_bucket
    assert (risk.loc[risk["metric"] == "service", "p50"] == 1).all()


def test_paths_of_another_shape_are_named(facts):
    items, result = facts
    with pytest.raises(PlanError, match="paths has shape"):
        plan_under_uncertainty(result.supply_plan, items, np.zeros((1, 5, 3)))
