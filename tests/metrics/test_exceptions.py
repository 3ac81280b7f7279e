import numpy as np
import pandas as pd
import pytest

from sopkit.buckets import Calendar
from sopkit.metrics import Book, exceptions
from sopkit.metrics.exceptions.rules import LEADS
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
    assert (bias["name"], bias["value"]) == ("A", pytest.approx(0.3))
    assert bias["money"] == 360, "the most of 90 (3 months) and 360 (12), not their sum"
    assert bias["reason"] == (
        "Forecast 9 units too high over the last 3 months (+30 % of 30 sold). Forecasts missed on"
        " the high side: tracking signal +12.0 over 12 months."
    )
    signal = only(found, "tracking_signal")
    assert (signal["name"], signal["value"], signal["money"]) == ("B", 12, 24)
    assert set(found["cause"]) == {"Forecast missed"} and found["count"].tolist() == [1, 1]


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
    out = only(found, "stock_out")
    assert (out["name"], out["value"], out["money"]) == ("B", 10, pytest.approx(20))
    led = only(found, "adherence")
    assert (led["name"], led["value"], led["money"]) == ("A", -0.2, pytest.approx(310))
    assert led["reason"] == (
        "Made 80 of 100 planned (−20 %). Without stock for 31 days at a demand of 31.0 units a"
        " month. 1 of 2 lines due were late or are still open (7 units)."
    ), "what was not made leads; what follows from it is named, and its money not added"
    assert (led["cause"], led["family"], led["severity"]) == (
        "Delivery or production missed",
        "FA",
        "high",
    )
    assert out["severity"] == "low", "310 of 330 are held above it"
    assert found["money"].is_monotonic_decreasing, "worst first"


def test_what_is_made_beyond_the_plan_is_no_missed_delivery():
    made = pd.DataFrame({"item": ["A"], "bucket": PAST[-1:], "planned": [0.0], "actual": [1119.0]})
    more = only(
        data(ITEMS.assign(unit_cost=3.0), FIRST, production_history=made), "over_production"
    )
    assert more["reason"] == "Made 1,119 where 0 were planned."
    assert (more["cause"], more["money"]) == ("Made beyond plan", 3 * 1119)


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
    large = only(found, "large_override")
    assert (large["value"], large["money"], large["bucket"]) == (0.5, 500, AHEAD[-1])
    assert "outside 80–120" in large["reason"] and len(found) == 1
    inside = demand(ITEMS, plan, baseline_forecast=band.assign(p90=151.0), history=history)
    assert "outside" not in only(inside, "large_override")["reason"]
    small = demand_plan([130.0] * 12, baseline=[100.0] * 12, override=[30.0] * 12)
    outside = only(demand(ITEMS, small, baseline_forecast=band, history=history), "outside_band")
    assert (outside["value"], outside["money"]) == (10, 100)


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
    assert len(found) == 1 and (row["value"], row["bucket"]) == (5, AHEAD[2])
    assert row["money"] == 50, "the most of late 50, inside the lead time 30, lost 40, short 40"
    assert row["reason"] == (
        "5 units late at the month's end, 2 months in all (resource line full 100 %). 3 units late"
        " inside the lead time of 2 months: only open orders can be pulled in. 4 units never"
        " served, 1 month in all. Stock of 1 is 4 units (80 %) below the safety stock of 5."
    )


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
    over = only(found, "overload")
    assert (over["value"], over["money"], over["bucket"]) == (
        pytest.approx(150 / 110),
        800,
        AHEAD[-1],
    )
    assert "150 hours of 110" in over["reason"] and "works 110" in over["reason"]
    excess = only(found, "excess_stock")
    assert excess["name"] == "A", "B, which nobody asks for, is obsolete and not excess as well"
    assert excess["money"] == pytest.approx(800 * 0.25) and excess["reason"] == (
        "80 units last 8.0 months, worth 800. 20 units worth 200 pass their shelf life unsold."
    )
    few = stock.assign(cover=5.0)
    past = only(supply(ITEMS, plan, inventory_plan=few), "unsaleable_stock")
    assert (past["name"], past["value"], past["money"]) == ("A", 20, 200)
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
    gap = only(found, "revenue_gap")
    assert gap["name"] == "FA", "the company's gap is the family's, so it is not told again"
    assert (gap["value"], gap["money"]) == (pytest.approx(-0.1), 120)
    assert "margin_gap" not in set(found["rule"])
    cash = only(found, "cash")
    assert (cash["value"], cash["bucket"]) == (-500, AHEAD[0])
    blank = plan.assign(cash=plan["cash"].where(plan["bucket"] != AHEAD[0]))
    assert only(money(blank), "cash")["value"] == -20, "what is not known breaks nothing"


