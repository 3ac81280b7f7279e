import numpy as np
import pytest

from sopkit.forecast.outliers import expectation, local_level, run


def _expected(demand, season, groups):
    return expectation(demand, season, groups, np.isfinite(demand))


def _noise(rows=40, buckets=48, level=200, seed=3):
    rng = np.random.default_rng(seed)
    return rng.poisson(level, (rows, buckets)).astype(float)


def test_noise_alone_scores_low():
    found = _expected(_noise(), 12, np.zeros(40))
    assert (np.abs(found.score) > 6).mean() < 0.001


def test_the_expectation_follows_trend_and_season():
    time = np.arange(48)
    true = (200 + 5 * time) * (1 + 0.4 * np.sin(2 * np.pi * time / 12))
    demand = np.random.default_rng(1).poisson(np.tile(true, (12, 1))).astype(float)
    expected = _expected(demand, 12, np.zeros(12)).expected
    assert np.abs(expected[:, 6:-6] / true[6:-6] - 1).mean() < 0.06


def test_scores_do_not_depend_on_the_family_of_others():
    demand = _noise(rows=6)
    assert np.allclose(
        _expected(demand, 12, np.arange(6)).score,
        _expected(demand[::-1], 12, np.arange(6)).score[::-1],
    )


def test_short_and_empty_series_say_nothing():
    demand = np.array([[np.nan] * 8, [5, 900, 4, 6] + [np.nan] * 4])
    assert (_expected(demand, 12, np.zeros(2)).score == 0).all()


def test_local_level_is_a_median():
    values = np.array([[1.0, 1, 1, 50, 1, 1, 1, 9, 9, 9, 9, 9, 9]])
    level = local_level(values, 5)
    assert level[0, 3] == 1 and level[0, 10] == 9


@pytest.mark.parametrize("scale", [0.001, 1000.0])
def test_tonnes_and_grams_find_the_same_outlier(scale):
    demand = np.array([[20.5, 21, 19, 20, 22, 180, 20, 21, 19, 18.5, 20, 21]]) * scale
    score = _expected(demand, 1, np.zeros(1)).score
    assert score.argmax() == 5 and score[0, 5] > 6


def test_runs_are_counted_by_side():
    score = np.array([[0, 5, 6, -5, 0, 7, 7, 7]], dtype=float)
    assert run(score, 4).tolist() == [[0, 2, 2, 1, 0, 3, 3, 3]]
