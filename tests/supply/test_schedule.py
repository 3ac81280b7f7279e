"""The hand-off to weeks."""

import numpy as np
import pandas as pd
import pytest

from sopkit.buckets import Calendar
from sopkit.supply import master_schedule, plan_supply
from sopkit.supply.schedule import in_lots, spread, weeks_of
from tests.supply.cases import demand_of


@pytest.fixture
def facts():
    items = pd.DataFrame(
        {
            "item": ["A", "B", "C"],
            "unit_cost": 1.0,
            "price": 9.0,
            "lot_size": [20.0, None, None],
            "lead_time": [0, 0, 1],
        }
    )
    demand = pd.concat(
        [demand_of([100, 90, 80], "A"), demand_of([60, 70, 66], "B"), demand_of([40, 40, 40], "C")]
    )
    bill = pd.DataFrame({"item": ["A", "B"], "resource": "line", "hours_per_unit": [1.0, 0.5]})
    line = pd.DataFrame(
        {
            "resource": ["line"],
            "hours": [120.0],
            "overtime_hours": [30.0],
            "overtime_cost": [1.0],
            "regular_cost": [0.5],
        }
    )
    inventory = pd.DataFrame({"item": ["A", "B", "C"], "on_hand": [50, 5, 60]})
    result = plan_supply(demand, items, resources=line, bill_of_resources=bill, inventory=inventory)
    return items, bill, result


def unlimited(result, items, fence):
    """The schedule where nothing needs hours."""
    return master_schedule(
        result.supply_plan,
        items,
        bill_of_resources=None,
        capacity_plan=result.capacity_plan,
        sourcing_plan=result.sourcing_plan,
        settings={"planning_fence": fence},
    )


def test_weeks_sum_to_the_plans_buckets(facts):
    items, bill, result = facts
    table = master_schedule(
        result.supply_plan,
        items,
        bill_of_resources=bill,
        capacity_plan=result.capacity_plan,
        sourcing_plan=result.sourcing_plan,
        settings={"planning_fence": 2},
    )
    plan = result.supply_plan.set_index(["item", "bucket"])
    made = table[table["action"] == "make"].groupby(["item", "bucket"])["quantity"].sum()
    wanted = (plan["production"] + plan["overtime_production"]).loc[made.index]
    ahead = (made - wanted).groupby("item").cumsum().unstack("bucket")
    assert (ahead >= -1e-6).all(axis=None) and (ahead.max(axis=1) < [20, 1]).all()
    assert (made["A"] % 20 == 0).all() and (table["quantity"] % 1 == 0).all()
    assert table["bucket"].nunique() == 2 and table["week"].dt.day_of_week.eq(0).all()
    assert not table.duplicated(["item", "source", "bucket", "week", "action"]).any()


def test_purchases_stand_at_the_order_date(facts):
    items, bill, result = facts
    table = unlimited(result, items, 2)
    ordered = table[table["action"] == "buy"].groupby("bucket")["quantity"].sum()
    arriving = result.supply_plan.query("item == 'C'")["purchased"].to_numpy()
    assert ordered.to_list() == [q for q in arriving[1:3] if q > 0]


def test_no_week_gets_more_hours_than_it_has(facts):
    items, bill, result = facts
    table = master_schedule(
        result.supply_plan,
        items,
        bill_of_resources=bill,
        capacity_plan=result.capacity_plan,
        sourcing_plan=result.sourcing_plan,
        settings={"planning_fence": 3},
    )
    made = table[table["action"] == "make"]
    hours = made["quantity"] * made["item"].map({"A": 1.0, "B": 0.5})
    for bucket, rows in result.capacity_plan.groupby("bucket"):
        there = weeks_of(bucket, Calendar("month"))
        there = there * (rows["regular_capacity"] + rows["overtime"]).iloc[0]
        used = hours[made["bucket"] == bucket].groupby(made["week"]).sum()
        assert all(used[week] < there[week] + 20 for week in used.index)  # a lot that fits nowhere


def test_what_runs_out_first_is_made_first(facts):
    items, bill, result = facts
    table = master_schedule(
        result.supply_plan,
        items,
        bill_of_resources=bill,
        capacity_plan=result.capacity_plan,
        sourcing_plan=result.sourcing_plan,
        settings={"planning_fence": 1},
    )
    first = table[table["action"] == "make"].groupby("item")["week"].min()
    assert first["B"] < first["A"]


