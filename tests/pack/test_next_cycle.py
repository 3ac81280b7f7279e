"""Two cycles: what was saved in the ledger is carried, last cycle's release is kept and graded, and
a pack rebuilds to the same numbers.
"""

import pandas as pd
import pytest

from sopkit import Plan
from sopkit.demand import STAGES
from sopkit.pack import verify
from tests.golden import leave_out_kernels_and_pages


def test_the_next_pack_carries_what_was_saved(packs):
    plan = Plan(packs / "2026-11")
    moved = plan.read("demand_plan").query("item == 'P-100' and override != 0")
    assert moved["override"].sum() == pytest.approx(50) and set(moved["bucket"]) == {
        pd.Timestamp("2027-01-01")
    }
    assert plan.read("decisions")["text"].tolist() == ["Second shift?"]
    assert plan.judgments("overrides")["by"].tolist() == ["Ada"]


def test_the_fence_keeps_what_was_released(packs):
    plan = Plan(packs / "2026-11")
    inside = plan.buckets()[: plan.settings["planning_fence"]]
    flows = ["production", "overtime_production", "subcontracted", "purchased"]
    receipts = plan.facts.receipts.query("ordered_on >= '2026-10-01'")
    ordered = receipts.assign(bucket=plan.calendar.start(receipts["due_on"]))
    ordered = ordered.groupby(["item", "bucket"])["quantity"].sum()
    now, then = (
        table[table["bucket"].isin(inside)].set_index(["item", "bucket"])[flows]
        for table in (plan.read("supply_plan"), plan.last.read("supply_plan"))
    )
    assert plan.last.month == "2026-10"
    some = then.index.isin(ordered.index)
    assert some.any() and not some.all()
    items = plan.facts["items"].set_index("item").loc[then.index.get_level_values("item")]
    lots = (items[["lot_size", "minimum_lot"]] > 0).any(axis=1).to_numpy()
    kept = ~some & ~lots
    assert kept.any() and lots.any()
    pd.testing.assert_frame_equal(now.loc[then.index[kept]], then[kept], rtol=1e-6, atol=1e-4)
    left = (then.sum(axis=1) - ordered.reindex(then.index, fill_value=0.0)).clip(lower=0)
    now = now.loc[then.index].sum(axis=1)  # nothing that was ordered since is ordered again
    pd.testing.assert_series_equal(now[~lots], left[~lots], rtol=1e-6, atol=1e-4)
    lot = items[["lot_size", "minimum_lot"]].sum(axis=1).to_numpy()[lots]
    less = (left - now)[lots]  # the rest of a lot that was handed off ahead and is there
    assert less.between(-1e-4, 2 * lot).all() and less.max() > 1


def test_what_was_released_is_graded(packs):
    plan = Plan(packs / "2026-11")
    graded = (
        plan.read("value_added")
        .query("source == 'released' and level == 'company' and lag == 1 and person == ''")
        .set_index("stage")
    )
    assert {"naive", "baseline", "consensus"} <= set(graded.index) and graded["wape"].between(
        0, 1
    ).all()
    known = (
        plan.read("kpis")
        .query("kpi == 'forecast_accuracy_lag_1' and scope == 'company'")
        .dropna(subset=["actual"])
    )
    assert known["actual"].between(0, 1).all() and len(known) == 1


def test_a_scenario_is_just_another_plan(packs):
    plan = Plan(packs / "2026-11")
    boom, base = plan.scenarios["boom"].read("demand_plan"), plan.read("demand_plan")
    before = base.groupby("bucket")[["baseline", *list(STAGES)[:5]]].sum().sum(axis=1)
    after = boom.groupby("bucket")["override"].sum()
    added = after - base.groupby("bucket")["override"].sum()
    assert added.to_numpy() == pytest.approx(0.1 * before.to_numpy())
    compared = plan.read("scenarios").set_index(["scenario", "metric"])["value"]
    assert compared["boom", "revenue (money)"] > compared["base", "revenue (money)"]


def test_a_pack_rebuilds_from_its_own_inputs_to_the_same_numbers(packs, monkeypatch):
    leave_out_kernels_and_pages(monkeypatch.setattr)  # what they built comes again without them
    result = verify(packs, "2026-11")
    assert result["identical"].all(), result[~result["identical"]]
