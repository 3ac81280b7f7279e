"""The Theta method for a whole panel."""

import numpy as np

from sopkit.forecast.arrays import counts, left, line, trust_in_slope
from sopkit.forecast.smoothing import ALPHAS, likelihood_weights, recursion


def theta(values: np.ndarray, horizon: int, alpha=ALPHAS, full_slope: bool = False) -> np.ndarray:
    """Theta forecasts (series, horizon) of series without season: simple smoothing with half the
    slope of the trend line as drift.

    Assimakopoulos & Nikolopoulos (2000), IJF 16, in the form of Hyndman & Billah (2003), Unmasking
    the Theta method, IJF 19: level + slope/2 · (h − 1 + (1 − (1 − α)ⁿ)/α). Unless ``full_slope``, a
    short history's slope is drawn toward 0.

    >>> theta(np.arange(1.0, 9.0)[None], 1, alpha=0.95, full_slope=True).round(3).tolist()
    [[8.474]]
    """
    alpha = np.atleast_1d(np.asarray(alpha, dtype=float))
    first = left(values, 1)[:, 0]
    states = recursion(values, alpha, 0 * alpha, 0 * alpha + 1, first, 0 * first)
    weights = likelihood_weights(states.squares, states.count)
    slope = line(values)[1] * (1.0 if full_slope else trust_in_slope(counts(values)))
    reach = np.sum(weights * (1 - (1 - alpha) ** counts(values)[:, None]) / alpha, axis=1)
    level = np.sum(weights * states.level, axis=1)
    return level[:, None] + 0.5 * slope[:, None] * (np.arange(horizon) + reach[:, None])
