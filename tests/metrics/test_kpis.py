import numpy as np
import pandas as pd
import pytest

from sopkit.buckets import Calendar
from sopkit.charts import View
from sopkit.metrics import (
    Book,
    graded_stages,
    kpis,
    on_time_delivery,
    scopes,
    value_added_table,
)
from sopkit.pages import common
from sopkit.tables import INPUTS, PLANS
from tests.metrics.test_identities import plan_table

MONTH = Calendar("month")
FIRST = pd.Timestamp("2026-11-01")
PAST = MONTH.range("2025-10-01", 13)
ITEMS = pd.DataFrame(
    {
        "item": ["A", "B"],
        "family": ["FA", "FB"],
        "strategy": ["stock", "order"],
        "unit_cost": [2.0, 10.0],
    }
)


def last_cycle(items, first, settings=None, calendar=None, **tables):
    book = Book({"items": items} | tables, first=first, settings=settings, calendar=calendar)
    return kpis.table(1, book)


def forward(items, first, settings=None, **tables):
    return kpis.table(5, Book({"items": items} | tables, first=first, settings=settings))


def at(table, kpi, scope="company", bucket=None):
    rows = table[(table["kpi"] == kpi) & (table["scope"] == scope)]
    rows = rows if bucket is None else rows[rows["bucket"] == bucket]
    assert len(rows) == 1, rows
    return rows.iloc[0]


@pytest.fixture
def orders():
    lines = pd.DataFrame(
        {
            "order": ["1", "2", "3", "4", "5"],
            "line": "1",
            "item": ["A", "A", "B", "B", "A"],
            "quantity": [10.0, 10, 6, 4, 1],
            "ordered_on": ["2026-10-01", "2026-10-01", "2026-09-10", "2026-10-20", "2026-10-09"],
            "promised_on": ["2026-10-10", "2026-10-10", "2026-10-15", "2026-11-20", "2026-10-09"],
            "shipped_on": ["2026-10-10", "2026-10-12", "2026-10-10", None, "2026-10-01"],
        }
    )
    dates = ["ordered_on", "promised_on", "shipped_on"]
    return lines.assign(**{name: pd.to_datetime(lines[name]) for name in dates})


def test_without_facts_every_kpi_names_the_table_that_would_feed_it():
    for step, table in ((1, last_cycle(ITEMS, FIRST)), (5, forward(ITEMS, FIRST))):
        assert set(table["kpi"]) == {name for name, kpi in kpis.KPIS.items() if kpi.step == step}
        assert table["status"].str.fullmatch("no data: .+ would tell").all()
        assert table["actual"].isna().all() and table["bucket"].notna().all()
    assert at(last_cycle(ITEMS, FIRST), "plan_adherence")["status"].endswith(
        "production history would tell"
    )
    assert at(last_cycle(ITEMS, FIRST), "otif")["bucket"] == PAST[-1], "the last closed bucket"


def test_service_by_due_bucket_for_company_and_family(orders):
    table = last_cycle(
        ITEMS, FIRST, orders=orders, settings={"targets": {"on_time_delivery": 0.65}}
    )
    october = at(table, "on_time_delivery", bucket=PAST[-1])
    assert october["actual"] == pytest.approx(2 / 3) and october["status"] == "ok"
    assert at(table, "on_time_delivery", "FA", PAST[-1])["status"] == "miss"
    assert at(table, "lines_left_out", bucket=PAST[-1])["actual"] == 1
    assert at(table, "order_cycle_time", bucket=PAST[-1])["actual"] == 11, "9, 11 and 30 days"
    assert at(table, "order_cycle_time_net")["status"].startswith("no data"), (
        "nobody said when it was wanted"
    )
    assert (
        last_cycle(ITEMS, FIRST, orders=orders, settings={"on_time_late": 2})
        .query("kpi == 'on_time_delivery' and scope == 'FA'")["actual"]
        .item()
        == 1
    )


def test_early_zero_in_the_settings_means_any_earlier_day(orders):
    early = orders.assign(
        shipped_on=orders["shipped_on"].mask(orders["order"] == "1", pd.Timestamp("2026-10-02"))
    )
    assert (
        at(
            last_cycle(ITEMS, FIRST, orders=early, settings={"on_time_early": 0}),
            "on_time_delivery",
            "FA",
        )["actual"]
        == 0.5
    )
    assert (
        at(
            last_cycle(ITEMS, FIRST, orders=early, settings={"on_time_early": 3}),
            "on_time_delivery",
            "FA",
        )["actual"]
        == 0
    )


def test_backlog_lead_time_of_order_driven_items_only(orders):
    table = last_cycle(ITEMS, FIRST, orders=orders)
    assert at(table, "backlog_lead_time", bucket=PAST[-1])["actual"] == pytest.approx(4 / 3), (
        "4 open; 0 and 6 shipped in the two buckets so far: 3 a bucket"
    )
    assert set(table.query("kpi == 'backlog_lead_time'")["scope"]) == {"company", "FB"}


