import numpy as np
import pandas as pd
import pytest

from sopkit import PlanError
from sopkit.demand import forecastable, joined
from sopkit.demand.launches import refitted, with_taken
from sopkit.metrics import Book


def _launch(**more):
    return {
        "item": "C",
        "like_item": "A",
        "launched_on": "2026-12-01",
        "ramp": "0.25;0.5",
        "peak": 0.8,
        "cannibalised_item": None,
        "cannibalised_family": None,
        "cannibalisation": None,
    } | more


def test_like_item_times_peak_times_ramp_in_each_market(level, plan, table, look):
    found = plan(level({"A N": 100, "A S": 50}, months=4), launches=table(_launch()))
    assert look(found.demand_plan) == {
        "A N": [100] * 4,
        "A S": [50] * 4,
        "C N": [0, 20, 40, 80],
        "C S": [0, 10, 20, 40],
    }
    rows = found.product_plan
    assert rows["item"].unique().tolist() == ["C"] and rows["launch"].tolist() == pytest.approx(
        [0, 30, 60, 120]
    )
    assert rows["status"].tolist() == ["before launch", "launch", "ramp", "launched"]


def test_a_launch_within_a_bucket_sells_its_share_of_days(level, plan, table, look):
    frame = plan(
        level({"A N": 100}), launches=table(_launch(launched_on="2026-11-16", ramp=None, peak=None))
    ).demand_plan
    assert look(frame, "launches")["C N"] == [50]


def test_cannibalisation_takes_from_a_family_by_baseline_in_the_same_market(
    level, plan, table, look
):
    rows = table(
        _launch(cannibalised_family="F", cannibalisation=0.5, launched_on="2026-11-01", ramp=None)
    )
    found = plan(level({"A N": 100, "B N": 60, "B S": 70}), launches=rows)
    assert look(found.demand_plan, "launches") == {
        "A N": [-25],
        "B N": [-15],
        "B S": [0],
        "C N": [80],
    }
    assert found.product_plan.set_index("item")["cannibalised"].to_dict() == pytest.approx(
        {"A": -25, "B": -15, "C": 0}
    )


def test_a_family_beside_an_item_loses_nothing(level, plan, table, look):
    rows = _launch(cannibalised_item="B", cannibalisation=0.5, launched_on="2026-11-01", ramp=None)
    one, both = (
        look(plan(level({"A N": 100, "B N": 60}), launches=table(rows | more)).demand_plan)
        for more in ({}, {"cannibalised_family": "F"})
    )
    assert one == both == {"A N": [100], "B N": [20], "C N": [80]}


def test_cannibalisation_never_takes_more_than_there_is(level, plan, table, look):
    rows = table(
        _launch(cannibalised_item="B", cannibalisation=1.0, launched_on="2026-11-01", ramp=None)
    )
    found = plan(level({"A N": 100, "B N": 30}), launches=rows)
    assert look(found.demand_plan)["B N"] == [0] and found.issues.empty


def test_the_curve_replaces_a_young_history_and_not_a_grown_one(level, plan, table, look):
    baseline = level({"A N": 100, "C N": 10})
    young = plan(baseline, launches=table(_launch(launched_on="2026-09-01"))).demand_plan
    grown = plan(baseline, launches=table(_launch(launched_on="2026-01-01"))).demand_plan
    assert look(young)["C N"] == [80] and look(grown)["C N"] == [10]


def test_a_like_item_without_a_baseline_lends_its_last_year(level, plan, table, look, calendar):
    history = pd.DataFrame(
        {
            "item": "A",
            "market": "N",
            "bucket": calendar.range("2025-11-01", 12),
            "quantity": 1.0,
            "demand": range(12),
            "flag": "",
            "reason": "",
        }
    )
    rows = table(
        _launch(launched_on="2026-11-01", ramp=None, peak=1.0), _launch(item="B", like_item=None)
    )
    found = plan(level({"A N": 0, "B N": 1}, months=3), launches=rows, history=history)
    assert look(found.demand_plan, "launches")["C N"] == [0, 1, 2]


def test_a_launch_without_a_like_item_is_said(level, plan, table):
    found = plan(level({"A N": 10}), launches=table(_launch(like_item=None)))
    assert (
        found.issues["rule"].tolist() == ["no like item"]
        and found.demand_plan["launches"].sum() == 0
    )


