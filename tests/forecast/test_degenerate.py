"""Odd histories: each gets a sensible forecast and a note, and none disturbs the others."""

import numpy as np
import pandas as pd
import pytest

from sopkit.forecast import backtest, explain, forecast, sample_paths
from tests.forecast.series import history, seasonal

STEPS, BASE = np.arange(48), seasonal(48)
CASES = {
    "unknown": np.array([np.nan]),
    "one": np.array([5.0]),
    "two": np.array([5.0, 7.0]),
    "new": BASE[:5],
    "constant": np.full(30, 3.0),
    "zeros": np.zeros(30),
    "negative": -BASE,
    "returns": np.where(STEPS % 10 == 0, -5, BASE),
    "gaps": np.where(STEPS % 5 == 0, np.nan, BASE),
    "outlier": np.where(STEPS == 40, 1e9, BASE),
    "last outlier": np.where(STEPS == 47, 1e9, BASE),
    "big": BASE * 1e9,
    "small": BASE * 1e-6,
    "twin": BASE,
    "other twin": BASE,
    "break": np.where(STEPS < 36, BASE, BASE * 0.2),
    "dead": np.where(STEPS < 30, BASE, 0.0),
    "rare": np.where(STEPS % 7 == 0, 5.0, 0.0),
    "late": np.where(STEPS < 20, 0, BASE),
    "once": np.where(STEPS == 20, 5.0, 0),
    "unknown end": np.where(STEPS > 44, np.nan, BASE),
    "long gap": np.where((STEPS > 10) & (STEPS < 30), np.nan, BASE),
}
NOTES = {
    "unknown": "no demand on record",
    "one": "new item, 1 bucket",
    "two": "too little history",
    "negative": "48 buckets with net returns",
    "returns": "5 buckets with net returns",
    "gaps": "unknown buckets filled in",
    "outlier": "1 outlier bounded",
    "last outlier": "1 outlier bounded",
    "break": "level changed by a factor of 0.2 12 buckets ago",
    "dead": "dead: nothing sold in the last 18 buckets",
    "late": "20 silent buckets",
    "unknown end": "3 unknown buckets",
}
RANGES = {
    "unknown": (0, 0),
    "one": (4, 6),
    "two": (5, 8),
    "new": (100, 150),
    "constant": (2.9, 3.1),
    "zeros": (0, 0),
    "negative": (0, 0),
    "returns": (70, 125),
    "gaps": (85, 115),
    "outlier": (80, 125),
    "last outlier": (80, 125),
    "big": (85e9, 115e9),
    "small": (85e-6, 115e-6),
    "twin": (85, 115),
    "other twin": (85, 115),
    "break": (15, 26),
    "dead": (0, 0),
    "rare": (0.6, 0.85),
    "late": (85, 115),
    "once": (0.05, 0.15),
    "unknown end": (85, 115),
    "long gap": (80, 115),
}


@pytest.fixture(scope="module")
def frame():
    return pd.concat([history(name, values) for name, values in CASES.items()], ignore_index=True)


@pytest.fixture(scope="module")
def result(frame):
    return forecast(frame, 12, quantiles=(0.1, 0.5, 0.9)).set_index("item")


@pytest.mark.parametrize("name", list(CASES))
def test_sensible_forecast(result, name):
    rows = result.loc[name]
    low, high = RANGES[name]
    assert low <= rows["baseline"].mean() <= high
    bands = rows[["p10", "p50", "p90"]].to_numpy()
    assert np.isfinite(bands).all() and (np.diff(bands, axis=1) >= 0).all() and (bands >= 0).all()


@pytest.mark.parametrize("name", list(NOTES))
def test_note(result, name):
    assert pd.Series(result.loc[name, "why"].iloc[0]).str.contains(NOTES[name]).all()


@pytest.mark.parametrize("name", list(CASES))
def test_alone_it_works_too(name):
    alone = history(name, CASES[name])
    assert np.isfinite(forecast(alone, 3)["baseline"]).all()
    assert np.isfinite(sample_paths(alone, 3, paths=5)).all()
    assert len(explain(alone, name).forecast) == 18
    backtest(alone, 3)


def test_duplicate_series_get_the_same_forecast(result):
    np.testing.assert_array_equal(
        result.loc["twin", "baseline"], result.loc["other twin", "baseline"]
    )


@pytest.mark.parametrize("name, factor", [("big", 1e9), ("small", 1e-6)])
def test_scale_changes_nothing_but_the_scale(result, name, factor):
    np.testing.assert_allclose(
        result.loc[name, "baseline"] / factor, result.loc["twin", "baseline"], rtol=1e-6
    )


def test_an_empty_history_gives_an_empty_forecast():
    empty = history("A", [1.0]).iloc[:0]
    assert list(forecast(empty, 3).columns) == [
        "item",
        "bucket",
        "baseline",
        "p10",
        "p90",
        "model",
        "why",
    ]
    assert (
        len(forecast(empty, 3)) == 0
        and sample_paths(empty, 3).shape == (0, 1000, 3)
        and len(backtest(empty, 3)) == 0
    )


@pytest.mark.parametrize("horizon", [1, 2, 36])
def test_any_horizon(frame, horizon):
    assert len(forecast(frame, horizon)) == horizon * len(CASES)
