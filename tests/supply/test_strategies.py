"""Strategies, rough cut, reasons and stability."""

import numpy as np
import pandas as pd
import pytest

from sopkit.supply import STRATEGIES, plan_changes, plan_supply
from tests.supply.cases import demand_of, months, red_tomato
from tests.supply.companies import company
from tests.supply.compare import follows
from tests.supply.oracle import Company, as_arguments, random_case


def test_level_is_one_workforce_and_one_share_of_its_hours():
    case = as_arguments(random_case(5))
    result = plan_supply(**case, strategy="level")
    assert result.workforce_plan.groupby("resource")["workers"].nunique().tolist() == [1]
    plan = result.capacity_plan
    share = (plan["load"] - plan["overtime"]) / plan["regular_capacity"]
    assert share.groupby(plan["resource"]).agg(np.ptp).max() < 1e-6


def test_level_is_the_cheapest_of_all_shares():
    demand, items = (
        demand_of([10, 40, 10]),
        pd.DataFrame(
            {
                "item": ["unit"],
                "holding_cost": [1.0],
                "backlog_cost": [4.0],
                "lost_sales_cost": [100.0],
            }
        ),
    )
    line = pd.DataFrame({"resource": ["line"], "hours": [30.0], "regular_cost": [1.0]})
    bill = pd.DataFrame({"item": ["unit"], "resource": ["line"], "hours_per_unit": [1.0]})

    def fixed(output):
        frozen = demand_of([output] * 3).rename(columns={"quantity": "production"})
        return plan_supply(
            demand, items, resources=line, bill_of_resources=bill, frozen=frozen
        ).objective

    level = plan_supply(demand, items, resources=line, bill_of_resources=bill, strategy="level")
    assert level.objective == pytest.approx(
        min(fixed(output) for output in (15, 20, 22.5, 25, 27.5, 30))
    )
    assert level.objective < fixed(30)


def test_chase_makes_net_demand_plus_the_change_in_safety_stock():
    demand, safety = demand_of([10, 40, 10, 20]), demand_of([5, 10, 0, 0])
    line = pd.DataFrame({"resource": ["line"], "hours": [35.0]})
    bill = pd.DataFrame({"item": ["unit"], "resource": ["line"], "hours_per_unit": [1.0]})
    items = pd.DataFrame({"item": ["unit"], "holding_cost": [1.0], "price": [50.0]})
    result = plan_supply(
        demand,
        items,
        resources=line,
        bill_of_resources=bill,
        safety_stock=safety,
        strategy="chase",
        inventory=pd.DataFrame({"item": ["unit"], "on_hand": [3]}),
    )
    assert result.supply_plan["production"].tolist() == [12, 35, 10, 20]
    assert result.capacity_plan["unconstrained_load"].tolist() == [12, 45, 0, 20]


def test_chase_lets_the_workforce_follow():
    plan = plan_supply(**red_tomato(), strategy="chase")
    assert (
        plan.workforce_plan["workers"].tolist() == [15, 75, 80, 95, 55, 67.5]
        and plan.supply_plan["subcontracted"].sum() == 0
    )


def test_strategies_side_by_side_with_a_plan_of_ones_own():
    case = red_tomato()
    own = demand_of([2000] * 6).rename(columns={"quantity": "production"})
    cost = {name: plan_supply(**case, strategy=name).objective for name in STRATEGIES}
    cost["ours"] = plan_supply(**case, frozen=own).objective
    assert min(cost, key=cost.get) in ("optimal", "level")
    assert cost["ours"] > cost["optimal"] + 1 and cost["chase"] > cost["optimal"] + 1


def test_reasons_name_what_holds_and_their_shares_sum_to_one():
    seen = set()
    for seed in (0, 1, 4, 6):
        plan = plan_supply(**as_arguments(random_case(seed))).supply_plan
        held = plan[plan["why"] != ""]
        short = (
            (plan["late"] > 1e-4)
            | (plan["lost"] > 1e-4)
            | (plan["safety_stock"] - plan["projected_available"] > 1e-4)
        )
        assert (plan["why"] != "").equals(short)
        for why in held["why"]:
            parts = [
                int(word.rstrip("%,")) for word in why.split() if word.rstrip(",").endswith("%")
            ]
            assert not parts or 97 <= sum(parts) <= 103
        seen |= {
            word
            for why in held["why"]
            for word in ("line full", "crew full", "lead time", "supplier", "cheaper")
            if word in why
        }
    assert {"line full", "lead time"} <= seen


def test_changes_inside_the_fence_are_measured_and_priced():
    items = pd.DataFrame({"item": ["unit"], "unit_cost": [4.0], "holding_cost": [1.0]})
    released = plan_supply(demand_of([10, 10, 10]), items)
    now = plan_supply(demand_of([14, 10, 30]), items)
    changes = plan_changes(now.supply_plan, released.supply_plan, pd.Series({"unit": 4.0}))
    assert changes[["change", "money"]].to_numpy().tolist() == [[4, 16], [0, 0]]
    frozen = released.supply_plan[released.supply_plan["bucket"] == months(1)[0]]
    held = plan_supply(demand_of([14, 10, 30]), items, frozen=frozen)
    assert held.supply_plan["purchased"].tolist() == [10, 14, 30]
    assert held.objective > now.objective  # what keeping the fence costs


