"""Whole workers and lots against an independent mixed-integer formulation."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from sopkit import PlanError
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


def test_a_lot_above_the_suppliers_limit_is_refused():
    items = pd.DataFrame({"item": ["unit"], "minimum_lot": [10.0]})
    sourcing = pd.DataFrame({"item": ["unit"], "source": ["near"], "max_quantity": [5.0]})
    with pytest.raises(PlanError, match="minimum_lot 10, max_quantity 5"):
        plan_supply(demand_of([5]), items, sourcing=sourcing, lots=True)
