import numpy as np
import pandas as pd
import pytest

from sopkit import PlanError
from sopkit.metrics import (
    accuracy_table,
    backtest_accuracy,
    backtest_value_added,
    graded_stages,
    mase,
    rmsse,
    value_added_table,
    wape,
)
from sopkit.tables import PLANS

ITEMS = pd.DataFrame({"item": ["A", "B"], "family": ["F", "G"]})
MONTHS = pd.date_range("2026-01-01", periods=3, freq="MS", unit="us")
CELL = ["item", "market", "bucket"]


@pytest.fixture
def released():
    rows = pd.MultiIndex.from_product([["A", "B"], ["N", "S"], MONTHS], names=CELL).to_frame(
        index=False
    )
    rng = np.random.default_rng(1)
    parts = rng.integers(-3, 4, (len(rows), 5)).astype(float)
    rows = rows.assign(lag=1, naive=20.0, baseline=22.0).assign(
        **dict(zip(["events", "launches", "initiatives", "sales_input", "override"], parts.T))
    )
    return rows.assign(consensus=rows["baseline"] + parts.sum(axis=1))


@pytest.fixture
def actual(released):
    return released[CELL].assign(
        actual=np.random.default_rng(2).integers(15, 30, len(released)).astype(float)
    )


def test_stages_add_up_to_the_consensus(released, actual):
    graded = graded_stages(released, actual)
    wide = graded.pivot(index=CELL, columns="stage", values="forecast")
    assert np.allclose(wide["override"], wide["consensus"])
    assert np.allclose(wide["events"] - wide["baseline"], released.set_index(CELL)["events"])


def test_the_steps_down_the_chain_sum_to_the_whole_gain(released, actual):
    table = value_added_table(graded_stages(released, actual), ITEMS)
    company = table[table["level"] == "company"].set_index("stage")
    assert company["value_added"].sum() == pytest.approx(
        company["wape"]["naive"] - company["wape"]["consensus"]
    )
    assert company["wape"]["naive"] == pytest.approx(wape(actual["actual"], [20.0] * len(actual)))
    assert table["name"][table["level"] == "family"].unique().tolist() == ["F", "G"]


def test_only_cells_that_every_stage_forecast_count(released, actual):
    graded = graded_stages(released, actual)
    lost = graded.loc[(graded["stage"] != "naive") | (graded["item"] != "A")]
    table = value_added_table(lost, ITEMS, levels=["company"]).set_index("stage")
    only_b = actual[actual["item"] == "B"]["actual"]
    assert table["wape"]["naive"] == pytest.approx(wape(only_b, [20.0] * len(only_b)))


def test_a_repeated_forecast_is_refused(released, actual):
    graded = graded_stages(released, actual)
    with pytest.raises(PlanError, match="1 cells have more than one forecast"):
        value_added_table(pd.concat([graded, graded.iloc[:1]]), ITEMS)


def test_accuracy_pools_markets_and_scales_by_each_history(released, actual):
    history = pd.concat(
        [
            pd.DataFrame(
                {
                    "item": item,
                    "market": market,
                    "bucket": pd.date_range("2024-01-01", periods=24, freq="MS", unit="us"),
                    "demand": np.random.default_rng(seed).poisson(20, 24).astype(float),
                }
            )
            for seed, (item, market) in enumerate([("A", "N"), ("A", "S"), ("B", "N"), ("B", "S")])
        ]
    )
    cells = (
        graded_stages(released, actual)
        .rename(columns={"stage": "model"})
        .query("model == 'baseline'")
    )
    one = cells.query("item == 'A' and market == 'N'")
    row = accuracy_table(one.assign(p10=0.0, p90=100.0), history=history).iloc[0]
    demand = history.query("item == 'A' and market == 'N'")["demand"]
    assert row["mase"] == pytest.approx(mase(one["actual"], one["forecast"], demand, 12))
    assert row["rmsse"] == pytest.approx(rmsse(one["actual"], one["forecast"], demand))
    assert row["coverage"] == 1
    both = accuracy_table(cells, source="released").set_index("item").loc["A"]
    assert both["wape"] == pytest.approx(
        wape(cells.query("item == 'A'")["actual"], cells.query("item == 'A'")["forecast"])
    )
    assert np.isnan(both["mase"]) and np.isnan(both["coverage"]), "no history, no band: not known"


def test_nothing_graded_gives_the_empty_tables(released, actual):
    none = graded_stages(released.iloc[:0], actual)
    assert value_added_table(none, ITEMS).dtypes.equals(PLANS["value_added"].empty().dtypes)
    assert accuracy_table(none.rename(columns={"stage": "model"})).empty


def test_a_backtest_by_market_is_pooled_by_demand_and_cells():
    tested = pd.DataFrame(
        {
            "item": "A",
            "market": ["N", "S"] * 2,
            "method": ["seasonal naive"] * 2 + ["chosen"] * 2,
            "lag": 1,
            "wape": [0.4, 0.2, 0.1, 0.5],
            "bias": [0.4, 0.2, -0.1, 0.5],
            "mase": [1.0, 2.0, 1.0, 1.0],
            "rmsse": [3.0, 4.0, 1.0, 1.0],
            "coverage": [1.0, 0.5, 0.8, 0.8],
            "demand": [30.0, 10.0] * 2,
            "cells": [4, 4] * 2,
        }
    )
    naive = backtest_accuracy(tested).set_index("model").loc["seasonal naive"]
    assert naive[["wape", "bias", "mase", "rmsse", "coverage"]].tolist() == pytest.approx(
        [0.35, 0.35, 1.5, np.sqrt(12.5), 0.75]
    )
    added = backtest_value_added(tested, ITEMS).query("level == 'company'").set_index("stage")
    assert added["wape"]["baseline"] == pytest.approx((0.1 * 30 + 0.5 * 10) / 40)
    assert added["value_added"]["baseline"] == pytest.approx(0.35 - 0.2)
