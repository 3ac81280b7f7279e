"""Safety stock, inventory plan, risk in money."""

import numpy as np
import pandas as pd
import pytest

from sopkit import PlanError
from sopkit.supply import inventory_plan, plan_supply, safety_stock, stock_risk
from tests.supply.cases import demand_of, months


class TestSafetyStock:
    def paths(self, sigma=10.0, buckets=6):
        return np.random.default_rng(1).normal(100, sigma, (1, 20_000, buckets))

    def test_normal_errors_give_the_textbook_square_root(self):
        items = pd.DataFrame({"item": ["A"], "service_level": [0.95], "lead_time": [3]})
        stock = safety_stock(self.paths(), ["A"], months(6), items)["quantity"]
        assert stock.to_numpy() == pytest.approx(1.645 * 10 * np.sqrt(4), rel=0.05)

    def test_skewed_errors_need_more_than_a_normal_curve_says(self):
        draws = np.random.default_rng(2).exponential(10, (1, 20_000, 2))
        items = pd.DataFrame({"item": ["A"], "service_level": [0.99]})
        stock = safety_stock(draws, ["A"], months(2), items)["quantity"].iloc[0]
        assert stock == pytest.approx(10 * (np.log(100) - 1), rel=0.05) and stock > 2.33 * 10

    def test_item_beats_settings_and_none_means_none(self):
        paths = np.repeat(self.paths(), 3, axis=0)
        items = pd.DataFrame({"item": list("ABC"), "service_level": [0.99, None, None]})
        table = safety_stock(paths, list("ABC"), months(1), items, settings={"service_level": 0.8})
        a, b, c = table["quantity"]
        assert a > b == c > 0
        table = safety_stock(paths, list("ABC"), months(1), items[["item"]])
        assert table["quantity"].tolist() == [0] * 3

    def test_it_follows_the_season_of_demand(self):
        paths = self.paths(buckets=4) * [1, 2, 1, 1]
        items = pd.DataFrame({"item": ["A"], "service_level": [0.9]})
        table = safety_stock(paths, ["A"], months(4), items)
        first, second = table["quantity"].iloc[:2]
        assert first == pytest.approx(2 * second, rel=1e-2)

    def test_names_in_another_order_and_order_items(self):
        paths = np.concatenate([self.paths(1), self.paths(20), self.paths(5)])
        items = pd.DataFrame(
            {"item": list("ABC"), "service_level": 0.9, "strategy": ["stock", "stock", "order"]}
        )
        table = safety_stock(paths, ["B", "A", "C"], months(1), items).set_index("item")["quantity"]
        assert (
            table["A"] > 10 * table["B"]
            and table["C"] == 0
            and table.index.tolist() == ["A", "B", "C"]
        )

    def test_a_wrong_array_is_named(self):
        with pytest.raises(PlanError, match="paths has shape"):
            safety_stock(np.zeros((2, 3)), ["A"], months(1), pd.DataFrame({"item": ["A"]}))


def test_inventory_plan_and_its_risks():
    items = pd.DataFrame(
        {
            "item": ["A", "B"],
            "unit_cost": [2.0, 5.0],
            "price": [4.0, 9.0],
            "lot_size": [None, 10.0],
            "shelf_life": [None, 1],
        }
    )
    demand = pd.concat([demand_of([10, 10, 10], "A"), demand_of([0, 0, 0], "B")])
    inventory = pd.DataFrame({"item": ["A", "B"], "on_hand": [25, 40]})
    plan = plan_supply(demand, items, inventory=inventory).supply_plan
    table = inventory_plan(plan, items)
    assert table["units"].tolist() == [15, 5, 0, 40, 40, 40] and table["value"].iloc[3] == 200
    assert table["cover"].tolist()[:3] == [1.5, 0.5, 0] and table["target"].tolist()[3:] == [
        5,
        5,
        5,
    ]
    assert inventory_plan(plan, items, standard_cost=pd.Series({"A": 3.0}))["value"].tolist() == [
        45,
        15,
        0,
        200,
        200,
        200,
    ]
    risk = stock_risk(plan, items)
    assert (
        risk.loc[risk["item"] == "B", "obsolete"].tolist() == [200] * 3
        and (risk["shortage"] == 0).all()
    )
    retired = stock_risk(plan, items.assign(retired_on=["2026-02-28", None]))
    assert retired["obsolete"].iloc[:3].tolist() == [(15 - 10) * 2, 5 * 2, 0]


def test_an_item_that_retires_needs_no_safety_stock_any_more():
    paths = np.array([[[90.0] * 3, [100.0] * 3, [110.0] * 3]])
    buckets = pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01"])
    items = pd.DataFrame({"item": ["A"], "service_level": [1.0], "retired_on": ["2026-02-28"]})
    assert safety_stock(paths, ["A"], buckets, items)["quantity"].round(9).tolist() == [10, 0, 0]


def test_sources_of_items_without_a_forecast_change_no_safety_stock():
    paths = np.array([[[90.0] * 4, [100.0] * 4, [110.0] * 4]])
    items = pd.DataFrame({"item": ["A", "B"], "service_level": 1.0, "lead_time": [1.0, 2.0]})
    sourcing = pd.DataFrame({"item": ["A", "B"], "source": "far", "lead_time": np.nan})
    both, own = (
        safety_stock(paths, ["B"], months(4), items, sourcing=rows)["quantity"].tolist()
        for rows in (sourcing, sourcing[1:])
    )
    assert both == own == [30.0] * 4
