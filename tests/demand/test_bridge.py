import pandas as pd
import pytest

from sopkit.demand import bridge


def test_changes_add_up_over_the_shared_buckets(level, plan, table):
    last = plan(level({"A N": 100, "B N": 50}, months=3)).demand_plan
    says = table({"author": "Ann", "item": "A", "bucket": "2026-12-01", "quantity": 140.0})
    now = plan(level({"A N": 110, "B N": 40}, months=4), sales_inputs=says).demand_plan
    now = now[now["bucket"] > "2026-11-01"]
    found = bridge(now, last).set_index("stage")
    assert found.loc["consensus", ["last", "now", "change"]].tolist() == [300, 315, 15]
    assert found["change"].drop("consensus").sum() == pytest.approx(15) and found.loc[
        "sales_input", "change"
    ] == pytest.approx(15)


def test_in_money(level, plan):
    last, now = (
        plan(level({"A N": 100, "B N": 50})).demand_plan,
        plan(level({"A N": 110, "B N": 40})).demand_plan,
    )
    prices = pd.DataFrame({"item": ["A", "B"], "price": [2.0, 5.0]})
    assert bridge(now, last, prices).iloc[-1].tolist() == ["consensus", 450.0, 420.0, -30.0]