def test_every_week_gets_whole_lots(facts):
    items, bill, result = facts
    told = {"capacity_plan": result.capacity_plan, "sourcing_plan": result.sourcing_plan}
    fitted = master_schedule(result.supply_plan, items, bill_of_resources=bill, **told)
    for table in (unlimited(result, items, 3), fitted):
        lots = table[(table["item"] == "A") & (table["action"] == "make")]["quantity"]
        assert len(lots) > 1 and (np.mod(lots, 20) == 0).all()


def test_no_week_gets_less_than_the_minimum_and_a_rest_joins_an_order():
    hours, order = np.array([[30.0, 30.0, 90.0, 30.0]]), np.array([0])
    weeks = spread(np.array([130.0]), np.array([50.0]), order, np.array([[1.0]]), hours)
    assert weeks.tolist() == [[0.0, 0.0, 130.0, 0.0]]
    alone = spread(np.array([30.0]), np.array([50.0]), order, np.array([[1.0]]), hours)
    assert alone.tolist() == [[0.0, 0.0, 30.0, 0.0]]
    many = spread(np.array([1000.0]), np.array([1.0]), order, np.array([[1.0]]), hours)
    assert many.sum() == 1000.0 and (many - hours).max() - (many - hours).min() < 300.0


def test_a_fence_of_nothing_schedules_nothing(facts):
    items, _, result = facts
    assert unlimited(result, items, 0).columns.tolist() == [
        "item",
        "source",
        "bucket",
        "week",
        "action",
        "quantity",
    ]


def test_weeks_in_weekly_and_quarterly_plans():
    assert weeks_of(pd.Timestamp("2026-11-02"), Calendar("week")).tolist() == [1.0]
    assert weeks_of(pd.Timestamp("2026-10-01"), Calendar("quarter")).sum() == pytest.approx(1)


@pytest.fixture
def bought():
    """Two sources with leads 2 and 0, the cheaper one limited, lots of 50 and at least 80."""
    items = pd.DataFrame(
        {"item": ["A"], "price": 30.0, "lot_size": 50.0, "minimum_lot": 80.0, "lead_time": None}
    )
    sourcing = pd.DataFrame(
        {
            "item": "A",
            "source": ["far", "near"],
            "unit_cost": [5.0, 9.0],
            "max_quantity": [80.0, None],
            "lead_time": [2.0, 0.0],
        }
    )
    plan = plan_supply(demand_of([90.0] * 6, "A"), items, sourcing=sourcing)
    return items, plan


def test_every_unit_is_ordered_once_from_its_source_by_its_lead_time(bought):
    _, plan = bought
    orders = plan.sourcing_plan
    assert orders["quantity"].sum() == pytest.approx(plan.supply_plan["purchased"].sum())
    far, near = (orders[orders["source"] == name] for name in ("far", "near"))
    assert (near["order_by"] == near["bucket"]).all()
    assert far["bucket"].min() == pd.Timestamp("2026-03-01")
    months = far["bucket"].dt.to_period("M").astype("int64")
    assert (months - far["order_by"].dt.to_period("M").astype("int64") == 2).all()


def test_orders_are_whole_lots_never_short_and_never_more_than_one_ahead(bought):
    items, plan = bought
    table = master_schedule(
        plan.supply_plan,
        items,
        bill_of_resources=None,
        capacity_plan=plan.capacity_plan,
        sourcing_plan=plan.sourcing_plan,
        settings={"planning_fence": 6},
    )
    assert (table["action"] == "buy").all() and (table["quantity"] % 50 == 0).all()
    assert table["quantity"].min() >= 80
    for source, orders in table.groupby("source"):
        own = plan.sourcing_plan[plan.sourcing_plan["source"] == source]
        asked = own.groupby(own["order_by"].dt.to_period("M"))["quantity"].sum().cumsum()
        done = orders.groupby(orders["bucket"].dt.to_period("M"))["quantity"].sum().cumsum()
        ahead = done.reindex(asked.index).ffill().fillna(0) - asked
        assert ahead.between(-1e-6, 100).all()


def test_a_minimum_lot_is_kept_and_the_rest_is_used_up():
    wanted = np.array([[30.0, 30, 30, 30, 30], [0.4, 0.4, 0.4, 0, 5]])
    released = in_lots(wanted, np.array([20.0, 0.0]), np.array([70.0, 0.0]))
    assert released.tolist() == [[80, 0, 80, 0, 0], [1, 0, 1, 0, 5]]
