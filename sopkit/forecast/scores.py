"""Scales of the relative error measures."""

import numpy as np


def naive_scales(values: np.ndarray, season: int) -> tuple[np.ndarray, np.ndarray]:
    """In-sample scales of MASE (mean |A[t] − A[t−m]|) and RMSSE (mean (A[t] − A[t−1])²), (series,);
    NaN where 0 or unknown.

    Hyndman & Koehler (2006), Another look at measures of forecast accuracy, IJF 22.

    >>> [scale.tolist() for scale in naive_scales(np.array([[1.0, 2.0, 4.0]]), 2)]
    [[3.0], [2.5]]
    """
    lag = season if values.shape[1] > season else 1
    return _mean(np.abs(values[:, lag:] - values[:, :-lag])), _mean(np.diff(values, axis=1) ** 2)


def _mean(moves):
    known = ~np.isnan(moves)
    mean = np.where(known, moves, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.where(mean > 0, mean, np.nan)
