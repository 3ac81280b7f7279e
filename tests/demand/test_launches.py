import pandas as pd
import pytest

from sopkit import PlanError


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


def test_long_retired_items_are_gone_and_hand_nothing_on(level, plan, look):
    frame = plan(level({"A N": 100, "B N": 10}), items=_ending("2025-11-15", "B")).demand_plan
    assert look(frame) == {"A N": [0], "B N": [10]}


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
