"""Small helpers on right-aligned arrays (series, bucket) whose first known value marks a series'
start.
"""

import numpy as np


def starts(values) -> np.ndarray:
    """Column of each series' first known value; the number of columns where nothing is known.

    >>> starts(np.array([[np.nan, 3.0], [np.nan, np.nan]])).tolist()
    [1, 2]
    """
    known = ~np.isnan(values)
    return np.where(known.any(axis=1), known.argmax(axis=1), values.shape[1])


def counts(values) -> np.ndarray:
    """Buckets from each series' first known value to its end."""
    return values.shape[1] - starts(values)


def left(values: np.ndarray, width: int) -> np.ndarray:
    """The first ``width`` values of each series, left-aligned; NaN beyond its end."""
    columns = starts(values)[:, None] + np.arange(width)
    inside = columns < values.shape[1]
    picked = np.take_along_axis(values, np.minimum(columns, values.shape[1] - 1), axis=1)
    return np.where(inside, picked, np.nan)


def line(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Least-squares line through each row's known values: its mean, slope per column, and mean
    column.

    >>> mean, slope, centre = line(np.array([[1.0, 2.0, 3.0]]))
    >>> float(mean[0]), float(slope[0]), float(centre[0])
    (2.0, 1.0, 1.0)
    """
    columns = np.where(np.isnan(values), np.nan, np.arange(values.shape[1]))
    mean, centre = row_mean(values), row_mean(columns)
    distance = columns - centre[:, None]
    moved = np.nansum(distance * values, axis=1)
    return mean, over(moved, np.nansum(distance**2, axis=1)), centre


def trust_in_slope(values: np.ndarray) -> np.ndarray:
    """How far each series' slope is trusted, 0–1: by its length alone (half at ten buckets, so that
    two points make no trend), and the rest of the way, from six buckets on, by how far its line
    rises beyond the drift that a random walk of such moves shows by chance.

    >>> steady, unsteady = np.arange(10.0), np.array([0.0, 2.0] * 5)
    >>> trust_in_slope(np.stack([steady, unsteady, [*[np.nan] * 8, 1.0, 2.0]])).round(2).tolist()
    [1.0, 0.5, 0.04]
    """
    count, moves = counts(values), np.diff(values, axis=1)
    drift = line(values)[1] ** 2 * np.maximum(count - 1, 1)
    chance = row_mean((moves - row_mean(moves)[:, None]) ** 2)
    by_length = count**2 / (count**2 + 100.0)
    return by_length + (1 - by_length) * (count >= 6) * over(drift, drift + 4 * chance)


def grid(*axes) -> tuple[np.ndarray, ...]:
    """Every combination of the axes' values, one flat array per axis.

    >>> [axis.tolist() for axis in grid([1, 2], [5, 6])]
    [[1.0, 1.0, 2.0, 2.0], [5.0, 6.0, 5.0, 6.0]]
    """
    combined = np.meshgrid(*axes, indexing="ij")
    return tuple(axis.ravel().astype(float) for axis in combined)


def flat(level: np.ndarray, horizon: int) -> np.ndarray:
    """The level of each series repeated over the horizon, (series, horizon)."""
    return np.repeat(level[:, None], horizon, axis=1)


def row_mean(values: np.ndarray) -> np.ndarray:
    """Mean of each row's known values (along the last axis); 0 where a row has none.

    >>> row_mean(np.array([[3.0, np.nan, 1.0], [np.nan, np.nan, np.nan]])).tolist()
    [2.0, 0.0]
    """
    return np.nansum(values, axis=-1) / np.maximum((~np.isnan(values)).sum(axis=-1), 1)


def over(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """``part`` ÷ ``whole``; ``part`` itself where the whole is not above 0.

    >>> over(np.array([6.0, 6.0]), np.array([2.0, 0.0])).tolist()
    [3.0, 6.0]
    """
    return part / np.where(whole > 0, whole, 1)


def demand_interval(values: np.ndarray) -> np.ndarray:
    """Average demand interval (ADI): known buckets for each that had demand, (series,); all of them
    where none had.

    >>> demand_interval(np.array([[0.0, 2.0, 0.0, 4.0]])).tolist()
    [2.0]
    """
    return over((~np.isnan(values)).sum(axis=1), (values > 0).sum(axis=1))


def row_median(values: np.ndarray) -> np.ndarray:
    """Median of each row's known values; NaN where a row has none.

    >>> row_median(np.array([[3.0, np.nan, 1.0]])).tolist()
    [2.0]
    """
    number = (~np.isnan(values)).sum(axis=1)
    middle = np.stack([(number - 1) // 2, number // 2], axis=1)  # unknown values are sorted last
    return np.take_along_axis(np.sort(values, axis=1), middle, axis=1).mean(axis=1)
