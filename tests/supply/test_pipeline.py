"""What is on its way: nothing is counted twice, work orders take their hours, and no pipeline is
invented.
"""

import numpy as np
import pandas as pd
import pytest

from sopkit.supply import (
    assumed_receipts,
    master_schedule,
    plan_changes,
    plan_supply,
    supply_inputs,
)
from tests.supply.cases import demand_of, months
from tests.supply.oracle import as_arguments, random_case

STEADY = {"item": ["unit"], "unit_cost": [5.0], "lead_time": [1.0]}
HOURS = {"item": ["unit"], "resource": ["line"], "hours_per_unit": [1.0]}


def cycle(first, on_hand, receipts=None, released=None, **tables):
    """One cycle's plan of 100 units a month, through ``supply_inputs``."""
    demand = demand_of([100.0] * 4).assign(market="N", bucket=months(4, first))
    tables = {"items": pd.DataFrame(STEADY), **tables}
    if receipts is not None:
        tables["receipts"] = receipts
    stock = pd.DataFrame({"item": ["unit"], "on_hand": [on_hand]})
    inputs = supply_inputs(
        demand.rename(columns={"quantity": "consensus"}),
        stock,
        tables,
        {},
        released=None if released is None else {"supply_plan": released},
    )
    return plan_supply(**inputs).supply_plan


def order(quantity, ordered_on, due_on="2026-12-10"):
    return pd.DataFrame(
        {
            "item": "unit",
            "due_on": pd.to_datetime([due_on]),
            "quantity": [quantity],
            "ordered_on": pd.to_datetime([ordered_on]),
        }
    )


class TestFence:
    @pytest.mark.parametrize(
        "quantity, ordered_on, known, bought",
        [
            (100.0, "2026-10-15", 0.0, 0.0),  # ordered as released
            (100.0, "2026-10-01", 0.0, 0.0),  # on the released cycle's first day
            (30.0, "2026-10-15", 0.0, 70.0),  # the rest stands
            (120.0, "2026-10-15", 0.0, 0.0),  # a lot more than released
            (100.0, "2026-09-30", 100.0, 100.0),  # known to the release, which bought beside it
            (100.0, None, 0.0, 0.0),  # no date, and the release had no such receipt
            (100.0, None, 100.0, 100.0),  # no date, and the release had it
            (100.0, None, 60.0, 60.0),  # no date, and the release had a part of it
        ],
    )
    def test_what_was_ordered_of_a_release_is_not_bought_again(
        self, quantity, ordered_on, known, bought
    ):
        released = cycle("2026-10-01", 200.0)
        december = released["bucket"] == "2026-12-01"
        assert released.loc[december, "purchased"].tolist() == [100.0]
        released.loc[december, "receipts"] = known
        now = cycle("2026-11-01", 100.0, order(quantity, ordered_on), released)
        got = now.set_index("bucket").loc["2026-12-01"]
        assert (got["receipts"], got["purchased"]) == (quantity, bought)

    def test_an_order_counts_in_the_bucket_in_which_it_falls_due(self):
        released = cycle("2026-10-01", 200.0)
        overdue = order(100.0, "2026-10-15", "2026-10-20")
        now = cycle("2026-11-01", 100.0, overdue, released).set_index("bucket")
        assert now["receipts"].tolist() == [100.0, 0.0, 0.0, 0.0]
        assert now.loc["2026-12-01", "purchased"] == 100.0

    def test_orders_take_from_what_is_subcontracted_then_from_what_is_made(self):
        units = {"production": 50.0, "overtime_production": 10.0, "subcontracted": 30.0}
        released = pd.DataFrame(
            {"item": "unit", "bucket": months(1, "2026-11-01"), **units, "purchased": 0.0}
        )
        frozen = supply_inputs(
            demand_of([90.0]).assign(bucket=months(1, "2026-11-01"), consensus=90.0),
            None,
            {
                "items": pd.DataFrame(STEADY),
                "bill_of_resources": pd.DataFrame(HOURS),
                "receipts": order(45.0, "2026-10-15", "2026-11-20"),
            },
            {},
            released={"supply_plan": released},
        )["frozen"]
        left = frozen[["production", "subcontracted", "purchased"]]
        assert left.values.tolist() == [[45.0, 0.0, 0.0]]

    def test_an_order_placed_as_released_is_no_change_of_the_plan(self):
        released = cycle("2026-10-01", 200.0)
        now = cycle("2026-11-01", 100.0, order(100.0, "2026-10-15"), released)
        assert plan_changes(now, released, pd.Series({"unit": 5.0}))["change"].tolist() == [0, 0]


