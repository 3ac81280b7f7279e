"""Whole workers and lots against an independent mixed-integer formulation."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from sopkit.errors import PlanError
from sopkit.supply import plan_supply
from tests.supply.cases import demand_of


def lots_by_hand(demand, lot, least, holding, backlog, hours):
    """One item, whole lots, a minimum, fixed hours: money."""
    size = len(demand)
    n, run, stock, late = (np.arange(size) + k * size for k in range(4))
    cost = np.zeros(4 * size)
    cost[stock], cost[late] = holding, backlog
    balance, limit = np.zeros((size, 4 * size)), np.zeros((2 * size, 4 * size))
    for t in range(size):
        balance[t, n[t]], balance[t, stock[t]], balance[t, late[t]] = lot, -1, 1
        if t:
            balance[t, stock[t - 1]], balance[t, late[t - 1]] = 1, -1
        limit[t, n[t]], limit[t, run[t]] = lot, -1e4
        limit[size + t, n[t]], limit[size + t, run[t]] = -lot, least
    upper = np.concatenate(
        [np.full(size, np.floor(hours / lot)), np.ones(size), np.full(2 * size, np.inf)]
    )
    upper[late[-1]] = 0
    found = milp(
        cost,
        constraints=[
            LinearConstraint(balance, demand, demand),
            LinearConstraint(limit, -np.inf, 0),
        ],
        bounds=Bounds(0, upper),
        integrality=np.r_[np.ones(2 * size), np.zeros(2 * size)],
    )
    return found.fun


@pytest.mark.parametrize("seed", range(4))
def test_lots_and_minimum_lots_are_the_cheapest(seed):
    draw = np.random.default_rng(seed)
    demand = draw.integers(0, 40, 6).astype(float)
    items = pd.DataFrame(
        {
            "item": ["unit"],
            "holding_cost": [1.0],
            "backlog_cost": [3.0],
            "lost_sales_cost": [1e4],
            "lot_size": [8.0],
            "minimum_lot": [20.0],
        }
    )
    facts = {
        "resources": pd.DataFrame({"resource": ["line"], "hours": [50.0]}),
        "bill_of_resources": pd.DataFrame(
            {"item": ["unit"], "resource": ["line"], "hours_per_unit": [1.0]}
        ),
    }
    result = plan_supply(demand_of(demand), items, **facts, lots=True, gap=1e-9)
    made = result.supply_plan["production"]
    assert np.allclose(made % 8, 0) and ((made == 0) | (made >= 20)).all()
    assert (
        result.objective == pytest.approx(lots_by_hand(demand, 8, 20, 1.0, 3.0, 50.0))
        and result.gap <= 1e-9
    )
    free = plan_supply(demand_of(demand), items, **facts)
    assert free.objective <= result.objective and free.gap == 0


def test_frozen_buckets_need_not_be_whole_lots():
    items = pd.DataFrame({"item": ["unit"], "holding_cost": [1.0], "lot_size": [10.0]})
    frozen = demand_of([7]).rename(columns={"quantity": "purchased"})
    assert plan_supply(demand_of([7, 10]), items, frozen=frozen, lots=True).supply_plan[
        "purchased"
    ].tolist() == [7, 10]


def test_whole_workers_cost_no_less_and_are_whole():
    crew = pd.DataFrame(
        {
            "resource": ["a", "b"],
            "workers": [3, 2.5],
            "hours_per_worker": 10.0,
            "regular_cost": 2.0,
            "hiring_cost": [5.0, None],
            "layoff_cost": [5.0, None],
        }
    )
    bill = pd.DataFrame(
        {"item": ["unit", "unit"], "resource": ["a", "b"], "hours_per_unit": [1.0, 0.5]}
    )
    items = pd.DataFrame({"item": ["unit"], "holding_cost": [0.4], "price": [1e3]})
    facts = {"resources": crew, "bill_of_resources": bill}
    whole = plan_supply(demand_of([12, 47, 33]), items, **facts, whole_workers=True, gap=1e-9)
    workers = whole.workforce_plan.set_index("resource")["workers"]
    assert (workers["a"] % 1 == 0).all() and (workers["b"] == 2.5).all()
    assert whole.objective >= plan_supply(demand_of([12, 47, 33]), items, **facts).objective
    assert (whole.capacity_plan["shadow_price"] >= 0).all()


def test_a_source_whose_smallest_lot_is_above_its_limit_delivers_nothing():
    items = pd.DataFrame({"item": ["unit"], "minimum_lot": [10.0], "price": [9.0]})
    sourcing = pd.DataFrame(
        {"item": "unit", "source": ["near", "off", "far"], "max_quantity": [5.0, 0.0, 30.0]}
    ).assign(unit_cost=[1.0, 1.0, 2.0])
    result = plan_supply(demand_of([25]), items, sourcing=sourcing, lots=True)
    assert result.sourcing_plan[["source", "quantity"]].to_numpy().tolist() == [["far", 25]]
    assert result.idle == [
        "unit from near (a lot is 10, its limit 5)",
        "unit from off (a lot is 10, its limit 0)",
    ]


@pytest.mark.parametrize("seed", range(5))
def test_lots_can_always_be_planned(seed):
    for number in range(6):
        draw = np.random.default_rng([seed, number])
        count, months_ = draw.integers(1, 4), draw.integers(2, 6)
        names = [f"item {n}" for n in range(count)]
        rows = [demand_of(draw.integers(0, 60, months_).astype(float), name) for name in names]
        items = pd.DataFrame(
            {
                "item": names,
                "unit_cost": draw.uniform(1, 20, count),
                "price": draw.uniform(20, 90, count),
                "lot_size": draw.choice([np.nan, 5.0, 12.0, 40.0], count),
                "minimum_lot": draw.choice([np.nan, 8.0, 30.0], count),
                "maximum_stock": draw.choice([np.nan, 60.0], count),
                "lead_time": draw.choice([0.0, 1.0], count),
            }
        )
        sourcing = pd.DataFrame(
            {
                "item": names,
                "source": "near",
                "unit_cost": 30.0,
                "max_quantity": draw.choice([0.0, 10.0, 25.0, np.inf], count),
            }
        )
        line = pd.DataFrame({"resource": ["line"], "hours": [float(draw.integers(10, 90))]})
        bill = pd.DataFrame({"item": names[:1], "resource": "line", "hours_per_unit": 1.0})
        asked = {"resources": line, "bill_of_resources": bill, "sourcing": sourcing}
        safety = pd.concat(rows).assign(quantity=5.0)
        result = plan_supply(
            pd.concat(rows), items, **asked, safety_stock=safety, lots=True, gap=0.1
        )
        got = result.supply_plan.set_index("item")[["production", "overtime_production"]].sum(
            axis=1
        )
        lot = items.set_index("item")["lot_size"].reindex(got.index)
        over = np.mod(got, lot).where(lot.notna(), 0.0)
        assert np.minimum(over, (lot - over).fillna(0)).max() < 1e-6


@pytest.mark.parametrize(
    ("demand", "facts", "bought"),
    [
        (1e10, {"lot_size": [1.0]}, 1e10),  # a lot that is dust is none
        (10.0, {"lot_size": [1e-9]}, 10.0),
        (10.0, {"minimum_lot": [1e8]}, 0.0),  # and nobody buys for a million years
    ],
)
def test_lots_far_from_the_demand_are_none_or_never_bought(demand, facts, bought):
    items = pd.DataFrame({"item": ["unit"], "unit_cost": [5.0], "price": [9.0], **facts})
    result = plan_supply(demand_of([demand] * 3), items, lots=True)
    assert result.supply_plan["purchased"].tolist() == [bought] * 3
    assert len(result.idle) == (bought == 0)


def test_a_source_whose_limit_holds_no_order_of_whole_lots_is_idle():
    items = pd.DataFrame({"item": ["unit"], "lot_size": [12.0], "minimum_lot": [15.0]})
    source = pd.DataFrame({"item": ["unit"], "source": ["X"], "max_quantity": [20.0]})
    result = plan_supply(demand_of([10.0] * 6), items, sourcing=source, lots=True)
    assert result.idle == ["unit from X (a lot is 24, its limit 20)"]


@pytest.mark.parametrize("wrong", [{"gap": "x"}, {"gap": -1}, {"time_limit": np.nan}])
def test_a_search_is_bounded_by_numbers(wrong):
    with pytest.raises(PlanError, match="is no number of 0 or more"):
        plan_supply(demand_of([10.0]), pd.DataFrame({"item": ["unit"]}), lots=True, **wrong)
