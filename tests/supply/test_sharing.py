"""Where hours are short, like items share them in proportion to demand, and nothing else moves."""

import numpy as np
import pandas as pd
import pytest

from sopkit.errors import PlanError
from sopkit.supply import plan_supply
from tests.supply.cases import months
from tests.supply.oracle import as_arguments, random_case


def ask(demand, hours=100.0, each=1.0, **facts):
    """Items on one line: units a month each, and what a plan says of them by allocation."""
    items = pd.DataFrame({"item": list("ABCDE")[: len(demand)], "unit_cost": 10.0, "price": 50.0})
    items = items.assign(**facts)
    rows = pd.DataFrame({"item": items["item"], "quantity": demand}).merge(
        pd.DataFrame({"bucket": months(6)}), how="cross"
    )
    bill = pd.DataFrame({"item": items["item"], "resource": "line", "hours_per_unit": each})
    line = pd.DataFrame({"resource": ["line"], "hours": [hours]})
    return {"demand": rows, "items": items, "resources": line, "bill_of_resources": bill}


def part(result):
    """(item, bucket) part of what was asked to date that is late or lost."""
    plan = result.supply_plan.set_index(["item", "bucket"])
    missing = plan["late"] + plan["lost"].groupby("item").cumsum()
    return (missing / plan["demand"].groupby("item").cumsum()).unstack()


@pytest.mark.parametrize("backlog_cost", [np.inf, np.nan, 0.0])
def test_four_identical_items_lose_the_same_part(backlog_cost):
    case = ask([40, 40, 40, 20], backlog_cost=backlog_cost)
    by_margin, fair = plan_supply(**case), plan_supply(**case, allocation="fair")
    assert part(by_margin).iloc[:, -1].max() > 0.3
    assert part(fair).to_numpy() == pytest.approx(np.full((4, 6), 2 / 7), abs=1e-6)
    assert fair.objective == pytest.approx(by_margin.objective)
    assert set(fair.supply_plan["why"].str.partition(": ")[2]) == {"resource line full 100%"}


def test_alike_is_what_earns_nearly_the_same_of_an_hour():
    lost = part(plan_supply(**ask([40, 80, 40], price=[50.0, 47.0, 90.0]), allocation="fair"))
    assert lost.iloc[:, -1].tolist() == pytest.approx([0.5, 0.5, 0.0], abs=1e-6)
    lost = part(plan_supply(**ask([40, 80, 40], price=[50.0, 45.0, 90.0]), allocation="fair"))
    assert lost.iloc[:, -1].tolist() == pytest.approx([0.0, 0.75, 0.0], abs=1e-6)
    # the second takes twice the hours for the same margin: both are served to the same part of
    # what the third, dearer to lose for an hour than the second, leaves them
    case = ask([40, 40, 40], each=[1.0, 2.0, 2.0], price=[50.0, 50.0, 90.0], unit_cost=10.0)
    lost = part(plan_supply(**case, allocation="fair")).iloc[:, -1]
    assert lost.tolist() == pytest.approx([2 / 3, 2 / 3, 1 / 4], abs=1e-6)


def test_what_no_hours_could_serve_is_shared_by_nobody():
    lead = {"lead_time": [3.0, 0.0, 0.0], "backlog_cost": np.inf, "maximum_stock": 0.0}
    case = ask([60, 60, 60], hours=150.0, **lead)
    plan = plan_supply(**case, allocation="fair").supply_plan
    lost = plan.pivot(index="item", columns="bucket", values="lost").to_numpy()
    assert lost[0, :3].tolist() == [60.0, 60.0, 60.0] and lost[1:, :3].max() < 1e-6
    assert lost[:, 3:] == pytest.approx(np.full((3, 3), 10.0), abs=1e-4)


def test_items_that_earn_nothing_share_too_and_a_penalty_of_its_own_sets_an_item_apart():
    lost = part(plan_supply(**ask([40, 40, 40], price=10.0), allocation="fair")).iloc[:, -1]
    assert lost.tolist() == pytest.approx([1 / 6] * 3, abs=1e-6)
    case = ask([40, 40, 40], lost_sales_cost=[5000.0, 600.0, 600.0])
    lost = part(plan_supply(**case, allocation="fair")).iloc[:, -1]
    assert lost.tolist() == pytest.approx([0.0, 0.25, 0.25], abs=1e-6)


def test_a_required_ending_stock_is_not_shared_away():
    case = ask([40, 40], hours=50.0, ending_stock=20.0)
    plans = [plan_supply(**case, allocation=name) for name in ("margin", "fair")]
    ends = [plan.supply_plan.groupby("item")["projected_available"].last() for plan in plans]
    assert ends[0].tolist() == ends[1].tolist() == [20.0, 20.0]


def test_what_holds_one_item_alone_does_not_hold_the_others():
    case = ask([40, 40, 40, 40])
    tiny = pd.DataFrame({"item": ["A"], "resource": ["tiny"], "hours_per_unit": [1.0]})
    case["bill_of_resources"] = pd.concat([case["bill_of_resources"], tiny])
    few = pd.DataFrame({"resource": ["tiny"], "hours": [4.0]})
    case["resources"] = pd.concat([case["resources"], few])
    lost = part(plan_supply(**case, allocation="fair")).to_numpy()
    assert lost == pytest.approx(
        np.repeat([[36 + 24 / 31], [240 / 31]], [1, 3], axis=0) / 40 + 0 * lost
    )


def test_items_share_a_supplier_whose_capacity_is_a_resource():
    case = ask([40, 40, 40, 40])
    case["bill_of_resources"] = case["bill_of_resources"].assign(source="s")
    case["sourcing"] = case["items"][["item"]].assign(source="s")
    lost = part(plan_supply(**case, allocation="fair")).iloc[:, -1]
    assert lost.tolist() == pytest.approx([0.375] * 4, abs=1e-6)


@pytest.mark.parametrize(
    "told",
    [{}, {"lots": True}, {"whole_workers": True}, {"strategy": "level"}, {"strategy": "chase"}],
)
@pytest.mark.parametrize("seed", [1, 5])
def test_sharing_moves_nothing_but_who_gets_the_hours(seed, told):
    case = as_arguments(random_case(seed))
    case["items"] = case["items"].assign(price=60.0, unit_cost=10.0, lost_sales_cost=np.nan)
    case["bill_of_resources"] = case["bill_of_resources"].assign(hours_per_unit=1.0)
    case["demand"] = case["demand"].assign(quantity=3 * case["demand"]["quantity"])
    told = told | {"gap": 1e-6}
    by_margin, fair = plan_supply(**case, **told), plan_supply(**case, **told, allocation="fair")
    if told.get("strategy") != "chase":  # which asks for no cheapest plan
        assert fair.objective >= by_margin.objective * (1 - 1e-5)
    load, before = (one.capacity_plan["load"].to_numpy() for one in (fair, by_margin))
    assert (load <= before + 1e-4).all()
    assert part(fair).to_numpy().max() <= part(by_margin).to_numpy().max() + 1e-6


def test_an_unknown_allocation_names_the_known():
    with pytest.raises(PlanError, match="allocation 'even' is not known; use one of: margin, fair"):
        plan_supply(**ask([1.0]), allocation="even")


@pytest.mark.parametrize(("hours", "demand"), [(757.5, [1000.0, 10.0]), (90.0, [100.0, 20.0])])
def test_an_item_that_alone_asks_for_more_than_all_hours_shares_too(hours, demand):
    result = plan_supply(**ask(demand, hours), allocation="fair")
    assert np.allclose(part(result), 1 - hours / sum(demand), atol=1e-6)
