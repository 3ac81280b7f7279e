import numpy as np
import pandas as pd
import pytest

from sopkit.buckets import Calendar
from sopkit.metrics import Book, exceptions
from sopkit.tables import PLANS
from tests.metrics.test_identities import plan_table

MONTH = Calendar("month")
FIRST = pd.Timestamp("2026-11-01")
PAST, AHEAD = MONTH.range("2025-11-01", 12), MONTH.range(FIRST, 12)
ITEMS = pd.DataFrame(
    {"item": ["A", "B"], "family": ["FA", "FB"], "price": [10.0, 2.0], "lead_time": [2.0, 0.0]}
)


def data(items, first, settings=None, **tables):
    return exceptions.table(1, Book({"items": items} | tables, first=first, settings=settings))


def demand(items, plan, **tables):
    return exceptions.table(2, Book({"items": items, "demand_plan": plan} | tables, first=FIRST))


def supply(items, plan, **tables):
    return exceptions.table(3, Book({"items": items, "supply_plan": plan} | tables, first=FIRST))


def money(plan, settings=None):
    return exceptions.table(4, Book({"financial_plan": plan}, first=FIRST, settings=settings))


def only(table, rule):
    rows = table[table["rule"] == rule]
    assert len(rows) == 1, table
    return rows.iloc[0]


def demand_plan(consensus, item="A", **columns):
    return plan_table(
        "demand_plan",
        item=[item] * 12,
        market=["N"] * 12,
        bucket=AHEAD,
        consensus=consensus,
        **columns,
    )


def test_forecasts_that_stay_high_and_low():
    plans = pd.DataFrame(
        {
            "item": np.repeat(["A", "B"], 12),
            "market": "N",
            "bucket": np.tile(PAST, 2),
            "lag": 1,
            "consensus": 13.0,
        }
    )
    sales = plans.assign(quantity=np.repeat([10.0, 12.0], 12))
    found = data(ITEMS, FIRST, released_forecasts=plans, sales_history=sales)
    bias = only(found, "bias")
    assert (bias["name"], bias["value"], bias["money"]) == ("A", pytest.approx(0.3), 90.0)
    assert bias["reason"] == "Forecast 9 units too high over the last 3 buckets (+30% of 30 sold)."
    signals = found[found["rule"] == "tracking_signal"].set_index("name")
    assert signals["value"].to_dict() == {"A": 12, "B": 12} and signals["money"].to_dict() == {
        "A": 360,
        "B": 24,
    }


def test_stock_outs_late_orders_and_adherence():
    stock = pd.DataFrame(
        {
            "item": ["A", "B"],
            "bucket": PAST[-1],
            "on_hand": [0.0, 5.0],
            "stocked_out": [np.nan, 10.0],
        }
    )
    sales = pd.DataFrame(
        {
            "item": np.repeat(["A", "B"], 12),
            "market": "N",
            "bucket": np.tile(PAST, 2),
            "quantity": 31.0,
        }
    )
    orders = pd.DataFrame(
        {
            "order": list("1234"),
            "line": "1",
            "item": ["A", "A", "B", "B"],
            "quantity": 7.0,
            "ordered_on": pd.Timestamp("2026-10-01"),
            "promised_on": pd.Timestamp("2026-10-10"),
            "shipped_on": pd.to_datetime([None, "2026-10-10", "2026-10-10", "2026-10-09"]),
        }
    )
    made = pd.DataFrame(
        {"item": ["A", "B"], "bucket": PAST[-1], "planned": [100.0, 100.0], "actual": [80.0, 95.0]}
    )
    found = data(
        ITEMS,
        FIRST,
        inventory_history=stock,
        sales_history=sales,
        orders=orders,
        production_history=made,
    )
    out = found[found["rule"] == "stock_out"].set_index("name")
    assert out["value"].to_dict() == {"A": 31, "B": 10} and out["money"].to_dict() == pytest.approx(
        {"A": 310, "B": 20}
    )
    late = only(found, "late_orders")
    assert (late["name"], late["value"], late["money"]) == (
        "A",
        0.5,
        70,
    ) and "1 of 2 lines" in late["reason"]
    adherence = only(found, "adherence")
    assert (adherence["value"], adherence["money"]) == (-0.2, 200)
    assert found["money"].is_monotonic_decreasing, "worst first"


