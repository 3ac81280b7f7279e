import numpy as np
import pandas as pd
import pytest

from sopkit import PlanError
from sopkit.metrics import (
    accuracy_table,
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
    wide = graded.pivot(index=CELL, columns="model", values="forecast")
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


def test_sums_net_out_at_every_level(released, actual):
    items = ITEMS.assign(line=["L", "L"])
    table = value_added_table(graded_stages(released, actual), items, levels=["sums"])
    both = released.merge(actual, on=CELL)
    for name, by in {"item × market": ["item", "market"], "line": [], "market": ["market"]}.items():
        sums = both.groupby([*by, "bucket"])[["baseline", "actual"]].sum()
        found = table["wape"][(table["name"] == name) & (table["stage"] == "baseline")]
        assert found.tolist() == [pytest.approx(wape(sums["actual"], sums["baseline"]))]
    wapes = table.query("stage == 'baseline'").set_index("name")["wape"]
    assert set(wapes.index) == {"item × market", "item", "market", "family", "line", "company"}
    assert wapes["company"] <= wapes["item"] <= wapes["item × market"]
    without = value_added_table(graded_stages(released, actual), ITEMS, levels=["sums"])
    assert "line" not in set(without["name"])


def test_only_cells_that_every_stage_forecast_count(released, actual):
    graded = graded_stages(released, actual)
    lost = graded.loc[(graded["model"] != "naive") | (graded["item"] != "A")]
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
    past = history.rename(columns={"demand": "actual"})
    cells = graded_stages(released, pd.concat([past, actual])).query("model == 'baseline'")
    one = cells.query("item == 'A' and market == 'N'")
    row = accuracy_table(one.assign(p10=0.0, p90=100.0)).iloc[0]
    demand = pd.concat([past, actual]).query("item == 'A' and market == 'N'")["actual"]
    assert row["mase"] == pytest.approx(mase(one["actual"], one["forecast"], demand, 12))
    assert row["rmsse"] == pytest.approx(rmsse(one["actual"], one["forecast"], demand))
    assert row["coverage"] == 1
    both = accuracy_table(cells.drop(columns="scale")).set_index("item").loc["A"]
    assert both["wape"] == pytest.approx(
        wape(cells.query("item == 'A'")["actual"], cells.query("item == 'A'")["forecast"])
    )
    assert np.isnan(both["mase"]) and np.isnan(both["coverage"]), "no history, no band: not known"


def test_nothing_graded_gives_the_empty_tables(released, actual):
    none = graded_stages(released.iloc[:0], actual)
    assert value_added_table(none, ITEMS).dtypes.equals(PLANS["value_added"].empty().dtypes)
    assert accuracy_table(none).empty


def test_a_backtest_and_a_release_are_graded_by_the_same_functions():
    """Two markets, one bucket each: demand 30 and 10, cells pooled, errors never netted."""
    cells = pd.DataFrame(
        {
            "item": "A",
            "market": ["N", "S"] * 2,
            "bucket": MONTHS[0],
            "lag": 1,
            "model": ["seasonal naive"] * 2 + ["chosen"] * 2,
            "forecast": [42.0, 8.0, 27.0, 15.0],
            "actual": [30.0, 10.0] * 2,
            "p10": [29.0, 11.0] * 2,
            "p90": 50.0,
            "scale": [12.0, 1.0] * 2,
            "square_scale": [16.0, 1.0] * 2,
        }
    )
    both = pd.concat([cells.assign(source=source) for source in ("backtest", "released")])
    table = accuracy_table(both).set_index(["source", "model"])
    for source in ("backtest", "released"):
        naive = table.loc[(source, "seasonal naive")]
        assert naive[["wape", "bias", "mase", "rmsse", "coverage"]].tolist() == pytest.approx(
            [14 / 40, 10 / 40, (1 + 2) / 2, np.sqrt((9 + 4) / 2), 0.5]
        )
    added = value_added_table(both, ITEMS, levels=["company"]).set_index(["source", "stage"])
    assert added["wape"]["backtest", "baseline"] == pytest.approx(8 / 40)
    assert added["value_added"]["released", "baseline"] == pytest.approx(14 / 40 - 8 / 40)


def test_a_model_that_forecast_some_markets_only_is_not_ranked_beside_those_of_all():
    both = {"item": "A", "bucket": MONTHS[0], "lag": 1, "source": "backtest", "actual": 10.0}
    chosen = pd.DataFrame(both | {"market": ["N", "S"], "model": "chosen", "forecast": 12.0})
    easy = pd.DataFrame([both | {"market": "N", "model": "theta", "forecast": 10.0}])
    assert accuracy_table(pd.concat([chosen, easy]))["model"].tolist() == ["chosen"]


def test_a_history_no_longer_than_a_season_is_scaled_alike_everywhere(released, actual):
    cells = graded_stages(released, actual, season=99).query("item == 'A' and market == 'N'")
    demand = actual.query("item == 'A' and market == 'N'").sort_values("bucket")["actual"]
    moves = demand.diff().abs().mean()
    assert cells["scale"].tolist() == pytest.approx([moves] * len(cells))
    assert mase([moves], [0.0], demand, season=99) == pytest.approx(1)
