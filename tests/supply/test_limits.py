"""Lead times, fences, stock limits, shelf life, end of horizon, order-driven items."""

import numpy as np
import pandas as pd
import pytest

from sopkit.supply import inventory_plan, plan_supply, stock_risk
from tests.supply.cases import demand_of, months


def plan(quantities, items=None, **facts):
    frame = pd.DataFrame(
        {
            "item": ["unit"],
            "unit_cost": [10.0],
            "price": [30.0],
            "holding_cost": [1.0],
            **{k: [v] for k, v in (items or {}).items()},
        }
    )
    return plan_supply(demand_of(quantities), frame, **facts).supply_plan


def line(hours):
    return {
        "resources": pd.DataFrame({"resource": ["line"], "hours": [hours]}),
        "bill_of_resources": pd.DataFrame(
            {"item": ["unit"], "resource": ["line"], "hours_per_unit": [1.0]}
        ),
    }


def test_nothing_new_arrives_before_the_lead_time_but_receipts_do():
    receipts = pd.DataFrame(
        {
            "item": "unit",
            "due_on": ["2025-12-20", "2026-01-31", "2026-02-10", "2030-01-01"],
            "quantity": [1, 2, 4, 8],
        }
    )
    result = plan([5, 5, 5], {"lead_time": 1.2}, receipts=receipts)
    assert result["receipts"].tolist() == [3, 4, 0] and result["purchased"].tolist() == [0, 0, 8]
    assert (
        result["backlog"].tolist() == [2, 3, 0]
        and result["why"].tolist()[:2] == ["late: lead time 100%"] * 2
    )


def test_a_sources_lead_time_beats_the_items():
    sourcing = pd.DataFrame(
        {"item": "unit", "source": ["slow", "fast"], "unit_cost": [10, 12], "lead_time": [None, 0]}
    )
    result = plan([5, 5, 5], {"lead_time": 2}, sourcing=sourcing)
    assert result["purchased"].tolist() == [5, 5, 5]


def test_frozen_buckets_stay_even_inside_the_lead_time():
    frozen = pd.DataFrame(
        {
            "item": "unit",
            "bucket": months(2),
            "production": [3.0, np.nan],
            "overtime_production": [1.0, np.nan],
            "demand": 99.0,
        }
    )
    result = plan([5, 5, 5], {"lead_time": 1}, frozen=frozen, **line(20))
    assert (result["production"] + result["overtime_production"]).tolist() == [4, 6, 5]


def test_frozen_totals_of_several_sources_go_to_the_cheapest():
    sourcing = pd.DataFrame(
        {
            "item": "unit",
            "source": ["dear", "cheap"],
            "unit_cost": [20, 10],
            "max_quantity": [None, 4],
        }
    )
    frozen = pd.DataFrame({"item": ["unit"], "bucket": months(1), "purchased": [10.0]})
    result = plan_supply(
        demand_of([10]), pd.DataFrame({"item": ["unit"]}), sourcing=sourcing, frozen=frozen
    )
    assert result.costs["purchase"] == 4 * 10 + 6 * 20


def test_maximum_stock_holds_for_what_is_new():
    result = plan(
        [0, 0, 30],
        {"maximum_stock": 8},
        inventory=pd.DataFrame({"item": ["unit"], "on_hand": [10]}),
        **line(12),
    )
    assert (
        result["projected_available"].tolist() == [10, 10, 0]
        and result["production"].sum() + result["lost"].sum() == 20
    )
    built = plan([0, 0, 30], {"maximum_stock": 8}, **line(12))
    assert built["projected_available"].tolist() == [0, 8, 0] and built["lost"].sum() == 10


def test_shelf_life_limits_how_far_ahead_is_made():
    kept = plan([0, 0, 0, 30], **line(10))
    fresh = plan([0, 0, 0, 30], {"shelf_life": 1}, **line(10))
    assert kept["production"].tolist() == [0, 10, 10, 10] and fresh["production"].tolist() == [
        0,
        0,
        10,
        10,
    ]
    assert fresh["lost"].sum() == 10


