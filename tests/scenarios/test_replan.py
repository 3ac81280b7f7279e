"""A replanned book is the pack that the same inputs would give."""

import shutil

import pandas as pd
import pytest

from sopkit import Plan
from sopkit.ledger import Ledger
from sopkit.pack import build_pack
from sopkit.scenarios import REPLANNED, changes_of, compared, replan, strategy
from sopkit.tables import LEDGER, PLANS

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
    asked["dear"] = changes(
        {"driver": "unit_cost", "value": "+5 %"},
        {"driver": "rule", "name": "receivable_days", "value": "90"},
    )
    side_by_side = dict(compared(plan, asked))
    for name, rows in asked.items():
        alone = replan(plan, rows)
        assert side_by_side[name].settings == alone.settings
        for table in (*REPLANNED, "items", "sourcing"):
            pd.testing.assert_frame_equal(
                getattr(side_by_side[name], table), getattr(alone, table), check_dtype=False
            )


def test_dearer_material_costs_what_is_shipped(packs):
    plan = Plan(packs / "2026-11")
    book = replan(plan, changes({"driver": "unit_cost", "value": "+10 %"}))
    before, after = plan.read("financial_plan"), book.financial_plan
    assert after["cost_of_sales"].sum() > 1.02 * before["cost_of_sales"].sum()
    assert after["revenue"].sum() == pytest.approx(before["revenue"].sum(), rel=0.01)


def test_the_pack_after_a_promotion_has_the_very_numbers_of_the_scenario(packs, tmp_path):
    """Seven changes of every kind; the next pack is built from the facts, not from the scenario."""
    from tests.company import without_past
    from tests.golden import leave_out_kernels_and_pages

    data, folder = without_past(tmp_path / "data"), tmp_path / "packs"
    folder.mkdir()
    shutil.copytree(packs / "2026-10", folder / "2026-10")
    shutil.copyfile(packs / "ledger.db", folder / "ledger.db")
    plan = Plan(packs / "2026-11")
    book, spring = Ledger(folder / "ledger.db"), {"starts_on": "2027-03-01"}
    rows = [
        {"driver": "demand", "family": "Pumps", "value": "+10 %"} | spring,
        {"driver": "price", "family": "Valves", "value": "+1 %"},
        {"driver": "hours", "name": "South skid shop", "value": "+10 %"} | spring,
        {"driver": "source_limit", "name": "Merrow Castings", "value": "off"} | spring,
        {"driver": "service_level", "value": "97 %"},
        {"driver": "rule", "name": "receivable_days", "value": "30"},
        {"driver": "rule", "name": "whole_workers", "value": "true"},
    ]
    with pytest.MonkeyPatch.context() as patch:
        leave_out_kernels_and_pages(patch.setattr)
        book.append("scenarios", [r | {"scenario": "mix"} for r in rows], by="Ada", cycle="2026-11")
        scenario = replan(plan, changes_of(book.read("scenarios"), "mix"))
        said = {"scenario": "mix", "driver": "promote", "value": "yes"}
        book.append("scenarios", [said], by="Ada", cycle="2026-11")
        new = Plan(build_pack("2026-11", data, folder, parameters={"most_items": 0}).folder)
    for name in REPLANNED:
        kept = new.read(name)
        pd.testing.assert_frame_equal(
            getattr(scenario, name), kept, check_exact=True, check_dtype=False
        )
    notices = new.read("data_issues").query("rule == 'promoted scenario'")
    assert len(notices) == len(rows)


def test_the_workers_of_a_scheduler_replan_to_the_same_numbers(packs, cluster, monkeypatch):
    monkeypatch.chdir(packs)
    plan = Plan("2026-11")
    asked = {"level": strategy("level")}
    ((_, there),) = compared(plan, asked, cluster.scheduler_address)
    alone = replan(plan, asked["level"])
    for table in REPLANNED:
        pd.testing.assert_frame_equal(getattr(there, table), getattr(alone, table))
