"""The real trading company's order lines, left as found: sanity of the service metrics."""

from pathlib import Path

import pandas as pd
import pytest

from sopkit.metrics import (
    Book,
    fill_rate,
    kpis,
    on_time_delivery,
    order_cycle_time,
    otif,
    shipped_before_ordered,
)

JIT = Path(__file__).parents[3] / "shared" / "real" / "jit"
pytestmark = pytest.mark.skipif(not JIT.is_dir(), reason="needs the real data beside the project")
DATES = ["ordered_on", "promised_on", "shipped_on"]


@pytest.fixture(scope="module")
def orders():
    return pd.read_csv(
        JIT / "orders.csv", dtype={"order": "str", "line": "str", "item": "str"}, parse_dates=DATES
    )


def test_lines_shipped_before_they_were_ordered_are_left_out_and_counted(orders):
    assert shipped_before_ordered(orders).sum() == 2735
    assert on_time_delivery(orders).left_out == 2735


def test_on_time_delivery_counts_what_is_left(orders):
    possible = orders[
        orders["shipped_on"].isna() | (orders["shipped_on"] >= orders["ordered_on"])
    ].dropna(subset=["promised_on"])
    assert on_time_delivery(orders) == pytest.approx(
        (possible["shipped_on"] <= possible["promised_on"]).mean()
    )
    assert 0.4 < on_time_delivery(orders) < 0.65, (
        "43 % of all lines are late by their promised date"
    )
    assert 0 < otif(orders, count="line") <= on_time_delivery(orders)
    assert 0 < otif(orders) <= on_time_delivery(orders, count="order")
    assert 0 < fill_rate(orders) < 1


def test_cycle_time_is_days_not_years(orders):
    time = order_cycle_time(orders)
    assert 0 <= time.median <= time.p90 < 30 and time.lines + time.left_out == len(orders)


def test_kpis_of_three_years_in_a_blink(orders):
    items = pd.read_csv(JIT / "items.csv", dtype={"item": "str"})
    known = orders[orders["ordered_on"] < "2017-10-01"]
    table = kpis.table(1, Book({"items": items, "orders": known}, first="2017-10-01"))
    service = table[(table["kpi"] == "on_time_delivery") & (table["scope"] == "company")]
    assert len(service) == 13 and service["actual"].between(0.3, 0.8).all()
    assert table.query("kpi == 'plan_adherence'")["status"].str.startswith("no data").all()
