"""Methods for demand with many zeros, for a whole panel at once."""

import numpy as np

from sopkit.forecast.arrays import flat, row_mean
from sopkit.forecast.smoothing import recursion


def tsb(values: np.ndarray, horizon: int, alpha: float = 0.1, beta: float = 0.05) -> np.ndarray:
    """Flat forecast (series, horizon): smoothed demand probability (by beta, every bucket) times
    smoothed size (by alpha).

    It fades towards 0 while nothing sells. Teunter, Syntetos & Babai (2011), EJOR 214.

    >>> tsb(np.array([[4.0, 0.0]]), 1, beta=0.1).round(6).tolist()
    [[1.98]]
    """
    sizes = np.where(values > 0, values, np.nan)
    sold = np.where(np.isnan(values), np.nan, values > 0)
    chance = _smoothed(sold, beta, row_mean(sold))
    return flat(chance * _smoothed(sizes, alpha, row_mean(sizes)), horizon)


def _smoothed(values, alpha, first):
    """Simple smoothing of the known values from ``first`` on, (series,)."""
    return recursion(values, np.array([alpha]), first).level[:, 0]