def test_thresholds_of_the_settings_beat_the_defaults():
    made = pd.DataFrame({"item": ["A"], "bucket": PAST[-1:], "planned": [100.0], "actual": [80.0]})
    assert data(
        ITEMS, FIRST, production_history=made, settings={"thresholds": {"adherence": 0.25}}
    ).empty
    assert (
        only(
            data(
                ITEMS, FIRST, production_history=made, settings={"thresholds": {"adherence": 0.15}}
            ),
            "adherence",
        )["threshold"]
        == 0.15
    )


def test_overrides_large_and_outside_the_band():
    plan = demand_plan([100.0] * 11 + [150.0], baseline=[100.0] * 12, override=[0.0] * 11 + [50.0])
    band = pd.DataFrame(
        {"item": "A", "market": "N", "bucket": AHEAD, "baseline": 100.0, "p10": 80.0, "p90": 120.0}
    )
    history = pd.DataFrame({"item": "A", "market": "N", "bucket": PAST})
    found = demand(ITEMS, plan, baseline_forecast=band, history=history)
    large, outside = only(found, "large_override"), only(found, "outside_band")
    assert (large["value"], large["money"], large["bucket"]) == (0.5, 500, AHEAD[-1])
    assert (outside["value"], outside["money"]) == (30, 300) and "80–120" in outside["reason"]
    inside = demand(ITEMS, plan, baseline_forecast=band.assign(p90=151.0), history=history)
    assert "outside_band" not in set(inside["rule"])


def test_an_override_on_nothing_has_no_ratio_but_is_listed():
    plan = demand_plan([40.0] * 12, override=[40.0] + [0.0] * 11)
    row = only(
        demand(ITEMS, plan, history=pd.DataFrame({"item": "A", "bucket": PAST})),
        "large_override",
    )
    assert np.isnan(row["value"]) and "from nothing" in row["reason"]


def test_short_history_knows_like_items():
    plan = pd.concat([demand_plan([10.0] * 12), demand_plan([10.0] * 12, "B")])
    history = pd.DataFrame({"item": "B", "market": "N", "bucket": PAST})
    assert only(demand(ITEMS, plan, history=history), "short_history")["name"] == "A"
    like = pd.DataFrame({"item": ["A"], "like_item": ["B"], "launched_on": [FIRST]})
    assert demand(ITEMS, plan, history=history, launches=like).empty
    blank = like.assign(like_item=None)
    assert (
        only(demand(ITEMS, plan, history=history, launches=blank), "short_history")["money"] == 1200
    )


def test_forecast_error_takes_the_method_chosen_times_money():
    plan = demand_plan([10.0] * 12)
    accuracy = plan_table(
        "forecast_accuracy",
        item=["A"] * 3,
        model=["naive", "chosen", "chosen"],
        lag=[1, 1, 2],
        source=["backtest"] * 3,
        wape=[0.4, 0.6, 0.9],
    )
    row = only(
        demand(
            ITEMS,
            plan,
            forecast_accuracy=accuracy,
            history=pd.DataFrame({"item": "A", "bucket": PAST}),
        ),
        "forecast_error",
    )
    assert (row["value"], row["money"]) == (0.6, pytest.approx(0.6 * 300))


def test_change_against_the_last_release_over_common_buckets():
    plan, last = demand_plan([15.0] * 12), demand_plan([10.0] * 12).iloc[:6]
    row = only(
        demand(
            ITEMS, plan, last_demand_plan=last, history=pd.DataFrame({"item": "A", "bucket": PAST})
        ),
        "change",
    )
    assert (row["value"], row["money"]) == (0.5, 300) and "from 60 to 90" in row["reason"]


def test_supply_late_lost_and_inside_the_lead_time():
    late = [3.0, 0, 5.0] + [0.0] * 9
    plan = plan_table(
        "supply_plan",
        item=["A"] * 12,
        bucket=AHEAD,
        demand=[10.0] * 12,
        late=late,
        lost=[0.0] * 11 + [4.0],
        safety_stock=[5.0] * 12,
        projected_available=[5.0] * 11 + [1.0],
        why=["", "", "resource line full 100%"] + [""] * 9,
    )
    found = supply(ITEMS, plan)
    row = only(found, "late")
    assert (row["value"], row["bucket"], row["money"]) == (5, AHEAD[2], 50)
    assert (
        row["reason"]
        == "5 units late at the bucket's end, 2 buckets in all (resource line full 100%)."
    )
    assert (only(found, "lost")["money"], only(found, "inside_lead_time")["value"]) == (40, 3)
    assert only(found, "below_safety_stock")["value"] == pytest.approx(0.8)


