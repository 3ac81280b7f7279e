"""The reference methods that every other method must beat."""

import numpy as np


def mean(values: np.ndarray, horizon: int) -> np.ndarray:
    """The mean of each series' known values, repeated, (series, horizon).

    >>> mean(np.array([[np.nan, 1.0, 3.0]]), 1).tolist()
    [[2.0]]
    """
    known = ~np.isnan(values)
    average = np.where(known, values, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.repeat(average[:, None], horizon, axis=1)


def seasonal_naive(values: np.ndarray, horizon: int, season: int) -> np.ndarray:
    """The last season repeated, (series, horizon); the last value where a series is shorter than a
    season.

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
