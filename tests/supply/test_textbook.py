"""Classical published aggregate-planning cases, exactly."""

import numpy as np
import pandas as pd
import pytest

from sopkit.supply import STRATEGIES, plan_supply
from tests.supply.cases import demand_of, months, red_tomato, roofing, skateboards


@pytest.mark.parametrize("strategy", ["optimal", "level"])
def test_heizer_render_roofing_constant_workforce_with_stock(strategy):
    result = plan_supply(**roofing(10), strategy=strategy)
    assert result.objective == pytest.approx(58_850)
    assert result.costs["regular_labour"] == pytest.approx(49_600) and result.costs[
        "holding"
    ] == pytest.approx(9_250)


@pytest.mark.parametrize("whole_workers", [False, True])
def test_heizer_render_roofing_subcontracting(whole_workers):
    result = plan_supply(**roofing(7.6, subcontract=10.0), whole_workers=whole_workers)
    assert result.objective == pytest.approx(52_576)
    assert result.supply_plan["subcontracted"].sum() == pytest.approx(1_488)


def test_stevenson_skateboards_level_output():
    assert plan_supply(**skateboards(300), holding="average").objective == pytest.approx(4_700)


def test_stevenson_skateboards_as_a_frozen_plan_of_purchases():
    case = skateboards(300)
    frozen = demand_of([300] * 6).rename(columns={"quantity": "purchased"})
    bought = case["items"].assign(unit_cost=2)
    assert plan_supply(
        case["demand"], bought, frozen=frozen, holding="average"
    ).objective == pytest.approx(4_700)


def test_stevenson_skateboards_with_overtime_as_printed():
    case = skateboards(280, overtime=40)
    printed = demand_of([280, 280, 320, 320, 320, 280]).rename(columns={"quantity": "production"})
    assert plan_supply(**case, frozen=printed, holding="average").objective == pytest.approx(4_640)
    assert plan_supply(**case, holding="average").objective <= 4_640


@pytest.mark.parametrize("whole_workers, total", [(False, 422_275), (True, 422_660)])
def test_chopra_meindl_red_tomato(whole_workers, total):
    result = plan_supply(**red_tomato(), whole_workers=whole_workers, gap=1e-9)
    assert result.objective == pytest.approx(total)
    assert result.costs.sum() == result.objective


def test_chopra_meindl_red_tomato_with_higher_demand_variability():
    demand = (1000, 3000, 3800, 4800, 2000, 1400)
    assert plan_supply(**red_tomato(demand)).objective == pytest.approx(432_858.33, abs=0.01)


def densepack(**resource):
    """Nahmias, Production and Operations Analysis, ch. 3: Densepack (300 workers, 500 in stock, 600
    wanted at the end, 0.14653 units a worker-day).
    """
    days = [20, 24, 18, 26, 22, 15]
    crew = {"workers": 300, "hiring_cost": 500.0, "layoff_cost": 1000.0, **resource}
    return {
        "demand": demand_of([1280, 640, 900, 1200, 2000, 1400]),
        "items": pd.DataFrame(
            {
                "item": ["unit"],
                "holding_cost": [80.0],
                "ending_stock": [600],
                "backlog_cost": [float("inf")],
                "lost_sales_cost": [1e6],
            }
        ),
        "resources": pd.DataFrame(
            {
                "resource": "plant",
                "bucket": [None, *months(6)],
                **{k: [v] + [None] * 6 for k, v in crew.items()},
                "hours_per_worker": [None, *map(float, days)],
            }
        ),
        "bill_of_resources": pd.DataFrame(
            {"item": ["unit"], "resource": ["plant"], "hours_per_unit": [1 / 0.14653]}
        ),
        "inventory": pd.DataFrame({"item": ["unit"], "on_hand": [500]}),
    }


def test_nahmias_densepack_chase_workers():
    chase = plan_supply(**densepack(), strategy="chase", whole_workers=True, gap=1e-9)
    assert chase.workforce_plan["workers"].tolist()[:5] == [267, 182, 342, 315, 621]
    assert (
        chase.workforce_plan["workers"].tolist()[5] == 910
    )  # the book's 911 comes of rounding stock to whole units on the way


def test_nahmias_densepack_constant_workforce_with_zero_inventory_is_dearer():
    plans = {name: plan_supply(**densepack(), strategy=name) for name in STRATEGIES}
    assert plans["optimal"].objective <= min(plan.objective for plan in plans.values()) + 1e-6
    moved = plans["level"].workforce_plan[["hired", "laid_off"]].to_numpy().sum()
    assert moved == pytest.approx(111, abs=1.5)  # the book hires 111 to 411 workers
    assert plans["chase"].supply_plan["projected_available"].mean() == pytest.approx(100)


