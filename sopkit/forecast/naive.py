"""The reference methods that every other method must beat."""

import numpy as np


def seasonal_naive(values: np.ndarray, horizon: int, season: int) -> np.ndarray:
    """The last season repeated, (series, horizon); the last value where a series is shorter than a season.

    Hyndman & Athanasopoulos (2021), Forecasting: Principles and Practice, 5.2.

    >>> seasonal_naive(np.array([[1.0, 2.0, 3.0, 4.0]]), 3, season=2).tolist()
    [[3.0, 4.0, 3.0]]
    """
    last = values[:, -1:]
    if values.shape[1] < season:
        return np.repeat(last, horizon, axis=1)
    tail = values[:, -season:]
    tail = np.where(np.isnan(tail).any(axis=1, keepdims=True), last, tail)
    return tail[:, np.arange(horizon) % season]
