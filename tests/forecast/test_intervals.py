"""Quantiles: ordered, never negative, as wide as errors were."""

import numpy as np
import pandas as pd
import pytest

from sopkit.forecast import forecast
from sopkit.forecast.bands import (
    learn,
    nearest_correlation,
    own_spread,
    random_walk,
    rare_demand,
    trust_in_chances,
)
from tests.forecast.series import company, history


def test_columns_are_named_by_quantile_and_ordered():
    result = forecast(company(), 6, quantiles=(0.975, 0.5, 0.05))
    assert list(result.columns) == [
        "item",
        "bucket",
        "baseline",
        "p5",
        "p50",
        "p97_5",
        "model",
        "why",
    ]
    bands = result[["p5", "p50", "p97_5"]].to_numpy()
    assert (np.diff(bands, axis=1) >= 0).all() and (bands >= 0).all()


def test_learned_quantiles_are_those_of_the_errors():
    errors = np.random.default_rng(0).standard_t(5, (4000, 1, 3)) * np.array([1.0, 2.0, 3.0])
    taught = learn(errors)
    for lead in range(3):
        low, high = (taught.growth[lead] * taught.quantile(level) for level in (0.1, 0.9))
        assert ((errors[:, 0, lead] > low) & (errors[:, 0, lead] < high)).mean() == pytest.approx(
            0.8, abs=0.02
        )


def test_without_evidence_errors_grow_like_a_random_walk():
    taught = learn(np.full((1, 1, 4), np.nan))
    np.testing.assert_allclose(taught.growth, np.sqrt([1, 2, 3, 4]))
    np.testing.assert_allclose(taught.correlation, random_walk(4).correlation, atol=1e-9)


def test_correlation_is_learned():
    steps = np.random.default_rng(1).normal(0, 1, (3000, 1, 6)).cumsum(axis=2)
    assert learn(steps).correlation[0, 5] == pytest.approx(np.sqrt(1 / 6), abs=0.05)
    assert (
        np.linalg.eigvalsh(
            nearest_correlation(np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]]))
        ).min()
        > 0
    )


def test_a_noisy_series_gets_a_wider_band():
    errors = np.random.default_rng(0).normal(0, 1, (2, 4, 6)) * np.array([1, 3])[:, None, None]
    spread = own_spread(errors, np.ones(6))
    assert spread[1] > 1.5 * spread[0]


def test_coverage_on_a_synthetic_panel():
    """300 seasonal random walks: p10–p90 covers about 80 % of what comes."""
    rng, parts, future = np.random.default_rng(0), [], []
    for place in range(300):
        path = np.exp(
            4
            + np.cumsum(rng.normal(0, 0.06, 72))
            + 0.2 * np.sin(2 * np.pi * np.arange(72) / 12)
            + rng.normal(0, 0.08, 72)
        )
        parts.append(history(f"{place:03d}", path[:60]))
        future.append(path[60:])
    result = forecast(pd.concat(parts), 12)
    covered = (np.concatenate(future) >= result["p10"]) & (np.concatenate(future) <= result["p90"])
    assert 0.75 < covered.mean() < 0.85


def test_rare_demand_has_the_mean_it_was_given():
    values = np.where(np.arange(60) % 4 == 0, 8.0, 0)[None]
    rare = rare_demand(values, np.array([[2.0]]))
    assert rare.at(0.5) == 0 and rare.at(0.95) == pytest.approx(8.0, rel=0.4)
    grown = rare_demand(values, np.array([[16.0]]))
    assert grown.chance[0, 0] == 1 and grown.at(0.5) == pytest.approx(16.0)


def test_chances_that_differ_only_by_luck_are_drawn_together():
    alike = (np.random.default_rng(0).random((500, 60)) < 0.2).astype(float)
    apart = (
        np.random.default_rng(0).random((500, 60)) < np.linspace(0.02, 0.6, 500)[:, None]
    ).astype(float)
    back = np.full((500, 1), 12)
    assert trust_in_chances(alike, back, alike[:, None, 48:]) < 0.4
    assert trust_in_chances(apart, back, apart[:, None, 48:]) > 0.8
