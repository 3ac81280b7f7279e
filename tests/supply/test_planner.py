"""The plan against an independent formulation, its identities, its prices."""

import numpy as np
import pandas as pd
import pytest

from sopkit import PlanError
from sopkit.supply import plan_supply
from sopkit.supply.facts import read_facts
from sopkit.supply.limits import limits_of
from sopkit.supply.model import build, objective_prices
from sopkit.supply.solve import solve
from sopkit.supply.worth import worth_of
from sopkit.tables import PLANS
from tests.supply import oracle
from tests.supply.cases import demand_of, months
from tests.supply.compare import breaches
from tests.supply.oracle import as_arguments, cheapest, random_case


@pytest.mark.parametrize("seed", range(8))
def test_the_plan_is_the_cheapest_there_is_and_keeps_the_identities(seed):
    case = random_case(seed)
    result = plan_supply(**as_arguments(case))
    least = cheapest(case)  # the smoothest plan may be a ten-thousandth dearer
    assert least * (1 - 1e-7) <= result.objective <= least * (1 + 1e-4)
    assert not breaches(result, case["items"].set_index("item"))
    assert list(result.supply_plan.columns) == PLANS["supply_plan"].names
    assert isinstance(result.supply_plan.index, pd.RangeIndex)


@pytest.mark.parametrize("seed", [1, 4])
@pytest.mark.parametrize("strategy", ["level", "chase"])
def test_every_strategy_keeps_the_identities_and_costs_no_less(seed, strategy):
    case = random_case(seed)
    result = plan_supply(**as_arguments(case), strategy=strategy)
    assert not breaches(result, case["items"].set_index("item"))
    assert result.objective >= plan_supply(**as_arguments(case)).objective - 1e-6


@pytest.mark.parametrize("seed", [0, 3])
def test_a_shadow_price_is_what_one_more_hour_saves(seed, monkeypatch):
    case = random_case(seed)
    result = plan_supply(**as_arguments(case))
    lost = result.supply_plan.set_index(["item", "bucket"])["lost"]
    buckets = sorted(case["demand"]["bucket"].unique())
    limit = {
        (item, t): lost[item, bucket] + 1e-7
        for item in case["items"]["item"]
        for t, bucket in enumerate(buckets)
    }
    price = case["items"].set_index("item")["price"]
    base, column = cheapest(case, price, limit), oracle.Lines.column
    prices = result.capacity_plan.set_index(["resource", "bucket"])["shadow_price"]
    for t, bucket in enumerate(buckets):
        for step in (1.0, 1e-3):

            def wider(self, name, cost=0.0, upper=np.inf):
                column(self, name, cost, upper + step if name == ("regular", "line", t) else upper)

            monkeypatch.setattr(oracle.Lines, "column", wider)
            saved = (base - cheapest(case, price, limit)) / step
            assert -1e-3 <= saved <= prices["line", bucket] + 1e-3
        assert saved == pytest.approx(prices["line", bucket], abs=2e-2)


def worth(**tables):
    """What one more unit of every way would cost beyond its price, sources in the order of their
    names.
    """
    facts = read_facts(tables)
    book = build(facts, limits_of(facts))
    prices = objective_prices(book.facts, "end", book.facts.prices.lost)
    solved = solve(book.model.matrices, book.costs(prices))
    return worth_of(book, book.values(solved), "end", solved)


def test_supplier_and_fence_prices_are_what_one_more_unit_saves():
    demand = demand_of([10, 10])
    items = pd.DataFrame(
        {
            "item": ["unit"],
            "holding_cost": [1.0],
            "backlog_cost": [2.0],
            "lost_sales_cost": [100.0],
            "price": [50.0],
        }
    )
    sourcing = pd.DataFrame(
        {
            "item": "unit",
            "source": ["near", "far"],
            "unit_cost": [5.0, 8.0],
            "max_quantity": [8.0, 100.0],
        }
    )
    near_and_far = worth(demand=demand, items=items, sourcing=sourcing).quantity[[1, 0]]
    assert near_and_far.tolist() == [[-3.0, -3.0], [0.0, 0.0]]
    frozen = pd.DataFrame({"item": "unit", "bucket": months(1), "purchased": [8.0]})
    held = plan_supply(demand, items, sourcing=sourcing, frozen=frozen)
    far = worth(demand=demand, items=items, sourcing=sourcing, frozen=frozen).quantity[0, 0]
    assert far == pytest.approx(-2.0)  # late by a bucket at 2 instead of 8 now rather than 8 then
    assert held.supply_plan["why"].iloc[0].startswith("late: planning fence")