def line(demand, receipts, hours, **more):
    """A plan of one item that a line makes at an hour each; a lone receipt is overdue."""
    due = months(len(receipts), "2026-01-01") - pd.Timedelta(days=int(len(receipts) == 1))
    items = pd.DataFrame({"item": ["unit"], "unit_cost": [5.0], "holding_cost": [1.0]})
    return plan_supply(
        demand_of(demand),
        items,
        resources=pd.DataFrame({"resource": ["line"], **hours}),
        bill_of_resources=pd.DataFrame(HOURS),
        receipts=pd.DataFrame({"item": "unit", "due_on": due, "quantity": receipts}),
        **more,
    )


class TestWorkOrders:
    def test_they_take_hours_where_they_fall_due(self):
        result = line([0.0, 0.0, 150.0], [0.0, 60.0, 0.0], {"hours": [50.0]})
        assert result.capacity_plan["load"].tolist() == [40.0, 50.0, 50.0]
        assert result.supply_plan["production"].tolist() == [40.0, 0.0, 50.0]
        assert result.capacity_plan["unconstrained_load"].tolist() == [0.0, 60.0, 90.0]

    def test_overdue_ones_take_those_of_the_first_bucket(self):
        result = line([100.0, 100.0], [30.0], {"hours": [80.0]})
        assert result.supply_plan["production"].tolist() == [50.0, 80.0]
        assert result.supply_plan["receipts"].tolist() == [30.0, 0.0]

    def test_hours_paid_as_worked_pay_for_them(self):
        hours = {"hours": [50.0], "overtime_hours": [20.0], "regular_cost": [2.0]}
        costs = line([60.0], [60.0], hours).costs
        assert costs["regular_labour"] == 100.0 and costs["overtime"] == 30.0

    @pytest.mark.parametrize("strategy", ["optimal", "level", "chase"])
    @pytest.mark.parametrize("moves", [{}, {"hiring_cost": [9.0]}, {"layoff_cost": [9.0]}])
    def test_more_than_the_plant_can_do_leaves_a_plan_and_keeps_the_crew(self, moves, strategy):
        crew = {"workers": [2.0], "hours_per_worker": [10.0], "regular_cost": [1.0], **moves}
        result = line([5.0, 5.0, 5.0], [90.0, 0.0, 0.0], crew, strategy=strategy)
        assert result.workforce_plan["workers"][0] == pytest.approx(2.0)
        assert result.capacity_plan["load"][0] == pytest.approx(20.0)
        assert result.supply_plan["receipts"][0] == 90.0

    def test_the_hand_off_keeps_their_hours_free(self):
        result = line([100.0], [60.0], {"hours": [100.0]})
        weeks = master_schedule(
            result.supply_plan,
            pd.DataFrame({"item": ["unit"]}),
            bill_of_resources=pd.DataFrame(HOURS),
            capacity_plan=result.capacity_plan,
            sourcing_plan=result.sourcing_plan,
        )["quantity"]
        assert weeks.sum() == 40.0 and weeks.max() <= np.ceil(40.0 * 5 / 22)

    @pytest.mark.parametrize("seed", range(12))
    def test_they_are_planned_like_frozen_production(self, seed):
        case = as_arguments(random_case(seed))
        case["items"] = case["items"].assign(lead_time=1.0)
        made = case["bill_of_resources"]["item"].unique()
        first = case["demand"]["bucket"].min()
        units = {"item": made, "production": 2.0}
        frozen = pd.DataFrame(units).assign(bucket=first)
        released = plan_supply(**case, frozen=frozen)
        ordered = plan_supply(
            **case, receipts=frozen.rename(columns={"bucket": "due_on", "production": "quantity"})
        )
        np.testing.assert_allclose(
            ordered.capacity_plan["load"], released.capacity_plan["load"], atol=1e-6
        )
        alike = ordered.costs - released.costs
        material = case["items"].set_index("item").loc[made, "unit_cost"].sum() * 2.0
        assert alike["material"] == pytest.approx(-material)
        assert alike.drop("material").abs().max() == pytest.approx(0.0, abs=1e-6)


