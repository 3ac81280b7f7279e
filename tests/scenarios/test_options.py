"""What an option is said to bring is what its scenario brings, and a gap has a way to be closed."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sopkit import Plan
from sopkit.finance import company
from sopkit.metrics import Book, planned_service
from sopkit.scenarios import gap_options, options, replan
from sopkit.tables import PLANS
from tests.metrics.test_identities import plan_table

MONTHS = pd.date_range("2026-11-01", periods=3, freq="MS", unit="us")

LIMITS = [
    "Half as many A again from Tarn",
    "Room for half as much stock again of A",
    "Plan the last month of the planning fence anew",
]


def book(late=(0.0, 8.0, 0.0), budget=1000.0, price=(0.0, 60.0, 0.0), **tables):
    """A company of one short item, one room, one source, a launch and two promotions ahead."""
    items = pd.DataFrame({"item": ["A", "B"], "family": ["FA", "FB"], "unit_cost": [10.0, 5.0]})
    given = {
        "items": items,
        "supply_plan": plan_table(
            "supply_plan", item=["A"] * 3, bucket=MONTHS, demand=[40.0] * 3, late=list(late)
        ),
        "capacity_plan": plan_table(
            "capacity_plan",
            resource=["line"] * 3,
            bucket=MONTHS,
            overtime_limit=[1.0] * 3,
            shadow_price=list(price),
        ),
        "financial_plan": plan_table(
            "financial_plan",
            family=["FA", "FB"],
            bucket=[MONTHS[0]] * 2,
            revenue=[900.0, 900.0],
            budget_revenue=[budget, 800.0],
        ),
        "bill_of_resources": pd.DataFrame(
            {"item": ["A"], "resource": ["line"], "hours_per_unit": [0.5]}
        ),
        "limit_prices": plan_table(
            "limit_prices",
            limit=["source", "stock", "planning fence", "source"],
            source=["Tarn", "(none)", "(none)", "Umbra"],
            item=["A", "A", "A", "B"],
            bucket=[MONTHS[1]] * 4,
            price=[7.0, 3.0, 2.0, 9.0],
        ),
        "launches": pd.DataFrame(
            {"item": ["A", "B"], "launched_on": [MONTHS[2], MONTHS[2]], "like": ["B", "A"]}
        ),
        "events": pd.DataFrame(
            {
                "event": ["Spring", "Gone"],
                "kind": "promotion",
                "starts_on": [MONTHS[1], MONTHS[0] - pd.DateOffset(months=2)],
                "ends_on": [MONTHS[1], MONTHS[0] - pd.DateOffset(months=2)],
            }
        ),
    }
    settings = {"owners": {"supply_plan": "Ines", "FA": "Tom"}, "planning_fence": 1}
    return Book(given | tables, first=MONTHS[0], settings=settings)


def test_what_is_short_and_what_is_behind_call_for_options():
    both = options.offered(book())
    assert [*both] == [
        "Half as much overtime again on line",
        "A tenth more hours on line",
        *LIMITS,
        "Prices of FA 1 % higher",
        "Launch A one month earlier",
        "Drop Spring",
        "Spring one month later",
    ]
    hours, price = both["A tenth more hours on line"], both["Prices of FA 1 % higher"]
    assert hours.change["starts_on"] == MONTHS[1]  # where an hour is worth something
    assert (hours.owner, hours.agrees) == ("Ines", "finance")
    assert (price.owner, price.change["starts_on"]) == ("Tom", MONTHS[1])  # after the fence
    fence = both["Plan the last month of the planning fence anew"]
    assert fence.change["value"] == "0" and fence.day == MONTHS[0]
    assert both["Launch A one month earlier"].day == MONTHS[1]


def test_only_what_a_gap_calls_for_is_offered():
    assert options.offered(book(late=(0, 0, 0), budget=900.0)) == {}
    on_time = options.offered(book(late=(0, 0, 0)))
    assert [*on_time][:1] == ["Prices of FA 1 % higher"]
    in_budget = options.offered(book(budget=900.0, price=(0, 0, 0)))
    assert [*in_budget] == [
        *LIMITS,
        "Drop Spring",
        "Spring one month later",
    ]


def test_the_best_choice_closes_most_then_brings_most_and_takes_one_of_each_object():
    names = ["overtime", "hours", "price", "launch"]
    worth = pd.DataFrame(
        {"revenue": [0, 0, 60.0, 100.0], "gain": [9.0, -4, 30, 50], "service": [0.03, 0.08, 0, 0]},
        index=names,
    ).assign(lasting=60.0)
    # the launch alone closes the budget's 100; hours close all of the 8 of 120, overtime not
    chosen = options._best(worth, ["line", "line", "price", "launch"], book())
    assert sorted(chosen) == ["hours", "launch", "price"]
    draw, gap = np.random.default_rng(7), 8 / 120
    for _ in range(20):  # against every choice, one by one
        worth = pd.DataFrame(
            draw.normal(20, 30, (5, 3)).round(1), columns=["revenue", "gain", "service"]
        )
        worth["service"] /= 1000
        of, worth["lasting"] = [0, 0, 1, 1, 2], 1000.0
        chosen, best = options._best(worth, of, book()), None
        for mask in range(32):
            rows = [n for n in range(5) if mask >> n & 1]
            if len({of[n] for n in rows}) < len(rows):
                continue
            sums = worth.loc[rows].sum()
            closed = round(min(sums["revenue"], 100) / 100 + min(sums["service"], gap) / gap, 6)
            best = max(best or (-np.inf,), (closed, round(sums["gain"], 6), -len(rows), rows))
        assert sorted(chosen) == best[3]


@pytest.fixture(scope="module")
def planned(packs):
    plan = Plan(packs / "2026-11")
    return SimpleNamespace(plan=plan, book=plan.book(), told=plan.read("gap_options"))


def test_an_option_brings_what_its_scenario_brings(planned):
    """Recomputed from the tables of a plan made anew of the same change."""
    offered = options.offered(planned.book)
    singles = planned.told[planned.told["option"].isin(offered)]
    assert len(singles) >= 4
    rows = pd.concat([singles.head(2), singles.tail(1)])
    together = planned.told[planned.told["option"].str.startswith("Together: ")].iloc[0]
    parts = together["option"].removeprefix("Together: ").split("; ")
    asked = {row.option: offered[row.option].changes for row in rows.itertuples()}
    asked[together["option"]] = pd.concat([offered[part].changes for part in parts])
    told = planned.told.set_index("option")
    for words, changes in asked.items():
        book, says = replan(planned.plan, changes), told.loc[words]
        now, then = (
            company(frame).set_index("bucket").loc[planned.book.year].sum()
            for frame in (planned.book.financial_plan, book.financial_plan)
        )
        for column, line in {"gain": "margin", "revenue": "revenue", "cash": "cash"}.items():
            assert says[column] == pytest.approx(then[line] - now[line], abs=0.01)
        assert says["cost"] == pytest.approx(says["revenue"] - says["gain"], abs=0.01)
        services = [
            planned_service(
                each.supply_plan[each.supply_plan["bucket"].isin(each.year)], each.items, each.cost
            )
            for each in (book, planned.book)
        ]
        assert says["service"] == pytest.approx(services[0] - services[1], abs=1e-9)


def test_options_together_close_at_least_what_one_of_them_closes(planned):
    told = planned.told.set_index("option")
    together = told.filter(like="Together: ", axis=0).iloc[0]
    parts = together.name.removeprefix("Together: ").split("; ")
    assert together["gain"] >= told.loc[parts, "gain"].max()
    assert together["changes"].count(";") == len(parts) - 1


def test_where_there_is_no_gap_and_where_there_are_too_many_items_nothing_is_planned(planned):
    none = PLANS["gap_options"].empty()
    pd.testing.assert_frame_equal(gap_options(planned.plan, planned.book, most_items=2), none)
