"""Exponential smoothing of a whole panel under a whole grid of parameters, in one recursion.

States are arrays (series, parameter set); each bucket costs a few array operations, however many
series there are. Instead of one optimiser per series, every parameter set of the grid is tried and
weighted by its likelihood.
"""

from dataclasses import dataclass

import numpy as np

from sopkit.forecast.arrays import grid, left, line, over, starts, trust_in_slope

ALPHAS = (0.03, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 0.95)


@dataclass(frozen=True)
class States:
    """Where a recursion ended: level and trend (series, parameter set), season (season, series,
    parameter set) in the order of the coming buckets or None, squared one-step errors summed,
    buckets counted, and the fitted values if kept.
    """

    level: np.ndarray
    trend: np.ndarray
    season: np.ndarray | None
    squares: np.ndarray
    count: np.ndarray
    fitted: np.ndarray | None = None


def recursion(
    values,
    alpha,
    beta,
    phi,
    level,
    trend,
    *,
    gamma=None,
    season=None,
    multiplicative=False,
    keep=False,
) -> States:
    """Final states of additive-trend smoothing (series, parameter set), in the error-correction
    form.

    ``values`` is (series, bucket), right-aligned; alpha, beta, phi, gamma are one value per
    parameter set (beta is the share of the level's correction that the trend takes, phi damps the
    trend); level and trend are the states before each series' first bucket; season (series, m) the
    seasonal states, its last column one bucket before the end's next. Hyndman, Koehler, Ord &
    Snyder (2008), Forecasting with Exponential Smoothing, table 2.2.

    >>> alpha, beta, phi, level, trend = np.array([[0.5], [0.0], [1.0], [10.0], [0.0]])
    >>> states = recursion(np.array([[10.0, 12.0]]), alpha, beta, phi, level, trend)
    >>> float(states.level[0, 0])
    11.0
    """
    begin = starts(values)
    order = np.argsort(begin, kind="stable")
    rows, size, width = values[order], len(alpha), values.shape[1]
    level, trend = (
        np.repeat(np.asarray(state, dtype=float)[order][:, None], size, axis=1)
        for state in (level, trend)
    )
    squares, room = np.zeros_like(level), (np.empty_like(level), np.empty_like(level))
    wheel = None if season is None else np.repeat(season[order].T[:, :, None], size, axis=2)
    fitted = np.full((*level.shape, width), np.nan) if keep else None
    started = np.searchsorted(begin[order], np.arange(width), side="right")
    moving = bool(np.any(beta != 0) or np.any(trend != 0))
    holes = bool((np.isnan(rows) & (np.arange(width) >= begin[order][:, None])).any())
    for column in np.flatnonzero(started):
        k = started[column]
        state = level[:k], trend[:k], squares[:k], room[0][:k], room[1][:k]
        if moving:
            state[1][...] *= phi
            state[0][...] += state[1]
        now = None if wheel is None else wheel[(column - width) % len(wheel), :k]
        if keep:
            fitted[:k, :, column] = (
                state[0] if now is None else state[0] * now if multiplicative else state[0] + now
            )
        _correct(
            rows[:k, column, None],
            *state,
            now,
            alpha,
            beta if moving else None,
            gamma,
            multiplicative,
            holes,
        )
    back = np.argsort(order, kind="stable")
    return States(
        level[back],
        trend[back],
        None if wheel is None else wheel[:, back],
        squares[back],
        width - begin,
        fitted if fitted is None else fitted[back],
    )


def _correct(
    actual, level, trend, squares, error, spare, season, alpha, beta, gamma, multiplicative, holes
):
    """One bucket's correction of the states by its error, in place and without new arrays where
    speed needs it.
    """
    if season is None:
        np.subtract(actual, level, out=error)
    elif multiplicative:
        np.subtract(actual, np.multiply(level, season, out=error), out=error)
    else:
        np.subtract(actual, np.add(level, season, out=error), out=error)
    if holes:
        error[np.isnan(error)] = 0.0
    squares += np.multiply(error, error, out=spare)
    if season is not None:
        np.multiply(error, gamma, out=spare)
        if multiplicative:
            spare /= np.where(level == 0, 1.0, level)
            error /= np.where(season == 0, 1.0, season)
        season += spare
    error *= alpha
    level += error
    if beta is not None:
        error *= beta
        trend += error


def likelihood_weights(squares: np.ndarray, count: np.ndarray, penalty=0.0) -> np.ndarray:
    """Weight of each parameter set from its squared errors (Akaike weights), rows sum to 1.

    Burnham & Anderson (2002), Model Selection and Multimodel Inference, 2.9.

    >>> likelihood_weights(np.array([[1.0, 1.0]]), np.array([5])).tolist()
    [[0.5, 0.5]]
    """
    count = np.maximum(count, 1)[:, None]
    floor = np.maximum(
        squares.min(axis=1, keepdims=True), 1e-12 * squares.max(axis=1, keepdims=True)
    )
    cost = count * np.log(np.where(floor > 0, over(np.maximum(squares, floor), floor), 1)) + penalty
    weights = np.exp(-0.5 * (cost - cost.min(axis=1, keepdims=True)))
    return weights / weights.sum(axis=1, keepdims=True)


def damping(phi: np.ndarray, horizon: int) -> np.ndarray:
    """Sum of phi, phi², … up to each bucket ahead, (parameter set, horizon): how far a damped trend
    reaches.

    >>> damping(np.array([0.5]), 3).tolist()
    [[0.5, 0.75, 0.875]]
    """
    return np.cumsum(np.asarray(phi, dtype=float)[:, None] ** np.arange(1, horizon + 1), axis=1)


def initial_states(values: np.ndarray, flat: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Level and trend before each series' first bucket, from a line (or the mean) through its first
    ten known values.
    """
    mean, slope, centre = line(left(values, min(10, values.shape[1])))
    slope = slope * trust_in_slope(values.shape[1] - starts(values))
    return (mean, 0 * mean) if flat else (mean - slope * (centre + 1), slope)


def smooth(values: np.ndarray, horizon: int, alpha=ALPHAS, beta=0.0, phi=1.0) -> np.ndarray:
    """Likelihood-weighted smoothing forecasts (series, horizon) of series without season, in the
    values' units.

    alpha, beta and phi are one value each, or the values that the grid tries; a beta of 0 is simple
    smoothing (level only).

    >>> smooth(np.full((1, 8), 5.0), 2).tolist()
    [[5.0, 5.0]]
    """
    alpha, beta, phi = grid(alpha, beta, phi)
    states = recursion(values, alpha, beta, phi, *initial_states(values, flat=not np.any(beta)))
    weights = likelihood_weights(states.squares, states.count)
    return np.sum(weights * states.level, axis=1)[:, None] + np.einsum(
        "sg,gh->sh", weights * states.trend, damping(phi, horizon)
    )
