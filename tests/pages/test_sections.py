"""The step pages' tables: sums that agree, sentences that are true, and words where facts are
missing.
"""

import inspect
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sopkit.buckets import Calendar
from sopkit.charts import View, missing, stack
from sopkit.charts.demand import STAGES
from sopkit.finance import scenarios
from sopkit.metrics import Book
from sopkit.pages import common, data, demand, money, review, supply
from sopkit.supply import master_schedule, plan_supply, plan_under_uncertainty
from sopkit.tables import LEDGER, PLANS

ITEMS = pd.DataFrame(
    {
        "item": ["A", "B"],
        "family": ["Pumps", "<b>Valves</b>"],
        "unit": ["pcs", "kg"],
        "unit_cost": [2.0, 3.0],
    }
)
BUCKETS = pd.to_datetime(["2026-11-01", "2026-12-01"])
MONTH = Calendar("month")


def view(**changed):
    return View(Book({"items": ITEMS.assign(**changed)}, calendar=Calendar("month")))


def test_safety_stock_is_summed_at_cost_or_said_to_be_none():
    safety = pd.DataFrame(
        {"item": ["A", "A", "B"], "bucket": [*BUCKETS, BUCKETS[0]], "quantity": [10.0, 99.0, 4.0]}
    )
    assert (
        "Total" in supply.safety(safety, view()).text and "32" in supply.safety(safety, view()).text
    )
    assert "no service level is given" in supply.safety(safety.assign(quantity=0.0), view()).text


def test_alike_issues_stand_together_worst_first():
    issue = {
        "table": "orders",
        "column": "",
        "rule": "shipped before ordered",
        "severity": "warning",
        "value": "",
        "problem": "<i>3 days</i>",
        "done": "kept",
    }
    issues = pd.DataFrame(
        [issue | {"row": row} for row in (2, 3)]
        + [issue | {"row": 0, "rule": "absent table", "severity": "notice"}]
    )
    shown = data.issues(issues, view())
    lines = shown.text.splitlines()
    assert "warning" in lines[1] and "2" in lines[1].split() and "notice" in lines[2]
    assert "<i>" not in shown.html


def test_kpis_stand_in_their_units_with_what_would_feed_the_missing():
    row = {"step": 1, "scope": "company", "unit": "fraction", "target": 0.95, "status": "miss"}
    kpis = pd.DataFrame(
        [
            row | {"kpi": "on_time_delivery", "bucket": bucket, "actual": actual}
            for bucket, actual in zip(BUCKETS, (0.9, 0.91))
        ]
        + [
            row
            | {
                "kpi": "cover",
                "bucket": BUCKETS[1],
                "actual": np.nan,
                "status": "no data: inventory history would tell",
            }
        ]
    )
    text = common.kpis(kpis, view()).text
    assert "90.0 %" in text and "91.0 %" in text and "inventory history" in text


def test_headlines_say_how_much_rests_on_assumed_receipts():
    plan = pd.DataFrame({"item": ["A", "A"], "bucket": BUCKETS, "receipts": [30.0, 40.0]})
    plan = plan.assign(late=0.0, lost=0.0, demand=1.0, backlog=0.0, shipments=1.0)
    hours = PLANS["capacity_plan"].empty()
    stock = pd.DataFrame({"bucket": BUCKETS, "value": 1.0})
    cost = pd.DataFrame({"money": [5.0]})
    kpis = PLANS["kpis"].empty()
    rests = "rests on 70 units (140 € at standard cost)"
    for given, there in ({}, True), ({"receipts": pd.DataFrame({"item": ["A"]})}, False):
        seen = View(Book({"items": ITEMS, "supply_plan": plan} | given, calendar=MONTH))
        first = supply.answer(plan, hours, stock, cost, seen).text
        asked = common.kpis(
            pd.DataFrame([{"step": 5, "kpi": "planned_service", "scope": "company"}]).assign(
                bucket=BUCKETS[0], unit="fraction", actual=0.9, target=0.9, status="ok"
            ),
            seen,
        ).text
        assert [rests in text for text in (first, asked)] == [there] * 2
        assert rests not in common.kpis(kpis, seen).text  # how the last cycles went rests on facts
    assert common.assumed(plan.assign(receipts=0.0), view()) == ""


@pytest.mark.parametrize(
    "shown, table",
    [
        (supply.workforce(PLANS["workforce_plan"].empty(), view()), "resources"),
        (
            supply.promises(
                pd.DataFrame({"item": ["A"], "bucket": BUCKETS[:1], "wait": [0.0]}),
                view(strategy="stock"),
            ),
            "strategy",
        ),
        (supply.changes(pd.DataFrame(), "", view()), "released"),
        (
            supply.risk(
                plan_under_uncertainty(
                    PLANS["supply_plan"].empty(), ITEMS, np.empty((0, 9, 1)), names=[]
                ),
                view(),
            ),
            "no rows",
        ),
        (
            supply.stock_risk(
                pd.DataFrame(
                    {
                        "item": ["A"],
                        "bucket": BUCKETS[:1],
                        "excess": 0.0,
                        "obsolete": 0.0,
                        "shortage": 0.0,
                    }
                ),
                view(),
            ),
            "excess",
        ),
    ],
)
def test_a_page_that_lacks_facts_says_what_would_feed_it(shown, table):
    assert table in shown.text and table in shown.html