def test_inputs_are_read_liberally():
    demand = pd.DataFrame(
        {
            "item": ["B", "A", "A"],
            "bucket": ["2026-02-01", "2026-02-01", "2026-01-01"],
            "quantity": ["1", 2, 0],
        }
    )
    items = pd.DataFrame(
        {
            "item": ["B", "A"],
            "unit_cost": [None, 3],
            "lead_time": [pd.NA, pd.NA],
            "strategy": [None, "stock"],
            "extra": "x",
        }
    )
    plan = plan_supply(demand, items).supply_plan
    assert plan[["item", "demand", "purchased"]].to_numpy().tolist() == [
        ["A", 0, 0],
        ["A", 2, 2],
        ["B", 0, 0],
        ["B", 1, 1],
    ]
    assert plan["bucket"].dtype.kind == "M"


def test_the_same_facts_in_another_order_give_the_same_plan():
    case = as_arguments(random_case(5))
    shuffled = {name: frame.sample(frac=1, random_state=1) for name, frame in case.items()}
    pd.testing.assert_frame_equal(
        plan_supply(**case).supply_plan, plan_supply(**shuffled).supply_plan
    )


def test_without_resources_capacity_is_unlimited():
    bill = pd.DataFrame({"item": ["unit"], "resource": ["line"], "hours_per_unit": [2.0]})
    result = plan_supply(
        demand_of([5, 7]),
        pd.DataFrame({"item": ["unit"], "unit_cost": [1.0]}),
        bill_of_resources=bill,
    )
    assert (
        result.capacity_plan["load"].tolist() == [10, 14]
        and np.isinf(result.capacity_plan["regular_capacity"]).all()
    )
    assert result.supply_plan["production"].tolist() == [5, 7] and result.workforce_plan.empty


def test_hours_of_some_buckets_limit_these_and_no_others():
    demand = demand_of([10.0] * 6, "A")
    hours = pd.DataFrame({"resource": "line", "bucket": months(6)[[3]], "hours": 4.0})
    bill = pd.DataFrame({"item": ["A"], "resource": "line", "hours_per_unit": 1.0})
    items = pd.DataFrame({"item": ["A"], "price": 9.0, "unit_cost": 2.0})
    plan = plan_supply(demand, items, resources=hours, bill_of_resources=bill)
    assert plan.supply_plan["production"].tolist() == pytest.approx([10, 10, 16, 4, 10, 10])
    prices = plan.capacity_plan["shadow_price"]
    assert (prices > 0).tolist() == [False] * 3 + [True] + [False] * 2


def test_average_holding_charges_the_mean_of_start_and_end():
    items = pd.DataFrame({"item": ["unit"], "holding_cost": [2.0]})
    inventory = pd.DataFrame({"item": ["unit"], "on_hand": [10]})
    result = plan_supply(demand_of([4, 6]), items, inventory=inventory, holding="average")
    assert result.costs["holding"] == 2 * ((10 + 6) / 2 + (6 + 0) / 2)


def test_default_prices_are_the_contracts():
    items = pd.DataFrame({"item": ["unit"], "unit_cost": [12.0], "price": [60.0]})
    line = pd.DataFrame({"resource": ["line"], "hours": [8], "regular_cost": [1.0]})
    bill = pd.DataFrame({"item": ["unit"], "resource": ["line"], "hours_per_unit": [1.0]})
    safety = demand_of([0, 4])
    result = plan_supply(
        demand_of([10, 10]), items, resources=line, bill_of_resources=bill, safety_stock=safety
    )
    holding, backlog = 12 * 0.2 / 12, 60 * 1.0 / 12
    assert result.costs["backlog"] == pytest.approx(0)  # what nothing can serve is lost at once
    assert result.costs["lost_sales"] == pytest.approx(4 * (10 * 60 + 2 * (holding + backlog)))
    assert result.costs["safety_stock"] == pytest.approx(4 * (holding + backlog) / 2)
    assert result.supply_plan["why"].str.contains("resource line full").all()


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"strategy": "hybrid"}, "optimal, level, chase"),
        ({"holding": "start"}, "end, average"),
        ({"items": pd.DataFrame({"item": ["other"]})}, "unknown value"),
        ({"items": pd.DataFrame({"item": ["unit", "unit"]})}, "more than once"),
        (
            {"items": pd.DataFrame({"item": ["unit"], "ending_stock": [9], "maximum_stock": [5]})},
            "ending_stock: 1 value(s) are above maximum_stock: row 1 (unit) has 9",
        ),
        ({"items": pd.DataFrame({"item": ["unit"], "unit_cost": ["ten"]})}, "are not a number"),
        (
            {
                "resources": pd.DataFrame({"resource": ["line"], "hours": [-1]}),
                "bill_of_resources": None,
            },
            "below 0",
        ),
        ({"resources": pd.DataFrame({"resource": ["line"], "workers": [3]})}, "hours_per_worker"),
        (
            {"frozen": pd.DataFrame({"item": ["unit"], "bucket": months(1), "production": [11.0]})},
            "11 h frozen (unit), 10 h there",
        ),
        (
            {"frozen": pd.DataFrame({"item": ["unit"], "bucket": months(1), "purchased": [11.0]})},
            "cannot be met",
        ),
        ({"demand": pd.DataFrame({"item": [], "bucket": [], "quantity": []})}, "no rows"),
        (
            {"demand": pd.DataFrame({"item": ["unit"], "bucket": ["soon"], "quantity": [1]})},
            "2026-11-01",
        ),
        ({"demand": pd.DataFrame({"item": ["unit"], "quantity": [1]})}, "no column bucket"),
    ],
)
def test_contradictions_name_their_rows(wrong, words):
    facts = {
        "demand": demand_of([5, 5]),
        "items": pd.DataFrame({"item": ["unit"]}),
        "resources": pd.DataFrame({"resource": ["line"], "hours": [10]}),
        "bill_of_resources": pd.DataFrame(
            {"item": ["unit"], "resource": ["line"], "hours_per_unit": [1.0]}
        ),
    }
    with pytest.raises(PlanError) as caught:
        plan_supply(**{**facts, **wrong})
    assert words in str(caught.value)


