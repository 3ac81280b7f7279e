"""Level shifts: where a series moved to another level and stayed, its past is brought to the new
level.
"""

import numpy as np

from sopkit.forecast.arrays import row_median

LEAST_RATIO, LEAST_BLOCK, LIMIT = 1.6, 3, 4.0


def level_shifts(
    values: np.ndarray, season: int, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Column where the clearest level shift of each of ``rows`` begins (−1: none) and its factor,
    (series,) each.

    Compared is log demand with the same bucket a season before, so that the season does not matter.
    A shift is a run of at least 3 buckets, up to a season, that lies more than 4 robust deviations
    and a factor of 1.6 off the rest, begins abruptly, and holds on to the end of its season or of
    the history. Series at or below zero have none.

    >>> level_shifts(np.array([[10.0, 11.0] * 9 + [50.0, 55.0] * 3]), 2, np.array([True]))[0].tolist()
    [18]
    """
    count, width = values.shape
    at, factor = np.full(count, -1), np.ones(count)
    sound = np.flatnonzero(
        rows
        & ~(values <= 0).any(axis=1)
        & ((~np.isnan(values)).sum(axis=1) >= max(2 * season, season + 8))
    )
    if not len(sound):
        return at, factor
    logs = np.log(values[sound])
    change = np.full_like(logs, np.nan)
    change[:, season:] = logs[:, season:] - logs[:, :-season]
    begin, size = _clearest(change, logs, season)
    found = begin >= 0
    at[sound[found]], factor[sound[found]] = begin[found], np.exp(size[found])
    return at, factor


def rescaled(values: np.ndarray, at: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """The values with everything before each series' shift multiplied by its factor.

    >>> rescaled(np.array([[1.0, 1.0, 5.0]]), np.array([2]), np.array([5.0])).tolist()
    [[5.0, 5.0, 5.0]]
    """
    return np.where(np.arange(values.shape[1]) < at[:, None], values * factor[:, None], values)


def _clearest(change, logs, season):
    """The begin and size (log) of each row's clearest shift, −1 where none is clear."""
    count, width = change.shape
    best, begin, size = np.full(count, LIMIT), np.full(count, -1), np.zeros(count)
    usual = 1.4826 * row_median(np.abs(np.diff(logs, axis=1)))
    known = ~np.isnan(change)
    total, squares = (
        np.cumsum(np.pad(np.where(known, part, 0), ((0, 0), (1, 0))), axis=1)
        for part in (change, change**2)
    )
    number = np.cumsum(np.pad(known, ((0, 0), (1, 0))), axis=1)
    for start in range(season + 1, width - LEAST_BLOCK + 1):
        end = min(start + season, width)
        inner = number[:, end] - number[:, start]
        outer = number[:, -1] - inner
        mean_in = (total[:, end] - total[:, start]) / np.maximum(inner, 1)
        mean_out = (total[:, -1] - total[:, end] + total[:, start]) / np.maximum(outer, 1)
        within = squares[:, -1] - inner * mean_in**2 - outer * mean_out**2
        spread = np.sqrt(np.maximum(within, 0) / np.maximum(number[:, -1] - 2, 1)) + 0.02
        shift = mean_in - mean_out
        lasting = np.abs(change[:, start:end] - mean_out[:, None]) > 0.5 * np.abs(shift)[:, None]
        jump = (change[:, start] - change[:, start - 1]) * np.sign(shift)
        score = np.abs(shift) / spread
        clear = (
            (score > best)
            & (inner == end - start)
            & (outer >= 3)
            & (np.abs(shift) > np.log(LEAST_RATIO))
            & lasting.all(axis=1)
        )
        clear &= (jump > 0.6 * np.abs(shift)) & (np.abs(shift) > 2 * usual)
        best, begin, size = (
            np.where(clear, score, best),
            np.where(clear, start, begin),
            np.where(clear, shift, size),
        )
    return begin, size
