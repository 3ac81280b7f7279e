"""The recursions against textbooks and against statsmodels."""

import numpy as np
import pytest

from sopkit.forecast.smoothing import damping, likelihood_weights, recursion, smooth
from tests.forecast.series import seasonal

OIL = [
    445.36,
    453.20,
    454.41,
    422.38,
    456.04,
    440.39,
    425.19,
    486.21,
    500.43,
    521.28,
    508.95,
    488.89,
    509.87,
    456.72,
    473.82,
    525.95,
    549.83,
    542.34,
]
AIR = [
    17.55,
    21.86,
    23.89,
    26.93,
    26.89,
    28.83,
    30.08,
    30.95,
    30.19,
    31.58,
    32.58,
    33.48,
    39.02,
    41.39,
    41.60,
    44.66,
    46.95,
    48.73,
    51.49,
    50.03,
    60.64,
    63.36,
    66.36,
    68.20,
    68.12,
    69.78,
    72.60,
]


def one(*values):
    return [np.array([value], dtype=float) for value in values]


def test_simple_smoothing_of_oil_production():
    """Hyndman & Athanasopoulos (2018), 7.1: alpha 0.83, level 446.6 give 542.68."""
    states = recursion(np.array([OIL]), *one(0.8339, 446.5868))
    assert states.level[0, 0] == pytest.approx(542.68, abs=0.01)


def test_holt_of_air_passengers():
    """Hyndman & Athanasopoulos (2018), 7.2: 74.60, 76.70, 78.80."""
    states = recursion(np.array([AIR]), *one(0.8302, 15.5715, 2.1017, 0.0001))
    ahead = states.level[0] + states.trend[0] * damping(np.ones(1), 3)[0]
    assert ahead == pytest.approx([74.60, 76.70, 78.80], abs=0.02)


@pytest.mark.parametrize("beta, phi", [(0.0, 1.0), (0.15, 1.0), (0.15, 0.9)])
def test_trend_recursion_equals_statsmodels(beta, phi):
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    values = np.cumsum(np.random.default_rng(0).normal(1, 3, 60)) + 50
    setting = one(0.4, 48.0, 0.7 if beta else 0.0, beta, phi)
    states = recursion(values[None], *setting)
    model = ExponentialSmoothing(
        values,
        trend="add" if beta else None,
        damped_trend=phi < 1,
        initialization_method="known",
        initial_level=48.0,
        initial_trend=0.7 if beta else None,
    )
    known = (
        {"smoothing_level": 0.4}
        | ({"smoothing_trend": beta} if beta else {})
        | ({"damping_trend": phi} if phi < 1 else {})
    )
    fit = model.fit(**known, optimized=False)
    ahead = states.level[0] + states.trend[0] * damping(np.array([phi]), 12)[0]
    fitted = [
        states.level[0, 0] + states.trend[0, 0] * phi
        for states in (recursion(values[None, :cut], *setting) for cut in range(1, 60))
    ]
    np.testing.assert_allclose(fitted, fit.fittedvalues[1:], rtol=0, atol=1e-8)
    np.testing.assert_allclose(ahead, fit.forecast(12), rtol=0, atol=1e-8)


@pytest.mark.parametrize("kind", ["add", "mul"])
def test_seasonal_recursion_equals_statsmodels(kind):
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    values = seasonal(60, noise=0.1)
    start = np.linspace(-10, 10, 12) if kind == "add" else np.linspace(0.8, 1.2, 12)
    model = ExponentialSmoothing(
        values,
        trend="add",
        damped_trend=True,
        seasonal=kind,
        seasonal_periods=12,
        initialization_method="known",
        initial_level=95.0,
        initial_trend=0.5,
        initial_seasonal=start,
    )
    fit = model.fit(
        smoothing_level=0.3,
        smoothing_trend=0.1,
        damping_trend=0.95,
        smoothing_seasonal=0.2,
        optimized=False,
    )
    setting, factors = one(0.3, 95.0, 0.5, 0.1, 0.95, 0.2), kind == "mul"

    def season_ahead(cut):
        """The forecasts of a season after ``cut`` buckets."""
        states = recursion(values[None, :cut], *setting, np.roll(start, 60 - cut)[None], factors)
        ahead = states.level[0] + states.trend[0] * damping(np.array([0.95]), 12)[0]
        season = states.season[:, 0, 0]
        return ahead * season if factors else ahead + season

    forecast, fitted = season_ahead(60), [season_ahead(cut)[0] for cut in range(1, 60)]
    np.testing.assert_allclose(fitted, fit.fittedvalues[1:], rtol=0, atol=1e-8)
    np.testing.assert_allclose(forecast[:11], fit.forecast(12)[:11], rtol=0, atol=1e-8)
    if kind == "add":
        np.testing.assert_allclose(
            forecast, state_space_forecast(values, start, kind), rtol=0, atol=1e-8
        )


def state_space_forecast(values, start, kind):
    """statsmodels' ETS, which (unlike its Holt–Winters) keeps the last bucket's seasonal correction
    for the forecast a season ahead.
    """
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    model = ETSModel(
        values,
        trend="add",
        damped_trend=True,
        seasonal=kind,
        seasonal_periods=12,
        initialization_method="known",
        initial_level=95.0,
        initial_trend=0.5,
        initial_seasonal=start,
    )
    return model.smooth([0.3, 0.03, 0.2, 0.95]).forecast(12)


def test_series_of_different_lengths_do_not_disturb_each_other():
    long, short = seasonal(48), seasonal(20, seed=5)
    both = np.stack([np.concatenate([np.full(28, np.nan), short]), long])
    together = smooth(both, 6, beta=(0.1, 0.2), phi=0.9)
    np.testing.assert_allclose(
        together[0], smooth(short[None], 6, beta=(0.1, 0.2), phi=0.9)[0], rtol=1e-12
    )
    np.testing.assert_allclose(
        together[1], smooth(long[None], 6, beta=(0.1, 0.2), phi=0.9)[0], rtol=1e-12
    )


def test_unknown_bucket_leaves_the_level_alone():
    states = recursion(np.array([[10.0, np.nan, 12.0]]), *one(0.5, 10.0))
    assert states.level[0, 0] == 11.0


def test_likelihood_prefers_the_better_parameters():
    assert likelihood_weights(np.array([[1.0, 2.0]]), np.array([40]))[0, 0] > 0.99