def test_the_companys_gap_is_told_by_its_families_or_where_none_is_by_itself():
    plan = plan_table(
        "financial_plan",
        family=np.repeat(["FA", "FB"], 12),
        bucket=[*AHEAD] * 2,
        revenue=[80.0] * 12 + [96.0] * 12,
        budget_revenue=[100.0] * 24,
    )
    assert money(plan)["name"].tolist() == ["FA"]
    alone = money(plan.assign(family="(company)"))
    assert alone[["level", "money", "count", "counted"]].values.tolist() == [
        ["company", 12 * 24, 1, "company"]
    ]


def test_what_waits_for_an_overloaded_resource_is_told_with_the_resource():
    hours = plan_table(
        "capacity_plan",
        resource=["line"],
        bucket=AHEAD[:1],
        unconstrained_load=[150.0],
        regular_capacity=[100.0],
        overtime_limit=[0.0],
        shadow_price=[1.0],
    )
    plan = plan_table(
        "supply_plan",
        item=["A", "B"],
        bucket=AHEAD[[0, 0]],
        demand=[90.0, 90.0],
        late=[9.0, 9.0],
        why=["late: resource line full with overtime 90%, lead time 10%", "late: lead time 100%"],
    )
    found = supply(ITEMS, plan, capacity_plan=hours)
    line = only(found, "overload")
    assert line["money"] == 90, "A's 9 units at 10, more than the 50 that the hours are worth"
    assert "saves 1.00. 1 in all, most of all A: 9 units late at the month's end" in line["reason"]
    assert found["name"].tolist() == ["line", "B"], (
        "A's row is the line's; B waits for its lead time"
    )
    book = Book({"items": ITEMS, "supply_plan": plan, "capacity_plan": hours}, first=FIRST)
    each = exceptions.each(3, book).set_index("name")
    assert each.loc["A", "cause"] == each.loc["line", "cause"] == "Too little capacity"
    assert each.loc["A", "money"] == 90 and each.loc["B", "cause"] == "Late or short"
    alone = only(supply(ITEMS, plan, capacity_plan=hours.assign(shadow_price=5.0)), "overload")
    assert alone["money"] == 250, "never both"