def test_what_leadership_reads_holds_no_command_and_no_name_of_a_table():
    """Names of tables that are words (scenarios, prices) may be said; those with an underscore,
    functions and commands not.
    """
    empty = {name: table.empty() for name, table in PLANS.items()}
    overridden = LEDGER["overrides"].empty()
    shown = [
        review.decisions(empty["decisions"], view()),
        review.assumptions(empty["assumptions"], view()),
        review.sign_offs(empty["sign_offs"], view(), "2026-11"),
        review.overrides(overridden, view()),
        money.scenarios(empty["scenarios"], view()),
        money.options(empty["gap_options"], view()),
        money.initiatives(empty["initiative_plan"], view()),
        money.families(empty["financial_plan"], view()),
        demand.products(empty["product_plan"], view()),
        money.actual_bridge(view().book, view()),
        common.exceptions(empty["exceptions"], view()),
    ]
    for block in shown:
        assert block.text[0].isupper() and not re.search(
            r"_|sopkit|--|\(\)|\btables?\b", block.text
        )


def test_days_and_cycles_read_as_people_say_them():
    entered = pd.DataFrame({"id": [1], "cycle": "2026-11", "by": "Ada", "role": "demand"})
    entered = entered.assign(
        family=None, status="approved", note="as of 2026-11-03, lot 2026-11-99"
    )
    text = review.sign_offs(
        entered.assign(entered_at=pd.Timestamp("2026-11-06 10:00")), view()
    ).text
    assert "Nov 26" in text and "6 Nov 26" in text and "as of 3 Nov 26, lot 2026-11-99" in text
    assert "10:00" not in text


def test_a_decision_stands_in_the_cycle_in_which_it_was_taken():
    rows = pd.DataFrame(
        {
            "id": range(1, 6),
            "cycle": ["2026-06", "2026-07", "2026-09", "2026-08", "2026-09"],
            "text": ["Build ahead?", "build ahead?", "Build ahead?", "Buy?", "Buy?"],
            "chosen": ["", "build", "build", "", None],
            "due": pd.Timestamp("2026-10-01"),
        }
    )
    open_, taken = review.decisions(rows, view()).text.splitlines()[-2:]
    assert "taken" in taken and "Jul 26" in taken and "Aug 26" in open_


def test_a_launch_that_is_lowered_is_a_correction():
    plan = pd.DataFrame({"item": ["A", "B"], "bucket": BUCKETS[0], "launch": [400.0, -1486.0]})
    plan = plan.assign(retirement=0.0, cannibalised=0.0, status="launched")
    head, _, *rows = demand.products(plan, view()).text.splitlines()
    assert "launch corrected" in head and rows[1].split()[3:5] == ["–", "−1,486"]


def test_an_initiative_shows_margin_and_investment():
    paid = pd.DataFrame({"initiative": ["Push"], "starts_on": BUCKETS[:1], "investment": [30.0]})
    plan = pd.DataFrame({"initiative": "Push", "bucket": BUCKETS, "units": 9.0, "hours": 0.0})
    plan = plan.assign(money=[-10.0, 20.0], weighted=[-5.0, 10.0])
    look = View(Book({"items": ITEMS, "initiatives": paid, "demand_plan": plan}, calendar=MONTH))
    total = money.initiatives(plan, look).text.splitlines()[2].split()
    assert total == ["Total", "40", "30", "10", "5"]


def test_costs_of_options_stand_in_one_unit():
    rows = PLANS["gap_options"].empty().reindex(range(3))
    rows = rows.assign(option=["a", "b", "c"], gain=[9e3, 8e3, 7e3], cost=[103e3, 9006.0, 0.0])
    text = money.options(rows, view()).text
    assert re.search(r"a +103,000\b", text) and re.search(r"b +9,006\b", text)


def test_what_a_unit_brings_is_of_a_family_only():
    sales = pd.DataFrame({"item": ["A", "B"], "market": "N", "bucket": "2026-10-01"})
    sales = sales.astype({"bucket": "datetime64[us]"}).assign(quantity=2.0, revenue=[10.0, 40.0])
    plan = pd.DataFrame({"item": ["A", "B"], "bucket": BUCKETS[0], "shipments": 1.0})
    tables = {"items": ITEMS.assign(price=5.0), "sales_history": sales, "supply_plan": plan}
    text = money.per_unit(View(Book(tables, calendar=MONTH))).text
    assert "company" not in text and "Pumps" in text


def test_a_family_of_two_units_is_not_summed():
    plan = pd.DataFrame({"item": ["A", "B"], "market": "N", "bucket": BUCKETS[0]})
    plan = plan.assign(**dict.fromkeys(STAGES, 0.0)).assign(baseline=[5.0, 7.0])
    mixed = demand.families(plan, view(family="Pumps"))
    assert "12" not in mixed.text.split("units over")[0]
    assert "5" in demand.families(plan, view()).text


