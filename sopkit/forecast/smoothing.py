"""Exponential smoothing of a whole panel under a whole grid of parameters, in one recursion.

States are arrays (series, parameter set); each bucket costs a few array operations, however many
series there are. Instead of one optimiser per series, every parameter set of the grid is tried and
weighted by its likelihood.
"""

from dataclasses import dataclass

import numpy as np

from sopkit.forecast.arrays import grid, left, line, over, starts, trust_in_slope
from sopkit.forecast.seasonal import along, places

ALPHAS = (0.03, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 0.95)


@dataclass(frozen=True)
class States:
    """Where a recursion ended: level and trend (series, parameter set), season (season, series,
    parameter set) in the order of the coming buckets or None, squared one-step errors summed, and
    buckets counted, (series,).
    """

    level: np.ndarray
    trend: np.ndarray
    season: np.ndarray | None
    squares: np.ndarray
    count: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """Weight of each parameter set by its likelihood, (series, parameter set)."""
        return likelihood_weights(self.squares, self.count)

    def expected(self, what) -> np.ndarray:
        """The mean over the parameter sets by their weights, (series,)."""
        return np.sum(self.weights * what, axis=1)


def recursion(
    values, alpha, level, trend=0.0, beta=0.0, phi=1.0, gamma=0.0, season=None, multiplicative=False
) -> States:
    """Final states of additive-trend smoothing (series, parameter set), in the error-correction
    form.

    ``values`` is (series, bucket), right-aligned; alpha, beta, phi, gamma are one value per
    parameter set, or one for all (beta is the share of the level's correction that the trend takes,
    phi damps the trend); level and trend are the states before each series' first bucket; season
    (series, m) the seasonal states, its last column one bucket before the end's next. An unknown
    bucket corrects nothing. Hyndman, Koehler, Ord & Snyder (2008), Forecasting with Exponential
    Smoothing, table 2.2.

    >>> states = recursion(np.array([[10.0, 12.0]]), np.array([0.5]), np.array([10.0]))
    >>> float(states.level[0, 0])
    11.0
    """
    begin, (count, width), size = starts(values), values.shape, len(alpha)
    # By their start, so that the series that have started stand together at every bucket.
    order = np.argsort(begin, kind="stable")
    rows, started = values[order], np.searchsorted(begin[order], np.arange(width), side="right")
    levels, trends = (
        np.repeat(np.broadcast_to(state, count)[order, None], size, axis=1)
        for state in (level, trend)
    )
    squares = np.zeros((count, size))
    wheel = None if season is None else np.repeat(season[order].T[:, :, None], size, axis=2)
    turn = places(-width, 0, 1 if season is None else len(wheel))
    moving = np.any(beta) or np.any(trends)
    holes = (np.isnan(values).sum(axis=1) > begin).any()
    for column, k in enumerate(started):
        level, trend = levels[:k], trends[:k]
        if moving:
            trend *= phi
            level += trend
        expected = level
        if season is not None:
            place = wheel[turn[column] % len(wheel), :k]
            expected = level * place if multiplicative else level + place
        error = rows[:k, column, None] - expected
        if holes:
            error[np.isnan(error)] = 0.0
        squares[:k] += error**2
        if season is not None:
            turned = gamma * error
            if multiplicative:
                turned /= np.where(level == 0, 1.0, level)
                error /= np.where(place == 0, 1.0, place)
            place += turned
        error *= alpha
        level += error
        if moving:
            error *= beta
            trend += error
    back = np.argsort(order, kind="stable")
    wheel = None if season is None else wheel[:, back]
    return States(levels[back], trends[back], wheel, squares[back], width - begin)


def likelihood_weights(squares: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Weight of each parameter set from its squared errors (Akaike weights), rows sum to 1.

    Burnham & Anderson (2002), Model Selection and Multimodel Inference, 2.9.

    >>> likelihood_weights(np.array([[1.0, 1.0]]), np.array([5])).tolist()
    [[0.5, 0.5]]
    """
    count = np.maximum(count, 1)[:, None]
    floor = np.maximum(
        squares.min(axis=1, keepdims=True), 1e-12 * squares.max(axis=1, keepdims=True)
    )
    weights = np.maximum(over(squares, floor), 1) ** (-0.5 * count)
    return weights / weights.sum(axis=1, keepdims=True)


def damping(phi: np.ndarray, horizon: int) -> np.ndarray:
    """Sum of phi, phi², … up to each bucket ahead, (parameter set, horizon): how far a damped trend
    reaches.

    >>> damping(np.array([0.5]), 3).tolist()
    [[0.5, 0.75, 0.875]]
    """
    return np.cumsum(phi[:, None] ** np.arange(1, horizon + 1), axis=1)


def initial_states(values: np.ndarray, flat: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Level and trend before each series' first bucket, from a line (or the mean) through its first
    ten known values.
    """
    mean, slope, centre = line(left(values, min(10, values.shape[1])))
    slope = slope * trust_in_slope(values)
    return (mean, 0 * mean) if flat else (mean - slope * (centre + 1), slope)


def smooth(
    values: np.ndarray,
    horizon: int,
    alpha=ALPHAS,
    beta=0.0,
    phi=1.0,
    gamma=0.0,
    season=None,
    multiplicative: bool = False,
) -> np.ndarray:
    """Likelihood-weighted smoothing forecasts (series, horizon), in the values' units.

    alpha, beta, phi and gamma are one value each, or the values that the grid tries; a beta of 0 is
    simple smoothing (level only). ``season`` (series, season) holds the seasonal indices that start
    the states, factors if ``multiplicative``, in the order of the coming buckets; without it the
    values have no season. Holt (1957), IJF 20 (2004); Winters (1960), Management Science 6; in the
    form of Hyndman et al. (2008), table 2.2.

    >>> smooth(np.full((1, 8), 5.0), 2).tolist()
    [[5.0, 5.0]]
    >>> values, season = np.tile([3.0, 1.0], 6)[None], np.array([[1.0, -1.0]])
    >>> smooth(values, 2, 0.2, 0.05, 0.9, 0.1, season).round(6).tolist()
    [[3.0, 1.0]]
    """
    alpha, beta, phi, gamma = grid(alpha, beta, phi, gamma)
    adjusted = values
    if season is not None:
        past = along(season, -values.shape[1], 0)
        adjusted = values / np.where(past == 0, 1, past) if multiplicative else values - past
    start = initial_states(adjusted, flat=not beta.any())
    states = recursion(
        values, alpha, *start, beta, phi, gamma * (1 - alpha), season, multiplicative
    )
    ahead = states.level[:, :, None] + states.trend[:, :, None] * damping(phi, horizon)
    if season is not None:
        coming = along(np.moveaxis(states.season, 0, 1), 0, horizon).transpose(0, 2, 1)
        ahead = ahead * coming if multiplicative else ahead + coming
    return np.einsum("sg,sgh->sh", states.weights, ahead)


def smooth_from_first(values, alpha) -> States:
    """Where simple smoothing ends that starts at each series' first known value."""
    return recursion(values, *grid(alpha), left(values, 1)[:, 0])
