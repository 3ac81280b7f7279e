"""Autoregressions of a whole panel, solved together."""

import numpy as np


def autoregression(
    values: np.ndarray, horizon: int, lags=(1, 2, 3), ridge: float = 0.1
) -> np.ndarray:
    """Forecasts (series, horizon) of moves: each bucket's move is regressed on the earlier moves at
    ``lags``, drawn to 0 by ``ridge``.

    ``values`` (series, bucket) have no season. The moves' mean is 0, so the forecast levels out.
    Least squares with a ridge of ``ridge`` times each series' own variance; Hoerl & Kennard (1970),
    Technometrics 12. Too short series repeat their last value.

    >>> autoregression(np.array([[5.0] * 10]), 2).tolist()
    [[5.0, 5.0]]
    """
    moves = np.diff(values, axis=1)
    longest = max(lags)
    if moves.shape[1] <= longest + 1:
        return np.repeat(values[:, -1:], horizon, axis=1)
    target = moves[:, longest:]
    past = np.stack([moves[:, longest - lag : moves.shape[1] - lag] for lag in lags], axis=2)
    used = ~(np.isnan(target) | np.isnan(past).any(axis=2))
    target, past = np.where(used, target, 0), np.where(used[:, :, None], past, 0)
    cross = np.einsum("sta,stb->sab", past, past)
    size = np.einsum("saa->s", cross) / len(lags)
    number = used.sum(axis=1)
    damp = ridge * size * (1 + 10 / np.maximum(number, 1)) + np.where(size > 0, 0, 1.0)
    slopes = np.linalg.solve(
        cross + damp[:, None, None] * np.eye(len(lags)),
        np.einsum("sta,st->sa", past, target)[:, :, None],
    )[:, :, 0]
    return _roll(values, moves, slopes, lags, horizon)


def _roll(values, moves, slopes, lags, horizon):
    """The recursion ahead: each new move from the moves before it, known or forecast."""
    track = np.concatenate(
        [np.nan_to_num(moves[:, -max(lags) :]), np.zeros((len(values), horizon))], axis=1
    )
    for step in range(max(lags), max(lags) + horizon):
        track[:, step] = sum(
            slopes[:, place] * track[:, step - lag] for place, lag in enumerate(lags)
        )
    return values[:, -1:] + np.cumsum(track[:, max(lags) :], axis=1)
