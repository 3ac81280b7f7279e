"""What a release said stands inside the fence: its sources, and what it announced to people."""

import numpy as np
import pandas as pd
import pytest

from sopkit.supply import plan_supply, supply_inputs
from tests.supply.cases import months

SOURCES = pd.DataFrame(
    {
        "item": ["A", "A"],
        "source": ["slow", "fast"],
        "unit_cost": [10.0, 14.0],
        "max_quantity": [60.0, np.inf],
        "lead_time": [2.0, 0.0],
    }
)
BOUGHT = {"items": pd.DataFrame({"item": ["A"], "price": [40.0]}), "sourcing": SOURCES}
RELEASED = "supply_plan", "sourcing_plan", "workforce_plan"
CREW = {
    "items": pd.DataFrame({"item": ["A"], "price": [400.0]}),
    "bill_of_resources": pd.DataFrame(
        {"item": ["A"], "resource": ["crew"], "hours_per_unit": [1.0]}
    ),
    "resources": pd.DataFrame(
        {
            "resource": ["crew"],
            "workers": [10.0],
            "hours_per_worker": [10.0],
            "regular_cost": [20.0],
            "hiring_cost": [50.0],
            "layoff_cost": [50.0],
        }
    ),
}


def cycle(tables, first, wanted, stock=0.0, last=None, **settings):
    demand = pd.DataFrame({"item": "A", "market": "N", "bucket": months(8, first)})
    opening = pd.DataFrame({"item": ["A"], "on_hand": [stock], "backlog": [0.0]})
    last = last and {name: table for name, table in zip(RELEASED, last) if table is not None}
    told = demand.assign(consensus=wanted), opening, tables, settings
    inputs = supply_inputs(*told, released=last)
    return plan_supply(**inputs)


def test_a_released_order_stays_with_its_source():
    first = cycle(BOUGHT, "2026-11-01", 100.0, stock=100.0)
    assert first.sourcing_plan.iloc[0, 1:4].tolist() == ["fast", pd.Timestamp("2026-12-01"), 100.0]
    second = cycle(
        BOUGHT, "2026-12-01", 100.0, last=[first.supply_plan, first.sourcing_plan]
    ).sourcing_plan
    december = second[second["bucket"] == "2026-12-01"]
    assert december[["source", "quantity"]].values.tolist() == [["fast", 100.0]]
    january = second[second["bucket"] == "2027-01-01"].set_index("source")["quantity"]
    assert january.to_dict() == pytest.approx({"fast": 40.0, "slow": 60.0})


def test_what_was_ordered_of_it_is_taken_off_the_source_that_is_ordered_first():
    first = cycle(BOUGHT, "2026-11-01", 100.0, stock=100.0)
    receipts = pd.DataFrame(
        {
            "item": ["A"],
            "due_on": pd.to_datetime(["2027-01-10"]),
            "quantity": [50.0],
            "ordered_on": pd.to_datetime(["2026-11-05"]),
        }
    )
    told = [first.supply_plan, first.sourcing_plan]
    second = cycle(BOUGHT | {"receipts": receipts}, "2026-12-01", 100.0, last=told).sourcing_plan
    january = second[second["bucket"] == "2027-01-01"].set_index("source")["quantity"]
    assert january.to_dict() == pytest.approx({"fast": 40.0, "slow": 10.0})


def test_without_its_sources_a_release_goes_to_the_cheapest():
    first = cycle(BOUGHT, "2026-11-01", 100.0, stock=100.0)
    second = cycle(BOUGHT, "2026-12-01", 100.0, last=[first.supply_plan]).sourcing_plan
    december = second[second["bucket"] == "2026-12-01"].set_index("source")["quantity"]
    assert december.to_dict() == pytest.approx({"fast": 40.0, "slow": 60.0})


def moves(result):
    plan = result.workforce_plan
    return (plan["hired"] - plan["laid_off"]).round(6).tolist()


def test_an_announced_lay_off_comes():
    first = cycle(CREW, "2026-11-01", 60.0, layoff_notice=2)
    leave = moves(first)[2]
    assert moves(first)[:2] == [0, 0] and leave < -4
    told = [first.supply_plan, None, first.workforce_plan]
    second = cycle(CREW, "2026-12-01", 60.0, last=told, layoff_notice=2)
    assert moves(second)[:2] == [0, leave], "and not two months later again"
    forgotten = cycle(CREW, "2026-12-01", 60.0, last=told[:2], layoff_notice=2)
    assert moves(forgotten)[:2] == [0, 0] and moves(forgotten)[2] < 0


