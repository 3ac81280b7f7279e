"""Season, Theta, aggregation and the methods for rare demand."""

import numpy as np
import pandas as pd
import pytest

from sopkit.forecast import forecast, methods
from sopkit.forecast.methods import METHODS, aggregated, mean, seasonal_naive, theta
from sopkit.forecast.rare_methods import tsb
from sopkit.forecast.seasonal import Window, along, by_season, centred_average, indices, places
from tests.forecast.series import history, seasonal


def test_centred_average_equals_statsmodels():
    from statsmodels.tsa.seasonal import seasonal_decompose

    values = seasonal(50)
    np.testing.assert_allclose(
        centred_average(values[None], 12)[0], seasonal_decompose(values, period=12).trend, atol=1e-9
    )


def test_strong_season_is_found_and_noise_is_shrunk():
    wave = np.log(seasonal(60, noise=0.01))[None]
    index, strength = indices(wave, 12)
    truth = np.log(1 + 0.3 * np.sin(2 * np.pi * np.arange(60) / 12))
    assert (
        strength[0] > 0.99 and np.abs(along(index, -60, 0)[0] - (truth - truth.mean())).max() < 0.03
    )
    noise = np.random.default_rng(0).normal(0, 1, (200, 60))
    assert indices(noise, 12)[1].mean() < 0.25


@pytest.fixture
def full_slope(monkeypatch):
    """A slope as it is, however short the history."""
    monkeypatch.setattr(methods, "trust_in_slope", lambda values: np.ones(len(values)))


def test_theta_equals_statsmodels(full_slope):
    """With the same smoothing weight and start, our form is statsmodels' ThetaModel."""
    from statsmodels.tsa.forecasting.theta import ThetaModel

    values = np.cumsum(np.random.default_rng(2).normal(1, 2, 60)) + 100
    fit = ThetaModel(values, period=1, deseasonalize=False).fit(use_mle=False)
    ours = theta(values[None], 6, alpha=float(fit.params["alpha"]))[0]
    np.testing.assert_allclose(ours, fit.forecast(6, theta=2), rtol=2e-3)


def test_theta_drift_is_half_the_slope(full_slope):
    ahead = theta(np.arange(40.0)[None], 3, alpha=0.5)[0]
    np.testing.assert_allclose(np.diff(ahead), 0.5)


def test_tsb_worked_by_hand():
    """Size 4 throughout, probability 1/2 smoothed by 0.5: 1/2 → 3/4 → 3/8."""
    assert tsb(np.array([[4.0, 0.0]]), 1, alpha=0.5, beta=0.5)[0, 0] == pytest.approx(4 * 0.375)


def test_tsb_fades():
    alive = np.array([[3.0, 0, 3, 0, 3, 0]])
    silent = np.concatenate([alive, np.zeros((1, 20))], axis=1)
    assert tsb(silent, 1)[0, 0] < 0.6 * tsb(alive, 1)[0, 0]


def test_naive_methods():
    assert seasonal_naive(np.array([[np.nan, 5.0]]), 2, 12).tolist() == [[5.0, 5.0]]
    assert mean(np.array([[np.nan, 1.0, 2.0]]), 1).tolist() == [[1.5]]


def test_aggregation_follows_a_trend():
    assert aggregated(np.arange(100.0)[None], 12)[0, -1] > 100


@pytest.mark.parametrize("name", METHODS)
def test_every_method_gives_finite_numbers_for_any_mixture(name):
    """Short, zero, negative, huge and tiny series in one window."""
    values = np.full((7, 40), np.nan)
    values[0, -1], values[1, -2:], values[2], values[3] = 5, (5, 7), 0.0, -seasonal(40)
    values[4], values[5], values[6] = (
        seasonal(40) * 1e9,
        seasonal(40) * 1e-6,
        np.where(np.arange(40) % 6 == 0, 4.0, 0.0),
    )
    with np.errstate(all="raise", under="ignore"):
        ahead = METHODS[name](Window(values, 12), 7)
    assert ahead.shape == (7, 7) and np.isfinite(ahead).all()


@pytest.mark.parametrize(
    "name",
    [
        "simple",
        "holt",
        "damped",
        "damped log",
        "theta",
        "winters",
        "aggregated log",
        "seasonal naive",
    ],
)
def test_seasonal_methods_continue_a_clean_season(name):
    values = seasonal(72, noise=0.0)
    ahead = METHODS[name](Window(values[None], 12), 12)[0]
    np.testing.assert_allclose(ahead, values[-12:], rtol=0.03)


def test_weeks_meet_those_of_their_date_across_years_of_53_weeks():
    ago = np.arange(-52 * 20, 0)
    for week in range(52):
        met = ago[(places(-52 * 20, 0, 52) - week) % 52 == 0]
        days = (week - met) * 7 / 365.2425
        assert np.abs(days - days.round()).max() * 365.2425 < 5
        assert sorted(set(days.round())) == list(range(1, len(set(days.round())) + 1))


def test_folding_keeps_the_later_of_two_weeks_that_share_a_place():
    weeks = np.arange(-200.0, 0)[None]
    folded = by_season(weeks, 52)[0]
    kept = folded[~np.isnan(folded)]
    assert len(kept) == 199 and (np.diff(kept) > 0).all() and -148 not in kept
    np.testing.assert_array_equal(along(folded[-1:], -52, 0)[0], weeks[0, -52:])


@pytest.mark.parametrize("end", ["2026-12-28", "2021-03-29"])
def test_a_weekly_season_follows_the_date_for_many_years(end):
    weeks = pd.date_range(end=end, periods=53 * 12, freq="W-MON")
    wave = 100 + 50 * np.cos(2 * np.pi * (weeks.day_of_year.to_numpy() - 20) / 365.2425)
    frame = history("A", wave[:-53], freq="W-MON", start=weeks[0])
    result = forecast(frame, 53)
    assert result["bucket"].tolist() == weeks[-53:].tolist()
    assert np.abs(result["baseline"] - wave[-53:]).sum() / wave[-53:].sum() < 0.015
