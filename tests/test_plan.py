"""Plans: checked tables in, the same tables out, all or none."""

import json

import pandas as pd
import pytest

from sopkit import Plan, PlanError
from sopkit.plan import packs_in
from sopkit.tables import PLANS

KPI = {
    "step": 1,
    "kpi": "cover",
    "scope": "company",
    "bucket": pd.Timestamp("2026-10-01"),
    "unit": "buckets",
    "actual": 1.0,
    "target": None,
    "status": "ok",
}


@pytest.fixture
def plan(tmp_path):
    folder = tmp_path / "2026-11"
    (folder / "inputs").mkdir(parents=True)
    (folder / "inputs" / "cycle.json").write_text(
        json.dumps({"month": "2026-11", "parameters": {}})
    )
    return Plan(folder)


def kpis(*rows):
    return pd.DataFrame([KPI | row for row in rows])


def test_a_table_comes_back_sorted_with_its_dtypes(plan):
    plan.write(step=1, kpis=kpis({"kpi": "otif"}, {"kpi": "cover"}))
    back = plan.read("kpis")
    assert (
        back["kpi"].tolist() == ["cover", "otif"]
        and back.dtypes.astype(str).tolist() == PLANS["kpis"].empty().dtypes.astype(str).tolist()
    )


def test_the_same_table_gives_the_same_bytes(plan):
    path = plan.folder / "tables" / "kpis.parquet"
    plan.write(step=1, kpis=kpis({}))
    before = path.read_bytes()
    plan.write(step=1, kpis=kpis({}))
    assert path.read_bytes() == before


def test_each_step_replaces_its_own_rows_of_a_shared_table(plan):
    plan.write(step=1, kpis=kpis({}, {"kpi": "otif"}))
    plan.write(step=5, kpis=kpis({"step": 5, "kpi": "cash_to_cash"}))
    plan.write(step=1, kpis=kpis({"actual": 2.0}))
    assert plan.read("kpis")[["step", "kpi", "actual"]].values.tolist() == [
        [1, "cover", 2.0],
        [5, "cash_to_cash", 1.0],
    ]


def test_data_issues_are_added_to_and_replaced_by_key(plan):
    issue = {
        "table": "receipts",
        "row": 0,
        "column": "",
        "rule": "absent",
        "severity": "warning",
        "value": "",
        "problem": "p",
        "done": "d",
    }
    plan.write(step=1, data_issues=pd.DataFrame([issue, issue | {"table": "orders"}]))
    plan.write(step=3, data_issues=pd.DataFrame([issue | {"done": "assumed"}]))
    assert plan.read("data_issues")[["table", "done"]].values.tolist() == [
        ["orders", "d"],
        ["receipts", "assumed"],
    ]


def test_all_tables_are_written_or_none(plan):
    broken = kpis({}, {})
    with pytest.raises(PlanError, match="table kpis"):
        plan.write(step=1, opening_stock=PLANS["opening_stock"].empty(), kpis=broken)
    assert not (plan.folder / "tables").exists()


def test_a_table_belongs_to_its_step(plan):
    with pytest.raises(PlanError, match="written by step"):
        plan.write(step=3, demand_plan=PLANS["demand_plan"].empty())


@pytest.mark.parametrize(
    "name, message", [("demand_plan", "step 2 writes it"), ("forecasts", "known are: data_issues")]
)
def test_what_is_not_there_says_who_writes_it(plan, name, message):
    with pytest.raises(PlanError, match=message):
        plan.read(name)


def test_without_a_release_last_cycle_is_empty(plan):
    assert not plan.last and plan.last.read("demand_plan").empty and plan.released_forecasts().empty


def test_packs_are_ordered_by_month_and_revision(tmp_path):
    for name in ("2026-11", "2026-11-r2", "2026-11-r10", "2026-02", "2026-11-copy", "failed"):
        (tmp_path / name).mkdir()
        if name != "failed":
            (tmp_path / name / "manifest.json").write_text("{}")
    assert [path.name for path in packs_in(tmp_path)] == [
        "2026-02",
        "2026-11",
        "2026-11-r2",
        "2026-11-r10",
    ]
    with pytest.raises(PlanError, match="sopkit pack MONTH"):
        Plan(tmp_path / "failed")