def test_announced_hiring_comes_and_its_notice_may_be_longer_than_the_fence():
    first = cycle(CREW, "2026-11-01", 130.0, hiring_notice=1)
    assert moves(first)[0] == 0 and moves(first)[1] >= 3
    told = [first.supply_plan, None, first.workforce_plan]
    second = cycle(CREW, "2026-12-01", 130.0, last=told, hiring_notice=4)
    assert moves(second)[0] == moves(first)[1] and max(moves(second)[1:4]) == 0


def rolled(before, now, first="2026-10-01", wanted=100.0, **ordered):
    """The second cycle's plan of tables ``now`` with what was ``ordered``, after a cycle of tables
    ``before`` is released.
    """
    told = cycle(before, first, wanted)
    if ordered:
        days = {name: pd.to_datetime([ordered[name]]) for name in ("due_on", "ordered_on")}
        units = {"item": ["A"], "quantity": [ordered["quantity"]]}
        now = now | {"receipts": pd.DataFrame(units | days)}
    wanted = np.append(wanted[1:], 0.0) if np.ndim(wanted) else wanted
    last = [told.supply_plan, told.sourcing_plan, told.workforce_plan]
    return cycle(now, "2026-11-01", wanted, ordered.get("stock", 0.0), last)


PLAIN = {"items": pd.DataFrame({"item": ["A"], "price": [50.0], "unit_cost": [10.0]})}


def bought(result):
    return result.supply_plan["purchased"].round(6).head(3).tolist()


def test_lots_that_the_hand_off_released_ahead_are_not_ordered_again():
    lots = {"items": PLAIN["items"].assign(minimum_lot=60.0)}
    told = cycle(lots, "2026-10-01", 5.0)
    last = [told.supply_plan, told.sourcing_plan]
    # October's order of 60 came and 5 of them are sold
    assert bought(cycle(lots, "2026-11-01", 5.0, 55.0, last)) == [0, 0, 0]


def test_an_order_is_taken_off_the_source_that_had_to_be_ordered_then():
    sources = SOURCES.replace({"max_quantity": {60.0: 80.0}})
    both = {"items": PLAIN["items"], "sourcing": sources}
    came = {"quantity": 80.0, "due_on": "2026-12-05", "ordered_on": "2026-10-05"}
    plan = rolled(both, both, **came).sourcing_plan.set_index(["source", "bucket"])["quantity"]
    december = plan.xs(pd.Timestamp("2026-12-01"), level="bucket")
    assert december.to_dict() == pytest.approx({"fast": 20.0})
    assert plan["slow"].max() == pytest.approx(80.0)


def test_an_overdue_order_belongs_to_the_release_of_its_own_bucket():
    late = {"quantity": 100.0, "due_on": "2026-10-20", "ordered_on": "2026-10-02"}
    assert bought(rolled(PLAIN, PLAIN, **late)) == [100, 100, 0]


def test_an_order_that_comes_a_bucket_early_is_not_placed_again():
    need = {"items": PLAIN["items"].assign(lead_time=1.0)}
    early = {"quantity": 100.0, "due_on": "2026-11-28", "ordered_on": "2026-10-20"}
    assert bought(rolled(need, need, wanted=np.array([0, 0, 100.0] + [0] * 5), **early)) == [0] * 3


def test_what_a_smaller_crew_cannot_make_of_a_release_is_cut_and_told():
    small = CREW | {"resources": CREW["resources"].assign(workers=9.0, hiring_cost=np.nan)}
    fixed = CREW | {"resources": CREW["resources"].assign(hiring_cost=np.nan)}
    result = rolled(fixed, small)
    assert result.supply_plan["production"].head(2).tolist() == [90, 90]
    assert result.cut["units"].tolist() == pytest.approx([10.0, 10.0])


def test_what_was_made_and_is_bought_now_is_planned_anew():
    assert bought(rolled(CREW, PLAIN)) == [100, 100, 100]