def test_a_bad_ramp_names_itself(level, plan, table):
    with pytest.raises(PlanError, match="item C, column ramp: '0.2,0.5' is not a ramp"):
        plan(level({"A N": 10}), launches=table(_launch(ramp="0.2,0.5")))


def _ending(retired_on, successor=None):
    return pd.DataFrame(
        {
            "item": ["A", "B", "C"],
            "family": ["F", "F", "G"],
            "retired_on": pd.to_datetime([retired_on, None, None]),
            "successor": [successor, None, None],
        }
    )


def test_retirement_ends_by_days_and_the_successor_takes_over(level, plan, look):
    found = plan(level({"A N": 100, "B N": 10}, months=3), items=_ending("2026-11-15", "B"))
    assert look(found.demand_plan) == {"A N": [50, 0, 0], "B N": [60, 110, 110]}
    status = found.product_plan.groupby("item")["status"].apply(list).to_dict()
    assert status == {"A": ["retiring", "retired", "retired"], "B": ["successor"] * 3}
    assert found.product_plan.groupby("item")["retirement"].sum().to_dict() == {"A": -250, "B": 0}


def test_a_successor_with_a_launch_of_its_own_does_not_count_twice(level, plan, table, look):
    rows = table(_launch(item="B", launched_on="2026-12-01", ramp=None, peak=1.0))
    frame = plan(
        level({"A N": 100}, months=2), items=_ending("2026-11-30", "B"), launches=rows
    ).demand_plan
    assert look(frame) == {"A N": [100, 0], "B N": [0, 100]}


def test_what_retired_before_the_plan_is_taken_over_too(level, plan, look):
    frame = plan(level({"A N": 100, "B N": 10}), items=_ending("2025-11-15", "B")).demand_plan
    assert look(frame) == {"A N": [0], "B N": [110]}


def _lives(*rows):
    items = pd.DataFrame(rows, columns=["item", "retired_on", "successor"])
    return items.assign(family="F", retired_on=pd.to_datetime(items["retired_on"]))


def test_a_chain_of_successors_hands_on_as_each_retires(level, plan, look):
    chain = _lives(("A", "2026-11-10", "B"), ("B", "2026-11-20", "C"), ("C", "2026-12-31", "D"))
    frame = plan(
        level({"A N": 90}, months=3),
        items=pd.concat([chain, _lives(("D", None, None))], ignore_index=True),
    ).demand_plan
    shown = {"A N": [30, 0, 0], "B N": [30, 0, 0], "C N": [30, 90, 0], "D N": [0, 0, 90]}
    assert look(frame) == shown


@pytest.mark.parametrize("own", [0, 40])
def test_a_chain_ends_at_a_launch_of_its_own(level, plan, table, look, own):
    rows = table(_launch(item="B", like_item="A", launched_on="2026-11-01", ramp=None, peak=1.0))
    items = _lives(("A", "2026-10-31", "B"), ("B", "2026-11-30", "C"), ("C", None, None))
    frame = plan(level({"A N": 100, "B N": own}, months=2), items=items, launches=rows).demand_plan
    assert look(frame) == {"A N": [0, 0], "B N": [100, 0], "C N": [0, 100]}


@pytest.mark.parametrize("loop", [[("A", None, "A")], [("A", None, "B"), ("B", None, "A")]])
def test_successors_in_a_loop_are_refused(level, plan, loop):
    words = "column successor: . item.s. lead back to themselves: A.*; leave the successor"
    with pytest.raises(PlanError, match=words):
        plan(level({"A N": 100}), items=_lives(*loop, ("X", None, "A")))


def test_the_history_of_what_retired_is_its_successors(calendar):
    rows = [("A", 8, 5.0), ("A", 9, 6.0), ("B", 9, 1.0), ("B", 10, 7.0), ("C", 10, 3.0)]
    history = pd.DataFrame(rows, columns=["item", "bucket", "demand"])
    history["bucket"] = pd.to_datetime("2026-" + history["bucket"].astype(str) + "-01")
    history = history.assign(market="N", flag="", quantity=0.0)
    items = _lives(("A", "2026-09-20", "B"), ("B", "2026-10-31", "C"), ("C", "2026-12-31", "D"))
    sold = forecastable(history, Book({"items": items}))
    assert sold["item"].unique().tolist() == ["C"] and sold["quantity"].tolist() == [5, 7, 10]
    assert set(forecastable(history)["item"]) == {"B", "C"}


