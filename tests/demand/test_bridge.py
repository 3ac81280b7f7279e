import pandas as pd
import pytest

from sopkit.demand import bridge
from sopkit.metrics import Book


def _bridge(now, last, **tables):
    """At a list price of 1 where there are no prices."""
    items = pd.DataFrame({"item": ["A", "B"], "price": 1.0})
    return bridge(Book({"items": items, "demand_plan": now, "last_demand_plan": last} | tables))


def test_changes_add_up_over_the_shared_buckets(level, plan, table):
    last = plan(level({"A N": 100, "B N": 50}, months=3)).demand_plan
    says = table({"author": "Ann", "item": "A", "bucket": "2026-12-01", "quantity": 140.0})
    now = plan(level({"A N": 110, "B N": 40}, months=4), sales_inputs=says).demand_plan
    now = now[now["bucket"] > "2026-11-01"]
    found = _bridge(now, last).set_index("stage")
    assert found.loc["consensus", ["last", "now", "change"]].tolist() == [300, 315, 15]
    assert found["change"].drop("consensus").sum() == pytest.approx(15) and found.loc[
        "sales_input", "change"
    ] == pytest.approx(15)


def test_in_money(level, plan):
    last, now = (
        plan(level({"A N": 100, "B N": 50})).demand_plan,
        plan(level({"A N": 110, "B N": 40})).demand_plan,
    )
    prices = now[["item", "market", "bucket"]].assign(price=[2.0, 5.0])
    assert _bridge(now, last, prices=prices).iloc[-1].tolist() == ["consensus", 450.0, 420.0, -30.0]