def coming(items=STEADY, demand=(100.0,) * 4, on_hand=0.0, **tables):
    """Units assumed by bucket, and the issues."""
    receipts, issues = assumed_receipts(
        {
            "demand": demand_of(list(demand)),
            "items": pd.DataFrame(items),
            "inventory": pd.DataFrame({"item": ["unit"], "on_hand": [on_hand]}),
            **{name: pd.DataFrame(rows) for name, rows in tables.items()},
        }
    )
    units = receipts.set_index("due_on")["quantity"].reindex(months(len(demand)), fill_value=0.0)
    return units.tolist(), issues


TWO = STEADY | {"lead_time": [2.0]}
SOURCES = {"item": "unit", "source": ["far", "near"], "unit_cost": [4.0, 6.0]}


@pytest.mark.parametrize(
    "asked, units",
    [
        ({"items": TWO}, [100.0, 100.0, 0.0, 0.0]),
        ({"items": TWO, "on_hand": 130.0}, [0.0, 70.0, 0.0, 0.0]),
        ({"items": TWO, "on_hand": 200.0}, [0.0] * 4),  # holds enough
        ({"items": TWO | {"lead_time": [None]}}, [0.0] * 4),  # something new arrives at once
        ({"items": TWO | {"lead_time": [1.2]}}, [100.0, 100.0, 0.0, 0.0]),
        # a source's lead time counts where the item's is blank
        (
            {"items": STEADY | {"lead_time": [None]}, "sourcing": SOURCES | {"lead_time": [3, 3]}},
            [100.0, 100.0, 100.0, 0.0],
        ),
        # a near source covers what it can, and the far one can have sent no more than its limit
        (
            {
                "items": TWO,
                "sourcing": SOURCES | {"lead_time": [2, 0], "max_quantity": [50.0, 30.0]},
            },
            [50.0, 50.0, 0.0, 0.0],
        ),
        (
            {"items": TWO, "sourcing": SOURCES | {"lead_time": [2, 0]}},
            [0.0] * 4,
        ),
        # what stands released comes too
        (
            {
                "items": TWO,
                "frozen": {"item": "unit", "bucket": months(2), "purchased": [100.0, 40.0]},
            },
            [0.0, 60.0, 0.0, 0.0],
        ),
        # an order customer waits as agreed
        (
            {"items": TWO | {"strategy": ["order"], "customer_lead_time": [1.0]}},
            [0.0, 100.0, 0.0, 0.0],
        ),
    ],
)
def test_only_what_stock_and_lead_time_cannot_cover_is_assumed(asked, units):
    assert coming(**asked)[0] == units


def test_what_is_assumed_is_listed_by_item_in_units_and_money():
    (issue,) = coming(TWO, on_hand=130.0)[1].to_dict("records")
    assert (issue["table"], issue["rule"], issue["value"]) == ("receipts", "assumed", "70")
    assert "unit: stock and lead time do not cover 70 units (350 EUR" in issue["problem"]
    assert coming(TWO, on_hand=200.0)[1].empty
    without = coming({"item": ["unit"], "lead_time": [2.0]}, on_hand=130.0)[1]
    assert without["problem"].str.endswith("cover 70 units").all()