def transport_tableau():
    """Heizer & Render, ch. 13: Farnsworth Tire, the transportation method (regular 40, overtime 50,
    subcontract 70, carrying 2 a period).
    """
    return {
        "demand": pd.DataFrame({"item": "tire", "bucket": months(3), "quantity": [800, 1000, 750]}),
        "items": pd.DataFrame(
            {
                "item": ["tire"],
                "holding_cost": [2.0],
                "backlog_cost": [float("inf")],
                "lost_sales_cost": [1e5],
            }
        ),
        "resources": pd.DataFrame(
            {
                "resource": "plant",
                "bucket": months(3),
                "hours": [700, 700, 700],
                "overtime_hours": [50, 50, 50],
                "regular_cost": 40,
                "overtime_cost": 50,
            }
        ),
        "bill_of_resources": pd.DataFrame(
            {"item": ["tire"], "resource": ["plant"], "hours_per_unit": [1]}
        ),
        "sourcing": pd.DataFrame(
            {"item": ["tire"], "source": ["other plant"], "unit_cost": [70], "max_quantity": [150]}
        ),
        "inventory": pd.DataFrame({"item": ["tire"], "on_hand": [100]}),
    }


def test_heizer_render_farnsworth_tire():
    result = plan_supply(**transport_tableau())
    by_hand = (
        2100 * 40 + 150 * 50 + 200 * 70 + 2 * (50 + 50)
    )  # 50 of March's overtime and 50 of its subcontract wait for April
    assert result.objective == pytest.approx(by_hand)


def test_one_item_without_limits_or_prices_is_bought_when_wanted():
    demand = pd.DataFrame(
        {"item": 7, "bucket": months(4).strftime("%Y-%m-%d"), "quantity": [5, 0, 8, 2]}
    ).iloc[::-1]
    plan = plan_supply(demand, pd.DataFrame({"item": [7]})).supply_plan
    assert plan["purchased"].tolist() == [5, 0, 8, 2] and plan["bucket"].is_monotonic_increasing


WILLIAMS_DEMAND = [
    [500, 1000, 300, 300, 800, 200, 100],
    [600, 500, 200, 0, 400, 300, 150],
    [300, 600, 0, 0, 500, 400, 100],
    [200, 300, 400, 500, 200, 0, 100],
    [0, 100, 500, 100, 1000, 300, 0],
    [500, 500, 100, 300, 1100, 500, 60],
]
WILLIAMS_HOURS = {  # hours of a unit, machines there, machines down by month
    "grinding": ([0.5, 0.7, 0, 0, 0.3, 0.2, 0.5], 4, [1, 0, 0, 0, 1, 0]),
    "vertical drilling": ([0.1, 0.2, 0, 0.3, 0, 0.6, 0], 2, [0, 0, 0, 1, 1, 0]),
    "horizontal drilling": ([0.2, 0, 0.8, 0, 0, 0, 0.6], 3, [0, 2, 0, 0, 0, 1]),
    "boring": ([0.05, 0.03, 0, 0.07, 0.1, 0, 0.08], 1, [0, 0, 1, 0, 0, 0]),
    "planing": ([0, 0, 0.01, 0, 0.05, 0, 0.05], 1, [0, 0, 0, 0, 0, 1]),
}


def test_williams_factory_planning_keeps_its_ending_stock():
    """Williams, Model Building in Mathematical Programming, 12.3: what is not sold is lost at its
    profit; 50 of each are wanted at the end, whatever they could have been sold for.
    """
    profit, names = np.array([10.0, 6, 8, 4, 11, 9, 3]), [f"PROD {n}" for n in range(1, 8)]
    dates = months(6)
    demand = pd.DataFrame(
        [(i, d, q) for d, row in zip(dates, WILLIAMS_DEMAND) for i, q in zip(names, row)],
        columns=["item", "bucket", "quantity"],
    )
    items = pd.DataFrame(
        {
            "item": names,
            "holding_cost": 0.5,
            "backlog_cost": np.inf,
            "lost_sales_cost": profit,
            "maximum_stock": 100,
            "ending_stock": 50,
        }
    )
    resources = [
        (name, d, 384.0 * (machines - out))
        for name, (_, machines, down) in WILLIAMS_HOURS.items()
        for d, out in zip(dates, down)
    ]
    bill = [
        (i, name, h)
        for name, (hours, *_) in WILLIAMS_HOURS.items()
        for i, h in zip(names, hours)
        if h
    ]
    result = plan_supply(
        demand,
        items,
        resources=pd.DataFrame(resources, columns=["resource", "bucket", "hours"]),
        bill_of_resources=pd.DataFrame(bill, columns=["item", "resource", "hours_per_unit"]),
    )
    left = result.supply_plan.groupby("item")["projected_available"].last()
    assert left.tolist() == pytest.approx([50] * 7)
    sold = demand.groupby("item")["quantity"].sum().loc[names].to_numpy() @ profit
    assert sold - result.objective == pytest.approx(93_715.18, abs=0.005)