def test_what_may_never_be_lost_and_cannot_be_served_is_named():
    items = pd.DataFrame({"item": ["unit"], "lost_sales_cost": [np.inf]})
    sourcing = pd.DataFrame({"item": ["unit"], "source": ["near"], "max_quantity": [3]})
    with pytest.raises(PlanError, match="lost_sales_cost: 1 item"):
        plan_supply(demand_of([5, 5]), items, sourcing=sourcing)


def test_nothing_is_printed(capfd):
    plan_supply(**as_arguments(random_case(0)), lots=True)
    assert capfd.readouterr() == ("", "")


def limit_case():
    """Two items from limited sources that cannot follow demand in March and April; what is bought
    ahead is held by room (unit) and by shelf life (part)."""
    demand = pd.DataFrame(
        {
            "item": np.repeat(["unit", "part"], 6),
            "bucket": [*months(6)] * 2,
            "quantity": [10.0, 12, 40, 45, 12, 10, 5, 5, 30, 9, 5, 5],
        }
    )
    items = pd.DataFrame(
        {
            "item": ["unit", "part"],
            "unit_cost": [5.0, 9.0],
            "holding_cost": [1.0, 0.5],
            "backlog_cost": [4.0, 7.0],
            "lost_sales_cost": [100.0, 80.0],
            "price": [60.0, 70.0],
            "maximum_stock": [15.0, None],
            "shelf_life": [None, 1.0],
        }
    )
    sourcing = pd.DataFrame(
        {
            "item": ["unit", "unit", "part"],
            "source": ["near", "far", "sole"],
            "unit_cost": [5.0, 8.0, 9.0],
            "max_quantity": [18.0, 6.0, 12.0],
        }
    )
    return {"demand": demand, "items": items, "sourcing": sourcing}


def test_a_limit_s_price_is_what_one_more_unit_saves_of_the_whole_plan():
    """Against the plan solved anew: a source that sends one unit more in each bucket, room for one
    unit more, in which no more is lost than before."""
    case = limit_case()
    result = plan_supply(**case)
    prices = result.limit_prices
    assert {*prices["limit"]} == {"source", "stock"} and (prices["price"] > 0).all()

    def saved(table, row, column):
        wider = case | {table: case[table].copy()}
        wider[table].loc[row, column] += 1e-3
        again = plan_supply(**wider)
        assert (
            again.supply_plan["lost"].sum() == pytest.approx(0) == result.supply_plan["lost"].sum()
        )
        return (result.objective - again.objective) / 1e-3

    of = lambda **cells: prices.loc[
        np.logical_and.reduce([prices[name] == cell for name, cell in cells.items()]), "price"
    ].sum()
    for row, (item, source) in enumerate([("unit", "near"), ("unit", "far"), ("part", "sole")]):
        told = of(limit="source", source=source, item=item)
        assert told == pytest.approx(saved("sourcing", row, "max_quantity"), abs=0.05)
    assert of(limit="stock", item="unit") == pytest.approx(
        saved("items", 0, "maximum_stock"), abs=0.05
    )
    assert of(limit="stock", item="unit") > 1 and of(limit="source", source="near") > 1
