import inspect

import numpy as np
import pandas as pd
import pytest

import sopkit.demand
from sopkit.demand import STAGES
from sopkit.tables import PLANS

NOV = "2026-11-01"


def _everything(table):
    return dict(
        events=table(
            {
                "event": "E",
                "item": None,
                "family": "F",
                "market": None,
                "starts_on": "2026-10-15",
                "ends_on": "2026-12-10",
                "uplift": 0.3,
                "pull_forward": 0.5,
            }
        ),
        launches=table(
            {
                "item": "C",
                "like_item": "A",
                "launched_on": "2026-12-01",
                "ramp": "0.5",
                "peak": 0.7,
                "cannibalised_family": "F",
                "cannibalisation": 0.4,
            }
        ),
        initiatives=table(
            {
                "initiative": "I",
                "item": None,
                "family": None,
                "probability": 0.5,
                "starts_on": NOV,
                "ends_on": None,
                "demand_change": 0.2,
            }
        ),
        sales_inputs=table(
            {
                "author": "Ann",
                "item": None,
                "family": "F",
                "market": "N",
                "bucket": NOV,
                "quantity": 400.0,
            }
        ),
        overrides=table(
            {
                "id": 1,
                "cycle": "2026-11",
                "item": "A",
                "family": None,
                "market": None,
                "bucket": "2026-12-01",
                "kind": "set_to",
                "value": 42.0,
                "expires_on": None,
            }
        ),
        orders=table(
            {
                "item": "B",
                "market": "N",
                "ordered_on": "2026-10-01",
                "requested_on": "2026-11-05",
                "shipped_on": None,
                "quantity": 999.0,
            }
        ),
    )


def test_the_identity_holds_and_nothing_is_negative(level, plan, table):
    frame = plan(
        level({"A N": 100, "A S": 40, "B N": 60}, months=6), **_everything(table)
    ).demand_plan
    total = frame["baseline"] + frame[list(STAGES)].sum(axis=1)
    assert (total - frame["consensus"]).abs().max() < 1e-9 and (frame["consensus"] >= 0).all()
    assert all(frame[stage].abs().sum() > 0 for stage in STAGES), (
        "every stage should have something to do here"
    )
    assert frame.loc[
        (frame["item"] == "A") & (frame["bucket"] == "2026-12-01"), "consensus"
    ].sum() == pytest.approx(42)


def test_stages_are_the_columns_in_their_order():
    assert PLANS["demand_plan"].names == [
        "item",
        "market",
        "bucket",
        "naive",
        "baseline",
        *STAGES,
        "consensus",
    ]


def test_the_product_plan_adds_up_to_the_launches_column(level, plan, table):
    demand_plan, product_plan, _ = plan(
        level({"A N": 100, "A S": 40, "B N": 60}, months=6), **_everything(table)
    )
    parts = product_plan.set_index(["item", "bucket"])[
        ["launch", "retirement", "cannibalised"]
    ].sum(axis=1)
    column = demand_plan.groupby(["item", "bucket"])["launches"].sum()
    assert np.allclose(parts.reindex(column.index).fillna(0), column)


def test_inputs_are_left_as_they_were(level, plan, table):
    tables = _everything(table)
    before = {name: frame.copy() for name, frame in tables.items()}
    plan(level({"A N": 100, "B N": 60}, months=3), **tables)
    for name, frame in tables.items():
        pd.testing.assert_frame_equal(frame, before[name])


def test_twice_the_same_gives_the_same(level, plan, table):
    baseline = level({"A N": 100, "A S": 40, "B N": 60}, months=6)
    for one, two in zip(
        plan(baseline, **_everything(table)),
        plan(baseline.sample(frac=1, random_state=1), **_everything(table)),
    ):
        pd.testing.assert_frame_equal(one, two)


def test_empty_tables_are_the_same_as_none(level, plan, table):
    empty = {name: frame.iloc[:0] for name, frame in _everything(table).items()}
    baseline = level({"A N": 100}, months=2)
    pd.testing.assert_frame_equal(plan(baseline, **empty).demand_plan, plan(baseline).demand_plan)


def test_declared_empty_inputs_go_through(level, plan, calendar):
    from sopkit.tables import INPUTS, LEDGER

    empty = {
        name: INPUTS[name].empty()
        for name in ("events", "launches", "initiatives", "sales_inputs", "orders")
    } | {"overrides": LEDGER["overrides"].empty()}
    frame = plan(
        level({"A N": 100}, months=2), history=PLANS["history"].empty(), **empty
    ).demand_plan
    assert frame["consensus"].tolist() == [100, 100]


def test_no_series_at_all(level, plan):
    assert [len(frame) for frame in plan(level({}), months=2)] == [0, 0, 0]


def test_a_baseline_below_zero_or_unknown_is_said(level, plan):
    baseline = level({"A N": -5, "B N": 7})
    found = plan(baseline.assign(baseline=[-5.0, np.nan]))
    assert found.demand_plan["consensus"].tolist() == [0, 0] and sorted(found.issues["rule"]) == [
        "below zero",
        "unknown",
    ]


def test_baseline_outside_the_plan_is_left_out(level, plan):
    assert plan(level({"A N": 5}, months=4, first="2026-10-01"), months=2).demand_plan[
        "baseline"
    ].tolist() == [5, 5]


def test_a_large_company_is_planned_without_loops_over_items(calendar, plan):
    rng, count, buckets = np.random.default_rng(7), 3000, calendar.range(NOV, 12)
    codes = np.array([f"I{number:04d}" for number in range(count)])
    items = pd.DataFrame({"item": codes, "family": [f"F{number % 9}" for number in range(count)]})
    baseline = pd.DataFrame(
        {
            "item": np.repeat(codes, 12),
            "market": "N",
            "bucket": np.tile(buckets, count),
            "baseline": rng.uniform(0, 50, count * 12),
        }
    )
    says = pd.DataFrame(
        {
            "author": "Ann",
            "family": np.repeat(items["family"].unique(), 12),
            "bucket": np.tile(buckets, 9),
            "quantity": 9000.0,
        }
    )
    frame = plan(baseline, items=items, sales_inputs=says, rule="Ann").demand_plan
    total = frame.merge(items, on="item").groupby(["family", "bucket"])["consensus"].sum()
    assert len(frame) == count * 12 and np.allclose(total, 9000, rtol=1e-12)


def test_public_names_exist_and_say_what_they_do():
    for name in sopkit.demand.__all__:
        thing = getattr(sopkit.demand, name)
        assert not inspect.isroutine(thing) or (thing.__doc__ or "").strip()
