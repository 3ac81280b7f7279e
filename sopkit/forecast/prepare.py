"""Making a history fit to be forecast: silent starts cut, unknown buckets filled, wild outliers
bounded. All of it is counted.
"""

from dataclasses import dataclass

import numpy as np

from sopkit.forecast.arrays import counts, row_median, starts
from sopkit.forecast.breaks import level_shifts, rescaled
from sopkit.forecast.classes import regular
from sopkit.forecast.seasonal import indices, past_indices

OUTLIER_LIMIT = 12.0


@dataclass(frozen=True)
class Prepared:
    """Complete values (series, bucket; NaN only before the start), what is truly known (NaN where
    filled), and per-series counts of cut, filled and bounded buckets; ``regular`` says which series
    take trend and season methods; ``shifted`` counts the buckets since a level shift (0: none),
    before which values were multiplied by ``factor``."""

    values: np.ndarray
    known: np.ndarray
    regular: np.ndarray
    cut: np.ndarray
    filled: np.ndarray
    bounded: np.ndarray
    shifted: np.ndarray
    factor: np.ndarray


def prepare(values: np.ndarray, season: int) -> Prepared:
    """Panel values made complete (units stay).

    >>> prepare(np.array([[1.0, np.nan, 3.0, 4.0]]), 12).values.tolist()
    [[1.0, 2.0, 3.0, 4.0]]
    """
    values = np.asarray(values, dtype=float)
    kept = cut_silent_start(values)
    often = regular(kept)
    full = fill(kept, often, season)
    bound = np.where(often[:, None], bound_outliers(full, season), full)
    shift, factor = level_shifts(bound, season, often)
    level = rescaled(bound, shift, factor)
    known = np.where(np.isnan(kept), np.nan, level)
    return Prepared(
        level,
        known,
        often,
        counts(values) - counts(kept),
        (np.isnan(kept) & ~np.isnan(full)).sum(axis=1),
        ((bound != full) & ~np.isnan(full)).sum(axis=1),
        np.where(shift >= 0, values.shape[1] - shift, 0),
        factor,
    )


def cut_silent_start(values: np.ndarray) -> np.ndarray:
    """Leading zeros become NaN where so long a silence is unlikely (0.5 %) at the demand rate after
    it: the item was not on sale yet.
    """
    moving = np.nan_to_num(values) != 0
    first = np.where(moving.any(axis=1), moving.argmax(axis=1), values.shape[1])
    silent = np.minimum(first, values.shape[1]) - starts(values)
    after = values.shape[1] - first
    rate = np.minimum(moving.sum(axis=1) / np.maximum(after + 1, 1), 0.95)
    unlikely = moving.any(axis=1) & ((1 - rate) ** np.maximum(silent, 0) < 0.005)
    return np.where(
        unlikely[:, None] & (np.arange(values.shape[1]) < first[:, None]), np.nan, values
    )


def fill(values: np.ndarray, often: np.ndarray, season: int) -> np.ndarray:
    """Unknown buckets after the start filled: between neighbours plus season where an item sells
    often, else as a season before.
    """
    gaps = np.isnan(values) & (np.arange(values.shape[1]) >= starts(values)[:, None])
    rows = gaps.any(axis=1)
    if not rows.any():
        return values
    part = values[rows]
    smooth = _between(part)
    for _ in range(3):
        season_part = past_indices(indices(smooth, season)[0], part.shape[1])
        smooth = _between(part - season_part) + season_part
    repeated = _as_a_season_before(part, season)
    full = values.copy()
    full[rows] = np.where(gaps[rows], np.where(often[rows, None], smooth, repeated), part)
    return full


def bound_outliers(values: np.ndarray, season: int, limit: float = OUTLIER_LIMIT) -> np.ndarray:
    """Values more than ``limit`` robust deviations off their neighbours' median, in no season's
    habit, moved to that bound.

    >>> float(bound_outliers(np.array([[10.0, 11, 10, 9, 10, 9999, 10, 11, 9, 10, 11]]), 12).max())
    27.7912
    """
    if values.shape[1] < 8:
        return values
    centre = running_median(values)
    off = values - centre
    habit = _habit(off, season)
    off = off - habit
    spread = 1.4826 * row_median(np.abs(off))
    reach = limit * np.maximum(spread, 0.05 * row_median(np.abs(values)))[:, None] + np.abs(habit)
    wild = (np.abs(off) > reach) & (reach > 0)
    return np.where(wild, values - off + np.sign(off) * reach, values)


def running_median(values: np.ndarray, width: int = 5) -> np.ndarray:
    """Median of the ``width`` values around each bucket; near the ends, of the nearest ones."""
    begin = np.minimum(starts(values), values.shape[1] - 1)[:, None]
    low = np.clip(
        np.arange(values.shape[1]) - width // 2, begin, np.maximum(begin, values.shape[1] - width)
    )
    columns = np.minimum(low[:, :, None] + np.arange(width), values.shape[1] - 1)
    near = np.take_along_axis(values[:, None, :], columns.reshape(len(values), 1, -1), axis=2)
    median = row_median(near.reshape(-1, width)).reshape(values.shape)
    return np.where(np.isnan(values), np.nan, median)


def _habit(off, season):
    """What each position of the season usually does: the median of its deviations, 0 where it was
    seen once.
    """
    if season < 2 or off.shape[1] <= season:
        return 0.0
    years = -(-off.shape[1] // season)
    folded = np.full((len(off), years * season), np.nan)
    folded[:, years * season - off.shape[1] :] = off
    folded = folded.reshape(len(off), years, season).transpose(0, 2, 1).reshape(-1, years)
    seen = (~np.isnan(folded)).sum(axis=1)
    least = np.take_along_axis(
        folded,
        np.argmin(np.where(np.isnan(folded), np.inf, np.abs(folded)), axis=1)[:, None],
        axis=1,
    )[:, 0]
    usual = np.where(seen >= 3, row_median(folded), np.where(seen == 2, least, 0.0)).reshape(
        len(off), season
    )
    return past_indices(usual, off.shape[1])


def _between(values):
    """Linear interpolation along each row; the last known value carried on."""
    columns = np.arange(values.shape[1])
    known = ~np.isnan(values)
    before = np.maximum.accumulate(np.where(known, columns, -1), axis=1)
    after = np.minimum.accumulate(np.where(known, columns, values.shape[1])[:, ::-1], axis=1)[
        :, ::-1
    ]
    low = np.take_along_axis(values, np.maximum(before, 0), axis=1)
    high = np.take_along_axis(values, np.minimum(after, values.shape[1] - 1), axis=1)
    share = (columns - before) / np.maximum(after - before, 1)
    inside = low + share * (high - low)
    return np.where(before < 0, np.nan, np.where(after >= values.shape[1], low, inside))


def _as_a_season_before(values, season):
    full = _between(values)
    columns = np.arange(values.shape[1])
    earlier = np.where(columns >= season, values[:, np.maximum(columns - season, 0)], np.nan)
    before = np.maximum.accumulate(np.where(~np.isnan(values), columns, 0), axis=1)
    return np.where(
        np.isnan(full),
        np.nan,
        np.where(np.isnan(earlier), np.take_along_axis(values, before, axis=1), earlier),
    )
