"""Methods for demand with many zeros, for a whole panel at once."""

import numpy as np

from sopkit.forecast.arrays import flat, over, row_mean, starts
from sopkit.forecast.smoothing import recursion, smooth_from_first


def croston(values: np.ndarray, horizon: int, alpha: float = 0.1) -> np.ndarray:
    """Croston's flat forecast (series, horizon), units per bucket: smoothed size over smoothed
    interval.

    Size starts at the first demand, interval at the mean interval. Croston (1972), ORQ 23.

    >>> croston(np.array([[0.0, 0.0, 6.0, 0.0, 0.0, 6.0]]), 1).round(6).tolist()
    [[2.0]]
    """
    demand, columns = values > 0, np.arange(values.shape[1])
    seen = np.cumsum(demand, axis=1)
    last = np.maximum.accumulate(np.where(demand, columns, -1), axis=1)
    waited = np.where(demand & (seen > 1), np.diff(last, axis=1, prepend=-1), np.nan)
    usual = (last[:, -1] + 1 - starts(values)) / np.maximum(seen[:, -1], 1)
    size = smooth_from_first(np.where(demand, values, np.nan), alpha).level[:, 0]
    interval = _smoothed(waited, alpha, usual)
    rate = np.where(seen[:, -1] > 0, over(size, interval), 0.0)
    return flat(rate, horizon)


def sba(values: np.ndarray, horizon: int, alpha: float = 0.1) -> np.ndarray:
    """Croston's forecast with the correction 1 − α/2 of Syntetos & Boylan (2005), IJF 21.

    >>> sba(np.array([[0.0, 0.0, 6.0, 0.0, 0.0, 6.0]]), 1).round(6).tolist()
    [[1.9]]
    """
    return (1 - alpha / 2) * croston(values, horizon, alpha)


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