def _sold(calendar, **levels):
    """Three years of flat sales, and of what was launched half a year ago."""
    months = calendar.range("2023-11-01", 36)
    rows = [
        pd.DataFrame({"item": item, "market": "N", "bucket": months, "sold": units})
        for item, units in levels.items()
    ]
    return pd.concat(rows).dropna(subset=["sold"]).assign(quantity=lambda r: r["sold"])


def test_cannibalisation_goes_on_and_is_what_history_says(calendar, items, table, level, plan):
    rng, young = np.random.default_rng(2), 30
    noise = rng.normal(0, 3, 36)
    old = 100 + noise - np.where(np.arange(36) >= young, 0.4 * 50, 0.0)
    new = np.where(np.arange(36) >= young, 50.0, np.nan)
    sold = _sold(calendar, A=old, C=new)
    declared_ = _launch(
        launched_on="2026-05-01", ramp=None, cannibalised_item="A", cannibalisation=0.2
    )
    book = Book({"launches": table(declared_), "items": items}, calendar=calendar)
    (share,) = refitted(book.launches, sold, book)["cannibalisation"]
    assert share == pytest.approx(0.4, abs=0.05)
    history = sold.rename(columns={"sold": "demand"}).assign(flag="", reason="")
    back = forecastable(history, book).query("item == 'A'")["quantity"].to_numpy()
    assert back[:young] == pytest.approx(old[:young])
    assert back[young:] == pytest.approx(old[young:] + share * 50)
    assert forecastable(history, book, taken=False)["quantity"].sum() < back.sum() + 300
    given = {"launches": table(declared_), "history": history}
    frame = plan(level({"A N": 100, "C N": 50}, months=2), **given).demand_plan
    loss = frame.query("item == 'A'")["launches"]
    own = frame.query("item == 'C'")["consensus"]
    assert (loss.to_numpy() == pytest.approx(-share * own.to_numpy())) and (loss < 0).all()


def test_a_grown_launch_loses_to_the_next_one(level, plan, table, look):
    rows = table(
        _launch(item="B", launched_on="2025-03-01"),
        _launch(launched_on="2026-11-01", ramp=None, cannibalised_item="B", cannibalisation=0.5),
    )
    frame = plan(level({"A N": 100, "B N": 60}), launches=rows).demand_plan
    assert look(frame, "launches") == {"A N": [0], "B N": [-40], "C N": [80]}


def test_after_two_years_a_launch_takes_nothing_apart(calendar, items, table):
    sold = _sold(calendar, A=np.full(36, 80.0), C=np.full(36, 50.0))
    row = _launch(launched_on="2024-10-01", cannibalised_item="A", cannibalisation=0.2)
    book = Book({"launches": table(row), "items": items}, calendar=calendar)
    assert with_taken(sold, book) is sold


def test_a_baseline_says_whose_history_is_joined(calendar, table):
    history = _sold(calendar, A=[5.0] * 35 + [np.nan], B=[6.0] * 36).assign(flag="")
    book = Book({"items": _lives(("A", "2026-09-20", "B"), ("B", None, None))}, calendar=calendar)
    baseline = pd.DataFrame({"item": ["B", "C"], "why": "smooth demand"})
    words = joined(baseline, history, book)["why"].tolist()
    assert words == ["smooth demand; with the history of A", "smooth demand"]
    assert joined(baseline, history, Book({"items": _lives(("B", None, None))})).equals(baseline)


def test_a_retired_item_keeps_no_promotion(level, plan, table, look):
    events = table(
        {
            "event": "E",
            "item": "A",
            "starts_on": "2026-11-01",
            "ends_on": "2026-12-31",
            "uplift": 0.5,
        }
    )
    frame = plan(
        level({"A N": 100}, months=2), items=_ending("2026-11-30"), events=events
    ).demand_plan
    assert look(frame) == {"A N": [150, 0]}
