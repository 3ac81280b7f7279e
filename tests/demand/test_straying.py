import numpy as np

from sopkit.demand.straying import common, run


def test_runs_are_counted_by_side():
    score = np.array([[0, 5, 6, -5, 0, 7, 7, 7]], dtype=float)
    assert run(score, 4).tolist() == [[0, 2, 2, 1, 0, 3, 3, 3]]


def test_common_is_a_share_of_the_living_and_at_least_three():
    score = np.zeros((10, 3))
    score[:3, 0], score[:2, 1], score[:5, 2] = 9, 9, [9, 9, -9, -9, 0]
    live = np.ones(score.shape, dtype=bool)
    assert common(score, live).sum(axis=0).tolist() == [3, 0, 0]