def test_overload_excess_and_obsolete():
    hours = plan_table(
        "capacity_plan",
        resource=["line"] * 12,
        bucket=AHEAD,
        load=[110.0] * 12,
        unconstrained_load=[90.0] * 11 + [150.0],
        regular_capacity=[100.0] * 12,
        overtime_limit=[10.0] * 12,
        shadow_price=[0.0] * 11 + [20.0],
    )
    stock = plan_table(
        "inventory_plan",
        item=["A"] * 12 + ["B"] * 12,
        bucket=[*AHEAD, *AHEAD],
        units=[80.0] * 24,
        value=[800.0] * 12 + [160.0] * 12,
        cover=[8.0] * 12 + [12.0] * 12,
        target=[5.0] * 24,
        unsaleable=[0.0] * 10 + [20.0] * 2 + [0.0] * 12,
    )
    plan = plan_table(
        "supply_plan",
        item=["A"] * 12 + ["B"] * 12,
        bucket=[*AHEAD, *AHEAD],
        demand=[10.0] * 12 + [0.0] * 12,
    )
    found = supply(ITEMS, plan, capacity_plan=hours, inventory_plan=stock)
    past = only(found, "unsaleable_stock")
    assert (past["name"], past["value"], past["money"]) == ("A", 20, 200)
    assert past["reason"] == "20 units worth 200 pass their shelf life unsold."
    over = only(found, "overload")
    assert (over["value"], over["money"], over["bucket"]) == (
        pytest.approx(150 / 110),
        800,
        AHEAD[-1],
    )
    assert "150 hours of 110" in over["reason"] and "works 110" in over["reason"]
    excess = found[found["rule"] == "excess_stock"].set_index("name")
    assert (
        excess["money"]["A"] == pytest.approx(800 * 0.25) and "worth 800" in excess["reason"]["A"]
    )
    assert (only(found, "obsolete_stock")["name"], only(found, "obsolete_stock")["money"]) == (
        "B",
        160,
    )


def test_unlimited_capacity_is_no_overload():
    hours = plan_table(
        "capacity_plan",
        resource=["line"],
        bucket=AHEAD[:1],
        unconstrained_load=[90.0],
        regular_capacity=[np.inf],
        overtime_limit=[0.0],
    )
    assert supply(ITEMS, None, capacity_plan=hours).empty


def test_money_gaps_and_cash():
    plan = plan_table(
        "financial_plan",
        family=["(company)"] * 12 + ["FA"] * 12,
        bucket=[*AHEAD, *AHEAD],
        revenue=[0.0] * 12 + [90.0] * 12,
        margin=[0.0] * 12 + [30.0] * 12,
        budget_revenue=[np.nan] * 12 + [100.0] * 12,
        budget_margin=[np.nan] * 12 + [30.0] * 12,
        cash=[0.0] * 12 + [-500.0, -5, 9, -20] + [10.0] * 8,
    )
    found = money(plan, settings={"receivable_days": 30})
    gaps = found[found["rule"] == "revenue_gap"].set_index("name")
    assert gaps["money"].to_dict() == {"FA": 120, "company": 120} and gaps["value"][
        "FA"
    ] == pytest.approx(-0.1)
    assert "margin_gap" not in set(found["rule"])
    cash = only(found, "cash")
    assert (cash["value"], cash["bucket"]) == (
        -20,
        AHEAD[3],
    ), "the first bucket, without the receivables of before, is not judged"


def test_nothing_given_finds_nothing_in_declared_columns():
    for found in (
        data(ITEMS, FIRST),
        demand(ITEMS, None),
        supply(ITEMS, None),
        money(None),
    ):
        assert found.empty and found.dtypes.equals(PLANS["exceptions"].empty().dtypes)


def test_every_rule_is_registered_with_a_step_that_writes_exceptions():
    assert {rule.step for rule in exceptions.RULES.values()} == set(PLANS["exceptions"].steps)
    assert all(rule.of.__doc__ and rule.threshold >= 0 for rule in exceptions.RULES.values())


def test_a_name_with_markup_stays_text():
    made = pd.DataFrame(
        {"item": ["<b>{x}"], "bucket": PAST[-1:], "planned": [100.0], "actual": [10.0]}
    )
    assert data(ITEMS.assign(item=["<b>{x}", "B"]), FIRST, production_history=made)[
        "name"
    ].tolist() == ["<b>{x}"]
