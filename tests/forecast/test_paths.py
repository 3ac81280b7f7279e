"""Joint paths: seeded, shaped, and consistent with the quantiles."""

import numpy as np
import pandas as pd
import pytest

from sopkit.errors import PlanError
from sopkit.forecast import forecast, sample_paths
from tests.forecast.series import company, history, seasonal


def test_shape_order_and_seed():
    frame = company(5)
    paths = sample_paths(frame, 6, paths=50, seed=7)
    assert paths.shape == (5, 50, 6) and (paths >= 0).all()
    np.testing.assert_array_equal(
        paths, sample_paths(frame.sample(frac=1, random_state=1), 6, paths=50, seed=7)
    )
    assert (paths != sample_paths(frame, 6, paths=50, seed=8)).any()


def test_each_bucket_follows_the_forecast_quantiles():
    frame = company(9)
    result = forecast(frame, 6)
    low, high = np.quantile(sample_paths(frame, 6, paths=4000), [0.1, 0.9], axis=1)
    regular = ~result["why"].str.startswith(("inter", "lumpy")).to_numpy().reshape(9, 6)[:, 0]
    width = (result["p90"] - result["p10"]).to_numpy().reshape(9, 6)
    np.testing.assert_allclose(
        low[regular], result["p10"].to_numpy().reshape(9, 6)[regular], atol=0.12 * width.max()
    )
    assert (
        np.abs(high - result["p90"].to_numpy().reshape(9, 6))[regular] < 0.15 * width[regular]
    ).all()


def test_errors_of_a_wandering_level_move_together():
    """Random walks: the sum of six buckets is far wider than independent buckets would make it."""
    rng = np.random.default_rng(0)
    frame = pd.concat(
        [history(f"{i:02d}", np.exp(5 + np.cumsum(rng.normal(0, 0.1, 60)))) for i in range(60)]
    )
    paths = sample_paths(frame, 6, paths=500)
    together, apart = paths.sum(axis=2).var(axis=1), paths.var(axis=1).sum(axis=1)
    assert np.median(together / apart) > 2.5


def test_markets_are_summed_before_sampling():
    one = history("A", seasonal(48))
    two = pd.concat(
        [
            one.assign(market="x", quantity=one["quantity"] / 2),
            one.assign(market="y", quantity=one["quantity"] / 2),
        ]
    )
    summed, whole = (sample_paths(each, 3, paths=10) for each in (two, one))
    # the parts' methods are weighed as a panel of two, the whole's alone
    np.testing.assert_allclose(summed, whole, rtol=2e-3)


def test_paths_must_be_a_positive_number():
    with pytest.raises(PlanError, match="paths is 0"):
        sample_paths(company(2), 3, paths=0)
