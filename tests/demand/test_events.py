import pandas as pd
import pytest

from sopkit.buckets import Calendar
from sopkit.demand import consensus
from sopkit.demand.events import explained
from sopkit.grid import grid_of
from sopkit.metrics import Book
from sopkit.tables import declared


def _event(starts, ends, uplift, **more):
    return {
        "event": "E",
        "item": None,
        "family": None,
        "market": None,
        "starts_on": starts,
        "ends_on": ends,
        "uplift": uplift,
        "pull_forward": None,
    } | more


def _units(baseline, events, items, calendar, look):
    buckets = pd.DatetimeIndex(baseline["bucket"].unique())
    given = {"baseline_forecast": baseline, "items": items, "events": events}
    plan = consensus(Book(given, calendar=calendar), buckets).demand_plan
    return look(plan, "events")


def test_uplift_times_baseline_times_share_of_days(level, table, items, calendar, look):
    events = table(_event("2026-11-16", "2027-01-31", 0.4, item="A"))
    assert _units(level({"A N": 100, "B N": 50}, months=4), events, items, calendar, look) == {
        "A N": [20, 40, 40, 0],
        "B N": [0, 0, 0, 0],
    }


@pytest.mark.parametrize(
    "scope, touched",
    [
        ({}, "AN AS BN CN"),
        ({"market": "N"}, "AN BN CN"),
        ({"family": "F"}, "AN AS BN"),
        ({"family": "F", "market": "S"}, "AS"),
        ({"item": "C"}, "CN"),
    ],
)
def test_the_scope_says_whom_it_touches(level, table, items, calendar, look, scope, touched):
    events = table(_event("2026-11-01", "2026-11-30", 0.1, **scope))
    units = _units(
        level({"A N": 10, "A S": 10, "B N": 10, "C N": 10}), events, items, calendar, look
    )
    assert units == {
        f"{name[0]} {name[1]}": [1.0 if name in touched.split() else 0.0]
        for name in ("AN", "AS", "BN", "CN")
    }


def test_overlapping_events_add_and_never_take_more_than_the_baseline(
    level, table, items, calendar, look
):
    more = table(
        _event("2026-11-01", "2026-11-30", 0.2), _event("2026-11-01", "2026-11-30", 0.3, item="A")
    )
    less = table(
        _event("2026-11-01", "2026-11-30", -0.7), _event("2026-11-01", "2026-11-30", -0.8, item="A")
    )
    assert _units(level({"A N": 100}), more, items, calendar, look) == {"A N": [50]}
    assert _units(level({"A N": 100}), less, items, calendar, look) == {"A N": [-100]}


def test_pull_forward_is_taken_from_as_many_buckets_as_the_event_lasted(
    level, table, items, calendar, look
):
    short, long = (
        table(_event("2026-11-01", end, 0.5, pull_forward=0.4))
        for end in ("2026-11-30", "2026-12-31")
    )
    assert _units(level({"A N": 100}, months=4), short, items, calendar, look) == {
        "A N": [50, -20, 0, 0]
    }
    assert _units(level({"A N": 100}, months=5), long, items, calendar, look) == {
        "A N": [50, 50, -20, -20, 0]
    }


def test_an_event_that_is_over_still_pulls_from_the_first_bucket(
    level, table, items, calendar, look
):
    events = table(_event("2026-10-01", "2026-10-31", 0.5, pull_forward=0.4))
    assert _units(level({"A N": 100}, months=2), events, items, calendar, look) == {"A N": [-20, 0]}


def test_a_blank_uplift_counts_zero_and_is_reported(level, table, plan):
    rows = table(
        _event("2026-11-01", "2026-11-30", None),
        _event("2026-05-01", "2026-05-30", None, event="past"),
    )
    found = plan(level({"A N": 100}), events=rows)
    assert found.issues["value"].tolist() == ["1"]
    assert found.demand_plan["events"].tolist() == [0] and found.issues["rule"].tolist() == [
        "unknown uplift"
    ]


def test_a_cut_of_overlapping_events_is_an_issue(level, table, plan):
    less = table(
        _event("2026-11-01", "2026-11-30", -0.7), _event("2026-11-01", "2026-11-30", -0.8, item="A")
    )
    found = plan(level({"A N": 100}), events=less)
    assert found.demand_plan["events"].tolist() == [-100] and found.issues["column"].tolist() == [
        "events"
    ]


def test_no_events_and_no_baseline(level, items, calendar, look, plan):
    assert _units(level({"A N": 5}), None, items, calendar, look) == {"A N": [0]}
    assert plan(level({}), months=1).demand_plan.empty


def test_what_events_explain(table, items):
    calendar = Calendar("month")
    grid = grid_of(
        pd.DataFrame({"item": ["A"], "market": ["N"]}),
        calendar.range("2026-01-01", 4),
        Book({"items": items}).members,
        calendar,
    )
    day = ("2026-02-01", "2026-02-28")
    rises, falls = explained(grid, declared(table(_event(*day, 0.2, kind="promotion")), "events"))
    assert rises.tolist() == [[False, True, False, False]] and falls.tolist() == [
        [False, True, True, False]
    ]
    rises, falls = explained(grid, declared(table(_event(*day, -0.2, kind="holiday")), "events"))
    assert not rises.any() and falls.tolist() == [[False, True, False, False]]
