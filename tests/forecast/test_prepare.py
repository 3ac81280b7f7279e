"""Cleansing before the methods: silent starts, gaps, outliers, level shifts."""

import numpy as np
import pytest

from sopkit.forecast.prepare import level_shifts, prepare, rates, regular
from tests.forecast.series import seasonal


def prepared(values, season=12):
    return prepare(values, regular(values, season, rates(values, season)), season)


def test_gap_is_filled_with_level_and_season():
    values = seasonal(60, noise=0.0)
    holed = values.copy()
    holed[20:26] = np.nan
    ready = prepared(holed[None])
    np.testing.assert_allclose(ready.values[0], values, rtol=0.08)
    assert ready.filled[0] == 6 and np.isnan(ready.known[0, 20:26]).all()


def test_zeros_before_the_first_sale_are_left_out():
    late = np.concatenate([np.zeros(10), np.full(20, 5.0)])
    rare = np.concatenate([np.zeros(5), np.tile([4.0, 0, 0, 0, 0, 0], 5)])[:30]
    ready = prepared(np.stack([late, rare]))
    assert ready.cut.tolist() == [10, 5]


@pytest.mark.parametrize("column", [5, 30, 47])
def test_one_huge_outlier_is_bounded_wherever_it_is(column):
    values = seasonal(48)
    values[column] = 1e9
    ready = prepared(values[None])
    assert ready.bounded[0] == 1 and ready.values.max() < 500


def test_a_yearly_peak_is_no_outlier():
    values = np.tile([10.0] * 11 + [80.0], 4) * np.exp(np.random.default_rng(0).normal(0, 0.05, 48))
    assert prepared(values[None]).bounded[0] == 0


@pytest.mark.parametrize("factor", [0.2, 3.0])
def test_level_shift_is_found_where_it_is(factor):
    values = seasonal(60)
    values[48:] *= factor
    at, found = level_shifts(values[None], 12, np.array([True]))
    assert at[0] == 48 and found[0] == pytest.approx(factor, rel=0.1)


def test_no_shift_in_steady_growth_or_in_noise():
    steps = np.arange(60)
    panel = np.stack([100 * 1.03**steps, *(seasonal(60, noise=0.3, seed=s) for s in range(200))])
    assert (level_shifts(panel, 12, np.ones(201, dtype=bool))[0] >= 0).sum() <= 2


def test_a_ramp_at_the_start_is_no_outlier():
    ramp = [10.0, 40, 90, 150, 200, 210, 190, 205, 215, 195]
    grown = ramp + [200.0, 210, 190, 205, 195, 200] * 5
    for sold in (ramp, grown, [0.0] * 7 + grown):
        ready = prepared(np.array([sold]))
        assert (
            ready.bounded[0] == 0 and ready.values[0, -len(ramp) :].tolist() == sold[-len(ramp) :]
        )


@pytest.mark.parametrize("kind", ["growth", "off-season", "batches"])
def test_how_an_item_sells_is_no_outlier(kind):
    rng, steps = np.random.default_rng(3), np.arange(54)
    level = {
        "growth": 50 * 1.04**steps,
        "off-season": 100 * np.exp(1.5 * np.sin(2 * np.pi * steps / 12)),
        "batches": 100.0 * rng.choice([1, 1, 1, 2], 54),
    }[kind]
    for end in range(42, 55):
        assert prepared(rng.poisson(level[:end])[None].astype(float)).bounded[0] == 0