def company(items=266, families=14, markets=10, seed=3):
    """A book in which every item has its share of troubles, of very unequal size."""
    chance = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "item": [f"P{number:03}" for number in range(items)],
            "family": [f"F{number}" for number in chance.integers(0, families, items)],
            "price": chance.lognormal(2, 0.5, items),
        }
    )
    cells = table.merge(pd.DataFrame({"market": [f"M{n}" for n in range(markets)]}), how="cross")
    cells = cells.merge(pd.DataFrame({"bucket": AHEAD}), how="cross")
    draw = lambda rows: chance.lognormal(2, 1, len(rows))
    plan = cells.assign(consensus=draw(cells), baseline=draw(cells), override=draw(cells))
    past = cells.assign(bucket=np.resize(PAST, len(cells)), quantity=draw(cells))
    rows = cells.drop_duplicates(["item", "bucket"])
    none = chance.random(items)[rows["item"].str[1:].astype(int)] < 0.1
    made = table.assign(bucket=PAST[-1], planned=100.0, actual=draw(table))
    supplied = rows.assign(demand=draw(rows) * ~none, late=draw(rows), safety_stock=50.0)
    supplied["why"] = chance.choice(
        ["", "late: lead time 100%", *(f"late: resource R{n} full 60%" for n in range(9))],
        len(rows),
    )
    stock = rows.assign(units=99.0, value=draw(rows), cover=12.0, target=0.0, unsaleable=1.0)
    hours = pd.DataFrame({"resource": [f"R{n}" for n in range(8)]}).merge(
        pd.DataFrame({"bucket": AHEAD}), how="cross"
    )
    hours = hours.assign(unconstrained_load=200.0, regular_capacity=100.0, overtime_limit=0.0)
    money = table[["family"]].drop_duplicates().merge(pd.DataFrame({"bucket": AHEAD}), how="cross")
    money["revenue"], money["budget_revenue"] = draw(money), 50.0
    return Book(
        {
            "items": table,
            "demand_plan": plan_table("demand_plan", **plan.drop(columns=["family", "price"])),
            "released_forecasts": past.drop(columns="quantity").assign(lag=1, consensus=draw(past)),
            "sales_history": past,
            "production_history": made,
            "history": past,
            "forecast_accuracy": table.assign(
                model="chosen", lag=1, source="backtest", wape=draw(table)
            ),
            "supply_plan": plan_table(
                "supply_plan",
                **supplied[list("item bucket".split())],
                **{name: supplied[name] for name in ("demand", "late", "safety_stock", "why")},
            ),
            "inventory_plan": plan_table(
                "inventory_plan", **stock.drop(columns=["family", "price", "market"])
            ),
            "capacity_plan": plan_table("capacity_plan", **hours.assign(shadow_price=draw(hours))),
            "financial_plan": plan_table("financial_plan", **money),
        },
        first=FIRST,
    )


def test_a_large_company_is_a_worklist_of_25_rows_that_cover_most_of_the_money():
    book, rows = company(), []
    for step in PLANS["exceptions"].steps:
        book.also(exceptions=pd.concat([PLANS["exceptions"].empty(), *rows]))
        rows.append(exceptions.table(step, book))
        found = exceptions.found(step, book)
        assert not found.duplicated(["level", "name", "cause"]).any()
        assert rows[-1]["money"].sum() == pytest.approx(found["money"].sum()), "nothing is lost"
        assert rows[-1]["count"].sum() == found["count"].sum()
    worklist = pd.concat(rows).sort_values("money", ascending=False)
    assert worklist["money"].head(25).sum() >= 0.8 * worklist["money"].sum() > 0
    assert all(len(part) <= 24 + 3 for part in rows), "the rest is folded, by cause, and counted"
    assert {"family", "company"} <= set(worklist["level"]) and "others" in set(worklist["name"])
    many = worklist[worklist["count"] > 1]["reason"]
    assert many.str.contains(r"^\d+ in all, most of all P\d+: ").any()
    assert not many.str.contains("most of all F").any(), "the worst item, not the worst family"
    assert (
        set(worklist["cause"]) <= {line["cause"] for line in LEADS.values()}
        and worklist["action"].ne("").all()
    )


@pytest.mark.parametrize("same", [True, False])
def test_many_alike_become_one_of_their_family_then_of_the_company(same):
    items = pd.DataFrame({"item": [f"P{n}" for n in range(40)], "price": 1.0})
    items["family"] = "FA" if same else [f"F{n % 20}" for n in range(40)]
    made = items.assign(bucket=PAST[-1], planned=100.0, actual=50.0)
    one = data(items, FIRST, production_history=made)
    assert one[["level", "name", "count", "counted", "money"]].values.tolist() == [
        ["family", "FA", 40, "item", 2000] if same else ["company", "company", 40, "item", 2000]
    ]
    assert one["reason"].item().startswith("40 in all, most of all P0: Made 50 of")
    few = data(items.head(6), FIRST, production_history=made.head(6))
    assert few["level"].tolist() == ["item"] * 6, "a few stay a row each"


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
    assert sorted(LEADS) == sorted(exceptions.RULES), "every rule has one cause"


def test_a_name_with_markup_stays_text():
    made = pd.DataFrame(
        {"item": ["<b>{x}"], "bucket": PAST[-1:], "planned": [100.0], "actual": [10.0]}
    )
    assert data(ITEMS.assign(item=["<b>{x}", "B"]), FIRST, production_history=made)[
        "name"
    ].tolist() == ["<b>{x}"]
