"""Items that are made of items: the cheapest plan of all levels together, and what is said of it."""

import numpy as np
import pandas as pd
import pytest

from sopkit.errors import PlanError
from sopkit.metrics import standard_cost
from sopkit.supply import assumed_receipts, plan_supply
from tests.supply.cases import months
from tests.supply.compare import breaches
from tests.supply.oracle import as_arguments, optimum, random_case

BIKES = {
    "demand": pd.DataFrame({"item": "bike", "bucket": months(6), "quantity": 100.0}),
    "items": pd.DataFrame(
        {
            "item": ["bike", "frame", "tube"],
            "price": [500.0, np.nan, np.nan],
            "unit_cost": [np.nan, np.nan, 5.0],
            "lead_time": [1, 1, 0],
        }
    ),
    "components": pd.DataFrame(
        {"parent": ["bike", "frame"], "child": ["frame", "tube"], "quantity_per": [1.0, 4.0]}
    ),
    "resources": pd.DataFrame({"resource": ["weld"], "hours": [80.0], "regular_cost": [10.0]}),
    "bill_of_resources": pd.DataFrame(
        {"item": ["frame"], "resource": ["weld"], "hours_per_unit": [1.0]}
    ),
    "inventory": pd.DataFrame({"item": ["bike", "frame"], "on_hand": [120.0, 90.0]}),
}


def column(result, item, name):
    return result.supply_plan.query("item == @item")[name].round(6).tolist()


def in_levels(seed, **asked):
    """A random company in which two items are made of two others, with what the seed draws."""
    case, draw = random_case(seed, 5, 6), np.random.default_rng(seed)
    names = case["items"]["item"].tolist()
    pairs = [(names[0], names[2]), (names[0], names[3]), (names[2], names[3]), (names[1], names[2])]
    units = draw.choice([0.5, 1.0, 2.0, 3.0], len(pairs))
    case["components"] = pd.DataFrame(pairs, columns=["parent", "child"]).assign(units=units)
    case["items"] = case["items"].assign(on_hand=draw.integers(0, 200, 5).astype(float))
    return case | asked


def planned(case):
    parts = case["components"].assign(scrap=0.2)
    parts["quantity_per"] = parts.pop("units") * 0.8
    return plan_supply(**as_arguments(case) | {"components": parts})


@pytest.mark.parametrize("seed", range(24))
def test_all_levels_together_cost_what_brute_force_finds(seed):
    case = in_levels(seed)
    result, (money, _) = planned(case), optimum(case)
    assert breaches(result, case["items"].set_index("item")) == []
    assert result.objective == pytest.approx(money, rel=1.1e-4)
    assert result.objective >= money * (1 - 1e-6)


def test_what_parents_take_is_there_a_lead_time_before_they_arrive():
    result = plan_supply(**BIKES)
    assert column(result, "bike", "production") == [0, 80, 90, 80, 80, 80]
    assert column(result, "frame", "issued") == [80, 90, 80, 80, 80, 0]
    assert column(result, "frame", "projected_available") == [10, 0, 0, 0, 0, 0]
    assert column(result, "tube", "issued") == [320, 320, 320, 320, 0, 0]


def test_a_shortage_is_explained_down_the_chain():
    why = plan_supply(**BIKES).supply_plan.set_index(["item", "bucket"])["why"]
    assert why["bike", months(6)[3]] == "lost: resource weld full for frame 100%"


def test_customers_of_a_part_wait_and_parents_do_not():
    spare = pd.DataFrame({"item": "frame", "bucket": months(6), "quantity": 10.0})
    result = plan_supply(**BIKES | {"demand": pd.concat([BIKES["demand"], spare])})
    plan = result.supply_plan.query("item == 'frame'")
    before = plan["backlog"].shift(fill_value=0.0)
    shipped = plan["demand"] - plan["lost"] + before - plan["backlog"]
    assert (shipped >= -1e-9).all()
    assert np.allclose(plan["shipments"], shipped)


def test_scrap_asks_for_more_of_the_part():
    parts = BIKES["components"].assign(scrap=[0.0, 0.5])
    result = plan_supply(**BIKES | {"components": parts})
    assert column(result, "tube", "issued")[0] == 640


def test_a_unit_costs_what_its_parts_cost():
    told = BIKES["bill_of_resources"], BIKES["resources"], BIKES["components"]
    cost = standard_cost(BIKES["items"], *told).set_index("item")["standard_cost"]
    assert cost.to_dict() == {"bike": 30.0, "frame": 30.0, "tube": 5.0}
    dearer = BIKES["items"].assign(unit_cost=[45.0, np.nan, 5.0])
    assert standard_cost(dearer, *told)["standard_cost"].tolist() == [45.0, 30.0, 5.0]
    result = plan_supply(**BIKES | {"items": dearer})
    assert result.costs["material"] == 15 * sum(column(result, "bike", "production"))