def test_adherence_and_forecast_accuracy():
    made = pd.DataFrame(
        {"item": ["A", "B"], "bucket": PAST[-1], "planned": [100.0, 100.0], "actual": [150.0, 60.0]}
    )
    sales = pd.DataFrame({"item": ["A"], "market": ["N"], "bucket": PAST[-1:], "quantity": [10.0]})
    plans = pd.DataFrame(
        {
            "item": ["A", "B", "A"],
            "market": "N",
            "bucket": PAST[-1],
            "lag": [1, 1, 3],
            "consensus": [12.0, 1.0, 8.0],
        }
    )
    table = last_cycle(
        ITEMS, FIRST, production_history=made, sales_history=sales, released_forecasts=plans
    )
    assert (
        at(table, "plan_adherence")["actual"] == 0.8
        and at(table, "volume_adherence")["actual"] == 0.95
    )
    assert at(table, "forecast_accuracy_lag_1")["actual"] == pytest.approx(0.7), (
        "B was forecast 1 and sold nothing"
    )
    assert at(table, "forecast_accuracy_lag_3")["actual"] == 0.8
    assert at(table, "forecast_bias_lag_1")["actual"] == pytest.approx(0.3)
    assert "FB" not in set(table.query("kpi == 'forecast_accuracy_lag_1'")["scope"]), (
        "nothing sold: no ratio, no row"
    )


def test_adherence_is_graded_against_the_plan_in_force():
    """October was released (and planned in September too), September's file plan is all there is
    of it; B, planned and not in October's file, made nothing.
    """
    made = pd.DataFrame(
        {
            "item": ["A", "B", "A"],
            "bucket": [PAST[-2], PAST[-2], PAST[-1]],
            "planned": [10.0, 10.0, 999.0],
            "actual": [5.0, 10.0, 60.0],
        }
    )
    released = plan_table(
        "supply_plan",
        item=["A", "A", "B", "X"],
        bucket=PAST[-1:].repeat(4),
        production=[70.0, 500.0, 20.0, 7.0],
        overtime_production=[10.0, 0.0, 0.0, 0.0],
        receipts=[20.0, 0.0, 0.0, 0.0],
        purchased=[3.0, 0.0, 0.0, 50.0],
    ).assign(lag=[1, 2, 1, 1])
    table = last_cycle(ITEMS, FIRST, production_history=made, released_supply=released)
    october, september = (
        at(table, "plan_adherence", bucket=bucket)["actual"] for bucket in (PAST[-1], PAST[-2])
    )
    assert october == pytest.approx(60 / 120), "100 of A and 20 of B wanted; X is never made"
    assert september == pytest.approx(15 / 20)
    assert at(table, "volume_adherence", bucket=PAST[-1])["actual"] == pytest.approx(60 / 120)
    view = View(Book({"production_history": made, "released_supply": released}, first=FIRST))
    assert "Adherence of Sep 26: no plan was released" in common.unreleased(view, PAST[-6:])
    assert "Sep 26: no plan was released" in common.kpis(table, view).text
    assert common.unreleased(view, PAST[-1:]) == ""


def test_accuracy_and_value_added_have_one_actual():
    """Returns of A count as 0, what was forecast for B and not sold is missed in full, and a bucket
    in which nobody sold anything is not known yet.
    """
    sales = pd.DataFrame(
        {
            "item": ["A", "A", "A"],
            "market": ["N", "S", "N"],
            "bucket": [PAST[-3], PAST[-2], PAST[-2]],
            "quantity": [10.0, -4.0, 8.0],
        }
    )
    plans = pd.DataFrame(
        {
            "item": ["A", "A", "B", "A"],
            "market": ["N", "S", "N", "N"],
            "bucket": [PAST[-2], PAST[-2], PAST[-2], PAST[-1]],
            "lag": 1,
            "naive": 10.0,
            "consensus": [10.0, 2.0, 16.0, 9.0],
        }
    )
    book = Book({"items": ITEMS, "sales_history": sales, "released_forecasts": plans}, first=FIRST)
    rows = kpis.table(1, book).query("kpi == 'forecast_accuracy_lag_1' and scope == 'company'")
    assert rows["bucket"].tolist() == [PAST[-2]]
    assert rows["actual"].tolist() == [pytest.approx(1 - 20 / 8)], "below 0, and shown"
    added = value_added_table(graded_stages(plans, scopes.actuals(book)), ITEMS)
    company = added.query("level == 'company' and stage == 'consensus'")
    assert 1 - company["wape"].item() == pytest.approx(rows["actual"].item())


