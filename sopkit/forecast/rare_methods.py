"""Methods for demand with many zeros, for a whole panel at once."""

import numpy as np

from sopkit.forecast.arrays import left, over, row_mean, starts
from sopkit.forecast.smoothing import likelihood_weights, recursion

ALPHAS = (0.1, 0.15, 0.2, 0.25, 0.3)


def croston(
    values: np.ndarray, horizon: int, alpha: float = 0.1, correction: float = 1.0
) -> np.ndarray:
    """Croston's flat forecast (series, horizon), units per bucket: smoothed size over smoothed
    interval.

    Size starts at the first demand, interval at the mean interval. Croston (1972), ORQ 23; the
    correction 1 − α/2 is Syntetos & Boylan (2005), IJF 21 (see ``sba``).

    >>> croston(np.array([[0.0, 0.0, 6.0, 0.0, 0.0, 6.0]]), 1).round(6).tolist()
    [[2.0]]
    """
    size, interval = _croston_states(values, alpha)
    rate = np.where(interval > 0, over(correction * size, interval), 0.0)
    return np.repeat(rate[:, None], horizon, axis=1)


def sba(values: np.ndarray, horizon: int, alpha: float = 0.1) -> np.ndarray:
    """Croston's forecast with the Syntetos–Boylan correction 1 − α/2.

    >>> sba(np.array([[0.0, 0.0, 6.0, 0.0, 0.0, 6.0]]), 1).round(6).tolist()
    [[1.9]]
    """
    return croston(values, horizon, alpha, 1 - alpha / 2)


def _croston_states(values, alpha):
    demand = values > 0
    seen = np.cumsum(demand, axis=1)
    span = np.where(demand, np.arange(values.shape[1])[None] + 1, 0).max(axis=1) - starts(values)
    interval = span / np.maximum(seen[:, -1], 1)
    size = np.take_along_axis(values, demand.argmax(axis=1)[:, None], axis=1)[:, 0]
    size, interval = np.where(demand.any(axis=1), (size, interval), 0.0)
    waited = np.ones(len(values))
    for column in range(values.shape[1]):
        now, later = demand[:, column], demand[:, column] & (seen[:, column] > 1)
        size = np.where(later, size + alpha * (values[:, column] - size), size)
        interval = np.where(later, interval + alpha * (waited - interval), interval)
        waited = np.where(now, 1, waited + 1)
    return size, interval


def tsb(values: np.ndarray, horizon: int, alpha: float = 0.1, beta: float = 0.05) -> np.ndarray:
    """Flat forecast (series, horizon): smoothed demand probability (by beta, every bucket) times
    smoothed size (by alpha).

    It fades towards 0 while nothing sells. Teunter, Syntetos & Babai (2011), EJOR 214.

    >>> tsb(np.array([[4.0, 0.0]]), 1, beta=0.1).round(6).tolist()
    [[1.98]]
    """
    demand, known = values > 0, ~np.isnan(values)
    size = row_mean(np.where(demand, values, np.nan))
    chance = demand.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    for column in range(values.shape[1]):
        now = demand[:, column]
        chance = np.where(known[:, column], chance + beta * (now - chance), chance)
        size = np.where(now, size + alpha * (values[:, column] - size), size)
    return np.repeat((chance * size)[:, None], horizon, axis=1)


def smoothed_level(values: np.ndarray, alpha=ALPHAS) -> np.ndarray:
    """Simple smoothing from each series' first value, (series,), in its units; several alphas are
    weighted by likelihood.

    >>> smoothed_level(np.array([[4.0, 8.0]]), alpha=0.5).tolist()
    [6.0]
    """
    alpha = np.atleast_1d(np.asarray(alpha, dtype=float))
    first = left(values, 1)[:, 0]
    states = recursion(values, alpha, 0 * alpha, 0 * alpha + 1, first, 0 * first)
    return np.sum(likelihood_weights(states.squares, states.count) * states.level, axis=1)


def aggregate(values: np.ndarray, width: int) -> np.ndarray:
    """Sums of ``width`` consecutive buckets counted back from the end; incomplete ones at the start
    are NaN.

    >>> aggregate(np.array([[9.0, 1.0, 2.0, 3.0, 4.0]]), 2).tolist()
    [[3.0, 7.0]]
    """
    blocks = values.shape[1] // width
    return (
        values[:, values.shape[1] - blocks * width :]
        .reshape(len(values), blocks, width)
        .sum(axis=2)
    )


def aggregated_level(values: np.ndarray, width: int, alpha=ALPHAS) -> np.ndarray:
    """Smoothed mean per bucket (series,) from sums of ``width`` buckets; the plain mean where a
    series has no whole sum.
    """
    mean, sums = row_mean(values), aggregate(values, width)
    whole = sums.shape[1] > 0 and ~np.isnan(sums).all(axis=1)
    return np.where(whole, smoothed_level(sums, alpha) / width, mean) if sums.size else mean


def adida(values: np.ndarray, horizon: int, alpha=ALPHAS) -> np.ndarray:
    """Aggregate–disaggregate forecast (series, horizon): smooth the sums over each series' mean
    interval, spread them evenly.

    Nikolopoulos, Syntetos, Boylan, Petropoulos & Assimakopoulos (2011), JORS 62.

    >>> adida(np.tile([0.0, 6.0], 6)[None], 1).round(6).tolist()
    [[3.0]]
    """
    width = mean_interval(values)
    level = np.zeros(len(values))
    for step in np.unique(width):
        rows = width == step
        level[rows] = aggregated_level(values[rows], int(step), alpha)
    return np.repeat(level[:, None], horizon, axis=1)


def imapa(values: np.ndarray, horizon: int, alpha=ALPHAS) -> np.ndarray:
    """Mean of the aggregate forecasts over every width from 1 to the mean interval, (series,
    horizon).

    Petropoulos & Kourentzes (2015), Forecast combinations for intermittent demand, JORS 66.

    >>> imapa(np.tile([0.0, 6.0], 6)[None], 1, alpha=0.0).round(6).tolist()
    [[1.5]]
    """
    width = mean_interval(values)
    total = np.zeros(len(values))
    for step in range(1, int(width.max(initial=1)) + 1):
        rows = width >= step
        total[rows] += aggregated_level(values[rows], step, alpha)
    return np.repeat((total / width)[:, None], horizon, axis=1)


def mean_interval(values: np.ndarray, most: int = 24) -> np.ndarray:
    """Rounded mean interval between demands (series,), in buckets, from 1 to ``most``."""
    demand, known = (values > 0).sum(axis=1), (~np.isnan(values)).sum(axis=1)
    return np.clip(np.rint(known / np.maximum(demand, 1)), 1, most).astype(int)