def test_open_work_orders_take_their_parts_when_they_begin():
    coming = pd.DataFrame({"item": "bike", "due_on": months(6)[:3], "quantity": [50.0, 30.0, 20.0]})
    result = plan_supply(**BIKES | {"receipts": coming})
    production = column(result, "bike", "production")
    assert column(result, "frame", "issued")[:2] == [30 + production[1], 20 + production[2]]


def test_a_release_beyond_its_parts_is_cut_and_told():
    frozen = pd.DataFrame({"item": "bike", "bucket": months(6)[:2], "production": [0.0, 95.0]})
    with pytest.raises(PlanError, match="table frozen: 1 frozen quantity"):
        plan_supply(**BIKES, frozen=frozen)
    result = plan_supply(**BIKES, frozen=frozen, firm=False)
    assert column(result, "bike", "production")[:2] == [0, 90]
    assert result.cut[["item", "units"]].to_numpy().tolist() == [["bike", 5.0]]


def test_open_work_orders_without_parts_are_told():
    coming = pd.DataFrame({"item": ["bike"], "due_on": months(6)[1], "quantity": [95.0]})
    result = plan_supply(**BIKES | {"receipts": coming})
    assert result.cut[["item", "units"]].to_numpy().tolist() == [["frame", 5.0]]


@pytest.mark.parametrize("strategy", ["level", "chase"])
def test_every_strategy_makes_parts_first(strategy):
    result = plan_supply(**BIKES, strategy=strategy)
    assert (
        breaches(
            result,
            BIKES["inventory"]
            .set_index("item")
            .assign(backlog=0.0)
            .reindex(["bike", "frame", "tube"], fill_value=0.0),
        )
        == []
    )
    assert sum(column(result, "bike", "shipments")) == pytest.approx(530, rel=0.03)


def test_parts_within_the_lead_time_are_assumed_under_way():
    coming, _ = assumed_receipts({k: v for k, v in BIKES.items() if k != "inventory"})
    told = coming.groupby("item")["quantity"].sum()
    assert told.to_dict() == {"bike": 100.0, "frame": 100.0}


def test_parts_of_a_source_are_taken_by_what_it_makes():
    sourcing = pd.DataFrame({"item": ["bike"], "source": ["partner"], "unit_cost": [40.0]})
    parts = BIKES["components"].assign(source=["partner", None])
    result = plan_supply(**BIKES | {"components": parts, "sourcing": sourcing})
    made = result.supply_plan.query("item == 'bike'")
    assert made["purchased"].sum() > 0
    assert column(result, "frame", "issued")[0] == made["purchased"].iloc[1]


def test_an_item_that_is_a_part_of_itself_is_refused():
    loop = pd.DataFrame({"parent": ["tube"], "child": ["bike"], "quantity_per": [1.0]})
    with pytest.raises(PlanError, match="3 value.s. are parts of themselves: row 1 .bike, frame"):
        plan_supply(**BIKES | {"components": pd.concat([BIKES["components"], loop])})


def test_an_unknown_part_is_named():
    parts = BIKES["components"].replace("tube", "pipe")
    with pytest.raises(PlanError, match="components, column child: 1 unknown value.s., first pipe"):
        plan_supply(**BIKES | {"components": parts})


def test_parts_on_hand_are_not_built_into_parents_sooner_than_they_are_asked_for():
    bare = {name: BIKES[name] for name in ("demand", "items", "components")}
    stock = pd.DataFrame({"item": ["bike", "frame"], "on_hand": [100.0, 500.0]})
    result = plan_supply(**bare, inventory=stock)
    assert column(result, "bike", "projected_available") == [0] * 6
    assert column(result, "frame", "issued") == [100] * 5 + [0]


def test_what_parts_hold_back_is_told_in_units():
    back = plan_supply(**BIKES).held_back
    assert back[["part", "items"]].to_numpy().tolist() == [["frame", 1]]
    assert back["units"][0] == pytest.approx(70)
    ample = BIKES["resources"].assign(hours=200.0)
    assert plan_supply(**BIKES | {"resources": ample}).held_back.empty


def test_what_steers_is_counted():
    result = plan_supply(**BIKES | {"items": BIKES["items"].assign(holding_cost=1.0)})
    made = result.supply_plan.query("item in ('bike', 'frame')")
    sooner = made["production"].to_numpy().reshape(2, 6) * np.arange(6)[::-1]
    assert result.steering == pytest.approx(0.02 * sooner.sum(), rel=0.02)