INITIATIVES = pd.DataFrame(
    {
        "initiative": ["Second shift", "Closing"],
        "resource": ["crew", "line"],
        "capacity_change": [40.0, -10.0],
        "probability": [0.5, np.nan],
        "starts_on": pd.to_datetime(["2026-02-01", "2026-03-01"]),
    }
)


@pytest.mark.parametrize(
    "counts, crew, line", [("weighted", 20, -10), ("certain", 40, -10), ("off", 0, 0)]
)
def test_initiatives_widen_the_resources_that_they_name(counts, crew, line):
    resources = pd.DataFrame(
        {
            "resource": ["crew", "crew", "line"],
            "bucket": pd.to_datetime([None, "2026-02-01", None]),
            "hours": [np.nan, np.nan, 100.0],
            "workers": [2.0, np.nan, np.nan],
            "hours_per_worker": [50.0, np.nan, np.nan],
            "extra_hours": [5.0, np.nan, np.nan],
            "regular_cost": [10.0, np.nan, 1.0],
        }
    )
    bill = pd.DataFrame({"item": ["A", "B"], "resource": ["crew", "line"], "hours_per_unit": 1.0})
    demand = pd.DataFrame({"bucket": months(3), "market": "N", "consensus": 90.0})
    demand = pd.concat([demand.assign(item="A"), demand.assign(item="B")])
    tables = {
        "items": pd.DataFrame({"item": ["A", "B"], "ending_stock": 0.0}),
        "resources": resources,
        "bill_of_resources": bill,
        "initiatives": INITIATIVES,
    }
    inputs = supply_inputs(demand, None, tables, {"initiatives": counts})
    result = plan_supply(**inputs)
    there = result.capacity_plan.pivot(
        index="resource", columns="bucket", values="regular_capacity"
    )
    assert there.loc["crew"].tolist() == [105, 105 + crew, 105 + crew]
    assert there.loc["line"].tolist() == [100, 100, 100 + line]
    assert result.costs["regular_labour"] == pytest.approx(10 * there.loc["crew"].sum() + 270)


def test_extra_hours_are_worked_beyond_what_a_crew_can():
    case = {
        "demand": demand_of([130, 130, 130]),
        "items": pd.DataFrame({"item": ["unit"], "price": [90.0]}),
        "bill_of_resources": pd.DataFrame(
            {"item": ["unit"], "resource": ["crew"], "hours_per_unit": [1.0]}
        ),
    }
    crew = pd.DataFrame({"resource": ["crew"], "workers": [2.0], "hours_per_worker": [50.0]})
    lost = [
        plan_supply(**case, resources=crew.assign(extra_hours=extra)).supply_plan["lost"].sum()
        for extra in (0.0, 20.0, 30.0, -200.0)
    ]
    assert lost == pytest.approx([90.0, 30.0, 0.0, 390.0])


def test_hours_are_taken_from_a_crew_whose_size_stands_in_its_first_bucket():
    month = months(3)
    crew = pd.DataFrame(
        {
            "resource": "crew",
            "bucket": [pd.NaT, month[0], month[1]],
            "workers": [np.nan, 10.0, np.nan],
            "hours_per_worker": [10.0, np.nan, np.nan],
            "hiring_cost": [500.0, np.nan, np.nan],
            "extra_hours": [np.nan, np.nan, -30.0],
        }
    )
    result = plan_supply(
        demand_of([100, 100, 100]),
        pd.DataFrame({"item": ["unit"], "price": [9.0], "lost_sales_cost": [50.0]}),
        resources=crew,
        bill_of_resources=pd.DataFrame(
            {"item": ["unit"], "resource": ["crew"], "hours_per_unit": [1.0]}
        ),
    )
    workers = result.workforce_plan["workers"].to_numpy()
    there = result.capacity_plan["regular_capacity"]
    assert there.tolist() == pytest.approx(10 * workers - [0, 30, 0])
