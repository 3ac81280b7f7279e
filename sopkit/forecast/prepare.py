"""Making a history fit to be forecast: silent starts cut, unknown buckets filled, wild outliers
bounded, level shifts brought to the new level; all of it is counted. And what kind of demand each
series is.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from sopkit.forecast.arrays import counts, demand_interval, over, row_mean, row_median, starts
from sopkit.forecast.seasonal import along, by_season, indices

INTERVAL_LIMIT, VARIATION_LIMIT = 1.32, 0.49


def variation_of_sizes(values: np.ndarray) -> np.ndarray:
    """Squared coefficient of variation of the demand sizes (CV²), (series,); 0 without demand.

    >>> variation_of_sizes(np.array([[0.0, 2.0, 0.0, 4.0]])).round(4).tolist()
    [0.1111]
    """
    sizes = np.where(values > 0, values, np.nan)
    mean = row_mean(sizes)
    return over(row_mean((sizes - mean[:, None]) ** 2), mean**2)


def buckets_without_demand(values: np.ndarray) -> np.ndarray:
    """How many buckets at each series' end had no demand, (series,); its whole length where it
    never had any.
    """
    demand = values > 0
    return np.where(demand.any(axis=1), np.argmax(demand[:, ::-1], axis=1), counts(values))


def silence(sales: np.ndarray, buckets: np.ndarray, silent: np.ndarray) -> np.ndarray:
    """How likely so many silent buckets are, (series,) 0–1, at the rate of so many sales in so many
    buckets.

    >>> silence(np.array([5]), np.array([9]), np.array([3])).tolist()
    [0.125]
    """
    return (1 - np.minimum(sales / np.maximum(buckets + 1, 1), 0.95)) ** silent


def classify(values: np.ndarray, season: int) -> np.ndarray:
    """The class of each series, (series,): smooth, erratic, intermittent or lumpy by ADI (1.32) and
    CV² (0.49); new below one season of history; dying or dead when the silence at the end is
    unlikely (5 %, or 0.1 % over a season) at the old rate.

    Syntetos, Boylan & Croston (2005), On the categorization of demand patterns, JORS 56.

    >>> classify(np.array([[5.0] * 24, [0.0, 0.0, 9.0] * 8, [5.0] * 10 + [0.0] * 14]), 12).tolist()
    ['smooth', 'intermittent', 'dead']
    """
    often = demand_interval(values) < INTERVAL_LIMIT
    rough = variation_of_sizes(values) >= VARIATION_LIMIT
    gap, demand = buckets_without_demand(values), values > 0
    chance = silence(demand.sum(axis=1), counts(values) - gap, gap)
    dead = (gap >= max(season, 4)) & (chance < 0.001)
    kinds = {
        "dead": dead | ~demand.any(axis=1),
        "dying": (gap >= 3) & (chance < 0.05),
        "new": counts(values) < season,
        "erratic": often & rough,
        "smooth": often,
        "lumpy": rough,
    }
    return np.select(list(kinds.values()), list(kinds), "intermittent")


def regular(values: np.ndarray) -> np.ndarray:
    """Which series sell often enough (ADI below 1.32) for the trend and season methods; negative
    values count as sales.
    """
    known = (~np.isnan(values)).sum(axis=1)
    return known < INTERVAL_LIMIT * (values != 0).sum(axis=1)


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

    >>> values = np.array([[10.0, 11.0] * 9 + [50.0, 55.0] * 3])
    >>> level_shifts(values, 2, np.array([True]))[0].tolist()
    [18]
    """
    count, width = values.shape
    known = (~np.isnan(values)).sum(axis=1)
    sound = rows & ~(values <= 0).any(axis=1) & (known >= max(2 * season, season + 8))
    if not sound.any():
        return np.full(count, -1), np.ones(count)
    logs = np.log(np.where(sound[:, None], values, np.nan))
    change = pd.DataFrame(logs).diff(season, axis=1).to_numpy()
    # Every run that may be a shift, (series, run, bucket); those at the end are shorter.
    begin = np.arange(season + 1, width - LEAST_BLOCK + 1)
    padded = np.pad(change, ((0, 0), (0, season - 1)), constant_values=np.nan)
    runs = sliding_window_view(padded, season, axis=1)[:, begin]
    number, total, squares = (
        np.nansum(part, axis=1, keepdims=True) for part in (~np.isnan(change), change, change**2)
    )
    inner, mean_in = (~np.isnan(runs)).sum(axis=2), row_mean(runs)
    outer = number - inner
    mean_out = over(total - inner * mean_in, outer)
    within = np.maximum(squares - inner * mean_in**2 - outer * mean_out**2, 0)
    spread = np.sqrt(over(within, number - 2)) + 0.02
    shift = mean_in - mean_out
    size, usual = np.abs(shift), 1.4826 * row_median(np.abs(np.diff(logs, axis=1)))[:, None]
    whole = (inner == np.minimum(season, width - begin)) & (outer >= 3)
    large = (size > LIMIT * spread) & (size > np.log(LEAST_RATIO)) & (size > 2 * usual)
    abrupt = (change[:, begin] - change[:, begin - 1]) * np.sign(shift) > 0.6 * size
    returned = np.abs(runs - mean_out[:, :, None]) <= 0.5 * size[:, :, None]
    clear = whole & large & abrupt & ~returned.any(axis=2)
    best = np.where(clear, size / spread, 0).argmax(axis=1)
    found, at = clear.any(axis=1), (np.arange(count), best)
    return np.where(found, begin[best], -1), np.where(found, np.exp(shift[at]), 1.0)


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
    before = np.arange(values.shape[1]) < shift[:, None]
    level = np.where(before, bound * factor[:, None], bound)
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
    sales = np.where(values != 0, values, np.nan)
    first, number = starts(sales), (~np.isnan(sales)).sum(axis=1)
    silent = np.maximum(first - starts(values), 0)
    unlikely = silence(number, values.shape[1] - first, silent) < 0.005
    before = np.arange(values.shape[1]) < first[:, None]
    return np.where(unlikely[:, None] & before, np.nan, values)


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
        season_part = along(indices(smooth, season)[0], -part.shape[1], 0)
        smooth = _between(part - season_part) + season_part
    told = pd.DataFrame(part)
    repeated = told.shift(season, axis=1).fillna(told.ffill(axis=1))
    full = values.copy()
    full[rows] = np.where(gaps[rows], np.where(often[rows, None], smooth, repeated), part)
    return full


