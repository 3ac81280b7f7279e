"""Holt–Winters: smoothing whose season is a state of its own and may change, for a whole panel and
a grid of parameters.
"""

import numpy as np

from sopkit.forecast.arrays import grid
from sopkit.forecast.seasonal import past_indices
from sopkit.forecast.smoothing import damping, initial_states, likelihood_weights, recursion

GRID = {
    "alpha": (0.05, 0.2, 0.4, 0.7),
    "beta": (0.05,),
    "phi": (0.9, 0.97),
    "gamma": (0.0, 0.1, 0.3),
}


def winters(
    values,
    index,
    horizon: int,
    *,
    multiplicative=False,
    alpha=GRID["alpha"],
    beta=GRID["beta"],
    phi=GRID["phi"],
    gamma=GRID["gamma"],
) -> np.ndarray:
    """Forecasts (series, horizon) of damped-trend smoothing with an additive or multiplicative
    season, weighted by likelihood.

    ``index`` (series, season) holds the seasonal indices that start the states, factors if
    ``multiplicative``, in the order of the coming buckets. Holt (1957), IJF 20 (2004); Winters
    (1960), Management Science 6; in the form of Hyndman et al. (2008), table 2.2.

    >>> winters(np.tile([3.0, 1.0], 6)[None], np.array([[1.0, -1.0]]), 2).round(6).tolist()
    [[3.0, 1.0]]
    """
    season = index.shape[1]
    alpha, beta, phi, gamma = grid(alpha, beta, phi, gamma)
    along = past_indices(index, values.shape[1])
    adjusted = values / np.where(along == 0, 1, along) if multiplicative else values - along
    level, trend = initial_states(adjusted, flat=not beta.any())
    states = recursion(
        values,
        alpha,
        beta,
        phi,
        level,
        trend,
        gamma=gamma * (1 - alpha),
        season=index,
        multiplicative=multiplicative,
    )
    weights = likelihood_weights(states.squares, states.count)
    ahead = states.level[:, :, None] + states.trend[:, :, None] * damping(phi, horizon)
    wheel = states.season[np.arange(horizon) % season].transpose(1, 2, 0)
    return np.einsum("sg,sgh->sh", weights, ahead * wheel if multiplicative else ahead + wheel)