@pytest.mark.parametrize(
    ("life", "on_hand", "receipts", "bought", "gone"),
    [
        (2, 100, 0, [0, 0, 10, 10, 10, 10], [0, 80, 80, 80, 80, 80]),
        (0, 100, 0, [10] * 6, [100] * 6),
        (1.5, 100, 0, [0, 5, 10, 10, 10, 10], [0, 85, 85, 85, 85, 85]),
        (2, 15, 70, [0, 0, 0, 0, 10, 10], [0, 0, 0, 45, 45, 45]),  # 70 come in February
        (9, 100, 0, [0] * 6, [0] * 6),
    ],
)
def test_stock_and_receipts_age_and_the_oldest_is_sold_first(life, on_hand, receipts, bought, gone):
    items = pd.DataFrame({"item": ["unit"], "unit_cost": 2.0, "price": 9.0, "shelf_life": [life]})
    made = plan_supply(
        demand_of([10.0] * 6),
        items,
        inventory=pd.DataFrame({"item": ["unit"], "on_hand": [on_hand]}),
        receipts=pd.DataFrame({"item": ["unit"], "due_on": ["2026-02-09"], "quantity": [receipts]}),
    ).supply_plan
    stock = inventory_plan(made, items)
    assert made["purchased"].round(6).tolist() == bought and made["late"].sum() == 0
    assert stock["unsaleable"].tolist() == gone
    assert (stock_risk(made, items)["obsolete"] >= 2.0 * stock["unsaleable"]).all()


def test_a_receipt_serves_what_waits_for_it_before_it_ages():
    items = {"shelf_life": 1, "lead_time": 2, "price": 9}
    receipts = pd.DataFrame({"item": ["unit"], "due_on": ["2026-02-01"], "quantity": [30.0]})
    made = plan([10, 10, 10, 10], items, receipts=receipts)
    assert made["purchased"].tolist() == [0, 0, 0, 10] and made["backlog"].tolist() == [10, 0, 0, 0]


def test_an_explicit_ending_stock_is_a_requirement_and_a_blank_one_is_soft():
    assert plan([5, 5], {"ending_stock": 7})["projected_available"].tolist() == [0, 7]
    assert plan([5, 5], {"unit_cost": 0}, safety_stock=demand_of([0, 3]))[
        "projected_available"
    ].tolist() == [0, 3]
    # the plan runs on, so that stock is not sold off at its end
    kept = plan([5, 5], {"unit_cost": 9}, safety_stock=demand_of([0, 3]))
    assert kept["projected_available"].tolist() == [0, 3]
    ended = {"unit_cost": 9, "ending_stock": 0}
    sold_off = plan([5, 5], ended, safety_stock=demand_of([0, 3]))
    assert sold_off["projected_available"].tolist() == [0, 0]  # dearer than its lack
    short = plan_supply(
        demand_of([5, 5]),
        pd.DataFrame(
            {"item": ["unit"], "holding_cost": [1.0], "ending_stock": [9], "price": [10.0]}
        ),
        safety_stock=demand_of([0, 3]),
        **line(6),
    )
    assert short.costs["ending_stock"] + short.costs["lost_sales"] == pytest.approx(
        7 * (10 * 10 + 2 * (1 + 2))
    )  # 7 units are missing in all
    assert short.costs["safety_stock"] == pytest.approx(
        max(3 - short.supply_plan["projected_available"].iloc[1], 0) * (1 + 2) / 2
    )


def test_explicit_lost_sales_cheaper_than_waiting_are_lost_at_once():
    result = plan([8, 0, 0], {"backlog_cost": 5, "lost_sales_cost": 4, "lead_time": 1})
    assert result["lost"].tolist() == [8, 0, 0] and result["purchased"].sum() == 0


def test_opening_backlog_is_served_or_lost():
    inventory = pd.DataFrame({"item": ["unit"], "on_hand": [2], "backlog": [6]})
    result = plan([1, 1], inventory=inventory)
    assert result["shipments"].tolist() == [7, 1] and result["purchased"].tolist() == [5, 1]


