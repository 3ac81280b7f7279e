import pytest


def _initiative(change, **more):
    return {
        "initiative": "I",
        "item": None,
        "family": None,
        "resource": None,
        "probability": None,
        "starts_on": "2026-11-01",
        "ends_on": None,
        "demand_change": change,
    } | more


def test_change_times_probability_times_the_sum_before(level, plan, table):
    events = table(
        {
            "event": "E",
            "item": "A",
            "starts_on": "2026-11-01",
            "ends_on": "2026-11-30",
            "uplift": 0.5,
        }
    )
    frame = plan(
        level({"A N": 100}, months=2),
        events=events,
        initiatives=table(_initiative(0.1, probability=0.5)),
    ).demand_plan
    assert frame["initiatives"].tolist() == pytest.approx([7.5, 5])


def test_initiatives_add_by_scope_and_days(level, plan, table, look):
    rows = table(
        _initiative(0.1, family="F"),
        _initiative(0.2, item="A", starts_on="2026-11-16", ends_on="2026-11-30"),
    )
    frame = plan(level({"A N": 100, "B N": 10, "C N": 1}), initiatives=rows).demand_plan
    assert look(frame, "initiatives") == {"A N": [20], "B N": [1], "C N": [0]}


def test_a_resource_is_no_demand_and_it_is_said(level, plan, table):
    found = plan(level({"A N": 100}), initiatives=table(_initiative(0.1, resource="Line 2")))
    assert found.demand_plan["initiatives"].tolist() == [0] and found.issues["rule"].tolist() == [
        "resource scope"
    ]
