"""Making a history fit to be forecast: silent starts cut, unknown buckets filled, wild outliers
bounded, level shifts brought to the new level; all of it is counted. And what kind of demand each
series is.
"""

from dataclasses import dataclass

import numpy as np

from sopkit.forecast.arrays import counts, over, row_mean, row_median, starts
from sopkit.forecast.seasonal import along, by_season, indices

CLASSES = ("smooth", "erratic", "intermittent", "lumpy", "new", "dying", "dead")
INTERVAL_LIMIT, VARIATION_LIMIT = 1.32, 0.49


def interval_and_variation(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average demand interval (ADI, buckets) and squared coefficient of variation of the demand
    sizes (CV²).

    Syntetos, Boylan & Croston (2005), On the categorization of demand patterns, JORS 56.

    >>> interval, variation = interval_and_variation(np.array([[0.0, 2.0, 0.0, 4.0]]))
    >>> float(interval[0]), round(float(variation[0]), 4)
    (2.0, 0.1111)
    """
    demand, known = values > 0, ~np.isnan(values)
    number = demand.sum(axis=1)
    interval = np.where(number > 0, known.sum(axis=1) / np.maximum(number, 1), np.inf)
    sizes = np.where(demand, values, np.nan)
    mean = row_mean(sizes)
    spread = row_mean((sizes - mean[:, None]) ** 2)
    return interval, np.where(mean > 0, over(spread, mean**2), 0.0)


def buckets_without_demand(values: np.ndarray) -> np.ndarray:
    """How many buckets at each series' end had no demand, (series,); its whole length where it
    never had any.
    """
    demand = values > 0
    return np.where(demand.any(axis=1), np.argmax(demand[:, ::-1], axis=1), counts(values))


def silence(values: np.ndarray) -> np.ndarray:
    """How likely so long a silence at the end would be if the demand rate before it still held,
    (series,) 0–1.
    """
    gap = buckets_without_demand(values)
    before = counts(values) - gap
    rate = np.minimum((values > 0).sum(axis=1) / np.maximum(before + 1, 1), 0.95)
    return (1 - rate) ** gap


def classify(values: np.ndarray, season: int) -> np.ndarray:
    """The class of each series, (series,): smooth, erratic, intermittent or lumpy by ADI (1.32) and
    CV² (0.49); new below one season of history; dying or dead when the silence at the end is
    unlikely (5 %, or 0.1 % over a season) at the old rate.

    >>> classify(np.array([[5.0] * 24, [0.0, 0.0, 9.0] * 8, [5.0] * 10 + [0.0] * 14]), 12).tolist()
    ['smooth', 'intermittent', 'dead']
    """
    interval, variation = interval_and_variation(values)
    rough = variation >= VARIATION_LIMIT
    kind = np.where(
        interval < INTERVAL_LIMIT,
        np.where(rough, "erratic", "smooth"),
        np.where(rough, "lumpy", "intermittent"),
    )
    gap, chance, length = buckets_without_demand(values), silence(values), counts(values)
    kind = np.where(length < season, "new", kind)
    kind = np.where((gap >= 3) & (chance < 0.05), "dying", kind)
    never = ~(values > 0).any(axis=1)
    return np.where(never | ((gap >= max(season, 4)) & (chance < 0.001)), "dead", kind)


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
        best[clear], begin[clear], size[clear] = score[clear], start, shift[clear]
    return begin, size


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
    silent = first - starts(values)
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
        season_part = along(indices(smooth, season)[0], -part.shape[1], 0)
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
    folded = by_season(off, season).transpose(0, 2, 1)
    folded = folded.reshape(-1, folded.shape[2])
    seen = (~np.isnan(folded)).sum(axis=1)
    nearest = np.argmin(np.where(np.isnan(folded), np.inf, np.abs(folded)), axis=1)
    least = folded[np.arange(len(folded)), nearest]
    usual = np.where(seen >= 3, row_median(folded), np.where(seen == 2, least, 0.0))
    return along(usual.reshape(-1, season), -off.shape[1], 0)


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
    last = np.take_along_axis(values, before, axis=1)
    return np.where(np.isnan(full), np.nan, np.where(np.isnan(earlier), last, earlier))