def bound_outliers(values: np.ndarray, season: int) -> np.ndarray:
    """Values more than 12 robust deviations off their neighbours' median, in no season's habit,
    moved to that bound.

    >>> float(bound_outliers(np.array([[10.0, 11, 10, 9, 10, 9999, 10, 11, 9, 10, 11]]), 12).max())
    27.7912
    """
    if values.shape[1] < 8:
        return values
    off = values - running_median(values)
    habit = _habit(off, season)
    off -= habit
    usual = 1.4826 * row_median(np.abs(off)), 0.05 * row_median(np.abs(values))
    reach = OUTLIER_LIMIT * np.maximum(*usual)[:, None] + np.abs(habit)
    wild = (np.abs(off) > reach) & (reach > 0)
    return np.where(wild, values - off + np.sign(off) * reach, values)


def running_median(values: np.ndarray) -> np.ndarray:
    """Median of the five values around each bucket; near the ends, of the nearest ones."""
    columns, begin = values.shape[1], starts(values)[:, None]
    padded = np.pad(values, ((0, 0), (0, 5)), mode="edge")
    median = np.median(sliding_window_view(padded, 5, axis=1), axis=2)
    nearest = np.clip(np.arange(columns) - 2, begin, np.maximum(begin, columns - 5))
    return np.where(np.isnan(values), np.nan, np.take_along_axis(median, nearest, axis=1))


def _habit(off, season):
    """What each position of the season usually does: the median of its deviations, 0 where it was
    seen once.
    """
    if season < 2 or off.shape[1] <= season:
        return 0.0
    folded = by_season(off, season).swapaxes(1, 2).reshape(len(off) * season, -1)
    seen = (~np.isnan(folded)).sum(axis=1)
    nearest = np.nan_to_num(np.abs(folded), nan=np.inf).argmin(axis=1)[:, None]
    least = np.take_along_axis(folded, nearest, axis=1)[:, 0]
    usual = np.select([seen >= 3, seen == 2], [row_median(folded), least], 0.0)
    return along(usual.reshape(-1, season), -off.shape[1], 0)


def _between(values):
    """Linear interpolation along each row that knows a value; the last known value carried on."""
    # Beside its mirror image each row ends between twice the same value, and all are one line.
    twice = np.hstack([values, values[:, ::-1]])
    known = ~np.isnan(twice)
    line = np.interp(np.arange(twice.size), np.flatnonzero(known), twice[known])
    columns = np.arange(values.shape[1])
    line = line.reshape(twice.shape)[:, columns]
    return np.where(columns < starts(values)[:, None], np.nan, line)
