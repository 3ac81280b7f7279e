"""Customer lead time of order-driven families and today's promise."""

import numpy as np
import pandas as pd
import pytest

from sopkit.supply import backlog_plan, plan_supply, promises
from tests.supply.cases import demand_of


@pytest.fixture
def result():
    items = pd.DataFrame(
        {
            "item": ["A", "B", "C"],
            "family": ["gears", "gears", None],
            "strategy": ["order", "order", "stock"],
            "customer_lead_time": [1, 1, 0],
            "unit_cost": 5.0,
            "price": 20.0,
        }
    )
    demand = pd.concat(
        [demand_of([10, 30, 10], "A"), demand_of([5, 5, 5], "B"), demand_of([1, 1, 1], "C")]
    )
    bill = pd.DataFrame({"item": ["A", "B"], "resource": "shop", "hours_per_unit": 1.0})
    shop = pd.DataFrame({"resource": ["shop"], "hours": [25.0]})
    inventory = pd.DataFrame({"item": ["A", "B"], "on_hand": 0, "backlog": [20, 0]})
    return items, plan_supply(
        demand, items, resources=shop, bill_of_resources=bill, inventory=inventory
    )


def test_the_roll_forward_holds_and_agrees_with_the_supply_plan(result):
    items, planned = result
    table = backlog_plan(planned.supply_plan, items)
    assert table["family"].unique().tolist() == ["gears"]
    lost = planned.supply_plan.groupby("bucket")["lost"].sum().to_numpy()
    np.testing.assert_allclose(
        table["opening"] + table["bookings"] - table["shipments"] - lost, table["closing"]
    )
    assert table["opening"].iloc[0] == 20
    np.testing.assert_allclose(table["opening"].iloc[1:], table["closing"].iloc[:-1])
    np.testing.assert_allclose(table["lead_time"], table["closing"] / table["shipments"])


def test_no_order_items_gives_an_empty_table_with_its_columns(result):
    items, planned = result
    table = backlog_plan(planned.supply_plan, items.assign(strategy="stock"))
    assert table.empty and table.columns[0] == "family"


def test_a_new_order_waits_behind_the_open_ones(result):
    _, planned = result
    table = promises(planned.supply_plan, 1).set_index("item")
    first = planned.supply_plan.groupby("item")["shipments"].first()
    assert first["A"] >= 20  # all of it is open already
    assert table["wait"].to_dict() == {"A": 1, "B": 0, "C": 0}
    later = promises(planned.supply_plan, 30).set_index("item")
    assert later.loc["A", "wait"] >= 1 and pd.isna(later.loc["C", "bucket"])