def test_chase_fills_safety_stock_that_falls_faster_than_demand():
    items = pd.DataFrame(
        {
            "item": ["unit"],
            "holding_cost": [1.0],
            "price": [50.0],
            "unit_cost": [5.0],
            "ending_stock": [0.0],
        }
    )
    safe = demand_of([5, 20, 5, 5])
    case = {"demand": demand_of([10, 10, 1, 10]), "items": items, "safety_stock": safe}
    plan = plan_supply(**case, strategy="chase").supply_plan
    assert plan["purchased"].tolist() == [15.0, 25.0, 0.0, 0.0]


def test_chase_fills_safety_stock_though_more_comes_than_the_next_bucket_needs():
    demand, safety = demand_of([10, 10, 10]), demand_of([20, 5, 5])
    items = pd.DataFrame({"item": ["unit"], "unit_cost": [4.0], "ending_stock": [0.0]})
    coming = pd.DataFrame({"item": ["unit"], "due_on": [months(2)[1]], "quantity": [30.0]})
    result = plan_supply(demand, items, safety_stock=safety, receipts=coming, strategy="chase")
    plan = result.supply_plan
    assert plan["purchased"].tolist() == [30.0, 0.0, 0.0]
    assert plan["projected_available"].tolist() == [20.0, 40.0, 30.0]


def test_chase_does_not_make_up_for_a_target_that_has_gone():
    items = pd.DataFrame({"item": ["unit"], "lead_time": [1.0], "ending_stock": [0.0]})
    crew = {"resource": ["crew"], "workers": [2.0], "hours_per_worker": [10.0], "hiring_cost": 5.0}
    bill = pd.DataFrame({"item": ["unit"], "resource": ["crew"], "hours_per_unit": [1.0]})
    result = plan_supply(
        demand_of([0, 5, 5]),
        items,
        resources=pd.DataFrame(crew),
        bill_of_resources=bill,
        safety_stock=demand_of([20, 5, 5]),
        strategy="chase",
    )
    assert result.supply_plan["production"].tolist() == [0, 10, 5]  # the crew cannot be laid off


def test_chase_leaves_agreed_backlog_at_what_is_agreed():
    facts = {"strategy": ["order"], "customer_lead_time": [1.0], "price": [50.0]}
    line = pd.DataFrame({"resource": ["line"], "hours": [20.0]})
    bill = pd.DataFrame({"item": ["unit"], "resource": ["line"], "hours_per_unit": [1.0]})
    result = plan_supply(
        demand_of([10, 40, 10, 10]),
        pd.DataFrame({"item": ["unit"]} | facts),
        resources=line,
        bill_of_resources=bill,
        strategy="chase",
    )
    assert result.supply_plan["production"].tolist() == [0, 10, 20, 20]
    assert result.supply_plan["backlog"].tolist() == [10, 40, 30, 10]


@pytest.mark.parametrize("more", [{"allocation": "fair"}, {"whole_workers": True, "gap": 1e-6}])
@pytest.mark.parametrize("seed", [13, 21])
def test_chase_is_chase_however_hours_are_shared(seed, more):
    case = company("chase", seed) | more
    assert list(follows(plan_supply(**as_arguments(case)), Company(case))) == []


def test_chase_in_whole_lots_is_never_a_lot_ahead():
    items = {"item": ["unit"], "lot_size": [8.0], "unit_cost": [9.0], "ending_stock": [0.0]}
    asked = demand_of([10, 2, 20]), pd.DataFrame(items)
    plan = plan_supply(*asked, lots=True, strategy="chase").supply_plan
    assert plan["purchased"].tolist() == [16, 0, 16] and plan["lost"].sum() == 0


@pytest.mark.parametrize(
    "more",
    [
        {"strategy": ["order"], "customer_lead_time": [1.0]},
        {"maximum_stock": [10.0]},
        {"shelf_life": [1.0]},
    ],
)
def test_a_receipt_that_comes_after_demand_was_chased_stands_as_stock(more):
    items = pd.DataFrame({"item": ["unit"], "unit_cost": [5.0], "price": [9.0], **more})
    due = pd.DataFrame({"item": ["unit"], "due_on": [months(3)[2]], "quantity": [71.0]})
    plan = plan_supply(demand_of([75.0, 40, 30, 20]), items, receipts=due, strategy="chase")
    assert plan.supply_plan["lost"].sum() == 0


@pytest.mark.parametrize("other", ["A", "Z"])
@pytest.mark.parametrize("owed", [0.0, 100.0])
def test_an_order_item_ships_evenly_whatever_its_neighbours_are_called(other, owed):
    items = pd.DataFrame(
        {
            "item": ["M", other],
            "strategy": ["order", "stock"],
            "customer_lead_time": [1.0, np.nan],
            "price": 40.0,
            "unit_cost": 10.0,
        }
    )
    demand = pd.concat([demand_of([100.0] * 8, name) for name in items["item"]])
    stock = pd.DataFrame({"item": ["M"], "on_hand": [0.0], "backlog": [owed]})
    booked = pd.DataFrame({"item": ["M"], "bucket": "2025-12-01", "quantity": [100.0]})
    asked = {"inventory": stock, "bookings": booked, "settings": {}}
    plan = plan_supply(demand, items, **asked).supply_plan.set_index("item").loc["M"]
    assert plan["shipments"].tolist() == [100.0] * 8 and plan["backlog"].tolist() == [owed] * 8


def test_an_order_that_may_not_be_late_is_lost_where_it_cannot_be_served():
    items = pd.DataFrame(
        {"item": ["unit"], "strategy": "order", "backlog_cost": np.inf, "lead_time": 2.0}
    )
    assert plan_supply(demand_of([12.0, 95.0]), items).supply_plan["lost"].tolist() == [12, 95]
