"""Demand classes."""

import numpy as np
import pytest

from sopkit.forecast.prepare import alive, classify, rates
from tests.forecast.series import seasonal

STEPS = np.arange(60)
KINDS = {
    "smooth": seasonal(60),
    "erratic": np.random.default_rng(0).lognormal(3, 1.2, 60),
    "intermittent": np.where(STEPS % 3 == 0, 5.0, 0),
    "lumpy": np.where(STEPS % 3 == 0, np.random.default_rng(0).lognormal(3, 1.2, 60), 0),
    "new": np.where(STEPS < 52, np.nan, 5.0),
    "dying": np.where(STEPS < 55, seasonal(60), 0),
    "dead": np.where(STEPS < 45, seasonal(60), 0),
}


def classes(values):
    return classify(values, 12, alive(values, 12, rates(values, 12))).tolist()


@pytest.mark.parametrize("kind", list(KINDS))
def test_each_class(kind):
    assert classes(KINDS[kind][None]) == [kind]


def test_boundaries_follow_syntetos_and_boylan():
    """ADI 1.32 and CV² 0.49: sizes a ± 0.69a lie just below, a ± 0.71a just above."""
    sizes = np.array([[1.69, 0.31] * 30, [1.71, 0.29] * 30])
    assert classes(sizes) == ["smooth", "erratic"]
