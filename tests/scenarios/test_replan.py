"""A replanned book is the pack that the same inputs would give."""

import pandas as pd
import pytest

from sopkit import Plan
from sopkit.scenarios import changes_of, compared, replan, strategy
from sopkit.tables import LEDGER, PLANS

REPLANNED = [
    "demand_plan",
    "product_plan",
    "prices",
    "supply_plan",
    "sourcing_plan",
    "capacity_plan",
    "workforce_plan",
    "inventory_plan",
    "backlog_plan",
    "plan_costs",
    "plan_risk",
    "financial_plan",
    "initiative_plan",
]
SAME = {"driver": "rule", "name": "payable_days", "value": "40"}  # as the sample's settings say


def changes(*rows):
    told = [{"id": n, "scenario": "s", "by": "Ada"} | row for n, row in enumerate(rows)]
    return LEDGER["scenarios"].typed(pd.DataFrame(told))


@pytest.mark.parametrize("month", ["2026-10", "2026-11"])
def test_without_a_change_the_plan_stays_as_it_is(packs, month):
    plan = Plan(packs / month)
    book = replan(plan, changes(SAME))
    for name in REPLANNED:
        kept = plan.read(name)
        pd.testing.assert_frame_equal(book.given[name], kept, check_exact=True, check_dtype=False)


def test_a_real_company_stays_as_it_is(real_packs):
    plan = Plan(sorted(real_packs.glob("20*"))[0])
    book = replan(plan, changes(SAME | {"value": str(plan.settings["payable_days"])}))
    for name in REPLANNED:
        kept = plan.read(name)
        pd.testing.assert_frame_equal(book.given[name], kept, check_exact=True, check_dtype=False)


def test_the_plan_beside_a_pack_is_the_one_that_is_replanned(packs):
    plan = Plan(packs / "2026-11")
    book = replan(plan, changes_of(plan.judgments("scenarios"), "boom"))
    for name in REPLANNED:
        pd.testing.assert_frame_equal(book.given[name], plan.scenarios["boom"].read(name))
    assert {*REPLANNED} <= {*PLANS}


def test_scenarios_side_by_side_are_those_alone(packs):
    plan = Plan(packs / "2026-11")
    asked = {name: strategy(name) for name in ("level", "chase")}
    asked["dear"] = changes({"driver": "unit_cost", "value": "+5 %"})
    side_by_side = compared(plan, asked)
    for name, rows in asked.items():
        alone = replan(plan, rows)
        for table in ("supply_plan", "financial_plan"):
            pd.testing.assert_frame_equal(side_by_side[name].given[table], alone.given[table])


def test_dearer_material_costs_what_is_shipped(packs):
    plan = Plan(packs / "2026-11")
    book = replan(plan, changes({"driver": "unit_cost", "value": "+10 %"}))
    before, after = plan.read("financial_plan"), book.financial_plan
    assert after["cost_of_sales"].sum() > 1.02 * before["cost_of_sales"].sum()
    assert after["revenue"].sum() == pytest.approx(before["revenue"].sum(), rel=0.01)
