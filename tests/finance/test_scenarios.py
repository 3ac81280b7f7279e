import numpy as np
import pandas as pd

from sopkit import finance
from sopkit.finance import scenarios_table
from sopkit.metrics import Book
from tests.metrics.test_identities import plan_table

MONTHS = pd.date_range("2026-11-01", periods=2, freq="MS", unit="us")


def scenario_metrics(**tables):
    return finance.scenario_metrics(Book({"items": pd.DataFrame({"item": ["A"]})} | tables))


def tables():
    return {
        "financial_plan": plan_table(
            "financial_plan",
            family=["(company)"] * 2 + ["FA"] * 2,
            bucket=[*MONTHS, *MONTHS],
            revenue=[0.0, 0, 100, 200],
            margin=[-5.0, -5, 40, 80],
            cash=[-9.0, 0, -11, 50],
            inventory_value=[0.0, 0, 10, 30],
            budget_revenue=[np.nan, np.nan, 150, np.nan],
            revenue_gap=[np.nan, np.nan, -50, np.nan],
        ),
        "supply_plan": plan_table(
            "supply_plan",
            item=["A"] * 2,
            bucket=MONTHS,
            demand=[10.0, 10.0],
            late=[3.0, 0.0],
            lost=[0.0, 2.0],
            backlog=[3.0, 1.0],
        ),
        "workforce_plan": plan_table(
            "workforce_plan", resource=["line"] * 2, bucket=MONTHS, hired=[1.0, 2.0]
        ),
    }


def test_metrics_by_hand():
    values = scenario_metrics(**tables()).set_index("metric")["value"]
    assert values[
        [
            "revenue (money)",
            "margin (money)",
            "lowest cash so far (money)",
            "mean stock (money)",
            "revenue gap to budget (money)",
        ]
    ].tolist() == [300, 110, -20, 20, -50]
    assert values[
        ["service (fraction)", "lost (units)", "backlog at the end (units)", "hired (workers)"]
    ].tolist() == [0.75, 2, 1, 3]


def test_differences_to_the_base():
    base = scenario_metrics(**tables())
    more = base.assign(value=base["value"] + 1)
    table = scenarios_table({"base": base, "more": more})
    assert (table.loc[table["scenario"] == "more", "difference"] == 1).all() and (
        table.loc[table["scenario"] == "base", "difference"] == 0
    ).all()
    assert scenarios_table({"more": more})["difference"].isna().all(), "no base, no difference"
    assert scenarios_table({}).empty


def test_a_plan_without_resources_has_no_hours():
    assert not scenario_metrics(**tables())["metric"].str.contains("hours").any()
    assert scenario_metrics().empty


def test_unlimited_capacity_has_no_utilisation():
    free = plan_table(
        "capacity_plan",
        resource=["line"] * 2,
        bucket=MONTHS,
        load=[5.0, 5.0],
        unconstrained_load=[5.0, 5.0],
        regular_capacity=[np.inf] * 2,
    )
    values = scenario_metrics(capacity_plan=free).set_index("metric")["value"]
    assert (
        np.isnan(values["highest utilisation (fraction)"])
        and values["unconstrained load above all hours (hours)"] == 0
    )


def test_risk_is_told_by_its_worst_bucket():
    buckets = pd.date_range("2026-11-01", periods=2, freq="MS", unit="us")
    risk = pd.DataFrame({"metric": ["service"] * 2 + ["cash"] * 2, "bucket": [*buckets] * 2})
    risk = risk.assign(p10=[0.9, 0.8, 0.1, 0.1], p50=[0.95, 0.97, 0.1, 0.1], p90=1.0)
    free = tables()["financial_plan"]
    values = scenario_metrics(plan_risk=risk, financial_plan=free)
    told = values.set_index("metric")["value"].filter(like="lowest bucket")
    assert told.tolist() == [0.95, 0.8]
