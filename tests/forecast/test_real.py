"""Accuracy on real data that nobody here wrote; the goals are those of the benchmarks, without
clocks.
"""

import numpy as np
import pandas as pd
import pytest

from sopkit.forecast import forecast, sample_paths
from tests.forecast.series import REAL, m1, needs_real, rare_parts

pytestmark = needs_real


@pytest.fixture(scope="module")
def monthly():
    frame, actual, scale = m1()
    result = forecast(frame, 18)
    return {
        name: result[name].to_numpy().reshape(-1, 18) for name in ("baseline", "p10", "p90")
    } | {"actual": actual, "scale": scale}


def test_monthly_accuracy(monthly):
    actual, baseline = monthly["actual"], monthly["baseline"]
    assert np.mean(200 * np.abs(actual - baseline) / (np.abs(actual) + np.abs(baseline))) <= 14.0
    assert np.mean(np.abs(actual - baseline).mean(axis=1) / monthly["scale"]) <= 1.03


def test_monthly_coverage(monthly):
    covered = (monthly["actual"] >= monthly["p10"]) & (monthly["actual"] <= monthly["p90"])
    assert 0.77 <= covered.mean() <= 0.83
    assert all(0.72 <= third.mean() <= 0.88 for third in np.split(covered, 3, axis=1))


def test_spare_parts():
    frame, actual = rare_parts()
    result = forecast(frame, 12, quantiles=(0.5, 0.9))
    baseline, high = (result[name].to_numpy().reshape(actual.shape) for name in ("baseline", "p90"))
    assert abs((baseline - actual).sum() / actual.sum()) <= 0.10
    best = min(
        pinball(
            actual, forecast(frame, 12, method=name)["baseline"].to_numpy().reshape(actual.shape)
        )
        for name in ("mean", "simple", "tsb")
    )
    assert pinball(actual, high) <= best
    sums = np.quantile(sample_paths(frame, 12, paths=500)[:, :, :3].sum(axis=2), 0.9, axis=1)
    assert 0.85 <= (actual[:, :3].sum(axis=1) <= sums).mean() <= 0.95


def pinball(actual, quantile, level=0.9):
    return np.maximum(level * (actual - quantile), (level - 1) * (actual - quantile)).mean()


@pytest.mark.parametrize("month", ["2017-10-01", "2018-01-01"])
def test_trading_company(month):
    frame = pd.read_csv(REAL / "jit" / "sales_history.csv", parse_dates=["bucket"])
    frame = frame[frame["bucket"] < month]
    result = forecast(frame, 12)
    assert len(result) == 12 * len(frame[["item", "market"]].drop_duplicates())
    assert (
        np.isfinite(result[["baseline", "p10", "p90"]]).all().all()
        and (result["why"].str.len() > 20).all()
    )