def test_stock_kpis_at_cost():
    months = MONTH.range("2024-10-01", 25)
    history = pd.DataFrame(
        {
            "item": np.repeat(["A", "B"], 25),
            "bucket": np.tile(months, 2),
            "on_hand": np.repeat([100.0, 20.0], 25),
        }
    )
    sales = history.assign(market="N", quantity=np.repeat([50.0, 20.0], 25))
    table = last_cycle(ITEMS, FIRST, inventory_history=history, sales_history=sales)
    assert at(table, "inventory_turns", "FA", PAST[-1])["actual"] == pytest.approx(6)
    assert at(table, "inventory_turns", bucket=PAST[-1])["actual"] == pytest.approx(
        12 * (100 + 200) / (200 + 200)
    )
    assert (
        at(table, "cover", "FA", PAST[-1])["actual"] == 2
        and at(table, "cover", "FA", PAST[0])["actual"] == 2
    )
    assert at(table, "stocked_out_share", bucket=PAST[-1])["actual"] == 0
    empty = last_cycle(
        ITEMS,
        FIRST,
        inventory_history=history.assign(
            on_hand=history["on_hand"].mask(history["item"] == "B", 0.0)
        ),
        sales_history=sales,
    )
    assert at(empty, "stocked_out_share", bucket=PAST[-1])["actual"] == 0.5


def test_forward_kpis_by_hand():
    months = MONTH.range(FIRST, 24)
    key = {"item": ["A"] * 24, "bucket": months}
    supply = plan_table(
        "supply_plan",
        **key,
        demand=[10.0] * 24,
        late=[5.0] + [0.0] * 23,
        projected_available=[15.0] * 24,
    )
    stock = plan_table("inventory_plan", **key, units=[15.0] * 24)
    hours = plan_table(
        "capacity_plan",
        resource=["line"] * 24,
        bucket=months,
        load=[8.0] * 24,
        regular_capacity=[10.0] * 24,
    )
    money = plan_table(
        "financial_plan",
        family=["FA"] * 24,
        bucket=months,
        revenue=[90.0] * 24,
        cost_of_sales=[60.0] * 24,
        inventory_value=[120.0] * 24,
        margin=[30.0] * 24,
        budget_revenue=[100.0] * 12 + [np.nan] * 12,
        budget_margin=[np.nan] * 24,
    )
    before = pd.DataFrame(
        {"item": "A", "market": "N", "bucket": months, "consensus": [100.0, 100.0] + [999.0] * 22}
    )
    now = before.assign(consensus=[110.0, 90.0] + [1.0] * 22)
    judged = {
        "decisions": pd.DataFrame({"chosen": ["", None, "build"]}),
        "assumptions": pd.DataFrame({"result": ["held", "broken"]}),
    }
    table = forward(
        ITEMS,
        FIRST,
        supply_plan=supply,
        inventory_plan=stock,
        capacity_plan=hours,
        financial_plan=money,
        demand_plan=now,
        last_demand_plan=before,
        settings={"receivable_days": 45, "payable_days": 30, "planning_fence": 2},
        **judged,
    )
    assert (table["bucket"] == FIRST).all()
    wanted = {
        "planned_service": 1 - 5 / 120,
        "planned_cover": 1.5,
        "planned_utilisation": 0.8,
        "planned_turns": 6,
        "cash_to_cash": 365 / 6 + 15,
        "revenue_to_budget": 0.9,
        "plan_stability": 0.1,
        "open_decisions": 2,
        "assumptions_broken": 1,
    }
    assert {name: at(table, name)["actual"] for name in wanted} == pytest.approx(wanted)
    assert at(table, "margin_to_budget")["status"] == "no data: budget would tell"


def test_status_by_direction():
    assert kpis.status([10, 10.9, 12], 10, kpis.KPIS["order_cycle_time"]).tolist() == [
        "ok",
        "watch",
        "miss",
    ]
    assert kpis.status([-0.04, 0.06, -0.2], 0.05, kpis.KPIS["forecast_bias_lag_1"]).tolist() == [
        "ok",
        "watch",
        "miss",
    ]
    assert kpis.status([1.0], None, kpis.KPIS["otif"]).tolist() == ["no target"]


def test_a_family_named_company_is_not_summed_into_it(orders):
    odd = ITEMS.assign(family=["company", "FB"])
    table = last_cycle(odd, FIRST, orders=orders)
    assert at(table, "on_time_delivery", bucket=PAST[-1])["actual"] == pytest.approx(2 / 3)
    assert at(table, "on_time_delivery", "company (family)", PAST[-1])["actual"] == 0.5


def test_weeks_and_quarters_too(orders):
    for size in ("week", "quarter"):
        calendar = Calendar(size)
        first = calendar.shift("2026-11-02", 0 if size == "week" else 1)
        table = last_cycle(ITEMS, first, orders=orders, calendar=calendar)
        rows = table[(table["kpi"] == "on_time_delivery") & (table["scope"] == "company")]
        due = orders[calendar.start(orders["promised_on"]).isin(rows["bucket"])]
        assert rows["actual"].iloc[-1] == pytest.approx(
            float(
                on_time_delivery(due[calendar.start(due["promised_on"]) == rows["bucket"].iloc[-1]])
            )
        )


def test_the_registry_is_whole():
    for name, kpi in kpis.KPIS.items():
        assert (
            kpi.better in {"higher", "lower", "zero"}
            and kpi.of.__doc__
            and kpi.feed
            and kpi.step in PLANS["kpis"].steps
        ), name
        table = kpi.feed.split(".")[0]
        assert table == "released plans" or table in INPUTS or table in PLANS, table