class TestOrderDrivenItems:
    ORDER = {
        "strategy": "order",
        "customer_lead_time": 2,
        "backlog_cost": 2,
        "lost_sales_cost": 500,
    }

    def test_backlog_within_the_agreed_wait_is_not_late_and_stock_is_never_built(self):
        result = plan([10, 10, 10, 10], self.ORDER, **line(10))
        assert (
            (result["projected_available"] == 0).all()
            and (result["late"] == 0).all()
            and (result["lost"] == 0).all()
        )
        assert result["backlog"].iloc[-1] <= 20

    def test_only_what_exceeds_the_last_bookings_is_late(self):
        inventory = pd.DataFrame({"item": ["unit"], "on_hand": [0], "backlog": [25]})
        result = plan([10, 10, 10, 10], self.ORDER, inventory=inventory, **line(8))
        recent = np.array([10, 20, 20, 20])
        np.testing.assert_allclose(result["late"], np.maximum(result["backlog"] - recent, 0))
        assert result["late"].iloc[0] == pytest.approx(25 + 10 - 8 - 10)
        assert result["lost"].tolist()[:-1] == [0, 0, 0] and result["lost"].iloc[
            -1
        ] == pytest.approx(25 + 40 - 32 - 20)

    def test_bookings_before_the_horizon_are_not_late_yet(self):
        inventory = pd.DataFrame({"item": ["unit"], "on_hand": [0], "backlog": [15]})
        before = pd.DataFrame(
            {"item": "unit", "bucket": ["2025-12-01", "2025-11-01"], "quantity": [15, 40]}
        )
        result = plan([0, 0, 0], self.ORDER, inventory=inventory, bookings=before, **line(5))
        assert result["late"].tolist() == [0, 5, 0]

    def test_safety_stock_of_an_order_item_is_none(self):
        assert plan([1, 1], self.ORDER, safety_stock=demand_of([5, 5]))[
            "safety_stock"
        ].tolist() == [0, 0]


class TestWorkforce:
    def run(self, workers, **crew):
        resources = pd.DataFrame(
            {
                "resource": ["crew"],
                "workers": [workers],
                "hours_per_worker": [10.0],
                "regular_cost": [1.0],
                **{k: [v] for k, v in crew.items()},
            }
        )
        bill = pd.DataFrame({"item": ["unit"], "resource": ["crew"], "hours_per_unit": [1.0]})
        items = pd.DataFrame({"item": ["unit"], "holding_cost": [0.5], "price": [100.0]})
        return plan_supply(demand_of([10, 40]), items, resources=resources, bill_of_resources=bill)

    def test_both_moves_blank_keeps_the_workforce_and_pays_all_hours(self):
        result = self.run(2)
        assert (
            result.workforce_plan["workers"].tolist() == [2, 2]
            and result.costs["regular_labour"] == 40
        )

    def test_one_blank_makes_that_move_impossible(self):
        assert self.run(3, hiring_cost=7.0).workforce_plan[
            ["hired", "laid_off"]
        ].sum().tolist() == [0, 0]
        assert self.run(9, hiring_cost=7.0).workforce_plan["laid_off"].sum() == 0
        assert self.run(9, layoff_cost=7.0).workforce_plan["laid_off"].sum() > 0
        assert self.run(1, layoff_cost=7.0).workforce_plan["hired"].sum() == 0

    def test_free_moves_follow_the_load(self):
        result = self.run(1, hiring_cost=0, layoff_cost=0)
        assert result.workforce_plan["workers"].tolist() == [1, 4] and result.costs["hiring"] == 0

    def test_hours_are_a_ceiling_on_workers(self):
        result = self.run(9, hours=15.0)
        assert (
            result.capacity_plan["regular_capacity"].tolist() == [15, 15]
            and result.supply_plan["lost"].sum() == 20
        )

    def test_overtime_per_worker_and_of_the_resource_both_limit(self):
        result = self.run(2, overtime_per_worker=4.0, overtime_hours=5.0, overtime_cost=2.0)
        assert result.capacity_plan["overtime_limit"].tolist() == [5, 5]
        assert result.supply_plan["overtime_production"].sum() == pytest.approx(
            result.capacity_plan["overtime"].sum()
        )

    def test_a_bucket_row_beats_the_blank_row(self):
        resources = pd.DataFrame(
            {
                "resource": "line",
                "bucket": [None, "2026-02-01"],
                "hours": [10, 3],
                "regular_cost": [2.0, None],
            }
        )
        bill = pd.DataFrame({"item": ["unit"], "resource": ["line"], "hours_per_unit": [1.0]})
        result = plan_supply(
            demand_of([5, 5]),
            pd.DataFrame({"item": ["unit"], "holding_cost": [1.0]}),
            resources=resources,
            bill_of_resources=bill,
        )
        assert (
            result.capacity_plan["regular_capacity"].tolist() == [10, 3]
            and result.costs["regular_labour"] == 20
        )