def test_scenarios_are_scored_by_purpose_as_differences_to_base():
    values = {
        "service (fraction)": (0.95, 0.9),
        "margin (money)": (2e6, 2.5e6),
        "mean stock (money)": (3e5, 3e5),
    }
    rows = pd.DataFrame(
        [
            {
                "scenario": name,
                "metric": metric,
                "value": pair[at],
                "difference": pair[at] - pair[0],
            }
            for metric, pair in values.items()
            for at, name in enumerate(["base", "no-2nd_line"])
        ]
    )
    html = money.scenarios(rows, view()).html
    assert "service</td>" in html and "no-2nd line, to base" in html
    assert "<b>95.0 %</b>" in html and ">−5.0 points<" in html  # the base serves best
    assert "<b>+500 k€</b>" in html and ">2.00 M€<" in html
    assert ">300 k€<" in html and html.count("<b>") == 2  # as good as each other: neither is bold


def test_every_metric_of_a_scenario_has_its_purpose():
    known = "period costs (money)", "unconstrained load above all hours (hours)"  # parts of others
    assert {p for p, _ in money.PURPOSES.values()} == set("service money cash stock people".split())
    told = set(re.findall(r'"([\w ]+ \([\w ×]+\))"', inspect.getsource(scenarios)))
    assert told <= {*money.PURPOSES, *known}


def test_stacked_pieces_keep_their_order():
    pieces = stack([missing("first <one>"), missing("second")])
    assert pieces.html.index("first &lt;one&gt;") < pieces.html.index("second")


@pytest.mark.parametrize(
    "size, last, columns", [("quarter", "Q3 27", 4), ("week", "18 Oct 27", 13)]
)
def test_a_year_is_the_calendars(size, last, columns):
    calendar = Calendar(size)
    look = View(Book({"items": ITEMS}, calendar=calendar))
    rows = pd.DataFrame({"resource": "Line", "bucket": calendar.range("2026-11-01", 130)})
    rows = rows.assign(metric="stock", item="A", workers=5.0, hired=0.0, laid_off=0.0)
    wide = supply.workforce(rows, look).text.partition("\nLine ")[2]
    assert wide.splitlines()[0].split() == ["5"] * columns + ["–", "–"]
    by_item = pd.DataFrame({"item": ["A"], "short": 0.0, "share": 0.0, "service": 1.0})
    found = SimpleNamespace(plan_risk=rows.assign(p10=1.0, p50=2.0, p90=3.0), by_item=by_item)
    shown = [line for line in supply.risk(found, look).text.splitlines() if "stock" in line]
    assert last in shown[-2 if "at standard" in shown[-1] else -1]


def test_a_lot_that_asks_for_more_hours_than_there_are_is_told():
    items = ITEMS.assign(lot_size=[50.0, np.nan])
    bill = pd.DataFrame({"item": ["A", "B"], "resource": "Line", "hours_per_unit": [1.0, 0.5]})
    demand = pd.DataFrame({"item": ["A", "B"], "bucket": BUCKETS[0], "quantity": [60.0, 40.0]})
    for hours, told in ((90.0, "30 h more than there are, most on Line in Nov 26"), (120.0, "")):
        tables = {
            "items": items,
            "bill_of_resources": bill,
            "resources": pd.DataFrame({"resource": ["Line"], "hours": [hours]}),
        }
        plan = plan_supply(demand, **tables)
        schedule = master_schedule(
            plan.supply_plan,
            items,
            bill_of_resources=bill,
            capacity_plan=plan.capacity_plan,
            sourcing_plan=plan.sourcing_plan,
            settings={"planning_fence": 1},
        )
        book = Book(tables | plan.tables, calendar=MONTH)
        text = supply.schedule(schedule, book, view()).text
        assert "items made" in text and ("h more than" in text) == bool(told)
        assert told in text
    none = supply.schedule(PLANS["master_schedule"].empty(), book, view()).text
    assert "Nothing is to be made or ordered" in none


def test_markets_with_money_of_their_own_are_shown_in_both():
    month = pd.Timestamp("2026-11-01")
    plan = {"item": "A", "market": ["Home", "US"], "bucket": month, "consensus": [5.0, 4.0]}
    rates = {"currency": ["USD"], "bucket": [month], "rate": [0.5]}
    told = {
        "items": pd.DataFrame({"item": ["A"], "price": [10.0]}),
        "demand_plan": pd.DataFrame(plan),
        "exchange_rates": pd.DataFrame(rates),
    }
    assert money.markets(View(Book(told))) is None
    markets = pd.DataFrame({"market": ["US"], "currency": ["USD"]})
    text = re.sub("<[^>]+>", " ", money.markets(View(Book(told | {"markets": markets}))).html)
    assert "US USD 80 40" in " ".join(text.split()) and "Home EUR 50 50" in " ".join(text.split())
